//! What the loaded profile says about the selected call, and why: part of the call pane.

use super::page::Page;
use crate::abi;
use crate::decode;
use crate::model::{CallView, Marks, RowKind};
use crate::policy::{Explanation, Quote, Reason};
use crate::tui::app::{App, Overlay};
use crate::tui::format;
use crate::tui::state::divergence::{Effect, effect};
use crate::tui::theme::Role;

/// Rows of a rule's other answers that are shown; a rule of many circumstances would bury the rest.
const MOST_CHANGES: usize = 8;
/// And lines of its own text.
const MOST_LINES: usize = 12;

/// Whether the loaded profile, if any, would block the call.
pub(super) fn blocks(app: &App, view: &CallView<'_>) -> bool {
    let hidden = view.marks.has(Marks::VDSO);
    !hidden
        && app
            .overlays
            .active()
            .is_some_and(|overlay| overlay.verdict(view).is_some_and(|verdict| verdict.action.blocks()))
}

pub(super) fn write(page: &mut Page<'_>, seq: u64, view: &CallView<'_>) {
    let app = page.app;
    let Some(overlay) = app.overlays.active() else { return };
    let Some(verdict) = overlay.verdict(view) else {
        let text = "not known: the profile looks at an argument that the text does not tell";
        return page.entry("seccomp", text, Role::Text);
    };
    if view.marks.has(Marks::VDSO) {
        let name = abi::lookup(view.arch, view.nr).map_or("it", |call| call.name);
        let text = match verdict.action.blocks() {
            true => format!("a profile that blocks {name} does nothing to this program, until the vDSO is off"),
            false => "no filter sees this: it is no system call".to_owned(),
        };
        return page.entry("seccomp", &text, Role::Text);
    }
    let role = if verdict.action.blocks() { Role::FirstBlocked } else { Role::Text };
    let explained =
        app.explained.as_ref().filter(|(explained, _)| *explained == seq).map(|(_, explanation)| explanation);
    if let Some(explanation) = explained {
        page.entry("seccomp", &explanation.answer(&decode::call_name(view.arch, view.nr)), role);
    }
    let label = if explained.is_some() { "" } else { "seccomp" };
    page.entry(label, &format!("{}: {}", verdict.action, verdict.action.meaning()), role);
    if verdict.action.blocks()
        && let Some(RowKind::Call(call)) = app.session.store.row(seq).map(|row| row.kind)
    {
        match effect(&call, verdict.action) {
            Effect::Same => {
                page.entry("", "The kernel gave the same answer, so the run would not have differed.", Role::Text)
            }
            Effect::Detour(instead) => {
                page.entry("", &format!("A detour: the C library then calls {instead}."), Role::Text);
            }
            Effect::Open | Effect::Diverges => {}
        }
    }
    // The reasons cost more than a verdict; they are worked out once per selection, not per frame.
    match explained {
        Some(explanation) => reasons(page, overlay, explanation),
        None => page.entry("", &format!("by profile {}", overlay.profile.name()), Role::Text),
    }
}

fn reasons(page: &mut Page<'_>, overlay: &Overlay, explanation: &Explanation) {
    let name = overlay.profile.name();
    let text = match (&explanation.rule, explanation.reason) {
        (Some(rule), _) => format!("rule {} of {name}, line {}: {}", rule.index + 1, rule.name_line, rule.summary),
        (None, Reason::Default) if explanation.checks.is_empty() => {
            format!("no rule of {name} that takes part names it, so the default action counts")
        }
        (None, Reason::Default) => {
            format!("of the rules of {name} for it, none has its conditions met, so the default action counts")
        }
        (None, Reason::Architecture) => format!("{name} does not cover this architecture"),
        (None, Reason::AboveHighest(_) | Reason::Rule) => format!("answered before any rule of {name}"),
    };
    page.entry("rule", &text, Role::Text);
    for (number, line) in explanation.rule.iter().flat_map(excerpt).take(MOST_LINES) {
        page.value(&number.map_or("…".to_owned(), |number| format!("{number:>8}")), &line, Role::Dim, "");
    }
    for check in &explanation.checks {
        page.entry("", &check.to_string(), Role::Dim);
    }
    for change in explanation.changes.iter().take(MOST_CHANGES) {
        let profile = overlay.judge.profile();
        let place = change.rule.and_then(|rule| profile.rule_text(rule)).map(|(line, _)| format!(", line {line}"));
        page.entry("", &format!("{change}{}", place.unwrap_or_default()), Role::Text);
    }
    if explanation.changes.len() > MOST_CHANGES {
        let more = explanation.changes.len() - MOST_CHANGES;
        page.entry("", &format!("and {more} more ways to another answer: sysview profile explain"), Role::Dim);
    }
    for note in &explanation.notes {
        page.entry("", note, Role::Dim);
    }
}

/// The rule in the file's own words, each line with its number; lines that only name other calls are left out, for which
/// one without a number stands.
fn excerpt(quote: &Quote) -> Vec<(Option<usize>, String)> {
    let mut lines: Vec<(Option<usize>, String)> = Vec::new();
    let last = quote.text.lines().count().saturating_sub(1);
    for (at, line) in quote.text.lines().enumerate() {
        let number = quote.line + at;
        let names_only = !line.contains([':', '=', '{', '}']) && number != quote.name_line && at != 0 && at != last;
        match (names_only, lines.last()) {
            (true, Some((None, _))) => {}
            (true, _) => lines.push((None, String::new())),
            (false, _) => lines.push((Some(number), format::escape(line.replace('\t', "  ").as_bytes()))),
        }
    }
    // The first line begins where the rule does; the others keep their places among themselves.
    let indents = lines.iter().skip(1).filter(|(number, _)| number.is_some());
    let indent = indents.map(|(_, line)| line.len() - line.trim_start().len()).min().unwrap_or(0);
    for (_, line) in lines.iter_mut().skip(1) {
        line.drain(..indent.min(line.len()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_only_name_other_calls_are_left_out() {
        let text = "{\"names\": [\"a\",\n  \"b\",\n  \"c\",\n\t\t\"wanted\",\n  \"d\"],\n   \"action\": \"A\"\n  }";
        let quote = Quote { index: 0, file: None, line: 10, name_line: 13, text: text.into(), summary: String::new() };
        let lines = excerpt(&quote);
        let numbers: Vec<_> = lines.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [Some(10), None, Some(13), None, Some(15), Some(16)]);
        assert_eq!(
            lines[2..].iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>(),
            ["  \"wanted\",", "", " \"action\": \"A\"", "}"]
        );
    }
}
