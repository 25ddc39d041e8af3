//! Descriptors that were open across an execve(2) although the new program never used them: O_CLOEXEC was missing.
//! Told when the program that got them has ended, for until then it may use them. Left out: 0, 1 and 2, and what was open
//! before the trace began.

use super::super::finding::{Finding, Severity};
use super::super::memory::{Found, Program, Recent};
use super::super::seen::{Seen, Wants};
use super::super::words::{Words, descriptor, printable};
use super::Lint;
use crate::abi::{Call, Meaning, Type};
use crate::model::{Row, RowKind, Store, TaskId, What};

/// Descriptors of one program that are looked at.
const MOST: usize = 64;

/// What a program got when it began.
#[derive(Debug, Default)]
struct Given {
    exec: u64,
    parent: Option<Program>,
    unused: Vec<i32>,
}

#[derive(Debug, Default)]
pub struct Inherited {
    /// By process.
    given: Recent<i32, Given>,
    found: Found<(Program, bool)>,
}

impl Lint for Inherited {
    fn about(&self) -> (&'static str, &'static str) {
        ("inherited", "descriptors left open for a new program that never used them")
    }

    fn wants(&self, call: &Call) -> Wants {
        let takes = call.args.iter().any(|arg| is_descriptor(&arg.ty)) || call.name == "close_range";
        if takes || call.tags.contains(&"network") { Wants::All } else { Wants::Nothing }
    }

    fn needs_every_call(&self) -> bool {
        true
    }

    fn call(&mut self, seen: &Seen<'_>) {
        if self.given.is_empty() {
            return;
        }
        for (arg, raw) in seen.call.args.iter().zip(seen.row.args) {
            if is_descriptor(&arg.ty) && raw as i32 > 2 {
                self.used(seen.store, seen.task, raw as i32);
            }
        }
        if seen.call.name == "close_range" {
            self.given.remove(seen.process());
        }
    }

    fn event(&mut self, store: &Store, seq: u64, row: &Row) {
        match &row.kind {
            RowKind::Exec(_) => self.executed(store, seq, row.task, row.t_ns),
            RowKind::TaskEnd(_) => {
                let Some(task) = store.task(row.task).filter(|task| task.is_leader()) else { return };
                if let Some(given) = self.given.remove(task.tgid) {
                    self.ended(store, row, &given);
                }
            }
            _ => {}
        }
    }

    fn findings(&self, _: &Store, out: &mut Vec<Finding>) {
        for (&(program, talks), tally) in self.found.iter() {
            let (severity, why) = match talks {
                true => (
                    Severity::Remark,
                    "As long as the new program has the end of a pipe or socket open, the other side never learns that it was \
                     closed, and a port stays taken.",
                ),
                false => (
                    Severity::Note,
                    "The new program can read or change what it has no business with, and a deleted file keeps its room.",
                ),
            };
            out.push(
                Words {
                    lint: "inherited",
                    severity,
                    title: format!("starts programs with {} left open, which they never use", printable(&tally.subject)),
                    why: why.into(),
                    advice: "Open with O_CLOEXEC (SOCK_CLOEXEC, \"e\" of fopen). A shell leaves open what `exec 3>file` opened; \
                             write 3>&- behind the command.",
                }
                .of(program, tally),
            );
        }
    }
}

impl Inherited {
    fn executed(&mut self, store: &Store, seq: u64, task: TaskId, t_ns: u64) {
        let Some(process) = store.task(task) else { return };
        let open = store.files().open_descriptors(task, t_ns + 1, MOST);
        // Who only passed on what it got itself is not to blame.
        let family = [Some(process.tgid), process.parent.and_then(|parent| Some(store.task(parent)?.tgid))];
        let opened_here = |row: u64| {
            let opener = store.row(row).and_then(|row| store.task(row.task));
            opener.is_some_and(|opener| family.contains(&Some(opener.tgid)))
        };
        let given = |fd: i32| store.files().descriptor(task, fd, t_ns + 1).and_then(|found| found.row);
        let unused: Vec<i32> = open.into_iter().filter(|&fd| fd > 2 && given(fd).is_some_and(opened_here)).collect();
        self.given.remove(process.tgid);
        if !unused.is_empty() {
            let parent = process.parent.map(|parent| Program::at(store, parent, seq));
            *self.given.entry(process.tgid) = Given { exec: seq, parent, unused };
        }
    }

    /// A descriptor was of use to a process, and so to those that it got it through.
    fn used(&mut self, store: &Store, task: TaskId, fd: i32) {
        const GENERATIONS: usize = 16;
        let mut next = Some(task);
        for _ in 0..GENERATIONS {
            let Some(task) = next.and_then(|id| store.task(id)) else { break };
            if let Some(given) = self.given.get_mut(task.tgid)
                && let Some(at) = given.unused.iter().position(|&unused| unused == fd)
            {
                given.unused.swap_remove(at);
                if given.unused.is_empty() {
                    self.given.remove(task.tgid);
                }
            }
            next = task.parent;
        }
    }

    fn ended(&mut self, store: &Store, row: &Row, given: &Given) {
        let Some(parent) = given.parent else { return };
        let mut first = true;
        for &fd in &given.unused {
            let found = store.files().descriptor(row.task, fd, row.t_ns + 1);
            let talks = found.as_ref().is_some_and(|f| matches!(f.what, What::PipeEnd { .. } | What::Socket { .. }));
            let Some(tally) = self.found.tally((parent, talks), row.task) else { return };
            if std::mem::take(&mut first) || tally.rows.last() != Some(&given.exec) {
                tally.add(given.exec);
            }
            if tally.subject.is_empty() {
                tally.subject = descriptor(found.as_ref(), fd);
            }
        }
    }
}

fn is_descriptor(ty: &Type) -> bool {
    matches!(ty, Type::Num { meaning: Meaning::Fd { .. } | Meaning::DirFd, .. })
}
