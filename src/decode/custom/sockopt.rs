//! Values of socket options, setsockopt(2): most are one number, some a structure, the rest bytes.

use super::sockaddr;
use crate::abi::Dir;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le, take};

// asm-generic/socket.h
const SOL_SOCKET: u64 = 1;
const SO_ERROR: u64 = 4;
const SO_LINGER: u64 = 13;
const SO_PEERCRED: u64 = 17;
const SO_BINDTODEVICE: u64 = 25;
const SO_ATTACH_FILTER: u64 = 26;

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
        (SOL_SOCKET, SO_ATTACH_FILTER) if dir == Dir::In => program(ctx.word(), bytes),
        (SOL_SOCKET, SO_PEERCRED) => fields("ucred", &["pid", "uid", "gid"], &int),
        _ => None,
    };
    if let Some(value) = structured.or_else(|| membership(ctx, bytes)) {
        return value;
    }
    match bytes.len() {
        0..8 if dir == Dir::In && (ctx.arg(1), ctx.arg(2)) == (SOL_SOCKET, SO_LINGER) => Value::Address(addr),
        4 if (ctx.arg(1), ctx.arg(2)) == (SOL_SOCKET, SO_ERROR) => Value::pointee(error(le(bytes) as i32)),
        // The kernel reads an int from what is longer, and refuses what is shorter.
        4 if len == 4 => Value::pointee(Value::Signed(le(bytes) as i32 as i64)),
        5.. if dir == Dir::In && ctx.arg(1) == SOL_SOCKET && small(ctx.arg(2)) => {
            Value::pointee(Value::Signed(le(&bytes[..4]) as i32 as i64))
        }
        0..4 if dir == Dir::In && ctx.arg(1) == SOL_SOCKET && ctx.arg(2) != SO_BINDTODEVICE => Value::Address(addr),
        1..4 if dir != Dir::In && ctx.arg(1) == SOL_SOCKET => Value::HexStr { bytes: bytes.to_vec(), true_len: len },
        _ => ctx.buffer(side, addr, len),
    }
}

/// `struct sock_fprog` of linux/filter.h; what it leads to is not copied.
fn program(word: usize, bytes: &[u8]) -> Option<Value> {
    let fields = vec![
        ("len".into(), Value::Unsigned(le(bytes.get(..2)?))),
        ("filter".into(), Value::address(le(bytes.get(word..2 * word)?))),
    ];
    Some(Value::structure("sock_fprog", fields))
}

/// The error that a socket kept, by its name.
fn error(number: i32) -> Value {
    match u16::try_from(number).ok().and_then(crate::decode::errno_name) {
        Some((name, _)) => Value::Named(name.into()),
        None => Value::Signed(number.into()),
    }
}

/// Groups that a socket joins or leaves, ip(7) and ipv6(7), and the ring of packet(7).
fn membership(ctx: &Ctx<'_>, bytes: &[u8]) -> Option<Value> {
    let number = |at: usize| Some(Value::Unsigned(le(bytes.get(at..at + 4)?)));
    match (ctx.arg(1), ctx.arg(2)) {
        // IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP
        (0, 35 | 36) => Some(Value::structure(
            "ip_mreq",
            vec![
                ("imr_multiaddr".into(), sockaddr::ipv4(bytes.get(..4)?)),
                ("imr_interface".into(), sockaddr::ipv4(bytes.get(4..8)?)),
            ],
        )),
        // IPV6_ADD_MEMBERSHIP, IPV6_DROP_MEMBERSHIP, IPV6_JOIN_ANYCAST, IPV6_LEAVE_ANYCAST
        (41, 20 | 21 | 27 | 28) => Some(Value::structure(
            "ipv6_mreq",
            vec![
                ("".into(), sockaddr::ipv6(bytes.get(..16)?, "&ipv6mr_multiaddr")),
                ("ipv6mr_interface".into(), number(16)?),
            ],
        )),
        // PACKET_RX_RING, PACKET_TX_RING
        (263, 5 | 13) if bytes.len() == 16 => {
            let names = ["tp_block_size", "tp_block_nr", "tp_frame_size", "tp_frame_nr"];
            let fields = names.iter().enumerate().map(|(i, name)| Some(((*name).into(), number(i * 4)?)));
            Some(Value::structure("tpacket_req", fields.collect::<Option<_>>()?))
        }
        _ => None,
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
