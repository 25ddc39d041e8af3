//! What is pointed out in the recorded runs of `assets/demo`, all of it and nothing else; and the command line that tells it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use sysview::model::{RowKind, Store};
use sysview::patterns::{Finding, Patterns};
use sysview::session;
use sysview::source::Message;

/// A finding: the symbol of its severity, the lint, how often, and whose.
type Told = (&'static str, &'static str, u64, &'static str);

/// The findings of each run.
const RUNS: &[(&str, &[Told])] = &[
    ("shell", &[(" i", "bad-close", 1, "sh")]),
    ("python", &[]),
    ("build", &[(" i", "search", 82, "cc1"), (" i", "search", 27, "cc")]),
    (
        "server",
        &[
            (" !", "tiny-io", 75, "server"),
            (" !", "spin", 20, "server"),
            (" !", "polling", 14, "server"),
            (" !", "attempts", 2, "server"),
            (" !", "inherited", 1, "server"),
            (" i", "repeated-path", 24, "server"),
        ],
    ),
    (
        "threads",
        &[
            ("!!", "bad-close", 1, "threads"),
            (" !", "yield", 60, "threads"),
            (" !", "memory-churn", 40, "threads"),
            (" i", "fork-storm", 61, "threads"),
            (" i", "interrupted", 4, "threads"),
        ],
    ),
    (
        "failing",
        &[
            ("!!", "lost-output", 4, "failing"),
            ("!!", "bad-pointer", 1, "failing"),
            ("!!", "killed", 1, "failing"),
            (" !", "leak", 10, "failing"),
            (" i", "slow-sync", 25, "failing"),
            (" i", "repeated-error", 12, "failing"),
            (" i", "repeated-path", 10, "failing"),
            (" i", "unsupported", 1, "failing"),
        ],
    ),
];

fn recording(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("assets/demo/{name}.sysview"))
}

fn look(name: &str) -> (Store, Vec<Finding>) {
    let mut source = session::open(&recording(name)).expect("a recording");
    let (mut store, mut patterns) = (Store::new(), Patterns::default());
    while let Some(message) = source.messages.blocking_recv() {
        match message {
            Message::Batch(batch) => {
                let changes = store.append(&batch);
                patterns.update(&store, &changes);
            }
            Message::Failed(why) => panic!("{name}: {why}"),
            _ => {}
        }
    }
    let findings = patterns.findings(&store, true);
    (store, findings)
}

#[test]
fn every_recorded_run_has_its_findings_and_no_others() {
    for (name, expected) in RUNS {
        let (_, findings) = look(name);
        let told = |f: &Finding| (f.severity.symbol(), f.lint, f.count, f.program.clone());
        let found: Vec<_> = findings.iter().map(told).collect();
        let expected: Vec<_> = expected.iter().map(|&(s, lint, n, who)| (s, lint, n, who.to_owned())).collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn every_lint_speaks_in_one_of_the_runs_and_is_silent_in_another() {
    let lints: BTreeSet<&str> = Patterns::lints().into_iter().map(|(name, _)| name).collect();
    let runs: Vec<BTreeSet<&str>> =
        RUNS.iter().map(|(_, found)| found.iter().map(|(_, lint, ..)| *lint).collect()).collect();
    let spoken: BTreeSet<&str> = runs.iter().flatten().copied().collect();
    assert_eq!(spoken, lints);
    for lint in lints {
        assert!(runs.iter().any(|run| !run.contains(lint)), "{lint} speaks in every run");
    }
}

#[test]
fn the_rows_of_a_finding_are_of_its_program() {
    for (name, _) in RUNS {
        let (store, findings) = look(name);
        for finding in findings {
            assert!(!finding.rows.is_empty() && finding.rows.len() as u64 <= finding.count, "{finding:?}");
            for &seq in &finding.rows {
                let row = store.row(seq).expect("a row of the run");
                let task = store.task(row.task).expect("a task of the run");
                // The row in which a program begins has its name already, not that of who is told about.
                if !matches!(row.kind, RowKind::Exec(_)) {
                    assert_eq!(task.comm_at(seq), finding.program.as_bytes(), "{name} row {seq}: {finding:?}");
                }
            }
        }
    }
}

fn sysview(args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sysview")).args(args).output().expect("sysview runs");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_command_line_tells_them_in_words_and_as_json() {
    let file = recording("failing");
    let file = file.to_str().expect("UTF-8");
    let (status, text, _) = sysview(&["patterns", file]);
    assert_eq!(status, Some(0));
    assert!(text.starts_with("!! failing: goes on writing to write end of a pipe after EPIPE (4 times)\n"), "{text}");
    assert!(text.contains("-> ") && text.contains("row ") && text.contains("and 9 more"), "{text}");
    let (_, json, _) = sysview(&["patterns", "--format", "json", file]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let findings = json["findings"].as_array().expect("a list");
    assert_eq!(findings.len(), 8);
    assert_eq!(
        (&findings[0]["lint"], &findings[0]["severity"], &findings[0]["count"]),
        (&"lost-output".into(), &"fault".into(), &4.into())
    );
    let (_, nothing, _) = sysview(&["patterns", recording("python").to_str().expect("UTF-8")]);
    assert_eq!(nothing, "nothing that is worth a word\n");
    let (_, list, _) = sysview(&["patterns", "--list"]);
    assert_eq!(list.lines().count(), Patterns::lints().len());
    let (status, _, error) = sysview(&["patterns"]);
    assert_eq!((status, error.lines().count()), (Some(2), 1), "{error}");
}

#[test]
fn text_of_strace_is_looked_at_too() {
    let mut text = String::new();
    for _ in 0..12 {
        text.push_str("100 openat(AT_FDCWD, \"/etc/no\", O_RDONLY) = -1 ENOENT (No such file or directory)\n");
    }
    let file = std::env::temp_dir().join(format!("sysview-patterns-{}.txt", std::process::id()));
    std::fs::write(&file, text).expect("written");
    let (_, told, _) = sysview(&["patterns", file.to_str().expect("UTF-8")]);
    std::fs::remove_file(&file).expect("removed");
    assert!(told.contains("openat of /etc/no fails with ENOENT again and again (12 times)"), "{told}");
}
