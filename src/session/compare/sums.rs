//! A run summed up: calls, errors, paths, and all that for each process. What is kept grows with the different things
//! that a run does, not with how often it does them.

use std::collections::BTreeMap;

use super::align::Process;
use crate::decode;
use crate::model::{Origin, RowKind, Store, TaskId};
use crate::session::export::place;

/// How often, how often in vain, how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    pub calls: u64,
    /// Restart codes are no errors.
    pub errors: u64,
    /// Wall time in calls that came back, in nanoseconds.
    pub time_ns: u64,
}

impl Count {
    fn add(&mut self, other: Count) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.time_ns = self.time_ns.saturating_add(other.time_ns);
    }

    pub fn without_time(self) -> Count {
        Count { time_ns: 0, ..self }
    }
}

/// A run summed up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    pub total: Count,
    pub calls: BTreeMap<String, Count>,
    pub errors: BTreeMap<(String, u16), u64>,
    pub paths: BTreeMap<Vec<u8>, u64>,
    tasks: Vec<Member>,
}

/// A task, as of the last row.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    /// Its process's first task.
    leader: usize,
    parent: Option<usize>,
    comm: Vec<u8>,
    /// Rows of it, or of its children, are among those that were summed up.
    seen: bool,
    count: Count,
}

impl Sums {
    /// Takes a row that is whole.
    pub fn row(&mut self, store: &Store, seq: u64) {
        let Some(row) = store.row(seq) else { return };
        self.know(store, row.task);
        if let Some(member) = self.tasks.get_mut(row.task.0 as usize) {
            member.seen = true;
        }
        let RowKind::Call(call) = &row.kind else { return };
        let Some(held) = store.call(seq) else { return };
        let view = held.view();
        let name = decode::shown_name(&view);
        let errno = call.errno();
        let time_ns = call.duration_ns(row.t_ns).unwrap_or(0);
        let count = Count { calls: 1, errors: u64::from(errno.is_some()), time_ns };
        self.total.add(count);
        if let Some(member) = self.tasks.get_mut(row.task.0 as usize) {
            member.count.add(count);
        }
        if let Some(path) = place::path(&view, store.files(), row.task, row.t_ns) {
            *self.paths.entry(place::without_pid(&path)).or_default() += 1;
        }
        match self.calls.get_mut(name.as_ref()) {
            Some(known) => known.add(count),
            None => {
                self.calls.insert(name.clone().into_owned(), count);
            }
        }
        if let Some(errno) = errno {
            *self.errors.entry((name.into_owned(), errno)).or_default() += 1;
        }
    }

    /// After the last row: names as they are at the end, which is what a process became.
    pub fn finish(&mut self, store: &Store) {
        if let Some(last) = store.tasks().last() {
            self.know(store, last.id);
        }
        for (member, task) in self.tasks.iter_mut().zip(store.tasks()) {
            member.comm.clone_from(&task.comm);
        }
    }

    /// Learns of all tasks up to this one.
    fn know(&mut self, store: &Store, task: TaskId) {
        for index in self.tasks.len()..=task.0 as usize {
            let Some(task) = store.tasks().get(index) else { return };
            let parent = task.parent.map(|parent| parent.0 as usize).filter(|parent| *parent < index);
            // A thread that took its leader's place is the process from then on, and was one of its tasks before.
            let thread = task.origin == Origin::Thread || !task.is_leader();
            let leader = match parent.filter(|_| thread).and_then(|parent| self.tasks.get(parent)) {
                Some(parent) => parent.leader,
                None => index,
            };
            let member = Member { leader, parent, comm: task.comm.clone(), seen: false, count: Count::default() };
            self.tasks.push(member);
        }
    }

    /// The processes in order of appearance, threads with the process that they are of.
    pub(super) fn processes(&self) -> Vec<Process> {
        let mut place: Vec<Option<usize>> = vec![None; self.tasks.len()];
        let mut processes: Vec<Process> = Vec::new();
        for (index, member) in self.tasks.iter().enumerate() {
            if member.leader != index {
                place[index] = place[member.leader];
                if let Some(process) = place[index].and_then(|at| processes.get_mut(at)) {
                    process.count.add(member.count);
                    process.seen |= member.seen;
                }
                continue;
            }
            let parent = member.parent.and_then(|parent| place[parent]);
            place[index] = Some(processes.len());
            let (comm, count, seen) = (member.comm.clone(), member.count, member.seen);
            processes.push(Process { parent, comm, count, seen });
        }
        processes
    }
}
