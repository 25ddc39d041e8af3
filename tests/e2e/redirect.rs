//! A redirected stdin, stdout or stderr belongs to the program; the screen is drawn on the terminal all the same.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;

use crate::pty::Session;

#[test]
fn redirected_input_reaches_the_program() {
    let mut session = Session::shell("echo from-the-pipe | \"$SYSVIEW\" -- cat");
    session.until_shows("from-the-pipe");
    session.until_shows("ended (");
    session.keys("q");
    assert_eq!(session.end(), Some(0));
    session.assert_restored();
}

#[test]
fn redirected_output_gets_the_programs_bytes_and_nothing_else() {
    let file = std::env::temp_dir().join(format!("sysview-redirect-{}", std::process::id()));
    let mut session = Session::shell(&format!("\"$SYSVIEW\" -- echo for-the-file > {}", file.display()));
    session.until_shows("ended (");
    session.keys("q");
    assert_eq!(session.end(), Some(0));
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), "for-the-file\n");
    std::fs::remove_file(&file).expect("removed");
}

#[test]
fn redirected_errors_get_the_programs_bytes_and_nothing_else() {
    let file = std::env::temp_dir().join(format!("sysview-stderr-{}", std::process::id()));
    let mut session =
        Session::shell(&format!("\"$SYSVIEW\" -- sh -c 'echo oops >&2; echo fine' 2> {}", file.display()));
    session.until_shows("fine");
    session.until_shows("ended (");
    session.keys("q");
    assert_eq!(session.end(), Some(0));
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), "oops\n");
    std::fs::remove_file(&file).expect("removed");
}

#[test]
fn another_terminal_can_be_the_programs() {
    let other = nix::pty::openpty(None, None).expect("a pty");
    let path = std::fs::read_link(format!("/proc/self/fd/{}", other.slave.as_raw_fd())).expect("its name");
    let mut master = File::from(other.master);
    let script = "read line; echo got-$line";
    let mut session = Session::start(&["--tty", path.to_str().expect("UTF-8"), "--", "sh", "-c", script]);
    session.until_shows("read(0");
    master.write_all(b"typed-there\n").expect("typed");
    session.until_shows("ended (0)");
    let mut seen = String::new();
    while !seen.contains("got-typed-there") {
        let mut buffer = [0; 256];
        let count = master.read(&mut buffer).expect("read");
        seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    session.keys("q");
    assert_eq!(session.end(), Some(0));
    drop(other.slave);
}

#[test]
fn a_terminal_that_is_none_is_told_in_a_sentence() {
    let mut session = Session::start(&["--tty", "/dev/null", "--", "true"]);
    assert_eq!(session.end(), Some(1));
    assert!(session.screen().contains("/dev/null"), "{}", session.screen());
    session.assert_restored();
}
