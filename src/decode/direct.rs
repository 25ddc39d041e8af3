//! The line of a plain call, written straight from the registers and the copied memory: no tree, no allocation. Most
//! lines of most traces are plain; all others take the way over the tree (`line`), and so does every argument that is
//! not of a common kind.
//!
//! Left out: what anything means. Both ways ask the same functions, and `tests/decode_robust.rs` holds them together.

use super::custom::shape;
use super::escape::quoted;
use super::manner::Manner;
use super::num::{cut, each_flag, major_minor, number};
use super::print::{flag_rest, hex};
use super::value::Value;
use super::walk::{Bytes, Ctx, PATH_SHOWN, le, size_of, take};
use super::{Constants, HexStrings, Options, line, special};
use crate::abi::fetch::descriptor_address;
use crate::abi::{self, Arch, Dir, FlagSet, Meaning, Type, Width};
use crate::model::{CallView, Memory, Outcome};

/// Appends the call without its result; false, and nothing appended, if its line is not a plain one.
pub fn write(out: &mut String, view: &CallView<'_>, options: &Options) -> bool {
    let plain = options.manner == Manner::Decoded
        && options.hex == HexStrings::Never
        && options.constants == Constants::Names
        && !options.names
        && matches!(view.outcome, Some(Outcome::Returned(_) | Outcome::Failed(_)))
        && !(options.descriptors && (names_descriptors(view.entry) || names_descriptors(view.exit)));
    // Calls that stand for others are i386's.
    if !plain || view.printed().is_some_and(|printed| printed.has_text()) || view.arch == Arch::I386 {
        return false;
    }
    let Some(base) = abi::lookup(view.arch, view.nr) else { return false };
    let ctx = Ctx { view, call: base.select(view.args), options };
    // 64-bit numbers in two arguments are written as one.
    let split = ctx.call.args.windows(2).any(|pair| line::split(pair[0].name, pair[1].name).is_some());
    if split || special::chooses(&ctx) {
        return false;
    }
    out.push_str(base.name);
    out.push('(');
    let mut first = true;
    for (index, arg) in ctx.call.args.iter().enumerate().take(6) {
        if arg.when.is_some_and(|cond| !cond.holds(view.args)) || special::omits(&ctx, index) {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.push_str(", ");
        }
        match special::argument(&ctx, index) {
            Some(value) => value.write(out),
            None => argument(out, &ctx, index, &arg.ty),
        }
    }
    out.push(')');
    true
}

/// Whether something was looked up about descriptors.
fn names_descriptors(memory: Memory<'_>) -> bool {
    memory.regions.iter().any(|region| region.addr >= descriptor_address(0))
}

/// As `Ctx::argument` and `Value::write`.
fn argument(out: &mut String, ctx: &Ctx<'_>, index: usize, ty: &Type) {
    let raw = ctx.arg(index);
    match *ty {
        Type::Num { width, meaning } => place_number(out, ctx.arch(), width, meaning, raw),
        Type::Path => string(out, raw, ctx.c_bytes(raw, PATH_SHOWN)),
        Type::Str => string(out, raw, ctx.c_bytes(raw, ctx.options.string_limit)),
        Type::Bytes { dir, len } => match ctx.plain_bytes(index, dir, len) {
            Some(bytes) => string(out, raw, bytes),
            None => ctx.argument(index, ty).write(out),
        },
        Type::Custom { name: name @ ("stat" | "stat64"), dir } if !ctx.options.verbose => {
            stat(out, ctx, index, name, dir)
        }
        _ => ctx.argument(index, ty).write(out),
    }
}

fn place_number(out: &mut String, arch: Arch, width: Width, meaning: Meaning, raw: u64) {
    match meaning {
        Meaning::Flags(set) => flags(out, arch, set, raw, width.bytes(arch) * 8),
        Meaning::Dev => {
            let (major, minor) = major_minor(cut(raw, width.bytes(arch) * 8));
            out.push_str("makedev(");
            hex(out, major);
            out.push_str(", ");
            hex(out, minor);
            out.push(')');
        }
        _ => number(arch, width, meaning, raw).write(out),
    }
}

/// As `num::flags` and `Value::write`.
fn flags(out: &mut String, arch: Arch, set: &'static FlagSet, raw: u64, bits: usize) {
    let value = cut(raw, bits);
    let (mut count, mut first) = (0, "");
    let left = each_flag(arch, set, value, bits, |name| {
        if count > 0 {
            out.push('|');
        } else {
            first = name;
        }
        count += 1;
        out.push_str(name);
    });
    match left.zero {
        Some(name) if value == 0 && count == 0 => out.push_str(name),
        _ => flag_rest(out, count, first, left.rest, set.unknown),
    }
}

fn string(out: &mut String, addr: u64, found: Option<Bytes<'_>>) {
    match found {
        Some(found) => {
            quoted(out, found.bytes);
            if found.true_len > found.bytes.len() as u64 || !found.terminated {
                out.push_str("...");
            }
        }
        None if addr == 0 => out.push_str("NULL"),
        None => hex(out, addr),
    }
}

/// As `shape::stat` and `Value::write`.
fn stat(out: &mut String, ctx: &Ctx<'_>, index: usize, name: &str, dir: Dir) {
    let addr = ctx.arg(index);
    let found = abi::structure(name).and_then(|layout| {
        let size = layout.layout(ctx.arch()).size as usize;
        Some((layout, ctx.read(ctx.side(dir)?, addr, size)?))
    });
    let Some((layout, bytes)) = found else { return Value::address(addr).write(out) };
    out.push('{');
    for name in shape::stat_shown(ctx, layout, bytes) {
        let Some(field) = layout.layout(ctx.arch()).fields.iter().find(|field| field.name == name) else { continue };
        out.push_str(name);
        out.push('=');
        place(out, ctx, &field.ty, bytes.get(field.offset as usize..).unwrap_or_default());
        out.push_str(", ");
    }
    out.push_str("...}");
}

/// As `Ctx::place` and `Value::write`.
fn place(out: &mut String, ctx: &Ctx<'_>, ty: &'static Type, bytes: &[u8]) {
    match ty {
        Type::Num { width, meaning } => {
            let raw = le(take(bytes, size_of(ty, ctx.arch())));
            place_number(out, ctx.arch(), *width, *meaning, raw);
        }
        _ => ctx.place(ty, bytes).write(out),
    }
}
