//! Choosing processes to attach to; sessions that are attached; leaving them.

use crate::*;
use sysview::model::{EventKind, TaskEnd};
use sysview::source::ProcessInfo;

fn process(pid: i32, user: &str, command: &str) -> ProcessInfo {
    ProcessInfo {
        pid,
        comm: b"comm".to_vec(),
        argv: command.split_whitespace().map(|arg| arg.as_bytes().to_vec()).collect(),
        user: user.into(),
        state: 'S',
        threads: 1,
        container: None,
        inner_pid: None,
        hindrance: None,
    }
}

/// What `ps` would show on a small machine.
fn processes() -> Vec<ProcessInfo> {
    let container = Some("3f2a91c4d8e07b55aa".to_owned());
    let hindrance =
        Some("gdb (process 900) traces it already, and a process has one tracer only; end that one first".to_owned());
    vec![
        process(1, "root", "/sbin/init"),
        process(2, "root", ""),
        process(640, "www-data", "nginx: worker process"),
        ProcessInfo {
            container,
            inner_pid: Some(7),
            threads: 12,
            ..process(812, "postgres", "postgres -D /var/lib/data")
        },
        ProcessInfo { hindrance, state: 't', ..process(901, "ada", "./crashes --a\x1b[2Jlot") },
        process(4_312, "ada", "python3 demo.py"),
    ]
}

pub fn options() -> Options {
    Options { processes: Some(processes), ..docker() }
}

#[test]
fn processes_are_searched_marked_and_attached_to() {
    let mut app = app(options(), 120, 40);
    app.outbox().drain();
    press(&mut app, "A");
    shows(&app, "> ");
    press(&mut app, "Enter");
    assert_eq!(app.outbox().drain(), [Command::Attach(vec![1])]);
    shows(&app, "Attaching to process 1.");
    press(&mut app, "A n g i n x Space Ctrl-u p o s t Space");
    shows(&app, "2 processes are marked.");
    press(&mut app, "Enter");
    assert_eq!(app.outbox().drain(), [Command::Attach(vec![640, 812])]);
}

#[test]
fn what_cannot_be_attached_to_is_told_before_one_tries() {
    let mut app = app(options(), 120, 40);
    app.outbox().drain();
    press(&mut app, "A c r a s h");
    shows(&app, "It cannot be attached to: gdb (process 900) traces it already");
    press(&mut app, "Enter");
    shows(&app, "901 cannot be attached to: gdb (process 900)");
    shows(&app, "./crashes --a\\x1b[2Jlot");
    press(&mut app, "Ctrl-u d e m o Space");
    shows(&app, "4312 cannot be attached to: sysview traces it already.");
    press(&mut app, "x x");
    shows(&app, "No process fits what is typed.");
    press(&mut app, "Enter Esc");
    assert_eq!(app.outbox().drain(), []);
}

#[test]
fn a_source_that_cannot_attach_offers_nothing() {
    let mut app = app(docker(), 120, 40);
    press(&mut app, "A");
    lacks(&app, "Which process?");
}

#[test]
fn the_picker_at_two_sizes() {
    for (cols, rows) in [(80, 24), (120, 40)] {
        let mut app = app(options(), cols, rows);
        press(&mut app, "A Down Space Down");
        insta::assert_snapshot!(format!("picker_{cols}x{rows}"), print::text(&app, cols, rows));
    }
    let mut app = app(Options { colour: false, ..options() }, 80, 24);
    press(&mut app, "A Down Space Down");
    insta::assert_snapshot!("picker_no_color", print::styled(&app, 80, 24));
}

/// A view of two processes that were attached to, one of which has a child.
fn attached(cols: u16, rows: u16) -> App {
    let mut app = App::new(options());
    app.resize(cols, rows);
    app.message(scene::started_as(true, |started| {
        (started.attached, started.has_terminal) = (true, false);
        started.argv = vec![b"nginx".to_vec()];
    }));
    let mut r = scene::Recorder::new();
    r.task(0, 640, None, Origin::Attach, "nginx").task(1, 641, None, Origin::Attach, "nginx");
    r.after(10).task(2, 700, Some(1), Origin::Fork, "nginx").after(10).enter(0, scene::READ, [0; 6], &[]);
    app.message(r.take());
    app.outbox().drain();
    app
}

#[test]
fn leaving_what_was_attached_to_asks_nothing_and_lets_it_run() {
    let mut app = attached(120, 40);
    shows(&app, " nginx  attached ");
    press(&mut app, "q");
    assert_eq!(app.outbox().drain(), [Command::Detach]);
    assert_eq!(app.leave(), None, "not before it is let go");
    lacks(&app, "Leave?");
    app.message(Message::Detached);
    assert_eq!(app.leave(), Some(Leave::Quit), "there is no terminal to hand over");
}

#[test]
fn a_source_that_does_not_let_go_keeps_nobody() {
    let mut app = attached(80, 24);
    press(&mut app, "q");
    app.tick(2_900);
    assert_eq!(app.leave(), None);
    app.tick(3_100);
    assert_eq!(app.leave(), Some(Leave::Quit));
}

#[test]
fn a_launched_program_is_asked_about_and_the_attached_are_named() {
    let mut app = app(options(), 120, 40);
    let mut more = scene::Recorder::new();
    more.after(9_000).task(2, 640, None, Origin::Attach, "nginx");
    app.message(more.take());
    app.outbox().drain();
    press(&mut app, "q");
    shows(&app, "The process that was attached to is let go in both cases and runs on.");
    more.after(10).task(3, 641, Some(2), Origin::Fork, "nginx");
    app.message(more.take());
    shows(&app, "The 2 attached processes are let go in both cases and run on.");
    insta::assert_snapshot!("quit_mixed", print::text(&app, 80, 24));
    press(&mut app, "k");
    assert_eq!(app.outbox().drain(), [Command::Kill]);
}

#[test]
fn when_only_the_attached_live_nothing_is_asked() {
    let mut app = app(options(), 120, 40);
    let mut more = scene::Recorder::new();
    more.after(9_000).task(2, 640, None, Origin::Attach, "nginx");
    more.after(10).event(0, EventKind::TaskEnd(TaskEnd::Exited { status: 0 }));
    app.message(more.take());
    app.outbox().drain();
    press(&mut app, "q");
    assert_eq!(app.outbox().drain(), [Command::Detach]);
}

#[test]
fn a_session_of_some_calls_says_which_and_can_be_handed_over() {
    let mut app = App::new(Options::default());
    app.resize(120, 40);
    app.message(scene::started_as(true, |started| started.only = Some("openat,%net".into())));
    app.message(scene::run());
    app.outbox().drain();
    shows(&app, " only: openat,%net ");
    for width in [40, 80] {
        app.resize(width, 24);
        assert!(print::text(&app, width, 24).contains("only: openat"), "{}", print::text(&app, width, 24));
    }
    press(&mut app, "b a");
    shows(&app, "Other calls than openat,%net do not stop in this session.");
    press(&mut app, "Esc Esc q h");
    assert_eq!(app.outbox().drain().last(), Some(&Command::Detach));
    app.message(Message::Detached);
    assert_eq!(app.leave(), Some(Leave::HandOver));
}

#[test]
fn without_a_source_the_picker_is_all_there_is() {
    for (keys, picked) in
        [("Esc", None), ("n g i n x Enter", Some(vec![640])), ("Down Space Space Enter", Some(vec![640, 812]))]
    {
        let mut app = App::picking(options());
        app.resize(80, 24);
        let screen = print::text(&app, 80, 24);
        assert!(screen.contains("To start a program instead: sysview -- COMMAND"), "{screen}");
        press(&mut app, keys);
        assert_eq!((app.leave(), app.picked()), (Some(Leave::Quit), picked.as_deref()), "{keys}");
        assert_eq!(app.outbox().drain(), []);
    }
    let mut app = App::picking(options());
    press(&mut app, "c r a s h Enter");
    assert_eq!((app.leave(), app.picked()), (None, None), "what cannot be attached to is no choice");
}
