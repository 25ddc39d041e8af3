//! A stopped tracee as a value that can be resumed only once, and what its wait status says.
//!
//! Statuses are taken apart by hand from the raw number: real-time signals occur in them. What a stop means to the
//! trace is decided in `stops`.

use std::io;

use super::sys;

/// A tracee in ptrace-stop. It stays there until the value is used up by one of the methods that let it go.
#[derive(Debug)]
#[must_use = "a stopped tracee stays stopped until it is resumed"]
pub struct Stopped {
    tid: i32,
}

/// Why it stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// System-call entry or exit; only `syscall_info` tells which.
    Syscall,
    /// A signal is about to be delivered.
    Signal(i32),
    /// The thread group is stopped by this signal.
    Group(i32),
    /// The answer to PTRACE_INTERRUPT, the first stop of a new task, or the end of a group-stop.
    Trap,
    Exec,
    Fork(Forked),
    /// A seccomp filter answered RET_TRACE; only with `PTRACE_O_TRACESECCOMP`.
    Seccomp,
    /// It is about to end, with its memory still there; only after `sys::stop_at_end`.
    End,
    /// An event that was not asked for.
    Other,
}

/// Which kind of call made a task, as the kernel tells it: a clone whose exit signal is SIGCHLD counts as fork.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forked {
    Fork,
    Vfork,
    Clone,
}

/// What waitpid reported.
#[derive(Debug)]
pub enum Status {
    Stopped(Stopped, Stop),
    Exited(i32),
    Killed { signal: i32, core: bool },
}

impl Status {
    pub fn decode(tid: i32, raw: i32) -> Status {
        if libc::WIFEXITED(raw) {
            return Status::Exited(libc::WEXITSTATUS(raw));
        }
        if libc::WIFSIGNALED(raw) {
            return Status::Killed { signal: libc::WTERMSIG(raw), core: libc::WCOREDUMP(raw) };
        }
        let signal = (raw >> 8) & 0xff;
        let stop = match raw >> 16 {
            0 if signal == libc::SIGTRAP | 0x80 => Stop::Syscall,
            0 => Stop::Signal(signal),
            libc::PTRACE_EVENT_STOP if signal == libc::SIGTRAP => Stop::Trap,
            libc::PTRACE_EVENT_STOP => Stop::Group(signal),
            libc::PTRACE_EVENT_EXEC => Stop::Exec,
            libc::PTRACE_EVENT_FORK => Stop::Fork(Forked::Fork),
            libc::PTRACE_EVENT_VFORK => Stop::Fork(Forked::Vfork),
            libc::PTRACE_EVENT_CLONE => Stop::Fork(Forked::Clone),
            libc::PTRACE_EVENT_SECCOMP => Stop::Seccomp,
            libc::PTRACE_EVENT_EXIT => Stop::End,
            _ => Stop::Other,
        };
        Status::Stopped(Stopped { tid }, stop)
    }
}

impl Stopped {
    pub fn tid(&self) -> i32 {
        self.tid
    }

    /// On to the next system-call stop; `signal` is delivered unless it is 0.
    pub fn resume(self, signal: i32) -> io::Result<()> {
        tolerate_gone(sys::resume_to_syscall(self.tid, signal))
    }

    /// On without system-call stops.
    pub fn run_untraced(self, signal: i32) -> io::Result<()> {
        tolerate_gone(sys::resume(self.tid, signal))
    }

    /// Keeps it group-stopped until SIGCONT.
    pub fn listen(self) -> io::Result<()> {
        tolerate_gone(sys::listen(self.tid))
    }

    /// Ends tracing; `signal` is delivered unless it is 0.
    pub fn detach(self, signal: i32) -> io::Result<()> {
        tolerate_gone(sys::detach(self.tid, signal))
    }
}

/// Any request may find the tracee gone (SIGKILL, another thread's execve): its wait status is on the way then.
pub fn tolerate_gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
        other => other,
    }
}

/// The parts of `struct ptrace_syscall_info` that every stop has, and what is particular to entry and exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyscallInfo {
    pub audit_arch: u32,
    pub ip: u64,
    pub sp: u64,
    pub op: Op,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    None,
    Entry {
        nr: u64,
        args: [u64; 6],
    },
    Exit {
        value: i64,
        is_error: bool,
    },
    /// As at entry, and the data that the filter gave with RET_TRACE.
    Seccomp {
        nr: u64,
        args: [u64; 6],
        data: u32,
    },
}

impl SyscallInfo {
    pub fn of(tid: i32) -> std::io::Result<SyscallInfo> {
        let words = sys::syscall_info(tid)?;
        let head = words[0].to_ne_bytes();
        let op = match head[0] {
            1 => Op::Entry { nr: words[3], args: [words[4], words[5], words[6], words[7], words[8], words[9]] },
            2 => Op::Exit { value: words[3] as i64, is_error: words[4].to_ne_bytes()[0] != 0 },
            3 => Op::Seccomp {
                nr: words[3],
                args: [words[4], words[5], words[6], words[7], words[8], words[9]],
                data: words[10] as u32,
            },
            _ => Op::None,
        };
        let audit_arch = u32::from_ne_bytes([head[4], head[5], head[6], head[7]]);
        Ok(SyscallInfo { audit_arch, ip: words[1], sp: words[2], op })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(raw: i32) -> Stop {
        match Status::decode(7, raw) {
            Status::Stopped(stopped, stop) => {
                assert_eq!(stopped.tid(), 7);
                stop
            }
            other => panic!("{other:?} is no stop"),
        }
    }

    #[test]
    fn statuses_are_told_apart() {
        assert_eq!(stop(0x857f), Stop::Syscall);
        assert_eq!(stop(0x057f), Stop::Signal(libc::SIGTRAP));
        assert_eq!(stop((64 << 8) | 0x7f), Stop::Signal(64));
        assert_eq!(stop((128 << 16) | 0x137f), Stop::Group(libc::SIGSTOP));
        assert_eq!(stop((128 << 16) | 0x057f), Stop::Trap);
        assert_eq!(stop((4 << 16) | 0x057f), Stop::Exec);
        assert_eq!(stop((3 << 16) | 0x057f), Stop::Fork(Forked::Clone));
        assert!(matches!(Status::decode(7, 7 << 8), Status::Exited(7)));
        assert!(matches!(Status::decode(7, 0x8b), Status::Killed { signal: 11, core: true }));
    }
}
