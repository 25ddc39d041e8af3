//! Calls that were given an address at which the program has no memory: EFAULT. Left out: reading another process's memory,
//! where it is the other's address.

use super::super::finding::{Finding, Severity};
use super::super::memory::{Found, Program};
use super::super::seen::{Seen, Wants};
use super::super::words::Words;
use super::{Lint, errno};
use crate::abi::Call;
use crate::model::Store;

#[derive(Debug, Default)]
pub struct BadPointer {
    found: Found<(Program, &'static str)>,
}

impl Lint for BadPointer {
    fn about(&self) -> (&'static str, &'static str) {
        ("bad-pointer", "calls that were given a bad address")
    }

    fn wants(&self, call: &Call) -> Wants {
        match call.name {
            "process_vm_readv" | "process_vm_writev" | "ptrace" | "move_pages" | "process_madvise" => Wants::Nothing,
            _ => Wants::Failures,
        }
    }

    fn call(&mut self, seen: &Seen<'_>) {
        if seen.failed() == Some(errno::EFAULT) {
            self.found.add((seen.program(), seen.call.name), seen.task, seen.seq);
        }
    }

    fn findings(&self, _: &Store, out: &mut Vec<Finding>) {
        for (&(program, call), tally) in self.found.iter() {
            out.push(
                Words {
                    lint: "bad-pointer",
                    severity: Severity::Fault,
                    title: format!("gives {call} an address at which it has no memory (EFAULT)"),
                    why: "Used by the program itself, the same pointer would end it with SIGSEGV. A few libraries do so on purpose, to \
                          ask whether an address can be read."
                        .into(),
                    advice: "Look at the arguments of the call: NULL, freed memory, or a length beyond the buffer's end.",
                }
                .of(program, tally),
            );
        }
    }
}
