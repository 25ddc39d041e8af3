//! The same file opened, or asked about, again and again by one process, with success. Left out: failures
//! (`repeated_error`), and what /proc holds of other processes, which is another file for each.

use super::super::finding::{Finding, Severity};
use super::super::memory::{Found, Program, Recent, Streak, mix, together};
use super::super::seen::{Process, Processes, Seen, Wants};
use super::super::words::{Words, many, printable};
use super::{Lint, looks_up};
use crate::abi::Call;
use crate::model::{Row, Store};

/// Times that are many.
const MANY_OPENED: usize = 10;
const MANY_ASKED: usize = 20;

#[derive(Debug, Default)]
pub struct RepeatedPath {
    streaks: Recent<(Process, u64, bool), Streak>,
    processes: Processes,
    found: Found<(Program, u64, bool)>,
}

fn opens(name: &str) -> bool {
    name.starts_with("open")
}

impl Lint for RepeatedPath {
    fn about(&self) -> (&'static str, &'static str) {
        ("repeated-path", "the same file opened or asked about again and again")
    }

    fn wants(&self, call: &Call) -> Wants {
        if looks_up(call.name) && !call.name.starts_with("exec") { Wants::Successes } else { Wants::Nothing }
    }

    fn call(&mut self, seen: &Seen<'_>) {
        let Some(path) = seen.path_key() else { return };
        let opens = opens(seen.call.name);
        let many = if opens { MANY_OPENED } else { MANY_ASKED };
        let found = &mut self.found;
        self.streaks.entry((self.processes.of(seen), path, opens)).add(seen.seq, many, |row| {
            if let Some(tally) = found.tally((seen.program(), mix(path, u64::from(opens)), opens), seen.task) {
                tally.add(row);
                if tally.subject.is_empty() {
                    tally.subject = seen.whole_path().unwrap_or_default();
                }
            }
        });
    }

    fn event(&mut self, store: &Store, _: u64, row: &Row) {
        self.processes.event(store, row);
    }

    fn findings(&self, _: &Store, out: &mut Vec<Finding>) {
        for ((program, opens), tally, others) in together(&self.found, |&(program, _, opens)| (program, opens)) {
            let path = match others {
                0 => printable(&tally.subject),
                n => format!("{} and {}", printable(&tally.subject), many(n, "other", "others")),
            };
            let verb = if opens { "opens" } else { "asks about" };
            let (title, advice) = match (opens, tally.subject.as_slice()) {
                (_, subject) if subject.starts_with(b"/proc/") || subject.starts_with(b"/sys/") => (
                    format!("{verb} {path} again and again"),
                    "Keep it open and read it anew from its beginning with pread(2), or ask less often.",
                ),
                (false, b"/etc/localtime") if others == 0 => (
                    "asks about /etc/localtime again and again".into(),
                    "Set TZ (TZ=:/etc/localtime): without it the C library looks after the file with every local time.",
                ),
                (true, _) => (format!("{verb} {path} again and again"), "Keep it open, or keep what was read from it."),
                (false, _) => {
                    (format!("{verb} {path} again and again"), "Keep the answer; or watch for changes with inotify(7).")
                }
            };
            out.push(
                Words {
                    lint: "repeated-path",
                    severity: Severity::Note,
                    title,
                    why: "The kernel walks the path anew each time, and mostly the answer is the same as before."
                        .into(),
                    advice,
                }
                .of(program, &tally),
            );
        }
    }
}
