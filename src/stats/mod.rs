//! Counts, errors and times: per call, per task, per errno; what was moved, by descriptor, path and address. Exact for the
//! whole of a session, and for any set of its rows.
//!
//! `Histogram` is cheap enough for every event of a live trace; `Subjects` looks up what calls were about and is made when
//! somebody asks. Both are fed with what `Store::append` says has changed, or with rows. A call is counted when it is entered, its result
//! and its time when it comes back, so a call that blocks is already in the table. An update costs the same however long
//! the trace is. What the vDSO answered is no call: it has lines of its own, and is in no total. Left out: which calls a profile would block (the view keeps that beside the profile), and words.

mod call;
mod processes;
mod sort;
mod subjects;
mod times;
mod waits;

pub use call::{BUCKETS, CallStats, TaskStats, bucket_floor_ns, bucket_of};
pub use processes::{Cpu, Executed, Process, Processes};
pub use sort::{SortKey, sort};
pub use subjects::{AddressStats, DescriptorStats, Moved, PathStats, Subjects, Used};
pub use waits::{Transfer, transfer, waits};

use std::collections::HashMap;

use crate::abi::Arch;
use crate::model::{CallRow, Changes, Marks, Outcome, Row, RowKind, Store, TaskId, Warning};

/// Call numbers below this are found by index, the rest (unknown to any kernel so far) by hash.
const DENSE: usize = 1024;
/// x32 numbers carry this bit; without it they are as dense as the others. `__X32_SYSCALL_BIT` of `asm/unistd.h`.
const X32_BIT: u64 = 0x4000_0000;
/// Marks a number that was not called yet in the dense tables.
const ABSENT: u32 = u32::MAX;

/// The counts of all tasks together.
#[derive(Debug, Clone, Copy, Default)]
struct Total {
    calls: u64,
    errors: u64,
    /// Wall time in calls that came back, in nanoseconds.
    total_ns: u64,
}

/// The table of calls of one session.
#[derive(Debug, Default, Clone)]
pub struct Histogram {
    rows: Vec<CallStats>,
    /// Index into `rows` by architecture and number.
    dense: [Vec<u32>; 4],
    sparse: HashMap<(Arch, u64), u32>,
    /// The same for what the vDSO answered.
    answered: HashMap<(Arch, u64), u32>,
    /// By `TaskId`.
    tasks: Vec<TaskStats>,
    total: Total,
}

impl Histogram {
    /// Takes in one append. Call it once for every `Changes`, in order, with the store that gave them.
    pub fn update(&mut self, store: &Store, changes: &Changes) {
        self.update_timed(store, changes, |_, _| true);
    }

    /// As `update`, with the times of only those finished calls, by row, that `timed` takes for the call's own.
    pub fn update_timed(&mut self, store: &Store, changes: &Changes, timed: impl Fn(u64, &CallRow) -> bool) {
        for row in changes.added.clone().filter_map(|seq| store.row(seq)) {
            self.enter_row(&row);
        }
        for &seq in &changes.completed {
            let Some(row) = store.row(seq) else { continue };
            match &row.kind {
                // It was counted as it came, unless a file was cut between its two events.
                RowKind::Call(call) if call.marks.has(Marks::VDSO) && changes.added.contains(&seq) => {}
                RowKind::Call(call) => self.come_back(&row, call, timed(seq, call)),
                _ => {}
            }
        }
    }

    /// The table of everything that a store holds, for one that was filled before anybody counted.
    pub fn of(store: &Store) -> Histogram {
        Histogram::over(store, 0..store.len())
    }

    /// The table of some rows: those of a filter, of a stretch of time. What is no call does not count.
    pub fn over(store: &Store, rows: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        rows.into_iter().for_each(|seq| histogram.add(store, seq, true));
        histogram
    }

    /// Counts one more row as it stands. `timed`: its time is its own.
    pub fn add(&mut self, store: &Store, seq: u64, timed: bool) {
        if let Some(row) = store.row(seq) {
            self.add_row(&row, timed);
        }
    }

    /// The same for a row that is at hand.
    pub fn add_row(&mut self, row: &Row, timed: bool) {
        self.enter_row(row);
        match &row.kind {
            RowKind::Call(call) if call.outcome.is_some() && !call.marks.has(Marks::VDSO) => {
                self.exit(row.task, row.t_ns, call, timed);
            }
            _ => {}
        }
    }

    /// A call that was added while it went on has come back.
    pub fn complete(&mut self, store: &Store, seq: u64, timed: bool) {
        let Some(row) = store.row(seq) else { return };
        if let RowKind::Call(call) = &row.kind {
            self.come_back(&row, call, timed);
        }
    }

    fn come_back(&mut self, row: &Row, call: &CallRow, timed: bool) {
        if call.marks.has(Marks::VDSO) {
            self.take_back(row.task, call);
            self.answer(row.t_ns, call);
        } else {
            self.exit(row.task, row.t_ns, call, timed);
        }
    }

    /// A call that was added while it went on does not belong here any more.
    pub fn remove_ongoing(&mut self, store: &Store, seq: u64) {
        let Some(row) = store.row(seq) else { return };
        if let RowKind::Call(call) = &row.kind {
            self.take_back(row.task, call);
        }
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

    /// The counts of one task; None for a task that made no call.
    pub fn task(&self, id: TaskId) -> Option<&TaskStats> {
        self.tasks.get(id.0 as usize).filter(|task| task.calls > 0)
    }

    /// How often any call failed with which errno, most frequent first.
    pub fn all_errnos(&self) -> Vec<(u16, u64)> {
        let mut sums: HashMap<u16, u64> = HashMap::new();
        for (errno, count) in self.rows.iter().flat_map(CallStats::errnos) {
            *sums.entry(errno).or_default() += count;
        }
        let mut list: Vec<_> = sums.into_iter().collect();
        list.sort_by_key(|&(errno, count)| (std::cmp::Reverse(count), errno));
        list
    }

    fn enter_row(&mut self, row: &Row) {
        match &row.kind {
            RowKind::Call(call) if call.marks.has(Marks::VDSO) => self.answer(row.t_ns, call),
            RowKind::Call(call) => self.enter(row.task, call),
            RowKind::Warning(Warning::VdsoUnlogged { nr, count }) => {
                let row = self.answered_mut(Arch::X86_64, *nr);
                row.count += count;
                row.unlogged += count;
            }
            RowKind::TaskEnd(_) => self.tasks.get_mut(row.task.0 as usize).into_iter().for_each(TaskStats::compact),
            _ => {}
        }
    }

    fn answer(&mut self, began_ns: u64, call: &CallRow) {
        let row = self.answered_mut(call.arch, call.nr);
        row.count += 1;
        if let Some(errno) = call.errno() {
            row.fail(errno);
        }
        // Not each of them is timed.
        match call.duration_ns(began_ns) {
            Some(ns) => row.finish(ns),
            None => row.finish_untimed(),
        }
    }

    fn answered_mut(&mut self, arch: Arch, nr: u64) -> &mut CallStats {
        let next = self.rows.len() as u32;
        let index = *self.answered.entry((arch, nr)).or_insert(next);
        if index == next {
            self.rows.push(CallStats::new(arch, nr, true));
        }
        &mut self.rows[index as usize]
    }

    /// What the vDSO answered in place of a call, if that is known.
    pub fn answers(&self, arch: Arch, nr: u64) -> Option<&CallStats> {
        self.rows.get(*self.answered.get(&(arch, nr))? as usize)
    }

    fn take_back(&mut self, task: TaskId, call: &CallRow) {
        self.row_mut(call.arch, call.nr).count -= 1;
        self.task_mut(task).calls -= 1;
        self.total.calls -= 1;
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
            // Of a call that another tool saw, how long it took may not be known.
            None if matches!(call.outcome, Some(Outcome::Returned(_) | Outcome::Failed(_))) => row.finish_untimed(),
            None => {}
        }
        let duration = duration.filter(|_| timed);
        self.task_mut(task).exit(errno, duration);
        self.total.errors += u64::from(errno.is_some());
        self.total.total_ns = self.total.total_ns.saturating_add(duration.unwrap_or(0));
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
            self.rows.push(CallStats::new(arch, nr, false));
        }
        &mut self.rows[index as usize]
    }

    fn task_mut(&mut self, id: TaskId) -> &mut TaskStats {
        let index = id.0 as usize;
        if index >= self.tasks.len() {
            self.tasks.resize_with(index + 1, TaskStats::default);
        }
        &mut self.tasks[index]
    }
}

fn dense_index(arch: Arch, nr: u64) -> Option<usize> {
    let small = if arch == Arch::X32 { nr.checked_sub(X32_BIT)? } else { nr };
    usize::try_from(small).ok().filter(|&i| i < DENSE)
}

#[cfg(test)]
mod subjects_tests;
#[cfg(test)]
mod tests;
