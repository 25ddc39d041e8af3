//! Recording from the view: what was seen and what comes, in a file that reads as the same run.

use std::path::PathBuf;

use crate::*;
use sysview::decode;
use sysview::model::Store;
use sysview::session::{Item, Marker, Reader};

/// The read that goes on comes back, and the program ends.
fn ending() -> Message {
    let mut r = scene::Recorder::new();
    r.after(900_000).exit(0, Outcome::Returned(3), &[(0x9200, b"ls\n")]);
    r.after(5).enter(0, scene::OPENAT, [scene::AT_FDCWD, 0x2000, 0, 0, 0, 0], &[(0x2000, b"/etc/hosts\0")]);
    r.after(5).exit(0, Outcome::Failed(13), &[]);
    r.take()
}

fn temp(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("sysview-screens-{}-{name}", std::process::id()))
}

/// Types the name of a file in place of what is proposed, and begins.
fn record(app: &mut App, file: &std::path::Path) {
    press(app, "R Ctrl-u");
    app.paste(file.to_str().unwrap());
    press(app, "Enter");
}

/// Time passes until the recording is complete.
fn completed(app: &mut App) {
    for ms in 0.. {
        app.tick(20_000 + ms);
        app.work(|| false);
        if print::text(app, 120, 40).contains("Recorded in") {
            return;
        }
        assert!(ms < 1_000_000, "{}", print::text(app, 120, 40));
        std::thread::yield_now();
    }
}

/// The rows of a file as the trace shows them, what was printed, how it ended, and its markers.
fn read(file: &std::path::Path) -> (Vec<String>, String, Option<End>, Vec<Marker>) {
    let mut reader = Reader::open(std::fs::File::open(file).unwrap(), "file").unwrap();
    let (mut store, mut output, mut end, mut markers) = (Store::new(), Vec::new(), None, Vec::new());
    while let Some(items) = reader.read().unwrap() {
        for item in items {
            match item {
                Item::Batch(batch) => drop(store.append(&batch)),
                Item::Output(bytes) => output.extend(bytes),
                Item::Ended(how) => end = Some(how),
                Item::Marker(marker) => markers.push(marker),
            }
        }
    }
    assert_eq!(reader.cut(), None);
    std::fs::remove_file(file).unwrap();
    (rows(&store), String::from_utf8_lossy(&output).into_owned(), end, markers)
}

fn rows(store: &Store) -> Vec<String> {
    let times = |seq| store.row(seq).map(|row| (row.task, row.t_ns));
    (0..store.len())
        .map(|seq| format!("{:?} {}", times(seq), decode::row_text(store, seq, &Default::default())))
        .collect()
}

#[test]
fn what_was_seen_and_what_comes_is_recorded_until_the_end() {
    let file = temp("whole");
    let mut app = app(Options::default(), 120, 40);
    press(&mut app, "R");
    shows(&app, "Into which file?");
    shows(&app, "> python3.sysview");
    press(&mut app, "Esc");
    record(&mut app, &file);
    app.work(|| false);
    app.message(ending());
    app.message(Message::Output(b"bye\r\n".to_vec()));
    app.tick(9_000);
    shows(&app, "●");
    app.message(Message::Ended(End::Exited(3)));
    completed(&mut app);
    let (read, output, end, markers) = read(&file);
    assert_eq!(read, rows(&app.session().store));
    assert!(output.contains("hello") && output.ends_with("bye\r\n"), "{output:?}");
    assert_eq!((end, markers), (Some(End::Exited(3)), vec![Marker::Begun]));
}

#[test]
fn the_key_ends_it_and_leaving_does() {
    let file = temp("stopped");
    let mut app = app(Options::default(), 120, 40);
    record(&mut app, &file);
    press(&mut app, "R");
    completed(&mut app);
    let before = rows(&app.session().store);
    app.message(ending());
    // A call that went on came back later, which is not in the file.
    let (read, _, end, _) = read(&file);
    assert_eq!((read, end), (before, None));
}

#[test]
fn the_header_tells_how_far_a_file_is_read() {
    let mut app = App::new(Options::default());
    app.resize(120, 40);
    app.message(scene::started(false));
    app.message(scene::run());
    app.message(Message::Progress { read: 45, size: 100 });
    shows(&app, "reading ████▌░░░░░ 45 %");
    // What is there can be used.
    press(&mut app, "Home");
    shows(&app, "execve");
    app.message(Message::Ended(End::Replayed));
    assert!(!print::text(&app, 120, 40).contains("reading"), "{}", print::text(&app, 120, 40));
}

#[test]
fn a_file_that_is_there_is_not_replaced() {
    let file = temp("there");
    std::fs::write(&file, "precious").unwrap();
    let mut app = app(Options::default(), 120, 40);
    record(&mut app, &file);
    shows(&app, "another name.");
    press(&mut app, "Esc");
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
    std::fs::remove_file(&file).unwrap();
    record(&mut app, std::path::Path::new("/nonexistent/x"));
    shows(&app, "/nonexistent/x cannot be made");
}
