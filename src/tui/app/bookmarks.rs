//! Setting bookmarks, going to them, and what the keys do in their list.

use super::App;
use crate::tui::actions::Id;
use crate::tui::state::form::Form;
use crate::tui::state::layer::Layer;

impl App {
    pub(super) fn toggle_bookmark(&mut self) {
        let Some(seq) = self.selected() else { return };
        match self.trace.bookmarks.toggle(seq) {
            true => {
                let word = |id| self.options.keymap.word(id);
                let (next, previous, list) = (word(Id::NextBookmark), word(Id::PreviousBookmark), word(Id::Bookmarks));
                self.say(format!(
                    "Row {seq} has a bookmark; {next} and {previous} go from one to the next, {list} lists and names them."
                ));
            }
            false => self.say(format!("Row {seq} has no bookmark any more.")),
        }
    }

    pub(super) fn next_bookmark(&mut self, forward: bool) {
        let from = self.selected().unwrap_or(0);
        match self.trace.bookmarks.next(from, forward) {
            Some(seq) => self.look_at(seq),
            None if self.trace.bookmarks.is_empty() => {
                let key = self.options.keymap.word(Id::Bookmark);
                self.say(format!("There is no bookmark; {key} sets one on the selected row."));
            }
            None => self.say("No further bookmark that way."),
        }
    }

    /// The list, at the bookmark that is nearest before the selected row.
    pub(super) fn list_bookmarks(&mut self) {
        let from = self.selected().unwrap_or(0);
        let line = self.trace.bookmarks.iter().take_while(|(seq, _)| *seq <= from).count().saturating_sub(1);
        self.layers.push(Layer::Bookmarks { line });
    }

    pub(super) fn change_bookmarks(&mut self, id: Id) {
        let Some(Layer::Bookmarks { line }) = self.layers.last_mut() else { return };
        let last = self.trace.bookmarks.len().saturating_sub(1);
        let selected = self.trace.bookmarks.iter().nth(*line).map(|(seq, name)| (seq, name.to_owned()));
        match (id, selected) {
            (Id::Up, _) => *line = line.saturating_sub(1),
            (Id::Down, _) => *line = (*line + 1).min(last),
            (Id::PageUp, _) => *line = 0,
            (Id::PageDown, _) => *line = last,
            (Id::Confirm, Some((seq, _))) => {
                self.layers.pop();
                self.look_at(seq);
            }
            (Id::Rename, Some((seq, name))) => self.open_form(Form::bookmark(seq, name)),
            (Id::Delete, Some((seq, _))) => {
                self.trace.bookmarks.toggle(seq);
                *line = (*line).min(last.saturating_sub(1));
            }
            _ => {}
        }
    }
}
