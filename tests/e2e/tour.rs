//! Guided tours: in a shell, over a recording, and a name that is none.

use std::process::Command;

use crate::pty::{SYSVIEW, Session};

#[test]
fn a_step_is_done_when_its_command_was_typed() {
    let mut session = Session::start(&["--tour", "first-steps", "--", "bash", "--norc"]);
    session.until_shows("Step 1 of 8: A program cannot do much alone");
    session.until_shows("prompt>");
    session.keys("]");
    session.until_shows("not seen yet");
    session.keys("t");
    session.until_shows("leaves its terminal");
    session.keys("ls /\r");
    session.until_shows("done: Ctrl-], then ] goes on");
    session.keys("\x1d]");
    session.until_shows("Step 3 of 8: Before main");
    session.keys("L");
    session.until_shows("runs, step 3 of 8");
    session.keys(&"\x1b[B".repeat(4));
    session.until_shows("> End the tour");
    session.keys("\r");
    session.until("the box gone", |s| !s.contains("of 8"));
    session.keys("qk");
    assert_eq!(session.end(), Some(128 + 9));
    session.assert_restored();
}

#[test]
fn a_recording_is_toured_as_well() {
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo/shell.sysview");
    let mut session = Session::start(&["open", "--tour", "errors", demo]);
    session.until_shows("Step 1 of 8: Red lines everywhere");
    session.keys("]");
    session.until_shows("Step 2 of 8: The most frequent failure of all");
    session.until_shows("done: ] goes on");
    session.keys("q");
    assert_eq!(session.end(), Some(3), "the status of the recorded program");
    session.assert_restored();
}

#[test]
fn an_unknown_tour_is_one_sentence_with_the_names() {
    let output = Command::new(SYSVIEW).args(["--tour", "cooking", "--", "true"]).output().expect("sysview runs");
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(text.lines().count(), 1, "{text}");
    for name in ["cooking", "first-steps", "errors", "vdso", "sandbox"] {
        assert!(text.contains(name), "{text}");
    }
}
