//! The tabs of the call pane, and the manual page that one of them leads to.

use crossterm::event::KeyCode;

use super::App;
use crate::abi;
use crate::decode;
use crate::tui::actions::Id;
use crate::tui::key::Key;
use crate::tui::state::tab::Tab;

impl App {
    pub(super) fn turn_tab(&mut self, id: Id, key: Key) {
        let tab = match (id, key.event().code) {
            (Id::NextTab, _) => self.tab.step(1),
            (Id::PreviousTab, _) => self.tab.step(Tab::ALL.len() - 1),
            (_, KeyCode::Char(c)) => {
                let place = c.to_digit(10).and_then(|digit| (digit as usize).checked_sub(1));
                place.and_then(|place| Tab::ALL.get(place)).copied().unwrap_or(self.tab)
            }
            _ => self.tab,
        };
        self.show_tab(tab);
    }

    pub(super) fn show_tab(&mut self, tab: Tab) {
        self.tab = tab;
        self.detail_top = 0;
    }

    /// Asks for the manual page of the selected call; the loop shows it.
    pub(super) fn ask_manual(&mut self) {
        match self.manual_page() {
            Some(page) => self.manual = Some(page),
            None => self.say("Only calls have a manual page; select one."),
        }
    }

    /// Name and section of the selected call's page.
    pub(in crate::tui) fn manual_page(&self) -> Option<(String, String)> {
        let call = self.session.store.call(self.selected()?)?;
        let view = call.view();
        let name = decode::call_name(view.arch, view.nr);
        let words = abi::explain::explain(&name).and_then(abi::Explain::man);
        let (name, section) = words.and_then(|page| page.split_once('(')).unwrap_or((&name, "2)"));
        Some((name.to_owned(), section.trim_end_matches(')').to_owned()))
    }

    /// The manual page that is to be shown, as it was asked for since the last time.
    pub(in crate::tui) fn take_manual(&mut self) -> Option<(String, String)> {
        self.manual.take()
    }

    /// The view is back after a manual page, which may have been none.
    pub(in crate::tui) fn manual_is_left(&mut self, shown: Result<(), String>) {
        self.redraw();
        if let Err(sentence) = shown {
            self.say(sentence);
        }
    }
}
