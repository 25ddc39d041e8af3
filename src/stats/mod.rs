//! Counts, errors and times: per call, per task, per errno; exact whatever a view shows.
//!
//! Fed with what `Store::append` says has changed. A call is counted when it is entered, its result and its time when it
//! comes back, so a call that blocks is already in the table. An update costs the same however long the trace is.
//! Left out: which calls a profile would block (the view keeps that beside the profile), bytes moved, and words.

mod call;
mod sort;

pub use call::{BUCKETS, CallStats, bucket_floor_ns, bucket_of};
pub use sort::{SortKey, sort};

use std::collections::HashMap;

use crate::abi::Arch;
use crate::model::{CallRow, Changes, Outcome, RowKind, Store, TaskId};

/// Call numbers below this are found by index, the rest (unknown to any kernel so far) by hash.
const DENSE: usize = 1024;
/// x32 numbers carry this bit; without it they are as dense as the others. `__X32_SYSCALL_BIT` of `asm/unistd.h`.
const X32_BIT: u64 = 0x4000_0000;
/// Marks a number that was not called yet in the dense tables.
const ABSENT: u32 = u32::MAX;

/// The counts of one task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TaskStats {
    pub calls: u64,
    pub errors: u64,
    /// Wall time in calls that came back, in nanoseconds.
    pub total_ns: u64,
}

/// The table of calls of one session.
#[derive(Debug, Default, Clone)]
pub struct Histogram {
    rows: Vec<CallStats>,
    /// Index into `rows` by architecture and number.
    dense: [Vec<u32>; 4],
    sparse: HashMap<(Arch, u64), u32>,
    /// By `TaskId`.
    tasks: Vec<TaskStats>,
    total: TaskStats,
}

impl Histogram {
    /// Takes in one append. Call it once for every `Changes`, in order, with the store that gave them.
    pub fn update(&mut self, store: &Store, changes: &Changes) {
        self.update_timed(store, changes, |_, _| true);
    }

    /// As `update`, with the times of only those finished calls, by row, that `timed` takes for the call's own.
    pub fn update_timed(&mut self, store: &Store, changes: &Changes, timed: impl Fn(u64, &CallRow) -> bool) {
        for seq in changes.added.clone() {
            let Some(row) = store.row(seq) else { continue };
            if let RowKind::Call(call) = &row.kind {
                self.enter(row.task, call);
            }
        }
        for &seq in &changes.completed {
            let Some(row) = store.row(seq) else { continue };
            if let RowKind::Call(call) = &row.kind {
                self.exit(row.task, row.t_ns, call, timed(seq, call));
            }
        }
    }

    /// The table of everything that a store holds, for one that was filled before anybody counted.
    pub fn of(store: &Store) -> Histogram {
        let mut histogram = Histogram::default();
        let finished = |&seq: &u64| {
            matches!(store.row(seq).map(|r| r.kind), Some(RowKind::Call(CallRow { outcome: Some(_), .. })))
        };
        let changes = Changes { added: 0..store.len(), completed: (0..store.len()).filter(finished).collect() };
        histogram.update(store, &changes);
        histogram
    }

    /// Every call that was made at least once, in order of first appearance.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &CallStats> {
        self.rows.iter()
    }

    pub fn get(&self, arch: Arch, nr: u64) -> Option<&CallStats> {
        let index = match dense_index(arch, nr) {
            Some(i) => self.dense[arch as usize].get(i).copied().filter(|&row| row != ABSENT)?,
            None => *self.sparse.get(&(arch, nr))?,
        };
        self.rows.get(index as usize)
    }

    /// How often a call failed with which errno, most frequent first.
    pub fn errnos(&self, arch: Arch, nr: u64) -> Vec<(u16, u64)> {
        self.get(arch, nr).map(CallStats::errnos).unwrap_or_default()
    }

    /// Calls entered by all tasks.
    pub fn calls(&self) -> u64 {
        self.total.calls
    }

    /// Calls that failed; restart codes are no errors.
    pub fn errors(&self) -> u64 {
        self.total.errors
    }

    /// Wall time in calls that came back, summed over all tasks, in nanoseconds. Larger than the run when several
    /// tasks wait at once.
    pub fn total_ns(&self) -> u64 {
        self.total.total_ns
    }

    /// The counts of one task; zeros for a task that made no call.
    pub fn task(&self, id: TaskId) -> TaskStats {
        self.tasks.get(id.0 as usize).copied().unwrap_or_default()
    }

    fn enter(&mut self, task: TaskId, call: &CallRow) {
        self.row_mut(call.arch, call.nr).count += 1;
        self.task_mut(task).calls += 1;
        self.total.calls += 1;
    }

    fn exit(&mut self, task: TaskId, entered_ns: u64, call: &CallRow, timed: bool) {
        let row = self.row_mut(call.arch, call.nr);
        let errno = call.errno();
        if let Some(errno) = errno {
            row.fail(errno);
        }
        if matches!(call.outcome, Some(Outcome::NeverReturned | Outcome::KilledBySeccomp | Outcome::Detached)) {
            row.lost += 1;
        }
        let duration = call.duration_ns(entered_ns);
        match duration {
            Some(ns) if timed => row.finish(ns),
            Some(_) => row.finish_untimed(),
            None => {}
        }
        let duration = duration.filter(|_| timed);
        self.task_mut(task).add_exit(errno.is_some(), duration);
        self.total.add_exit(errno.is_some(), duration);
    }

    fn row_mut(&mut self, arch: Arch, nr: u64) -> &mut CallStats {
        let next = self.rows.len() as u32;
        let index = match dense_index(arch, nr) {
            Some(i) => {
                let table = &mut self.dense[arch as usize];
                if table.is_empty() {
                    table.resize(DENSE, ABSENT);
                }
                if table[i] == ABSENT {
                    table[i] = next;
                }
                table[i]
            }
            None => *self.sparse.entry((arch, nr)).or_insert(next),
        };
        if index == next {
            self.rows.push(CallStats::new(arch, nr));
        }
        &mut self.rows[index as usize]
    }

    fn task_mut(&mut self, id: TaskId) -> &mut TaskStats {
        let index = id.0 as usize;
        if index >= self.tasks.len() {
            self.tasks.resize(index + 1, TaskStats::default());
        }
        &mut self.tasks[index]
    }
}

impl TaskStats {
    fn add_exit(&mut self, failed: bool, duration_ns: Option<u64>) {
        self.errors += u64::from(failed);
        self.total_ns = self.total_ns.saturating_add(duration_ns.unwrap_or(0));
    }
}

fn dense_index(arch: Arch, nr: u64) -> Option<usize> {
    let small = if arch == Arch::X32 { nr.checked_sub(X32_BIT)? } else { nr };
    usize::try_from(small).ok().filter(|&i| i < DENSE)
}

#[cfg(test)]
mod tests;
