//! What the keys do in forms, and what becomes of a form that is confirmed.

use super::App;
use crate::decode;
use crate::model::{RowKind, TaskId};
use crate::source::{At, Change, Command};
use crate::tui::actions::Id;
use crate::tui::state::form::{Form, Purpose};
use crate::tui::state::layer::Layer;

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
            self.layers.push(Layer::Form(Form::answer(task, seq, call)));
        }
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
        if form.purpose != Purpose::Filter && !self.session.traced() {
            return self.say("The program is not traced any more, so nothing was changed.");
        }
        let done = form.read().and_then(|draft| {
            let calls = |sentence| (0, sentence);
            match &form.purpose {
                Purpose::Filter => {
                    self.set_filter(draft.filter, form.lines[0].1.text.clone());
                    Ok(())
                }
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
