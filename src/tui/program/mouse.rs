//! Mouse events as the bytes that xterm reports to a program that asked for them: X10, normal, button and any-event
//! tracking, in the default, UTF-8 and SGR encodings. Leaves out highlight tracking, urxvt's and pixel encodings.

use crossterm::event::{KeyModifiers, MouseButton, MouseEventKind};
use tui_term::vt100::{MouseProtocolEncoding as Encoding, MouseProtocolMode as Mode};

/// The report of one event at `row`, `col` (counted from 0 inside the program's screen); `None` when the program did not
/// ask for this kind of event or the encoding cannot say the position.
pub fn encode(
    kind: MouseEventKind,
    modifiers: KeyModifiers,
    (row, col): (u16, u16),
    mode: Mode,
    encoding: Encoding,
) -> Option<Vec<u8>> {
    let (button, release) = match kind {
        MouseEventKind::Down(button) => (number(button), false),
        MouseEventKind::Up(button) => (number(button), true),
        MouseEventKind::Drag(button) => (number(button) + 32, false),
        MouseEventKind::Moved => (3 + 32, false),
        MouseEventKind::ScrollUp => (64, false),
        MouseEventKind::ScrollDown => (65, false),
        MouseEventKind::ScrollLeft => (66, false),
        MouseEventKind::ScrollRight => (67, false),
    };
    let wanted = match mode {
        Mode::None => false,
        Mode::Press => matches!(kind, MouseEventKind::Down(_)),
        Mode::PressRelease => !matches!(kind, MouseEventKind::Drag(_) | MouseEventKind::Moved),
        Mode::ButtonMotion => kind != MouseEventKind::Moved,
        Mode::AnyMotion => true,
    };
    if !wanted {
        return None;
    }
    let bit = |modifier, value| if modifiers.contains(modifier) { value } else { 0 };
    // X10 reporting knows no modifiers.
    let modifier_bits = match mode {
        Mode::Press => 0,
        _ => bit(KeyModifiers::SHIFT, 4) + bit(KeyModifiers::ALT, 8) + bit(KeyModifiers::CONTROL, 16),
    };
    let (x, y) = (u32::from(col) + 1, u32::from(row) + 1);
    if encoding == Encoding::Sgr {
        let end = if release { 'm' } else { 'M' };
        return Some(format!("\x1b[<{};{x};{y}{end}", button + modifier_bits).into_bytes());
    }
    // The older encodings cannot tell which button was released.
    let button = if release { 3 } else { button };
    let mut out = b"\x1b[M".to_vec();
    for value in [button + modifier_bits, x, y] {
        match encoding {
            Encoding::Default => out.push(u8::try_from(value + 32).ok()?),
            // Two bytes of UTF-8 are the most that this encoding allows.
            _ if value + 32 < 0x800 => {
                out.extend_from_slice(char::from_u32(value + 32)?.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return None,
        }
    }
    Some(out)
}

fn number(button: MouseButton) -> u32 {
    match button {
        MouseButton::Left => 0,
        MouseButton::Middle => 1,
        MouseButton::Right => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEFT: MouseEventKind = MouseEventKind::Down(MouseButton::Left);
    const LEFT_UP: MouseEventKind = MouseEventKind::Up(MouseButton::Left);

    fn report(kind: MouseEventKind, at: (u16, u16), mode: Mode, encoding: Encoding) -> Option<Vec<u8>> {
        encode(kind, KeyModifiers::NONE, at, mode, encoding)
    }

    #[test]
    fn each_encoding() {
        let bytes = |text: &str| Some(text.as_bytes().to_vec());
        assert_eq!(report(LEFT, (4, 9), Mode::PressRelease, Encoding::Sgr), bytes("\x1b[<0;10;5M"));
        assert_eq!(report(LEFT_UP, (4, 9), Mode::PressRelease, Encoding::Sgr), bytes("\x1b[<0;10;5m"));
        assert_eq!(report(LEFT, (4, 9), Mode::PressRelease, Encoding::Default), bytes("\x1b[M *%"));
        assert_eq!(report(LEFT_UP, (4, 9), Mode::PressRelease, Encoding::Default), bytes("\x1b[M#*%"));
        assert_eq!(report(LEFT, (4, 300), Mode::PressRelease, Encoding::Utf8), bytes("\x1b[M \u{14d}%"));
        assert_eq!(report(LEFT, (4, 300), Mode::PressRelease, Encoding::Default), None);
        assert_eq!(report(LEFT, (4, 3000), Mode::PressRelease, Encoding::Utf8), None);
    }

    #[test]
    fn only_what_the_program_asked_for() {
        let sent = |kind, mode| report(kind, (0, 0), mode, Encoding::Sgr).is_some();
        let drag = MouseEventKind::Drag(MouseButton::Right);
        let table = [
            (Mode::None, [false, false, false, false]),
            (Mode::Press, [true, false, false, false]),
            (Mode::PressRelease, [true, true, false, false]),
            (Mode::ButtonMotion, [true, true, true, false]),
            (Mode::AnyMotion, [true, true, true, true]),
        ];
        for (mode, expected) in table {
            assert_eq!([LEFT, LEFT_UP, drag, MouseEventKind::Moved].map(|kind| sent(kind, mode)), expected, "{mode:?}");
        }
    }

    #[test]
    fn modifiers_and_wheel() {
        let ctrl = KeyModifiers::CONTROL | KeyModifiers::SHIFT;
        let wheel = encode(MouseEventKind::ScrollDown, ctrl, (0, 0), Mode::AnyMotion, Encoding::Sgr);
        assert_eq!(wheel.as_deref(), Some(b"\x1b[<85;1;1M".as_slice()));
        let x10 = encode(LEFT, ctrl, (0, 0), Mode::Press, Encoding::Default);
        assert_eq!(x10.as_deref(), Some(b"\x1b[M !!".as_slice()));
        let motion = encode(MouseEventKind::Moved, KeyModifiers::NONE, (0, 0), Mode::AnyMotion, Encoding::Sgr);
        assert_eq!(motion.as_deref(), Some(b"\x1b[<35;1;1M".as_slice()));
    }
}
