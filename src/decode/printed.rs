//! Calls that are known from what another tool printed: the text as a tree of values that prints as the same text.
//!
//! What is no value that we know stays text. Left out: turning text back into memory (`session`).

use std::borrow::Cow;

use super::line::{self, split};
pub use super::text_value::{end_of_angles, end_of_piece, unquote};
use super::value::{Decoded, DecodedArg, NO_REGISTER, Value};
use super::walk::Ctx;
use super::{Options, constants, escape, special, text_value};
use crate::abi::{self, Arch, Call, Meaning, Type};
use crate::model::{CallView, Printed};

/// Bytes that a recording gives for text, as what a terminal may show.
pub fn shown(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) => text.into(),
        _ => {
            let mut out = String::new();
            for &byte in bytes {
                match byte {
                    b' '..=b'~' => out.push(char::from(byte)),
                    _ => escape::escaped(&mut out, &[byte]),
                }
            }
            out.into()
        }
    }
}

/// The call as a tree of what was printed.
pub fn call(view: &CallView<'_>, printed: &Printed<'_>, options: &Options) -> Decoded {
    let before = shown(printed.before);
    let whole = format!("{before}{}", shown(printed.after));
    let mut parts = pieces(&whole);
    // An interrupted line ends in the comma before what it does not tell.
    if parts.last().is_some_and(|part| part.trim().is_empty()) {
        parts.pop();
    }
    let declared = abi::lookup(view.arch, view.nr);
    let call = declared.map(|call| call.select(view.args));
    let slots = call.map(|call| slots(&Ctx { view, call, options })).unwrap_or_default();
    let start = whole.as_ptr() as usize;
    let args = parts.iter().enumerate().map(|(position, part)| {
        let (name, text) = name_of(part, call);
        let slot = match name {
            Some(name) => slots.iter().find(|slot| slot.name == name),
            None => slots.get(position),
        };
        let index = slot.map_or(NO_REGISTER, |slot| slot.register as u8);
        let ty = call.and_then(|call| call.args.get(usize::from(index))).map(|arg| arg.ty);
        DecodedArg {
            name: name
                .or(slot.map(|slot| slot.name))
                .map_or_else(|| format!("arg{}", position + 1).into(), |name| Cow::Owned(name.to_string())),
            index,
            raw: view.args.get(usize::from(index)).copied().unwrap_or(0),
            value: meant(text_value::read(text), ty),
            at_exit: part.as_ptr() as usize - start >= before.len(),
        }
    });
    let name = line::call_name(view.arch, view.nr);
    Decoded { name, args: args.collect(), unknown: printed.unknown, result: view.outcome }
}

/// Numbers as what the declaration says they are.
fn meant(value: Value, ty: Option<Type>) -> Value {
    let Some(Type::Num { meaning, .. }) = ty else { return value };
    let number = match value {
        Value::Unsigned(n) => i64::try_from(n).ok(),
        Value::Signed(n) => Some(n),
        _ => None,
    };
    match (meaning, number) {
        (Meaning::Fd { .. } | Meaning::DirFd, Some(n)) => i32::try_from(n).map_or(value, Value::Fd),
        (Meaning::Pid, Some(n)) => Value::Pid(n),
        _ => value,
    }
}

/// `name=value` in two, if calls are printed so: clone(2) always, others by strace's `-N`.
pub fn name_of<'a>(part: &'a str, call: Option<&'static Call>) -> (Option<&'a str>, &'a str) {
    let Some(call) = call else { return (None, part) };
    match part.split_once('=') {
        Some((name, text))
            if special::named(call.name) && is_word(name) || call.args.iter().any(|arg| arg.name == name) =>
        {
            (Some(name), text)
        }
        _ => (None, part),
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// An argument of a line and the register that carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub name: &'static str,
    pub register: usize,
    /// The register of the upper half of a number that takes two.
    pub upper: Option<usize>,
}

/// The arguments that the line of a call has, in its order, as far as the registers that are known tell.
pub fn slots_of(view: &CallView<'_>) -> Vec<Slot> {
    let Some(call) = abi::lookup(view.arch, view.nr).map(|call| call.select(view.args)) else { return Vec::new() };
    slots(&Ctx { view, call, options: &Options::default() })
}

fn slots(ctx: &Ctx<'_>) -> Vec<Slot> {
    if ctx.call.name == "clone" {
        let (tls, child) = if matches!(ctx.arch(), Arch::I386 | Arch::Aarch64) { (3, 4) } else { (4, 3) };
        let all = [("child_stack", 1), ("flags", 0), ("parent_tid", 2), ("tls", tls), ("child_tidptr", child)];
        return all.map(|(name, register)| Slot { name, register, upper: None }).to_vec();
    }
    let mut slots = Vec::with_capacity(6);
    let mut declared = ctx.call.args.iter().enumerate().take(6).peekable();
    while let Some((index, arg)) = declared.next() {
        if arg.when.is_some_and(|cond| !cond.holds(ctx.view.args)) || special::omits(ctx, index) {
            continue;
        }
        slots.push(match declared.peek().and_then(|(_, next)| split(arg.name, next.name)) {
            Some((name, low_first)) => {
                declared.next();
                let (low, high) = if low_first { (index, index + 1) } else { (index + 1, index) };
                match ctx.arch() {
                    Arch::I386 => Slot { name, register: low, upper: Some(high) },
                    _ => Slot { name, register: index, upper: None },
                }
            }
            None => Slot { name: arg.name, register: index, upper: None },
        });
    }
    slots
}

/// The value of a constant of C, or of constants and numbers with `|` between them, as a line has them.
pub fn constant(arch: Arch, text: &str) -> Option<u64> {
    constants::number(arch, text)
}

/// The pieces of a list at its top level: what stands between `, `.
pub fn pieces(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = text_value::end_of_piece(rest, b",");
        found.push(&rest[..end]);
        rest = rest[end..].strip_prefix(',').unwrap_or_default();
        rest = rest.strip_prefix(' ').unwrap_or(rest);
        if rest.is_empty() && end < text.len() && text.ends_with(", ") {
            found.push(rest);
        }
    }
    found
}
