//! How the lists of catchpoints and of changes look.

use ratatui::text::{Line, Span};

use super::popup::{Content, text};
use crate::tui::app::App;
use crate::tui::format::{count, cut, fit, width};
use crate::tui::state::points::List;
use crate::tui::theme::Role;

pub(super) fn content(app: &App, list: List, selected: usize, columns: usize) -> Content {
    let style = |role: Role| app.theme.style(role);
    let tab = |of: List, name: &str| {
        let name = format!("{name} ({})", app.points.len(of));
        // Brackets as well as a style, for screens without any.
        match of == list {
            true => Span::styled(format!("[{name}]"), style(Role::Title)),
            false => Span::styled(format!(" {name} "), style(Role::Dim)),
        }
    };
    let tabs = vec![tab(List::Catches, "Catchpoints"), Span::raw(" "), tab(List::Tampers, "Changes of calls")];
    let mut lines = vec![Line::from(tabs), Line::default()];
    let entries = entries(app, list);
    if entries.is_empty() {
        lines.extend(text(nothing(list), columns));
    }
    // What does not fit on its line is written out below the list while it is selected.
    let selected_text = entries.get(selected).map(|(_, what, state)| (what, width(what) + width(state) + 8 > columns));
    let in_full = selected_text.filter(|(_, cut)| *cut).map(|(what, _)| text(what, columns)).unwrap_or_default();
    let room = usize::from(app.rows).saturating_sub(2 + lines.len() + 2 + in_full.len()).max(1);
    let first = (selected + 1).saturating_sub(room);
    for (index, (on, what, state)) in entries.iter().enumerate().skip(first).take(room) {
        let here = index == selected;
        let arrow = if here { ">" } else { " " };
        let mark = if *on { "[x]" } else { "[ ]" };
        let left = cut(&format!("{arrow} {mark} {what}"), columns.saturating_sub(width(state) + 1));
        let line = format!("{} {state}", fit(&left, columns.saturating_sub(width(state) + 1)));
        let role = match (here, on) {
            (true, _) => Role::Selected,
            (false, true) => Role::Text,
            (false, false) => Role::Dim,
        };
        lines.push(Line::styled(line, style(role)));
    }
    lines.push(Line::default());
    lines.extend(in_full);
    lines.push(Line::styled(
        cut("a adds, Enter edits, Space on or off, d deletes, Tab other list", columns),
        style(Role::Dim),
    ));
    Content { title: "Catch and change calls".into(), lines, scroll: 0, cursor: None }
}

/// Of each entry: whether it is on, what it is, and a few words at the right.
fn entries(app: &App, list: List) -> Vec<(bool, String, String)> {
    match list {
        List::Catches => app
            .points
            .catches
            .iter()
            .map(|entry| {
                let hits = match entry.hits {
                    1 => "1 hit".to_owned(),
                    hits => format!("{} hits", count(hits)),
                };
                let at = if entry.point.at_exit { "at exit" } else { "at entry" };
                (entry.on, entry.text.clone(), format!("{at}, {hits}"))
            })
            .collect(),
        List::Tampers => app.points.tampers.iter().map(|entry| (entry.on, entry.text.clone(), String::new())).collect(),
    }
}

fn nothing(list: List) -> &'static str {
    match list {
        List::Catches => {
            "A catchpoint holds a task at a call that fits a filter, before it is made or when it is over, while the others run \
             on. There is none so far."
        }
        List::Tampers => {
            "A change makes calls that fit a filter fail, return something else, send a signal or wait, and the program never \
             knows. There is none so far."
        }
    }
}
