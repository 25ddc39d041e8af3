//! What attributes of netlink(7) messages hold that no table can say: addresses of the message's family, hardware
//! addresses, times, and attributes that depend on the ones before them.

use super::names::{DEVCONF4, DEVCONF6, ETHERTYPE, FAMILY, ICMP6_STATISTICS, IP_STATISTICS, Set};
use super::netlink_attributes::{Message, by_set, list};
use super::record::Record;
use super::sockaddr::{ipv4, ipv6_alone};
use crate::abi;
use crate::decode::signal;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, le};

/// What earlier attributes of the same list said.
#[derive(Default)]
pub struct Seen {
    kind: Vec<u8>,
    slave: Vec<u8>,
}

/// The content of an attribute by the name of its kind; None if it is too short, or nothing is known of it.
pub fn decode(part: &Message<'_>, name: &str, seen: &mut Seen) -> Option<Value> {
    match name {
        "addr" => address(part, part.family),
        "in" => address(part, 2),
        "in6" => address(part, 10),
        "afspec" => Some(families(part)),
        "protinfo" => match part.family {
            BRIDGE => Some(list(part, abi::attributes("ifla_brport")?)),
            10 => Some(list(part, abi::attributes("ifla_af_spec_inet6")?)),
            _ => None,
        },
        // An interface, and what is known of the router behind it.
        "routerport" => {
            let bytes = needed(part, 4)?;
            let mut items =
                vec![bytes.map_or(Value::Address(part.addr), |bytes| super::sockaddr::interface(le(bytes)))];
            let rest = part.behind(4);
            if let Some(table) = abi::attributes("mdba_router_pattr").filter(|_| rest.len != 0) {
                items.push(list(&rest, table));
            }
            Some(Value::Call { function: "", args: items })
        }
        "be16" => big(part, 2, "htons"),
        "be64" => big(part, 8, "htobe64"),
        "bytes" => Some(part.ctx.elements(part.side, part.addr, part.len, 1, |byte| Value::Unsigned(le(byte)))),
        "clock" => number(part).map(|n| n.map_or(Value::Address(part.addr), signal::ticks)),
        "ethertype" => {
            let bytes = needed(part, 2)?;
            Some(bytes.map_or(Value::Address(part.addr), |bytes| {
                let kind = u64::from(u16::from_be_bytes([bytes[0], bytes[1]]));
                let name = match ETHERTYPE.name(part.ctx.arch(), kind, 16) {
                    Value::Unknown { raw, .. } => Value::Unknown { raw, comment: "ETHER_P_???" },
                    name => name,
                };
                Value::Call { function: "htons", args: vec![name] }
            }))
        }
        "bridgeid" => {
            let bytes = needed(part, 8)?;
            Some(bytes.map_or(Value::Address(part.addr), |bytes| {
                let priority = bytes[..2].iter().map(|&byte| Value::Unsigned(byte.into())).collect();
                let priority = Value::Array { items: priority, elided: false };
                Value::structure("bridge_id", vec![("prio".into(), priority), ("addr".into(), mac(&bytes[2..8]))])
            }))
        }
        "conf4" => numbered(part, DEVCONF4, 4, true),
        "conf6" => numbered(part, DEVCONF6, 4, true),
        "stats6" => numbered(part, IP_STATISTICS, 8, false),
        "icmp6" => numbered(part, ICMP6_STATISTICS, 8, false),
        "linkstats" if seen.kind == b"can" && part.len >= 24 => {
            Some(part.structure(abi::structure("can_device_stats")?))
        }
        "vfbroadcast" | "vfguid" | "vfmac" | "vfvlan" => function(part, name),
        "linkdata" | "slavedata" => {
            let kind = if name == "linkdata" { &seen.kind } else { &seen.slave };
            let table = match (kind.as_slice(), name) {
                (b"bridge", "linkdata") => "ifla_info_data_bridge",
                (b"tun", "linkdata") => "ifla_info_data_tun",
                (b"bridge", _) => "ifla_brport",
                _ => return None,
            };
            Some(list(part, abi::attributes(table)?))
        }
        "mac" => hardware(part),
        "meminfo" => memory(part),
        "str" => Some(text(part, true)),
        "strn" => Some(text(part, false)),
        "kind" | "slavekind" => {
            let value = text(part, false);
            if let Value::Str { bytes, .. } = &value {
                if name == "kind" { &mut seen.kind } else { &mut seen.slave }.clone_from(bytes);
            }
            Some(value)
        }
        "xint" => match part.len {
            1 | 2 | 4 | 8 => number(part).map(|n| n.map_or(Value::Address(part.addr), Value::Hex)),
            _ => None,
        },
        _ => None,
    }
}

/// AF_BRIDGE of linux/socket.h.
const BRIDGE: u64 = 7;

/// `len` bytes: None if there are fewer, Some(None) if they could not be read.
fn needed<'a>(part: &Message<'a>, len: usize) -> Option<Option<&'a [u8]>> {
    (part.len >= len as u64).then(|| part.read(len))
}

/// A number of the attribute's own length.
fn number(part: &Message<'_>) -> Option<Option<u64>> {
    let len = usize::try_from(part.len).ok().filter(|len| *len <= 8)?;
    Some(part.read(len).map(le))
}

fn big(part: &Message<'_>, len: usize, function: &'static str) -> Option<Value> {
    let value = needed(part, len)?;
    Some(value.map_or(Value::Address(part.addr), |bytes| {
        let number = bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte));
        Value::Call { function, args: vec![Value::Unsigned(number)] }
    }))
}

fn address(part: &Message<'_>, family: u64) -> Option<Value> {
    let len = match family {
        2 => 4,
        10 => 16,
        _ => return None,
    };
    let bytes = needed(part, len)?;
    Some(bytes.map_or(Value::Address(part.addr), |bytes| address_of(family, bytes)))
}

/// An address from its bytes, of which there are enough.
pub fn address_of(family: u64, bytes: &[u8]) -> Value {
    match family {
        2 => ipv4(&bytes[..4]),
        10 => ipv6_alone(&bytes[..16]),
        _ => Value::HexStr { bytes: bytes.to_vec(), true_len: bytes.len() as u64 },
    }
}

/// `00:16:3e:01:02:03`
fn hardware(part: &Message<'_>) -> Option<Value> {
    const LONGEST: u64 = 32;
    if part.len > LONGEST {
        return None;
    }
    Some(part.read(part.len as usize).map_or(Value::Address(part.addr), mac))
}

pub fn mac(bytes: &[u8]) -> Value {
    let parts: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Value::Text(parts.join(":").into())
}

/// A string, whose last byte should be a NUL. With `whole` nothing ends it before.
fn text(part: &Message<'_>, whole: bool) -> Value {
    let Some(piece) = part.ctx.memory(part.side).at(part.addr) else { return Value::Address(part.addr) };
    let len = usize::try_from(part.len).unwrap_or(usize::MAX);
    if piece.bytes.len() < len && piece.fault {
        return Value::Address(part.addr);
    }
    let bytes = &piece.bytes[..len.min(piece.bytes.len())];
    let end = match whole {
        true => (bytes.last() == Some(&0)).then(|| bytes.len() - 1),
        false => bytes.iter().position(|&byte| byte == 0),
    };
    let own = &bytes[..end.unwrap_or(bytes.len())];
    let shown = &own[..own.len().min(part.ctx.options.string_limit)];
    Value::Str { bytes: shown.to_vec(), true_len: own.len() as u64, terminated: end.is_some() }
}

/// What is known of a link by each address family; of a bridge in its own way.
fn families(part: &Message<'_>) -> Value {
    if part.family == BRIDGE
        && let Some(table) = abi::attributes("ifla_af_spec_bridge")
    {
        return list(part, table);
    }
    by_set(part, FAMILY, |family, inner| {
        let table = match family {
            2 => "ifla_af_spec_inet",
            10 => "ifla_af_spec_inet6",
            45 => "ifla_af_spec_mctp",
            _ => return None,
        };
        Some(list(inner, abi::attributes(table)?))
    })
}

/// What a virtual function of a card is set to: its address, its network, its identifier.
fn function(part: &Message<'_>, name: &str) -> Option<Value> {
    let ctx = part.ctx;
    let show = |size: usize, fill: &dyn Fn(&mut Record<'_>)| {
        let bytes = needed(part, size)?;
        Some(bytes.map_or(Value::Address(part.addr), |bytes| {
            let mut record = Record::new(ctx, bytes);
            fill(&mut record);
            record.end("")
        }))
    };
    match (name, part.len) {
        ("vfmac", _) => show(36, &|r| {
            let address = mac(r.from(4));
            r.unsigned("vf", 0, 4).add("mac", address);
        }),
        ("vfbroadcast", _) => show(32, &|r| {
            let address = mac(r.from(0));
            r.add("broadcast", address);
        }),
        ("vfguid", 12) => show(12, &|r| _ = r.unsigned("vf", 0, 4).hex("guid", 4, 8)),
        ("vfguid", 16) => show(16, &|r| _ = r.unsigned("vf", 0, 4).hex("guid", 8, 8)),
        ("vfvlan", _) => show(16, &|r| {
            let protocol = ETHERTYPE.name(ctx.arch(), (r.raw(12, 2) as u16).swap_bytes().into(), 16);
            let protocol = match protocol {
                Value::Unknown { raw, .. } => Value::Unknown { raw, comment: "ETH_P_???" },
                name => name,
            };
            let protocol = Value::Call { function: "htons", args: vec![protocol] };
            r.unsigned("vf", 0, 4).unsigned("vlan", 4, 4).unsigned("qos", 8, 4).add("vlan_proto", protocol);
        }),
        _ => None,
    }
}

/// Numbers of `width` bytes, each with the name of what it counts or sets.
fn numbered(part: &Message<'_>, set: Set, width: usize, signed: bool) -> Option<Value> {
    let count = part.len / width as u64;
    if count == 0 {
        return None;
    }
    let mut index = 0;
    Some(part.ctx.elements(part.side, part.addr, count, width, |bytes| {
        let name = match set.name(part.ctx.arch(), index, 32) {
            Value::Unknown { raw, comment } => format!("{raw} /* {comment} */"),
            name => name.text(),
        };
        index += 1;
        let value = if signed { (le(bytes) as i32).to_string() } else { le(bytes).to_string() };
        Value::Text(format!("[{name}]={value}").into())
    }))
}

/// SO_MEMINFO of socket(7): numbers by what they count.
fn memory(part: &Message<'_>) -> Option<Value> {
    const NAMES: [&str; 9] =
        ["RMEM_ALLOC", "RCVBUF", "WMEM_ALLOC", "SNDBUF", "FWD_ALLOC", "WMEM_QUEUED", "OPTMEM", "BACKLOG", "DROPS"];
    if part.len < 4 {
        return None;
    }
    let mut index = 0;
    let mut named = |bytes: &[u8]| {
        let name = match NAMES.get(index) {
            Some(name) => format!("SK_MEMINFO_{name}"),
            None => format!("{index} /* SK_MEMINFO_??? */"),
        };
        index += 1;
        Value::Text(format!("[{name}]={}", le(bytes)).into())
    };
    let ctx: &Ctx<'_> = part.ctx;
    Some(ctx.elements(part.side, part.addr, part.len / 4, 4, &mut named))
}
