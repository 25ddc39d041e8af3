//! Single values out of the columns of a batch, None where a column is null. The columns are of the types that `schema`
//! says, which was checked when the file was opened.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::Int8Type;
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, RecordBatch, StructArray};

/// What is wrong with a row.
pub(super) type Wrong = &'static str;

pub(super) fn get<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, Wrong> {
    batch.column_by_name(name).ok_or("a column is missing")
}

/// What the words of a dictionary column mean, by row; None for null and for a word without a meaning.
pub(super) fn words<T: Copy>(column: &ArrayRef, meaning: impl Fn(&str) -> Option<T>) -> Vec<Option<T>> {
    let column = column.as_dictionary::<Int8Type>();
    let values = column.values();
    let meanings: Vec<Option<T>> = (0..values.len()).map(|index| meaning(text(values, index)?)).collect();
    (0..column.len()).map(|row| *meanings.get(column.key(row)?)?).collect()
}

pub(super) fn text(column: &ArrayRef, row: usize) -> Option<&str> {
    let column = column.as_string::<i32>();
    (row < column.len() && column.is_valid(row)).then(|| column.value(row))
}

pub(super) fn binary(column: &ArrayRef, row: usize) -> Option<&[u8]> {
    let column = column.as_binary::<i32>();
    column.is_valid(row).then(|| column.value(row))
}

pub(super) fn number<T: ArrowPrimitiveType>(column: &ArrayRef, row: usize) -> Option<T::Native> {
    let column = column.as_primitive::<T>();
    column.is_valid(row).then(|| column.value(row))
}

/// A number that must be there.
pub(super) fn value<T: ArrowPrimitiveType>(column: &ArrayRef, row: usize) -> Result<T::Native, Wrong> {
    number::<T>(column, row).ok_or("a row lacks a number that its kind needs")
}

pub(super) fn flag(column: &ArrayRef, row: usize) -> Option<bool> {
    let column = column.as_boolean();
    column.is_valid(row).then(|| column.value(row))
}

pub(super) fn field<T: ArrowPrimitiveType>(
    parent: &StructArray,
    column: usize,
    row: usize,
) -> Result<T::Native, Wrong> {
    value::<T>(parent.column(column), row)
}

/// The elements of a list of structures: their indices and where they stand.
pub(super) fn list(column: &ArrayRef, row: usize) -> (Range<usize>, &StructArray) {
    let column = column.as_list::<i32>();
    let offsets = column.value_offsets();
    // Validated by the decoder: within the values, and rising.
    let range = if column.is_valid(row) { offsets[row] as usize..offsets[row + 1] as usize } else { 0..0 };
    (range, column.values().as_struct())
}
