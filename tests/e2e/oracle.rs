//! What strace prints is what `sysview log` prints, byte by byte but for numbers that change from run to run.
//!
//! What strace 6.1 printed is kept in `tests/e2e/strace`, so the tests need no strace; where that version is installed,
//! it is asked again. `SYSVIEW_REDRAW=1` writes the files anew from it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use crate::pty::SYSVIEW;

/// The fixture program, compiled once per test run.
fn lines() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let made = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("lines");
        // Another run may be using the file of that name: put the new one in its place in one step.
        let fresh = made.with_extension(std::process::id().to_string());
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lines.c");
        let status = Command::new("cc").args(["-O1", "-pthread", "-o"]).args([&fresh, &source]).status();
        assert!(status.expect("cc is there, Rust needs it to link").success(), "tests/fixtures/lines.c");
        fs::rename(&fresh, &made).expect("rename");
        made
    })
}

/// The version that the kept files are from.
const VERSION: &str = "6.1";

fn strace_is_here() -> bool {
    static HERE: OnceLock<bool> = OnceLock::new();
    *HERE.get_or_init(|| {
        let said = Command::new("strace").arg("-V").output().map(|output| output.stdout).unwrap_or_default();
        String::from_utf8_lossy(&said).starts_with(&format!("strace -- version {VERSION}\n"))
    })
}

/// One comparison: a behaviour of the fixture under options that both understand.
pub struct Oracle<'a> {
    /// Of the kept file.
    pub name: &'a str,
    pub behaviour: &'a str,
    pub options: &'a [&'a str],
    /// strace does not follow unless told, sysview does unless told.
    pub follow: bool,
}

impl Oracle<'_> {
    fn command(&self, tracer: &[&str], own: &[&str]) -> Output {
        let mut command = Command::new(tracer[0]);
        command.args(&tracer[1..]).args(own).args(self.options).arg("--").arg(lines()).arg(self.behaviour);
        // The number of variables is on the line of the execve.
        command.env_clear().env("PATH", "/bin").current_dir("/").stdin(Stdio::null());
        command.output().expect("it runs")
    }

    /// Panics with both texts if they differ.
    #[track_caller]
    pub fn check(&self) {
        let ours = self.command(&[SYSVIEW, "log"], if self.follow { &[] } else { &["--no-follow"] });
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/strace").join(self.name);
        let redraw = std::env::var_os("SYSVIEW_REDRAW").is_some();
        if strace_is_here() {
            let theirs = self.command(&[&strace()], if self.follow { &["-f"] } else { &[] });
            if redraw {
                fs::write(&kept, comparable(&theirs)).expect("written");
            }
            self.compare("strace", &comparable(&theirs), &comparable(&ours));
        }
        let kept = fs::read_to_string(&kept).unwrap_or_else(|e| panic!("{}: {e}", kept.display()));
        self.compare("the kept text", &kept, &comparable(&ours));
    }

    #[track_caller]
    fn compare(&self, whose: &str, expected: &str, ours: &str) {
        assert!(expected == ours, "{}: {:?}\n{whose}:\n{expected}\nsysview:\n{ours}", self.name, self.options);
    }
}

/// By its full name, because the programs under it get a PATH of their own.
fn strace() -> String {
    let output = Command::new("sh").args(["-c", "command -v strace"]).output().expect("sh runs");
    String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()
}

/// What was printed from `begin` on, without what differs between runs: numbers of tasks, addresses, times.
fn comparable(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).expect("ASCII");
    let begin = text.lines().position(|line| line.contains("personality(0xffffffff)"));
    text.lines().skip(begin.map_or(0, |line| line + 1)).map(|line| without_numbers(line) + "\n").collect()
}

/// `#` for every decimal number of four digits or more, every address, and what a signal tells of its sender.
fn without_numbers(line: &str) -> String {
    let mut out = String::new();
    let changes = ["si_uid=", "si_utime=", "si_stime="];
    let mut rest = line;
    while let Some(at) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let word = &rest[..end];
        let address = word.strip_prefix("0x").is_some_and(|digits| digits.len() > 8);
        let number = word.len() >= 4 && word.bytes().all(|b| b.is_ascii_digit());
        let told = changes.iter().any(|field| out.ends_with(field));
        out.push_str(if address || number || told { "#" } else { word });
        rest = &rest[end..];
    }
    out + rest
}

#[test]
fn only_the_first_task_is_shown_where_nobody_is_followed() {
    // When the thread's end is told depends on the weather.
    let options = &["-e", "trace=umask,getpriority,sched_yield,exit_group", "-qq"];
    Oracle { name: "alone", behaviour: "family", options, follow: false }.check();
    Oracle { name: "family", behaviour: "family", options, follow: true }.check();
}

#[test]
fn what_is_read_and_written_is_dumped() {
    for (name, options) in [
        ("dumps", &["-e", "read=all", "-e", "write=all"][..]),
        ("dumps-of-some", &["-e", "r=6", "-e", "writes=!4,5", "-e", "trace=recvmsg,write,pwrite64"]),
    ] {
        Oracle { name, behaviour: "dumps", options, follow: false }.check();
    }
}
