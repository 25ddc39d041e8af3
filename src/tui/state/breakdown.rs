//! What the histogram counts by: calls, classes, tasks, paths or errors; and its lines for all but calls. A call counts for
//! each class and each path that it is about. Left out: the table of calls (`table`), and how lines look (`view::breakdown`).

use std::cmp::Reverse;

use roaring::RoaringBitmap;

use super::narrow::Narrow;
use super::walk::Walk;
use crate::abi::{self, Arch};
use crate::decode;
use crate::model::{CallRow, Row, Store, TaskId};
use crate::query::{Expr, Filter, Test};
use crate::stats::{Histogram, SortKey, Subjects};

/// Lines that are shown of a long table: the first in its order.
pub const MOST_LINES: usize = 1_000;

/// What the lines of the histogram are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum By {
    #[default]
    Call,
    Class,
    Task,
    Path,
    Errno,
}

/// What a line is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    Call(Arch, u64),
    /// A class of calls, without the percent sign.
    Class(&'static str),
    /// Calls of no class above.
    NoClass,
    Task(TaskId),
    Path(Vec<u8>),
    Errno(u16),
}

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub key: Key,
    pub calls: u64,
    pub errors: u64,
    /// Wall time in nanoseconds; None where it is not known.
    pub total_ns: Option<u64>,
    /// Bytes that were moved, of a path.
    pub bytes: Option<u64>,
}

/// Paths and what calls did with them, counted while somebody looks.
#[derive(Debug, Default)]
pub struct Paths {
    pub subjects: Subjects,
    pub walk: Walk,
}

const CLASSES: [&str; 9] = ["file", "desc", "network", "process", "memory", "signal", "ipc", "clock", "creds"];

impl By {
    pub const ALL: [By; 5] = [By::Call, By::Class, By::Task, By::Path, By::Errno];

    pub fn next(self) -> By {
        let at = By::ALL.iter().position(|&by| by == self).unwrap_or(0);
        By::ALL[(at + 1) % By::ALL.len()]
    }

    pub fn heading(self) -> &'static str {
        match self {
            By::Call => "call",
            By::Class => "class",
            By::Task => "task",
            By::Path => "path",
            By::Errno => "error",
        }
    }
}

impl Key {
    /// The filter that fits the rows that the line counts.
    pub fn filter(&self, store: &Store) -> Filter {
        let class = |class: &&str| Expr::Test(Test::Class((*class).to_owned()));
        let test = match self {
            Key::Call(arch, nr) => Test::Call(decode::call_name(*arch, *nr).into_owned()),
            Key::Class(name) => Test::Class((*name).to_owned()),
            Key::NoClass => return Filter::from(Expr::Not(Box::new(Expr::any(CLASSES.iter().map(class).collect())))),
            Key::Task(task) => Test::Tid(store.task(*task).map_or(0, |task| task.tid)),
            // What is no text is asked for as any one character.
            Key::Path(path) => Test::Path(String::from_utf8_lossy(path).replace(char::REPLACEMENT_CHARACTER, "?")),
            Key::Errno(errno) => Test::Failed(Some(*errno)),
        };
        Filter::from(Expr::Test(test))
    }

    /// The rows of a chunk among which those of the line are; None: any may be.
    pub fn among(&self, store: &Store, chunk: usize) -> Option<RoaringBitmap> {
        let index = store.index(chunk)?;
        match self {
            Key::Call(arch, nr) => Some(index.call(*arch, *nr).cloned().unwrap_or_default()),
            Key::Task(task) => Some(index.task(*task).cloned().unwrap_or_default()),
            Key::Errno(errno) => Some(index.errno(*errno).cloned().unwrap_or_default()),
            Key::Class(_) | Key::NoClass => {
                let mut rows = RoaringBitmap::new();
                for (_, of_call) in index.calls().filter(|((arch, nr), _)| self.has(*arch, *nr)) {
                    rows |= of_call;
                }
                Some(rows)
            }
            Key::Path(_) => None,
        }
    }

    /// Whether calls of a number are of the class.
    fn has(&self, arch: Arch, nr: u64) -> bool {
        let tags = abi::lookup(arch, nr).map(|call| call.tags).unwrap_or_default();
        match self {
            Key::Class(class) => tags.contains(class),
            Key::NoClass => !CLASSES.iter().any(|class| tags.contains(class)),
            _ => false,
        }
    }

    /// Whether a row that is `among` them is one of the line's; of a path its filter must tell.
    pub fn fits(&self, row: &Row, call: &CallRow) -> bool {
        match self {
            Key::Call(arch, nr) => (call.arch, call.nr) == (*arch, *nr),
            Key::Task(task) => row.task == *task,
            Key::Errno(errno) => call.errno() == Some(*errno),
            Key::Class(_) | Key::NoClass => self.has(call.arch, call.nr),
            Key::Path(_) => true,
        }
    }
}

impl Paths {
    /// Looks at more rows; true if there were any.
    pub fn slice(&mut self, store: &Store, narrow: Option<&Narrow>, budget: usize) -> bool {
        let subjects = &mut self.subjects;
        self.walk.slice(store, narrow, budget, |_| None, |seq, _, _| subjects.add(store, seq))
    }
}

/// The lines in order; of a long table the first ones.
pub fn entries(by: By, counts: &Histogram, store: &Store, paths: &Paths, sort: SortKey) -> Vec<Entry> {
    let mut entries: Vec<Entry> = match by {
        By::Call => Vec::new(),
        By::Class => classes(counts),
        By::Task => tasks(counts, store),
        By::Path => {
            let of = |path: &crate::stats::PathStats| Entry {
                key: Key::Path(path.path.clone()),
                calls: path.moved.calls,
                errors: path.moved.errors,
                total_ns: Some(path.moved.total_ns),
                bytes: Some(path.moved.read.saturating_add(path.moved.written)),
            };
            let mut all: Vec<&crate::stats::PathStats> = paths.subjects.paths().iter().collect();
            // Only what is shown is copied.
            if all.len() > MOST_LINES {
                all.select_nth_unstable_by_key(MOST_LINES, |path| {
                    let moved = &path.moved;
                    Reverse(match sort {
                        SortKey::Count => (moved.calls, moved.total_ns),
                        SortKey::Errors => (moved.errors, moved.calls),
                        _ => (moved.total_ns, moved.calls),
                    })
                });
                all.truncate(MOST_LINES);
            }
            all.into_iter().map(of).collect()
        }
        By::Errno => {
            let of = |(errno, n)| Entry { key: Key::Errno(errno), calls: n, errors: n, total_ns: None, bytes: None };
            counts.all_errnos().into_iter().map(of).collect()
        }
    };
    match sort {
        SortKey::Count => entries.sort_by_key(|entry| Reverse(entry.calls)),
        SortKey::Errors => entries.sort_by_key(|entry| Reverse((entry.errors, entry.calls))),
        SortKey::Name => entries.sort_by_cached_key(|entry| name(&entry.key, store)),
        SortKey::Total | SortKey::Mean | SortKey::Max | SortKey::Blocked => {
            entries.sort_by_key(|entry| Reverse((entry.total_ns, entry.calls)));
        }
    }
    entries
}

fn classes(counts: &Histogram) -> Vec<Entry> {
    let keys = CLASSES.into_iter().map(Key::Class).chain([Key::NoClass]);
    let sum = |key: Key| {
        let mut entry = Entry { key, calls: 0, errors: 0, total_ns: Some(0), bytes: None };
        for row in counts.rows().filter(|row| !row.vdso && entry.key.has(row.arch, row.nr)) {
            entry.calls += row.count;
            entry.errors += row.errors;
            entry.total_ns = entry.total_ns.map(|sum| sum.saturating_add(row.total_ns));
        }
        entry
    };
    keys.map(sum).filter(|entry| entry.calls > 0).collect()
}

fn tasks(counts: &Histogram, store: &Store) -> Vec<Entry> {
    let ids = (0..store.tasks().len() as u32).map(TaskId);
    let of = |id| {
        let task = counts.task(id)?;
        Some(Entry {
            key: Key::Task(id),
            calls: task.calls,
            errors: task.errors,
            total_ns: Some(task.total_ns),
            bytes: None,
        })
    };
    ids.filter_map(of).collect()
}

/// As a line shows it, not escaped for the screen.
pub fn name(key: &Key, store: &Store) -> Vec<u8> {
    match key {
        Key::Call(arch, nr) => decode::call_name(*arch, *nr).into_owned().into_bytes(),
        Key::Class(class) => format!("%{class}").into_bytes(),
        Key::NoClass => b"no class".to_vec(),
        Key::Task(task) => match store.task(*task) {
            Some(task) => [&task.comm[..], format!(" {}", task.tid).as_bytes()].concat(),
            None => Vec::new(),
        },
        Key::Path(path) => path.clone(),
        Key::Errno(errno) => {
            decode::errno_name(*errno).map_or_else(|| errno.to_string(), |(name, _)| name.to_owned()).into_bytes()
        }
    }
}
