//! What the screen looks like and what keys do to it, over a made-up run: state, keys, state; no terminal, no clock.

#[path = "screens/attach.rs"]
mod attach;
#[path = "screens/export.rs"]
mod export;
#[path = "screens/habits.rs"]
mod habits;
#[path = "screens/histogram.rs"]
mod histogram;
#[path = "screens/hold.rs"]
mod hold;
#[path = "screens/judging.rs"]
mod judging;
#[path = "screens/panes.rs"]
mod panes;
#[path = "screens/patterns.rs"]
mod patterns;
#[path = "screens/points.rs"]
mod points;
#[path = "screens/print.rs"]
mod print;
#[path = "screens/profiles.rs"]
mod profiles;
#[path = "screens/program.rs"]
mod program;
#[path = "screens/recording.rs"]
mod recording;
#[path = "screens/remarks.rs"]
mod remarks;
#[path = "screens/rows.rs"]
mod rows;
#[path = "screens/scene.rs"]
mod scene;
#[path = "screens/tabs.rs"]
mod tabs;
#[path = "screens/times.rs"]
mod times;
#[path = "screens/tour.rs"]
mod tour;
#[path = "screens/trace.rs"]
mod trace;
#[path = "screens/vdso.rs"]
mod vdso;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use sysview::model::{Origin, Outcome};
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
    Options { profiles: policy::builtin("docker-default").into_iter().collect(), ..Options::default() }
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
            "F2" | "F3" | "F4" | "F5" | "F6" | "F7" => KeyCode::F(key.as_bytes()[1] - b'0'),
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

/// Times of minutes and thousands of errors leave a space between their columns.
#[test]
fn large_numbers_stay_apart() {
    for (cols, rows, keys) in [(120, 40, ""), (80, 24, "Tab"), (120, 40, "Tab z"), (80, 24, "Tab z")] {
        let mut app = app(docker(), cols, rows);
        let mut more = scene::Recorder::new();
        for _ in 0..1_200 {
            more.after(1).enter(0, scene::READ, [0; 6], &[]).after(39_200).exit(0, Outcome::Failed(4), &[]);
        }
        app.message(more.take());
        press(&mut app, keys);
        let screen = print::text(&app, cols, rows);
        let line = screen.lines().find(|line| line.contains("1,217")).unwrap_or_else(|| panic!("{screen}"));
        let (_, numbers) = line.split_once("1,217").unwrap();
        let wanted = [" 1,200 ", " 0 ", " 47.0 s "];
        for wanted in wanted.iter().filter(|_| !keys.is_empty()) {
            assert!(numbers.contains(wanted), "{wanted:?} in {line}");
        }
        assert!(numbers.contains(" 47.0 s"), "{line}");
    }
}

#[test]
fn without_colours() {
    let app = app(Options { colour: false, ..docker() }, 120, 40);
    insta::assert_snapshot!("run_no_color", print::styled(&app, 120, 40));
}

#[test]
fn a_narrow_key_bar_keeps_what_matters_most() {
    let bar = |cols: u16, keys: &str| {
        let mut app = app(docker(), cols, 24);
        press(&mut app, keys);
        print::text(&app, cols, 24).lines().last().unwrap().to_owned()
    };
    for keys in ["", "Tab", "F6", "Tab 1 Down Enter"] {
        for wanted in ["? help", "q quit", "/ filter", "s seccomp", "t terminal", "L tours"] {
            assert!(bar(80, keys).contains(wanted), "{wanted} after {keys:?}: {}", bar(80, keys));
        }
    }
    assert!(bar(80, "Tab 1 Down Enter").contains("Esc all rows"));
    assert_eq!(bar(16, ""), " ? help  q quit");
    assert!(bar(140, "").contains("v vDSO") && bar(140, "").contains("z zoom"), "{}", bar(140, ""));
}

#[test]
fn every_small_size_is_drawn_with_every_popup() {
    // Every size for the panes; with popups on top, steps that still meet every edge.
    let cases = [
        ("", 1),
        ("Tab", 1),
        ("F6", 3),
        ("Enter 2", 1),
        ("Enter 3", 2),
        ("p Down", 1),
        ("f a Down", 1),
        ("t", 3),
        ("?", 3),
        ("q", 3),
        ("s", 3),
        ("v", 3),
        ("/", 3),
        ("z", 3),
        ("L Enter", 1),
        ("L", 3),
        ("b", 3),
        ("b a o", 3),
        ("i", 3),
        ("A", 3),
        ("i a o Tab E", 3),
        ("O", 1),
        ("F3 d d d h h", 1),
        ("f e r r Enter", 3),
        ("C", 3),
        ("m M", 3),
    ];
    for (keys, step) in cases {
        let mut app = app(attach::options(), 80, 24);
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

/// Keys, mouse, sizes and events in an order that nobody planned: nothing panics, and every frame can be drawn.
#[test]
fn whatever_happens_every_frame_can_be_drawn() {
    const KEYS: &str = "L + - [ ] ? / s S c v t P . H e b B i a d A Space Tab z Up Down PgUp Home End Left Right F Enter n N x o < 3 7 O o \\ J K d ) ( i m M ' ` | W C r Esc Esc Ctrl-] \
                        e r Ctrl-l Ctrl-u Ctrl-c Esc p f _ F2 F3 F4 F5 F6 F7 p a J K r f a r > 1 5 F6 2 3 4 5 6 m > < F3 h d h d";
    let keys: Vec<&str> = KEYS.split_whitespace().collect();
    let mut app = app(attach::options(), 80, 24);
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let (mut cols, mut rows) = (80, 24);
    let mut source = scene::Recorder::new();
    for step in 0..4_000u64 {
        match next(14) {
            0 => {
                (cols, rows) = (next(130) as u16, next(50) as u16);
                app.resize(cols, rows);
            }
            1 => {
                let (column, row) = (next(130) as u16, next(50) as u16);
                let kinds =
                    [MouseEventKind::Down(MouseButton::Left), MouseEventKind::ScrollUp, MouseEventKind::ScrollDown];
                let kind = kinds[next(3) as usize];
                app.mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
            }
            2 => {
                source.after(next(500)).enter(next(2) as u32, next(450), [next(5), 0x9000, 4, 0, 0, 0], &[]);
                app.message(source.take());
            }
            3 => {
                source.after(next(500)).exit(next(2) as u32, Outcome::Failed(next(140) as u16), &[]);
                app.message(source.take());
            }
            4 => app.tick(8_000 + step * 33),
            5 => app.message(Message::Output(vec![next(256) as u8; 7])),
            6 => app.message(hold::anything(next(3) as u32, next(6))),
            _ => press(&mut app, keys[next(keys.len() as u64) as usize]),
        }
        print::buffer(&app, cols, rows);
        app.cursor();
        assert_eq!(app.leave(), None, "none of these keys leaves");
    }
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
fn a_socket_that_is_missing_is_explained_by_its_path() {
    let mut app = app(Options::default(), 120, 40);
    let mut more = scene::Recorder::new();
    let address: &[(u64, &[u8])] = &[(0x2000, b"\x01\0/var/run/nscd/socket\0")];
    more.after(10).enter(1, 42, [3, 0x2000, 24, 0, 0, 0], address).after(5).exit(1, Outcome::Failed(2), &[]);
    app.message(more.take());
    press(&mut app, "End Enter z");
    shows(&app, "The C library asks for a cache of users and hosts that most machines do not run. Harmless.");
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
fn borders_move_and_the_program_hears_of_it() {
    let mut app = app(Options::default(), 120, 40);
    app.outbox().drain();
    let before = print::text(&app, 120, 40);
    press(&mut app, "+ ] ]");
    let [Command::Resize { rows, .. }] = app.outbox().drain()[..] else { panic!("one new size") };
    assert_eq!(rows, sysview::tui::program_size(120, 40, &Options::default()).0 - 2);
    assert_ne!(print::text(&app, 120, 40), before);
    press(&mut app, "- [ [");
    assert_eq!(print::text(&app, 120, 40), before);
}

#[test]
fn one_walks_through_rows_in_the_call_pane() {
    let mut app = app(Options::default(), 120, 40);
    press(&mut app, "Home Enter Right Right Right Right");
    shows(&app, "rsi=0x2000");
    press(&mut app, "Left");
    lacks(&app, "rsi=0x2000");
}

#[test]
fn times_say_that_they_were_taken_under_the_tracer() {
    let mut app = app(Options::default(), 120, 40);
    shows(&app, "openat: time under the tracer");
    press(&mut app, "Up Up Up Enter z");
    shows(&app, "took      30 us under the tracer");
}

#[test]
fn help_names_every_action() {
    let mut app = App::new(Options::default());
    app.resize(120, 300);
    press(&mut app, "?");
    let screen = print::text(&app, 120, 300);
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
    r.task(0, 7, None, Origin::Launch, "evil\x1b[2J");
    r.enter(0, scene::READ, [0; 6], &[]).exit(0, Outcome::Returned(4), &[(0, b"\x1b]0;")]);
    app.message(r.take());
    let buffer = print::buffer(&app, 120, 40);
    assert!(buffer.content().iter().all(|cell| !cell.symbol().chars().any(char::is_control)));
    shows(&app, "evil\\33[2J");
}
