//! Base profiles that the Security Profiles Operator comes with: what runc and crun themselves call when they start a
//! container, as measured with the versions named. Facts of 2026 about x86-64.

/// One base profile: all of its calls are allowed.
pub struct Base {
    pub name: &'static str,
    calls: &'static str,
}

const BASES: [Base; 2] = [
    Base {
        name: "runc-v1.4.2",
        calls: "arch_prctl brk capget capset chdir close close_range epoll_ctl epoll_pwait execve exit_group faccessat2 \
                fcntl fstat fstatfs futex getcwd getdents64 getpid getppid getuid mmap mprotect nanosleep newfstatat \
                openat openat2 prctl read recvfrom rt_sigreturn sched_yield set_tid_address setgid setgroups setuid \
                sigaltstack statx tgkill write",
    },
    Base {
        name: "crun-v1.26",
        calls: "access arch_prctl brk capset chdir chmod chown close close_range dup2 execve exit_group fchdir fchown \
                fstat fstatfs getcwd getegid geteuid getgid getuid ioctl lseek mkdirat mknodat mmap mount mprotect \
                nanosleep newfstatat openat openat2 pivot_root prctl pselect6 read readlink rt_sigaction \
                rt_sigprocmask set_tid_address setgroups sethostname setns setresgid setresuid setsid statfs statx \
                symlinkat umask umount2 unshare write",
    },
];

/// The base profile of this name, or the one of the same runtime in the version that is known.
pub fn base(name: &str) -> Option<&'static Base> {
    let runtime = name.split_once("-v").map_or(name, |(runtime, _)| runtime);
    BASES.iter().find(|base| base.name.split_once("-v").is_some_and(|(own, _)| own == runtime))
}

pub fn names() -> impl Iterator<Item = &'static str> {
    BASES.iter().map(|base| base.name)
}

impl Base {
    pub fn calls(&self) -> Vec<String> {
        self.calls.split_whitespace().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_known_by_its_runtime() {
        assert_eq!(base("runc-v1.2.0").map(|b| b.name), Some("runc-v1.4.2"));
        assert_eq!(base("crun").map(|b| b.name), Some("crun-v1.26"));
        assert!(base("youki-v0.5").is_none() && base("").is_none());
        for found in names().filter_map(base) {
            assert!(found.calls().len() > 30);
            assert!(found.calls().iter().all(|call| crate::policy::names::known(call)), "{}", found.name);
        }
    }
}
