//! How the list of columns looks.

use ratatui::text::Line;

use super::popup::Content;
use super::trace;
use crate::tui::app::App;
use crate::tui::format::{cut, fit, fit_right};
use crate::tui::layout::Pane;
use crate::tui::state::columns::Column;
use crate::tui::theme::Role;

/// Columns of a name.
const NAME: usize = 14;

pub(super) fn content(app: &App, selected: usize, columns: usize) -> Content {
    let width = usize::from(app.layout.inner(Pane::Trace).width);
    let placed = app.trace.columns.place(width, trace::needs(app));
    let room = usize::from(app.rows).saturating_sub(5).max(1);
    let first = (selected + 1).saturating_sub(room);
    let mut lines = Vec::new();
    for (index, chosen) in app.trace.columns.list.iter().enumerate().skip(first).take(room) {
        let here = index == selected;
        let there = placed.iter().find(|placed| placed.column == chosen.column);
        let on = app.trace.columns.shown(index, width, trace::needs(app));
        let mark = match (on, there) {
            (true, Some(_)) => "[x]",
            // It is wanted, but the pane is too narrow.
            (true, None) => "[-]",
            (false, _) => "[ ]",
        };
        let wide = match there {
            Some(placed) if chosen.column == Column::Line && chosen.width.is_none() => format!("({})", placed.width),
            Some(placed) => placed.width.to_string(),
            None => String::new(),
        };
        let arrow = if here { ">" } else { " " };
        let name = fit(chosen.column.name(), NAME);
        let line = format!("{arrow} {mark} {name} {} {}", fit_right(&wide, 5), chosen.column.about());
        let role = match (here, on) {
            (true, _) => Role::Selected,
            (false, true) => Role::Text,
            (false, false) => Role::Dim,
        };
        lines.push(Line::styled(fit(&line, columns), app.theme.style(role)));
    }
    lines.push(Line::default());
    let dim = app.theme.style(Role::Dim);
    lines.push(Line::styled(cut("Space on or off ([-]: no room), J and K move, Left and Right width", columns), dim));
    lines.push(Line::styled(cut("r as at first; the mouse drags the edges of headings", columns), dim));
    Content { title: "Columns of the trace".into(), lines, scroll: 0, cursor: None }
}
