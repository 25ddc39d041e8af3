//! What the keys do in forms, and what becomes of a form that is confirmed.

use std::sync::Arc;

use super::App;
use crate::config::NotSaved;
use crate::decode;
use crate::model::{RowKind, TaskId};
use crate::query::Names;
use crate::source::{At, Change, Command};
use crate::tui::actions::Id;
use crate::tui::format;
use crate::tui::state::form::{Form, Purpose};
use crate::tui::state::layer::{Input, Layer};

impl App {
    /// The task of the selected row, if it is held at the entry of a call; the call's row and its name.
    pub(super) fn answerable(&self) -> Option<(TaskId, u64, String)> {
        let task = self.selected_task()?;
        let waiting = self.session.holds.of(task).filter(|waiting| waiting.held.at == At::Entry)?;
        match self.session.store.row(waiting.seq).map(|row| row.kind)? {
            RowKind::Call(call) => Some((task, waiting.seq, decode::call_name(call.arch, call.nr).into_owned())),
            _ => None,
        }
    }

    /// Asks what becomes of the call at whose entry the selected row's task is held.
    pub(super) fn answer(&mut self) {
        if let Some((task, seq, call)) = self.answerable() {
            self.open_form(Form::answer(task, seq, call));
        }
    }

    /// Shows a form, with the names that can be completed in it.
    pub(super) fn open_form(&mut self, form: Form) {
        let names = Names::new(&self.session.store, self.options.config.filters.clone());
        self.layers.push(Layer::Form(form.knowing(Arc::new(names))));
    }

    /// Asks for a name for the filter that is typed, if it is one.
    pub(super) fn name_filter(&mut self) {
        let Some(Layer::Form(form)) = self.layers.last_mut() else { return };
        if !form.purpose.takes_filter() {
            return;
        }
        form.go_to_line(0);
        match form.read() {
            Ok(draft) if draft.filter.is_empty() => {
                form.input().error = Some("Type a filter first; an empty one needs no name.".into());
            }
            Err((0, error)) => form.input().error = Some(error),
            _ => {
                let text = form.input().text.trim().to_owned();
                self.open_form(Form::save(text));
            }
        }
    }

    /// # Errors
    /// Why it was not saved, and on which line.
    fn save_filter(&mut self, name: &str, text: &str) -> Result<(), (usize, String)> {
        let name = name.trim().trim_start_matches('@');
        let NotSaved(sentence) = match self.options.config.save_filter(name, text) {
            Err(not_saved) => not_saved,
            Ok(()) => {
                let path = self.options.config.path().map(|path| path.display().to_string()).unwrap_or_default();
                self.say(format!("Saved as @{name} in {}.", format::escape(path.as_bytes())));
                // The form below can name it now.
                if let Some(Layer::Form(mut form)) = self.layers.pop() {
                    *form.input() = Input { text: format!("@{name}"), error: None };
                    self.open_form(form);
                }
                return Ok(());
            }
        };
        Err((0, sentence))
    }

    pub(super) fn move_in_form(&mut self, id: Id) {
        let Some(Layer::Form(form)) = self.layers.last_mut() else { return };
        let lines = form.lines.len();
        match id {
            Id::Up => form.move_candidate(-1),
            Id::Down => form.move_candidate(1),
            Id::PageUp => form.move_candidate(-8),
            Id::PageDown => form.move_candidate(8),
            Id::NextField => {
                let first = if lines == 1 { Some(0) } else { None };
                if !form.take(first) {
                    form.go_to_line((form.at + 1) % lines);
                }
            }
            Id::PreviousField => form.go_to_line((form.at + lines - 1) % lines),
            _ => {}
        }
    }

    /// Takes what is highlighted, or else the whole form; one that is wrong stays open and says why.
    pub(super) fn confirm_form(&mut self, mut form: Form) {
        if form.take(None) {
            return self.layers.push(Layer::Form(form));
        }
        if form.purpose.needs_program() && !self.session.traced() {
            return self.say("The program is not traced any more, so nothing was changed.");
        }
        if matches!(form.purpose, Purpose::Export { .. }) {
            let done = form.read().and_then(|_| self.begin_export(&mut form));
            return self.complain(done, form);
        }
        let done = form.read().and_then(|draft| {
            let calls = |sentence| (0, sentence);
            match &form.purpose {
                Purpose::Filter => {
                    self.set_filter(draft.filter, form.lines[0].1.text.clone());
                    Ok(())
                }
                Purpose::Search => {
                    self.set_search(draft.filter, form.lines[0].1.text.clone());
                    Ok(())
                }
                Purpose::Bookmark { seq } => {
                    self.trace.bookmarks.name(*seq, form.lines[0].1.text.trim());
                    Ok(())
                }
                // Done above.
                Purpose::Export { .. } => Ok(()),
                Purpose::Save { text } => self.save_filter(&form.lines[0].1.text, text),
                Purpose::Answer { task, seq, .. } => {
                    self.send_answer(*task, *seq, draft.change);
                    Ok(())
                }
                Purpose::Catch { instead_of } => {
                    let text = form.lines[0].1.text.trim().to_owned();
                    self.set_catch(draft.filter, text, *instead_of).map_err(calls)
                }
                Purpose::Tamper { .. } if draft.change == Change::default() => {
                    Err((1, "Say what becomes of these calls: a result, a signal or a delay.".into()))
                }
                Purpose::Tamper { instead_of } => self.set_tamper(draft, &form, *instead_of).map_err(calls),
            }
        });
        self.complain(done, form);
    }

    /// Shows a form again that could not be taken.
    fn complain(&mut self, done: Result<(), (usize, String)>, mut form: Form) {
        if let Err((line, sentence)) = done {
            form.go_to_line(line);
            form.input().error = Some(sentence);
            self.layers.push(Layer::Form(form));
        }
    }

    fn send_answer(&mut self, task: TaskId, seq: u64, change: Change) {
        let holds = &mut self.session.holds;
        if holds.at_row(task, seq).is_none_or(|waiting| waiting.held.at != At::Entry) {
            return self.say("The task has gone on meanwhile; nothing was changed.");
        }
        holds.answered(task, change);
        self.outbox.control(Command::Answer(task, change));
    }
}
