//! The sets of system calls that systemd.exec(5) names, as systemd 252 has them: which calls belong to what each is said
//! to be for. Written by purpose; a name may stand in several sets.

/// One set.
#[derive(Debug)]
pub struct Set {
    /// `@basic-io`.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Calls and other sets, by purpose.
    members: &'static [&'static str],
}

/// All sets.
pub fn sets() -> &'static [Set] {
    SETS
}

/// The calls of a set, those of its sets included, each once. `None`: there is no such set.
pub fn members(name: &str) -> Option<Vec<&'static str>> {
    let set = SETS.iter().find(|set| set.name == name)?;
    let mut out: Vec<&'static str> = Vec::new();
    for word in set.members.iter().flat_map(|line| line.split_whitespace()) {
        let new = if word.starts_with('@') { members(word).unwrap_or_default() } else { vec![word] };
        for call in new {
            if !out.contains(&call) {
                out.push(call);
            }
        }
    }
    Some(out)
}

const fn set(name: &'static str, about: &'static str, members: &'static [&'static str]) -> Set {
    Set { name, about, members }
}

const SETS: &[Set] = &[
    set(
        "@default",
        "what every process needs; always allowed",
        &[
            "execve exit exit_group restart_syscall rt_sigreturn sigreturn pause",
            "clock_getres clock_getres_time64 clock_gettime clock_gettime64 gettimeofday time",
            "nanosleep clock_nanosleep clock_nanosleep_time64",
            "futex futex_time64 futex_waitv get_robust_list set_robust_list rseq membarrier sched_yield",
            "sched_getaffinity getrandom getrlimit ugetrlimit prlimit64",
            "brk mmap mmap2 mprotect munmap",
            "getpid getppid getpgid getpgrp getsid gettid set_tid_address",
            "getuid getuid32 geteuid geteuid32 getresuid getresuid32",
            "getgid getgid32 getegid getegid32 getresgid getresgid32 getgroups getgroups32",
            "arch_prctl get_thread_area set_thread_area set_tls cacheflush riscv_flush_icache riscv_hwprobe uretprobe",
        ],
    ),
    set(
        "@aio",
        "asynchronous I/O",
        &[
            "io_setup io_submit io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64",
            "io_uring_setup io_uring_enter io_uring_register",
        ],
    ),
    set(
        "@basic-io",
        "reading, writing, seeking, duplicating and closing descriptors",
        &[
            "read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2 lseek _llseek",
            "dup dup2 dup3 close close_range",
        ],
    ),
    set("@chown", "changing the owner of files", &["chown chown32 lchown lchown32 fchown fchown32 fchownat"]),
    set(
        "@clock",
        "setting the system's clock",
        &["settimeofday clock_settime clock_settime64 adjtimex clock_adjtime clock_adjtime64"],
    ),
    set("@cpu-emulation", "emulating CPUs", &["modify_ldt vm86 vm86old subpage_prot switch_endian"]),
    set(
        "@debug",
        "debugging, measuring and tracing",
        &["ptrace perf_event_open pidfd_getfd lookup_dcookie rtas s390_runtime_instr sys_debug_setcontext"],
    ),
    set(
        "@file-system",
        "files and directories: opening, creating, renaming, attributes",
        &[
            "open openat openat2 creat close fcntl fcntl64 fallocate",
            "stat stat64 oldstat lstat lstat64 oldlstat fstat fstat64 oldfstat newfstatat fstatat64 statx",
            "statfs statfs64 fstatfs fstatfs64 access faccessat faccessat2",
            "chdir fchdir getcwd getdents getdents64 mkdir mkdirat mknod mknodat rmdir",
            "chmod fchmod fchmodat fchmodat2 truncate truncate64 ftruncate ftruncate64",
            "link linkat symlink symlinkat readlink readlinkat unlink unlinkat rename renameat renameat2",
            "getxattr lgetxattr fgetxattr setxattr lsetxattr fsetxattr listxattr llistxattr flistxattr",
            "removexattr lremovexattr fremovexattr utime utimes futimesat utimensat utimensat_time64",
            "inotify_init inotify_init1 inotify_add_watch inotify_rm_watch",
        ],
    ),
    set(
        "@io-event",
        "waiting for descriptors",
        &[
            "poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 eventfd eventfd2",
            "epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_wait epoll_wait_old epoll_pwait epoll_pwait2",
        ],
    ),
    set(
        "@ipc",
        "pipes, shared memory, message queues, semaphores",
        &[
            "pipe pipe2 memfd_create ipc process_vm_readv process_vm_writev process_madvise",
            "mq_open mq_unlink mq_notify mq_getsetattr mq_timedsend mq_timedsend_time64",
            "mq_timedreceive mq_timedreceive_time64 msgget msgsnd msgrcv msgctl",
            "semget semctl semop semtimedop semtimedop_time64 shmget shmat shmdt shmctl",
        ],
    ),
    set("@keyring", "the kernel's keys", &["add_key request_key keyctl"]),
    set("@memlock", "keeping memory from being swapped out", &["mlock mlock2 mlockall munlock munlockall"]),
    set("@module", "loading kernel modules", &["init_module finit_module delete_module"]),
    set(
        "@mount",
        "mounting and changing the root",
        &["mount umount umount2 mount_setattr move_mount open_tree fsopen fsconfig fsmount fspick pivot_root chroot"],
    ),
    set(
        "@network-io",
        "sockets",
        &[
            "socket socketpair socketcall bind listen connect accept accept4 shutdown",
            "getsockname getpeername getsockopt setsockopt send sendto sendmsg sendmmsg",
            "recv recvfrom recvmsg recvmmsg recvmmsg_time64",
        ],
    ),
    set(
        "@obsolete",
        "what is unusual, old or not implemented",
        &[
            "_sysctl sysfs uselib ustat create_module query_module get_kernel_syms bdflush sgetmask ssetmask stime",
            "afs_syscall break ftime getpmsg putpmsg gtty stty idle lock mpx prof profil security tuxcall ulimit",
            "vserver",
        ],
    ),
    set("@pkey", "memory protection keys", &["pkey_alloc pkey_free pkey_mprotect"]),
    set(
        "@privileged",
        "what needs the superuser's capabilities",
        &[
            "@chown @clock @module @raw-io @reboot @swap _sysctl acct bpf capset chroot pivot_root vhangup",
            "fanotify_init fanotify_mark nfsservctl open_by_handle_at quotactl quotactl_fd",
            "sethostname setdomainname setuid setuid32 setreuid setreuid32 setresuid setresuid32",
            "setfsuid setfsuid32 setgroups setgroups32",
        ],
    ),
    set(
        "@process",
        "controlling, creating and signalling processes, and namespaces",
        &[
            "fork vfork clone clone3 execveat wait4 waitid waitpid kill tkill tgkill",
            "pidfd_open pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo",
            "getrusage times capget prctl setns unshare swapcontext",
        ],
    ),
    set(
        "@raw-io",
        "ports and the PCI bus",
        &["ioperm iopl pciconfig_iobase pciconfig_read pciconfig_write s390_pci_mmio_read s390_pci_mmio_write"],
    ),
    set("@reboot", "rebooting and the next kernel", &["reboot kexec_load kexec_file_load"]),
    set(
        "@resources",
        "limits, scheduling and memory policies",
        &[
            "setrlimit nice setpriority ioprio_set sched_setaffinity sched_setattr sched_setparam sched_setscheduler",
            "mbind set_mempolicy set_mempolicy_home_node migrate_pages move_pages",
        ],
    ),
    set(
        "@setuid",
        "changing users and groups",
        &[
            "setuid setuid32 setreuid setreuid32 setresuid setresuid32",
            "setgid setgid32 setregid setregid32 setresgid setresgid32 setgroups setgroups32",
        ],
    ),
    set(
        "@signal",
        "handling signals",
        &[
            "signal sigaction rt_sigaction sigaltstack sigprocmask rt_sigprocmask sigpending rt_sigpending",
            "sigsuspend rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 signalfd signalfd4",
        ],
    ),
    set("@swap", "swap areas", &["swapon swapoff"]),
    set(
        "@sync",
        "writing files and memory to disk",
        &["sync syncfs fsync fdatasync msync sync_file_range sync_file_range2"],
    ),
    set(
        "@system-service",
        "what a common service needs",
        &[
            "@default @basic-io @file-system @io-event @aio @sync @chown @ipc @network-io @process @signal @setuid",
            "@timer @resources @memlock @keyring capget capset personality prctl umask uname oldolduname olduname sysinfo",
            "ioctl flock readdir name_to_handle_at kcmp userfaultfd copy_file_range sendfile sendfile64",
            "splice tee vmsplice readahead fadvise64 fadvise64_64 arm_fadvise64_64 madvise mremap remap_file_pages",
            "get_mempolicy getcpu getpriority ioprio_get setpgid setsid setfsuid setfsuid32 setfsgid setfsgid32",
            "sched_get_priority_max sched_get_priority_min sched_getattr sched_getparam sched_getscheduler",
            "sched_rr_get_interval sched_rr_get_interval_time64 sched_yield",
        ],
    ),
    set(
        "@timer",
        "timers",
        &[
            "alarm getitimer setitimer times timer_create timer_delete timer_getoverrun",
            "timer_gettime timer_gettime64 timer_settime timer_settime64",
            "timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::names;

    #[test]
    fn every_member_is_a_call_and_every_set_says_what_for() {
        for set in sets() {
            let calls = members(set.name).expect("a set");
            assert!(!calls.is_empty() && !set.about.is_empty(), "{}", set.name);
            for call in calls {
                // Two calls of machines that libseccomp knows and no table here.
                assert!(names::known(call), "{}: {call}", set.name);
            }
        }
        assert!(members("@system-service").is_some_and(|calls| calls.len() > 300));
        assert!(members("@nothing").is_none());
    }
}
