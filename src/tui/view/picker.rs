//! How the process picker looks.

use ratatui::text::{Line, Span};

use super::popup::{Content, tail, text};
use crate::tui::app::App;
use crate::tui::format::{self, cut, fit, fit_right};
use crate::tui::state::picker::{Entry, Picker};
use crate::tui::state::session::Phase;
use crate::tui::theme::Role;

/// Columns of a PID, and the most for a user's name and for the place inside a container.
const PID: usize = 7;
const USER: usize = 12;
const PLACE: usize = 24;

pub(super) fn content(app: &App, picker: &Picker, width: usize) -> Content {
    let style = |role: Role| app.theme.style(role);
    let shown = picker.shown();
    let label = "Which process? ";
    let typed = tail(&picker.typed.text, width.saturating_sub(label.len() + 1));
    let cursor = Some((0, (label.len() + format::width(typed)) as u16));
    let first_line = Line::from(vec![Span::styled(label, style(Role::Title)), Span::raw(typed.to_owned())]);
    let columns = Columns::of(&shown);
    let heading = columns.line(["    ", "pid", "user", "s", "container", "command"], width);
    let mut lines = vec![first_line, Line::styled(heading, style(Role::Column))];

    let hindrance = shown.get(picker.line).and_then(|entry| entry.hindrance.as_deref());
    let mut below = vec![Line::default()];
    below.extend(match hindrance {
        Some(hindrance) => text(&format!("It cannot be attached to: {hindrance}."), width),
        None => text(&chosen(picker), width),
    });
    if app.session.phase == Phase::Waiting {
        below.extend(text("To start a program instead: sysview -- COMMAND", width));
    }
    let keys = "Enter attaches, Space marks, Ctrl-r looks again, type to search, Esc closes";
    below.push(Line::styled(cut(keys, width), style(Role::Dim)));

    let room = usize::from(app.rows).saturating_sub(2 + lines.len() + below.len()).max(1);
    let first = (picker.line + 1).saturating_sub(room);
    for (index, entry) in shown.iter().enumerate().skip(first).take(room) {
        let here = index == picker.line;
        let arrow = if here { ">" } else { " " };
        let mark = match (picker.is_marked(entry.pid), &entry.hindrance) {
            (true, _) => "*",
            (false, Some(_)) => "-",
            (false, None) => " ",
        };
        let state = entry.state.to_string();
        let head = format!("{arrow} {mark} ");
        let pid = entry.pid.to_string();
        let line = columns.line([&head, &pid, &entry.user, &state, &entry.place, &entry.command], width);
        let role = match (here, &entry.hindrance) {
            (true, _) => Role::Selected,
            (false, Some(_)) => Role::Dim,
            (false, None) => Role::Text,
        };
        lines.push(Line::styled(line, style(role)));
    }
    if shown.is_empty() {
        lines.push(Line::styled("  No process fits what is typed.", style(Role::Dim)));
    }
    lines.extend(below);
    Content { title: "Attach to a process".into(), lines, scroll: 0, cursor }
}

fn chosen(picker: &Picker) -> String {
    match picker.marked() {
        0 => "It runs on while it is traced, and after.".into(),
        1 => "1 process is marked.".into(),
        marked => format!("{marked} processes are marked."),
    }
}

struct Columns {
    user: usize,
    /// 0 where nothing that is shown runs in a container.
    place: usize,
}

impl Columns {
    fn of(shown: &[&Entry]) -> Columns {
        let widest = |of: fn(&Entry) -> &str| shown.iter().map(|entry| format::width(of(entry))).max().unwrap_or(0);
        let place = match widest(|entry| &entry.place) {
            0 => 0,
            place => place.clamp("container".len(), PLACE),
        };
        Columns { user: widest(|entry| &entry.user).clamp("user".len(), USER), place }
    }

    /// Arrow and mark, PID, user, state, place, command.
    fn line(&self, cells: [&str; 6], width: usize) -> String {
        let [head, pid, user, state, place, command] = cells;
        let place = if self.place > 0 { format!("{} ", fit(place, self.place)) } else { String::new() };
        fit(&format!("{head}{} {} {state} {place}{command}", fit_right(pid, PID), fit(user, self.user)), width)
    }
}
