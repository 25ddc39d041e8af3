//! What goes through sockets of the kernel's own protocols, netlink(7): messages with headers.
//!
//! A call does not tell its socket's protocol; only the address says that it is netlink. What a type means depends on
//! the protocol, so that types from 16 on are numbers, with what they would be in the commonest as a remark.

use super::names::{NETLINK_FLAGS, NETLINK_GET_FLAGS, NETLINK_TYPE, ROUTE_TYPE};
use crate::abi;
use crate::decode::num;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le, take};

/// Of `struct nlmsghdr`, linux/netlink.h, bytes.
const HEADER: usize = 16;
/// AF_NETLINK of linux/socket.h.
const FAMILY: u64 = 16;
// linux/netlink.h
const NLMSG_ERROR: u64 = 2;
const NLMSG_DONE: u64 = 3;
const FIRST_OF_PROTOCOL: u64 = 16;

/// The buffer of sendto(2) or recvfrom(2), from or to the netlink address that the call gives too.
pub fn argument(ctx: &Ctx<'_>, index: usize, side: Side, len: u64) -> Option<Value> {
    let name = abi::lookup(ctx.arch(), ctx.view.nr)?.name;
    if index != 1 || !matches!(name, "sendto" | "recvfrom") {
        return None;
    }
    talks(ctx, side, ctx.arg(4)).then(|| messages(ctx, side, ctx.arg(1), len)).flatten()
}

/// Whether the socket address there is one of netlink.
pub fn talks(ctx: &Ctx<'_>, side: Side, addr: u64) -> bool {
    ctx.uint(side, addr, 2) == Some(FAMILY)
}

/// Messages one after another; None if the first is no message: uevents are text, for instance.
pub fn messages(ctx: &Ctx<'_>, side: Side, addr: u64, len: u64) -> Option<Value> {
    let piece = ctx.memory(side).at(addr).filter(|_| addr != 0)?;
    let bytes = take(piece.bytes, usize::try_from(len).unwrap_or(usize::MAX));
    let mut items = Vec::new();
    let (mut at, mut elided) = (0, false);
    while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= HEADER) {
        if items.len() == ctx.shown(usize::MAX) {
            elided = true;
            break;
        }
        let own = le(&rest[..4]);
        if items.is_empty() && !(HEADER as u64..=len).contains(&own) {
            return None;
        }
        items.push(message(ctx, rest, own, len - at as u64));
        // A length that is none ends the sequence, for the kernel too.
        match usize::try_from(own).ok().filter(|&own| own >= HEADER) {
            Some(own) => at = at.saturating_add(own.next_multiple_of(4)),
            None => break,
        }
    }
    // More than was copied.
    elided |= len > at as u64 && bytes.len() < at + HEADER && (bytes.len() as u64) < len;
    match items.len() {
        0 => None,
        1 if !elided => items.pop(),
        _ => Some(Value::Array { items, elided }),
    }
}

/// One message of `own` bytes, header included, of which `bytes` could be had and `left` exist.
fn message(ctx: &Ctx<'_>, bytes: &[u8], own: u64, left: u64) -> Value {
    let header = header(ctx, bytes);
    let own = own.min(left);
    if own <= HEADER as u64 {
        return header;
    }
    let payload = take(&bytes[HEADER..], usize::try_from(own).unwrap_or(usize::MAX) - HEADER);
    let value = match (le(&bytes[4..6]), payload) {
        (NLMSG_ERROR, [a, b, c, d, sent @ ..]) => {
            let number = i32::from_le_bytes([*a, *b, *c, *d]);
            let mut fields = vec![("error".into(), num::error(number.into()))];
            if sent.len() >= HEADER {
                fields.push(("msg".into(), self::header(ctx, sent)));
            }
            Value::structure("nlmsgerr", fields)
        }
        (NLMSG_DONE, &[a, b, c, d]) => Value::Signed(i32::from_le_bytes([a, b, c, d]).into()),
        _ => Value::Str {
            bytes: take(payload, ctx.options.string_limit).to_vec(),
            true_len: own - HEADER as u64,
            terminated: true,
        },
    };
    Value::Array { items: vec![header, value], elided: false }
}

/// A header from its bytes, of which there are enough.
fn header(ctx: &Ctx<'_>, bytes: &[u8]) -> Value {
    let arch = ctx.arch();
    let (kind, flags) = (le(&bytes[4..6]), le(&bytes[6..8]));
    let named = match ROUTE_TYPE.name(arch, kind, 16) {
        _ if kind < FIRST_OF_PROTOCOL => NETLINK_TYPE.name(arch, kind, 16),
        Value::Named(name) => Value::Hex(kind).commented(format!("{name} in NETLINK_ROUTE")),
        other => other,
    };
    // Questions are those of which the two low bits are 2; the bits for everything else differ.
    let flags = match kind {
        FIRST_OF_PROTOCOL.. if kind & 3 == 2 => NETLINK_GET_FLAGS.flags(arch, flags, 16),
        _ => NETLINK_FLAGS.flags(arch, flags, 16),
    };
    let number = |at: usize| Value::Unsigned(le(&bytes[at..at + 4]));
    Value::structure(
        "nlmsghdr",
        vec![
            ("nlmsg_len".into(), number(0)),
            ("nlmsg_type".into(), named),
            ("nlmsg_flags".into(), flags),
            ("nlmsg_seq".into(), number(8)),
            ("nlmsg_pid".into(), number(12)),
        ],
    )
}
