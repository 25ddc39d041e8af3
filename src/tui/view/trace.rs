//! The trace pane: one line a row. Only rows in view are decoded.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{answers, cells, held, marks};
use crate::decode;
use crate::model::{Marks, Row, RowKind};
use crate::policy::Action;
use crate::source::At;
use crate::tui::app::App;
use crate::tui::format::{self, count, cut, fit, fit_right};
use crate::tui::state::columns::{Column, Needs, Placed, gap};
use crate::tui::state::fold::Run;
use crate::tui::state::trace::TraceLine;
use crate::tui::theme::Role;

/// Lines above the rows: the headings, when there is room.
pub fn heading_rows(inner: Rect) -> u16 {
    u16::from(inner.height >= 4)
}

/// Lines for rows.
pub fn rows_in(inner: Rect) -> u16 {
    inner.height - heading_rows(inner)
}

/// A short name and the number of a task.
const TASK: u16 = 12;
/// With the number that it has in its container.
const TASK_INSIDE: u16 = 17;

/// What the width of the columns depends on.
pub fn needs(app: &App) -> Needs {
    let task = app.session.store.tasks().iter().any(|task| task.inner_tid().is_some());
    let task = if task { TASK_INSIDE } else { TASK };
    Needs {
        rows: app.session.store.len(),
        several: app.session.several_tasks(),
        task,
        profiles: answers::width(app) as u16,
    }
}

/// What stands at the right of the pane's upper border.
pub fn title(app: &App) -> String {
    let stored = app.session.store.len();
    let shown = app.trace.matching(stored);
    let mut text = match &app.trace.narrow {
        None => format!("{} rows", count(shown)),
        Some(narrow) => {
            let scanning = match narrow.left(stored) {
                0 => String::new(),
                left => format!(" ({} % searched)", stored.saturating_sub(left) * 100 / stored.max(1)),
            };
            format!("{} of {} rows, filter: {}{scanning}", count(shown), count(stored), narrow.filter.text())
        }
    };
    if let Some(fold) = &app.trace.fold {
        let finding = if fold.left(stored) > 0 { ", folding" } else { "" };
        text.push_str(&format!(" in {} lines{finding}", count(app.trace.len(stored))));
    }
    if let Some(search) = &app.trace.search {
        let matches = count(search.count_before(stored));
        let sign = if search.left(stored) > 0 { "≥" } else { "" };
        text.push_str(&format!(", {sign}{matches} match {}", search.filter.text()));
    }
    match app.trace.frozen {
        Some(at) => text.push_str(&format!(", frozen, {} new", count(stored.saturating_sub(at)))),
        None if app.trace.follow => text.push_str(", following"),
        None => {}
    }
    text
}

pub fn draw(app: &App, inner: Rect, buf: &mut Buffer) {
    let columns = app.trace.columns.place(usize::from(inner.width), needs(app));
    let mut y = inner.y;
    if heading_rows(inner) > 0 {
        let style = app.theme.style(Role::Column);
        buf.set_stringn(inner.x, y, heading(&columns), usize::from(inner.width), style);
        y += 1;
    }
    let lines = app.trace.lines(app.session.store.len(), rows_in(inner), &app.dividers());
    for line in lines {
        match line {
            TraceLine::Divider => {
                let text = "── the real run would have gone another way from here ──";
                let style = app.theme.style(Role::FirstBlocked);
                buf.set_stringn(inner.x, y, cut(text, usize::from(inner.width)), usize::from(inner.width), style);
            }
            TraceLine::Row(position) => {
                let Some(seq) = app.trace.seq_at(position) else { continue };
                let Some(row) = app.session.store.row(seq) else { continue };
                buf.set_line(inner.x, y, &row_line(app, seq, &row, &columns), inner.width);
                if is_guess(app, seq, &row) {
                    buf.set_style(Rect { y, height: 1, ..inner }, app.theme.style(Role::Dim));
                }
                if position == app.trace.cursor && app.selected().is_some() {
                    let area = Rect { y, height: 1, ..inner };
                    buf.set_style(area, app.theme.style(Role::Selected));
                }
            }
        }
        y += 1;
    }
    if app.session.store.is_empty() && inner.height > 0 {
        let text = if app.session.started.is_some() { "No call so far." } else { "Waiting for the program." };
        buf.set_stringn(inner.x, y, text, usize::from(inner.width), app.theme.style(Role::Dim));
    } else if app.trace.len(app.session.store.len()) == 0 && inner.height > 0 {
        let searching = app.trace.narrow.as_ref().is_some_and(|narrow| narrow.left(app.session.store.len()) > 0);
        let text = match searching {
            true => "Searching; Esc shows all rows.",
            false => "No row matches the filter; Esc shows all rows.",
        };
        buf.set_stringn(inner.x, y, text, usize::from(inner.width), app.theme.style(Role::Dim));
    }
}

fn heading(columns: &[Placed]) -> String {
    let mut text = String::new();
    for placed in columns {
        let profiles = match placed.column {
            Column::Marks => "  ".to_owned() + &answers::heading(placed.width.saturating_sub(2)),
            _ => String::new(),
        };
        let word = if profiles.is_empty() { placed.column.heading() } else { &profiles };
        text.push_str(&if placed.column.right() { fit_right(word, placed.width) } else { fit(word, placed.width) });
        text.push_str(&" ".repeat(gap(placed.column)));
    }
    text
}

fn row_line(app: &App, seq: u64, row: &Row, columns: &[Placed]) -> Line<'static> {
    let style = |role: Role| app.theme.style(role);
    let (blocked, mut badge) = policy_mark(app, seq);
    let run = app.trace.folded(seq);
    let (symbol, role) = marks::mark(row);
    let waiting = app.session.holds.at_row(row.task, seq);
    let (symbol, mark_role) = match (waiting, &run) {
        (Some(waiting), _) => (held::mark(waiting), Role::Held),
        (None, Some(_)) => (marks::RUN, Role::Text),
        (None, None) => (symbol, role),
    };
    let found = app.trace.search.as_ref().is_some_and(|search| search.contains(seq));
    let blocked = match blocked {
        _ if app.trace.bookmarks.contains(seq) => (marks::BOOKMARK, Role::Notice),
        (' ', _) if found => (marks::FOUND, Role::Notice),
        other => other,
    };
    let mut spans = Vec::new();
    let mut columns = columns.iter().peekable();
    while let Some(&Placed { column, width }) = columns.next() {
        match column {
            Column::Marks => {
                let mark = |(symbol, role): (char, Role)| Span::styled(symbol.to_string(), style(role));
                spans.push(mark(blocked));
                spans.push(mark((symbol, mark_role)));
                answers::push(app, seq, &mut spans);
                spans.push(Span::raw(" ".repeat(width.saturating_sub(2 + answers::width(app)))));
            }
            Column::Task => {
                let text = format!("{} ", fit(&task_name(app, seq, row, width), width));
                spans.push(Span::styled(text, style(Role::Task)));
                continue;
            }
            Column::Line => {
                // Beside each other, call and result share their room.
                let result = columns.next_if(|next| next.column == Column::Result).map(|next| next.width);
                let room = width + result.map_or(0, |result| result + 1);
                let mut words = Words { app, seq, room, result, spans: &mut spans };
                for (badge, role) in
                    [(waiting.map(|waiting| held::badge(waiting, room)), Role::Held), (badge.take(), Role::Blocked)]
                {
                    words.badge(badge, role);
                }
                match &run {
                    Some(run) => words.run(run, row),
                    None => words.row(row, role, waiting.is_some_and(|waiting| waiting.held.at == At::Entry)),
                }
            }
            Column::Result => spans.push(match run {
                Some(_) => Span::raw(" ".repeat(width)),
                None => result_span(app, seq, role, width),
            }),
            _ => {
                let text = cells::text(app, column, seq, row, run.as_ref());
                let text = if column.right() { fit_right(&text, width) } else { fit(&text, width) } + " ";
                let role = match column {
                    Column::Row if found => Role::Notice,
                    Column::Call => class(row),
                    _ => cells::role(column),
                };
                spans.push(Span::styled(text, style(role)));
                continue;
            }
        }
        spans.push(Span::raw(" ".repeat(gap(column))));
    }
    Line::from(spans)
}

fn result_span(app: &App, seq: u64, role: Role, width: usize) -> Span<'static> {
    let call = app.session.store.call(seq);
    let result = call.and_then(|call| decode::result_text(&call.view(), &app.options.decode));
    let text = result.map_or(String::new(), |result| format!("= {result}"));
    Span::styled(fit(&text, width), app.theme.style(if role == Role::Error { role } else { Role::Text }))
}

/// The column of the call, and of the result if that stands beside it, as they are written.
struct Words<'a> {
    app: &'a App,
    seq: u64,
    /// Columns that are left.
    room: usize,
    /// Columns in which results are lined up, if they are among these.
    result: Option<usize>,
    spans: &'a mut Vec<Span<'static>>,
}

impl Words<'_> {
    fn badge(&mut self, badge: Option<String>, role: Role) {
        let Some(badge) = badge else { return };
        let badge = cut(&badge, self.room.saturating_sub(1));
        self.room = self.room.saturating_sub(format::width(&badge) + 1);
        self.spans.push(Span::styled(badge, self.app.theme.style(role)));
        self.spans.push(Span::raw(" "));
    }

    fn run(&mut self, run: &Run, row: &Row) {
        let style = |role: Role| self.app.theme.style(role);
        let sum = cut(&cells::run_text(self.app, run, row), self.room);
        // Where there is room, the first of them as an example.
        let left = self.room.saturating_sub(format::width(&sum));
        let call = self.app.session.store.call(self.seq);
        let first = call.map(|call| decode::call_text(&call.view(), &self.app.options.decode)).unwrap_or_default();
        let first =
            if left > 16 { format!("  {}", format::skip(&first, self.app.trace.sideways)) } else { String::new() };
        let at = sum.find(' ').unwrap_or(sum.len());
        let (name, rest) = sum.split_at(at);
        self.spans.push(Span::styled(name.to_owned(), style(Role::Text).patch(style(class(row)))));
        self.spans.push(Span::styled(rest.to_owned(), style(Role::Title)));
        self.spans.push(Span::styled(fit(&first, left), style(Role::Dim)));
    }

    fn row(&mut self, row: &Row, role: Role, not_made: bool) {
        let (app, seq, room) = (self.app, self.seq, self.room);
        let style = |role: Role| app.theme.style(role);
        match &row.kind {
            RowKind::Call(_) if not_made => {
                let text = app.session.store.call(seq).map(|call| decode::call_text(&call.view(), &app.options.decode));
                let text = held::not_made_yet(text.unwrap_or_default());
                let name = style(Role::Text).patch(style(class(row)));
                push_call(format::skip(&text, app.trace.sideways), room, name, style(Role::Text), self.spans);
            }
            RowKind::Call(_) => self.call(role),
            _ => {
                let text = decode::row_text(&app.session.store, seq, &app.options.decode);
                self.spans.push(Span::styled(fit(format::skip(&text, app.trace.sideways), room), style(role)));
            }
        }
    }

    fn call(&mut self, role: Role) {
        let (app, room) = (self.app, self.room);
        let Some(call) = app.session.store.call(self.seq) else { return };
        let view = call.view();
        let text = decode::call_text(&view, &app.options.decode);
        let result = decode::result_text(&view, &app.options.decode).map(|r| format!("= {r}"));
        let call_style = app.theme.style(if role == Role::Unfinished { role } else { Role::Text });
        let name_style = call_style.patch(app.theme.style(marks::class(view.arch, view.nr)));
        let result_style = app.theme.style(if role == Role::Error { role } else { Role::Text });
        let Some(column) = self.result else {
            return push_call(format::skip(&text, app.trace.sideways), room, name_style, call_style, self.spans);
        };
        if app.trace.sideways > 0 {
            // Scrolled sideways, call and result are one text.
            let whole = match result {
                Some(result) => format!("{text} {result}"),
                None => text,
            };
            self.spans.push(Span::styled(fit(format::skip(&whole, app.trace.sideways), room), call_style));
            return;
        }
        let Some(result) = result else {
            return push_call(&unfinished(text, room), room, name_style, call_style, self.spans);
        };
        // The result stands in its column, or further left when it is long and the call leaves room.
        // An error has room for its name at least: `= -1 ENOENT…`.
        let least = if role == Role::Error { 12 } else { 0 };
        let aligned = column.max(least.min(result.len())).min(room);
        let free = room.saturating_sub(text.len() + 1);
        let result_width = result.len().min(aligned.max(free));
        let call_width = room.saturating_sub(aligned.max(result_width) + 1);
        push_call(&cut(&text, call_width), call_width, name_style, call_style, self.spans);
        self.spans.push(Span::raw(" "));
        self.spans.push(Span::styled(fit(&result, room.saturating_sub(call_width + 1)), result_style));
    }
}

fn class(row: &Row) -> Role {
    match &row.kind {
        RowKind::Call(call) => marks::class(call.arch, call.nr),
        _ => Role::Text,
    }
}

/// The name that the task had then, with its number when there are several.
fn task_name(app: &App, seq: u64, row: &Row, width: usize) -> String {
    let Some(task) = app.session.store.task(row.task) else { return String::new() };
    let comm = format::escape(task.comm_at(seq));
    if !app.session.several_tasks() {
        return comm;
    }
    let tid = match task.inner_tid() {
        Some(inner) => format!("{}:{inner}", task.tid),
        None => task.tid.to_string(),
    };
    format!("{} {tid}", cut(&comm, width.saturating_sub(1 + tid.len())))
}

/// The mark of the loaded profile and the word for what it would do.
fn policy_mark(app: &App, seq: u64) -> ((char, Role), Option<String>) {
    let none = ((' ', Role::Text), None);
    let Some(overlay) = app.overlays.shown() else { return none };
    let Some(call) = app.session.store.call(seq) else { return none };
    let view = call.view();
    if view.marks.has(Marks::VDSO) {
        return none;
    }
    let Some(verdict) = overlay.verdict(&view) else { return (('?', Role::Dim), None) };
    let action = verdict.action;
    let row = app.session.store.row(seq);
    if !action.blocks() {
        let guess = row.is_some_and(|row| is_guess(app, seq, &row));
        let mark = if guess { (':', Role::Dim) } else { none.0 };
        return (mark, (action != Action::Allow).then(|| action.to_string()));
    }
    let at = row.is_some_and(|row| overlay.blocked.divergence().is_at(row.task, seq));
    let mark = if at { 'X' } else { 'x' };
    ((mark, Role::FirstBlocked), Some(action.to_string()))
}

/// Under the profile this row would have been another one, or none.
fn is_guess(app: &App, seq: u64, row: &Row) -> bool {
    let overlay = app.overlays.shown().filter(|o| o.enforced.is_none());
    overlay.is_some_and(|o| o.blocked.divergence().is_past(row.task, seq))
}

/// A call that goes on, cut so that one still reads that it does.
fn unfinished(text: String, room: usize) -> String {
    const WORDS: &str = " <unfinished ...>";
    match text.strip_suffix(WORDS) {
        Some(call) if text.len() > room && room >= 2 * WORDS.len() => {
            format!("{}{WORDS}", cut(call, room - WORDS.len()))
        }
        _ => cut(&text, room),
    }
}

/// The name in its class's style, the rest plain, filled to `width`.
fn push_call(text: &str, width: usize, name: Style, rest: Style, spans: &mut Vec<Span<'static>>) {
    let filled = fit(text, width);
    let at = filled.find('(').unwrap_or(filled.len());
    spans.push(Span::styled(filled[..at].to_owned(), name));
    spans.push(Span::styled(filled[at..].to_owned(), rest));
}
