//! Which rows a filter matches, found in the background while the view goes on.
//!
//! The index of each chunk is asked first (`Filter::bounds`); what it leaves open is looked at row by row, from the rows in
//! view outwards, newest first. That is done between two looks at keys and messages, for a few milliseconds, by as many
//! threads as there are processors: nothing changes the store meanwhile, so nothing is locked or copied, and no answer is
//! ever about an older store. A call that completes later is looked at again, because its result can make it match.

use std::cell::Cell;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::thread;

use roaring::RoaringBitmap;

use super::hits::{Hits, Piece};
use super::tally::{Tally, Timed};
use crate::abi::Arch;
use crate::decode;
use crate::model::{Changes, RowKind, Store};
use crate::policy::{Action, Judge, Verdict};
use crate::query::{self, Bounds, Filter};

/// Rows that are looked at between two looks at the clock.
const PIECE_ROWS: usize = 256;
/// Fewer rows are not worth a thread.
const THREAD_ROWS: u64 = 4 * PIECE_ROWS as u64;
/// What one slice does: chunks whose index is asked, and pieces of rows that are looked at.
const SLICE_CHUNKS: usize = 8;
const SLICE_PIECES: usize = 4;
/// More threads do not help a view that also draws.
const MOST_THREADS: usize = 4;

/// What rows are shown.
#[derive(Debug, Clone)]
pub enum RowFilter {
    /// The rows of one call.
    Call { arch: Arch, nr: u64, name: String },
    /// What the user typed.
    Query { filter: Box<Filter>, text: String },
}

/// What a filter may look at.
#[derive(Clone, Copy)]
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

    /// What the loaded profile answers to a call.
    pub fn action(&self, seq: u64) -> Option<Action> {
        self.judge?;
        self.verdict(seq).map(|verdict| verdict.action)
    }

    fn verdict(&self, seq: u64) -> Option<Verdict> {
        let call = self.store.call(seq)?;
        let view = call.view();
        self.judge?.verdict_on(&view)
    }
}

impl RowFilter {
    /// Looks at the rows of a piece: which match.
    fn look(&self, rows: &Rows<'_>, piece: &Piece) -> RoaringBitmap {
        let matching =
            |fits: &dyn Fn(u64) -> bool| piece.rows.iter().copied().filter(|&row| fits(piece.seq(row))).collect();
        match self {
            RowFilter::Call { arch, nr, .. } => matching(&|seq| match rows.store.row(seq).map(|row| row.kind) {
                Some(RowKind::Call(call)) => call.arch == *arch && call.nr == *nr,
                Some(kind) => *arch == Arch::X86_64 && kind.unlogged() == Some(*nr),
                None => false,
            }),
            RowFilter::Query { filter, .. } => rows.ask(|context| matching(&|seq| filter.matches(context, seq))),
        }
    }

    fn bounds(&self, store: &Store, chunk: usize, rows: Range<u32>) -> Bounds {
        match self {
            RowFilter::Call { arch, nr, .. } => {
                let index = store.index(chunk);
                let mut surely = index.as_ref().and_then(|index| index.call(*arch, *nr).cloned()).unwrap_or_default();
                let answers = index.as_ref().into_iter().flat_map(|index| index.answers());
                for (_, rows) in answers.filter(|(counted, _)| *arch == Arch::X86_64 && counted == nr) {
                    surely |= rows;
                }
                surely.remove_range(..rows.start);
                surely.remove_range(rows.end..);
                Bounds { surely, perhaps: RoaringBitmap::new() }
            }
            RowFilter::Query { filter, .. } => filter.bounds(store, chunk, rows),
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
    hits: Hits,
    tally: Tally,
    /// The row that was selected when the filter was set, until the user selects another.
    pub anchor: Option<u64>,
    /// The row around which matches are wanted first.
    pub near: u64,
}

impl Narrow {
    pub fn new(filter: RowFilter) -> Narrow {
        Narrow { filter, hits: Hits::default(), tally: Tally::default(), anchor: None, near: u64::MAX }
    }

    /// Rows of which it is not known yet whether they match.
    pub fn left(&self, stored: u64) -> u64 {
        self.hits.left(stored)
    }

    /// Whether it is known if a row matches.
    pub fn knows(&self, seq: u64) -> bool {
        self.hits.knows(seq)
    }

    /// Asks the indexes about rows that are new, until `enough` says so.
    fn extend(&mut self, store: &Store, enough: &dyn Fn() -> bool) {
        while let Some((chunk, rows)) = self.hits.unseen(store.len(), self.near) {
            let end = rows.end;
            self.hits.extend(chunk, end, self.filter.bounds(store, chunk, rows));
            if enough() {
                break;
            }
        }
    }

    /// Does a little of what is left, in this thread; true if there was anything to do.
    pub fn slice(&mut self, rows: &Rows<'_>) -> bool {
        if self.left(rows.store.len()) == 0 {
            return false;
        }
        let asked = Cell::new(0);
        self.extend(rows.store, &|| asked.replace(asked.get() + 1) == SLICE_CHUNKS);
        for _ in 0..SLICE_PIECES {
            let Some(piece) = self.hits.take(self.near, PIECE_ROWS) else { break };
            let matching = self.filter.look(rows, &piece);
            self.hits.answer(&piece, &matching);
        }
        self.hits.count();
        true
    }

    /// Does what is left until `enough` says so, in several threads if it is much.
    pub fn run(&mut self, rows: &Rows<'_>, enough: &(dyn Fn() -> bool + Sync)) {
        self.extend(rows.store, enough);
        let near = self.near;
        let wanted = usize::try_from(self.hits.open() / THREAD_ROWS).unwrap_or(MOST_THREADS) + 1;
        let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS).min(wanted);
        let filter = &self.filter;
        let hits = Mutex::new(&mut self.hits);
        let look = &|filter: &RowFilter| {
            loop {
                // Nobody leaves it half-changed: what a thread that panics held is not used, for the panic goes on.
                let piece = hits.lock().unwrap_or_else(PoisonError::into_inner).take(near, PIECE_ROWS);
                let Some(piece) = piece else { break };
                let matching = filter.look(rows, &piece);
                hits.lock().unwrap_or_else(PoisonError::into_inner).answer(&piece, &matching);
                if enough() {
                    break;
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..threads {
                // Each has its own, for a regular expression keeps what it works with.
                let filter = filter.clone();
                scope.spawn(move || look(&filter));
            }
            look(filter);
        });
        self.hits.count();
    }

    /// Calls that were completed after they had been seen are looked at again.
    pub fn revise(&mut self, changes: &Changes) {
        for &seq in &changes.completed {
            self.hits.ask_again(seq);
            self.tally.came_back(seq);
        }
    }

    /// Counts a little of what was found and is not counted; true while there is more.
    pub fn count(&mut self, rows: &Rows<'_>, timed: Timed<'_>) -> bool {
        self.tally.slice(&mut self.hits, rows, timed)
    }

    /// Counts all anew: another profile was loaded.
    pub fn recount(&mut self) {
        self.tally = Tally::default();
        self.hits.all_changed();
    }

    /// All that was found so far is counted.
    pub fn counted(&self) -> bool {
        self.hits.changed().is_none()
    }

    /// The counts of the matching rows.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    pub fn seq_at(&self, position: u64) -> Option<u64> {
        self.hits.seq_at(position)
    }

    /// Whether a row is known to match.
    pub fn contains(&self, seq: u64) -> bool {
        self.hits.contains(seq)
    }

    pub fn hits(&self) -> &Hits {
        &self.hits
    }

    pub fn hits_mut(&mut self) -> &mut Hits {
        &mut self.hits
    }

    /// Matching rows with a smaller `seq`.
    pub fn count_before(&self, seq: u64) -> u64 {
        self.hits.count_before(seq)
    }
}
