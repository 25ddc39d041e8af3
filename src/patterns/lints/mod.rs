//! The lints, one a file, and what they have in common. A new one is a file and a line in `all`.

mod attempts;
mod bad_close;
mod bad_pointer;
mod churn;
mod crash;
mod forks;
mod inherited;
mod interrupted;
mod leaks;
mod lost_output;
mod polling;
mod repeated_error;
mod repeated_path;
mod searches;
mod slow_sync;
mod spin;
mod tiny_io;
mod unsupported;
mod yields;

use std::fmt::Debug;

use super::finding::Finding;
use super::seen::{Seen, Wants};
use crate::abi::Call;
use crate::model::{Row, Store};

/// Looks for one pattern. It is shown each row once, calls when they have come back.
pub trait Lint: Debug + Send {
    /// Its name, and what it looks for.
    fn about(&self) -> (&'static str, &'static str);

    /// Whether it wants to be shown the ends of a call; asked once for each call.
    fn wants(&self, call: &Call) -> Wants;

    /// What it says would not be true if some calls were not traced.
    fn needs_every_call(&self) -> bool {
        false
    }

    fn call(&mut self, _seen: &Seen<'_>) {}

    /// A row that is no call: a program, a task that comes or goes, a signal.
    fn event(&mut self, _store: &Store, _seq: u64, _row: &Row) {}

    /// Appends what it has to say so far.
    fn findings(&self, store: &Store, out: &mut Vec<Finding>);
}

/// One of each, in no particular order; at most 32.
pub fn all() -> Vec<Box<dyn Lint>> {
    vec![
        Box::<searches::Searches>::default(),
        Box::<tiny_io::TinyIo>::default(),
        Box::<polling::Polling>::default(),
        Box::<repeated_path::RepeatedPath>::default(),
        Box::<repeated_error::RepeatedError>::default(),
        Box::<forks::Forks>::default(),
        Box::<bad_close::BadClose>::default(),
        Box::<lost_output::LostOutput>::default(),
        Box::<bad_pointer::BadPointer>::default(),
        Box::<spin::Spin>::default(),
        Box::<yields::Yields>::default(),
        Box::<inherited::Inherited>::default(),
        Box::<leaks::Leaks>::default(),
        Box::<slow_sync::SlowSync>::default(),
        Box::<attempts::Attempts>::default(),
        Box::<interrupted::Interrupted>::default(),
        Box::<churn::Churn>::default(),
        Box::<crash::Crash>::default(),
        Box::<unsupported::Unsupported>::default(),
    ]
}

/// Calls that ask about a file or open it by its path, and do nothing else to it.
pub fn looks_up(name: &str) -> bool {
    matches!(
        name,
        "open"
            | "openat"
            | "openat2"
            | "stat"
            | "lstat"
            | "stat64"
            | "lstat64"
            | "newfstatat"
            | "fstatat64"
            | "statx"
            | "access"
            | "faccessat"
            | "faccessat2"
            | "readlink"
            | "readlinkat"
            | "execve"
            | "execveat"
    )
}

/// Calls that wait for something to happen on descriptors.
pub fn polls(name: &str) -> bool {
    let name = name.strip_suffix("_time64").unwrap_or(name);
    matches!(
        name,
        "poll" | "ppoll" | "select" | "_newselect" | "pselect6" | "epoll_wait" | "epoll_pwait" | "epoll_pwait2"
    )
}

/// errno(3); the numbers of x86 and aarch64.
pub mod errno {
    pub const ENOENT: u16 = 2;
    pub const EINTR: u16 = 4;
    pub const EIO: u16 = 5;
    pub const EBADF: u16 = 9;
    pub const ECHILD: u16 = 10;
    pub const EAGAIN: u16 = 11;
    pub const EFAULT: u16 = 14;
    pub const ENOTDIR: u16 = 20;
    pub const EINVAL: u16 = 22;
    pub const ENFILE: u16 = 23;
    pub const EMFILE: u16 = 24;
    pub const ENOTTY: u16 = 25;
    pub const EFBIG: u16 = 27;
    pub const ENOSPC: u16 = 28;
    pub const ESPIPE: u16 = 29;
    pub const EPIPE: u16 = 32;
    pub const ENOSYS: u16 = 38;
    pub const ETIMEDOUT: u16 = 110;
    pub const ECONNREFUSED: u16 = 111;
    pub const EINPROGRESS: u16 = 115;
    pub const EDQUOT: u16 = 122;
    /// ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK: a signal came, and the kernel makes the call again
    /// or gives the program EINTR. Only tracers see them.
    pub const RESTARTS: std::ops::RangeInclusive<u16> = 512..=516;
}
