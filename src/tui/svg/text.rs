//! The words and shapes of one row. Leaves out backgrounds and underlines, which run through the gaps between words.

use std::fmt::Write;

use ratatui::buffer::Cell;

use super::{BASELINE, CELL_WIDTH, Look, columns, left, number, shapes};

/// Draws what stands in the cells of a row.
pub fn draw(out: &mut String, row: &[(&Cell, Look)], top: f64) {
    let mut column = 0;
    while column < row.len() {
        let (cell, look) = &row[column];
        let step = columns(cell);
        if look.hidden || cell.symbol().trim().is_empty() {
            column += step;
        } else if let Some(length) = shapes::draw(out, &row[column..], left(column), top) {
            column += length;
        } else if !is_plain(cell.symbol()) {
            // A font may lack it, and the one that has it may be wider: every such character stands alone.
            word(out, column, step, cell.symbol(), look, top);
            column += step;
        } else {
            let same = |(cell, other): &&(&Cell, Look)| {
                is_plain(cell.symbol()) && other.fg == look.fg && other.bold == look.bold && other.italic == look.italic
            };
            let length = row[column..].iter().take_while(same).count();
            let text: String = row[column..column + length].iter().map(|(cell, _)| cell.symbol()).collect();
            word(out, column, length, &text, look, top);
            column += length;
        }
    }
}

/// One visible character that every monospace font has at the same width.
fn is_plain(symbol: &str) -> bool {
    let mut chars = symbol.chars();
    matches!((chars.next(), chars.next()), (Some('!'..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{17f}'), None))
}

fn word(out: &mut String, column: usize, columns: usize, text: &str, look: &Look, top: f64) {
    let escaped = escape(text);
    if escaped.is_empty() {
        return;
    }
    // Writing to a String cannot fail.
    let _ = write!(out, "<text x=\"{}\" y=\"{}\"", number(left(column)), number(top + BASELINE));
    if columns > 1 {
        // For the renderers that heed it, a font of another width is fitted too.
        let _ = write!(out, " textLength=\"{}\"", number(columns as f64 * CELL_WIDTH));
    }
    let _ = write!(out, " fill=\"{}\"", look.fg);
    if look.bold {
        out.push_str(" font-weight=\"bold\"");
    }
    if look.italic {
        out.push_str(" font-style=\"italic\"");
    }
    let _ = writeln!(out, ">{escaped}</text>");
}

/// Text for XML, without the characters that XML 1.0 cannot hold at all.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}
