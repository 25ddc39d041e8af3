//! Requests to network interfaces, netdevice(7).

use std::borrow::Cow;
use std::fmt::Write;

use super::names::{HARDWARE, INTERFACE, TUN};
use super::{options, sockaddr};
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le, take};

type Fields = Vec<(Cow<'static, str>, Value)>;

/// IFNAMSIZ of linux/if.h.
const NAME: usize = 16;

// linux/sockios.h
const SIOCGIFNAME: u64 = 0x8910;
const SIOCBRADDIF: u64 = 0x89a2;
const SIOCBRDELIF: u64 = 0x89a3;

/// `struct ifreq`: which member of the union counts depends on the request, and what was asked for is there only if the
/// kernel answered.
pub fn request(ctx: &Ctx<'_>, bytes: &[u8]) -> Value {
    let own = ("ifr_name".into(), name(take(bytes, NAME)));
    let union = bytes.get(NAME..).unwrap_or_default();
    let int = || Value::Signed(i64::from(le(take(union, 4)) as i32));
    let request = ctx.arg(1) & 0xffff;
    let answered = ctx.returned().is_some();
    let mut fields: Fields = match request {
        SIOCGIFNAME => vec![("ifr_ifindex".into(), int())],
        SIOCBRADDIF | SIOCBRDELIF => vec![("ifr_ifindex".into(), sockaddr::interface(le(take(union, 4))))],
        _ => vec![own.clone()],
    };
    if answered && request == SIOCGIFNAME {
        fields.push(own);
    } else if answered || !asks(request) {
        fields.extend(member(ctx, request, union).map(|(label, value)| (label.into(), value)));
    }
    Value::structure("ifreq", fields)
}

/// Whether the request reads the union's member only from the answer.
fn asks(request: u64) -> bool {
    matches!(
        request,
        0x8913 | 0x8915 | 0x8917 | 0x8919 | 0x891b | 0x891d | 0x8921 | 0x8927 | 0x8929 | 0x8933 | 0x8942 | 0x8970
    )
}

/// The union's member of a request.
fn member(ctx: &Ctx<'_>, request: u64, union: &[u8]) -> Option<(&'static str, Value)> {
    let int = || Value::Signed(i64::from(le(take(union, 4)) as i32));
    let address = || sockaddr::address(ctx, take(union, 16));
    Some(match request {
        // TUNSETIFF, TUNGETIFF, TUNSETQUEUE
        0x54ca | 0x54d2 | 0x54d9 => ("ifr_flags", TUN.flags(ctx.arch(), le(take(union, 2)), 16)),
        0x8913 | 0x8914 => ("ifr_flags", INTERFACE.flags(ctx.arch(), le(take(union, 2)), 16)),
        0x8915 | 0x8916 => ("ifr_addr", address()),
        0x8917 | 0x8918 => ("ifr_dstaddr", address()),
        0x8919 | 0x891a => ("ifr_broadaddr", address()),
        0x891b | 0x891c => ("ifr_netmask", address()),
        0x891d | 0x891e => ("ifr_metric", int()),
        0x8921 | 0x8922 => ("ifr_mtu", int()),
        0x8923 => ("ifr_newname", name(take(union, NAME))),
        // SIOCSIFHWADDR, SIOCGIFHWADDR, SIOCADDMULTI, SIOCDELMULTI, SIOCSIFHWBROADCAST
        0x8924 | 0x8927 | 0x8931 | 0x8932 | 0x8937 => ("ifr_hwaddr", hardware(ctx, take(union, 16))),
        0x8929 | 0x8930 => ("ifr_slave", name(take(union, NAME))),
        0x8933 => ("ifr_ifindex", int()),
        0x8942 | 0x8943 => ("ifr_qlen", int()),
        0x8970 | 0x8971 => ("ifr_map", map(ctx.word(), union)),
        _ => return None,
    })
}

/// A name up to its NUL; without one, the last byte is not part of it.
fn name(field: &[u8]) -> Value {
    let len = field.iter().position(|&b| b == 0);
    let shown = take(field, len.unwrap_or(field.len().saturating_sub(1)));
    Value::Str { bytes: shown.to_vec(), true_len: len.unwrap_or(field.len()) as u64, terminated: true }
}

/// SIOCBRADDBR, SIOCBRDELBR: a bridge's name, of which the kernel reads no more than a name may have.
pub fn bridge(ctx: &Ctx<'_>, index: usize) -> Value {
    options::bounded_string(ctx, index, NAME)
}

/// An address of the link layer: `{sa_family=ARPHRD_ETHER, sa_data=02:42:ac:11:00:02}`.
fn hardware(ctx: &Ctx<'_>, bytes: &[u8]) -> Value {
    /// Kinds whose addresses have six bytes, linux/if_arp.h: Ethernet, IEEE 802, loopback, wireless.
    const SIX: [u64; 6] = [1, 6, 772, 801, 802, 803];
    let family = le(take(bytes, 2));
    let data = bytes.get(2..).unwrap_or_default();
    let mut text = String::new();
    for byte in take(data, if SIX.contains(&family) { 6 } else { data.len() }) {
        let colon = if text.is_empty() { "" } else { ":" };
        let _ = write!(text, "{colon}{byte:02x}");
    }
    Value::structure(
        "sockaddr",
        vec![("sa_family".into(), HARDWARE.name(ctx.arch(), family, 16)), ("sa_data".into(), Value::Text(text.into()))],
    )
}

/// `struct ifmap`: what the device occupies.
fn map(word: usize, bytes: &[u8]) -> Value {
    let part = |at: usize, len: usize| Value::Hex(le(take(bytes.get(at..).unwrap_or_default(), len)));
    Value::structure(
        "ifmap",
        vec![
            ("mem_start".into(), part(0, word)),
            ("mem_end".into(), part(word, word)),
            ("base_addr".into(), part(2 * word, 2)),
            ("irq".into(), part(2 * word + 2, 1)),
            ("dma".into(), part(2 * word + 3, 1)),
            ("port".into(), part(2 * word + 4, 1)),
        ],
    )
}

/// SIOCGIFCONF, netdevice(7): room for addresses of interfaces, and those that there are.
pub fn all(ctx: &Ctx<'_>, index: usize) -> Value {
    let (addr, word) = (ctx.arg(index), ctx.word());
    // struct ifreq: a name of 16 bytes and a union that holds a map of the device.
    let one = NAME + if word == 8 { 24 } else { 16 };
    let Some(bytes) = ctx.read(Side::Entry, addr, 2 * word) else { return Value::address(addr) };
    let (room, buffer) = (le(&bytes[..4]) as i32, le(&bytes[word..]));
    let len = |len: i32| match len as usize / one {
        0 => Value::Signed(len.into()),
        count if len > 0 && (len as usize).is_multiple_of(one) => {
            Value::Signed(len.into()).commented(format!("{count} * sizeof(struct ifreq)"))
        }
        _ => Value::Signed(len.into()),
    };
    let Some(filled) = ctx.returned().and_then(|_| ctx.int(Side::Exit, addr)) else {
        let fields = vec![("ifc_len".into(), len(room)), ("ifc_buf".into(), Value::address(buffer))];
        return Value::structure("ifconf", fields);
    };
    let total = if room == filled || buffer == 0 {
        len(filled)
    } else {
        Value::Changed(Box::new(Value::Signed(room.into())), Box::new(len(filled)))
    };
    let list = if buffer == 0 {
        Value::Null
    } else {
        ctx.elements(Side::Exit, buffer, (filled.max(0) as usize / one) as u64, one, |bytes| {
            let name = name(take(bytes, NAME));
            let address = sockaddr::address(ctx, take(bytes.get(NAME..).unwrap_or_default(), 16));
            Value::structure("ifreq", vec![("ifr_name".into(), name), ("ifr_addr".into(), address)])
        })
    };
    Value::structure("ifconf", vec![("ifc_len".into(), total), ("ifc_buf".into(), list)])
}
