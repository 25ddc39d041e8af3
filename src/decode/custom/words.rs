//! Numbers that hold several things at once: priorities of swap areas, formats of kernel images, classes of I/O, classes
//! of notification, levels of the kernel's log.

use super::names::{FANOTIFY_CLASS, FANOTIFY_INIT, KEXEC, KEXEC_ARCH, SWAP};
use crate::decode::num::cut;
use crate::decode::value::Value;
use crate::decode::walk::Ctx;

/// swapon(2): flags, and in the lowest 15 bits a priority.
pub fn swap(ctx: &Ctx<'_>, index: usize) -> Value {
    const PRIORITY: u64 = 0x7fff;
    const PREFER: u64 = 0x8000;
    let raw = ctx.arg(index) & 0xffff_ffff;
    let (flags, priority) = (raw & !PRIORITY, raw & PRIORITY);
    match flags {
        0 => Value::Unsigned(priority),
        _ if priority == 0 && flags & PREFER == 0 => SWAP.flags(ctx.arch(), flags, 32),
        _ => Value::Text(format!("{}|{priority}", SWAP.flags(ctx.arch(), flags, 32).text()).into()),
    }
}

/// kexec_load(2): the image's architecture in the upper half of the lower word, flags elsewhere.
pub fn kexec(ctx: &Ctx<'_>, index: usize) -> Value {
    const ARCHITECTURE: u64 = 0xffff_0000;
    let raw = ctx.arg(index);
    let kind = KEXEC_ARCH.name(ctx.arch(), raw & ARCHITECTURE, 32).text();
    match raw & !ARCHITECTURE {
        0 => Value::Text(kind.into()),
        flags => Value::Text(format!("{kind}|{}", KEXEC.flags(ctx.arch(), flags, 64).text()).into()),
    }
}

/// fanotify_init(2): one of three classes, then flags.
pub fn fanotify_init(ctx: &Ctx<'_>, index: usize) -> Value {
    const CLASS: u64 = 0xc;
    let raw = ctx.arg(index) & 0xffff_ffff;
    let class = FANOTIFY_CLASS.name(ctx.arch(), raw & CLASS, 32).text();
    match raw & !CLASS {
        0 => Value::Text(class.into()),
        flags => Value::Text(format!("{class}|{}", FANOTIFY_INIT.flags(ctx.arch(), flags, 32).text()).into()),
    }
}

/// ioprio_set(2): a class above 13 bits of data.
pub fn io_priority(value: u64) -> Value {
    const CLASSES: [&str; 4] = ["IOPRIO_CLASS_NONE", "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"];
    let class = match CLASSES.get((value >> 13) as usize) {
        Some(name) => Value::Named((*name).into()),
        None => Value::Unknown { raw: value >> 13, comment: "IOPRIO_CLASS_???" },
    };
    Value::Call { function: "IOPRIO_PRIO_VALUE", args: vec![class, Value::Unsigned(value & 0x1fff)] }
}

/// `3 /* SYSLOG_ACTION_READ_ALL */`: people know syslog(2) by its numbers.
pub fn log_action(ctx: &Ctx<'_>, index: usize) -> Option<Value> {
    let number = Value::Signed(i64::from(ctx.arg(index) as i32));
    Some(match ctx.argument(index, &ctx.call.args.get(index)?.ty) {
        Value::Named(name) => number.commented(name),
        _ => number.commented("SYSLOG_ACTION_???"),
    })
}

/// The kernel's log levels, syslog(2).
pub fn log_level(ctx: &Ctx<'_>, index: usize) -> Value {
    const LEVELS: [&str; 8] = ["EMERG", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG"];
    let level = cut(ctx.arg(index), 32) as i32;
    let name = match usize::try_from(level) {
        Ok(level) if level < LEVELS.len() => LEVELS[level],
        // The most that the kernel takes: everything.
        Ok(8) => "DEBUG+1",
        _ => "???",
    };
    Value::Signed(level.into()).commented(format!("LOGLEVEL_{name}"))
}
