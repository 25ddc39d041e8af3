//! Frames, bars and shades as shapes, so that they meet at the cells' edges. Leaves out diagonals, dashes and braille, which
//! are drawn as text.

use std::fmt::Write;

use ratatui::buffer::Cell;

use super::{CELL_HEIGHT, CELL_WIDTH, Look, number};

/// Draws the shape that the row starts with and tells how many cells it took; `None` if it starts with none.
pub fn draw(out: &mut String, row: &[(&Cell, Look)], x: f64, y: f64) -> Option<usize> {
    let (cell, look) = row.first()?;
    let mut chars = cell.symbol().chars();
    let (c, None) = (chars.next()?, chars.next()) else { return None };
    // Equal cells side by side are one shape.
    let length = row.iter().take_while(|(other, l)| other.symbol() == cell.symbol() && l.fg == look.fg).count();
    if let Some(arms) = arms(c) {
        let straight = arms.up == Line::None && arms.down == Line::None;
        let count = if straight && arms.left == arms.right { length } else { 1 };
        let path = if is_rounded(c) { rounded(c, x, y) } else { lines(arms, x, y, count) };
        let width = if arms.is_heavy() { 2.5 } else { 1.2 };
        let _ = writeln!(out, "<path d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\"/>", look.fg);
        return Some(count);
    }
    let block = block(c)?;
    // Only blocks that reach both sides may be merged.
    let count = if block.left == 0.0 && block.right == 1.0 { length } else { 1 };
    let _ = write!(
        out,
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"",
        number(x + block.left * CELL_WIDTH),
        number(y + block.top * CELL_HEIGHT),
        number((count as f64 - 1.0 + block.right - block.left) * CELL_WIDTH),
        number((block.bottom - block.top) * CELL_HEIGHT),
        look.fg,
    );
    if block.shade < 1.0 {
        let _ = write!(out, " fill-opacity=\"{}\"", block.shade);
    }
    out.push_str("/>\n");
    Some(count)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    None,
    Light,
    Heavy,
    Double,
}

/// The lines from the middle of a cell to its edges.
#[derive(Debug, Clone, Copy)]
struct Arms {
    up: Line,
    right: Line,
    down: Line,
    left: Line,
}

impl Arms {
    fn is_heavy(self) -> bool {
        [self.up, self.right, self.down, self.left].contains(&Line::Heavy)
    }
}

/// Up, right, down, left: `l` light, `h` heavy, `d` double, `.` none.
fn arms(c: char) -> Option<Arms> {
    let code = match c {
        '─' | '╌' | '┄' | '┈' => ".l.l",
        '━' | '╍' | '┅' | '┉' => ".h.h",
        '│' | '╎' | '┆' | '┊' => "l.l.",
        '┃' | '╏' | '┇' | '┋' => "h.h.",
        '┌' | '╭' => ".ll.",
        '┐' | '╮' => "..ll",
        '└' | '╰' => "ll..",
        '┘' | '╯' => "l..l",
        '├' => "lll.",
        '┤' => "l.ll",
        '┬' => ".lll",
        '┴' => "ll.l",
        '┼' => "llll",
        '┏' => ".hh.",
        '┓' => "..hh",
        '┗' => "hh..",
        '┛' => "h..h",
        '┣' => "hhh.",
        '┫' => "h.hh",
        '┳' => ".hhh",
        '┻' => "hh.h",
        '╋' => "hhhh",
        '═' => ".d.d",
        '║' => "d.d.",
        '╔' => ".dd.",
        '╗' => "..dd",
        '╚' => "dd..",
        '╝' => "d..d",
        '╠' => "ddd.",
        '╣' => "d.dd",
        '╦' => ".ddd",
        '╩' => "dd.d",
        '╬' => "dddd",
        '╴' => "...l",
        '╵' => "l...",
        '╶' => ".l..",
        '╷' => "..l.",
        _ => return None,
    };
    let line = |index: usize| match code.as_bytes()[index] {
        b'l' => Line::Light,
        b'h' => Line::Heavy,
        b'd' => Line::Double,
        _ => Line::None,
    };
    Some(Arms { up: line(0), right: line(1), down: line(2), left: line(3) })
}

fn is_rounded(c: char) -> bool {
    matches!(c, '╭' | '╮' | '╯' | '╰')
}

fn lines(arms: Arms, x: f64, y: f64, count: usize) -> String {
    let (middle_x, middle_y) = (x + CELL_WIDTH / 2.0, y + CELL_HEIGHT / 2.0);
    let (right, bottom) = (x + CELL_WIDTH * count as f64, y + CELL_HEIGHT);
    let mut path = String::new();
    let mut add = |x1: f64, y1: f64, x2: f64, y2: f64, line: Line, vertical: bool| {
        let offsets: &[f64] = match line {
            Line::None => &[],
            Line::Light | Line::Heavy => &[0.0],
            Line::Double => &[-1.5, 1.5],
        };
        for offset in offsets {
            let (dx, dy) = if vertical { (*offset, 0.0) } else { (0.0, *offset) };
            let _ = write!(path, "M{} {}L{} {}", number(x1 + dx), number(y1 + dy), number(x2 + dx), number(y2 + dy));
        }
    };
    if arms.left != Line::None && arms.left == arms.right {
        add(x, middle_y, right, middle_y, arms.left, false);
    } else {
        add(x, middle_y, middle_x, middle_y, arms.left, false);
        add(middle_x, middle_y, right, middle_y, arms.right, false);
    }
    if arms.up != Line::None && arms.up == arms.down {
        add(middle_x, y, middle_x, bottom, arms.up, true);
    } else {
        add(middle_x, y, middle_x, middle_y, arms.up, true);
        add(middle_x, middle_y, middle_x, bottom, arms.down, true);
    }
    path
}

/// A quarter of a circle between two edges.
fn rounded(c: char, x: f64, y: f64) -> String {
    let (middle_x, middle_y) = (x + CELL_WIDTH / 2.0, y + CELL_HEIGHT / 2.0);
    let (right, bottom) = (x + CELL_WIDTH, y + CELL_HEIGHT);
    let (edge_x, edge_y) = match c {
        '╭' => (right, bottom),
        '╮' => (x, bottom),
        '╯' => (x, y),
        _ => (right, y),
    };
    let radius = CELL_WIDTH / 2.0;
    let towards_y = if edge_y > middle_y { middle_y + radius } else { middle_y - radius };
    format!(
        "M{} {}L{} {}Q{} {} {} {}",
        number(middle_x),
        number(edge_y),
        number(middle_x),
        number(towards_y),
        number(middle_x),
        number(middle_y),
        number(edge_x),
        number(middle_y)
    )
}

/// A part of a cell that is filled; edges as fractions of the cell.
struct Block {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
    shade: f64,
}

fn block(c: char) -> Option<Block> {
    let full = Block { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0, shade: 1.0 };
    let code = u32::from(c);
    Some(match c {
        '▀' => Block { bottom: 0.5, ..full },
        // From one eighth to the whole cell, growing from the bottom.
        '▁'..='█' => Block { top: 1.0 - f64::from(code - 0x2580) / 8.0, ..full },
        // From seven eighths to one, shrinking to the left edge.
        '▉'..='▏' => Block { right: f64::from(0x2590 - code) / 8.0, ..full },
        '▐' => Block { left: 0.5, ..full },
        '░' => Block { shade: 0.25, ..full },
        '▒' => Block { shade: 0.5, ..full },
        '▓' => Block { shade: 0.75, ..full },
        '▔' => Block { bottom: 0.125, ..full },
        '▕' => Block { left: 0.875, ..full },
        _ => return None,
    })
}
