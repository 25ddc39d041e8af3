//! How long one call took under the tracer, as a picture of powers of two and in words: the foot of the histogram pane.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::times;
use crate::decode;
use crate::source::Floor;
use crate::stats::{BUCKETS, CallStats, bucket_floor_ns, bucket_of};
use crate::tui::app::App;
use crate::tui::format::{count, duration, fit};
use crate::tui::theme::Role;

/// Lines of the foot: one more where the tracer's own part is known.
pub fn height(app: &App) -> u16 {
    5 + u16::from(app.session.floor().is_some())
}

/// The picture alone, of calls of several numbers.
pub fn bars(app: &App, buckets: &[u64; BUCKETS], area: Rect, buf: &mut Buffer) {
    let picture = picture(buckets, app.session.floor(), usize::from(area.width).saturating_sub(17));
    buf.set_line(area.x, area.y, &picture.line(app), area.width);
    let half = |p: f64| {
        let all: u64 = buckets.iter().sum();
        let mut left = (all as f64 * p).ceil() as u64;
        let bucket = buckets.iter().position(|&n| {
            left = left.saturating_sub(n);
            left == 0
        });
        bucket
            .map(|bucket| format!("{} to {}", duration(bucket_floor_ns(bucket)), duration(bucket_floor_ns(bucket + 1))))
    };
    if let (Some(p50), Some(p99)) = (half(0.5), half(0.99)) {
        let text = fit(&format!(" p50 {p50}, p99 {p99}"), usize::from(area.width));
        buf.set_stringn(area.x, area.y + 1, text, usize::from(area.width), app.theme.style(Role::Text));
    }
}

pub fn draw(app: &App, row: &CallStats, area: Rect, buf: &mut Buffer) {
    let width = usize::from(area.width);
    let dim = app.theme.style(Role::Column);
    let name = decode::call_name(row.arch, row.nr);
    let head = match row.vdso {
        false => format!("── {name}: time under the tracer "),
        true => format!("── {name}: answered by the vDSO "),
    };
    // What is too long is simply not drawn: a line needs no ellipsis.
    buf.set_stringn(area.x, area.y, format!("{head}{}", "─".repeat(width)), width, dim);
    // The tracer has no part in what the vDSO answers.
    let floor = app.session.floor().filter(|_| !row.vdso);
    let picture = picture(&row.buckets(), floor, width.saturating_sub(17));
    let line = match (row.finished, row.timed()) {
        (0, _) => Line::from(" none has come back so far"),
        (_, 0) => Line::from(" sysview made each of them wait: no times"),
        _ => picture.line(app),
    };
    buf.set_line(area.x, area.y + 1, &line, area.width);
    // Where the middle and the last hundredth are.
    let place = |p| row.percentile(p).map(|ns| LABEL + picture.place(ns));
    if let (Some(half), Some(most), true) = (place(0.5), place(0.99), row.timed() > 0) {
        buf.set_stringn(area.x, area.y + 2, fit(&pointers(half, most), width), width, dim);
    }
    let area = Rect { y: area.y + 1, ..area };
    if let Some(floor) = floor {
        let what = if picture.ours.is_empty() { "of each" } else { "left of ┊" };
        let text = format!(" {what} the tracer's: {}", times::amount(floor));
        buf.set_stringn(area.x, area.y + 2, fit(&text, width), width, dim);
    }
    let area = Rect { y: area.y + u16::from(floor.is_some()), ..area };
    let mut text = percentiles(row, width);
    if row.unlogged > 0 {
        text = format!(" showing 1 of {};{text}", count(row.count.div_ceil(row.finished.max(1))));
    }
    buf.set_stringn(area.x, area.y + 2, fit(&text, width), width, app.theme.style(Role::Text));
    let errors = row.errnos().into_iter().map(|(errno, n)| {
        let name = decode::errno_name(errno).map_or_else(|| errno.to_string(), |(name, _)| name.to_owned());
        format!("{name} {}", count(n))
    });
    let errors = errors.collect::<Vec<_>>().join(", ");
    let text = if errors.is_empty() { " no error".to_owned() } else { format!(" {errors}") };
    let role = if row.errors > 0 { Role::Error } else { Role::Dim };
    buf.set_stringn(area.x, area.y + 3, fit(&text, width), width, app.theme.style(role));
}

/// As many percentiles as there is room for: ` p50 3us p90 9us p99 80us p99.9 1ms`. Nothing without times.
fn percentiles(row: &CallStats, width: usize) -> String {
    const ALL: [(&str, f64); 4] = [("p50", 0.5), ("p99", 0.99), ("p90", 0.9), ("p99.9", 0.999)];
    let told = |&(name, p): &(&str, f64)| Some((p, format!(" {name} {}", duration(row.percentile(p)?))));
    let mut shown: Vec<(f64, String)> = ALL.iter().filter_map(told).collect();
    while shown.iter().map(|(_, text)| text.len()).sum::<usize>() > width {
        shown.pop();
    }
    shown.sort_by(|(p, _), (q, _)| p.total_cmp(q));
    shown.into_iter().map(|(_, text)| text).collect()
}

/// One column a power of two, from the first to the last that occurred.
#[derive(Debug, Default, PartialEq, Eq)]
struct Picture {
    /// Up to the floor, with the line that ends it; shaded where nothing occurred. Empty if all are longer.
    ours: String,
    rest: String,
    /// The times at both ends.
    from_ns: u64,
    to_ns: u64,
}

/// Columns before the picture.
const LABEL: usize = 8;

impl Picture {
    fn line(&self, app: &App) -> Line<'static> {
        let dim = app.theme.style(Role::Column);
        Line::from(vec![
            Span::styled(format!("{:>7} ", duration(self.from_ns)), dim),
            Span::styled(self.ours.clone(), app.theme.style(Role::Floor)),
            Span::styled(self.rest.clone(), app.theme.style(Role::Bar)),
            Span::styled(format!(" {}", duration(self.to_ns)), dim),
        ])
    }

    /// The column in which a time is.
    fn place(&self, ns: u64) -> usize {
        let first = bucket_of(self.from_ns);
        let at = bucket_of(ns).saturating_sub(first);
        // The line that ends the tracer's part takes a column.
        let ours = self.ours.chars().count();
        at + usize::from(ours > 0 && at + 1 >= ours)
    }
}

/// `^50  ^99` under two columns, or `^50 99` under one.
fn pointers(half: usize, most: usize) -> String {
    match most.saturating_sub(half) {
        0 => format!("{}^50 99", " ".repeat(half)),
        gap @ 1..=3 => format!("{}^{}^ 50 99", " ".repeat(half), " ".repeat(gap - 1)),
        gap => format!("{}^50{}^99", " ".repeat(half), " ".repeat(gap - 3)),
    }
}

fn picture(buckets: &[u64; BUCKETS], floor: Option<Floor>, width: usize) -> Picture {
    const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let Some(first) = buckets.iter().position(|&n| n > 0) else { return Picture::default() };
    let last = buckets.iter().rposition(|&n| n > 0).unwrap_or(first);
    let last = last.min(first + width.saturating_sub(1));
    let most = buckets[first..=last].iter().copied().max().unwrap_or(1).max(1);
    let column = |n: u64, nothing: char| match n {
        0 => nothing,
        n => EIGHTHS[((u128::from(n) * 8).div_ceil(u128::from(most)) as usize).clamp(1, 8) - 1],
    };
    // The bucket that the floor is in counts as the tracer's: what is there is so by most of its time.
    let ours_end = floor.map_or(first, |floor| (bucket_of(floor.least_ns()) + 1).clamp(first, last + 1));
    let mut ours: String = buckets[first..ours_end].iter().map(|&n| column(n, '░')).collect();
    if !ours.is_empty() {
        ours.push('┊');
    }
    let rest = buckets[ours_end..=last].iter().map(|&n| column(n, ' ')).collect();
    let to_ns = if last + 1 < BUCKETS { bucket_floor_ns(last + 1) } else { bucket_floor_ns(last) };
    Picture { ours, rest, from_ns: bucket_floor_ns(first), to_ns }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(buckets: &[u64; BUCKETS], floor_ns: u64, width: usize) -> (String, String, u64, u64) {
        let floor = Floor { apart_ns: 2 * floor_ns, together_ns: floor_ns };
        let Picture { ours, rest, from_ns, to_ns } = picture(buckets, Some(floor).filter(|_| floor_ns > 0), width);
        (ours, rest, from_ns, to_ns)
    }

    #[test]
    fn the_picture_reaches_from_the_shortest_to_the_longest() {
        let mut buckets = [0; BUCKETS];
        (buckets[10], buckets[12], buckets[13]) = (8, 1, 4);
        assert_eq!(drawn(&buckets, 0, 20), (String::new(), "█ ▁▄".to_owned(), 1_024, 16_384));
        assert_eq!(picture(&[0; BUCKETS], None, 20), Picture::default());
        buckets[BUCKETS - 1] = 1;
        assert_eq!(drawn(&buckets, 0, 3).1.chars().count(), 3);
    }

    #[test]
    fn what_is_not_above_the_floor_is_told_apart() {
        let mut buckets = [0; BUCKETS];
        (buckets[10], buckets[12], buckets[13]) = (8, 1, 4);
        let parts = |floor_ns| {
            let (ours, rest, ..) = drawn(&buckets, floor_ns, 20);
            (ours, rest)
        };
        assert_eq!(parts(500), (String::new(), "█ ▁▄".to_owned()));
        assert_eq!(parts(1_500), ("█┊".to_owned(), " ▁▄".to_owned()));
        assert_eq!(parts(2_100), ("█░┊".to_owned(), "▁▄".to_owned()));
        assert_eq!(parts(1_000_000), ("█░▁▄┊".to_owned(), String::new()));
    }
}
