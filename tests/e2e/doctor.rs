//! `sysview doctor` and the sentence of a refused launch: where tracing works, under a tracer, under a seccomp filter.

use std::process::{Command, Output, Stdio};

use crate::pty::{SYSVIEW, Session};

/// Becomes sysview with a filter that answers one call, by number, with an errno.
const FILTERED: &str = "
import ctypes, os, struct, sys
number, errno = int(sys.argv[1]), int(sys.argv[2])
step = lambda code, yes, no, k: struct.pack('HBBI', code, yes, no, k)
code = step(0x20, 0, 0, 0) + step(0x15, 0, 1, number) + step(6, 0, 0, 0x50000 | errno) + step(6, 0, 0, 0x7fff0000)
kept = ctypes.create_string_buffer(code)
class Filter(ctypes.Structure):
    _fields_ = [('len', ctypes.c_ushort), ('filter', ctypes.c_void_p)]
filter = Filter(4, ctypes.addressof(kept))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(filter), 0, 0) == 0
os.execv(sys.argv[3], sys.argv[3:])
";

fn output(program: &str, args: &[&str]) -> Output {
    Command::new(program).args(args).stdin(Stdio::null()).output().expect("it runs")
}

/// sysview's exit status and output under a filter.
fn filtered(number: libc::c_long, errno: i32, args: &[&str]) -> Output {
    let (number, errno) = (number.to_string(), errno.to_string());
    output("python3", &[&["-c", FILTERED, &number, &errno, SYSVIEW], args].concat())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// The findings' lines without the verdict, and the verdict.
#[track_caller]
fn screen(output: &Output, code: i32) -> (Vec<String>, String) {
    let out = text(&output.stdout);
    assert_eq!(output.status.code(), Some(code), "{out}");
    let mut lines: Vec<String> = out.lines().map(str::to_owned).collect();
    assert!(lines.len() < 24, "more than a screen: {out}");
    let verdict = lines.pop().expect("a verdict");
    assert!(lines.iter().all(|line| ["ok ", "note ", "fails "].iter().any(|mark| line.starts_with(mark))), "{out}");
    (lines, verdict)
}

fn line<'a>(lines: &'a [String], subject: &str) -> &'a str {
    let found = lines.iter().find(|line| line[7..].starts_with(subject));
    found.unwrap_or_else(|| panic!("no line about {subject}: {lines:#?}"))
}

#[test]
fn where_tracing_works_everything_is_looked_at_and_the_status_is_0() {
    let (lines, verdict) = screen(&output(SYSVIEW, &["doctor"]), 0);
    assert_eq!(verdict, "Tracing works here.");
    assert!(lines.iter().all(|line| !line.starts_with("fails")), "{lines:#?}");
    assert!(line(&lines, "trial").starts_with("ok "));
    for subject in [
        "kernel",
        "emulation",
        "tracer",
        "Yama",
        "seccomp",
        "LSM",
        "no_new_privs",
        "capabilities",
        "user namespace",
        "container",
        "vDSO",
        "clock",
        "/proc",
        "terminal",
    ] {
        line(&lines, subject);
    }
}

#[test]
fn in_a_terminal_its_size_and_colours_are_told() {
    let mut session = Session::start(&["doctor"]);
    session.until_shows("120x40, TERM=xterm-256color, 256 colours");
    session.until_shows("Tracing works here.");
    assert_eq!(session.end(), Some(0));
}

#[test]
fn the_smallest_usual_terminal_holds_all_of_it() {
    let mut session = Session::sized(&["doctor"], 24, 80);
    session.until("the first finding and the verdict", |screen| {
        screen.lines().any(|line| line.starts_with("ok     trial")) && screen.contains("Tracing works here.")
    });
    assert_eq!(session.end(), Some(0));
}

#[test]
fn under_a_tracer_it_is_named() {
    let outer = ["log", "-o", "/dev/null", "--", SYSVIEW];
    let (lines, verdict) = screen(&output(SYSVIEW, &[&outer[..], &["doctor"]].concat()), 1);
    assert!(line(&lines, "tracer").starts_with("fails"), "{lines:#?}");
    assert!(verdict.starts_with("Tracing does not work here: sysview is traced itself"), "{verdict}");
    assert!(verdict.contains("by sysview (process ") && verdict.ends_with("run sysview outside of it."), "{verdict}");

    let launch = output(SYSVIEW, &[&outer[..], &["log", "--", "true"]].concat());
    assert_eq!(launch.status.code(), Some(1));
    let sentence = text(&launch.stderr);
    assert_eq!(sentence.lines().count(), 1, "{sentence}");
    assert!(sentence.contains("by sysview (process ") && sentence.contains("run sysview outside of it"), "{sentence}");
}

#[test]
fn a_screen_within_a_screen_ends_with_the_sentence() {
    let mut session = Session::start(&["--", SYSVIEW, "--", "ls"]);
    session.until_shows("ended (1)");
    session.until_shows("sysview is traced itself");
    session.keys("q");
    assert_eq!(session.end(), Some(1));
}

#[test]
fn a_filter_that_forbids_ptrace_is_blamed() {
    let (lines, verdict) = screen(&filtered(libc::SYS_ptrace, libc::EPERM, &["doctor"]), 1);
    assert!(line(&lines, "seccomp").starts_with("fails"), "{lines:#?}");
    assert!(line(&lines, "no_new_privs").contains("set: sudo"), "{lines:#?}");
    assert!(verdict.contains("a seccomp filter") && verdict.contains("--cap-add=SYS_PTRACE"), "{verdict}");
    let launch = filtered(libc::SYS_ptrace, libc::EPERM, &["log", "--", "true"]);
    assert_eq!(launch.status.code(), Some(1));
    assert!(text(&launch.stderr).contains("a seccomp filter"), "{}", text(&launch.stderr));
}

#[test]
fn an_emulator_without_ptrace_is_told() {
    let (_, verdict) = screen(&filtered(libc::SYS_ptrace, libc::ENOSYS, &["doctor"]), 1);
    assert!(verdict.contains("no ptrace (an emulator") && verdict.contains("real Linux kernel"), "{verdict}");
}

#[test]
fn slow_reading_of_memory_is_only_a_note() {
    let (lines, verdict) = screen(&filtered(libc::SYS_process_vm_readv, libc::EPERM, &["doctor"]), 0);
    assert!(line(&lines, "trial").starts_with("note"), "{lines:#?}");
    assert_eq!(verdict, "Tracing works here.");
    let launch = filtered(libc::SYS_process_vm_readv, libc::EPERM, &["log", "--", "true"]);
    assert!(text(&launch.stderr).contains("execve(\"/"), "{}", text(&launch.stderr));
}
