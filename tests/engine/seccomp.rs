//! Programs under a seccomp filter of their own.

use sysview::model::{Outcome, SignalDetail};
use sysview::source::End;

use crate::harness::*;

#[test]
fn a_filters_errno_is_the_result() {
    let run = behave(&["seccomp-errno"]);
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(run.outcomes("getppid"), [Outcome::Failed(libc::EACCES as u16)]);
}

#[test]
fn a_filters_trap_is_a_signal_that_names_the_call() {
    let run = behave(&["seccomp-trap"]);
    assert_eq!(run.end, End::Exited(0));
    let signal = &run.signals_numbered(libc::SIGSYS)[0];
    let nr = run.calls_named("getppid")[0].1.nr as i32;
    assert!(matches!(signal.detail, SignalDetail::Syscall { nr: told, .. } if told == nr), "{signal:?}");
}

#[test]
fn a_killed_call_has_no_result() {
    let run = behave(&["seccomp-kill"]);
    assert!(matches!(run.end, End::Killed { signal: libc::SIGSYS, .. }), "{:?}", run.end);
    assert_eq!(run.outcomes("getppid"), [Outcome::KilledBySeccomp]);
    // The other thread was in a call that has nothing to do with it.
    assert_eq!(run.outcomes("pause"), [Outcome::NeverReturned]);
}

#[test]
fn a_filter_can_kill_one_thread() {
    let run = behave(&["seccomp-kill-thread"]);
    assert_eq!(run.end, End::Exited(8));
    assert_eq!(run.outcomes("getppid"), [Outcome::KilledBySeccomp]);
}

#[test]
fn a_result_that_equals_the_calls_number_is_still_a_result() {
    let run = behave(&["seccomp-lookalike"]);
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(*run.outcomes("read").last().unwrap(), Outcome::Returned(0));
    assert_eq!(run.outcomes("write"), [Outcome::Returned(1)]);
}
