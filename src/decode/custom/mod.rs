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
mod small;
pub mod sockaddr;
pub mod sockopt;
pub mod times;
mod wait_status;

use super::value::Value;
use super::walk::{Ctx, Side};
use crate::abi::{self, Dir};

/// The value of argument `index`, whose type is `custom[name]`.
pub fn decode(ctx: &Ctx<'_>, name: &str, index: usize, dir: Dir) -> Value {
    match name {
        "cap_data" => capability::data(ctx, index, dir),
        "cap_header" => capability::header(ctx, index),
        "clone_args" => clone::clone_args(ctx, index),
        "comm" => small::comm(ctx, index, dir),
        "cpu_set" => cpu_set(ctx, index, dir),
        "dirents" => dirents::decode(ctx, index, true),
        "dirents_old" => dirents::decode(ctx, index, false),
        "fd_set" => pollfd::fd_set(ctx, Side::Entry, ctx.arg(index), ctx.arg(0) as i32),
        "file_handle" => small::file_handle(ctx, index, dir),
        "epoll_event" => epoll_event::decode(ctx, index, dir),
        "ipc_flags" => small::ipc_flags(ctx, index),
        "iovec" => iovec::decode(ctx, index, dir),
        "iovec_addresses" => iovec::vector(ctx, ctx.arg(index), ctx.arg(index + 1), Side::Entry, None),
        "mmsghdr" => msghdr::decode_many(ctx, index, dir),
        "mount_data" => small::mount_data(ctx, index),
        "msgbuf" => small::msgbuf(ctx, index, dir),
        "msghdr" => msghdr::decode(ctx, index, dir),
        "pgoffset" => Value::Hex(ctx.arg(index) << 12),
        "pollfd" => pollfd::decode(ctx, index),
        "pselect6_sigmask" => small::sigmask_and_size(ctx, index),
        "sigaction" => sigaction::decode(ctx, index, dir),
        "siginfo" => siginfo::decode(ctx, index, dir),
        "sockaddr" => sockaddr::decode(ctx, index, dir),
        "socket_protocol" => small::socket_protocol(ctx, index),
        "sockopt_name" => small::sockopt_name(ctx, index),
        "sockopt" => sockopt::decode(ctx, index, dir),
        "wait_status" => wait_status::decode(ctx, index, dir),
        _ => plain(ctx, name, index, dir),
    }
}

/// Processor numbers; the length is the argument before, sched_setaffinity(2), or the result.
fn cpu_set(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    match (dir, ctx.returned()) {
        (Dir::In, _) => pollfd::cpu_set(ctx, Side::Entry, addr, ctx.arg(index.saturating_sub(1))),
        (_, Some(len)) => pollfd::cpu_set(ctx, Side::Exit, addr, len.max(0) as u64),
        _ => Value::address(addr),
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
