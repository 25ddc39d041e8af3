//! The vDSO's first step: the header names its symbols; without it, clock calls become real ones.

use std::process::{Command, Stdio};

use crate::pty::{SYSVIEW, Session};

const CLOCK: &str = "import time; time.time()";

fn clock_calls(mode: &str) -> usize {
    let output = Command::new(SYSVIEW)
        .args(["log", "--vdso", mode, "--", "python3", "-c", CLOCK])
        .stdin(Stdio::null())
        .output()
        .expect("sysview log runs");
    assert!(output.status.success(), "{mode}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stderr).lines().filter(|l| l.contains("clock_gettime(CLOCK_REALTIME")).count()
}

#[test]
fn without_the_vdso_clock_calls_appear() {
    assert_eq!(clock_calls("natural"), 0, "the vDSO serves time.time()");
    assert!(clock_calls("absent") > 0, "time.time() must be a real call");
}

#[test]
fn the_header_tells_what_the_program_has() {
    let mut session = Session::start(&["--", "true"]);
    session.until_shows("vDSO: 6 symbols");
    session.until_shows("ended (");
    session.keys("q");
    assert_eq!(session.end(), Some(0));
    let mut session = Session::start(&["--vdso", "absent", "--", "true"]);
    session.until_shows("vDSO: absent");
    session.until_shows("ended (");
    session.keys("q");
    assert_eq!(session.end(), Some(0));
}

#[test]
fn off_from_the_start_they_appear_and_a_comment_tells_why() {
    if !cfg!(target_arch = "x86_64") {
        return;
    }
    assert!(clock_calls("off") > 0, "time.time() must be a real call");
    let comments = |more: &[&str]| {
        let command = ["--", "python3", "-c", CLOCK];
        let output = Command::new(SYSVIEW)
            .args([&["log", "--vdso", "off"], more, &command].concat())
            .stdin(Stdio::null())
            .output()
            .expect("sysview log runs");
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        log.lines().filter(|line| line.ends_with(" = 0 /* the vDSO would have answered this */")).count()
    };
    assert_eq!(comments(&[]), 0);
    assert!(comments(&["--vdso-comments"]) > 0);
}

#[test]
fn a_key_switches_it_off_and_on() {
    if !cfg!(target_arch = "x86_64") {
        return;
    }
    let mut session = Session::start(&["--", "sleep", "600"]);
    session.until_shows("vDSO: 6 symbols");
    session.keys("v");
    session.until_shows("vDSO: off");
    session.until_shows("EFAULT not SIGSEGV");
    session.keys("v");
    session.until_shows("vDSO: 6 symbols");
    session.keys("qk");
    assert_eq!(session.end(), Some(137));
}
