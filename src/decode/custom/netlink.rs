//! What goes through sockets of the kernel's own protocols, netlink(7): messages with headers.
//!
//! What a type means depends on the socket's protocol, which is looked up while the call waits. Where it is not known,
//! only the address says that it is netlink: then types from 16 on are numbers, with what they would be in the commonest
//! protocol as a remark.

use super::names::{
    KERNEL_EVENT_MAGIC, NETLINK_ACK_FLAGS, NETLINK_DELETE_FLAGS, NETLINK_FLAGS, NETLINK_GET_FLAGS, NETLINK_NEW_FLAGS,
    NETLINK_TYPE, ROUTE_TYPE, Set,
};
use super::netlink_attributes::{self as attributes, Message};
use super::{netlink_diag, netlink_types};
use crate::abi;
use crate::abi::fetch::protocol_address;
use crate::decode::num;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le};

/// Of `struct nlmsghdr`, linux/netlink.h, bytes.
pub const HEADER: u64 = 16;
/// AF_NETLINK of linux/socket.h.
const FAMILY: u64 = 16;
// linux/netlink.h
const NLMSG_ERROR: u64 = 2;
const NLMSG_DONE: u64 = 3;
const FIRST_OF_PROTOCOL: u64 = 16;
const CAPPED: u64 = 0x100;

pub const ROUTE: u64 = 0;
pub const SOCK_DIAG: u64 = 4;
pub const SELINUX: u64 = 7;
pub const NETFILTER: u64 = 12;
pub const KOBJECT_UEVENT: u64 = 15;
pub const GENERIC: u64 = 16;
pub const CRYPTO: u64 = 21;

/// The buffer of sendto(2) or recvfrom(2), if it goes through netlink.
pub fn argument(ctx: &Ctx<'_>, index: usize, side: Side, len: u64) -> Option<Value> {
    if !may_talk(ctx, index) {
        return None;
    }
    let name = ctx.call.name;
    let to = if name.len() == 4 { 0 } else { ctx.arg(4) };
    buffer(ctx, side, ctx.arg(1), len, to)
}

/// Whether that argument is a buffer that may hold messages.
pub fn may_talk(ctx: &Ctx<'_>, index: usize) -> bool {
    index == 1 && matches!(ctx.call.name, "send" | "sendto" | "recv" | "recvfrom")
}

/// Messages at `addr`, sent to or received from the address at `name`; None if they do not go through netlink.
pub fn buffer(ctx: &Ctx<'_>, side: Side, addr: u64, len: u64, name: u64) -> Option<Value> {
    match protocol(ctx, side) {
        Some(KOBJECT_UEVENT) => Some(event(ctx, side, addr, len)),
        Some(protocol) => Some(messages(ctx, side, addr, len, Some(protocol))),
        None if talks(ctx, side, name) => {
            // Nobody knows what it is: only what begins like a message is taken for one.
            let own = ctx.uint(side, addr, 4)?;
            (len >= HEADER && (HEADER..=len).contains(&own)).then(|| messages(ctx, side, addr, len, None))
        }
        None => None,
    }
}

/// The protocol of the call's socket, as far as it was looked up.
fn protocol(ctx: &Ctx<'_>, side: Side) -> Option<u64> {
    let at = protocol_address(ctx.arg(0) as i32);
    ctx.uint(side, at, 1).or_else(|| ctx.uint(Side::Entry, at, 1))
}

/// Whether the socket address there is one of netlink.
fn talks(ctx: &Ctx<'_>, side: Side, addr: u64) -> bool {
    ctx.uint(side, addr, 2) == Some(FAMILY)
}

/// Messages one after another.
fn messages(ctx: &Ctx<'_>, side: Side, addr: u64, len: u64, protocol: Option<u64>) -> Value {
    attributes::sequence(
        ctx,
        side,
        (addr, len),
        HEADER,
        |bytes| le(&bytes[..4]),
        |bytes, at, left| message(ctx, side, bytes, (at, left), protocol),
    )
}

/// One message of which the header is there and `left` bytes at most exist.
fn message(ctx: &Ctx<'_>, side: Side, bytes: &[u8], (at, left): (u64, u64), protocol: Option<u64>) -> Value {
    let header = header(ctx, bytes, protocol);
    let own = le(&bytes[..4]).min(left);
    if own <= HEADER {
        return header;
    }
    let (kind, flags) = (le(&bytes[4..6]), le(&bytes[6..8]));
    let part = Message { ctx, side, addr: at.wrapping_add(HEADER), len: own - HEADER, family: 0 };
    let mut items = vec![header];
    match payload(&part, kind, flags, protocol) {
        Some(more) => items.extend(more),
        None if kind == NLMSG_DONE && part.len == 4 => items.push(match ctx.int(side, part.addr) {
            Some(number) => Value::Signed(number.into()),
            None => Value::Address(part.addr),
        }),
        None => items.push(part.bytes()),
    }
    Value::Array { items, elided: false }
}

/// What follows a header; None where the protocol has nothing to say.
fn payload(part: &Message<'_>, kind: u64, flags: u64, protocol: Option<u64>) -> Option<Vec<Value>> {
    if kind == NLMSG_ERROR {
        return Some(vec![error(part, flags, protocol)]);
    }
    if kind < FIRST_OF_PROTOCOL && kind != NLMSG_DONE {
        return None;
    }
    match protocol? {
        ROUTE if kind != NLMSG_DONE => netlink_types::route(part, kind),
        SOCK_DIAG => netlink_diag::payload(part, kind),
        SELINUX => netlink_types::selinux(part, kind),
        NETFILTER => netlink_types::netfilter(part, kind),
        GENERIC => netlink_types::generic(part, kind),
        CRYPTO => netlink_types::crypto(part, kind),
        _ => None,
    }
}

/// An error, the message that it is about, and since Linux 4.12 attributes that explain it.
fn error(part: &Message<'_>, flags: u64, protocol: Option<u64>) -> Value {
    const SIZE: u64 = 20;
    let ctx = part.ctx;
    if part.len < SIZE {
        return part.bytes();
    }
    let Some(bytes) = ctx.read(part.side, part.addr, SIZE as usize) else { return Value::Address(part.addr) };
    let (at, len) = (part.addr.wrapping_add(4), part.len - 4);
    let whole = if flags & CAPPED != 0 { HEADER } else { le(&bytes[4..8]).max(HEADER) };
    let own = whole.min(len);
    let fields = vec![
        ("error".into(), num::error(i64::from(le(&bytes[..4]) as i32))),
        ("msg".into(), message(ctx, part.side, &bytes[4..], (at, own), protocol)),
    ];
    let value = Value::structure("nlmsgerr", fields);
    let Some(table) = abi::attributes("nlmsgerr").filter(|_| len > own) else { return value };
    let more = attributes::list(&Message { addr: at.wrapping_add(own), len: len - own, ..*part }, table);
    Value::Array { items: vec![value, more], elided: false }
}

/// A header from its bytes, of which there are enough.
fn header(ctx: &Ctx<'_>, bytes: &[u8], protocol: Option<u64>) -> Value {
    let arch = ctx.arch();
    let (kind, flags) = (le(&bytes[4..6]), le(&bytes[6..8]));
    let named = match protocol {
        _ if kind < FIRST_OF_PROTOCOL => NETLINK_TYPE.name(arch, kind, 16),
        Some(protocol) => netlink_types::name(ctx, protocol, kind),
        None => match ROUTE_TYPE.name(arch, kind, 16) {
            Value::Named(name) => Value::Hex(kind).commented(format!("{name} in NETLINK_ROUTE")),
            other => other,
        },
    };
    let more = match protocol {
        _ if kind == NLMSG_ERROR => Some(NETLINK_ACK_FLAGS),
        _ if kind < FIRST_OF_PROTOCOL => None,
        Some(protocol) => netlink_types::flags(protocol, kind),
        // Questions are those of which the two low bits are 2; the bits for everything else differ.
        None => (kind & 3 == 2).then_some(NETLINK_GET_FLAGS),
    };
    let number = |at: usize| Value::Unsigned(le(&bytes[at..at + 4]));
    Value::structure(
        "nlmsghdr",
        vec![
            ("nlmsg_len".into(), number(0)),
            ("nlmsg_type".into(), named),
            ("nlmsg_flags".into(), both(ctx, flags, more)),
            ("nlmsg_seq".into(), number(8)),
            ("nlmsg_pid".into(), Value::Signed(i64::from(le(&bytes[12..16]) as i32))),
        ],
    )
}

/// Flags that every message may have, and those of one kind.
fn both(ctx: &Ctx<'_>, flags: u64, more: Option<Set>) -> Value {
    match (NETLINK_FLAGS.flags(ctx.arch(), flags, 16), more) {
        (Value::Flags { mut names, rest, unknown }, Some(set)) if rest != 0 => match set.flags(ctx.arch(), rest, 16) {
            Value::Flags { names: others, rest, .. } => {
                names.extend(others);
                Value::Flags { names, rest, unknown }
            }
            value => value,
        },
        (value, _) => value,
    }
}

/// The questions, additions and removals of most protocols.
pub fn kind_of_flags(action: char) -> Option<Set> {
    match action {
        'n' => Some(NETLINK_NEW_FLAGS),
        'd' => Some(NETLINK_DELETE_FLAGS),
        'g' => Some(NETLINK_GET_FLAGS),
        _ => None,
    }
}

/// What happened to a device: text from the kernel; with a header from udev(7), which sends it on.
fn event(ctx: &Ctx<'_>, side: Side, addr: u64, len: u64) -> Value {
    const UDEV: u64 = 40;
    let header = ctx.read(side, addr, UDEV as usize).filter(|bytes| {
        len >= UDEV && bytes.starts_with(b"libudev\0") && bytes[8..12] == KERNEL_EVENT_MAGIC.to_be_bytes()
    });
    let Some(bytes) = header else { return ctx.buffer(side, addr, len) };
    let host = |at: usize| Value::Unsigned(le(&bytes[at..at + 4]));
    let big = |at: usize| {
        let word = bytes[at..at + 4].iter().fold(0, |word, &byte| word << 8 | u64::from(byte));
        Value::Call { function: "htonl", args: vec![Value::Hex(word)] }
    };
    let prefix = Value::Str { bytes: b"libudev".to_vec(), true_len: 7, terminated: true };
    let fields = vec![
        ("prefix".into(), prefix),
        ("magic".into(), big(8)),
        ("header_size".into(), host(12)),
        ("properties_off".into(), host(16)),
        ("properties_len".into(), host(20)),
        ("filter_subsystem_hash".into(), big(24)),
        ("filter_devtype_hash".into(), big(28)),
        ("filter_tag_bloom_hi".into(), big(32)),
        ("filter_tag_bloom_lo".into(), big(36)),
    ];
    let value = Value::structure("udev_monitor_netlink_header", fields);
    if len == UDEV {
        return value;
    }
    let rest = ctx.buffer(side, addr.wrapping_add(UDEV), len - UDEV);
    Value::Array { items: vec![value, rest], elided: false }
}
