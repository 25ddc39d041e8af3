//! The program's screen as escape sequences: what the real terminal must be told so that a program that was shown in a
//! pane can go on with the whole terminal. Leaves out the scrollback: the shell's own stays above.

use std::io;

use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Rect, Size};

use super::backend::clean;
use crate::tui::program::ProgramPane;

/// Draws `pane` at the top left of a terminal of `size` and sets the modes that the program set in it.
pub fn sequences(pane: &ProgramPane, size: Size) -> io::Result<Vec<u8>> {
    let (rows, cols) = pane.size();
    let area = Rect::new(0, 0, cols.min(size.width), rows.min(size.height));
    let mut buffer = Buffer::empty(area);
    pane.render(area, &mut buffer, true);

    let mut out = Vec::new();
    if pane.alternate_screen() {
        out.extend_from_slice(b"\x1b[?1049h");
    } else {
        // Pushes what the shell had on the screen into its scrollback, where it can be found again.
        out.extend(b"\r\n".repeat(usize::from(size.height)));
    }
    out.extend_from_slice(b"\x1b[0m\x1b[H\x1b[2J");
    let blank = Cell::default();
    let cells: Vec<(u16, u16, Cell)> = area
        .positions()
        .map(|position| (position.x, position.y, clean(&buffer[position])))
        .filter(|(_, _, cell)| *cell != blank)
        .collect();
    CrosstermBackend::new(&mut out).draw(cells.iter().map(|(x, y, cell)| (*x, *y, cell)))?;
    out.extend(pane.mode_sequences());
    Ok(out)
}
