//! Holding, stepping and catching: tasks wait where they are told to, and nothing is lost or reordered by it.

use std::sync::Arc;

use sysview::abi;
use sysview::capture::launch;
use sysview::model::{Outcome, Row, RowKind, TaskId};
use sysview::source::{At, CallTest, Catchpoint, Command, End, Moment, Why};

use crate::harness::*;

/// Calls of this name.
pub fn named(name: &'static str) -> CallTest {
    CallTest(Arc::new(move |moment: &Moment<'_>| {
        abi::lookup(moment.enter.arch, moment.enter.nr).is_some_and(|call| call.name == name)
    }))
}

fn last_call(watch: &Watch) -> (&'static str, Option<Outcome>) {
    let last = watch.rows().filter_map(|row| match &row.kind {
        RowKind::Call(call) => Some((abi::lookup(call.arch, call.nr).map_or("?", |c| c.name), call.outcome)),
        _ => None,
    });
    last.last().expect("a call")
}

#[test]
fn a_program_is_held_from_its_start_and_steps_from_stop_to_stop() {
    let mut plan = plan(&["/bin/true"]);
    plan.tracing.hold_at_start = true;
    let mut watch = Watch::new(launch(plan).unwrap());
    watch.until(|watch| !watch.held.is_empty());
    assert_eq!((watch.held[0].at, watch.held[0].why), (At::Exit, Why::Asked));
    assert_eq!(last_call(&watch), ("execve", Some(Outcome::Returned(0))));
    for _ in 0..3 {
        for at in [At::Entry, At::Exit] {
            let rows = watch.store.len();
            watch.source.control.send(Command::Step(TaskId(0))).unwrap();
            watch.until(|watch| watch.held.first().is_some_and(|held| held.at == at && held.why == Why::Stepped));
            assert_eq!(last_call(&watch).1.is_none(), at == At::Entry);
            assert_eq!(watch.store.len(), rows + u64::from(at == At::Entry), "one stop at a time");
        }
    }
    watch.source.control.send(Command::Resume).unwrap();
    assert_eq!(watch.until_end(), End::Exited(0));
    assert!(watch.held.is_empty());
}

/// The spinners run, and their leader is in its read.
fn leader_waits(watch: &mut Watch) {
    watch.until_output("ready");
    let read = abi::number(abi::Arch::X86_64, "read").unwrap();
    let waits = |row: &Row| matches!(&row.kind, RowKind::Call(call) if call.nr == read && call.outcome.is_none());
    watch.until(|watch| watch.rows().any(|row| row.task == TaskId(0) && waits(&row)));
}

#[test]
fn everybody_is_held_and_everybody_goes_on() {
    let mut watch = Watch::new(start_behaviour(&["spinners"]));
    leader_waits(&mut watch);
    watch.source.control.send(Command::Hold).unwrap();
    // Four threads compute, the fifth, the leader, waits for them in a call and is held only after it.
    watch.until(|watch| watch.held.len() == 4);
    assert!(watch.held.iter().all(|held| held.task != TaskId(0)));
    watch.source.control.send(Command::Resume).unwrap();
    watch.until(|watch| watch.held.is_empty());
    watch.source.control.send(Command::Input(b"\n".to_vec())).unwrap();
    assert_eq!(watch.until_end(), End::Exited(0));
}

#[test]
fn holding_interrupts_no_call() {
    // The program fails if any of its calls ends early or in EINTR.
    let mut watch = Watch::new(start_behaviour(&["sleepers"]));
    watch.until_output("ready");
    for _ in 0..20 {
        watch.source.control.send(Command::Hold).unwrap();
        watch.source.control.send(Command::Resume).unwrap();
    }
    assert_eq!(watch.until_end(), End::Exited(0));
    for task in watch.store.tasks() {
        assert!(task.ended.is_some());
    }
    let restarts = watch.rows().filter(|row| match &row.kind {
        RowKind::Call(call) => matches!(call.outcome, Some(Outcome::Failed(4 | 512..=516))),
        _ => false,
    });
    assert_eq!(restarts.count(), 0);
}

#[test]
fn holding_and_releasing_at_random_loses_and_reorders_nothing() {
    let mut plan = plan(&[&tracee(), "threads"]);
    // Held once for sure, and how often after that is up to chance.
    plan.tracing.hold_at_start = true;
    let mut watch = Watch::new(launch(plan).unwrap());
    watch.until(|watch| !watch.held.is_empty());
    watch.source.control.send(Command::Resume).unwrap();
    while watch.end.is_none() {
        // A source that has ended takes no commands.
        let told = watch.source.control.send(Command::Hold).is_ok();
        watch.until(|watch| told && !watch.held.is_empty() || watch.end.is_some());
        let told = watch.source.control.send(Command::Resume).is_ok();
        watch.until(|watch| told && watch.held.is_empty() || watch.end.is_some());
    }
    assert_eq!(watch.end, Some(End::Exited(0)));
    let getppid = abi::number(abi::Arch::X86_64, "getppid").unwrap();
    let calls = watch.rows().filter(|row| matches!(&row.kind, RowKind::Call(call) if call.nr == getppid));
    assert_eq!(calls.count(), 200);
}

#[test]
fn only_the_stepped_task_is_held_unless_all_are_to_be() {
    for step_all in [false, true] {
        let mut plan = plan(&[&tracee(), "spinners"]);
        plan.tracing.step_all = step_all;
        let mut watch = Watch::new(launch(plan).unwrap());
        leader_waits(&mut watch);
        // The leader is in a read; a spinner makes a call now and then.
        let spinner = TaskId(1);
        watch.source.control.send(Command::Step(spinner)).unwrap();
        watch.until(|watch| watch.held.iter().any(|held| held.task == spinner && held.why == Why::Stepped));
        if step_all {
            watch.until(|watch| watch.held.len() == 4);
        } else {
            assert_eq!(watch.held.len(), 1);
            let rows = watch.store.len();
            watch.until(|watch| watch.store.len() > rows + 20);
        }
        watch.source.control.send(Command::Resume).unwrap();
        watch.source.control.send(Command::Input(b"\n".to_vec())).unwrap();
        assert_eq!(watch.until_end(), End::Exited(0));
    }
}

#[test]
fn a_catchpoint_holds_at_entry_or_at_exit_and_counts() {
    let mut plan = plan(&["/bin/sh", "-c", "cd /; cd /tmp; cd /no/such/dir; cd /"]);
    let failed = CallTest(Arc::new(|moment: &Moment<'_>| {
        let (exit, exit_ns) = moment.exit.expect("asked at exit");
        assert!(exit_ns >= moment.t_ns);
        let path = moment.enter.args[0];
        let chdir = abi::lookup(moment.enter.arch, moment.enter.nr).is_some_and(|call| call.name == "chdir");
        chdir
            && exit.outcome == Outcome::Failed(libc::ENOENT as u16)
            && moment.entry_memory.at(path).is_some_and(|piece| piece.bytes == b"/no/such/dir")
    }));
    plan.tracing.catch = vec![
        Catchpoint { id: 7, test: named("chdir"), at_exit: false },
        Catchpoint { id: 9, test: failed, at_exit: true },
    ];
    let mut watch = Watch::new(launch(plan).unwrap());
    let mut seen = Vec::new();
    while watch.end.is_none() {
        watch.until(|watch| !watch.held.is_empty() || watch.end.is_some());
        if let Some(held) = watch.held.first().copied() {
            seen.push((held.at, held.why));
            watch.source.control.send(Command::Resume).unwrap();
            watch.until(|watch| watch.held.is_empty() || watch.end.is_some());
        }
    }
    let entry = |hits| (At::Entry, Why::Caught { id: 7, hits });
    assert_eq!(seen, [entry(1), entry(2), entry(3), (At::Exit, Why::Caught { id: 9, hits: 1 }), entry(4)]);
}

#[test]
fn a_held_program_can_be_killed_and_be_let_go() {
    for command in [Command::Kill, Command::Detach] {
        let mut plan = plan(&["/bin/sh", "-c", "echo $((6 * 7)); exit 3"]);
        plan.tracing.catch = vec![Catchpoint { id: 1, test: named("write"), at_exit: false }];
        let mut watch = Watch::new(launch(plan).unwrap());
        watch.until(|watch| !watch.held.is_empty());
        watch.source.control.send(command.clone()).unwrap();
        let end = watch.until_end();
        if command == Command::Kill {
            assert_eq!(end, End::Killed { signal: 9, core: false });
            assert!(watch.output.is_empty());
        } else {
            assert_eq!(end, End::Exited(3));
            assert_eq!(String::from_utf8_lossy(&watch.output).trim(), "42");
        }
    }
}
