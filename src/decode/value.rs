//! The tree of values. strace's line, the detail pane and JSON are printers over it.
//!
//! A string holds at most as many bytes as the options asked for, so a printer needs no options and a common line
//! copies little.

use std::borrow::Cow;

use crate::model::Outcome;

/// A decoded call.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    pub name: Cow<'static, str>,
    /// Only the arguments that exist (a `mode` that openat does not read is left out).
    pub args: Vec<DecodedArg>,
    /// Bit N: the content of argument register N is not known, because only text tells of the call.
    pub unknown: u8,
    pub result: Option<Outcome>,
}

/// The `index` of what no register carries: what the stack or an earlier call tells.
pub const NO_REGISTER: u8 = 6;

impl Decoded {
    /// What the register of an argument held, if that is known.
    pub fn raw(&self, arg: &DecodedArg) -> Option<u64> {
        (arg.index > 7 || self.unknown >> arg.index & 1 == 0).then_some(arg.raw)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct DecodedArg {
    pub name: Cow<'static, str>,
    /// Index of the argument register, 0 to 5, or `NO_REGISTER`.
    pub index: u8,
    /// The register's content.
    pub raw: u64,
    pub value: Value,
    /// The value is known only when the call is over: an interrupted line ends before it.
    pub at_exit: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Signed(i64),
    Unsigned(u64),
    Hex(u64),
    /// At least three digits: `000`, `0644`.
    Octal(u64),
    Null,
    /// A pointer that is not followed, or whose memory was not readable or not read.
    Address(u64),
    /// A name for the whole value: `SEEK_SET`, `AT_FDCWD`, `SIGINT`.
    Named(Cow<'static, str>),
    /// Names joined by `|` in print order; what has no name in `rest`. `unknown` is strace's `O_???` comment, used
    /// when nothing has a name. Nothing set and no name for zero prints `0`.
    Flags {
        names: Vec<Cow<'static, str>>,
        rest: u64,
        unknown: &'static str,
    },
    /// A value without a name, with strace's comment: `0x63 /* SIG_??? */`.
    Unknown {
        raw: u64,
        comment: &'static str,
    },
    Fd(i32),
    /// A number of a process or a thread, as the task that says it counts them; negative where a call gives that a meaning.
    Pid(i64),
    /// Type and permission bits of a file: `S_IFREG|S_ISUID|0755`.
    Mode(u64),
    /// Bytes of the tracee. `true_len` is longer than `bytes` when the copy or the view was cut.
    Str {
        bytes: Vec<u8>,
        true_len: u64,
        terminated: bool,
    },
    /// Bytes that are no text, every one as `\x`: what getrandom(2) gives.
    HexStr {
        bytes: Vec<u8>,
        true_len: u64,
    },
    /// A value with a comment: `/* 24 vars */`.
    Commented(Box<Value>, Cow<'static, str>),
    /// A field with an empty name is printed without `name=`.
    Struct {
        name: &'static str,
        fields: Vec<(Cow<'static, str>, Value)>,
        elided: bool,
    },
    Array {
        items: Vec<Value>,
        elided: bool,
    },
    /// Words separated by spaces: signal sets `~[RTMIN RT_1]`, descriptor sets `[3 4]`.
    Set {
        items: Vec<Cow<'static, str>>,
        inverted: bool,
    },
    /// A call-like value: `makedev(0x1, 0x3)`, `htons(80)`, `inet_addr("127.0.0.1")`.
    Call {
        function: &'static str,
        args: Vec<Value>,
    },
    /// Values at entry and at exit: `16 => 4`, behind a pointer (in an `Array`) strace's `[16 => 4]`.
    Changed(Box<Value>, Box<Value>),
    /// The end of an array of which the rest, from this address on, could not be read: `... /* 0x7f… */`.
    Unread(u64),
    /// What wait(2) stored, with the macros of C that take it apart as text.
    WaitStatus {
        raw: u32,
        text: Cow<'static, str>,
    },
    /// Already text, escaped.
    Text(Cow<'static, str>),
}

impl Value {
    /// A pointer that is not followed: `NULL` or its address.
    pub fn address(addr: u64) -> Value {
        if addr == 0 { Value::Null } else { Value::Address(addr) }
    }

    /// What a pointer to one number leads to: `[4]`.
    pub fn pointee(value: Value) -> Value {
        Value::Array { items: vec![value], elided: false }
    }

    /// A structure that is shown whole.
    pub fn structure(name: &'static str, fields: Vec<(Cow<'static, str>, Value)>) -> Value {
        Value::Struct { name, fields, elided: false }
    }

    /// A value with a remark after it: `5 /* remark */`.
    pub fn commented(self, comment: impl Into<Cow<'static, str>>) -> Value {
        Value::Commented(Box::new(self), comment.into())
    }
}
