//! What several profiles answer, side by side: a letter for each, in the trace's own columns, and of the active one in the
//! histogram. Left out: why (`verdict`), and the page that compares them call by call (`compared`).

use ratatui::text::Span;

use crate::model::Marks;
use crate::policy::Action;
use crate::stats::CallStats;
use crate::tui::app::App;
use crate::tui::theme::Role;

/// Columns that the letters take, with the space behind them; 0 unless there are several profiles to compare.
pub(super) fn width(app: &App) -> usize {
    match app.overlays.compared().len() {
        0 => 0,
        profiles => profiles + 1,
    }
}

/// The profiles' numbers over their columns.
pub(super) fn heading(width: usize) -> String {
    let mut text: String = (1..width).map(|number| number.to_string()).collect();
    if width > 0 {
        text.push(' ');
    }
    text
}

/// The letters of a row.
pub(super) fn push(app: &App, seq: u64, spans: &mut Vec<Span<'static>>) {
    let profiles = app.overlays.compared();
    if profiles.is_empty() {
        return;
    }
    let (active, _) = app.overlays.place();
    let held = app.session.store.call(seq);
    let view = held.as_ref().map(|call| call.view()).filter(|view| !view.marks.has(Marks::VDSO));
    for (number, overlay) in (1..).zip(profiles) {
        let (symbol, role) = match &view {
            Some(view) => match overlay.verdict(view) {
                Some(verdict) => (verdict.action.symbol(), role(verdict.action, number == active)),
                None => ('?', Role::Dim),
            },
            None => (' ', Role::Text),
        };
        spans.push(Span::styled(symbol.to_string(), app.theme.style(role)));
    }
    spans.push(Span::raw(" "));
}

pub(super) fn role(action: Action, active: bool) -> Role {
    match action {
        Action::Allow => Role::Dim,
        Action::Log => Role::Warning,
        _ if active => Role::FirstBlocked,
        _ => Role::Error,
    }
}

/// The strictest answer of the active profile to a call of the histogram, and how many calls do not run; or, if all do,
/// how many are logged.
pub(super) fn of_call(app: &App, row: &CallStats) -> Option<(Action, u64)> {
    // No filter sees what the vDSO answers.
    let answers = app.blocked().filter(|_| !row.vdso)?.answers(row.arch, row.nr)?;
    let (strictest, number) = *answers.each().first()?;
    Some((strictest, if strictest.blocks() { answers.blocked() } else { number }))
}
