//! The lines of the histogram when it counts by class, task, path or error.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::histogram::{bar, cell, number};
use crate::stats::SortKey;
use crate::tui::app::App;
use crate::tui::format::{self, amount, duration, fit, fit_right};
use crate::tui::state::breakdown::{self, By, Entry, Key};
use crate::tui::theme::Role;

/// Columns of each number, with the space before it.
const CALLS: usize = 9;
const ERRORS: usize = 8;
const TIME: usize = 7;
const BYTES: usize = 7;
/// Columns that a name and its bar keep before numbers are left out.
const NAME: usize = 16;

/// What a number is of, with its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Calls,
    Errors,
    Total,
    Bytes,
}

/// The numbers from left to right for which there is room.
fn numbers(app: &App, width: usize) -> Vec<(Number, usize)> {
    let mut wanted = vec![(Number::Calls, CALLS), (Number::Total, TIME), (Number::Errors, ERRORS)];
    match app.table.by {
        By::Path => wanted.push((Number::Bytes, BYTES)),
        By::Errno => wanted.truncate(1),
        By::Call | By::Class | By::Task => {}
    }
    let mut room = width.saturating_sub(NAME);
    wanted.retain(|(_, columns)| {
        let fits = *columns <= room;
        room -= if fits { *columns } else { 0 };
        fits
    });
    let order = [Number::Calls, Number::Errors, Number::Total, Number::Bytes];
    wanted.sort_by_key(|(number, _)| order.iter().position(|known| known == number));
    wanted
}

/// The order that a click on a heading asks for.
pub(super) fn column_at(app: &App, inner: Rect, column: u16) -> SortKey {
    let numbers = numbers(app, usize::from(inner.width));
    let mut end = usize::from(inner.width);
    for (number, columns) in numbers.into_iter().rev() {
        if usize::from(column) >= end - columns {
            return match number {
                Number::Calls => SortKey::Count,
                Number::Errors => SortKey::Errors,
                Number::Total | Number::Bytes => SortKey::Total,
            };
        }
        end -= columns;
    }
    SortKey::Name
}

pub(super) fn draw(app: &App, inner: Rect, rows: u16, headings: u16, buf: &mut Buffer) {
    let numbers = numbers(app, usize::from(inner.width));
    let taken: usize = numbers.iter().map(|(_, columns)| columns).sum();
    let text = usize::from(inner.width).saturating_sub(taken);
    // Names of files are long, and their ends tell most.
    let bars = if text >= 24 && app.table.by != By::Path { text / 3 } else { text.min(4) };
    let names = text.saturating_sub(bars + 1);
    if headings > 0 {
        buf.set_line(inner.x, inner.y, &heading(app, names + 1 + bars, &numbers), inner.width);
    }
    let entries = app.entries();
    let most = entries.iter().map(|entry| measured(app, entry)).max().unwrap_or(0);
    let lines = entries.iter().skip(app.table.top).take(usize::from(rows));
    for (y, entry) in (inner.y + headings..).zip(lines) {
        let selected = app.table.key.as_ref() == Some(&entry.key);
        let mut spans = vec![
            Span::styled(name(app, entry, names), app.theme.style(role(&entry.key))),
            Span::raw(" "),
            Span::styled(bar(measured(app, entry), most, bars), app.theme.style(Role::Bar)),
        ];
        for &(number, columns) in &numbers {
            let (text, role) = written(entry, number, columns);
            spans.push(Span::styled(cell(&text, columns), app.theme.style(role)));
        }
        buf.set_line(inner.x, y, &Line::from(spans), inner.width);
        if selected {
            buf.set_style(Rect { y, height: 1, ..inner }, app.theme.style(Role::Selected));
        }
    }
    if entries.is_empty() && rows > 0 {
        let text = if app.table.by == By::Errno { "No call failed." } else { "Nothing to count so far." };
        let area = Rect { y: inner.y + headings, height: 1, ..inner };
        buf.set_stringn(area.x, area.y, text, usize::from(area.width), app.theme.style(Role::Dim));
    }
}

/// What stands in the border, after `Histogram`.
pub(super) fn title(app: &App) -> String {
    let stored = app.session.store.len();
    match app.table.by {
        By::Path if app.table.paths.walk.left(stored) > 0 => {
            format!("by path, {} % counted", (stored - app.table.paths.walk.left(stored)) * 100 / stored.max(1))
        }
        by => format!("by {}, sort: {}", by.heading(), app.table.sort.label()),
    }
}

fn heading(app: &App, text: usize, numbers: &[(Number, usize)]) -> Line<'static> {
    let style = |key: SortKey| app.theme.style(if app.table.sort == key { Role::Title } else { Role::Column });
    let arrow = |key: SortKey| if app.table.sort == key { "↓" } else { "" };
    let mut spans = vec![Span::styled(fit(app.table.by.heading(), text), style(SortKey::Name))];
    for &(number, columns) in numbers {
        let (word, key) = match number {
            Number::Calls => ("calls", Some(SortKey::Count)),
            Number::Errors => ("err", Some(SortKey::Errors)),
            Number::Total => ("total", Some(SortKey::Total)),
            Number::Bytes => ("bytes", None),
        };
        let text = fit_right(&format!("{word}{}", key.map_or("", arrow)), columns);
        spans.push(Span::styled(text, key.map_or(app.theme.style(Role::Column), style)));
    }
    Line::from(spans)
}

fn measured(app: &App, entry: &Entry) -> u64 {
    match (app.table.by_time, entry.total_ns) {
        (true, Some(ns)) => ns,
        _ => entry.calls,
    }
}

fn name(app: &App, entry: &Entry, columns: usize) -> String {
    let name = format::escape(&breakdown::name(&entry.key, &app.session.store));
    let width = format::width(&name);
    match &entry.key {
        Key::Path(_) if width > columns && columns > 1 => {
            let end: String = name.chars().skip(width + 1 - columns).collect();
            format!("…{end}")
        }
        _ => fit(&name, columns),
    }
}

fn role(key: &Key) -> Role {
    match key {
        Key::Class("network") => Role::Network,
        Key::Class("process") => Role::Process,
        Key::Class("signal") => Role::Signals,
        Key::Class("memory") => Role::Memory,
        Key::Class("file") => Role::File,
        Key::Class("clock") => Role::Time,
        Key::Class("desc") => Role::Desc,
        Key::Task(_) => Role::Task,
        Key::Path(_) => Role::File,
        Key::Errno(_) => Role::Error,
        Key::Call(..) | Key::Class(_) | Key::NoClass => Role::Text,
    }
}

fn written(entry: &Entry, of: Number, columns: usize) -> (String, Role) {
    match of {
        Number::Calls => (number(entry.calls, columns - 1), Role::Text),
        Number::Errors if entry.errors == 0 => ("0".to_owned(), Role::Dim),
        Number::Errors => (number(entry.errors, columns - 1), Role::Error),
        Number::Total => (entry.total_ns.map_or("-".to_owned(), duration), Role::Text),
        Number::Bytes => match entry.bytes {
            Some(0) | None => ("-".to_owned(), Role::Dim),
            Some(bytes) => (amount(bytes), Role::Text),
        },
    }
}
