//! `sysview record` and `sysview open`: a run kept in a file is the run that was seen.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use sysview::session::{Item, Reader};

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
    // What the file holds is said once.
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(said.lines().count() == 1 && said.contains("up to 256 bytes of each buffer"), "{said}");
    std::fs::remove_file(&file).expect("removed");
}

/// All copied memory of a recording, and what was said when it was made.
fn memory_of(name: &str, options: &[&str]) -> (String, String) {
    let file = temp(name);
    let path = file.to_str().expect("UTF-8");
    let program = ["--", "sh", "-c", "echo payload-word"];
    let run = Command::new(SYSVIEW)
        .args([&["record", "-o", path], options, &program].concat())
        .env("SECRET_NAME", "environment-word")
        .output()
        .expect("sysview runs");
    let mut reader = Reader::open(std::fs::File::open(&file).expect("the recording"), path).expect("a recording");
    let mut memory = Vec::new();
    while let Some(items) = reader.read().expect("readable") {
        for item in items {
            match item {
                Item::Batch(batch) => {
                    batch.regions.iter().for_each(|region| memory.extend_from_slice(batch.region_bytes(region)));
                }
                Item::Output(bytes) => memory.extend(bytes),
                _ => {}
            }
        }
    }
    std::fs::remove_file(&file).expect("removed");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&memory), text(&run.stderr))
}

#[test]
fn contents_are_kept_or_left_out_as_was_asked_and_said() {
    // The command line stands in an argument and is kept.
    let counts = |text: &str| ["payload-word", "environment-word"].map(|word| text.matches(word).count());
    let (memory, said) = memory_of("contents", &[]);
    assert!(counts(&memory)[0] == 2 && counts(&memory)[1] > 0, "{:?}", counts(&memory));
    assert!(said.contains("--no-payload and --no-env leave these out"), "{said}");
    let (memory, said) = memory_of("no-contents", &["--no-payload", "--no-env", "--pty", "80x24"]);
    assert_eq!(counts(&memory), [1, 0]);
    assert!(memory.contains("/dev/tty") || memory.contains("/lib"), "paths are kept");
    assert!(said.contains("nothing of what goes through buffers, no environment variables."), "{said}");
    let (memory, _) = memory_of("no-buffers", &["--capture", "0", "--no-env"]);
    assert_eq!(counts(&memory), [1, 0]);
}

#[test]
fn calls_of_other_architectures_are_shown_by_their_names() {
    let picture = temp("architectures.svg");
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/session/kept/version2.sysview");
    let keys = "z home";
    let args = ["open", kept, "--svg", picture.to_str().expect("UTF-8"), "--size", "120x40", "--keys", keys];
    let drawn = sysview(&args);
    assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
    let svg = std::fs::read_to_string(&picture).expect("the picture");
    // Number 0 on x86-64, i386 and aarch64.
    for name in ["read(3", "restart_syscall(", "io_setup(3"] {
        assert!(svg.contains(name), "{name} is not in {svg}");
    }
    std::fs::remove_file(&picture).expect("removed");
}

#[test]
fn a_full_disk_ends_the_recording_and_not_the_program() {
    let run = sysview(&["record", "-o", "/dev/full", "--", "sh", "-c", "echo still here"]);
    assert_eq!(run.stdout, b"still here\n");
    assert_eq!(run.status.code(), Some(1));
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(said.contains("/dev/full: the recording stopped: No space left"), "{said}");
    assert!(said.contains("the program ran to its end, but /dev/full is cut"), "{said}");
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
