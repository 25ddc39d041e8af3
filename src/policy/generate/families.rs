//! Calls that a program needs beside those that it was seen to make, each with the reason; and the families of calls
//! of which another libc, kernel or architecture would take another one.

/// What libc and the kernel do in any program, although a run need not show it.
pub const LIBC: &[(&str, &str)] = &[
    ("execve", "the program itself is started under the filter"),
    ("exit", "ends a thread"),
    ("exit_group", "ends the process"),
    ("rt_sigreturn", "returns from a signal handler"),
    ("sigreturn", "returns from a signal handler of an old 32-bit program"),
    ("restart_syscall", "the kernel resumes an interrupted wait with it"),
    ("futex", "libc's locks, as soon as two threads meet"),
    ("clock_gettime", "what the vDSO falls back to where it cannot read the clock"),
    ("clock_getres", "what the vDSO falls back to"),
    ("gettimeofday", "what the vDSO falls back to where it cannot read the clock"),
    ("time", "what the vDSO falls back to"),
    ("getcpu", "what the vDSO falls back to"),
];

/// What runc and crun do themselves between installing the filter and starting the program.
pub const RUNTIME: &[(&str, &str)] = &[
    ("capset", "drops capabilities"),
    ("capget", "reads its capabilities"),
    ("prctl", "capabilities, keeping them over setuid, no_new_privs"),
    ("setuid", "becomes the container's user"),
    ("setresuid", "becomes the container's user"),
    ("setgid", "becomes the container's group"),
    ("setresgid", "becomes the container's group"),
    ("setgroups", "sets the container's groups"),
    ("getuid", "looks whether it is root"),
    ("getgid", "looks which group it has"),
    ("geteuid", "looks whether it is root"),
    ("getegid", "looks which group it has"),
    ("chdir", "goes to the container's directory"),
    ("getcwd", "looks whether that directory is inside the container"),
    ("fchdir", "goes to the container's directory"),
    ("umask", "sets the container's mask"),
    ("ioctl", "makes the terminal the container's"),
    ("setsid", "leads a session of its own"),
    ("fcntl", "marks descriptors to be closed on exec"),
    ("close_range", "closes what it does not pass on"),
    ("close", "closes what it does not pass on"),
    ("dup2", "passes descriptors on"),
    ("dup3", "passes descriptors on"),
    ("read", "waits until it may start"),
    ("write", "tells that it is about to start"),
    ("openat", "opens the pipe on which it waits, and what is under /proc"),
    ("openat2", "opens what is under /proc without following links"),
    ("fstat", "looks at what it opened"),
    ("newfstatat", "looks for the program in PATH"),
    ("statx", "looks for the program in PATH"),
    ("faccessat2", "looks whether the program can be run"),
    ("fstatfs", "looks whether /proc is the real one"),
    ("getdents64", "lists its open descriptors"),
    ("lseek", "lists its open descriptors"),
    ("readlinkat", "looks where descriptors lead"),
    ("getpid", "its own number"),
    ("getppid", "looks whether its parent is alive"),
    ("gettid", "its own number"),
    ("tgkill", "Go's runtime interrupts its threads"),
    ("rt_sigaction", "Go's runtime, and resetting signals"),
    ("rt_sigprocmask", "Go's runtime, and resetting signals"),
    ("sigaltstack", "Go's runtime"),
    ("epoll_ctl", "Go's runtime"),
    ("epoll_pwait", "Go's runtime"),
    ("nanosleep", "Go's runtime"),
    ("sched_yield", "Go's runtime"),
    ("mmap", "Go's runtime"),
    ("munmap", "Go's runtime"),
    ("mprotect", "its libc"),
    ("brk", "its libc"),
    ("madvise", "Go's runtime"),
    ("recvfrom", "waits for its parent"),
    ("sendto", "answers its parent"),
    ("set_tid_address", "its libc"),
    ("arch_prctl", "its libc"),
];

/// The values of the scalar argument with which a runtime makes a call; none: it could be any.
pub fn runtime_values(name: &str) -> &'static [u32] {
    match name {
        // PDEATHSIG, DUMPABLE, KEEPCAPS, NAME, CAPBSET, CHILD_SUBREAPER, NO_NEW_PRIVS, CAP_AMBIENT, and VMA for Go.
        "prctl" => &[1, 2, 3, 4, 7, 8, 15, 23, 24, 36, 38, 39, 47, 0x5356_4d41],
        // TIOCSCTTY.
        "ioctl" => &[0x540e],
        // ARCH_SET_FS.
        "arch_prctl" => &[0x1002],
        _ => &[],
    }
}

/// Calls that stand for each other.
const FAMILIES: &[&[&str]] = &[
    &["open", "openat", "openat2", "creat"],
    &[
        "stat",
        "lstat",
        "fstat",
        "stat64",
        "lstat64",
        "fstat64",
        "newfstatat",
        "fstatat64",
        "statx",
        "oldstat",
        "oldlstat",
        "oldfstat",
    ],
    &["statfs", "fstatfs", "statfs64", "fstatfs64"],
    &["access", "faccessat", "faccessat2"],
    &["clone", "clone3"],
    &["fork", "vfork", "clone", "clone3"],
    &["wait4", "waitpid", "waitid"],
    &["dup2", "dup3"],
    &["pipe", "pipe2"],
    &["poll", "ppoll", "ppoll_time64"],
    &["select", "_newselect", "pselect6", "pselect6_time64"],
    &["epoll_create", "epoll_create1"],
    &["epoll_wait", "epoll_pwait", "epoll_pwait2"],
    &["eventfd", "eventfd2"],
    &["signalfd", "signalfd4"],
    &["inotify_init", "inotify_init1"],
    &["accept", "accept4"],
    &["recv", "recvfrom"],
    &["send", "sendto"],
    &["recvmmsg", "recvmmsg_time64"],
    &["rename", "renameat", "renameat2"],
    &["mkdir", "mkdirat"],
    &["rmdir", "unlinkat"],
    &["unlink", "unlinkat"],
    &["mknod", "mknodat"],
    &["link", "linkat"],
    &["symlink", "symlinkat"],
    &["readlink", "readlinkat"],
    &["chmod", "fchmodat", "fchmodat2"],
    &["chown", "chown32", "lchown", "lchown32", "fchownat"],
    &["fchown", "fchown32"],
    &["utime", "utimes", "futimesat", "utimensat", "utimensat_time64"],
    &["getdents", "getdents64"],
    &["mmap", "mmap2"],
    &["lseek", "_llseek"],
    &["fcntl", "fcntl64"],
    &["truncate", "truncate64"],
    &["ftruncate", "ftruncate64"],
    &["sendfile", "sendfile64"],
    &["fadvise64", "fadvise64_64", "arm_fadvise64_64"],
    &["sync_file_range", "sync_file_range2", "arm_sync_file_range"],
    &["preadv", "preadv2"],
    &["pwritev", "pwritev2"],
    &["getrlimit", "ugetrlimit", "setrlimit", "prlimit64"],
    &["nanosleep", "clock_nanosleep", "clock_nanosleep_time64"],
    &["clock_gettime", "clock_gettime64", "gettimeofday", "time"],
    &["clock_getres", "clock_getres_time64"],
    &["clock_settime", "clock_settime64", "settimeofday"],
    &["clock_adjtime", "clock_adjtime64", "adjtimex"],
    &["timer_gettime", "timer_gettime64"],
    &["timer_settime", "timer_settime64"],
    &["timerfd_gettime", "timerfd_gettime64"],
    &["timerfd_settime", "timerfd_settime64"],
    &["alarm", "setitimer"],
    &["futex", "futex_time64"],
    &["mq_timedsend", "mq_timedsend_time64"],
    &["mq_timedreceive", "mq_timedreceive_time64"],
    &["semop", "semtimedop", "semtimedop_time64"],
    &["io_pgetevents", "io_pgetevents_time64", "io_getevents"],
    &["sched_rr_get_interval", "sched_rr_get_interval_time64"],
    &["rt_sigtimedwait", "rt_sigtimedwait_time64"],
    &["sigaction", "rt_sigaction", "signal"],
    &["sigprocmask", "rt_sigprocmask"],
    &["sigsuspend", "rt_sigsuspend", "pause"],
    &["sigpending", "rt_sigpending"],
    &["sigreturn", "rt_sigreturn"],
    &["kill", "pidfd_send_signal"],
    &["tkill", "tgkill"],
    &["getuid", "getuid32"],
    &["geteuid", "geteuid32"],
    &["getgid", "getgid32"],
    &["getegid", "getegid32"],
    &["getgroups", "getgroups32"],
    &["setgroups", "setgroups32"],
    &["setuid", "setuid32"],
    &["setgid", "setgid32"],
    &["setreuid", "setreuid32"],
    &["setregid", "setregid32"],
    &["setresuid", "setresuid32"],
    &["setresgid", "setresgid32"],
    &["getresuid", "getresuid32"],
    &["getresgid", "getresgid32"],
    &["setfsuid", "setfsuid32"],
    &["setfsgid", "setfsgid32"],
    &["uname", "olduname", "oldolduname"],
    &["getpgrp", "getpgid"],
    &["arch_prctl", "set_thread_area"],
    &["umount", "umount2"],
    &["shmat", "shmget", "shmdt", "shmctl", "ipc"],
];

/// The others of a call's families.
pub fn siblings(name: &str) -> impl Iterator<Item = &'static str> {
    let families = FAMILIES.iter().filter(move |family| family.contains(&name));
    families.flat_map(|family| family.iter().copied()).filter(move |other| *other != name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::names;

    #[test]
    fn every_word_is_a_call() {
        let added = LIBC.iter().chain(RUNTIME).map(|(name, _)| *name);
        for name in FAMILIES.iter().copied().flatten().copied().chain(added) {
            assert!(names::known(name), "{name}");
        }
    }

    #[test]
    fn siblings_of_a_call() {
        assert_eq!(siblings("pipe").collect::<Vec<_>>(), ["pipe2"]);
        assert!(siblings("vfork").any(|name| name == "clone3"));
        assert_eq!(siblings("ptrace").count(), 0);
    }
}
