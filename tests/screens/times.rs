//! What is said of times where it is known what tracing costs.

use crate::*;
use sysview::source::Floor;

/// A view on a machine where tracing a call costs 4 or 19 us.
fn measured(cols: u16, rows: u16) -> App {
    let mut app = App::new(docker());
    app.resize(cols, rows);
    app.message(scene::started_as(true, |started| {
        started.floor = Some(Floor { apart_ns: 19_000, together_ns: 4_000 });
    }));
    app.message(scene::run());
    app.work(|| false);
    app
}

#[test]
fn the_tracers_part_is_shaded_and_named() {
    for (cols, rows) in [(80, 24), (120, 40)] {
        let mut app = measured(cols, rows);
        press(&mut app, "Tab Down");
        insta::assert_snapshot!(format!("floor_{cols}x{rows}"), print::styled(&app, cols, rows));
    }
    let mut app = App::new(Options { colour: false, ..docker() });
    app.message(scene::started_as(true, |started| started.floor = Some(Floor { apart_ns: 5_000, together_ns: 4_000 })));
    app.message(scene::run());
    press(&mut app, "Tab z");
    let screen = print::text(&app, 80, 24);
    assert!(screen.contains("┊") && screen.contains("left of ┊ the tracer's: about 4.0 us"), "{screen}");
}

#[test]
fn a_time_near_the_floor_is_a_limit_and_not_a_time() {
    let app = measured(200, 40);
    let screen = print::text(&app, 200, 40);
    assert!(screen.contains("= 0") && screen.contains(" ≤1.0 us"), "{screen}");
    assert!(screen.contains(" 30 us"), "far above it is as it was: {screen}");
    for (keys, words) in [
        (
            "Home Down Down Down Enter z",
            "2.0 us under the tracer: shorter than tracing can measure here (about 4.0 us)",
        ),
        (
            "Home Down Down Down Down Down Down Enter z",
            "8.0 us under the tracer, of which 4.0 us to 19 us are the tracer's own",
        ),
        ("Home Down Enter z", "310 us under the tracer, of which 4.0 us to 19 us are the tracer's own"),
    ] {
        let mut app = measured(120, 40);
        press(&mut app, keys);
        shows(&app, words);
    }
}
