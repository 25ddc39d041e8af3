//! A drawn screen as text with its style runs, because a buffer printed as text alone says nothing about colours.

use std::fmt::Write as _;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use sysview::tui::App;

/// The screen as it is drawn at its own size.
pub fn buffer(app: &App, cols: u16, rows: u16) -> Buffer {
    let area = Rect::new(0, 0, cols, rows);
    let mut buffer = Buffer::empty(area);
    app.render(area, &mut buffer);
    buffer
}

/// Only the text, one line a row, without what is blank at the right.
pub fn text(app: &App, cols: u16, rows: u16) -> String {
    let buffer = buffer(app, cols, rows);
    let mut out = String::new();
    for y in 0..rows {
        let line: String = (0..cols).map(|x| buffer[(x, y)].symbol()).collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Text, then for each row its runs of style.
pub fn styled(app: &App, cols: u16, rows: u16) -> String {
    let buffer = buffer(app, cols, rows);
    let mut out = text(app, cols, rows);
    out.push_str("styles:\n");
    for y in 0..rows {
        let mut runs: Vec<(u16, u16, String)> = Vec::new();
        for x in 0..cols {
            let style = words(buffer[(x, y)].style());
            match runs.last_mut() {
                Some((_, end, last)) if *last == style => *end = x,
                _ => runs.push((x, x, style)),
            }
        }
        let runs: Vec<String> =
            runs.iter().filter(|r| !r.2.is_empty()).map(|(a, b, style)| format!("{a}-{b} {style}")).collect();
        if !runs.is_empty() {
            let _ = writeln!(out, "{y}: {}", runs.join(", "));
        }
    }
    out
}

fn words(style: Style) -> String {
    let mut words = Vec::new();
    if let Some(colour) = style.fg.filter(|&c| c != Color::Reset) {
        words.push(colour.to_string().to_lowercase());
    }
    if let Some(colour) = style.bg.filter(|&c| c != Color::Reset) {
        words.push(format!("on {}", colour.to_string().to_lowercase()));
    }
    words.extend(style.add_modifier.iter_names().map(|(name, _)| name.to_lowercase()));
    words.join(" ")
}
