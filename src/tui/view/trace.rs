//! The trace pane: one line a row. Only rows in view are decoded.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{answers, held, marks, times};
use crate::decode;
use crate::model::{Marks, Row, RowKind};
use crate::policy::Action;
use crate::source::At;
use crate::tui::app::App;
use crate::tui::format::{self, count, cut, fit, fit_right};
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

/// How wide each column is; 0: not shown.
struct Columns {
    /// A letter for each of several profiles, with the space behind them.
    profiles: usize,
    seq: usize,
    time: usize,
    task: usize,
    /// Call and result together.
    text: usize,
    took: usize,
}

const MARKS: usize = 2;
const TIME: usize = 10;
/// A short name and the number of a task.
const TASK: usize = 12;
/// With the number that it has in its container.
const TASK_INSIDE: usize = 17;
const TOOK: usize = 7;

impl Columns {
    fn of(app: &App, width: u16) -> Columns {
        let width = usize::from(width);
        let stored = app.session.store.len();
        let when = |shown: bool, columns: usize| if shown { columns } else { 0 };
        let seq = when(width >= 50, stored.to_string().len().max(5));
        let time = when(width >= 36, TIME);
        let task = match app.session.several_tasks() {
            true => when(width >= 56, task_width(app)),
            false => when(width >= 90, 8),
        };
        let took = when(width >= 110, TOOK);
        let fixed: usize = [seq, time, task, took].iter().filter(|&&c| c > 0).map(|c| c + 1).sum();
        let profiles = answers::width(app);
        Columns { profiles, seq, time, task, text: width.saturating_sub(fixed + MARKS + profiles), took }
    }

    /// Columns that the result is lined up in.
    fn result(&self) -> usize {
        (self.text / 5).clamp(8, 40).min(self.text / 2)
    }
}

/// What stands at the right of the pane's upper border.
pub fn title(app: &App) -> String {
    let stored = app.session.store.len();
    let shown = app.trace.len(stored);
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
    match app.trace.frozen {
        Some(at) => text.push_str(&format!(", frozen, {} new", count(stored.saturating_sub(at)))),
        None if app.trace.follow => text.push_str(", following"),
        None => {}
    }
    text
}

pub fn draw(app: &App, inner: Rect, buf: &mut Buffer) {
    let columns = Columns::of(app, inner.width);
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

fn heading(columns: &Columns) -> String {
    let mut text = " ".repeat(MARKS) + &answers::heading(columns.profiles);
    let mut add = |word: &str, width: usize, right: bool| {
        if width > 0 {
            text.push_str(&if right { fit_right(word, width) } else { fit(word, width) });
            text.push(' ');
        }
    };
    add("#", columns.seq, true);
    add("time", columns.time, true);
    add("task", columns.task, false);
    let result = columns.result();
    add("call", columns.text.saturating_sub(result + 1), false);
    add("result", result, false);
    add("took", columns.took, true);
    text
}

fn row_line(app: &App, seq: u64, row: &Row, columns: &Columns) -> Line<'static> {
    let style = |role: Role| app.theme.style(role);
    let (blocked, badge) = policy_mark(app, seq);
    let (symbol, role) = marks::mark(row);
    let waiting = app.session.holds.at_row(row.task, seq);
    let (symbol, mark_role) = waiting.map_or((symbol, role), |waiting| (held::mark(waiting), Role::Held));
    let mut spans =
        vec![Span::styled(blocked.0.to_string(), style(blocked.1)), Span::styled(symbol.to_string(), style(mark_role))];
    answers::push(app, seq, &mut spans);
    if columns.seq > 0 {
        spans.push(Span::styled(format!("{} ", fit_right(&seq.to_string(), columns.seq)), style(Role::Dim)));
    }
    if columns.time > 0 {
        spans.push(Span::styled(format!("{} ", fit_right(&format::seconds(row.t_ns), columns.time)), style(Role::Dim)));
    }
    if columns.task > 0 {
        spans.push(Span::styled(format!("{} ", fit(&task_name(app, seq, row), columns.task)), style(Role::Task)));
    }
    let mut room = columns.text;
    let badges = [(waiting.map(|waiting| held::badge(waiting, room)), Role::Held), (badge, Role::Blocked)];
    for (badge, role) in badges {
        let Some(badge) = badge else { continue };
        let badge = cut(&badge, room.saturating_sub(1));
        room = room.saturating_sub(format::width(&badge) + 1);
        spans.push(Span::styled(badge, style(role)));
        spans.push(Span::raw(" "));
    }
    let not_made = waiting.is_some_and(|waiting| waiting.held.at == At::Entry);
    match &row.kind {
        RowKind::Call(_) if not_made => {
            let text = app.session.store.call(seq).map(|call| decode::call_text(&call.view(), &app.options.decode));
            let text = held::not_made_yet(text.unwrap_or_default());
            let name = style(Role::Text).patch(style(class(row)));
            push_call(format::skip(&text, app.trace.sideways), room, name, style(Role::Text), &mut spans);
        }
        RowKind::Call(_) => call_spans(app, seq, role, room, columns, &mut spans),
        _ => {
            let text = decode::row_text(&app.session.store, seq, &app.options.decode);
            spans.push(Span::styled(fit(format::skip(&text, app.trace.sideways), room), style(role)));
        }
    }
    if columns.took > 0
        && let RowKind::Call(call) = &row.kind
        && let Some(took) = times::column(app, seq, row.t_ns, call)
    {
        spans.push(Span::styled(format!(" {}", fit_right(&took, columns.took)), style(Role::Dim)));
    }
    Line::from(spans)
}

fn class(row: &Row) -> Role {
    match &row.kind {
        RowKind::Call(call) => marks::class(call.arch, call.nr),
        _ => Role::Text,
    }
}

/// The name that the task had then, with its number when there are several.
fn task_name(app: &App, seq: u64, row: &Row) -> String {
    let Some(task) = app.session.store.task(row.task) else { return String::new() };
    let comm = format::escape(task.comm_at(seq));
    if !app.session.several_tasks() {
        return comm;
    }
    let tid = match task.inner_tid() {
        Some(inner) => format!("{}:{inner}", task.tid),
        None => task.tid.to_string(),
    };
    format!("{} {tid}", cut(&comm, (task_width(app) - 1).saturating_sub(tid.len())))
}

fn task_width(app: &App) -> usize {
    if app.session.store.tasks().iter().any(|task| task.inner_tid().is_some()) { TASK_INSIDE } else { TASK }
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

fn call_spans(app: &App, seq: u64, role: Role, room: usize, columns: &Columns, spans: &mut Vec<Span<'static>>) {
    let Some(call) = app.session.store.call(seq) else { return };
    let view = call.view();
    let text = decode::call_text(&view, &app.options.decode);
    let result = decode::result_text(&view, &app.options.decode).map(|r| format!("= {r}"));
    let call_style = app.theme.style(if role == Role::Unfinished { role } else { Role::Text });
    let name_style = call_style.patch(app.theme.style(marks::class(view.arch, view.nr)));
    let result_style = app.theme.style(if role == Role::Error { role } else { Role::Text });

    if app.trace.sideways > 0 {
        // Scrolled sideways, call and result are one text.
        let whole = match result {
            Some(result) => format!("{text} {result}"),
            None => text,
        };
        spans.push(Span::styled(fit(format::skip(&whole, app.trace.sideways), room), call_style));
        return;
    }
    let Some(result) = result else {
        return push_call(&unfinished(text, room), room, name_style, call_style, spans);
    };
    // The result stands in its column, or further left when it is long and the call leaves room.
    // An error has room for its name at least: `= -1 ENOENT…`.
    let least = if role == Role::Error { 12 } else { 0 };
    let aligned = columns.result().max(least.min(result.len())).min(room);
    let free = room.saturating_sub(text.len() + 1);
    let result_width = result.len().min(aligned.max(free));
    let call_width = room.saturating_sub(aligned.max(result_width) + 1);
    push_call(&cut(&text, call_width), call_width, name_style, call_style, spans);
    spans.push(Span::raw(" "));
    spans.push(Span::styled(fit(&result, room.saturating_sub(call_width + 1)), result_style));
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
