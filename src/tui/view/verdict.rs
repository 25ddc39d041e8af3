//! What the loaded profile says about the selected call, and why: part of the call pane.

use super::call::Page;
use crate::abi;
use crate::model::{CallView, Marks, RowKind};
use crate::policy::{Explanation, Reason};
use crate::tui::app::App;
use crate::tui::state::divergence::{Effect, effect};
use crate::tui::theme::Role;

/// Rows of a rule's other answers that are shown; a rule of many circumstances would bury the rest.
const MOST_CHANGES: usize = 4;

/// Whether the loaded profile, if any, would block the call.
pub(super) fn blocks(app: &App, view: &CallView<'_>) -> bool {
    let hidden = view.marks.has(Marks::VDSO);
    !hidden
        && app
            .overlay
            .as_ref()
            .is_some_and(|overlay| overlay.verdict(view).is_some_and(|verdict| verdict.action.blocks()))
}

pub(super) fn write(page: &mut Page<'_>, seq: u64, view: &CallView<'_>) {
    let app = page.app;
    let Some(overlay) = &app.overlay else { return };
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
    page.entry("seccomp", &format!("{}: {}", verdict.action, verdict.action.meaning()), role);
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
    match app.explained.as_ref().filter(|(explained, _)| *explained == seq) {
        Some((_, explanation)) => reasons(page, overlay.profile.name(), explanation),
        None => page.entry("", &format!("by profile {}", overlay.profile.name()), Role::Text),
    }
}

fn reasons(page: &mut Page<'_>, name: &str, explanation: &Explanation) {
    let text = match (&explanation.rule, explanation.reason) {
        (Some(rule), _) => format!("rule {} of {name}, line {}: {}", rule.index + 1, rule.name_line, rule.summary),
        (None, Reason::Default) => format!("no rule of {name} is about it, so the default action counts"),
        (None, Reason::Architecture) => format!("{name} does not cover this architecture"),
        (None, Reason::AboveHighest(_) | Reason::Rule) => format!("answered before any rule of {name}"),
    };
    page.entry("rule", &text, Role::Text);
    for check in &explanation.checks {
        page.entry("", &check.to_string(), Role::Dim);
    }
    for change in explanation.changes.iter().take(MOST_CHANGES) {
        page.entry("", &format!("{} {}", change.action, change.what), Role::Dim);
    }
    for note in &explanation.notes {
        page.entry("", note, Role::Dim);
    }
}
