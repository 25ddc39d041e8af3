//! Holding, stepping, and what is said of tasks that wait.

use crate::*;
use sysview::model::TaskId;
use sysview::source::{At, Held, Why};

/// A message about holding, for whoever has no plan.
pub fn anything(task: u32, which: u64) -> Message {
    match which {
        0 | 1 => Message::Released(TaskId(task)),
        2 => held(task, At::Exit, Why::Stepped),
        3 => held(task, At::Between, Why::Asked),
        4 => held(task, At::Entry, Why::Caught { id: 1, hits: 3 }),
        _ => held(task, At::Entry, Why::Asked),
    }
}

pub fn held(task: u32, at: At, why: Why) -> Message {
    Message::Held(Held { task: TaskId(task), at, why })
}

/// The shell is about to make a call, or another one, and is held there.
pub fn held_at_entry(app: &mut App, why: Why) {
    let path: &[(u64, &[u8])] = &[(0x2000, b"/etc/hosts\0")];
    let mut more = scene::Recorder::new();
    more.after(20_000).exit(0, Outcome::Returned(0), &[]);
    more.after(50).enter(0, scene::OPENAT, [scene::AT_FDCWD, 0x2000, 0, 0, 0, 0], path);
    app.message(more.take());
    app.message(held(0, At::Entry, why));
}

/// It is let go, and held again when the call is over.
fn held_at_exit(app: &mut App) {
    app.message(Message::Released(TaskId(0)));
    let mut more = scene::Recorder::new();
    more.after(9_000_000).exit(0, Outcome::Returned(3), &[]);
    app.message(more.take());
    app.message(held(0, At::Exit, Why::Stepped));
}

#[test]
fn one_key_holds_and_lets_go_on() {
    let mut app = app(docker(), 120, 40);
    app.outbox().drain();
    press(&mut app, "P");
    assert_eq!(app.outbox().drain(), [Command::Hold]);
    shows(&app, "‖ held 0 of 1");
    shows(&app, "a task that is in a call will be held when it comes back");
    shows(&app, "P go on");
    held_at_entry(&mut app, Why::Asked);
    shows(&app, "‖ held 1 of 1");
    press(&mut app, "P");
    assert_eq!(app.outbox().drain(), [Command::Resume]);
    app.message(Message::Released(TaskId(0)));
    lacks(&app, "‖ held");
    lacks(&app, "P go on");
}

#[test]
fn a_task_that_waits_is_seen_in_every_pane() {
    for (cols, rows) in [(80, 24), (120, 40)] {
        let mut app = app(docker(), cols, rows);
        press(&mut app, "P");
        held_at_entry(&mut app, Why::Asked);
        press(&mut app, "Enter");
        insta::assert_snapshot!(format!("held_entry_{cols}x{rows}"), print::styled(&app, cols, rows));
        press(&mut app, ".");
        held_at_exit(&mut app);
        insta::assert_snapshot!(format!("held_exit_{cols}x{rows}"), print::text(&app, cols, rows));
    }
    let mut app = app(Options { colour: false, ..docker() }, 80, 24);
    held_at_entry(&mut app, Why::Asked);
    insta::assert_snapshot!("held_no_color", print::styled(&app, 80, 24));
}

#[test]
fn the_selection_follows_the_task_that_is_stepped() {
    let mut app = app(docker(), 120, 40);
    app.outbox().drain();
    press(&mut app, "End Up Up .");
    assert_eq!(app.outbox().drain(), [], "the task of the selected row is no more");
    shows(&app, "python3 4313 has ended; select a row of a task that lives.");
    press(&mut app, "End .");
    assert_eq!(app.outbox().drain(), [Command::Step(TaskId(0))]);
    shows(&app, "python3 4312 will be held when its read comes back");
    let mut more = scene::Recorder::new();
    more.task(2, 4_400, Some(0), Origin::Fork, "other");
    for _ in 0..50 {
        more.after(10).enter(2, 39, [0; 6], &[]).exit(2, Outcome::Returned(4_400), &[]);
    }
    app.message(more.take());
    held_at_entry(&mut app, Why::Stepped);
    shows(&app, ">  121");
    press(&mut app, "Enter z");
    shows(&app, "held at entry, about to call: these registers, and the kernel has not seen them yet");
    press(&mut app, ".");
    held_at_exit(&mut app);
    shows(&app, "held at exit: the result is in the register, and the program has not seen it yet");
    assert_eq!(app.outbox().drain().last(), Some(&Command::Step(TaskId(0))));
}

#[test]
fn a_step_that_waits_for_its_task_can_be_taken_back() {
    let mut app = app(docker(), 120, 40);
    app.outbox().drain();
    press(&mut app, ".");
    shows(&app, "‖ held 0 of 1");
    press(&mut app, "P");
    assert_eq!(app.outbox().drain(), [Command::Resume]);
    lacks(&app, "‖ held");
    press(&mut app, ".");
    let mut more = scene::Recorder::new();
    more.event(0, sysview::model::EventKind::TaskEnd(sysview::model::TaskEnd::Exited { status: 0 }));
    app.message(more.take());
    lacks(&app, "‖ held");
}

#[test]
fn whoever_watches_a_task_that_waits_follows_it_when_it_goes_on() {
    for (keys, follows) in [("", true), ("Home", false)] {
        let mut app = app(docker(), 120, 40);
        press(&mut app, ".");
        held_at_entry(&mut app, Why::Stepped);
        lacks(&app, "following");
        press(&mut app, keys);
        press(&mut app, "P");
        assert_eq!(print::text(&app, 120, 40).contains("following"), follows);
    }
}

#[test]
fn a_step_ends_a_frozen_view() {
    let mut app = app(docker(), 120, 40);
    press(&mut app, "Space .");
    held_at_entry(&mut app, Why::Stepped);
    lacks(&app, "frozen");
    shows(&app, "about to call");
}

#[test]
fn a_row_that_the_filter_hides_is_named() {
    let mut app = app(docker(), 120, 40);
    press(&mut app, "/ m m a p Enter");
    held_at_entry(&mut app, Why::Caught { id: 1, hits: 1 });
    app.work(|| false);
    shows(&app, "python3 4312 is held at entry: about to call openat");
    press(&mut app, "H");
    shows(&app, "is hidden by the filter; Esc shows every row.");
}

#[test]
fn a_catch_does_not_take_the_user_from_another_that_waits() {
    let mut app = app(docker(), 120, 40);
    press(&mut app, "P");
    held_at_entry(&mut app, Why::Asked);
    let mut more = scene::Recorder::new();
    more.task(2, 4_400, Some(0), Origin::Fork, "other").after(10).enter(2, 39, [0; 6], &[]);
    app.message(more.take());
    press(&mut app, "H");
    app.message(held(2, At::Entry, Why::Caught { id: 1, hits: 1 }));
    shows(&app, "python3 4312 is held at entry: about to call openat");
    press(&mut app, "H");
    shows(&app, "other 4400 is held at entry: about to call getpid");
    press(&mut app, "H");
    shows(&app, "python3 4312 is held at entry: about to call openat");
    app.message(Message::Released(TaskId(0)));
    shows(&app, "1 task is held; H goes there");
    let mut more = scene::Recorder::new();
    more.event(2, sysview::model::EventKind::TaskEnd(sysview::model::TaskEnd::Killed { signal: 9, core: false }));
    app.message(more.take());
    lacks(&app, "is held");
}

#[test]
fn the_time_of_a_call_that_was_held_is_not_told_as_its_own() {
    let mut app = app(docker(), 140, 40);
    let total = |app: &App| app.session().histogram.total_ns();
    let before = total(&app);
    held_at_entry(&mut app, Why::Asked);
    let waited = total(&app);
    assert!(waited > before, "the read came back before it was held");
    held_at_exit(&mut app);
    assert_eq!(total(&app), waited, "the openat has no time");
    press(&mut app, "t");
    assert!(print::text(&app, 140, 40).contains("held; Ctrl-] leaves"));
    press(&mut app, "Ctrl-]");
    press(&mut app, "Enter z");
    let screen = print::text(&app, 140, 40);
    assert!(
        screen.contains("not known: of the 8.97 s from its entry to its exit you held it at its entry"),
        "{screen}"
    );
    press(&mut app, "Enter");
    app.resize(160, 40);
    let screen = print::text(&app, 160, 40);
    assert!(
        screen.lines().any(|line| line.contains("openat") && line.trim_end_matches(['│', ' ']).ends_with(" held")),
        "{screen}"
    );
}

#[test]
fn a_call_that_was_only_ever_held_has_no_times_in_the_histogram() {
    let mut app = app(Options::default(), 120, 40);
    let mut more = scene::Recorder::new();
    more.after(20_000).exit(0, Outcome::Returned(0), &[]).after(5).enter(0, 39, [0; 6], &[]);
    app.message(more.take());
    app.message(held(0, At::Entry, Why::Asked));
    app.message(Message::Released(TaskId(0)));
    more.after(9_000_000).exit(0, Outcome::Returned(4_312), &[]);
    app.message(more.take());
    press(&mut app, "Tab z Down End");
    let screen = print::text(&app, 120, 40);
    let line = screen.lines().find(|line| line.contains("│getpid")).unwrap_or_else(|| panic!("{screen}"));
    assert!(line.contains(" 1     0      -      -      -"), "{line}");
    shows(&app, "sysview made each of them wait: no times");
}

#[test]
fn what_took_its_time_while_others_were_held_says_so() {
    let mut app = app(docker(), 120, 40);
    let mut more = scene::Recorder::new();
    more.task(2, 4_400, Some(0), Origin::Fork, "other").after(10).enter(2, scene::READ, [0; 6], &[]);
    app.message(more.take());
    held_at_entry(&mut app, Why::Asked);
    app.message(Message::Released(TaskId(0)));
    more.after(3_000_000).exit(0, Outcome::Returned(3), &[]).after(5).exit(2, Outcome::Returned(0), &[]);
    app.message(more.take());
    press(&mut app, "End Up Enter z");
    shows(&app, "3.00 s under the tracer; tasks were held meanwhile, which it may have waited for");
}

#[test]
fn a_recording_cannot_be_held() {
    let mut app = App::new(Options::default());
    app.message(scene::started(false));
    app.message(scene::run());
    press(&mut app, "P . H");
    assert_eq!(app.outbox().drain(), []);
    lacks(&app, "hold");
}

#[test]
fn nothing_is_held_after_the_end() {
    for last in [Message::Ended(End::Exited(0)), Message::Detached, Message::Failed("It broke.".into())] {
        let mut app = app(docker(), 120, 40);
        press(&mut app, "P");
        held_at_entry(&mut app, Why::Asked);
        app.message(last);
        lacks(&app, "‖ held");
        lacks(&app, "is held");
    }
}
