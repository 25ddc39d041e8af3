//! Pictures of the calls that the selected line counts, over time: how many a second, and how long they took. They say the
//! same without colours. Left out: counting them (`state::spectrum`).

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{latency, times};
use crate::stats::{BUCKETS, bucket_floor_ns, bucket_of};
use crate::tui::app::App;
use crate::tui::format::{self, cut, duration, fit_right, short_count};
use crate::tui::state::breakdown;
use crate::tui::state::spectrum::Spectrum;
use crate::tui::state::table::Picture;
use crate::tui::theme::Role;

/// Columns of the times at the left, with the space behind them.
const LABEL: usize = 8;
/// Lines of bars.
const BARS: u16 = 4;
/// From few to many.
const SHADES: [char; 4] = ['░', '▒', '▓', '█'];

/// Lines of the foot below the table, of those of a pane.
pub(super) fn height(app: &App, inner: Rect) -> u16 {
    match app.table.picture {
        Picture::Times => 3,
        Picture::Rate => BARS + 2,
        Picture::Heat => {
            let span = app.table.spectrum.as_ref().and_then(Spectrum::span);
            // The table keeps half of the pane.
            let room = usize::from(inner.height / 2).saturating_sub(2);
            span.map_or(1, |span| shares(span, room).1 as u16) + 2
        }
    }
}

pub(super) fn draw(app: &App, area: Rect, buf: &mut Buffer) {
    let width = usize::from(area.width);
    let dim = app.theme.style(Role::Column);
    let name = app.line_key().map(|key| format::escape(&breakdown::name(&key, &app.session.store))).unwrap_or_default();
    let what = match app.table.picture {
        Picture::Times => "time under the tracer",
        Picture::Rate => "calls a second",
        Picture::Heat => "time under the tracer, over time",
    };
    let head = format!("── {}: {what} {}", cut(&name, width.saturating_sub(what.len() + 6).max(8)), "─".repeat(width));
    buf.set_stringn(area.x, area.y, head, width, dim);
    let Some(spectrum) = app.table.spectrum.as_ref().filter(|spectrum| !spectrum.is_empty()) else {
        buf.set_stringn(area.x, area.y + 1, " none has come back so far", width, app.theme.style(Role::Dim));
        return;
    };
    let below = Rect { y: area.y + 1, height: area.height - 1, ..area };
    match app.table.picture {
        Picture::Times => latency::bars(app, &spectrum.times(0, 1), below, buf),
        Picture::Rate => rate(app, spectrum, below, buf),
        Picture::Heat => heat(app, spectrum, below, buf),
    }
}

fn axis(app: &App, spectrum: &Spectrum, right: &str, y: u16, area: Rect, buf: &mut Buffer) {
    let width = usize::from(area.width);
    let left = spectrum.walk.left(app.session.store.len());
    let counted = if left > 0 { format!(", {} rows to go", format::count(left)) } else { String::new() };
    let text = format!(" 0 s … {}{counted}", duration(spectrum.end_ns()));
    let text = format!("{text}{}", fit_right(right, width.saturating_sub(format::width(&text))));
    buf.set_stringn(area.x, y, text, width, app.theme.style(Role::Column));
}

/// Bars of eighths, several lines high.
fn rate(app: &App, spectrum: &Spectrum, area: Rect, buf: &mut Buffer) {
    const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let columns = usize::from(area.width).saturating_sub(1);
    let lines = u64::from(area.height.saturating_sub(1));
    let rates = spectrum.rates(columns);
    let most = rates.iter().copied().max().unwrap_or(0).max(1);
    let height = |rate: u64| (u128::from(rate) * u128::from(lines * 8)).div_ceil(u128::from(most)) as u64;
    for line in 0..lines {
        let below = (lines - 1 - line) * 8;
        let part = |&rate: &u64| EIGHTHS[height(rate).saturating_sub(below).min(8) as usize];
        let text: String = rates.iter().map(part).collect();
        buf.set_stringn(area.x + 1, area.y + line as u16, text, columns, app.theme.style(Role::Bar));
    }
    axis(app, spectrum, &format!("at most {}/s ", short_count(most)), area.y + lines as u16, area, buf);
}

/// How many powers of two share a line, and how many lines there are, where there is room for so many.
fn shares((low, high): (usize, usize), room: usize) -> (usize, usize) {
    let powers = high - low + 1;
    let each = powers.div_ceil(room.max(1));
    (each, powers.div_ceil(each))
}

/// One line for some powers of two, the longest at the top, a column for a stretch of time.
fn heat(app: &App, spectrum: &Spectrum, area: Rect, buf: &mut Buffer) {
    let Some((low, high)) = spectrum.span() else {
        buf.set_stringn(area.x, area.y, " no time is known", usize::from(area.width), app.theme.style(Role::Dim));
        return;
    };
    let (each, lines) = shares((low, high), usize::from(area.height.saturating_sub(1)));
    let columns = usize::from(area.width).saturating_sub(LABEL);
    let all: Vec<[u64; BUCKETS]> = (0..columns).map(|column| spectrum.times(column, columns)).collect();
    let cell = |column: usize, line: usize| -> u64 {
        let from = low + (lines - 1 - line) * each;
        all[column][from..(from + each).min(BUCKETS)].iter().sum()
    };
    let most = (0..columns).flat_map(|column| (0..lines).map(move |line| cell(column, line))).max().unwrap_or(1);
    let floor = app.session.floor().map(|floor| bucket_of(floor.least_ns()));
    for line in 0..lines {
        let from = low + (lines - 1 - line) * each;
        // All of it is the tracer's own time.
        let ours = floor.is_some_and(|floor| from <= floor);
        let shade = |column| match cell(column, line) {
            0 if ours => '·',
            0 => ' ',
            n => SHADES[level(n, most)],
        };
        let text: String = (0..columns).map(shade).collect();
        let label = format!("{} ", fit_right(&duration(bucket_floor_ns(from)), LABEL - 1));
        let role = if ours { Role::Floor } else { Role::Bar };
        let spans = vec![Span::styled(label, app.theme.style(Role::Column)), Span::styled(text, app.theme.style(role))];
        buf.set_line(area.x, area.y + line as u16, &Line::from(spans), area.width);
    }
    let legend = match app.session.floor() {
        Some(floor) => format!("· the tracer's: {} ", times::amount(floor)),
        None => format!("█ {} ", short_count(most)),
    };
    axis(app, spectrum, &legend, area.y + lines as u16, area, buf);
}

/// Each shade stands for many times what the one before does, so that what is rare is seen beside what is not.
fn level(n: u64, most: u64) -> usize {
    let all = f64::from(most.max(2).ilog2().max(1));
    let part = f64::from(n.max(1).ilog2()) / all;
    ((part * SHADES.len() as f64) as usize).min(SHADES.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_happened_has_a_shade_and_more_is_darker() {
        assert_eq!([1, 2, 10, 100, 1_000].map(|n| level(n, 1_000)), [0, 0, 1, 2, 3]);
        assert_eq!((level(1, 1), level(5, 5)), (0, 3));
    }
}
