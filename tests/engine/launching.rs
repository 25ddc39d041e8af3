//! What cannot be launched is said in a sentence, and what can is launched as a shell would.

use std::ffi::OsString;
use std::path::PathBuf;

use sysview::capture::{LaunchError, resolve};

use crate::harness::*;

/// An executable file. A shell writes it: were it open for writing here, another test's fork could hold it open while
/// this test executes it ("text file busy").
fn file(name: &str, content: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let script = r#"printf %s "$2" > "$1" && chmod 755 "$1""#;
    let made = std::process::Command::new("/bin/sh").args(["-c", script, "sh"]).arg(&path).arg(content).status();
    assert!(made.unwrap().success());
    path
}

fn refusal(path: &PathBuf) -> LaunchError {
    let mut launch = plan(&["sh"]);
    launch.program = path.clone();
    launch.argv = vec![OsString::from(path)];
    let error = refused(launch);
    let _ = std::fs::remove_file(path);
    let sentence = error.to_string();
    assert!(sentence.ends_with('.') && !sentence.contains('\n'), "{sentence}");
    error
}

#[test]
fn a_file_that_is_no_program_is_refused() {
    let error = refusal(&file("no-program", "echo hello\n"));
    assert_eq!(error.exit_code(), 126);
    assert!(error.to_string().contains("#! line"), "{error}");
}

#[test]
fn a_missing_interpreter_is_named_as_the_cause() {
    let error = refusal(&file("no-interpreter", "#!/nonexistent/interpreter\n"));
    assert_eq!(error.exit_code(), 127);
    assert!(error.to_string().contains("interpreter"), "{error}");
}

#[test]
fn an_argument_list_that_is_too_long_is_refused() {
    let mut launch = plan(&["sh"]);
    launch.argv.push("z".repeat(4 << 20).into());
    let error = refused(launch);
    assert_eq!(error.exit_code(), 126);
    assert!(error.to_string().contains("too long"), "{error}");
}

#[test]
fn an_argument_with_a_nul_is_refused() {
    let mut launch = plan(&["sh"]);
    launch.argv.push("a\0b".into());
    assert_eq!(refused(launch).exit_code(), 126);
}

#[test]
fn a_command_that_does_not_exist_is_not_even_forked() {
    assert_eq!(resolve("no-such-command-anywhere".as_ref()).unwrap_err().exit_code(), 127);
}

#[test]
fn a_script_runs_through_its_interpreter() {
    let path = file("script", "#!/bin/sh\nexit 9\n");
    let run = run(&[path.to_str().unwrap()]);
    let _ = std::fs::remove_file(&path);
    assert_eq!(run.end.exit_code(), 9);
    assert_eq!(run.execs()[0].1.path, path.to_str().unwrap().as_bytes());
}

#[test]
fn nothing_of_ours_leaks_into_the_program() {
    // Whatever descriptors this test inherited, the program inherits too, and nothing else.
    const SCRIPT: &str = "cd /proc/self/fd; echo [0-9]*";
    let native = std::process::Command::new("/bin/sh").args(["-c", SCRIPT]).output().unwrap();
    assert_eq!(sh(SCRIPT).text(), String::from_utf8_lossy(&native.stdout));
    let signals = sh("grep -E '^Sig(Blk|Ign)' /proc/self/status").text();
    let (blocked, ignored) = signals.trim_end().split_once("SigIgn:\t").expect("a mask");
    assert_eq!(blocked, "SigBlk:\t0000000000000000\n");
    // glibc ignores its two internal signals, 32 and 33, in some children.
    assert_eq!(u64::from_str_radix(ignored, 16).unwrap() & !(3 << 31), 0);
}
