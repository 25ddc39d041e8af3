//! Values of the file as the sections want them, each with the place where it stands. Left out: what they mean.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Wrong;
use super::place::Place;
use crate::policy::nearest;

/// A word or text of the file, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub text: String,
    pub place: Place,
}

/// A text in quotes; `example` is shown to whoever wrote something else.
pub(super) fn text(value: &Spanned<DeValue<'_>>, file: &str, example: &str) -> Result<Setting, Wrong> {
    match value.get_ref().as_str() {
        Some(text) => Ok(Setting { text: text.to_owned(), place: Place::of(file, value.span().start) }),
        None => Err(Wrong { at: value.span().start, what: format!("this is text in quotes, as in {example}") }),
    }
}

/// One text, or a list of them in brackets.
pub(super) fn texts(value: &Spanned<DeValue<'_>>, file: &str, example: &str) -> Result<Vec<Setting>, Wrong> {
    match value.get_ref().as_array() {
        Some(list) => list.iter().map(|value| text(value, file, example)).collect(),
        None => Ok(vec![text(value, file, example)?]),
    }
}

/// A whole number within limits.
pub(super) fn number(value: &Spanned<DeValue<'_>>, least: u16, most: u16) -> Result<u16, Wrong> {
    let read = value.get_ref().as_integer().and_then(|n| i64::from_str_radix(n.as_str(), n.radix()).ok());
    read.and_then(|n| u16::try_from(n).ok()).filter(|n| (least..=most).contains(n)).ok_or_else(|| {
        let what = format!("this is a whole number from {least} to {most}");
        Wrong { at: value.span().start, what }
    })
}

/// true or false.
pub(super) fn switch(value: &Spanned<DeValue<'_>>) -> Result<bool, Wrong> {
    value.get_ref().as_bool().ok_or_else(|| Wrong { at: value.span().start, what: "this is true or false".into() })
}

/// A table within a section.
pub(super) fn table<'a, 'b>(
    name: &str,
    value: &'a Spanned<DeValue<'b>>,
    section: &str,
) -> Result<&'a DeTable<'b>, Wrong> {
    value.get_ref().as_table().ok_or_else(|| {
        let what = format!("{name} is a table of {section}; write [{section}.{name}] and its settings below");
        Wrong { at: value.span().start, what }
    })
}

/// There is no such name.
pub(super) fn unknown(at: usize, kind: &str, name: &str, known: &[&str]) -> Wrong {
    Wrong { at, what: unknown_words(kind, name, known) }
}

/// `there is no KIND NAME; did you mean OTHER?`
pub(super) fn unknown_words(kind: &str, name: &str, known: &[&str]) -> String {
    let near = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("there are {}", known.join(", ")),
    };
    format!("there is no {kind} {name:?}; {near}")
}
