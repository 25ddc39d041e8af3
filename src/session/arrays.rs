//! Single values out of the columns of a batch, None where a column is null. The columns are of the types that `schema`
//! says, which was checked when the file was opened.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::Int8Type;
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, RecordBatch, StructArray};

/// What is wrong with a row.
pub(super) type Wrong = &'static str;

/// All words of a dictionary column.
pub(super) fn words<'a>(batch: &'a RecordBatch, name: &str) -> Result<Vec<Option<&'a str>>, Wrong> {
    let column = batch.column_by_name(name).ok_or("a column is missing")?;
    Ok((0..column.len()).map(|row| word(column, row)).collect())
}

pub(super) fn word(column: &ArrayRef, row: usize) -> Option<&str> {
    let column = column.as_dictionary::<Int8Type>();
    text(column.values(), column.key(row)?)
}

pub(super) fn text(column: &ArrayRef, row: usize) -> Option<&str> {
    let column = column.as_string::<i32>();
    (row < column.len() && column.is_valid(row)).then(|| column.value(row))
}

pub(super) fn binary(column: &ArrayRef, row: usize) -> Option<Vec<u8>> {
    let column = column.as_binary::<i32>();
    column.is_valid(row).then(|| column.value(row).to_vec())
}

pub(super) fn number<T: ArrowPrimitiveType>(column: &ArrayRef, row: usize) -> Option<T::Native> {
    let column = column.as_primitive::<T>();
    column.is_valid(row).then(|| column.value(row))
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
    number::<T>(parent.column(column), row).ok_or("a row lacks a number that its kind needs")
}

/// The elements of a list of structures: their indices and where they stand.
pub(super) fn list(column: &ArrayRef, row: usize) -> (Range<usize>, &StructArray) {
    let column = column.as_list::<i32>();
    let offsets = column.value_offsets();
    // Validated by the decoder: within the values, and rising.
    let range = if column.is_valid(row) { offsets[row] as usize..offsets[row + 1] as usize } else { 0..0 };
    (range, column.values().as_struct())
}
