//! Calls that a signal interrupted: EINTR, and the kernel's own codes for calls that it makes again or that end with EINTR.
//! Left out: those that exist to be interrupted.

use super::super::finding::{Finding, Severity};
use super::super::memory::{Found, Program};
use super::super::seen::{Seen, Wants};
use super::super::words::Words;
use super::{Lint, errno};
use crate::abi::Call;
use crate::model::Store;

/// Worth a word: EINTR at once, calls that go on by themselves when there are so many.
const MANY: u64 = 3;

#[derive(Debug, Default)]
pub struct Interrupted {
    found: Found<(Program, &'static str, bool)>,
}

impl Lint for Interrupted {
    fn about(&self) -> (&'static str, &'static str) {
        ("interrupted", "calls that a signal interrupted")
    }

    fn wants(&self, call: &Call) -> Wants {
        match call.name {
            "pause" | "sigsuspend" | "rt_sigsuspend" | "rt_sigtimedwait" | "rt_sigtimedwait_time64" => Wants::Nothing,
            _ => Wants::Failures,
        }
    }

    fn call(&mut self, seen: &Seen<'_>) {
        let restarts = match seen.failed() {
            Some(errno::EINTR) => false,
            Some(errno) if errno::RESTARTS.contains(&errno) => true,
            _ => return,
        };
        self.found.add((seen.program(), seen.call.name, restarts), seen.task, seen.seq);
    }

    fn findings(&self, _: &Store, out: &mut Vec<Finding>) {
        for (&(program, call, restarts), tally) in self.found.iter() {
            if restarts && tally.count < MANY {
                continue;
            }
            let (title, why) = match restarts {
                false => (
                    format!("{call} was interrupted by a signal (EINTR)"),
                    "It ended without having done its work. A program must make it again, or it takes the signal for a failure.",
                ),
                true => (
                    format!("{call} was interrupted by signals"),
                    "The kernel makes it again after the handler if that was installed with SA_RESTART; else the program gets EINTR.",
                ),
            };
            out.push(
                Words {
                    lint: "interrupted",
                    severity: Severity::Note,
                    title,
                    why: why.into(),
                    advice: "Look at the signal just before. Make the call again on EINTR, or install handlers with SA_RESTART, \
                             signal(7).",
                }
                .of(program, tally),
            );
        }
    }
}
