//! What terminals of today understand and the screen model does not: line-drawing characters, repeated characters, insert
//! mode, other names of the same cursor movements, newer colour notations. It cuts the program's output into whole
//! sequences and rewrites those into what the model knows; so the model never holds half a sequence, and counts are
//! bounded by the screen before they are looped over. Leaves out what programs do without: settable tab stops, DECAWM off,
//! double-size lines, images.

use tui_term::vt100::Parser;
use unicode_width::UnicodeWidthChar;

use super::replies::Replies;
use super::sgr;

/// Bytes of one control sequence that are kept; longer ones are not carried out.
const SEQUENCE_LIMIT_BYTES: usize = 256;
/// Bytes of one string (a title, a colour query) that are kept; longer ones are not carried out.
const STRING_LIMIT_BYTES: usize = 4096;

/// Where in a sequence the output stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Text,
    Escape,
    Csi,
    /// OSC, DCS, SOS, PM or APC, up to its terminator.
    String,
    /// An ESC inside a string, perhaps the first half of its terminator.
    StringEscape,
}

#[derive(Debug, Default)]
pub struct Dialect {
    state: State,
    /// The unfinished sequence from its ESC on, or an unfinished UTF-8 character.
    pending: Vec<u8>,
    /// G0 and G1: whether line drawing is designated; and which of them is shifted in.
    graphics: [bool; 2],
    shift: usize,
    saved: ([bool; 2], usize),
    insert: bool,
    /// What REP repeats.
    last: Option<char>,
}

impl Dialect {
    /// Carries out output that may be cut anywhere.
    pub fn feed(&mut self, parser: &mut Parser<Replies>, mut bytes: &[u8]) {
        while let [first, rest @ ..] = bytes {
            if self.state == State::Text {
                let length = bytes.iter().position(|byte| matches!(byte, 0x0e | 0x0f | 0x1b)).unwrap_or(bytes.len());
                let (run, after) = bytes.split_at(length);
                self.text(parser, run);
                bytes = after;
                let [control, rest @ ..] = bytes else { return };
                bytes = rest;
                match control {
                    0x0e => self.shift = 1,
                    0x0f => self.shift = 0,
                    _ => self.begin(),
                }
            } else {
                self.step(parser, *first);
                bytes = rest;
            }
        }
    }

    /// A run of characters and of controls that have no parameters.
    fn text(&mut self, parser: &mut Parser<Replies>, run: &[u8]) {
        if run.is_empty() && self.pending.is_empty() {
            return;
        }
        let mut owned = std::mem::take(&mut self.pending);
        let run = if owned.is_empty() {
            run
        } else {
            owned.extend_from_slice(run);
            &owned
        };
        let whole = run.len() - unfinished_utf8(run);
        let (run, rest) = run.split_at(whole);
        let rest = rest.to_vec();
        let graphics = self.graphics[self.shift];
        if graphics || self.insert {
            let mut out = String::with_capacity(run.len() * 3);
            for c in String::from_utf8_lossy(run).chars() {
                let c = if graphics { line_drawing(c) } else { c };
                if self.insert
                    && let Some(width @ 1..) = c.width()
                {
                    out.push_str(&format!("\x1b[{width}@"));
                }
                out.push(c);
            }
            self.remember(out.as_bytes());
            parser.process(out.as_bytes());
        } else {
            self.remember(run);
            parser.process(run);
        }
        self.pending = rest;
    }

    /// Keeps the last character of a run for REP.
    fn remember(&mut self, run: &[u8]) {
        let tail = &run[run.len() - run.len().min(4)..];
        let last = String::from_utf8_lossy(tail).chars().next_back();
        self.last = last.filter(|c| !c.is_control() && *c != char::REPLACEMENT_CHARACTER);
    }

    fn begin(&mut self) {
        self.state = State::Escape;
        self.pending.clear();
        self.pending.push(0x1b);
    }

    fn end(&mut self) -> Vec<u8> {
        self.state = State::Text;
        std::mem::take(&mut self.pending)
    }

    /// One byte inside a sequence.
    fn step(&mut self, parser: &mut Parser<Replies>, byte: u8) {
        match (self.state, byte) {
            // CAN and SUB break every sequence off.
            (_, 0x18 | 0x1a) => drop(self.end()),
            (State::StringEscape, b'\\') => {
                let string = self.end();
                self.string(parser, &string);
            }
            // Any other escape ends a string without carrying it out.
            (State::StringEscape, _) => {
                self.begin();
                self.step(parser, byte);
            }
            (State::String, 0x07) => {
                let string = self.end();
                self.string(parser, &string);
            }
            (State::String, 0x1b) => self.state = State::StringEscape,
            (State::String, _) if self.pending.len() <= STRING_LIMIT_BYTES => self.pending.push(byte),
            (State::String, _) => {}
            (_, 0x1b) => self.begin(),
            // Other controls are carried out in the middle of a sequence.
            (_, 0x00..0x20) => parser.process(&[byte]),
            (State::Escape, b'[') if self.pending.len() == 1 => self.collect(byte, State::Csi),
            (State::Escape, b']' | b'P' | b'X' | b'^' | b'_') if self.pending.len() == 1 => {
                self.collect(byte, State::String);
            }
            (State::Escape, 0x20..0x30) => self.collect(byte, State::Escape),
            (State::Escape, 0x30..0x7f) => {
                let mut sequence = self.end();
                sequence.push(byte);
                self.escape(parser, &sequence);
            }
            (State::Csi, 0x20..0x40) => self.collect(byte, State::Csi),
            (State::Csi, 0x40..0x7f) => {
                let mut sequence = self.end();
                sequence.push(byte);
                if sequence.len() <= SEQUENCE_LIMIT_BYTES {
                    self.csi(parser, &sequence);
                }
            }
            // DEL and bytes above ASCII have no meaning here.
            _ => {}
        }
    }

    fn collect(&mut self, byte: u8, state: State) {
        self.state = state;
        if self.pending.len() < SEQUENCE_LIMIT_BYTES {
            self.pending.push(byte);
        }
    }

    /// A whole escape sequence that is not a control sequence.
    fn escape(&mut self, parser: &mut Parser<Replies>, sequence: &[u8]) {
        match &sequence[1..] {
            [b'(', set] => self.graphics[0] = *set == b'0',
            [b')', set] => self.graphics[1] = *set == b'0',
            b"D" => parser.process(b"\n"),
            b"E" => parser.process(b"\r\n"),
            b"Z" => parser.process(b"\x1b[c"),
            b"c" => {
                *self = Dialect::default();
                parser.callbacks_mut().reset_modes();
                parser.process(sequence);
            }
            b"7" => {
                self.saved = (self.graphics, self.shift);
                parser.process(sequence);
            }
            b"8" => {
                (self.graphics, self.shift) = self.saved;
                parser.process(sequence);
            }
            _ => parser.process(sequence),
        }
    }

    /// A whole control sequence: `ESC [`, perhaps a private mark, parameters, perhaps intermediates, the final byte.
    fn csi(&mut self, parser: &mut Parser<Replies>, sequence: &[u8]) {
        let [0x1b, b'[', middle @ .., last] = sequence else { return };
        let (rows, cols) = parser.screen().size();
        if let [b'?', list @ ..] = middle {
            return self.private(parser, list, *last, sequence);
        }
        let Some(params) = numbers(middle) else {
            return match (middle, last) {
                (b"!", b'p') => self.soft_reset(parser),
                (_, b'm') => parser.process(&sgr::rewrite(middle)),
                _ => parser.process(sequence),
            };
        };
        let count = params.first().copied().unwrap_or(0).max(1);
        let mut send = |count: u16, name: char| parser.process(format!("\x1b[{count}{name}").as_bytes());
        match last {
            b'@' => send(count.min(cols), '@'),
            b'L' => send(count.min(rows), 'L'),
            // With more parameters this is highlight mouse tracking.
            b'T' if params.len() <= 1 => send(count.min(rows), 'T'),
            b'T' => {}
            b'`' => send(count, 'G'),
            b'a' => send(count, 'C'),
            b'e' => send(count, 'B'),
            b'f' => {
                let column = params.get(1).copied().unwrap_or(0).max(1);
                parser.process(format!("\x1b[{count};{column}H").as_bytes());
            }
            b'I' => parser.process(&b"\t".repeat(usize::from(count.min(cols)))),
            b'Z' => {
                let (_, column) = parser.screen().cursor_position();
                // Tab stops are every eight columns.
                let stop = column.div_ceil(8).saturating_sub(count) * 8;
                parser.process(format!("\x1b[{}G", stop + 1).as_bytes());
            }
            b'b' => {
                if let Some(last) = self.last {
                    let cells = usize::from(rows) * usize::from(cols);
                    parser.process(last.to_string().repeat(usize::from(count).min(cells)).as_bytes());
                }
            }
            b's' if params.is_empty() => parser.process(b"\x1b7"),
            b'u' if params.is_empty() => parser.process(b"\x1b8"),
            b'm' => parser.process(&sgr::rewrite(middle)),
            b'h' | b'l' => {
                for _ in params.iter().filter(|param| **param == 4) {
                    self.insert = *last == b'h';
                }
            }
            _ => parser.process(sequence),
        }
    }

    /// `CSI ? … h` and the like. Two modes have names that the model does not know.
    fn private(&mut self, parser: &mut Parser<Replies>, list: &[u8], last: u8, sequence: &[u8]) {
        let params = numbers(list).unwrap_or_default();
        if !matches!(last, b'h' | b'l') || !params.iter().any(|param| matches!(param, 1047 | 1048)) {
            return parser.process(sequence);
        }
        for param in params {
            match (param, last) {
                (1047, b'h') => parser.process(b"\x1b[?47h"),
                (1047, _) if parser.screen().alternate_screen() => parser.process(b"\x1b[2J\x1b[?47l"),
                (1047, _) => {}
                (1048, b'h') => parser.process(b"\x1b7"),
                (1048, _) => parser.process(b"\x1b8"),
                _ => parser.process(format!("\x1b[?{param}{}", last as char).as_bytes()),
            }
        }
    }

    /// DECSTR: the modes that programs leave on, not the screen.
    fn soft_reset(&mut self, parser: &mut Parser<Replies>) {
        *self = Dialect::default();
        // Setting the scroll region moves the cursor, so it is put back by row and column.
        let (row, column) = parser.screen().cursor_position();
        let back = format!("\x1b[{}d\x1b[{}G", row + 1, column + 1);
        parser.process(b"\x1b[?25h\x1b[?1l\x1b>\x1b[m\x1b[?6l\x1b[r");
        parser.process(back.as_bytes());
    }

    /// A whole string, without its terminator.
    fn string(&mut self, parser: &mut Parser<Replies>, string: &[u8]) {
        if string.len() > STRING_LIMIT_BYTES {
            return;
        }
        match string {
            [0x1b, b']', ..] => {
                parser.process(string);
                parser.process(b"\x1b\\");
            }
            // DECRQSS and XTGETTCAP: no setting and no capability is told. An answer saves the program a timeout.
            [0x1b, b'P', b'$', b'q', ..] => parser.callbacks_mut().say("\x1bP0$r\x1b\\"),
            [0x1b, b'P', b'+', b'q', ..] => parser.callbacks_mut().say("\x1bP0+r\x1b\\"),
            _ => {}
        }
    }
}

/// Parameters separated by semicolons, an empty one as 0; `None` if there is anything else among them.
fn numbers(list: &[u8]) -> Option<Vec<u16>> {
    if list.is_empty() {
        return Some(Vec::new());
    }
    list.split(|byte| *byte == b';')
        .map(|digits| {
            let digit = |value: u16, byte: &u8| {
                byte.is_ascii_digit().then(|| value.saturating_mul(10).saturating_add(u16::from(byte - b'0')))
            };
            digits.iter().try_fold(0, digit)
        })
        .collect()
}

/// Bytes at the end that begin a UTF-8 character but do not finish it.
fn unfinished_utf8(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let byte = bytes[bytes.len() - back];
        let needed = match byte {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            0x80..=0xbf => continue,
            _ => return 0,
        };
        return if needed > back { back } else { 0 };
    }
    0
}

/// DEC Special Graphics, the character set of frames and boxes.
fn line_drawing(c: char) -> char {
    const GLYPHS: [char; 32] = [
        ' ', '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺', '⎻', '─', '⎼', '⎽', '├',
        '┤', '┴', '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
    ];
    match c {
        '_'..='~' => GLYPHS[c as usize - '_' as usize],
        _ => c,
    }
}
