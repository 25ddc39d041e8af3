//! What was attached to goes on as before: detached at any point, without a view, beside a program that was launched.

use nix::sys::signal::Signal;
use sysview::abi::Arch;
use sysview::capture::{Attach, Only, Tracing, attach};
use sysview::model::{Origin, Outcome, RowKind, TaskEnd};
use sysview::source::{Command, End};

use crate::guest::*;
use crate::harness::{Watch, start};

fn detach(watch: Watch) -> crate::harness::Run {
    watch.source.control.send(Command::Detach).expect("taken");
    let run = watch.into_run();
    assert!(run.detached && run.end == End::Exited(0), "{:?}", run.end);
    assert!(run.ends().iter().any(|(_, end)| *end == TaskEnd::Detached));
    run
}

#[test]
fn running_threads_run_on() {
    let counter = Counter::new("run-on");
    let guest = Guest::start(&["busy", counter.path(), "3"]);
    let mut watch = attached(&[guest.pid]);
    watch.until(|watch| calls(watch, "getppid").len() > 1000);
    let run = detach(watch);
    assert_eq!(run.ends().len(), 3);
    until_untraced(guest.pid);
    counter.until_more(100_000);
}

#[test]
fn a_stopped_process_stays_stopped_and_continues_when_it_is_told() {
    let mut guest = Guest::start(&["stops"]);
    wait_until("the stop", || status_of(guest.pid, "State").starts_with('T'));
    let mut watch = attached(&[guest.pid]);
    watch.until(|watch| watch.rows().any(|row| matches!(row.kind, RowKind::GroupStop { .. })));
    detach(watch);
    until_untraced(guest.pid);
    // The kernel takes it from the tracer's stop to the group's, by way of a moment in which it runs, in the kernel.
    wait_until("the stop", || status_of(guest.pid, "State") == "T (stopped)");
    guest.signal(Signal::SIGCONT);
    assert_eq!(guest.line(), "continued");
    guest.tell();
    assert_eq!(guest.end(), Some(0));
}

#[test]
fn a_process_that_is_stopped_while_it_is_traced_stays_stopped() {
    let mut guest = Guest::start(&["waits"]);
    let mut watch = attached(&[guest.pid]);
    guest.signal(Signal::SIGSTOP);
    // All nine threads tell of it.
    watch.until(|watch| watch.rows().filter(|row| matches!(row.kind, RowKind::GroupStop { .. })).count() == 9);
    detach(watch);
    until_untraced(guest.pid);
    wait_until("the stop", || status_of(guest.pid, "State") == "T (stopped)");
    // By a real stop some of its calls are interrupted with or without a tracer: it says so and ends.
    guest.signal(Signal::SIGCONT);
    guest.tell();
    assert!(guest.end().is_some());
}

#[test]
fn a_session_ends_although_a_task_waits_for_the_child_of_its_vfork() {
    let mut guest = Guest::start(&["vfork"]);
    let run = detach(attached(&[guest.pid]));
    assert!(run.calls_named("vfork").iter().all(|(_, call)| call.outcome == Some(Outcome::Detached)));
    until_untraced(guest.pid);
    guest.tell();
    assert_eq!(guest.end(), Some(12));
}

#[test]
fn held_tasks_go_on() {
    let counter = Counter::new("held");
    let guest = Guest::start(&["busy", counter.path(), "2"]);
    let mut watch = attached(&[guest.pid]);
    watch.source.control.send(Command::Hold).expect("taken");
    watch.until(|watch| watch.held.len() == 2);
    let before = counter.value();
    detach(watch);
    counter.until_more(1000);
    assert!(before < counter.value());
}

#[test]
fn what_was_attached_to_outlives_the_view() {
    let counter = Counter::new("view");
    let guest = Guest::start(&["busy", counter.path()]);
    let watch = attached(&[guest.pid]);
    drop(watch);
    until_untraced(guest.pid);
    counter.until_more(100_000);
}

#[test]
fn what_waits_and_was_attached_to_outlives_the_view() {
    let mut guest = Guest::start(&["waits"]);
    drop(attached(&[guest.pid]));
    until_untraced(guest.pid);
    guest.tell();
    assert_eq!(guest.end(), Some(0));
}

#[test]
fn only_an_explicit_kill_ends_it() {
    let guest = Guest::start(&["waits"]);
    let watch = attached(&[guest.pid]);
    watch.source.control.send(Command::Kill).expect("taken");
    let run = watch.into_run();
    assert!(!run.detached);
    assert!(run.ends().iter().all(|(_, end)| *end == TaskEnd::Killed { signal: 9, core: false }));
    assert_eq!(guest.end(), Some(128 + 9));
}

/// A launched session that a guest has joined.
fn joined(guest: &Guest) -> Watch {
    let mut watch = Watch::new(start(&["/bin/sh", "-c", "echo ready; read line; exit 3"]));
    watch.until_output("ready");
    watch.source.control.send(Command::Attach(vec![guest.pid])).expect("taken");
    watch.until(|watch| !watch.notices.is_empty() || watch.store.tasks().iter().any(|task| task.tgid == guest.pid));
    assert!(watch.notices.is_empty(), "{:?}", watch.notices);
    watch
}

#[test]
fn a_launched_session_takes_in_what_runs_already() {
    let mut guest = Guest::start(&["forks"]);
    let mut watch = joined(&guest);
    guest.tell();
    watch.until(|watch| watch.store.tasks().iter().filter(|task| task.ended.is_some()).count() == 2);
    let task = &watch.store.tasks()[1];
    assert_eq!((task.tid, task.origin, task.parent), (guest.pid, Origin::Attach, None));
    watch.source.control.send(Command::Input(b"\n".to_vec())).expect("taken");
    let run = watch.into_run();
    assert_eq!((run.end, guest.end()), (End::Exited(3), Some(5)));
    assert!(run.notices.is_empty(), "{:?}", run.notices);
}

#[test]
fn what_cannot_be_attached_to_is_a_notice_and_the_session_goes_on() {
    let mut watch = Watch::new(start(&["/bin/sh", "-c", "echo ready; read line; exit 3"]));
    watch.until_output("ready");
    watch.until(|watch| !watch.store.is_empty());
    let root = watch.store.tasks()[0].tid;
    watch.source.control.send(Command::Attach(vec![i32::MAX, root])).expect("taken");
    watch.until(|watch| watch.notices.len() == 2);
    assert!(watch.notices[0].contains("there is no such process"), "{:?}", watch.notices);
    assert!(watch.notices[1].contains("traced in this session already"), "{:?}", watch.notices);
    watch.source.control.send(Command::Input(b"\n".to_vec())).expect("taken");
    assert_eq!(watch.until_end(), End::Exited(3));
}

#[test]
fn detaching_from_both_lets_both_go_on() {
    let mut guest = Guest::start(&["waits"]);
    let mut watch = joined(&guest);
    watch.until(|watch| watch.store.tasks().iter().filter(|task| task.open_call.is_some()).count() == 10);
    watch.source.control.send(Command::Detach).expect("taken");
    watch.until(|watch| watch.detached);
    until_untraced(guest.pid);
    watch.source.control.send(Command::Input(b"\n".to_vec())).expect("taken");
    assert_eq!(watch.into_run().end, End::Exited(3));
    guest.tell();
    assert_eq!(guest.end(), Some(0));
}

#[test]
fn without_the_view_the_launched_program_ends_and_the_others_go_on() {
    let counter = Counter::new("both");
    let (mut waits, busy) = (Guest::start(&["waits"]), Guest::start(&["busy", counter.path(), "2"]));
    let mut watch = joined(&waits);
    watch.source.control.send(Command::Attach(vec![busy.pid])).expect("taken");
    watch.until(|watch| watch.store.tasks().iter().any(|task| task.tgid == busy.pid));
    let root = watch.store.tasks()[0].tid;
    drop(watch);
    wait_until("the end of the launched program", || status_of(root, "State").is_empty());
    until_untraced(waits.pid);
    until_untraced(busy.pid);
    counter.until_more(100_000);
    waits.tell();
    assert_eq!(waits.end(), Some(0));
}

#[test]
fn what_children_of_both_do_is_followed_while_others_are_let_go() {
    let mut guest = Guest::start(&["storm"]);
    for _ in 0..10 {
        let watch = joined(&guest);
        let root = watch.store.tasks()[0].tid;
        drop(watch);
        wait_until("the end of the launched program", || status_of(root, "State").is_empty());
        // It may be let go later than that.
        until_untraced(guest.pid);
    }
    guest.close_input();
    assert_eq!(guest.end(), Some(0));
}

#[test]
fn only_some_calls_are_seen_but_all_of_them_stop() {
    let mut guest = Guest::start(&["forks"]);
    let execve = sysview::abi::number(Arch::X86_64, "execve").expect("a number");
    let numbers = vec![(Arch::X86_64, vec![execve])];
    // At full speed others can only run in a program that was launched so.
    let only = Only { words: "execve".into(), numbers, unknown: false, at_full_speed: true };
    let plan = Attach { tracing: Tracing { only: Some(only), ..Tracing::default() }, ..plan(&[guest.pid]) };
    let watch = Watch::new(attach(plan).expect("attached"));
    guest.tell();
    let run = watch.into_run();
    assert_eq!((run.started.only.as_deref(), guest.end()), (Some("execve"), Some(5)));
    assert_eq!((run.calls().count(), run.calls_named("execve").len()), (1, 1));
}

#[test]
fn one_thread_alone_is_attached_to_and_its_children_are_not_followed() {
    let mut guest = Guest::start(&["forks"]);
    let plan = Attach { tracing: Tracing { follow: false, ..Tracing::default() }, ..plan(&[guest.pid]) };
    let watch = Watch::new(attach(plan).expect("attached"));
    guest.tell();
    let run = watch.into_run();
    assert_eq!((run.new_tasks().len(), guest.end()), (1, Some(5)));
}
