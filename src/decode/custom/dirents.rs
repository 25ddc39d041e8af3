//! Directory entries, getdents(2): their number; in full views each of them.

use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le};

/// Entries shown in a full view.
const LIMIT: usize = 4096;

/// `0x55… /* 28 entries */`. `wide` is getdents64's layout.
pub fn decode(ctx: &Ctx<'_>, index: usize, wide: bool) -> Value {
    let addr = ctx.arg(index);
    // A result beyond the buffer says nothing about it.
    let Some(len) = ctx.returned().filter(|&len| len.max(0) as u64 <= ctx.count(index + 1)) else {
        return Value::address(addr);
    };
    if len <= 0 {
        return if ctx.options.verbose {
            Value::Array { items: Vec::new(), elided: false }
        } else {
            counted(addr, 0, "")
        };
    }
    let piece = ctx.memory(Side::Exit).at(addr).filter(|_| addr != 0);
    let Some(piece) = piece.filter(|_| addr != 0 || ctx.options.verbose) else { return counted(addr, 0, "+") };
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    let mut rest = crate::decode::walk::take(piece.bytes, len);
    let word = if wide { 8 } else { ctx.word() };
    let name_at = 2 * word + 2 + usize::from(wide);
    let mut items = Vec::new();
    let mut count = 0u64;
    while rest.len() > name_at {
        let record = le(&rest[2 * word..2 * word + 2]) as usize;
        if record <= name_at {
            break;
        }
        count += 1;
        if ctx.options.verbose && items.len() < LIMIT {
            items.push(entry(rest, word, name_at, record, wide));
        }
        rest = rest.get(record..).unwrap_or_default();
    }
    let cut = piece.bytes.len() < len;
    if ctx.options.verbose {
        return Value::Array { items, elided: cut };
    }
    counted(addr, count, if cut || !rest.is_empty() { "+" } else { "" })
}

fn counted(addr: u64, count: u64, more: &str) -> Value {
    Value::address(addr).commented(format!("{count}{more} entries"))
}

fn entry(bytes: &[u8], word: usize, name_at: usize, record: usize, wide: bool) -> Value {
    let bytes = crate::decode::walk::take(bytes, record);
    let name = bytes.get(name_at..).unwrap_or_default().split(|&b| b == 0).next().unwrap_or_default();
    // getdents keeps the type in the last byte of the record.
    let kind = if wide { bytes.get(name_at - 1) } else { bytes.last() };
    let name = Value::Str { bytes: name.to_vec(), true_len: name.len() as u64, terminated: true };
    let mut fields = vec![
        ("d_ino".into(), Value::Unsigned(le(&bytes[..word]))),
        ("d_off".into(), Value::Unsigned(le(&bytes[word..2 * word]))),
        ("d_reclen".into(), Value::Unsigned(record as u64)),
    ];
    let kind = ("d_type".into(), Value::Named(type_name(kind.copied().unwrap_or(0)).into()));
    fields.insert(if wide { 3 } else { fields.len() }, kind);
    fields.insert(if wide { 4 } else { 3 }, ("d_name".into(), name));
    Value::structure("dirent", fields)
}

/// readdir(3).
fn type_name(kind: u8) -> &'static str {
    match kind {
        1 => "DT_FIFO",
        2 => "DT_CHR",
        4 => "DT_DIR",
        6 => "DT_BLK",
        8 => "DT_REG",
        10 => "DT_LNK",
        12 => "DT_SOCK",
        14 => "DT_WHT",
        _ => "DT_UNKNOWN",
    }
}
