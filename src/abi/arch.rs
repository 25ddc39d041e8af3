//! System-call ABIs: word sizes, argument registers, the instruction that makes the call.
//! Which ABI a call used is told by `PTRACE_GET_SYSCALL_INFO` per call, not by the binary: 64-bit code can use
//! `int 0x80`. See syscall(2), "Architecture calling conventions".

/// The ABI through which one system call was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Arch {
    X86_64 = 0,
    I386 = 1,
    /// 64-bit registers, 32-bit pointers; the same audit architecture as x86-64 with bit 30 set in the number.
    X32 = 2,
    Aarch64 = 3,
}

/// `__X32_SYSCALL_BIT` of `asm/unistd.h`.
pub const X32_BIT: u64 = 0x4000_0000;

impl Arch {
    pub const ALL: [Arch; 4] = [Arch::X86_64, Arch::I386, Arch::X32, Arch::Aarch64];

    /// From the `AUDIT_ARCH_*` value that ptrace and seccomp report, and the call number (x32 shows only there).
    pub fn from_audit(audit: u32, nr: u64) -> Option<Arch> {
        // Negative numbers have bit 30 set too, but are no x32 calls: the kernel compares numbers as they are. -1 is how a
        // tracer says "no call".
        let x32 = nr & X32_BIT != 0 && nr as i32 >= 0;
        match audit {
            0xc000_003e if x32 => Some(Arch::X32),
            0xc000_003e => Some(Arch::X86_64),
            0x4000_0003 => Some(Arch::I386),
            0xc000_00b7 => Some(Arch::Aarch64),
            _ => None,
        }
    }

    /// `AUDIT_ARCH_*` of `linux/audit.h`, as a seccomp filter sees it in `seccomp_data.arch`.
    pub fn audit(self) -> u32 {
        match self {
            Arch::X86_64 | Arch::X32 => 0xc000_003e,
            Arch::I386 => 0x4000_0003,
            Arch::Aarch64 => 0xc000_00b7,
        }
    }

    /// Size of a pointer and of `long`, in bytes.
    pub fn word(self) -> usize {
        match self {
            Arch::X86_64 | Arch::Aarch64 => 8,
            Arch::I386 | Arch::X32 => 4,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Arch::X86_64 => "x86_64",
            Arch::I386 => "i386",
            Arch::X32 => "x32",
            Arch::Aarch64 => "aarch64",
        }
    }

    pub fn from_name(name: &str) -> Option<Arch> {
        Arch::ALL.into_iter().find(|a| a.name() == name)
    }

    /// The registers that carry the six arguments, in order. syscall(2).
    pub fn arg_registers(self) -> [&'static str; 6] {
        match self {
            Arch::X86_64 | Arch::X32 => ["rdi", "rsi", "rdx", "r10", "r8", "r9"],
            Arch::I386 => ["ebx", "ecx", "edx", "esi", "edi", "ebp"],
            Arch::Aarch64 => ["x0", "x1", "x2", "x3", "x4", "x5"],
        }
    }

    /// The registers of the call number, of the result, of the instruction pointer and of the stack pointer.
    pub fn special_registers(self) -> [&'static str; 4] {
        match self {
            Arch::X86_64 | Arch::X32 => ["rax", "rax", "rip", "rsp"],
            Arch::I386 => ["eax", "eax", "eip", "esp"],
            Arch::Aarch64 => ["x8", "x0", "pc", "sp"],
        }
    }

    /// The instruction that enters the kernel.
    pub fn instruction(self) -> &'static str {
        match self {
            Arch::X86_64 | Arch::X32 => "syscall",
            Arch::I386 => "int 0x80",
            Arch::Aarch64 => "svc #0",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x32_is_told_by_the_number_and_minus_one_is_not_x32() {
        assert_eq!(Arch::from_audit(0xc000_003e, 39), Some(Arch::X86_64));
        assert_eq!(Arch::from_audit(0xc000_003e, X32_BIT | 39), Some(Arch::X32));
        for negative in [-1_i64, -2, -0x4000_0000] {
            assert_eq!(Arch::from_audit(0xc000_003e, negative as u64), Some(Arch::X86_64));
        }
        assert_eq!(Arch::from_audit(0x4000_0003, 20), Some(Arch::I386));
        assert_eq!(Arch::from_audit(0x1234, 20), None);
    }
}
