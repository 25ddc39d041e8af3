//! What keys do in the pages of profiles: their rules, how they compare, and where calls exist.

use super::App;
use crate::policy::portable;
use crate::query::Filter;
use crate::tui::actions::Id;
use crate::tui::state::layer::{Layer, Places};
use crate::tui::state::narrow::RowFilter;
use crate::tui::view::{compared, places, rules};

/// Lines that a page key goes.
const PAGE: usize = 10;

impl App {
    pub(super) fn on_profile_page(&self) -> bool {
        matches!(self.layers.last(), Some(Layer::Profiles { .. } | Layer::Rules { .. } | Layer::Places(_)))
    }

    pub(super) fn move_in_page(&mut self, id: Id) {
        let count = match self.layers.last() {
            Some(Layer::Profiles { .. }) => compared::calls(self).len(),
            Some(Layer::Rules { .. }) => rules::count(self),
            Some(Layer::Places(page)) => places::names(self, page.allowed).len(),
            _ => return,
        };
        match self.layers.last_mut() {
            Some(Layer::Profiles { line } | Layer::Rules { line }) => *line = moved(*line, id, count),
            Some(Layer::Places(page)) => {
                page.line = moved(page.line, id, count);
                page.column = match id {
                    Id::Left => page.column.saturating_sub(1),
                    Id::Right => (page.column + 1).min(portable::architectures().count().saturating_sub(1)),
                    _ => page.column,
                };
            }
            _ => {}
        }
    }

    pub(super) fn other_calls(&mut self) {
        if self.overlays.active().is_none() {
            let key = self.options.keymap.word(Id::Seccomp);
            return self.say(format!("No profile is loaded; {key} chooses one."));
        }
        if let Some(Layer::Places(page)) = self.layers.last_mut() {
            *page = Places { allowed: !page.allowed, ..Places::default() };
        }
    }

    pub(super) fn narrow_to_compared(&mut self, line: usize) {
        if let Some(call) = compared::calls(self).get(line) {
            let (arch, nr, name) = (call.arch, call.nr, call.name.clone());
            self.narrow_to(RowFilter::Call { arch, nr, name });
        }
    }

    /// The line after the rules is the default action.
    pub(super) fn narrow_to_rule(&mut self, line: usize) {
        let Some(overlay) = self.overlays.active() else { return };
        let rule = if line < overlay.judge.profile().rules().len() { (line + 1).to_string() } else { "default".into() };
        self.narrow_to_words(format!("rule={rule}"));
    }

    pub(super) fn narrow_to_name(&mut self, page: Places) {
        if let Some(name) = places::names(self, page.allowed).get(page.line) {
            self.narrow_to_words(format!("call:{name}"));
        }
    }

    fn narrow_to_words(&mut self, text: String) {
        match Filter::parse(&text) {
            Ok(filter) => self.set_filter(filter, text),
            Err(error) => self.say(error.to_string()),
        }
    }
}

fn moved(line: usize, id: Id, count: usize) -> usize {
    let last = count.saturating_sub(1);
    match id {
        Id::Up => line.saturating_sub(1),
        Id::Down => line + 1,
        Id::PageUp => line.saturating_sub(PAGE),
        Id::PageDown => line + PAGE,
        Id::Top => 0,
        Id::End => last,
        _ => line,
    }
    .min(last)
}
