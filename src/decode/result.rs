//! What stands after the `=`: the number in the base that fits, the error in words, what the call found.

use super::manner::Manner;
use super::num::{cut, sign_extend};
use super::print::{hex, signed, unsigned};
use super::time::date;
use super::value::Value;
use super::walk::Ctx;
use super::{Options, num, special};
use crate::abi::{self, FlagSet, Ret};
use crate::model::{CallView, Marks, Outcome};

/// Kernel-internal codes that are no errors to the program, include/linux/errno.h: ERESTARTSYS, ERESTARTNOINTR,
/// ERESTARTNOHAND and ERESTART_RESTARTBLOCK. What each becomes is told by its text.
pub fn restarts(errno: u16) -> bool {
    matches!(errno, 512..=514 | 516)
}

/// Appends the result; false while the call goes on.
pub fn write(out: &mut String, view: &CallView<'_>, options: &Options) -> bool {
    match view.outcome {
        None => return false,
        Some(_) if view.printed_result().is_some() => {
            out.push_str(&super::printed::shown(view.printed_result().unwrap_or_default()));
        }
        Some(Outcome::Returned(value)) => returned(out, view, options, value),
        Some(Outcome::Failed(errno)) => failed(out, errno),
        Some(Outcome::NeverReturned | Outcome::Detached) => out.push('?'),
        Some(Outcome::KilledBySeccomp) => out.push_str("? <killed by seccomp, never ran>"),
    }
    // The words and their place are strace's; the last is ours, for what strace cannot tell.
    for (mark, words) in [
        (Marks::INJECTED, " (INJECTED)"),
        (Marks::DELAYED, " (DELAYED)"),
        (Marks::FILTERED, " (by the program's own seccomp filter)"),
    ] {
        if view.marks.has(mark) {
            out.push_str(words);
        }
    }
    if view.marks.has(Marks::VDSO) {
        out.push_str(" /* vDSO, no call */");
    }
    for (mark, words) in
        [(Marks::UNSEEN, " /* the vDSO would have answered this */"), (Marks::FELL_BACK, " /* vDSO fell back */")]
    {
        if options.vdso && view.marks.has(mark) {
            out.push_str(words);
        }
    }
    true
}

fn failed(out: &mut String, errno: u16) {
    out.push_str(if restarts(errno) { "? " } else { "-1 " });
    match abi::errno(errno) {
        Some((name, text)) => {
            out.push_str(name);
            out.push_str(" (");
            out.push_str(text);
            out.push(')');
        }
        None => {
            out.push_str("(errno ");
            unsigned(out, u64::from(errno));
            out.push(')');
        }
    }
}

fn returned(out: &mut String, view: &CallView<'_>, options: &Options, value: i64) {
    let bits = view.arch.word() * 8;
    let small = sign_extend(cut(value as u64, bits), bits);
    if options.manner == Manner::Raw {
        return hex(out, cut(value as u64, bits));
    }
    let Some(call) = abi::lookup(view.arch, view.nr) else { return signed(out, small) };
    let inner = super::line::inner(view, call);
    let (call, args) = inner.as_ref().map_or((call, view.args), |inner| (inner.call, &inner.args));
    let view = &CallView { args, ..*view };
    let ctx = Ctx { view, call: call.select(args), options };
    let ret = special::result_flags(&ctx).map_or(ctx.call.ret, Ret::Flags);
    match ret {
        Ret::NewFd => {
            signed(out, small);
            if options.descriptors {
                out.push_str(&super::behind::text(small as i32, view.exit, options.hex).unwrap_or_default());
            }
        }
        Ret::Int | Ret::Size | Ret::Pid | Ret::Never => signed(out, small),
        // What rt_sigreturn "returns" is the register of the program that goes on: an interrupted call's result.
        Ret::Hex if ctx.call.name.ends_with("sigreturn") => signed(out, small),
        Ret::Hex => hex(out, cut(value as u64, bits)),
        Ret::Octal => Value::Octal(cut(value as u64, bits)).write(out),
        Ret::Enum(set) => {
            if ctx.call.variant == "F_GETLEASE" {
                hex(out, cut(value as u64, 32));
            } else {
                signed(out, small);
            }
            if !special::asks_nothing(&ctx) {
                named(out, "", num::enumerated(view.arch, set, cut(value as u64, 32), 32));
            }
        }
        Ret::Flags(set) => flags(out, &ctx, set, value as u64),
        Ret::Time => {
            signed(out, small);
            if let Some(date) = date(small, 0, 0) {
                remark(out, &date);
            }
        }
    }
    special::result(out, &ctx, small);
}

fn flags(out: &mut String, ctx: &Ctx<'_>, set: &'static FlagSet, value: u64) {
    let value = cut(value, 32);
    match ctx.call.variant {
        // strace shows the kind of a namespace as it shows descriptors.
        "NS_GET_NSTYPE" => unsigned(out, value),
        _ => hex(out, value),
    }
    let names = num::flags(ctx.arch(), set, value, 32);
    let names = if ctx.call.name == "personality" { special::with_kind(names, value, 0xff) } else { names };
    // Zero without a name is just zero; only descriptors' flags are announced as such.
    let zero = value == 0
        && (ctx.call.name == "membarrier" || matches!(&names, Value::Flags { names, .. } if names.is_empty()));
    if !zero {
        let what = match ctx.call.variant {
            "F_GET_SEALS" => "seals ",
            _ if ctx.call.name.starts_with("fcntl") => "flags ",
            _ => "",
        };
        // Some strace shows by name always.
        named(out, what, if matches!(set.name, "open" | "sched_policy") { names } else { ctx.styled(names) });
    }
}

fn named(out: &mut String, what: &str, value: Value) {
    if !matches!(value, Value::Unknown { .. }) {
        out.push_str(" (");
        out.push_str(what);
        value.write(out);
        out.push(')');
    }
}

fn remark(out: &mut String, text: &str) {
    out.push_str(" (");
    out.push_str(text);
    out.push(')');
}
