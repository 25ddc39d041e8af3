//! Which key does what: the keys of the list of actions, changed by the user's settings (`[keys.CONTEXT]`).
//! Left out: what actions do (`app`), and the keys that a program is sent (`program`).

use super::actions::{self, Action, Context, Id};
use super::key::Key;
use crate::config::{Config, Setting};

/// The setting in `[keys.program]` that leaves the program's terminal; it is no action, because it works while every
/// other key goes to the program.
pub const LEAVE: &str = "leave";

/// The key that leaves the program's terminal unless the user says otherwise.
pub const ESCAPE: Key = Key::ctrl(']');

/// The keys of every action.
#[derive(Debug, Clone)]
pub struct Keymap {
    /// In the order of the list of actions.
    keys: Vec<Vec<Key>>,
    /// Leaves the program's terminal; pressed twice it goes to the program.
    pub escape: Key,
}

impl Default for Keymap {
    fn default() -> Keymap {
        Keymap { keys: actions::actions().iter().map(|action| action.keys.to_vec()).collect(), escape: ESCAPE }
    }
}

impl Keymap {
    /// The keys of the list with those of the settings. A key that the user gives to an action is taken from the one
    /// that had it in the same context.
    ///
    /// # Errors
    /// One sentence with file, line and column: an unknown context, action or key, a key for two actions, or a popup
    /// that could not be left.
    pub fn new(config: &Config) -> Result<Keymap, String> {
        let mut map = Keymap::default();
        // What the user has given already, to tell a mistake from a change.
        let mut given: Vec<(Context, Key, &Setting)> = Vec::new();
        for binding in &config.keys {
            let context = Context::ALL.into_iter().find(|context| context.name() == binding.context.text);
            let Some(context) = context else {
                let names = Context::ALL.map(Context::name);
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                return Err(config.unknown("place for keys", &binding.context, &names));
            };
            let mut keys = Vec::new();
            for setting in &binding.keys {
                let key: Key = setting.text.parse().map_err(|error: String| config.at(setting.place, &error))?;
                if let Some((.., other)) = given.iter().find(|(place, given, _)| (*place, *given) == (context, key)) {
                    let what = format!("{key} does something else already, at {}; give it to one of both", other.place);
                    return Err(config.at(setting.place, &what));
                }
                given.push((context, key, setting));
                keys.push(key);
            }
            if context == Context::Program && binding.action.text == LEAVE {
                let [key] = keys[..] else {
                    return Err(config.at(binding.action.place, "the program's terminal is left by one key"));
                };
                map.escape = key;
                continue;
            }
            let all = actions::actions();
            let Some(index) = all.iter().position(|a| a.context == context && a.name() == binding.action.text) else {
                let names: Vec<String> = all.iter().filter(|a| a.context == context).map(Action::name).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                return Err(config.unknown(&format!("action of {}", context.name()), &binding.action, &names));
            };
            if keys.is_empty() && all[index].id == Id::Close {
                return Err(config.at(binding.action.place, "without a key for it, nothing closes a popup"));
            }
            for other in (0..all.len()).filter(|&other| other != index && all[other].context == context) {
                map.keys[other].retain(|key| !keys.contains(key));
            }
            map.keys[index] = keys;
        }
        Ok(map)
    }

    /// The action that a key means in the first of `contexts` that knows it.
    pub fn lookup(&self, contexts: &[Context], key: Key) -> Option<&'static Action> {
        let all = || actions::actions().iter().zip(&self.keys);
        contexts.iter().find_map(|context| {
            all().find(|(action, keys)| action.context == *context && keys.contains(&key)).map(|(action, _)| action)
        })
    }

    /// The keys of an action, the one that help and bar show first.
    pub fn keys(&self, action: &Action) -> &[Key] {
        let index = actions::actions().iter().position(|a| (a.id, a.context) == (action.id, action.context));
        index.map_or(&[], |index| &self.keys[index])
    }

    /// The key that help and bar show for an action; None for one without a key.
    pub fn key(&self, id: Id) -> Option<Key> {
        let action = actions::actions().iter().find(|action| action.id == id)?;
        self.keys(action).first().copied()
    }

    /// How sentences name the key of an action; of one without a key, what the palette finds it by.
    pub fn word(&self, id: Id) -> String {
        match self.key(id) {
            Some(key) => key.to_string(),
            None => {
                let action = actions::actions().iter().find(|action| action.id == id);
                action.map_or(String::new(), |action| format!(":{}", action.name().replace('-', " ")))
            }
        }
    }

    /// The keys of an action as help prints them: `Up k`, `1 … 7`.
    pub fn text(&self, action: &Action) -> String {
        keys_text(self.keys(action))
    }
}

/// `Up k`; of many, the first and the last.
pub fn keys_text(keys: &[Key]) -> String {
    match keys {
        [first, _, _, .., last] if keys.len() > 4 => format!("{first} … {last}"),
        keys => keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" "),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn read(text: &str) -> Result<Keymap, String> {
        Keymap::new(&Config::parse_text(text).expect("settings"))
    }

    #[test]
    fn a_key_moves_from_one_action_to_another() {
        let map = read("[keys.everywhere]\nfilter = [\"f\", \"F4\"]\nzoom = \"/\"\n[keys.trace]\ndown = \"s\"\n")
            .expect("fine");
        let id = |contexts: &[Context], key| map.lookup(contexts, key).map(|action| action.id);
        assert_eq!(id(&[Context::Global], Key::char('f')), Some(Id::Filter));
        assert_eq!(id(&[Context::Global], Key::char('/')), Some(Id::Zoom));
        assert_eq!(id(&[Context::Global], Key::char('z')), None);
        assert_eq!(id(&[Context::Trace, Context::Global], Key::char('s')), Some(Id::Down));
        assert_eq!(id(&[Context::Histogram, Context::Global], Key::char('s')), Some(Id::Seccomp));
        assert_eq!(map.key(Id::Filter), Some(Key::char('f')));
        assert_eq!(read("[keys.program]\nleave = \"F12\"\n").expect("fine").escape, "F12".parse().expect("a key"));
    }

    #[test]
    fn mistakes_have_line_and_column() {
        for (text, words) in [
            ("[keys.tracce]\nup = \"k\"\n", "1:7: there is no place for keys \"tracce\"; did you mean trace?"),
            ("[keys.trace]\nupp = \"k\"\n", "2:1: there is no action of trace \"upp\"; did you mean up?"),
            ("[keys.trace]\nup = \"hyper-k\"\n", "2:6: \"hyper-k\" is no key"),
            ("[keys.trace]\nup = \"k\"\ndown = [\"j\", \"k\"]\n", "k does something else already"),
            ("[keys.popups]\nclose = []\n", "2:1: without a key for it, nothing closes a popup"),
            ("[keys.program]\nleave = [\"F1\", \"F2\"]\n", "2:1: the program's terminal is left by one key"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn every_action_has_a_name_of_its_own_in_its_context() {
        let mut seen = HashSet::new();
        for action in actions::actions() {
            assert!(seen.insert((action.context, action.name())), "{} twice", action.name());
        }
        assert!(!seen.contains(&(Context::Program, LEAVE.to_owned())));
    }
}
