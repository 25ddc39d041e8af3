//! Where a call exists: on which architectures, and since which kernel. The former is what the `syscalls` crate knows
//! and our own table of x32, the latter syscalls(2). Left out: what a call's flags need.

use std::str::FromStr;

use super::{generate, names};
use crate::abi::Arch;

/// Tells whether an architecture has a call of a name.
type Has = fn(&str) -> bool;

macro_rules! architectures {
    ($($arch:ident),* $(,)?) => {
        &[
            $((stringify!($arch), |name| syscalls::$arch::Sysno::from_str(name).is_ok()),)*
            // The crate has no table of it.
            ("x32", |name| names::number(Arch::X32, name).is_some()),
        ]
    };
}

/// By the names that the crate gives them.
const ARCHITECTURES: &[(&str, Has)] = architectures![
    aarch64,
    arm,
    loongarch64,
    mips,
    mips64,
    powerpc,
    powerpc64,
    riscv32,
    riscv64,
    s390x,
    sparc,
    sparc64,
    x86,
    x86_64,
];

/// Calls that are not in Linux 2.6.0, by the kernel that brought them, syscalls(2); the last ones from their own pages.
const SINCE: &[(&str, &str)] = &[
    (
        "2.6.6",
        "get_mempolicy mbind mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink set_mempolicy",
    ),
    ("2.6.10", "add_key keyctl request_key waitid"),
    ("2.6.13", "inotify_add_watch inotify_init inotify_rm_watch ioprio_get ioprio_set kexec_load"),
    (
        "2.6.16",
        "faccessat fchmodat fchownat fstatat64 futimesat linkat migrate_pages mkdirat mknodat newfstatat openat ppoll \
         pselect6 readlinkat renameat symlinkat unlinkat unshare",
    ),
    ("2.6.17", "get_robust_list set_robust_list splice sync_file_range tee vmsplice"),
    ("2.6.18", "move_pages"),
    ("2.6.19", "epoll_pwait getcpu"),
    ("2.6.22", "eventfd signalfd sync_file_range2 utimensat"),
    ("2.6.23", "fallocate"),
    ("2.6.25", "timerfd_create timerfd_gettime timerfd_settime"),
    ("2.6.27", "dup3 epoll_create1 eventfd2 inotify_init1 pipe2 signalfd4"),
    ("2.6.28", "accept4"),
    ("2.6.30", "preadv pwritev"),
    ("2.6.31", "perf_event_open rt_tgsigqueueinfo"),
    ("2.6.33", "recvmmsg"),
    ("2.6.36", "prlimit64"),
    ("2.6.37", "fanotify_init fanotify_mark"),
    ("2.6.39", "clock_adjtime name_to_handle_at open_by_handle_at syncfs"),
    ("3.0", "sendmmsg setns"),
    ("3.2", "process_vm_readv process_vm_writev"),
    ("3.5", "kcmp"),
    ("3.8", "finit_module"),
    ("3.14", "sched_getattr sched_setattr"),
    ("3.15", "renameat2"),
    ("3.17", "getrandom kexec_file_load membarrier memfd_create seccomp"),
    ("3.18", "bpf"),
    ("3.19", "execveat"),
    ("4.3", "userfaultfd"),
    ("4.4", "mlock2"),
    ("4.5", "copy_file_range"),
    ("4.6", "preadv2 pwritev2"),
    ("4.8", "pkey_alloc pkey_free pkey_mprotect"),
    ("4.11", "statx"),
    ("4.18", "io_pgetevents rseq"),
    (
        "5.1",
        "clock_adjtime64 clock_getres_time64 clock_gettime64 clock_nanosleep_time64 clock_settime64 futex_time64 \
         io_pgetevents_time64 io_uring_enter io_uring_register io_uring_setup mq_timedreceive_time64 \
         mq_timedsend_time64 pidfd_send_signal ppoll_time64 pselect6_time64 recvmmsg_time64 rt_sigtimedwait_time64 \
         sched_rr_get_interval_time64 semtimedop_time64 timer_gettime64 timer_settime64 timerfd_gettime64 \
         timerfd_settime64 utimensat_time64",
    ),
    ("5.2", "fsconfig fsmount fsopen fspick move_mount open_tree"),
    ("5.3", "clone3 pidfd_open"),
    ("5.6", "openat2 pidfd_getfd"),
    ("5.8", "faccessat2"),
    ("5.9", "close_range"),
    ("5.10", "process_madvise"),
    ("5.11", "epoll_pwait2"),
    ("5.12", "mount_setattr"),
    ("5.13", "landlock_add_rule landlock_create_ruleset landlock_restrict_self"),
    ("5.14", "memfd_secret quotactl_fd"),
    ("5.15", "process_mrelease"),
    ("5.16", "futex_waitv"),
    ("5.17", "set_mempolicy_home_node"),
    ("6.5", "cachestat"),
    ("6.6", "fchmodat2 map_shadow_stack"),
    ("6.7", "futex_requeue futex_wait futex_wake"),
    ("6.8", "listmount lsm_get_self_attr lsm_list_modules lsm_set_self_attr statmount"),
    ("6.10", "mseal"),
    ("6.13", "getxattrat listxattrat removexattrat setxattrat"),
    ("6.15", "open_tree_attr"),
    ("6.17", "file_getattr file_setattr"),
];

/// The kernel that brought a call, as a word and as numbers. `None`: all have it since 2.6.0, or it is not known.
pub fn since(name: &str) -> Option<(&'static str, (u32, u32))> {
    let (kernel, _) = SINCE.iter().find(|(_, names)| names.split_whitespace().any(|n| n == name))?;
    let mut parts = kernel.split('.').filter_map(|part| part.parse().ok());
    Some((kernel, (parts.next()?, parts.next()?)))
}

/// The architectures that have no call of this name. The generic table names newfstatat fstatat.
pub fn absent_on(name: &str) -> Vec<&'static str> {
    let has = |has: &Has| has(name) || name == "newfstatat" && has("fstatat");
    ARCHITECTURES.iter().filter(|(_, h)| !has(h)).map(|(arch, _)| *arch).collect()
}

/// The architectures of which it is known.
pub fn architectures() -> impl Iterator<Item = &'static str> {
    ARCHITECTURES.iter().map(|(arch, _)| *arch)
}

/// What another libc, kernel or architecture would call instead, once each.
pub fn siblings(name: &str) -> Vec<&'static str> {
    let mut siblings: Vec<&str> = Vec::new();
    for sibling in generate::siblings(name) {
        if !siblings.contains(&sibling) {
            siblings.push(sibling);
        }
    }
    siblings
}

/// Where one call is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The kernel that brought it; None: as old as 2.6.0, or not known.
    pub since: Option<&'static str>,
    /// On each of the architectures, in their order.
    pub on: Vec<bool>,
}

pub fn place(name: &str) -> Place {
    let absent = absent_on(name);
    let on = architectures().map(|arch| !absent.contains(&arch)).collect();
    Place { since: since(name).map(|(kernel, _)| kernel), on }
}

/// `30 of 41 are on all 15 architectures; the newest, clone3, needs Linux 5.3.`
pub fn summary(names: &[&str]) -> String {
    let everywhere = names.iter().filter(|name| absent_on(name).is_empty()).count();
    let mut out = format!("{everywhere} of {} are on all {} architectures", names.len(), ARCHITECTURES.len());
    let newest = names.iter().filter_map(|name| Some((since(name)?, name))).max_by_key(|((_, kernel), _)| *kernel);
    if let Some(((kernel, _), name)) = newest {
        out += &format!("; the newest, {name}, needs Linux {kernel}");
    }
    out + "."
}

/// `since Linux 5.3; not on sparc, sparc64`. Empty: it is everywhere, for ages.
pub fn remark(name: &str) -> String {
    let mut words = Vec::new();
    words.extend(
        since(name).filter(|(_, numbers)| *numbers > (2, 6)).map(|(kernel, _)| format!("since Linux {kernel}")),
    );
    let absent = absent_on(name);
    let present = ARCHITECTURES.len() - absent.len();
    if present == 0 {
        words.push("on none of the known architectures".into());
    } else if present < absent.len() {
        let present = ARCHITECTURES.iter().map(|a| a.0).filter(|arch| !absent.contains(arch));
        words.push(format!("only on {}", present.collect::<Vec<_>>().join(", ")));
    } else if !absent.is_empty() {
        words.push(format!("not on {}", absent.join(", ")));
    }
    words.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_calls_are() {
        assert_eq!(remark("read"), "");
        assert_eq!(architectures().count(), 15);
        assert_eq!(
            summary(&["read", "open", "openat2", "pipe2"]),
            "3 of 4 are on all 15 architectures; the newest, openat2, needs Linux 5.6."
        );
        assert_eq!(place("openat2").since, Some("5.6"));
        assert_eq!(siblings("clone"), ["clone3", "fork", "vfork"]);
        assert_eq!(since("openat2"), Some(("5.6", (5, 6))));
        assert!(absent_on("open").contains(&"aarch64") && !absent_on("open").contains(&"x86_64"));
        assert!(!absent_on("newfstatat").contains(&"aarch64"));
        assert!(remark("clone3").starts_with("since Linux 5.3; not on "), "{}", remark("clone3"));
        assert!(remark("arch_prctl").starts_with("only on x86"), "{}", remark("arch_prctl"));
    }

    #[test]
    fn every_name_of_the_table_is_a_call_and_stands_once() {
        let all: Vec<&str> = SINCE.iter().flat_map(|(_, names)| names.split_whitespace()).collect();
        for name in &all {
            assert!(names::known(name), "{name}");
            assert_eq!(all.iter().filter(|n| n == &name).count(), 1, "{name}");
        }
        assert!(SINCE.iter().all(|(kernel, _)| kernel.split('.').count() >= 2));
    }
}
