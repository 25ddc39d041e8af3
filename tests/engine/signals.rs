//! Signals: every one is delivered, stops are real, and numbers that nobody knows are calls like others.

use sysview::abi::Arch;
use sysview::model::{Outcome, RowKind, SignalDetail, TaskEnd};
use sysview::source::End;

use crate::harness::*;

#[test]
fn a_handler_runs_and_the_interrupted_call_goes_on() {
    let run = behave(&["restart"]);
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(run.signals_numbered(libc::SIGALRM).len(), 1);
    // ERESTARTSYS: told as the kernel tells it.
    assert!(run.outcomes("read").contains(&Outcome::Failed(512)));
}

#[test]
fn a_stopped_process_stays_stopped_until_it_is_continued() {
    let run = behave(&["stop"]);
    assert_eq!(run.end, End::Exited(0));
    let stops = run.rows().filter(|row| matches!(row.kind, RowKind::GroupStop { signal } if signal == 19)).count();
    assert_eq!(stops, 1);
    assert_eq!(run.signals_numbered(libc::SIGSTOP).len(), 1);
    assert_eq!(run.signals_numbered(libc::SIGCONT).len(), 1);
}

#[test]
fn a_real_sigtrap_is_delivered() {
    let run = behave(&["trap"]);
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(run.signals_numbered(libc::SIGTRAP).len(), 2);
}

#[test]
fn real_time_signals_and_thread_cancellation_work() {
    let run = behave(&["rt"]);
    assert_eq!(run.end, End::Exited(0));
    let sent = run.signals_numbered(libc::SIGRTMIN() + 3);
    assert_eq!(sent.len(), 2);
    assert!(matches!(sent[1].detail, SignalDetail::Sender { value: Some(value), .. } if value as i32 == 77));
    assert_eq!(run.signals_numbered(32).len(), 1, "glibc cancels threads with signal 32");
}

#[test]
fn death_by_signal_is_the_status() {
    let run = behave(&["signal", "15"]);
    assert_eq!(run.end, End::Killed { signal: 15, core: false });
    assert_eq!(run.end.exit_code(), 143);
    assert_eq!(run.ends()[0].1, TaskEnd::Killed { signal: 15, core: false });
    let signal = &run.signals_numbered(15)[0];
    assert!(matches!(signal.detail, SignalDetail::Sender { pid, .. } if pid == run.new_tasks()[0].tid));
}

#[test]
fn sigkill_leaves_no_open_call() {
    let run = sh("kill -9 $$");
    assert_eq!(run.end, End::Killed { signal: 9, core: false });
    assert_eq!(run.calls().last().unwrap().1.outcome, Some(Outcome::NeverReturned));
}

#[test]
fn numbers_that_are_no_calls_are_rows() {
    let run = behave(&["unknown"]);
    assert_eq!(run.end, End::Exited(0));
    let unknown = run.calls_numbered(Arch::X86_64, 9999);
    assert_eq!(unknown.len(), 1);
    assert_eq!(unknown[0].args, [1, 2, 3, 4, 5, 6]);
    assert_eq!(unknown[0].outcome, Some(Outcome::Failed(38)));
    assert_eq!(run.calls_numbered(Arch::X86_64, u64::MAX)[0].outcome, Some(Outcome::Failed(38)));
}

#[test]
fn int_0x80_is_an_i386_call() {
    let run = behave(&["int80"]);
    assert_eq!(run.end, End::Exited(0));
    let calls = run.calls_numbered(Arch::I386, 20);
    assert_eq!(calls.len(), 3);
    let pid = i64::from(run.new_tasks()[0].tid);
    assert!(calls.iter().all(|call| call.outcome == Some(Outcome::Returned(pid))));
}
