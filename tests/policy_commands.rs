//! `sysview profile check`, `diff`, `merge`, `convert`, `explain`, `show` and `list`, as they are typed.

use std::ops::Deref;
use std::process::{Command, Output, Stdio};

/// Judged as on this machine, wherever the test runs.
const HERE: [&str; 4] = ["--arch", "x86_64", "--kernel", "6.1"];

fn profile(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sysview"));
    command.arg("profile").args(args).stdin(Stdio::null()).output().expect("sysview runs")
}

fn out(args: &[&str], status: i32) -> String {
    let output = profile(args);
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "{args:?}: {stdout}{stderr}");
    format!("{stdout}{stderr}")
}

/// A file with a profile, gone when the test is over.
struct Scratch(String);

impl Deref for Scratch {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A directory of temporary files that was emptied meanwhile is fine too.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn file(name: &str, text: &str) -> Scratch {
    let path = std::env::temp_dir().join(format!("sysview-profile-{}-{name}", std::process::id()));
    std::fs::write(&path, text).expect("written");
    Scratch(path.to_str().expect("UTF-8").to_owned())
}

fn with(args: &[&str], status: i32) -> String {
    out(&[args, &HERE].concat(), status)
}

#[test]
fn check_finds_and_exits_with_1() {
    let good = file("good", "read: 1\n");
    let bad = file("bad", "read: 1\nptrace: 1\nopenatt: 1\n");
    assert!(with(&["check", &good], 0).contains("nothing found"));
    let found = with(&["check", &good, &bad], 1);
    assert!(found.contains(":3:1: no architecture has a system call \"openatt\"; did you mean \"openat\"?"), "{found}");
    assert!(found.contains(":2:1: dangerous: ptrace is allowed"), "{found}");
    let docker = with(&["check", "docker-default"], 1);
    assert!(docker.contains("containerd drops archMap"), "{docker}");
}

#[test]
fn diff_is_by_verdict_and_under_a_context() {
    let a = file("a", "read: 1\nwrite: 1\n");
    let b = file("b", "# another order\nwrite: allow\nread: allow\nsocket: arg0 == 1\n");
    assert!(with(&["diff", &a, &a], 0).contains("they answer every call alike"));
    let found = with(&["diff", &a, &b], 1);
    assert!(found.contains("x86_64 socket(arg0=1): KILL -> ALLOW"), "{found}");
    assert_eq!(found.lines().count(), 4, "{found}");
    let podman = ["diff", "docker-default", "podman-default"];
    assert!(with(&podman, 1).contains("x86_64 mount: ERRNO EPERM -> ALLOW"));
    let admin = with(&[&podman[..], &["--cap-add", "sys_admin"]].concat(), 1);
    assert!(!admin.contains("x86_64 mount:"), "{admin}");
}

#[test]
fn merge_and_convert_keep_the_verdicts() {
    let a = file("m1", "SystemCallFilter=read\nSystemCallErrorNumber=EPERM\nSystemCallArchitectures=native\n");
    let b = file(
        "m2",
        r#"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ALLOW"}]}"#,
    );
    let merged = file("merged", "");
    with(&["merge", &a, &b, "-o", &merged], 0);
    for call in ["read", "mkdir"] {
        assert!(with(&["explain", &merged, call], 0).contains(&format!("{call}: ALLOW")));
    }
    assert!(with(&["explain", &merged, "mount"], 0).contains("mount: ERRNO EPERM"));
    for form in ["docker", "oci", "kubernetes", "podman", "spo"] {
        let converted = file(&format!("converted-{form}"), "");
        with(&["convert", "docker-default", "--to", form, "-o", &converted], 0);
        // The same runtime for both: only then do the same rules answer alike.
        with(&["diff", "docker-default", &converted, "--runtime", "runc"], 0);
    }
    let bytes = file("converted.bpf", "");
    with(&["convert", "docker-default", "--to", "bpf", "-o", &bytes], 0);
    assert!(with(&["explain", &bytes, "mount"], 0).contains("mount: ERRNO EPERM"));
    assert!(with(&["convert", &bytes], 2).contains("is a program and has no rules"));
    assert!(with(&["merge", &a, "strict-io"], 2).contains("make them the same first"));
}

#[test]
fn read_as_kubernetes_does_dockers_conditions_are_dropped() {
    let file = file("localhost.json", &out(&["show", "docker-default"], 0));
    let docker = with(&["explain", &file, "unshare"], 0);
    assert!(docker.contains("unshare: ERRNO EPERM") && docker.contains("with CAP_SYS_ADMIN: ALLOW"), "{docker}");
    let kubernetes = with(&["explain", "--form", "kubernetes", &file, "unshare"], 0);
    assert!(kubernetes.contains("unshare: ALLOW"), "{kubernetes}");
}

/// The address space that a profile may need at most, in bytes, this program's own included.
const ROOM: &str = "--as=600000000";

#[test]
fn a_million_rules_are_refused_and_what_is_read_needs_little_memory() {
    let rule = r#"{"names": ["read"], "action": "SCMP_ACT_ALLOW"}"#;
    let json = |rule: &str, count: usize| {
        let rules = vec![rule; count].join(",");
        format!(r#"{{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{rules}]}}"#)
    };
    let condition = r#"{"names":["lseek"],"action":"SCMP_ACT_ALLOW","args":[{"index":1,"op":"SCMP_CMP_EQ","value":"#;
    let conditions: Vec<String> = (0..38_000).map(|value| format!("{condition}{value}}}]}}")).collect();
    let conditions = json(&conditions.join(","), 1);
    for (name, text, says) in [
        ("million.json", json(rule, 1_000_000), "larger than 4 MiB"),
        ("million.policy", "read: 1\n".repeat(1_000_000), "larger than 4 MiB"),
        ("million.service", format!("[Service]\n{}", "SystemCallFilter=read\n".repeat(1_000_000)), "larger than 4 MiB"),
        (
            "names.json",
            json(&format!(r#"{{"names": [{}]}}"#, vec![r#""a""#; 900_000].join(",")), 1),
            "more than 100000",
        ),
        (
            "sets.service",
            format!("[Service]\nSystemCallFilter={}", "@system-service ".repeat(200_000)),
            "more than 100000",
        ),
        ("lists.json", format!("[{}]", vec!["[]"; 1_300_000].join(",")), "must be an object"),
        ("conditions.json", conditions, "more than 4096 rules with conditions on one call (lseek)"),
    ] {
        let path = file(name, &text);
        let mut command = Command::new("prlimit");
        command.args([ROOM, env!("CARGO_BIN_EXE_sysview"), "profile", "diff", &path, &path]).args(HERE);
        let output = command.stdin(Stdio::null()).output().expect("prlimit runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {stderr}");
        assert!(stderr.contains(says), "{name}: {stderr}");
    }
}

#[test]
fn show_and_list_name_what_there_is() {
    let list = out(&["list"], 0);
    for word in ["docker-default", "podman-default", "system-service", "strict-io", "2026-", "minijail", "@basic-io"] {
        assert!(list.contains(word), "{word}: {list}");
    }
    assert!(out(&["show", "@swap"], 0).contains("swapoff"));
    assert!(out(&["show", "@swop"], 2).contains("did you mean @swap?"));
    assert!(out(&["explain", "docker-default", "opennat"], 2).contains("did you mean openat?"));
    assert!(out(&["check", "/no/such"], 2).contains("give a profile's file or one of: docker-default"));
}

#[test]
fn coverage_counts_by_rule_and_portable_says_where_calls_exist() {
    let recording = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo/python.sysview");
    let coverage = out(&["coverage", "docker-default", recording], 0);
    assert!(coverage.contains("of 52 rules decided none") && coverage.contains("(unused)"), "{coverage}");
    assert!(coverage.contains("every other call: ERRNO EPERM (first row "), "{coverage}");
    let all: u64 =
        coverage.split(" calls, ").next().and_then(|s| s.split(' ').next_back()?.parse().ok()).expect("a count");
    let column = |line: &str| line.split_whitespace().nth(2)?.parse::<u64>().ok();
    assert_eq!(coverage.lines().skip(3).filter_map(column).sum::<u64>(), all, "{coverage}");
    let portable = out(&["portable", recording], 0);
    for words in ["are on all 15 architectures", "aarch64 arm", " x32 ", "a portable profile would need these too: "] {
        assert!(portable.contains(words), "{words}: {portable}");
    }
    let of_profile = out(&["portable", "strict-io"], 0);
    assert!(of_profile.lines().any(|line| line.starts_with("read ")), "{of_profile}");
    assert!(with(&["portable", "/no/such"], 2).contains("/no/such"));
}
