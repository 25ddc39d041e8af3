//! The way out of the table: types whose text no declaration can describe, one file each, named after C's structure.
//!
//! A decoder gets the argument's index, because what it needs besides (a length, a command) stands in its siblings.

pub mod capability;
pub mod clone;
pub mod dirents;
pub mod epoll_event;
pub mod futex;
pub mod ioctl;
mod iovec;
pub mod msghdr;
pub mod names;
pub mod pollfd;
pub mod shape;
mod sigaction;
pub mod siginfo;
pub mod sockaddr;
pub mod sockopt;
pub mod times;
mod wait_status;

use super::value::Value;
use super::walk::Ctx;
use crate::abi::{self, Dir};

/// The value of argument `index`, whose type is `custom[name]`.
pub fn decode(ctx: &Ctx<'_>, name: &str, index: usize, dir: Dir) -> Value {
    match name {
        "cap_data" => capability::data(ctx, index, dir),
        "cap_header" => capability::header(ctx, index),
        "clone_args" => clone::clone_args(ctx, index),
        "dirents" => dirents::decode(ctx, index, ctx.call.name == "getdents64"),
        "epoll_event" => epoll_event::decode(ctx, index, dir),
        "ioctl_cmd" => ioctl::command(ctx.arg(index)),
        "iovec" => iovec::decode(ctx, index, dir),
        "mmsghdr" => msghdr::decode_many(ctx, index, dir),
        "msghdr" => msghdr::decode(ctx, index, dir),
        "pollfd" => pollfd::decode(ctx, index),
        "sigaction" => sigaction::decode(ctx, index, dir),
        "siginfo" => siginfo::decode(ctx, index, dir),
        "sockaddr" => sockaddr::decode(ctx, index, dir),
        "sockopt" => sockopt::decode(ctx, index, dir),
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
