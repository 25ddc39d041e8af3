//! EAGAIN again and again on the same descriptor, without waiting in between. One EAGAIN between two waits is how event
//! loops learn that they have read all.

use super::super::finding::{Finding, Severity};
use super::super::memory::{Found, Program, Recent, Streak};
use super::super::seen::{Seen, Wants};
use super::super::words::{Words, descriptor, printable};
use super::{Lint, errno};
use crate::abi::Call;
use crate::model::{Store, TaskId};
use crate::stats::{transfer, waits};

/// Failures in a row that are many.
const MANY: usize = 10;

#[derive(Debug, Default)]
struct Spinning {
    streak: Streak,
    /// The number of the task's waits by then.
    waits: u64,
}

#[derive(Debug, Default)]
pub struct Spin {
    spinning: Recent<(TaskId, i32), Spinning>,
    waits: Recent<TaskId, u64>,
    found: Found<(Program, &'static str)>,
}

fn tries(name: &str) -> bool {
    transfer(name).is_some()
        || matches!(name, "accept" | "accept4" | "connect" | "flock" | "fcntl" | "fcntl64" | "recvmmsg" | "sendmmsg")
}

fn rests(name: &str) -> bool {
    !tries(name) && waits(name, "")
}

impl Lint for Spin {
    fn about(&self) -> (&'static str, &'static str) {
        ("spin", "EAGAIN again and again without waiting in between")
    }

    fn wants(&self, call: &Call) -> Wants {
        match call.name {
            name if rests(name) => Wants::All,
            name if tries(name) => Wants::All,
            _ => Wants::Nothing,
        }
    }

    fn needs_every_call(&self) -> bool {
        true
    }

    fn call(&mut self, seen: &Seen<'_>) {
        // Most programs never see EAGAIN.
        let again = seen.failed() == Some(errno::EAGAIN);
        if !again && self.spinning.is_empty() {
            return;
        }
        let name = seen.call.name;
        if rests(name) {
            if let Some(waits) = self.waits.get_mut(seen.task) {
                *waits += 1;
            }
            return;
        }
        let key = (seen.task, seen.fd(0));
        if !again {
            if seen.failed().is_none()
                && let Some(spinning) = self.spinning.get_mut(key)
            {
                spinning.streak.reset();
            }
            return;
        }
        let waits = *self.waits.entry(seen.task);
        let spinning = self.spinning.entry(key);
        if spinning.waits != waits {
            spinning.waits = waits;
            spinning.streak.reset();
        }
        let found = &mut self.found;
        spinning.streak.add(seen.seq, MANY, |row| {
            if let Some(tally) = found.tally((seen.program(), name), seen.task) {
                tally.add(row);
                if tally.subject.is_empty() {
                    tally.subject = descriptor(seen.descriptor(key.1).as_ref(), key.1);
                }
            }
        });
    }

    fn findings(&self, _: &Store, out: &mut Vec<Finding>) {
        for (&(program, call), tally) in self.found.iter() {
            out.push(
                Words {
                    lint: "spin",
                    severity: Severity::Remark,
                    title: format!("tries {call} on {} again at once after EAGAIN", printable(&tally.subject)),
                    why: "EAGAIN says: not now. To try again at once takes a whole processor until something comes.".into(),
                    advice: "Wait with poll(2) or epoll_wait(2) until the descriptor is ready, or take O_NONBLOCK away.",
                }
                .of(program, tally),
            );
        }
    }
}
