//! Arguments of prctl(2) and arch_prctl(2) that hold several things at once, or a number with a name beside it.

use super::names::{MTE_CHECK, PR_SME, PR_SVE, Set, XFEATURE, XFEATURE_NUMBER};
use crate::abi::Dir;
use crate::decode::num::signal_name_or_number;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, c_string_of, take};

/// PR_SET_PDEATHSIG: a signal's name, or all of the register.
pub fn death_signal(ctx: &Ctx<'_>, index: usize) -> Value {
    match ctx.arg(index) {
        number @ 1..=64 => Value::Named(signal_name_or_number(number as i32)),
        number => Value::Unsigned(number),
    }
}

/// A string of which the kernel reads `most` bytes and no more: `"123456789abcdef"...`.
pub fn bounded_string(ctx: &Ctx<'_>, index: usize, most: usize) -> Value {
    let addr = ctx.arg(index);
    match ctx.memory(Side::Entry).at(addr).filter(|_| addr != 0) {
        Some(piece) if piece.bytes.len() >= most => {
            let shown = take(piece.bytes, most.min(ctx.options.string_limit));
            Value::Str { bytes: shown.to_vec(), true_len: most as u64 + 1, terminated: false }
        }
        Some(piece) => c_string_of(piece, ctx.options.string_limit).unwrap_or(Value::Address(addr)),
        None => Value::address(addr),
    }
}

/// PR_SCHED_CORE: for whom; include/linux/pid.h of the kernel, as prctl(2) wants them.
pub fn pid_type(ctx: &Ctx<'_>, index: usize) -> Value {
    const TYPES: [&str; 4] = ["PID", "TGID", "PGID", "SID"];
    let raw = ctx.arg(index) & 0xffff_ffff;
    let name = usize::try_from(raw).ok().and_then(|raw| TYPES.get(raw)).unwrap_or(&"???");
    Value::Hex(raw).commented(format!("PIDTYPE_{name}"))
}

/// The length of vectors in the lowest 16 bits, flags above: `PR_SVE_SET_VL_ONEXEC|0xff`.
pub fn vector_length(ctx: &Ctx<'_>, index: usize, scalable: bool) -> Value {
    const LENGTH: u64 = 0xffff;
    let raw = ctx.arg(index);
    let set: Set = if scalable { PR_SVE } else { PR_SME };
    let length = Value::Hex(raw & LENGTH).text();
    match set.flags(ctx.arch(), raw & !LENGTH, 64) {
        _ if raw & !LENGTH == 0 => Value::Text(length.into()),
        Value::Flags { names, rest, .. } if names.is_empty() => {
            Value::Text(format!("{}|{length}", Value::Hex(rest).text()).into())
        }
        flags => Value::Text(format!("{}|{length}", flags.text()).into()),
    }
}

/// PR_SET_TAGGED_ADDR_CTRL: whether addresses may carry tags, how tags are checked, which tags may be made.
pub fn tagged_address(ctx: &Ctx<'_>, index: usize) -> Value {
    const ENABLE: u64 = 1;
    const CHECK: u64 = 6;
    const TAGS: u64 = 0xffff << 3;
    let raw = ctx.arg(index);
    let mut out = String::from(if raw & ENABLE != 0 { "PR_TAGGED_ADDR_ENABLE" } else { "!PR_TAGGED_ADDR_ENABLE" });
    out.push('|');
    match raw & CHECK {
        CHECK => out.push_str("PR_MTE_TCF_MASK"),
        check => MTE_CHECK.name(ctx.arch(), check, 64).write(&mut out),
    }
    let (tags, rest) = ((raw & TAGS) >> 3, raw & !(ENABLE | CHECK | TAGS));
    if tags != 0 {
        out.push_str(&format!("|{tags:#x}<<PR_MTE_TAG_SHIFT"));
    }
    if rest != 0 {
        out.push_str(&format!("|{rest:#x}"));
    }
    Value::Text(out.into())
}

/// Parts of the processor's state by number: `0x12 /* XFEATURE_XTILE_DATA */`.
pub fn feature(ctx: &Ctx<'_>, index: usize) -> Value {
    let raw = ctx.arg(index);
    match XFEATURE_NUMBER.name(ctx.arch(), raw, 64) {
        Value::Named(name) => Value::Hex(raw).commented(name),
        _ => Value::Hex(raw).commented("XFEATURE_???"),
    }
}

/// The same as a mask that the kernel stores: `[0x3 /* XFEATURE_MASK_FPSSE */]`.
pub fn features(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    match ctx.side(dir).and_then(|side| ctx.uint(side, addr, 8)) {
        Some(mask) => {
            let names = XFEATURE.flags(ctx.arch(), mask, 64).text();
            Value::pointee(Value::Hex(mask).commented(names))
        }
        None => Value::address(addr),
    }
}
