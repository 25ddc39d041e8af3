//! The program's own terminal as a pane: its output is fed into a screen model, keys and mouse events become the bytes
//! that a terminal would send. Leaves out where the bytes come from and go to (`source::Message::Output` and
//! `source::Command::Input` carry them), images, and clipboard access.

mod dialect;
mod keys;
mod mouse;
mod replies;
mod resize;
mod sgr;

use std::panic::AssertUnwindSafe;

use crossterm::event::{KeyEvent, MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier};
use ratatui::widgets::Widget;
use tui_term::vt100::{MouseProtocolMode, Parser, Screen};
use tui_term::widget::{Cursor, PseudoTerminal};
use unicode_width::UnicodeWidthStr;

use super::terminal::guarded;
use dialect::Dialect;
use keys::KeyModes;
use replies::Replies;

/// Lines that are kept after they left the screen; the oldest go first.
pub const SCROLLBACK_LINES: usize = 5_000;
/// The screen model needs room for one wide character, and fails when the only line of a screen wraps.
const MIN_COLS: u16 = 2;
const MIN_ROWS: u16 = 2;
/// Bounds the memory that the model takes: 32 bytes a cell, scrollback included.
const MAX_COLS: u16 = 512;
const MAX_ROWS: u16 = 512;
/// Lines that one notch of the wheel moves.
const WHEEL_LINES: i32 = 3;

/// A terminal emulator with a face: feed it output, ask it for input bytes, draw it.
pub struct ProgramPane {
    parser: Parser<Replies>,
    dialect: Dialect,
    colours: bool,
    /// How often the screen model failed.
    restarts: u32,
}

impl ProgramPane {
    /// A blank screen. Sizes are clamped to 2..=512 rows and columns; `size` tells what it became.
    pub fn new(rows: u16, cols: u16) -> ProgramPane {
        let (rows, cols) = clamp(rows, cols);
        ProgramPane { parser: blank(rows, cols), dialect: Dialect::default(), colours: true, restarts: 0 }
    }

    /// Without colours (`NO_COLOR`) only bold, underline, reverse and the like are drawn.
    pub fn set_colours(&mut self, colours: bool) {
        self.colours = colours;
    }

    /// Rows and columns; what the program's terminal should be told.
    pub fn size(&self) -> (u16, u16) {
        self.screen().size()
    }

    /// Output of the program, cut anywhere.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.model(|parser, dialect| dialect.feed(parser, bytes));
    }

    /// Answers to the program's queries since the last call; they belong into its input.
    pub fn take_replies(&mut self) -> Vec<u8> {
        self.parser.callbacks_mut().take()
    }

    /// Whether the program rang its bell since the last call.
    pub fn take_bell(&mut self) -> bool {
        self.parser.callbacks_mut().take_bell()
    }

    /// The title that the program gave its window, without control characters; empty if it gave none.
    pub fn title(&self) -> &str {
        self.parser.callbacks().title()
    }

    /// Gives the screen another size. Lines that no longer fit above the cursor go into the scrollback.
    pub fn resize(&mut self, rows: u16, cols: u16) {
        let (rows, cols) = clamp(rows, cols);
        if (rows, cols) != self.size() {
            self.model(|parser, _| resize::resize(parser, rows, cols));
            // A screen that had to start afresh has the old size.
            self.parser.screen_mut().set_size(rows, cols);
        }
    }

    /// The bytes to send for a key. A view that was scrolled back returns to the present.
    pub fn key(&mut self, key: KeyEvent) -> Vec<u8> {
        let bytes = keys::encode(key, self.key_modes());
        if !bytes.is_empty() {
            self.scroll_to_bottom();
        }
        bytes
    }

    /// The bytes to send for pasted text.
    pub fn paste(&mut self, text: &str) -> Vec<u8> {
        self.scroll_to_bottom();
        keys::paste(text, self.screen().bracketed_paste())
    }

    /// The bytes to send for a mouse event, given in the real screen's coordinates, when the pane is drawn in `area`.
    ///
    /// A program that did not ask for the mouse gets none: the wheel then moves the view through the scrollback, or
    /// sends arrows on the alternate screen (`less`, `man`), as terminals do.
    pub fn mouse(&mut self, event: MouseEvent, area: Rect) -> Vec<u8> {
        if !area.contains(Position { x: event.column, y: event.row }) {
            return Vec::new();
        }
        let at = (event.row - area.y, event.column - area.x);
        let (mode, encoding) = (self.screen().mouse_protocol_mode(), self.screen().mouse_protocol_encoding());
        if mode != MouseProtocolMode::None && self.scrolled() == 0 {
            return mouse::encode(event.kind, event.modifiers, at, mode, encoding).unwrap_or_default();
        }
        let (lines, arrow) = match event.kind {
            MouseEventKind::ScrollUp => (WHEEL_LINES, b'A'),
            MouseEventKind::ScrollDown => (-WHEEL_LINES, b'B'),
            _ => return Vec::new(),
        };
        if !self.screen().alternate_screen() {
            self.scroll(lines);
            return Vec::new();
        }
        if !self.parser.callbacks().alternate_scroll() {
            return Vec::new();
        }
        let introducer = if self.screen().application_cursor() { b'O' } else { b'[' };
        [0x1b, introducer, arrow].repeat(WHEEL_LINES as usize)
    }

    /// Whether the program wants to hear of mouse movements without a pressed button.
    pub fn wants_motion(&self) -> bool {
        self.screen().mouse_protocol_mode() == MouseProtocolMode::AnyMotion
    }

    /// The bytes to send when the pane gains or loses the focus; empty unless the program asked.
    pub fn focus(&mut self, gained: bool) -> Vec<u8> {
        match (self.parser.callbacks().focus_reporting(), gained) {
            (false, _) => Vec::new(),
            (true, true) => b"\x1b[I".to_vec(),
            (true, false) => b"\x1b[O".to_vec(),
        }
    }

    /// Whether the program is on the alternate screen, as full-screen programs are.
    pub fn alternate_screen(&self) -> bool {
        self.screen().alternate_screen()
    }

    /// The escape sequences that put a real terminal into the modes that the program set here: arrows, keypad, paste,
    /// mouse, focus reports, hidden cursor.
    pub fn mode_sequences(&self) -> Vec<u8> {
        let screen = self.screen();
        let mut out = screen.input_mode_formatted();
        if self.parser.callbacks().focus_reporting() {
            out.extend_from_slice(b"\x1b[?1004h");
        }
        out.extend_from_slice(if screen.hide_cursor() { b"\x1b[?25l" } else { b"\x1b[?25h" });
        out
    }

    /// What makes a blank terminal look as this one does.
    pub fn picture(&self) -> Vec<u8> {
        let mut out = self.screen().contents_formatted();
        out.extend(self.screen().input_mode_formatted());
        out
    }

    /// The escape sequences for the place of the cursor and the style of the text to come.
    pub fn cursor_sequences(&self) -> Vec<u8> {
        let (row, col) = self.screen().cursor_position();
        let mut out = format!("\x1b[{};{}H", row + 1, col + 1).into_bytes();
        out.extend(self.screen().attributes_formatted());
        out
    }

    /// Shows the main screen while `look` runs, though the program is on the alternate one.
    pub fn on_main_screen<T>(&mut self, look: impl FnOnce(&ProgramPane) -> T) -> T {
        let alternate = self.alternate_screen();
        if alternate {
            self.parser.process(resize::TO_MAIN);
        }
        let result = look(self);
        if alternate {
            self.parser.process(resize::TO_ALTERNATE);
        }
        result
    }

    /// Moves the view by lines, towards older ones when positive. Stops at both ends.
    pub fn scroll(&mut self, lines: i32) {
        let now = self.scrolled();
        let step = lines.unsigned_abs() as usize;
        let target = if lines >= 0 { now.saturating_add(step) } else { now.saturating_sub(step) };
        self.parser.screen_mut().set_scrollback(target);
    }

    pub fn scroll_to_bottom(&mut self) {
        self.parser.screen_mut().set_scrollback(0);
    }

    /// Lines that the view is above the present; 0 at the bottom.
    pub fn scrolled(&self) -> usize {
        self.screen().scrollback()
    }

    /// Row and column of the cursor inside the pane; `None` while the program hides it or the view is scrolled back.
    pub fn cursor(&self) -> Option<(u16, u16)> {
        if self.screen().hide_cursor() || self.scrolled() > 0 {
            return None;
        }
        let (rows, cols) = self.size();
        let (row, col) = self.screen().cursor_position();
        // A cursor that waits to wrap stands behind the last column in the model.
        Some((row.min(rows - 1), col.min(cols - 1)))
    }

    /// Draws the screen into `area`, cut to it. With the focus the caller puts the real cursor where `cursor` says;
    /// without, the cursor is a reversed cell.
    pub fn render(&self, area: Rect, buf: &mut Buffer, focused: bool) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let cursor = Cursor::default().visibility(false);
        PseudoTerminal::new(self.screen()).cursor(cursor).render(area, buf);
        for y in area.top()..area.bottom() {
            // A wide character that is cut by the edge would spill over the frame.
            let last = &mut buf[(area.right() - 1, y)];
            if last.symbol().width() > 1 {
                last.set_symbol(" ");
            }
        }
        if !self.colours {
            for position in area.positions() {
                let cell = &mut buf[position];
                cell.fg = Color::Reset;
                cell.bg = Color::Reset;
            }
        }
        if !focused
            && let Some((row, col)) = self.cursor()
            && row < area.height
            && col < area.width
        {
            buf[(area.x + col, area.y + row)].modifier.toggle(Modifier::REVERSED);
        }
    }

    /// Runs the screen model. It is foreign code that is fed by the program, and its indexing has failed before: if it
    /// does, the screen starts afresh instead of taking the view down.
    fn model(&mut self, run: impl FnOnce(&mut Parser<Replies>, &mut Dialect)) {
        let (rows, cols) = self.size();
        let ProgramPane { parser, dialect, .. } = self;
        // Nothing that is broken half way is looked at again.
        if guarded(AssertUnwindSafe(|| run(parser, dialect))).is_none() {
            self.parser = blank(rows, cols);
            self.dialect = Dialect::default();
            self.restarts += 1;
        }
    }

    fn screen(&self) -> &Screen {
        self.parser.screen()
    }

    fn key_modes(&self) -> KeyModes {
        KeyModes {
            application_cursor: self.screen().application_cursor(),
            application_keypad: self.screen().application_keypad(),
        }
    }
}

fn blank(rows: u16, cols: u16) -> Parser<Replies> {
    Parser::new_with_callbacks(rows, cols, SCROLLBACK_LINES, Replies::default())
}

fn clamp(rows: u16, cols: u16) -> (u16, u16) {
    (rows.clamp(MIN_ROWS, MAX_ROWS), cols.clamp(MIN_COLS, MAX_COLS))
}

#[cfg(test)]
mod tests;
