//! Copying to the terminal's clipboard: the selected row as a line, as JSON, or the command that its process runs; what the
//! mouse has marked. Left out: how it gets there (`clipboard`, `terminal`).

use super::App;
use crate::decode::{self, Value};
use crate::model::{Outcome, RowKind, TaskId};
use crate::session::export::objects;
use crate::tui::actions::Id;
use crate::tui::clipboard;
use crate::tui::state::layer::Layer;

/// What of a row is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Line,
    Json,
    Command,
    Filter,
}

impl What {
    pub const ALL: [What; 4] = [What::Line, What::Json, What::Command, What::Filter];

    pub fn label(self) -> &'static str {
        match self {
            What::Line => "the row as a line, as strace prints it",
            What::Json => "the row as JSON, with arguments by name",
            What::Command => "the command that the row's process runs, quoted for a shell",
            What::Filter => "the filter that is on",
        }
    }
}

/// Rows that are looked at to find the command of a process.
const REACH: u64 = 1_000_000;

impl App {
    /// Lists what can be copied.
    pub(super) fn ask_copy(&mut self) {
        self.layers.push(Layer::Copy { line: 0 });
    }

    pub(super) fn copy(&mut self, what: What) {
        let text = match (what, self.selected()) {
            (What::Filter, _) => {
                self.trace.narrow.as_ref().map(|n| n.filter.text().to_owned()).ok_or("No filter is on.".to_owned())
            }
            (_, None) => Err("Select a row first.".to_owned()),
            (What::Line, Some(seq)) => Ok(decode::row_text(&self.session.store, seq, &self.options.decode)),
            (What::Json, Some(seq)) => {
                let mut line = String::new();
                objects::row(&mut line, &self.session.store, seq, &objects::whole());
                Ok(line.trim_end().to_owned())
            }
            (What::Command, Some(seq)) => self.command_at(seq),
        };
        match text {
            Ok(text) => self.send_to_clipboard(text, what_words(what)),
            Err(sentence) => self.say(sentence),
        }
    }

    /// Sends a text to the clipboard, or says that it is too long.
    pub(super) fn send_to_clipboard(&mut self, text: String, name: &str) {
        if text.len() > clipboard::LIMIT {
            let (size, key) = (text.len(), self.options.keymap.word(Id::Export));
            return self
                .say(format!("{size} bytes are more than a terminal's clipboard takes; {key} writes them to a file."));
        }
        self.say(format!("Copied {name}, {} characters; the terminal must allow it (OSC 52).", text.chars().count()));
        self.clipboard = Some(text);
    }

    /// What waits to be sent to the clipboard.
    pub fn take_clipboard(&mut self) -> Option<String> {
        self.clipboard.take()
    }

    /// The command line of the process of a row, from the last execve before it.
    fn command_at(&self, seq: u64) -> Result<String, String> {
        let store = &self.session.store;
        let tgid = |task: TaskId| store.task(task).map(|task| task.tgid);
        let process = store.row(seq).and_then(|row| tgid(row.task));
        let mut cut = false;
        for seq in (seq.saturating_sub(REACH)..=seq).rev() {
            let Some(row) = store.row(seq).filter(|row| tgid(row.task) == process) else { continue };
            let RowKind::Call(_) = row.kind else { continue };
            let Some(held) = store.call(seq) else { continue };
            let view = held.view();
            if !matches!(&*decode::call_name(view.arch, view.nr), "execve" | "execveat") || failed(view.outcome) {
                continue;
            }
            if cut {
                return Err("Of the arguments not enough was copied; --capture takes more.".to_owned());
            }
            let decoded = decode::call(&view, &objects::whole());
            let Some(words) = decoded.args.iter().find(|arg| arg.name == "argv").and_then(|arg| words(&arg.value))
            else {
                // What began the trace is known all the same; so is there one before?
                cut = true;
                continue;
            };
            return Ok(clipboard::shell_command(words.iter().map(Vec::as_slice)));
        }
        let first = store.tasks().first().map(|task| task.tgid);
        let argv = self.session.started.as_ref().map(|started| &started.argv).filter(|argv| !argv.is_empty());
        match argv.filter(|_| process == first) {
            Some(argv) => Ok(clipboard::shell_command(argv.iter().map(Vec::as_slice))),
            None => Err("The trace does not show how this process was started.".to_owned()),
        }
    }
}

fn failed(outcome: Option<Outcome>) -> bool {
    matches!(outcome, Some(Outcome::Failed(_)))
}

fn what_words(what: What) -> &'static str {
    match what {
        What::Line => "the line",
        What::Json => "the JSON",
        What::Command => "the command",
        What::Filter => "the filter",
    }
}

/// The words of an argument vector; None if one of them is cut.
fn words(value: &Value) -> Option<Vec<Vec<u8>>> {
    let Value::Array { items, elided: false } = value else { return None };
    let word = |item: &Value| match item {
        Value::Str { bytes, true_len, terminated: true } if bytes.len() as u64 >= *true_len => Some(bytes.clone()),
        _ => None,
    };
    items.iter().filter(|item| !matches!(item, Value::Null)).map(word).collect()
}
