//! /proc/PID/status as plain values: who a process is, whose it is, and how it stands. proc_pid_status(5).
//!
//! Left out: what follows from it for tracing (`doctor`).

use std::fs;
use std::path::Path;

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
    /// Signals that wait for the task or its process, and those that it blocks or handles.
    pub pending: u64,
    pub blocked: u64,
    pub caught: u64,
}

impl Status {
    /// None if there is no such task. `proc` is where the process file system is mounted.
    pub fn read(proc: &Path, pid: i32) -> Option<Status> {
        Status::parse(&fs::read_to_string(proc.join(pid.to_string()).join("status")).ok()?)
    }

    pub fn parse(text: &str) -> Option<Status> {
        let field =
            |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
        let number = |name: &str| field(name)?.parse().ok();
        let set = |name: &str| field(name).and_then(|set| u64::from_str_radix(set, 16).ok()).unwrap_or(0);
        let ids = |name: &str| {
            let mut ids = field(name).unwrap_or_default().split_whitespace().map_while(|id| id.parse().ok());
            std::array::from_fn(|_| ids.next().unwrap_or(u32::MAX))
        };
        let state = *field("State")?.as_bytes().first()?;
        let over = matches!(state, b'Z' | b'X');
        Some(Status {
            tgid: number("Tgid")?,
            parent: number("PPid")?,
            state,
            tracer: number("TracerPid").unwrap_or(0),
            uids: ids("Uid"),
            gids: ids("Gid"),
            threads: field("Threads").and_then(|n| n.parse().ok()).unwrap_or(0),
            ns_tids: field("NSpid").unwrap_or_default().split_whitespace().map_while(|id| id.parse().ok()).collect(),
            cap_permitted: set("CapPrm"),
            // Old kernels do not say it, but a thread of theirs has no memory of its own.
            kernel: match field("Kthread") {
                Some(word) => word == "1",
                None => !over && field("VmSize").is_none(),
            },
            pending: set("SigPnd") | set("ShdPnd"),
            blocked: set("SigBlk"),
            caught: set("SigCgt"),
        })
    }

    /// It has ended and waits for its parent to notice.
    pub fn is_zombie(&self) -> bool {
        matches!(self.state, b'Z' | b'X')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_is_read() {
        let text = "Name:\tnginx\nState:\tS (sleeping)\nTgid:\t40\nPid:\t41\nPPid:\t7\nTracerPid:\t3\n\
                    Uid:\t33\t34\t35\t36\nGid:\t1\t2\t3\t4\nNSpid:\t41\t9\t2\nKthread:\t0\nThreads:\t8\n\
                    SigPnd:\t0000000000000001\nShdPnd:\t0000000000000002\nSigBlk:\t0000000000000004\n\
                    SigCgt:\t0000000000000008\nCapPrm:\t0000000000080000\n";
        let status = Status::parse(text).unwrap();
        assert_eq!((status.tgid, status.parent, status.state, status.tracer), (40, 7, b'S', 3));
        assert_eq!((status.uids, status.gids), ([33, 34, 35, 36], [1, 2, 3, 4]));
        assert_eq!((status.threads, status.ns_tids.as_slice()), (8, [41, 9, 2].as_slice()));
        assert_eq!((status.pending, status.blocked, status.caught), (3, 4, 8));
        assert!(!status.kernel && !status.is_zombie() && status.cap_permitted == 1 << 19);
    }

    #[test]
    fn kernel_threads_are_told_by_the_kernel_or_by_what_they_lack() {
        let with = |more: &str| Status::parse(&format!("State:\tS\nTgid:\t2\nPPid:\t0\n{more}")).unwrap();
        assert!(with("Kthread:\t1\n").kernel && with("").kernel);
        assert!(!with("VmSize:\t 12 kB\n").kernel);
        let zombie = Status::parse("State:\tZ (zombie)\nTgid:\t2\nPPid:\t1\n").unwrap();
        assert!(zombie.is_zombie() && !zombie.kernel);
        assert_eq!(Status::parse("nonsense"), None);
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
