//! The descriptors as the user left them: those that are open now, task by task, or every opening there ever was; order,
//! selection, scroll.
//!
//! The lines are made when the pane is looked at and something changed, the more seldom the more there are, so that a
//! frame never waits for them. Left out: the counts (`growing`).

use std::cmp::Reverse;
use std::collections::HashSet;

use super::list::ListState;
use crate::decode;
use crate::model::{Descriptor, Store, TaskId};
use crate::stats::{Moved, Processes, Subjects, Used};

/// More lines than anybody reads are not shown; those that the order puts first are.
pub const MOST: usize = 10_000;
/// The lines are not made anew sooner than this, in milliseconds, and …
const LEAST_MS: u64 = 250;
/// … one more for so many openings or processes.
const PER_MS: u64 = 40;

/// A column to sort by. Numbers go down, the rest goes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FileSort {
    #[default]
    Task,
    What,
    Read,
    Written,
    Calls,
    Errors,
}

impl FileSort {
    pub const ALL: [FileSort; 6] =
        [FileSort::Task, FileSort::What, FileSort::Read, FileSort::Written, FileSort::Calls, FileSort::Errors];

    pub fn label(self) -> &'static str {
        match self {
            FileSort::Task => "task",
            FileSort::What => "what",
            FileSort::Read => "read",
            FileSort::Written => "written",
            FileSort::Calls => "calls",
            FileSort::Errors => "errors",
        }
    }

    /// The key so many places further in `ALL`.
    pub fn step(self, by: usize) -> FileSort {
        FileSort::ALL[(self as usize + by) % FileSort::ALL.len()]
    }

    fn number(self, moved: &Moved) -> u64 {
        match self {
            FileSort::Task | FileSort::What => 0,
            FileSort::Read => moved.read,
            FileSort::Written => moved.written,
            FileSort::Calls => moved.calls,
            FileSort::Errors => moved.errors,
        }
    }
}

/// One line: a descriptor of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLine {
    /// Who has it; of those that are not open any more, who opened it.
    pub task: TaskId,
    pub fd: i32,
    /// Row of the call that made what is behind it; None if it was open before.
    pub made: Option<u64>,
    pub moved: Moved,
    pub open: bool,
    /// Place in `Subjects::descriptors`; None if no call was about it.
    pub of: Option<u32>,
}

impl FileLine {
    /// What it is and was, while it was open.
    pub fn descriptor<'a>(&self, store: &'a Store, subjects: &Subjects) -> Option<Descriptor<'a>> {
        let now = self.open.then_some(Used { task: self.task, fd: self.fd, end_ns: u64::MAX });
        let last = || Some(subjects.descriptors().get(self.of? as usize)?.last);
        let used = now.or_else(last)?;
        store.files().descriptor(used.task, used.fd, used.end_ns)
    }
}

/// What a line is known by.
pub type FileKey = (TaskId, i32, Option<u64>);

#[derive(Debug, Default)]
pub struct FilesState {
    /// Every opening, not only those that are open.
    pub ever: bool,
    pub sort: FileSort,
    pub list: ListState<FileKey>,
    lines: Vec<FileLine>,
    keys: Vec<FileKey>,
    /// How many there would be without `MOST`.
    pub all: usize,
    /// When the lines are to be made anew, in milliseconds, and of how many rows they were.
    due_ms: u64,
    rows: u64,
}

impl FilesState {
    pub fn lines(&self) -> &[FileLine] {
        &self.lines
    }

    pub fn settle(&mut self, height: u16) {
        self.list.settle(&self.keys, height);
    }

    pub fn move_by(&mut self, lines: i64) {
        self.list.move_by(&self.keys, lines);
    }

    /// Selects a line, if there is one at this place.
    pub fn select(&mut self, line: usize) {
        if line < self.keys.len() {
            self.list.select(&self.keys, line);
        }
    }

    pub fn selected(&self) -> Option<&FileLine> {
        self.lines.get(self.list.at(&self.keys)?)
    }

    /// Order or choice changed: the lines are made anew at the next look.
    pub fn anew(&mut self) {
        self.due_ms = 0;
        self.rows = 0;
    }

    /// Makes the lines anew if it is time; whether they were.
    pub fn update(
        &mut self,
        store: &Store,
        processes: &Processes,
        subjects: &Subjects,
        scanned: u64,
        now_ms: u64,
    ) -> bool {
        // Events come in with every message: what changed is told by rows and by how far they were counted.
        let rows = 1 + store.len() + scanned;
        if rows == self.rows || now_ms < self.due_ms {
            return false;
        }
        self.rows = rows;
        let mut lines = open_lines(store, processes, subjects);
        let count = (lines.len() + subjects.descriptors().len()) as u64;
        self.due_ms = now_ms + LEAST_MS.max(count / PER_MS);
        if self.ever {
            let openings = |line: &FileLine| (line.made, line.made.is_none().then_some((line.task, line.fd)));
            let open: HashSet<_> = lines.iter().map(openings).collect();
            let all = subjects.descriptors().iter().zip(0..).map(|(of, place)| FileLine {
                task: of.task,
                fd: of.fd,
                made: of.made,
                moved: of.moved,
                open: false,
                of: Some(place),
            });
            lines = all.map(|line| FileLine { open: open.contains(&openings(&line)), ..line }).collect();
        }
        self.all = lines.len();
        self.order(&mut lines, store, subjects);
        self.keys = lines.iter().map(|line| (line.task, line.fd, line.made)).collect();
        self.lines = lines;
        true
    }

    /// Sorts, and keeps what comes first.
    fn order(&self, lines: &mut Vec<FileLine>, store: &Store, subjects: &Subjects) {
        let rest = |line: &FileLine| (line.task, line.fd, line.made);
        match self.sort {
            FileSort::Task => keep(lines, |line| rest(line)),
            FileSort::What => {
                let name = |line: &FileLine| {
                    line.descriptor(store, subjects).map_or_else(String::new, |known| decode::descriptor_text(&known))
                };
                lines.sort_by_cached_key(|line| {
                    let name = name(line);
                    (name.is_empty(), name, rest(line))
                });
                lines.truncate(MOST);
            }
            sort => keep(lines, |line| (Reverse(sort.number(&line.moved)), rest(line))),
        }
    }
}

fn keep<K: Ord>(lines: &mut Vec<FileLine>, key: impl Fn(&FileLine) -> K) {
    if lines.len() > MOST {
        lines.select_nth_unstable_by_key(MOST, &key);
        lines.truncate(MOST);
    }
    lines.sort_unstable_by_key(key);
}

/// What is open now, process by process.
fn open_lines(store: &Store, processes: &Processes, subjects: &Subjects) -> Vec<FileLine> {
    let mut lines = Vec::new();
    let unknown = subjects.descriptors().iter().zip(0..).filter(|(of, _)| of.made.is_none() && of.what.is_none());
    for (of, place) in unknown {
        // Used before anything told what it is: it is open until something tells that it is not.
        let lives = store.task(of.task).is_some_and(|task| task.ended.is_none());
        if lives && !store.files().numbers(of.task).contains(&of.fd) {
            let moved = of.moved;
            lines.push(FileLine { task: of.task, fd: of.fd, made: None, moved, open: true, of: Some(place) });
        }
    }
    for process in processes.all().iter().filter(|process| process.ended.is_none()) {
        let living = process.tasks.iter().find(|task| store.task(**task).is_some_and(|task| task.ended.is_none()));
        let Some(&task) = living else { continue };
        for fd in store.files().numbers(task) {
            let Some(found) = store.files().descriptor(task, fd, u64::MAX) else { continue };
            let made = found.made.or(found.row);
            let of = subjects.place_of(store, Used { task, fd, end_ns: u64::MAX });
            let known = of.and_then(|of| subjects.descriptors().get(of as usize));
            let moved = known.map_or_else(Moved::default, |of| of.moved);
            lines.push(FileLine { task, fd, made, moved, open: true, of });
        }
    }
    lines
}
