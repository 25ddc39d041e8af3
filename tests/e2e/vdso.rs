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

#[test]
fn off_from_the_start_they_appear_and_a_comment_tells_why() {
    if !cfg!(target_arch = "x86_64") {
        return;
    }
    assert!(clock_calls("off") > 0, "time.time() must be a real call");
    let comments = |more: &[&str]| {
        let command = ["--", "python3", "-c", CLOCK];
        let output = Command::new(SYSVIEW)
            .args([&["log", "--vdso", "off"], more, &command].concat())
            .stdin(Stdio::null())
            .output()
            .expect("sysview log runs");
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        log.lines().filter(|line| line.ends_with(" = 0 /* the vDSO would have answered this */")).count()
    };
    assert_eq!(comments(&[]), 0);
    assert!(comments(&["--vdso-comments"]) > 0);
}

#[test]
fn a_key_switches_it_off_and_on() {
    if !cfg!(target_arch = "x86_64") {
        return;
    }
    let mut session = Session::start(&["--", "sleep", "600"]);
    session.until_shows("vDSO: 6 symbols");
    session.keys("v");
    session.until_shows("vDSO: shown");
    session.keys("v");
    session.until_shows("vDSO: off");
    session.until_shows("EFAULT not SIGSEGV");
    session.keys("v");
    session.until_shows("vDSO: 6 symbols");
    session.keys("qk");
    assert_eq!(session.end(), Some(137));
}

#[test]
fn a_thousand_questions_of_python_in_three_modes() {
    if !cfg!(target_arch = "x86_64") {
        return;
    }
    const THOUSAND: &str = "import time\nfor _ in range(1000): time.time()";
    let seen = |mode: &str| {
        let output = Command::new(SYSVIEW)
            .args(["log", "--vdso", mode, "--vdso-comments", "--", "python3", "-c", THOUSAND])
            .stdin(Stdio::null())
            .output()
            .expect("sysview log runs");
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        let clocks =
            |end: &str| log.lines().filter(|line| line.contains("clock_gettime(") && line.ends_with(end)).count();
        (clocks("/* vDSO, no call */"), clocks("/* the vDSO would have answered this */"))
    };
    // Python asks for some more by itself.
    assert_eq!(seen("natural"), (0, 0));
    let (shown, calls) = seen("shown");
    assert!(shown >= 1_000 && calls == 0, "{shown} {calls}");
    let (answers, off) = seen("off");
    assert!(answers == 0 && off == shown, "{off}, shown {shown}");
}

#[test]
fn a_subcommand_shows_symbols_code_and_what_is_seen_in_no_mode() {
    if !cfg!(target_arch = "x86_64") {
        return;
    }
    let said = |args: &[&str]| {
        let output = Command::new(SYSVIEW).arg("vdso").args(args).stdin(Stdio::null()).output().expect("sysview runs");
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let (code, text) = said(&["--no-measure"]);
    assert_eq!(code, Some(0), "{text}");
    for word in ["__vdso_clock_gettime", "LINUX_2.6", "228", "rseq", "vsyscall", "__kernel_clock_gettime"] {
        assert!(text.contains(word), "{word} is not in {text}");
    }
    let (_, of_program) = said(&["--no-measure", "--", "true"]);
    assert!(of_program.contains("The vDSO of the program") && of_program.contains("clock_getres"), "{of_program}");
    let (_, code_of) = said(&["--disassemble", "clock_gettime", "--syntax", "intel"]);
    assert!(code_of.contains("syscall") && code_of.contains("ret"), "{code_of}");
    let (status, wrong) = said(&["--disassemble", "nothing"]);
    assert!(status == Some(2) && wrong.contains("no such function"), "{wrong}");
    let (status, nobody) = said(&["-p", "999999999"]);
    assert!(status == Some(1) && nobody.contains("no vDSO"), "{nobody}");
}

#[test]
fn a_copy_of_sysview_measures_what_each_mode_costs() {
    if !cfg!(target_arch = "x86_64") {
        return;
    }
    let output = Command::new(SYSVIEW).arg("vdso").stdin(Stdio::null()).output().expect("sysview runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| line.contains("CLOCK_MONOTONIC_COARSE")).expect("a line of the table");
    let ns: Vec<f64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    // vDSO, shown, call, traced
    assert!(ns.len() == 4 && ns[0] < ns[2] && ns[2] < ns[3] && ns[1] < ns[3], "{line}");
}

/// What was shown is kept, and each form of export, the statistics and the filter language know it from calls.
#[test]
fn a_shown_run_is_recorded_opened_exported_and_filtered() {
    if !cfg!(target_arch = "x86_64") {
        return;
    }
    const CODE: &str = "import time\nfor _ in range(100): time.time()";
    let place = std::env::temp_dir().join(format!("sysview-vdso-{}", std::process::id()));
    std::fs::create_dir_all(&place).expect("a directory");
    let path = |name: &str| place.join(name).to_str().expect("UTF-8").to_owned();
    let said = |args: &[&str]| {
        let output = Command::new(SYSVIEW).args(args).stdin(Stdio::null()).output().expect("sysview runs");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let run = path("run.sysview");
    said(&["record", "-o", &run, "--vdso", "shown", "--", "python3", "-c", CODE]);
    let export = |format: &str, more: &[&str]| {
        let out = path(format);
        said(&[&["export", &run, "--format", format, "-o", &out], more].concat());
        std::fs::read(&out).expect("written")
    };
    let text = |format: &str, more: &[&str]| String::from_utf8_lossy(&export(format, more)).into_owned();
    let strace = text("strace", &[]);
    let answers = strace.matches("/* vDSO, no call */").count();
    assert!(answers >= 100, "{strace}");
    assert_eq!(text("strace", &["--filter", "vdso"]).matches("/* vDSO, no call */").count(), answers);
    assert_eq!(text("strace", &["--filter", "not vdso"]).matches("clock_gettime").count(), 0);
    let jsonl = text("jsonl", &[]);
    assert_eq!(jsonl.matches("\"vdso\":true").count(), answers);
    assert!(jsonl.contains("\"duration_ns\":null"), "most are not timed");
    assert_eq!(text("csv", &[]).matches("/* vDSO, no call */").count(), answers);
    assert_eq!(text("perfetto", &[]).matches("\"cat\":\"vdso\"").count(), answers);
    assert!(text("html", &[]).contains("clock_gettime (vDSO)"));
    assert!(export("parquet", &[]).starts_with(b"PAR1"));
    let stats = said(&["stats", &run]);
    assert!(stats.contains("clock_gettime (vDSO)"), "{stats}");
    let picture = path("page.svg");
    said(&["open", &run, "--svg", &picture, "--keys", "V"]);
    let page = std::fs::read_to_string(&picture).expect("drawn");
    assert!(page.contains("answers"), "{page}");
    std::fs::remove_dir_all(&place).expect("removed");
}
