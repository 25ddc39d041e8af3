//! Filters as the kernel runs them: classic BPF over `struct seccomp_data`. seccomp(2), `linux/bpf_common.h`.
//!
//! [`compile`] makes one from a judge; [`Program::run`] says what one answers, whoever made it.
//! Left out: eBPF, and classic BPF's packet instructions, which the kernel refuses in seccomp filters.

mod compile;
mod interpret;

use super::{Action, Verdict};
use crate::abi::Arch;

pub use compile::{CompileError, compile};
pub use interpret::BadProgram;

/// Most instructions in one program, `BPF_MAXINSNS`.
pub const MAX_INSTRUCTIONS: usize = 4096;

/// `struct sock_filter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruction {
    pub code: u16,
    /// How many instructions to skip if the test holds, and if not.
    pub jt: u8,
    pub jf: u8,
    pub k: u32,
}

/// A filter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Program {
    pub instructions: Vec<Instruction>,
}

/// `struct seccomp_data`: all that a filter sees of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Data {
    pub nr: u32,
    /// `AUDIT_ARCH_*`.
    pub arch: u32,
    pub instruction_pointer: u64,
    pub args: [u64; 6],
}

impl Data {
    /// As the kernel fills it in; the instruction pointer is zero, few filters look at it.
    pub fn of(arch: Arch, nr: u64, args: &[u64; 6]) -> Data {
        let args = match arch {
            Arch::I386 => args.map(|arg| arg & u64::from(u32::MAX)),
            _ => *args,
        };
        Data { nr: (nr & u64::from(u32::MAX)) as u32, arch: arch.audit(), instruction_pointer: 0, args }
    }

    /// The 32-bit word at this offset, of a little-endian machine: all that sysview runs on are.
    fn word(&self, offset: u32) -> Option<u32> {
        let half = |value: u64| if offset.is_multiple_of(8) { value as u32 } else { (value >> 32) as u32 };
        match offset {
            0 => Some(self.nr),
            4 => Some(self.arch),
            8 | 12 => Some(half(self.instruction_pointer)),
            16..64 if offset.is_multiple_of(4) => Some(half(self.args[(offset as usize - 16) / 8])),
            _ => None,
        }
    }
}

impl Program {
    /// Eight bytes an instruction in the machine's byte order, as `PTRACE_SECCOMP_GET_FILTER` and libseccomp's export
    /// give and bubblewrap takes them. `None`: not a whole number of instructions.
    pub fn from_bytes(bytes: &[u8]) -> Option<Program> {
        let (chunks, rest) = bytes.as_chunks::<8>();
        let instruction = |[a, b, jt, jf, k @ ..]: &[u8; 8]| Instruction {
            code: u16::from_ne_bytes([*a, *b]),
            jt: *jt,
            jf: *jf,
            k: u32::from_ne_bytes(*k),
        };
        rest.is_empty().then(|| Program { instructions: chunks.iter().map(instruction).collect() })
    }

    /// What it may answer, as far as that stands in the program: an answer that it computes is not known.
    pub fn answers(&self) -> impl Iterator<Item = Action> + '_ {
        const RETURN_CONSTANT: u16 = 0x06;
        let returns = self.instructions.iter().filter(|i| i.code == RETURN_CONSTANT);
        returns.map(|i| Action::from_ret(i.k))
    }

    /// What [`Program::from_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.instructions.len() * 8);
        for i in &self.instructions {
            out.extend(i.code.to_ne_bytes());
            out.extend([i.jt, i.jf]);
            out.extend(i.k.to_ne_bytes());
        }
        out
    }
}

/// The return values of filters, `SECCOMP_RET_*`: the action above, 16 bits of data below.
pub(super) const RET_KILL_PROCESS: u32 = 0x8000_0000;
const RET_KILL_THREAD: u32 = 0;
const RET_TRAP: u32 = 0x0003_0000;
const RET_ERRNO: u32 = 0x0005_0000;
const RET_USER_NOTIF: u32 = 0x7fc0_0000;
const RET_TRACE: u32 = 0x7ff0_0000;
const RET_LOG: u32 = 0x7ffc_0000;
const RET_ALLOW: u32 = 0x7fff_0000;

/// Of the answers of two filters that hold at once the one that counts: the smaller action, as a signed number, and of
/// equal ones that of the filter installed last, which is `newer`. seccomp(2).
pub(super) fn strictest(newer: u32, older: u32) -> u32 {
    let rank = |ret: u32| (ret & 0xffff_0000) as i32;
    if rank(older) < rank(newer) { older } else { newer }
}

impl Action {
    /// What a filter returns for this action.
    pub fn to_ret(self) -> u32 {
        match self {
            Action::KillProcess => RET_KILL_PROCESS,
            Action::KillThread => RET_KILL_THREAD,
            Action::Trap => RET_TRAP,
            Action::Errno(errno) => RET_ERRNO | u32::from(errno),
            Action::Notify => RET_USER_NOTIF,
            Action::Trace(message) => RET_TRACE | u32::from(message),
            Action::Log => RET_LOG,
            Action::Allow => RET_ALLOW,
        }
    }

    /// What the kernel does on a filter's return value: an errno is at most 4095, unknown actions kill.
    pub fn from_ret(ret: u32) -> Action {
        let data = (ret & 0xffff) as u16;
        match ret & 0xffff_0000 {
            RET_KILL_THREAD => Action::KillThread,
            RET_TRAP => Action::Trap,
            RET_ERRNO => Action::Errno(data.min(4095)),
            RET_USER_NOTIF => Action::Notify,
            RET_TRACE => Action::Trace(data),
            RET_LOG => Action::Log,
            RET_ALLOW => Action::Allow,
            _ => Action::KillProcess,
        }
    }
}

impl Verdict {
    /// What the compiled program returns for this call.
    pub fn to_ret(&self) -> u32 {
        self.action.to_ret()
    }
}
