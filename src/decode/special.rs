//! What single calls print in their own way: an argument that the declaration reads differently, an argument that
//! depends on the result, names before values, a remark beside the result.

use super::custom::names::{ETHERTYPE, IP_PROTOCOL, NETLINK};
use super::custom::{self, clone, epoll_event, futex, pollfd, times};

use super::value::{DecodedArg, Value};
use super::walk::{Ctx, Side, take};
use crate::abi::{self, Dir};

/// All arguments of a call that chooses them, or their order, by content.
pub fn all(ctx: &Ctx<'_>) -> Option<Vec<DecodedArg>> {
    match ctx.call.name {
        "clone" => Some(clone::arguments(ctx)),
        "futex" | "futex_time64" => Some(futex::arguments(ctx)),
        _ => None,
    }
}

/// The argument's value where the call has its own idea of it.
pub fn argument(ctx: &Ctx<'_>, index: usize) -> Option<Value> {
    match (ctx.call.name, index) {
        ("getcwd", 0) => path_with_nul(ctx),
        ("getrandom", 0) => random(ctx),
        ("poll" | "ppoll" | "ppoll_time64", 0) => Some(pollfd::decode(ctx, index)),
        ("select" | "_newselect" | "pselect6" | "pselect6_time64", 1..=3) => {
            Some(pollfd::fd_set(ctx, Side::Entry, ctx.arg(index), ctx.arg(0) as i32))
        }
        ("epoll_ctl", 3) => Some(epoll_event::decode(ctx, index, Dir::In)),
        ("epoll_wait" | "epoll_pwait" | "epoll_pwait2", 1) => Some(epoll_event::decode(ctx, index, Dir::Out)),
        ("sched_getaffinity", 2) => Some(match ctx.returned() {
            Some(len) => pollfd::cpu_set(ctx, Side::Exit, ctx.arg(2), len.max(0) as u64),
            None => Value::address(ctx.arg(2)),
        }),
        ("sched_setaffinity", 2) => Some(pollfd::cpu_set(ctx, Side::Entry, ctx.arg(2), ctx.arg(1))),
        ("getdents64", 1) => Some(custom::dirents::decode(ctx, index, true)),
        ("getdents", 1) => Some(custom::dirents::decode(ctx, index, false)),
        ("utimensat" | "utimensat_time64", 2) => Some(times::pair(ctx, index, true)),
        ("utimes", 1) | ("futimesat", 2) => Some(times::pair(ctx, index, false)),
        ("nanosleep", 1) | ("clock_nanosleep" | "clock_nanosleep_time64", 3) => Some(remaining(ctx, index)),
        ("ioctl", 1) => unnamed_command(ctx),
        ("socket" | "socketpair", 2) => protocol(ctx),
        _ => None,
    }
}

/// Whether arguments are printed with their names: `clone(child_stack=NULL, flags=…)`.
pub fn named(call: &str) -> bool {
    call == "clone"
}

/// getcwd(2) counts the NUL.
fn path_with_nul(ctx: &Ctx<'_>) -> Option<Value> {
    let len = ctx.returned().filter(|n| *n > 0)? as u64 - 1;
    let piece = ctx.memory(Side::Exit).at(ctx.arg(0))?;
    let bytes = take(piece.bytes, usize::try_from(len).ok()?);
    Some(Value::Str { bytes: bytes.to_vec(), true_len: len, terminated: true })
}

/// Random bytes are no text.
fn random(ctx: &Ctx<'_>) -> Option<Value> {
    let (bytes, true_len) = ctx.buffer_bytes(Side::Exit, ctx.arg(0), ctx.returned()?.max(0) as u64)?;
    Some(Value::HexStr { bytes: bytes.to_vec(), true_len })
}

/// What is left of a sleep is stored only if a signal ends it.
fn remaining(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let interrupted = matches!(ctx.view.outcome, Some(crate::model::Outcome::Failed(4 | 516)));
    let name = if ctx.call.name.ends_with("time64") { "timespec64" } else { "timespec" };
    match abi::structure(name) {
        Some(layout) if interrupted => ctx.structure_at(Side::Exit, addr, layout),
        _ => Value::address(addr),
    }
}

/// A number without a name is taken apart.
fn unnamed_command(ctx: &Ctx<'_>) -> Option<Value> {
    match ctx.argument(1, &ctx.call.args.get(1)?.ty) {
        named @ Value::Named(_) => Some(named),
        _ => Some(custom::ioctl::command(ctx.arg(1))),
    }
}

/// The numbers of protocols belong to a family, socket(2).
fn protocol(ctx: &Ctx<'_>) -> Option<Value> {
    const AF_PACKET: u64 = 17;
    let raw = ctx.arg(2) & 0xffff_ffff;
    match ctx.arg(0) & 0xffff_ffff {
        2 | 10 => Some(IP_PROTOCOL.name(ctx.arch(), raw, 32)),
        16 => Some(NETLINK.name(ctx.arch(), raw, 32)),
        AF_PACKET => {
            let name = ETHERTYPE.name(ctx.arch(), u64::from((raw as u16).swap_bytes()), 16);
            Some(Value::Call { function: "htons", args: vec![name] })
        }
        _ => None,
    }
}

/// Appends what a call says beside its result: ` (Timeout)`, `([{fd=3, revents=POLLIN}])`.
pub fn result(out: &mut String, ctx: &Ctx<'_>, value: i64) {
    match ctx.call.name {
        "poll" => found(out, ctx, value, None),
        "ppoll" | "ppoll_time64" => found(out, ctx, value, Some(2)),
        "select" | "_newselect" | "pselect6" | "pselect6_time64" => selected(out, ctx, value),
        _ => {}
    }
}

fn found(out: &mut String, ctx: &Ctx<'_>, value: i64, timeout: Option<usize>) {
    if value == 0 {
        return out.push_str(" (Timeout)");
    }
    let Some(ready) = pollfd::found(ctx, 0) else { return };
    out.push_str(" (");
    ready.write(out);
    if let Some(left) = timeout.and_then(|index| time_left(ctx, index)) {
        out.push_str(", left ");
        left.write(out);
    }
    out.push(')');
}

fn selected(out: &mut String, ctx: &Ctx<'_>, value: i64) {
    if value == 0 {
        return out.push_str(" (Timeout)");
    }
    let mut parts = Vec::new();
    for (index, what) in [(1, "in"), (2, "out"), (3, "except")] {
        let set = pollfd::fd_set(ctx, Side::Exit, ctx.arg(index), ctx.arg(0) as i32);
        if matches!(&set, Value::Set { items, .. } if !items.is_empty()) {
            parts.push(format!("{what} {}", set.text()));
        }
    }
    if let Some(left) = time_left(ctx, 4) {
        parts.push(format!("left {}", left.text()));
    }
    if !parts.is_empty() {
        out.push_str(" (");
        out.push_str(&parts.join(", "));
        out.push(')');
    }
}

/// Linux stores the time that was left in the timeout.
fn time_left(ctx: &Ctx<'_>, index: usize) -> Option<Value> {
    let addr = ctx.arg(index);
    let name = match ctx.call.name {
        "select" | "_newselect" => "timeval",
        name if name.ends_with("time64") => "timespec64",
        _ => "timespec",
    };
    let layout = abi::structure(name)?;
    let bytes = ctx.read(Side::Exit, addr, layout.layout(ctx.arch()).size as usize)?;
    Some(ctx.structure(layout, bytes))
}
