//! Where a signal's handler left the mask that sigreturn(2) restores: in the frame that the kernel built on the stack.
//!
//! Left out: the registers that are restored with it.

use crate::abi::{Arch, Call};

/// The mask's place in memory. i386's first calls keep the two halves apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignalMask {
    /// 64 signals at an address.
    Whole(u64),
    /// Signals 1 to 32, and those above.
    Halves(u64, u64),
}

impl SignalMask {
    /// Addresses and lengths in bytes, the low signals first.
    pub fn parts(self) -> Vec<(u64, usize)> {
        match self {
            SignalMask::Whole(addr) => vec![(addr, 8)],
            SignalMask::Halves(low, high) => vec![(low, 4), (high, 4)],
        }
    }
}

/// The mask that a call restores; None for every other call. `sp` is the stack pointer at entry.
///
/// Offsets by the layouts of asm/sigcontext.h and asm/ucontext.h, counted from where the stack pointer stands once the
/// handler has returned and the trampoline runs.
pub fn signal_mask(arch: Arch, call: &Call, sp: u64) -> Option<SignalMask> {
    let at = |offset: u64| sp.wrapping_add(offset);
    match (call.name, arch) {
        // uc_flags, uc_link, uc_stack, then a sigcontext of 256 bytes.
        ("rt_sigreturn", Arch::X86_64) => Some(SignalMask::Whole(at(8 + 8 + 24 + 256))),
        // The same with pointers of 32 bits, padded to 8 before the sigcontext.
        ("rt_sigreturn", Arch::X32) => Some(SignalMask::Whole(at(4 + 4 + 12 + 4 + 256))),
        // The handler's three arguments and its siginfo of 128 bytes, uc_flags, uc_link, uc_stack, a sigcontext of 88.
        ("rt_sigreturn", Arch::I386) => Some(SignalMask::Whole(at(12 + 128 + 4 + 4 + 12 + 88))),
        // A siginfo, uc_flags, uc_link, uc_stack; the registers come after the mask.
        ("rt_sigreturn", Arch::Aarch64) => Some(SignalMask::Whole(at(128 + 8 + 8 + 24))),
        // `oldmask` in the sigcontext; the other half after it and an unused _fpstate of 624 bytes.
        ("sigreturn", Arch::I386) => Some(SignalMask::Halves(at(80), at(88 + 624))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::by_name;

    #[test]
    fn only_calls_that_restore_have_a_mask() {
        let mask = |arch, name| signal_mask(arch, by_name(name).expect("a call"), 0x1000);
        assert_eq!(mask(Arch::X86_64, "rt_sigreturn"), Some(SignalMask::Whole(0x1128)));
        assert_eq!(mask(Arch::I386, "sigreturn"), Some(SignalMask::Halves(0x1050, 0x12c8)));
        assert_eq!(mask(Arch::X86_64, "sigreturn"), None);
        assert_eq!(mask(Arch::X86_64, "rt_sigaction"), None);
        assert_eq!(SignalMask::Halves(1, 2).parts(), [(1, 4), (2, 4)]);
    }
}
