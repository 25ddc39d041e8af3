//! Control data of messages, cmsg(3): descriptors, credentials, times, and what ip(7) tells of a packet.

use std::borrow::Cow;

use super::names::{CONTROL_TYPE, IP_CONTROL, SOCKET_LEVEL};
use super::sockaddr;
use crate::abi::{self, Arch};
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le, take};

const SOL_IP: u64 = 0;
const SOL_SOCKET: u64 = 1;
/// Messages of one msghdr that a line holds, whatever the memory says.
const MOST: usize = 4096;

/// `len` bytes of messages at `addr`: each a header of a length, a level and a type, its data, padding to a word.
pub fn messages(ctx: &Ctx<'_>, side: Side, addr: u64, len: u64) -> Value {
    let word = ctx.word();
    let header = word + 8;
    let given = usize::try_from(len).unwrap_or(usize::MAX);
    let readable = |piece: &crate::model::Piece<'_>| piece.bytes.len() >= if piece.fault { given } else { header };
    let Some(piece) = ctx.memory(side).at(addr).filter(|piece| addr != 0 && given >= header && readable(piece)) else {
        return Value::address(addr);
    };
    let all = take(piece.bytes, given);
    let mut at = 0;
    let mut items = Vec::new();
    while all.len() - at >= header && items.len() < MOST {
        let rest = &all[at..];
        let own = le(&rest[..word]);
        let (level, kind) = (le(&rest[word..word + 4]), le(&rest[word + 4..header]));
        let reach = usize::try_from(own).unwrap_or(usize::MAX).min(rest.len());
        items.push(message(ctx, own, level, kind, rest.get(header..reach).unwrap_or_default()));
        if reach < header {
            // A length that does not hold its own header: nobody knows where the next begins.
            at += header;
            break;
        }
        at += reach.next_multiple_of(word).min(rest.len());
    }
    let cut = all.len() < given;
    if at < all.len() && !cut {
        items.push(Value::Unread(addr.wrapping_add(at as u64)));
    }
    Value::Array { items, elided: cut }
}

fn message(ctx: &Ctx<'_>, len: u64, level: u64, kind: u64, data: &[u8]) -> Value {
    let arch = ctx.arch();
    let name = match level {
        SOL_SOCKET => CONTROL_TYPE.name(arch, kind, 32),
        SOL_IP => IP_CONTROL.name(arch, kind, 32),
        _ => Value::Hex(kind),
    };
    let level_name = match SOCKET_LEVEL.name(arch, level, 32) {
        Value::Unknown { raw, .. } => Value::Unknown { raw, comment: "SOL_???" },
        name => name,
    };
    let mut fields: Vec<(Cow<'static, str>, Value)> =
        vec![("cmsg_len".into(), Value::Unsigned(len)), ("cmsg_level".into(), level_name), ("cmsg_type".into(), name)];
    let content = match level {
        SOL_SOCKET => of_socket(ctx, kind, data),
        SOL_IP => of_ip(ctx, kind, data),
        _ => None,
    };
    fields.extend(content.map(|value| ("cmsg_data".into(), value)));
    Value::structure("cmsghdr", fields)
}

/// socket(7), unix(7).
fn of_socket(ctx: &Ctx<'_>, kind: u64, data: &[u8]) -> Option<Value> {
    const RIGHTS: u64 = 1;
    const CREDENTIALS: u64 = 2;
    const SECURITY: u64 = 3;
    const PIDFD: u64 = 4;
    let narrow = ctx.arch() == Arch::I386;
    let old = if narrow { "timespec" } else { "timespec64" };
    match kind {
        // Not even one.
        RIGHTS if (1..4).contains(&data.len()) => {
            Some(Value::HexStr { bytes: data.to_vec(), true_len: data.len() as u64 })
        }
        RIGHTS => list(ctx, data, 4, |fd| Value::Fd(le(fd) as i32)),
        CREDENTIALS => {
            let id = |at: usize| match le(data.get(at..at + 4)?) {
                0xffff_ffff => Some(Value::Signed(-1)),
                id => Some(Value::Unsigned(id)),
            };
            let pid = Value::Signed(le(data.get(..4)?) as i32 as i64);
            Some(Value::structure("ucred", vec![("pid".into(), pid), ("uid".into(), id(4)?), ("gid".into(), id(8)?)]))
        }
        SECURITY => security(data),
        PIDFD => Some(Value::Fd(le(data.get(..4)?) as i32)),
        // SO_TIMESTAMP_OLD, SO_TIMESTAMPNS_OLD, SO_TIMESTAMPING_OLD
        29 => time(ctx, if narrow { "timeval" } else { "timeval64" }, data),
        35 => time(ctx, old, data),
        37 => times(ctx, old, data),
        // SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_NEW, SO_TIMESTAMPING_NEW
        63 => time(ctx, "timeval64", data),
        64 => time(ctx, "timespec64", data),
        65 => times(ctx, "timespec64", data),
        _ => None,
    }
}

/// ip(7).
fn of_ip(ctx: &Ctx<'_>, kind: u64, data: &[u8]) -> Option<Value> {
    match kind {
        // IP_TOS, IP_RECVOPTS, IP_RETOPTS
        1 | 6 | 7 => list(ctx, data, 1, |byte| Value::Hex(byte[0].into())),
        // IP_TTL, IP_CHECKSUM
        2 | 23 => list(ctx, data, 4, |number| Value::Unsigned(le(number))),
        // SCM_SECURITY, whose number is no option of IP.
        3 => security(data),
        // IP_PKTINFO
        8 => {
            let bytes = data.get(..12)?;
            let fields = vec![
                ("ipi_ifindex".into(), sockaddr::interface(le(&bytes[..4]))),
                ("ipi_spec_dst".into(), sockaddr::ipv4(&bytes[4..8])),
                ("ipi_addr".into(), sockaddr::ipv4(&bytes[8..])),
            ];
            Some(Value::structure("in_pktinfo", fields))
        }
        // IP_RECVERR: an error of the network and who sent it.
        11 => {
            let bytes = data.get(..32)?;
            let number = |at: usize, len: usize| Value::Unsigned(le(&bytes[at..at + len]));
            let fields = vec![
                ("ee_errno".into(), number(0, 4)),
                ("ee_origin".into(), number(4, 1)),
                ("ee_type".into(), number(5, 1)),
                ("ee_code".into(), number(6, 1)),
                ("ee_info".into(), number(8, 4)),
                ("ee_data".into(), number(12, 4)),
                ("offender".into(), sockaddr::address(ctx, &bytes[16..])),
            ];
            Some(Value::structure("sock_extended_err", fields))
        }
        // IP_ORIGDSTADDR
        20 => (data.len() >= 16).then(|| sockaddr::address(ctx, take(data, 128))),
        _ => None,
    }
}

/// As many elements as a line shows; None of no data.
fn list(ctx: &Ctx<'_>, data: &[u8], size: usize, show: impl Fn(&[u8]) -> Value) -> Option<Value> {
    let count = data.len() / size;
    if count == 0 {
        return None;
    }
    let shown = ctx.shown(count);
    let items = data.chunks_exact(size).take(shown).map(show).collect();
    Some(Value::Array { items, elided: shown < count })
}

/// A security label. It need not end in NUL, and all of it is shown.
fn security(data: &[u8]) -> Option<Value> {
    let text = || Value::Str { bytes: data.to_vec(), true_len: data.len() as u64, terminated: true };
    (!data.is_empty()).then(text)
}

/// One time; `???` where the bytes are too few.
fn time(ctx: &Ctx<'_>, name: &'static str, data: &[u8]) -> Option<Value> {
    if data.is_empty() {
        return None;
    }
    // C's timeval with 64-bit seconds has the layout of a timespec.
    let layout = abi::structure(if name == "timeval64" { "timespec64" } else { name })?;
    let Some(bytes) = data.get(..layout.layout(ctx.arch()).size as usize) else {
        return Some(Value::Text("???".into()));
    };
    match ctx.structure(layout, bytes) {
        Value::Struct { mut fields, elided, .. } if name == "timeval64" => {
            fields.iter_mut().filter(|(label, _)| label == "tv_nsec").for_each(|(label, _)| *label = "tv_usec".into());
            Some(Value::Struct { name: "timeval", fields, elided })
        }
        value => Some(value),
    }
}

/// Three times: of software, a deprecated one, of hardware.
fn times(ctx: &Ctx<'_>, name: &'static str, data: &[u8]) -> Option<Value> {
    if data.is_empty() {
        return None;
    }
    let layout = abi::structure(name)?;
    let size = layout.layout(ctx.arch()).size as usize;
    if data.len() < 3 * size {
        return Some(Value::Text("???".into()));
    }
    let items = data.chunks_exact(size).take(3).map(|bytes| ctx.structure(layout, bytes)).collect();
    Some(Value::Array { items, elided: false })
}
