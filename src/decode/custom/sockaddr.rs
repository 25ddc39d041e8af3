//! Socket addresses, sockaddr(3type): what follows the family is laid out by it.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::names::{ETHERTYPE, FAMILY, HARDWARE, PACKET_TYPE};
use crate::abi::Dir;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le, take};

/// Addresses are at most `struct sockaddr_storage`, socket.h.
const STORAGE: u64 = 128;

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

/// An address of `len` bytes.
pub fn at(ctx: &Ctx<'_>, side: Side, addr: u64, len: u64) -> Value {
    let len = len.min(STORAGE);
    if len < 2 {
        return Value::address(addr);
    }
    let Some(piece) = ctx.memory(side).at(addr).filter(|p| addr != 0 && p.bytes.len() >= 2) else {
        return Value::address(addr);
    };
    address(ctx, take(piece.bytes, len as usize))
}

/// An address from its bytes, of which there are at least two.
pub fn address(ctx: &Ctx<'_>, bytes: &[u8]) -> Value {
    let arch = ctx.arch();
    let family = le(take(bytes, 2));
    let data = bytes.get(2..).unwrap_or_default();
    let mut fields = vec![("sa_family".into(), FAMILY.name(arch, family, 16))];
    let mut add = |name: &'static str, value: Value| fields.push((name.into(), value));
    match family {
        1 => {
            if let Some(path) = unix_path(data) {
                add("sun_path", path);
            }
        }
        2 if data.len() >= 14 => {
            add("sin_port", port(data));
            add("sin_addr", ipv4(&data[2..6]));
        }
        10 if data.len() >= 22 => {
            add("sin6_port", port(data));
            let flow = u32::from_be_bytes([data[2], data[3], data[4], data[5]]);
            add("sin6_flowinfo", Value::Call { function: "htonl", args: vec![Value::Unsigned(flow.into())] });
            add("", ipv6(&data[6..22], "&sin6_addr"));
            if let Some(scope) = data.get(22..26) {
                add("sin6_scope_id", Value::Unsigned(le(scope)));
            }
        }
        16 if data.len() >= 10 => {
            add("nl_pid", Value::Signed(le(&data[2..6]) as i32 as i64));
            add("nl_groups", groups(le(&data[6..10])));
        }
        17 if data.len() >= 10 => {
            let protocol = u64::from(u16::from_be_bytes([data[0], data[1]]));
            let name = ETHERTYPE.name(arch, protocol, 16);
            add("sll_protocol", Value::Call { function: "htons", args: vec![name] });
            add("sll_ifindex", Value::Unsigned(le(&data[2..6])));
            add("sll_hatype", HARDWARE.name(arch, le(&data[6..8]), 16));
            add("sll_pkttype", PACKET_TYPE.name(arch, data[8].into(), 8));
            add("sll_halen", Value::Unsigned(data[9].into()));
            let hardware = take(data.get(10..).unwrap_or_default(), data[9].into());
            if !hardware.is_empty() {
                let items = hardware.iter().map(|b| Value::Text(format!("{b:02x}").into())).collect();
                add("sll_addr", Value::Array { items, elided: false });
            }
        }
        _ => add("sa_data", Value::Str { bytes: data.to_vec(), true_len: data.len() as u64, terminated: true }),
    }
    Value::structure("sockaddr", fields)
}

/// unix(7): a path up to its NUL, an abstract name after a leading NUL, or nothing.
fn unix_path(data: &[u8]) -> Option<Value> {
    let text = |bytes: &[u8]| Value::Str { bytes: bytes.to_vec(), true_len: bytes.len() as u64, terminated: true };
    match data {
        [] => None,
        [0, name @ ..] => {
            let mut out = String::from("@");
            crate::decode::escape::quoted(&mut out, name);
            Some(Value::Text(out.into()))
        }
        path => Some(text(path.split(|&b| b == 0).next().unwrap_or_default())),
    }
}

fn port(data: &[u8]) -> Value {
    Value::Call { function: "htons", args: vec![Value::Unsigned(u16::from_be_bytes([data[0], data[1]]).into())] }
}

fn quoted(text: String) -> Value {
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

/// C's `%#08x`: eight columns with the prefix.
fn groups(value: u64) -> Value {
    let text = if value == 0 { "00000000".to_string() } else { format!("{value:#08x}") };
    Value::Text(text.into())
}
