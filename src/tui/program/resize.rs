//! Another size for the screen model without losing lines or cutting characters in half: the model alone drops lines at the
//! bottom, where the cursor is, and keeps the left half of a wide character, on which it later trips. Leaves out
//! rewrapping long lines.

use tui_term::vt100::Parser;

use super::replies::Replies;

/// Switches the model's screen and nothing else.
pub const TO_MAIN: &[u8] = b"\x1b[?47l";
pub const TO_ALTERNATE: &[u8] = b"\x1b[?47h";

/// Needs a model that is not in the middle of a sequence.
pub fn resize(parser: &mut Parser<Replies>, rows: u16, cols: u16) {
    let scrolled = parser.screen().scrollback();
    // Cells are read as they are seen; here they are needed as they are written.
    parser.screen_mut().set_scrollback(0);
    let alternate = parser.screen().alternate_screen();
    prepare(parser, rows, cols);
    // The other screen has the same size.
    parser.process(if alternate { TO_MAIN } else { TO_ALTERNATE });
    prepare(parser, rows, cols);
    parser.process(if alternate { TO_ALTERNATE } else { TO_MAIN });
    parser.screen_mut().set_size(rows, cols);
    parser.screen_mut().set_scrollback(scrolled);
}

/// Makes the shown screen fit for a smaller size.
fn prepare(parser: &mut Parser<Replies>, rows: u16, cols: u16) {
    let screen = parser.screen();
    let (old_rows, old_cols) = screen.size();
    let (mut row, column) = screen.cursor_position();
    let mut out = String::new();
    if cols < old_cols {
        let halved = |row: &u16| screen.cell(*row, cols - 1).is_some_and(|cell| cell.is_wide());
        for row in (0..old_rows).filter(halved) {
            out.push_str(&format!("\x1b[{}d\x1b[{cols}G\x1b[X", row + 1));
        }
    }
    if row >= rows {
        let lines = row + 1 - rows;
        out.push_str(&format!("\x1b[{lines}S"));
        row -= lines;
    }
    if !out.is_empty() {
        // Row and column one by one, because only these do not depend on origin mode.
        out.push_str(&format!("\x1b[{}d\x1b[{}G", row + 1, column + 1));
        parser.process(out.as_bytes());
    }
}
