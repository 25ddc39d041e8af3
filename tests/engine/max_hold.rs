//! A view that does not follow: what was attached to is let go after a while, what was launched is held, no row is lost.

use std::time::Duration;

use sysview::capture::{Attach, Launch, Tracing, attach, launch};
use sysview::model::{EventKind, RowKind, TaskEnd, Warning};
use sysview::source::{Command, End, MESSAGE_QUEUE};

use crate::guest::*;
use crate::harness::{self, Run, Watch};

const SHORT: Duration = Duration::from_millis(200);

fn short() -> Tracing {
    Tracing { max_hold: SHORT, ..Tracing::default() }
}

/// Every task of the process was warned about, then let go, and nothing came after that.
fn assert_let_go(run: &Run, pid: i32, tasks: usize) {
    let let_go: Vec<_> = run.store.tasks().iter().filter(|task| task.tgid == pid).collect();
    assert_eq!(let_go.len(), tasks);
    for task in let_go {
        let last = run.rows().filter(|row| row.task == task.id && !matches!(row.kind, RowKind::Call(_))).last();
        assert!(matches!(&last, Some(row) if matches!(row.kind, RowKind::TaskEnd(TaskEnd::Detached))), "{last:?}");
        let warned = run.rows().filter(|row| row.task == task.id).find_map(|row| match row.kind {
            RowKind::Warning(Warning::HeldTooLong { held_ns }) => Some(Duration::from_nanos(held_ns)),
            _ => None,
        });
        assert!(warned.is_some_and(|held| held >= SHORT), "{warned:?}");
    }
}

#[test]
fn attached_tasks_are_let_go_and_all_rows_come_later() {
    let counter = Counter::new("max-hold");
    let guest = Guest::start(&["busy", counter.path(), "3"]);
    let source = attach(Attach { tracing: short(), ..plan(&[guest.pid]) }).expect("attached");
    until_untraced(guest.pid);
    counter.until_more(100_000);
    let run = Watch::new(source).into_run();
    assert_eq!(run.end, End::Exited(0));
    assert_let_go(&run, guest.pid, 3);
    assert!(run.batches.len() >= MESSAGE_QUEUE, "more than the queue holds: {}", run.batches.len());
    // What was seen was also counted by the program; each thread may be between its call and its counting.
    let returned = run.outcomes("getppid").len() as u64;
    assert!(returned <= counter.value() + 3 && counter.value() > returned);
}

#[test]
fn a_view_that_follows_in_time_keeps_them() {
    let counter = Counter::new("in-time");
    let guest = Guest::start(&["busy", counter.path()]);
    let long = Tracing { max_hold: Duration::from_secs(600), ..Tracing::default() };
    let source = attach(Attach { tracing: long, ..plan(&[guest.pid]) }).expect("attached");
    // Until the queue is full: then the program is held, and its counter stands still.
    wait_until("a full queue", || {
        let before = counter.value();
        std::thread::sleep(Duration::from_millis(100));
        counter.value() == before
    });
    let mut watch = Watch::new(source);
    watch.until(|watch| watch.batches.len() > 40);
    assert!(!watch.batches.iter().flat_map(|b| &b.events).any(|event| matches!(event.kind, EventKind::Warning(_))));
    watch.source.control.send(Command::Detach).expect("taken");
    watch.into_run();
    counter.until_more(100_000);
}

#[test]
fn beside_a_launched_program_only_they_are_let_go() {
    let counters = [Counter::new("launched"), Counter::new("attached")];
    let guest = Guest::start(&["busy", counters[1].path(), "2"]);
    let program = fixture();
    let plan = Launch { tracing: short(), ..harness::plan(&[&program, "busy", counters[0].path()]) };
    let source = launch(plan).expect("launched");
    source.control.send(Command::Attach(vec![guest.pid])).expect("taken");
    wait_until("the attaching", || status_of(guest.pid, "TracerPid") != "0");
    until_untraced(guest.pid);
    counters[1].until_more(100_000);
    // The launched one is held, for as long as it takes.
    let before = counters[0].value();
    std::thread::sleep(SHORT * 2);
    assert_eq!(counters[0].value(), before);
    let mut watch = Watch::new(source);
    watch.until(|watch| {
        let theirs = |task: &&sysview::model::Task| task.tgid == guest.pid && task.ended.is_some();
        watch.store.tasks().iter().filter(theirs).count() == 2
    });
    watch.until(|_| counters[0].value() > before + 1000);
    watch.source.control.send(Command::Kill).expect("taken");
    let run = watch.into_run();
    assert_eq!(run.end, End::Killed { signal: 9, core: false });
    assert_let_go(&run, guest.pid, 2);
    counters[1].until_more(100_000);
}
