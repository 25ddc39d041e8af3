//! The index of the rows that a filter matches, built in slices so that no frame waits for it.
//!
//! Rows are looked at in order; a call that completes later is looked at again, because its result can make it match.

use crate::abi::Arch;
use crate::decode;
use crate::model::{Changes, RowKind, Store};
use crate::policy::{Action, Judge};
use crate::query::{self, Filter};

/// What rows are shown.
#[derive(Debug, Clone)]
pub enum RowFilter {
    /// The rows of one call.
    Call { arch: Arch, nr: u64, name: String },
    /// What the user typed.
    Query { filter: Box<Filter>, text: String },
}

/// What a filter may look at.
pub struct Rows<'a> {
    pub store: &'a Store,
    /// The loaded profile, shown or not.
    pub judge: Option<&'a Judge>,
    /// How lines are shown; free text is looked for in them.
    pub options: &'a decode::Options,
}

impl Rows<'_> {
    /// Lets `run` ask filters about the rows.
    pub fn ask<R>(&self, run: impl FnOnce(&query::Context<'_>) -> R) -> R {
        let verdict = |seq| self.verdict(seq);
        let verdict: Option<query::Verdict<'_>> = if self.judge.is_some() { Some(&verdict) } else { None };
        run(&query::Context { store: self.store, verdict, options: *self.options })
    }

    fn verdict(&self, seq: u64) -> Option<Action> {
        let call = self.store.call(seq)?;
        let view = call.view();
        Some(self.judge?.verdict(view.arch, view.nr, view.args).action)
    }
}

impl RowFilter {
    /// A test of rows, made once for many of them.
    fn with<R>(&self, rows: &Rows<'_>, run: impl FnOnce(&dyn Fn(u64) -> bool) -> R) -> R {
        match self {
            RowFilter::Call { arch, nr, .. } => run(&|seq| match rows.store.row(seq).map(|r| r.kind) {
                Some(RowKind::Call(call)) => call.arch == *arch && call.nr == *nr,
                _ => false,
            }),
            RowFilter::Query { filter, .. } => rows.ask(|context| run(&|seq| filter.matches(context, seq))),
        }
    }

    /// As the trace's title shows it, and as it can be typed again.
    pub fn text(&self) -> &str {
        match self {
            RowFilter::Call { name, .. } => name,
            RowFilter::Query { text, .. } => text,
        }
    }

    /// Other rows match when another profile is loaded.
    pub fn needs_profile(&self) -> bool {
        matches!(self, RowFilter::Query { filter, .. } if filter.needs_profile())
    }
}

#[derive(Debug)]
pub struct Narrow {
    pub filter: RowFilter,
    /// Rows that match, ascending.
    matches: Vec<u64>,
    /// Rows before this one were looked at.
    scanned: u64,
    /// The row that was selected when the filter was set, until the scan has passed it.
    pub anchor: Option<u64>,
}

impl Narrow {
    pub fn new(filter: RowFilter) -> Narrow {
        Narrow { filter, matches: Vec::new(), scanned: 0, anchor: None }
    }

    pub fn scanned(&self) -> u64 {
        self.scanned
    }

    /// Looks at up to `budget` more rows; true while there are more.
    pub fn scan(&mut self, rows: &Rows<'_>, budget: u64) -> bool {
        let end = rows.store.len().min(self.scanned.saturating_add(budget));
        let range = self.scanned..end;
        self.filter.with(rows, |test| self.matches.extend(range.filter(|seq| test(*seq))));
        self.scanned = end;
        end < rows.store.len()
    }

    /// Looks again at calls that were completed after they had been scanned.
    pub fn revise(&mut self, rows: &Rows<'_>, changes: &Changes) {
        let late = changes.completed.iter().copied().filter(|seq| *seq < self.scanned);
        let matches = &mut self.matches;
        self.filter.with(rows, |test| {
            for seq in late {
                match (matches.binary_search(&seq), test(seq)) {
                    (Ok(at), false) => drop(matches.remove(at)),
                    (Err(at), true) => matches.insert(at, seq),
                    _ => {}
                }
            }
        });
    }

    pub fn seq_at(&self, position: u64) -> Option<u64> {
        self.matches.get(usize::try_from(position).ok()?).copied()
    }

    /// Matching rows with a smaller `seq`.
    pub fn count_before(&self, seq: u64) -> u64 {
        self.matches.partition_point(|&m| m < seq) as u64
    }
}
