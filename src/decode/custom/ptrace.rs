//! ptrace(2): what PTRACE_GET_SYSCALL_INFO tells of a stop, and places in the user area by name.

use super::names::{AUDIT_ARCH, FILTER_FLAGS, SYSCALL_INFO};
use crate::abi::{self, Arch, Dir};
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le};

// linux/ptrace.h: the kind of stop, and how far each is filled.
const ENTRY: u8 = 1;
const EXIT: u8 = 2;
const SECCOMP: u8 = 3;
/// `struct ptrace_syscall_info`, bytes.
const SIZE: u64 = 88;

/// Argument `index`; the size that the tracer has room for is the argument before, the result what the kernel has.
pub fn syscall_info(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let room = ctx.arg(index.saturating_sub(1));
    let (side, len) = match dir {
        Dir::In => (Side::Entry, room.min(SIZE)),
        _ => match ctx.returned() {
            Some(told) => (Side::Exit, room.min(told.max(0) as u64).min(SIZE)),
            None => return Value::address(addr),
        },
    };
    let Some(bytes) = ctx.read(side, addr, len as usize).filter(|bytes| !bytes.is_empty()) else {
        return Value::address(addr);
    };
    let word = |at: usize| bytes.get(at..at + 8).map(le);
    let mut fields = vec![("op".into(), SYSCALL_INFO.name(ctx.arch(), bytes[0].into(), 8))];
    let audit = bytes.get(4..8).map(le);
    if let Some(audit) = audit {
        fields.push(("arch".into(), AUDIT_ARCH.name(ctx.arch(), audit, 32)));
    }
    for (at, name) in [(8, "instruction_pointer"), (16, "stack_pointer")] {
        fields.extend(word(at).map(|value| (name.into(), Value::address(value))));
    }
    let call = |nr: u64| {
        let known = Arch::from_audit(audit.unwrap_or(0) as u32, nr).and_then(|arch| abi::lookup(arch, nr));
        match known {
            Some(call) => Value::Named(format!("__NR_{}", call.name).into()),
            None => Value::Hex(nr),
        }
    };
    let args = || {
        let items = (0..6).map_while(|i| word(32 + i * 8)).map(Value::Hex).collect();
        Value::Array { items, elided: false }
    };
    match (bytes[0], word(24)) {
        (ENTRY, Some(nr)) => {
            let inner = vec![("nr".into(), call(nr)), ("args".into(), args())];
            fields.push(("entry".into(), Value::structure("entry", inner)));
        }
        (SECCOMP, Some(nr)) => {
            let mut inner = vec![("nr".into(), call(nr)), ("args".into(), args())];
            inner.extend(bytes.get(80..84).map(|data| ("ret_data".into(), Value::Unsigned(le(data)))));
            fields.push(("seccomp".into(), Value::structure("seccomp", inner)));
        }
        (EXIT, Some(result)) => {
            let failed = bytes.get(32).copied();
            let result = match failed {
                Some(1) => crate::decode::num::error(result as i64),
                _ => Value::Signed(result as i64),
            };
            let mut inner = vec![("rval".into(), result)];
            inner.extend(failed.map(|failed| ("is_error".into(), Value::Unsigned(failed.into()))));
            fields.push(("exit".into(), Value::structure("exit", inner)));
        }
        _ => {}
    }
    Value::structure("ptrace_syscall_info", fields)
}

/// A place in `struct user` of sys/user.h: `8*ORIG_RAX`, `offsetof(struct user, u_debugreg)`, or a number.
pub fn user_offset(ctx: &Ctx<'_>, index: usize) -> Value {
    const X86_64: [&str; 27] = [
        "8*R15",
        "8*R14",
        "8*R13",
        "8*R12",
        "8*RBP",
        "8*RBX",
        "8*R11",
        "8*R10",
        "8*R9",
        "8*R8",
        "8*RAX",
        "8*RCX",
        "8*RDX",
        "8*RSI",
        "8*RDI",
        "8*ORIG_RAX",
        "8*RIP",
        "8*CS",
        "8*EFLAGS",
        "8*RSP",
        "8*SS",
        "8*FS_BASE",
        "8*GS_BASE",
        "8*DS",
        "8*ES",
        "8*FS",
        "8*GS",
    ];
    const I386: [&str; 17] = [
        "4*EBX",
        "4*ECX",
        "4*EDX",
        "4*ESI",
        "4*EDI",
        "4*EBP",
        "4*EAX",
        "4*XDS",
        "4*XES",
        "4*XFS",
        "4*XGS",
        "4*ORIG_EAX",
        "4*EIP",
        "4*CS",
        "4*EFL",
        "4*UESP",
        "4*XSS",
    ];
    let raw = ctx.arg(index);
    let names: &[&'static str] = match ctx.arch() {
        Arch::X86_64 | Arch::X32 => &X86_64,
        Arch::I386 => &I386,
        Arch::Aarch64 => &[],
    };
    let step = if ctx.arch() == Arch::I386 { 4 } else { 8 };
    match names.get((raw / step) as usize).filter(|_| raw.is_multiple_of(step) && raw / step < names.len() as u64) {
        Some(name) => Value::Named((*name).into()),
        None => Value::Hex(raw),
    }
}

/// PTRACE_SECCOMP_GET_METADATA: the number of a filter, and after the call what it was installed with.
pub fn metadata(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let Some(number) = ctx.uint(Side::Entry, addr, 8).filter(|_| ctx.arg(2) >= 8) else { return Value::address(addr) };
    let mut fields = vec![("filter_off".into(), Value::Unsigned(number))];
    let flags = ctx.returned().filter(|len| *len > 8).and_then(|_| ctx.uint(Side::Exit, addr.wrapping_add(8), 8));
    fields.extend(flags.map(|flags| ("flags".into(), FILTER_FLAGS.flags(ctx.arch(), flags, 64))));
    Value::structure("seccomp_metadata", fields)
}
