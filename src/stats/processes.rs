//! The processes of a session as a tree: who started whom and when, what each executed, how often it called.
//!
//! Numbers are used again by the kernel, so a process is a place in this list. CPU time is what the kernel tells a parent
//! with SIGCHLD, in its ticks of 10 ms; `sigaction(2)`, `si_utime`. Left out: time blocked (`Subjects`), and what a
//! process does now (the store's tasks).

use std::collections::HashMap;

use crate::model::{Changes, Marks, NewTask, Origin, RowKind, Signal, SignalDetail, Store, TaskEnd, TaskId};

/// Nanoseconds of a tick of `clock_t`: USER_HZ is 100 on every architecture that is traced.
const TICK_NS: u64 = 10_000_000;
const SIGCHLD: u8 = 17;
/// CLD_EXITED, CLD_KILLED and CLD_DUMPED of `sigaction(2)`: the child is over.
const CHILD_OVER: std::ops::RangeInclusive<i32> = 1..=3;
/// The youngest children among which the one of a SIGCHLD is looked for.
const RECENT_CHILDREN: usize = 256;
/// Rows among which the call is looked for that made a process or executed a program; it is mostly the one before.
const REACH: u64 = 4_096;

/// CPU time, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cpu {
    pub user_ns: u64,
    pub system_ns: u64,
}

/// A program that a process began to execute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Executed {
    /// Row that says so.
    pub row: u64,
    /// Row of the execve(2) or execveat(2), with arguments and environment.
    pub call: Option<u64>,
}

/// One process.
#[derive(Debug, Clone)]
pub struct Process {
    /// As sysview sees its number.
    pub pid: i32,
    pub parent: Option<u32>,
    /// In order of appearance.
    pub children: Vec<u32>,
    /// Its threads, the first one first; also those that are over.
    pub tasks: Vec<TaskId>,
    pub origin: Origin,
    /// Row that says that it began.
    pub row: u64,
    /// Row of its parent's call that made it.
    pub made: Option<u64>,
    pub started_ns: u64,
    /// When its last thread ended, and how the first one did.
    pub ended: Option<(u64, TaskEnd)>,
    /// What it executed.
    pub execs: Vec<Executed>,
    pub calls: u64,
    pub errors: u64,
    /// Until its end, without its children's; None if nobody told.
    pub cpu: Option<Cpu>,
    /// Threads that have not ended.
    pub living: u32,
    end: Option<TaskEnd>,
}

impl Process {
    /// Its first thread, whose name is the process's.
    pub fn leader(&self) -> TaskId {
        self.tasks.first().copied().unwrap_or(TaskId(0))
    }
}

/// All processes, in order of appearance.
#[derive(Debug, Default)]
pub struct Processes {
    all: Vec<Process>,
    /// By `TaskId`.
    of_task: Vec<u32>,
    /// The youngest process of each number.
    by_pid: HashMap<i32, u32>,
    /// How many are over.
    ended: usize,
}

/// A task of which no process is known.
const NONE: u32 = u32::MAX;

impl Processes {
    /// Takes in one append. Call it once for every `Changes`, in order, with the store that gave them.
    pub fn update(&mut self, store: &Store, changes: &Changes) {
        for seq in changes.added.clone() {
            let Some(row) = store.row(seq) else { continue };
            match &row.kind {
                RowKind::NewTask(new) => self.began(store, seq, row.task, row.t_ns, new),
                RowKind::Exec(_) => {
                    let call = call_before(store, row.task, seq);
                    self.change(row.task, |process| process.execs.push(Executed { row: seq, call }));
                }
                RowKind::TaskEnd(end) => self.task_ended(row.task, row.t_ns, *end),
                RowKind::Signal(signal) => self.signalled(store, row.task, signal),
                RowKind::Call(call) if !call.marks.has(Marks::VDSO) => {
                    self.change(row.task, |process| process.calls += 1);
                }
                RowKind::Call(_) | RowKind::GroupStop { .. } | RowKind::Warning(_) => {}
            }
        }
        for &seq in &changes.completed {
            if let Some(row) = store.row(seq)
                && let RowKind::Call(call) = row.kind
                && call.errno().is_some()
                && !call.marks.has(Marks::VDSO)
            {
                self.change(row.task, |process| process.errors += 1);
            }
        }
    }

    pub fn all(&self) -> &[Process] {
        &self.all
    }

    /// How many are over.
    pub fn ended(&self) -> usize {
        self.ended
    }

    /// The process of a task, as a place in `all`.
    pub fn of(&self, task: TaskId) -> Option<u32> {
        self.of_task.get(task.0 as usize).copied().filter(|&index| index != NONE)
    }

    /// The tree in the order in which it is written, each process with its depth; children below their parent, the older
    /// first. Those that `shown` refuses are left out, and what is below them moves up.
    pub fn tree(&self, shown: impl Fn(&Process) -> bool) -> Vec<(u32, u16)> {
        let roots = (0..self.all.len() as u32).rev().filter(|&index| self.all[index as usize].parent.is_none());
        let mut waiting: Vec<(u32, u16)> = roots.map(|index| (index, 0)).collect();
        let mut tree = Vec::new();
        while let Some((index, depth)) = waiting.pop() {
            let process = &self.all[index as usize];
            let here = shown(process);
            if here {
                tree.push((index, depth));
            }
            let below = depth.saturating_add(u16::from(here));
            waiting.extend(process.children.iter().rev().map(|&child| (child, below)));
        }
        tree
    }

    fn began(&mut self, store: &Store, row: u64, task: TaskId, t_ns: u64, new: &NewTask) {
        // What an exec swept away left its number to the task that called it: the process goes on.
        let parent = new.parent.and_then(|parent| self.of(parent));
        let same = |&index: &u32| self.all[index as usize].pid == new.tgid && self.all[index as usize].living > 0;
        let joined = match new.origin {
            Origin::Thread => parent.filter(same).or(parent),
            // Another thread of what was attached to.
            _ if new.tid != new.tgid => self.by_pid.get(&new.tgid).copied().filter(same),
            _ => None,
        };
        let index = match joined {
            Some(index) => index,
            None => {
                let index = self.all.len() as u32;
                self.all.push(Process {
                    pid: new.tgid,
                    parent,
                    children: Vec::new(),
                    tasks: Vec::new(),
                    origin: new.origin,
                    row,
                    made: new.parent.and_then(|parent| call_before(store, parent, row)),
                    started_ns: t_ns,
                    ended: None,
                    execs: Vec::new(),
                    calls: 0,
                    errors: 0,
                    cpu: None,
                    living: 0,
                    end: None,
                });
                if let Some(parent) = parent {
                    self.all[parent as usize].children.push(index);
                }
                self.by_pid.insert(new.tgid, index);
                index
            }
        };
        let process = &mut self.all[index as usize];
        process.tasks.push(task);
        process.living += 1;
        let place = task.0 as usize;
        if self.of_task.len() <= place {
            // The store knows the task, so this is bounded by what there is.
            self.of_task.resize(place + 1, NONE);
        }
        self.of_task[place] = index;
    }

    fn task_ended(&mut self, task: TaskId, t_ns: u64, end: TaskEnd) {
        let Some(index) = self.of(task) else { return };
        let process = &mut self.all[index as usize];
        process.living = process.living.saturating_sub(1);
        if !matches!(end, TaskEnd::SupersededByExec { .. }) && (process.end.is_none() || process.leader() == task) {
            process.end = Some(end);
        }
        if process.living == 0 && process.ended.is_none() {
            process.ended = Some((t_ns, process.end.unwrap_or(end)));
            self.ended += 1;
        }
    }

    /// A child's end, as the kernel tells its parent.
    fn signalled(&mut self, store: &Store, task: TaskId, signal: &Signal) {
        let SignalDetail::Child { pid, utime, stime, .. } = signal.detail else { return };
        if signal.number != SIGCHLD || !CHILD_OVER.contains(&signal.code) {
            return;
        }
        let Some(parent) = self.of(task) else { return };
        let is_meant = |&index: &u32| {
            let child = &self.all[index as usize];
            // The parent may know it by another number, in a PID namespace.
            let inner = || store.task(child.leader()).and_then(|task| task.ns.inner_tid());
            child.cpu.is_none() && (child.pid == pid || inner() == Some(pid))
        };
        let children = &self.all[parent as usize].children;
        let found = children.iter().rev().take(RECENT_CHILDREN).copied().find(is_meant);
        if let Some(index) = found {
            let ns = |ticks: i64| u64::try_from(ticks).unwrap_or(0).saturating_mul(TICK_NS);
            self.all[index as usize].cpu = Some(Cpu { user_ns: ns(utime), system_ns: ns(stime) });
        }
    }

    fn change(&mut self, task: TaskId, change: impl FnOnce(&mut Process)) {
        if let Some(index) = self.of(task) {
            change(&mut self.all[index as usize]);
        }
    }
}

/// The last call that a task had entered before a row, if it is not too far.
fn call_before(store: &Store, task: TaskId, seq: u64) -> Option<u64> {
    let near = seq.saturating_sub(REACH)..seq;
    near.rev().find(|&seq| store.row(seq).is_some_and(|r| r.task == task && matches!(r.kind, RowKind::Call(_))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Batch, Event, EventKind, Exec, VdsoState};

    struct Run {
        store: Store,
        processes: Processes,
        t_ns: u64,
    }

    impl Run {
        fn event(&mut self, task: u32, kind: EventKind) -> &mut Run {
            self.t_ns += 1_000;
            let events = vec![Event { task: TaskId(task), t_ns: self.t_ns, kind }];
            let changes = self.store.append(&Batch { events, ..Batch::default() });
            self.processes.update(&self.store, &changes);
            self
        }

        fn task(&mut self, task: u32, tid: i32, tgid: i32, parent: Option<u32>, origin: Origin) -> &mut Run {
            let parent = parent.map(TaskId);
            let new = NewTask { tid, tgid, parent, origin, comm: vec![], ns: Default::default(), image: None };
            self.event(task, EventKind::NewTask(Box::new(new)))
        }

        fn end(&mut self, task: u32, status: i32) -> &mut Run {
            self.event(task, EventKind::TaskEnd(TaskEnd::Exited { status }))
        }

        fn child_over(&mut self, task: u32, pid: i32, ticks: i64) -> &mut Run {
            let detail = SignalDetail::Child { pid, uid: 0, status: 0, utime: ticks, stime: 1 };
            self.event(task, EventKind::Signal(Signal { number: SIGCHLD, code: 1, errno: 0, detail }))
        }
    }

    fn run() -> Run {
        let mut run = Run { store: Store::new(), processes: Processes::default(), t_ns: 0 };
        run.task(0, 10, 10, None, Origin::Launch);
        run
    }

    #[test]
    fn the_tree_has_children_below_their_parents_and_threads_within() {
        let mut run = run();
        run.task(1, 11, 11, Some(0), Origin::Fork).task(2, 12, 12, Some(0), Origin::Vfork);
        run.task(3, 13, 11, Some(1), Origin::Thread).task(4, 14, 14, Some(3), Origin::Fork).end(1, 3).end(3, 0);
        let all = run.processes.all();
        assert_eq!(all.iter().map(|p| p.pid).collect::<Vec<_>>(), [10, 11, 12, 14]);
        assert_eq!(run.processes.tree(|_| true), [(0, 0), (1, 1), (3, 2), (2, 1)]);
        assert_eq!(run.processes.tree(|p| p.ended.is_none()), [(0, 0), (3, 1), (2, 1)]);
        assert_eq!(all[1].tasks, [TaskId(1), TaskId(3)]);
        // The status is the leader's, whoever ended last.
        assert_eq!(all[1].ended, Some((run.t_ns, TaskEnd::Exited { status: 3 })));
        assert_eq!(run.processes.of(TaskId(3)), Some(1));
    }

    #[test]
    fn a_number_that_is_used_again_is_another_process() {
        let mut run = run();
        run.task(1, 11, 11, Some(0), Origin::Fork).end(1, 0).child_over(0, 11, 7);
        run.task(2, 11, 11, Some(0), Origin::Fork).end(2, 1).child_over(0, 11, 9);
        let cpu: Vec<_> = run.processes.all()[1..].iter().map(|p| p.cpu.map(|cpu| cpu.user_ns)).collect();
        assert_eq!(cpu, [Some(70_000_000), Some(90_000_000)]);
        assert_eq!(run.processes.all()[0].cpu, None);
    }

    #[test]
    fn threads_of_what_was_attached_to_are_one_process() {
        let mut run = run();
        run.task(1, 50, 50, None, Origin::Attach).task(2, 51, 50, None, Origin::Attach);
        run.task(3, 61, 60, None, Origin::Attach);
        let tasks: Vec<_> = run.processes.all().iter().map(|p| p.tasks.len()).collect();
        assert_eq!(tasks, [1, 2, 1]);
    }

    #[test]
    fn what_was_executed_is_kept_by_row() {
        let mut run = run();
        let exec = Exec {
            path: b"/bin/true".to_vec(),
            comm: b"true".to_vec(),
            vdso: VdsoState::None,
            maps: vec![],
            former: None,
            standing: None,
        };
        run.event(0, EventKind::Exec(Box::new(exec)));
        assert_eq!(run.processes.all()[0].execs, [Executed { row: 1, call: None }]);
    }
}
