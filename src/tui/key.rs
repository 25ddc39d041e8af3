//! One key with its modifiers, as actions name it and as help prints it.
//! Left out: what keys do (`actions`) and which bytes they send to a program (`program`).

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key press without what terminals report differently: the same key is equal whichever terminal sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Key {
    pub const fn char(c: char) -> Key {
        Key { code: KeyCode::Char(c), modifiers: KeyModifiers::empty() }
    }

    pub const fn ctrl(c: char) -> Key {
        Key { code: KeyCode::Char(c), modifiers: KeyModifiers::CONTROL }
    }

    pub const fn code(code: KeyCode) -> Key {
        Key { code, modifiers: KeyModifiers::empty() }
    }

    pub const fn shift(code: KeyCode) -> Key {
        Key { code, modifiers: KeyModifiers::SHIFT }
    }

    pub fn has_shift(self) -> bool {
        self.modifiers.contains(KeyModifiers::SHIFT)
    }

    /// The event that this key makes, for tests and for sending the key on.
    pub fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, self.modifiers)
    }
}

impl From<KeyEvent> for Key {
    fn from(event: KeyEvent) -> Key {
        let mut modifiers = event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let code = match event.code {
            // Bytes 0x1c to 0x1f arrive as Ctrl-4 to Ctrl-7; people know these keys as Ctrl-\ ] ^ _.
            KeyCode::Char(c @ '4'..='7') if modifiers.contains(KeyModifiers::CONTROL) => {
                KeyCode::Char(['\\', ']', '^', '_'][c as usize - '4' as usize])
            }
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => KeyCode::Char(c.to_ascii_lowercase()),
            code => code,
        };
        // A capital letter or a symbol already says that Shift was held; terminals differ in whether they add it.
        if matches!(code, KeyCode::Char(_) | KeyCode::BackTab) {
            modifiers -= KeyModifiers::SHIFT;
        }
        Key { code, modifiers }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (bit, name) in
            [(KeyModifiers::CONTROL, "Ctrl-"), (KeyModifiers::ALT, "Alt-"), (KeyModifiers::SHIFT, "Shift-")]
        {
            if self.modifiers.contains(bit) {
                f.write_str(name)?;
            }
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::PageDown => f.write_str("PgDn"),
            KeyCode::F(n) => write!(f, "F{n}"),
            other => write!(f, "{other:?}"),
        }
    }
}

impl FromStr for Key {
    type Err = String;

    /// `ctrl-]`, `Alt-x`, `F12`, `esc`, `q`.
    fn from_str(text: &str) -> Result<Key, String> {
        let mut rest = text;
        let mut modifiers = KeyModifiers::empty();
        loop {
            let lower = rest.to_ascii_lowercase();
            let (bit, prefix) = if lower.starts_with("ctrl-") {
                (KeyModifiers::CONTROL, "ctrl-")
            } else if lower.starts_with("alt-") {
                (KeyModifiers::ALT, "alt-")
            } else if lower.starts_with("shift-") && lower != "shift-tab" {
                (KeyModifiers::SHIFT, "shift-")
            } else {
                break;
            };
            modifiers |= bit;
            rest = &rest[prefix.len()..];
        }
        let code = match rest.to_ascii_lowercase().as_str() {
            "esc" => KeyCode::Esc,
            "tab" => KeyCode::Tab,
            "enter" => KeyCode::Enter,
            "space" => KeyCode::Char(' '),
            "up" => KeyCode::Up,
            "down" => KeyCode::Down,
            "left" => KeyCode::Left,
            "right" => KeyCode::Right,
            "home" => KeyCode::Home,
            "end" => KeyCode::End,
            "pgup" => KeyCode::PageUp,
            "pgdn" => KeyCode::PageDown,
            "shift-tab" => KeyCode::BackTab,
            "backspace" => KeyCode::Backspace,
            "delete" => KeyCode::Delete,
            "insert" => KeyCode::Insert,
            name => {
                let mut chars = rest.chars();
                match (chars.next(), chars.next(), name.strip_prefix('f').and_then(|n| n.parse().ok())) {
                    (Some(c), None, _) if !c.is_control() => KeyCode::Char(c),
                    (_, _, Some(n @ 1..=24)) => KeyCode::F(n),
                    _ => return Err(format!("\"{text}\" is no key; write it like ctrl-], alt-x, f12 or esc")),
                }
            }
        };
        Ok(Key::from(KeyEvent::new(code, modifiers)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_is_equal_whichever_terminal_sent_it() {
        let legacy = KeyEvent::new(KeyCode::Char('5'), KeyModifiers::CONTROL);
        let modern = KeyEvent::new(KeyCode::Char(']'), KeyModifiers::CONTROL);
        assert_eq!(Key::from(legacy), Key::from(modern));
        let capital = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Key::from(capital), Key::char('G'));
    }

    #[test]
    fn a_key_reads_back_as_it_is_printed() {
        for text in
            ["Ctrl-]", "Alt-x", "F12", "q", "Space", "Esc", "Tab", "Delete", "Insert", "Shift-PgUp", "Shift-Tab"]
        {
            assert_eq!(text.parse::<Key>().unwrap().to_string(), text);
        }
        assert!("".parse::<Key>().is_err());
        assert!("ctrl-".parse::<Key>().is_err());
        assert!("banana".parse::<Key>().unwrap_err().contains("banana"));
    }
}
