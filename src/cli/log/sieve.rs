//! `-e filter=EXPR`: which lines fit a filter, as the screen would show their rows.
//!
//! A filter is asked about rows of a store, so the events go into one before they are printed; chunks of rows in which no
//! call goes on are forgotten, so memory does not grow with the run. A filter that asks for what a call gives is answered when
//! the call is over. Left out: what a line looks like (`printer`, `jsonl`).

use std::collections::HashMap;

use crate::decode;
use crate::model::{Batch, CHUNK_ROWS, EventKind, RowKind, Store, TaskId};
use crate::query::{Context, Filter};

/// What becomes of an event's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Show,
    Hide,
    /// The end of the call tells.
    Later,
}

#[derive(Debug)]
pub struct Sieve {
    filter: Filter,
    options: decode::Options,
    store: Store,
    /// Rows of the calls that are going on.
    open: HashMap<TaskId, u64>,
    /// Of the events of the batch.
    fates: Vec<Fate>,
}

impl Sieve {
    pub fn new(filter: Filter, options: decode::Options) -> Sieve {
        Sieve { filter, options, store: Store::new(), open: HashMap::new(), fates: Vec::new() }
    }

    /// Takes up a batch whose events are about to be printed.
    pub fn take(&mut self, batch: &Batch) {
        let mut next = self.store.len();
        let chunks = self.store.chunks();
        self.store.append(batch);
        self.fates.clear();
        for event in &batch.events {
            let seq = match &event.kind {
                EventKind::Exit(_) => self.open.remove(&event.task),
                kind => {
                    next += 1;
                    if matches!(kind, EventKind::Enter(_)) {
                        self.open.insert(event.task, next - 1);
                    }
                    Some(next - 1)
                }
            };
            let fate = seq.map_or(Fate::Show, |seq| self.of_row(seq, &event.kind));
            self.fates.push(fate);
        }
        if self.store.chunks() > chunks {
            // The chunk before may have what a batch that is to come asks for.
            self.store.forget(next.saturating_sub(CHUNK_ROWS as u64));
        }
    }

    fn of_row(&self, seq: u64, kind: &EventKind) -> Fate {
        let Some(row) = self.store.row(seq) else { return Fate::Show };
        match (kind, row.kind) {
            // The row may be over already, where its end came in the same batch.
            (EventKind::Enter(_), RowKind::Call(call)) if call.outcome.is_none() && self.filter.needs_result() => {
                match self.filter.by_call(call.arch, call.nr) {
                    Some(false) => Fate::Hide,
                    _ => Fate::Later,
                }
            }
            _ if self.fits(seq) => Fate::Show,
            _ => Fate::Hide,
        }
    }

    fn fits(&self, seq: u64) -> bool {
        let context = Context { options: self.options, ..Context::new(&self.store) };
        self.filter.matches(&context, seq)
    }

    /// Of an event of the batch, by its place.
    pub fn fate(&self, index: usize) -> Fate {
        self.fates.get(index).copied().unwrap_or(Fate::Show)
    }

    /// Whether the call that a task is in fits as far as it has come.
    pub fn open_fits(&self, task: TaskId) -> bool {
        self.open.get(&task).is_none_or(|&seq| self.fits(seq))
    }
}
