//! Attributes that security modules keep of a task, lsm_get_self_attr(2): one context a module, each as long as it says.

use super::names::LSM_ID;
use super::record::Record;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side};

/// `struct lsm_ctx` of linux/lsm.h up to the context, bytes.
const HEADER: usize = 32;
const SINGLE: u64 = 1;

/// What lsm_get_self_attr(2) gives: before the call only which module is meant, if one is.
pub fn contexts(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let given = ctx.returned().and_then(|_| ctx.uint(Side::Exit, ctx.arg(2), 4));
    let list = given.map_or(Value::address(addr), |size| sequence(ctx, addr, size));
    if ctx.arg(3) & SINGLE == 0 {
        return list;
    }
    let Some(bytes) = ctx.read(Side::Entry, addr, 8) else { return Value::address(addr) };
    let asked = Value::structure("lsm_ctx", vec![("id".into(), module(&Record::new(ctx, bytes)))]);
    match given {
        Some(_) => Value::Changed(Box::new(asked), Box::new(list)),
        None => asked,
    }
}

/// What lsm_set_self_attr(2) takes.
pub fn one(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let size = ctx.count(index + 1);
    match ctx.read(Side::Entry, addr, HEADER) {
        Some(bytes) if size >= HEADER as u64 => context(ctx, Side::Entry, addr, bytes, size),
        _ => Value::address(addr),
    }
}

fn sequence(ctx: &Ctx<'_>, mut addr: u64, mut left: u64) -> Value {
    let mut items = Vec::new();
    loop {
        let bytes = ctx.read(Side::Exit, addr, HEADER).filter(|_| left >= HEADER as u64);
        let Some(bytes) = bytes else {
            if items.is_empty() {
                return Value::address(addr);
            }
            items.push(Value::Unread(addr));
            break;
        };
        if items.len() == ctx.shown(usize::MAX) {
            items.push(Value::Text("...".into()));
            break;
        }
        items.push(context(ctx, Side::Exit, addr, bytes, left));
        let own = Record::new(ctx, bytes).raw(16, 8);
        if own < HEADER as u64 || own >= left {
            break;
        }
        (addr, left) = (addr.wrapping_add(own), left - own);
    }
    Value::Array { items, elided: false }
}

/// The number of a module by its name.
fn module(record: &Record<'_>) -> Value {
    match LSM_ID.name(record.ctx.arch(), record.raw(0, 8), 64) {
        Value::Unknown { raw, .. } => Value::Hex(raw),
        name => name,
    }
}

fn context(ctx: &Ctx<'_>, side: Side, addr: u64, bytes: &[u8], left: u64) -> Value {
    let mut record = Record::new(ctx, bytes);
    let id = module(&record);
    record.add("id", id).hex("flags", 8, 8).unsigned("len", 16, 8).unsigned("ctx_len", 24, 8);
    let room = record.raw(16, 8).min(left).saturating_sub(HEADER as u64);
    let len = record.raw(24, 8).min(room);
    if len != 0 {
        let value = match ctx.buffer(side, addr.wrapping_add(HEADER as u64), len) {
            Value::Str { bytes, true_len, .. } => Value::HexStr { bytes, true_len },
            other => other,
        };
        record.add("ctx", value);
    }
    record.end("lsm_ctx")
}
