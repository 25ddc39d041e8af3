//! Where a key goes: to the popup on top, to the program, or to an action of the pane.

use crossterm::event::{KeyEvent, KeyEventKind};

use super::App;
use crate::tui::actions::Context;
use crate::tui::key::Key;
use crate::tui::layout::Pane;
use crate::tui::state::layer::Layer;

impl App {
    /// A key was pressed.
    pub fn key(&mut self, event: KeyEvent) {
        if event.kind == KeyEventKind::Release {
            return;
        }
        self.dirty = true;
        let key = Key::from(event);
        if !self.layers.is_empty() {
            self.popup_key(key, event.code);
        } else if self.typing() {
            self.program_key(key, event);
        } else if std::mem::take(&mut self.escaped) && key == self.options.keymap.escape && self.session.running() {
            // Pressed twice: the program gets it after all, and the focus with it.
            self.focus_on(Pane::Program);
            let bytes = self.program.key(event);
            self.send_input(&bytes);
        } else if let Some(action) = self.options.keymap.lookup(self.contexts(), key)
            && self.enabled(action.id)
        {
            self.act(action.id, key);
        }
        self.work_slice();
        self.order_entries();
        self.settle();
        self.explain_selected();
    }

    /// A text was pasted.
    pub fn paste(&mut self, text: &str) {
        self.dirty = true;
        let typing = self.typing();
        match self.layers.last_mut() {
            Some(Layer::Chooser(chooser)) => chooser.path.paste(text),
            Some(Layer::Record(input)) => input.paste(text),
            Some(Layer::Palette(palette)) => {
                palette.typed.paste(text);
                palette.typed();
            }
            Some(Layer::Help(help)) if help.typing => help.word.paste(text),
            Some(Layer::Form(form)) => {
                form.input().paste(text);
                form.typed();
            }
            Some(Layer::Picker(picker)) => {
                picker.typed.paste(text);
                picker.typed();
            }
            None if typing => {
                let bytes = self.program.paste(text);
                self.send_input(&bytes);
            }
            Some(_) | None => {}
        }
    }

    fn program_key(&mut self, key: Key, event: KeyEvent) {
        if key == self.options.keymap.escape {
            self.focus_on(Pane::Trace);
            self.escaped = true;
            return;
        }
        // As in a terminal: with Shift the page keys are the terminal's, not the program's.
        if let Some(action) = self.options.keymap.lookup(&[Context::Program], key).filter(|_| key.has_shift()) {
            return self.act(action.id, key);
        }
        let bytes = self.program.key(event);
        self.send_input(&bytes);
    }

    /// The contexts whose keys work now, most particular first; none while keys go to the program.
    pub(in crate::tui) fn contexts(&self) -> &'static [Context] {
        match self.layers.last() {
            Some(Layer::Quit) => &[Context::QuitDialog],
            Some(Layer::Help(_)) => &[Context::Keys, Context::Popup],
            Some(Layer::Policy { .. }) => &[Context::Judging, Context::Popup],
            Some(Layer::Profiles { .. } | Layer::Rules { .. } | Layer::Places(_)) => {
                &[Context::Profiles, Context::Popup]
            }
            Some(Layer::Columns { .. }) => &[Context::Columns, Context::Popup],
            Some(Layer::Bookmarks { .. }) => &[Context::Bookmarks, Context::Popup],
            Some(Layer::Points { .. }) => &[Context::Points, Context::Popup],
            Some(Layer::Picker(_)) => &[Context::Picker, Context::Popup],
            Some(Layer::Form(_)) => &[Context::Form, Context::Popup],
            Some(_) => &[Context::Popup],
            None if self.typing() => &[],
            None => {
                let all: &[Context; 3] = match self.focus {
                    Pane::Trace => &[Context::Tour, Context::Trace, Context::Global],
                    Pane::Histogram => &[Context::Tour, Context::Histogram, Context::Global],
                    Pane::Processes => &[Context::Tour, Context::Processes, Context::Global],
                    Pane::Files => &[Context::Tour, Context::Files, Context::Global],
                    Pane::Call => &[Context::Tour, Context::Call, Context::Global],
                    Pane::Program => &[Context::Tour, Context::Program, Context::Global],
                };
                &all[usize::from(self.tours.running().is_none())..]
            }
        }
    }
}
