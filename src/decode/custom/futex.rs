//! futex(2): six arguments whose number and meaning the operation decides.

use crate::abi;
use crate::decode::value::{DecodedArg, Value};
use crate::decode::walk::{Ctx, Side};

// linux/futex.h
const COMMAND: u64 = 0x7f;
const FUTEX_BITSET_MATCH_ANY: u64 = 0xffff_ffff;

/// The arguments that the operation reads.
pub fn arguments(ctx: &Ctx<'_>) -> Vec<DecodedArg> {
    let value = ctx.arg(2) & 0xffff_ffff;
    let mut args = vec![
        argument(ctx, "uaddr", 0, Value::address(ctx.arg(0))),
        argument(ctx, "op", 1, operation(ctx.arg(1) & 0xffff_ffff)),
    ];
    let mut add = |name, index, value| args.push(argument(ctx, name, index, value));
    let unsigned = Value::Unsigned;
    let second = ctx.arg(3);
    let (target, last) = (Value::address(ctx.arg(4)), ctx.arg(5) & 0xffff_ffff);
    match ctx.arg(1) & COMMAND {
        // WAIT, WAIT_BITSET
        op @ (0 | 9) => {
            add("val", 2, unsigned(value));
            add("timeout", 3, timeout(ctx, second));
            if op == 9 {
                add("val3", 5, bitset(last));
            }
        }
        // WAKE, FD
        1 | 2 => add("val", 2, unsigned(value)),
        // REQUEUE
        3 => {
            add("val", 2, unsigned(value));
            add("val2", 3, unsigned(second & 0xffff_ffff));
            add("uaddr2", 4, target);
        }
        // CMP_REQUEUE, CMP_REQUEUE_PI
        4 | 12 => {
            add("val", 2, unsigned(value));
            add("val2", 3, unsigned(second & 0xffff_ffff));
            add("uaddr2", 4, target);
            add("val3", 5, unsigned(last));
        }
        // WAKE_OP
        5 => {
            add("val", 2, unsigned(value));
            add("val2", 3, unsigned(second & 0xffff_ffff));
            add("uaddr2", 4, target);
            add("val3", 5, wake_operation(last));
        }
        // LOCK_PI, LOCK_PI2
        6 | 13 => add("timeout", 3, timeout(ctx, second)),
        // UNLOCK_PI, TRYLOCK_PI
        7 | 8 => {}
        // WAKE_BITSET
        10 => {
            add("val", 2, unsigned(value));
            add("val3", 5, bitset(last));
        }
        // WAIT_REQUEUE_PI
        11 => {
            add("val", 2, unsigned(value));
            add("timeout", 3, timeout(ctx, second));
            add("uaddr2", 4, target);
        }
        _ => {
            add("val", 2, unsigned(value));
            add("timeout", 3, Value::Hex(second));
            add("uaddr2", 4, Value::Hex(ctx.arg(4)));
            add("val3", 5, Value::Hex(last));
        }
    }
    args
}

fn argument(ctx: &Ctx<'_>, name: &'static str, index: usize, value: Value) -> DecodedArg {
    DecodedArg { name: name.into(), index: index as u8, raw: ctx.view.args[index], value, at_exit: false }
}

/// The operation with its two flags; the private form of each has a name of its own.
fn operation(op: u64) -> Value {
    const NAMES: [&str; 14] = [
        "FUTEX_WAIT",
        "FUTEX_WAKE",
        "FUTEX_FD",
        "FUTEX_REQUEUE",
        "FUTEX_CMP_REQUEUE",
        "FUTEX_WAKE_OP",
        "FUTEX_LOCK_PI",
        "FUTEX_UNLOCK_PI",
        "FUTEX_TRYLOCK_PI",
        "FUTEX_WAIT_BITSET",
        "FUTEX_WAKE_BITSET",
        "FUTEX_WAIT_REQUEUE_PI",
        "FUTEX_CMP_REQUEUE_PI",
        "FUTEX_LOCK_PI2",
    ];
    const CLOCK: u64 = 0x100;
    const LIST64: u64 = 0x200;
    const LIST32: u64 = 0x600;
    let private = op & 0x80 != 0;
    let command = op & COMMAND;
    let name = match (op & !(COMMAND | 0x80), command) {
        (0, 2) if private => "FUTEX_FD|FUTEX_PRIVATE_FLAG".into(),
        (0 | CLOCK, _) if op & CLOCK == 0 || matches!(command, 0 | 9 | 11) => match NAMES.get(command as usize) {
            Some(name) => format!("{name}{}", if private { "_PRIVATE" } else { "" }),
            None => String::new(),
        },
        // Unlocking that takes the lock off the list of robust ones in the same step.
        (list @ (LIST64 | LIST32), 1 | 7 | 10) => {
            let what = [(1, "WAKE"), (7, "PI"), (10, "BITSET")].iter().find(|(number, _)| *number == command);
            let bits = if list == LIST64 { 64 } else { 32 };
            format!(
                "FUTEX_UNLOCK_{}_LIST{bits}{}",
                what.map_or("", |(_, name)| name),
                if private { "_PRIVATE" } else { "" }
            )
        }
        _ => String::new(),
    };
    match name.as_str() {
        "" => Value::Unknown { raw: op, comment: "FUTEX_???" },
        _ if op & CLOCK != 0 => Value::Named((name + "|FUTEX_CLOCK_REALTIME").into()),
        _ => Value::Named(name.into()),
    }
}

fn timeout(ctx: &Ctx<'_>, addr: u64) -> Value {
    let name = if ctx.call.name.ends_with("time64") { "timespec64" } else { "timespec" };
    match abi::structure(name).or_else(|| abi::structure("timespec")) {
        Some(layout) => ctx.structure_at(Side::Entry, addr, layout),
        None => Value::address(addr),
    }
}

fn bitset(value: u64) -> Value {
    match value {
        FUTEX_BITSET_MATCH_ANY => Value::Named("FUTEX_BITSET_MATCH_ANY".into()),
        _ => Value::Hex(value),
    }
}

/// FUTEX_OP of linux/futex.h: operation, argument, comparison, argument in one number.
fn wake_operation(value: u64) -> Value {
    const OPERATIONS: [&str; 5] = ["FUTEX_OP_SET", "FUTEX_OP_ADD", "FUTEX_OP_OR", "FUTEX_OP_ANDN", "FUTEX_OP_XOR"];
    const COMPARISONS: [&str; 6] = [
        "FUTEX_OP_CMP_EQ",
        "FUTEX_OP_CMP_NE",
        "FUTEX_OP_CMP_LT",
        "FUTEX_OP_CMP_LE",
        "FUTEX_OP_CMP_GT",
        "FUTEX_OP_CMP_GE",
    ];
    let name = |names: &[&'static str], i: u64, shift: u32, unknown: &str| match names.get(i as usize) {
        Some(name) => format!("{name}<<{shift}"),
        None => format!("{i:#x}<<{shift} /* {unknown} */"),
    };
    let hex = |n: u64| Value::Hex(n).text();
    let shift = if value >> 31 & 1 == 1 { "FUTEX_OP_OPARG_SHIFT<<28|" } else { "" };
    Value::Text(
        format!(
            "{shift}{}|{}<<12|{}|{}",
            name(&OPERATIONS, value >> 28 & 7, 28, "FUTEX_OP_???"),
            hex(value >> 12 & 0xfff),
            name(&COMPARISONS, value >> 24 & 0xf, 24, "FUTEX_OP_CMP_???"),
            hex(value & 0xfff),
        )
        .into(),
    )
}
