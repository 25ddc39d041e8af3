//! Many processes, or threads, that live only for a moment. Left out: what they did.

use super::super::finding::{Finding, Severity};
use super::super::memory::{Found, Program, Recent};
use super::super::seen::Wants;
use super::super::words::{Words, time};
use super::Lint;
use crate::abi::Call;
use crate::model::{Origin, Row, RowKind, Store, TaskId};

/// A process that lives shorter is short-lived, and a thread, in nanoseconds; under tracing both live longer than alone.
const SHORT_NS: u64 = 100_000_000;
const SHORT_THREAD_NS: u64 = 10_000_000;
/// Of which so many are many.
const MANY: u64 = 20;
const MANY_THREADS: u64 = 50;

#[derive(Debug, Default)]
pub struct Forks {
    /// Tasks that began, with their rows.
    began: Recent<TaskId, u64>,
    found: Found<(Program, bool)>,
}

impl Lint for Forks {
    fn about(&self) -> (&'static str, &'static str) {
        ("fork-storm", "many processes or threads that live only for a moment")
    }

    fn wants(&self, _: &Call) -> Wants {
        Wants::Nothing
    }

    fn event(&mut self, store: &Store, seq: u64, row: &Row) {
        match &row.kind {
            RowKind::NewTask(new) if new.parent.is_some() => *self.began.entry(row.task) = seq,
            RowKind::TaskEnd(_) => {
                let Some(began) = self.began.remove(row.task) else { return };
                let Some(task) = store.task(row.task) else { return };
                let thread = task.origin == Origin::Thread;
                let lived_ns = row.t_ns.saturating_sub(task.started_ns);
                let (Some(parent), true) = (task.parent, lived_ns < if thread { SHORT_THREAD_NS } else { SHORT_NS })
                else {
                    return;
                };
                if let Some(tally) = self.found.tally((Program::at(store, parent, began), thread), parent) {
                    tally.add(began);
                    tally.total_ns += lived_ns;
                }
            }
            _ => {}
        }
    }

    fn findings(&self, _: &Store, out: &mut Vec<Finding>) {
        for (&(program, thread), tally) in self.found.iter() {
            if tally.count < if thread { MANY_THREADS } else { MANY } {
                continue;
            }
            let (what, why, advice) = match thread {
                true => (
                    "threads",
                    "To start a thread and to end it takes a dozen calls; little work was done in between.",
                    "Keep a few threads and give them the work (a pool).",
                ),
                false => (
                    "processes",
                    "To start a program takes a hundred calls and more before it does anything of its own.",
                    "In a shell, use what it can do itself (${name##*/} for basename, $((...)) for expr), or one program for many \
                     files (xargs, find -exec ... +). A build cannot help it.",
                ),
            };
            let each = time(tally.total_ns / tally.count.max(1));
            let finding = Words {
                lint: "fork-storm",
                severity: if tally.count >= 10 * MANY { Severity::Remark } else { Severity::Note },
                title: format!("started {what} that lived {each} on average"),
                why: why.into(),
                advice,
            }
            .of(program, tally);
            out.push(Finding { unit: what, ..finding });
        }
    }
}
