//! Guided tours: the list, the box, checks on what happens, and what is left of them at every size.

use crate::*;
use sysview::lesson;
use sysview::model::{EventKind, Exec, VdsoState};

fn touring(name: &str, cols: u16, rows: u16) -> App {
    app(Options { tour: lesson::tour(name), ..docker() }, cols, rows)
}

/// The shell starts `ls`.
fn ls_starts(app: &mut App) {
    let mut more = scene::Recorder::new();
    let path = b"/usr/bin/ls".to_vec();
    let exec =
        Exec { path, comm: b"ls".to_vec(), vdso: VdsoState::Unknown, maps: Vec::new(), former: None, standing: None };
    more.after(9_000).enter(0, 59, [0x1000, 0, 0, 0, 0, 0], &[(0x1000, b"/usr/bin/ls\0")]);
    more.event(0, EventKind::Exec(Box::new(exec))).exit(0, Outcome::Returned(0), &[]);
    app.message(more.take());
}

#[test]
fn two_sizes() {
    for (cols, rows) in [(80, 24), (120, 40)] {
        let mut app = touring("first-steps", cols, rows);
        press(&mut app, "]");
        if rows == 24 {
            // The first text has two pages here.
            press(&mut app, "]");
        }
        insta::assert_snapshot!(format!("tour_{cols}x{rows}"), print::styled(&app, cols, rows));
    }
}

#[test]
fn the_list_starts_a_tour_and_ends_it() {
    let mut app = app(docker(), 120, 40);
    lacks(&app, "Step 1");
    press(&mut app, "L");
    insta::assert_snapshot!("tours", print::text(&app, 80, 24));
    press(&mut app, "Down Enter");
    shows(&app, "Step 1 of 8: Red lines everywhere");
    shows(&app, "Tour: Errors are normal");
    press(&mut app, "] L");
    shows(&app, "> Errors are normal");
    shows(&app, "runs, step 2 of 8");
    press(&mut app, "Esc");
    shows(&app, "Step 2 of 8");
    press(&mut app, "L Down Down Down Enter");
    lacks(&app, "Step 2 of 8");
    // What was begun goes on where it was left.
    press(&mut app, "L");
    shows(&app, "  Errors are normal");
    press(&mut app, "Down Enter");
    shows(&app, "Step 2 of 8");
}

#[test]
fn a_step_is_done_by_what_happens_after_it_was_entered() {
    let mut app = touring("first-steps", 120, 40);
    shows(&app, "] goes on");
    ls_starts(&mut app);
    press(&mut app, "]");
    shows(&app, "Type: ls /");
    shows(&app, "not seen yet");
    ls_starts(&mut app);
    shows(&app, "done: ] goes on");
    press(&mut app, "t");
    shows(&app, "done: Ctrl-], then ] goes on");
    press(&mut app, "Ctrl-] ]");
    shows(&app, "Step 3 of 8: Before main");
    shows(&app, "not seen yet");
    press(&mut app, "[");
    shows(&app, "done: ] goes on");
    press(&mut app, "[ [");
    shows(&app, "This is the first step of the tour.");
}

#[test]
fn a_call_counts_when_it_comes_back() {
    let mut app = touring("first-steps", 120, 40);
    press(&mut app, "] ] ] ] ]");
    shows(&app, "Step 6 of 8: Waiting");
    let mut more = scene::Recorder::new();
    more.after(10).enter(1, 230, [0; 6], &[]);
    app.message(more.take());
    shows(&app, "not seen yet");
    more.after(3_000_000).exit(1, Outcome::Returned(0), &[]);
    app.message(more.take());
    shows(&app, "done: ] goes on");
}

#[test]
fn what_comes_back_while_the_tour_rests_counts_once() {
    let mut app = touring("first-steps", 120, 40);
    press(&mut app, "] ] ] ] ]");
    let mut more = scene::Recorder::new();
    more.after(10).enter(1, 230, [0; 6], &[]);
    app.message(more.take());
    press(&mut app, "L Down Down Down Down Enter");
    lacks(&app, "Step 6");
    more.after(3_000_000).exit(1, Outcome::Returned(0), &[]);
    app.message(more.take());
    press(&mut app, "L Enter");
    shows(&app, "Step 6 of 8: Waiting");
    shows(&app, "done: ] goes on");
}

#[test]
fn several_rows_are_counted() {
    let mut app = touring("errors", 120, 40);
    press(&mut app, "] ]");
    shows(&app, "0 of 2 rows seen");
    let mut more = scene::Recorder::new();
    let path: &[(u64, &[u8])] = &[(0x2000, b"/usr/bin/no-such-command\0")];
    more.after(10).enter(0, 4, [0x2000, 0, 0, 0, 0, 0], path).after(5).exit(0, Outcome::Failed(2), &[]);
    app.message(more.take());
    shows(&app, "1 of 2 rows seen");
}

#[test]
fn the_last_step_says_that_the_tour_is_finished() {
    let mut app = touring("first-steps", 120, 40);
    press(&mut app, "] ] ] ] ] ] ]");
    shows(&app, "Step 8 of 8");
    shows(&app, "the tour is finished; L lists the others");
    press(&mut app, "]");
    shows(&app, "That was the last step of this tour; L lists the tours.");
    press(&mut app, "L");
    shows(&app, "finished");
    shows(&app, "> Errors are normal");
    press(&mut app, "Up Enter");
    shows(&app, "Step 1 of 8");
}

#[test]
fn a_long_text_is_paged_before_the_next_step() {
    let mut app = touring("first-steps", 80, 24);
    let screen = |app: &App| print::text(app, 80, 24);
    assert!(screen(&app).contains("] shows the rest of the text"), "{}", screen(&app));
    assert!(!screen(&app).contains("takes you on"));
    press(&mut app, "]");
    assert!(screen(&app).contains("] takes you on, [ one step back."), "{}", screen(&app));
    press(&mut app, "[");
    assert!(screen(&app).contains("A program can calculate"), "{}", screen(&app));
    press(&mut app, "] ]");
    assert!(screen(&app).contains("Step 2 of 8"), "{}", screen(&app));
}

#[test]
fn the_wheel_scrolls_the_text() {
    let mut app = touring("first-steps", 80, 24);
    app.mouse(MouseEvent { kind: MouseEventKind::ScrollDown, column: 5, row: 15, modifiers: KeyModifiers::NONE });
    let screen = print::text(&app, 80, 24);
    assert!(screen.contains("] takes you on") && !screen.contains("A program can calculate"), "{screen}");
}

#[test]
fn a_profile_loaded_later_judges_what_has_happened() {
    let mut app = app(Options { tour: lesson::tour("sandbox"), ..Options::default() }, 120, 40);
    press(&mut app, "] ]");
    shows(&app, "Step 3 of 6: The first mark");
    let mut more = scene::Recorder::new();
    more.after(10).enter(1, 272, [0x1000_0000, 0, 0, 0, 0, 0], &[]).after(5).exit(1, Outcome::Returned(0), &[]);
    app.message(more.take());
    shows(&app, "not seen yet");
    press(&mut app, "s Enter");
    app.work(|| false);
    shows(&app, "done: ] goes on");
}

#[test]
fn over_a_recording_everything_that_happened_counts() {
    let mut app = App::new(Options { tour: lesson::tour("errors"), ..Options::default() });
    app.resize(120, 40);
    app.message(scene::started(false));
    app.message(scene::run());
    app.message(Message::Ended(End::Replayed));
    press(&mut app, "]");
    app.work(|| false);
    shows(&app, "Step 2 of 8: The most frequent failure of all");
    shows(&app, "Waits for: /bin/true");
    shows(&app, "done: ] goes on");
    press(&mut app, "]");
    app.work(|| false);
    shows(&app, "not in this run; ] goes on");
}

#[test]
fn braces_move_the_border() {
    let mut app = app(docker(), 120, 40);
    let before = print::text(&app, 120, 40);
    press(&mut app, "}");
    assert_ne!(before, print::text(&app, 120, 40));
}
