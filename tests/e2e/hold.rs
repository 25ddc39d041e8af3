//! Holding, stepping, catching and changing calls from the screen, with the engine behind it.

use crate::pty::Session;

const CAT: &[&str] = &["--", "sh", "-c", "cat /etc/hostname; echo over"];

#[test]
fn a_program_begins_held_and_is_stepped_to_the_calls_of_its_own() {
    let mut session = Session::start(&[&["--hold"], CAT].concat());
    session.until_shows("‖ held 1 of 1");
    session.until_shows("held at exit execve(");
    session.keys(".");
    session.until_shows("is held at entry: about to call");
    session.until_shows("held at entry, about to call: these registers");
    session.keys(".");
    session.until_shows("is held at exit of");
    session.keys("P");
    session.until_shows("ended (0)");
    session.until("nothing held any more", |screen| !screen.contains("held"));
    session.keys("q");
    assert_eq!(session.end(), Some(0));
}

/// `/etc/hostname` is opened by cat alone; what it gets is what was typed.
#[test]
fn a_caught_call_is_made_to_fail() {
    let mut session = Session::start(&[&["--catch", "openat path:/etc/hostname"], CAT].concat());
    session.until_shows("about to call openat (caught by openat");
    session.keys("e");
    session.until_shows("What becomes of this openat?");
    session.keys("eacc");
    session.until_shows("> EACCES");
    session.keys("\r\r");
    session.until_shows("will fail with EACCES");
    session.keys("P");
    session.until_shows("ended (0)");
    session.until_shows("cat: /etc/hostname: Permission denied");
    session.keys("/openat err=EACCES\r");
    session.until_shows("1 of");
    session.keys("gz\r");
    session.until_shows("INJECTED: sysview changed this call");
    session.until_shows("not known: of the");
    session.keys("q");
    assert_eq!(session.end(), Some(0));
}

#[test]
fn a_change_that_is_typed_holds_from_then_on() {
    let mut session = Session::start(&["--", "bash", "--norc"]);
    session.until_shows("prompt>");
    session.keys("ia");
    session.until_shows("New change of calls");
    session.keys("openat path:/etc/**\tenoent\r");
    session.until_shows("[x] openat path:/etc/**: fails with ENOENT");
    session.keys("\x1b");
    session.until("the list closed", |screen| !screen.contains("Catch and change calls"));
    session.until_shows("1 change of calls");
    session.keys("tcat /etc/hostname\r");
    session.until_shows("cat: /etc/hostname: No such file or directory");
    session.keys("exit\r");
    session.until_shows("ended (1)");
    session.keys("\x1dq");
    assert_eq!(session.end(), Some(1));
}

#[test]
fn a_held_program_is_handed_over_running() {
    let mut session = Session::start(&["--hold", "--", "sh", "-c", "echo free again"]);
    session.until_shows("‖ held 1 of 1");
    session.keys("qh");
    assert_eq!(session.end(), Some(0));
    assert!(session.screen().contains("free again"), "{}", session.screen());
}
