//! sock_diag(7): questions about sockets of a family, and the sockets.

use super::names::{DIAG_EXTENSION, DIAG_STATE, DIAG_STATES, FAMILY, IP_PROTOCOL, SMC_EXTENSION, SMC_MODE, SMC_STATE};
use super::netlink_attributes::{Message, list};
use super::netlink_special::address_of;
use super::netlink_types;
use super::record::Record;
use super::sockaddr::{interface, ipv6, port};
use crate::abi;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, le};

/// NLM_F_REQUEST of linux/netlink.h.
const REQUEST: u64 = 1;
const NLMSG_DONE: u64 = 3;
/// SOCK_DIAG_BY_FAMILY and SOCK_DESTROY of linux/sock_diag.h; what came before asked for one family alone.
const BY_FAMILY: u64 = 20;

/// Shared memory communications of linux/socket.h.
const AF_SMC: u64 = 43;

/// What follows the header.
pub fn payload(part: &Message<'_>, kind: u64) -> Option<Vec<Value>> {
    if kind == NLMSG_DONE {
        return None;
    }
    let Some(first) = part.read(1) else { return Some(vec![Value::Address(part.addr)]) };
    let family = le(first);
    // The flags stand in the header, just before.
    let flags = part.ctx.uint(part.side, part.addr.wrapping_sub(10), 2).unwrap_or(0);
    let asks = flags & REQUEST != 0;
    let (layout, table) = match (family, asks) {
        _ if part.len < 2 => return Some(vec![netlink_types::family(part, family)]),
        (1, true) => ("unix_diag_req", None),
        (1, false) => ("unix_diag_msg", Some("unix_diag")),
        (2 | 10, true) if kind < BY_FAMILY => return Some(internet(part, family, Form::Old)),
        (2 | 10, true) => return Some(internet(part, family, Form::New)),
        (2 | 10, false) => return Some(internet(part, family, Form::Answer)),
        (16, true) => ("netlink_diag_req", None),
        (16, false) => ("netlink_diag_msg", Some("netlink_diag")),
        (AF_SMC, _) => return Some(shared_memory(part, asks)),
        (17, true) => ("packet_diag_req", None),
        (17, false) => ("packet_diag_msg", Some("packet_diag")),
        _ => return Some(vec![netlink_types::family(part, family)]),
    };
    Some(part.header(abi::structure(layout)?, table.and_then(abi::attributes)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `struct inet_diag_req` of linux/inet_diag.h.
    Old,
    /// `struct inet_diag_req_v2`.
    New,
    /// `struct inet_diag_msg`.
    Answer,
}

/// Sockets of IP: what identifies them depends on the family.
fn internet(part: &Message<'_>, family: u64, form: Form) -> Vec<Value> {
    let size = match form {
        Form::Old => 60,
        Form::New => 56,
        Form::Answer => 72,
    };
    let ctx = part.ctx;
    let label = if form == Form::New { "sdiag_family" } else { "idiag_family" };
    let named = FAMILY.name(ctx.arch(), family, 8);
    let Some(bytes) = part.read(size) else {
        let mut fields = vec![(label.into(), named)];
        let elided = part.len < size as u64;
        if !elided {
            fields.push(("".into(), Value::Address(part.addr.wrapping_add(1))));
        }
        return vec![Value::Struct { name: "inet_diag", fields, elided }];
    };
    let mut r = Record::new(ctx, bytes);
    r.add(label, named);
    match form {
        Form::Old => {
            r.unsigned("idiag_src_len", 1, 1).unsigned("idiag_dst_len", 2, 1);
            r.flags("idiag_ext", 3, 1, DIAG_EXTENSION).add("id", identity(ctx, &bytes[4..52], family));
            r.flags("idiag_states", 52, 4, DIAG_STATES).unsigned("idiag_dbs", 56, 4);
        }
        Form::New => {
            r.named("sdiag_protocol", 1, 1, IP_PROTOCOL).flags("idiag_ext", 2, 1, DIAG_EXTENSION);
            r.flags("idiag_states", 4, 4, DIAG_STATES);
            r.add("id", identity(ctx, &bytes[8..56], family));
        }
        Form::Answer => {
            r.named("idiag_state", 1, 1, DIAG_STATE).unsigned("idiag_timer", 2, 1).unsigned("idiag_retrans", 3, 1);
            r.add("id", identity(ctx, &bytes[4..52], family));
            r.unsigned("idiag_expires", 52, 4).unsigned("idiag_rqueue", 56, 4).unsigned("idiag_wqueue", 60, 4);
            r.unsigned("idiag_uid", 64, 4).unsigned("idiag_inode", 68, 4);
        }
    }
    let mut items = vec![r.end("inet_diag")];
    let rest = part.behind(size as u64);
    let table = if form == Form::Answer { "inet_diag" } else { "inet_diag_req" };
    if let Some(table) = abi::attributes(table).filter(|_| rest.len != 0) {
        items.push(list(&rest, table));
    }
    items
}

/// `struct smc_diag_req` and `struct smc_diag_msg` of linux/smc_diag.h, whose sockets have the addresses of IP.
fn shared_memory(part: &Message<'_>, asks: bool) -> Vec<Value> {
    const AF_INET: u64 = 2;
    let (ctx, size) = (part.ctx, if asks { 52 } else { 64 });
    let family = FAMILY.name(ctx.arch(), AF_SMC, 8);
    let Some(bytes) = part.read(size) else {
        let mut fields = vec![("diag_family".into(), family)];
        let elided = part.len < size as u64;
        if !elided {
            fields.push(("".into(), Value::Address(part.addr.wrapping_add(1))));
        }
        return vec![Value::Struct { name: "smc_diag", fields, elided }];
    };
    let mut r = Record::new(ctx, bytes);
    r.add("diag_family", family);
    if asks {
        r.flags("diag_ext", 3, 1, SMC_EXTENSION).add("id", identity(ctx, &bytes[4..52], AF_INET));
        return vec![r.end("smc_diag_req")];
    }
    r.named("diag_state", 1, 1, SMC_STATE).named("diag_fallback", 2, 1, SMC_MODE).unsigned("diag_shutdown", 3, 1);
    r.add("id", identity(ctx, &bytes[4..52], AF_INET)).unsigned("diag_uid", 52, 4).unsigned("diag_inode", 56, 8);
    let mut items = vec![r.end("smc_diag")];
    let rest = part.behind(size as u64);
    if let Some(table) = abi::attributes("smc_diag").filter(|_| rest.len != 0) {
        items.push(list(&rest, table));
    }
    items
}

/// `struct inet_diag_sockid`.
fn identity(ctx: &Ctx<'_>, bytes: &[u8], family: u64) -> Value {
    let mut r = Record::new(ctx, bytes);
    r.add("idiag_sport", port(&bytes[..2])).add("idiag_dport", port(&bytes[2..4]));
    for (name, target, at) in [("idiag_src", "&idiag_src", 4), ("idiag_dst", "&idiag_dst", 20)] {
        let own = &bytes[at..at + 16];
        match family {
            10 => r.add("", ipv6(own, target)),
            _ => r.add(name, address_of(family, own)),
        };
    }
    r.add("idiag_if", interface(le(&bytes[36..40]))).list("idiag_cookie", 40, 4, 2, Value::Unsigned);
    r.end("inet_diag_sockid")
}
