//! Processes that a signal ended: a crash, the end of a pipe, SIGKILL.

use super::super::finding::{Finding, Severity};
use super::super::memory::{Found, Program, Recent};
use super::super::seen::Wants;
use super::super::words::Words;
use super::Lint;
use crate::abi::Call;
use crate::decode;
use crate::model::{Row, RowKind, Store, TaskEnd};

const SIGILL: u8 = 4;
const SIGTRAP: u8 = 5;
const SIGABRT: u8 = 6;
const SIGBUS: u8 = 7;
const SIGFPE: u8 = 8;
const SIGKILL: u8 = 9;
const SIGSEGV: u8 = 11;
const SIGPIPE: u8 = 13;
const SIGSYS: u8 = 31;

#[derive(Debug, Default)]
pub struct Crash {
    /// The newest signal of a process: number and row.
    signals: Recent<i32, (u8, u64)>,
    found: Found<(Program, u8)>,
}

impl Lint for Crash {
    fn about(&self) -> (&'static str, &'static str) {
        ("killed", "programs that a signal ended")
    }

    fn wants(&self, _: &Call) -> Wants {
        Wants::Nothing
    }

    fn event(&mut self, store: &Store, seq: u64, row: &Row) {
        let Some(task) = store.task(row.task) else { return };
        match &row.kind {
            RowKind::Signal(signal) => *self.signals.entry(task.tgid) = (signal.number, seq),
            // All threads end by it; one counts.
            RowKind::TaskEnd(TaskEnd::Killed { signal, .. }) if task.is_leader() => {
                let Some(tally) = self.found.tally((Program::at(store, row.task, seq), *signal), row.task) else {
                    return;
                };
                match self.signals.get_mut(task.tgid) {
                    Some((number, cause)) if number == signal => tally.add(*cause),
                    _ => tally.add(seq),
                }
            }
            _ => {}
        }
    }

    fn findings(&self, _: &Store, out: &mut Vec<Finding>) {
        for (&(program, signal), tally) in self.found.iter() {
            let name = decode::signal_name(signal);
            let (severity, why, advice) = match signal {
                SIGSEGV | SIGBUS => (
                    Severity::Fault,
                    "It used an address that it may not use: a bad pointer, an index beyond the end, a stack that overflowed.",
                    "Look at the address in the signal's row and at the calls before it; gdb or a core file shows the line.",
                ),
                SIGABRT => (
                    Severity::Fault,
                    "It gave up by itself: an assertion, an exception nobody caught, damage that malloc noticed.",
                    "Read what it wrote to standard error just before.",
                ),
                SIGILL | SIGFPE | SIGTRAP => (
                    Severity::Fault,
                    "An instruction could not be carried out: a division by zero, or one that this processor does not have.",
                    "gdb or a core file shows the line.",
                ),
                SIGSYS => (
                    Severity::Fault,
                    "A seccomp filter forbids a call that it made.",
                    "The row before shows which call; s judges all of them by a profile.",
                ),
                SIGPIPE => (
                    Severity::Note,
                    "It wrote to a pipe whose reader had gone, as in `yes | head`; in a pipeline that is how the writer learns to stop.",
                    "Usually nothing.",
                ),
                SIGKILL => (
                    Severity::Remark,
                    "It could do nothing about it: somebody killed it, a limit was passed, or memory ran out.",
                    "Look for kill(2) in the trace, and for the OOM killer in the kernel's log.",
                ),
                _ => (Severity::Note, "Somebody asked it to end, and it had no handler for it.", "Usually nothing."),
            };
            out.push(
                Words { lint: "killed", severity, title: format!("was ended by {name}"), why: why.into(), advice }
                    .of(program, tally),
            );
        }
    }
}
