//! strace's own text output as a source: `strace -f -tt -T -y …` in any usual mix of options, and what `sysview log` writes.
//!
//! `line` takes a line apart, `tasks` tells whose it is and joins interrupted ones, `call` makes registers and memory of
//! what was printed and keeps the text where it tells more, `events` puts all of it in order. Which lines could not be read is told.
//! Left out: tables (`-c`), dumps (`-e read=`) and stacks (`-k`), which are passed over.

mod build;
mod call;
mod events;
mod line;
mod memory;
mod outcome;
mod scalar;
mod signal;
mod sockaddr;
mod tasks;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use tokio::sync::mpsc;

use super::SessionError;
use crate::model::Batch;
use crate::source::{Command, Control, End, MESSAGE_QUEUE, Message, Refused, Source, Started};
use events::Events;

/// Lines at the beginning of which one must be strace's.
const TRIED: usize = 200;
/// Line numbers that the sentence about unread lines gives.
const NAMED: usize = 5;

/// A text, and the number of the task whose it is if the file's name tells (`-ff`).
#[derive(Debug)]
pub struct Text {
    pub name: String,
    pub pid: Option<i32>,
    pub bytes: Vec<u8>,
}

/// A line that could not be read, or not in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Which of the texts.
    pub file: usize,
    /// From 1.
    pub line: usize,
    pub why: &'static str,
}

/// The run that texts tell of.
#[derive(Debug)]
pub struct Import {
    texts: Vec<Text>,
    started: Started,
    events: Events,
}

impl Text {
    /// Reads the file, or if there is none of that name the files `NAME.PID` of `strace -ff -o NAME`.
    pub fn read(path: &Path) -> io::Result<Vec<Text>> {
        match fs::read(path) {
            Ok(bytes) => Ok(vec![Text { name: path.display().to_string(), pid: suffix(path), bytes }]),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let texts = parts(path)?;
                if texts.is_empty() { Err(error) } else { Ok(texts) }
            }
            Err(error) => Err(error),
        }
    }

    /// On standard error, strace writes `Process 12 attached` into the middle of the line of the call that made the process. That
    /// becomes a line of its own before the call's; lines keep their numbers but for these two.
    fn mend(&mut self) {
        const REMARK: &[u8] = b"strace: Process ";
        let mut from = 0;
        while let Some(found) = self.bytes[from..].windows(REMARK.len()).position(|window| window == REMARK) {
            let at = from + found;
            let start = self.bytes[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            let end = self.bytes[at..].iter().position(|&byte| byte == b'\n').map_or(self.bytes.len(), |n| at + n);
            let is_remark = self.bytes[at..end].ends_with(b" attached") && end < self.bytes.len();
            if start < at && is_remark {
                let head = at - start;
                // `HEAD remark \n rest` becomes `remark \n HEAD rest`.
                self.bytes[start..=end].rotate_left(head);
            }
            from = end;
        }
    }

    /// Whether these bytes, the beginning of a file, can be strace's text: one of the first lines is a call, a signal or an end.
    pub fn is_likely(bytes: &[u8]) -> bool {
        let lines = bytes.split(|&byte| byte == b'\n').take(TRIED);
        lines.filter_map(|line| std::str::from_utf8(line).ok()).any(|text| {
            use line::Body;
            let body = line::read(text).body;
            !matches!(body, Body::Remark | Body::Aside | Body::Table | Body::Unreadable(_))
        })
    }
}

fn suffix(path: &Path) -> Option<i32> {
    path.extension()?.to_str()?.parse().ok().filter(|pid| *pid > 0)
}

/// The files of `strace -ff -o PATH`, by number.
fn parts(path: &Path) -> io::Result<Vec<Text>> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(stem) = path.file_name() else { return Ok(Vec::new()) };
    let mut found: Vec<(i32, PathBuf)> = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if let Some(pid) = suffix(&path).filter(|_| path.file_stem() == Some(stem)) {
            found.push((pid, path));
        }
    }
    found.sort();
    let text = |(pid, path): (i32, PathBuf)| {
        Ok(Text { name: path.display().to_string(), pid: Some(pid), bytes: fs::read(&path)? })
    };
    found.into_iter().map(text).collect()
}

impl Import {
    /// Reads what must be known before the first event. Errors: the texts are not strace's.
    pub fn new(mut texts: Vec<Text>) -> Result<Import, SessionError> {
        texts.iter_mut().for_each(Text::mend);
        if let Some(text) = texts.iter().find(|text| !Text::is_likely(&text.bytes)) {
            return Err(SessionError::NotARecording { file: text.name.clone() });
        }
        let (events, started) = Events::new(&texts);
        Ok(Import { texts, started, events })
    }

    pub fn started(&self) -> &Started {
        &self.started
    }

    /// The next events; None after the last.
    pub fn next_batch(&mut self) -> Option<Batch> {
        self.events.next_batch(&self.texts)
    }

    /// The lines that could not be read so far.
    pub fn unread(&self) -> &[Unread] {
        self.events.unread()
    }

    /// `FILE:12: why: the line` for each line that could not be read, with nothing in it that a terminal would obey.
    pub fn complaints(&self) -> impl Iterator<Item = String> {
        self.unread().iter().map(|unread| {
            let text = &self.texts[unread.file];
            let line = text.bytes.split(|&byte| byte == b'\n').nth(unread.line - 1).unwrap_or_default();
            format!("{}:{}: {}: {}", text.name, unread.line, unread.why, crate::decode::printed::shown(line))
        })
    }

    /// What the user should know of the texts, each a sentence: what could not be read, what they do not tell.
    pub fn notices(&self) -> Vec<String> {
        let mut notices = self.events.notices();
        let unread = self.unread();
        if !unread.is_empty() {
            let one = |unread: &Unread| match self.texts.len() {
                1 => unread.line.to_string(),
                _ => format!("{}:{}", self.texts[unread.file].name, unread.line),
            };
            let named: Vec<String> = unread.iter().take(NAMED).map(one).collect();
            let more = if unread.len() > NAMED { ", …" } else { "" };
            let lines = if unread.len() == 1 { "line" } else { "lines" };
            notices.push(format!(
                "{}: {} {lines} of {} could not be read in full: {}{more}; `sysview open --check FILE` tells why",
                self.texts[0].name,
                unread.len(),
                self.events.lines(),
                named.join(", ")
            ));
        }
        notices
    }

    /// A source of the events, with a thread of its own that ends when the receiver is dropped.
    pub fn source(mut self) -> Result<Source, SessionError> {
        let (sender, messages) = mpsc::channel(MESSAGE_QUEUE);
        let work = move || {
            // A refused message means that nobody looks any more.
            let send = |message| sender.blocking_send(message).is_ok();
            if !send(Message::Started(Box::new(self.started.clone()))) {
                return;
            }
            while let Some(batch) = self.next_batch() {
                if !send(Message::Batch(batch)) {
                    return;
                }
            }
            for notice in self.notices() {
                if !send(Message::Notice(notice)) {
                    return;
                }
            }
            send(Message::Ended(End::Replayed));
        };
        thread::Builder::new().name("import".into()).spawn(work).map_err(SessionError::Thread)?;
        Ok(Source { messages, control: Box::new(Nothing) })
    }
}

/// There is no program to type to, to kill or to hold.
struct Nothing;

impl Control for Nothing {
    fn send(&self, _command: Command) -> Result<(), Refused> {
        Err(Refused::Gone)
    }
}
