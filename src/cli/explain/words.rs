//! What signals and capabilities mean, which calls are behind functions of the C library, and names that headers give
//! twice. signal(7), capabilities(7).

/// A signal, what it does by default, and what it usually means.
pub fn signal(name: &str) -> Option<(&'static str, &'static str)> {
    SIGNALS.iter().find(|(known, ..)| *known == name).map(|(_, action, text)| (*action, *text))
}

/// What a capability lets a process do.
pub fn capability(name: &str) -> Option<&'static str> {
    CAPABILITIES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The calls behind a function of the C library that is none itself.
pub fn function(name: &str) -> Option<&'static str> {
    FUNCTIONS.iter().find(|(known, _)| *known == name).map(|(_, calls)| *calls)
}

/// The name that is used here for a constant or an error.
pub fn other_name(name: &str) -> Option<&'static str> {
    OTHER_NAMES.iter().find(|(other, _)| *other == name).map(|(_, name)| *name)
}

const ENDS: &str = "ends the process";
const DUMPS: &str = "ends the process with a core dump";
const STOPS: &str = "stops the process until SIGCONT";
const NOTHING: &str = "nothing";

const SIGNALS: &[(&str, &str, &str)] = &[
    ("SIGHUP", ENDS, "The terminal is gone, or its connection; servers take it as: read the configuration again."),
    ("SIGINT", ENDS, "The user pressed ^C."),
    ("SIGQUIT", DUMPS, "The user pressed ^\\."),
    ("SIGILL", DUMPS, "An instruction that the processor does not know: a wrong build, or code that was overwritten."),
    ("SIGTRAP", DUMPS, "A breakpoint; debuggers use it."),
    ("SIGABRT", DUMPS, "The program gave up by abort(3): a failed assertion, memory management found broken."),
    (
        "SIGBUS",
        DUMPS,
        "Memory that is mapped but has nothing behind it: a mapped file became shorter, or the disk failed.",
    ),
    ("SIGFPE", DUMPS, "Arithmetic that has no result, nearly always a division of integers by zero."),
    (
        "SIGKILL",
        ENDS,
        "Ends it without appeal; it cannot be caught. Sent by kill -9, or by the kernel when memory is used up.",
    ),
    ("SIGUSR1", ENDS, "Means what the program says; read its manual."),
    (
        "SIGSEGV",
        DUMPS,
        "An address that the program does not have, such as a null pointer: a bug. Some runtimes use it on purpose.",
    ),
    ("SIGUSR2", ENDS, "Means what the program says; read its manual."),
    ("SIGPIPE", ENDS, "It wrote into a pipe or connection that nobody reads any more. Normal in `... | head`."),
    ("SIGALRM", ENDS, "A timer of alarm(2) or setitimer(2) is over."),
    ("SIGTERM", ENDS, "The polite request to end; what kill(1) sends."),
    ("SIGSTKFLT", ENDS, "Not used."),
    ("SIGCHLD", NOTHING, "A child ended, stopped or goes on; the parent then calls wait4. Normal."),
    ("SIGCONT", "goes on if it was stopped", "Goes on after a stop, as fg and bg of a shell do."),
    ("SIGSTOP", STOPS, "Stops it; it cannot be caught."),
    ("SIGTSTP", STOPS, "The user pressed ^Z."),
    ("SIGTTIN", STOPS, "A background job tried to read from the terminal."),
    ("SIGTTOU", STOPS, "A background job tried to change or write to the terminal."),
    ("SIGURG", NOTHING, "Urgent data arrived on a connection; Go's runtime uses it to interrupt its own threads."),
    ("SIGXCPU", DUMPS, "The limit on CPU time (ulimit -t) is reached."),
    ("SIGXFSZ", DUMPS, "A file would become longer than the limit (ulimit -f) allows."),
    ("SIGVTALRM", ENDS, "A timer that counts the process's own time is over."),
    ("SIGPROF", ENDS, "A timer of a profiler."),
    ("SIGWINCH", NOTHING, "The terminal's window has another size; programs then ask for it and draw anew."),
    ("SIGIO", ENDS, "A descriptor that asked for it is ready (O_ASYNC)."),
    ("SIGPWR", ENDS, "The power fails, says the system."),
    ("SIGSYS", DUMPS, "A call that a seccomp filter forbids with a signal, or one with a wrong number."),
    (
        "SIGRTMIN",
        ENDS,
        "The first real-time signal; the C library keeps it and the next for its threads (cancelling, changing IDs).",
    ),
];

const CAPABILITIES: &[(&str, &str)] = &[
    ("CAP_CHOWN", "change the owner and group of any file"),
    ("CAP_DAC_OVERRIDE", "read, write and run files whatever their permissions say"),
    ("CAP_DAC_READ_SEARCH", "read any file and enter any directory; open files by handle"),
    ("CAP_FOWNER", "do with files of others what only the owner may, such as chmod"),
    ("CAP_FSETID", "keep set-user-ID and set-group-ID bits when a file changes"),
    ("CAP_KILL", "send signals to processes of others"),
    ("CAP_SETGID", "take any group"),
    ("CAP_SETUID", "become any user"),
    ("CAP_SETPCAP", "change its sets of capabilities, and drop from the bounding set"),
    ("CAP_LINUX_IMMUTABLE", "set and clear the marks for files that nobody may change or only append to"),
    ("CAP_NET_BIND_SERVICE", "listen on ports below 1024"),
    ("CAP_NET_BROADCAST", "nothing: it is not used"),
    ("CAP_NET_ADMIN", "set up interfaces, routes, firewalls and other parts of the network"),
    ("CAP_NET_RAW", "use raw and packet sockets, as ping and tcpdump do"),
    ("CAP_IPC_LOCK", "lock memory beyond the limit, and use huge pages"),
    ("CAP_IPC_OWNER", "use System V queues, semaphores and memory whatever their permissions say"),
    ("CAP_SYS_MODULE", "load and remove kernel modules"),
    ("CAP_SYS_RAWIO", "reach ports and memory of the machine directly"),
    ("CAP_SYS_CHROOT", "change its root directory, and enter mount namespaces"),
    ("CAP_SYS_PTRACE", "trace processes of others and look into their memory"),
    ("CAP_SYS_PACCT", "switch process accounting on and off"),
    ("CAP_SYS_ADMIN", "do a great many things, from mount to namespaces; nearly as much as root"),
    ("CAP_SYS_BOOT", "restart the machine, and load another kernel"),
    ("CAP_SYS_NICE", "raise priorities, choose real-time scheduling, place others on CPUs"),
    ("CAP_SYS_RESOURCE", "go beyond limits and quotas, and raise limits"),
    ("CAP_SYS_TIME", "set the clock"),
    ("CAP_SYS_TTY_CONFIG", "set up virtual terminals, hang up terminals"),
    ("CAP_MKNOD", "make device files"),
    ("CAP_LEASE", "take leases on files of others"),
    ("CAP_AUDIT_WRITE", "write into the kernel's audit log"),
    ("CAP_AUDIT_CONTROL", "set up the kernel's audit"),
    ("CAP_SETFCAP", "give capabilities to files, and map user 0 into a user namespace"),
    ("CAP_MAC_OVERRIDE", "override mandatory access control (Smack)"),
    ("CAP_MAC_ADMIN", "set up mandatory access control (Smack)"),
    ("CAP_SYSLOG", "read the kernel's log and its addresses"),
    ("CAP_WAKE_ALARM", "set timers that wake the machine"),
    ("CAP_BLOCK_SUSPEND", "keep the machine from sleeping"),
    ("CAP_AUDIT_READ", "read the audit log"),
    ("CAP_PERFMON", "measure performance of the whole system"),
    ("CAP_BPF", "load BPF programs"),
    ("CAP_CHECKPOINT_RESTORE", "save and restore processes, choose PIDs"),
];

const FUNCTIONS: &[(&str, &str)] = &[
    ("abort", "rt_sigprocmask gettid getpid tgkill"),
    ("calloc", "brk mmap"),
    ("execl", "execve"),
    ("execlp", "execve"),
    ("execv", "execve"),
    ("execvp", "execve"),
    ("fclose", "close"),
    ("fgets", "read"),
    ("fopen", "openat"),
    ("free", "munmap"),
    ("getaddrinfo", "socket connect sendto recvfrom openat"),
    ("isatty", "ioctl"),
    ("malloc", "brk mmap"),
    ("sched_getcpu", "rseq getcpu"),
    ("mkfifo", "mknodat"),
    ("opendir", "openat"),
    ("popen", "pipe2 clone3"),
    ("posix_spawn", "clone3"),
    ("pread", "pread64"),
    ("printf", "write"),
    ("pthread_create", "mmap clone3"),
    ("pthread_mutex_lock", "futex"),
    ("putchar", "write"),
    ("puts", "write"),
    ("pwrite", "pwrite64"),
    ("raise", "tgkill"),
    ("recv", "recvfrom"),
    ("remove", "unlink"),
    ("scanf", "read"),
    ("sem_open", "openat mmap"),
    ("sem_wait", "futex"),
    ("send", "sendto"),
    ("shm_open", "openat"),
    ("sleep", "clock_nanosleep"),
    ("system", "clone3 wait4"),
    ("tcgetattr", "ioctl"),
    ("tcsetattr", "ioctl"),
    ("usleep", "clock_nanosleep"),
    ("wait", "wait4"),
];

const OTHER_NAMES: &[(&str, &str)] = &[
    ("EDEADLOCK", "EDEADLK"),
    ("ENOTSUP", "EOPNOTSUPP"),
    ("EWOULDBLOCK", "EAGAIN"),
    ("SIGCLD", "SIGCHLD"),
    ("SIGIOT", "SIGABRT"),
    ("SIGPOLL", "SIGIO"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{self, Arch};

    #[test]
    fn every_signal_and_capability_has_its_words() {
        for number in (1..=31).chain([32]) {
            let name = abi::signal_name(number).expect("a name");
            assert!(signal(name).is_some(), "{name}");
        }
        for name in (0..64).filter_map(abi::capability_name) {
            assert!(capability(name).is_some(), "{name}");
        }
    }

    #[test]
    fn functions_lead_to_calls_and_names_to_names() {
        for (function, calls) in FUNCTIONS {
            assert!(!Arch::ALL.iter().any(|&arch| abi::number(arch, function).is_some()), "{function} is a call");
            for call in calls.split_whitespace() {
                assert!(abi::number(Arch::X86_64, call).is_some(), "{function}: {call}");
            }
        }
        for (_, name) in OTHER_NAMES {
            assert!(abi::errno_number(name).is_some() || abi::signal_number(name).is_some(), "{name}");
        }
    }
}
