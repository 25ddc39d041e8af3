//! What the emulated terminal says back: answers to the program's queries, its title, its bell, and the modes that the
//! screen model does not keep. Answers only what a terminal must know to be usable; it never echoes the program's own
//! text (a title report could type commands into a shell), and never reads or sets the user's clipboard.

use tui_term::vt100::{Callbacks, MouseProtocolMode, Screen};

/// Answers kept for a program that does not read them; more are dropped.
const REPLY_LIMIT_BYTES: usize = 4096;
/// Columns of a title that are kept.
const TITLE_LIMIT_CHARS: usize = 256;

/// Light grey on black: the colours that the answers to OSC 10 and 11 tell, so that programs choose a dark scheme.
const FOREGROUND: (u8, u8, u8) = (0xd0, 0xd0, 0xd0);
const BACKGROUND: (u8, u8, u8) = (0x00, 0x00, 0x00);

#[derive(Debug, Default)]
pub struct Replies {
    bytes: Vec<u8>,
    title: String,
    bell: bool,
    focus_reporting: bool,
    /// Mode 1007 starts set, as in most terminals of today.
    no_alternate_scroll: bool,
}

impl Replies {
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    pub fn take_bell(&mut self) -> bool {
        std::mem::take(&mut self.bell)
    }

    pub fn title(&self) -> &str {
        &self.title
    }

    /// Mode 1004: the program wants to know when its terminal gains or loses the focus.
    pub fn focus_reporting(&self) -> bool {
        self.focus_reporting
    }

    /// Mode 1007: the wheel sends arrows on the alternate screen.
    pub fn alternate_scroll(&self) -> bool {
        !self.no_alternate_scroll
    }

    /// Adds an answer, if there is room.
    pub fn say(&mut self, answer: &str) {
        if self.bytes.len() + answer.len() <= REPLY_LIMIT_BYTES {
            self.bytes.extend_from_slice(answer.as_bytes());
        }
    }

    /// RIS: the modes kept here go back to how they started.
    pub fn reset_modes(&mut self) {
        self.focus_reporting = false;
        self.no_alternate_scroll = false;
    }

    fn set_modes(&mut self, params: &[&[u16]], on: bool) {
        for param in params {
            match param {
                [1004] => self.focus_reporting = on,
                [1007] => self.no_alternate_scroll = !on,
                _ => {}
            }
        }
    }

    /// DECRQM: 1 set, 2 reset, 3 always set, 0 not known.
    fn report_mode(&mut self, screen: &Screen, mode: u16) {
        let mouse = |wanted| Some(screen.mouse_protocol_mode() == wanted);
        let state = match mode {
            1 => Some(screen.application_cursor()),
            9 => mouse(MouseProtocolMode::Press),
            25 => Some(!screen.hide_cursor()),
            47 | 1047 | 1049 => Some(screen.alternate_screen()),
            66 => Some(screen.application_keypad()),
            1000 => mouse(MouseProtocolMode::PressRelease),
            1002 => mouse(MouseProtocolMode::ButtonMotion),
            1003 => mouse(MouseProtocolMode::AnyMotion),
            1004 => Some(self.focus_reporting),
            1007 => Some(self.alternate_scroll()),
            2004 => Some(screen.bracketed_paste()),
            _ => None,
        };
        let value = match (mode, state) {
            // Autowrap cannot be switched off here.
            (7, _) => 3,
            (_, Some(true)) => 1,
            (_, Some(false)) => 2,
            (_, None) => 0,
        };
        self.say(&format!("\x1b[?{mode};{value}$y"));
    }

    fn report_colour(&mut self, what: &str, (r, g, b): (u8, u8, u8)) {
        self.say(&format!("\x1b]{what};rgb:{r:02x}{r:02x}/{g:02x}{g:02x}/{b:02x}{b:02x}\x1b\\"));
    }
}

impl Callbacks for Replies {
    fn audible_bell(&mut self, _: &mut Screen) {
        self.bell = true;
    }

    fn visual_bell(&mut self, _: &mut Screen) {
        self.bell = true;
    }

    fn set_window_title(&mut self, _: &mut Screen, title: &[u8]) {
        // The title is shown in our own frame, so control characters go here, not only at the real terminal.
        let text = String::from_utf8_lossy(title);
        self.title = text.chars().filter(|c| !c.is_control()).take(TITLE_LIMIT_CHARS).collect();
    }

    fn unhandled_csi(&mut self, screen: &mut Screen, i1: Option<u8>, i2: Option<u8>, params: &[&[u16]], c: char) {
        let first = params.first().and_then(|param| param.first()).copied().unwrap_or(0);
        let (rows, cols) = screen.size();
        match (i1, i2, c, first) {
            // Primary attributes: a VT220 with colours. Secondary: an xterm new enough for SGR mouse reports.
            (None, None, 'c', 0) => self.say("\x1b[?62;22c"),
            // As libvterm answers. A newer xterm's number makes vim ask for dozens of key codes (XTGETTCAP) at once, and
            // answers that arrive in pieces while it works are then taken for typed keys.
            (Some(b'>'), None, 'c', 0) => self.say("\x1b[>0;100;0c"),
            (Some(b'='), None, 'c', 0) => self.say("\x1bP!|00000000\x1b\\"),
            (None, None, 'n', 5) => self.say("\x1b[0n"),
            (None | Some(b'?'), None, 'n', 6) => {
                let (row, col) = screen.cursor_position();
                let private = if i1.is_some() { "?" } else { "" };
                // A cursor that waits to wrap stands behind the last column in the model, on it in the answer.
                self.say(&format!("\x1b[{private}{};{}R", row.min(rows - 1) + 1, col.min(cols - 1) + 1));
            }
            (None, None, 't', 18) => self.say(&format!("\x1b[8;{rows};{cols}t")),
            (Some(b'?'), Some(b'$'), 'p', mode) => self.report_mode(screen, mode),
            (Some(b'>'), None, 'q', 0) => {
                self.say(concat!("\x1bP>|sysview(", env!("CARGO_PKG_VERSION"), ")\x1b\\"));
            }
            (Some(b'?'), None, 'h', _) => self.set_modes(params, true),
            (Some(b'?'), None, 'l', _) => self.set_modes(params, false),
            _ => {}
        }
    }

    fn unhandled_osc(&mut self, _: &mut Screen, params: &[&[u8]]) {
        match params {
            [b"10", b"?"] => self.report_colour("10", FOREGROUND),
            [b"11", b"?"] => self.report_colour("11", BACKGROUND),
            [b"12", b"?"] => self.report_colour("12", FOREGROUND),
            _ => {}
        }
    }
}
