//! The page of what is remarkable: its list, its rows, and the word in the header.

use super::*;

/// A program that gives a bad pointer, and asks for the same file again and again.
fn remarkable(cols: u16, rows: u16) -> App {
    let mut app = App::new(Options::default());
    app.resize(cols, rows);
    app.message(scene::started(true));
    let mut recorder = scene::Recorder::new();
    recorder.task(0, 4312, None, Origin::Launch, "python3");
    recorder.after(10).enter(0, 1, [1, 8, 5, 0, 0, 0], &[]).after(10).exit(0, Outcome::Failed(14), &[]);
    for _ in 0..12 {
        let path: (u64, &[u8]) = (0x1000, b"/etc/settings\0");
        recorder.after(10).enter(0, 257, [-100i64 as u64, 0x1000, 0, 0, 0, 0], &[path]);
        recorder.after(10).exit(0, Outcome::Failed(2), &[]);
    }
    app.message(recorder.take());
    app.tick(1_500);
    app.work(|| false);
    app
}

#[test]
fn the_page_says_what_why_and_what_to_do() {
    for (cols, rows) in [(120, 40), (80, 24)] {
        let mut app = remarkable(cols, rows);
        assert!(print::text(&app, cols, rows).contains("! 1 remark "));
        press(&mut app, "!");
        insta::assert_snapshot!(format!("patterns_{cols}x{rows}"), print::styled(&app, cols, rows));
        press(&mut app, "Down Down Down");
        assert!(print::text(&app, cols, rows).contains("inotify"), "the last one is selected");
    }
}

#[test]
fn enter_shows_the_rows_and_nothing_else() {
    let mut app = remarkable(120, 40);
    press(&mut app, "! Enter");
    app.work(|| false);
    let screen = print::text(&app, 120, 40);
    assert!(screen.contains("1 of 14 rows, filter: row:1"), "{screen}");
    assert!(screen.contains("EFAULT") && !screen.contains("/etc/settings"), "{screen}");
    press(&mut app, "Esc ! Down Enter");
    app.work(|| false);
    let screen = print::text(&app, 120, 40);
    assert!(screen.contains("12 of 14 rows, filter: row:2..13"), "{screen}");
}

#[test]
fn a_run_without_findings_says_what_would_be_pointed_out() {
    let mut app = App::new(Options::default());
    app.resize(80, 24);
    app.message(scene::started(true));
    press(&mut app, "!");
    let screen = print::text(&app, 80, 24);
    assert!(screen.contains("Nothing so far.") && !screen.contains("remark "), "{screen}");
    press(&mut app, "Enter");
    assert!(!print::text(&app, 80, 24).contains("Nothing so far."));
}
