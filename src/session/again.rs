//! Rows of a store as the events that made them: for recordings of what a view has kept.
//!
//! A store keeps entries and exits of a call together, so their order is worked out again from their times.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::model::{Batch, Enter, Event, EventKind, Exit, Marks, Memory, Outcome, Region, Row, RowKind, Store, TaskId};

/// Walks a store that may grow meanwhile.
#[derive(Debug, Default)]
pub struct Again {
    /// The row that comes next.
    next: u64,
    /// Ends of calls that are yet to come, by time and row.
    over: BinaryHeap<Reverse<(u64, u64)>>,
    /// Calls that were going on when they were passed.
    open: Vec<u64>,
}

impl Again {
    /// From the end of a store on: what comes is what is appended from now on, and the ends of calls that go on.
    pub fn from_here(store: &Store) -> Again {
        let open = store.tasks().iter().filter_map(|task| task.open_call).collect();
        Again { next: store.len(), over: BinaryHeap::new(), open }
    }

    /// Rows that were passed.
    pub fn passed(&self) -> u64 {
        self.next
    }

    /// The events of up to so many further rows. At the end of the store also the ends of all calls that are over; then
    /// nothing is left but what is appended later.
    pub fn take(&mut self, store: &Store, rows: u64) -> Batch {
        let mut batch = Batch::default();
        let end = store.len().min(self.next.saturating_add(rows));
        for seq in std::mem::replace(&mut self.next, end)..end {
            let Some(row) = store.row(seq) else { continue };
            self.ends_before(store, row.t_ns, &mut batch);
            self.row(store, seq, row, &mut batch);
        }
        let (open, over) = (&mut self.open, &mut self.over);
        open.retain(|seq| match over_at(store, *seq) {
            Some(t_ns) => {
                over.push(Reverse((t_ns, *seq)));
                false
            }
            None => true,
        });
        if self.next == store.len() {
            self.ends_before(store, u64::MAX, &mut batch);
        }
        batch
    }

    fn row(&mut self, store: &Store, seq: u64, row: Row, batch: &mut Batch) {
        let kind = match row.kind {
            RowKind::Call(call) => {
                match call.outcome {
                    Some(_) => self.over.push(Reverse((call.t_exit_ns, seq))),
                    None => self.open.push(seq),
                }
                let memory = store.call(seq);
                let regions = memory.map_or(0..0, |call| copy(&call.view().entry, batch));
                let (arch, nr, args, ip, sp) = (call.arch, call.nr, call.args, call.ip, call.sp);
                EventKind::Enter(Enter { arch, nr, args, ip, sp, regions })
            }
            RowKind::Signal(signal) => EventKind::Signal(signal),
            RowKind::GroupStop { signal } => EventKind::GroupStop { signal },
            RowKind::Exec(exec) => EventKind::Exec(Box::new((*exec).clone())),
            RowKind::NewTask(new) => EventKind::NewTask(Box::new((*new).clone())),
            RowKind::TaskEnd(end) => EventKind::TaskEnd(end),
            RowKind::Warning(warning) => EventKind::Warning(warning),
        };
        push(batch, row.task, row.t_ns, kind);
    }

    /// The calls that came back up to a time: a task's call is over before it does anything else.
    fn ends_before(&mut self, store: &Store, t_ns: u64, batch: &mut Batch) {
        while let Some(Reverse((at_ns, seq))) = self.over.peek().copied().filter(|Reverse((at_ns, _))| *at_ns <= t_ns) {
            self.over.pop();
            let (Some(row), Some(call)) = (store.row(seq), store.call(seq)) else { continue };
            let view = call.view();
            let (outcome, marks): (Outcome, Marks) = (view.outcome.unwrap_or(Outcome::NeverReturned), view.marks);
            let regions = copy(&view.exit, batch);
            push(batch, row.task, at_ns, EventKind::Exit(Exit { outcome, marks, regions }));
        }
    }
}

fn push(batch: &mut Batch, task: TaskId, t_ns: u64, kind: EventKind) {
    batch.events.push(Event { task, t_ns, kind });
}

fn over_at(store: &Store, seq: u64) -> Option<u64> {
    match store.row(seq)?.kind {
        RowKind::Call(call) => call.outcome.map(|_| call.t_exit_ns),
        _ => None,
    }
}

fn copy(memory: &Memory<'_>, batch: &mut Batch) -> std::ops::Range<u32> {
    let first = batch.regions.len() as u32;
    for region in memory.regions {
        let start = batch.bytes.len() as u32;
        let held = memory.bytes.get(region.start as usize..(region.start + region.len) as usize).unwrap_or_default();
        batch.bytes.extend_from_slice(held);
        batch.regions.push(Region { start, len: held.len() as u32, ..*region });
    }
    first..batch.regions.len() as u32
}
