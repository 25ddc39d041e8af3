//! How the command palette looks.

use ratatui::text::{Line, Span};

use super::popup::{Content, tail};
use crate::tui::app::App;
use crate::tui::format::{self, cut, fit};
use crate::tui::state::palette::Palette;
use crate::tui::theme::Role;

/// Columns of the names and of the keys.
const NAME: usize = 22;
const KEY: usize = 10;

pub(super) fn content(app: &App, palette: &Palette, width: usize) -> Content {
    let style = |role: Role| app.theme.style(role);
    let typed = tail(&palette.typed.text, width.saturating_sub(3));
    let cursor = Some((0, 2 + format::width(typed) as u16));
    let mut lines =
        vec![Line::from(vec![Span::styled(": ", style(Role::Key)), Span::raw(typed.to_owned())]), Line::default()];
    let shown = palette.shown();
    let room = usize::from(app.rows).saturating_sub(2 + lines.len() + 2).clamp(1, 20);
    let first = (palette.line + 1).saturating_sub(room);
    for (index, entry) in shown.iter().enumerate().skip(first).take(room) {
        let here = index == palette.line;
        let arrow = if here { "> " } else { "  " };
        let place = if entry.place.is_empty() { String::new() } else { format!("{}: ", entry.place) };
        let left = format!("{arrow}{} {} ", fit(&entry.name, NAME), fit(&entry.key, KEY));
        let help = cut(&format!("{place}{}", entry.help), width.saturating_sub(format::width(&left)));
        if here {
            lines.push(Line::styled(fit(&format!("{left}{help}"), width), style(Role::Selected)));
        } else {
            lines.push(Line::from(vec![
                Span::raw(format!("{arrow}{} ", fit(&entry.name, NAME))),
                Span::styled(fit(&entry.key, KEY), style(Role::Key)),
                Span::styled(format!(" {help}"), style(Role::Dim)),
            ]));
        }
    }
    // As many lines as before something was typed, so that the box stays where it is.
    lines.resize(room.min(shown.len().max(12)) + 2, Line::default());
    let count = match shown.len() {
        0 => "Nothing fits; fewer letters find more.".to_owned(),
        n => format!("{n} fit; Enter does it, Up and Down choose, Esc closes"),
    };
    lines.push(Line::styled(fit(&cut(&count, width), width), style(Role::Dim)));
    Content { title: "What to do".into(), lines, scroll: 0, cursor }
}
