//! Messages of sendmsg(2), recvmsg(2) and their plural forms: address, buffers, control data.

use super::names::MESSAGE;
use super::{cmsg, iovec, netlink, sockaddr};
use crate::abi::Dir;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le, take};

/// One message.
pub fn decode(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let size = size(ctx);
    if dir == Dir::In {
        return match ctx.read(Side::Entry, addr, size) {
            Some(bytes) => message(ctx, Side::Entry, addr, bytes, u64::MAX),
            None => Value::address(addr),
        };
    }
    match ctx.returned() {
        Some(filled) => match ctx.read(Side::Exit, addr, size) {
            Some(bytes) => message(ctx, Side::Exit, addr, bytes, filled.max(0) as u64),
            None => Value::address(addr),
        },
        None => match ctx.uint(Side::Entry, addr.wrapping_add(ctx.word() as u64), 4) {
            Some(len) => Value::structure("msghdr", vec![("msg_namelen".into(), Value::Unsigned(len))]),
            None => Value::address(addr),
        },
    }
}

/// Several messages; the count is the next argument, of which the result says how many were handled.
pub fn decode_many(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let (side, count) = match (dir, ctx.returned()) {
        (Dir::Out | Dir::InOut, None) => return Value::address(addr),
        (Dir::Out | Dir::InOut, Some(done)) => (Side::Exit, done.max(0) as u64),
        (Dir::In, _) => (Side::Entry, ctx.count(index + 1)),
    };
    // Of several that were to be sent only some may have been.
    let sent = ctx.returned().map_or(0, |done| done.max(0) as u64);
    let size = size(ctx);
    let stride = (size + 4).next_multiple_of(ctx.word());
    let mut at = addr;
    // What was sent or received of each stands behind it after the call.
    ctx.elements(side, addr, count, stride, |bytes| {
        let own = at;
        at = at.wrapping_add(stride as u64);
        let len_at = own.wrapping_add(size as u64);
        let done = ctx.uint(Side::Exit, len_at, 4).or_else(|| ctx.uint(Side::Entry, len_at, 4)).unwrap_or(0);
        let filled = if side == Side::Exit { done } else { u64::MAX };
        let header = message(ctx, side, own, take(bytes, size), filled);
        let mut fields = vec![("msg_hdr".into(), header)];
        if own.wrapping_sub(addr) / (stride as u64) < sent {
            fields.push(("msg_len".into(), Value::Unsigned(done)));
        }
        Value::structure("mmsghdr", fields)
    })
}

/// Size of `struct msghdr`: 56 bytes with 64-bit pointers, 28 with 32-bit ones.
fn size(ctx: &Ctx<'_>) -> usize {
    7 * ctx.word()
}

/// A message from the bytes of its header.
fn message(ctx: &Ctx<'_>, side: Side, addr: u64, bytes: &[u8], filled: u64) -> Value {
    let word = ctx.word();
    let field = |i: usize, len: usize| le(take(bytes.get(i * word..).unwrap_or_default(), len));
    let (name, name_len) = (field(0, word), field(1, 4));
    let (iov, iov_len) = (field(2, word), field(3, word));
    let (control, control_len) = (field(4, word), field(5, word));
    let flags = field(6, 4);
    let mut fields: Vec<(std::borrow::Cow<'static, str>, Value)> = Vec::with_capacity(7);
    let room = ctx.uint(Side::Entry, addr.wrapping_add(word as u64), 4);
    let shown = if side == Side::Exit { name_len.min(room.unwrap_or(name_len)) } else { name_len };
    fields.push(("msg_name".into(), sockaddr::at(ctx, side, name, shown)));
    let len = match room {
        Some(room) if side == Side::Exit && room != name_len => {
            Value::Changed(Box::new(Value::Unsigned(room)), Box::new(Value::Unsigned(name_len)))
        }
        _ => Value::Unsigned(name_len),
    };
    fields.push(("msg_namelen".into(), len));
    let pieces = iovec::pieces(ctx, iov, iov_len, side, Some(filled), |base, len| {
        netlink::buffer(ctx, side, base, len, name).unwrap_or_else(|| ctx.buffer(side, base, len))
    });
    fields.push(("msg_iov".into(), pieces));
    fields.push(("msg_iovlen".into(), Value::Unsigned(iov_len)));
    if control_len != 0 {
        fields.push(("msg_control".into(), cmsg::messages(ctx, side, control, control_len)));
    }
    fields.push(("msg_controllen".into(), Value::Unsigned(control_len)));
    fields.push(("msg_flags".into(), MESSAGE.flags(ctx.arch(), flags, 32)));
    Value::structure("msghdr", fields)
}
