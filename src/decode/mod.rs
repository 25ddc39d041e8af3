//! From a raw event to a tree of values, and from the tree to text: strace's line, the detail tree, hex, JSON.
//!
//! Pure, and it cannot fail: unreadable memory, unknown flags, short buffers and unknown numbers are values.
//! All text is printable ASCII; bytes of the tracee are escaped here.

mod behind;
mod constants;
mod custom;
mod descriptor;
mod detail;
mod direct;
mod dump;
mod escape;
pub mod hex;
mod hexadecimal;
pub mod json;
mod line;
mod manner;
mod num;
mod pids;
mod print;
pub mod printed;
mod program;
mod result;
mod rows;
mod signal;
mod special;
mod text_value;
mod time;
mod value;
mod walk;

pub use constants::Constants;
pub use descriptor::{address_text, came_from, descriptor_text, new_descriptor};
pub use detail::{DetailLine, detail};
pub use dump::{Transfer, dump_text};
pub use escape::escaped;
pub use line::Shown;
pub use manner::Manner;
pub use pids::{after_result, meant, quoted_comm, sender};
pub use program::{Started, Strings, Text, argv, started};
pub use rows::{end_line, group_stop_line, warning_line};
pub use signal::{signal_line, signal_line_with, signal_name, signal_value};
pub use time::date;
pub use value::*;

use std::borrow::Cow;

use crate::abi::{self, Arch};
use crate::model::{CallView, Store};

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Bytes of a string shown before `...`; strace's `-s`, default 32.
    pub string_limit: usize,
    /// Structures and arrays in full; strace's `-v`.
    pub verbose: bool,
    /// Strings as `\x5f`.
    pub hex: HexStrings,
    /// How arguments are shown; strace's `-e raw=` and `-e verbose=`.
    pub manner: Manner,
    /// Arguments with their names: `openat(dirfd=AT_FDCWD, path="/"`; strace's `-N`.
    pub names: bool,
    /// How constants are shown; strace's `-X`.
    pub constants: Constants,
    /// Descriptors with what is behind them, as far as it was looked up.
    pub descriptors: bool,
    /// A comment at calls that the vDSO would have answered, and at those that it made itself.
    pub vdso: bool,
}

/// Which strings are shown as `"\x5f\x78"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HexStrings {
    #[default]
    Never,
    /// Those with a byte that is neither printable ASCII nor white space; strace's `-x`.
    NotText,
    /// strace's `-xx`.
    All,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            string_limit: 32,
            verbose: false,
            hex: HexStrings::Never,
            manner: Manner::Decoded,
            names: false,
            constants: Constants::Names,
            descriptors: true,
            vdso: false,
        }
    }
}

/// The name of a call, `syscall_0x270f` if the number is unknown.
pub fn call_name(arch: Arch, nr: u64) -> Cow<'static, str> {
    line::call_name(arch, nr)
}

/// The name that the call's line begins with: `connect` where i386's socketcall(2) stands for it.
pub fn shown_name(view: &CallView<'_>) -> Cow<'static, str> {
    line::shown_name(view)
}

/// The call as a tree: every argument with its name, raw value and meaning.
pub fn call(view: &CallView<'_>, options: &Options) -> Decoded {
    line::call(view, options)
}

/// `openat(AT_FDCWD, "/etc/passwd", O_RDONLY)`: a finished call without its result; a call that goes on ends in
/// ` <unfinished ...>`, one that never came back, and of which the exit
/// would have told more, in ` <unfinished ...>)`.
pub fn call_text(view: &CallView<'_>, options: &Options) -> String {
    let mut out = String::with_capacity(96);
    line::write_call(&mut out, view, options);
    out
}

/// Appends what `call_text` gives. A call of which all is plain, as most are, is written without allocating more than the
/// text needs.
pub fn write_call(out: &mut String, view: &CallView<'_>, options: &Options) {
    line::write_call(out, view, options);
}

/// Appends what `result_text` gives; false, and nothing appended, while the call goes on.
pub fn write_result(out: &mut String, view: &CallView<'_>, options: &Options) -> bool {
    line::write_result(out, view, options)
}

/// What stands after the `=`: `3`, `-1 ENOENT (No such file or directory)`, `?`. None while the call goes on.
pub fn result_text(view: &CallView<'_>, options: &Options) -> Option<String> {
    line::result_text(view, options)
}

/// The part before ` <unfinished ...>` of a line that another task interrupts: `read(0, `.
pub fn unfinished_text(view: &CallView<'_>, options: &Options) -> String {
    Shown::new(view, options).unfinished_text()
}

/// The part after `<... read resumed>` up to and with the closing parenthesis: `"abc", 3)`.
pub fn resumed_text(view: &CallView<'_>, options: &Options) -> String {
    Shown::new(view, options).resumed_text()
}

/// Any row of the store as one line without time and task: a call with its result, `--- SIGCHLD {…} ---`,
/// `+++ exited with 0 +++`, and so on.
pub fn row_text(store: &Store, seq: u64, options: &Options) -> String {
    rows::row_text(store, seq, options)
}

/// `ENOENT` and `No such file or directory`, of errno.h and strerror(3).
pub fn errno_name(errno: u16) -> Option<(&'static str, &'static str)> {
    abi::errno(errno)
}
