//! Sets of descriptors to wait for: poll(2) and select(2), with what the result says about them.

use super::names::POLL;
use crate::abi::Arch;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le, take};

/// `struct pollfd`: fd, events, revents.
const SIZE: usize = 8;
/// Descriptors of one fd_set that are looked at; the kernel's limit on open files is far above what a line holds.
const FD_LIMIT: u64 = 65_536;

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

/// What was found: `[{fd=3, revents=POLLIN}]`; None if the memory was not copied.
pub fn found(ctx: &Ctx<'_>, index: usize) -> Option<Value> {
    let piece = ctx.memory(Side::Exit).at(ctx.arg(index))?;
    let count = usize::try_from(ctx.count(index + 1)).unwrap_or(usize::MAX);
    let ready = piece.bytes.chunks_exact(SIZE).take(count).filter(|b| b[6] != 0 || b[7] != 0);
    let mut items: Vec<Value> = ready.map(|bytes| ready_one(ctx.arch(), bytes)).collect();
    let elided = items.len() > ctx.shown(items.len());
    items.truncate(ctx.shown(items.len()));
    Some(Value::Array { items, elided })
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
    // A number of descriptors beyond all limits says nothing about the set: what was copied is the set.
    let beyond = || ctx.memory(side).at(addr).filter(|_| nfds > FD_LIMIT).map(|piece| piece.bytes);
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
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    let copied = ctx.memory(side).at(addr).filter(|piece| addr != 0 && (piece.bytes.len() >= len || !piece.fault));
    let Some(piece) = copied else { return Value::address(addr) };
    let items = bits(take(piece.bytes, len));
    Value::Set { items: items.map(|cpu| cpu.to_string().into()).collect(), inverted: false }
}
