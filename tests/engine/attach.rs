//! Attaching to programs that run: what is seen from then on, and that they do not notice.

use nix::sys::signal::Signal;
use sysview::capture::attach;
use sysview::model::{Origin, Outcome, RowKind, TaskEnd, TaskId, VdsoState};
use sysview::source::{Command, End};

use crate::guest::*;
use crate::harness::Watch;

/// The calls that the threads of the fixture `waits` wait in.
const WAITS: [&str; 8] =
    ["epoll_wait", "rt_sigtimedwait", "semtimedop", "io_getevents", "poll", "futex", "read", "recvfrom"];

fn all_wait(watch: &Watch) -> bool {
    WAITS.iter().all(|name| calls(watch, name).iter().any(|(_, call)| call.outcome.is_none()))
}

#[test]
fn threads_in_the_middle_of_calls_are_shown_in_them_and_do_not_notice() {
    let mut guest = Guest::start(&["waits"]);
    let mut watch = attached(&[guest.pid]);
    watch.until(all_wait);
    let tasks = watch.store.tasks();
    assert_eq!(tasks.len(), 9);
    for task in tasks {
        assert_eq!((task.tgid, task.origin), (guest.pid, Origin::Attach));
        assert_eq!(task.parent, (task.id != TaskId(0)).then_some(TaskId(0)));
        assert_eq!(task.ns.tids.first(), Some(&task.tid));
        // Threads have what their process has.
        assert!(task.exe.ends_with(b"/attach") && !task.maps.is_empty(), "{task:?}");
        assert!(matches!(task.vdso, VdsoState::Present(_)), "{task:?}");
    }
    assert_eq!((tasks[0].tid, tasks[0].comm.as_slice()), (guest.pid, b"attach".as_slice()));
    let sleep = calls(&watch, "epoll_wait")[0].1;
    assert_eq!((sleep.args[2], sleep.args[3]), (1, 3_600_000));
    guest.tell();
    let run = watch.into_run();
    assert_eq!((run.end, guest.end()), (End::Exited(0), Some(0)));
    for name in WAITS {
        let rows = run.calls_named(name);
        let outcomes: Vec<_> =
            rows.iter().filter(|(task, _)| *task != TaskId(0)).map(|(_, call)| call.outcome).collect();
        assert!(matches!(outcomes[..], [Some(Outcome::Returned(_)), ..]), "went on in its row: {name} {outcomes:?}");
    }
    assert!(run.notices.is_empty(), "{:?}", run.notices);
}

#[test]
fn attaching_again_and_again_is_not_noticed() {
    let mut guest = Guest::start(&["waits"]);
    for _ in 0..10 {
        let mut watch = attached(&[guest.pid]);
        // From the second time on some wait in restart_syscall.
        watch.until(|watch| watch.store.tasks().iter().filter(|task| task.open_call.is_some()).count() == 9);
        watch.source.control.send(Command::Detach).expect("taken");
        let run = watch.into_run();
        assert_eq!((run.end, run.detached), (End::Exited(0), true));
        assert!(run.ends().iter().all(|(_, end)| *end == TaskEnd::Detached));
        until_untraced(guest.pid);
    }
    guest.tell();
    assert_eq!(guest.end(), Some(0));
}

#[test]
fn a_sleep_ends_in_time() {
    let (once, often) = (Guest::start(&["sleeps"]), Guest::start(&["sleeps"]));
    let watch = attached(&[once.pid]);
    for _ in 0..3 {
        let mut watch = attached(&[often.pid]);
        watch.until(|watch| watch.store.tasks().iter().filter(|task| task.open_call.is_some()).count() == 3);
        watch.source.control.send(Command::Detach).expect("taken");
        watch.into_run();
    }
    let run = watch.into_run();
    assert_eq!((once.end(), often.end()), (Some(0), Some(0)));
    // Interrupted by us, it went on as restart_syscall, which is no row of its own.
    assert!(run.calls_named("restart_syscall").is_empty());
    assert_eq!(run.outcomes("clock_nanosleep"), [Outcome::Returned(0), Outcome::Returned(0)]);
}

#[test]
fn a_real_interruption_stays_one() {
    let mut guest = Guest::start(&["interrupts"]);
    let pid = guest.pid;
    // Signals come at any point of attaching and of letting go.
    std::thread::scope(|scope| {
        let signals = scope.spawn(|| {
            for _ in 0..500 {
                guest.signal(Signal::SIGUSR1);
                assert_eq!(guest.byte(), b'.');
            }
        });
        while !signals.is_finished() {
            let watch = attached(&[pid]);
            watch.source.control.send(Command::Detach).expect("taken");
            watch.into_run();
        }
        signals.join().expect("every signal ended the call");
    });
    guest.tell();
    assert_eq!(guest.end(), Some(0));
}

#[test]
fn children_are_followed_like_those_of_a_launched_program() {
    let mut guest = Guest::start(&["forks"]);
    let watch = attached(&[guest.pid]);
    guest.tell();
    let run = watch.into_run();
    assert_eq!((run.end, guest.end()), (End::Exited(0), Some(5)));
    let tasks = run.new_tasks();
    assert_eq!(tasks.len(), 2);
    assert_eq!((tasks[1].parent, tasks[1].origin), (Some(TaskId(0)), Origin::Fork));
    assert!(tasks[0].image.is_some() && tasks[1].image.is_none());
    let execs = run.execs();
    assert_eq!((execs.len(), execs[0].0), (1, TaskId(1)));
    assert!(execs[0].1.path.ends_with(b"true"));
    assert_eq!(run.ends(), [(TaskId(1), TaskEnd::Exited { status: 0 }), (TaskId(0), TaskEnd::Exited { status: 5 })]);
}

#[test]
fn several_processes_make_one_session() {
    let mut guests = [Guest::start(&["forks"]), Guest::start(&["waits"]), Guest::start(&["pending"])];
    let pids: Vec<i32> = guests.iter().map(|guest| guest.pid).collect();
    let watch = attached(&pids);
    for guest in &mut guests {
        guest.tell();
    }
    let run = watch.into_run();
    assert_eq!(run.end, End::Exited(0), "their own ends are not that of the session");
    let images = run.new_tasks().iter().filter(|new| new.image.is_some()).map(|new| new.tgid).collect::<Vec<_>>();
    assert_eq!(images, pids);
    assert_eq!(guests.map(Guest::end), [Some(5), Some(0), Some(0)]);
}

#[test]
fn a_stopped_process_is_attached_to_and_continued() {
    let mut guest = Guest::start(&["stops"]);
    wait_until("the stop", || status_of(guest.pid, "State").starts_with('T'));
    let mut watch = attached(&[guest.pid]);
    watch.until(|watch| watch.rows().any(|row| matches!(row.kind, RowKind::GroupStop { signal: 19 })));
    guest.signal(Signal::SIGCONT);
    assert_eq!(guest.line(), "continued");
    guest.tell();
    let run = watch.into_run();
    assert_eq!(guest.end(), Some(0));
    assert_eq!(run.signals_numbered(libc::SIGCONT).len(), 1);
}

#[test]
fn what_comes_and_goes_while_it_is_attached_to_is_followed() {
    let mut guest = Guest::start(&["storm"]);
    for _ in 0..20 {
        let watch = attached(&[guest.pid]);
        watch.source.control.send(Command::Detach).expect("taken");
        watch.into_run();
    }
    let mut watch = attached(&[guest.pid]);
    watch.until(|watch| watch.store.tasks().len() > 50);
    guest.close_input();
    watch.into_run();
    assert_eq!(guest.end(), Some(0));
}

#[test]
fn a_process_that_ends_while_it_is_attached_to_is_seen_or_missed() {
    let mut seen = 0;
    for round in 0..60 {
        let guest = Guest::command(&["/bin/sh", "-c", "read line <&- ; exit 4"]);
        // At different points of its short life.
        for _ in 0..round * 20 {
            std::hint::spin_loop();
        }
        match attach(plan(&[guest.pid])) {
            Ok(source) => {
                seen += 1;
                assert_eq!(Watch::new(source).into_run().end, End::Exited(0));
            }
            Err(error) => {
                let sentence = error.to_string();
                assert!(["no such process", "has ended"].iter().any(|why| sentence.contains(why)), "{sentence}");
            }
        }
        assert_eq!(guest.end(), Some(4));
    }
    assert!(seen > 0, "all were gone: start slower");
}

#[test]
fn the_parent_of_a_vfork_is_shown_in_it_and_goes_on_after_its_child() {
    let mut guest = Guest::start(&["vfork"]);
    let mut watch = attached(&[guest.pid]);
    watch.until(|watch| calls(watch, "vfork").iter().any(|(_, call)| call.outcome.is_none()));
    guest.tell();
    let run = watch.into_run();
    assert_eq!((run.end, guest.end()), (End::Exited(0), Some(12)));
    assert!(matches!(run.outcomes("vfork")[..], [Outcome::Returned(child)] if child > 0));
}

#[test]
fn both_sides_of_a_vfork_can_be_attached_to() {
    let mut guest = Guest::start(&["vfork"]);
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", guest.pid)).expect("its children");
    let child: i32 = children.trim().parse().expect("one child");
    let mut watch = attached(&[guest.pid, child]);
    watch.until(|watch| !calls(watch, "read").is_empty());
    assert_eq!(watch.store.tasks()[1].parent, Some(TaskId(0)));
    guest.tell();
    let run = watch.into_run();
    assert_eq!(guest.end(), Some(12));
    assert_eq!(run.ends(), [(TaskId(1), TaskEnd::Exited { status: 7 }), (TaskId(0), TaskEnd::Exited { status: 12 })]);
}

#[test]
fn pending_signals_stay_pending() {
    let mut guest = Guest::start(&["pending"]);
    for _ in 0..5 {
        let watch = attached(&[guest.pid]);
        watch.source.control.send(Command::Detach).expect("taken");
        watch.into_run();
    }
    let watch = attached(&[guest.pid]);
    guest.tell();
    watch.into_run();
    assert_eq!(guest.end(), Some(0));
}

#[test]
fn a_process_whose_first_thread_has_ended_is_attached_to() {
    let mut guest = Guest::start(&["leaderless"]);
    wait_until("the end of the first thread", || status_of(guest.pid, "State").starts_with('Z'));
    let watch = attached(&[guest.pid]);
    assert!(watch.store.tasks()[0].exe.is_empty() || watch.store.tasks()[0].exe.ends_with(b"/attach"));
    assert_ne!(watch.store.tasks()[0].tid, guest.pid);
    guest.tell();
    let run = watch.into_run();
    assert_eq!((run.end, guest.end()), (End::Exited(0), Some(9)));
}
