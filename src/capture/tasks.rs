//! The worker's table of tasks, by tid. One state per task; what a task is doing is told by the kernel at each stop.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;

use super::affinity::Mask;
use super::control::Parked;
use super::entries::Executes;
use super::filters::Filters;
use super::tamper::Trap;
use super::tracee::{Status, Stopped};
use super::untraced::Veiled;
use super::vdso::Site;
use crate::abi::{Arch, Call};
use crate::model::{Enter, Exit, Marks, Memory, Region, TaskId};
use crate::source::Change;

#[derive(Debug)]
pub struct Task {
    pub id: TaskId,
    pub tid: i32,
    pub tgid: i32,
    pub comm: Vec<u8>,
    /// The call that it has entered.
    pub open: Option<Open>,
    /// Its thread group is stopped and it listens for SIGCONT.
    pub listening: bool,
    /// An exit that may turn out to be a kill by seccomp; see `stops::Engine::on_exit`.
    pub held: Option<Held>,
    /// It waits in a stop for the user or for the time.
    pub parked: Option<Parked>,
    /// It is to be held at its next entry or exit.
    pub step: bool,
    /// The entry of the open call, while catchpoints ask about exits.
    pub kept: Option<Kept>,
    /// PTRACE_INTERRUPT was sent, and what it set off is not over: see `restart`.
    pub interrupted: bool,
    /// Every call stops it, although only some are asked for: it has a seccomp filter of its own.
    pub full: bool,
    /// How often each call fitted each rule of tampering, by the rule's place in the list.
    pub fitted: HashMap<(usize, Arch, u64), u32>,
    /// The processes that it comes from, its parent first.
    pub ancestors: Arc<[i32]>,
    /// The CPUs that it would have if it were not confined; None while it has them.
    pub own_mask: Option<Mask>,
    /// Stops since co-location counted last.
    pub stops: u32,
    /// The seccomp filters that hold for it.
    pub filters: Filters,
    /// The execve that it is in.
    pub executes: Option<Box<Executes>>,
    /// It, or a task that it comes from, ran before sysview: it must outlive the session.
    pub attached: bool,
    /// When it was attached to; None once the first stop has told what it was doing then.
    pub joining: Option<u64>,
    /// An EINTR of our making was changed into a restart; see `restart`.
    pub mended: bool,
    /// It is to be let go at its next stop, while others stay traced.
    pub leaving: bool,
    /// The clone that it is in makes a child that nobody is to see.
    pub veiled: Option<Veiled>,
    /// The vDSO of its address space.
    pub vdso: Option<Arc<Site>>,
    /// While its vDSO is shown: whose records are its own, and when the last that was told of it was over.
    pub thread_pointer: Option<u64>,
    pub told_ns: u64,
    /// The call that the vDSO just made itself, and when: the record that is written behind it is of no answer.
    pub fell_back: Option<(u64, u64)>,
    /// It stops when it ends.
    pub stops_at_end: bool,
    /// A trap of ours whose SIGSYS has not come yet.
    pub trap: Option<Trap>,
}

impl Task {
    /// It has entered a call and not come back.
    pub fn is_inside(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.restarting.is_none())
    }

    /// It has come back from a call that we interrupted and is about to enter it again.
    pub fn is_restarting(&self) -> bool {
        self.mended || self.open.as_ref().is_some_and(|open| open.restarting.is_some())
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Open {
    pub arch: Arch,
    pub nr: u64,
    pub args: [u64; 6],
    /// The declaration, if the table has one.
    pub call: Option<&'static Call>,
    /// Nobody asked for this call: it makes no events.
    pub hidden: bool,
    /// What is to be done to it at its exit.
    pub change: Option<Change>,
    pub marks: Marks,
    /// Interrupted by us alone, it is about to be entered again: the code that it came back with, and when.
    pub restarting: Option<(u16, u64)>,
}

/// The entry of a call, kept for tests that are asked at its exit.
#[derive(Debug)]
pub struct Kept {
    pub t_ns: u64,
    pub enter: Enter,
    pub regions: Vec<Region>,
    pub bytes: Vec<u8>,
}

impl Kept {
    pub fn memory(&self) -> Memory<'_> {
        Memory { regions: &self.regions, bytes: &self.bytes }
    }
}

/// An exit with its memory, kept out of the batch for a moment.
#[derive(Debug)]
pub struct Held {
    pub t_ns: u64,
    pub exit: Exit,
    pub regions: Vec<Region>,
    pub bytes: Vec<u8>,
}

/// A task that showed itself before its parent's fork event.
#[derive(Debug)]
pub struct Early {
    pub t_ns: u64,
    pub status: Status,
}

/// Tasks stand in no order; the one that was asked for last is found without a look-up, because each stop asks several
/// times for one task.
#[derive(Debug, Default)]
pub struct Tasks {
    all: Vec<Task>,
    by_tid: HashMap<i32, usize>,
    last: Cell<usize>,
    next_id: u32,
    pub early: HashMap<i32, Early>,
    /// The memory of processes that may not be read otherwise, by tgid; see `memory`.
    pub memory: HashMap<i32, File>,
}

impl Tasks {
    pub fn add(&mut self, tid: i32, tgid: i32, comm: Vec<u8>) -> TaskId {
        let id = TaskId(self.next_id);
        self.next_id += 1;
        let task = Task {
            id,
            tid,
            tgid,
            comm,
            open: None,
            listening: false,
            held: None,
            parked: None,
            step: false,
            kept: None,
            interrupted: false,
            full: false,
            fitted: HashMap::new(),
            ancestors: Arc::new([]),
            own_mask: None,
            stops: 0,
            filters: Filters::default(),
            executes: None,
            attached: false,
            joining: None,
            mended: false,
            leaving: false,
            veiled: None,
            vdso: None,
            thread_pointer: None,
            told_ns: 0,
            fell_back: None,
            stops_at_end: false,
            trap: None,
        };
        self.insert(task);
        id
    }

    fn insert(&mut self, task: Task) {
        // One number, one task, whatever the kernel does.
        self.remove(task.tid);
        self.by_tid.insert(task.tid, self.all.len());
        self.all.push(task);
    }

    fn place(&self, tid: i32) -> Option<usize> {
        let last = self.last.get();
        if self.all.get(last).is_some_and(|task| task.tid == tid) {
            return Some(last);
        }
        let place = *self.by_tid.get(&tid)?;
        self.last.set(place);
        Some(place)
    }

    pub fn get(&self, tid: i32) -> Option<&Task> {
        self.all.get(self.place(tid)?)
    }

    pub fn get_mut(&mut self, tid: i32) -> Option<&mut Task> {
        let place = self.place(tid)?;
        self.all.get_mut(place)
    }

    pub fn remove(&mut self, tid: i32) -> Option<Task> {
        let place = self.by_tid.remove(&tid)?;
        let task = self.all.swap_remove(place);
        if let Some(moved) = self.all.get(place) {
            self.by_tid.insert(moved.tid, place);
        }
        if !self.memory.is_empty() && self.siblings(task.tgid, tid).is_empty() {
            self.memory.remove(&task.tgid);
        }
        Some(task)
    }

    /// A thread took over its leader's number.
    pub fn rename(&mut self, mut task: Task, tid: i32) {
        task.tid = tid;
        self.insert(task);
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.early.is_empty()
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn by_id(&self, id: TaskId) -> Option<&Task> {
        self.all.iter().find(|task| task.id == id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Task> {
        self.all.iter()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Task> {
        self.all.iter_mut()
    }

    /// All tids, in the order in which the tasks appeared.
    pub fn tids(&self) -> Vec<i32> {
        let mut tasks: Vec<&Task> = self.all.iter().collect();
        tasks.sort_by_key(|task| task.id);
        tasks.into_iter().map(|task| task.tid).collect()
    }

    /// Tids of a process.
    pub fn threads(&self, tgid: i32) -> Vec<i32> {
        self.all.iter().filter(|task| task.tgid == tgid).map(|task| task.tid).collect()
    }

    /// The tids of those that fit, in the same order.
    pub fn tids_where(&self, fits: impl Fn(&Task) -> bool) -> Vec<i32> {
        self.tids().into_iter().filter(|tid| self.get(*tid).is_some_and(&fits)).collect()
    }

    /// Whether a task is in an execve that ends other threads.
    pub fn executes_in_company(&self, task: &Task) -> bool {
        task.executes.is_some() && self.all.iter().any(|other| other.tgid == task.tgid && other.tid != task.tid)
    }

    /// Tids of the other threads of a process.
    pub fn siblings(&self, tgid: i32, but: i32) -> Vec<i32> {
        let sibling = |&tid: &i32| tid != but && self.get(tid).is_some_and(|task| task.tgid == tgid);
        self.tids().into_iter().filter(sibling).collect()
    }

    /// Keeps a task's first sign of life until its parent's event; a death replaces a stop.
    pub fn set_early(&mut self, tid: i32, t_ns: u64, status: Status) {
        self.early.insert(tid, Early { t_ns, status });
    }

    pub fn take_early_stop(early: Early) -> Option<Stopped> {
        match early.status {
            Status::Stopped(stopped, _) => Some(stopped),
            Status::Exited(_) | Status::Killed { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_found_whoever_came_and_went() {
        let mut tasks = Tasks::default();
        let ids: Vec<TaskId> = (100..110).map(|tid| tasks.add(tid, 100, Vec::new())).collect();
        assert_eq!(tasks.remove(103).map(|task| task.id), Some(ids[3]));
        assert_eq!(tasks.remove(109).map(|task| task.id), Some(ids[9]));
        assert!(tasks.remove(103).is_none() && tasks.get(103).is_none() && tasks.get(109).is_none());
        let moved = tasks.remove(105).expect("there");
        tasks.rename(moved, 103);
        for (tid, id) in [(100, 0), (103, 5), (108, 8), (107, 7)] {
            assert_eq!(tasks.get(tid).map(|task| (task.tid, task.id)), Some((tid, ids[id])));
            assert_eq!(tasks.get_mut(tid).map(|task| task.id), Some(ids[id]));
        }
        assert_eq!(tasks.tids(), [100, 101, 102, 104, 103, 106, 107, 108]);
        assert_eq!(tasks.siblings(100, 104).len(), 7);
        assert_eq!(tasks.threads(100).len(), 8);
    }
}
