//! The seccomp overlay over a real run: marks, counts, the first divergence, the chooser.

use crate::pty::Session;

/// `unshare` is not in Docker's profile without CAP_SYS_ADMIN, so the first call is blocked; `ls` alone is not.
const UNSHARE: &[&str] = &["--", "python3", "-c", "import ctypes; ctypes.CDLL(None).unshare(0x40000000)"];

#[test]
fn a_blocked_call_is_marked_and_counted() {
    let mut session = Session::start(&[&["--seccomp", "docker-default"], UNSHARE].concat());
    session.until_shows("ended (0)");
    session.until_shows("docker-default, 1 would be blocked");
    session.keys("q");
    assert_eq!(session.end(), Some(0));
}

#[test]
fn the_overlay_goes_off_and_on() {
    let mut session = Session::start(&[&["--seccomp", "docker-default"], UNSHARE].concat());
    session.until_shows("ended (0)");
    session.until_shows("1 would be blocked");
    session.keys("s");
    session.until("the overlay off", |s| !s.contains("would be blocked"));
    session.keys("s");
    session.until_shows("1 would be blocked");
    session.keys("q");
    assert_eq!(session.end(), Some(0));
}

#[test]
fn without_a_profile_the_key_offers_some() {
    let mut session = Session::start(UNSHARE);
    session.until_shows("ended (0)");
    session.keys("s");
    session.until_shows("docker-default");
    session.keys("\r");
    session.until_shows("docker-default, 1 would be blocked");
    session.keys("q");
    assert_eq!(session.end(), Some(0));
}
