//! The program's screen as escape sequences: what the real terminal must be told so that a program that was shown in a
//! pane can go on with the whole terminal. Leaves out the scrollback: the shell's own stays above.

use std::io;

use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Rect, Size};

use super::backend::clean;
use crate::tui::program::ProgramPane;

/// Draws `pane` at the top left of a terminal of `size` and sets the modes that the program set in it. Under a full-screen
/// program the shell's lines are drawn too, to be there when it ends.
pub fn sequences(pane: &mut ProgramPane, size: Size) -> io::Result<Vec<u8>> {
    // Pushes what our own shell had on the screen into the scrollback, where it can be found again.
    let mut out = b"\r\n".repeat(usize::from(size.height));
    if pane.alternate_screen() {
        pane.on_main_screen(|pane| draw(&mut out, pane, size))?;
        // The style of the full-screen program would be saved with the cursor.
        out.extend_from_slice(b"\x1b[0m\x1b[?1049h");
    }
    draw(&mut out, pane, size)?;
    out.extend(pane.mode_sequences());
    Ok(out)
}

/// The shown screen and its cursor.
fn draw(out: &mut Vec<u8>, pane: &ProgramPane, size: Size) -> io::Result<()> {
    let (rows, cols) = pane.size();
    let area = Rect::new(0, 0, cols.min(size.width), rows.min(size.height));
    let mut buffer = Buffer::empty(area);
    pane.render(area, &mut buffer, true);
    let blank = Cell::default();
    let cells: Vec<(u16, u16, Cell)> = area
        .positions()
        .map(|position| (position.x, position.y, clean(&buffer[position])))
        .filter(|(_, _, cell)| *cell != blank)
        .collect();
    out.extend_from_slice(b"\x1b[0m\x1b[H\x1b[2J");
    CrosstermBackend::new(&mut *out).draw(cells.iter().map(|(x, y, cell)| (*x, *y, cell)))?;
    out.extend(pane.cursor_sequences());
    Ok(())
}
