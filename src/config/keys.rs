//! `[keys.CONTEXT]`: names of actions, each with its keys. Left out: which contexts, actions and keys there are, which
//! the screen knows (`tui::keymap`).

use toml::de::DeTable;

use super::place::Place;
use super::read::{self, Setting};
use super::{Config, Wrong};

/// An action is to have these keys and no others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    pub context: Setting,
    pub action: Setting,
    pub keys: Vec<Setting>,
}

pub(super) fn read(config: &mut Config, table: &DeTable<'_>, text: &str) -> Result<(), Wrong> {
    for (context, value) in table {
        let name = context.get_ref();
        let context = Setting { text: name.to_string(), place: Place::of(text, context.span().start) };
        for (action, value) in read::table(name, value, "keys")? {
            let keys = read::texts(value, text, &format!("{} = \"ctrl-x\" or [\"x\", \"F5\"]", action.get_ref()))?;
            let action = Setting { text: action.get_ref().to_string(), place: Place::of(text, action.span().start) };
            config.keys.push(Binding { context: context.clone(), action, keys });
        }
    }
    Ok(())
}
