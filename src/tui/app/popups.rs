//! What keys do in popups: scrolling, choosing a profile, typing.

use crossterm::event::KeyCode;

use super::update::scrolled;
use super::{App, CopyWhat, Leave, judging};
use crate::policy;
use crate::query::Filter;
use crate::tui::actions::Id;
use crate::tui::key::Key;
use crate::tui::profile;
use crate::tui::state::layer::{Chooser, Help, Input, Layer};
use crate::tui::state::narrow::RowFilter;
use crate::tui::state::session::Phase;
use crate::tui::view;

impl App {
    pub(super) fn popup_key(&mut self, key: Key, code: KeyCode) {
        if self.type_in(key, code) {
            return;
        }
        let Some(action) = self.options.keymap.lookup(self.contexts(), key) else { return };
        match action.id {
            // While a word is looked for, closing ends only that.
            Id::Close if matches!(self.layers.last(), Some(Layer::Help(help)) if help.typing || !help.word.text.is_empty()) => {
                if let Some(Layer::Help(help)) = self.layers.last_mut() {
                    *help = Help::default();
                }
            }
            Id::Close | Id::Stay => {
                let closed = self.layers.pop();
                // Nothing lies under the picker that sysview begins with.
                if matches!(closed, Some(Layer::Picker(_))) && self.session.phase == Phase::Waiting {
                    self.leave = Some(Leave::Quit);
                }
            }
            Id::Kill | Id::HandOver => {
                self.layers.pop();
                self.act(action.id, key);
            }
            id if matches!(self.layers.last(), Some(Layer::Columns { .. })) => self.change_columns(id),
            id if matches!(self.layers.last(), Some(Layer::Bookmarks { .. })) => self.change_bookmarks(id),
            Id::Confirm => self.confirm(),
            Id::Toggle if matches!(self.layers.last(), Some(Layer::Picker(_))) => self.mark_process(),
            Id::Toggle | Id::Left | Id::Right if matches!(self.layers.last(), Some(Layer::Policy { .. })) => {
                self.change_circumstances(action.id);
            }
            Id::NextProfile | Id::PreviousProfile => self.switch_profile(action.id == Id::NextProfile),
            Id::Delete if self.on_profile_page() => self.unload_profile(),
            Id::OtherList if self.on_profile_page() => self.other_calls(),
            Id::Refresh => self.look_at_processes(),
            Id::Add | Id::Toggle | Id::Delete | Id::OtherList => self.change_points(action.id),
            Id::Save => self.name_filter(),
            Id::Find => {
                if let Some(Layer::Help(help)) = self.layers.last_mut() {
                    help.typing = true;
                }
            }
            Id::NextField | Id::PreviousField => self.move_in_form(action.id),
            id => self.scroll_popup(id),
        }
    }

    /// Gives characters to the popup that takes text; true if it was one.
    fn type_in(&mut self, key: Key, code: KeyCode) -> bool {
        if let Some(Layer::Form(form)) = self.layers.last_mut() {
            let typed = typed(form.input(), key, code);
            if typed {
                form.typed();
            }
            return typed;
        }
        if let Some(Layer::Picker(picker)) = self.layers.last_mut() {
            // A space marks; words are told apart by pasting, which few need.
            let typed = code != KeyCode::Char(' ') && typed(&mut picker.typed, key, code);
            picker.typed();
            return typed;
        }
        if let Some(Layer::Palette(palette)) = self.layers.last_mut() {
            let typed = typed(&mut palette.typed, key, code);
            if typed {
                palette.typed();
            }
            return typed;
        }
        if let Some(Layer::Help(help)) = self.layers.last_mut() {
            let taken = help.typing && typed(&mut help.word, key, code);
            if taken {
                help.scroll = 0;
            }
            return taken;
        }
        let builtins = policy::builtins().len();
        let input: &mut Input = match self.layers.last_mut() {
            Some(Layer::Chooser(chooser)) => {
                if matches!(code, KeyCode::Char(_) | KeyCode::Backspace) {
                    chooser.line = builtins;
                    chooser.error = None;
                }
                &mut chooser.path
            }
            Some(Layer::Record(input)) => input,
            _ => return false,
        };
        typed(input, key, code)
    }

    pub(super) fn scroll_popup(&mut self, id: Id) {
        let size = view::popup::content_size(self);
        match self.layers.last_mut() {
            Some(Layer::Help(Help { scroll, .. }) | Layer::Vdso { scroll } | Layer::Compare { scroll }) => {
                *scroll = scrolled(*scroll, id, size.shown).min(size.lines.saturating_sub(size.shown));
            }
            Some(Layer::Palette(palette)) => {
                let page = isize::from(i16::try_from(size.shown).unwrap_or(i16::MAX)).max(5) - 4;
                match id {
                    Id::Up => palette.move_by(-1),
                    Id::Down => palette.move_by(1),
                    Id::PageUp => palette.move_by(-page),
                    Id::PageDown => palette.move_by(page),
                    _ => {}
                }
            }
            Some(Layer::Copy { line }) => {
                *line = match id {
                    Id::Up => line.saturating_sub(1),
                    Id::Down => (*line + 1).min(CopyWhat::ALL.len() - 1),
                    _ => *line,
                };
            }
            Some(Layer::Tours { .. }) => self.move_in_tours(id),
            Some(Layer::Profiles { .. } | Layer::Rules { .. } | Layer::Places(_)) => self.move_in_page(id),
            Some(Layer::Policy { line }) => *line = judging::moved(*line, id),
            Some(Layer::Patterns { .. }) => self.move_in_patterns(id),
            Some(Layer::Points { .. }) => self.move_in_points(id),
            Some(Layer::Columns { .. }) => self.change_columns(id),
            Some(Layer::Bookmarks { .. }) => self.change_bookmarks(id),
            Some(Layer::Form(_)) => self.move_in_form(id),
            Some(Layer::Picker(_)) => self.move_in_picker(id),
            Some(Layer::Chooser(chooser)) => {
                let last = policy::builtins().len();
                chooser.line = match id {
                    Id::Up => chooser.line.saturating_sub(1),
                    Id::Down => (chooser.line + 1).min(last),
                    _ => chooser.line,
                };
            }
            _ => {}
        }
    }

    fn confirm(&mut self) {
        match self.layers.pop() {
            Some(Layer::Chooser(chooser)) => self.choose(chooser),
            Some(Layer::Palette(palette)) => self.choose_deed(&palette),
            Some(Layer::Copy { line }) => self.copy(CopyWhat::ALL[line.min(CopyWhat::ALL.len() - 1)]),
            // The word that was typed stays.
            Some(Layer::Help(help)) => self.layers.push(Layer::Help(Help { typing: false, ..help })),
            Some(Layer::Tours { line }) => self.choose_tour(line),
            Some(Layer::Patterns { line, findings }) => self.show_evidence(line, &findings),
            Some(Layer::Profiles { line }) => self.narrow_to_compared(line),
            Some(Layer::Rules { line }) => self.narrow_to_rule(line),
            Some(Layer::Places(page)) => self.narrow_to_name(page),
            Some(Layer::Points { list, line }) => self.edit_point(list, line),
            Some(Layer::Form(form)) => self.confirm_form(form),
            Some(Layer::Picker(picker)) => self.attach(picker),
            Some(Layer::Record(input)) => self.begin_recording(input),
            _ => {}
        }
    }

    /// Shows only the rows that fit; an empty filter shows all.
    pub(super) fn set_filter(&mut self, filter: Filter, text: String) {
        if filter.is_empty() {
            return self.change_filter(None);
        }
        if filter.needs_profile() && self.overlays.active().is_none() {
            let key = self.options.keymap.word(Id::Seccomp);
            self.say(format!("No profile is loaded, so nothing counts as blocked; {key} chooses one."));
        }
        self.narrow_to(RowFilter::Query { filter: Box::new(filter), text });
    }

    fn choose(&mut self, mut chooser: Chooser) {
        let profile = match policy::builtins().get(chooser.line) {
            Some(found) => {
                policy::builtin(found.name).ok_or_else(|| format!("the built-in profile {} is damaged", found.name))
            }
            None => profile::load(&chooser.path.text),
        };
        match profile.and_then(|profile| self.judge_by(profile)) {
            Ok(()) => {}
            Err(sentence) => {
                chooser.error = Some(sentence);
                self.layers.push(Layer::Chooser(chooser));
            }
        }
    }
}

/// Gives a key to a line that is typed; false if it means nothing there.
fn typed(input: &mut Input, key: Key, code: KeyCode) -> bool {
    match code {
        KeyCode::Char(c) if key == Key::char(c) => input.push(c),
        KeyCode::Backspace => input.erase(),
        _ if key == Key::ctrl('u') => input.clear(),
        _ => return false,
    }
    true
}
