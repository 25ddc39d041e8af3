//! The way out of the table: types whose text no declaration can describe, one file each, named after C's structure.
//!
//! A decoder gets the argument's index, because what it needs besides (a length, a command) stands in its siblings.

mod iovec;
mod stat;
mod wait_status;

use super::value::Value;
use super::walk::Ctx;
use crate::abi::{self, Dir};

/// The value of argument `index`, whose type is `custom[name]`.
pub fn decode(ctx: &Ctx<'_>, name: &str, index: usize, dir: Dir) -> Value {
    match name {
        "iovec" => iovec::decode(ctx, index, dir),
        "stat" | "stat64" => stat::decode(ctx, name, index, dir),
        "wait_status" => wait_status::decode(ctx, index, dir),
        _ => plain(ctx, name, index, dir),
    }
}

/// A structure of `assets/structs` by its name; the address if there is none.
fn plain(ctx: &Ctx<'_>, name: &str, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    match (abi::structure(name), ctx.side(dir)) {
        (Some(layout), Some(side)) => ctx.structure_at(side, addr, layout),
        _ => Value::address(addr),
    }
}
