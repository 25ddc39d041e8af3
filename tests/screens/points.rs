//! Catchpoints, changes of calls, and what becomes of a call that is held at its entry.

use std::time::Duration;

use crate::hold::{held, held_at_entry};
use crate::*;
use sysview::model::TaskId;
use sysview::query::Filter;
use sysview::source::{At, Catchpoint, Change, Forced, Tamper, When, Why};
use sysview::tui::catch;

/// Types a text with its spaces.
fn type_text(app: &mut App, text: &str) {
    for c in text.chars() {
        app.key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
    }
}

/// A view whose shell is held at the entry of openat.
fn at_entry(cols: u16, rows: u16) -> App {
    let mut app = app(docker(), cols, rows);
    held_at_entry(&mut app, Why::Asked);
    app.outbox().drain();
    app
}

fn caught(app: &mut App) -> Vec<Catchpoint> {
    match &app.outbox().drain()[..] {
        [Command::Catch(list)] => list.clone(),
        other => panic!("{other:?}"),
    }
}

fn changed(app: &mut App) -> Vec<Tamper> {
    match &app.outbox().drain()[..] {
        [Command::Tamper(list)] => list.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_held_call_can_be_made_to_fail() {
    let mut app = at_entry(120, 40);
    shows(&app, "e answer");
    press(&mut app, "e");
    shows(&app, "What becomes of this openat?");
    shows(&app, "openat(AT_FDCWD, \"/etc/hosts\", O_RDONLY)");
    shows(&app, "openat: runs as it is.");
    type_text(&mut app, "enoe");
    press(&mut app, "Enter");
    shows(&app, "openat: fails with ENOENT (No such file or directory) and is not made.");
    assert_eq!(app.outbox().drain(), [], "nothing is sent before the whole form is taken");
    press(&mut app, "Enter");
    let change = Change { result: Some(Forced::Errno(2)), ..Change::default() };
    assert_eq!(app.outbox().drain(), [Command::Answer(TaskId(0), change)]);
    lacks(&app, "What becomes of");
    shows(&app, "python3 4312 is held at entry of openat: will fail with ENOENT");
    press(&mut app, "Enter z");
    shows(&app, "then      fails with ENOENT (No such file or directory) and is not made");
}

#[test]
fn everything_about_a_held_call_can_be_changed_at_once() {
    let mut app = at_entry(120, 40);
    press(&mut app, "e Tab");
    type_text(&mut app, "term");
    press(&mut app, "Tab");
    type_text(&mut app, "500ms");
    press(&mut app, "Tab Tab");
    type_text(&mut app, "0");
    shows(&app, "openat: waits 500 ms before it begins, returns 0 and is not made, SIGTERM is sent");
    press(&mut app, "Enter");
    let change = Change {
        result: Some(Forced::Value(0)),
        signal: Some(15),
        delay_enter: Some(Duration::from_millis(500)),
        ..Change::default()
    };
    assert_eq!(app.outbox().drain(), [Command::Answer(TaskId(0), change)]);
}

#[test]
fn a_wrong_line_says_so_and_the_form_stays() {
    let mut app = at_entry(120, 40);
    press(&mut app, "e Tab Tab");
    type_text(&mut app, "5");
    press(&mut app, "Enter");
    shows(&app, "5 is no time; write a number and its unit, for example 500ms or 2s.");
    type_text(&mut app, "s");
    lacks(&app, "is no time");
    press(&mut app, "Esc");
    assert_eq!(app.outbox().drain(), []);
    lacks(&app, "What becomes of");
}

#[test]
fn a_call_that_went_on_meanwhile_is_not_changed() {
    let mut app = at_entry(120, 40);
    press(&mut app, "e");
    app.message(Message::Released(TaskId(0)));
    type_text(&mut app, "0");
    press(&mut app, "Enter");
    shows(&app, "The task has gone on meanwhile; nothing was changed.");
    assert_eq!(app.outbox().drain(), []);
    press(&mut app, "e");
    lacks(&app, "What becomes of");
}

#[test]
fn after_the_end_a_form_changes_nothing_and_keeps_what_is_typed_from_the_panes() {
    let mut app = app(docker(), 120, 40);
    app.outbox().drain();
    press(&mut app, "b a");
    type_text(&mut app, "se");
    app.message(Message::Ended(End::Exited(0)));
    type_text(&mut app, "q");
    assert_eq!(app.leave(), None);
    press(&mut app, "Enter");
    shows(&app, "The program is not traced any more, so nothing was changed.");
    assert_eq!(app.outbox().drain(), []);
}

#[test]
fn a_catchpoint_is_typed_completed_and_counts_its_hits() {
    let mut app = app(docker(), 120, 40);
    app.outbox().drain();
    press(&mut app, "b");
    shows(&app, "There is none so far.");
    press(&mut app, "a");
    type_text(&mut app, "opena");
    press(&mut app, "Tab");
    type_text(&mut app, " path:/etc/** err=");
    press(&mut app, "Down Enter Enter");
    lacks(&app, "New catchpoint");
    shows(&app, "> [x] openat path:/etc/** err=");
    shows(&app, "at exit, 0 hits");
    assert!(matches!(caught(&mut app)[..], [Catchpoint { id: 1, at_exit: true, .. }]));
    press(&mut app, "a");
    type_text(&mut app, "unlinkat");
    press(&mut app, "Enter");
    assert_eq!(caught(&mut app).len(), 2);
    app.message(held(0, At::Exit, Why::Caught { id: 1, hits: 1 }));
    shows(&app, "at exit, 1 hit");
    press(&mut app, "Space");
    assert!(matches!(caught(&mut app)[..], [Catchpoint { id: 2, .. }]));
    shows(&app, "> [ ] openat");
    press(&mut app, "Down d");
    assert_eq!(caught(&mut app), []);
    lacks(&app, "unlinkat");
    press(&mut app, "Space Enter");
    assert_eq!(caught(&mut app).len(), 1);
    press(&mut app, "Ctrl-u");
    type_text(&mut app, "close");
    press(&mut app, "Enter");
    assert!(matches!(caught(&mut app)[..], [Catchpoint { id: 3, at_exit: false, .. }]));
    lacks(&app, "openat path");
}

#[test]
fn what_cannot_be_caught_is_told_under_the_line() {
    let mut app = app(Options::default(), 120, 40);
    app.outbox().drain();
    press(&mut app, "b a");
    for (text, words) in [
        ("signal", "A signal is no call"),
        ("read or blocked", "No profile is loaded"),
        ("read (", "^ something is missing"),
        ("", "Say which calls"),
    ] {
        press(&mut app, "Ctrl-u");
        type_text(&mut app, text);
        press(&mut app, "Enter");
        shows(&app, words);
    }
    assert_eq!(app.outbox().drain(), []);
}

#[test]
fn one_key_catches_the_selected_call_and_lets_it_be() {
    let mut app = app(docker(), 120, 40);
    app.outbox().drain();
    press(&mut app, "Home B");
    shows(&app, "Select a call first");
    press(&mut app, "Down B");
    assert_eq!(caught(&mut app).len(), 1);
    shows(&app, "Every task is held at its next execve; b lists what is caught.");
    press(&mut app, "B");
    assert_eq!(caught(&mut app), []);
    shows(&app, "execve is no longer caught");
    press(&mut app, "Tab Down B");
    assert_eq!(caught(&mut app).len(), 1);
    press(&mut app, "b");
    shows(&app, "  [x] openat");
    shows(&app, "> [ ] execve");
}

#[test]
fn calls_are_changed_by_a_list() {
    let mut app = app(docker(), 120, 40);
    app.outbox().drain();
    press(&mut app, "i a");
    type_text(&mut app, "openat path:/etc/**");
    press(&mut app, "Enter");
    shows(&app, "Say what becomes of these calls: a result, a signal or a delay.");
    type_text(&mut app, "EACCES");
    lacks(&app, "Say what becomes");
    press(&mut app, "Tab Tab Tab Tab");
    type_text(&mut app, "3+");
    shows(&app, "openat path:/etc/**: fails with EACCES (Permission denied) and is not made, from the");
    shows(&app, "3rd time on.");
    press(&mut app, "Enter");
    let change = Change { result: Some(Forced::Errno(13)), ..Change::default() };
    let list = changed(&mut app);
    assert_eq!((list.len(), list[0].change, list[0].when), (1, change, When { first: 3, last: None, step: 1 }));
    shows(&app, "> [x] openat path:/etc/**: fails with EACCES");
    shows(&app, "1 change of calls");
    press(&mut app, "Enter Tab Ctrl-u");
    type_text(&mut app, "0");
    press(&mut app, "Enter");
    assert_eq!(changed(&mut app)[0].change.result, Some(Forced::Value(0)), "the rest is what it was");
    press(&mut app, "Tab");
    shows(&app, "[Catchpoints (0)]");
    press(&mut app, "Tab Space");
    assert_eq!(changed(&mut app), []);
    press(&mut app, "a");
    type_text(&mut app, "read err");
    press(&mut app, "Tab");
    type_text(&mut app, "0");
    press(&mut app, "Enter");
    shows(&app, "what it will give is not known then");
}

/// `-e inject=` and the like: the source has them, so the lists must, or they would be lost with the first change.
#[test]
fn what_the_command_line_gave_stands_in_the_lists() {
    let filter = Filter::parse("openat").expect("a filter");
    let point = catch::catchpoint(7, &filter, None).expect("a catchpoint");
    let change = Change { result: Some(Forced::Errno(2)), ..Change::default() };
    let tamper = Tamper { test: catch::entry_test(&filter, None).expect("a test"), when: When::ALWAYS, change };
    let options = Options {
        catch: vec![("openat".to_owned(), point.clone())],
        tamper: vec![("openat:error=ENOENT".to_owned(), vec![tamper.clone()])],
        ..docker()
    };
    let mut app = app(options, 120, 40);
    app.outbox().drain();
    press(&mut app, "b a");
    type_text(&mut app, "close");
    press(&mut app, "Enter");
    let list = caught(&mut app);
    assert_eq!(list[0], point);
    assert!(list[1].id > 7);
    press(&mut app, "Tab");
    shows(&app, "> [x] openat:error=ENOENT");
    press(&mut app, "Enter");
    shows(&app, "This one comes from the command line");
    press(&mut app, "Space Space");
    assert_eq!(changed(&mut app), [tamper]);
}

#[test]
fn another_profile_makes_blocked_mean_other_calls() {
    let mut app = app(docker(), 120, 40);
    app.outbox().drain();
    press(&mut app, "b a");
    type_text(&mut app, "blocked");
    press(&mut app, "Enter");
    let before = caught(&mut app);
    press(&mut app, "Esc S Enter");
    let after = caught(&mut app);
    assert_eq!((before[0].id, after[0].id), (1, 1));
    assert_ne!(before[0].test, after[0].test, "asked of the new profile");
}

#[test]
fn every_list_and_form_at_two_sizes() {
    for (cols, rows) in [(80, 24), (120, 40)] {
        let picture = |keys: &[&str], name: &str| {
            let mut app = at_entry(cols, rows);
            for keys in keys {
                match keys.strip_prefix('"') {
                    Some(text) => type_text(&mut app, text),
                    None => press(&mut app, keys),
                }
            }
            insta::assert_snapshot!(format!("{name}_{cols}x{rows}"), print::text(&app, cols, rows));
        };
        picture(&["e", "\"EA", "Down"], "answer");
        picture(&["b a", "\"openat path:/etc/** er"], "catch_form");
        picture(&["B b a", "\"%network err", "Enter", "Space"], "catch_list");
        picture(&["i a", "\"openat", "Tab", "\"ENOENT", "Tab Tab Tab Tab", "\"3+"], "tamper_form");
        picture(&["i a", "\"openat", "Tab", "\"ENOENT", "Enter"], "tamper_list");
    }
    let mut app = App::new(Options { colour: false, ..docker() });
    app.message(scene::started(true));
    app.message(scene::run());
    held_at_entry(&mut app, Why::Asked);
    press(&mut app, "e Down");
    insta::assert_snapshot!("answer_no_color", print::styled(&app, 80, 24));
}
