//! System-call numbers by name, as a container runtime's library sees them: per architecture, with the names that exist
//! elsewhere told apart from names that exist nowhere.
//!
//! Left out: what the calls mean (`abi`), the sub-calls of `socketcall` and `ipc` (`multiplex`).

use std::str::FromStr;

use syscalls::{aarch64, x86, x86_64};

use crate::abi::{Arch, X32_BIT};

/// Calls that are newer than the tables of the `syscalls` crate. Linux gives new calls one number on all architectures.
const NEWER: [(&str, u64); 2] = [("listns", 470), ("rseq_slice_yield", 471)];

/// x32 calls with a number of their own, because their structures hold pointers or longs. `asm/unistd_x32.h`.
const X32_OWN: [(&str, u64); 36] = [
    ("rt_sigaction", 512),
    ("rt_sigreturn", 513),
    ("ioctl", 514),
    ("readv", 515),
    ("writev", 516),
    ("recvfrom", 517),
    ("sendmsg", 518),
    ("recvmsg", 519),
    ("execve", 520),
    ("ptrace", 521),
    ("rt_sigpending", 522),
    ("rt_sigtimedwait", 523),
    ("rt_sigqueueinfo", 524),
    ("sigaltstack", 525),
    ("timer_create", 526),
    ("mq_notify", 527),
    ("kexec_load", 528),
    ("waitid", 529),
    ("set_robust_list", 530),
    ("get_robust_list", 531),
    ("vmsplice", 532),
    ("move_pages", 533),
    ("preadv", 534),
    ("pwritev", 535),
    ("rt_tgsigqueueinfo", 536),
    ("recvmmsg", 537),
    ("sendmmsg", 538),
    ("process_vm_readv", 539),
    ("process_vm_writev", 540),
    ("setsockopt", 541),
    ("getsockopt", 542),
    ("io_setup", 543),
    ("io_submit", 544),
    ("execveat", 545),
    ("preadv2", 546),
    ("pwritev2", 547),
];

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
    match arch {
        Arch::X86_64 => x86_64::Sysno::from_str(name).ok().map(|s| s.id() as u64),
        Arch::X32 => match X32_OWN.iter().find(|(n, _)| *n == name) {
            Some((_, nr)) => Some(*nr),
            None if X32_ABSENT.contains(&name) => None,
            None => x86_64::Sysno::from_str(name).ok().map(|s| s.id() as u64),
        },
        Arch::I386 => x86::Sysno::from_str(raw(name)).ok().map(|s| s.id() as u64),
        // The crate's table has the generic header's name for 79, and the 32-bit time calls that aarch64 does not have.
        Arch::Aarch64 => match name {
            "newfstatat" => Some(79),
            "fstatat" => None,
            _ => aarch64::Sysno::from_str(name).ok().map(|s| s.id() as u64).filter(|nr| !(403..=423).contains(nr)),
        },
    }
}

/// The name of a call; the number may carry x32's bit 30.
pub(super) fn name(arch: Arch, nr: u64) -> Option<&'static str> {
    let nr = if arch == Arch::X32 { nr & !X32_BIT } else { nr };
    if let Some((name, _)) = NEWER.iter().find(|(_, n)| *n == nr) {
        return Some(name);
    }
    let index = usize::try_from(nr).ok()?;
    let found = match arch {
        Arch::X86_64 => x86_64::Sysno::new(index)?.name(),
        Arch::X32 => match X32_OWN.iter().find(|(_, n)| *n == nr) {
            Some((name, _)) => name,
            None => x86_64::Sysno::new(index)?.name(),
        },
        Arch::I386 => x86::Sysno::new(index)?.name(),
        Arch::Aarch64 if nr == 79 => "newfstatat",
        Arch::Aarch64 => aarch64::Sysno::new(index)?.name(),
    };
    let found = found.strip_prefix("r#").unwrap_or(found);
    // A number that the call of this name does not have (readv's 64-bit number under x32).
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

/// i386 has a call named `break`, which is a Rust keyword and stands in the crate's table as `r#break`.
fn raw(name: &str) -> &str {
    if name == "break" { "r#break" } else { name }
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
