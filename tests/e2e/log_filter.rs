//! `sysview log -e filter=EXPR`: the lines that fit, while the program runs.

use std::process::{Command, Output};

use crate::pty::SYSVIEW;

fn log(options: &[&str], script: &str) -> Output {
    // No settings of whoever runs the tests.
    let nowhere = std::env::temp_dir().join("sysview-no-settings");
    let mut command = Command::new(SYSVIEW);
    command.env("XDG_CONFIG_HOME", nowhere).arg("log").args(options).args(["-q", "--", "sh", "-c", script]);
    command.output().expect("sysview runs")
}

fn lines(options: &[&str], script: &str) -> Vec<String> {
    let output = log(options, script);
    String::from_utf8(output.stderr).expect("ASCII").lines().map(str::to_owned).collect()
}

#[test]
fn only_lines_that_fit_are_printed() {
    const SCRIPT: &str = "read x < /etc/passwd; exec 7< /nope/nothing";
    let found = lines(&["-e", "filter=path:/etc/passwd"], SCRIPT);
    assert!(found.iter().any(|line| line.starts_with("openat(") && line.contains("\"/etc/passwd\"")), "{found:#?}");
    // The descriptor is followed, under any number.
    assert!(found.iter().any(|line| line.starts_with("read(0, ")), "{found:#?}");
    assert!(found.iter().all(|line| !line.contains("ld.so.cache") && !line.starts_with("+++")), "{found:#?}");
    let found = lines(&["-e", "filter=err=ENOENT path~^/nope", "-e", "trace=%file"], SCRIPT);
    let opened: Vec<&String> = found.iter().filter(|line| line.starts_with("openat(")).collect();
    assert_eq!(opened.len(), 1, "{found:#?}");
    assert!(opened[0].ends_with("= -1 ENOENT (No such file or directory)"), "{found:#?}");
}

#[test]
fn what_is_no_call_fits_or_not_and_goes_on_being_known() {
    let found = lines(&["-e", "filter=signal=SIGCHLD"], "true & wait; exit 3");
    assert!(!found.is_empty() && found.iter().all(|line| line.contains("--- SIGCHLD ")), "{found:#?}");
    let output = log(&["-e", "filter=unfinished"], "exit 3");
    assert_eq!(output.status.code(), Some(3));
    let objects = lines(&["--format", "jsonl", "-e", "filter=exec"], "true");
    assert!(
        objects.len() > 1 && objects[1..].iter().all(|line| line.starts_with("{\"type\":\"exec\"")),
        "{objects:#?}"
    );
}

#[test]
fn a_call_that_blocks_is_shown_at_once_where_its_end_does_not_matter() {
    // The pipe's reader waits for its writer, so its line is interrupted by the writer's.
    let found = lines(&["-f", "-e", "filter=wait4"], "sleep 0 & wait");
    assert!(found.iter().any(|line| line.contains("wait4(")), "{found:#?}");
}

#[test]
fn wrong_filters_start_nothing() {
    let refused = |filter: &str| {
        let output = log(&["-e", filter], "echo started");
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]), "{filter}");
        String::from_utf8(output.stderr).expect("ASCII")
    };
    let told = refused("filter=read err=ENOETN");
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[1..], ["  read err=ENOETN", "           ^"], "{told}");
    assert!(refused("filter=blocked").contains("profile"));
    assert!(refused("filter=@nothing").contains("no saved filter"));
}
