//! Events of epoll(7). The structure is packed on x86; what the program keeps in `data` is a union of four widths, of which
//! the widest shows everything.

use super::names::EPOLL;
use crate::abi::{Arch, Dir};
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le, take};

/// One event of epoll_ctl(2), several of epoll_wait(2), of which the result says how many.
pub fn decode(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let size = if ctx.arch() == Arch::Aarch64 { 16 } else { 12 };
    match dir {
        Dir::In => match ctx.read(Side::Entry, addr, size) {
            Some(bytes) => event(ctx.arch(), bytes),
            None => Value::address(addr),
        },
        _ => match ctx.returned() {
            Some(count) => ctx.elements(Side::Exit, addr, count.max(0) as u64, size, |bytes| event(ctx.arch(), bytes)),
            None => Value::address(addr),
        },
    }
}

/// One event from its bytes.
pub fn event(arch: Arch, bytes: &[u8]) -> Value {
    let at = if arch == Arch::Aarch64 { 8 } else { 4 };
    let data = le(bytes.get(at..).unwrap_or_default());
    Value::structure(
        "epoll_event",
        vec![("events".into(), EPOLL.flags(arch, le(take(bytes, 4)), 32)), ("data".into(), Value::Hex(data))],
    )
}
