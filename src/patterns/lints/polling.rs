//! Loops that ask again and again whether something has happened: poll(2), select(2), epoll_wait(2) that end by their short
//! timeout, and short sleeps in a row. Left out: how long was asked for; the time that passed is what counts.

use super::super::finding::{Finding, Severity};
use super::super::memory::{Found, Program, Recent, Streak};
use super::super::seen::{Seen, Wants};
use super::super::words::{Words, time};
use super::{Lint, polls};
use crate::abi::Call;
use crate::model::{Store, TaskId};

/// Waits that end so soon are short, in nanoseconds.
const SHORT_NS: u64 = 250_000_000;
/// Who waits less than this does not wait at all, in nanoseconds; the tracer's own time is in it.
const NOTHING_NS: u64 = 1_000_000;
/// What comes later belongs to no row of waits, in nanoseconds.
const PAUSE_NS: u64 = 250_000_000;
/// Waits in a row that are many; of those that do not wait.
const MANY: usize = 10;
const MANY_WITHOUT: usize = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Sleep,
    Timeout,
    Without,
}

#[derive(Debug, Default)]
pub struct Polling {
    streaks: Recent<(TaskId, Kind), Streak>,
    found: Found<(Program, &'static str, Kind)>,
}

fn sleeps(name: &str) -> bool {
    matches!(name, "nanosleep" | "clock_nanosleep" | "clock_nanosleep_time64")
}

impl Lint for Polling {
    fn about(&self) -> (&'static str, &'static str) {
        ("polling", "short waits that end with nothing, again and again")
    }

    fn wants(&self, call: &Call) -> Wants {
        if sleeps(call.name) || polls(call.name) { Wants::Successes } else { Wants::Nothing }
    }

    fn call(&mut self, seen: &Seen<'_>) {
        let name = seen.call.name;
        if seen.returned() != Some(0) {
            // Something happened, so the waits before were not in vain.
            for kind in [Kind::Timeout, Kind::Without] {
                if let Some(streak) = self.streaks.get_mut((seen.task, kind)) {
                    streak.reset();
                }
            }
            return;
        }
        let Some(waited_ns) = seen.duration_ns.filter(|&ns| ns <= SHORT_NS) else { return };
        let kind = match waited_ns {
            _ if sleeps(name) => Kind::Sleep,
            NOTHING_NS.. => Kind::Timeout,
            _ => Kind::Without,
        };
        let streak = self.streaks.entry((seen.task, kind));
        if seen.t_ns.saturating_sub(streak.last_ns) > PAUSE_NS {
            streak.reset();
        }
        streak.last_ns = seen.end_ns();
        let (found, program) = (&mut self.found, seen.program());
        streak.add(seen.seq, if kind == Kind::Without { MANY_WITHOUT } else { MANY }, |row| {
            if let Some(tally) = found.tally((program, name, kind), seen.task) {
                tally.add(row);
                // The first that count come together; they were about as long.
                tally.total_ns += waited_ns;
            }
        });
    }

    fn findings(&self, _: &Store, out: &mut Vec<Finding>) {
        for (&(program, name, kind), tally) in self.found.iter() {
            let each = time(tally.total_ns / tally.count.max(1));
            let title = match kind {
                Kind::Sleep => format!("sleeps for about {each} again and again ({name})"),
                Kind::Timeout => format!("waits about {each} for events and gets none, again and again ({name})"),
                Kind::Without => format!("asks for events without waiting, and there are none ({name})"),
            };
            let why = match kind {
                Kind::Without => {
                    "Each round takes the processor, and no time passes in which something could happen: a busy loop."
                }
                _ => {
                    "Each round wakes the processor for nothing, and what is waited for is seen late by up to one round. A clock \
                     or an animation may need it."
                }
            };
            out.push(
                Words {
                    lint: "polling",
                    severity: Severity::Remark,
                    title,
                    why: why.into(),
                    advice: match kind {
                        Kind::Sleep => {
                            "Wait for the event itself: poll(2) on a descriptor, waitid(2) or a pidfd for a child, inotify(7) for a file."
                        }
                        Kind::Timeout => "Wait without a timeout, or with one until the next thing that is due (timerfd_create(2)).",
                        Kind::Without => "Give it a timeout, or -1 to wait until something happens.",
                    },
                }
                .of(program, tally),
            );
        }
    }
}
