//! What a process executed: arguments, and how the environment differs from the one before.

use std::collections::BTreeMap;

use super::page::Page;
use crate::decode::{self, Strings, Text};
use crate::model::RowKind;
use crate::stats::{Executed, Process};
use crate::tui::format;
use crate::tui::theme::Role;

/// Executions that are shown, the last ones.
const MOST: usize = 20;
/// Variables that are named, of each kind of difference.
const NAMED: usize = 12;

/// The arguments as a shell would take them, escaped; what was not copied is `…`.
pub fn words(strings: &Strings) -> String {
    let mut words: Vec<String> = strings.all.iter().map(word).collect();
    if strings.cut {
        words.push("…".into());
    }
    words.join(" ")
}

fn word(text: &Text) -> String {
    let Some(bytes) = &text.bytes else { return "…".into() };
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./=:,+@%^".contains(byte);
    let mut word = format::escape(bytes);
    if text.cut {
        word.push('…');
    }
    if !bytes.is_empty() && bytes.iter().all(plain) { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// Everything that a process executed, the last one first.
pub fn history(page: &mut Page<'_>, process: &Process) {
    let store = &page.app.session.store;
    if process.execs.is_empty() {
        return page.entry("executed", "nothing: it runs its parent's program", Role::Text);
    }
    let runs = process.execs.iter().enumerate().rev();
    for (index, exec) in runs.clone().take(MOST) {
        let path = match store.row(exec.row).map(|row| (row.t_ns, row.kind)) {
            Some((t_ns, RowKind::Exec(image))) => {
                format!(
                    "{}, {} s after the start, row {}",
                    format::escape(&image.path),
                    format::seconds(t_ns),
                    exec.row
                )
            }
            _ => format!("row {}", exec.row),
        };
        page.entry(if index + 1 == process.execs.len() { "executed" } else { "before" }, &path, Role::Exec);
        let Some(started) = started(page, exec) else {
            page.entry("", "its arguments were not captured", Role::Dim);
            continue;
        };
        page.entry("with", &words(&started.argv), Role::Text);
        let before = index.checked_sub(1).and_then(|before| process.execs.get(before)).copied();
        let before = before.or_else(|| inherited(page, process));
        environment(page, &started.envp, before.as_ref());
    }
    if let Some(more) = process.execs.len().checked_sub(MOST).filter(|&more| more > 0) {
        page.entry("", &format!("and {more} before"), Role::Dim);
    }
}

fn started(page: &Page<'_>, exec: &Executed) -> Option<decode::Started> {
    decode::started(&page.app.session.store.call(exec.call?)?.view())
}

/// What its parent had executed when it was made, or the parent's parent.
fn inherited(page: &Page<'_>, process: &Process) -> Option<Executed> {
    let all = page.app.session.processes.all();
    let (mut row, mut parent) = (process.row, process.parent);
    // As many generations as there can be.
    for _ in 0..all.len() {
        let of = all.get(parent? as usize)?;
        if let Some(exec) = of.execs.iter().rev().find(|exec| exec.row < row) {
            return Some(*exec);
        }
        (row, parent) = (of.row, of.parent);
    }
    None
}

fn environment(page: &mut Page<'_>, now: &Strings, before: Option<&Executed>) {
    if now.all.iter().all(|text| text.bytes.is_none()) && !now.whole() {
        let known = if now.cut { "at least " } else { "" };
        return page.entry("environ", &format!("{known}{} variables, not captured", now.all.len()), Role::Dim);
    }
    let count = now.all.len();
    let before = before.and_then(|before| started(page, before)).map(|before| before.envp);
    let Some(before) = before.filter(|before| before.whole() && now.whole()) else {
        let why = if now.whole() { "" } else { ", not all captured" };
        return page.entry("environ", &format!("{count} variables{why}"), Role::Text);
    };
    let (old, new) = (variables(&before), variables(now));
    let added = new.iter().filter(|(name, _)| !old.contains_key(*name));
    let added: Vec<String> = added.map(|(name, value)| format!("{name}={value}")).collect();
    let gone: Vec<String> = old.keys().filter(|name| !new.contains_key(*name)).cloned().collect();
    let changed = new.iter().filter_map(|(name, value)| {
        let was = old.get(name).filter(|was| *was != value)?;
        Some(format!("{name}: {was} → {value}"))
    });
    let changed: Vec<String> = changed.collect();
    if added.is_empty() && gone.is_empty() && changed.is_empty() {
        return page.entry("environ", &format!("{count} variables, the same as before"), Role::Text);
    }
    page.entry("environ", &format!("{count} variables"), Role::Text);
    for (sign, list, role) in [("+", added, Role::Live), ("-", gone, Role::Error), ("~", changed, Role::Notice)] {
        for text in list.iter().take(NAMED) {
            page.value(sign, &format::cut(text, 400), role, "");
        }
        if let Some(more) = list.len().checked_sub(NAMED).filter(|&more| more > 0) {
            page.entry(sign, &format!("{more} more"), Role::Dim);
        }
    }
}

/// Names and values, escaped. A string without `=` is a name without a value.
fn variables(strings: &Strings) -> BTreeMap<String, String> {
    let bytes = strings.all.iter().filter_map(|text| text.bytes.as_deref());
    bytes
        .map(|bytes| {
            let equals = bytes.iter().position(|&byte| byte == b'=').unwrap_or(bytes.len());
            (format::escape(&bytes[..equals]), format::escape(bytes.get(equals + 1..).unwrap_or_default()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &str) -> Text {
        Text { bytes: Some(bytes.into()), cut: false }
    }

    #[test]
    fn arguments_can_be_given_to_a_shell() {
        let all =
            vec![text("sh"), text("-c"), text("echo it's"), text(""), Text { bytes: Some(b"abc".into()), cut: true }];
        let strings = Strings { all, cut: true };
        assert_eq!(words(&strings), r"sh -c 'echo it'\''s' '' abc… …");
    }

    #[test]
    fn variables_are_told_apart_from_their_values() {
        let strings = Strings { all: vec![text("A=1=2"), text("B"), text("C=")], cut: false };
        let all: Vec<_> = variables(&strings).into_iter().collect();
        let of = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(all, [of("A", "1=2"), of("B", ""), of("C", "")]);
    }
}
