//! The histogram by call, class, task, path and error, with its pictures, and how its lines narrow the trace.

use sysview::source::{Floor, Started};

use super::*;

/// The run, and after it a second task that reads in bursts, now fast, now slow.
fn bursts(cols: u16, rows: u16, floor: bool) -> App {
    let mut app = App::new(Options::default());
    app.resize(cols, rows);
    app.tick(1_000);
    let measured = Floor { apart_ns: 9_000, together_ns: 3_000 };
    app.message(scene::started_as(true, |started: &mut Started| started.floor = floor.then_some(measured)));
    app.message(scene::run());
    let mut r = scene::Recorder::new();
    for burst in 0..30u64 {
        r.after(40_000);
        let took = if burst % 10 == 9 { 9_000 } else { 4 + burst };
        for _ in 0..(burst % 5) * 8 + 1 {
            r.after(20).enter(1, scene::READ, [0; 6], &[]).after(took).exit(1, Outcome::Returned(64), &[]);
        }
    }
    app.message(r.take());
    app.tick(8_000);
    app.work(|| false);
    app
}

#[test]
fn it_counts_by_class_task_path_and_error() {
    let mut app = bursts(120, 40, false);
    press(&mut app, "F3");
    for by in ["class", "task", "path", "error"] {
        press(&mut app, "d");
        app.work(|| false);
        insta::assert_snapshot!(format!("by_{by}_120x40"), print::styled(&app, 120, 40));
    }
    press(&mut app, "d");
    shows(&app, "sort: total");
    for (cols, rows) in [(80, 24), (200, 60), (30, 8)] {
        let mut app = bursts(cols, rows, false);
        press(&mut app, "F3 d d d");
        app.work(|| false);
        insta::assert_snapshot!(format!("by_path_{cols}x{rows}"), print::styled(&app, cols, rows));
    }
}

#[test]
fn pictures_over_time_at_four_sizes() {
    for (cols, rows) in [(80, 24), (120, 40), (200, 60), (30, 8)] {
        let mut app = bursts(cols, rows, true);
        press(&mut app, "F3 Down h");
        app.work(|| false);
        insta::assert_snapshot!(format!("rate_{cols}x{rows}"), print::styled(&app, cols, rows));
        press(&mut app, "h z");
        app.work(|| false);
        insta::assert_snapshot!(format!("heat_{cols}x{rows}"), print::styled(&app, cols, rows));
    }
}

/// The same picture, whether the rows were there before it was looked at or came after.
#[test]
fn a_picture_takes_in_what_comes() {
    let mut early = app(Options::default(), 120, 40);
    press(&mut early, "F3 1 Down Down h h");
    early.work(|| false);
    let mut late = app(Options::default(), 120, 40);
    for app in [&mut early, &mut late] {
        let mut r = scene::Recorder::new();
        r.after(70_000).enter(1, scene::READ, [0; 6], &[]);
        app.message(r.take());
        app.work(|| false);
        r.after(5_000).exit(1, Outcome::Returned(1), &[]);
        app.message(r.take());
    }
    press(&mut late, "F3 1 Down Down h h");
    for app in [&mut early, &mut late] {
        app.work(|| false);
    }
    assert_eq!(print::text(&early, 120, 40), print::text(&late, 120, 40));
    shows(&early, "4.1 ms");
}

#[test]
fn a_line_narrows_the_trace_to_what_it_counts() {
    for (keys, filter, rows) in [
        ("F3 d 1 Down Enter", "filter: %desc", None),
        ("F3 d d 1 Down Down Enter", "filter: tid:4312", None),
        ("F3 d d d 6 Down Enter", "filter: path:/etc/ld.so.preload", Some("1 of ")),
        ("F3 d d d d Down Enter", "filter: err=ENOENT", Some("9 of ")),
        ("F3 1 Down Down Enter", "filter: openat", Some("25 of ")),
    ] {
        let mut app = bursts(120, 40, false);
        press(&mut app, keys);
        app.work(|| false);
        press(&mut app, keys.rsplit_once(' ').expect("several keys").1);
        app.work(|| false);
        let screen = print::text(&app, 120, 40);
        assert!(screen.contains(filter), "{keys}: {filter:?}\n{screen}");
        assert!(rows.is_none_or(|rows| screen.contains(rows)), "{keys}: {rows:?}\n{screen}");
    }
}

#[test]
fn bars_show_calls_or_time() {
    let mut app = bursts(200, 60, false);
    let line = |app: &App| {
        let screen = print::text(app, 200, 60);
        screen.lines().find(|line| line.contains("││openat")).map(str::to_owned).unwrap_or(screen)
    };
    press(&mut app, "F3");
    let by_calls = line(&app);
    press(&mut app, "m");
    assert_ne!(line(&app), by_calls);
}
