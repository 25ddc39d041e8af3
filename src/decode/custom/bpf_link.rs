//! BPF_LINK_CREATE of bpf(2): what its structure holds besides depends on what is attached where.

use super::bpf::{Attr, Fields};
use super::names::{KPROBE, NETFILTER, UPROBE};
use super::sockaddr::interface;
use crate::decode::value::Value;
use crate::decode::walk::{Side, le};

/// Bytes of what every kind of link has.
const COMMON: usize = 16;

/// Adds what belongs to the kind of link; returns where what is known ends.
pub fn linked(attr: &Attr<'_>, fields: &mut Fields) -> usize {
    let ctx = attr.ctx;
    let kind = attr.number(8, 4);
    // BPF_XDP, BPF_TCX_INGRESS, BPF_TCX_EGRESS, BPF_NETKIT_PRIMARY, BPF_NETKIT_PEER: on a network interface.
    if matches!(kind, 37 | 46 | 47 | 54 | 55)
        && let Some((label, value)) = fields.get_mut(1)
    {
        *label = "target_ifindex".into();
        *value = interface(attr.number(4, 4));
    }
    if attr.size as usize <= COMMON {
        return COMMON;
    }
    let hex = |at: usize| Value::Hex(attr.number(at, 8));
    let pointer = |at: usize| Value::address(attr.number(at, 8));
    let id = Value::Unsigned(attr.number(16, 4));
    let words =
        |at: usize, count: u64| ctx.elements(Side::Entry, attr.number(at, 8), count, 8, |word| Value::Hex(le(word)));
    match kind {
        0..=3 | 6 | 8..=15 | 18..=22 | 29..=32 | 34 | 49..=53 => cgroup(attr, fields),
        // BPF_TRACE_FENTRY, BPF_TRACE_FEXIT, BPF_MODIFY_RETURN, BPF_LSM_MAC, BPF_TRACE_FSESSION
        24..=27 | 58 => {
            let inner = vec![("target_btf_id".into(), id), ("cookie".into(), hex(24))];
            fields.push(("tracing".into(), Value::structure("tracing", inner)));
            32
        }
        // BPF_TRACE_ITER
        28 => {
            let count = attr.number(24, 4);
            let list = ctx.elements(Side::Entry, attr.number(16, 8), count, 4, |fd| {
                let map = Value::structure("map", vec![("map_fd".into(), Value::Fd(le(fd) as i32))]);
                Value::structure("bpf_iter_link_info", vec![("map".into(), map)])
            });
            fields.push(("iter_info".into(), list));
            fields.push(("iter_info_len".into(), Value::Unsigned(count)));
            28
        }
        // BPF_PERF_EVENT
        41 => {
            fields.push(("perf_event".into(), Value::structure("perf_event", vec![("bpf_cookie".into(), hex(16))])));
            24
        }
        // BPF_TRACE_KPROBE_MULTI
        42 => {
            let count = attr.number(20, 4);
            let symbols = ctx.elements(Side::Entry, attr.number(24, 8), count, ctx.word(), |pointer| {
                ctx.c_string(le(pointer), ctx.options.string_limit)
            });
            let inner = vec![
                ("flags".into(), KPROBE.flags(ctx.arch(), attr.number(16, 4), 32)),
                ("cnt".into(), Value::Unsigned(count)),
                ("syms".into(), symbols),
                ("addrs".into(), words(32, count)),
                ("cookies".into(), words(40, count)),
            ];
            fields.push(("kprobe_multi".into(), Value::structure("kprobe_multi", inner)));
            48
        }
        // BPF_NETFILTER
        45 => {
            let inner = vec![
                ("pf".into(), id),
                ("hooknum".into(), Value::Unsigned(attr.number(20, 4))),
                ("priority".into(), Value::Signed(i64::from(attr.number(24, 4) as i32))),
                ("flags".into(), NETFILTER.flags(ctx.arch(), attr.number(28, 4), 32)),
            ];
            fields.push(("netfilter".into(), Value::structure("netfilter", inner)));
            32
        }
        46 | 47 => placed(attr, fields, "tcx"),
        54 | 55 => placed(attr, fields, "netkit"),
        // BPF_TRACE_UPROBE_MULTI
        48 => {
            let count = attr.number(48, 4);
            let inner = vec![
                ("path".into(), ctx.c_string(attr.number(16, 8), ctx.options.string_limit)),
                ("offsets".into(), words(24, count)),
                ("ref_ctr_offsets".into(), words(32, count)),
                ("cookies".into(), words(40, count)),
                ("cnt".into(), Value::Unsigned(count)),
                ("flags".into(), UPROBE.flags(ctx.arch(), attr.number(52, 4), 32)),
                ("pid".into(), Value::Pid(i64::from(attr.number(56, 4) as i32))),
            ];
            fields.push(("uprobe_multi".into(), Value::structure("uprobe_multi", inner)));
            60
        }
        // BPF_TRACE_FENTRY_MULTI, BPF_TRACE_FEXIT_MULTI, BPF_TRACE_FSESSION_MULTI
        59..=61 => {
            let inner = vec![
                ("ids".into(), pointer(16)),
                ("cookies".into(), pointer(24)),
                ("cnt".into(), Value::Unsigned(attr.number(32, 4))),
            ];
            fields.push(("tracing_multi".into(), Value::structure("tracing_multi", inner)));
            36
        }
        _ => COMMON,
    }
}

/// Links to control groups may be put before or after others.
fn cgroup(attr: &Attr<'_>, fields: &mut Fields) -> usize {
    /// BPF_F_BEFORE, BPF_F_AFTER, BPF_F_ID, BPF_F_LINK.
    const PLACED: u64 = 1 << 3 | 1 << 4 | 1 << 5 | 1 << 13;
    if attr.number(12, 4) & PLACED != 0 {
        return placed(attr, fields, "cgroup");
    }
    match attr.number(16, 4) {
        0 => {}
        id => fields.push(("target_btf_id".into(), Value::Unsigned(id))),
    }
    20
}

/// Next to which other link, by descriptor or by number.
fn placed(attr: &Attr<'_>, fields: &mut Fields, name: &'static str) -> usize {
    const ID: u64 = 1 << 5;
    let number = attr.number(16, 4);
    let other = match attr.number(12, 4) & ID {
        0 => ("relative_fd".into(), Value::Fd(number as i32)),
        _ => ("relative_id".into(), Value::Unsigned(number)),
    };
    let inner = vec![other, ("expected_revision".into(), Value::Hex(attr.number(24, 8)))];
    fields.push((name.into(), Value::structure(name, inner)));
    32
}
