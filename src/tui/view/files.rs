//! The files pane: descriptors, what is behind them, who opened them, what went through; below the table the selected one
//! in words.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::page::{self, Page};
use crate::decode;
use crate::model::{RowKind, TaskId};
use crate::tui::app::App;
use crate::tui::format::{self, fit, fit_right, short_count, size};
use crate::tui::state::files::{FileLine, FileSort, MOST};
use crate::tui::theme::Role;

/// Columns of the descriptor's number and of the task before it.
const FD: usize = 5;
const TASK: usize = 16;
/// What it is has at least so many.
const WHAT: usize = 14;
/// Columns of a number, with the space before it, in order of importance.
const NUMBERS: [(FileSort, usize); 4] =
    [(FileSort::Read, 9), (FileSort::Written, 9), (FileSort::Calls, 7), (FileSort::Errors, 7)];
const SHORT_TASK: usize = 12;

struct Columns {
    task: usize,
    what: usize,
    numbers: Vec<(FileSort, usize)>,
}

impl Columns {
    fn fitting(width: u16) -> Columns {
        let width = usize::from(width);
        let task = if width >= 70 { TASK } else { SHORT_TASK };
        let mut room = width.saturating_sub(task + FD + 1 + WHAT);
        let mut numbers = Vec::new();
        for (number, breadth) in NUMBERS {
            if breadth <= room {
                room -= breadth;
                numbers.push((number, breadth));
            }
        }
        Columns { task, what: room + WHAT, numbers }
    }
}

pub fn heading_rows(inner: Rect) -> u16 {
    u16::from(inner.height >= 4)
}

fn foot_rows(inner: Rect) -> u16 {
    if inner.height >= 14 && inner.width >= 30 { (inner.height * 2 / 5).min(9) } else { 0 }
}

/// Lines for descriptors.
pub fn rows_in(inner: Rect) -> u16 {
    inner.height - heading_rows(inner) - foot_rows(inner)
}

/// The column whose heading stands at `column` of the pane's inside.
pub fn column_at(width: u16, column: u16) -> Option<FileSort> {
    let columns = Columns::fitting(width);
    let column = usize::from(column);
    let mut end = columns.task + FD;
    if column < end {
        return Some(FileSort::Task);
    }
    end += 1 + columns.what;
    if column < end {
        return Some(FileSort::What);
    }
    columns.numbers.iter().find_map(|&(number, breadth)| {
        end += breadth;
        (column < end).then_some(number)
    })
}

pub fn title(app: &App) -> String {
    let what = if app.files.ever { "ever opened" } else { "open now" };
    let all = app.files.all;
    let most = if all > MOST { format!("{} of ", format::count(MOST as u64)) } else { String::new() };
    let left = app.growing.left(&app.session.store);
    let counting = if left > 0 { format!(", {} rows to count", short_count(left)) } else { String::new() };
    format!("{most}{} {what}, sort: {}{counting}", format::count(all as u64), app.files.sort.label())
}

pub fn draw(app: &App, inner: Rect, buf: &mut Buffer) {
    let columns = Columns::fitting(inner.width);
    let mut y = inner.y;
    if heading_rows(inner) > 0 {
        buf.set_line(inner.x, y, &heading(app, &columns), inner.width);
        y += 1;
    }
    if app.files.lines().is_empty() && y < inner.bottom() {
        let text = " Nothing was opened since the start, as far as calls tell.";
        buf.set_stringn(inner.x, y, text, inner.width.into(), app.theme.style(Role::Dim));
    }
    let selected = app.files.selected();
    for line in app.files.lines().iter().skip(app.files.list.top).take(rows_in(inner).into()) {
        buf.set_line(inner.x, y, &row(app, line, &columns), inner.width);
        if selected == Some(line) {
            buf.set_style(Rect { y, height: 1, ..inner }, app.theme.style(Role::Selected));
        }
        y += 1;
    }
    let foot_rows = foot_rows(inner);
    if let Some(line) = selected.or(app.files.lines().first()).filter(|_| foot_rows > 1) {
        let area = Rect { y: inner.bottom() - foot_rows, height: foot_rows, ..inner };
        page::rule(app, &format!("descriptor {} of {}", line.fd, task(app, line.task)), area, buf);
        page::draw(&foot(app, line, inner.width), 0, Rect { y: area.y + 1, height: area.height - 1, ..area }, buf);
    }
}

fn heading(app: &App, columns: &Columns) -> Line<'static> {
    let sort = app.files.sort;
    let cell = |key: FileSort, text: String| {
        Span::styled(text, app.theme.style(if sort == key { Role::Title } else { Role::Column }))
    };
    let (up, what) = (if sort == FileSort::Task { "↑" } else { "" }, if sort == FileSort::What { "↑" } else { "" });
    let mut spans = vec![
        cell(FileSort::Task, fit(&format!(" task{up}"), columns.task)),
        cell(FileSort::Task, fit_right("fd", FD)),
        cell(FileSort::What, fit(&format!(" what{what}"), columns.what + 1)),
    ];
    for &(number, breadth) in &columns.numbers {
        let arrow = if sort == number { "↓" } else { "" };
        let label = if number == FileSort::Errors { "err" } else { number.label() };
        spans.push(cell(number, fit_right(&format!("{label}{arrow}"), breadth)));
    }
    Line::from(spans)
}

fn row(app: &App, line: &FileLine, columns: &Columns) -> Line<'static> {
    let style = |role: Role| app.theme.style(role);
    let text = if line.open { Role::Text } else { Role::Dim };
    let mut spans = vec![
        Span::styled(fit(&format!(" {}", task(app, line.task)), columns.task), style(text)),
        Span::styled(fit_right(&line.fd.to_string(), FD), style(text)),
        Span::raw(" "),
        Span::styled(fit(&what(app, line), columns.what), style(if line.open { Role::File } else { Role::Dim })),
    ];
    for &(number, breadth) in &columns.numbers {
        let (words, role) = match number {
            FileSort::Read => (amount(line.moved.read), text),
            FileSort::Written => (amount(line.moved.written), text),
            FileSort::Errors if line.moved.errors > 0 => (short_count(line.moved.errors), Role::Error),
            FileSort::Errors => ("0".into(), Role::Dim),
            _ => (short_count(line.moved.calls), text),
        };
        spans.push(Span::styled(fit_right(&words, breadth), style(role)));
    }
    Line::from(spans)
}

fn amount(bytes: u64) -> String {
    if bytes == 0 { "-".into() } else { size(bytes) }
}

/// `python3 4312`
fn task(app: &App, task: TaskId) -> String {
    let task = app.session.store.task(task);
    task.map_or_else(String::new, |task| format!("{} {}", format::escape(&task.comm), task.tgid))
}

fn what(app: &App, line: &FileLine) -> String {
    let known = app.growing.subjects().and_then(|subjects| line.descriptor(&app.session.store, subjects));
    match known {
        Some(descriptor) => decode::descriptor_text(&descriptor),
        None if line.fd <= 2 => format!("{}, open before", ["stdin", "stdout", "stderr"][line.fd.max(0) as usize]),
        None => "open before the first event".into(),
    }
}

fn foot(app: &App, line: &FileLine, width: u16) -> Vec<Line<'static>> {
    let mut page = Page::new(app, width);
    let store = &app.session.store;
    page.value("is", &what(app, line), Role::File, "");
    match line.made.and_then(|made| Some((made, store.row(made)?))) {
        Some((made, row)) => {
            let who = store
                .task(row.task)
                .map_or_else(String::new, |task| format!("{} ({})", format::escape(task.comm_at(made)), task.tid));
            let opened = format!("by {who} at row {made}, {} s after the start", format::seconds(row.t_ns));
            page.entry("opened", &opened, Role::Text);
            if matches!(row.kind, RowKind::Call(_)) {
                page.value("by", &decode::row_text(store, made, &app.options.decode), Role::Text, "");
            }
        }
        None => page.entry("opened", "before the first event", Role::Text),
    }
    let moved = &line.moved;
    let text = format!(
        "calls {}, failed {}; read {}, written {}, in {}",
        format::count(moved.calls),
        format::count(moved.errors),
        size(moved.read),
        size(moved.written),
        format::duration(moved.total_ns)
    );
    page.entry("used", &text, Role::Text);
    let known = app.growing.subjects().and_then(|subjects| line.descriptor(store, subjects));
    let close = match known.map(|descriptor| descriptor.cloexec) {
        Some(true) => "an execve closes it",
        Some(false) => "it stays open over an execve",
        None => "",
    };
    let now = if line.open { "open" } else { "closed" };
    page.entry("now", &format!("{now}{}{close}", if close.is_empty() { "" } else { "; " }), Role::Text);
    page.lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_the_heading_is_one_to_sort_by() {
        for width in 32..200u16 {
            let columns = Columns::fitting(width);
            let numbers: usize = columns.numbers.iter().map(|(_, breadth)| breadth).sum();
            assert_eq!(columns.task + FD + 1 + columns.what + numbers, usize::from(width), "{width}");
            let found: Vec<_> = (0..width).filter_map(|column| column_at(width, column)).collect();
            assert_eq!(found.len(), usize::from(width));
            assert_eq!(found.last().copied(), columns.numbers.last().map_or(Some(FileSort::What), |n| Some(n.0)));
        }
        assert_eq!(column_at(120, 3), Some(FileSort::Task));
    }
}
