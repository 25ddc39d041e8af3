//! What the index of a chunk says about a filter: rows that fit for certain, and rows that must be looked at to know.
//!
//! Every part of a filter has two bounds, bitmaps over the rows of one chunk: what fits for certain (the lower one) and
//! what may fit (the upper one). Parts are put together as sets, so that a filter over calls, tasks, errors, descriptors
//! and row numbers alone is answered without a look at any row, and others look at few. Left out: looking (`plan`).

use std::cell::OnceCell;
use std::ops::Range;

use roaring::RoaringBitmap;

use super::expr::Compare;
use super::numbers::Numbers;
use super::plan::{Plan, descends};
use crate::abi::Arch;
use crate::model::{CHUNK_ROWS, Index, Marks, Store, TaskId};

/// Rows of a chunk, counted from its first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bounds {
    /// They fit.
    pub surely: RoaringBitmap,
    /// Only a look at each tells; none of the others fits.
    pub perhaps: RoaringBitmap,
}

/// Both bounds of a part; without an upper one they are the same.
struct Both {
    lower: RoaringBitmap,
    upper: Option<RoaringBitmap>,
}

struct Chunk<'a> {
    store: &'a Store,
    index: &'a Index,
    /// Its first row's number in the store.
    first: u64,
    /// The rows that are asked about.
    all: RoaringBitmap,
    calls: OnceCell<RoaringBitmap>,
}

/// The bounds of a filter for some rows of a chunk.
pub(super) fn bounds(plan: &Plan, store: &Store, chunk: usize, rows: Range<u32>) -> Bounds {
    let Some(index) = store.index(chunk) else { return Bounds::default() };
    let all = span(rows);
    let first = (chunk * CHUNK_ROWS) as u64;
    let chunk = Chunk { store, index: &index, first, all, calls: OnceCell::new() };
    let Both { lower, upper } = chunk.of(plan);
    let surely = lower & &chunk.all;
    let perhaps = upper.map_or_else(RoaringBitmap::new, |upper| (upper & &chunk.all) - &surely);
    Bounds { surely, perhaps }
}

impl Chunk<'_> {
    fn of(&self, plan: &Plan) -> Both {
        match plan {
            Plan::Everything => exactly(self.all.clone()),
            Plan::All(parts) => self.together(parts, |a, b| a & b),
            Plan::Any(parts) => self.together(parts, |a, b| a | b),
            Plan::Not(part) => {
                let Both { lower, upper } = self.of(part);
                match upper {
                    None => exactly(&self.all - lower),
                    Some(upper) => Both { upper: Some(&self.all - lower), lower: &self.all - upper },
                }
            }
            Plan::Numbers(numbers) => {
                exactly(self.of_calls(numbers) | self.of_answers(|nr| numbers.contains(Arch::X86_64, nr)))
            }
            Plan::Failed(Some(errno)) => exactly(self.index.errno(*errno).cloned().unwrap_or_default()),
            // Restart codes are no errors.
            Plan::Failed(None) => exactly(union(
                self.index.errnos().filter(|(errno, _)| !(512..=516).contains(errno)).map(|(_, rows)| rows),
            )),
            Plan::Pid(pid) => self.of_tasks(|task| self.store.task(task).is_some_and(|t| t.tgid == *pid)),
            Plan::Tid(tid) => self.of_tasks(|task| self.store.task(task).is_some_and(|t| t.tid == *tid)),
            Plan::Tree(pid) => self.of_tasks(|task| descends(self.store, task, *pid)),
            Plan::Task(pattern) => {
                let of = |every: bool| {
                    self.rows_of_tasks(|task| {
                        let Some(task) = self.store.task(task) else { return false };
                        let mut fit = task.comms().map(|comm| pattern.is_in(comm));
                        if every { fit.all(|fits| fits) } else { fit.any(|fits| fits) }
                    })
                };
                Both { lower: of(true), upper: Some(of(false)) }
            }
            Plan::Fd(fd, handing_out) => {
                let lower = self.index.descriptor(*fd).cloned().unwrap_or_default();
                let others = self.of_calls(handing_out);
                match others.is_empty() {
                    true => exactly(lower),
                    false => Both { upper: Some(&lower | others), lower },
                }
            }
            Plan::Row(compare, row) => exactly(self.compared(*compare, *row)),
            Plan::Argument(_, having) | Plan::Bytes(.., having) => self.at_most(self.of_calls(having)),
            Plan::Marked(marks) if marks.has(Marks::VDSO) => self.at_most(self.calls() | self.of_answers(|_| true)),
            Plan::Result(..)
            | Plan::Duration(..)
            | Plan::FdUse(..)
            | Plan::Unfinished
            | Plan::Marked(_)
            | Plan::Blocked(_)
            | Plan::Rule(_) => self.at_most(self.calls().clone()),
            Plan::Signal(_) | Plan::Exec => self.at_most(&self.all - self.calls()),
            Plan::Time(..) | Plan::Opened(_) | Plan::Path(_) | Plan::Cwd(_) | Plan::Text(_) => {
                self.at_most(self.all.clone())
            }
        }
    }

    fn together(&self, parts: &[Plan], join: fn(RoaringBitmap, &RoaringBitmap) -> RoaringBitmap) -> Both {
        let mut parts = parts.iter().map(|part| self.of(part));
        let Some(first) = parts.next() else { return exactly(RoaringBitmap::new()) };
        parts.fold(first, |all, part| {
            let upper = match (&all.upper, &part.upper) {
                (None, None) => None,
                (a, b) => {
                    let a = a.as_ref().unwrap_or(&all.lower).clone();
                    Some(join(a, b.as_ref().unwrap_or(&part.lower)))
                }
            };
            Both { lower: join(all.lower, &part.lower), upper }
        })
    }

    fn at_most(&self, upper: RoaringBitmap) -> Both {
        Both { lower: RoaringBitmap::new(), upper: Some(upper) }
    }

    fn of_calls(&self, numbers: &Numbers) -> RoaringBitmap {
        union(self.index.calls().filter(|((arch, nr), _)| numbers.contains(*arch, *nr)).map(|(_, rows)| rows))
    }

    /// Rows that count answers of the vDSO.
    fn of_answers(&self, wanted: impl Fn(u64) -> bool) -> RoaringBitmap {
        union(self.index.answers().filter(|(nr, _)| wanted(*nr)).map(|(_, rows)| rows))
    }

    fn calls(&self) -> &RoaringBitmap {
        self.calls.get_or_init(|| union(self.index.calls().map(|(_, rows)| rows)))
    }

    fn of_tasks(&self, wanted: impl Fn(TaskId) -> bool) -> Both {
        exactly(self.rows_of_tasks(wanted))
    }

    fn rows_of_tasks(&self, wanted: impl Fn(TaskId) -> bool) -> RoaringBitmap {
        union(self.index.tasks().filter(|(task, _)| wanted(*task)).map(|(_, rows)| rows))
    }

    fn compared(&self, compare: Compare, row: u64) -> RoaringBitmap {
        // The row's place in this chunk, or the end beyond it that it lies behind.
        let end = CHUNK_ROWS as u64;
        let at = row.saturating_sub(self.first).min(end) as u32;
        let here = (self.first..self.first + end).contains(&row);
        let (below, equal) = (span(0..at), RoaringBitmap::from_iter(here.then_some(at)));
        match compare {
            Compare::Less => below,
            Compare::LessOrEqual => below | equal,
            Compare::Equal => equal,
            Compare::NotEqual => &self.all - equal,
            Compare::GreaterOrEqual => &self.all - below,
            Compare::Greater => &self.all - (below | equal),
        }
    }
}

fn exactly(lower: RoaringBitmap) -> Both {
    Both { lower, upper: None }
}

fn union<'a>(parts: impl Iterator<Item = &'a RoaringBitmap>) -> RoaringBitmap {
    parts.fold(RoaringBitmap::new(), |all, part| all | part)
}

fn span(rows: Range<u32>) -> RoaringBitmap {
    let mut span = RoaringBitmap::new();
    span.insert_range(rows);
    span
}
