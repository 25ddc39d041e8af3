//! Descriptors that are never closed: the same file open many times when a process ends, or no number left for another.

use super::super::finding::{Finding, Severity};
use super::super::memory::{Found, Program};
use super::super::seen::{Seen, Wants};
use super::super::words::{Words, printable};
use super::{Lint, errno};
use crate::abi::Call;
use crate::model::{Row, RowKind, Store, What};

/// Times that one file is open at the end which are many.
const MANY: usize = 8;
/// Descriptors of one process that are looked at.
const MOST: usize = 4096;

#[derive(Debug, Default)]
pub struct Leaks {
    open: Found<Program>,
    none_left: Found<Program>,
}

impl Lint for Leaks {
    fn about(&self) -> (&'static str, &'static str) {
        ("leak", "descriptors that are never closed")
    }

    fn wants(&self, _: &Call) -> Wants {
        Wants::Failures
    }

    fn needs_every_call(&self) -> bool {
        true
    }

    fn call(&mut self, seen: &Seen<'_>) {
        if matches!(seen.failed(), Some(errno::EMFILE | errno::ENFILE)) {
            self.none_left.add(seen.program(), seen.task, seen.seq);
        }
    }

    fn event(&mut self, store: &Store, seq: u64, row: &Row) {
        if !matches!(row.kind, RowKind::TaskEnd(_)) || !store.task(row.task).is_some_and(|task| task.is_leader()) {
            return;
        }
        let files = store.files();
        let open = files.open_descriptors(row.task, row.t_ns + 1, MOST);
        if open.len() < MANY {
            return;
        }
        let mut opened: Vec<(&[u8], u64)> = Vec::new();
        for fd in open {
            if let Some(found) = files.descriptor(row.task, fd, row.t_ns + 1)
                && let (What::File(path), Some(made)) = (found.what, found.row)
            {
                opened.push((path, made));
            }
        }
        opened.sort_unstable();
        for same in opened.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() >= MANY) {
            let Some(tally) = self.open.tally(Program::at(store, row.task, seq), row.task) else { return };
            same.iter().for_each(|&(_, made)| tally.add(made));
            if tally.subject.is_empty() {
                tally.subject = same[0].0.to_vec();
            }
        }
    }

    fn findings(&self, _: &Store, out: &mut Vec<Finding>) {
        for (&program, tally) in self.open.iter() {
            out.push(
                Words {
                    lint: "leak",
                    severity: Severity::Remark,
                    title: format!("opened {} and never closed it", printable(&tally.subject)),
                    why: "The kernel closes them at the end, but a program that runs on has no number left at some point (EMFILE)."
                        .into(),
                    advice: "Close what was opened on every way out, errors included (RAII, with, defer).",
                }
                .of(program, tally),
            );
        }
        for (&program, tally) in self.none_left.iter() {
            out.push(
                Words {
                    lint: "leak",
                    severity: Severity::Fault,
                    title: "has no descriptor left (EMFILE)".into(),
                    why: "Nothing can be opened any more, and no connection taken, before something is closed.".into(),
                    advice: "Look at what is open and never closed; if all of it is needed, raise the limit (ulimit -n, getrlimit(2)).",
                }
                .of(program, tally),
            );
        }
    }
}
