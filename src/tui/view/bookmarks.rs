//! How the list of bookmarks looks.

use ratatui::text::Line;

use super::popup::{Content, text};
use crate::decode;
use crate::tui::actions::Id;
use crate::tui::app::App;
use crate::tui::format::{self, cut, fit, fit_right};
use crate::tui::theme::Role;

/// Columns of a name, with the space behind it.
const NAME: usize = 21;

pub(super) fn content(app: &App, selected: usize, columns: usize) -> Content {
    let mut lines = Vec::new();
    if app.trace.bookmarks.is_empty() {
        lines.extend(text(
            &format!(
                "There is no bookmark so far; {} sets one on the selected row of the trace.",
                app.options.keymap.word(Id::Bookmark)
            ),
            columns,
        ));
    }
    let room = usize::from(app.rows).saturating_sub(4).max(1);
    let first = (selected + 1).saturating_sub(room);
    let digits = app.trace.bookmarks.iter().last().map_or(1, |(seq, _)| seq.to_string().len());
    for (index, (seq, name)) in app.trace.bookmarks.iter().enumerate().skip(first).take(room) {
        let here = index == selected;
        let call = app.session.store.call(seq).map(|call| decode::call_text(&call.view(), &app.options.decode));
        let words = call.unwrap_or_else(|| decode::row_text(&app.session.store, seq, &app.options.decode));
        let name = match name {
            "" => String::new(),
            name => fit(&format::escape(name.as_bytes()), NAME),
        };
        let arrow = if here { ">" } else { " " };
        let line = format!("{arrow} {} {name}{words}", fit_right(&seq.to_string(), digits));
        let role = if here { Role::Selected } else { Role::Text };
        lines.push(Line::styled(fit(&line, columns), app.theme.style(role)));
    }
    lines.push(Line::default());
    lines.push(Line::styled(
        cut("Enter goes there, n names it, d deletes it, Esc closes", columns),
        app.theme.style(Role::Dim),
    ));
    Content { title: "Bookmarks".into(), lines, scroll: 0, cursor: None }
}
