//! The command palette, themes put on while the view runs, and the screen kept for later sessions.

use super::App;
use crate::lesson::tours;
use crate::tui::actions::{self, Context, Id};
use crate::tui::key::Key;
use crate::tui::layout::Pane;
use crate::tui::settings;
use crate::tui::state::layer::Layer;
use crate::tui::state::palette::{Deed, Entry, Palette};
use crate::tui::theme::Theme;

impl App {
    /// Lists what can be done now.
    pub(super) fn open_palette(&mut self) {
        let mut entries: Vec<Entry> = actions::actions()
            .iter()
            .filter(|action| in_palette(action.id, action.context) && self.enabled(action.id))
            .map(|action| Entry {
                deed: Deed::Act(action),
                name: action.name().replace('-', " "),
                place: if action.context == Context::Global { "" } else { action.context.title() },
                key: self.options.keymap.keys(action).first().map(Key::to_string).unwrap_or_default(),
                help: action.help.to_owned(),
            })
            .collect();
        if self.options.colour {
            entries.extend(Theme::names().map(|(name, about)| Entry {
                deed: Deed::Theme(name),
                name: format!("theme {name}"),
                place: "",
                key: String::new(),
                help: format!("Colours: {about}."),
            }));
        }
        entries.extend(tours().iter().enumerate().map(|(index, tour)| Entry {
            deed: Deed::Tour(index),
            name: format!("tour {}", tour.id),
            place: "",
            key: String::new(),
            help: tour.about.clone(),
        }));
        self.layers.push(Layer::Palette(Palette::new(entries)));
    }

    /// Does what was chosen, in the pane to which it belongs.
    pub(super) fn choose_deed(&mut self, palette: &Palette) {
        let Some(deed) = palette.shown().get(palette.line).map(|entry| entry.deed) else {
            return self.say("Nothing fits what was typed.");
        };
        match deed {
            Deed::Act(action) => {
                if let Some(pane) = pane_of(action.context)
                    && self.focus != pane
                {
                    self.focus_on(pane);
                }
                let key = self.options.keymap.keys(action).first().copied().unwrap_or(Key::char(' '));
                self.act(action.id, key);
            }
            Deed::Theme(name) => self.put_on(name),
            Deed::Tour(index) => {
                if let Some(tour) = tours().get(index) {
                    self.start_tour(tour);
                }
            }
        }
    }

    /// The theme that comes after the one that is on.
    pub(super) fn next_theme(&mut self) {
        let names: Vec<&str> = Theme::names().map(|(name, _)| name).collect();
        let at = names.iter().position(|name| *name == self.theme_name).map_or(0, |at| at + 1);
        if let Some(name) = names.get(at % names.len().max(1)) {
            self.put_on(name);
        }
    }

    fn put_on(&mut self, name: &'static str) {
        if !self.options.colour {
            return self.say("NO_COLOR is set, so there are no colours.");
        }
        let Some(mut theme) = Theme::named(name) else { return };
        // The settings were read without a mistake when the view began.
        if let Err(sentence) = settings::over(&self.options.config, &mut theme) {
            return self.say(sentence);
        }
        self.theme = theme;
        self.theme_name = name.to_owned();
        self.say(format!("The theme is {name}."));
    }

    /// Keeps theme, borders and panes as they are for later sessions.
    pub(super) fn save_screen(&mut self) {
        let mut values = Vec::new();
        if self.options.colour {
            values.push(("theme", format!("\"{}\"", self.theme_name)));
        }
        let arrangement = self.arrangement;
        values.push(("trace-height", arrangement.split.rows.to_string()));
        values.push(("trace-width", arrangement.split.cols.to_string()));
        values.push(("call-width", arrangement.split.lower.to_string()));
        values.push(("table", format!("\"{}\"", arrangement.table.name())));
        let hidden = Pane::ALL.iter().filter(|pane| arrangement.hidden.has(**pane));
        let hidden: Vec<String> = hidden.map(|pane| format!("\"{}\"", pane.name())).collect();
        values.push(("hide", format!("[{}]", hidden.join(", "))));
        match self.options.config.save_screen(&values) {
            Ok(()) => {
                let path = self.options.config.path().map(|path| path.display().to_string()).unwrap_or_default();
                self.say(format!(
                    "Later sessions begin with this screen ({}).",
                    crate::tui::format::escape(path.as_bytes())
                ));
            }
            Err(not_saved) => self.say(not_saved.0),
        }
    }
}

/// What is looked for by name: what works in the panes, but for the plain movements.
fn in_palette(id: Id, context: Context) -> bool {
    let pane = context == Context::Global || pane_of(context).is_some();
    let movement = matches!(
        id,
        Id::Up
            | Id::Down
            | Id::PageUp
            | Id::PageDown
            | Id::Top
            | Id::End
            | Id::Left
            | Id::Right
            | Id::Close
            | Id::SortColumn
    );
    pane && !movement && id != Id::Palette
}

/// The pane whose keys a context has.
fn pane_of(context: Context) -> Option<Pane> {
    match context {
        Context::Trace => Some(Pane::Trace),
        Context::Histogram => Some(Pane::Histogram),
        Context::Processes => Some(Pane::Processes),
        Context::Files => Some(Pane::Files),
        Context::Call => Some(Pane::Call),
        Context::Program => Some(Pane::Program),
        _ => None,
    }
}
