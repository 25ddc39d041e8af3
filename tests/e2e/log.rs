//! `sysview log`: strace's format, the program's own stdin and stdout, the program's exit status.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::pty::SYSVIEW;

fn log(args: &[&str]) -> Output {
    Command::new(SYSVIEW).arg("log").args(args).stdin(Stdio::null()).output().expect("sysview log runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("the log is ASCII")
}

fn temp(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("sysview-log-{}-{name}", std::process::id()))
}

#[test]
fn begins_with_the_execve_and_ends_with_the_exit() {
    let output = log(&["--", "true"]);
    assert_eq!(output.status.code(), Some(0));
    let text = stderr(&output);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("execve(\"/"), "{}", lines[0]);
    assert!(lines[0].contains("[\"true\"], 0x"), "{}", lines[0]);
    assert!(lines[0].ends_with("vars */) = 0"), "{}", lines[0]);
    assert_eq!(lines[lines.len() - 2], "exit_group(0)                           = ?");
    assert_eq!(lines[lines.len() - 1], "+++ exited with 0 +++");
    assert!(text.is_ascii());
}

#[test]
fn there_is_no_row_of_a_failed_search_along_path() {
    let text = stderr(&log(&["--", "true"]));
    assert_eq!(text.matches("execve(").count(), 1, "{text}");
}

#[test]
fn the_programs_output_and_status_are_its_own() {
    let output = log(&["--", "sh", "-c", "echo out; exit 7"]);
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(output.stdout, b"out\n");
    let text = stderr(&output);
    assert!(text.contains("write(1, \"out\\n\", 4)                    = 4"), "{text}");
    assert!(text.trim_end().ends_with("+++ exited with 7 +++"), "{text}");
}

#[test]
fn a_signal_is_128_more() {
    let output = log(&["--", "sh", "-c", "kill -TERM $$"]);
    assert_eq!(output.status.code(), Some(128 + 15));
    let text = stderr(&output);
    assert!(text.contains("--- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid="), "{text}");
    assert!(text.contains("+++ killed by SIGTERM +++"), "{text}");
}

#[test]
fn standard_input_reaches_the_program() {
    let mut child = Command::new(SYSVIEW)
        .args(["log", "-o", "/dev/null", "--", "cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sysview log runs");
    std::io::Write::write_all(&mut child.stdin.take().expect("stdin"), b"through\n").expect("written");
    let output = child.wait_with_output().expect("output");
    assert_eq!(output.stdout, b"through\n");
    assert!(output.status.success());
}

#[test]
fn a_file_has_the_number_of_the_task_on_every_line() {
    let file = temp("pipeline");
    let output = log(&["-o", file.to_str().expect("UTF-8"), "--", "sh", "-c", "ls / | wc -l"]);
    assert!(output.status.success());
    let text = std::fs::read_to_string(&file).expect("the log");
    std::fs::remove_file(&file).expect("removed");
    assert_eq!(stderr(&output), "", "with -o nothing is said on standard error");
    let mut pids = std::collections::BTreeSet::new();
    for line in text.lines() {
        let (pid, rest) = line.split_once(' ').expect("a number first");
        pids.insert(pid.parse::<u32>().unwrap_or_else(|_| panic!("no number: {line}")));
        assert!(!rest.is_empty());
    }
    assert_eq!(pids.len(), 3, "sh, ls and wc: {text}");
    assert_eq!(text.matches("+++ exited with 0 +++").count(), 3, "{text}");
    // What is unfinished is resumed.
    let unfinished = text.lines().filter(|l| l.ends_with("<unfinished ...>")).count();
    assert_eq!(unfinished, text.matches(" resumed>").count(), "{text}");
}

#[test]
fn several_tasks_on_standard_error_are_told_apart() {
    let text = stderr(&log(&["--", "sh", "-c", "sleep 0.1 & wait"]));
    assert!(text.contains("[pid "), "{text}");
    assert!(text.contains(" attached\n"), "{text}");
    assert!(text.contains("--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid="), "{text}");
}

#[test]
fn bytes_of_the_program_are_escaped() {
    let text = stderr(&log(&["--", "printf", "\\033[2J\\033]0;title\\007"]));
    assert!(text.contains("\\33[2J\\33]0;title\\7"), "{text}");
    assert!(!text.contains('\x1b'));
}

#[test]
fn capture_limits_what_is_copied_and_s_what_is_shown() {
    let script = "printf %s 0123456789012345678901234567890123456789";
    let text = stderr(&log(&["--", "sh", "-c", script]));
    assert!(text.contains("write(1, \"01234567890123456789012345678901\"..., 40) = 40"), "{text}");
    let text = stderr(&log(&["-s", "64", "--", "sh", "-c", script]));
    assert!(text.contains("write(1, \"0123456789012345678901234567890123456789\", 40) = 40"), "{text}");
    let text = stderr(&log(&["-s", "4", "--capture", "2", "--", "sh", "-c", script]));
    assert!(text.contains("write(1, \"0123\"..., 40) "), "{text}");
}

#[test]
fn a_call_that_blocks_is_visible_while_it_blocks() {
    use std::io::Read;
    let mut child = Command::new(SYSVIEW)
        .args(["log", "--", "sleep", "1000"])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("sysview log runs");
    let mut seen = Vec::new();
    let mut pipe = child.stderr.take().expect("stderr");
    let mut byte = [0];
    while !String::from_utf8_lossy(&seen).contains("nanosleep(") {
        assert_eq!(pipe.read(&mut byte).expect("read"), 1, "ended: {}", String::from_utf8_lossy(&seen));
        seen.push(byte[0]);
    }
    child.kill().expect("killed");
    child.wait().expect("reaped");
    // EXITKILL: the program went with sysview, so nobody holds the pipe any more.
    pipe.read_to_end(&mut seen).expect("the pipe ends");
}

#[test]
fn a_log_that_breaks_leaves_the_program_alone() {
    let file = temp("went-on");
    let script = format!("ls / > /dev/null; echo on > {}; exit 5", file.display());
    let full = log(&["-o", "/dev/full", "--", "sh", "-c", &script]);
    assert_eq!(full.status.code(), Some(1));
    let said = stderr(&full);
    assert!(said.contains("No space left") && said.lines().count() == 1, "{said}");
    assert_eq!(std::fs::read_to_string(&file).expect("the program went on"), "on\n");
    std::fs::remove_file(&file).expect("removed");
    // A reader who leaves is no error.
    let line = format!("\"{SYSVIEW}\" log -- sh -c '{script}' 2>&1 | head -1 >/dev/null; exit ${{PIPESTATUS[0]}}");
    let piped = Command::new("bash").args(["-c", &line]).status().expect("bash runs");
    assert_eq!(piped.code(), Some(5));
    assert_eq!(std::fs::read_to_string(&file).expect("the program went on"), "on\n");
    std::fs::remove_file(&file).expect("removed");
}
