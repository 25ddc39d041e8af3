//! What the keys of a tour do, and when its checks are asked.

use super::{App, SLICE_ROWS};
use crate::lesson::{Tour, tours};
use crate::model::Changes;
use crate::tui::actions::Id;
use crate::tui::state::layer::Layer;
use crate::tui::state::narrow::Rows;
use crate::tui::state::tour::Tours;
use crate::tui::view;

impl App {
    /// Starts the tour of the command line.
    pub(super) fn start_tour(&mut self, tour: &Tour) {
        if let Some(index) = tours().iter().position(|t| t.id == tour.id) {
            self.tours.start(index, self.counted_from());
            self.relayout();
        }
    }

    pub(super) fn list_tours(&mut self) {
        self.layers.push(Layer::Tours { line: self.tours.suggested() });
    }

    /// Moves in the list of tours; after them comes the line that ends the running one.
    pub(super) fn move_in_tours(&mut self, id: Id) {
        let last = tours().len() - usize::from(self.tours.index().is_none());
        if let Some(Layer::Tours { line }) = self.layers.last_mut() {
            *line = match id {
                Id::Up => line.saturating_sub(1),
                Id::Down => (*line + 1).min(last),
                Id::PageUp => 0,
                Id::PageDown => last,
                _ => *line,
            };
        }
    }

    /// Takes a line of the list of tours.
    pub(super) fn choose_tour(&mut self, line: usize) {
        match tours().get(line) {
            Some(tour) => self.start_tour(tour),
            None => {
                self.tours.end();
                self.relayout();
            }
        }
    }

    /// On, by a page of the step's text or to the next step.
    pub(super) fn tour_on(&mut self) {
        let size = view::tour::text_size(self);
        if size.shown > 0 && self.tours.scroll + size.shown < size.lines {
            return self.scroll_tour(i32::from(size.shown));
        }
        if !self.tours.next(self.counted_from()) {
            let key = self.options.keymap.key(Id::Tours).map(|key| key.to_string()).unwrap_or_default();
            self.say(format!("That was the last step of this tour; {key} lists the tours."));
        }
        self.relayout();
    }

    /// Back, by a page or to the step before.
    pub(super) fn tour_back(&mut self) {
        let size = view::tour::text_size(self);
        if self.tours.scroll > 0 && size.shown > 0 {
            return self.scroll_tour(-i32::from(size.shown));
        }
        if !self.tours.back(self.counted_from()) {
            self.say("This is the first step of the tour.");
        }
        self.relayout();
    }

    /// Scrolls the text by lines.
    pub(super) fn scroll_tour(&mut self, lines: i32) {
        let size = view::tour::text_size(self);
        let to = i32::from(self.tours.scroll).saturating_add(lines).max(0);
        self.tours.scroll = u16::try_from(to).unwrap_or(u16::MAX).min(size.lines.saturating_sub(size.shown));
        self.dirty = true;
    }

    /// The row from which on rows count for a step that is entered now. Where nothing will happen any more, in a
    /// recording or after the end, what did happen counts.
    fn counted_from(&self) -> u64 {
        if self.session.running() { self.session.store.len() } else { 0 }
    }

    fn touring(&mut self) -> (&mut Tours, Rows<'_>) {
        let rows = Rows {
            store: &self.session.store,
            judge: self.overlays.active().map(|o| &o.judge),
            options: &self.options.decode,
        };
        (&mut self.tours, rows)
    }

    pub(super) fn revise_tour(&mut self, changes: &Changes) {
        let (tours, rows) = self.touring();
        tours.revise(&rows, changes);
    }

    /// One slice of looking for what the step waits for; true while there is more.
    pub(super) fn scan_tour(&mut self) -> bool {
        let (tours, rows) = self.touring();
        let before = tours.scanned();
        let more = tours.scan(&rows, SLICE_ROWS);
        let moved = tours.scanned() != before;
        self.dirty |= moved;
        more
    }
}
