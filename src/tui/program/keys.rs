//! Keys and pasted text as the bytes that xterm sends to a program. Leaves out the kitty keyboard protocol and
//! `modifyOtherKeys`: a program that asks for them learns that it has not got them, and works without.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyEventState, KeyModifiers};

/// What the program asked of the keyboard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyModes {
    /// DECCKM: the arrows send `SS3 A` instead of `CSI A`.
    pub application_cursor: bool,
    /// DECKPAM: the keypad sends `SS3 p` instead of `0`.
    pub application_keypad: bool,
}

/// The bytes for one key; empty for a key that a terminal sends nothing for (a lone Shift, a release).
pub fn encode(key: KeyEvent, modes: KeyModes) -> Vec<u8> {
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    if modes.application_keypad
        && key.state.contains(KeyEventState::KEYPAD)
        && let Some(letter) = keypad(key.code)
    {
        return vec![0x1b, b'O', letter];
    }
    match key.code {
        KeyCode::Char(c) => with_alt(alt, character(c, key.modifiers)),
        KeyCode::Enter => with_alt(alt, vec![b'\r']),
        KeyCode::Tab => with_alt(alt, vec![b'\t']),
        KeyCode::BackTab => with_alt(alt, b"\x1b[Z".to_vec()),
        KeyCode::Esc => with_alt(alt, vec![0x1b]),
        // Ctrl-Backspace is the other of the two erase characters, as in xterm.
        KeyCode::Backspace if key.modifiers.contains(KeyModifiers::CONTROL) => with_alt(alt, vec![0x08]),
        KeyCode::Backspace => with_alt(alt, vec![0x7f]),
        KeyCode::Up => cursor(b'A', key.modifiers, modes),
        KeyCode::Down => cursor(b'B', key.modifiers, modes),
        KeyCode::Right => cursor(b'C', key.modifiers, modes),
        KeyCode::Left => cursor(b'D', key.modifiers, modes),
        KeyCode::KeypadBegin => cursor(b'E', key.modifiers, modes),
        KeyCode::End => cursor(b'F', key.modifiers, modes),
        KeyCode::Home => cursor(b'H', key.modifiers, modes),
        KeyCode::Insert => tilde(2, key.modifiers),
        KeyCode::Delete => tilde(3, key.modifiers),
        KeyCode::PageUp => tilde(5, key.modifiers),
        KeyCode::PageDown => tilde(6, key.modifiers),
        KeyCode::F(n) => function(n, key.modifiers),
        KeyCode::Menu => tilde(29, key.modifiers),
        KeyCode::Null => with_alt(alt, vec![0]),
        _ => Vec::new(),
    }
}

/// Pasted text: a newline becomes the Enter key, and control characters are dropped, so that no text can end the
/// bracket early (`ESC[201~` inside) or play keys that its reader did not see.
pub fn paste(text: &str, bracketed: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 12);
    if bracketed {
        out.extend_from_slice(b"\x1b[200~");
    }
    let mut utf8 = [0; 4];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                out.push(b'\r');
            }
            '\n' => out.push(b'\r'),
            '\t' => out.push(b'\t'),
            c if c.is_control() => {}
            c => out.extend_from_slice(c.encode_utf8(&mut utf8).as_bytes()),
        }
    }
    if bracketed {
        out.extend_from_slice(b"\x1b[201~");
    }
    out
}

fn with_alt(alt: bool, mut bytes: Vec<u8>) -> Vec<u8> {
    if alt {
        bytes.insert(0, 0x1b);
    }
    bytes
}

fn character(c: char, modifiers: KeyModifiers) -> Vec<u8> {
    if modifiers.contains(KeyModifiers::CONTROL)
        && let Some(control) = control(c)
    {
        return vec![control];
    }
    c.to_string().into_bytes()
}

/// The C0 byte of Ctrl with a character. A terminal sends the same byte for several keys (Ctrl-] and Ctrl-5), and the
/// reader of our own terminal names it by the digit, so both must lead back to the same byte.
fn control(c: char) -> Option<u8> {
    Some(match c {
        'a'..='z' | 'A'..='Z' => c as u8 & 0x1f,
        ' ' | '@' | '`' | '2' => 0x00,
        '[' | '{' | '3' => 0x1b,
        '\\' | '|' | '4' => 0x1c,
        ']' | '}' | '5' => 0x1d,
        '^' | '~' | '6' => 0x1e,
        '_' | '/' | '7' | '-' => 0x1f,
        '?' | '8' => 0x7f,
        _ => return None,
    })
}

/// xterm's modifier parameter: 1 + Shift 1 + Alt 2 + Ctrl 4; `None` without any.
fn parameter(modifiers: KeyModifiers) -> Option<u8> {
    let bit = |modifier, value| if modifiers.contains(modifier) { value } else { 0 };
    let bits = bit(KeyModifiers::SHIFT, 1) + bit(KeyModifiers::ALT, 2) + bit(KeyModifiers::CONTROL, 4);
    (bits != 0).then_some(1 + bits)
}

fn cursor(letter: u8, modifiers: KeyModifiers, modes: KeyModes) -> Vec<u8> {
    match parameter(modifiers) {
        Some(n) => format!("\x1b[1;{n}{}", letter as char).into_bytes(),
        None if modes.application_cursor => vec![0x1b, b'O', letter],
        None => vec![0x1b, b'[', letter],
    }
}

fn tilde(number: u8, modifiers: KeyModifiers) -> Vec<u8> {
    match parameter(modifiers) {
        Some(n) => format!("\x1b[{number};{n}~").into_bytes(),
        None => format!("\x1b[{number}~").into_bytes(),
    }
}

fn function(n: u8, modifiers: KeyModifiers) -> Vec<u8> {
    match n {
        1..=4 => {
            let letter = b'P' + n - 1;
            match parameter(modifiers) {
                Some(n) => format!("\x1b[1;{n}{}", letter as char).into_bytes(),
                None => vec![0x1b, b'O', letter],
            }
        }
        // The numbers have gaps where a VT220's keyboard had them.
        5 => tilde(15, modifiers),
        6..=10 => tilde(11 + n, modifiers),
        11..=14 => tilde(12 + n, modifiers),
        15..=16 => tilde(13 + n, modifiers),
        17..=20 => tilde(14 + n, modifiers),
        _ => Vec::new(),
    }
}

fn keypad(code: KeyCode) -> Option<u8> {
    Some(match code {
        KeyCode::Char(c @ '0'..='9') => b'p' + (c as u8 - b'0'),
        KeyCode::Char('*') => b'j',
        KeyCode::Char('+') => b'k',
        KeyCode::Char(',') => b'l',
        KeyCode::Char('-') => b'm',
        KeyCode::Char('.') => b'n',
        KeyCode::Char('/') => b'o',
        KeyCode::Char('=') => b'X',
        KeyCode::Enter => b'M',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: KeyModes = KeyModes { application_cursor: false, application_keypad: false };
    const APPLICATION: KeyModes = KeyModes { application_cursor: true, application_keypad: true };

    fn sent(code: KeyCode, modifiers: KeyModifiers) -> String {
        String::from_utf8(encode(KeyEvent::new(code, modifiers), PLAIN)).unwrap()
    }

    #[test]
    fn keys_are_encoded_as_xterm_does() {
        let none = KeyModifiers::NONE;
        let (ctrl, alt, shift) = (KeyModifiers::CONTROL, KeyModifiers::ALT, KeyModifiers::SHIFT);
        let cases: &[(KeyCode, KeyModifiers, &str)] = &[
            (KeyCode::Char('a'), none, "a"),
            (KeyCode::Char('A'), shift, "A"),
            (KeyCode::Char('é'), none, "é"),
            (KeyCode::Char('漢'), alt, "\x1b漢"),
            (KeyCode::Char('c'), ctrl, "\x03"),
            (KeyCode::Char('z'), ctrl, "\x1a"),
            (KeyCode::Char(' '), ctrl, "\0"),
            (KeyCode::Char('\\'), ctrl, "\x1c"),
            (KeyCode::Char('4'), ctrl, "\x1c"),
            (KeyCode::Char('5'), ctrl, "\x1d"),
            (KeyCode::Char('_'), ctrl, "\x1f"),
            (KeyCode::Char('x'), ctrl | alt, "\x1b\x18"),
            (KeyCode::Enter, none, "\r"),
            (KeyCode::Enter, alt, "\x1b\r"),
            (KeyCode::Tab, none, "\t"),
            (KeyCode::BackTab, shift, "\x1b[Z"),
            (KeyCode::Esc, none, "\x1b"),
            (KeyCode::Backspace, none, "\x7f"),
            (KeyCode::Backspace, alt, "\x1b\x7f"),
            (KeyCode::Up, none, "\x1b[A"),
            (KeyCode::Up, ctrl, "\x1b[1;5A"),
            (KeyCode::Left, shift | alt | ctrl, "\x1b[1;8D"),
            (KeyCode::Home, none, "\x1b[H"),
            (KeyCode::End, shift, "\x1b[1;2F"),
            (KeyCode::Insert, none, "\x1b[2~"),
            (KeyCode::Delete, ctrl, "\x1b[3;5~"),
            (KeyCode::PageUp, none, "\x1b[5~"),
            (KeyCode::PageDown, alt, "\x1b[6;3~"),
            (KeyCode::F(1), none, "\x1bOP"),
            (KeyCode::F(4), ctrl, "\x1b[1;5S"),
            (KeyCode::F(5), none, "\x1b[15~"),
            (KeyCode::F(6), none, "\x1b[17~"),
            (KeyCode::F(10), none, "\x1b[21~"),
            (KeyCode::F(11), none, "\x1b[23~"),
            (KeyCode::F(12), shift, "\x1b[24;2~"),
            (KeyCode::F(15), none, "\x1b[28~"),
            (KeyCode::F(17), none, "\x1b[31~"),
            (KeyCode::F(20), none, "\x1b[34~"),
            (KeyCode::CapsLock, none, ""),
        ];
        for (code, modifiers, expected) in cases {
            assert_eq!(sent(*code, *modifiers), *expected, "{code:?} {modifiers:?}");
        }
    }

    #[test]
    fn application_modes_change_arrows_and_keypad() {
        let key = |code| KeyEvent::new(code, KeyModifiers::NONE);
        assert_eq!(encode(key(KeyCode::Up), APPLICATION), b"\x1bOA");
        assert_eq!(encode(key(KeyCode::Home), APPLICATION), b"\x1bOH");
        assert_eq!(encode(KeyEvent::new(KeyCode::Up, KeyModifiers::CONTROL), APPLICATION), b"\x1b[1;5A");
        let mut five = key(KeyCode::Char('5'));
        assert_eq!(encode(five, APPLICATION), b"5", "the digit above the letters is never a keypad key");
        five.state = KeyEventState::KEYPAD;
        assert_eq!(encode(five, APPLICATION), b"\x1bOu");
        assert_eq!(encode(five, PLAIN), b"5");
    }

    #[test]
    fn a_release_sends_nothing() {
        let mut key = KeyEvent::new(KeyCode::Char('a'), KeyModifiers::NONE);
        key.kind = KeyEventKind::Release;
        assert!(encode(key, PLAIN).is_empty());
    }

    #[test]
    fn pasted_text_cannot_leave_its_brackets() {
        assert_eq!(paste("a\nb\r\nc\td", false), b"a\rb\rc\td");
        assert_eq!(paste("x\x1b[201~rm -rf\n", true), b"\x1b[200~x[201~rm -rf\r\x1b[201~");
        assert_eq!(paste("\x1b[20\x1b[201~1~\u{9b}201~", true), b"\x1b[200~[20[201~1~201~\x1b[201~");
        assert_eq!(paste("é漢", true), "\x1b[200~é漢\x1b[201~".as_bytes());
    }
}
