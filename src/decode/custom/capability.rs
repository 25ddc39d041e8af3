//! Capability sets, capget(2): up to 64 bits in two halves that stand apart.

use crate::abi::{self, Dir};
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le};

/// `_LINUX_CAPABILITY_VERSION_1`: one half.
const VERSION_1: u64 = 0x1998_0330;

/// The header: `{version=_LINUX_CAPABILITY_VERSION_3, pid=0}`.
pub fn header(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    // capget(2) tells the version that the kernel prefers.
    let told = ctx.call.name == "capget" && ctx.memory(Side::Exit).at(addr).is_some();
    let side = if told { Side::Exit } else { Side::Entry };
    let Some(bytes) = ctx.read(side, addr, 8) else { return Value::address(addr) };
    let version = match le(&bytes[..4]) {
        VERSION_1 => Value::Named("_LINUX_CAPABILITY_VERSION_1".into()),
        0x2007_1026 => Value::Named("_LINUX_CAPABILITY_VERSION_2".into()),
        0x2008_0522 => Value::Named("_LINUX_CAPABILITY_VERSION_3".into()),
        raw => Value::Unknown { raw, comment: "_LINUX_CAPABILITY_VERSION_???" },
    };
    let pid = Value::Signed(i64::from(le(&bytes[4..]) as i32));
    Value::structure("cap_header", vec![("version".into(), version), ("pid".into(), pid)])
}

/// The sets: `{effective=1<<CAP_CHOWN|…, permitted=…, inheritable=0}`.
pub fn data(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    // Of which version the sets are is not known without the header.
    if ctx.read(Side::Entry, ctx.arg(0), 8).is_none() {
        return Value::address(addr);
    }
    let halves = match ctx.uint(Side::Entry, ctx.arg(0), 4) {
        Some(VERSION_1) => 1,
        _ => 2,
    };
    let Some(bytes) = ctx.side(dir).and_then(|side| ctx.read(side, addr, halves * 12)) else {
        return Value::address(addr);
    };
    let set = |field: usize| {
        let half = |i: usize| bytes.get(i * 12 + field * 4..i * 12 + field * 4 + 4).map_or(0, le);
        set(half(0) | half(1) << 32)
    };
    let fields = vec![("effective".into(), set(0)), ("permitted".into(), set(1)), ("inheritable".into(), set(2))];
    Value::structure("cap_data", fields)
}

fn set(mask: u64) -> Value {
    let mut names = Vec::new();
    let mut rest = 0;
    for bit in (0..64).filter(|bit| mask >> bit & 1 == 1) {
        match abi::capability_name(bit) {
            Some(name) => names.push(format!("1<<{name}").into()),
            None => rest |= 1 << bit,
        }
    }
    Value::Flags { names, rest, unknown: "CAP_???" }
}
