//! Catchpoints and changes from the command line, and a program that begins held.

use std::process::Command;

use crate::pty::{SYSVIEW, Session};

#[test]
fn the_program_begins_held_and_is_caught_where_the_command_line_says() {
    let mut session = Session::start(&["--hold", "--catch", "path:/etc/host*", "--", "cat", "/etc/hostname"]);
    session.until_shows("held 1 of 1");
    session.until_shows("held at exit of execve");
    session.keys("P");
    session.until_shows("about to call openat (caught by");
    session.keys("P");
    session.until_shows("ended (0)");
    session.keys("q");
    session.end();
    session.assert_restored();
}

#[test]
fn the_command_lines_changes_are_made() {
    let injection = "inject=chdir:error=EIO:when=2";
    let mut session = Session::start(&["-e", injection, "-e", "trace=chdir", "--", "sh", "-c", "cd /; cd /; cd /"]);
    session.until_shows("ended (0)");
    session.until_shows("EIO");
    session.until_shows("3 calls");
    session.keys("q");
    session.end();
    session.assert_restored();
}

#[test]
fn wrong_ones_are_sentences() {
    for (options, words) in [
        (&["--catch", "path:"][..], "--catch: column 6: a value is missing here; as in path:/etc/**"),
        (&["--catch", "signal"], "A signal is no call"),
        (&["--catch", "blocked"], "--seccomp"),
        (&["-e", "status=failed"], "sysview log"),
        (&["-e", "inject=openat:eror=1"], "column 15: \"eror\" is not known here; the nearest valid word is error="),
    ] {
        let output = Command::new(SYSVIEW).args(options).args(["--", "true"]).output().expect("sysview runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        // A mistake in a filter is shown below the sentence.
        let lines = if said.contains("column 6") { 3 } else { 1 };
        assert!(said.contains(words) && said.lines().count() == lines, "{said}");
    }
}
