//! What the user can do: one list that feeds the keymap, the help popup, the key bar and the README.
//! An action is a word; what it does stands in `app::update`, and whether it can be done now in `app::enabled`.

mod everywhere;
mod id;
mod panes;
mod popups;

use std::sync::LazyLock;

use crossterm::event::KeyCode;

pub use id::Id;

use super::key::Key;

/// Where an action applies. The first of the contexts that are active and has the key wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// Everywhere but in popups and while typing to the program.
    Global,
    Trace,
    Histogram,
    Processes,
    Files,
    Call,
    /// The program's terminal, while it has the focus and no program takes the keys.
    Program,
    /// While a tour runs, before the panes.
    Tour,
    /// The lists of catchpoints and of changes.
    Points,
    /// What a profile is judged under.
    Judging,
    /// What profiles do to the calls, rule by rule or side by side, and where calls exist.
    Profiles,
    /// The list of keys.
    Keys,
    /// The columns of the trace.
    Columns,
    /// The bookmarks.
    Bookmarks,
    /// The processes to attach to.
    Picker,
    /// Where one types a catchpoint, a change or an answer.
    Form,
    /// Every popup.
    Popup,
    /// The dialog that asks what becomes of a running program.
    QuitDialog,
}

impl Context {
    pub const ALL: [Context; 18] = [
        Context::Global,
        Context::Trace,
        Context::Histogram,
        Context::Processes,
        Context::Files,
        Context::Call,
        Context::Program,
        Context::Tour,
        Context::Points,
        Context::Judging,
        Context::Profiles,
        Context::Keys,
        Context::Columns,
        Context::Bookmarks,
        Context::Picker,
        Context::Form,
        Context::Popup,
        Context::QuitDialog,
    ];

    /// What settings call it: `[keys.catch-list]`.
    pub fn name(self) -> String {
        kebab(self.title())
    }

    pub fn title(self) -> &'static str {
        match self {
            Context::Global => "Everywhere",
            Context::Trace => "Trace",
            Context::Histogram => "Histogram",
            Context::Processes => "Processes",
            Context::Files => "Files",
            Context::Call => "Call",
            Context::Program => "Program",
            Context::Tour => "Tour",
            Context::Points => "Catch list",
            Context::Judging => "Circumstances",
            Context::Profiles => "Profile pages",
            Context::Keys => "Help",
            Context::Columns => "Columns",
            Context::Bookmarks => "Bookmarks",
            Context::Picker => "Process list",
            Context::Form => "Forms",
            Context::Popup => "Popups",
            Context::QuitDialog => "Quit dialog",
        }
    }
}

/// One thing that the user can do.
#[derive(Debug, Clone, Copy)]
pub struct Action {
    pub id: Id,
    pub context: Context,
    /// The keys that do it; the first is the one that help and bar show.
    pub keys: &'static [Key],
    /// A word for the key bar; empty: not shown there.
    pub label: &'static str,
    /// One sentence.
    pub help: &'static str,
}

const fn action(id: Id, context: Context, keys: &'static [Key], label: &'static str, help: &'static str) -> Action {
    Action { id, context, keys, label, help }
}

const UP: &[Key] = &[Key::code(KeyCode::Up), Key::char('k')];
const DOWN: &[Key] = &[Key::code(KeyCode::Down), Key::char('j')];
const LEFT: &[Key] = &[Key::code(KeyCode::Left), Key::char('h')];
const RIGHT: &[Key] = &[Key::code(KeyCode::Right), Key::char('l')];
const PAGE_UP: &[Key] = &[Key::code(KeyCode::PageUp), Key::ctrl('b')];
const PAGE_DOWN: &[Key] = &[Key::code(KeyCode::PageDown), Key::ctrl('f')];
const HOME: &[Key] = &[Key::code(KeyCode::Home), Key::char('g')];
const END: &[Key] = &[Key::code(KeyCode::End), Key::char('G')];
const ENTER: &[Key] = &[Key::code(KeyCode::Enter)];

static ACTIONS: LazyLock<Vec<Action>> = LazyLock::new(|| [everywhere::LIST, panes::LIST, popups::LIST].concat());

/// Every action, in the order in which help shows them.
pub fn actions() -> &'static [Action] {
    &ACTIONS
}

impl Action {
    /// What settings call it: `next-pane`.
    pub fn name(&self) -> String {
        kebab(&format!("{:?}", self.id))
    }

    /// The keys that it has unless the settings give it others, as help prints them.
    pub fn keys_text(&self) -> String {
        super::keymap::keys_text(self.keys)
    }
}

/// `NextPane` as `next-pane`, `Catch list` as `catch-list`.
fn kebab(words: &str) -> String {
    let mut name = String::new();
    for c in words.chars() {
        if c.is_ascii_uppercase() && !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
        name.push(if c == ' ' { '-' } else { c.to_ascii_lowercase() });
    }
    name
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_context() {
        let mut seen = HashSet::new();
        for action in actions() {
            for key in action.keys {
                assert!(seen.insert((action.context, *key)), "{key} twice in {:?}", action.context);
            }
        }
    }

    #[test]
    fn every_action_explains_itself_in_one_sentence() {
        for action in actions() {
            assert!(action.help.ends_with('.') && action.help.len() < 100, "{:?}: {}", action.id, action.help);
            assert!(!action.keys.is_empty());
        }
    }

    #[test]
    fn the_pane_is_asked_before_everywhere() {
        let map = crate::tui::keymap::Keymap::default();
        let lookup = |contexts: &[Context], key| map.lookup(contexts, key).map(|a| a.id);
        let enter = Key::code(KeyCode::Enter);
        assert_eq!(lookup(&[Context::Histogram, Context::Global], enter), Some(Id::Narrow));
        assert_eq!(lookup(&[Context::Trace, Context::Global], Key::char('q')), Some(Id::Quit));
        assert_eq!(lookup(&[Context::Popup], Key::char('s')), None);
        assert_eq!((kebab("NextPane"), kebab("Catch list")), ("next-pane".into(), "catch-list".into()));
    }
}
