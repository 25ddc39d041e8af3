//! The histogram pane: one line a call.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{answers, breakdown, latency, marks, spectrum};
use crate::decode;
use crate::stats::{CallStats, SortKey};
use crate::tui::app::App;
use crate::tui::format::{count, cut, duration, fit, fit_right, short_count};
use crate::tui::state::breakdown::By;
use crate::tui::state::table::Picture;
use crate::tui::theme::Role;

/// What stands in the pane's border, at its left.
pub fn title(app: &App) -> &'static str {
    match &app.trace.narrow {
        None => "Histogram",
        Some(narrow) if narrow.counted() && narrow.left(app.session.store.len()) == 0 => "Histogram: filtered",
        Some(_) => "Histogram: counting",
    }
}

pub fn heading_rows(inner: Rect) -> u16 {
    u16::from(inner.height >= 4)
}

/// Lines below the table for the times of one call, when there is room.
fn foot_rows(app: &App, inner: Rect) -> u16 {
    match inner.height >= 14 && inner.width >= 30 {
        false => 0,
        true if of_calls(app) => latency::height(app),
        true => spectrum::height(app, inner),
    }
}

/// The foot is about the times of one call, which are known to three digits.
fn of_calls(app: &App) -> bool {
    app.table.by == By::Call && app.table.picture == Picture::Times
}

/// What stands at the right of the pane's upper border.
pub fn order(app: &App) -> String {
    match app.table.by {
        By::Call => format!("sort: {}", app.table.sort.label()),
        _ => breakdown::title(app),
    }
}

/// Lines for calls.
pub fn rows_in(app: &App, inner: Rect) -> u16 {
    inner.height - heading_rows(inner) - foot_rows(app, inner)
}

/// The column whose heading stands at `column` of the pane's inside; the name's, left of all numbers.
pub fn column_at(app: &App, inner: Rect, column: u16) -> SortKey {
    if app.table.by != By::Call {
        return breakdown::column_at(app, inner, column);
    }
    let columns = Columns::of(app, inner.width);
    let mut end = columns.name + 1 + columns.bar;
    for &(key, breadth) in &columns.numbers {
        end += breadth;
        if usize::from(column) < end && usize::from(column) >= end - breadth {
            return key;
        }
    }
    SortKey::Name
}

/// Columns in order of importance; the name comes before all of them.
const IMPORTANCE: [SortKey; 6] =
    [SortKey::Count, SortKey::Blocked, SortKey::Errors, SortKey::Total, SortKey::Mean, SortKey::Max];
/// Columns from left to right.
const ORDER: [SortKey; 6] =
    [SortKey::Count, SortKey::Errors, SortKey::Blocked, SortKey::Total, SortKey::Mean, SortKey::Max];

const NAME: usize = 12;
const BAR: usize = 3;

/// Columns of a number of calls, with the space before it: at least, and at most.
const CALLS: (usize, usize) = (8, 11);
/// Columns of a number of errors or of blocked calls, likewise.
const FEW: (usize, usize) = (6, 11);
/// Columns of a time, with the space before it.
const TIME: usize = 7;

/// Columns that a number takes, with the space before it: as many as the largest of its column needs.
fn breadth(key: SortKey, most: u64) -> usize {
    let room = |sign: usize, (least, limit): (usize, usize)| (count(most).len() + sign + 1).clamp(least, limit);
    match key {
        SortKey::Count => room(0, CALLS),
        SortKey::Errors => room(0, FEW),
        SortKey::Blocked => room(1, FEW),
        _ => TIME,
    }
}

/// The largest number in a column of calls.
fn most(app: &App, key: SortKey) -> u64 {
    let number = |row: &CallStats| match key {
        SortKey::Count => row.count,
        SortKey::Errors => row.errors,
        SortKey::Blocked => answers::of_call(app, row).map_or(0, |(_, calls)| calls),
        _ => 0,
    };
    app.counts().rows().map(number).max().unwrap_or(0)
}

/// A heading that fits its column together with the arrow.
fn label(key: SortKey) -> &'static str {
    match key {
        SortKey::Errors => "err",
        SortKey::Blocked => "block",
        key => key.label(),
    }
}

struct Columns {
    name: usize,
    bar: usize,
    /// From left to right, with the columns that each takes.
    numbers: Vec<(SortKey, usize)>,
}

impl Columns {
    fn of(app: &App, width: u16) -> Columns {
        Columns::fitting(usize::from(width), app.table.sort, app.judging(), |key| most(app, key))
    }

    /// As many columns as fit, the one that is sorted by always among them.
    fn fitting(width: usize, sort: SortKey, judged: bool, most: impl Fn(SortKey) -> u64) -> Columns {
        let mut wanted: Vec<SortKey> = IMPORTANCE.into_iter().filter(|&k| k != SortKey::Blocked || judged).collect();
        if let Some(at) = wanted.iter().position(|&k| k == sort) {
            let sorted = wanted.remove(at);
            wanted.insert(0, sorted);
        }
        let mut room = width.saturating_sub(NAME + BAR + 1);
        let mut numbers: Vec<(SortKey, usize)> = Vec::new();
        for key in wanted {
            let breadth = breadth(key, most(key));
            if breadth <= room {
                room -= breadth;
                numbers.push((key, breadth));
            }
        }
        numbers.sort_by_key(|&(key, _)| ORDER.iter().position(|&k| k == key));
        let rest = width.saturating_sub(numbers.iter().map(|&(_, breadth)| breadth).sum());
        let name = rest.saturating_sub(BAR + 1).clamp(NAME.min(rest), 26.min(rest.max(NAME.min(rest))));
        let bar = rest.saturating_sub(name + 1).min(40);
        Columns { name, bar, numbers }
    }
}

pub fn draw(app: &App, inner: Rect, buf: &mut Buffer) {
    match app.table.by {
        By::Call => draw_calls(app, inner, buf),
        _ => breakdown::draw(app, inner, rows_in(app, inner), heading_rows(inner), buf),
    }
    let foot = foot_rows(app, inner);
    let area = Rect { y: inner.bottom() - foot, height: foot, ..inner };
    match foot {
        0 => {}
        _ if of_calls(app) => {
            // The selected call's times, or those of the first in the table.
            let rows = app.ordered_calls();
            let chosen = app.table.index(&rows).map_or_else(|| rows.first(), |at| rows.get(at));
            chosen.into_iter().for_each(|row| latency::draw(app, row, area, buf));
        }
        _ => spectrum::draw(app, area, buf),
    }
}

fn draw_calls(app: &App, inner: Rect, buf: &mut Buffer) {
    let columns = Columns::of(app, inner.width);
    let mut y = inner.y;
    if heading_rows(inner) > 0 {
        buf.set_line(inner.x, y, &heading(app, &columns), inner.width);
        y += 1;
    }
    let rows = app.ordered_calls();
    let most = rows.iter().map(|row| measured(app, row)).max().unwrap_or(0);
    for row in rows.iter().skip(app.table.top).take(usize::from(rows_in(app, inner))) {
        buf.set_line(inner.x, y, &line(app, row, most, &columns), inner.width);
        if app.table.selected == Some((row.arch, row.nr)) && app.table.vdso == row.vdso {
            buf.set_style(Rect { y, height: 1, ..inner }, app.theme.style(Role::Selected));
        }
        y += 1;
    }
}

/// What bars show.
fn measured(app: &App, row: &CallStats) -> u64 {
    if app.table.by_time { row.total_ns } else { row.count }
}

fn heading(app: &App, columns: &Columns) -> Line<'static> {
    let style = |key: SortKey| {
        let role = if app.table.sort == key { Role::Title } else { Role::Column };
        app.theme.style(role)
    };
    let word = |key: SortKey| match app.table.sort == key {
        true => format!("{}↓", label(key)),
        false => label(key).to_owned(),
    };
    let mut spans = vec![Span::styled(fit("call", columns.name + 1 + columns.bar), style(SortKey::Name))];
    for &(key, breadth) in &columns.numbers {
        spans.push(Span::styled(fit_right(&word(key), breadth), style(key)));
    }
    Line::from(spans)
}

fn line(app: &App, row: &CallStats, most: u64, columns: &Columns) -> Line<'static> {
    let style = |role: Role| app.theme.style(role);
    let mut name = decode::call_name(row.arch, row.nr).into_owned();
    if row.vdso {
        // The beginning of a long name says enough, but not which class it is.
        name = format!("{} vDSO", cut(&name, columns.name.saturating_sub(5)));
    }
    let mut spans = vec![
        Span::styled(fit(&name, columns.name), style(marks::class(row.arch, row.nr))),
        Span::raw(" "),
        Span::styled(bar(measured(app, row), most, columns.bar), style(Role::Bar)),
    ];
    for &(key, breadth) in &columns.numbers {
        let (text, role) = match key {
            SortKey::Count => (number(row.count, breadth - 1), Role::Text),
            SortKey::Errors if row.errors > 0 => (number(row.errors, breadth - 1), Role::Error),
            SortKey::Blocked => match answers::of_call(app, row) {
                None => ("0".to_owned(), Role::Dim),
                Some((answer, calls)) => {
                    (format!("{}{}", answer.symbol(), number(calls, breadth - 2)), answers::role(answer, true))
                }
            },
            SortKey::Errors => ("0".to_owned(), Role::Dim),
            // All of them were made to wait, so there is no time to show.
            SortKey::Total | SortKey::Mean | SortKey::Max if row.timed() == 0 && row.untimed > 0 => {
                ("-".to_owned(), Role::Dim)
            }
            SortKey::Total => (duration(row.total_ns), Role::Text),
            SortKey::Mean => (duration(row.mean_ns()), Role::Text),
            SortKey::Max => (duration(row.max_ns), Role::Text),
            SortKey::Name => continue,
        };
        spans.push(Span::styled(cell(&text, breadth), style(role)));
    }
    Line::from(spans)
}

/// A number at the right edge of its column; the space before it is never given away.
pub(super) fn cell(text: &str, breadth: usize) -> String {
    format!(" {}", fit_right(text, breadth - 1))
}

/// Exact if there is room: `12,481`, `1,234,567`, `123M`.
pub(super) fn number(n: u64, width: usize) -> String {
    Some(count(n)).filter(|text| text.len() <= width).unwrap_or_else(|| short_count(n))
}

/// A bar of eighths of a column; whatever happened at all shows.
pub(super) fn bar(n: u64, most: u64, width: usize) -> String {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let full = width as u128 * 8;
    let eighths = (u128::from(n) * full).checked_div(u128::from(most)).unwrap_or(0);
    let eighths = eighths.max(u128::from(n > 0)).min(full) as usize;
    let mut text = "█".repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        text.push(EIGHTHS[eighths % 8]);
    }
    fit(&text, width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_exact_as_there_is_room() {
        assert_eq!(number(12_481, 7), "12,481");
        assert_eq!(number(1_234_567, 9), "1,234,567");
        assert_eq!(number(123_456_789, 10), "123M");
    }

    #[test]
    fn columns_never_touch_however_large_their_numbers_are() {
        for digits in 0..18 {
            let large = 8 * 10_u64.pow(digits);
            for width in [20, 41, 78, 118] {
                let calls = large.min(9_999_999_999_999);
                let columns = Columns::fitting(width, SortKey::Total, true, |_| calls);
                let breadths: usize = columns.numbers.iter().map(|(_, breadth)| breadth).sum();
                assert!(columns.name + 1 + columns.bar + breadths <= width, "{width}");
                assert!(columns.numbers.iter().any(|(key, _)| *key == SortKey::Total) || width < 23);
                for &(key, breadth) in &columns.numbers {
                    let text = match key {
                        SortKey::Count | SortKey::Errors => number(calls, breadth - 1),
                        SortKey::Blocked => format!("x{}", number(calls, breadth - 2)),
                        _ => duration(large),
                    };
                    assert!(text.len() < breadth, "{key:?}: {text:?} in {breadth}");
                    assert!(cell(&text, breadth).starts_with(' '));
                    assert_eq!(cell(&text, breadth).len(), breadth);
                }
            }
        }
    }

    #[test]
    fn a_pane_with_room_shows_millions_exactly() {
        let columns = Columns::fitting(78, SortKey::Count, true, |_| 1_234_567);
        let (_, breadth) = columns.numbers[0];
        assert_eq!(number(1_234_567, breadth - 1), "1,234,567");
    }

    #[test]
    fn bars_are_as_long_as_their_share() {
        assert_eq!(bar(100, 100, 4), "████");
        assert_eq!(bar(50, 100, 4), "██  ");
        assert_eq!(bar(1, 1_000_000, 4), "▏   ");
        assert_eq!(bar(0, 0, 4), "    ");
        assert_eq!(bar(5, 5, 0), "");
    }
}
