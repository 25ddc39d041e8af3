//! Values of socket options, setsockopt(2): most are one number, some a structure, the rest bytes.

use crate::abi::Dir;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le, take};

// asm-generic/socket.h
const SOL_SOCKET: u64 = 1;
const SO_LINGER: u64 = 13;
const SO_PEERCRED: u64 = 17;
const SO_BINDTODEVICE: u64 = 25;

/// Argument `index`; the length is the next one, behind a pointer where the kernel fills the value in.
pub fn decode(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let (side, len) = match dir {
        Dir::In => (Side::Entry, Some(u64::from(ctx.arg(index + 1) as u32))),
        _ => match ctx.returned() {
            Some(_) => (Side::Exit, ctx.uint(Side::Exit, ctx.arg(index + 1), 4)),
            None => return Value::address(addr),
        },
    };
    let (Some(len), Some(piece)) = (len, ctx.memory(side).at(addr).filter(|_| addr != 0)) else {
        return Value::address(addr);
    };
    let bytes = take(piece.bytes, usize::try_from(len).unwrap_or(usize::MAX));
    let int = |at: usize| bytes.get(at..at + 4).map(|b| Value::Signed(le(b) as i32 as i64));
    let structured = match (ctx.arg(1), ctx.arg(2)) {
        (SOL_SOCKET, SO_LINGER) => fields("linger", &["l_onoff", "l_linger"], &int),
        (SOL_SOCKET, SO_PEERCRED) => fields("ucred", &["pid", "uid", "gid"], &int),
        _ => None,
    };
    if let Some(value) = structured {
        return value;
    }
    match bytes.len() {
        // The kernel reads an int from what is longer, and refuses what is shorter.
        4 if len == 4 => Value::pointee(Value::Signed(le(bytes) as i32 as i64)),
        5.. if dir == Dir::In && ctx.arg(1) == SOL_SOCKET && small(ctx.arg(2)) => {
            Value::pointee(Value::Signed(le(&bytes[..4]) as i32 as i64))
        }
        0..4 if dir == Dir::In && ctx.arg(2) != SO_BINDTODEVICE => Value::Address(addr),
        _ => ctx.buffer(side, addr, len),
    }
}

/// Options of SOL_SOCKET up to SO_PEEK_OFF that are one int.
fn small(option: u64) -> bool {
    matches!(option, 1..=12 | 15..=16 | 18..=19 | 29 | 30 | 32..=36 | 38..=47)
}

fn fields(name: &'static str, names: &[&'static str], int: &dyn Fn(usize) -> Option<Value>) -> Option<Value> {
    let fields = names.iter().enumerate().map(|(i, name)| Some(((*name).into(), int(i * 4)?)));
    Some(Value::structure(name, fields.collect::<Option<Vec<_>>>()?))
}
