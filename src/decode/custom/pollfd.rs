//! Sets of descriptors to wait for: poll(2) and select(2), with what the result says about them.

use super::names::POLL;
use crate::abi::Arch;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le, take};

/// `struct pollfd`: fd, events, revents.
const SIZE: usize = 8;
/// Bytes of an affinity mask that are looked at, as in strace: room for 1024 processors.
const CPU_SET: usize = 128;
/// Descriptors of one fd_set that are looked at, as in strace: NR_OPEN of linux/fs.h.
const FD_LIMIT: u64 = 1024 * 1024;

/// What is waited for: `[{fd=3, events=POLLIN}]`; a negative descriptor is ignored by the kernel.
pub fn decode(ctx: &Ctx<'_>, index: usize) -> Value {
    ctx.elements(Side::Entry, ctx.arg(index), ctx.count(index + 1), SIZE, |bytes| {
        let fd = le(&bytes[..4]) as i32;
        let mut fields = vec![("fd".into(), Value::Fd(fd))];
        if fd >= 0 {
            fields.push(("events".into(), POLL.flags(ctx.arch(), le(&bytes[4..6]), 16)));
        }
        Value::structure("pollfd", fields)
    })
}

/// What was found: `[{fd=3, revents=POLLIN}]`; None if nothing was. As long as strace's remark, whose buffer has an end.
pub fn found(ctx: &Ctx<'_>) -> Option<Value> {
    const ROOM: usize = 1024 - 27;
    let (addr, count) = (ctx.arg(0), usize::try_from(ctx.count(1)).unwrap_or(usize::MAX));
    let piece = ctx.memory(Side::Exit).at(addr);
    let bytes = piece.map_or(&[][..], |piece| piece.bytes);
    let whole = bytes.len() / SIZE >= count;
    let (mut items, mut elided, mut length) = (Vec::new(), false, 1);
    for bytes in bytes.chunks_exact(SIZE).take(count).filter(|b| b[6] != 0 || b[7] != 0) {
        let item = ctx.styled(ready_one(ctx.arch(), bytes));
        length += item.text().len() + if items.is_empty() { 0 } else { 2 };
        elided = items.len() >= ctx.shown(items.len() + 1) || length >= ROOM;
        if elided {
            break;
        }
        items.push(item);
    }
    // The rest could not be read: its address stands for it.
    if !elided && !whole && piece.is_none_or(|piece| piece.fault) {
        items.push(Value::Address(addr.wrapping_add((bytes.len() / SIZE * SIZE) as u64)));
    }
    (elided || !items.is_empty()).then_some(Value::Array { items, elided })
}

fn ready_one(arch: Arch, bytes: &[u8]) -> Value {
    let revents = POLL.flags(arch, le(&bytes[6..8]), 16);
    Value::structure("pollfd", vec![("fd".into(), Value::Fd(le(&bytes[..4]) as i32)), ("revents".into(), revents)])
}

/// The members of an fd_set: `[3 4]`; the address if the number of descriptors is no number of descriptors.
pub fn fd_set(ctx: &Ctx<'_>, side: Side, addr: u64, nfds: i32) -> Value {
    let Ok(nfds) = u64::try_from(nfds) else { return Value::address(addr) };
    let bytes = (nfds.min(FD_LIMIT) as usize).div_ceil(8 * ctx.word()) * ctx.word();
    if addr == 0 {
        return Value::Null;
    }
    if bytes == 0 {
        return Value::Set { items: Vec::new(), inverted: false };
    }
    // Larger than what is copied of one object.
    let beyond = || ctx.memory(side).at(addr).filter(|piece| !piece.fault).map(|piece| piece.bytes);
    let exact = ctx.read(side, addr, bytes).or_else(|| ctx.read(side, addr, nfds.div_ceil(8) as usize));
    let Some(set) = exact.or_else(beyond) else {
        return Value::Address(addr);
    };
    let items = bits(set).take_while(|&fd| fd < nfds).map(|fd| fd.to_string().into()).collect();
    Value::Set { items, inverted: false }
}

/// The numbers of the set bits, from the lowest.
pub fn bits(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let numbered = bytes.iter().zip(0u64..);
    numbered.flat_map(|(&byte, i)| (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| i * 8 + bit))
}

/// Processor numbers of an affinity mask, sched_setaffinity(2): `[0 1]`.
pub fn cpu_set(ctx: &Ctx<'_>, side: Side, addr: u64, len: u64) -> Value {
    if len == 0 && addr != 0 {
        return Value::Set { items: Vec::new(), inverted: false };
    }
    let shown = usize::try_from(len).unwrap_or(usize::MAX).min(CPU_SET);
    let copied = ctx.memory(side).at(addr).filter(|piece| addr != 0 && (piece.bytes.len() >= shown || !piece.fault));
    let Some(piece) = copied else { return Value::address(addr) };
    let mut items: Vec<_> = bits(take(piece.bytes, shown)).map(|cpu| cpu.to_string().into()).collect();
    items.extend((len > CPU_SET as u64).then_some("...".into()));
    Value::Set { items, inverted: false }
}
