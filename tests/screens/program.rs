//! The running program: typing to it, its terminal's size, leaving it, its end.

use crate::*;
use sysview::model::{EventKind, NewTask, Signal, SignalDetail, TaskEnd};

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

/// A shell that is left with a job in the background: the job is still traced.
#[test]
fn what_outlives_the_program_is_told_apart_from_it() {
    let mut app = app(Options::default(), 120, 40);
    let mut more = scene::Recorder::new();
    more.after(9_000).task(2, 4_400, Some(0), Origin::Fork, "sleep").after(10).task(
        3,
        4_401,
        Some(2),
        Origin::Fork,
        "sleep",
    );
    app.message(more.take());
    shows(&app, " live ");
    more.after(10).event(0, EventKind::TaskEnd(TaskEnd::Exited { status: 4 }));
    app.message(more.take());
    shows(&app, " exited 4, 2 tasks run on ");
    press(&mut app, "q");
    shows(&app, "The program itself is over (exited 4), but 2 tasks run on.");
    more.after(10).event(3, EventKind::TaskEnd(TaskEnd::Exited { status: 0 }));
    app.message(more.take());
    shows(&app, "but 1 task runs on.");
    shows(&app, "k  kill: Kill what still runs and leave.");
    shows(&app, "h  hand over: Stop tracing and leave; what still runs goes on by itself.");
    more.after(10).event(2, EventKind::TaskEnd(TaskEnd::Exited { status: 0 }));
    app.message(more.take());
    app.message(Message::Ended(End::Exited(4)));
    shows(&app, " ended (4) ");
}

/// The process is over only with its last thread.
#[test]
fn a_thread_is_the_program_too() {
    let mut app = app(Options::default(), 120, 40);
    let mut more = scene::Recorder::new();
    let thread = NewTask {
        tid: 4_400,
        tgid: 4_312,
        parent: None,
        origin: Origin::Thread,
        comm: b"work".to_vec(),
        ns: Default::default(),
        image: None,
    };
    more.after(9_000).event(2, EventKind::NewTask(Box::new(thread)));
    more.after(10).event(0, EventKind::TaskEnd(TaskEnd::Exited { status: 0 }));
    app.message(more.take());
    shows(&app, " live ");
}

#[test]
fn a_stopped_program_is_called_so_until_it_goes_on() {
    let mut app = app(Options::default(), 120, 40);
    let mut more = scene::Recorder::new();
    more.after(9_000).event(0, EventKind::GroupStop { signal: 19 });
    app.message(more.take());
    shows(&app, " stopped ");
    press(&mut app, "q");
    shows(&app, "The program is stopped.");
    more.after(10).event(0, EventKind::Signal(Signal { number: 18, code: 0, errno: 0, detail: SignalDetail::None }));
    app.message(more.take());
    shows(&app, " live ");
}

#[test]
fn a_broken_source_leaves_what_was_stored() {
    let mut app = app(Options::default(), 120, 40);
    let sentence = "The tracer stopped working (index out of bounds: the len is 4 but the index is 7 at src/capture/tasks.rs:88); \
        the program was let go and runs on untraced.";
    app.message(Message::Failed(sentence.into()));
    shows(&app, "The tracer stopped working");
    insta::assert_snapshot!("failure", print::text(&app, 80, 24));
    press(&mut app, "Esc Home");
    shows(&app, "execve(\"/usr/bin/python3\"");
    press(&mut app, "q");
    assert_eq!(app.leave(), Some(Leave::Quit));
}

#[test]
fn the_program_is_told_the_size_of_its_pane() {
    let mut app = app(Options::default(), 120, 40);
    let (rows, cols) = sysview::tui::program_size(120, 40, &Options::default());
    assert_eq!(app.outbox().drain(), [Command::Resize { rows, cols }]);
    press(&mut app, "Tab Tab");
    assert_eq!(app.outbox().drain(), [], "going from pane to pane changes no size");
    press(&mut app, "z t");
    assert_eq!(app.outbox().drain(), [Command::Resize { rows: 35, cols: 118 }]);
}

#[test]
fn where_one_pane_fits_beside_the_trace_it_is_the_programs() {
    for (cols, rows) in [(80, 24), (160, 20)] {
        let mut app = app(Options::default(), cols, rows);
        let screen = print::text(&app, cols, rows);
        assert!(screen.contains(" Program ") && screen.contains("$ ./demo.py"), "{screen}");
        assert!(!screen.contains(" Histogram "), "{screen}");
        let (rows_of_program, cols_of_program) = sysview::tui::program_size(cols, rows, &Options::default());
        assert_eq!(app.outbox().drain(), [Command::Resize { rows: rows_of_program, cols: cols_of_program }]);
        for pane in ["●Histogram", "●Processes", "●Files", "●Call", "●Program", "●Trace"] {
            let screen = print::text(&app, cols, rows);
            press(&mut app, if screen.contains("●Program") { "Ctrl-]" } else { "Tab" });
            let screen = print::text(&app, cols, rows);
            assert!(screen.contains(pane), "{pane}:\n{screen}");
        }
        assert_eq!(app.outbox().drain(), [], "going from pane to pane changes no size");
    }
    // There is nobody to type to in a recording.
    let mut app = App::new(Options::default());
    app.message(scene::started(false));
    let screen = print::text(&app, 80, 24);
    assert!(screen.contains(" Histogram ") && !screen.contains(" Program "), "{screen}");
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
