//! Where a run would have gone another way under a profile: process by process, and first in each tree of processes.
//!
//! A blocked call whose errno the kernel returned anyway changes nothing, and an ENOSYS after which the C library goes on
//! in another way is a detour. After any other one the process is guesswork, and so is every process that it starts.
//! Left out: what one process's other way does to its relatives.

use std::collections::{BTreeSet, HashMap};

use crate::abi;
use crate::model::{CallRow, NewTask, Origin, Outcome, TaskId};
use crate::policy::{Action, detour};

/// What a blocked call means for the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The kernel gave the same answer.
    Same,
    /// The C library calls this instead.
    Detour(&'static str),
    Diverges,
    /// It goes on: what the kernel will answer is not known.
    Open,
}

const ENOSYS: u16 = 38;

/// Of a call that a profile answers with an action that blocks.
pub fn effect(call: &CallRow, action: Action) -> Effect {
    let Some(errno) = action.errno() else { return Effect::Diverges };
    match call.outcome {
        None => Effect::Open,
        Some(Outcome::Failed(failed)) if failed == errno => Effect::Same,
        Some(Outcome::Returned(0)) if errno == 0 => Effect::Same,
        _ if errno == ENOSYS => {
            let name = abi::lookup(call.arch, call.nr).map_or("", |call| call.name);
            detour(name).map_or(Effect::Diverges, Effect::Detour)
        }
        _ => Effect::Diverges,
    }
}

/// From which row on each process would have gone another way.
#[derive(Debug, Default)]
pub struct Divergence {
    process_of: HashMap<TaskId, usize>,
    /// By process.
    from: Vec<Option<u64>>,
    /// By process: the first of its ancestors that is known, or itself.
    tree: Vec<usize>,
    /// The first row of each tree, by the tree.
    tree_from: HashMap<usize, u64>,
    firsts: BTreeSet<u64>,
    detours: u64,
}

impl Divergence {
    /// A task appears in row `seq`. What a process that went another way starts may never have been.
    pub fn new_task(&mut self, seq: u64, task: TaskId, new: &NewTask) {
        let parent = new.parent.and_then(|parent| self.process_of.get(&parent).copied());
        let process = match parent.filter(|_| new.origin == Origin::Thread) {
            Some(process) => process,
            None => {
                let inherits = parent.is_some_and(|parent| self.from[parent].is_some_and(|from| from < seq));
                self.process(inherits.then_some(seq), parent)
            }
        };
        self.process_of.insert(task, process);
    }

    pub fn blocked(&mut self, seq: u64, task: TaskId, effect: Effect) {
        match effect {
            Effect::Same | Effect::Open => {}
            Effect::Detour(_) => self.detours += 1,
            Effect::Diverges => {
                let process = self.process_of.get(&task).copied().unwrap_or_else(|| self.process(None, None));
                self.process_of.insert(task, process);
                let earlier = |known: Option<u64>| known.is_none_or(|known| seq < known);
                if earlier(self.from[process]) {
                    self.from[process] = Some(seq);
                }
                let tree = self.tree[process];
                if earlier(self.tree_from.get(&tree).copied()) {
                    if let Some(before) = self.tree_from.insert(tree, seq) {
                        self.firsts.remove(&before);
                    }
                    self.firsts.insert(seq);
                }
            }
        }
    }

    fn process(&mut self, from: Option<u64>, parent: Option<usize>) -> usize {
        let process = self.from.len();
        self.from.push(from);
        self.tree.push(parent.map_or(process, |parent| self.tree[parent]));
        process
    }

    /// The first row of each tree of processes after which it would have gone another way, in order.
    pub fn firsts(&self) -> impl Iterator<Item = u64> {
        self.firsts.iter().copied()
    }

    /// The next of these after a row; after the last comes the first.
    pub fn next(&self, seq: u64) -> Option<u64> {
        self.firsts.range(seq.saturating_add(1)..).next().or(self.firsts.first()).copied()
    }

    /// Whether this row of a task comes after its process would have gone another way.
    pub fn is_past(&self, task: TaskId, seq: u64) -> bool {
        self.process_of.get(&task).and_then(|process| self.from[*process]).is_some_and(|from| from < seq)
    }

    /// Whether the task's process goes another way at this very row.
    pub fn is_at(&self, task: TaskId, seq: u64) -> bool {
        self.process_of.get(&task).and_then(|process| self.from[*process]) == Some(seq)
    }

    pub fn detours(&self) -> u64 {
        self.detours
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PidNamespace;

    fn new(parent: Option<u32>, origin: Origin) -> NewTask {
        let (comm, ns, image) = (Vec::new(), PidNamespace::default(), None);
        NewTask { tid: 1, tgid: 1, parent: parent.map(TaskId), origin, comm, ns, image }
    }

    #[test]
    fn what_a_process_starts_after_it_went_another_way_is_guesswork_too() {
        let mut divergence = Divergence::default();
        divergence.new_task(0, TaskId(0), &new(None, Origin::Launch));
        divergence.new_task(1, TaskId(1), &new(Some(0), Origin::Fork));
        divergence.new_task(2, TaskId(2), &new(Some(0), Origin::Thread));
        divergence.blocked(5, TaskId(2), Effect::Diverges);
        divergence.blocked(4, TaskId(1), Effect::Detour("clone"));
        divergence.blocked(4, TaskId(1), Effect::Same);
        divergence.new_task(6, TaskId(3), &new(Some(0), Origin::Vfork));
        let past = |task, seq| divergence.is_past(TaskId(task), seq);
        assert_eq!([past(0, 5), past(0, 6), past(2, 7), past(3, 7), past(1, 7)], [false, true, true, true, false]);
        assert_eq!((divergence.firsts().collect::<Vec<_>>(), divergence.detours()), (vec![5], 1));
        assert!(divergence.is_at(TaskId(0), 5) && !divergence.is_at(TaskId(1), 5));
    }

    #[test]
    fn each_tree_of_processes_has_its_first_row() {
        let mut divergence = Divergence::default();
        divergence.new_task(0, TaskId(0), &new(None, Origin::Attach));
        divergence.new_task(1, TaskId(1), &new(None, Origin::Attach));
        divergence.new_task(2, TaskId(2), &new(Some(0), Origin::Fork));
        divergence.blocked(9, TaskId(0), Effect::Diverges);
        divergence.blocked(7, TaskId(1), Effect::Diverges);
        divergence.blocked(8, TaskId(2), Effect::Diverges);
        assert_eq!(divergence.firsts().collect::<Vec<_>>(), [7, 8]);
        assert_eq!([0, 7, 8].map(|seq| divergence.next(seq)), [Some(7), Some(8), Some(7)]);
    }

    #[test]
    fn an_earlier_row_that_comes_to_light_later_counts() {
        let mut divergence = Divergence::default();
        divergence.new_task(0, TaskId(0), &new(None, Origin::Launch));
        divergence.blocked(9, TaskId(0), Effect::Diverges);
        divergence.blocked(3, TaskId(0), Effect::Diverges);
        assert_eq!(divergence.firsts().collect::<Vec<_>>(), [3]);
        assert!(divergence.is_past(TaskId(0), 4));
    }
}
