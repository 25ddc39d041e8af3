//! Types of netlink(7) messages by their protocol, the flags that they may have, and what follows their headers:
//! rtnetlink(7), netfilter's, those of SELinux, of the kernel's ciphers, and of generic netlink.

use super::names::{
    AUDIT_MESSAGE, CRYPTO_MESSAGE, FAMILY, GENERIC_FAMILY, NETFILTER_BATCH, NETFILTER_SUBSYSTEM, NETLINK_TYPE,
    ROUTE_MESSAGE, SELINUX_MESSAGE, SOCK_DIAG_MESSAGE, Set, XFRM_MESSAGE,
};
use super::netlink::{self, kind_of_flags};
use super::netlink_attributes::{Message, list};
use crate::abi;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, le};

const AUDIT: u64 = 9;
const XFRM: u64 = 6;

/// The messages of netfilter's subsystems, linux/netfilter/nfnetlink.h, with an action for each that has flags of its
/// own: n for new, g for get, d for delete.
fn subsystem(number: u64) -> Option<(Set, &'static str)> {
    Some(match number {
        1 => (Set("nl_nf_ctnetlink_msg_types"), "ngdggggg"),
        2 => (Set("nl_nf_ctnetlink_exp_msg_types"), "ngdg"),
        3 => (Set("nl_nf_queue_msg_types"), ""),
        4 => (Set("nl_nf_ulog_msg_types"), ""),
        5 => (Set("nl_nf_osf_msg_types"), ""),
        6 => (Set("nl_nf_ipset_msg_types"), ""),
        7 => (Set("nl_nf_acct_msg_types"), "nggd"),
        8 => (Set("nl_nf_cttimeout_msg_types"), "ngd"),
        9 => (Set("nl_nf_cthelper_msg_types"), "ngd"),
        10 => (Set("nl_nf_nftables_msg_types"), "ngdngdngdngdngdng-ngdgngd"),
        11 => (Set("nl_nf_nft_compat_msg_types"), "g"),
        12 => (Set("nl_nf_hook_msg_types"), "g"),
        _ => return None,
    })
}

/// A type from 16 on.
pub fn name(ctx: &Ctx<'_>, protocol: u64, kind: u64) -> Value {
    let arch = ctx.arch();
    let set = match protocol {
        netlink::ROUTE => ROUTE_MESSAGE,
        netlink::SOCK_DIAG => SOCK_DIAG_MESSAGE,
        XFRM => XFRM_MESSAGE,
        netlink::SELINUX => SELINUX_MESSAGE,
        AUDIT => AUDIT_MESSAGE,
        netlink::GENERIC => GENERIC_FAMILY,
        netlink::CRYPTO => CRYPTO_MESSAGE,
        netlink::NETFILTER => {
            let whole = NETFILTER_BATCH.name(arch, kind, 16);
            if let Value::Named(_) = whole {
                return whole;
            }
            let own = match subsystem(kind >> 8) {
                Some((set, _)) => set.name(arch, kind & 0xff, 8),
                None => Value::Hex(kind & 0xff),
            };
            let subsystem = NETFILTER_SUBSYSTEM.name(arch, kind >> 8, 8);
            return Value::Text(format!("{}<<8|{}", subsystem.text(), own.text()).into());
        }
        _ => NETLINK_TYPE,
    };
    set.name(arch, kind, 16)
}

/// The flags that messages of that type have besides those of all.
pub fn flags(protocol: u64, kind: u64) -> Option<Set> {
    const DELETE_ACTION: u64 = 49;
    match protocol {
        netlink::ROUTE if kind == DELETE_ACTION => kind_of_flags('g'),
        netlink::ROUTE => kind_of_flags(['n', 'd', 'g', '-'][(kind & 3) as usize]),
        netlink::SOCK_DIAG => kind_of_flags('g'),
        netlink::CRYPTO => kind_of_flags(match kind {
            0x10 => 'n',
            0x11 | 0x14 => 'd',
            0x13 => 'g',
            _ => '-',
        }),
        XFRM => kind_of_flags(match kind {
            0x10 | 0x13 | 0x1e | 0x22 | 0x24 => 'n',
            0x11 | 0x14 => 'd',
            0x12 | 0x15 | 0x1f | 0x23 | 0x25 => 'g',
            _ => '-',
        }),
        netlink::NETFILTER => {
            let (_, actions) = subsystem(kind >> 8)?;
            kind_of_flags(actions.chars().nth((kind & 0xff) as usize)?)
        }
        _ => None,
    }
}

/// The structure and the attributes of a message of rtnetlink(7).
fn shape(kind: u64, family: u64) -> Option<(&'static str, &'static str)> {
    const BRIDGE: u64 = 7;
    const GET_NEIGHBOUR: u64 = 30;
    Some(match kind {
        16..=19 => ("ifinfomsg", "link"),
        20..=22 => ("ifaddrmsg", "addr"),
        24..=26 => ("rtmsg", "route"),
        GET_NEIGHBOUR if family == BRIDGE => ("ifinfomsg", "link"),
        28..=30 => ("ndmsg", "neigh"),
        32..=34 => ("fib_rule_hdr", "rule"),
        36..=38 | 40..=42 | 44..=46 | 100..=102 => ("tcmsg", "tc"),
        48..=50 => ("tcamsg", "tc_action"),
        // Since Linux 6.14 groups are announced, too.
        56..=58 | 60..=62 => ("ifaddrmsg", "addr"),
        64 | 66 | 67 => ("ndtmsg", "neightbl"),
        72..=74 => ("ifaddrlblmsg", "addrlabel"),
        78 | 79 => ("dcbmsg", "dcb"),
        80..=82 => ("netconfmsg", "netconf"),
        84..=86 => ("br_port_msg", "mdb"),
        88..=90 => ("rtgenmsg", "nsid"),
        92 | 94 => ("if_stats_msg", "ifstats"),
        104..=106 => ("nhmsg", "nexthop"),
        _ => return None,
    })
}

/// rtnetlink(7): the family decides little, the type everything.
pub fn route(part: &Message<'_>, kind: u64) -> Option<Vec<Value>> {
    let Some(first) = part.read(1) else { return Some(vec![Value::Address(part.addr)]) };
    Some(match shape(kind, le(first)).map(|(layout, table)| (abi::structure(layout), abi::attributes(table))) {
        Some((Some(layout), table)) => part.header(layout, table),
        _ => vec![family(part, le(first))],
    })
}

/// A message of which only the family is known.
pub fn family(part: &Message<'_>, family: u64) -> Value {
    let mut fields = vec![("family".into(), FAMILY.name(part.ctx.arch(), family, 8))];
    if part.len > 1 {
        fields.push(("data".into(), part.behind(1).bytes()));
    }
    Value::structure("rtgenmsg", fields)
}

pub fn selinux(part: &Message<'_>, kind: u64) -> Option<Vec<Value>> {
    let name = match kind {
        0x10 => "selnl_msg_setenforce",
        0x11 => "selnl_msg_policyload",
        _ => return None,
    };
    Some(vec![part.structure(abi::structure(name)?)])
}

pub fn crypto(part: &Message<'_>, kind: u64) -> Option<Vec<Value>> {
    if !(0x10..=0x13).contains(&kind) {
        return None;
    }
    let layout = abi::structure("crypto_user_alg")?;
    let size = u64::from(layout.layout(part.ctx.arch()).size);
    if part.len < size {
        return Some(vec![part.ctx.buffer(part.side, part.addr, part.len)]);
    }
    let value = part.structure(layout);
    let rest = part.behind(size);
    let shown = matches!(value, Value::Struct { .. });
    let mut items = vec![value];
    if let Some(table) = abi::attributes("crypto_nl").filter(|_| shown && rest.len != 0) {
        items.push(list(&rest, table));
    }
    Some(items)
}

/// Generic netlink: of its families only the one that tells the numbers of the others has a fixed number.
pub fn generic(part: &Message<'_>, kind: u64) -> Option<Vec<Value>> {
    const CONTROL: u64 = 16;
    const HEADER: u64 = 4;
    if kind != CONTROL || part.len < HEADER {
        return None;
    }
    let value = part.structure(abi::structure("genlmsghdr")?);
    let rest = part.behind(HEADER);
    let shown = matches!(value, Value::Struct { .. });
    let mut items = vec![value];
    if let Some(table) = abi::attributes("ctrl").filter(|_| shown && rest.len != 0) {
        items.push(list(&rest, table));
    }
    Some(items)
}

/// netfilter: a header, and attributes of which nobody says what they are called.
pub fn netfilter(part: &Message<'_>, kind: u64) -> Option<Vec<Value>> {
    const HEADER: u64 = 4;
    const TABLES: u64 = 10;
    const FIRST: u64 = 16;
    const BATCH: std::ops::RangeInclusive<u64> = 16..=17;
    if kind < FIRST {
        return None;
    }
    let Some(bytes) = part.read(HEADER as usize) else {
        return Some(vec![if part.len < HEADER { part.bytes() } else { Value::Address(part.addr) }]);
    };
    let (id, swapped) = (le(&bytes[2..4]), u64::from(u16::from_be_bytes([bytes[2], bytes[3]])));
    let resource = match kind >> 8 {
        TABLES if swapped == TABLES => Value::Named("htons(NFNL_SUBSYS_NFTABLES)".into()),
        TABLES if id == TABLES => Value::Named("NFNL_SUBSYS_NFTABLES".into()),
        _ => Value::Call { function: "htons", args: vec![Value::Unsigned(swapped)] },
    };
    let version = match bytes[1] {
        0 => Value::Named("NFNETLINK_V0".into()),
        other => Value::Unknown { raw: other.into(), comment: "NFNETLINK_???" },
    };
    let header = Value::structure(
        "nfgenmsg",
        vec![
            ("nfgen_family".into(), FAMILY.name(part.ctx.arch(), bytes[0].into(), 8)),
            ("version".into(), version),
            ("res_id".into(), resource),
        ],
    );
    let rest = part.behind(HEADER);
    let mut items = vec![header];
    if rest.len != 0 {
        items.push(match abi::attributes("unnamed").filter(|_| !BATCH.contains(&kind)) {
            Some(table) => list(&rest, table),
            None => rest.bytes(),
        });
    }
    Some(items)
}
