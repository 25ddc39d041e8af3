//! Signals that arrive at bad moments, and stops: handlers run as natively, stops last as long, and interrupted calls
//! return what they would. The fixture checks itself; here it is checked that everything was seen.

use sysview::model::{Outcome, Row, RowKind, SignalDetail, TaskEnd};
use sysview::source::End;

use crate::fixtures::hard;
use crate::harness::*;

fn fine(words: &[&str]) -> Run {
    let run = hard("signals", words);
    assert_eq!(run.end, End::Exited(0), "{words:?}: {}", run.text());
    run
}

fn group_stops(run: &Run) -> Vec<Row> {
    run.rows().filter(|row| matches!(row.kind, RowKind::GroupStop { .. })).collect()
}

#[test]
fn calls_after_a_handler_are_seen() {
    let run = fine(&["alarmed"]);
    assert_eq!(run.outcomes("pause"), [Outcome::Failed(514)], "ERESTARTNOHAND");
    assert_eq!(run.outcomes("getppid").len(), 10);
    assert_eq!(run.outcomes("rt_sigreturn").len(), 1);
}

#[test]
fn a_storm_of_signals_loses_no_call_and_no_signal() {
    let run = fine(&["storm"]);
    let expected =
        format!("{} ticks, {} calls\n", run.signals_numbered(libc::SIGALRM).len(), run.outcomes("getppid").len());
    assert_eq!(run.text(), expected);
}

#[test]
fn timed_calls_go_on_after_a_stop() {
    let run = fine(&["restarted"]);
    assert_eq!(run.outcomes("restart_syscall").len(), 4);
    let restarted = |seq| {
        let call = run.store.call(seq)?;
        let view = call.view();
        view.restarts.and_then(|nr| Some(sysview::abi::lookup(view.arch, nr)?.name))
    };
    let mut names: Vec<_> = (0..run.store.len()).filter_map(restarted).collect();
    names.sort_unstable();
    assert_eq!(names, ["clock_nanosleep", "clock_nanosleep", "futex", "poll"]);
    assert_eq!(group_stops(&run).len(), 4);
}

#[test]
fn handlers_cut_calls_short() {
    let run = fine(&["cut-short"]);
    assert!(run.outcomes("clock_nanosleep").contains(&Outcome::Failed(516)), "ERESTART_RESTARTBLOCK");
    assert!(run.outcomes("read").contains(&Outcome::Failed(512)), "ERESTARTSYS");
    assert_eq!(run.signals_numbered(libc::SIGALRM).len(), 2);
}

#[test]
fn all_threads_of_a_stopped_process_stop_for_as_long() {
    let run = fine(&["stopped-threads", "150"]);
    let stops = group_stops(&run);
    assert_eq!(stops.len(), 5, "each thread tells");
    let process = run.store.tasks()[1].tgid;
    assert!(stops.iter().all(|row| run.store.task(row.task).is_some_and(|task| task.tgid == process)));
}

#[test]
fn a_process_stopped_in_a_call_does_not_go_on_before_its_time() {
    let run = fine(&["stopped-in-a-call"]);
    let child = run.new_tasks()[1].tid;
    assert_eq!(group_stops(&run).len(), 1);
    let reads: Vec<_> =
        run.calls_named("read").into_iter().filter(|(task, _)| run.store.task(*task).unwrap().tid == child).collect();
    assert_eq!(reads.last().unwrap().1.outcome, Some(Outcome::Returned(1)));
}

#[test]
fn stops_upon_stops_are_stops() {
    let run = fine(&["stopped-often"]);
    let signals: Vec<_> = group_stops(&run)
        .iter()
        .map(|row| match row.kind {
            RowKind::GroupStop { signal } => i32::from(signal),
            _ => 0,
        })
        .collect();
    assert_eq!(signals, [libc::SIGSTOP, libc::SIGTSTP, libc::SIGSTOP]);
    assert_eq!(run.signals_numbered(libc::SIGCONT).len(), 3);
}

#[test]
fn orphaned_process_groups_do_not_stop_and_are_woken() {
    let run = fine(&["orphaned"]);
    let stops = group_stops(&run);
    assert_eq!(stops.len(), 1, "SIGTSTP and SIGTTIN stop nobody there");
    assert_eq!(run.signals_numbered(libc::SIGHUP).len(), 1);
    assert_eq!(run.signals_numbered(libc::SIGTSTP).len(), 1);
}

#[test]
fn breakpoints_are_the_programs_own() {
    let run = fine(&["int3"]);
    // Two handled, one that kills; the blocked one is taken by sigwait without being delivered.
    assert_eq!(run.signals_numbered(libc::SIGTRAP).len(), 3);
    assert!(run.ends().iter().any(|(_, end)| matches!(end, TaskEnd::Killed { signal: 5, .. })), "{:?}", run.ends());
}

#[test]
fn real_time_signals_keep_their_order_and_values() {
    let run = fine(&["queued"]);
    let value = |signal: &sysview::model::Signal| match signal.detail {
        SignalDetail::Sender { value: Some(value), .. } => Some(value as i32),
        _ => None,
    };
    let of = |number: i32| run.signals_numbered(number).iter().filter_map(value).collect::<Vec<_>>();
    assert_eq!(of(libc::SIGRTMIN()), (1..20).step_by(2).collect::<Vec<_>>());
    assert_eq!(of(libc::SIGRTMIN() + 1), (0..20).step_by(2).collect::<Vec<_>>());
    assert_eq!(run.signals_numbered(libc::SIGRTMAX()).len(), 1);
    let timer = run.signals_numbered(libc::SIGRTMIN()).pop().unwrap();
    assert!(matches!(timer.detail, SignalDetail::Timer { value, .. } if value as i32 == 42), "{timer:?}");
}

#[test]
fn every_cancelled_thread_got_its_signal() {
    assert_eq!(fine(&["cancelled"]).signals_numbered(32).len(), 20);
}

#[test]
fn a_parent_that_waits_for_sigchld_gets_it() {
    let run = fine(&["children"]);
    let told: Vec<i32> = run
        .signals_numbered(libc::SIGCHLD)
        .iter()
        .filter_map(|signal| match signal.detail {
            SignalDetail::Child { status, .. } => Some(status),
            _ => None,
        })
        .collect();
    assert_eq!(told, (0..20).collect::<Vec<_>>());
}

#[test]
fn signals_that_are_taken_by_a_call_are_not_delivered() {
    let run = fine(&["taken"]);
    assert!(run.signals().is_empty(), "{:?}", run.signals());
    assert_eq!(run.outcomes("rt_sigtimedwait"), [Outcome::Returned(10)]);
}

#[test]
fn faults_with_a_handler_are_survived() {
    let run = fine(&["faults"]);
    let fault = &run.signals_numbered(libc::SIGSEGV)[0];
    assert!(matches!(fault.detail, SignalDetail::Fault { addr: 0x1234 }), "{fault:?}");
    if cfg!(target_arch = "x86_64") {
        assert_eq!((run.signals_numbered(libc::SIGILL).len(), run.signals_numbered(libc::SIGFPE).len()), (1, 1));
    }
}

#[test]
fn processes_killed_in_every_state_at_once_are_all_seen_to_end() {
    let run = fine(&["killed", "60"]);
    let killed = run.ends().iter().filter(|(_, end)| matches!(end, TaskEnd::Killed { signal: 9, .. })).count();
    // A quarter of them with three threads more.
    assert_eq!(killed, 60 + 15 * 3);
}
