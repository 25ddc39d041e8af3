//! The same piece of memory mapped and given back again and again: each time the kernel clears its pages anew.

use super::super::finding::{Finding, Severity};
use super::super::memory::{Found, Program, Recent, Streak};
use super::super::seen::{Seen, Wants};
use super::super::words::Words;
use super::Lint;
use crate::abi::Call;
use crate::model::{Store, TaskId};

/// Pairs in a row that are many.
const MANY: usize = 30;
const MAP_ANONYMOUS: u64 = 0x20;

#[derive(Debug, Default)]
struct Mapped {
    /// Address, length in bytes and row of the newest mapping.
    newest: Option<(u64, u64)>,
    length: u64,
    streak: Streak,
}

#[derive(Debug, Default)]
pub struct Churn {
    mapped: Recent<TaskId, Mapped>,
    found: Found<(Program, u64)>,
}

impl Lint for Churn {
    fn about(&self) -> (&'static str, &'static str) {
        ("memory-churn", "the same memory mapped and unmapped again and again")
    }

    fn wants(&self, call: &Call) -> Wants {
        if matches!(call.name, "mmap" | "mmap2" | "munmap") { Wants::Successes } else { Wants::Nothing }
    }

    fn call(&mut self, seen: &Seen<'_>) {
        let args = seen.row.args;
        if seen.call.name != "munmap" {
            let anonymous = args[3] & MAP_ANONYMOUS != 0;
            let newest = seen.returned().filter(|_| anonymous).map(|address| (address as u64, args[1]));
            if newest.is_some() {
                self.mapped.entry(seen.task).newest = newest;
            }
            return;
        }
        let Some(mapped) = self.mapped.get_mut(seen.task) else { return };
        if mapped.newest.take() != Some((args[0], args[1])) {
            return;
        }
        if mapped.length != args[1] {
            mapped.length = args[1];
            mapped.streak.reset();
        }
        let found = &mut self.found;
        mapped.streak.add(seen.seq, MANY, |row| found.add((seen.program(), args[1]), seen.task, row));
    }

    fn findings(&self, _: &Store, out: &mut Vec<Finding>) {
        for (&(program, length), tally) in self.found.iter() {
            out.push(
                Words {
                    lint: "memory-churn",
                    severity: Severity::Remark,
                    title: format!("maps {} KiB and gives them back again and again", length.div_ceil(1024)),
                    why: "The kernel clears the pages anew each time and each is a fault when it is first touched; that is slower \
                          than what the memory is used for."
                        .into(),
                    advice: "Allocate the buffer once and use it again; or let malloc keep it (M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of \
                             mallopt(3)).",
                }
                .of(program, tally),
            );
        }
    }
}
