//! A call as a tree and as strace's line.
//!
//! Left out: the result (`result`), rows that are no calls (`rows`).

use std::borrow::Cow;

use super::Options;
use super::manner::{self, Manner};
use super::value::{Decoded, DecodedArg, NO_REGISTER, Value};
use super::walk::{Ctx, known_at_exit};
use super::{behind, constants, direct, hexadecimal, pids, printed, result, special};
use crate::abi::{self, Arch, Behind, Call};
use crate::model::{CallView, Outcome, Printed};

/// The name of a call, `syscall_0x270f` if the number is unknown.
pub fn call_name(arch: Arch, nr: u64) -> Cow<'static, str> {
    match abi::lookup(arch, nr) {
        Some(call) => call.name.into(),
        None => format!("syscall_{nr:#x}").into(),
    }
}

/// The call as a tree: every argument with its name, raw value and meaning.
pub fn call(view: &CallView<'_>, options: &Options) -> Decoded {
    if let Some(text) = view.printed().filter(Printed::has_text) {
        return printed::call(view, &text, options);
    }
    if options.manner == Manner::Raw && abi::lookup(view.arch, view.nr).is_some() {
        let name = call_name(view.arch, view.nr);
        return Decoded { name, args: manner::raw(view), unknown: view.unknown_registers(), result: view.outcome };
    }
    let mut call = plain(view, options);
    if options.manner == Manner::Pointers {
        manner::unfollow(&mut call, view.arch.word() * 8);
    }
    if options.descriptors {
        behind::name(&mut call, view, options);
    }
    constants::show(&mut call, view.arch, options.constants);
    hexadecimal::turn(&mut call, options.hex);
    call
}

fn plain(view: &CallView<'_>, options: &Options) -> Decoded {
    match abi::lookup(view.arch, view.nr) {
        Some(call) => {
            let Some(inner) = inner(view, call) else {
                let args = arguments(&Ctx { view, call: call.select(view.args), options });
                return Decoded {
                    name: call.name.into(),
                    args,
                    unknown: view.unknown_registers(),
                    result: view.outcome,
                };
            };
            let view = &CallView { args: &inner.args, ..*view };
            let mut args = arguments(&Ctx { view, call: inner.call.select(&inner.args), options });
            args.retain(|arg| usize::from(arg.index) < inner.count);
            args.iter_mut().for_each(|arg| arg.index = NO_REGISTER);
            Decoded { name: inner.name.into(), args, unknown: view.unknown_registers(), result: view.outcome }
        }
        None => Decoded {
            name: call_name(view.arch, view.nr),
            args: unknown(view),
            unknown: view.unknown_registers(),
            result: view.outcome,
        },
    }
}

/// The call behind one that stands for another.
pub fn inner(view: &CallView<'_>, call: &'static Call) -> Option<Behind> {
    abi::behind(view.arch, call, view.args, |addr, len| view.entry.exact(addr, len).map(<[u8]>::to_vec))
}

/// The name that a line shows: of the call behind, if another stands for it.
pub fn shown_name(view: &CallView<'_>) -> Cow<'static, str> {
    match abi::lookup(view.arch, view.nr).and_then(|call| inner(view, call)) {
        Some(inner) => inner.name.into(),
        None => call_name(view.arch, view.nr),
    }
}

fn unknown(view: &CallView<'_>) -> Vec<DecodedArg> {
    const NAMES: [&str; 6] = ["arg1", "arg2", "arg3", "arg4", "arg5", "arg6"];
    let bits = view.arch.word() * 8;
    let arg = |(i, name): (usize, &&'static str)| DecodedArg {
        name: (*name).into(),
        index: i as u8,
        raw: view.args[i],
        value: Value::Hex(super::num::cut(view.args[i], bits)),
        at_exit: false,
    };
    NAMES.iter().enumerate().map(arg).collect()
}

/// The arguments that exist, in strace's order.
pub fn arguments(ctx: &Ctx<'_>) -> Vec<DecodedArg> {
    if let Some(args) = special::all(ctx) {
        return args;
    }
    let mut args = Vec::with_capacity(6);
    let mut declared = ctx.call.args.iter().enumerate().take(6).peekable();
    while let Some((index, arg)) = declared.next() {
        if arg.when.is_some_and(|cond| !cond.holds(ctx.view.args)) || special::omits(ctx, index) {
            continue;
        }
        let (name, value) = match declared.peek().and_then(|(_, next)| split(arg.name, next.name)) {
            Some((stem, low_first)) => {
                declared.next();
                let (low, high) = if low_first { (index, index + 1) } else { (index + 1, index) };
                (stem, joined(ctx, low, high))
            }
            None => (arg.name, special::argument(ctx, index).unwrap_or_else(|| ctx.argument(index, &arg.ty))),
        };
        args.push(DecodedArg {
            name: name.into(),
            index: index as u8,
            raw: ctx.view.args[index],
            value,
            at_exit: known_at_exit(&arg.ty) || special::at_exit(ctx.call.name, index),
        });
    }
    args
}

/// The common name of two halves of one 64-bit argument, `pos_l` and `pos_h`, and whether the low one comes first.
pub fn split(first: &'static str, second: &'static str) -> Option<(&'static str, bool)> {
    halves(first, second).map(|stem| (stem, true)).or_else(|| {
        let stem = first.strip_suffix("_high")?;
        (second.strip_suffix("_low") == Some(stem)).then_some((stem, false))
    })
}

fn halves(low: &'static str, high: &str) -> Option<&'static str> {
    [("_low", "_high"), ("_lo", "_hi"), ("_l", "_h")]
        .iter()
        .find_map(|(l, h)| low.strip_suffix(l).filter(|stem| high.strip_suffix(h) == Some(*stem)))
        // With 64-bit registers the first half has the whole's name.
        .or_else(|| (high.strip_suffix("_high") == Some(low)).then_some(low))
}

/// Two halves as one number; with 64-bit registers the first holds it all.
fn joined(ctx: &Ctx<'_>, low: usize, high: usize) -> Value {
    if ctx.arch() == Arch::I386 {
        let whole = ctx.arg(low) | ctx.arg(high) << 32;
        if let Some(set) = abi::flag_set("fanotify_event").filter(|_| ctx.call.name == "fanotify_mark") {
            return super::num::flags(Arch::I386, set, whole, 64);
        }
        // Lengths and cookies have no sign.
        let unsigned = matches!(ctx.call.name, "truncate64" | "ftruncate64" | "lookup_dcookie");
        return if unsigned { Value::Unsigned(whole) } else { Value::Signed(whole as i64) };
    }
    Value::Signed(ctx.view.args[low] as i64)
}

/// See the module `decode`.
pub fn write_call(out: &mut String, view: &CallView<'_>, options: &Options) {
    if !direct::write(out, view, options) {
        Shown::new(view, options).write(out);
    }
}

/// A call that is decoded once and shown as text, whole or in parts.
#[derive(Debug, Clone)]
pub struct Shown {
    call: Decoded,
    outcome: Option<Outcome>,
    names: bool,
    /// What another tool printed, before and after the line was interrupted.
    printed: Option<[String; 2]>,
}

impl Shown {
    pub fn new(view: &CallView<'_>, options: &Options) -> Shown {
        let call = call(view, options);
        let names = options.names || special::named(&call.name);
        let printed = view.printed().filter(Printed::has_text);
        let printed = printed.map(|text| [text.before, text.after].map(|part| printed::shown(part).into_owned()));
        Shown { call, outcome: view.outcome, names, printed }
    }

    /// Adds to every PID the name of the process, as far as `comm` knows it; strace's `-Y`. To those that the call was
    /// given or to those that it gave, because names change and processes end while it goes on.
    pub fn name_pids(&mut self, at_exit: bool, comm: &dyn Fn(i32) -> Option<Vec<u8>>) {
        let args = self.call.args.iter_mut().filter(|arg| arg.at_exit == at_exit);
        args.for_each(|arg| pids::name(&mut arg.value, comm));
    }

    /// See `decode::call_text`.
    pub fn text(&self) -> String {
        let mut out = String::with_capacity(96);
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self.outcome {
            None => {
                self.before_exit(out);
                out.push_str(" <unfinished ...>");
            }
            Some(Outcome::Detached) => {
                self.before_exit(out);
                out.push_str(" <detached ...>");
            }
            Some(Outcome::NeverReturned) if self.printed.is_none() && self.call.args.iter().any(|arg| arg.at_exit) => {
                self.before_exit(out);
                out.push_str(" <unfinished ...>)");
            }
            outcome => {
                out.push_str(&self.call.name);
                out.push('(');
                match &self.printed {
                    Some([before, after]) => {
                        out.push_str(before);
                        out.push_str(after);
                        // The line broke off where the call did.
                        if outcome == Some(Outcome::NeverReturned) && after.is_empty() && before.ends_with(", ") {
                            out.push_str(" <unfinished ...>");
                        }
                    }
                    None => self.write_args(out, &self.call.args),
                }
                out.push(')');
            }
        }
    }

    /// See `decode::unfinished_text`.
    pub fn unfinished_text(&self) -> String {
        let mut out = String::with_capacity(96);
        self.before_exit(&mut out);
        out
    }

    /// See `decode::resumed_text`.
    pub fn resumed_text(&self) -> String {
        if let Some([_, after]) = &self.printed {
            return format!("{after})");
        }
        let call = &self.call;
        let mut out = String::with_capacity(64);
        if let Some(first) = call.args.iter().position(|arg| arg.at_exit) {
            if self.outcome == Some(Outcome::NeverReturned) {
                return " <unfinished ...>)".into();
            }
            if let Some(Value::Changed(_, after)) = call.args.first().map(|arg| &arg.value)
                && call.name == "clone3"
            {
                out.push_str(" => ");
                after.write(&mut out);
            }
            if first > 0 && special::comma_at_exit(&call.name) {
                out.push_str(", ");
            }
            self.write_args(&mut out, &call.args[first..]);
        }
        out.push(')');
        out
    }

    /// Name and arguments up to the first that only the exit stop tells.
    fn before_exit(&self, out: &mut String) {
        let call = &self.call;
        out.push_str(&call.name);
        out.push('(');
        if let Some([before, _]) = &self.printed {
            return out.push_str(before);
        }
        let first = call.args.iter().position(|arg| arg.at_exit).unwrap_or(call.args.len());
        match call.args.first().map(|arg| &arg.value) {
            // What the kernel stores comes with the exit.
            Some(Value::Changed(before, _)) if call.name == "clone3" => before.write(out),
            _ => self.write_args(out, &call.args[..first]),
        }
        if first > 0 && first < call.args.len() && !special::comma_at_exit(&call.name) {
            out.push_str(", ");
        }
    }

    fn write_args(&self, out: &mut String, args: &[DecodedArg]) {
        for (i, arg) in args.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            if self.names {
                out.push_str(&arg.name);
                out.push('=');
            }
            arg.value.write(out);
        }
    }
}

/// See the module `decode`.
pub fn result_text(view: &CallView<'_>, options: &Options) -> Option<String> {
    let mut out = String::with_capacity(48);
    write_result(&mut out, view, options).then_some(out)
}

/// See the module `decode`.
pub fn write_result(out: &mut String, view: &CallView<'_>, options: &Options) -> bool {
    result::write(out, view, options)
}
