//! The last step of a frame: cells become escape sequences in one bounded buffer, which is written as one synchronized
//! update. The last guard too: whatever a cell holds, no control character leaves from here.

use std::io::{self, Write};

use crossterm::terminal::window_size;
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

use super::modes::{Shared, lock};

/// Bytes that are gathered before a part of a frame is written early.
const BUFFER_BYTES: usize = 256 * 1024;
/// Terminals show what stands between the two at once; those that do not know them ignore them.
const BEGIN_FRAME: &[u8] = b"\x1b[?2026h";
const END_FRAME: &[u8] = b"\x1b[?2026l";

/// A terminal that does not tell its size gets the classic one.
const DEFAULT_SIZE: Size = Size { width: 80, height: 24 };

/// A ratatui backend on the shared terminal. It never asks the terminal anything, so it never waits for an answer.
pub struct Tty {
    frame: Frame,
    /// Where the terminal's cursor is; `None` after cells were drawn.
    cursor: Option<Position>,
    hidden: bool,
}

impl Tty {
    pub fn new(modes: Shared) -> Tty {
        Tty { frame: Frame { modes, bytes: Vec::new(), begun: false }, cursor: None, hidden: true }
    }

    /// Forgets what is on the screen after someone else wrote there.
    pub fn forget(&mut self) {
        self.frame.bytes.clear();
        self.frame.begun = false;
        self.cursor = None;
        self.hidden = true;
    }

    fn plain(&mut self) -> CrosstermBackend<&mut Frame> {
        CrosstermBackend::new(&mut self.frame)
    }
}

impl Backend for Tty {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let cells: Vec<(u16, u16, &Cell)> = content.collect();
        if cells.is_empty() {
            return Ok(());
        }
        // A visible cursor would be seen running over the screen where updates are not synchronized.
        self.hide_cursor()?;
        self.cursor = None;
        let cleaned: Vec<Cell> =
            cells.iter().filter(|(_, _, cell)| !is_clean(cell)).map(|(_, _, cell)| clean(cell)).collect();
        let mut replacements = cleaned.iter();
        let cells = cells.iter().map(|&(x, y, cell)| {
            let shown = if is_clean(cell) { cell } else { replacements.next().unwrap_or(cell) };
            (x, y, shown)
        });
        self.plain().draw(cells)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if !self.hidden {
            self.hidden = true;
            self.plain().hide_cursor()?;
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.hidden {
            self.hidden = false;
            self.plain().show_cursor()?;
        }
        Ok(())
    }

    /// What was set last: asking the terminal would wait for an answer among the keys.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.cursor.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.cursor != Some(position) {
            self.cursor = Some(position);
            self.plain().set_cursor_position(position)?;
        }
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.plain().clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        Ok(size())
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: size(), pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.frame.finish()
    }
}

/// The terminal's size in cells. (`crossterm::terminal::size` would start `tput` where the terminal does not know.)
pub fn size() -> Size {
    match window_size() {
        Ok(size) if size.columns > 0 && size.rows > 0 => Size { width: size.columns, height: size.rows },
        _ => DEFAULT_SIZE,
    }
}

/// One frame on its way.
struct Frame {
    modes: Shared,
    bytes: Vec<u8>,
    /// Part of the frame is written already.
    begun: bool,
}

impl Frame {
    fn send(&mut self) -> io::Result<()> {
        let result = lock(&self.modes).write_view(&self.bytes);
        self.bytes.clear();
        result
    }

    /// A frame in which nothing changed writes nothing.
    fn finish(&mut self) -> io::Result<()> {
        if self.bytes.is_empty() && !self.begun {
            return Ok(());
        }
        self.bytes.extend_from_slice(END_FRAME);
        self.begun = false;
        self.send()
    }
}

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.is_empty() && !self.begun {
            self.bytes.extend_from_slice(BEGIN_FRAME);
            self.begun = true;
        }
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= BUFFER_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    /// Nothing: the inner backend flushes after every cursor command, a frame is written once.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Control characters, and those that turn the direction of the text around them: with those, text from the program
/// could rearrange what we say about it.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn is_clean(cell: &Cell) -> bool {
    let symbol = cell.symbol();
    // The common case is one byte.
    match symbol.as_bytes() {
        [byte] => (0x20..0x7f).contains(byte),
        _ => !symbol.chars().any(is_forbidden),
    }
}

/// The cell without the characters that must not reach a terminal.
pub fn clean(cell: &Cell) -> Cell {
    let mut cell = cell.clone();
    let symbol: String = cell.symbol().chars().filter(|c| !is_forbidden(*c)).collect();
    cell.set_symbol(if symbol.is_empty() { " " } else { &symbol });
    cell
}
