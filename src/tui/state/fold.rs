//! Calls that repeat, as one line: which rows begin a run, and what the runs add up to.
//!
//! A run is rows that are shown one after the other and are the same call of the same task. Runs are found chunk by chunk
//! in the background, from the chunk's index, those in view first; they end with their chunk, so that a chunk depends on
//! no other. Nothing here costs more for a longer trace than a look at a bitmap a chunk. Left out: how a run looks (`view::cells`).

use std::collections::{BTreeSet, HashMap};

use roaring::RoaringBitmap;

use super::hits::{Hits, nearest, place};
use super::narrow::Narrow;
use crate::model::{CHUNK_ROWS, RowKind, Store};
use crate::query;

/// Fewer rows are looked at one by one, more through the index.
const FEW: u64 = 512;
/// Sums that are kept.
const SUMS: usize = 1_024;

/// See the module.
#[derive(Debug, Default)]
pub struct Fold {
    /// Rows that have a line.
    lines: Hits,
    /// Of each chunk, the rows that begin a run; a run of one row is one too.
    heads: Vec<RoaringBitmap>,
    /// First rows of runs that are shown in full.
    open: BTreeSet<u64>,
    sums: HashMap<u64, Sum>,
}

/// What the calls of a run add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    /// The row that is to be counted next.
    next: u64,
    pub calls: u64,
    pub errors: u64,
    /// Bytes that they said they moved; None if they do not say.
    pub bytes: Option<u64>,
    /// Time of those whose time is known, in nanoseconds.
    pub total_ns: u64,
}

/// A run of more than one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    pub head: u64,
    /// Behind its last row.
    pub end: u64,
    pub rows: u64,
    /// It is shown as one line.
    pub folded: bool,
}

impl Fold {
    pub fn lines(&self) -> &Hits {
        &self.lines
    }

    /// Rows of which it is not known whether they begin a run.
    pub fn left(&self, stored: u64) -> u64 {
        self.lines.left(stored)
    }

    /// Finds the runs of up to `chunks` chunks, those around row `near` first; true if anything changed.
    pub fn work(&mut self, store: &Store, mut narrow: Option<&mut Narrow>, near: u64, chunks: usize) -> bool {
        let mut done = 0;
        for chunk in nearest(store.chunks(), near) {
            let seen = match &narrow {
                Some(narrow) => narrow.hits().seen(chunk),
                None => (store.len() - (chunk * CHUNK_ROWS) as u64).min(CHUNK_ROWS as u64) as u32,
            };
            let known = self.lines.seen(chunk).min(seen);
            let changed = narrow.as_deref_mut().and_then(|narrow| narrow.hits_mut().take_changed(chunk));
            let from = changed.unwrap_or(u32::MAX).min(known);
            if from >= seen && changed.is_none() {
                continue;
            }
            self.find(store, narrow.as_deref().map(Narrow::hits), chunk, from, seen);
            done += 1;
            if done == chunks {
                break;
            }
        }
        if done > 0 {
            self.lines.count();
        }
        done > 0
    }

    /// Finds the runs of a chunk from a row on.
    fn find(&mut self, store: &Store, shown: Option<&Hits>, chunk: usize, from: u32, end: u32) {
        if self.heads.len() <= chunk {
            self.heads.resize_with(chunk + 1, RoaringBitmap::new);
        }
        let first = (chunk * CHUNK_ROWS) as u64;
        let mut all = RoaringBitmap::new();
        let shown = match shown.map(|hits| hits.of_chunk(chunk)) {
            Some(Some(rows)) => rows,
            Some(None) => return,
            None => {
                all.insert_range(0..end);
                &all
            }
        };
        let keys = Keys::new(store, chunk, shown.range_cardinality(from..end.max(from)));
        let heads = &mut self.heads[chunk];
        heads.remove_range(from..);
        let mut before = shown.range(..from).next_back().and_then(|row| keys.of(store, row));
        let mut open = heads.max().is_some_and(|head| self.open.contains(&(first + u64::from(head))));
        let mut lines = RoaringBitmap::new();
        for row in shown.range(from..end.max(from)) {
            let key = keys.of(store, row);
            if key.is_none() || key != before {
                heads.insert(row);
                open = self.open.contains(&(first + u64::from(row)));
                lines.insert(row);
            } else if open {
                lines.insert(row);
            }
            before = key;
        }
        self.lines.replace(chunk, from, end, lines);
        let changed = first + u64::from(from)..first + CHUNK_ROWS as u64;
        self.sums.retain(|_, sum| !(sum.next > changed.start && sum.next <= changed.end));
    }

    /// The run that a row belongs to; None for a row on its own. `count`: shown rows before a row.
    pub fn run(&self, seq: u64, count: impl Fn(u64) -> u64) -> Option<Run> {
        let (chunk, row) = place(seq);
        let (first, heads) = ((chunk * CHUNK_ROWS) as u64, self.heads.get(chunk)?);
        let head = first + u64::from(heads.range(..=row).next_back()?);
        let end = heads.range(row + 1..).next().unwrap_or(self.lines.seen(chunk));
        let end = first + u64::from(end);
        let rows = count(end) - count(head);
        (rows > 1 && seq < end).then(|| Run { head, end, rows, folded: !self.open.contains(&head) })
    }

    /// Shows a run in full, or as one line again.
    pub fn toggle(&mut self, run: &Run, store: &Store, narrow: Option<&Narrow>) {
        if !self.open.remove(&run.head) {
            self.open.insert(run.head);
        }
        let (chunk, row) = place(run.head);
        self.find(store, narrow.map(Narrow::hits), chunk, row, self.lines.seen(chunk));
        self.lines.count();
    }

    /// What is known of what a run adds up to, and whether that is all of it.
    pub fn sum(&self, run: &Run) -> (Sum, bool) {
        let sum = self.sums.get(&run.head).copied().unwrap_or_default();
        (sum, sum.calls == run.rows)
    }

    /// Adds up to `budget` more rows of a run; those that were looked at.
    pub fn add_up(&mut self, store: &Store, narrow: Option<&Narrow>, run: &Run, budget: u64) -> u64 {
        if self.sums.len() > SUMS {
            self.sums.clear();
        }
        let sum = self.sums.entry(run.head).or_insert(Sum { next: run.head, ..Sum::default() });
        let mut looked = 0;
        while sum.next < run.end && looked < budget {
            let seq = sum.next;
            if narrow.is_none_or(|narrow| narrow.contains(seq)) {
                let Some(row) = store.row(seq) else { break };
                let RowKind::Call(call) = &row.kind else { break };
                // The last one goes on.
                if call.outcome.is_none() {
                    break;
                }
                sum.calls += 1;
                sum.errors += u64::from(call.errno().is_some());
                sum.total_ns = sum.total_ns.saturating_add(call.duration_ns(row.t_ns).unwrap_or(0));
                if let Some(bytes) = query::bytes_moved(call) {
                    sum.bytes = Some(sum.bytes.unwrap_or(0).saturating_add(bytes));
                }
            }
            sum.next += 1;
            looked += 1;
        }
        looked
    }
}

/// What rows of a chunk must have in common to be a run, as a number; None for what is no call.
enum Keys {
    /// Asked of the rows themselves.
    Few(u64),
    /// Of every row, 0 for none.
    All(Vec<u64>),
}

impl Keys {
    fn new(store: &Store, chunk: usize, rows: u64) -> Keys {
        let index = if rows > FEW { store.index(chunk) } else { None };
        let Some(index) = index else { return Keys::Few((chunk * CHUNK_ROWS) as u64) };
        let mut keys = vec![0; CHUNK_ROWS];
        for ((arch, nr), rows) in index.calls() {
            let call = call_key(arch as u64, nr);
            rows.iter().for_each(|row| keys[row as usize] = call);
        }
        for (task, rows) in index.tasks() {
            for row in rows {
                let key = &mut keys[row as usize];
                if *key != 0 {
                    *key = with_task(*key, task.0);
                }
            }
        }
        Keys::All(keys)
    }

    fn of(&self, store: &Store, row: u32) -> Option<u64> {
        match self {
            Keys::All(keys) => keys.get(row as usize).copied().filter(|&key| key != 0),
            Keys::Few(first) => {
                let row = store.row(first + u64::from(row))?;
                match row.kind {
                    RowKind::Call(call) => Some(with_task(call_key(call.arch as u64, call.nr), row.task.0)),
                    _ => None,
                }
            }
        }
    }
}

/// Never 0. Numbers that no kernel has may share a key with others; they are told apart by nobody.
fn call_key(arch: u64, nr: u64) -> u64 {
    1 << 31 | (arch & 3) << 28 | nr & 0x0fff_ffff
}

fn with_task(call: u64, task: u32) -> u64 {
    call | u64::from(task) << 32
}
