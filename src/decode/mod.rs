//! From a raw event to a tree of values, and from the tree to text: strace's line, the detail tree, hex, JSON.
//!
//! Pure, and it cannot fail: unreadable memory, unknown flags, short buffers and unknown numbers are values.
//! All text is printable ASCII; bytes of the tracee are escaped here.

mod value;

pub use value::*;

use std::borrow::Cow;

use crate::abi::Arch;
use crate::model::{CallView, Outcome, Store};

/// How much is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Bytes of a string shown before `...`; strace's `-s`, default 32.
    pub string_limit: usize,
    /// Structures and arrays in full; strace's `-v`.
    pub verbose: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { string_limit: 32, verbose: false }
    }
}

/// The name of a call, `syscall_0x270f` if the number is unknown.
pub fn call_name(_arch: Arch, nr: u64) -> Cow<'static, str> {
    Cow::Owned(format!("syscall_{nr:#x}"))
}

/// The call as a tree: every argument with its name, raw value and meaning.
pub fn call(view: &CallView<'_>, _options: &Options) -> Decoded {
    Decoded { name: call_name(view.arch, view.nr), args: Vec::new(), result: result(view) }
}

/// `openat(AT_FDCWD, "/etc/passwd", O_RDONLY)`: a finished call without its result; a call that goes on ends in
/// ` <unfinished ...>`.
pub fn call_text(view: &CallView<'_>, _options: &Options) -> String {
    format!("{}()", call_name(view.arch, view.nr))
}

/// What stands after the `=`: `3`, `-1 ENOENT (No such file or directory)`, `?`. None while the call goes on.
pub fn result_text(view: &CallView<'_>, _options: &Options) -> Option<String> {
    Some(format!("{:?}", view.outcome?))
}

/// The part before ` <unfinished ...>` of a line that another task interrupts: `read(0, `.
pub fn unfinished_text(view: &CallView<'_>, _options: &Options) -> String {
    format!("{}(", call_name(view.arch, view.nr))
}

/// The part after `<... read resumed>` up to and with the closing parenthesis: `"abc", 3)`.
pub fn resumed_text(_view: &CallView<'_>, _options: &Options) -> String {
    ")".into()
}

/// Any row of the store as one line without time and task: a call with its result, `--- SIGCHLD {…} ---`,
/// `+++ exited with 0 +++`, and so on.
pub fn row_text(store: &Store, seq: u64, options: &Options) -> String {
    match store.call(seq) {
        Some(view) => call_text(&view, options),
        None => String::new(),
    }
}

fn result(view: &CallView<'_>) -> Option<Outcome> {
    view.outcome
}

/// `ENOENT` and `No such file or directory`, of errno.h and strerror(3).
pub fn errno_name(_errno: u16) -> Option<(&'static str, &'static str)> {
    None
}

/// `SIGINT`, `SIGRT_3`; `SIG_99` for what is none.
pub fn signal_name(number: u8) -> Cow<'static, str> {
    Cow::Owned(format!("SIG_{number}"))
}
