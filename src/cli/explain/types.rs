//! The types of arguments and results in words.

use crate::abi::{Arch, Call, Dir, FlagSet, Len, Meaning, Ret, Type, Width};

/// Constants that are listed before the rest is only counted.
const LISTED: usize = 12;

pub fn result(ret: &Ret) -> String {
    match ret {
        Ret::Int => "0 or a number".into(),
        Ret::Size => "a length in bytes".into(),
        Ret::NewFd => "a new descriptor".into(),
        Ret::Hex => "an address or bits".into(),
        Ret::Octal => "permission bits".into(),
        Ret::Pid => "the number of a process or thread".into(),
        Ret::Never => "nothing: it never comes back, unless it fails".into(),
        Ret::Enum(set) => format!("one of {}", list(set)),
        Ret::Flags(set) => format!("bits of {}", list(set)),
        Ret::Time => "seconds since 1970".into(),
    }
}

pub fn argument(ty: &Type, call: &Call) -> String {
    match ty {
        Type::Num { width, meaning } => number(*width, meaning),
        Type::Path => "path, text that ends with a zero byte".into(),
        Type::Str => "text that ends with a zero byte".into(),
        Type::Bytes { dir, len } => format!("bytes {}, {}", direction(*dir), length(*len, call)),
        Type::Ptr { dir, to } => format!("pointer to {} {}", article(&argument(to, call)), direction(*dir)),
        Type::Array { dir, of, len } => {
            format!("list of {} {}, {}", argument(of, call), direction(*dir), length(*len, call))
        }
        Type::Struct(structure) => format!("struct {}", structure.name),
        Type::Inline { of, count } => format!("{count} of {}", argument(of, call)),
        Type::StrVec { env: false } => "list of texts that ends with a null pointer".into(),
        Type::StrVec { env: true } => "list of variables (NAME=VALUE) that ends with a null pointer".into(),
        Type::SigSet { dir, .. } => format!("set of signals {}", direction(*dir)),
        Type::Custom { name, dir } => custom(name, *dir),
    }
}

/// What stands behind a name that leads into the decoder.
fn custom(name: &str, dir: Dir) -> String {
    let what = match name {
        "pgoffset" => return "offset, counted in pages of 4096 bytes".into(),
        "clone_flags" => return "CLONE_ flags, and in the lowest byte the signal that tells of the child's end".into(),
        "sockopt_name" => return "name of an option of that level".into(),
        "socket_protocol" => return "number of a protocol of that family, 0 for the usual one".into(),
        "ipc_flags" => return "IPC_CREAT, IPC_EXCL and permission bits".into(),
        "futex_wake_op" => return "operation and comparison in one number".into(),
        "key_serial" => return "serial number of a key, or one of KEY_SPEC_".into(),
        "ioctl_family" => "whatever the request is about,",
        "sockaddr" => "address: struct sockaddr of its family,",
        "sockopt" => "value of the option,",
        "iovec" => "list of buffers (struct iovec)",
        "wait_status" => "how the child ended or stopped,",
        "pollfd" => "list of descriptors and events (struct pollfd)",
        "fd_set" => "set of descriptors",
        "epoll_event" => "struct epoll_event",
        "dirents" | "dirents_old" => "names of a directory",
        "cpu_set" => "set of CPUs",
        "nodemask" | "nodemask_before" => "set of memory nodes",
        "memfd_name" | "mq_name" | "bridge_name" | "new_comm" | "comm" => "name, text that ends with a zero byte",
        "mount_data" => "options of the file system, text that ends with a zero byte",
        _ => return format!("struct {name} {}", direction(dir)),
    };
    format!("{what} {}", direction(dir))
}

fn article(text: &str) -> String {
    let vowel = text.starts_with(['a', 'e', 'i', 'o']);
    if text.starts_with(|c: char| c.is_ascii_digit()) || text.starts_with("one of") || text.starts_with("bits") {
        text.into()
    } else {
        format!("{} {text}", if vowel { "an" } else { "a" })
    }
}

fn direction(dir: Dir) -> &'static str {
    match dir {
        Dir::In => "that the call reads",
        Dir::Out => "that the call fills in",
        Dir::InOut => "that the call reads and changes",
    }
}

fn length(len: Len, call: &Call) -> String {
    let name = |arg: u8| call.args.get(usize::from(arg)).map_or("another argument", |arg| arg.name);
    match len {
        Len::Arg(arg) => format!("as many as {} says", name(arg)),
        Len::Ret => "as many as the result says".into(),
        Len::RetUpTo(arg) => format!("as many as the result says, {} at most", name(arg)),
        Len::Const(count) => format!("{count} of them"),
        Len::Deref(arg) => format!("as many as {} points to", name(arg)),
    }
}

fn number(width: Width, meaning: &Meaning) -> String {
    let bits = match width {
        Width::Word => "as wide as a pointer".into(),
        other => format!("{} bits", other.bytes(Arch::X86_64) * 8),
    };
    match meaning {
        Meaning::Signed => format!("number with a sign, {bits}"),
        Meaning::Unsigned => format!("number, {bits}"),
        Meaning::Hex => format!("address or bits, {bits}"),
        Meaning::Pointer => "address".into(),
        Meaning::Error => "number of an error, positive or negative".into(),
        Meaning::Octal => format!("number, written in octal, {bits}"),
        Meaning::Mode => "file mode: type and permissions, written in octal".into(),
        Meaning::Fd { closes: false } => "descriptor".into(),
        Meaning::Fd { closes: true } => "descriptor, which the call closes".into(),
        Meaning::DirFd => "descriptor of a directory, or AT_FDCWD (-100) for the current one".into(),
        Meaning::Pid => "number of a process or thread".into(),
        Meaning::Uid => "number of a user".into(),
        Meaning::Gid => "number of a group".into(),
        Meaning::Interface => "number of a network interface".into(),
        Meaning::Dev => "number of a device".into(),
        Meaning::Signal => "signal".into(),
        Meaning::Time => "seconds since 1970".into(),
        Meaning::Enum(set) => format!("one of {}", list(set)),
        Meaning::Flags(set) => format!("bits of {}", list(set)),
        Meaning::Const { name, .. } => format!("{name}, always"),
    }
}

fn list(set: &FlagSet) -> String {
    let constants = set.constants(Arch::X86_64);
    let mut names: Vec<&str> = constants.iter().take(LISTED).map(|constant| constant.name).collect();
    let more = constants.len().saturating_sub(LISTED);
    let rest = format!("and {more} more");
    if more > 0 {
        names.push(&rest);
    }
    names.join(" ")
}

fn set_of(call: &Call, arg: u8) -> Option<&'static FlagSet> {
    match call.args.get(usize::from(arg))?.ty {
        Type::Num { meaning: Meaning::Enum(set) | Meaning::Flags(set), .. } => Some(set),
        _ => None,
    }
}

/// `O_CREAT or O_TMPFILE`: the constants of an argument that lie in a mask.
pub fn names_of_bits(call: &Call, arg: u8, mask: u64) -> String {
    let Some(set) = set_of(call, arg) else { return format!("a bit of {mask:#x}") };
    let mut names: Vec<&str> = Vec::new();
    for bit in (0..64).map(|n| 1 << n).filter(|bit| mask & bit != 0) {
        // A bit without a name that programs use is told by the smallest constant that has it: O_TMPFILE.
        let known = set.constants(Arch::X86_64).iter().filter(|constant| !constant.name.starts_with("__"));
        let having = known.filter(|constant| constant.value & bit != 0);
        if let Some(constant) = having.min_by_key(|constant| constant.value.count_ones())
            && !names.contains(&constant.name)
        {
            names.push(constant.name);
        }
    }
    if names.is_empty() { format!("a bit of {mask:#x}") } else { names.join(" or ") }
}

pub fn name_of_value(call: &Call, arg: u8, value: u64) -> String {
    let name = set_of(call, arg).and_then(|set| set.name_of(Arch::X86_64, value));
    name.map_or_else(|| value.to_string(), str::to_owned)
}
