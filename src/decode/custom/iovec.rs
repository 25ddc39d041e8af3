//! Scattered buffers, readv(2), and the pieces that they hold.

use crate::abi::Dir;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le};

/// `[{iov_base="abc", iov_len=3}]`; the count is the next argument.
pub fn decode(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let filled = match dir {
        Dir::In => Some(u64::MAX),
        _ => ctx.returned().map(|n| n.max(0) as u64),
    };
    vector(ctx, ctx.arg(index), ctx.count(index + 1), if dir == Dir::In { Side::Entry } else { Side::Exit }, filled)
}

/// `count` pieces at `addr`. Their bytes are shown from `side` up to `filled` in all; None: only addresses.
pub fn vector(ctx: &Ctx<'_>, addr: u64, count: u64, side: Side, filled: Option<u64>) -> Value {
    pieces(ctx, addr, count, side, filled, |base, len| ctx.buffer(side, base, len))
}

/// The same with pieces that `show` reads.
pub fn pieces(
    ctx: &Ctx<'_>,
    addr: u64,
    count: u64,
    side: Side,
    filled: Option<u64>,
    show: impl Fn(u64, u64) -> Value,
) -> Value {
    let word = ctx.word();
    let mut left = filled;
    // The array itself is not written by the call: whichever copy is there will do.
    let list_side = if ctx.memory(side).at(addr).is_some() { side } else { Side::Entry };
    ctx.elements(list_side, addr, count, word * 2, |bytes| {
        let (base, len) = (le(&bytes[..word]), le(&bytes[word..]));
        let value = match left {
            Some(rest) => {
                let part = rest.min(len);
                // All of it: what the pieces together hold may be more than a number does.
                left = Some(if rest == u64::MAX { rest } else { rest - part });
                show(base, part)
            }
            None => Value::address(base),
        };
        Value::structure("iovec", vec![("iov_base".into(), value), ("iov_len".into(), Value::Unsigned(len))])
    })
}
