//! Searches for a file along a list of directories: PATH, libraries, includes, modules. Two and more failed tries for the same
//! name in one directory after the other, with or without a hit at the end. Names that happen to miss in many directories
//! (.gitignore) are no search: between their tries other files are found.

use super::super::finding::{Finding, Severity};
use super::super::memory::{Found, Program, Recent, hash};
use super::super::seen::{Seen, Wants};
use super::super::words::{Words, many, time};
use super::{Lint, errno, looks_up};
use crate::abi::Call;
use crate::model::{Store, TaskId};

/// Failed tries of a program that are worth a word, in all searches together; or in one.
const ENOUGH: u64 = 8;
const ENOUGH_IN_ONE: u64 = 3;
/// Every program asks for a few files of the locale.
const ENOUGH_OF_LANGUAGE: u64 = 30;
/// From so many on it is more than a note.
const MANY: u64 = 1_000;
/// Tries of a search that wait for the next one to show what they are.
const OPEN: usize = 24;

/// What is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Program,
    Library,
    Include,
    Python,
    Language,
    Other,
}

/// A failed try.
#[derive(Debug, Clone, Copy)]
struct Try {
    name: u64,
    directory: u64,
    seq: u64,
    kind: Kind,
    duration_ns: u64,
    counted: bool,
}

#[derive(Debug, Default)]
pub struct Searches {
    tries: Recent<TaskId, Vec<Try>>,
    found: Found<(Program, Kind)>,
    /// The longest search of each finding.
    longest: Recent<(Program, Kind), u64>,
}

impl Lint for Searches {
    fn about(&self) -> (&'static str, &'static str) {
        ("search", "failed tries to find a file along a list of directories")
    }

    fn wants(&self, call: &Call) -> Wants {
        if looks_up(call.name) { Wants::All } else { Wants::Nothing }
    }

    fn call(&mut self, seen: &Seen<'_>) {
        let failed = match seen.failed() {
            None => false,
            Some(errno::ENOENT | errno::ENOTDIR) => true,
            Some(_) => return,
        };
        let executes = seen.call.name.starts_with("exec");
        let Some((name, directory, kind)) = seen.with_path(|path| {
            let end = path.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
            let (directory, name) = path.split_at(end);
            (hash(name), hash(directory), kind(directory, name, executes))
        }) else {
            return;
        };
        let tries = self.tries.entry(seen.task);
        if !failed {
            // A hit ends the search, and whatever else was tried before is none.
            return tries.clear();
        }
        if tries.len() == OPEN {
            tries.remove(0);
        }
        let duration_ns = seen.duration_ns.unwrap_or(0);
        tries.push(Try { name, directory, seq: seen.seq, kind, duration_ns, counted: false });
        let same = |one: &&mut Try| one.name == name;
        // Its first try says what it is.
        let kind = tries.iter().find(|one| one.name == name).map_or(kind, |first| first.kind);
        let key = (seen.program(), kind);
        if !tries.iter().any(|one| one.name == name && one.directory != directory) {
            return;
        }
        let begun = tries.iter().any(|one| one.name == name && one.counted);
        let Some(tally) = self.found.tally(key, seen.task) else { return };
        tally.other += u64::from(!begun);
        let mut length = 0;
        for one in tries.iter_mut().filter(same) {
            length += 1;
            if !std::mem::replace(&mut one.counted, true) {
                tally.add(one.seq);
                tally.total_ns += one.duration_ns;
            }
        }
        let longest = self.longest.entry(key);
        *longest = (*longest).max(length);
    }

    fn findings(&self, _: &Store, out: &mut Vec<Finding>) {
        for (&(program, kind), tally) in self.found.iter() {
            let longest = self.longest.iter().filter(|(key, _)| **key == (program, kind)).map(|(_, n)| *n).max();
            let enough = if kind == Kind::Language { ENOUGH_OF_LANGUAGE } else { ENOUGH };
            if tally.count < enough && (kind == Kind::Language || longest.unwrap_or(0) < ENOUGH_IN_ONE) {
                continue;
            }
            let what = match kind {
                Kind::Program => "a program in the directories of PATH",
                Kind::Library => "a shared library in the directories of the loader",
                Kind::Include => "headers in the include directories",
                Kind::Python => "Python modules in the directories of sys.path",
                Kind::Language => "the language's files in the directories of the locale",
                Kind::Other => "files in a list of directories",
            };
            let searches = many(tally.other, "search", "searches");
            let severity = if tally.count >= MANY { Severity::Remark } else { Severity::Note };
            let finding =
                Words {
                    lint: "search",
                    severity,
                    title: format!("looked for {what}, {searches}"),
                    why: format!(
                        "ENOENT here is no error: the file is tried in one directory after the other. It cost {} under tracing.",
                        time(tally.total_ns)
                    ),
                    advice: match kind {
                        Kind::Program => "Usually nothing. A full path, or the right directory first in PATH, saves the tries.",
                        Kind::Library => "Usually nothing. Directories in LD_LIBRARY_PATH or RPATH that hold few of the libraries cost most.",
                        Kind::Include => "Usually nothing. Put the directories (-I) first that hold most headers.",
                        Kind::Python => "Usually nothing. A shorter sys.path, or -I and -S, makes programs start faster.",
                        Kind::Language => "Usually nothing. LC_ALL=C needs none of them.",
                        Kind::Other => "Look at which directories never hold a hit.",
                    },
                }
                .of(program, tally);
            out.push(Finding { unit: "failed tries", ..finding });
        }
    }
}

fn kind(directory: &[u8], name: &[u8], executes: bool) -> Kind {
    let has = |end: &[u8]| name.ends_with(end);
    let contains = |text: &[u8], part: &[u8]| text.windows(part.len()).any(|window| window == part);
    let programs = [&b"bin/"[..], b"shims/", b"games/"].iter().any(|end| directory.ends_with(end));
    if executes || programs && !name.contains(&b'.') {
        Kind::Program
    } else if has(b".mo") || contains(directory, b"/locale/") {
        Kind::Language
    } else if has(b".py") || has(b".pyc") || contains(name, b".cpython-") || has(b".abi3.so") {
        Kind::Python
    } else if has(b".so") || contains(name, b".so.") {
        Kind::Library
    } else if [&b".h"[..], b".hpp", b".hh", b".h.gch"].iter().any(|end| has(end)) || directory.ends_with(b"/include/") {
        Kind::Include
    } else {
        Kind::Other
    }
}
