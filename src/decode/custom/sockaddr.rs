//! Socket addresses, sockaddr(3type): what follows the family is laid out by it. Internet, local, netlink and packet
//! addresses; other families are in `sockaddr_more`.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::names::{ETHERTYPE, FAMILY, HARDWARE, PACKET_TYPE};
use super::sockaddr_more;
use crate::abi::Dir;
pub use crate::decode::num::interface;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le, take};

/// Addresses are at most `struct sockaddr_storage`, socket.h.
const STORAGE: u64 = 128;
/// UNIX_PATH_MAX of linux/un.h.
const UNIX_PATH: usize = 108;

/// Named values of one address, after its family.
pub type Fields = Vec<(Cow<'static, str>, Value)>;

/// Argument `index`; its length is the next argument, behind a pointer where the kernel fills the address in.
pub fn decode(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let length = ctx.arg(index + 1);
    match (dir, ctx.side(dir)) {
        (Dir::In, _) => at(ctx, Side::Entry, addr, u64::from(length as u32)),
        (_, Some(Side::Exit)) => {
            // The kernel tells the address's own length but writes no more than there was room for.
            let room = ctx.uint(Side::Entry, length, 4);
            let Some(own) = ctx.uint(Side::Exit, length, 4) else { return Value::address(addr) };
            at(ctx, Side::Exit, addr, own.min(room.unwrap_or(own)))
        }
        _ => Value::address(addr),
    }
}

/// An address of `len` bytes; all of them must have been readable.
pub fn at(ctx: &Ctx<'_>, side: Side, addr: u64, len: u64) -> Value {
    let len = len.min(STORAGE) as usize;
    if len < 2 {
        return Value::address(addr);
    }
    let readable = |piece: &crate::model::Piece<'_>| piece.bytes.len() >= if piece.fault { len } else { 2 };
    match ctx.memory(side).at(addr).filter(|piece| addr != 0 && readable(piece)) {
        Some(piece) => address(ctx, take(piece.bytes, len)),
        None => Value::address(addr),
    }
}

/// An address from its bytes, of which there are at least two.
pub fn address(ctx: &Ctx<'_>, bytes: &[u8]) -> Value {
    let arch = ctx.arch();
    let family = le(take(bytes, 2));
    let data = bytes.get(2..).unwrap_or_default();
    let mut fields: Fields = vec![("sa_family".into(), FAMILY.name(arch, family, 16))];
    let known = match family {
        1 => {
            fields.extend(unix_path(data).map(|path| ("sun_path".into(), path)));
            true
        }
        2 if data.len() >= 14 => {
            fields.push(("sin_port".into(), port(data)));
            fields.push(("sin_addr".into(), ipv4(&data[2..6])));
            true
        }
        10 if data.len() >= 22 => {
            internet6(&mut fields, data);
            true
        }
        16 if data.len() >= 10 => {
            if le(&data[..2]) != 0 {
                fields.push(("nl_pad".into(), Value::Hex(le(&data[..2]))));
            }
            fields.push(("nl_pid".into(), Value::Signed(le(&data[2..6]) as i32 as i64)));
            fields.push(("nl_groups".into(), groups(le(&data[6..10]))));
            true
        }
        17 if data.len() >= 18 => {
            packet(ctx, &mut fields, data);
            true
        }
        _ => sockaddr_more::fields(ctx, &mut fields, family, data),
    };
    if !known {
        let raw = Value::Str { bytes: data.to_vec(), true_len: data.len() as u64, terminated: true };
        fields.push(("sa_data".into(), raw));
    }
    Value::structure("sockaddr", fields)
}

fn internet6(fields: &mut Fields, data: &[u8]) {
    fields.push(("sin6_port".into(), port(data)));
    let flow = u32::from_be_bytes([data[2], data[3], data[4], data[5]]);
    fields.push(("sin6_flowinfo".into(), Value::Call { function: "htonl", args: vec![Value::Unsigned(flow.into())] }));
    fields.push(("".into(), ipv6(&data[6..22], "&sin6_addr")));
    if let Some(scope) = data.get(22..26) {
        // Only the scope of a link-local address is an interface, RFC 4007.
        let link = (data[6] == 0xfe && data[7] & 0xc0 == 0x80) || (data[6] == 0xff && data[7] & 0xf == 2);
        let scope = le(scope);
        fields.push(("sin6_scope_id".into(), if link { interface(scope) } else { Value::Unsigned(scope) }));
    }
}

/// packet(7).
fn packet(ctx: &Ctx<'_>, fields: &mut Fields, data: &[u8]) {
    const ROOM: usize = 8;
    let arch = ctx.arch();
    let protocol = u64::from(u16::from_be_bytes([data[0], data[1]]));
    let name = ETHERTYPE.name(arch, protocol, 16);
    fields.push(("sll_protocol".into(), Value::Call { function: "htons", args: vec![name] }));
    fields.push(("sll_ifindex".into(), interface(le(&data[2..6]))));
    fields.push(("sll_hatype".into(), HARDWARE.name(arch, le(&data[6..8]), 16)));
    fields.push(("sll_pkttype".into(), PACKET_TYPE.name(arch, data[8].into(), 8)));
    fields.push(("sll_halen".into(), Value::Unsigned(data[9].into())));
    let own = usize::from(data[9]);
    let hardware = take(data.get(10..).unwrap_or_default(), own.min(ROOM));
    if !hardware.is_empty() {
        let items = hardware.iter().map(|b| Value::Text(format!("{b:#04x}").into())).collect();
        fields.push(("sll_addr".into(), Value::Array { items, elided: own > ROOM }));
    }
}

/// unix(7): a path up to its NUL, an abstract name after a leading NUL, or nothing.
fn unix_path(data: &[u8]) -> Option<Value> {
    let text = |bytes: &[u8]| Value::Str { bytes: bytes.to_vec(), true_len: bytes.len() as u64, terminated: true };
    match take(data, UNIX_PATH) {
        [] => None,
        [0, name @ ..] => {
            let mut out = String::from("@");
            crate::decode::escape::quoted(&mut out, name);
            Some(Value::Text(out.into()))
        }
        path => Some(text(path.split(|&b| b == 0).next().unwrap_or_default())),
    }
}

/// `htons(80)`.
pub fn port(data: &[u8]) -> Value {
    Value::Call { function: "htons", args: vec![Value::Unsigned(u16::from_be_bytes([data[0], data[1]]).into())] }
}

/// Text that is not the tracee's own bytes.
pub fn quoted(text: String) -> Value {
    Value::Str { true_len: text.len() as u64, bytes: text.into_bytes(), terminated: true }
}

/// `inet_addr("127.0.0.1")` of four bytes.
pub fn ipv4(bytes: &[u8]) -> Value {
    let mut octets = [0; 4];
    octets.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    let text = quoted(Ipv4Addr::from(octets).to_string());
    Value::Call { function: "inet_addr", args: vec![text] }
}

/// `inet_pton(AF_INET6, "::1", &sin6_addr)` of sixteen bytes.
pub fn ipv6(bytes: &[u8], target: &'static str) -> Value {
    let mut octets = [0; 16];
    octets.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    let text = quoted(Ipv6Addr::from(octets).to_string());
    Value::Call { function: "inet_pton", args: vec![Value::Named("AF_INET6".into()), text, Value::Text(target.into())] }
}

/// `inet_pton(AF_INET6, "::1")`, where no field holds the address.
pub fn ipv6_alone(bytes: &[u8]) -> Value {
    match ipv6(bytes, "") {
        Value::Call { function, mut args } => {
            args.truncate(2);
            Value::Call { function, args }
        }
        value => value,
    }
}

/// C's `%#08x`: eight columns with the prefix.
fn groups(value: u64) -> Value {
    let text = if value == 0 { "00000000".to_string() } else { format!("{value:#08x}") };
    Value::Text(text.into())
}
