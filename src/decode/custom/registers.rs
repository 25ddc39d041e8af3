//! Sets of registers that ptrace(2) reads and writes: the general ones and those of the floating point unit, as far as
//! they are given. Left out: what other sets hold.

use crate::abi::{Arch, Dir};
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le};

/// A field: its name, the bytes of one element, how many elements there are.
type Fields = &'static [(&'static str, usize, usize)];

/// `struct user_regs_struct` of sys/user.h.
const GENERAL: [&str; 27] = [
    "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi", "orig_rax",
    "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs",
];
const GENERAL_I386: [&str; 17] = [
    "ebx", "ecx", "edx", "esi", "edi", "ebp", "eax", "xds", "xes", "xfs", "xgs", "orig_eax", "eip", "xcs", "eflags",
    "esp", "xss",
];
/// `struct user_fpregs_struct` of sys/user.h.
const FLOATING: Fields = &[
    ("cwd", 2, 1),
    ("swd", 2, 1),
    ("ftw", 2, 1),
    ("fop", 2, 1),
    ("rip", 8, 1),
    ("rdp", 8, 1),
    ("mxcsr", 4, 1),
    ("mxcr_mask", 4, 1),
    ("st_space", 4, 32),
    ("xmm_space", 4, 64),
    ("padding", 4, 24),
];
const FLOATING_I386: Fields = &[
    ("cwd", 4, 1),
    ("swd", 4, 1),
    ("twd", 4, 1),
    ("fip", 4, 1),
    ("fcs", 4, 1),
    ("foo", 4, 1),
    ("fos", 4, 1),
    ("st_space", 4, 20),
];

/// Bytes of the longest set that is shown.
pub const MOST: usize = 512;

/// All registers of a set at once: PTRACE_GETREGS, PTRACE_GETFPREGS and their opposites.
pub fn all(ctx: &Ctx<'_>, index: usize, dir: Dir, floating: bool) -> Value {
    let addr = ctx.arg(index);
    let fields = layout(ctx.arch(), floating);
    let size: usize = fields.iter().map(|(_, len, count)| len * count).sum();
    match ctx.side(dir).and_then(|side| ctx.read(side, addr, size)) {
        Some(bytes) => shown(ctx, &fields, bytes, size),
        None => Value::address(addr),
    }
}

/// PTRACE_GETREGSET, PTRACE_SETREGSET: where the registers are, and how many bytes of them.
pub fn set(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    const NT_PRSTATUS: u64 = 1;
    const NT_FPREGSET: u64 = 2;
    let (addr, word) = (ctx.arg(index), ctx.word());
    let Some(given) = ctx.read(Side::Entry, addr, 2 * word) else { return Value::address(addr) };
    let (base, len) = (le(&given[..word]), le(&given[word..]));
    // How many bytes there are is told by the kernel.
    let known = ctx.returned().and_then(|_| ctx.uint(Side::Exit, addr.wrapping_add(word as u64), word));
    let content = ctx.side(dir).and_then(|side| {
        let floating = match ctx.arg(2) {
            NT_PRSTATUS => false,
            NT_FPREGSET => true,
            _ => return None,
        };
        let len = if side == Side::Exit { known.unwrap_or(len) } else { len } as usize;
        let bytes = ctx.read(side, base, len.min(MOST)).filter(|_| len != 0)?;
        if !len.is_multiple_of(word) {
            return None;
        }
        let shown = shown(ctx, &layout(ctx.arch(), floating), bytes, len);
        // Not even one register.
        Some(shown).filter(|shown| !matches!(shown, Value::Struct { fields, .. } if fields.is_empty()))
    });
    let unsigned = Value::Unsigned;
    let len = match known {
        Some(known) if known != len => Value::Changed(Box::new(unsigned(len)), Box::new(unsigned(known))),
        _ => unsigned(len),
    };
    let base = content.unwrap_or(Value::address(base));
    Value::structure("iovec", vec![("iov_base".into(), base), ("iov_len".into(), len)])
}

fn layout(arch: Arch, floating: bool) -> Vec<(&'static str, usize, usize)> {
    match (floating, arch == Arch::I386) {
        (false, false) => GENERAL.iter().map(|name| (*name, 8, 1)).collect(),
        (false, true) => GENERAL_I386.iter().map(|name| (*name, 4, 1)).collect(),
        (true, false) => FLOATING.to_vec(),
        (true, true) => FLOATING_I386.to_vec(),
    }
}

/// The fields that `bytes` hold whole, of a set that is said to have `len` bytes.
fn shown(ctx: &Ctx<'_>, layout: &[(&'static str, usize, usize)], bytes: &[u8], len: usize) -> Value {
    let mut fields = Vec::new();
    let mut at = 0;
    for &(name, size, count) in layout {
        let rest = bytes.get(at..).unwrap_or_default();
        let given = (rest.len() / size).min(count);
        at += size * count;
        if given == 0 {
            break;
        }
        let value = if count == 1 {
            Value::Hex(le(&rest[..size]))
        } else {
            let some = ctx.shown(given);
            let items = rest.chunks_exact(size).take(some).map(|element| Value::Hex(le(element))).collect();
            Value::Array { items, elided: some < given }
        };
        fields.push((name.into(), value));
    }
    Value::Struct { name: "user_regs", fields, elided: len > at }
}
