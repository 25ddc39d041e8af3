//! Where the user looks in the trace: position, selection, follow mode, frozen view, narrowing, folded runs.
//!
//! A *position* counts the lines that are shown; without a narrowing and folded runs it is the row's `seq`. Nothing here depends
//! on the length of the trace except by arithmetic. Left out: the rows themselves (`model::Store`).

use roaring::RoaringBitmap;

use super::bookmarks::Bookmarks;
use super::columns::{Column, Columns};
use super::fold::{Fold, Run};
use super::hits::Hits;
use super::narrow::{Narrow, Rows};
use crate::model::{CHUNK_ROWS, Store};

/// What one line of the pane shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceLine {
    /// A row by position.
    Row(u64),
    /// The line that says where a blocked run would have gone another way.
    Divider,
}

#[derive(Debug)]
pub struct TraceState {
    /// The newest row is selected and in view.
    pub follow: bool,
    /// Rows that existed when the view was frozen.
    pub frozen: Option<u64>,
    /// Position of the first line.
    pub top: u64,
    /// Position of the selected row.
    pub cursor: u64,
    /// Columns that the call text is scrolled to the left.
    pub sideways: usize,
    pub narrow: Option<Narrow>,
    /// Rows that are marked, while all are shown.
    pub search: Option<Narrow>,
    /// Calls that repeat are one line.
    pub fold: Option<Fold>,
    pub bookmarks: Bookmarks,
    pub columns: Columns,
    /// The column whose edge the mouse drags.
    pub dragged: Option<Column>,
}

impl TraceState {
    pub fn new() -> TraceState {
        TraceState {
            follow: true,
            frozen: None,
            top: 0,
            cursor: 0,
            sideways: 0,
            narrow: None,
            search: None,
            fold: None,
            bookmarks: Bookmarks::default(),
            columns: Columns::default(),
            dragged: None,
        }
    }

    /// What has lines; None: every row.
    fn lined(&self) -> Option<&Hits> {
        self.fold.as_ref().map(Fold::lines).or(self.narrow.as_ref().map(Narrow::hits))
    }

    /// Lines that can be looked at: of all rows, of those that match, of those from before the freeze.
    pub fn len(&self, stored: u64) -> u64 {
        let limit = self.frozen.unwrap_or(stored).min(stored);
        self.lined().map_or(limit, |hits| hits.count_before(limit))
    }

    /// Rows that match the filter, in lines of their own or not.
    pub fn matching(&self, stored: u64) -> u64 {
        self.count_before(self.frozen.unwrap_or(stored).min(stored))
    }

    /// Rows that match the filter and stand before row `seq`.
    pub fn count_before(&self, seq: u64) -> u64 {
        self.narrow.as_ref().map_or(seq, |narrow| narrow.count_before(seq))
    }

    /// Rows of a chunk that match the filter.
    pub fn shown(&self, chunk: usize, stored: u64) -> RoaringBitmap {
        let limit = self.frozen.unwrap_or(stored).min(stored).saturating_sub((chunk * CHUNK_ROWS) as u64);
        let limit = limit.min(CHUNK_ROWS as u64) as u32;
        let mut rows = RoaringBitmap::new();
        rows.insert_range(0..limit);
        if let Some(narrow) = &self.narrow {
            rows &= narrow.hits().of_chunk(chunk).cloned().unwrap_or_default();
        }
        rows
    }

    /// The row at a position.
    pub fn seq_at(&self, position: u64) -> Option<u64> {
        match self.lined() {
            Some(hits) => hits.seq_at(position),
            None => Some(position),
        }
    }

    /// The run of calls that a row belongs to, while such runs are folded.
    pub fn run_of(&self, seq: u64) -> Option<Run> {
        self.fold.as_ref()?.run(seq, |seq| self.count_before(seq))
    }

    /// The run that the line of a row stands for.
    pub fn folded(&self, seq: u64) -> Option<Run> {
        self.run_of(seq).filter(|run| run.folded && run.head == seq)
    }

    /// Finds more of the rows that match and of the runs, with `run` for each filter; true if anything can have changed.
    pub fn work(&mut self, rows: &Rows<'_>, chunks: usize, run: impl Fn(&mut Narrow, &Rows<'_>) -> bool) -> bool {
        let near = self.near();
        let mut any = false;
        for narrow in [&mut self.narrow, &mut self.search].into_iter().flatten() {
            narrow.near = near;
            any |= run(narrow, rows);
        }
        if let Some(fold) = &mut self.fold {
            any |= fold.work(rows.store, self.narrow.as_mut(), near, chunks);
        }
        any
    }

    /// Rows of which something is not known yet.
    pub fn left(&self, stored: u64) -> u64 {
        let filters = [&self.narrow, &self.search].into_iter().flatten().map(|narrow| narrow.left(stored)).sum::<u64>();
        // What the filter has not answered is not waited for twice.
        let unanswered = self.narrow.as_ref().map_or(0, |narrow| narrow.left(stored));
        filters + self.fold.as_ref().map_or(0, |fold| fold.left(stored).saturating_sub(unanswered))
    }

    /// Adds up some of what the folded lines in view stand for; true if any was left.
    pub fn add_up(&mut self, store: &Store, height: u16, budget: u64) -> bool {
        if self.fold.is_none() {
            return false;
        }
        let positions = self.top..self.top.saturating_add(u64::from(height));
        let runs: Vec<Run> = positions.map_while(|at| self.seq_at(at)).filter_map(|seq| self.folded(seq)).collect();
        let Some(fold) = &mut self.fold else { return false };
        let mut left = budget;
        for run in runs {
            if !fold.sum(&run).1 {
                left = left.saturating_sub(fold.add_up(store, self.narrow.as_ref(), &run, left));
            }
        }
        left < budget
    }

    /// Folds calls that repeat, or no longer; the selection stays on its row or goes to the line that stands for it.
    pub fn toggle_fold(&mut self, store: &Store) {
        let kept = self.rows();
        self.fold = match self.fold {
            Some(_) => None,
            None => Some(Fold::default()),
        };
        let near = kept[0].filter(|_| !self.follow).unwrap_or(u64::MAX);
        if let Some(fold) = &mut self.fold {
            fold.work(store, self.narrow.as_mut(), near, 2);
        }
        self.put_back(kept);
    }

    /// Shows a run in full, or as one line again.
    pub fn toggle_run(&mut self, run: &Run, store: &Store) {
        let kept = self.rows();
        if let Some(fold) = &mut self.fold {
            fold.toggle(run, store, self.narrow.as_ref());
        }
        self.put_back(kept);
    }

    /// The selected row; None while there is none.
    pub fn selected(&self, stored: u64) -> Option<u64> {
        (self.cursor < self.len(stored)).then(|| self.seq_at(self.cursor)).flatten()
    }

    /// The position of a row, or of the line that stands for it; of one that is not shown, that of the next.
    pub fn position_of(&self, seq: u64) -> u64 {
        let Some(hits) = self.lined() else { return seq };
        let inside = !hits.contains(seq) && self.run_of(seq).is_some() && self.is_shown(seq);
        hits.count_before(seq) - u64::from(inside).min(hits.count_before(seq))
    }

    /// Whether a row matches the filter, as far as is known.
    pub fn is_shown(&self, seq: u64) -> bool {
        self.narrow.as_ref().is_none_or(|narrow| narrow.contains(seq))
    }

    /// The rows that are selected and first in view, to be found again after other rows match.
    pub fn rows(&self) -> [Option<u64>; 2] {
        [self.cursor, self.top].map(|position| self.seq_at(position))
    }

    /// Puts selection and view back onto rows after the matches before them changed.
    pub fn put_back(&mut self, [cursor, top]: [Option<u64>; 2]) {
        self.cursor = cursor.map_or(self.cursor, |seq| self.position_of(seq));
        self.top = top.map_or(self.top, |seq| self.position_of(seq));
    }

    /// The row around which matches are wanted first.
    pub fn near(&self) -> u64 {
        let anchor = self.narrow.as_ref().and_then(|narrow| narrow.anchor);
        if self.follow { u64::MAX } else { anchor.or(self.seq_at(self.cursor)).unwrap_or(u64::MAX) }
    }

    /// The user selects another row, so the view no longer waits for the one that was selected before the filter.
    pub fn let_go(&mut self) {
        self.follow = false;
        if let Some(narrow) = &mut self.narrow {
            narrow.anchor = None;
        }
    }

    pub fn move_by(&mut self, rows: i64, stored: u64) {
        let last = self.len(stored).saturating_sub(1);
        self.let_go();
        self.cursor = self.cursor.saturating_add_signed(rows).min(last);
    }

    /// Scrolls without moving the selection, as a mouse wheel does; the selection stays in view all the same.
    pub fn scroll_by(&mut self, rows: i64, stored: u64, height: u16) {
        let len = self.len(stored);
        let height = u64::from(height.max(1));
        self.let_go();
        self.top = self.top.saturating_add_signed(rows).min(len.saturating_sub(height));
        let last = (self.top + height).min(len).saturating_sub(1);
        self.cursor = self.cursor.clamp(self.top.min(last), last);
    }

    pub fn go_to(&mut self, position: u64) {
        self.let_go();
        self.cursor = position;
    }

    pub fn set_follow(&mut self, follow: bool) {
        self.let_go();
        self.follow = follow;
        if follow {
            self.frozen = None;
        }
    }

    /// Freezes at what is stored now, or lets the view go on.
    pub fn toggle_freeze(&mut self, stored: u64) {
        self.frozen = if self.frozen.is_some() { None } else { Some(stored) };
    }

    /// Shows only what `narrow` matches; the selection stays on its row or goes to the next that matches once it is
    /// found.
    pub fn set_narrow(&mut self, narrow: Option<Narrow>, stored: u64) {
        let seq = self.selected(stored);
        self.narrow = narrow;
        self.fold = self.fold.take().map(|_| Fold::default());
        self.cursor = seq.map_or(0, |seq| self.position_of(seq));
        if let Some(narrow) = &mut self.narrow {
            narrow.anchor = if self.follow { None } else { seq };
        }
    }

    /// Brings selection and view into bounds after anything changed. `dividers`: the positions before which dividers
    /// stand, in order.
    pub fn settle(&mut self, stored: u64, height: u16, dividers: &[u64]) {
        // While matches are found, the selection is the first of them that is not before the row that was selected.
        if let Some(narrow) = &mut self.narrow
            && let Some(anchor) = narrow.anchor
        {
            if narrow.left(stored) == 0 {
                narrow.anchor = None;
            }
            self.cursor = self.position_of(anchor);
        }
        let len = self.len(stored);
        let height = u64::from(height.max(1));
        let last = len.saturating_sub(1);
        if self.follow && self.frozen.is_none() {
            self.cursor = last;
            self.top = last_top(len, height, dividers);
            return;
        }
        self.cursor = self.cursor.min(last);
        self.top = self.top.min(self.cursor);
        self.top = self.top.max((self.cursor + 1).saturating_sub(height));
        while self.top < self.cursor && self.cursor - self.top + 1 + between(dividers, self.top, self.cursor) > height {
            self.top += 1;
        }
        // No blank lines below the last row while there are rows above the first.
        self.top = self.top.min(last_top(len, height, dividers)).min(self.cursor);
    }

    /// The lines of a pane of `height` rows.
    pub fn lines(&self, stored: u64, height: u16, dividers: &[u64]) -> Vec<TraceLine> {
        let len = self.len(stored);
        let height = usize::from(height);
        let mut lines = Vec::with_capacity(height);
        let mut position = self.top;
        while lines.len() < height {
            if position > self.top && dividers.binary_search(&position).is_ok() {
                lines.push(TraceLine::Divider);
            }
            if position >= len {
                break;
            }
            if lines.len() < height {
                lines.push(TraceLine::Row(position));
            }
            position += 1;
        }
        lines
    }
}

/// The first position in view when the last one is.
fn last_top(len: u64, height: u64, dividers: &[u64]) -> u64 {
    let mut top = len.saturating_sub(height);
    // Each divider takes a line, so one row less fits.
    while top < len && len - top + between(dividers, top, len) > height {
        top += 1;
    }
    top
}

/// Dividers below the position `top` down to the one before `position`.
fn between(dividers: &[u64], top: u64, position: u64) -> u64 {
    let before = |limit: u64| dividers.partition_point(|&divider| divider <= limit) as u64;
    before(position).saturating_sub(before(top))
}

impl Default for TraceState {
    fn default() -> TraceState {
        TraceState::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn following_shows_the_end_and_moving_stops_it() {
        let mut trace = TraceState::new();
        trace.settle(100, 10, &[]);
        assert_eq!((trace.top, trace.cursor), (90, 99));
        trace.move_by(-1, 100);
        trace.settle(200, 10, &[]);
        assert_eq!((trace.top, trace.cursor, trace.follow), (90, 98, false));
        trace.set_follow(true);
        trace.settle(200, 10, &[]);
        assert_eq!((trace.top, trace.cursor), (190, 199));
    }

    #[test]
    fn the_selection_stays_in_view() {
        let mut trace = TraceState::new();
        trace.go_to(50);
        trace.settle(100, 10, &[]);
        assert_eq!(trace.top, 41);
        trace.move_by(-30, 100);
        trace.settle(100, 10, &[]);
        assert_eq!((trace.top, trace.cursor), (20, 20));
        trace.scroll_by(5, 100, 10);
        trace.settle(100, 10, &[]);
        assert_eq!((trace.top, trace.cursor), (25, 25));
    }

    #[test]
    fn a_frozen_view_ends_where_it_was_frozen() {
        let mut trace = TraceState::new();
        trace.settle(100, 10, &[]);
        trace.toggle_freeze(100);
        trace.settle(500, 10, &[]);
        assert_eq!((trace.len(500), trace.top, trace.cursor), (100, 90, 99));
        trace.toggle_freeze(500);
        trace.settle(500, 10, &[]);
        assert_eq!(trace.cursor, 499);
    }

    #[test]
    fn the_divider_takes_a_line_and_hides_no_row_that_is_selected() {
        let mut trace = TraceState::new();
        trace.settle(10, 5, &[8]);
        let lines = trace.lines(10, 5, &[8]);
        assert_eq!(
            lines,
            [TraceLine::Row(6), TraceLine::Row(7), TraceLine::Divider, TraceLine::Row(8), TraceLine::Row(9)]
        );
        trace.go_to(9);
        for divider in 0..=10 {
            trace.top = 0;
            trace.settle(10, 3, &[divider]);
            assert!(trace.lines(10, 3, &[divider]).contains(&TraceLine::Row(9)), "divider before {divider}");
            trace.top = 0;
            trace.settle(10, 3, &[divider, divider + 1, divider + 2]);
            assert!(trace.lines(10, 3, &[divider, divider + 1, divider + 2]).contains(&TraceLine::Row(9)));
        }
    }

    #[test]
    fn an_empty_trace_has_no_selection() {
        let mut trace = TraceState::new();
        trace.move_by(3, 0);
        trace.settle(0, 5, &[]);
        assert_eq!(trace.selected(0), None);
        assert!(trace.lines(0, 5, &[]).is_empty());
    }
}
