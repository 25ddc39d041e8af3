//! What single calls print in their own way: an argument that the declaration reads differently, an argument that
//! depends on the result, names before values, a remark beside the result.

use super::constants::Constants;
use super::custom::{self, clone, epoll_event, futex, pollfd, times};

use super::manner::Manner;
use super::value::{DecodedArg, NO_REGISTER, Value};
use super::walk::{Ctx, Side};
use crate::abi::{self, Arg, Dir, FlagSet, Meaning, Type};

/// All arguments of a call that chooses them, or their order, by content.
pub fn all(ctx: &Ctx<'_>) -> Option<Vec<DecodedArg>> {
    match ctx.call.name {
        "clone" => Some(clone::arguments(ctx)),
        "restart_syscall" => Some(vec![resumed_call(ctx)]),
        "rt_sigreturn" | "sigreturn" => Some(restored_mask(ctx).into_iter().collect()),
        "futex" | "futex_time64" => Some(futex::arguments(ctx)),
        _ => None,
    }
}

/// Whether `all` has an answer.
pub fn chooses(ctx: &Ctx<'_>) -> bool {
    const NAMES: [&str; 6] = ["clone", "restart_syscall", "rt_sigreturn", "sigreturn", "futex", "futex_time64"];
    NAMES.contains(&ctx.call.name)
}

/// Whether the call does not read an argument that its declaration has: the number of a device that is none.
pub fn omits(ctx: &Ctx<'_>, index: usize) -> bool {
    match (ctx.call.name, index) {
        ("mknod", 2) => !device(ctx.arg(1)),
        ("mknodat", 3) => !device(ctx.arg(2)),
        ("quotactl" | "quotactl_fd", 2 | 3) => custom::quota::omits(ctx, index),
        ("mremap", 4) => ctx.arg(3) & MREMAP_TO != MREMAP_TO,
        // PTRACE_TRACEME; PTRACE_KILL and PTRACE_ATTACH.
        ("ptrace", 1..) if ctx.arg(0) == 0 => true,
        ("ptrace", 2..) => matches!(ctx.arg(0), 8 | 16),
        _ => false,
    }
}

/// MREMAP_MAYMOVE and MREMAP_FIXED of linux/mman.h: the kernel takes the second only with the first.
const MREMAP_TO: u64 = 3;

/// S_IFCHR or S_IFBLK of inode(7).
fn device(mode: u64) -> bool {
    matches!(mode & 0o170000, 0o20000 | 0o60000)
}

/// The argument's value where the call has its own idea of it.
pub fn argument(ctx: &Ctx<'_>, index: usize) -> Option<Value> {
    match (ctx.call.name, index) {
        ("getrandom", 0) => random(ctx),
        ("poll" | "ppoll" | "ppoll_time64", 0) => Some(pollfd::decode(ctx, index)),
        ("epoll_ctl", 3) => Some(epoll_event::decode(ctx, index, Dir::In)),
        ("epoll_wait" | "epoll_pwait" | "epoll_pwait2", 1) => Some(epoll_event::decode(ctx, index, Dir::Out)),
        ("utimensat" | "utimensat_time64", 2) => Some(times::pair(ctx, index, true)),
        ("utimes", 1) | ("futimesat", 2) => Some(times::pair(ctx, index, false)),
        ("nanosleep", 1) | ("clock_nanosleep" | "clock_nanosleep_time64", 3) => Some(remaining(ctx, index)),
        ("getsockopt", 4) => length_of_failed(ctx, index),
        ("sendfile" | "sendfile64", 2) => Some(moved_offset(ctx, index)),
        ("copy_file_range" | "splice", 1 | 3) => Some(offset(ctx, Side::Entry, index, 8)),
        ("getxattr" | "lgetxattr" | "fgetxattr", 2) if ctx.arg(3) == 0 => Some(Value::address(ctx.arg(2))),
        ("listxattr" | "llistxattr" | "flistxattr", 1) if ctx.arg(2) == 0 => Some(Value::address(ctx.arg(1))),
        // F_GETLK, F_GETLK64, F_OFD_GETLK: a question that was not answered.
        ("fcntl" | "fcntl64", 2) if ctx.returned().is_none() && matches!(ctx.arg(1), 5 | 12 | 36) => {
            Some(Value::address(ctx.arg(2)))
        }
        ("setxattr" | "lsetxattr" | "fsetxattr", 2) => Some(attribute(ctx, Side::Entry, 2, ctx.arg(3))),
        ("getxattr" | "lgetxattr" | "fgetxattr", 2) => match ctx.returned() {
            Some(len) => Some(attribute(ctx, Side::Exit, 2, len.max(0) as u64)),
            None => Some(Value::address(ctx.arg(2))),
        },
        // UTS_LEN of linux/utsname.h: the kernel reads no longer name.
        ("sethostname" | "setdomainname", 0) if ctx.count(1) > 64 => Some(Value::address(ctx.arg(0))),
        // What was not waited for was not counted.
        ("wait4", 3) if ctx.returned().is_none_or(|child| child <= 0) => Some(Value::address(ctx.arg(3))),
        ("mount", 2) if mount_flags(ctx) & (MS_REMOUNT | MS_NO_DATA) != 0 => Some(Value::address(ctx.arg(2))),
        ("mount", 4) if mount_flags(ctx) & MS_REMOUNT == 0 && mount_flags(ctx) & MS_NO_DATA != 0 => {
            Some(Value::address(ctx.arg(4)))
        }
        // strace reads these after the call, and only if it did not fail.
        ("epoll_pwait", 4) | ("epoll_pwait2", 3 | 4) if ctx.returned().is_none() => {
            Some(Value::address(ctx.arg(index)))
        }
        ("mmap" | "mmap2", 3) | ("remap_file_pages", 4) => mapping_flags(ctx, index),
        ("memfd_create", 1) => huge_pages(ctx, index, 0, "MFD_HUGE_SHIFT"),
        ("ioprio_set", 2) => Some(custom::words::io_priority(ctx.arg(2) & 0xffff_ffff)),
        ("sigsuspend", 2) | ("ssetmask", 0) => Some(super::signal::old_set(ctx.arg(index) & 0xffff_ffff)),
        ("sigprocmask", 1) => Some(old_mask(ctx, index, Dir::In)),
        ("sigprocmask", 2) | ("sigpending", 0) => Some(old_mask(ctx, index, Dir::Out)),
        ("sigaction", 1) => Some(custom::sigaction::old(ctx, index, Dir::In)),
        ("sigaction", 2) => Some(custom::sigaction::old(ctx, index, Dir::Out)),
        ("signal", 1) => Some(signal_handler(ctx.arg(1))),
        ("readdir", 1) if ctx.returned() == Some(0) => Some(Value::address(ctx.arg(1))),
        ("statfs64" | "fstatfs64", 2) if !is_size_of(ctx, 1, "statfs64") => Some(Value::address(ctx.arg(2))),
        ("shmctl" | "msgctl", 1) | ("semctl", 2) => ipc_command(ctx, index),
        ("sched_getattr", 1) if ctx.count(2) == 0 => Some(Value::address(ctx.arg(1))),
        ("personality", 0) if ctx.arg(0) as u32 == u32::MAX => Some(Value::Hex(0xffff_ffff)),
        ("personality", 0) => unknown_kind(ctx, index, 0xff),
        ("shmget" | "semget" | "msgget", 0) if ctx.arg(0) as u32 != 0 => Some(Value::Hex(ctx.arg(0) & 0xffff_ffff)),
        ("socketcall", 0) if ctx.call.variant.is_empty() => Some(Value::Signed((ctx.arg(0) as i32).into())),
        ("quotactl", 0) | ("quotactl_fd", 1) => Some(custom::quota::named_command(ctx.arg(index))),
        ("quotactl" | "quotactl_fd", 2) => custom::quota::identifier(ctx, index),
        ("swapon", 1) => Some(custom::words::swap(ctx, index)),
        ("kexec_load", 3) => Some(custom::words::kexec(ctx, index)),
        // KEXEC_SEGMENT_MAX of linux/kexec.h.
        ("kexec_load", 2) if ctx.arg(1) > 16 => Some(Value::address(ctx.arg(2))),
        ("fanotify_init", 0) => Some(custom::words::fanotify_init(ctx, index)),
        ("fanotify_mark", _) if is_no_directory(ctx, index) => Some(Value::Named("FAN_NOFD".into())),
        // NGROUPS_MAX of linux/limits.h.
        ("setgroups" | "setgroups32", 1) if ctx.count(0) > 65_536 => Some(Value::address(ctx.arg(1))),
        ("prctl", 1) if ctx.call.variant == "PR_SET_PTRACER" && ctx.arg(1) as u32 == u32::MAX => {
            Some(Value::Named("PR_SET_PTRACER_ANY".into()))
        }
        ("syslog", 0) => custom::words::log_action(ctx, index),
        ("syslog", 2) if ctx.call.variant == "SYSLOG_ACTION_CONSOLE_LEVEL" => {
            Some(custom::words::log_level(ctx, index))
        }
        ("waitid", 2) if ctx.returned().is_some() => Some(custom::siginfo::decode(ctx, index, Dir::Out)),
        ("futex_wait", 2) | ("futex_wake", 1) if ctx.arg(index) == 0xffff_ffff => {
            Some(Value::Named("FUTEX_BITSET_MATCH_ANY".into()))
        }
        ("file_getattr" | "file_setattr", 2) if ctx.arg(3) > 4096 => Some(Value::address(ctx.arg(2))),
        ("lsm_list_modules", 0) if ctx.read(Side::Entry, ctx.arg(1), 4).is_none() => Some(Value::address(ctx.arg(0))),
        ("io_uring_register", 0) if registered_ring(ctx) => Some(Value::Unsigned(ctx.arg(0) & 0xffff_ffff)),
        ("io_uring_register", 1) if registered_ring(ctx) => registration(ctx),
        ("ioctl", 1) => Some(custom::ioctl::request(ctx, index)),
        _ => None,
    }
}

/// restart_syscall(2) has no arguments: the kernel goes on with the call that a signal interrupted.
fn resumed_call(ctx: &Ctx<'_>) -> DecodedArg {
    let call = ctx.view.restarts.map_or("system call".into(), |nr| super::call_name(ctx.arch(), nr));
    let value = Value::Text(format!("<... resuming interrupted {call} ...>").into());
    let raw = ctx.view.restarts.unwrap_or(0);
    DecodedArg { name: "call".into(), index: NO_REGISTER, raw, value, at_exit: false }
}

/// sigreturn(2) has no arguments: what it restores stands on the stack.
fn restored_mask(ctx: &Ctx<'_>) -> Option<DecodedArg> {
    let place = abi::fetch::signal_mask(ctx.arch(), ctx.call, ctx.view.sp)?;
    let parts = place.parts();
    let raw = parts.first()?.0;
    let halves: Option<Vec<u64>> = parts.iter().map(|&(addr, len)| ctx.uint(Side::Entry, addr, len)).collect();
    let value = match halves.as_deref() {
        Some([mask]) => restored(*mask),
        Some([low, high]) => restored(low | high << 32),
        _ => Value::Address(ctx.view.sp),
    };
    Some(DecodedArg { name: "frame".into(), index: NO_REGISTER, raw, value, at_exit: false })
}

/// A mask of the first 32 signals behind a pointer, in brackets of its own.
fn old_mask(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    match ctx.side(dir).and_then(|side| ctx.uint(side, addr, 4)) {
        Some(mask) => super::signal::old_set(mask),
        None => Value::address(addr),
    }
}

/// signal(2) is i386's.
fn signal_handler(handler: u64) -> Value {
    custom::sigaction::handler(handler, 64)
}

fn restored(mask: u64) -> Value {
    Value::structure("sigframe", vec![("mask".into(), super::signal::set(mask))])
}

// linux/mount.h: a remount names no file system; moving and changing how mounts propagate take no data either.
const MS_REMOUNT: u64 = 0x20;
const MS_NO_DATA: u64 = 0x1000 | 0x2000 | 0x2_0000 | 0x4_0000 | 0x8_0000 | 0x10_0000;

/// Old programs put a magic number in the upper half.
fn mount_flags(ctx: &Ctx<'_>) -> u64 {
    const MS_MGC_MSK: u64 = 0xffff_0000;
    const MS_MGC_VAL: u64 = 0xc0ed_0000;
    let flags = ctx.arg(3);
    if flags & MS_MGC_MSK == MS_MGC_VAL { flags & !MS_MGC_MSK } else { flags }
}

/// Whether argument `index` is a directory descriptor that is -1: fanotify_mark(2) ignores it for an absolute path.
fn is_no_directory(ctx: &Ctx<'_>, index: usize) -> bool {
    ctx.call.args.get(index).is_some_and(|arg| arg.name == "dirfd") && ctx.arg(index) as i32 == -1
}

/// The value of an extended attribute, xattr(7): mostly text, whose last NUL is not shown.
fn attribute(ctx: &Ctx<'_>, side: Side, index: usize, len: u64) -> Value {
    // XATTR_SIZE_MAX of linux/limits.h.
    if len > 65_536 {
        return Value::address(ctx.arg(index));
    }
    match ctx.buffer(side, ctx.arg(index), len) {
        Value::Str { mut bytes, true_len, terminated }
            if bytes.len() as u64 == true_len && bytes.last() == Some(&0) =>
        {
            bytes.pop();
            Value::Str { bytes, true_len: true_len - 1, terminated }
        }
        value => value,
    }
}

/// The kind of a mapping is a number in the lowest four bits, mmap(2).
fn mapping_flags(ctx: &Ctx<'_>, index: usize) -> Option<Value> {
    const MAP_TYPE: u64 = 0xf;
    huge_pages(ctx, index, MAP_TYPE, "MAP_HUGE_SHIFT")
        .or_else(|| if ctx.arg(index) & MAP_TYPE < 4 { None } else { unknown_kind(ctx, index, MAP_TYPE) })
}

/// Flags with the logarithm of the size of pages in the highest six bits; None if it is not given.
fn huge_pages(ctx: &Ctx<'_>, index: usize, kind: u64, shift: &str) -> Option<Value> {
    let pages = (ctx.arg(index) & 0xffff_ffff) >> 26;
    if pages == 0 {
        return None;
    }
    let shown = unknown_kind(ctx, index, kind);
    match shown.or_else(|| Some(ctx.argument(index, &ctx.call.args.get(index)?.ty)))? {
        Value::Flags { mut names, rest, unknown } => {
            let rest = rest & 0x03ff_ffff;
            names.extend((rest != 0).then(|| Value::Hex(rest).text().into()));
            names.push(format!("{pages}<<{shift}").into());
            Some(Value::Flags { names, rest: 0, unknown })
        }
        value => Some(value),
    }
}

/// Flags with a number in the bits of `mask`: one without a name stands before the others. None if it has one.
fn unknown_kind(ctx: &Ctx<'_>, index: usize, mask: u64) -> Option<Value> {
    Some(with_kind(ctx.argument(index, &ctx.call.args.get(index)?.ty), ctx.arg(index), mask))
}

/// Flags of which some bits are one number: if that has no name, it stands first all the same.
pub fn with_kind(flags: Value, raw: u64, mask: u64) -> Value {
    match flags {
        Value::Flags { mut names, rest, unknown } if rest & mask != 0 => {
            names.insert(0, Value::Unknown { raw: raw & mask, comment: unknown }.text().into());
            Value::Flags { names, rest: rest & !mask, unknown }
        }
        flags => flags,
    }
}

/// Whether an argument is the size of a structure: statfs64(2) takes no other.
fn is_size_of(ctx: &Ctx<'_>, index: usize, structure: &str) -> bool {
    abi::structure(structure).is_some_and(|layout| ctx.arg(index) == u64::from(layout.layout(ctx.arch()).size))
}

/// The commands of System V objects may say that structures have the layout of Linux 2.2.
fn ipc_command(ctx: &Ctx<'_>, index: usize) -> Option<Value> {
    const IPC_64: u64 = 0x100;
    let raw = ctx.arg(index) & 0xffff_ffff;
    let Type::Num { meaning: Meaning::Enum(set), .. } = ctx.call.args.get(index)?.ty else { return None };
    let command = super::num::enumerated(ctx.arch(), set, raw & !IPC_64, 32);
    (raw & IPC_64 != 0).then(|| Value::Text(format!("IPC_64|{}", command.text()).into()))
}

/// Whether a line that is interrupted ends before this argument although its declaration does not say so.
pub fn at_exit(call: &str, index: usize) -> bool {
    matches!(
        (call, index),
        ("nanosleep" | "recvmsg" | "recvmmsg" | "recvmmsg_time64" | "sendmmsg" | "io_uring_setup" | "clone3", 1,)
            | ("clock_nanosleep" | "clock_nanosleep_time64" | "quotactl" | "quotactl_fd", 3)
            | ("sendfile" | "sendfile64", 2)
            | ("bpf", 1)
            | ("epoll_pwait" | "epoll_pwait2", 4)
            | ("epoll_pwait2", 3)
    )
}

/// Whether the comma before the first argument that the exit tells is written with it, not before the interruption.
pub fn comma_at_exit(call: &str) -> bool {
    call == "clone" || call == "clone3"
}

/// Whether arguments are printed with their names: `clone(child_stack=NULL, flags=…)`.
pub fn named(call: &str) -> bool {
    call == "clone"
}

/// Random bytes are no text.
fn random(ctx: &Ctx<'_>) -> Option<Value> {
    let (bytes, true_len) = ctx.buffer_bytes(Side::Exit, ctx.arg(0), ctx.returned()?.max(0) as u64)?;
    Some(Value::HexStr { bytes: bytes.to_vec(), true_len })
}

/// What is left of a sleep is stored only if a signal ends it.
fn remaining(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let interrupted = matches!(ctx.view.outcome, Some(crate::model::Outcome::Failed(4 | 516)));
    let name = if ctx.call.name.ends_with("time64") { "timespec64" } else { "timespec" };
    match abi::structure(name) {
        Some(layout) if interrupted => ctx.structure_at(Side::Exit, addr, layout),
        _ => Value::address(addr),
    }
}

/// A file offset behind a pointer.
fn offset(ctx: &Ctx<'_>, side: Side, index: usize, width: usize) -> Value {
    let addr = ctx.arg(index);
    match ctx.uint(side, addr, width) {
        Some(offset) if ctx.call.name.starts_with("sendfile") => Value::pointee(Value::Unsigned(offset)),
        Some(offset) => Value::pointee(Value::Signed(super::num::sign_extend(offset, width * 8))),
        None => Value::address(addr),
    }
}

/// Whether the ring is given by its number among the registered ones, io_uring_register(2).
fn registered_ring(ctx: &Ctx<'_>) -> bool {
    ctx.arg(1) & REGISTERED_RING != 0
}

/// IORING_REGISTER_USE_REGISTERED_RING of linux/io_uring.h.
const REGISTERED_RING: u64 = 1 << 31;

fn registration(ctx: &Ctx<'_>) -> Option<Value> {
    let operation = super::num::enumerated(ctx.arch(), abi::flag_set("uring_register")?, ctx.arg(1) & 0x7fff_ffff, 32);
    Some(Value::Text(format!("{}|IORING_REGISTER_USE_REGISTERED_RING", operation.text()).into()))
}

/// sendfile(2) moves the offset by what it sent: `[2 => 7]`.
fn moved_offset(ctx: &Ctx<'_>, index: usize) -> Value {
    let width = if ctx.call.name == "sendfile" { ctx.word() } else { 8 };
    let before = offset(ctx, Side::Entry, index, width);
    match (ctx.returned(), offset(ctx, Side::Exit, index, width)) {
        (Some(1..), after) => match (before, after) {
            (Value::Array { items: mut old, .. }, Value::Array { items: mut new, .. }) => {
                match (old.pop(), new.pop()) {
                    (Some(old), Some(new)) => Value::pointee(Value::Changed(Box::new(old), Box::new(new))),
                    _ => Value::address(ctx.arg(index)),
                }
            }
            (before, _) => before,
        },
        _ => before,
    }
}

/// getsockopt(2) may say how long the option is and fail all the same.
fn length_of_failed(ctx: &Ctx<'_>, index: usize) -> Option<Value> {
    let addr = ctx.arg(index);
    let (before, after) = (ctx.int(Side::Entry, addr)?, ctx.int(Side::Exit, addr)?);
    let signed = |number: i32| Box::new(Value::Signed(number.into()));
    (ctx.returned().is_none() && before != after).then(|| Value::pointee(Value::Changed(signed(before), signed(after))))
}

/// Whether a result has no name because the structure that it is about could not be read, adjtimex(2).
pub fn asks_nothing(ctx: &Ctx<'_>) -> bool {
    let is_time =
        |arg: &Arg| matches!(arg.ty, Type::Ptr { to: Type::Struct(layout), .. } if layout.name.starts_with("timex"));
    let Some(index) = ctx.call.args.iter().position(is_time) else { return false };
    ctx.read(Side::Exit, ctx.arg(index), 4).is_none()
}

/// The names of a result that is a number in all other uses of the call: what membarrier(2) can do.
pub fn result_flags(ctx: &Ctx<'_>) -> Option<&'static FlagSet> {
    const MEMBARRIER_CMD_QUERY: u64 = 0;
    (ctx.call.name == "membarrier" && ctx.arg(0) == MEMBARRIER_CMD_QUERY).then(|| abi::flag_set("membarrier"))?
}

/// Appends what a call says beside its result: ` (Timeout)`, `([{fd=3, revents=POLLIN}])`.
pub fn result(out: &mut String, ctx: &Ctx<'_>, value: i64) {
    match ctx.call.name {
        "ioprio_get" if ctx.options.constants != Constants::Numbers => {
            let mut priority = custom::words::io_priority(value as u32 as u64);
            if let Value::Call { args, .. } = &mut priority {
                args.iter_mut().for_each(|arg| *arg = ctx.styled(std::mem::replace(arg, Value::Null)));
            }
            out.push_str(" (");
            priority.write(out);
            out.push(')');
        }
        "signal" if matches!(value as u32, 0 | 1) => {
            out.push_str(" (");
            signal_handler(value as u32 as u64).write(out);
            out.push(')');
        }
        "sgetmask" | "ssetmask" => {
            out.push_str(if ctx.call.name == "sgetmask" { " (mask " } else { " (old mask " });
            super::signal::old_set(value as u32 as u64).write(out);
            out.push(')');
        }
        // It cuts its result to 32 bits, errors too.
        "modify_ldt" => {
            let error = u16::try_from((value as i32).wrapping_neg()).ok().and_then(crate::abi::errno);
            if let Some((name, text)) = error.filter(|_| value > 0) {
                out.push_str(&format!(" {name} ({text})"));
            }
        }
        "set_thread_area" => {
            if let Some(entry) = ctx.uint(Side::Exit, ctx.arg(0), 4) {
                out.push_str(&format!(" (entry_number={entry})"));
            }
        }
        "ioctl" if ctx.call.variant == "VIDIOC_CREATE_BUFS" => {
            if let Some(created) = custom::video::created(ctx) {
                out.push_str(&format!(" ({created})"));
            }
        }
        "poll" => found(out, ctx, value, None),
        "ppoll" | "ppoll_time64" => found(out, ctx, value, Some(2)),
        "recvmmsg" | "recvmmsg_time64" if value == 0 => out.push_str(" (Timeout)"),
        "recvmmsg" | "recvmmsg_time64" => remark_left(out, ctx, 4),
        // i386's first select has its arguments in memory.
        "select" | "_newselect" | "pselect6" | "pselect6_time64" if ctx.call.args.len() > 1 => {
            selected(out, ctx, value)
        }
        _ => {}
    }
}

fn found(out: &mut String, ctx: &Ctx<'_>, value: i64, timeout: Option<usize>) {
    if value == 0 {
        return out.push_str(" (Timeout)");
    }
    if ctx.options.manner != Manner::Decoded || ctx.arg(0) == 0 || ctx.count(1) == 0 {
        return;
    }
    let mut parts: Vec<String> = pollfd::found(ctx).map(|ready| ready.text()).into_iter().collect();
    if let Some(index) = timeout.filter(|&index| ctx.arg(index) != 0) {
        let left = time_left(ctx, index).unwrap_or(Value::Address(ctx.arg(index)));
        parts.push(format!("left {}", left.text()));
    }
    if !parts.is_empty() {
        out.push_str(" (");
        out.push_str(&parts.join(", "));
        out.push(')');
    }
}

fn remark_left(out: &mut String, ctx: &Ctx<'_>, index: usize) {
    let addr = ctx.arg(index);
    if addr != 0 {
        let left = time_left(ctx, index).unwrap_or(Value::Address(addr));
        out.push_str(" (left ");
        left.write(out);
        out.push(')');
    }
}

fn selected(out: &mut String, ctx: &Ctx<'_>, value: i64) {
    if value == 0 {
        return out.push_str(" (Timeout)");
    }
    let mut parts = Vec::new();
    for (index, what) in [(1, "in"), (2, "out"), (3, "except")] {
        let set = pollfd::fd_set(ctx, Side::Exit, ctx.arg(index), ctx.arg(0) as i32);
        if matches!(&set, Value::Set { items, .. } if !items.is_empty()) {
            parts.push(format!("{what} {}", set.text()));
        }
    }
    let decoded = time_left(ctx, 4).filter(|_| ctx.options.manner == Manner::Decoded);
    if ctx.arg(4) != 0 {
        parts.push(format!("left {}", decoded.unwrap_or(Value::Address(ctx.arg(4))).text()));
    }
    out.push_str(" (");
    out.push_str(&parts.join(", "));
    out.push(')');
}

fn time_structure(call: &str) -> &'static str {
    match call {
        "select" | "_newselect" => "timeval",
        _ if call.ends_with("time64") => "timespec64",
        _ => "timespec",
    }
}

/// Linux stores the time that was left in the timeout.
fn time_left(ctx: &Ctx<'_>, index: usize) -> Option<Value> {
    let addr = ctx.arg(index);
    let layout = abi::structure(time_structure(ctx.call.name))?;
    let bytes = ctx.read(Side::Exit, addr, layout.layout(ctx.arch()).size as usize)?;
    Some(ctx.structure(layout, bytes))
}
