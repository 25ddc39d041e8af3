//! Where the user looks in the trace: position, selection, follow mode, frozen view, narrowing.
//!
//! A *position* counts the rows that are shown; without a narrowing it is the row's `seq`. Nothing here depends on the
//! length of the trace except by arithmetic. Left out: the rows themselves (`model::Store`).

use super::narrow::Narrow;

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
}

impl TraceState {
    pub fn new() -> TraceState {
        TraceState { follow: true, frozen: None, top: 0, cursor: 0, sideways: 0, narrow: None }
    }

    /// Rows that can be looked at: all, those that match, those from before the freeze.
    pub fn len(&self, stored: u64) -> u64 {
        let limit = self.frozen.unwrap_or(stored).min(stored);
        match &self.narrow {
            Some(narrow) => narrow.count_before(limit),
            None => limit,
        }
    }

    /// The row at a position.
    pub fn seq_at(&self, position: u64) -> Option<u64> {
        match &self.narrow {
            Some(narrow) => narrow.seq_at(position),
            None => Some(position),
        }
    }

    /// The selected row; None while there is none.
    pub fn selected(&self, stored: u64) -> Option<u64> {
        (self.cursor < self.len(stored)).then(|| self.seq_at(self.cursor)).flatten()
    }

    /// How many shown rows stand before row `seq`.
    pub fn position_of(&self, seq: u64) -> u64 {
        match &self.narrow {
            Some(narrow) => narrow.count_before(seq),
            None => seq,
        }
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
    fn let_go(&mut self) {
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
            self.cursor = narrow.count_before(anchor);
            if narrow.left(stored) == 0 {
                narrow.anchor = None;
            }
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
