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
fn handed_over_in_another_terminal_it_goes_on_there_even_without_us() {
    let other = nix::pty::openpty(None, None).expect("a pty");
    let path = std::fs::read_link(format!("/proc/self/fd/{}", other.slave.as_raw_fd())).expect("its name");
    let mut master = File::from(other.master);
    let script = "while read line; do echo got-$line; done";
    for end in ["by itself", "by Ctrl-C"] {
        let mut session = Session::start(&["--tty", path.to_str().expect("UTF-8"), "--", "sh", "-c", script]);
        session.until_shows("read(0");
        session.keys("q");
        session.until_shows("in its own terminal; wait for its");
        session.keys("h");
        session.until_shows("sysview: the program goes on in its own terminal");
        session.assert_restored();
        if end == "by Ctrl-C" {
            session.keys("\x03");
            assert_eq!(session.end(), Some(128 + 2));
        }
        master.write_all(format!("{}\n", end.replace(' ', "-")).as_bytes()).expect("typed");
        let mut seen = String::new();
        while !seen.contains(&format!("got-{}", end.replace(' ', "-"))) {
            let mut buffer = [0; 256];
            let count = master.read(&mut buffer).expect("read");
            seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
        // The end of its input is the program's.
        master.write_all(b"\x04").expect("typed");
        if end == "by itself" {
            assert_eq!(session.end(), Some(0));
        }
        session.assert_restored();
    }
    drop(other.slave);
}

#[test]
fn a_terminal_that_is_none_is_told_in_a_sentence() {
    let mut session = Session::start(&["--tty", "/dev/null", "--", "true"]);
    assert_eq!(session.end(), Some(1));
    assert!(session.screen().contains("/dev/null"), "{}", session.screen());
    session.assert_restored();
}
