//! Calls that are changed: the program sees what it is told, the kernel what it is given, and the rows say so.

use std::time::Duration;

use sysview::abi;
use sysview::capture::launch;
use sysview::model::{Marks, Outcome, RowKind, TaskId};
use sysview::source::{At, Catchpoint, Change, Command, End, Forced, Tamper, When, Why};

use crate::harness::*;
use crate::hold::named;

fn rule(name: &'static str, when: When, change: Change) -> Tamper {
    Tamper { test: named(name), when, change }
}

fn with(command: &[&str], rules: Vec<Tamper>) -> Run {
    let mut plan = plan(command);
    plan.tracing.tamper = rules;
    collect(launch(plan).unwrap())
}

fn result(forced: Forced) -> Change {
    Change { result: Some(forced), ..Change::default() }
}

#[test]
fn an_injected_error_is_all_that_happens() {
    let fail = result(Forced::Errno(libc::ENOENT as u16));
    let run = with(&["/bin/sh", "-c", "cd /tmp && echo no; echo $PWD"], vec![rule("chdir", When::ALWAYS, fail)]);
    assert_eq!(run.outcomes("chdir"), [Outcome::Failed(libc::ENOENT as u16)]);
    assert_eq!(run.calls_named("chdir")[0].1.marks, Marks::INJECTED);
    assert!(!run.text().lines().any(|line| line == "no" || line == "/tmp"), "{}", run.text());
}

#[test]
fn an_injected_value_is_the_result() {
    let run = with(&[&tracee(), "getppid", "3"], vec![rule("getppid", When::ALWAYS, result(Forced::Value(4_242)))]);
    assert_eq!(run.outcomes("getppid"), [Outcome::Returned(4_242); 3]);
    assert_eq!(run.end, End::Exited(0));
}

#[test]
fn when_counts_from_one_in_each_task() {
    let fail = result(Forced::Errno(1));
    let told = |when: When| {
        let run = with(&[&tracee(), "getppid", "8"], vec![rule("getppid", when, fail)]);
        let failed = |outcome: &Outcome| *outcome == Outcome::Failed(1);
        run.outcomes("getppid").iter().map(failed).map(u8::from).collect::<Vec<_>>()
    };
    assert_eq!(told(When { first: 3, last: None, step: 0 }), [0, 0, 1, 0, 0, 0, 0, 0]);
    assert_eq!(told(When { first: 3, last: None, step: 1 }), [0, 0, 1, 1, 1, 1, 1, 1]);
    assert_eq!(told(When { first: 2, last: Some(7), step: 3 }), [0, 1, 0, 0, 1, 0, 0, 0]);
    assert_eq!(told(When { first: 2, last: Some(4), step: 1 }), [0, 1, 1, 1, 0, 0, 0, 0]);
    // Each of the four threads makes fifty.
    let run = with(&[&tracee(), "threads"], vec![rule("getppid", When { first: 50, last: None, step: 0 }, fail)]);
    assert_eq!(run.outcomes("getppid").iter().filter(|o| **o == Outcome::Failed(1)).count(), 4);
}

#[test]
fn the_last_rule_that_fits_counts() {
    let rules = vec![
        rule("getppid", When::ALWAYS, result(Forced::Value(1))),
        rule("getppid", When { first: 2, last: None, step: 0 }, result(Forced::Value(2))),
    ];
    let ours = i64::from(std::process::id());
    let run = with(&[&tracee(), "getppid", "2"], rules);
    assert_eq!(run.outcomes("getppid"), [Outcome::Returned(ours), Outcome::Returned(2)]);
}

#[test]
fn another_call_can_run_instead() {
    let nr = abi::number(abi::Arch::X86_64, "getpid").unwrap();
    let run = with(
        &[&tracee(), "getppid", "1"],
        vec![rule("getppid", When::ALWAYS, Change { call: Some(nr), ..Change::default() })],
    );
    assert_eq!(run.outcomes("getppid"), [Outcome::Returned(i64::from(run.new_tasks()[0].tid))]);
    assert_eq!(run.calls_named("getppid")[0].1.marks, Marks::INJECTED);
}

#[test]
fn an_injected_signal_arrives_after_the_call() {
    let change = Change { signal: Some(libc::SIGUSR1), ..Change::default() };
    let run = with(&[&tracee(), "getppid", "5"], vec![rule("getppid", When { first: 2, last: None, step: 0 }, change)]);
    assert_eq!(run.end, End::Killed { signal: libc::SIGUSR1, core: false });
    assert_eq!(run.signals_numbered(libc::SIGUSR1).len(), 1);
    assert!(matches!(run.outcomes("getppid")[..], [Outcome::Returned(_), Outcome::Returned(_)]));
}

#[test]
fn delays_come_before_and_after_the_call() {
    let delay = Duration::from_millis(60);
    for (enter, exit) in [(Some(delay), None), (None, Some(delay)), (Some(delay), Some(delay))] {
        let change = Change { delay_enter: enter, delay_exit: exit, ..Change::default() };
        let run =
            with(&[&tracee(), "getppid", "2"], vec![rule("getppid", When { first: 1, last: None, step: 0 }, change)]);
        let calls: Vec<_> = run
            .rows()
            .filter_map(|row| match row.kind {
                RowKind::Call(call) if abi::lookup(call.arch, call.nr).is_some_and(|c| c.name == "getppid") => {
                    Some((row.t_ns, call))
                }
                _ => None,
            })
            .collect();
        let ns = delay.as_nanos() as u64;
        let (began, first) = calls[0];
        assert_eq!(first.marks, Marks::DELAYED);
        assert_eq!(first.t_exit_ns - began >= ns, enter.is_some());
        assert_eq!(calls[1].0 - first.t_exit_ns >= ns, exit.is_some());
    }
}

#[test]
fn the_user_answers_a_call_at_its_entry() {
    let mut plan = plan(&["/bin/sh", "-c", "cd /tmp; echo $?; cd /; echo $?"]);
    plan.tracing.catch = vec![Catchpoint { id: 1, test: named("chdir"), at_exit: false }];
    let mut watch = Watch::new(launch(plan).unwrap());
    watch.until(|watch| !watch.held.is_empty());
    let task = watch.held[0].task;
    // Changed twice: the second answer counts.
    for errno in [libc::EPERM, libc::EACCES] {
        watch.source.control.send(Command::Answer(task, result(Forced::Errno(errno as u16)))).unwrap();
    }
    watch.source.control.send(Command::Step(task)).unwrap();
    watch.until(|watch| watch.held.iter().any(|held| held.at == At::Exit && held.why == Why::Stepped));
    watch.source.control.send(Command::Step(task)).unwrap();
    watch.until(|watch| watch.held.iter().any(|held| held.at == At::Entry));
    watch.source.control.send(Command::Resume).unwrap();
    watch.until(|watch| watch.held.iter().any(|held| matches!(held.why, Why::Caught { hits: 2, .. })));
    // An answer of nothing takes an earlier one back.
    watch.source.control.send(Command::Answer(task, result(Forced::Errno(libc::EPERM as u16)))).unwrap();
    watch.source.control.send(Command::Answer(task, Change::default())).unwrap();
    watch.source.control.send(Command::Resume).unwrap();
    assert_eq!(watch.until_end(), End::Exited(0));
    let output = String::from_utf8_lossy(&watch.output).replace('\r', "");
    assert!(output.ends_with("2\n0\n") || output.ends_with("1\n0\n"), "{output}");
    let outcomes: Vec<_> = watch
        .rows()
        .filter_map(|row| match &row.kind {
            RowKind::Call(call) if abi::lookup(call.arch, call.nr).is_some_and(|c| c.name == "chdir") => call.outcome,
            _ => None,
        })
        .collect();
    assert_eq!(outcomes, [Outcome::Failed(libc::EACCES as u16), Outcome::Returned(0)]);
    assert_eq!(watch.store.task(TaskId(0)).unwrap().errors, watch.store.tasks()[0].errors);
}

#[test]
fn a_change_that_is_waiting_is_undone_by_detaching() {
    let mut plan = plan(&["/bin/sh", "-c", "cd /tmp && exit 5"]);
    plan.tracing.catch = vec![Catchpoint { id: 1, test: named("chdir"), at_exit: false }];
    let mut watch = Watch::new(launch(plan).unwrap());
    watch.until(|watch| !watch.held.is_empty());
    watch.source.control.send(Command::Answer(TaskId(0), result(Forced::Errno(1)))).unwrap();
    watch.source.control.send(Command::Detach).unwrap();
    assert_eq!(watch.until_end(), End::Exited(5));
}
