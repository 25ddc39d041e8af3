//! Values of socket options, setsockopt(2): most are one number, some a structure, the rest bytes.

use std::borrow::Cow;

use super::filter::{self, Owner};
use super::names::{ICMP_TYPE, PACKET_MEMBERSHIP, TXREHASH};
use super::sockaddr;
use crate::abi::{self, Dir};
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le, take};

// linux/socket.h
const SOL_IP: u32 = 0;
const SOL_SOCKET: u32 = 1;
const SOL_IPV6: u32 = 41;
const SOL_RAW: u32 = 255;
const SOL_PACKET: u32 = 263;
const SOL_NETLINK: u32 = 270;
// asm-generic/socket.h
const SO_ERROR: u32 = 4;
const SO_LINGER: u32 = 13;
const SO_PEERCRED: u32 = 17;
const SO_RCVTIMEO_OLD: u32 = 20;
const SO_SNDTIMEO_OLD: u32 = 21;
const SO_ATTACH_FILTER: u32 = 26;
const SO_ATTACH_REUSEPORT_CBPF: u32 = 51;
const SO_RCVTIMEO_NEW: u32 = 66;
const SO_SNDTIMEO_NEW: u32 = 67;
const SO_TXREHASH: u32 = 74;
// linux/in.h, linux/if_packet.h, linux/netlink.h
const MCAST_JOIN_GROUP: u32 = 42;
const MCAST_LEAVE_GROUP: u32 = 45;
const PACKET_ADD_MEMBERSHIP: u32 = 1;
const PACKET_DROP_MEMBERSHIP: u32 = 2;
const PACKET_STATISTICS: u32 = 6;
const NETLINK_LIST_MEMBERSHIPS: u32 = 9;
/// Of raw sockets, linux/icmp.h.
const ICMP_FILTER: u32 = 1;

/// An option's value: where its bytes are, how many there are, whose option it is.
struct SocketOption<'a> {
    ctx: &'a Ctx<'a>,
    side: Side,
    addr: u64,
    len: u64,
    bytes: &'a [u8],
    fault: bool,
    set: bool,
    level: u32,
    name: u32,
}

/// Argument `index`; the length is the next one, behind a pointer where the kernel fills the value in.
pub fn decode(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let set = dir == Dir::In;
    let (side, len) = if set {
        (Side::Entry, Some(i64::from(ctx.arg(index + 1) as i32)))
    } else if ctx.returned().is_some() {
        (Side::Exit, ctx.uint(Side::Exit, ctx.arg(index + 1), 4).map(|len| i64::from(len as i32)))
    } else {
        return Value::address(addr);
    };
    let (level, name) = (ctx.arg(1) as u32, ctx.arg(2) as u32);
    let Some(len) = len.and_then(|len| u64::try_from(len).ok()) else { return Value::address(addr) };
    if (level, name, set) == (SOL_SOCKET, SO_ATTACH_FILTER, false) {
        // The length counts instructions here: before the call there was room for that many.
        let room = ctx.uint(Side::Entry, ctx.arg(index + 1), 4).unwrap_or(0);
        return match addr {
            0 => Value::Null,
            _ if room == 0 || !ctx.options.verbose => Value::address(addr),
            _ => filter::instructions(ctx, side, addr, len, Owner::Socket),
        };
    }
    let piece = ctx.memory(side).at(addr).filter(|_| len != 0);
    if addr == 0 || (piece.is_none() && len != 0) {
        return Value::address(addr);
    }
    let (bytes, fault) = piece.map_or((&[][..], false), |piece| (piece.bytes, piece.fault));
    let bytes = take(bytes, usize::try_from(len).unwrap_or(usize::MAX));
    SocketOption { ctx, side, addr, len, bytes, fault, set, level, name }.value()
}

impl SocketOption<'_> {
    fn value(&self) -> Value {
        match (self.level, self.name) {
            (SOL_SOCKET, SO_LINGER) => self.record("linger", &["l_onoff", "l_linger"], false),
            (SOL_SOCKET, SO_PEERCRED) if !self.set => self.record("ucred", &["pid", "uid", "gid"], true),
            (SOL_SOCKET, SO_ATTACH_FILTER | SO_ATTACH_REUSEPORT_CBPF) if self.set => {
                if self.len == 2 * self.ctx.word() as u64 {
                    filter::program(self.ctx, self.addr, Owner::Socket)
                } else {
                    Value::address(self.addr)
                }
            }
            (SOL_SOCKET, SO_RCVTIMEO_OLD | SO_SNDTIMEO_OLD) => self.time(2 * self.ctx.word()),
            (SOL_SOCKET, SO_RCVTIMEO_NEW | SO_SNDTIMEO_NEW) => self.time(16),
            (SOL_SOCKET, SO_TXREHASH) => self.number(|n| match TXREHASH.name(self.ctx.arch(), n as u32 as u64, 32) {
                Value::Unknown { comment, .. } => Value::Signed(n.into()).commented(comment),
                name => name,
            }),
            (SOL_SOCKET, SO_ERROR) if !self.set => self.number(error),
            (SOL_SOCKET, name) if number(name) => self.number(|n| Value::Signed(n.into())),
            (SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS) if !self.set => {
                let room = self.ctx.uint(Side::Entry, self.ctx.arg(4), 4).unwrap_or(self.len);
                self.ctx.elements(self.side, self.addr, self.len.min(room) / 4, 4, |b| Value::Hex(le(b)))
            }
            (SOL_NETLINK, _) if self.set => self.number(|n| Value::Signed(n.into())),
            (SOL_RAW, ICMP_FILTER) => self.icmp(),
            _ => self.group().unwrap_or_else(|| self.other()),
        }
    }

    /// What nothing is known of: four bytes are a number.
    fn other(&self) -> Value {
        match self.len {
            4 => self.number(|n| Value::Signed(n.into())),
            0 if !self.set => Value::address(self.addr),
            _ => self.ctx.buffer(self.side, self.addr, self.len),
        }
    }

    /// A timeval that takes `size` bytes.
    fn time(&self, size: usize) -> Value {
        match abi::structure("timeval").filter(|layout| layout.layout(self.ctx.arch()).size as usize == size) {
            Some(layout) if self.bytes.len() == size => self.ctx.structure(layout, self.bytes),
            _ => self.other(),
        }
    }

    /// An int. What is longer is read as one, what is shorter the kernel refuses to set and cuts when it is asked.
    fn number(&self, show: impl Fn(i32) -> Value) -> Value {
        match self.bytes.get(..4) {
            Some(bytes) => Value::pointee(show(le(bytes) as i32)),
            None if self.set || self.fault || self.bytes.is_empty() => Value::address(self.addr),
            None => Value::HexStr { bytes: self.bytes.to_vec(), true_len: self.bytes.len() as u64 },
        }
    }

    /// A structure of ints, of which the kernel gives as much as there is room for.
    fn record(&self, name: &'static str, names: &[&'static str], unsigned_after: bool) -> Value {
        if self.bytes.is_empty() || (self.set && self.bytes.len() < names.len() * 4) {
            return Value::address(self.addr);
        }
        let mut fields: Vec<(Cow<'static, str>, Value)> = Vec::new();
        for (i, (label, part)) in names.iter().zip(self.bytes.chunks(4)).enumerate() {
            let value = match part.len() {
                4 if unsigned_after && i > 0 => Value::Unsigned(le(part)),
                4 => Value::Signed(le(part) as i32 as i64),
                len => Value::HexStr { bytes: part.to_vec(), true_len: len as u64 },
            };
            fields.push(((*label).into(), value));
        }
        Value::structure(name, fields)
    }

    /// A set of ICMP types that are not wanted; each bit that is set keeps one out.
    fn icmp(&self) -> Value {
        let Some(mask) = self.bytes.get(..4).map(le).filter(|_| self.len <= 4 || self.set) else {
            return Value::address(self.addr);
        };
        let arch = self.ctx.arch();
        let inverted = mask.count_ones() >= 22;
        let shown = if inverted { !mask & 0xffff_ffff } else { mask };
        let names = (0..32).filter(|bit| shown >> bit & 1 == 1).map(|bit| match ICMP_TYPE.name(arch, bit, 32) {
            Value::Named(name) => name,
            _ => format!("{:#x}", 1u64 << bit).into(),
        });
        Value::Set { items: names.collect(), inverted }
    }

    /// Groups that a socket joins or leaves, ip(7), ipv6(7) and packet(7), and the ring of packet(7).
    fn group(&self) -> Option<Value> {
        let number = |at: usize| self.bytes.get(at..at + 4).map(|b| Value::Unsigned(le(b)));
        let short = || Some(Value::address(self.addr));
        match (self.level, self.name) {
            // IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP
            (SOL_IP, 35 | 36) if self.set => match self.bytes.get(..8) {
                Some(bytes) => {
                    let group = ("imr_multiaddr".into(), sockaddr::ipv4(&bytes[..4]));
                    Some(Value::structure(
                        "ip_mreq",
                        vec![group, ("imr_interface".into(), sockaddr::ipv4(&bytes[4..]))],
                    ))
                }
                None => short(),
            },
            // IPV6_ADD_MEMBERSHIP, IPV6_DROP_MEMBERSHIP, IPV6_JOIN_ANYCAST, IPV6_LEAVE_ANYCAST
            (SOL_IPV6, 20 | 21 | 27 | 28) if self.set => match self.bytes.get(..20) {
                Some(bytes) => {
                    let group = ("".into(), sockaddr::ipv6(&bytes[..16], "&ipv6mr_multiaddr"));
                    let interface = ("ipv6mr_interface".into(), sockaddr::interface(le(&bytes[16..])));
                    Some(Value::structure("ipv6_mreq", vec![group, interface]))
                }
                None => short(),
            },
            (SOL_IP | SOL_IPV6, MCAST_JOIN_GROUP | MCAST_LEAVE_GROUP) if self.set => {
                // The address is aligned like a word.
                let word = self.ctx.word();
                match self.bytes.get(..word + 128) {
                    Some(bytes) => {
                        let interface = ("gr_interface".into(), sockaddr::interface(le(&bytes[..4])));
                        let group = ("gr_group".into(), sockaddr::address(self.ctx, &bytes[word..]));
                        Some(Value::structure("group_req", vec![interface, group]))
                    }
                    None => short(),
                }
            }
            (SOL_PACKET, PACKET_ADD_MEMBERSHIP | PACKET_DROP_MEMBERSHIP) if self.set => {
                if self.len != 16 || self.bytes.len() < 16 {
                    return short();
                }
                let kind = PACKET_MEMBERSHIP.name(self.ctx.arch(), le(&self.bytes[4..6]), 16);
                let len = le(&self.bytes[6..8]);
                let address: Vec<String> =
                    self.bytes[8..16].iter().take(len as usize).map(|b| format!("{b:02x}")).collect();
                let fields = vec![
                    ("mr_ifindex".into(), sockaddr::interface(le(&self.bytes[..4]))),
                    ("mr_type".into(), kind),
                    ("mr_alen".into(), Value::Unsigned(len)),
                    ("mr_address".into(), Value::Text(address.join(":").into())),
                ];
                Some(Value::structure("packet_mreq", fields))
            }
            // PACKET_RX_RING, PACKET_TX_RING
            (SOL_PACKET, 5 | 13) if self.set => {
                if self.len != 16 || self.bytes.len() < 16 {
                    return short();
                }
                let names = ["tp_block_size", "tp_block_nr", "tp_frame_size", "tp_frame_nr"];
                let fields = names.iter().enumerate().map(|(i, name)| Some(((*name).into(), number(i * 4)?)));
                Some(Value::structure("tpacket_req", fields.collect::<Option<_>>()?))
            }
            (SOL_PACKET, PACKET_STATISTICS) if !self.set => {
                let names = ["tp_packets", "tp_drops", "tp_freeze_q_cnt"];
                let fields = names.iter().enumerate().map_while(|(i, name)| Some(((*name).into(), number(i * 4)?)));
                Some(Value::structure("tpacket_stats", fields.collect()))
            }
            _ => None,
        }
    }
}

/// The error that a socket kept, by its name.
fn error(number: i32) -> Value {
    match u16::try_from(number).ok().and_then(crate::decode::errno_name) {
        Some((name, _)) => Value::Named(name.into()),
        None => Value::Signed(number.into()),
    }
}

/// Options of SOL_SOCKET that are one int.
fn number(option: u32) -> bool {
    matches!(
        option,
        1 | 2
            | 5..=12
            | 14..=16
            | 18 | 19
            | 27
            | 29
            | 30
            | 32..=37
            | 40..=46
            | 49
            | 53
            | 56
            | 60
            | 63..=65
            | 68..=70
            | 73
            | 75 | 76
            | 82..=84
    )
}
