//! The trace as one works with it: columns, folded runs, search, ways from row to row, bookmarks.

use super::*;

/// The run, and after it a shell that copies a file byte by byte and looks for a library.
fn copying(cols: u16, rows: u16) -> App {
    let mut app = app(Options::default(), cols, rows);
    app.message(copy());
    app.work(|| false);
    app
}

fn copy() -> Message {
    let mut r = scene::Recorder::new();
    r.after(900_000);
    for (dir, found) in [("/lib/a", false), ("/lib/b", false), ("/lib/c", true)] {
        let path = format!("{dir}/libdemo.so\0");
        r.after(5).enter(1, scene::OPENAT, [scene::AT_FDCWD, 0x2000, 0, 0, 0, 0], &[(0x2000, path.as_bytes())]);
        r.after(9).exit(1, if found { Outcome::Returned(4) } else { Outcome::Failed(2) }, &[]);
    }
    for i in 0..4_210u64 {
        let text: &[(u64, &[u8])] = &[(0x9000, b"x")];
        r.after(2).enter(1, scene::READ, [4, 0x9000, 1, 0, 0, 0], &[]).after(3);
        r.exit(1, if i % 1_000 == 999 { Outcome::Failed(4) } else { Outcome::Returned(1) }, text);
    }
    r.after(4).enter(1, 32, [4, 0, 0, 0, 0, 0], &[]).after(1).exit(1, Outcome::Returned(7), &[]);
    r.after(4).enter(1, 3, [7, 0, 0, 0, 0, 0], &[]).after(1).exit(1, Outcome::Returned(0), &[]);
    r.after(4).enter(1, 3, [4, 0, 0, 0, 0, 0], &[]).after(1).exit(1, Outcome::Returned(0), &[]);
    r.take()
}

/// The selected row, by its number.
fn at(app: &App) -> u64 {
    app.selected().expect("a row is selected")
}

/// Keys, and the row that is selected after them.
#[track_caller]
fn leads(app: &mut App, keys: &str, row: u64) {
    press(app, keys);
    assert_eq!(at(app), row, "after {keys}:\n{}", print::text(app, 120, 40));
}

/// The first row that `copy` adds.
const COPY: u64 = 70;
const READS: u64 = COPY + 3;
const DUP: u64 = READS + 4_210;

#[test]
fn folded_runs_say_how_often_how_much_and_how_long() {
    for (cols, rows) in [(80, 24), (120, 40), (200, 60), (30, 8)] {
        let mut app = copying(cols, rows);
        press(&mut app, "O");
        app.tick(20_000);
        app.work(|| false);
        insta::assert_snapshot!(format!("folded_{cols}x{rows}"), print::styled(&app, cols, rows));
    }
}

#[test]
fn a_run_opens_and_closes_and_the_selection_stays() {
    let mut app = copying(120, 40);
    press(&mut app, "O");
    app.work(|| false);
    shows(&app, "read x 4,210  4.2 kB  12 ms  4 failed");
    leads(&mut app, "End Up Up", READS);
    leads(&mut app, "Enter Down Down", READS + 2);
    shows(&app, "read(4, \"x\", 1)");
    // Closed again from the middle; then everything is shown, and the row is still selected.
    leads(&mut app, "o", READS);
    leads(&mut app, "Down", DUP);
    leads(&mut app, "Up O Down", READS + 1);
    leads(&mut app, "Home End", DUP + 2);
}

#[test]
fn folding_works_with_a_filter_and_with_new_rows() {
    let mut app = copying(120, 40);
    press(&mut app, "O / e r r Enter");
    app.work(|| false);
    shows(&app, "filter: err");
    shows(&app, "read x 4 ");
    press(&mut app, "Esc End");
    let mut more = scene::Recorder::new();
    for _ in 0..3 {
        more.after(1).enter(1, scene::READ, [0; 6], &[]).after(2).exit(1, Outcome::Returned(5), &[]);
    }
    more.after(1).enter(1, scene::READ, [0; 6], &[]);
    app.message(more.take());
    app.work(|| false);
    shows(&app, "read x 4  15 B  6.0 us");
    assert_eq!(at(&app), DUP + 3, "the line of the run is followed");
}

/// A run ends with its chunk of 65,536 rows, so that no chunk depends on another; nothing is lost or counted twice.
#[test]
fn long_runs_are_cut_where_chunks_end() {
    let mut app = App::new(Options::default());
    app.resize(120, 40);
    app.message(scene::started(true));
    let mut r = scene::Recorder::new();
    r.task(0, 7, None, Origin::Launch, "dd");
    for _ in 0..70_000 {
        r.after(1).enter(0, scene::READ, [0; 6], &[]).exit(0, Outcome::Returned(2), &[]);
    }
    app.message(r.take());
    press(&mut app, "O");
    app.work(|| false);
    shows(&app, "70,001 rows in 3 lines");
    shows(&app, "read x 65,535  131 kB");
    shows(&app, "read x 4,465  8.9 kB");
    leads(&mut app, "Up", 1);
    leads(&mut app, "Enter End", 70_000 - 4_464);
    shows(&app, "70,001 rows in 65,537 lines");
    leads(&mut app, "Up", 65_535);
    leads(&mut app, "o", 1);
    shows(&app, "70,001 rows in 3 lines");
}

#[test]
fn a_search_marks_counts_and_hides_nothing() {
    let mut app = copying(120, 40);
    press(&mut app, "\\ e r r = E I N T R Enter");
    app.work(|| false);
    shows(&app, "4 match err=EINTR");
    leads(&mut app, "Home n", READS + 999);
    leads(&mut app, "n N n n", READS + 2_999);
    leads(&mut app, "n n", READS + 3_999);
    shows(&app, "No further match for err=EINTR that way.");
    insta::assert_snapshot!("search_120x40", print::styled(&app, 120, 40));
    // A match in a folded run opens it.
    leads(&mut app, "O n", READS + 999);
    press(&mut app, "Esc");
    lacks(&app, "match err");
    leads(&mut app, "O Home Down Down Down Down n", 5);
}

#[test]
fn one_goes_along_a_task_a_descriptor_and_an_error() {
    let mut app = copying(120, 40);
    press(&mut app, "End");
    leads(&mut app, "K K", DUP);
    leads(&mut app, "J", DUP + 1);
    // The duplicate was made of the descriptor that openat gave.
    leads(&mut app, "d", DUP);
    leads(&mut app, "d", COPY + 2);
    leads(&mut app, "d", COPY + 2);
    shows(&app, "This call opened it; ) goes to its uses.");
    leads(&mut app, ") )", READS + 1);
    leads(&mut app, "End ( (", DUP);
    leads(&mut app, ") ) )", DUP + 2);
    shows(&app, "No further use of this descriptor that way.");
    // What was looked for was found in the third directory.
    leads(&mut app, "Home / o p e n a t Enter", 4);
    leads(&mut app, "Esc / p a t h : * . s o Enter", COPY);
    leads(&mut app, "Esc a", COPY + 2);
    shows(&app, "After the ENOENT of openat in row 70 the program called openat here, after 1 more that failed.");
    press(&mut app, "a");
    shows(&app, "This call did not fail");
    press(&mut app, "Home Down Down Down Down a");
    shows(&app, "No later call of this task stands in for this openat (ENOENT).");
}

#[test]
fn bookmarks_are_set_named_listed_and_deleted() {
    let mut app = copying(120, 40);
    press(&mut app, "'");
    shows(&app, "There is no bookmark; m sets one");
    press(&mut app, "Home Down Down m End m Up Up m");
    leads(&mut app, "` `", 2);
    leads(&mut app, "' '", DUP + 2);
    press(&mut app, "M Up n h e r e Enter");
    insta::assert_snapshot!("bookmarks_120x40", print::styled(&app, 120, 40));
    insta::assert_snapshot!("bookmarks_80x24", {
        app.resize(80, 24);
        print::styled(&app, 80, 24)
    });
    leads(&mut app, "Enter", DUP);
    press(&mut app, "M d Esc");
    leads(&mut app, "Home ' '", DUP + 2);
}

#[test]
fn columns_are_chosen_moved_and_widened() {
    for (cols, rows) in [(80, 24), (120, 40), (30, 8)] {
        let mut app = copying(cols, rows);
        press(&mut app, "| Down");
        insta::assert_snapshot!(format!("columns_{cols}x{rows}"), print::styled(&app, cols, rows));
    }
    let mut app = copying(200, 60);
    // Everything there is.
    press(&mut app, "z | Down Down Space Down Down Down Space Down Down Space Down Space Down Space Esc");
    insta::assert_snapshot!(
        "all_columns_200x60",
        print::text(&app, 200, 60).lines().take(8).collect::<Vec<_>>().join("\n")
    );
    press(&mut app, "| Down J J Right Right Right Esc");
    let screen = print::text(&app, 200, 60);
    let heading = screen.lines().nth(3).expect("a line");
    assert!(heading.contains("time        #"), "{heading}");
    press(&mut app, "| r Esc z");
    app.resize(120, 40);
    let first = copying(120, 40);
    assert_eq!(print::text(&app, 120, 40).lines().nth(3), print::text(&first, 120, 40).lines().nth(3));
}

#[test]
fn the_mouse_drags_the_edges_of_columns() {
    let mut app = copying(120, 40);
    let mut mouse = |kind, column, row| app.mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
    // The edge behind the time.
    mouse(MouseEventKind::Down(MouseButton::Left), 19, 3);
    mouse(MouseEventKind::Drag(MouseButton::Left), 24, 3);
    mouse(MouseEventKind::Up(MouseButton::Left), 24, 3);
    mouse(MouseEventKind::Drag(MouseButton::Left), 40, 3);
    shows(&app, "    #            time task");
}
