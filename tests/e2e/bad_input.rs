//! Wrong commands, files and circumstances: one sentence, an exit code, no blank screen.

use std::process::{Command, Stdio};

use crate::pty::SYSVIEW;

/// Runs without any terminal; returns the exit code and standard error.
fn run(args: &[&str]) -> (Option<i32>, String) {
    // setsid: a test run in a terminal must not lend it.
    let output = Command::new("setsid")
        .arg("--wait")
        .arg(SYSVIEW)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .expect("setsid of util-linux runs sysview");
    (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
}

#[track_caller]
fn assert_sentence(args: &[&str], code: i32, parts: &[&str]) {
    let (status, stderr) = run(args);
    assert_eq!(status, Some(code), "{args:?}: {stderr}");
    assert_eq!(stderr.trim_end().lines().count(), 1, "{args:?} said more than one line: {stderr}");
    assert!(stderr.starts_with("sysview: "), "{args:?}: {stderr}");
    for part in parts {
        assert!(stderr.contains(part), "{args:?}: {part:?} is not in: {stderr}");
    }
}

#[test]
fn no_command_says_how_to_give_one() {
    assert_sentence(&[], 2, &["sysview -- "]);
}

#[test]
fn no_terminal_names_the_log() {
    assert_sentence(&["--", "true"], 1, &["terminal", "sysview log"]);
}

#[test]
fn unknown_commands_exit_with_127() {
    assert_sentence(&["log", "--", "no-such-command-anywhere"], 127, &["no-such-command-anywhere", "PATH"]);
    assert_sentence(&["log", "--", "/no/such/file"], 127, &["/no/such/file"]);
}

#[test]
fn commands_that_cannot_run_exit_with_126() {
    let dir = std::env::temp_dir().join(format!("sysview-bad-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory");
    let plain = dir.join("plain");
    std::fs::write(&plain, "not a program\n").expect("a file");
    assert_sentence(&["log", "--", plain.to_str().expect("UTF-8")], 126, &["plain"]);
    assert_sentence(&["log", "--", dir.to_str().expect("UTF-8")], 126, &["directory"]);
    // Executable, but in no format that the kernel knows.
    let mut permissions = std::fs::metadata(&plain).expect("metadata").permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    std::fs::set_permissions(&plain, permissions).expect("chmod");
    assert_sentence(&["log", "--", plain.to_str().expect("UTF-8")], 126, &["plain"]);
    std::fs::remove_dir_all(&dir).expect("removed");
}

#[test]
fn a_bad_profile_is_told_before_anything_runs() {
    assert_sentence(&["--seccomp", "/no/such.json", "--", "true"], 2, &["/no/such.json", "docker-default"]);
    let path = std::env::temp_dir().join(format!("sysview-bad-{}.json", std::process::id()));
    std::fs::write(&path, "{\n  \"defaultAction\": \"SCMP_ACT_ALLWO\"\n}\n").expect("a file");
    assert_sentence(&["--seccomp", path.to_str().expect("UTF-8"), "--", "true"], 2, &[":2:", "SCMP_ACT_ALLOW"]);
    std::fs::remove_file(&path).expect("removed");
}

#[test]
fn a_log_that_cannot_be_written_starts_nothing() {
    assert_sentence(&["log", "-o", "/no/such/dir/file", "--", "true"], 1, &["/no/such/dir/file"]);
}

#[test]
fn files_that_are_no_recordings_are_told() {
    assert_sentence(&["open", "/no/such/run.sysview", "--svg", "/dev/null"], 1, &["/no/such/run.sysview"]);
    assert_sentence(&["open", "/etc/passwd", "--svg", "/dev/null"], 1, &["/etc/passwd"]);
}

#[test]
fn a_wrong_filter_is_shown_with_a_caret() {
    for (args, option) in [
        (&["filter", "explain", "read", "err=ENOETN"][..], "filter explain"),
        (&["--filter", "read err=ENOETN", "--", "true"], "--filter"),
        (&["--catch", "read err=ENOETN", "--", "true"], "--catch"),
        (&["open", "--filter", "read err=ENOETN", "/dev/null"], "--filter"),
    ] {
        let (status, stderr) = run(args);
        assert_eq!(status, Some(2), "{args:?}: {stderr}");
        let lines: Vec<&str> = stderr.lines().collect();
        assert!(lines[0].starts_with(&format!("sysview: {option}: column 10: ")), "{stderr}");
        assert!(lines[0].ends_with("did you mean ENOENT?"), "{stderr}");
        assert_eq!(lines[1..], ["  read err=ENOETN", "           ^"], "{stderr}");
    }
}
