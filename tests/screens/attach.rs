//! Choosing processes to attach to; sessions that are attached; leaving them.

use crate::*;
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
