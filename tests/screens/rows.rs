//! Which rows are shown and how they are marked: filters, freezing, completion, the seccomp overlay.

use crate::*;
use sysview::config::Config;
use sysview::model::{EventKind, Exec, Outcome, VdsoState};
use sysview::query::Filter;

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
fn a_filter_is_saved_and_named() {
    let dir = std::env::temp_dir().join(format!("sysview-saved-{}", std::process::id()));
    let config = Config::read(dir.join("config.toml")).expect("none yet");
    let mut app = app(Options { config, ..docker() }, 120, 40);
    press(&mut app, "/");
    app.paste("openat err");
    press(&mut app, "Ctrl-s");
    shows(&app, "Save the filter");
    shows(&app, "@name will stand for openat err");
    app.paste("no name");
    press(&mut app, "Enter");
    shows(&app, "A name has letters");
    press(&mut app, "Ctrl-u");
    app.paste("missing");
    press(&mut app, "Enter");
    shows(&app, "/@missing");
    shows(&app, "rows where the call is openat and the call failed.");
    press(&mut app, "Enter");
    shows(&app, "9 of 70 rows, filter: @missing");
    press(&mut app, "/ Ctrl-u");
    app.paste("!@mis");
    press(&mut app, "Tab Enter");
    shows(&app, "61 of 70 rows, filter: !@missing");
    let saved = std::fs::read_to_string(dir.join("config.toml")).expect("written");
    std::fs::remove_dir_all(&dir).expect("removed");
    assert_eq!(saved, "[filters]\nmissing = 'openat err'\n");
}

#[test]
fn a_filter_can_hold_from_the_start() {
    let filter = Filter::parse("openat err").expect("a filter");
    let app = app(Options { filter: Some((filter, "openat err".into())), ..docker() }, 120, 40);
    shows(&app, "9 of 70 rows, filter: openat err");
}

#[test]
fn a_filter_is_completed_and_a_candidate_is_chosen() {
    let mut app = app(docker(), 120, 40);
    press(&mut app, "/");
    shows(&app, "pid:123  fd:3  path:/etc/**     by process, descriptor, path");
    shows(&app, "Tab complete");
    press(&mut app, "o p e n a Tab");
    app.paste(" err=eno");
    press(&mut app, "Down Enter");
    shows(&app, "/openat err=ENOENT");
    press(&mut app, "Enter");
    shows(&app, "9 of 70 rows, filter: openat err=ENOENT");
    press(&mut app, "/");
    shows(&app, "/openat err=ENOENT");
    press(&mut app, "Ctrl-u Enter");
    shows(&app, "70 rows");
}

/// There is nothing to catch in a recording, but much to look for.
#[test]
fn a_recording_is_filtered_too() {
    let mut app = App::new(Options::default());
    app.message(scene::started(false));
    app.message(scene::run());
    app.message(Message::Ended(End::Replayed));
    press(&mut app, "/ e x e c v e Enter");
    app.work(|| false);
    shows(&app, "1 of 70 rows, filter: execve");
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
fn a_call_that_fails_later_joins_the_rows_that_match_in_its_place() {
    let mut app = app(Options::default(), 120, 40);
    press(&mut app, "/");
    app.paste("err=EINTR or getpid");
    press(&mut app, "Enter");
    shows(&app, "0 of 70 rows");
    let mut more = scene::Recorder::new();
    more.task(2, 4_400, Some(0), Origin::Thread, "python3").after(10).enter(2, 39, [0; 6], &[]);
    app.message(more.take());
    shows(&app, "1 of 72 rows");
    more.after(10).exit(0, Outcome::Failed(4), &[]);
    app.message(more.take());
    let screen = print::text(&app, 120, 40);
    let rows: Vec<&str> = screen.lines().filter(|l| l.contains("= -1 EINTR") || l.contains("getpid( ")).collect();
    assert!(rows[0].contains("read(0") && rows[1].contains("getpid("), "{screen}");
}

#[test]
fn narrowing_keeps_the_selected_row() {
    let mut app = app(Options::default(), 120, 40);
    press(&mut app, "Home Down Down Down Down");
    shows(&app, "rsi=0x2000");
    press(&mut app, "/");
    app.paste("openat");
    press(&mut app, "Enter");
    shows(&app, "rsi=0x2000");
    press(&mut app, "Esc");
    shows(&app, "rsi=0x2000");
    shows(&app, "70 rows");
}

#[test]
fn a_long_trace_is_judged_and_searched_in_slices() {
    let mut app = app(docker(), 120, 40);
    let mut more = scene::Recorder::new();
    for i in 0..20_000 {
        more.after(1).enter(0, if i % 10 == 0 { 272 } else { 39 }, [0; 6], &[]);
    }
    press(&mut app, "s");
    app.message(more.take());
    press(&mut app, "s /");
    app.paste("blocked");
    press(&mut app, "Enter");
    shows(&app, "% judged)");
    shows(&app, "% searched)");
    assert!(!app.work(|| true), "one slice is not enough");
    assert!(app.work(|| false));
    shows(&app, "2,002 would be blocked  ");
    shows(&app, "2,002 of 20,070 rows, filter: blocked");
}

#[test]
fn matches_are_found_around_what_is_seen_and_nothing_jumps() {
    const ROWS: u64 = 150_000;
    let mut app = app(Options::default(), 120, 40);
    let mut more = scene::Recorder::new();
    for i in 0..ROWS {
        // A name for every thousandth row; all others are getpid.
        more.after(1).enter(0, if i % 1_000 == 0 { 110 } else { 39 }, [0; 6], &[]);
        more.exit(0, Outcome::Returned(i as i64), &[]);
    }
    app.message(more.take());
    // Select a row in the middle, then look for text, which no index knows.
    press(&mut app, "g");
    for _ in 0..20 {
        press(&mut app, "Ctrl-f");
    }
    let selected = selected(&app);
    press(&mut app, "/");
    app.paste("\"getp\"");
    press(&mut app, "Enter");
    shows(&app, "% searched)");
    assert_eq!(crate::rows::selected(&app), selected, "the row stays selected, though hardly any match is known");
    let mut slices = 0;
    while !app.work(|| true) {
        assert_eq!(crate::rows::selected(&app), selected);
        slices += 1;
    }
    assert!(slices > 10);
    assert_eq!(crate::rows::selected(&app), selected);
    // A call that comes back can begin to match or cease to.
    press(&mut app, "/ Ctrl-u");
    app.paste("getppid unfinished");
    press(&mut app, "Enter");
    assert!(app.work(|| false));
    shows(&app, "0 of 150,070 rows");
    app.message(scene::Recorder::new().after(1).enter(0, 110, [0; 6], &[]).take());
    assert!(app.work(|| false));
    shows(&app, "1 of 150,071 rows");
    app.message(scene::Recorder::new().after(1).exit(0, Outcome::Returned(1), &[]).take());
    assert!(app.work(|| false));
    shows(&app, "0 of 150,071 rows");
    press(&mut app, "Esc");
    shows(&app, "150,071 rows");
}

/// The number of the selected row.
fn selected(app: &App) -> u64 {
    app.selected().expect("a selected row")
}

/// What was called before an exec was called under the old name and in the old image, wherever it is told.
#[test]
fn rows_keep_the_name_and_the_image_of_their_time() {
    let mut app = app(Options::default(), 120, 40);
    let mut more = scene::Recorder::new();
    let exec = Exec {
        path: b"/usr/bin/true".to_vec(),
        comm: b"true".to_vec(),
        vdso: VdsoState::None,
        maps: Vec::new(),
        former: None,
        standing: None,
    };
    more.after(9_000).enter(1, 39, [0; 6], &[]).exit(1, Outcome::Returned(4_313), &[]);
    more.after(10).enter(1, 59, [0x1000, 0, 0, 0, 0, 0], &[(0x1000, b"/usr/bin/true\0")]);
    more.event(1, EventKind::Exec(Box::new(exec))).exit(1, Outcome::Returned(0), &[]);
    more.after(10).enter(1, 110, [0; 6], &[]).exit(1, Outcome::Returned(1), &[]);
    more.after(10).task(2, 4_400, Some(1), Origin::Fork, "true");
    app.message(more.take());
    for line in [" python3 4313 getpid()", " python3 4313 execve(", " true 4313    getppid()"] {
        shows(&app, line);
    }
    press(&mut app, "End Up Up Up Up");
    shows(&app, "python3, thread 4313");
    shows(&app, "libc.so.6+0x123456 in");
    press(&mut app, "Down Down Down");
    shows(&app, "true, thread 4313");
    shows(&app, "made at   0x7f0000123456");
    press(&mut app, "/");
    app.paste("task:true");
    press(&mut app, "Enter");
    shows(&app, "3 of 75 rows");
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
    more.after(5_000).exit(0, Outcome::Returned(3), &[(0x9200, b"ls\n")]);
    app.message(more.take());
    lacks(&app, "<unfinished ...>");
    shows(&app, "read(0, \"ls\\n\", 1024)");
}

#[test]
fn the_overlay_marks_and_counts_and_goes_away() {
    let mut app = app(docker(), 120, 40);
    shows(&app, "seccomp: docker-default, 2 would be blocked");
    press(&mut app, "x");
    // The kernel refused unshare by itself; keyctl it did not.
    shows(&app, "x!");
    shows(&app, "ERRNO EPERM unshare(");
    shows(&app, "X    63");
    shows(&app, "ERRNO EPERM keyctl(");
    shows(&app, ":    64");
    press(&mut app, "Up");
    shows(&app, "The kernel gave the same answer");
    press(&mut app, "Down");
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
