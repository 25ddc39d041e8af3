//! `sysview record` and `sysview open`: a run kept in a file is the run that was seen.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::pty::{SYSVIEW, Session};

fn sysview(args: &[&str]) -> Output {
    Command::new(SYSVIEW).args(args).stdin(Stdio::null()).output().expect("sysview runs")
}

fn temp(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("sysview-record-{}-{name}", std::process::id()))
}

#[test]
fn a_recorded_run_opens_with_its_calls_and_its_terminal() {
    let file = temp("run");
    let path = file.to_str().expect("UTF-8");
    let run = sysview(&["record", "--pty", "60x12", "-o", path, "--", "sh", "-c", "echo kept; exit 6"]);
    assert_eq!(run.status.code(), Some(6), "{}", String::from_utf8_lossy(&run.stderr));
    let mut session = Session::start(&["open", path]);
    session.until_shows("ended (6)");
    session.until_shows("+++ exited with 6 +++");
    session.until("what the program printed", |s| s.lines().any(|l| l.contains("││kept")));
    session.keys("s\r");
    session.until_shows("0 would be blocked");
    session.keys("q");
    session.end();
    session.assert_restored();
    std::fs::remove_file(&file).expect("removed");
}

#[test]
fn without_a_pty_the_program_keeps_sysviews_streams() {
    let file = temp("streams");
    let run = sysview(&["record", "-o", file.to_str().expect("UTF-8"), "--", "echo", "straight through"]);
    assert_eq!(run.stdout, b"straight through\n");
    assert_eq!(run.stderr, b"");
    std::fs::remove_file(&file).expect("removed");
}

#[test]
fn a_cut_recording_opens_up_to_the_cut_and_says_so() {
    let file = temp("cut");
    let path = file.to_str().expect("UTF-8");
    sysview(&["record", "-o", path, "--", "sh", "-c", "sleep 1.2; ls /"]);
    let whole = std::fs::read(&file).expect("the recording");
    std::fs::write(&file, &whole[..whole.len() * 3 / 4]).expect("cut");
    let mut session = Session::start(&["open", path]);
    session.until("rows and a word about the cut", |s| s.contains("sleep") && s.contains("cut"));
    session.keys("q");
    session.end();
    session.assert_restored();
    std::fs::remove_file(&file).expect("removed");
}

#[test]
fn a_picture_needs_no_terminal() {
    let (run, picture) = (temp("picture-run"), temp("picture.svg"));
    let (run_path, picture_path) = (run.to_str().expect("UTF-8"), picture.to_str().expect("UTF-8"));
    sysview(&["record", "-o", run_path, "--", "true"]);
    let drawn = sysview(&["open", run_path, "--svg", picture_path, "--size", "90x30", "--keys", "home enter"]);
    assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
    let svg = std::fs::read_to_string(&picture).expect("the picture");
    assert!(svg.starts_with("<svg ") && svg.contains("execve"), "{svg}");
    for bad in [["--size", "0x0"], ["--keys", "nokey"]] {
        let refused = sysview(&[&["open", run_path, "--svg", picture_path], &bad[..]].concat());
        assert_eq!(refused.status.code(), Some(2), "{bad:?}");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains(bad[1]) && said.lines().count() == 1, "{said}");
    }
    std::fs::remove_file(&run).expect("removed");
    std::fs::remove_file(&picture).expect("removed");
}
