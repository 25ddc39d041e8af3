//! The tabs of the call pane.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use sysview::tui::Options;

use super::{app, docker, lacks, press, print, shows};

#[test]
fn every_tab_at_three_sizes() {
    for (cols, rows) in [(80, 24), (120, 40), (200, 60)] {
        for (number, name) in (1..).zip(["arguments", "anatomy", "memory", "explain", "policy", "stack"]) {
            let mut app = app(docker(), cols, rows);
            // A read that gave bytes.
            press(&mut app, "Home Down Down Down Down Down Down Enter");
            press(&mut app, &number.to_string());
            insta::assert_snapshot!(format!("{name}_{cols}x{rows}"), print::styled(&app, cols, rows));
        }
    }
}

#[test]
fn keys_turn_the_tabs_and_rows_keep_them() {
    let mut app = app(docker(), 120, 40);
    press(&mut app, "Home Down Down Down Down Down Down Down Enter");
    shows(&app, "[1 Arguments]");
    press(&mut app, "> >");
    shows(&app, "[3 Memory]");
    shows(&app, "No memory was copied");
    press(&mut app, "Left");
    shows(&app, "at exit: buf, 0x9000, 21 bytes");
    shows(&app, "69 6d 70 6f 72 74 20 6f");
    press(&mut app, "< < <");
    shows(&app, "[6 Stack]");
    press(&mut app, "4");
    shows(&app, "read(2); m reads it");
    press(&mut app, "2 z");
    for wanted in ["0f 05   syscall", "libc.so.6+0x123456", "(a guess", "rdi"] {
        shows(&app, wanted);
    }
}

#[test]
fn a_failed_call_says_what_becomes_of_errno() {
    let mut app = app(docker(), 120, 40);
    press(&mut app, "Home Down Down Down Down Enter 2 z");
    shows(&app, "puts 2 (ENOENT) into errno");
    press(&mut app, "5");
    shows(&app, "ALLOW");
}

#[test]
fn without_a_profile_the_policy_says_how_to_get_one() {
    let mut app = app(Options::default(), 120, 40);
    press(&mut app, "Enter 5");
    shows(&app, "s chooses one");
}

#[test]
fn a_click_on_its_name_shows_a_tab() {
    let mut app = app(docker(), 120, 40);
    press(&mut app, "Enter z");
    let screen = print::text(&app, 120, 40);
    let (row, line) = screen.lines().enumerate().find(|(_, line)| line.contains("2 Anatomy")).expect("names of tabs");
    let column = line.chars().take_while(|c| *c != '2').count() as u16;
    let kind = MouseEventKind::Down(MouseButton::Left);
    app.mouse(MouseEvent { kind, column: column + 3, row: row as u16, modifiers: KeyModifiers::NONE });
    shows(&app, "[2 Anatomy]");
    app.mouse(MouseEvent { kind, column: 3, row: row as u16, modifiers: KeyModifiers::NONE });
    shows(&app, "[2 Anatomy]");
}

#[test]
fn only_calls_have_a_manual_page() {
    let mut app = app(docker(), 120, 40);
    press(&mut app, "Home Enter 4");
    lacks(&app, "m manual");
    press(&mut app, "Right");
    shows(&app, "m manual");
}
