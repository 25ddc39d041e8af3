//! The tasks of a session: who they are, who started them, what became of them.

use super::event::{Mapping, Origin, TaskEnd, TaskId, VdsoState};

#[derive(Debug, Clone)]
pub struct Task {
    pub id: TaskId,
    pub tid: i32,
    pub tgid: i32,
    pub parent: Option<TaskId>,
    pub origin: Origin,
    /// /proc/PID/comm: inherited at fork, replaced at exec.
    pub comm: Vec<u8>,
    /// Path of the last execve, empty before the first.
    pub exe: Vec<u8>,
    pub vdso: VdsoState,
    /// Executable mappings right after the last exec.
    pub maps: Vec<Mapping>,
    pub started_ns: u64,
    pub ended: Option<(u64, TaskEnd)>,
    /// Row of the call that the task is in, if any.
    pub open_call: Option<u64>,
    pub calls: u64,
    pub errors: u64,
}

impl Task {
    pub fn is_leader(&self) -> bool {
        self.tid == self.tgid
    }
}
