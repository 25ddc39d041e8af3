//! What the selected call is for, what its errors usually mean, what belongs to it, and where to read on.

use super::page::Page;
use crate::abi;
use crate::decode;
use crate::model::{CallView, Outcome};
use crate::query;
use crate::tui::actions::Id;
use crate::tui::theme::Role;

/// Errors that are only named, not explained.
const LIKELY: usize = 16;

pub fn write(page: &mut Page<'_>, view: &CallView<'_>) {
    let name = decode::call_name(view.arch, view.nr);
    let words = abi::explain::explain(&name);
    match words {
        Some(words) => page.text(&words.summary, Role::Text),
        None => page.text("Nothing is written here about this call yet; its manual page may know more.", Role::Dim),
    }
    if let Some(Outcome::Failed(errno)) = view.outcome
        && let Some((error, text)) = decode::errno_name(errno)
    {
        page.entry("here", &format!("{error}: {text}"), Role::Error);
        if let Some(meaning) = abi::explain::explain_error(&name, error, query::paths(view).next()) {
            page.entry("", meaning, Role::Text);
        }
    }
    if let Some((page_name, section)) = page.app.manual_page() {
        page.entry(
            "manual",
            &format!("{page_name}({section}); {} reads it", page.app.options.keymap.word(Id::Manual)),
            Role::Text,
        );
    }
    let explained = words.map(abi::Explain::errors).unwrap_or_default();
    for (error, meaning) in &explained {
        page.entry(error, meaning, Role::Text);
    }
    let more: Vec<&str> = abi::likely_errors(&name)
        .into_iter()
        .filter_map(|errno| decode::errno_name(errno).map(|(error, _)| error))
        .filter(|error| explained.iter().all(|(known, _)| known != error))
        .take(LIKELY)
        .collect();
    if !more.is_empty() {
        page.entry("also", &more.join(", "), Role::Dim);
    }
    for related in words.map(|words| words.related.as_slice()).unwrap_or_default() {
        let summary = abi::explain::explain(related).map_or("", |words| words.summary.as_str());
        page.entry(related, summary, Role::Dim);
    }
}
