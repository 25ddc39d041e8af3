//! What a program says to the kernel stays readable: after it closed its memory, under other credentials, in user
//! namespaces, PID namespaces and under other root directories; and numbers of inner namespaces are tied to tasks.

use std::path::{Path, PathBuf};
use std::process::Command;

use sysview::decode::{self, Options};
use sysview::model::{Origin, TaskId};
use sysview::source::End;

use crate::fixtures::{fixture, hard};
use crate::harness::*;
use crate::less::{NO_PTRACE, NOBODY, log};

/// The paths that the fixture asked for, in order; those of the dynamic linker are not its own.
fn paths(run: &Run) -> Vec<String> {
    let rows = (0..run.store.len()).map(|seq| decode::row_text(&run.store, seq, &Options::default()));
    let path = |row: String| row.strip_prefix("access(").map(|rest| rest.split(',').next().unwrap_or(rest).to_owned());
    rows.filter_map(path).filter(|path| !path.starts_with("\"/etc/")).collect()
}

const DUMPABLE: [&str; 4] = ["\"/while-open\"", "\"/while-closed\"", "\"/in-a-thread\"", "\"/executed-anew\""];
const CREDENTIALS: [&str; 2] = ["\"/as-another-user\"", "\"/executed-by-another-user\""];
const CONTAINER: [&str; 6] = [
    "\"/outer\"",
    "\"/inside\"",
    "\"/below-the-first\"",
    "\"/under-another-root\"",
    "\"/without-the-old-root\"",
    "\"/closed-inside\"",
];

#[test]
fn a_program_that_may_not_be_dumped_is_still_read() {
    let run = hard("closed", &["dumpable"]);
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(paths(&run), DUMPABLE);
}

/// The fixture where everybody gets at it: the directory of the build may be closed to other users. Removed at the end.
struct Reachable(PathBuf);

impl Reachable {
    fn copy(of: &str) -> Reachable {
        let path = std::env::temp_dir().join(format!("sysview-closed-{of}-{}", std::process::id()));
        std::fs::copy(fixture("closed"), &path).expect("copied");
        Reachable(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for Reachable {
    fn drop(&mut self) {
        // It may have been removed by hand; nothing depends on it.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_program_under_other_credentials_is_still_read() {
    let program = Reachable::copy("credentials");
    let run = run(&[program.path(), "credentials"]);
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(paths(&run), CREDENTIALS);
}

#[test]
fn that_takes_no_right_to_trace_everything() {
    let program = Reachable::copy("rights");
    for (words, paths) in [("dumpable", &DUMPABLE[..]), ("credentials", &CREDENTIALS)] {
        for rights in [NOBODY, NO_PTRACE] {
            let (log, _) = log(rights, &["--", program.path(), words]);
            for path in paths {
                assert!(log.contains(&format!("access({path}")), "{words} under {rights:?}: no {path} in {log}");
            }
        }
    }
}

/// Whether this kernel, for this user, has user namespaces. If not, the command fails in the same way without sysview.
fn has_containers(run: &Run, native: &[&str]) -> bool {
    let status = Command::new(native[0]).args(&native[1..]).output().expect("it runs natively").status;
    assert_eq!(run.end, End::Exited(status.code().expect("no signal")), "{}", run.text());
    status.success()
}

/// Tasks of the run by their number in the namespace of this depth.
fn at_depth(run: &Run, depth: usize) -> Vec<(TaskId, Vec<i32>)> {
    let tasks = run.store.tasks().iter();
    tasks.filter(|task| task.ns.tids.len() == depth).map(|task| (task.id, task.ns.tids[1..].to_vec())).collect()
}

/// Whom the numbers of calls of this name mean, as the call pane says it.
fn meant(run: &Run, name: &str, label: &str) -> Vec<String> {
    let of = |seq| {
        let call = run.store.call(seq)?;
        let view = call.view();
        (decode::call_name(view.arch, view.nr) == name).then(|| decode::meant(&run.store, seq, label))?
    };
    (0..run.store.len()).filter_map(of).collect()
}

#[test]
fn a_container_in_a_container_is_read_and_its_numbers_are_known() {
    let run = hard("closed", &["container"]);
    let program = fixture("closed");
    if !has_containers(&run, &[&program, "container"]) {
        assert_eq!(run.end, End::Exited(77), "no user namespaces here");
        return;
    }
    assert_eq!(paths(&run), CONTAINER);
    assert_eq!(at_depth(&run, 1), [(TaskId(0), vec![])]);
    assert_eq!(at_depth(&run, 2), [(TaskId(1), vec![1])]);
    assert_eq!(at_depth(&run, 3), [(TaskId(2), vec![2, 1]), (TaskId(3), vec![3, 2])]);
    let named = |id: u32| {
        let task = run.store.task(TaskId(id)).expect("a task");
        format!("process {} here, {}", task.tid, String::from_utf8_lossy(&task.comm))
    };
    // getpid of each, then kill(1) by the innermost, which means its parent and not the one that is 1 outside.
    let mut inside = meant(&run, "getpid", "result");
    inside.retain(|text| text.contains("here"));
    assert_eq!(inside[..2], [named(1), named(2)]);
    assert_eq!(meant(&run, "kill", "pid"), [named(2)]);
    // Of the outermost, the child has the same number in both worlds.
    let waits = meant(&run, "wait4", "result");
    assert_eq!(waits.len(), 3);
    for expected in ["process closed", &named(2), &named(3)] {
        assert!(waits.iter().any(|wait| wait == expected), "no {expected} in {waits:?}");
    }
    let senders: Vec<_> = (0..run.store.len()).filter_map(|seq| decode::sender(&run.store, seq)).collect();
    assert_eq!(senders[..2], [named(3), named(2)], "the innermost ended first");
}

/// A shell script that says its number, names a file, and waits for a child.
const SCRIPT: &str = "echo $$; cat /no/such/file; (exit 3); sh -c 'exit 4' & wait $!; echo $?";

fn inner_shell_is_known(run: &Run) {
    let text = run.text();
    // What its parts say comes through two pipes, in either order.
    assert!(text.lines().any(|line| line == "4"), "{text}");
    let asked = |seq| decode::row_text(&run.store, seq, &Options::default()).contains("\"/no/such/file\"");
    assert!((0..run.store.len()).any(asked));
    let inner: Vec<_> = run.store.tasks().iter().filter(|task| task.ns.tids.len() > 1).collect();
    assert!(inner.iter().any(|task| task.ns.tids.last() == Some(&1)), "{inner:?}");
    for task in &inner {
        assert_eq!(task.ns.tids[0], task.tid);
        let by_itself = run.store.task_by_tid_in(task.id, *task.ns.tids.last().expect("a number"), u64::MAX);
        // A number of a task that ended may have gone to another.
        assert!(by_itself.is_some_and(|by_itself| by_itself >= task.id));
    }
    // Every child that a shell in there forked is the one that its result names.
    for new in run.new_tasks().iter().filter(|new| new.ns.tids.len() > 1 && new.origin == Origin::Fork) {
        let child = run.store.tasks().iter().find(|task| task.tid == new.tid).expect("the child");
        let parent = new.parent.expect("a parent");
        let number = child.ns.tids[run.store.task(parent).expect("seen").ns.tids.len().max(1) - 1];
        assert_eq!(run.store.task_by_tid_in(parent, number, child.started_ns), Some(child.id));
    }
}

#[test]
fn unshare_makes_a_container_that_is_understood() {
    let command = ["unshare", "-Urpf", "--mount-proc", "sh", "-c", SCRIPT];
    let run = run(&command);
    if has_containers(&run, &command) {
        inner_shell_is_known(&run);
        // What it says comes by another pipe than what it complains of.
        assert!(run.text().lines().any(|line| line == "1"), "{}", run.text());
    }
}

#[test]
fn bubblewrap_makes_a_container_that_is_understood() {
    let command =
        ["bwrap", "--ro-bind", "/", "/", "--unshare-all", "--proc", "/proc", "--dev", "/dev", "sh", "-c", SCRIPT];
    let run = run(&command);
    if has_containers(&run, &command) {
        inner_shell_is_known(&run);
    }
}

/// A bundle for runc with nothing in it but busybox, for whoever runs the tests.
fn bundle(directory: &Path) {
    let script = r#"
        set -e
        rm -rf "$1"; mkdir -p "$1/rootfs/bin" "$1/rootfs/proc" "$1/rootfs/dev" "$1/rootfs/sys"; cd "$1"
        cp "$(command -v busybox)" rootfs/bin/busybox
        for name in sh cat; do ln -s busybox rootfs/bin/$name; done
        [ "$(id -u)" = 0 ] && runc spec || runc spec --rootless
        python3 - "$2" <<'END'
import json, sys
spec = json.load(open("config.json"))
spec["process"].update(terminal=False, args=["/bin/sh", "-c", sys.argv[1]])
json.dump(spec, open("config.json", "w"))
END"#;
    let made = Command::new("/bin/sh").args(["-c", script, "sh"]).arg(directory).arg(SCRIPT).output().expect("sh runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

#[test]
fn runc_makes_a_container_that_is_understood() {
    let bundle_at = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("bundle-{}", std::process::id()));
    bundle(&bundle_at);
    let (state, bundle_path) = (bundle_at.join("state"), bundle_at.to_str().expect("UTF-8"));
    let name = format!("sysview-{}", std::process::id());
    // Debian keeps it where only root looks.
    let runc = if Path::new("/usr/sbin/runc").exists() { "/usr/sbin/runc" } else { "runc" };
    let command = [runc, "--root", state.to_str().expect("UTF-8"), "run", "-b", bundle_path, &name];
    let run = run(&command);
    let has = has_containers(&run, &command);
    std::fs::remove_dir_all(&bundle_at).expect("removed");
    if has {
        inner_shell_is_known(&run);
        // What it says comes by another pipe than what it complains of.
        assert!(run.text().lines().any(|line| line == "1"), "{}", run.text());
    }
}
