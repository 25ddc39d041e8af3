//! File status, stat(2): the short form shows the type with the permissions and what the type makes interesting.

use crate::abi::{self, Dir};
use crate::decode::value::Value;
use crate::decode::walk::Ctx;

/// `{st_mode=S_IFREG|0644, st_size=12, ...}`, a device's number instead of a size.
pub fn decode(ctx: &Ctx<'_>, name: &str, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let (Some(layout), Some(side)) = (abi::structure(name), ctx.side(dir)) else { return Value::address(addr) };
    // Full, because the short form chooses by content.
    let options = super::super::Options { verbose: true, ..ctx.options.clone() };
    let full = Ctx { view: ctx.view, call: ctx.call, options: &options };
    let value = full.structure_at(side, addr, layout);
    if ctx.options.verbose {
        return value;
    }
    let Value::Struct { name, mut fields, .. } = value else { return value };
    let device = fields.iter().any(|(_, v)| matches!(v, Value::Mode(m) if matches!(m & 0o170000, 0o20000 | 0o60000)));
    let wanted = if device { "st_rdev" } else { "st_size" };
    fields.retain(|(field, _)| field == "st_mode" || field == wanted);
    Value::Struct { name, fields, elided: true }
}
