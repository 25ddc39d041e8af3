//! The shape of a declaration: what the build script generates from `assets/` and everyone else reads.
//! One declaration yields the decoding, the fetch plan, the effects on descriptors, the help page.

use super::Arch;

/// One call, or one variant of it chosen by a constant argument (`fcntl$F_SETFL`).
#[derive(Debug)]
pub struct Call {
    /// The kernel's name, as in `asm/unistd.h`: `openat`, `pread64`, `newfstatat`.
    pub name: &'static str,
    /// What stands after `$`, empty for the base declaration.
    pub variant: &'static str,
    pub args: &'static [Arg],
    pub ret: Ret,
    /// strace's classes without the percent sign: `file`, `desc`, `network`, `process`, `signal`, `memory`, `ipc`, …
    pub tags: &'static [&'static str],
    /// Variants of a base declaration, in file order; the first whose constants all match is taken.
    pub variants: &'static [Call],
    /// False: only the argument names are known; values are shown in hexadecimal.
    pub described: bool,
    /// Where the declaration stands, `assets/syscalls/file.sys:12`.
    pub source: &'static str,
}

#[derive(Debug)]
pub struct Arg {
    pub name: &'static str,
    pub ty: Type,
    /// The argument exists only if this holds (`mode` of `openat`).
    pub when: Option<Cond>,
}

/// A test on another argument of the same call.
#[derive(Debug, Clone, Copy)]
pub enum Cond {
    /// `if flags & O_CREAT|O_TMPFILE`: any of the bits is set.
    AnyBit { arg: u8, mask: u64 },
    /// `if cmd == F_SETLK`.
    Equal { arg: u8, value: u64 },
}

impl Cond {
    pub fn holds(self, args: &[u64; 6]) -> bool {
        match self {
            Cond::AnyBit { arg, mask } => args[arg as usize] & mask != 0,
            Cond::Equal { arg, value } => args[arg as usize] == value,
        }
    }
}

/// What a result means.
#[derive(Debug, Clone, Copy)]
pub enum Ret {
    Int,
    /// A length in bytes.
    Size,
    /// A new descriptor (`fd+`).
    NewFd,
    /// Printed in hexadecimal: addresses.
    Hex,
    /// Printed in octal: `umask`.
    Octal,
    Pid,
    /// Does not return on success (`exit_group`, `execve`).
    Never,
    Enum(&'static FlagSet),
    Flags(&'static FlagSet),
    /// Seconds since the epoch, as in `time`.
    Time,
}

/// Width of a number in memory. As an argument, the register is cut to this width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    W8,
    W16,
    W32,
    W64,
    /// `long` or pointer: 8 bytes on lp64, 4 bytes on ilp32.
    Word,
}

impl Width {
    pub fn bytes(self, arch: Arch) -> usize {
        match self {
            Width::W8 => 1,
            Width::W16 => 2,
            Width::W32 => 4,
            Width::W64 => 8,
            Width::Word => arch.word(),
        }
    }
}

/// What a number means, which decides how it is shown.
#[derive(Debug, Clone, Copy)]
pub enum Meaning {
    Signed,
    Unsigned,
    /// Addresses and words that have no better name: `0x7f…`, `NULL` for 0 when `Pointer`.
    Hex,
    Pointer,
    Octal,
    /// A number that is an error if it is negative: `-EFAULT`.
    Error,
    /// File mode bits with type: `S_IFREG|0644`.
    Mode,
    /// A descriptor; `closes` if the call ends it (`fd-`).
    Fd {
        closes: bool,
    },
    /// A directory descriptor: `AT_FDCWD` or a number.
    DirFd,
    Pid,
    Uid,
    Gid,
    /// The number of a network interface.
    Interface,
    /// `makedev(major, minor)`.
    Dev,
    Signal,
    /// Seconds since the epoch.
    Time,
    Enum(&'static FlagSet),
    Flags(&'static FlagSet),
    /// The constant that selects a variant.
    Const {
        name: &'static str,
        /// On x86-64.
        value: u64,
        /// What it is on other ABIs: requests of ioctl(2) hold the size of a structure.
        also: &'static [u64],
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dir {
    In,
    Out,
    InOut,
}

/// How many elements a pointer leads to.
#[derive(Debug, Clone, Copy)]
pub enum Len {
    /// The value of another argument (`count`).
    Arg(u8),
    /// The result, when positive (`read`'s buffer).
    Ret,
    /// The result, but not more than another argument (`recvfrom` with MSG_TRUNC tells the true length).
    RetUpTo(u8),
    Const(u32),
    /// The number behind another pointer argument: `socklen_t *`.
    Deref(u8),
}

/// The type of an argument, a field or what a pointer leads to.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    Num {
        width: Width,
        meaning: Meaning,
    },
    /// Pointer to a NUL-terminated path, always read at entry.
    Path,
    /// Pointer to a NUL-terminated string, read at entry.
    Str,
    /// Pointer to raw bytes.
    Bytes {
        dir: Dir,
        len: Len,
    },
    /// Pointer to one value.
    Ptr {
        dir: Dir,
        to: &'static Type,
    },
    /// Pointer to several values.
    Array {
        dir: Dir,
        of: &'static Type,
        len: Len,
    },
    /// A structure in place (a field, or behind `Ptr`/`Array`).
    Struct(&'static Struct),
    /// A fixed array of numbers or bytes in place, inside a structure.
    Inline {
        of: &'static Type,
        count: u32,
    },
    /// Pointer to a NULL-terminated array of string pointers (`argv`); `env`: shown as a count of variables.
    StrVec {
        env: bool,
    },
    /// Pointer to a signal set whose size in bytes is the given argument, or 8.
    SigSet {
        dir: Dir,
        size_arg: Option<u8>,
    },
    /// The way out into Rust: `fetch` in `abi::fetch`, text in `decode`, both by this name.
    Custom {
        name: &'static str,
        dir: Dir,
    },
}

/// Named constants, in the order in which strace prints them.
#[derive(Debug)]
pub struct FlagSet {
    /// The name in `assets/flags`: `open`.
    pub name: &'static str,
    /// What stands in the comment of an unknown value, strace's habit: `O_???`.
    pub unknown: &'static str,
    /// Values for each ABI of `Arch::ALL`, by `Arch as usize` (most sets are the same on all).
    pub by_arch: [&'static [Constant]; 4],
}

/// One constant. Within a flag set, a constant with a `mask` is one value of an enumerated field: it holds when
/// `value & mask == self.value` (`O_RDWR` under `O_ACCMODE`). Without one, all its bits must be set.
#[derive(Debug, Clone, Copy)]
pub struct Constant {
    pub name: &'static str,
    pub value: u64,
    pub mask: Option<u64>,
}

/// A set with more constants than this is sorted by value and looked up by bisection; it names whole values, no flags.
pub const LARGE_SET: usize = 256;

impl FlagSet {
    /// All constants of that value, in table order.
    pub fn named(&self, arch: Arch, value: u64) -> impl Iterator<Item = &'static Constant> {
        let all = self.constants(arch);
        let from = if all.len() > LARGE_SET { all.partition_point(|c| c.value < value) } else { 0 };
        let end = if all.len() > LARGE_SET { all.partition_point(|c| c.value <= value) } else { all.len() };
        all[from..end].iter().filter(move |c| c.value == value)
    }

    pub fn constants(&self, arch: Arch) -> &'static [Constant] {
        self.by_arch[arch as usize]
    }

    pub fn value(&self, arch: Arch, name: &str) -> Option<u64> {
        self.constants(arch).iter().find(|c| c.name == name).map(|c| c.value)
    }

    pub fn name_of(&self, arch: Arch, value: u64) -> Option<&'static str> {
        self.named(arch, value).next().map(|c| c.name)
    }
}

/// A structure's layout for each ABI.
#[derive(Debug)]
pub struct Struct {
    pub name: &'static str,
    /// By `Arch as usize`; layouts differ by word size and alignment (i386 aligns 64-bit fields to 4).
    pub by_arch: [Layout; 4],
}

#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// In bytes.
    pub size: u32,
    pub fields: &'static [Field],
}

#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    /// In bytes from the start.
    pub offset: u32,
    pub ty: Type,
    /// Shown only in full views; strace's abbreviated form leaves it out and prints `...` at the end.
    pub verbose: bool,
    /// Shown only if any of its bytes is not zero: what is reserved, or seldom used.
    pub nonzero: bool,
}

/// Attributes of one kind of netlink(7) message, or of what one of its attributes holds in turn.
#[derive(Debug)]
pub struct Attributes {
    /// The name in `assets/netlink`: `link`.
    pub name: &'static str,
    /// What stands in the comment of an unknown attribute: `IFLA_???`.
    pub unknown: &'static str,
    pub entries: &'static [Attribute],
}

#[derive(Debug)]
pub struct Attribute {
    pub name: &'static str,
    pub value: u16,
    pub content: Content,
}

/// What an attribute holds.
#[derive(Debug)]
pub enum Content {
    /// Nobody says.
    Bytes,
    /// A number or a structure in place; what is shorter is shown as bytes.
    Value(Type),
    /// More attributes.
    Nested(&'static Attributes),
    /// A number of any length: one name, or the names of its bits.
    Any { set: &'static FlagSet, bits: bool },
    /// The way out into Rust, by this name.
    Special(&'static str),
}

impl Struct {
    pub fn layout(&self, arch: Arch) -> Layout {
        self.by_arch[arch as usize]
    }
}

impl Call {
    /// The variant that the arguments select, or the base declaration.
    pub fn select(&'static self, args: &[u64; 6]) -> &'static Call {
        self.variants
            .iter()
            .find(|v| {
                v.args.iter().zip(args).all(|(arg, &raw)| match arg.ty {
                    Type::Num { meaning: Meaning::Const { value, also, .. }, .. } => {
                        raw as u32 == value as u32 || also.iter().any(|&value| raw as u32 == value as u32)
                    }
                    _ => true,
                })
            })
            .unwrap_or(self)
    }
}
