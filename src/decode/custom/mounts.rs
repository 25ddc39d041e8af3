//! What is known of a mount, statmount(2): a structure of which the mask says what counts, with strings behind it.

use std::borrow::Cow;

use crate::abi;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le};

/// The structure's fixed part, bytes: the strings begin there.
const FIXED: u64 = 512;

/// The question: which mount, and what of it; structures of two lengths are in use.
pub fn request(ctx: &Ctx<'_>, structure: &str, index: usize) -> Value {
    /// MNT_ID_REQ_SIZE_VER0 of linux/mount.h: without the namespace.
    const FIRST: usize = 24;
    let addr = ctx.arg(index);
    let (Some(size), Some(layout)) = (ctx.uint(Side::Entry, addr, 4), abi::structure(structure)) else {
        return Value::address(addr);
    };
    let known = layout.layout(ctx.arch()).size as usize;
    let len = usize::try_from(size).unwrap_or(usize::MAX).clamp(FIRST, known);
    let Some(given) = ctx.read(Side::Entry, addr, len) else { return Value::address(addr) };
    let mut bytes = given.to_vec();
    bytes.resize(known, 0);
    match ctx.structure(layout, &bytes) {
        Value::Struct { name, mut fields, .. } if len < known => {
            fields.retain(|(label, _)| label != "mnt_ns_id");
            Value::Struct { name, fields, elided: false }
        }
        value => value,
    }
}

/// The answer: the fields that the mask names.
pub fn status(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    if ctx.returned().is_none() {
        return Value::address(addr);
    }
    let Some(layout) = abi::structure("statmount") else { return Value::address(addr) };
    let own = layout.layout(ctx.arch());
    let Some(bytes) = ctx.read(Side::Exit, addr, own.size as usize) else { return Value::address(addr) };
    let mask = le(&bytes[8..16]);
    let mut fields: Vec<(Cow<'static, str>, Value)> = Vec::new();
    for field in own.fields {
        if wanted(field.name).is_some_and(|bit| mask & bit == 0) {
            continue;
        }
        let at = &bytes[field.offset as usize..];
        let value = match field.name {
            "mnt_opts" | "fs_type" | "mnt_root" | "mnt_point" | "fs_subtype" | "sb_source" => {
                text(ctx, addr, le(&at[..4]))
            }
            _ => ctx.place(&field.ty, at),
        };
        fields.push((field.name.into(), value));
    }
    Value::structure("statmount", fields)
}

/// STATMOUNT_* of linux/mount.h: the bit without which a field means nothing.
fn wanted(field: &str) -> Option<u64> {
    Some(match field {
        "size" | "mask" => return None,
        "sb_dev_major" | "sb_dev_minor" | "sb_magic" | "sb_flags" => 1,
        "propagate_from" => 4,
        "mnt_root" => 8,
        "mnt_point" => 0x10,
        "fs_type" => 0x20,
        "mnt_ns_id" => 0x40,
        "mnt_opts" => 0x80,
        "fs_subtype" => 0x100,
        "sb_source" => 0x200,
        _ => 2,
    })
}

/// A string at an offset behind the fixed part.
fn text(ctx: &Ctx<'_>, addr: u64, offset: u64) -> Value {
    let at = addr.wrapping_add(FIXED + offset);
    let piece = ctx.memory(Side::Exit).at(at);
    let own = piece.and_then(|piece| piece.bytes.split(|&b| b == 0).next());
    match own {
        Some(bytes) => Value::Str { bytes: bytes.to_vec(), true_len: bytes.len() as u64, terminated: true },
        None => Value::Unsigned(offset),
    }
}
