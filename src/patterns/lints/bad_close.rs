//! close(2) of descriptors that are not open: one closed twice, or a loop over all numbers there could be.

use super::super::finding::{Finding, Severity};
use super::super::memory::{Found, Program, Recent, Tally};
use super::super::seen::{Seen, Wants};
use super::super::words::Words;
use super::{Lint, errno};
use crate::abi::Call;
use crate::model::{Origin, Row, RowKind, Store, TaskId};

/// Numbers in a row that make a loop.
const LOOP: usize = 4;

/// What a close of something that is not open can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
enum Kind {
    Negative,
    /// No other thread can have opened something in between.
    #[default]
    Alone,
    Threaded,
}

/// Failures on numbers that follow each other.
#[derive(Debug, Default)]
struct Run {
    last: i32,
    rows: Vec<u64>,
    long: bool,
    program: Option<Program>,
    kind: Kind,
}

#[derive(Debug, Default)]
pub struct BadClose {
    runs: Recent<TaskId, Run>,
    single: Found<(Program, Kind)>,
    loops: Found<Program>,
    /// Processes with several threads.
    threaded: Recent<i32, bool>,
}

impl Lint for BadClose {
    fn about(&self) -> (&'static str, &'static str) {
        ("bad-close", "descriptors closed that are not open")
    }

    fn wants(&self, call: &Call) -> Wants {
        if call.name == "close" { Wants::Failures } else { Wants::Nothing }
    }

    fn call(&mut self, seen: &Seen<'_>) {
        if seen.failed() != Some(errno::EBADF) {
            return;
        }
        let (fd, program, process) = (seen.fd(0), seen.program(), seen.process());
        if fd < 0 {
            return self.single.add((program, Kind::Negative), seen.task, seen.seq);
        }
        let run = self.runs.entry(seen.task);
        // A loop may skip a few that are open.
        if run.program != Some(program) || !(run.last..=run.last.saturating_add(3)).contains(&fd) || fd == run.last {
            if !run.long {
                for &row in &run.rows {
                    self.single.add((run.program.unwrap_or(program), run.kind), seen.task, row);
                }
            }
            let threaded = self.threaded.get_mut(process).is_some_and(|threaded| *threaded);
            let kind = if threaded { Kind::Threaded } else { Kind::Alone };
            *run = Run { program: Some(program), kind, ..Run::default() };
        }
        run.last = fd;
        run.rows.push(seen.seq);
        if run.long || run.rows.len() >= LOOP {
            run.long = true;
            for row in run.rows.drain(..) {
                self.loops.add(program, seen.task, row);
            }
        }
    }

    fn event(&mut self, store: &Store, _: u64, row: &Row) {
        if matches!(&row.kind, RowKind::NewTask(new) if new.origin == Origin::Thread)
            && let Some(task) = store.task(row.task)
        {
            *self.threaded.entry(task.tgid) = true;
        }
    }

    fn findings(&self, _: &Store, out: &mut Vec<Finding>) {
        // What may still become a loop counts as none.
        let mut single: Vec<((Program, Kind), Tally)> =
            self.single.iter().map(|(key, tally)| (*key, tally.clone())).collect();
        for (&task, run) in self.runs.iter().filter(|(_, run)| !run.long && !run.rows.is_empty()) {
            let Some(program) = run.program else { continue };
            let at = single.iter().position(|(key, _)| *key == (program, run.kind)).unwrap_or_else(|| {
                single.push(((program, run.kind), Tally::new(task)));
                single.len() - 1
            });
            run.rows.iter().for_each(|&row| single[at].1.add(row));
        }
        for ((program, kind), tally) in &single {
            let words = match kind {
                Kind::Negative => Words {
                    lint: "bad-close",
                    severity: Severity::Note,
                    title: "closes a negative number, which is no descriptor".into(),
                    why: "Nothing happens; often the opening before had failed and its result was used all the same.".into(),
                    advice: "Look at where the number comes from, and close only what was opened.",
                },
                Kind::Alone | Kind::Threaded => Words {
                    lint: "bad-close",
                    severity: if *kind == Kind::Threaded { Severity::Fault } else { Severity::Note },
                    title: "closes a descriptor that is not open (EBADF)".into(),
                    why: match kind {
                        Kind::Threaded => {
                            "It was closed before, or never opened. If another thread opens something in between, the second close \
                             takes that away from it."
                        }
                        _ => {
                            "It was closed before, or never opened. In a process of one thread, as here, that does no harm; shells \
                             do so after fork."
                        }
                    }
                    .into(),
                    advice: "Close each descriptor once, by the one who owns it; set the variable to -1 after it.",
                },
            };
            out.push(words.of(*program, tally));
        }
        for (&program, tally) in self.loops.iter() {
            out.push(
                Words {
                    lint: "bad-close",
                    severity: Severity::Note,
                    title: "closes every number there could be, open or not".into(),
                    why: "Meant to leave nothing open for the next program; one call for each number, and most of them are not open."
                        .into(),
                    advice: "close_range(2) does it in one call; O_CLOEXEC makes it needless.",
                }
                .of(program, tally),
            );
        }
    }
}
