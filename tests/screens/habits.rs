//! The habits of the screen: the palette, help that can be searched, filters that are undone, copies, keys and themes of
//! the user's own, borders and text that the mouse takes hold of.

use crate::*;
use sysview::config::Config;
use sysview::tui::key::Key;

fn settings(text: &str) -> Options {
    let config = Config::parse_text(text).unwrap_or_else(|error| panic!("{error}"));
    Options::with_settings(config, None, true).unwrap_or_else(|error| panic!("{error}"))
}

fn mouse(app: &mut App, kind: MouseEventKind, column: u16, row: u16) {
    app.mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
}

fn drag(app: &mut App, from: (u16, u16), to: (u16, u16)) {
    mouse(app, MouseEventKind::Down(MouseButton::Left), from.0, from.1);
    mouse(app, MouseEventKind::Drag(MouseButton::Left), to.0, to.1);
    mouse(app, MouseEventKind::Up(MouseButton::Left), to.0, to.1);
}

fn text(app: &App) -> String {
    print::text(app, 120, 40)
}

/// Types letters, spaces among them.
fn type_text(app: &mut App, text: &str) {
    for c in text.chars() {
        app.key(Key::char(c).event());
    }
}

#[test]
fn the_palette_finds_what_can_be_done_and_does_it() {
    let mut app = app(docker(), 120, 40);
    press(&mut app, ":");
    insta::assert_snapshot!("palette", text(&app));
    type_text(&mut app, "zoom");
    assert!(text(&app).contains("> zoom"), "{}", text(&app));
    press(&mut app, "Enter");
    assert!(!text(&app).contains("Histogram"), "the trace has the whole screen");
    // In the pane that it belongs to.
    press(&mut app, "z :");
    type_text(&mut app, "sort next");
    press(&mut app, "Enter");
    assert!(text(&app).contains("●Histogram") && text(&app).contains("sort: mean"), "{}", text(&app));
    press(&mut app, ":");
    type_text(&mut app, "no such thing");
    assert!(text(&app).contains("Nothing fits"));
    press(&mut app, "Esc :");
    type_text(&mut app, "theme light");
    press(&mut app, "Enter");
    assert!(text(&app).contains("The theme is light."), "{}", text(&app));
}

#[test]
fn the_palette_fits_on_every_screen() {
    for (cols, rows) in [(80, 24), (40, 12), (20, 6), (8, 3), (1, 1)] {
        let mut app = app(docker(), cols, rows);
        press(&mut app, ": s e Down Down Up Enter");
        app.resize(cols, rows);
    }
    let mut app = app(docker(), 80, 24);
    press(&mut app, ":");
    insta::assert_snapshot!("palette_80x24", print::text(&app, 80, 24));
}

#[test]
fn help_is_searched_for_a_word() {
    let mut app = app(docker(), 120, 40);
    press(&mut app, "? / f r e e z e");
    let screen = text(&app);
    assert!(screen.contains("Stop the view or let it go on") && !screen.contains("Marks in the trace"), "{screen}");
    insta::assert_snapshot!("help_search", screen);
    // The keys that close a popup are letters of the word while it is typed.
    press(&mut app, "q");
    assert!(text(&app).contains("No action has \"freezeq\""), "{}", text(&app));
    press(&mut app, "Enter Esc");
    assert!(text(&app).contains("Keys (/ looks for a word)"), "Esc ends the search first");
    press(&mut app, "q");
    assert!(!text(&app).contains("Keys ("), "{}", text(&app));
}

#[test]
fn filters_are_undone_one_after_another() {
    let mut app = app(docker(), 120, 40);
    press(&mut app, "/ e r r Enter / Ctrl-u r e a d Enter");
    assert!(text(&app).contains("filter: read"), "{}", text(&app));
    press(&mut app, "u");
    assert!(text(&app).contains("filter: err"), "{}", text(&app));
    // The same again is no change, and showing all is one.
    press(&mut app, "/ Enter Esc u");
    assert!(text(&app).contains("filter: err"), "{}", text(&app));
    press(&mut app, "u");
    assert!(!text(&app).contains("filter: err"), "{}", text(&app));
    press(&mut app, "u u u");
}

#[test]
fn a_row_is_copied_as_line_json_and_command() {
    let mut app = app(docker(), 120, 40);
    press(&mut app, "Home Down y");
    let line = app.take_clipboard().expect("a line");
    assert!(!line.is_empty() && !line.contains('\n') && text(&app).contains("Copied the line"), "{line}");
    press(&mut app, "Y Down Enter");
    let json = app.take_clipboard().expect("JSON");
    let value: serde_json::Value = serde_json::from_str(&json).expect("one object");
    assert_eq!(value["row"], 1, "{json}");
    press(&mut app, "Y");
    insta::assert_snapshot!("copy", text(&app));
    press(&mut app, "Down Down Enter");
    let command = app.take_clipboard().expect("a command");
    assert_eq!(command, "python3 demo.py");
    press(&mut app, "Y Down Down Down Enter");
    assert!(app.take_clipboard().is_none() && text(&app).contains("No filter is on."));
    press(&mut app, "/ e r r Enter Y Down Down Down Enter");
    assert_eq!(app.take_clipboard().as_deref(), Some("err"));
}

#[test]
fn the_mouse_moves_borders() {
    let mut app = app(docker(), 120, 40);
    let right = |app: &App| text(app).lines().nth(2).expect("the upper border").find("Histogram").expect("the pane");
    let before = right(&app);
    // The border between trace and histogram, and then the one below.
    let trace_width = 120 * 63 / 100;
    drag(&mut app, (trace_width - 1, 10), (59, 10));
    assert!(right(&app) < before, "{} and {before}", right(&app));
    let rows = |app: &App| text(app).lines().position(|line| line.contains("Call")).expect("the pane");
    let before = rows(&app);
    let bottom = u16::try_from(before).expect("a line") - 1;
    drag(&mut app, (20, bottom), (20, bottom - 6));
    assert_eq!(rows(&app), before - 6);
    // However far it is dragged, every pane keeps some room.
    drag(&mut app, (20, bottom - 6), (20, 0));
    drag(&mut app, (20, 0), (119, 39));
    assert!(text(&app).contains("Call"), "{}", text(&app));
}

#[test]
fn marked_text_is_copied() {
    let mut app = app(docker(), 120, 40);
    let lines: Vec<String> = text(&app).lines().map(str::to_owned).collect();
    let row = lines.iter().position(|line| line.contains("openat(")).expect("a row");
    let line = &lines[row];
    let column = line.chars().take_while(|c| *c != '(').count() - "openat".len();
    let at = |column: usize, row: usize| (u16::try_from(column).expect("column"), u16::try_from(row).expect("row"));
    drag(&mut app, at(column, row), at(column + 5, row));
    assert_eq!(app.take_clipboard().as_deref(), Some("openat"));
    // A click marks nothing.
    drag(&mut app, at(column, row), at(column, row));
    assert_eq!(app.take_clipboard(), None);
    // Nothing beyond the pane it began in.
    drag(&mut app, at(column, row), (119, 39));
    let copied = app.take_clipboard().expect("text");
    assert!(!copied.contains("Histogram") && copied.lines().count() > 3, "{copied}");
}

#[test]
fn keys_are_what_the_settings_say_and_help_shows_them() {
    let options =
        settings("[keys.everywhere]\nfilter = \"F4\"\nzoom = [\"/\", \"z\"]\n[keys.program]\nleave = \"F12\"\n");
    let mut app = app(options, 120, 40);
    assert!(text(&app).contains("F4 filter"), "{}", text(&app));
    press(&mut app, "/");
    assert!(!text(&app).contains("Histogram"), "zoomed");
    press(&mut app, "z");
    app.resize(120, 120);
    press(&mut app, "?");
    let help = print::text(&app, 120, 120);
    assert!(help.contains("/ z ") && help.contains("F4"), "{help}");
    app.resize(120, 40);
    press(&mut app, "Esc t");
    assert!(text(&app).contains("F12 leaves"), "{}", text(&app));
}

#[test]
fn without_colours_no_theme_is_put_on() {
    let mut app = app(Options { colour: false, ..docker() }, 120, 40);
    press(&mut app, "T");
    assert!(text(&app).contains("NO_COLOR is set"), "{}", text(&app));
    press(&mut app, ":");
    type_text(&mut app, "theme dark");
    assert!(!text(&app).contains("256 colours"), "{}", text(&app));
}

#[test]
fn ctrl_z_gives_way_once() {
    let mut app = app(docker(), 120, 40);
    press(&mut app, "Ctrl-z");
    assert!(app.take_suspend() && !app.take_suspend());
    // In the program's terminal it is the program's.
    press(&mut app, "t Ctrl-z");
    assert!(!app.take_suspend());
}
