//! The same call with the same arguments that fails in the same way again and again: an error that nobody took to heart, or a
//! loop that waits for something to appear. Left out: errors that have a lint of their own, and those that are no failures.

use super::super::finding::{Finding, Severity};
use super::super::memory::{Found, Program, Recent, Streak, mix, together};
use super::super::seen::{Process, Processes, Seen, Wants};
use super::super::words::{Words, many, printable};
use super::{Lint, errno};
use crate::abi::{Call, Type};
use crate::decode;
use crate::model::{Row, Store};

/// Times that are many.
const MANY: usize = 10;

#[derive(Debug, Default)]
pub struct RepeatedError {
    streaks: Recent<(Process, u64), Streak>,
    processes: Processes,
    found: Found<(Program, &'static str, u16, u64)>,
}

impl Lint for RepeatedError {
    fn about(&self) -> (&'static str, &'static str) {
        ("repeated-error", "the same call that fails in the same way again and again")
    }

    fn wants(&self, call: &Call) -> Wants {
        // Locks and waits fail by their nature.
        if call.name.starts_with("futex") || call.name.starts_with("wait") { Wants::Nothing } else { Wants::Failures }
    }

    fn call(&mut self, seen: &Seen<'_>) {
        let Some(errno) = seen.failed() else { return };
        let elsewhere = match errno {
            errno::EINTR | errno::EAGAIN | errno::EINPROGRESS | errno::ETIMEDOUT | errno::ECHILD | errno::EFAULT => {
                true
            }
            errno::ENOSYS | errno::EMFILE | errno::ENFILE | errno::EPIPE => true,
            // Asked so: is it a terminal, can one seek in it, is it a link? This is a no, and no failure.
            errno::ENOTTY | errno::ESPIPE => true,
            errno::EINVAL => seen.call.name.starts_with("readlink"),
            errno::EBADF => seen.call.name == "close",
            _ => errno::RESTARTS.contains(&errno),
        };
        if elsewhere {
            return;
        }
        // Arguments that lead to memory say nothing by their address; the path among them is looked at.
        let numbers = seen.call.args.iter().zip(seen.row.args).filter(|(arg, _)| matches!(arg.ty, Type::Num { .. }));
        let path = seen.path_key();
        let start = mix(seen.row.nr, path.unwrap_or(0)) ^ u64::from(errno);
        let key = numbers.fold(start, |sum, (_, raw)| mix(sum, raw));
        let found = &mut self.found;
        self.streaks.entry((self.processes.of(seen), key)).add(seen.seq, MANY, |row| {
            let subject = path.unwrap_or(seen.row.args[0]);
            if let Some(tally) = found.tally((seen.program(), seen.call.name, errno, subject), seen.task) {
                tally.add(row);
                if tally.subject.is_empty() && path.is_some() {
                    tally.subject = seen.whole_path().unwrap_or_default();
                }
            }
        });
    }

    fn event(&mut self, store: &Store, _: u64, row: &Row) {
        self.processes.event(store, row);
    }

    fn findings(&self, _: &Store, out: &mut Vec<Finding>) {
        let key = |&(program, call, errno, _): &(Program, &'static str, u16, u64)| (program, call, errno);
        for ((program, call, errno), tally, others) in together(&self.found, key) {
            let (name, text) = decode::errno_name(errno).unwrap_or(("?", "an unknown error"));
            let on = match (tally.subject.as_slice(), others) {
                ([], _) => String::new(),
                (path, 0) => format!(" of {}", printable(path)),
                (path, others) => format!(" of {} and {}", printable(path), many(others, "other", "others")),
            };
            out.push(
                Words {
                    lint: "repeated-error",
                    // Files that are not there are often asked for; a wait for one is found by its sleeps.
                    severity: if errno == errno::ENOENT { Severity::Note } else { Severity::Remark },
                    title: format!("{call}{on} fails with {name} again and again"),
                    why: format!("{text}. The program goes on and asks the same again; nothing has changed in between."),
                    advice: "If it waits for something, wait for the event (inotify(7), poll(2)); if not, remember the answer or \
                             stop after the first failure.",
                }
                .of(program, &tally),
            );
        }
    }
}
