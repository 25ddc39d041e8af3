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
