//! The tasks of a session: who they are, who started them, what became of them.

use super::event::{Mapping, Origin, PidNamespace, TaskEnd, TaskId, VdsoState};

#[derive(Debug, Clone)]
pub struct Task {
    pub id: TaskId,
    pub tid: i32,
    pub tgid: i32,
    pub parent: Option<TaskId>,
    pub origin: Origin,
    /// /proc/PID/comm as it is now: inherited at fork, replaced at exec. `comm_at` tells the one of a row.
    pub comm: Vec<u8>,
    /// Its numbers in PID namespaces, as they were when it appeared.
    pub ns: PidNamespace,
    /// The names before, each with the row of the exec that replaced it.
    pub(super) former_comms: Vec<(u64, Vec<u8>)>,
    /// Path of the last execve, empty before the first; of a process that was attached to, the file that it runs.
    pub exe: Vec<u8>,
    pub vdso: VdsoState,
    /// Executable mappings right after the last exec, or when it was attached to.
    pub maps: Vec<Mapping>,
    pub started_ns: u64,
    pub ended: Option<(u64, TaskEnd)>,
    /// Row of the call that the task is in, if any.
    pub open_call: Option<u64>,
    /// Row of the last event: the call that it entered or came back from, or another row.
    pub latest: Option<u64>,
    pub calls: u64,
    pub errors: u64,
}

impl Task {
    /// The task's name when row `seq` was made; the row of an exec has the new one.
    pub fn comm_at(&self, seq: u64) -> &[u8] {
        let next = self.former_comms.partition_point(|(replaced_at, _)| *replaced_at <= seq);
        self.former_comms.get(next).map_or(&self.comm, |(_, comm)| comm)
    }

    /// Every name that it has had.
    pub fn comms(&self) -> impl Iterator<Item = &[u8]> {
        self.former_comms.iter().map(|(_, comm)| comm.as_slice()).chain([self.comm.as_slice()])
    }

    /// Takes a new name, as of row `seq`.
    pub(super) fn rename(&mut self, seq: u64, comm: &[u8]) {
        if self.comm != comm {
            self.former_comms.push((seq, std::mem::replace(&mut self.comm, comm.to_vec())));
        }
    }

    pub fn is_leader(&self) -> bool {
        self.tid == self.tgid
    }
}
