//! `sysview log --format jsonl`: every line is as the schema says, and says what happened.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::oracle::lines;
use crate::pty::SYSVIEW;
use crate::schema::Schema;

/// The objects that a command leads to, each checked.
#[track_caller]
fn objects(options: &[&str], command: &[&str]) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/schema/log.schema.json");
    let schema = Schema::new(&std::fs::read_to_string(path).expect("the schema"));
    let mut run = Command::new(SYSVIEW);
    run.args(["log", "--format", "jsonl"]).args(options).arg("--").args(command).stdin(Stdio::null()).current_dir("/");
    let output = run.output().expect("it runs");
    let text = String::from_utf8(output.stderr).expect("ASCII");
    let check = |line: &str| {
        let object = serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
        schema.check(&object).unwrap_or_else(|wrong| panic!("{wrong}\nin {line}"));
        object
    };
    text.lines().map(check).collect()
}

fn fixture(options: &[&str], behaviour: &str) -> Vec<Value> {
    objects(options, &[lines().to_str().expect("UTF-8"), behaviour])
}

fn of_type<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["type"] == kind).collect()
}

/// Calls of a name, in order.
fn calls<'a>(objects: &'a [Value], name: &str) -> Vec<&'a Value> {
    of_type(objects, "call").into_iter().filter(|call| call["name"] == name).collect()
}

fn arg<'a>(call: &'a Value, name: &str) -> &'a Value {
    let args = call["args"].as_array().expect("arguments");
    args.iter().find(|arg| arg["name"] == name).map(|arg| &arg["value"]).unwrap_or_else(|| panic!("{name}: {call}"))
}

#[test]
fn lines_of_every_kind_of_program_are_as_the_schema_says() {
    for behaviour in ["family", "kinds", "descriptors", "constants", "abis", "dumps", "relatives"] {
        let all = fixture(&[], behaviour);
        assert_eq!(of_type(&all, "start").len(), 1, "{behaviour}");
        assert!(all.len() > 20 && all[0]["type"] == "start", "{behaviour}");
        assert!(of_type(&all, "end").iter().any(|end| end["how"] == "exited"), "{behaviour}");
        // A row is one thing, and the trace has no holes.
        let mut rows: Vec<u64> = all.iter().filter_map(|object| object["row"].as_u64()).collect();
        rows.sort_unstable();
        assert_eq!(rows, (0..rows.len() as u64).collect::<Vec<_>>(), "{behaviour}");
    }
    let all = fixture(&[], "stopped");
    assert_eq!(of_type(&all, "stop")[0]["signal"], "SIGSTOP");
}

#[test]
fn arguments_have_their_names_registers_and_meanings() {
    let all = fixture(&["-e", "openat,newfstatat,kill,rt_sigaction,lseek,socket"], "constants");
    let open = calls(&all, "openat").into_iter().find(|call| arg(call, "path") == "/dev/null").expect("openat");
    assert_eq!(arg(open, "dirfd"), &json!({"fd": -100, "const": "AT_FDCWD", "path": "/"}));
    assert_eq!(arg(open, "flags"), &json!({"flags": ["O_RDWR", "O_CLOEXEC"], "raw": 0x80002}));
    assert_eq!(open["args"][2]["raw"], "0x80002");
    assert_eq!(
        open["result"],
        json!({"value": 3, "descriptor": {"fd": 3, "path": "/dev/null", "row": open["row"],
        "generation": open["result"]["descriptor"]["generation"]}})
    );
    assert_eq!(open["task"]["comm"], "lines");
    assert!(open["duration_ns"].as_u64().is_some_and(|ns| ns > 0), "{open}");
    let seek = calls(&all, "lseek")[0];
    assert_eq!(arg(seek, "whence"), &json!({"unknown": 77}));
    assert_eq!(seek["result"], json!({"errno": 22, "error": "EINVAL", "message": "Invalid argument"}));
    assert_eq!(arg(seek, "fd")["path"], "/dev/null");
    let stat = calls(&all, "newfstatat").into_iter().find(|call| arg(call, "path") == "/proc").expect("newfstatat");
    let fields = &arg(stat, "statbuf")["struct"];
    assert_eq!(fields["st_mode"], json!({"mode": 0o40555, "text": "S_IFDIR|0555"}));
    let action = &arg(calls(&all, "rt_sigaction")[0], "act")["struct"];
    assert_eq!(action["sa_handler"], json!({"const": "SIG_IGN", "raw": 1}));
    assert_eq!(action["sa_mask"], json!({"set": ["HUP"]}));
}

#[test]
fn numbers_that_doubles_cannot_hold_survive() {
    let all = fixture(&["-e", "trace=lseek", "-e", "inject=lseek:retval=9223372036854775807"], "constants");
    let seek = calls(&all, "lseek")[0];
    assert_eq!(seek["result"], json!({"value": {"int": "9223372036854775807"}, "injected": true}));
}

#[test]
fn descriptors_are_known_by_the_calls_that_made_them() {
    // Also where these calls are not asked for.
    let all = fixture(&["-e", "fchdir,poll,sendmsg"], "descriptors");
    let poll = calls(&all, "poll")[0];
    let polled = &arg(poll, "fds")[0]["struct"]["fd"];
    assert_eq!(polled["what"], "write end of a pipe");
    assert!(polled["row"].as_u64() < poll["row"].as_u64());
    assert_eq!(arg(calls(&all, "fchdir")[0], "fd")["path"], "/dev/../dev");
    let send = calls(&all, "sendmsg")[0];
    assert_eq!(arg(send, "sockfd")["socket"], "AF_UNIX SOCK_STREAM socket");
}

#[test]
fn files_are_found_behind_links_where_that_is_asked_for() {
    let link = std::env::temp_dir().join(format!("sysview-jsonl-{}", std::process::id()));
    std::os::unix::fs::symlink("/dev/null", &link).expect("a link");
    let opened = |options: &[&str]| {
        let all = objects(&[&["-e", "openat"], options].concat(), &["cat", link.to_str().expect("UTF-8")]);
        let opens = calls(&all, "openat");
        opens.last().expect("an open")["result"]["descriptor"]["path"].clone()
    };
    let found = (opened(&[]), opened(&["--resolve-paths"]));
    std::fs::remove_file(&link).expect("removed");
    assert_eq!(found, (json!(link), json!("/dev/null")));
}

#[test]
fn what_wait_told_is_an_object() {
    let all = objects(&["-e", "wait4"], &["sh", "-c", "exec 2>/dev/null; (exit 3); sh -c 'kill -9 $$'; true"]);
    let statuses: Vec<&Value> = calls(&all, "wait4")
        .into_iter()
        .filter(|call| call["result"]["value"].as_i64().is_some_and(|pid| pid > 0))
        .map(|call| &arg(call, "wstatus")[0])
        .collect();
    assert_eq!(statuses[0], &json!({"wait": "exited", "status": 3, "raw": 0x300}));
    assert_eq!(statuses[1], &json!({"wait": "signaled", "signal": "SIGKILL", "core": false, "raw": 9}));
}

#[test]
fn what_the_program_found_open_is_known() {
    let all = objects(&["-e", "read,write"], &["sh", "-c", "cat; echo x"]);
    let read = calls(&all, "read").into_iter().find(|call| arg(call, "fd")["fd"] == 0).expect("cat reads");
    assert_eq!(arg(read, "fd"), &json!({"fd": 0, "path": "/dev/null"}));
    let write = calls(&all, "write")[0];
    assert!(arg(write, "fd")["link"].as_str().is_some_and(|link| link.starts_with("pipe:[")), "{write}");
}

#[test]
fn signals_programs_and_ends_have_objects() {
    let all = objects(&["-e", "none"], &["sh", "-c", "(exit 3); exec kill -9 $$"]);
    let execs = of_type(&all, "exec");
    assert_eq!((execs.len(), &execs[1]["cwd"], &execs[1]["root"]), (2, &json!("/"), &json!("/")));
    assert_eq!(execs[0]["uids"].as_array().map(Vec::len), Some(4));
    assert!(execs[0]["capabilities"]["effective"].is_string(), "{}", execs[0]);
    let child = &of_type(&all, "signal")[0];
    assert_eq!((&child["signal"], &child["info"]["struct"]["si_status"]), (&json!("SIGCHLD"), &json!(3)));
    let ends = of_type(&all, "end");
    assert_eq!((&ends[0]["status"], &ends[0]["how"]), (&json!(3), &json!("exited")));
    assert_eq!((&ends[1]["signal"], &ends[1]["how"]), (&json!("SIGKILL"), &json!("killed")));
    assert_eq!(of_type(&all, "task")[1]["parent"], of_type(&all, "task")[0]["task"]["tid"]);
}
