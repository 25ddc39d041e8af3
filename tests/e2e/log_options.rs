//! `sysview log` with strace's letters: each prints the shape that strace prints for the same program.
//!
//! Expected are shapes, in which `#` stands for any digits and `*` for anything, so no strace needs to be installed.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::oracle::NOT_ROOT;
use crate::pty::SYSVIEW;

fn run(args: &[&str]) -> Output {
    Command::new(SYSVIEW).arg("log").args(args).stdin(Stdio::null()).output().expect("sysview log runs")
}

fn log(options: &[&str], command: &[&str]) -> String {
    let args: Vec<&str> = options.iter().chain(&["--"]).chain(command).copied().collect();
    let text = String::from_utf8(run(&args).stderr).expect("the log is ASCII");
    text.trim_start_matches(NOT_ROOT).to_owned()
}

/// Whether a line has a shape.
fn fits(line: &[u8], shape: &[u8]) -> bool {
    match shape.split_first() {
        None => line.is_empty(),
        Some((b'*', rest)) => (0..=line.len()).any(|i| fits(&line[i..], rest)),
        Some((b'#', rest)) => {
            let digits = line.iter().take_while(|b| b.is_ascii_digit()).count();
            digits > 0 && fits(&line[digits..], rest)
        }
        Some((byte, rest)) => line.first() == Some(byte) && fits(&line[1..], rest),
    }
}

#[track_caller]
fn expect(options: &[&str], command: &[&str], shapes: &[&str]) {
    let text = log(options, command);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), shapes.len(), "{options:?} {command:?}:\n{text}");
    for (line, shape) in lines.iter().zip(shapes) {
        assert!(fits(line.as_bytes(), shape.as_bytes()), "{options:?}: is\n{line}\nexpected\n{shape}\nin\n{text}");
    }
}

fn temp(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("sysview-log-options-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory");
    dir
}

/// Said once on standard error, where times were printed.
const FLOOR: &str = "sysview: of the time of each call, * us are the tracing itself";

const EXIT: &[&str] = &["sh", "-c", "exit 3"];

#[test]
fn lines_begin_with_what_is_asked_for() {
    let only = ["-e", "exit_group"];
    let shape = |option: &str, call: &str, end: &str| {
        let options: Vec<&str> = only.iter().copied().chain(option.split(' ')).collect();
        let mut lines = vec![call, end];
        lines.extend(option.contains("-r").then_some(FLOOR));
        expect(&options, EXIT, &lines);
    };
    shape("-t", "#:#:# exit_group(3)                  = ?", "#:#:# +++ exited with 3 +++");
    shape("-tt", "#:#:#.# exit_group(3)           = ?", "#:#:#.# +++ exited with 3 +++");
    shape("-ttt", "#.# exit_group(3)         = ?", "#.# +++ exited with 3 +++");
    shape("-r", "     0.000000 exit_group(3)             = ?", "     0.# +++ exited with 3 +++");
    shape("-r -t", "#:#:# (+     0.000000) exit_group(3) = ?", "#:#:# (+     0.#) +++ exited with 3 +++");
    shape("-n", "[ 231] exit_group(3)                    = ?", "[ 231] +++ exited with 3 +++");
    shape("-i", "[00007*] exit_group(3)        = ?", "[????????????????] +++ exited with 3 +++");
    shape(
        "-n -i -t",
        "#:#:# [ 231] [00007*] exit_group(3) = ?",
        "#:#:# [ 231] [????????????????] +++ exited with 3 +++",
    );
    shape("-f", "exit_group(3)                           = ?", "+++ exited with 3 +++");
}

#[test]
fn seconds_are_those_of_the_clock() {
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let before = now();
    let text = log(&["-ttt", "-e", "none"], EXIT);
    let told: u64 = text.split('.').next().and_then(|s| s.parse().ok()).expect("seconds");
    assert!((before..=now()).contains(&told), "{before} <= {told} <= {}", now());
}

#[test]
fn results_stand_where_a_says_and_t_adds_the_time() {
    expect(&["-a0", "-e", "exit_group"], EXIT, &["exit_group(3) = ?", "+++ exited with 3 +++"]);
    expect(&["-a", "20", "-e", "exit_group"], EXIT, &["exit_group(3)       = ?", "+++ exited with 3 +++"]);
    let text = log(&["-T", "-e", "clock_nanosleep,exit_group"], &["sleep", "0.05"]);
    let slept = text.lines().next().expect("a line");
    assert!(fits(slept.as_bytes(), b"clock_nanosleep(*) = 0 <0.#>"), "{text}");
    let micros: u32 = slept.rsplit_once('.').and_then(|(_, t)| t.trim_end_matches('>').parse().ok()).expect("a time");
    assert!(micros >= 50_000, "{text}");
    assert!(text.contains("exit_group(0)                           = ?\n"), "{text}");
}

#[test]
fn calls_are_chosen_by_name_number_and_class() {
    let cat = &["cat", "/dev/null"];
    let names = |options: &[&str]| -> Vec<String> {
        let text = log(options, cat);
        let mut names: Vec<String> =
            text.lines().filter_map(|l| l.split_once('(')).map(|(name, _)| name.to_owned()).collect();
        names.sort();
        names.dedup();
        names
    };
    assert_eq!(names(&["-e", "trace=openat"]), ["openat"]);
    assert_eq!(names(&["-e", "openat,read"]), ["openat", "read"]);
    assert_eq!(names(&["-e", "trace=257"]), ["openat"]);
    assert_eq!(names(&["-e", "trace=/^open(at)?$"]), ["openat"]);
    assert_eq!(names(&["-e", "/^exit"]), ["exit_group"]);
    assert_eq!(names(&["--trace=/^exit", "--status=unfinished"]), ["exit_group"]);
    assert_eq!(names(&["-e", "openat", "--status", "detached"]), [""; 0]);
    assert_eq!(names(&["-e", "trace=?no_such_call,openat@64"]), ["openat"]);
    assert_eq!(names(&["-e", "openat", "-e", "exit_group"]), ["exit_group"]);
    assert_eq!(names(&["-e", "trace=none"]), [""; 0]);
    let file = names(&["-e", "trace=%file"]);
    assert!(file.contains(&"execve".into()) && file.contains(&"openat".into()), "{file:?}");
    assert!(!file.contains(&"close".into()), "{file:?}");
    let rest = names(&["-e", "trace=!%file"]);
    assert!(rest.contains(&"close".into()) && !rest.contains(&"openat".into()), "{rest:?}");
}

#[test]
fn unwanted_calls_pass_at_full_speed_unless_that_is_not_wanted() {
    let own = std::fs::read_to_string("/proc/self/status").expect("status");
    let mode = |text: &str| text.lines().find_map(|l| l.strip_prefix("Seccomp:")).map(str::trim).map(str::to_owned);
    let script = "cd /tmp; cat /proc/self/status; cd /";
    let lines = &["chdir(\"/tmp\")                           = 0", "chdir(\"/\")                              = 0"];
    for (options, filtered) in [
        (&["-e", "chdir"][..], true),
        (&["-e", "chdir", "--no-call-filter"], false),
        (&["-e", "chdir", "--no-follow"], false),
        (&["-e", "chdir", "-n"], false),
        (&["-e", "all"], false),
    ] {
        let output = run(&[options, &["-q", "--", "sh", "-c", script]].concat());
        let expected = if filtered { Some("2".into()) } else { mode(&own) };
        assert_eq!(mode(&String::from_utf8_lossy(&output.stdout)), expected, "{options:?}");
        let log = String::from_utf8_lossy(&output.stderr);
        let printed = log.lines().filter(|line| line.contains("chdir(")).count();
        assert_eq!(printed, 2, "{options:?}: {log}");
        if options == ["-e", "chdir"] {
            assert!(log.lines().filter(|line| line.contains("chdir(")).eq(lines.iter().copied()), "{log}");
        }
    }
    // A remark is made where the filter has its price, and can be left out.
    let remarks = |options: &[&str]| {
        let output = run(&[options, &["-e", "chdir", "--", "true"]].concat());
        String::from_utf8_lossy(&output.stderr).matches("no_new_privs").count()
    };
    let script = "grep NoNewPrivs /proc/self/status";
    let set = run(&["-q", "-e", "chdir", "--", "sh", "-c", script]).stdout.ends_with(b"1\n");
    let set_before = own.lines().any(|line| line == "NoNewPrivs:\t1");
    assert_eq!(remarks(&[]), usize::from(set && !set_before));
    assert_eq!(remarks(&["-q"]), 0);
}

#[test]
fn lines_of_calls_that_are_not_printed_interrupt_nothing() {
    let script = "/bin/true; exit 3";
    expect(
        &["-e", "none", "-q"],
        &["sh", "-c", script],
        &["[pid *] +++ exited with 0 +++", "--- SIGCHLD {*} ---", "+++ exited with 3 +++"],
    );
    expect(&["-e", "none", "-qq"], &["sh", "-c", script], &["--- SIGCHLD {*} ---"]);
    expect(&["-e", "none", "-e", "quiet=attach,exit", "-e", "signal=none"], &["sh", "-c", script], &[]);
}

#[test]
fn statuses_are_chosen_when_the_call_is_over() {
    // What it says itself would stand among the lines.
    let cat = &["sh", "-c", "exec cat /no/such/file 2>/dev/null"];
    for (options, failed, fine) in [
        (&["-Z"][..], true, false),
        (&["-z"], false, true),
        (&["-z", "-Z"], true, false),
        (&["-e", "status=failed"], true, false),
        (&["-e", "status=!failed"], false, true),
        (&["-e", "status=successful,failed"], true, true),
    ] {
        let text = log(options, cat);
        assert_eq!(
            text.contains("\"/no/such/file\", O_RDONLY) = -1 ENOENT (No such file or directory)"),
            failed,
            "{text}"
        );
        assert_eq!(text.lines().any(|l| l.starts_with("execve(") && l.ends_with(" = 0")), fine, "{text}");
        let last = options.iter().any(|o| o.contains('!'));
        assert_eq!(text.contains("exit_group(1)"), last, "{text}");
    }
    // Nothing is unfinished then, whoever writes in between.
    let text = log(&["-z", "-e", "wait4,write"], &["sh", "-c", "(echo a; sleep 0.1; echo b) & wait"]);
    assert!(!text.contains("unfinished") && !text.contains("resumed"), "{text}");
    assert!(text.contains("[pid "), "{text}");
}

#[test]
fn signals_are_chosen_too() {
    let script = &["sh", "-c", "trap : USR1; kill -USR1 $$; kill -TERM $$"];
    let lines = |set: &str| log(&["-e", "none", "-e", set], script);
    assert!(lines("signal=USR1").starts_with("--- SIGUSR1 "));
    assert_eq!(lines("signal=usr1,2").lines().count(), 1);
    let text = lines("signal=!SIGUSR1");
    assert!(text.starts_with("--- SIGTERM ") && text.ends_with("+++ killed by SIGTERM +++\n"), "{text}");
    assert_eq!(lines("signal=none"), "");
}

#[test]
fn ff_writes_a_file_for_each_task() {
    let dir = temp("ff");
    let base = dir.join("t");
    let output = run(&["-ff", "-o", base.to_str().expect("UTF-8"), "--", "sh", "-c", "(exit 4); exit 3"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stderr.is_empty());
    let mut ends = Vec::new();
    for entry in std::fs::read_dir(&dir).expect("the directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_str().expect("UTF-8").to_owned();
        assert!(fits(name.as_bytes(), b"t.#"), "{name}");
        let text = std::fs::read_to_string(&path).expect("text");
        assert!(!text.contains("<unfinished ...>\n"), "tasks do not interrupt each other: {text}");
        ends.push(text.lines().last().expect("a last line").to_owned());
    }
    ends.sort();
    assert_eq!(ends, ["+++ exited with 3 +++", "+++ exited with 4 +++"]);
    std::fs::remove_dir_all(dir).expect("removed");
}

#[test]
fn a_log_can_be_added_to() {
    let dir = temp("append");
    let file = dir.join("t");
    let file = file.to_str().expect("UTF-8");
    for options in [&["-o", file][..], &["-A", "-o", file], &["-A", "-o", file]] {
        assert!(run(&[options, &["-e", "exit_group", "--", "true"]].concat()).status.success());
    }
    assert_eq!(std::fs::read_to_string(file).expect("the log").matches("exit_group(0)").count(), 3);
    assert!(run(&["-o", file, "-e", "exit_group", "--", "true"]).status.success());
    assert_eq!(std::fs::read_to_string(file).expect("the log").matches("exit_group(0)").count(), 1);
    std::fs::remove_dir_all(dir).expect("removed");
}

#[test]
fn a_wrong_value_is_a_sentence_and_starts_nothing() {
    let dir = temp("wrong");
    let witness = dir.join("started");
    let witness = witness.to_str().expect("UTF-8");
    for (options, word) in [
        (&["-e", "no_such_call"][..], "no_such_call"),
        (&["-e", "trace=%nothing"], "%nothing"),
        (&["-e", "trace=/open/"], "/open/"),
        (&["-e", "trace=/("], "regular expression"),
        (&["-e", "trace=read,opennat"], "column 12: \"opennat\" is no system call; the nearest valid word is openat"),
        (&["-e", "signal=NONE_SUCH"], "NONE_SUCH"),
        (&["-e", "status=good"], "good"),
        (&["-e", "quiet=loud"], "loud"),
        (&["-e", "inject=read"], "column 12: say what to do with these calls"),
        (&["-e", "inject=read:error=ENOEN"], "ENOENT"),
        (&["-e", "fault=read:retval=1"], "inject="),
        (&["-e", "raw=opennat"], "-e raw=opennat: column 5:"),
        (&["-e", "kvm=vcpu"], "kvm"),
        (&["-a", "x"], "x"),
        (&["-ff"], "-o"),
        (&["-A"], "--output"),
        (&["-o", "|cat"], "2>&1 | COMMAND"),
        (&["-k"], "-k is an option of strace that sysview does not have; the call pane"),
        (&["-fk"], "-k is an option of strace"),
        (&["--tips=full"], "guided tour"),
        (&["-X", "roh"], "roh"),
        (&["--decode-pids=pidns"], "the screen names the task"),
        (&["--syscall-times=h"], "write s, ms, us or ns"),
        (&["--absolute-timestamps=iso"], "as in unix,ms"),
        (&["-t", "--timestamps"], "cannot be used with"),
        (&["-e", "decode-fds=inode"], "socket, dev, pidfd"),
        (&["--output-separately"], "-o FILE"),
        (&["--strings-in-hex=non-ascii-chars"], "non-ascii"),
        (&["--secontext"], "ls -Z"),
        (&["--status=good"], "good"),
        (&["--trace=opennat"], "openat"),
        (&["--trace-fds", "x"], "\"x\" is no descriptor"),
        (&["-w"], "-c"),
        (&["-S", "name"], "-c"),
        (&["-c", "-S", "size"], "size"),
        (&["-c", "-C"], "--summary"),
    ] {
        let args: Vec<&str> = options.iter().copied().chain(["touch", witness]).collect();
        let output = run(&args);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{options:?}: {text}");
        assert!(text.contains(word), "{options:?}: {text}");
    }
    assert!(!PathBuf::from(witness).exists());
    std::fs::remove_dir_all(dir).expect("removed");
}

#[test]
fn values_may_stand_beside_their_letters() {
    expect(&["-a0", "-eexit_group"], EXIT, &["exit_group(3) = ?", "+++ exited with 3 +++"]);
}

#[test]
fn strings_are_hexadecimal_where_that_is_asked_for() {
    let printf = |text| ["printf", text];
    let write = |option: &str, text: &'static str| -> String {
        let text = log(&[option, "-e", "write"], &printf(text));
        text.lines().next().expect("a line").to_owned()
    };
    let line = |call: &str, result: u32| format!("{call:<39} = {result}");
    assert_eq!(write("-x", "a\\tb\\n"), line(r#"write(1, "a\tb\n", 4)"#, 4));
    assert_eq!(write("-x", "a\\001"), line(r#"write(1, "\x61\x01", 2)"#, 2));
    assert_eq!(write("-xx", "ab"), line(r#"write(1, "\x61\x62", 2)"#, 2));
    let execve = log(&["-xx", "-s2", "-e", "execve"], &["true"]);
    assert!(execve.contains(r#", ["\x74\x72"...], 0x"#), "{execve}");
}

#[test]
fn the_summary_is_a_table() {
    let rule = "------ ----------- ----------- --------- --------- ----------------";
    let header = "% time     seconds  usecs/call     calls    errors syscall";
    expect(
        &["-c", "-w", "-S", "name", "-e", "access,openat,exit_group"],
        &["true"],
        &[
            header,
            rule,
            "*    0.#*         1         1 access",
            "*    0.#* openat",
            rule,
            "100.00    0.#* total",
            FLOOR,
        ],
    );
    expect(
        &["-C", "-e", "access"],
        &["true"],
        &[
            "access(*",
            "+++ exited with 0 +++",
            header,
            rule,
            "*    0.#*         1         1 access",
            rule,
            "100.00    0.#*         1         1 total",
        ],
    );
    // Nothing counted, nothing said; and what sleeps takes its time.
    expect(&["-c", "-e", "none"], &["true"], &[]);
    let seconds = |text: &str| -> f64 {
        let line = text.lines().find(|line| line.ends_with(" clock_nanosleep")).unwrap_or_else(|| panic!("{text}"));
        line.split_ascii_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("{text}"))
    };
    let counted =
        |option| seconds(&log(&[option, "-U", "total-time,name", "-e", "clock_nanosleep"], &["sleep", "0.5"]));
    assert!(counted("-cw") >= 0.5);
    // Sleeping takes no CPU time; what waits half a second takes less of it than that, wherever it runs.
    assert!(counted("-c") < 0.5);
}

#[test]
fn what_the_tracer_does_is_told() {
    let text = log(&["-d", "-e", "none", "-qq"], &["true"]);
    let is_told = |words: &str| text.lines().any(|line| line.starts_with("sysview: 0.") && line.contains(words));
    assert!(is_told(" gone: exited with 0 (status 0x0)") && is_told(" hand over "), "{text}");
}

#[test]
fn a_thread_that_calls_execve_goes_on_as_its_process() {
    let script = "import os, threading\n\
                  t = threading.Thread(target=os.execv, args=('/bin/true', ['true'])); t.start(); t.join()";
    let dir = temp("execve");
    let file = dir.join("t");
    let output = run(&["-o", file.to_str().expect("UTF-8"), "-e", "execve", "--", "python3", "-ISc", script]);
    assert!(output.status.success());
    let text = std::fs::read_to_string(&file).expect("the log");
    // The last one: what stands for python3 in PATH may be a script that runs other programs first.
    let number = |part: &str| {
        let line = text.lines().rfind(|l| l.contains(part)).unwrap_or_else(|| panic!("{part}: {text}"));
        line.split(' ').next().expect("a number").to_owned()
    };
    let process = number("+++ superseded by execve in pid ");
    assert!(text.contains(&format!("+++ superseded by execve in pid {} +++", number("\"/bin/true\""))), "{text}");
    assert_ne!(number("\"/bin/true\""), process, "{text}");
    assert_eq!(number("<... execve resumed>"), process, "{text}");
    assert_eq!(number("+++ exited with 0 +++"), process, "{text}");
    std::fs::remove_dir_all(dir).expect("removed");
}
