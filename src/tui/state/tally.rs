//! The histogram of the rows that a filter matches, counted in the background as they are found.
//!
//! It follows `Hits` chunk by chunk, a few rows at a time: those that match and are not counted yet are counted, calls
//! that came back meanwhile get their result and time, or are taken out if they match no more. Exact once nothing is left.

use std::collections::HashSet;

use roaring::RoaringBitmap;

use super::blocked::Blocked;
use super::hits::Hits;
use super::narrow::Rows;
use crate::model::{CHUNK_ROWS, CallRow, Marks, RowKind};
use crate::stats::Histogram;

/// Rows that are counted in one slice; some two milliseconds at most.
const SLICE_ROWS: usize = 4_096;

/// Whether the time of a finished call is its own: nobody made it wait.
pub type Timed<'a> = &'a dyn Fn(u64, &CallRow) -> bool;

#[derive(Debug, Default)]
pub struct Tally {
    histogram: Histogram,
    blocked: Blocked,
    /// Rows that were counted, by chunk.
    counted: Vec<RoaringBitmap>,
    /// Calls that went on when they were counted.
    ongoing: HashSet<u64>,
    /// Of them those that have come back since.
    back: Vec<u64>,
}

impl Tally {
    pub fn histogram(&self) -> &Histogram {
        &self.histogram
    }

    /// How many of the counted calls the loaded profile would block, by call.
    pub fn blocked(&self) -> &Blocked {
        &self.blocked
    }

    /// A call has come back.
    pub fn came_back(&mut self, seq: u64) {
        if self.ongoing.remove(&seq) {
            self.back.push(seq);
        }
    }

    /// Counts a little of what is left; true while there is more that can be counted by now.
    pub fn slice(&mut self, hits: &mut Hits, rows: &Rows<'_>, timed: Timed<'_>) -> bool {
        self.look_again(hits, rows, timed);
        let mut room = SLICE_ROWS;
        while let Some(chunk) = hits.changed() {
            if self.counted.len() <= chunk {
                self.counted.resize_with(chunk + 1, RoaringBitmap::new);
            }
            let wanted = hits.matching(chunk);
            if !self.counted[chunk].is_subset(wanted) && !self.waits(hits, chunk) {
                // Rows ceased to match that were whole before, as after a change of what paths are known: all anew.
                *self = Tally::default();
                hits.all_changed();
                return true;
            }
            let next: Vec<u32> = (wanted - &self.counted[chunk]).iter().take(room).collect();
            room -= next.len();
            for &row in &next {
                self.count((chunk * CHUNK_ROWS) as u64 + u64::from(row), rows, timed);
            }
            self.counted[chunk].extend(next);
            if room == 0 {
                return true;
            }
            hits.settled(chunk);
        }
        false
    }

    /// A call of the chunk is being looked at again.
    fn waits(&self, hits: &Hits, chunk: usize) -> bool {
        self.back.iter().any(|&seq| seq / CHUNK_ROWS as u64 == chunk as u64 && !hits.knows(seq))
    }

    fn count(&mut self, seq: u64, rows: &Rows<'_>, timed: Timed<'_>) {
        let Some(row) = rows.store.row(seq) else { return };
        let RowKind::Call(call) = &row.kind else { return self.histogram.add_row(&row, true) };
        self.histogram.add_row(&row, timed(seq, call));
        if call.outcome.is_none() {
            self.ongoing.insert(seq);
        }
        // No filter sees what the vDSO answers.
        if !call.marks.has(Marks::VDSO)
            && let Some(action) = rows.action(seq)
        {
            self.blocked.add(call.arch, call.nr, action);
        }
    }

    /// Calls that have come back: they are whole now, or match no more.
    fn look_again(&mut self, hits: &Hits, rows: &Rows<'_>, timed: Timed<'_>) {
        let back = std::mem::take(&mut self.back).into_iter();
        let (known, unknown): (Vec<u64>, Vec<u64>) = back.partition(|&seq| hits.knows(seq));
        self.back = unknown;
        for seq in known {
            let Some(RowKind::Call(call)) = rows.store.row(seq).map(|row| row.kind) else { continue };
            let (matches, answer) = (hits.has(seq), call.marks.has(Marks::VDSO));
            if (!matches || answer)
                && let Some(action) = rows.action(seq)
            {
                self.blocked.remove(call.arch, call.nr, action);
            }
            if matches {
                self.histogram.complete(rows.store, seq, timed(seq, &call));
                continue;
            }
            self.histogram.remove_ongoing(rows.store, seq);
            let (chunk, row) = (seq / CHUNK_ROWS as u64, seq % CHUNK_ROWS as u64);
            self.counted[chunk as usize].remove(row as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{self, Arch};
    use crate::decode;
    use crate::model::{Batch, Enter, Event, EventKind, Exit, NewTask, Origin, Outcome, Store, TaskId};
    use crate::query::Filter;
    use crate::tui::state::narrow::{Narrow, RowFilter};

    fn begin(task: u32) -> Event {
        let (tid, comm, ns) = (100 + task as i32, b"a".to_vec(), Default::default());
        let new = NewTask { tid, tgid: tid, parent: None, origin: Origin::Launch, comm, ns, image: None };
        Event { task: TaskId(task), t_ns: 0, kind: EventKind::NewTask(Box::new(new)) }
    }

    fn enter(task: u32, t_ns: u64, call: &str) -> Event {
        let nr = abi::number(Arch::X86_64, call).expect("a call");
        let enter = Enter { arch: Arch::X86_64, nr, args: [0; 6], ip: 0, sp: 0, regions: 0..0 };
        Event { task: TaskId(task), t_ns, kind: EventKind::Enter(enter) }
    }

    fn exit(task: u32, t_ns: u64, outcome: Outcome) -> Event {
        Event { task: TaskId(task), t_ns, kind: EventKind::Exit(Exit { outcome, marks: Marks::NONE, regions: 0..0 }) }
    }

    /// Counts of a histogram: name, calls, errors, time.
    fn lines(histogram: &Histogram) -> Vec<(String, u64, u64, u64)> {
        let line = |row: &crate::stats::CallStats| {
            (decode::call_name(row.arch, row.nr).into_owned(), row.count, row.errors, row.total_ns)
        };
        let mut lines: Vec<_> = histogram.rows().map(line).filter(|line| line.1 > 0).collect();
        lines.sort();
        lines
    }

    /// Appends the batches one by one and counts after each; what is counted must be what the rows that match give.
    fn follow(text: &str, batches: Vec<Vec<Event>>) -> Vec<(String, u64, u64, u64)> {
        let (filter, options) = (Filter::parse(text).expect("a filter"), decode::Options::default());
        let mut store = Store::new();
        let mut narrow = Narrow::new(RowFilter::Query { filter: Box::new(filter.clone()), text: text.into() });
        for events in std::iter::once(vec![begin(0), begin(1)]).chain(batches) {
            let changes = store.append(&Batch { events, ..Batch::default() });
            narrow.revise(&changes);
            let rows = Rows { store: &store, judge: None, options: &options };
            // A count before all is looked at must not break it.
            narrow.count(&rows, &|_, _| true);
            while narrow.slice(&rows) {}
            while narrow.count(&rows, &|_, _| true) {}
            assert!(narrow.counted());
            let matching = (0..store.len()).filter(|&seq| rows.ask(|context| filter.matches(context, seq)));
            assert_eq!(lines(narrow.tally().histogram()), lines(&Histogram::over(&store, matching)), "{text}");
        }
        lines(narrow.tally().histogram())
    }

    #[test]
    fn calls_that_come_back_later_are_completed_or_taken_out() {
        let batches = || {
            vec![
                vec![enter(0, 0, "read"), enter(1, 1, "openat")],
                vec![exit(0, 50, Outcome::Failed(11)), enter(0, 60, "read")],
                vec![exit(1, 61, Outcome::Returned(3)), exit(0, 70, Outcome::Returned(0)), enter(1, 80, "close")],
            ]
        };
        assert_eq!(follow("read", batches()), [("read".into(), 2, 1, 60)]);
        assert_eq!(follow("err", batches()), [("read".into(), 1, 1, 50)]);
        assert_eq!(follow("unfinished", batches()), [("close".into(), 1, 0, 0)]);
        assert_eq!(follow("not unfinished", batches()).len(), 2);
    }

    #[test]
    fn more_rows_than_a_chunk_are_counted_in_slices() {
        let calls = CHUNK_ROWS as u64 + 10;
        let events = (0..calls).flat_map(|i| [enter(0, 3 * i, "read"), exit(0, 3 * i + 2, Outcome::Returned(0))]);
        assert_eq!(follow("!openat", vec![events.collect()]), [("read".into(), calls, 0, 2 * calls)]);
    }
}
