//! What single calls print in their own way: an argument that the declaration reads differently, an argument that
//! depends on the result, names before values.

use super::value::{DecodedArg, Value};
use super::walk::{Ctx, Side};

/// The argument's value where the call has its own idea of it.
pub fn argument(ctx: &Ctx<'_>, index: usize) -> Option<Value> {
    match (ctx.call.name, index) {
        ("getcwd", 0) => path_with_nul(ctx),
        ("getrandom", 0) => random(ctx),
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
    let bytes = super::walk::take(piece.bytes, usize::try_from(len).ok()?);
    Some(Value::Str { bytes: bytes.to_vec(), true_len: len, terminated: true })
}

/// Random bytes are no text.
fn random(ctx: &Ctx<'_>) -> Option<Value> {
    let (bytes, true_len) = ctx.buffer_bytes(Side::Exit, ctx.arg(0), ctx.returned()?.max(0) as u64)?;
    Some(Value::HexStr { bytes: bytes.to_vec(), true_len })
}

/// All arguments of a call that prints them in an order of its own.
pub fn all(_ctx: &Ctx<'_>) -> Option<Vec<DecodedArg>> {
    None
}

/// Appends what a call says beside its result: ` (Timeout)`.
pub fn result(_out: &mut String, _ctx: &Ctx<'_>, _value: i64) {}
