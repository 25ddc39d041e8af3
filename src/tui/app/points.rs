//! The lists of catchpoints and of changes: what their keys do, and what the source is told.

use std::sync::Arc;

use super::App;
use crate::decode;
use crate::model::RowKind;
use crate::policy::Judge;
use crate::query::{Expr, Filter, Test};
use crate::source::Tamper;
use crate::tui::actions::Id;
use crate::tui::catch;
use crate::tui::layout::Pane;
use crate::tui::state::form::{Draft, Field, Form};
use crate::tui::state::layer::Layer;
use crate::tui::state::points::{Catch, List, Tampering, words};

impl App {
    /// Takes up what the command line told the source.
    pub(super) fn adopt_points(&mut self) {
        for (text, point) in std::mem::take(&mut self.options.catch) {
            self.points.adopt_catch(text, point, &self.options.config.filters);
        }
        for (text, tampers) in std::mem::take(&mut self.options.tamper) {
            self.points.adopt_tamper(text, tampers);
        }
    }

    pub(super) fn judge(&self) -> Option<Arc<Judge>> {
        self.overlays.active().map(|overlay| Arc::new(overlay.judge.clone()))
    }

    pub(super) fn tell_points(&mut self, list: List) {
        let command = self.points.command(list);
        self.outbox.control(command);
    }

    /// Another profile is loaded: what asks for blocked calls asks for others now.
    pub(super) fn judge_points(&mut self) {
        let judge = self.judge();
        let needs = |filter: &Option<Filter>| filter.as_ref().is_some_and(Filter::needs_profile);
        let mut changed = [false; 2];
        for entry in self.points.catches.iter_mut().filter(|entry| needs(&entry.filter)) {
            let filter = entry.filter.as_ref();
            if let Some(Ok(point)) = filter.map(|filter| catch::catchpoint(entry.point.id, filter, judge.clone())) {
                entry.point = point;
                changed[0] = true;
            }
        }
        for entry in self.points.tampers.iter_mut().filter(|entry| needs(&entry.filter)) {
            if let Some(Ok(test)) = entry.filter.as_ref().map(|filter| catch::entry_test(filter, judge.clone())) {
                entry.tampers.iter_mut().for_each(|tamper| tamper.test.clone_from(&test));
                changed[1] = true;
            }
        }
        for (list, changed) in [List::Catches, List::Tampers].into_iter().zip(changed) {
            if changed {
                self.tell_points(list);
            }
        }
    }

    pub(super) fn move_in_points(&mut self, id: Id) {
        let Some(Layer::Points { list, line }) = self.layers.last_mut() else { return };
        let last = self.points.len(*list).saturating_sub(1);
        *line = match id {
            Id::Up => line.saturating_sub(1),
            Id::Down => (*line + 1).min(last),
            Id::PageUp => 0,
            Id::PageDown => last,
            _ => *line,
        };
    }

    pub(super) fn change_points(&mut self, id: Id) {
        let Some(Layer::Points { list, line }) = self.layers.last_mut() else { return };
        let (at, of) = (*line, *list);
        match id {
            Id::OtherList => {
                (*list, *line) = (of.other(), 0);
                return;
            }
            Id::Add => return self.open_form(empty(of, None)),
            Id::Toggle => self.points.toggle(of, at),
            Id::Delete => {
                self.points.delete(of, at);
                *line = at.min(self.points.len(of).saturating_sub(1));
            }
            _ => return,
        }
        self.tell_points(of);
    }

    /// Opens the form of a line, over its list.
    pub(super) fn edit_point(&mut self, list: List, line: usize) {
        self.layers.push(Layer::Points { list, line });
        let form = match list {
            List::Catches => match self.points.catches.get(line) {
                Some(entry) => empty(list, Some(entry.point.id)).with_texts(&[(Field::Calls, entry.text.clone())]),
                None => empty(list, None),
            },
            List::Tampers => match self.points.tampers.get(line) {
                Some(entry) if entry.texts.is_empty() => {
                    return self.say("This one comes from the command line; delete it and add another instead.");
                }
                Some(entry) => empty(list, Some(entry.id)).with_texts(&entry.texts),
                None => empty(list, None),
            },
        };
        self.open_form(form);
    }

    /// Adds a catchpoint or puts it in another's place.
    ///
    /// # Errors
    /// A sentence on why these calls cannot be caught.
    pub(super) fn set_catch(&mut self, filter: Filter, text: String, instead_of: Option<u32>) -> Result<(), String> {
        let id = self.points.new_id();
        let point = catch::catchpoint(id, &filter, self.judge())?;
        self.points.set_catch(Catch { point, text, filter: Some(filter), on: true, hits: 0 }, instead_of);
        self.tell_points(List::Catches);
        Ok(())
    }

    /// Adds a change of calls or puts it in another's place.
    ///
    /// # Errors
    /// A sentence on why these calls cannot be changed like that.
    pub(super) fn set_tamper(&mut self, draft: Draft, form: &Form, instead_of: Option<u32>) -> Result<(), String> {
        let test = catch::entry_test(&draft.filter, self.judge())?;
        let texts = form.texts();
        let calls = texts.iter().find(|(field, _)| *field == Field::Calls).map_or("", |(_, text)| text.trim());
        let text = words(&draft, calls);
        let id = self.points.new_id();
        let tamper = Tamper { test, when: draft.when, change: draft.change };
        let entry = Tampering { id, text, texts, tampers: vec![tamper], filter: Some(draft.filter), on: true };
        self.points.set_tamper(entry, instead_of);
        self.tell_points(List::Tampers);
        Ok(())
    }

    /// Catches the call of the selected row, or of the histogram; if that is caught already, no longer.
    pub(super) fn catch_selected_call(&mut self) {
        let call = match self.focus {
            Pane::Histogram => self.table.selected,
            _ => match self.selected().and_then(|seq| self.session.store.row(seq)).map(|row| row.kind) {
                Some(RowKind::Call(call)) => Some((call.arch, call.nr)),
                _ => None,
            },
        };
        let Some((arch, nr)) = call else {
            return self.say("Select a call first: its row, or its line in the histogram.");
        };
        let filter = Filter::from(Expr::Test(Test::Call(decode::call_name(arch, nr).into_owned())));
        let text = filter.to_string();
        if let Some(line) = self.points.catches.iter().position(|entry| entry.text == text) {
            self.points.toggle(List::Catches, line);
            self.tell_points(List::Catches);
            let state = if self.points.catches[line].on { "caught again" } else { "no longer caught" };
            let key = self.options.keymap.word(Id::CatchPoints);
            return self.say(format!("{text} is {state}; {key} lists what is."));
        }
        match self.set_catch(filter, text.clone(), None) {
            Ok(()) => {
                let key = self.options.keymap.word(Id::CatchPoints);
                self.say(format!("Every task is held at its next {text}; {key} lists what is caught."));
            }
            Err(sentence) => self.say(sentence),
        }
    }
}

fn empty(list: List, instead_of: Option<u32>) -> Form {
    match list {
        List::Catches => Form::catch(instead_of),
        List::Tampers => Form::tamper(instead_of),
    }
}
