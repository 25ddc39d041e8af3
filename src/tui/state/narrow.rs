//! The index of the rows that a filter matches, built in slices so that no frame waits for it.
//!
//! Rows are looked at in order; a call that completes later is looked at again, because its result can make it match.

use crate::abi::Arch;
use crate::model::{Changes, RowKind, Store};

/// What rows are shown.
#[derive(Debug, Clone)]
pub enum RowFilter {
    /// The rows of one call.
    Call { arch: Arch, nr: u64, name: String },
}

impl RowFilter {
    pub fn matches(&self, store: &Store, seq: u64) -> bool {
        match self {
            RowFilter::Call { arch, nr, .. } => match store.row(seq).map(|r| &r.kind) {
                Some(RowKind::Call(call)) => call.arch == *arch && call.nr == *nr,
                _ => false,
            },
        }
    }

    /// As the trace's title shows it.
    pub fn text(&self) -> &str {
        match self {
            RowFilter::Call { name, .. } => name,
        }
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
    pub fn scan(&mut self, store: &Store, budget: u64) -> bool {
        let end = store.len().min(self.scanned.saturating_add(budget));
        for seq in self.scanned..end {
            if self.filter.matches(store, seq) {
                self.matches.push(seq);
            }
        }
        self.scanned = end;
        end < store.len()
    }

    /// Looks again at calls that were completed after they had been scanned.
    pub fn revise(&mut self, store: &Store, changes: &Changes) {
        for &seq in changes.completed.iter().filter(|&&seq| seq < self.scanned) {
            let matches = self.filter.matches(store, seq);
            match self.matches.binary_search(&seq) {
                Ok(at) if !matches => drop(self.matches.remove(at)),
                Err(at) if matches => self.matches.insert(at, seq),
                _ => {}
            }
        }
    }

    pub fn seq_at(&self, position: u64) -> Option<u64> {
        self.matches.get(usize::try_from(position).ok()?).copied()
    }

    /// Matching rows with a smaller `seq`.
    pub fn count_before(&self, seq: u64) -> u64 {
        self.matches.partition_point(|&m| m < seq) as u64
    }
}
