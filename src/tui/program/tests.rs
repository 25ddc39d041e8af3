//! The pane as its user sees it: output in, a drawn buffer and input bytes out.

use crossterm::event::{KeyCode, KeyModifiers, MouseButton};
use proptest::prelude::*;
use ratatui::layout::Rect;

use super::*;

/// What is drawn, a line a row, without the blanks at the end.
fn drawn(pane: &ProgramPane) -> Vec<String> {
    let (rows, cols) = pane.size();
    let buffer = buffer(pane, Rect::new(0, 0, cols, rows), true);
    (0..rows).map(|row| line(&buffer, row)).collect()
}

fn buffer(pane: &ProgramPane, area: Rect, focused: bool) -> Buffer {
    let mut buffer = Buffer::empty(area);
    pane.render(area, &mut buffer, focused);
    buffer
}

fn line(buffer: &Buffer, row: u16) -> String {
    let mut text = String::new();
    let mut column = 0;
    while column < buffer.area.width {
        let symbol = buffer[(column, row)].symbol();
        text.push_str(symbol);
        column += symbol.width().max(1) as u16;
    }
    text.trim_end().to_string()
}

fn fed(rows: u16, cols: u16, bytes: &[u8]) -> ProgramPane {
    let mut pane = ProgramPane::new(rows, cols);
    pane.feed(bytes);
    pane
}

fn key(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

fn mouse(kind: MouseEventKind, column: u16, row: u16) -> MouseEvent {
    MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }
}

#[test]
fn text_colours_and_wide_characters() {
    let pane = fed(3, 12, "a\x1b[1;31mb\x1b[0;38;5;27mc\x1b[48;2;1;2;3md\x1b[m漢x\r\nsecond".as_bytes());
    assert_eq!(drawn(&pane), ["abcd漢x", "second", ""]);
    let buffer = buffer(&pane, Rect::new(0, 0, 12, 3), true);
    assert_eq!((buffer[(1, 0)].fg, buffer[(1, 0)].modifier), (Color::Indexed(1), Modifier::BOLD));
    assert_eq!(buffer[(2, 0)].fg, Color::Indexed(27));
    assert_eq!(buffer[(3, 0)].bg, Color::Rgb(1, 2, 3));
    assert_eq!(pane.cursor(), Some((1, 6)));
}

#[test]
fn without_colours_the_modifiers_stay() {
    let mut pane = fed(2, 4, b"\x1b[1;31;44mb");
    pane.set_colours(false);
    let buffer = buffer(&pane, Rect::new(0, 0, 4, 1), true);
    let cell = &buffer[(0, 0)];
    assert_eq!((cell.fg, cell.bg, cell.modifier), (Color::Reset, Color::Reset, Modifier::BOLD));
}

#[test]
fn the_cursor_is_drawn_only_without_the_focus() {
    let pane = fed(2, 5, b"ab");
    let area = Rect::new(0, 0, 5, 2);
    assert!(buffer(&pane, area, false)[(2, 0)].modifier.contains(Modifier::REVERSED));
    assert!(!buffer(&pane, area, true)[(2, 0)].modifier.contains(Modifier::REVERSED));
    assert_eq!(fed(2, 5, b"\x1b[?25l").cursor(), None);
    assert_eq!(fed(2, 3, b"abc").cursor(), Some((0, 2)), "a cursor that waits to wrap is on the last column");
}

#[test]
fn a_wide_character_is_not_drawn_over_the_edge() {
    let pane = fed(2, 6, "abc漢".as_bytes());
    let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 1));
    pane.render(Rect::new(0, 0, 4, 1), &mut buffer, true);
    assert_eq!(line(&buffer, 0), "abc");
}

/// Recorded from `vim -u NONE` on three lines of text: `:set nu`, a word typed, Escape.
#[test]
fn vim_is_drawn_and_leaves_the_shell_as_it_was() {
    let mut pane = fed(8, 40, b"$ vim\r\n");
    pane.feed(include_bytes!("recorded/vim.bin"));
    assert!(pane.alternate_screen());
    let lines = drawn(&pane);
    assert_eq!(lines[..4], ["      1 hello one 漢", "      2 two", "      3 three", "~"], "{lines:?}");
    pane.feed(b"\x1b[?1049l$ ");
    assert_eq!(drawn(&pane)[..2], ["$ vim", "$"]);
}

#[test]
fn line_drawing_and_repeated_characters() {
    assert_eq!(drawn(&fed(2, 9, b"\x1b(0lqqk\x1b(Bq")), ["┌──┐q", ""]);
    assert_eq!(drawn(&fed(2, 9, b"\x1b)0\x0exq\x0fx")), ["│─x", ""]);
    assert_eq!(drawn(&fed(2, 9, b"-\x1b[4bx")), ["-----x", ""]);
    assert_eq!(drawn(&fed(2, 9, "é\x1b[2b\r\x1b[2`X".as_bytes())), ["éXé", ""]);
    assert_eq!(drawn(&fed(2, 9, b"cd\r\x1b[4hab\x1b[4l")), ["abcd", ""]);
    assert_eq!(drawn(&fed(2, 20, b"a\tb\x1b[2Zc\x1b[Id")), ["c       d", ""]);
}

#[test]
fn output_may_be_cut_anywhere() {
    let bytes = "\x1b[31mréd\x1b[0m\x1b]2;títle\x07\x1b(0q\x1b(B漢\x1b[2;3Hx\x1b[6n".as_bytes();
    let mut whole = fed(3, 20, bytes);
    for cut in 0..=bytes.len() {
        let mut pane = fed(3, 20, &bytes[..cut]);
        pane.feed(&bytes[cut..]);
        let area = Rect::new(0, 0, 20, 3);
        assert_eq!(buffer(&pane, area, false), buffer(&whole, area, false), "cut at {cut}");
        assert_eq!(pane.title(), "títle");
        assert_eq!(pane.take_replies(), b"\x1b[2;4R");
    }
    assert_eq!(whole.take_replies(), b"\x1b[2;4R");
}

#[test]
fn queries_are_answered_once() {
    let cases: &[(&str, &str)] = &[
        ("\x1b[c", "\x1b[?62;22c"),
        ("\x1b[0c", "\x1b[?62;22c"),
        ("\x1b[>c", "\x1b[>0;100;0c"),
        ("\x1b[5n", "\x1b[0n"),
        ("ab\x1b[6n", "\x1b[1;3R"),
        ("0123456789\x1b[6n", "\x1b[1;10R"),
        ("\x1b[?6n", "\x1b[?1;1R"),
        ("\x1b[?2004h\x1b[?2004$p", "\x1b[?2004;1$y"),
        ("\x1b[?2004$p", "\x1b[?2004;2$y"),
        ("\x1b[?31337$p", "\x1b[?31337;0$y"),
        ("\x1b]11;?\x07", "\x1b]11;rgb:0000/0000/0000\x1b\\"),
        ("\x1b]10;?\x1b\\", "\x1b]10;rgb:d0d0/d0d0/d0d0\x1b\\"),
        ("\x1bP+q544e\x1b\\", "\x1bP0+r\x1b\\"),
        ("\x1b[18t", "\x1b[8;4;10t"),
        // A title report would let output type into the shell.
        ("\x1b]2;rm -rf\x07\x1b[21t", ""),
    ];
    for (query, answer) in cases {
        let mut pane = fed(4, 10, query.as_bytes());
        assert_eq!(String::from_utf8_lossy(&pane.take_replies()), *answer, "{query:?}");
        assert!(pane.take_replies().is_empty());
    }
    let mut flooded = fed(4, 10, &b"\x1b[c".repeat(100_000));
    assert!(flooded.take_replies().len() <= 4096);
}

#[test]
fn keys_follow_the_modes_of_the_program() {
    let mut pane = fed(2, 10, b"");
    assert_eq!(pane.key(key(KeyCode::Up)), b"\x1b[A");
    pane.feed(b"\x1b[?1h");
    assert_eq!(pane.key(key(KeyCode::Up)), b"\x1bOA");
    assert_eq!(pane.paste("a\n"), b"a\r");
    pane.feed(b"\x1b[?2004h");
    assert_eq!(pane.paste("a\n"), b"\x1b[200~a\r\x1b[201~");
    assert_eq!(pane.focus(true), b"");
    pane.feed(b"\x1b[?1004h");
    assert_eq!((pane.focus(true), pane.focus(false)), (b"\x1b[I".to_vec(), b"\x1b[O".to_vec()));
    pane.feed(b"\x1bc");
    assert_eq!((pane.key(key(KeyCode::Up)), pane.focus(true)), (b"\x1b[A".to_vec(), Vec::new()));
}

#[test]
fn the_mouse_is_the_programs_only_if_it_asked() {
    let area = Rect::new(10, 5, 20, 4);
    let mut pane = fed(4, 20, b"1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7");
    let click = mouse(MouseEventKind::Down(MouseButton::Left), 12, 6);
    assert!(pane.mouse(click, area).is_empty());
    assert!(pane.mouse(mouse(MouseEventKind::ScrollUp, 12, 6), area).is_empty());
    assert_eq!(pane.scrolled(), 3, "the wheel scrolls back");
    pane.feed(b"\x1b[?1000h\x1b[?1006h");
    assert!(pane.mouse(click, area).is_empty(), "old lines are not the program's");
    pane.scroll_to_bottom();
    assert_eq!(pane.mouse(click, area), b"\x1b[<0;3;2M");
    assert!(pane.mouse(mouse(MouseEventKind::Down(MouseButton::Left), 9, 6), area).is_empty(), "outside");

    let mut pager = fed(4, 20, b"\x1b[?1049h");
    let down = mouse(MouseEventKind::ScrollDown, 12, 6);
    assert_eq!(pager.mouse(down, area), b"\x1b[B\x1b[B\x1b[B");
    pager.feed(b"\x1b[?1h");
    assert_eq!(pager.mouse(down, area), b"\x1bOB\x1bOB\x1bOB");
    pager.feed(b"\x1b[?1007l");
    assert!(pager.mouse(down, area).is_empty());
}

#[test]
fn scrolling_back_is_bounded_and_a_key_ends_it() {
    let output: String = (0..10_000).map(|n| format!("{n}\r\n")).collect();
    let mut pane = fed(3, 10, output.as_bytes());
    pane.scroll(2);
    assert_eq!(drawn(&pane), ["9996", "9997", "9998"]);
    assert_eq!((pane.scrolled(), pane.cursor()), (2, None));
    pane.feed(b"new\r\n");
    assert_eq!(drawn(&pane), ["9996", "9997", "9998"], "new output does not move old lines");
    pane.scroll(i32::MAX);
    assert_eq!(pane.scrolled(), SCROLLBACK_LINES);
    pane.scroll(i32::MIN);
    assert_eq!(pane.scrolled(), 0);
    pane.scroll(1);
    assert_eq!(pane.key(key(KeyCode::Char('x'))), b"x");
    assert_eq!(pane.scrolled(), 0);
}

#[test]
fn a_smaller_screen_keeps_the_lines_at_the_cursor() {
    let mut pane = fed(4, 10, b"1\r\n2\r\n3\r\n$ ");
    pane.resize(2, 10);
    assert_eq!(drawn(&pane), ["3", "$"]);
    assert_eq!(pane.cursor(), Some((1, 2)));
    pane.scroll(9);
    assert_eq!(drawn(&pane), ["1", "2"]);
    pane.scroll_to_bottom();

    let mut full = fed(4, 10, b"1\r\n2\r\n3\r\n$ \x1b[?1049h\x1b[4;1Hvim");
    full.resize(2, 10);
    full.feed(b"\x1b[?1049l");
    assert_eq!(drawn(&full), ["3", "$"], "the hidden screen too");
}

#[test]
fn a_resize_does_not_cut_characters_or_sequences() {
    let mut pane = fed(2, 10, "ab漢\x1b[3".as_bytes());
    pane.resize(2, 3);
    pane.feed(b"1mx");
    assert_eq!(drawn(&pane), ["abx", ""]);
    assert_eq!(buffer(&pane, Rect::new(0, 0, 3, 2), true)[(2, 0)].fg, Color::Indexed(1));
    pane.feed("\x1b[1;3H漢\x1b[1;3Hy".as_bytes());
    pane.resize(2, 10);
    assert_eq!(pane.size(), (2, 10));
}

#[test]
fn counts_from_outside_are_cheap() {
    // Each would cost seconds if it were looped over as it is.
    let hostile = b"x\x1b[65535@\x1b[65535L\x1b[65535T\x1b[65535b\x1b[65535I".repeat(50);
    let before = std::time::Instant::now();
    fed(24, 80, &hostile);
    assert!(before.elapsed().as_secs() < 5, "{:?}", before.elapsed());
}

#[test]
fn endless_sequences_take_no_memory() {
    for start in ["\x1b[", "\x1b]2;", "\x1bP", "\x1b_", "\x1b ("] {
        let mut pane = fed(4, 20, start.as_bytes());
        for _ in 0..100 {
            pane.feed(&[b'1'; 10_000]);
            assert!(pane.title().len() <= 4096);
        }
        pane.feed(b"\x18\x1b\\\x1b[H\x1b[Jback");
        assert_eq!(drawn(&pane)[0], "back", "{start:?}");
    }
}

#[derive(Debug, Clone)]
enum Act {
    Feed(Vec<u8>),
    Resize(u16, u16),
    Scroll(i32),
    Wheel,
}

/// Bytes that are likely to mean something.
fn hostile() -> impl Strategy<Value = Act> {
    let number = prop_oneof![Just(String::new()), (0u32..30).prop_map(|n| n.to_string()), Just("65535".to_string())];
    let csi =
        (prop_oneof![Just(""), Just("?"), Just(">"), Just("!")], proptest::collection::vec(number, 0..4), "[@-~]")
            .prop_map(|(mark, params, last)| format!("\x1b[{mark}{}{last}", params.join(";")).into_bytes());
    let mode = (
        proptest::sample::select(vec![1u16, 6, 9, 25, 47, 1000, 1003, 1004, 1005, 1006, 1047, 1048, 1049, 2004]),
        "[hl]",
    )
        .prop_map(|(mode, last)| format!("\x1b[?{mode}{last}").into_bytes());
    let text = "[a漢\u{301}é한\u{200d}👩\n\r\t\u{8}]{0,40}".prop_map(String::into_bytes);
    let escape = "\x1b[\\(\\)#]?[0-~]".prop_map(String::into_bytes);
    prop_oneof![
        3 => csi.prop_map(Act::Feed),
        2 => mode.prop_map(Act::Feed),
        4 => text.prop_map(Act::Feed),
        1 => escape.prop_map(Act::Feed),
        1 => proptest::collection::vec(any::<u8>(), 0..60).prop_map(Act::Feed),
        2 => (0u16..12, 0u16..12).prop_map(|(rows, cols)| Act::Resize(rows, cols)),
        1 => (-9i32..20).prop_map(Act::Scroll),
        1 => Just(Act::Wheel),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_that_a_program_writes_breaks_the_pane(
        rows in 0u16..14,
        cols in 0u16..14,
        acts in proptest::collection::vec(hostile(), 1..60),
        area in (0u16..6, 0u16..6, 0u16..20, 0u16..20),
    ) {
        let mut pane = ProgramPane::new(rows, cols);
        let area = Rect::new(area.0, area.1, area.2, area.3);
        for act in acts {
            match act {
                Act::Feed(bytes) => pane.feed(&bytes),
                Act::Resize(rows, cols) => pane.resize(rows, cols),
                Act::Scroll(lines) => pane.scroll(lines),
                Act::Wheel => drop(pane.mouse(mouse(MouseEventKind::ScrollUp, area.x, area.y), area)),
            }
            let mut buffer = Buffer::empty(Rect::new(0, 0, 16, 16));
            pane.render(area, &mut buffer, false);
            let (rows, cols) = pane.size();
            if let Some((row, col)) = pane.cursor() {
                prop_assert!(row < rows && col < cols, "{row} {col} in {rows} {cols}");
            }
            pane.mode_sequences();
        }
        prop_assert_eq!(pane.restarts, 0, "the screen model had to start afresh");
    }
}
