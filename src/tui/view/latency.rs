//! How long one call took under the tracer, as a picture of powers of two and in words: the foot of the histogram pane.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::decode;
use crate::stats::{BUCKETS, CallStats, bucket_floor_ns};
use crate::tui::app::App;
use crate::tui::format::{count, duration, fit};
use crate::tui::theme::Role;

/// Lines of the foot.
pub const HEIGHT: u16 = 4;

pub fn draw(app: &App, row: &CallStats, area: Rect, buf: &mut Buffer) {
    let width = usize::from(area.width);
    let dim = app.theme.style(Role::Column);
    let head = format!("── {}: time under the tracer ", decode::call_name(row.arch, row.nr));
    // What is too long is simply not drawn: a line needs no ellipsis.
    buf.set_stringn(area.x, area.y, format!("{head}{}", "─".repeat(width)), width, dim);
    let (picture, from, to) = picture(&row.buckets, width.saturating_sub(16));
    let line = match row.finished {
        0 => Line::from(" none has come back so far"),
        _ => Line::from(vec![
            Span::styled(format!("{:>7} ", duration(from)), dim),
            Span::styled(picture, app.theme.style(Role::Bar)),
            Span::styled(format!(" {}", duration(to)), dim),
        ]),
    };
    buf.set_line(area.x, area.y + 1, &line, area.width);
    if let (Some(p50), Some(p99)) = (row.percentile(0.5), row.percentile(0.99)) {
        let text = format!(" half within {}, 99 % within {}", duration(p50), duration(p99));
        buf.set_stringn(area.x, area.y + 2, fit(&text, width), width, app.theme.style(Role::Text));
    }
    let errors = row.errnos().into_iter().map(|(errno, n)| {
        let name = decode::errno_name(errno).map_or_else(|| errno.to_string(), |(name, _)| name.to_owned());
        format!("{name} {}", count(n))
    });
    let errors = errors.collect::<Vec<_>>().join(", ");
    let text = if errors.is_empty() { " no error".to_owned() } else { format!(" {errors}") };
    let role = if row.errors > 0 { Role::Error } else { Role::Dim };
    buf.set_stringn(area.x, area.y + 3, fit(&text, width), width, app.theme.style(role));
}

/// One column a power of two, from the first to the last that occurred, and the times at both ends.
fn picture(buckets: &[u64; BUCKETS], width: usize) -> (String, u64, u64) {
    const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let Some(first) = buckets.iter().position(|&n| n > 0) else { return (String::new(), 0, 0) };
    let last = buckets.iter().rposition(|&n| n > 0).unwrap_or(first);
    let last = last.min(first + width.saturating_sub(1));
    let most = buckets[first..=last].iter().copied().max().unwrap_or(1).max(1);
    let column = |&n: &u64| match n {
        0 => ' ',
        n => EIGHTHS[((u128::from(n) * 8).div_ceil(u128::from(most)) as usize).clamp(1, 8) - 1],
    };
    let end = if last + 1 < BUCKETS { bucket_floor_ns(last + 1) } else { bucket_floor_ns(last) };
    (buckets[first..=last].iter().map(column).collect(), bucket_floor_ns(first), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_reaches_from_the_shortest_to_the_longest() {
        let mut buckets = [0; BUCKETS];
        (buckets[10], buckets[12], buckets[13]) = (8, 1, 4);
        assert_eq!(picture(&buckets, 20), ("█ ▁▄".to_owned(), 1_024, 16_384));
        assert_eq!(picture(&[0; BUCKETS], 20), (String::new(), 0, 0));
        buckets[BUCKETS - 1] = 1;
        assert!(picture(&buckets, 3).0.chars().count() == 3);
    }
}
