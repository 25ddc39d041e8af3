//! Calls that the kernel does not know, or that a sandbox says it does not: ENOSYS.

use super::super::finding::{Finding, Severity};
use super::super::memory::{Found, Program};
use super::super::seen::{Seen, Wants};
use super::super::words::Words;
use super::{Lint, errno};
use crate::abi::Call;
use crate::model::{Marks, Store};

#[derive(Debug, Default)]
pub struct Unsupported {
    found: Found<(Program, &'static str, bool)>,
}

impl Lint for Unsupported {
    fn about(&self) -> (&'static str, &'static str) {
        ("unsupported", "calls that the kernel does not have (ENOSYS)")
    }

    fn wants(&self, _: &Call) -> Wants {
        Wants::Failures
    }

    fn call(&mut self, seen: &Seen<'_>) {
        if seen.failed() == Some(errno::ENOSYS) && !seen.row.marks.has(Marks::INJECTED) {
            let filtered = seen.row.marks.has(Marks::FILTERED);
            self.found.add((seen.program(), seen.call.name, filtered), seen.task, seen.seq);
        }
    }

    fn findings(&self, _: &Store, out: &mut Vec<Finding>) {
        for (&(program, call, filtered), tally) in self.found.iter() {
            let why = match filtered {
                true => "A seccomp filter answered, not the kernel.",
                false => {
                    "The kernel is older than the call, was built without it, or a sandbox (a container's seccomp profile) hides it."
                }
            };
            out.push(
                Words {
                    lint: "unsupported",
                    severity: Severity::Note,
                    title: format!("{call} is not to be had here (ENOSYS)"),
                    why: format!("{why} Libraries then take an older call."),
                    advice: "Usually nothing. If the program ends soon after, it knows no other way: a newer kernel or profile helps.",
                }
                .of(program, tally),
            );
        }
    }
}
