//! The histogram as the user left it: order, selected call, scroll.
//! Left out: the counts (`stats`), which are the same whatever is shown.

use crate::abi::Arch;
use crate::decode;
use crate::stats::{self, CallStats, Histogram, SortKey};

use super::blocked::Blocked;
use super::breakdown::{By, Entry, Key, Paths};
use super::spectrum::Spectrum;

/// What stands below the table, about its selected line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Picture {
    /// How many took how long.
    #[default]
    Times,
    /// How many a second, over time.
    Rate,
    /// How many took how long, over time.
    Heat,
}

impl Picture {
    pub fn next(self) -> Picture {
        match self {
            Picture::Times => Picture::Rate,
            Picture::Rate => Picture::Heat,
            Picture::Heat => Picture::Times,
        }
    }
}

#[derive(Debug, Default)]
pub struct TableState {
    pub sort: SortKey,
    /// The selected call stays selected when the order changes.
    pub selected: Option<(Arch, u64)>,
    /// Of the selected call, the line of what the vDSO answered.
    pub vdso: bool,
    /// First line in view.
    pub top: usize,
    /// What the lines are.
    pub by: By,
    /// The selected line, when they are no calls.
    pub key: Option<Key>,
    /// Bars are as long as the time rather than the number of calls.
    pub by_time: bool,
    pub picture: Picture,
    /// What the picture shows, while it is over time.
    pub spectrum: Option<Spectrum>,
    pub paths: Paths,
    /// The lines in order, when they are no calls.
    pub entries: Vec<Entry>,
}

impl TableState {
    /// The rows in the order in which they are shown.
    pub fn ordered<'a>(&self, histogram: &'a Histogram, blocked: Option<&Blocked>) -> Vec<&'a CallStats> {
        let mut rows: Vec<&CallStats> = histogram.rows().collect();
        let of_call = |row: &CallStats| blocked.filter(|_| !row.vdso).map_or(0, |b| b.of_call(row.arch, row.nr));
        stats::sort(&mut rows, self.sort, |row| decode::call_name(row.arch, row.nr), of_call);
        rows
    }

    pub fn index(&self, rows: &[&CallStats]) -> Option<usize> {
        let selected = self.selected?;
        rows.iter().position(|r| (r.arch, r.nr, r.vdso) == (selected.0, selected.1, self.vdso))
    }

    pub fn select(&mut self, rows: &[&CallStats], index: usize) {
        let index = index.min(rows.len().saturating_sub(1));
        self.selected = rows.get(index).map(|r| (r.arch, r.nr));
        self.vdso = rows.get(index).is_some_and(|r| r.vdso);
    }

    pub fn move_by(&mut self, rows: &[&CallStats], lines: i64) {
        let at = self.index(rows).map_or(0, |i| (i as i64).saturating_add(lines).max(0) as usize);
        self.select(rows, at);
    }

    /// Keeps the selection in view.
    pub fn settle(&mut self, rows: &[&CallStats], height: u16) {
        let height = usize::from(height.max(1));
        if let Some(at) = self.index(rows) {
            self.top = self.top.clamp((at + 1).saturating_sub(height), at);
        }
        self.top = self.top.min(rows.len().saturating_sub(height));
    }

    /// Sorts by the next column; the one of blocked calls exists only while something is judged.
    pub fn sort_next(&mut self, judged: bool) {
        self.sort = self.sort.next();
        if self.sort == SortKey::Blocked && !judged {
            self.sort = self.sort.next();
        }
    }

    pub fn sort_previous(&mut self, judged: bool) {
        let at = SortKey::ALL.iter().position(|&k| k == self.sort).unwrap_or(0);
        self.sort = SortKey::ALL[(at + SortKey::ALL.len() - 1) % SortKey::ALL.len()];
        if self.sort == SortKey::Blocked && !judged {
            self.sort_previous(judged);
        }
    }
}
