//! `[filters]`: names of filters, each with its text.

use toml::de::DeTable;

use super::{Config, Wrong, place};
use crate::query::Saved;

pub(super) fn read(config: &mut Config, table: &DeTable<'_>, text: &str) -> Result<(), Wrong> {
    let mut filters = Vec::new();
    for (name, value) in table {
        if !Saved::is_name(name.get_ref()) {
            let shown = name.get_ref().escape_debug();
            let what = format!("{shown} is no name of a filter; use letters, digits, - and _");
            return Err(Wrong { at: name.span().start, what });
        }
        let Some(filter) = value.get_ref().as_str() else {
            let what = format!("a filter is text in quotes, as in {} = \"dur>10ms\"", name.get_ref());
            return Err(Wrong { at: value.span().start, what });
        };
        filters.push((name.get_ref().to_string(), filter.to_owned()));
    }
    config.filters = Saved::read(filters).map_err(|(name, error)| {
        let span = table.iter().find(|(other, _)| *other.get_ref() == name).map_or(0..0, |(_, value)| value.span());
        Wrong { at: place::of_character(text, span, error.column), what: error.message }
    })?;
    Ok(())
}
