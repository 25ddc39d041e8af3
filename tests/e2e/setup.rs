//! `-u`, `-E`, `--argv0` and `--cwd`: on every subcommand that starts a program, and what is wrong with them in a sentence.

use std::process::{Command, Output, Stdio};

use nix::unistd::Uid;

use crate::pty::{SYSVIEW, Session};

fn run(args: &[&str]) -> Output {
    Command::new(SYSVIEW).args(args).stdin(Stdio::null()).output().expect("sysview runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[track_caller]
fn assert_sentence(args: &[&str], code: i32, parts: &[&str]) {
    let output = run(args);
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{args:?}: {said}");
    for part in parts {
        assert!(said.contains(part), "{args:?}: {part:?} is not in: {said}");
    }
}

#[test]
fn log_and_record_start_the_program_as_told() {
    for sub in ["log", "record"] {
        let options = [sub, "-o", "/dev/null", "-E", "MADE=a=b", "--env", "HOME", "--argv0", "zero", "--cwd", "/usr"];
        let program =
            ["--", "bin/../../bin/sh", "-c", "echo $(pwd) $MADE ${HOME-none}; tr '\\0' ' ' < /proc/$$/cmdline"];
        let output = run(&[&options[..], &program].concat());
        let text = stdout(&output);
        assert!(text.starts_with("/usr a=b none\nzero -c "), "{sub}: {text}");
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn the_screen_starts_the_program_as_told() {
    let mut session = Session::start(&["-E", "MADE=made-here", "--cwd", "/usr", "--", "sh", "-c", "echo $(pwd) $MADE"]);
    session.until_shows("ended (0)");
    session.until_shows("/usr made-here");
    session.keys("q");
    assert_eq!(session.end(), Some(0));
}

#[test]
fn argument_0_is_seen_in_the_execve() {
    let output = run(&["log", "--argv0", "-dash", "--", "true"]);
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(said.contains("true\", [\"-dash\"], 0x"), "{said}");
}

#[test]
fn another_user_is_for_root() {
    if Uid::effective().is_root() {
        let output = run(&["log", "-o", "/dev/null", "-u", "nobody", "--cwd", "/", "--", "id", "-un"]);
        assert_eq!(stdout(&output), "nobody\n");
        assert_sentence(&["log", "-u", "no-such-user", "--", "true"], 2, &["no user no-such-user", "getent passwd"]);
    } else {
        assert_sentence(&["log", "-u", "nobody", "--", "true"], 1, &["Only root", "sudo sysview -u nobody"]);
    }
}

#[test]
fn wrong_variables_and_directories_are_told() {
    assert_sentence(&["log", "-E", "=x", "--", "true"], 2, &["-E =x", "NAME=VALUE"]);
    assert_sentence(&["log", "--cwd", "/no/such/dir", "--", "true"], 2, &["/no/such/dir", "check the path"]);
    assert_sentence(&["record", "-o", "/dev/null", "--cwd", "/etc/passwd", "--", "true"], 2, &["not a directory"]);
    assert_sentence(&["log", "--cwd", "/usr", "--", "./no-such"], 127, &["./no-such"]);
}
