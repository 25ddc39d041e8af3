//! The columns of copied memory, once for entries and once for exits: how they are laid out, written and read.
//!
//! Nearly every call has one piece of memory at most, so the first stands in columns of its own, and only further ones in
//! a list. Its bytes are a dictionary, begun anew in each batch: programs read the same names and structures again and
//! again, and offsets of their own for every row would be most of a file. An address that an argument holds is not
//! written twice: the argument is named. Files of version 1 have one list for everything, and those of version 2 the bytes
//! of further pieces as they are; both are read as well.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, UInt8Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, PrimitiveArray, RecordBatch, UInt8Array, UInt64Array,
};
use arrow_schema::{ArrowError, DataType, Fields};

use super::arrays::{Wrong, binary, flag, get, list, number, value};
use super::columns;
use super::schema::{list_of, nullable};
use super::words::Words;
use crate::abi::Arch;
use crate::model::{Batch, Region};

/// Names of the columns of one side, in order.
pub(super) const ENTRY: [&str; 6] =
    ["entry_arg", "entry_addr", "entry_true_len", "entry_fault", "entry_bytes", "entry_more"];
pub(super) const EXIT: [&str; 6] = ["exit_arg", "exit_addr", "exit_true_len", "exit_fault", "exit_bytes", "exit_more"];

/// A dictionary of bytes.
pub(super) fn binary_dictionary() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Binary))
}

/// Of further pieces, whose bytes are of this type.
fn more_fields(bytes: DataType) -> Fields {
    nullable(&[
        ("arg", DataType::UInt8),
        ("addr", DataType::UInt64),
        ("true_len", DataType::UInt64),
        ("fault", DataType::Boolean),
        ("bytes", bytes),
    ])
}

/// The columns of one side with their types.
pub(super) fn fields(names: [&'static str; 6]) -> [(&'static str, DataType); 6] {
    with_more(names, binary_dictionary())
}

/// As version 2 had them: the bytes of further pieces as they are.
pub(super) fn fields_of_version_2(names: [&'static str; 6]) -> [(&'static str, DataType); 6] {
    with_more(names, DataType::Binary)
}

fn with_more(names: [&'static str; 6], bytes: DataType) -> [(&'static str, DataType); 6] {
    let types = [
        DataType::UInt8,
        DataType::UInt64,
        DataType::UInt64,
        DataType::Boolean,
        binary_dictionary(),
        list_of(more_fields(bytes)),
    ];
    let mut types = types.into_iter();
    names.map(|name| (name, types.next().unwrap_or(DataType::Null)))
}

/// Where a piece stood, without its bytes.
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// The argument that holds its address.
    arg: Option<u8>,
    /// If no argument does.
    addr: Option<u64>,
    /// If it is not that of the bytes.
    true_len: Option<u64>,
    fault: bool,
}

/// The memory of one event among the waiting ones.
#[derive(Debug, Clone, Default)]
pub(super) struct Copied {
    /// With the number of its bytes in the dictionary.
    first: Option<(Piece, i32)>,
    more: Range<usize>,
}

/// The memory of all waiting events, of one side.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    words: Words,
    /// Further pieces with the numbers of their bytes in a dictionary of their own.
    more: Vec<(Piece, i32)>,
    more_words: Words,
}

/// An address as it stands in an argument.
fn masked(arch: Arch, arg: u64) -> u64 {
    if arch.word() == 4 { arg & 0xffff_ffff } else { arg }
}

impl Pieces {
    pub fn clear(&mut self) {
        self.words.clear();
        self.more.clear();
        self.more_words.clear();
    }

    /// Takes the memory of an event; `args` of its call, if that stands in the same row.
    pub fn take(&mut self, batch: &Batch, regions: &Range<u32>, args: Option<(Arch, &[u64; 6])>) -> Copied {
        let mut copied = Copied { first: None, more: self.more.len()..self.more.len() };
        for region in batch.regions_of(regions) {
            let arg = args.and_then(|(arch, args)| args.iter().position(|arg| masked(arch, *arg) == region.addr));
            let piece = Piece {
                arg: arg.map(|index| index as u8),
                addr: arg.is_none().then_some(region.addr),
                true_len: (region.true_len != u64::from(region.len)).then_some(region.true_len),
                fault: region.fault,
            };
            let bytes = batch.region_bytes(region);
            if copied.first.is_none() {
                copied.first = Some((piece, self.words.key(bytes)));
            } else {
                self.more.push((piece, self.more_words.key(bytes)));
            }
        }
        copied.more.end = self.more.len();
        copied
    }

    /// The columns of this side, for rows with or without memory.
    pub fn columns(&self, rows: &[Option<&Copied>]) -> Result<[ArrayRef; 6], ArrowError> {
        let firsts: Vec<Option<&(Piece, i32)>> =
            rows.iter().map(|row| row.and_then(|row| row.first.as_ref())).collect();
        let pieces: Vec<Option<&Piece>> = firsts.iter().map(|first| first.map(|(piece, _)| piece)).collect();
        let keys = firsts.iter().map(|first| first.map(|(_, key)| *key)).collect();
        // In the order of the rows: exits stand where their entries do.
        let more: Vec<&(Piece, i32)> = rows.iter().flatten().flat_map(|r| &self.more[r.more.clone()]).collect();
        let mut values: Vec<ArrayRef> = where_they_stood(&more.iter().map(|(p, _)| Some(p)).collect::<Vec<_>>()).into();
        let more_keys = more.iter().map(|(_, key)| Some(*key)).collect();
        values.push(Arc::new(DictionaryArray::<Int32Type>::try_new(more_keys, self.more_words.array()?)?));
        let lengths = rows.iter().map(|row| row.map_or(0, |row| row.more.len()));
        let [arg, addr, true_len, fault] = where_they_stood(&pieces);
        let bytes = Arc::new(DictionaryArray::<Int32Type>::try_new(keys, self.words.array()?)?);
        Ok([
            arg,
            addr,
            true_len,
            fault,
            bytes,
            columns::list(lengths.collect(), more_fields(binary_dictionary()), values)?,
        ])
    }
}

fn where_they_stood(pieces: &[Option<&Piece>]) -> [ArrayRef; 4] {
    [
        Arc::new(pieces.iter().map(|piece| piece.as_ref()?.arg).collect::<UInt8Array>()),
        Arc::new(pieces.iter().map(|piece| piece.as_ref()?.addr).collect::<UInt64Array>()),
        Arc::new(pieces.iter().map(|piece| piece.as_ref()?.true_len).collect::<UInt64Array>()),
        Arc::new(pieces.iter().map(|piece| piece.map(|p| p.fault)).collect::<BooleanArray>()),
    ]
}

/// The columns of one side of a batch that is read.
pub(super) enum Side<'a> {
    /// Of version 1: a list.
    List(&'a ArrayRef),
    Flat(Flat<'a>),
}

pub(super) struct Flat<'a> {
    arg: &'a ArrayRef,
    addr: &'a ArrayRef,
    true_len: &'a ArrayRef,
    fault: &'a ArrayRef,
    keys: &'a PrimitiveArray<Int32Type>,
    words: &'a ArrayRef,
    more: &'a ArrayRef,
}

impl<'a> Side<'a> {
    pub fn of(batch: &'a RecordBatch, names: [&str; 6], list: &str) -> Result<Side<'a>, Wrong> {
        if let Some(list) = batch.column_by_name(list) {
            return Ok(Side::List(list));
        }
        let [arg, addr, true_len, fault, bytes, more] = names;
        let bytes = get(batch, bytes)?.as_dictionary::<Int32Type>();
        Ok(Side::Flat(Flat {
            arg: get(batch, arg)?,
            addr: get(batch, addr)?,
            true_len: get(batch, true_len)?,
            fault: get(batch, fault)?,
            keys: bytes.keys(),
            words: bytes.values(),
            more: get(batch, more)?,
        }))
    }

    /// Copies the pieces of memory of a row into a batch.
    pub fn read(&self, row: usize, args: Option<(Arch, &[u64; 6])>, batch: &mut Batch) -> Result<Range<u32>, Wrong> {
        let first = batch.regions.len() as u32;
        match self {
            Side::List(column) => {
                let (range, values) = list(column, row);
                for index in range {
                    let addr = value::<UInt64Type>(values.column(0), index)?;
                    let bytes = binary(values.column(3), index).ok_or("a piece of memory has no bytes")?;
                    let true_len = value::<UInt64Type>(values.column(1), index)?;
                    push(batch, addr, true_len, flag(values.column(2), index), bytes)?;
                }
            }
            Side::Flat(flat) => {
                if flat.keys.is_valid(row) {
                    let addr = address(flat.arg, flat.addr, row, args)?;
                    let bytes = word(flat.keys, flat.words, row).ok_or("a piece of memory has no bytes")?;
                    let true_len = number::<UInt64Type>(flat.true_len, row).unwrap_or(bytes.len() as u64);
                    push(batch, addr, true_len, flag(flat.fault, row), bytes)?;
                }
                let (range, values) = list(flat.more, row);
                for index in range {
                    let addr = address(values.column(0), values.column(1), index, args)?;
                    let bytes = match values.column(4).as_dictionary_opt::<Int32Type>() {
                        Some(bytes) => word(bytes.keys(), bytes.values(), index),
                        None => binary(values.column(4), index),
                    };
                    let bytes = bytes.ok_or("a piece of memory has no bytes")?;
                    let true_len = number::<UInt64Type>(values.column(2), index).unwrap_or(bytes.len() as u64);
                    push(batch, addr, true_len, flag(values.column(3), index), bytes)?;
                }
            }
        }
        Ok(first..batch.regions.len() as u32)
    }
}

/// The word of a dictionary at a row, if there is one.
fn word<'a>(keys: &PrimitiveArray<Int32Type>, words: &'a ArrayRef, row: usize) -> Option<&'a [u8]> {
    let key = keys.is_valid(row).then(|| keys.value(row))?;
    let key = usize::try_from(key).ok().filter(|key| *key < words.len())?;
    binary(words, key)
}

fn address(arg: &ArrayRef, addr: &ArrayRef, row: usize, args: Option<(Arch, &[u64; 6])>) -> Result<u64, Wrong> {
    let Some(index) = number::<UInt8Type>(arg, row) else { return value::<UInt64Type>(addr, row) };
    let held = args.and_then(|(arch, args)| Some(masked(arch, *args.get(usize::from(index))?)));
    held.ok_or("a piece of memory stands at an argument that is not there")
}

fn push(batch: &mut Batch, addr: u64, true_len: u64, fault: Option<bool>, bytes: &[u8]) -> Result<(), Wrong> {
    let fault = fault.ok_or("a piece of memory is incomplete")?;
    let start = batch.bytes.len() as u32;
    batch.bytes.extend_from_slice(bytes);
    batch.regions.push(Region { addr, true_len, start, len: bytes.len() as u32, fault });
    Ok(())
}
