//! sched_yield(2) in a row: a lock that is waited for by asking again and again.

use super::super::finding::{Finding, Severity};
use super::super::memory::{Found, Program, Recent, Streak};
use super::super::seen::{Seen, Wants};
use super::super::words::Words;
use super::Lint;
use crate::abi::Call;
use crate::model::{Store, TaskId};

/// Yields in a row that are many.
const MANY: usize = 50;
/// What comes later belongs to no row, in nanoseconds.
const PAUSE_NS: u64 = 5_000_000;

#[derive(Debug, Default)]
pub struct Yields {
    streaks: Recent<TaskId, Streak>,
    found: Found<Program>,
}

impl Lint for Yields {
    fn about(&self) -> (&'static str, &'static str) {
        ("yield", "sched_yield again and again")
    }

    fn wants(&self, call: &Call) -> Wants {
        if call.name == "sched_yield" { Wants::Successes } else { Wants::Nothing }
    }

    fn call(&mut self, seen: &Seen<'_>) {
        let streak = self.streaks.entry(seen.task);
        if seen.t_ns.saturating_sub(streak.last_ns) > PAUSE_NS {
            streak.reset();
        }
        streak.last_ns = seen.end_ns();
        let found = &mut self.found;
        streak.add(seen.seq, MANY, |row| found.add(seen.program(), seen.task, row));
    }

    fn findings(&self, _: &Store, out: &mut Vec<Finding>) {
        for (&program, tally) in self.found.iter() {
            out.push(
                Words {
                    lint: "yield",
                    severity: Severity::Remark,
                    title: "waits by giving up the processor again and again (sched_yield)".into(),
                    why: "Who waits so keeps a processor busy, and the kernel cannot know for whom it waits.".into(),
                    advice: "Use a lock that sleeps: a mutex, which waits in futex(2).",
                }
                .of(program, tally),
            );
        }
    }
}
