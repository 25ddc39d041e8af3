//! Writing rows to a file from the screen, and the comparison with another run.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::*;

/// A path of the test, removed with it.
struct Temp(PathBuf);

impl Temp {
    fn new(name: &str) -> Temp {
        Temp(std::env::temp_dir().join(format!("sysview-screens-{}-{name}", std::process::id())))
    }

    /// Opens the form and types the path; it holds no space and no key's name.
    fn type_into(&self, app: &mut App) {
        press(app, "w");
        self.0.to_str().expect("UTF-8").chars().for_each(|c| press(app, &c.to_string()));
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        // Not every test writes its file.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn what_the_filter_shows_or_all_is_written_and_said_once_done() {
    let csv = Temp::new("rows.csv");
    let mut app = app(docker(), 120, 40);
    csv.type_into(&mut app);
    shows(&app, "Enter writes it.");
    press(&mut app, "Enter");
    app.work(|| false);
    let rows = app.session().store.len();
    shows(&app, &format!("Wrote {rows} rows to "));
    let text = std::fs::read_to_string(&csv.0).expect("the file");
    assert_eq!(text.lines().count() as u64, rows + 1);
    let jsonl = Temp::new("errors.jsonl");
    press(&mut app, "/ e r r Enter");
    jsonl.type_into(&mut app);
    shows(&app, "shown");
    press(&mut app, "Enter");
    app.work(|| false);
    let text = std::fs::read_to_string(&jsonl.0).expect("the file");
    assert!(text.lines().skip(1).all(|line| line.contains("\"errno\":")) && text.lines().count() > 1, "{text}");
}

#[test]
fn a_file_that_is_there_is_replaced_only_after_a_second_enter() {
    let html = Temp::new("kept.html");
    std::fs::write(&html.0, "mine").expect("written");
    let mut app = app(docker(), 120, 40);
    html.type_into(&mut app);
    press(&mut app, "Enter");
    app.work(|| false);
    shows(&app, "is there already");
    assert_eq!(std::fs::read(&html.0).expect("the file"), b"mine");
    press(&mut app, "Enter");
    app.work(|| false);
    assert!(std::fs::read_to_string(&html.0).expect("the file").starts_with("<!DOCTYPE html>"));
}

#[test]
fn a_form_without_a_form_offers_all_of_them() {
    let mut app = app(docker(), 120, 40);
    press(&mut app, "w r u n");
    for name in ["run.jsonl", "run.csv", "run.strace", "run.parquet", "run.json", "run.html"] {
        shows(&app, name);
    }
    press(&mut app, "Enter");
    shows(&app, "The name's end says the form");
    press(&mut app, "Down Down Tab");
    shows(&app, "file         run.csv");
    press(&mut app, "Esc");
    let nowhere = Temp::new("nowhere");
    let mut below = Temp::new("");
    below.0 = nowhere.0.join("run.csv");
    below.type_into(&mut app);
    press(&mut app, "Enter");
    shows(&app, "It cannot be written");
}

#[test]
fn the_comparison_is_shown_once_it_is_made() {
    let compare = Arc::new(OnceLock::new());
    let options = Options { compare: Some(compare.clone()), ..docker() };
    let mut app = app(options, 120, 40);
    press(&mut app, "D");
    shows(&app, "being read");
    compare.set("A  one\nB  two\n\n+ clone3  1\n".to_owned()).expect("the first");
    shows(&app, "+ clone3  1");
    press(&mut app, "Esc");
    let mut alone = self::app(docker(), 120, 40);
    press(&mut alone, "D");
    assert!(!print::text(&alone, 120, 40).contains("Two runs"));
}
