//! /proc/TID/status as plain values: who a task is, whose it is, how it stands, what a signal would do to it.
//!
//! Left out: what follows from it for tracing (`doctor`).

use std::path::Path;

use super::status_text::StatusText;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// The process that the task is a thread of.
    pub tgid: i32,
    pub parent: i32,
    /// `S`, `R`, `T`, `t`, `Z`, …
    pub state: u8,
    /// 0 if nobody traces it; the tracing thread, not its process.
    pub tracer: i32,
    /// Real, effective, saved and file system user ID.
    pub uids: [u32; 4],
    pub gids: [u32; 4],
    pub threads: u32,
    /// The numbers of the task in each PID namespace, from ours inwards. pid_namespaces(7).
    pub ns_tids: Vec<i32>,
    pub cap_permitted: u64,
    /// It runs in the kernel only.
    pub kernel: bool,
    /// Sets of signals, number N at bit N-1: waiting for the task or its process, blocked, ignored, handled.
    pub pending: u64,
    pub blocked: u64,
    pub ignored: u64,
    pub caught: u64,
}

/// What happens to a task that gets a signal. signal(7), "Standard signals".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Nothing,
    Handler,
    Stop,
    /// The end, of its process too.
    Death,
}

impl Status {
    /// None if there is no such task. `proc` is where the process file system is mounted.
    pub fn read(proc: &Path, tid: i32) -> Option<Status> {
        Status::from_text(&StatusText::below(proc, tid)?)
    }

    fn from_text(text: &StatusText) -> Option<Status> {
        let ids = |name: &str| {
            let mut ids = text.numbers(name);
            std::array::from_fn(|_| ids.next().unwrap_or(u32::MAX))
        };
        let set = |name: &str| text.set(name).unwrap_or(0);
        let state = *text.field("State")?.first()?;
        Some(Status {
            tgid: text.pid("Tgid")?,
            parent: text.pid("PPid")?,
            state,
            tracer: text.pid("TracerPid").unwrap_or(0),
            uids: ids("Uid"),
            gids: ids("Gid"),
            threads: text.numbers("Threads").next().unwrap_or(0),
            ns_tids: text.numbers("NSpid").filter_map(|tid| i32::try_from(tid).ok()).collect(),
            cap_permitted: set("CapPrm"),
            // Old kernels do not say it, but a thread of theirs has no memory of its own.
            kernel: match text.numbers("Kthread").next() {
                Some(number) => number == 1,
                None => !matches!(state, b'Z' | b'X') && text.field("VmSize").is_none(),
            },
            pending: set("SigPnd") | set("ShdPnd"),
            blocked: set("SigBlk"),
            ignored: set("SigIgn"),
            caught: set("SigCgt"),
        })
    }

    pub fn effect(&self, signal: i32) -> Effect {
        let holds = |set: u64| signal > 0 && set.checked_shr(signal as u32 - 1).is_some_and(|set| set & 1 != 0);
        match signal {
            _ if holds(self.caught) => Effect::Handler,
            _ if holds(self.ignored) => Effect::Nothing,
            libc::SIGCHLD | libc::SIGCONT | libc::SIGURG | libc::SIGWINCH => Effect::Nothing,
            libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU => Effect::Stop,
            _ => Effect::Death,
        }
    }

    /// A signal waits that is not blocked and will not just be ignored. The kernel keeps even an ignored one for a tracer.
    pub fn has_signal(&self) -> bool {
        let waiting = self.pending & !self.blocked;
        (1..=64).any(|signal| waiting & (1 << (signal - 1)) != 0 && self.effect(signal) != Effect::Nothing)
    }

    /// The process has ended, not only its first thread.
    pub fn is_over(&self) -> bool {
        self.is_zombie() && self.threads <= 1
    }

    /// The task has ended and waits for its parent to notice.
    pub fn is_zombie(&self) -> bool {
        matches!(self.state, b'Z' | b'X')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Status> {
        Status::from_text(&StatusText(text.into()))
    }

    #[test]
    fn what_matters_is_read() {
        let text = "Name:\tnginx\nState:\tS (sleeping)\nTgid:\t40\nPid:\t41\nPPid:\t7\nTracerPid:\t3\n\
                    Uid:\t33\t34\t35\t36\nGid:\t1\t2\t3\t4\nNSpid:\t41\t9\t2\nKthread:\t0\nThreads:\t8\n\
                    SigPnd:\t0000000000000001\nShdPnd:\t0000000000000002\nSigBlk:\t0000000000000004\n\
                    SigIgn:\t0000000000000010\nSigCgt:\t0000000000000008\nCapPrm:\t0000000000080000\n";
        let status = parse(text).unwrap();
        assert_eq!((status.tgid, status.parent, status.state, status.tracer), (40, 7, b'S', 3));
        assert_eq!((status.uids, status.gids), ([33, 34, 35, 36], [1, 2, 3, 4]));
        assert_eq!((status.threads, status.ns_tids.as_slice()), (8, [41, 9, 2].as_slice()));
        assert_eq!((status.pending, status.blocked, status.ignored, status.caught), (3, 4, 16, 8));
        assert!(!status.kernel && !status.is_zombie() && status.cap_permitted == 1 << 19);
    }

    #[test]
    fn kernel_threads_are_told_by_the_kernel_or_by_what_they_lack() {
        let with = |more: &str| parse(&format!("State:\tS\nTgid:\t2\nPPid:\t0\n{more}")).unwrap();
        assert!(with("Kthread:\t1\n").kernel && with("").kernel);
        assert!(!with("VmSize:\t 12 kB\n").kernel);
        let zombie = parse("State:\tZ (zombie)\nTgid:\t2\nPPid:\t1\n").unwrap();
        assert!(zombie.is_zombie() && zombie.is_over() && !zombie.kernel);
        let leader = parse("State:\tZ (zombie)\nTgid:\t2\nPPid:\t1\nThreads:\t2\n").unwrap();
        assert!(leader.is_zombie() && !leader.is_over());
        assert_eq!(parse("nonsense"), None);
    }

    #[test]
    fn what_a_signal_does_depends_on_its_action() {
        let bit = |signal: i32| 1 << (signal - 1);
        let mut status =
            Status { caught: bit(libc::SIGUSR1) | bit(64), ignored: bit(libc::SIGUSR2), ..Status::default() };
        assert_eq!(status.effect(libc::SIGUSR1), Effect::Handler);
        assert_eq!(status.effect(64), Effect::Handler);
        assert_eq!(status.effect(libc::SIGUSR2), Effect::Nothing);
        assert_eq!(status.effect(libc::SIGCHLD), Effect::Nothing);
        assert_eq!(status.effect(libc::SIGTSTP), Effect::Stop);
        assert_eq!((status.effect(libc::SIGTERM), status.effect(0)), (Effect::Death, Effect::Death));
        status.pending = bit(libc::SIGCHLD) | bit(libc::SIGUSR2);
        assert!(!status.has_signal());
        status.pending |= bit(64);
        assert!(status.has_signal());
        status.blocked = bit(64);
        assert!(!status.has_signal());
    }

    #[test]
    fn this_process_is_read() {
        let pid = i32::try_from(std::process::id()).unwrap();
        let status = Status::read(Path::new("/proc"), pid).unwrap();
        assert_eq!(status.tgid, pid);
        assert!(!status.kernel && status.threads > 0 && status.ns_tids.first() == Some(&pid), "{status:?}");
        assert_eq!(Status::read(Path::new("/proc"), 0), None);
    }
}
