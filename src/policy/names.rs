//! System-call numbers by name, as libseccomp sees them: `abi`'s, corrected where the headers that those come from are
//! wider than the kernel; and the names that exist elsewhere told apart from names that exist nowhere.
//!
//! Left out: what the calls mean (`abi`), the sub-calls of `socketcall` and `ipc` (`multiplex`).

use crate::abi::{self, Arch, X32_BIT};

/// Calls that are newer than the tables of `abi`. Linux gives new calls one number on all architectures.
const NEWER: [(&str, u64); 2] = [("listns", 470), ("rseq_slice_yield", 471)];

/// x86-64 calls that x32 does not have at all.
const X32_ABSENT: [&str; 11] = [
    "_sysctl",
    "create_module",
    "epoll_ctl_old",
    "epoll_wait_old",
    "get_kernel_syms",
    "get_thread_area",
    "nfsservctl",
    "query_module",
    "set_thread_area",
    "uselib",
    "vserver",
];

/// Names of calls of other architectures, or of `socketcall` alone: a profile may list them, they match nothing directly here.
const ELSEWHERE: [&str; 36] = [
    "arm_fadvise64_64",
    "arm_sync_file_range",
    "atomic_barrier",
    "atomic_cmpxchg_32",
    "breakpoint",
    "cachectl",
    "cacheflush",
    "get_tls",
    "getpagesize",
    "multiplexer",
    "pciconfig_iobase",
    "pciconfig_read",
    "pciconfig_write",
    "recv",
    "riscv_flush_icache",
    "riscv_hwprobe",
    "rtas",
    "s390_guarded_storage",
    "s390_pci_mmio_read",
    "s390_pci_mmio_write",
    "s390_runtime_instr",
    "s390_sthyi",
    "send",
    "set_tls",
    "spu_create",
    "spu_run",
    "subpage_prot",
    "swapcontext",
    "switch_endian",
    "sync_file_range2",
    "sys_debug_setcontext",
    "syscall",
    "sysmips",
    "timerfd",
    "usr26",
    "usr32",
];

/// The number of a call. x32 numbers come without bit 30; `None`: this architecture has no such call of its own.
pub(super) fn number(arch: Arch, name: &str) -> Option<u64> {
    if let Some((_, nr)) = NEWER.iter().find(|(n, _)| *n == name) {
        return Some(*nr);
    }
    let nr = abi::number(arch, name).map(|nr| if arch == Arch::X32 { nr & !X32_BIT } else { nr });
    match arch {
        Arch::X32 if X32_ABSENT.contains(&name) => None,
        // libseccomp calls it by the name that x86-64 has for it, and the generic header by `fstatat`.
        Arch::Aarch64 if name == "newfstatat" => Some(79),
        Arch::Aarch64 if name == "fstatat" => None,
        // The generic header has the 64-bit time calls of 32-bit machines there.
        Arch::Aarch64 => nr.filter(|nr| !(403..=423).contains(nr)),
        _ => nr,
    }
}

/// The name of a call; the number may carry x32's bit 30.
pub(super) fn name(arch: Arch, nr: u64) -> Option<&'static str> {
    let nr = if arch == Arch::X32 { nr & !X32_BIT } else { nr };
    if let Some((name, _)) = NEWER.iter().find(|(_, n)| *n == nr) {
        return Some(name);
    }
    if (arch, nr) == (Arch::Aarch64, 79) {
        return Some("newfstatat");
    }
    let found = abi::lookup(arch, nr)?.name;
    (number(arch, found) == Some(nr)).then_some(found)
}

/// Whether any architecture has a call of this name.
pub(super) fn known(name: &str) -> bool {
    ELSEWHERE.contains(&name) || Arch::ALL.into_iter().any(|arch| number(arch, name).is_some())
}

/// All names of the four architectures, for "nearest valid word".
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    Arch::ALL.into_iter().flat_map(|arch| (0..600).filter_map(move |nr| name(arch, nr))).chain(ELSEWHERE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_each_architecture() {
        for (arch, call, nr) in [
            (Arch::X86_64, "openat", 257),
            (Arch::X86_64, "listns", 470),
            (Arch::I386, "break", 17),
            (Arch::I386, "socketcall", 102),
            (Arch::X32, "ioctl", 514),
            (Arch::X32, "openat", 257),
            (Arch::Aarch64, "newfstatat", 79),
            (Arch::Aarch64, "openat", 56),
        ] {
            assert_eq!(number(arch, call), Some(nr), "{call}");
            assert_eq!(name(arch, nr), Some(call));
        }
        for (arch, call) in [
            (Arch::X86_64, "socketcall"),
            (Arch::X32, "uselib"),
            (Arch::I386, "accept"),
            (Arch::Aarch64, "open"),
            (Arch::Aarch64, "futex_time64"),
        ] {
            assert_eq!(number(arch, call), None, "{call}");
        }
        assert_eq!(name(Arch::X32, X32_BIT | 16), None, "x32's ioctl is 514");
        assert!(known("riscv_hwprobe") && !known("opennat"));
    }

    #[test]
    fn every_number_finds_its_way_back() {
        let mut names = 0;
        for arch in Arch::ALL {
            for nr in 0..600 {
                if let Some(call) = name(arch, nr) {
                    assert_eq!(number(arch, call), Some(nr), "{call}");
                    names += 1;
                }
            }
        }
        assert!(names > 1500, "{names}");
    }
}
