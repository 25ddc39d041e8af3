//! A drawn screen as a picture: `Buffer` in, SVG text out. Pure. Leaves out fonts (the reader's monospace font is used)
//! and anything that moves.
//!
//! Text is placed word by word at its column, because fonts differ in width and not every renderer stretches text to a
//! given length; frames, bars and shades are drawn as shapes, so that they meet whatever the font.

mod palette;
mod shapes;
mod text;

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use palette::{Rgb, blend};

pub use palette::Theme;

/// Pixels of a cell, at the font size below; 0.6 em is the width of the usual monospace fonts. Whole pixels, so that cells
/// side by side meet without a seam.
const CELL_WIDTH: f64 = 9.0;
const CELL_HEIGHT: f64 = 19.0;
const FONT_SIZE: f64 = 15.0;
/// From the top of a cell to the line that letters stand on.
const BASELINE: f64 = 14.5;
const PADDING: f64 = 10.0;
const TITLE_BAR: f64 = 30.0;
const FONTS: &str =
    "'DejaVu Sans Mono','Cascadia Mono',ui-monospace,Menlo,Consolas,'Liberation Mono','Noto Sans Mono',monospace";

#[derive(Debug, Clone, Default)]
pub struct SvgOptions {
    pub theme: Theme,
    /// Stands in the window's bar, and is what a screen reader says.
    pub title: String,
    /// Column and row of a cursor to draw.
    pub cursor: Option<(u16, u16)>,
}

/// A cell with its colours resolved.
#[derive(Debug, Clone, PartialEq)]
struct Look {
    fg: Rgb,
    bg: Rgb,
    bold: bool,
    italic: bool,
    underline: Option<Rgb>,
    crossed_out: bool,
    hidden: bool,
}

/// The picture of a screen, a complete SVG document.
pub fn render(buffer: &Buffer, options: &SvgOptions) -> String {
    let area = buffer.area;
    let theme = options.theme;
    let width = f64::from(area.width) * CELL_WIDTH + 2.0 * PADDING;
    let height = f64::from(area.height) * CELL_HEIGHT + 2.0 * PADDING + TITLE_BAR;
    let mut out = String::new();
    open(&mut out, width, height, options);
    for y in 0..area.height {
        let row: Vec<(&Cell, Look)> = (0..area.width)
            .map(|x| {
                let cell = &buffer[(area.x + x, area.y + y)];
                let mut look = look(cell, theme);
                if options.cursor == Some((x, y)) {
                    std::mem::swap(&mut look.fg, &mut look.bg);
                }
                (cell, look)
            })
            .collect();
        let top = PADDING + TITLE_BAR + f64::from(y) * CELL_HEIGHT;
        backgrounds(&mut out, &row, top, theme);
        text::draw(&mut out, &row, top);
        lines(&mut out, &row, top);
    }
    out.push_str("</svg>\n");
    out
}

fn open(out: &mut String, width: f64, height: f64, options: &SvgOptions) {
    let theme = options.theme;
    let title = text::escape(&options.title);
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\" \
         font-family=\"{FONTS}\" font-size=\"{FONT_SIZE}\">",
        w = number(width),
        h = number(height),
    );
    if !title.is_empty() {
        let _ = writeln!(out, "<title>{title}</title>");
    }
    // At sizes between whole pixels, cells side by side would show a seam.
    out.push_str("<style>rect{shape-rendering:crispEdges}</style>\n");
    let _ = writeln!(
        out,
        "<rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"{}\" stroke=\"{}\" style=\"shape-rendering:auto\"/>",
        number(width - 1.0),
        number(height - 1.0),
        theme.background(),
        theme.border(),
    );
    for (index, x) in [18.0, 36.0, 54.0].into_iter().enumerate() {
        let _ = writeln!(out, "<circle cx=\"{x}\" cy=\"18\" r=\"5.5\" fill=\"{}\"/>", theme.buttons()[index]);
    }
    if !title.is_empty() {
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"22.5\" text-anchor=\"middle\" fill=\"{}\">{title}</text>",
            number(width / 2.0),
            theme.title(),
        );
    }
}

fn look(cell: &Cell, theme: Theme) -> Look {
    let has = |modifier| cell.modifier.contains(modifier);
    let mut fg = theme.colour(cell.fg).unwrap_or(theme.foreground());
    let mut bg = theme.colour(cell.bg).unwrap_or(theme.background());
    if has(Modifier::DIM) {
        fg = blend(fg, bg);
    }
    if has(Modifier::REVERSED) {
        std::mem::swap(&mut fg, &mut bg);
    }
    let underline = has(Modifier::UNDERLINED).then(|| theme.colour(cell.underline_color).unwrap_or(fg));
    Look {
        fg,
        bg,
        bold: has(Modifier::BOLD),
        italic: has(Modifier::ITALIC),
        underline,
        crossed_out: has(Modifier::CROSSED_OUT),
        hidden: has(Modifier::HIDDEN),
    }
}

/// One rectangle for every run of cells with one background.
fn backgrounds(out: &mut String, row: &[(&Cell, Look)], top: f64, theme: Theme) {
    for (start, run) in runs(row, |look| look.bg) {
        let bg = run[0].1.bg;
        if bg != theme.background() {
            rectangle(out, start, run.len(), top, CELL_HEIGHT, bg);
        }
    }
}

/// Underlines and strikes, over gaps between words too.
fn lines(out: &mut String, row: &[(&Cell, Look)], top: f64) {
    for (start, run) in runs(row, |look| look.underline) {
        if let Some(colour) = run[0].1.underline {
            rectangle(out, start, run.len(), top + BASELINE + 1.5, 1.0, colour);
        }
    }
    for (start, run) in runs(row, |look| look.crossed_out.then_some(look.fg)) {
        if run[0].1.crossed_out {
            rectangle(out, start, run.len(), top + 9.0, 1.0, run[0].1.fg);
        }
    }
}

fn rectangle(out: &mut String, column: usize, columns: usize, y: f64, height: f64, colour: Rgb) {
    let _ = writeln!(
        out,
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{colour}\"/>",
        number(left(column)),
        number(y),
        number(columns as f64 * CELL_WIDTH),
        number(height),
    );
}

/// Splits a row into runs of equal keys; never an empty run.
fn runs<'a, 'b, K: PartialEq>(
    row: &'a [(&'b Cell, Look)],
    key: impl Fn(&Look) -> K,
) -> impl Iterator<Item = (usize, &'a [(&'b Cell, Look)])> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let first = key(&row.get(start)?.1);
        let length = row[start..].iter().take_while(|(_, look)| key(look) == first).count();
        let run = (start, &row[start..start + length]);
        start += length;
        Some(run)
    })
}

/// The left edge of a column.
fn left(column: usize) -> f64 {
    PADDING + column as f64 * CELL_WIDTH
}

/// At most two digits after the point, and none that say nothing.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// Columns that a cell's symbol takes, at least one.
fn columns(cell: &Cell) -> usize {
    cell.symbol().width().max(1)
}

#[cfg(test)]
mod tests;
