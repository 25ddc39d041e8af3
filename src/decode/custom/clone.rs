//! Making tasks, clone(2) and clone3(2): flags with the end signal in their lowest byte, and the identifiers that the
//! kernel stores if the flags ask for them.

use std::borrow::Cow;

use super::names::{CLONE, CLONE3};
use crate::abi::{self, Arch};
use crate::decode::num::signal_name_or_number;
use crate::decode::value::{DecodedArg, Value};
use crate::decode::walk::{Ctx, Side, le};

const CSIGNAL: u64 = 0xff;
// linux/sched.h: which arguments the kernel reads.
const CLONE_PIDFD: u64 = 0x1000;
const CLONE_SETTLS: u64 = 0x8_0000;
const CLONE_PARENT_SETTID: u64 = 0x10_0000;
const CLONE_CHILD_CLEARTID: u64 = 0x20_0000;
const CLONE_CHILD_SETTID: u64 = 0x100_0000;
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// `child_stack=NULL, flags=CLONE_VM|SIGCHLD, parent_tid=[12]`: in this order, and only what the flags name. i386 and
/// aarch64 pass the thread area before the child's pointer, x86-64 after it.
pub fn arguments(ctx: &Ctx<'_>) -> Vec<DecodedArg> {
    let flags = ctx.arg(0);
    let (tls, child) = if matches!(ctx.arch(), Arch::I386 | Arch::Aarch64) { (3, 4) } else { (4, 3) };
    let mut args = vec![
        argument(ctx, "child_stack", 1, Value::address(ctx.arg(1)), false),
        argument(ctx, "flags", 0, flags_with_signal(ctx.arch(), flags), false),
    ];
    if flags & (CLONE_PARENT_SETTID | CLONE_PIDFD) != 0 {
        args.push(argument(ctx, "parent_tid", 2, stored(ctx, ctx.arg(2)), true));
    }
    if flags & CLONE_SETTLS != 0 {
        args.push(argument(ctx, "tls", tls, thread_area(ctx, ctx.arg(tls)), true));
    }
    if flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID) != 0 {
        args.push(argument(ctx, "child_tidptr", child, Value::address(ctx.arg(child)), true));
    }
    args
}

fn argument(ctx: &Ctx<'_>, name: &'static str, index: usize, value: Value, at_exit: bool) -> DecodedArg {
    DecodedArg { name: name.into(), index: index as u8, raw: ctx.view.args[index], value, at_exit }
}

fn flags_with_signal(arch: Arch, value: u64) -> Value {
    let (flags, signal) = (value & !CSIGNAL, value & CSIGNAL);
    let signal: Option<Cow<'static, str>> = (signal != 0).then(|| signal_name_or_number(signal as i32));
    match (CLONE.flags(arch, flags, 64), signal) {
        (_, Some(signal)) if flags == 0 => Value::Named(signal),
        (Value::Flags { mut names, rest, unknown }, Some(signal)) if rest == 0 => {
            names.push(signal);
            Value::Flags { names, rest, unknown }
        }
        (value, Some(signal)) => Value::Text(format!("{}|{signal}", value.text()).into()),
        (_, None) if flags == 0 => Value::Unsigned(0),
        (value, None) => value,
    }
}

/// What the kernel stored in the parent: a number of a task or a descriptor.
fn stored(ctx: &Ctx<'_>, addr: u64) -> Value {
    match ctx.returned().and_then(|_| ctx.int(Side::Exit, addr)) {
        Some(number) => Value::pointee(Value::Signed(number.into())),
        None => Value::address(addr),
    }
}

/// A descriptor of a segment on i386, the segment's base elsewhere.
fn thread_area(ctx: &Ctx<'_>, raw: u64) -> Value {
    match ctx.read(Side::Entry, raw, 16).filter(|_| ctx.arch() == Arch::I386) {
        Some(bytes) => match abi::structure("user_desc") {
            Some(layout) => ctx.structure(layout, bytes),
            None => Value::Hex(raw),
        },
        None => Value::Hex(raw),
    }
}

/// clone3's structure: `{flags=…, exit_signal=SIGCHLD, stack=NULL, stack_size=0} => {parent_tid=[12]}`; its size is the
/// next argument.
pub fn clone_args(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    // CLONE_ARGS_SIZE_VER0 of linux/sched.h: the kernel takes no less.
    let size = ctx.arg(index + 1).min(88) as usize;
    let Some(bytes) = ctx.read(Side::Entry, addr, size).filter(|b| b.len() >= 64) else {
        return Value::address(addr);
    };
    let field = |i: usize| bytes.get(i * 8..i * 8 + 8).map_or(0, le);
    let flags = field(0);
    let mut fields: Vec<(Cow<'static, str>, Value)> = vec![("flags".into(), plain_flags(ctx.arch(), flags))];
    let mut add = |name: &'static str, value: Value| fields.push((name.into(), value));
    if flags & CLONE_PIDFD != 0 {
        add("pidfd", Value::address(field(1)));
    }
    if flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID) != 0 {
        add("child_tid", Value::address(field(2)));
    }
    if flags & CLONE_PARENT_SETTID != 0 {
        add("parent_tid", Value::address(field(3)));
    }
    add("exit_signal", end_signal(field(4)));
    add("stack", Value::address(field(5)));
    add("stack_size", Value::Hex(field(6)));
    if flags & CLONE_SETTLS != 0 {
        add("tls", Value::address(field(7)));
    }
    if field(8) != 0 || field(9) != 0 {
        let ids = match field(9) {
            // More than namespaces can be nested, MAX_PID_NS_LEVEL, or none: the kernel reads nothing.
            0 | 33.. => Value::address(field(8)),
            count => ctx.elements(Side::Entry, field(8), count, 4, |b| Value::Signed(le(b) as i32 as i64)),
        };
        add("set_tid", ids);
        add("set_tid_size", Value::Unsigned(field(9)));
    }
    if size > 80 && (flags & CLONE_INTO_CGROUP != 0 || field(10) != 0) {
        add("cgroup", Value::Unsigned(field(10)));
    }
    fields.extend(ctx.unknown_tail(addr, 88, ctx.arg(index + 1)).map(|tail| ("".into(), tail)));
    let before = Value::structure("clone_args", fields);
    match written(ctx, flags, field(1), field(3)) {
        Some(after) => Value::Changed(Box::new(before), Box::new(after)),
        None => before,
    }
}

/// A signal's name, or the number in all its 64 bits.
fn end_signal(number: u64) -> Value {
    match u8::try_from(number) {
        Ok(1..=64) => Value::Named(signal_name_or_number(number as i32)),
        _ => Value::Unsigned(number),
    }
}

fn plain_flags(arch: Arch, flags: u64) -> Value {
    if flags == 0 { Value::Unsigned(0) } else { CLONE3.flags(arch, flags, 64) }
}

fn written(ctx: &Ctx<'_>, flags: u64, pidfd: u64, parent_tid: u64) -> Option<Value> {
    ctx.returned()?;
    let mut fields = Vec::new();
    for (flag, name, addr) in [(CLONE_PIDFD, "pidfd", pidfd), (CLONE_PARENT_SETTID, "parent_tid", parent_tid)] {
        if flags & flag != 0 {
            let stored = ctx.int(Side::Exit, addr).map(|number| Value::pointee(Value::Signed(number.into())));
            fields.push((name.into(), stored.unwrap_or(Value::address(addr))));
        }
    }
    (!fields.is_empty()).then(|| Value::structure("clone_args", fields))
}
