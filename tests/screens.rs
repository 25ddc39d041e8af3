//! What the screen looks like and what keys do to it, over a made-up run: state, keys, state; no terminal, no clock.

#[path = "screens/print.rs"]
mod print;
#[path = "screens/scene.rs"]
mod scene;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use sysview::policy;
use sysview::source::{Command, End, Message};
use sysview::tui::{App, Leave, Options};

/// A view that has seen the run.
fn app(options: Options, cols: u16, rows: u16) -> App {
    let mut app = App::new(options);
    app.resize(cols, rows);
    app.tick(1_000);
    app.message(scene::started(true));
    app.message(scene::run());
    app.message(Message::Output(b"$ ./demo.py\r\nhello\r\n".to_vec()));
    app.tick(8_000);
    app.work(|| false);
    app
}

fn docker() -> Options {
    Options { profile: policy::builtin("docker-default"), ..Options::default() }
}

/// Presses keys, written as people write them: `j`, `Enter`, `Ctrl-]`.
fn press(app: &mut App, keys: &str) {
    for key in keys.split_whitespace() {
        let code = match key {
            "Enter" => KeyCode::Enter,
            "Esc" => KeyCode::Esc,
            "Tab" => KeyCode::Tab,
            "Up" => KeyCode::Up,
            "Down" => KeyCode::Down,
            "Left" => KeyCode::Left,
            "Right" => KeyCode::Right,
            "Home" => KeyCode::Home,
            "End" => KeyCode::End,
            "PgUp" => KeyCode::PageUp,
            "Space" => KeyCode::Char(' '),
            _ => match key.strip_prefix("Ctrl-") {
                Some(rest) => {
                    let c = rest.chars().next().unwrap();
                    app.key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL));
                    continue;
                }
                None => KeyCode::Char(key.chars().next().unwrap()),
            },
        };
        app.key(KeyEvent::new(code, KeyModifiers::NONE));
    }
}

#[track_caller]
fn shows(app: &App, wanted: &str) {
    let screen = print::text(app, 120, 40);
    assert!(screen.contains(wanted), "{wanted:?} is not on the screen:\n{screen}");
}

#[track_caller]
fn lacks(app: &App, unwanted: &str) {
    let screen = print::text(app, 120, 40);
    assert!(!screen.contains(unwanted), "{unwanted:?} is on the screen:\n{screen}");
}

#[test]
fn three_sizes_with_styles() {
    for (cols, rows) in [(80, 24), (120, 40), (200, 60)] {
        let app = app(docker(), cols, rows);
        insta::assert_snapshot!(format!("run_{cols}x{rows}"), print::styled(&app, cols, rows));
    }
}

#[test]
fn without_colours() {
    let app = app(Options { colour: false, ..docker() }, 120, 40);
    insta::assert_snapshot!("run_no_color", print::styled(&app, 120, 40));
}

#[test]
fn every_small_size_is_drawn_with_every_popup() {
    // Every size for the panes; with popups on top, steps that still meet every edge.
    let cases =
        [("", 1), ("Tab", 1), ("Tab Tab", 3), ("t", 3), ("?", 3), ("q", 3), ("s", 3), ("v", 3), ("/", 3), ("z", 3)];
    for (keys, step) in cases {
        let mut app = app(docker(), 80, 24);
        press(&mut app, keys);
        for cols in (0..=60).step_by(step) {
            for rows in 0..=20 {
                app.resize(cols, rows);
                print::buffer(&app, cols, rows);
                app.cursor();
            }
        }
    }
}

#[test]
fn quitting_a_running_program_asks_and_staying_stays() {
    let mut app = app(Options::default(), 120, 40);
    press(&mut app, "q");
    shows(&app, "The program still runs.");
    insta::assert_snapshot!("quit_dialog", print::text(&app, 80, 24));
    press(&mut app, "Esc");
    lacks(&app, "The program still runs.");
    assert_eq!(app.leave(), None);
}

#[test]
fn killing_waits_for_the_end() {
    let mut app = app(Options::default(), 120, 40);
    app.outbox().drain();
    press(&mut app, "q k");
    assert_eq!(app.outbox().drain(), [Command::Kill]);
    assert_eq!(app.leave(), None);
    app.message(Message::Ended(End::Killed { signal: 9, core: false }));
    assert_eq!(app.leave(), Some(Leave::Quit));
    assert_eq!(app.session().end().map(End::exit_code), Some(137));
}

#[test]
fn handing_over_waits_until_the_source_has_let_go() {
    let mut app = app(Options::default(), 120, 40);
    app.outbox().drain();
    press(&mut app, "q h");
    assert_eq!(app.outbox().drain(), [Command::Detach]);
    assert_eq!(app.leave(), None);
    app.message(Message::Detached);
    assert_eq!(app.leave(), Some(Leave::HandOver));
}

#[test]
fn after_the_end_quitting_just_quits() {
    let mut app = app(Options::default(), 120, 40);
    app.message(Message::Ended(End::Exited(3)));
    shows(&app, "ended (3)");
    press(&mut app, "q");
    assert_eq!(app.leave(), Some(Leave::Quit));
}

#[test]
fn a_broken_source_leaves_what_was_stored() {
    let mut app = app(Options::default(), 120, 40);
    app.message(Message::Failed("The tracer was killed.".into()));
    shows(&app, "The tracer was killed.");
    press(&mut app, "Esc Home");
    shows(&app, "execve(\"/usr/bin/python3\"");
    press(&mut app, "q");
    assert_eq!(app.leave(), Some(Leave::Quit));
}

#[test]
fn the_program_is_told_the_size_of_its_pane() {
    let mut app = app(Options::default(), 120, 40);
    let (rows, cols) = sysview::tui::program_size(120, 40);
    assert_eq!(app.outbox().drain(), [Command::Resize { rows, cols }]);
    press(&mut app, "Tab Tab");
    assert_eq!(app.outbox().drain(), [], "going from pane to pane changes no size");
    press(&mut app, "z t");
    assert_eq!(app.outbox().drain(), [Command::Resize { rows: 35, cols: 118 }]);
}

#[test]
fn keys_go_to_the_program_until_the_escape_key() {
    let mut app = app(Options::default(), 120, 40);
    app.outbox().drain();
    press(&mut app, "t l s Enter q");
    assert_eq!(app.outbox().drain(), [Command::Input(b"ls\rq".to_vec())]);
    press(&mut app, "Ctrl-] z");
    assert_eq!(app.outbox().drain(), []);
    press(&mut app, "z t Ctrl-5 Ctrl-] x");
    assert_eq!(app.outbox().drain(), [Command::Input(b"\x1dx".to_vec())], "twice sends it and goes on typing");
}

#[test]
fn shift_and_page_up_scroll_back_while_one_types() {
    let mut app = app(Options::default(), 120, 40);
    app.message(Message::Output((0..100).flat_map(|i| format!("line {i}\r\n").into_bytes()).collect()));
    press(&mut app, "t");
    lacks(&app, "line 70");
    app.key(KeyEvent::new(KeyCode::PageUp, KeyModifiers::SHIFT));
    app.key(KeyEvent::new(KeyCode::PageUp, KeyModifiers::SHIFT));
    shows(&app, "line 70");
    app.outbox().drain();
    press(&mut app, "x");
    assert_eq!(app.outbox().drain(), [Command::Input(b"x".to_vec())]);
    lacks(&app, "line 70");
}

#[test]
fn enter_on_a_call_narrows_the_trace_and_escape_widens_it() {
    let mut app = app(Options::default(), 120, 40);
    press(&mut app, "Tab 1 Down Enter");
    shows(&app, "filter: openat");
    press(&mut app, "Esc");
    lacks(&app, "filter: openat");
}

#[test]
fn a_typed_filter_narrows_and_a_wrong_one_says_where() {
    let mut app = app(docker(), 120, 40);
    press(&mut app, "/");
    app.paste("openat err");
    insta::assert_snapshot!("filter", print::text(&app, 80, 24));
    press(&mut app, "Enter");
    shows(&app, "9 of 70 rows, filter: openat err");
    press(&mut app, "/ Ctrl-u");
    app.paste("blocked");
    press(&mut app, "Enter");
    shows(&app, "2 of 70 rows, filter: blocked");
    press(&mut app, "/ Ctrl-u");
    app.paste("err=");
    press(&mut app, "Enter");
    shows(&app, "^ ");
    press(&mut app, "Ctrl-u Enter");
    shows(&app, "70 rows");
}

#[test]
fn a_narrowed_trace_grows_with_the_program() {
    let mut app = app(Options::default(), 120, 40);
    press(&mut app, "Tab 1 Down Enter");
    shows(&app, "25 of 70 rows");
    let mut more = scene::Recorder::new();
    more.after(9_000).enter(0, 257, [3, 0, 0, 0, 0, 0], &[]);
    app.message(more.take());
    shows(&app, "26 of 71 rows");
}

#[test]
fn a_frozen_view_stands_still_while_the_program_runs() {
    let mut app = app(Options::default(), 120, 40);
    press(&mut app, "Space");
    let mut more = scene::Recorder::new();
    for _ in 0..50 {
        more.after(10).enter(0, 39, [0; 6], &[]);
    }
    app.message(more.take());
    shows(&app, "frozen, 50 new");
    lacks(&app, "getpid(");
    press(&mut app, "Space");
    shows(&app, "getpid(");
}

#[test]
fn an_unfinished_call_is_completed_in_place() {
    let mut app = app(Options::default(), 120, 40);
    shows(&app, "<unfinished ...>");
    let mut more = scene::Recorder::new();
    more.after(5_000).exit(0, sysview::model::Outcome::Returned(3), &[(0x9200, b"ls\n")]);
    app.message(more.take());
    lacks(&app, "<unfinished ...>");
    shows(&app, "read(0, \"ls\\n\", 1024)");
}

#[test]
fn the_call_pane_explains_a_failed_call() {
    let mut app = app(docker(), 120, 40);
    app.paste("ignored without a popup");
    press(&mut app, "Home Down Down Down Down Enter z");
    insta::assert_snapshot!("call", print::text(&app, 100, 30));
    shows(&app, "/etc/ld.so.preload");
    shows(&app, "libc.so.6+0x123456 in /usr/lib/x86_64-linux-gnu/libc.so.6");
}

#[test]
fn the_mouse_focuses_selects_and_scrolls() {
    let mut app = app(Options::default(), 120, 40);
    let mut mouse = |kind, column, row| app.mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
    mouse(MouseEventKind::Down(MouseButton::Left), 90, 5);
    mouse(MouseEventKind::ScrollUp, 10, 10);
    shows(&app, "●Histogram");
    lacks(&app, "following");
    let mut mouse = |kind, column, row| app.mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
    mouse(MouseEventKind::Down(MouseButton::Left), 90, 5);
    press(&mut app, "Enter");
    shows(&app, "filter: execve");
    let mut mouse = |kind, column, row| app.mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
    mouse(MouseEventKind::Down(MouseButton::Left), 106, 3);
    shows(&app, "sort: errors");
}

#[test]
fn the_overlay_marks_and_counts_and_goes_away() {
    let mut app = app(docker(), 120, 40);
    shows(&app, "seccomp: docker-default, 2 would be blocked");
    press(&mut app, "x");
    shows(&app, "X!");
    shows(&app, "ERRNO EPERM unshare(");
    shows(&app, "the real run would have gone another way from here");
    press(&mut app, "s");
    lacks(&app, "ERRNO EPERM unshare(");
    shows(&app, "seccomp: docker-default, off");
}

#[test]
fn without_a_profile_the_key_offers_some() {
    let mut app = app(Options::default(), 120, 40);
    press(&mut app, "s");
    shows(&app, "docker-default");
    press(&mut app, "/ n o n e Enter");
    shows(&app, "/none: No such file or directory");
    press(&mut app, "Esc s Enter");
    shows(&app, "2 would be blocked");
}

#[test]
fn help_names_every_action() {
    let mut app = App::new(Options::default());
    app.resize(120, 200);
    press(&mut app, "?");
    let screen = print::text(&app, 120, 200);
    for action in sysview::tui::actions() {
        let start: String = action.help.chars().take(30).collect();
        assert!(screen.contains(&start), "{start:?} is missing");
    }
    insta::assert_snapshot!("help", screen);
}

#[test]
fn nothing_of_the_program_reaches_the_screen_unescaped() {
    let mut app = App::new(Options::default());
    app.resize(120, 40);
    app.message(scene::started(true));
    let mut r = scene::Recorder::new();
    r.task(0, 7, None, sysview::model::Origin::Launch, "evil\x1b[2J");
    r.enter(0, scene::READ, [0; 6], &[]).exit(0, sysview::model::Outcome::Returned(4), &[(0, b"\x1b]0;")]);
    app.message(r.take());
    let buffer = print::buffer(&app, 120, 40);
    assert!(buffer.content().iter().all(|cell| !cell.symbol().chars().any(char::is_control)));
    shows(&app, "evil\\33[2J");
}
