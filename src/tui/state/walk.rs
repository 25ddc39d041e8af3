//! Every call that is over, once: a walk over the rows in slices, which takes in calls that come back behind it.
//! Left out: what is done with the rows.

use roaring::RoaringBitmap;

use super::narrow::Narrow;
use crate::model::{CHUNK_ROWS, CallRow, Row, RowKind, Store};

#[derive(Debug, Default)]
pub struct Walk {
    /// The row that is to be looked at next.
    next: u64,
    /// Rows before it that have come back since.
    late: Vec<u64>,
}

impl Walk {
    /// A call has come back.
    pub fn completed(&mut self, seq: u64) {
        if seq < self.next {
            self.late.push(seq);
        }
    }

    /// Looks at up to `budget` more rows that match the filter; true if there was any to look at. `among`: rows of a chunk of
    /// which others are passed over without a look; None: none are.
    pub fn slice(
        &mut self,
        store: &Store,
        narrow: Option<&Narrow>,
        budget: usize,
        among: impl Fn(usize) -> Option<RoaringBitmap>,
        mut visit: impl FnMut(u64, &Row, &CallRow),
    ) -> bool {
        // What is not answered yet is waited for: each row is looked at once.
        if narrow.is_some_and(|narrow| narrow.left(store.len()) > 0) {
            return false;
        }
        let mut look = |seq: u64| {
            if narrow.is_none_or(|narrow| narrow.contains(seq))
                && let Some(row) = store.row(seq)
                && let RowKind::Call(call) = &row.kind
                && call.outcome.is_some()
            {
                visit(seq, &row, call);
            }
        };
        let (late, begun) = (std::mem::take(&mut self.late), self.next);
        late.iter().for_each(|&seq| look(seq));
        let mut left = budget;
        while left > 0 && self.next < store.len() {
            let chunk = (self.next / CHUNK_ROWS as u64) as usize;
            let first = (chunk * CHUNK_ROWS) as u64;
            let end = (first + CHUNK_ROWS as u64).min(store.len());
            match among(chunk) {
                Some(rows) => {
                    let from = (self.next - first) as u32;
                    let mut rows = rows.range(from..(end - first) as u32).map(|row| first + u64::from(row));
                    let mut last = None;
                    for seq in rows.by_ref().take(left) {
                        look(seq);
                        last = Some(seq);
                        left -= 1;
                    }
                    self.next = match (left, last) {
                        (0, Some(last)) => last + 1,
                        _ => end,
                    };
                    left = left.saturating_sub(1);
                }
                None => {
                    let stop = end.min(self.next + left as u64);
                    (self.next..stop).for_each(&mut look);
                    left -= (stop - self.next) as usize;
                    self.next = stop;
                }
            }
        }
        !late.is_empty() || self.next > begun
    }

    /// Rows that were not looked at.
    pub fn left(&self, stored: u64) -> u64 {
        stored.saturating_sub(self.next)
    }
}
