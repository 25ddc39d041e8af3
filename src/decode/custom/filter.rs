//! Classic BPF, linux/filter.h: programs of seccomp(2) and of sockets, instruction by instruction, as one would write them
//! in C with BPF_STMT and BPF_JUMP; and seccomp's notifications, seccomp_unotify(2).
//!
//! Left out: what a program as a whole does (the policy overlay explains that).

use std::fmt::Write;

use super::names::{AUDIT_ARCH, SECCOMP_ACTION};
use crate::abi::{self, Arch};
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le};

/// `struct sock_filter`, bytes: code, two jumps, operand.
const INSTRUCTION: usize = 8;
/// BPF_MAXINSNS of linux/bpf_common.h.
const MOST: u64 = 4096;

/// Whose program it is: that decides what a returned number means, and where a packet begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Seccomp,
    Socket,
}

/// `struct sock_fprog` at `addr`: `{len=12, filter=0x7f…}`, in full views with the instructions.
pub fn program(ctx: &Ctx<'_>, addr: u64, owner: Owner) -> Value {
    let word = ctx.word();
    let Some(bytes) = ctx.read(Side::Entry, addr, 2 * word) else { return Value::address(addr) };
    let (len, filter) = (le(&bytes[..2]), le(&bytes[word..]));
    let instructions =
        if ctx.options.verbose { instructions(ctx, Side::Entry, filter, len, owner) } else { Value::address(filter) };
    Value::structure("sock_fprog", vec![("len".into(), Value::Unsigned(len)), ("filter".into(), instructions)])
}

/// `len` instructions at `addr`.
pub fn instructions(ctx: &Ctx<'_>, side: Side, addr: u64, len: u64, owner: Owner) -> Value {
    let shown = ctx.elements(side, addr, len.min(MOST), INSTRUCTION, |bytes| Value::Text(text(bytes, owner).into()));
    match shown {
        Value::Array { items, .. } if len > MOST => Value::Array { items, elided: true },
        value => value,
    }
}

fn text(bytes: &[u8], owner: Owner) -> String {
    let (code, jt, jf, k) = (le(&bytes[..2]) as u32, bytes[2], bytes[3], le(&bytes[4..8]) as u32);
    let operand = operand(code, k, owner);
    if jt == 0 && jf == 0 {
        return format!("BPF_STMT({}, {operand})", operation(code));
    }
    format!("BPF_JUMP({}, {operand}, {jt:#x}, {jf:#x})", operation(code)).replace("0x0,", "0,").replace("0x0)", "0)")
}

// linux/bpf_common.h
const CLASSES: [&str; 8] = ["BPF_LD", "BPF_LDX", "BPF_ST", "BPF_STX", "BPF_ALU", "BPF_JMP", "BPF_RET", "BPF_MISC"];
const SIZES: [&str; 4] = ["BPF_W", "BPF_H", "BPF_B", "BPF_DW"];
const MODES: [&str; 7] = ["BPF_IMM", "BPF_ABS", "BPF_IND", "BPF_MEM", "BPF_LEN", "BPF_MSH", "BPF_XADD"];
const ARITHMETIC: [&str; 14] = [
    "BPF_ADD", "BPF_SUB", "BPF_MUL", "BPF_DIV", "BPF_OR", "BPF_AND", "BPF_LSH", "BPF_RSH", "BPF_NEG", "BPF_MOD",
    "BPF_XOR", "BPF_MOV", "BPF_ARSH", "BPF_END",
];
const JUMPS: [&str; 14] = [
    "BPF_JA", "BPF_JEQ", "BPF_JGT", "BPF_JGE", "BPF_JSET", "BPF_JNE", "BPF_JSGT", "BPF_JSGE", "BPF_CALL", "BPF_EXIT",
    "BPF_JLT", "BPF_JLE", "BPF_JSLT", "BPF_JSLE",
];

/// `BPF_JMP|BPF_K|BPF_JEQ`: the class, then what the class reads of the rest.
fn operation(code: u32) -> String {
    let mut out = CLASSES[(code & 7) as usize].to_string();
    let mut part = |value: u32, name: Option<&&str>, unknown: &str| {
        // Writing to a String cannot fail.
        let _ = match name {
            Some(name) => write!(out, "|{name}"),
            None => write!(out, "|{value:#x} /* {unknown} */"),
        };
    };
    let high = code & !7;
    match code & 7 {
        0 | 1 => {
            part(code & 0x18, SIZES.get((code >> 3 & 3) as usize), "BPF_???");
            let mode = code & !0x1f;
            part(mode, MODES.get((mode >> 5) as usize), "BPF_???");
        }
        4 | 5 => {
            let names = if code & 7 == 4 { &ARITHMETIC } else { &JUMPS };
            part(code & 8, ["BPF_K", "BPF_X"].get((code >> 3 & 1) as usize), "BPF_???");
            let op = code & !0xf;
            part(op, names.get((op >> 4) as usize), "BPF_???");
        }
        6 => {
            part(code & 0x18, ["BPF_K", "BPF_X", "BPF_A"].get((code >> 3 & 3) as usize), "BPF_???");
            if code & !0x1f != 0 {
                part(code & !0x1f, None, "BPF_???");
            }
        }
        7 => part(
            high,
            [(0u32, "BPF_TAX"), (0x80, "BPF_TXA")].iter().find(|(v, _)| *v == high).map(|(_, n)| n),
            "BPF_???",
        ),
        _ if high != 0 => part(high, None, "BPF_???"),
        _ => {}
    }
    out
}

/// The same of an instruction of the extended machine, bpf(2): two more classes of arithmetic and jumps.
pub fn extended_operation(code: u8) -> String {
    const EXTENDED: [&str; 8] =
        ["BPF_LD", "BPF_LDX", "BPF_ST", "BPF_STX", "BPF_ALU", "BPF_JMP", "BPF_JMP32", "BPF_ALU64"];
    let code = u32::from(code);
    let class = EXTENDED[(code & 7) as usize];
    let second = if code & 7 < 4 {
        let mode = code >> 5;
        let mode = MODES.get(mode as usize).copied().map_or(format!("{:#x} /* BPF_??? */", mode << 5), String::from);
        return format!("{class}|{}|{mode}", SIZES[(code >> 3 & 3) as usize]);
    } else if code & 7 == 4 || code & 7 == 7 {
        &ARITHMETIC
    } else {
        &JUMPS
    };
    let source = ["BPF_K", "BPF_X"][(code >> 3 & 1) as usize];
    let op = code >> 4;
    let op = second.get(op as usize).map_or(format!("{:#x} /* BPF_??? */", op << 4), |name| (*name).to_string());
    format!("{class}|{source}|{op}")
}

/// The operand: what a seccomp program returns, where a socket's program reads.
fn operand(code: u32, k: u32, owner: Owner) -> String {
    const RETURN: u32 = 6;
    const ABSOLUTE: u32 = 0x20;
    if owner == Owner::Seccomp && code & 7 == RETURN {
        let (action, data) = (k & 0xffff_0000, k & 0xffff);
        return match SECCOMP_ACTION.name(Arch::X86_64, action.into(), 32) {
            Value::Named(name) if data == 0 => name.into_owned(),
            Value::Named(name) => format!("{name}|{data:#x}"),
            _ => format!("{} /* SECCOMP_RET_??? */", Value::Hex(k.into()).text()),
        };
    }
    if owner == Owner::Socket && code & 7 == 0 && code & 0xe0 == ABSOLUTE {
        return place(k as i32);
    }
    Value::Hex(k.into()).text()
}

/// Negative places are no bytes of the packet, linux/filter.h.
fn place(k: i32) -> String {
    const EXTENSIONS: [&str; 16] = [
        "PROTOCOL",
        "PKTTYPE",
        "IFINDEX",
        "NLATTR",
        "NLATTR_NEST",
        "MARK",
        "QUEUE",
        "HATYPE",
        "RXHASH",
        "CPU",
        "ALU_XOR_X",
        "VLAN_TAG",
        "VLAN_TAG_PRESENT",
        "PAY_OFFSET",
        "RANDOM",
        "VLAN_TPID",
    ];
    const EXTENSION: i32 = -0x1000;
    const NETWORK: i32 = -0x10_0000;
    const LINK: i32 = -0x20_0000;
    if k >= 0 {
        Value::Hex(k as u64).text()
    } else if k >= EXTENSION {
        let offset = k - EXTENSION;
        match EXTENSIONS.get((offset / 4) as usize).filter(|_| offset % 4 == 0) {
            Some(name) => format!("SKF_AD_OFF+SKF_AD_{name}"),
            None => format!("SKF_AD_OFF+{} /* SKF_AD_??? */", Value::Hex(offset as u64).text()),
        }
    } else if k >= NETWORK {
        format!("SKF_NET_OFF+{}", k - NETWORK)
    } else if k >= LINK {
        format!("SKF_LL_OFF+{}", k - LINK)
    } else {
        Value::Hex(k as u32 as u64).text()
    }
}

/// `struct seccomp_notif` of linux/seccomp.h, bytes.
const NOTIFICATION: usize = 80;

/// SECCOMP_IOCTL_NOTIF_RECV: what stood there, and the call that waits for an answer.
pub fn notification(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let Some(before) = ctx.read(Side::Entry, addr, NOTIFICATION) else { return Value::address(addr) };
    // The kernel wants zeros here: only what it would refuse is shown.
    let after = match ctx.returned().and_then(|_| ctx.read(Side::Exit, addr, NOTIFICATION)) {
        Some(bytes) => one(ctx, bytes),
        None => Value::Address(addr),
    };
    if before.iter().all(|&b| b == 0) {
        return after;
    }
    Value::Changed(Box::new(one(ctx, before)), Box::new(after))
}

fn one(ctx: &Ctx<'_>, bytes: &[u8]) -> Value {
    let part = |at: usize, len: usize| le(&bytes[at..at + len]);
    let (nr, audit) = (part(16, 4), part(20, 4));
    let known = Arch::from_audit(audit as u32, nr).and_then(|arch| abi::lookup(arch, nr));
    let number = match known {
        Some(call) => Value::Named(format!("__NR_{}", call.name).into()),
        None => Value::Unsigned(nr),
    };
    let args = (0..6).map(|i| Value::Hex(part(32 + i * 8, 8))).collect();
    let data = vec![
        ("nr".into(), number),
        ("arch".into(), AUDIT_ARCH.name(ctx.arch(), audit, 32)),
        ("instruction_pointer".into(), Value::address(part(24, 8))),
        ("args".into(), Value::Array { items: args, elided: false }),
    ];
    let fields = vec![
        ("id".into(), Value::Hex(part(0, 8))),
        ("pid".into(), Value::Signed(i64::from(part(8, 4) as i32))),
        ("flags".into(), Value::Hex(part(12, 4))),
        ("data".into(), Value::structure("seccomp_data", data)),
    ];
    Value::structure("seccomp_notif", fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(code: u16, jt: u8, jf: u8, k: u32, owner: Owner) -> String {
        let mut bytes = code.to_le_bytes().to_vec();
        bytes.extend([jt, jf]);
        bytes.extend(k.to_le_bytes());
        text(&bytes, owner)
    }

    #[test]
    fn instructions_read_as_in_c() {
        assert_eq!(line(0x20, 0, 0, 4, Owner::Seccomp), "BPF_STMT(BPF_LD|BPF_W|BPF_ABS, 0x4)");
        assert_eq!(line(0x15, 0, 3, 60, Owner::Seccomp), "BPF_JUMP(BPF_JMP|BPF_K|BPF_JEQ, 0x3c, 0, 0x3)");
        assert_eq!(line(6, 0, 0, 0x7fff_0000, Owner::Seccomp), "BPF_STMT(BPF_RET|BPF_K, SECCOMP_RET_ALLOW)");
        assert_eq!(line(6, 0, 0, 0x5_0001, Owner::Seccomp), "BPF_STMT(BPF_RET|BPF_K, SECCOMP_RET_ERRNO|0x1)");
        assert_eq!(line(6, 0, 0, 0x6_0000, Owner::Seccomp), "BPF_STMT(BPF_RET|BPF_K, 0x60000 /* SECCOMP_RET_??? */)");
        assert_eq!(line(6, 0, 0, 0xffff, Owner::Socket), "BPF_STMT(BPF_RET|BPF_K, 0xffff)");
        assert_eq!(line(7, 0, 0, 7, Owner::Socket), "BPF_STMT(BPF_MISC|BPF_TAX, 0x7)");
        assert_eq!(line(0x80, 0, 0, 0, Owner::Socket), "BPF_STMT(BPF_LD|BPF_W|BPF_LEN, 0)");
        assert_eq!(line(4, 0, 0, 1, Owner::Socket), "BPF_STMT(BPF_ALU|BPF_K|BPF_ADD, 0x1)");
    }

    #[test]
    fn negative_places_are_named() {
        let at = |k: i32| line(0x30, 0, 0, k as u32, Owner::Socket);
        assert_eq!(at(-0x1000), "BPF_STMT(BPF_LD|BPF_B|BPF_ABS, SKF_AD_OFF+SKF_AD_PROTOCOL)");
        assert_eq!(at(-0x10_0000 + 8), "BPF_STMT(BPF_LD|BPF_B|BPF_ABS, SKF_NET_OFF+8)");
        assert_eq!(at(-0x20_0000 + 4), "BPF_STMT(BPF_LD|BPF_B|BPF_ABS, SKF_LL_OFF+4)");
        assert_eq!(at(42), "BPF_STMT(BPF_LD|BPF_B|BPF_ABS, 0x2a)");
    }
}
