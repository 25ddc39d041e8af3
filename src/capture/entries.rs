//! What the engine itself takes from the entries of a few calls: filters that are installed, files that are executed,
//! and memory that will be closed to us.

use std::ffi::OsStr;
use std::fs::File;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::privileges::{self, Gift, may_trace_all};
use super::tasks::Open;
use super::worker::Engine;
use crate::model::{EventKind, Exec, Outcome, Warning};

/// Changes of credentials: they end the permission to dump core, and with it ours to read. ptrace(2), "Ptrace access mode
/// checking".
pub const CLOSING: [&str; 16] = [
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setfsuid",
    "setfsgid",
    "setuid32",
    "setgid32",
    "setreuid32",
    "setregid32",
    "setresuid32",
    "setresgid32",
    "setfsuid32",
    "setfsgid32",
];

/// Whether a call takes the time-stamp counter from its task: PR_SET_TSC(2const), seccomp(2).
fn takes_counter(open: &Open) -> bool {
    const STRICT: u64 = 1;
    match (open.call.map(|call| call.name), open.args[0] as i32) {
        (Some("prctl"), libc::PR_SET_TSC) => open.args[1] == libc::PR_TSC_SIGSEGV as u64,
        (Some("prctl"), libc::PR_SET_SECCOMP) => open.args[1] == STRICT,
        (Some("seccomp"), operation) => operation == libc::SECCOMP_SET_MODE_STRICT as i32,
        _ => false,
    }
}

/// What a task is about to execute.
#[derive(Debug)]
pub struct Executes {
    /// As the call names it.
    pub path: Vec<u8>,
    /// None if the file could not be looked at.
    pub gift: Option<Gift>,
}

impl Engine {
    /// At the entry of a call, with what was copied for it.
    pub fn look_closer(&mut self, tid: i32, open: &Open, regions: &Range<u32>) {
        if takes_counter(open) {
            self.without_counter(tid, self.clock.now_ns());
        }
        match open.call.map(|call| call.name) {
            Some("seccomp") => self.enter_filter(tid, open),
            Some("prctl") => match open.args[0] as i32 {
                libc::PR_SET_SECCOMP => self.enter_filter(tid, open),
                libc::PR_SET_DUMPABLE if open.args[1] == 0 => self.keep_memory_of(tid),
                _ => {}
            },
            Some("clone" | "clone3") => self.veil(tid, open),
            Some("execve") => self.enter_exec(tid, None, open.args[0], regions),
            Some("execveat") => self.enter_exec(tid, Some(open.args[0] as i32), open.args[1], regions),
            Some(name) if name.starts_with("set") && CLOSING.contains(&name) => self.keep_memory_of(tid),
            _ => {}
        }
    }

    /// At the exit of a call.
    pub fn look_back(&mut self, tid: i32, open: &Open, outcome: Outcome) {
        match open.call.map(|call| call.name) {
            Some("seccomp") => self.exit_filter(tid, open, outcome),
            Some("prctl") if open.args[0] as i32 == libc::PR_SET_SECCOMP => self.exit_filter(tid, open, outcome),
            Some("clone" | "clone3") => self.unveil(tid),
            Some("execve" | "execveat") => {
                if let Some(task) = self.tasks.get_mut(tid) {
                    task.executes = None;
                }
            }
            _ => {}
        }
    }

    fn enter_exec(&mut self, tid: i32, directory: Option<i32>, path: u64, regions: &Range<u32>) {
        let copied = self.out.batch.regions_of(regions).iter().find(|region| region.addr == path);
        let path = copied.map(|region| self.out.batch.region_bytes(region).to_vec()).unwrap_or_default();
        // Its directories can be closed to us too. Then ours are likely the same.
        let gift = Gift::of(&as_the_task_sees_it(tid, directory, &path))
            .or_else(|| Gift::of(Path::new(OsStr::from_bytes(&path))));
        if let Some(task) = self.tasks.get_mut(tid) {
            task.executes = Some(Box::new(Executes { path, gift }));
        }
    }

    /// A program was executed.
    pub fn executed(&mut self, tid: i32, mut exec: Exec, now: u64) {
        self.tasks.memory.remove(&tid);
        let Some(task) = self.tasks.get_mut(tid) else { return };
        task.comm.clone_from(&exec.comm);
        let (id, executes) = (task.id, task.executes.take());
        let dropped = privileges::dropped(tid, executes.as_ref().and_then(|executes| executes.gift));
        if exec.path.is_empty()
            && let Some(executes) = executes
        {
            exec.path = executes.path;
        }
        self.out.event(id, now, EventKind::Exec(Box::new(exec)));
        if let Some(dropped) = dropped {
            self.out.event(id, now, EventKind::Warning(Warning::PrivilegesDropped(dropped)));
        }
    }

    fn keep_memory_of(&mut self, tid: i32) {
        if let Some(task) = self.tasks.get(tid) {
            let tgid = task.tgid;
            self.keep_memory(tid, tgid);
        }
    }

    /// Opens the memory of a task while that is still allowed: what is open stays readable, until the next execve. Whoever
    /// may read everything has no need of it.
    pub fn keep_memory(&mut self, tid: i32, tgid: i32) {
        if !may_trace_all()
            && !self.tasks.memory.contains_key(&tgid)
            && let Ok(memory) = File::open(format!("/proc/{tid}/mem"))
        {
            self.tasks.memory.insert(tgid, memory);
        }
    }
}

/// A path through /proc, so that the task's root directory, mounts and working directory count.
fn as_the_task_sees_it(tid: i32, directory: Option<i32>, path: &[u8]) -> PathBuf {
    let proc = format!("/proc/{tid}");
    let path = Path::new(OsStr::from_bytes(path));
    match (path.strip_prefix("/"), directory) {
        (Ok(below_root), _) => Path::new(&proc).join("root").join(below_root),
        (Err(_), Some(fd)) if fd != libc::AT_FDCWD => Path::new(&proc).join("fd").join(fd.to_string()).join(path),
        (Err(_), _) => Path::new(&proc).join("cwd").join(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_task() {
        let seen = |directory, path: &str| as_the_task_sees_it(7, directory, path.as_bytes());
        assert_eq!(seen(None, "/bin/su"), Path::new("/proc/7/root/bin/su"));
        assert_eq!(seen(Some(5), "/bin/su"), Path::new("/proc/7/root/bin/su"));
        assert_eq!(seen(Some(5), "su"), Path::new("/proc/7/fd/5/su"));
        assert_eq!(seen(Some(libc::AT_FDCWD), "su"), Path::new("/proc/7/cwd/su"));
        assert_eq!(seen(None, "a/su"), Path::new("/proc/7/cwd/a/su"));
    }
}
