//! An export that is being written, slice by slice, so that no frame waits for it.
//!
//! What it holds is the rows that there were when it began. Left out: what is asked before (`state::form`) and said after
//! (`app::export`).

use std::io;

use super::narrow::Rows;
use crate::query::Filter;
use crate::session::export::{Seen, Sink};

pub struct Export {
    sink: Box<dyn Sink>,
    /// Only rows that fit.
    filter: Option<Filter>,
    next: u64,
    end: u64,
    /// Rows written so far.
    pub written: u64,
    pub path: String,
}

impl Export {
    /// Of the first `rows` rows.
    pub fn new(sink: Box<dyn Sink>, filter: Option<Filter>, rows: u64, path: String) -> Export {
        Export { sink, filter, next: 0, end: rows, written: 0, path }
    }

    /// Looks at up to `budget` more rows; false once all is written.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn step(&mut self, rows: &Rows<'_>, budget: u64) -> io::Result<bool> {
        let seen = Seen { store: rows.store, judge: rows.judge };
        let slice = self.next..self.end.min(self.next.saturating_add(budget));
        self.next = slice.end;
        for seq in slice {
            let wanted = self.filter.as_ref().is_none_or(|filter| rows.ask(|context| filter.matches(context, seq)));
            if wanted {
                self.sink.row(seen, seq)?;
                self.written += 1;
            }
        }
        if self.next < self.end {
            return Ok(true);
        }
        self.sink.finish(seen)?;
        Ok(false)
    }

    pub fn percent(&self) -> u64 {
        self.next * 100 / self.end.max(1)
    }
}
