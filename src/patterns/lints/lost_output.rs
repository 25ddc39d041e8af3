//! Output that is lost while the program goes on as though nothing had happened: writes to a pipe or socket whose reader is gone,
//! to a full disk, to a broken one. The first failure is none: it is what follows that shows it was ignored.

use super::super::finding::{Finding, Severity};
use super::super::memory::{Found, Program, Recent};
use super::super::seen::{Seen, Wants};
use super::super::words::{Words, descriptor, printable};
use super::{Lint, errno};
use crate::abi::Call;
use crate::decode;
use crate::model::{Store, TaskId};
use crate::stats::transfer;

#[derive(Debug, Default)]
pub struct LostOutput {
    /// The failed writes to a descriptor: errno and row.
    failed: Recent<(TaskId, i32), Option<(u16, u64)>>,
    found: Found<(Program, u16)>,
}

impl Lint for LostOutput {
    fn about(&self) -> (&'static str, &'static str) {
        ("lost-output", "writes that go on after one has failed")
    }

    fn wants(&self, call: &Call) -> Wants {
        match transfer(call.name) {
            Some(moves) if moves.to == Some(0) => Wants::All,
            _ => Wants::Nothing,
        }
    }

    fn call(&mut self, seen: &Seen<'_>) {
        let lost = seen
            .failed()
            .filter(|errno| matches!(*errno, errno::EPIPE | errno::ENOSPC | errno::EIO | errno::EDQUOT | errno::EFBIG));
        if lost.is_none() && self.failed.is_empty() {
            return;
        }
        let key = (seen.task, seen.fd(0));
        let before = match lost {
            Some(errno) => self.failed.entry(key).replace((errno, seen.seq)),
            // Other errors say nothing.
            None if seen.failed().is_some() => return,
            None => self.failed.get_mut(key).and_then(Option::take),
        };
        let Some((errno, row)) = before else { return };
        let Some(tally) = self.found.tally((seen.program(), errno), seen.task) else { return };
        if tally.rows.last() != Some(&row) {
            tally.add(row);
        }
        tally.add(seen.seq);
        if tally.subject.is_empty() {
            tally.subject = descriptor(seen.descriptor(key.1).as_ref(), key.1);
        }
    }

    fn findings(&self, _: &Store, out: &mut Vec<Finding>) {
        for (&(program, errno), tally) in self.found.iter() {
            let (name, _) = decode::errno_name(errno).unwrap_or(("?", ""));
            let why = match errno {
                errno::EPIPE => {
                    "Nobody reads any more. The program keeps or ignores SIGPIPE, so each further write is work for nothing."
                }
                errno::EIO => {
                    "The device could not take what was written before; what follows is not the whole output."
                }
                _ => "There was no room for what was written before, so the output has a gap or is cut.",
            };
            out.push(
                Words {
                    lint: "lost-output",
                    severity: Severity::Fault,
                    title: format!("goes on writing to {} after {name}", printable(&tally.subject)),
                    why: why.into(),
                    advice: "Check the result of every write, and of fsync and close at the end; stop at the first that fails.",
                }
                .of(program, tally),
            );
        }
    }
}
