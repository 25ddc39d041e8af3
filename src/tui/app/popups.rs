//! What keys do in popups: scrolling, choosing a profile, typing.

use std::io::Read as _;
use std::path::Path;

use crossterm::event::KeyCode;

use super::App;
use super::update::scrolled;
use crate::policy::{self, Profile};
use crate::query::Filter;
use crate::tui::actions::{self, Id};
use crate::tui::key::Key;
use crate::tui::state::layer::{Chooser, Input, Layer};
use crate::tui::state::narrow::RowFilter;
use crate::tui::view;

/// No sensible profile is larger, in bytes.
const PROFILE_LIMIT: u64 = 4 << 20;

impl App {
    pub(super) fn popup_key(&mut self, key: Key, code: KeyCode) {
        if self.type_in(key, code) {
            return;
        }
        let Some(action) = actions::lookup(self.contexts(), key) else { return };
        match action.id {
            Id::Close | Id::Stay => drop(self.layers.pop()),
            Id::Kill | Id::HandOver => {
                self.layers.pop();
                self.act(action.id, key);
            }
            Id::Confirm => self.confirm(),
            id => self.scroll_popup(id),
        }
    }

    /// Gives characters to the popup that takes text; true if it was one.
    fn type_in(&mut self, key: Key, code: KeyCode) -> bool {
        let builtins = policy::builtins().len();
        let input: &mut Input = match self.layers.last_mut() {
            Some(Layer::Filter(input)) => input,
            Some(Layer::Chooser(chooser)) => {
                if matches!(code, KeyCode::Char(_) | KeyCode::Backspace) {
                    chooser.line = builtins;
                    chooser.error = None;
                }
                &mut chooser.path
            }
            _ => return false,
        };
        match code {
            KeyCode::Char(c) if key == Key::char(c) => input.push(c),
            KeyCode::Backspace => input.erase(),
            _ if key == Key::ctrl('u') => input.clear(),
            _ => return false,
        }
        true
    }

    pub(super) fn scroll_popup(&mut self, id: Id) {
        let size = view::popup::content_size(self);
        match self.layers.last_mut() {
            Some(Layer::Help { scroll } | Layer::Vdso { scroll } | Layer::Policy { scroll }) => {
                *scroll = scrolled(*scroll, id, size.shown).min(size.lines.saturating_sub(size.shown));
            }
            Some(Layer::Tours { .. }) => self.move_in_tours(id),
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
            Some(Layer::Filter(input)) => self.set_filter(input),
            Some(Layer::Tours { line }) => self.choose_tour(line),
            _ => {}
        }
    }

    fn set_filter(&mut self, mut input: Input) {
        match Filter::parse(&input.text) {
            Ok(filter) if filter.is_empty() => self.trace.set_narrow(None, self.session.store.len()),
            Ok(filter) => {
                if filter.needs_profile() && self.overlay.is_none() {
                    self.say("No profile is loaded, so nothing counts as blocked; s chooses one.");
                }
                self.narrow_to(RowFilter::Query { filter: Box::new(filter), text: input.text });
            }
            Err(error) => {
                input.error = Some(format!("{}^ {}", " ".repeat(error.column), error.message));
                self.layers.push(Layer::Filter(input));
            }
        }
    }

    fn choose(&mut self, mut chooser: Chooser) {
        let profile = match policy::builtins().get(chooser.line) {
            Some(found) => {
                policy::builtin(found.name).ok_or_else(|| format!("the built-in profile {} is damaged", found.name))
            }
            None => load(&chooser.path.text),
        };
        match profile.and_then(|profile| self.judge_by(profile).map_err(|e| e.to_string())) {
            Ok(()) => {}
            Err(sentence) => {
                chooser.error = Some(sentence);
                self.layers.push(Layer::Chooser(chooser));
            }
        }
    }
}

/// Reads a profile from a file. The error is a sentence for the user.
fn load(path: &str) -> Result<Profile, String> {
    if path.is_empty() {
        return Err("Type the path of a seccomp profile (JSON, as Docker and OCI use it).".into());
    }
    let refuse = |what: &dyn std::fmt::Display| format!("{path}: {what}");
    // A device or a pipe could keep the view waiting for ever.
    let meta = Path::new(path).metadata().map_err(|e| refuse(&e))?;
    if !meta.is_file() {
        return Err(refuse(&"is not a regular file"));
    }
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|e| refuse(&e))?;
    file.take(PROFILE_LIMIT + 1).read_to_string(&mut text).map_err(|e| refuse(&e))?;
    if text.len() as u64 > PROFILE_LIMIT {
        return Err(refuse(&"is larger than 4 MiB; that is no seccomp profile"));
    }
    Profile::parse(&text, path).map_err(|e| e.to_string())
}
