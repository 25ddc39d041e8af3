//! A filter of calls set at launch: what is not asked for does not stop, what is asked for is seen as without it.

use sysview::abi::{self, Arch};
use sysview::capture::{Only, launch};
use sysview::model::{Origin, Outcome, RowKind};
use sysview::source::{Command, End};

use crate::fixtures::{fixture, hard};
use crate::harness::*;

fn only(names: &[&str]) -> Only {
    let numbers = |arch: Arch| (arch, names.iter().filter_map(|name| abi::number(arch, name)).collect());
    let numbers = [Arch::X86_64, Arch::X32, Arch::I386].map(numbers).to_vec();
    Only { words: names.join(","), numbers, unknown: false, at_full_speed: true }
}

fn run_only(command: &[&str], names: &[&str]) -> Run {
    let mut plan = plan(command);
    plan.tracing.only = Some(only(names));
    collect(launch(plan).unwrap())
}

fn calls(run: &Run) -> Vec<&'static str> {
    run.calls().map(|(_, call)| abi::lookup(call.arch, call.nr).map_or("?", |call| call.name)).collect()
}

#[test]
fn only_the_calls_that_were_asked_for_are_seen() {
    let run = run_only(&["/bin/sh", "-c", "cd /; /bin/true; cd /tmp; exit 4"], &["chdir"]);
    assert_eq!(run.end, End::Exited(4));
    assert_eq!(calls(&run), ["chdir", "chdir"]);
    assert_eq!(run.outcomes("chdir"), [Outcome::Returned(0); 2]);
    // Tasks and programs are told all the same.
    assert_eq!(run.new_tasks().len(), 2);
    assert_eq!(run.execs().len(), 2);
}

#[test]
fn who_is_not_root_is_told_of_no_new_privs() {
    let run = run_only(&["/bin/sh", "-c", "grep NoNewPrivs /proc/self/status"], &["chdir"]);
    // Root in a container may lack the capability, and then it is as everybody else.
    let may_filter = std::fs::read_to_string("/proc/self/status")
        .unwrap()
        .lines()
        .find_map(|line| u64::from_str_radix(line.strip_prefix("CapEff:")?.trim(), 16).ok())
        .is_some_and(|set| set & (1 << 21) != 0);
    assert_eq!(run.text(), if may_filter { "NoNewPrivs:\t0\n" } else { "NoNewPrivs:\t1\n" });
    assert_eq!(run.notices.len(), usize::from(!may_filter), "{:?}", run.notices);
}

#[test]
fn the_same_calls_are_seen_as_without_a_filter() {
    const SCRIPT: &str = "for i in 1 2 3; do cat /etc/hostname | wc -c; done; ls / > /dev/null";
    let names = ["openat", "read", "execve", "wait4", "close"];
    let filtered = run_only(&["/bin/sh", "-c", SCRIPT], &names);
    let all = sh(SCRIPT);
    for name in names {
        assert_eq!(filtered.calls_named(name).len(), all.calls_named(name).len(), "{name}");
    }
    assert_eq!(filtered.text(), all.text());
    assert!(filtered.calls_named("mmap").is_empty());
}

#[test]
fn threads_forks_and_int_0x80_are_filtered_too() {
    let run = run_only(&[&tracee(), "threads"], &["getppid"]);
    assert_eq!(run.outcomes("getppid").len(), 200);
    assert_eq!(run.new_tasks().iter().filter(|new| new.origin == Origin::Thread).count(), 4);
    assert_eq!(calls(&run_only(&[&tracee(), "int80"], &["getpid"])), ["getpid"; 6], "three of them by int 0x80");
    assert_eq!(run_only(&[&tracee(), "vfork"], &["execve"]).outcomes("execve").len(), 4);
    assert!(calls(&run_only(&[&tracee(), "threads"], &["chroot"])).is_empty());
}

#[test]
fn the_programs_own_filters_mean_what_they_mean_without_ours() {
    // Each fixture checks what its filter does. What the filter denies would never reach ours.
    let run = run_only(&[&tracee(), "seccomp-errno"], &["getppid"]);
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(run.outcomes("getppid"), [Outcome::Failed(libc::EACCES as u16)]);
    assert_eq!(calls(&run), ["getppid"], "the call that installed it was not asked for");
    let run = run_only(&[&tracee(), "seccomp-trap"], &["getppid"]);
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(run.signals_numbered(libc::SIGSYS).len(), 1);
    let run = run_only(&[&tracee(), "seccomp-kill"], &["getppid"]);
    assert_eq!(run.outcomes("getppid"), [Outcome::KilledBySeccomp]);
    // RET_TRACE without a tracer for it: ENOSYS, whether the call was asked for or not.
    for names in [["getppid"], ["chroot"]] {
        let run = run_only(&[&tracee(), "seccomp-trace"], &names);
        assert_eq!(run.end, End::Exited(0));
        let expected = if names == ["getppid"] { vec![Outcome::Failed(libc::ENOSYS as u16)] } else { vec![] };
        assert_eq!(run.outcomes("getppid"), expected);
    }
    assert_eq!(behave(&["seccomp-trace"]).end, End::Exited(0));
}

#[test]
fn children_that_nobody_is_to_trace_are_not_seen_and_their_calls_work() {
    // The fixture checks what becomes of them. Without a filter they are left alone.
    for names in [vec!["getppid"], vec!["getppid", "clone", "clone3"], vec!["chroot"]] {
        let run = run_only(&[&fixture("tasks"), "unseen"], &names);
        assert_eq!(run.end, End::Exited(0), "{names:?}");
        assert_eq!(run.new_tasks().len(), 1);
        assert_eq!(run.calls_named("getppid").len(), usize::from(names[0] == "getppid"));
        let clones = run.calls_named("clone");
        assert_eq!(clones.len(), 2 * usize::from(names.len() > 1));
        assert!(clones.iter().all(|(_, call)| call.args[0] & libc::CLONE_UNTRACED as u64 != 0), "as it was made");
    }
    let run = hard("tasks", &["unseen"]);
    assert_eq!(run.end, End::Exited(0));
    assert_eq!((run.new_tasks().len(), run.calls_named("clone3").len()), (1, 1));
}

#[test]
fn a_program_under_a_filter_runs_on_after_detaching() {
    let mut plan = plan(&["/bin/sh", "-c", "echo ready; read line; cd /; /bin/true; (exit 3); echo $?; exit 9"]);
    plan.tracing.only = Some(only(&["chdir", "write"]));
    let mut watch = Watch::new(launch(plan).unwrap());
    watch.until_output("ready");
    watch.source.control.send(Command::Detach).unwrap();
    watch.until(|watch| watch.detached);
    let rows = watch.store.len();
    watch.source.control.send(Command::Input(b"\n".to_vec())).unwrap();
    assert_eq!(watch.until_end(), End::Exited(9));
    assert!(String::from_utf8_lossy(&watch.output).contains('3'));
    assert_eq!(watch.store.len(), rows, "nothing is recorded any more");
}

#[test]
fn a_detached_program_under_a_filter_outlives_its_first_process() {
    let file = format!("{}/late-{}", env!("CARGO_TARGET_TMPDIR"), std::process::id());
    let script = format!("echo ready; read line; trap '' HUP; (cd /; sleep 0.3; echo late > {file}) & exit 2");
    let mut plan = plan(&["/bin/sh", "-c", &script]);
    plan.tracing.only = Some(only(&["chdir", "write"]));
    let mut watch = Watch::new(launch(plan).unwrap());
    watch.until_output("ready");
    watch.source.control.send(Command::Detach).unwrap();
    watch.until(|watch| watch.detached);
    watch.source.control.send(Command::Input(b"\n".to_vec())).unwrap();
    assert_eq!(watch.until_end(), End::Exited(2));
    // Without a tracer its calls would have failed.
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "late\n");
    std::fs::remove_file(file).unwrap();
}

#[test]
fn without_a_filter_the_others_stop_unseen() {
    let mut slow = plan(&["/bin/sh", "-c", "cd /; grep Seccomp: /proc/self/status; read line; cd /tmp; exit 4"]);
    slow.tracing.only = Some(Only { at_full_speed: false, ..only(&["chdir"]) });
    let mut watch = Watch::new(launch(slow).unwrap());
    watch.until_output("Seccomp:");
    let own = std::fs::read_to_string("/proc/self/status").unwrap();
    let own = own.lines().find(|line| line.starts_with("Seccomp:")).unwrap();
    watch.until_output(own);
    watch.source.control.send(Command::Input(b"\n".to_vec())).unwrap();
    assert_eq!(watch.until_end(), End::Exited(4));
    let calls = watch.rows().filter(|row| matches!(row.kind, RowKind::Call(_))).count();
    assert_eq!(calls, 2);
}

#[test]
fn numbers_that_nobody_knows_can_be_asked_for() {
    for at_full_speed in [true, false] {
        let mut plan = plan(&[&tracee(), "unknown"]);
        plan.tracing.only = Some(Only { unknown: true, at_full_speed, ..only(&["chdir"]) });
        let run = collect(launch(plan).unwrap());
        assert!(run.calls_numbered(Arch::X86_64, 9999).len() == 1, "{:?}", calls(&run));
        assert!(calls(&run).iter().all(|name| *name == "?"), "{:?}", calls(&run));
    }
}
