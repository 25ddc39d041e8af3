//! A filter's errno is told from the kernel's own, whoever installed the filter, in whatever way.

use sysview::abi::Arch;
use sysview::model::{Marks, Origin, Outcome};
use sysview::source::End;

use crate::fixtures::{fixture, hard};
use crate::guest::{Guest, attached, calls, status_of};
use crate::harness::*;

/// Outcomes of the calls of this name, and whether each is marked as a filter's.
fn marked(run: &Run, name: &str) -> Vec<(Outcome, bool)> {
    let calls = run.calls_named(name);
    calls.iter().map(|(_, call)| (call.outcome.expect("over"), call.marks.has(Marks::FILTERED))).collect()
}

fn failed(errno: i32) -> Outcome {
    Outcome::Failed(errno as u16)
}

fn fine(words: &[&str]) -> Run {
    let run = hard("filters", words);
    assert_eq!(run.end, End::Exited(0), "{words:?}: {}", run.text());
    run
}

#[test]
fn the_same_errno_of_filter_and_kernel_is_told_apart() {
    let run = fine(&["mixed"]);
    assert_eq!(marked(&run, "getppid"), [(failed(libc::ESRCH), true)]);
    assert_eq!(marked(&run, "getpgid"), [(failed(libc::ESRCH), false); 2]);
    assert!(marked(&run, "close").contains(&(failed(libc::EBADF), false)));
    assert_eq!(run.calls().filter(|(_, call)| call.marks != Marks::NONE).count(), 1);
}

#[test]
fn a_filter_by_prctl_is_known_too() {
    assert_eq!(marked(&fine(&["by-prctl"]), "getppid"), [(failed(libc::EACCES), true)]);
}

#[test]
fn of_several_filters_the_strictest_and_then_the_last_counts() {
    let run = fine(&["stacked"]);
    let getppid = marked(&run, "getppid");
    assert_eq!(getppid[..3], [(failed(libc::EPERM), true), (failed(libc::EACCES), true), (failed(libc::EACCES), true)]);
    // TRAP is stricter: the last call made a signal.
    assert!(!getppid[3].1, "{getppid:?}");
    assert_eq!(run.signals_numbered(libc::SIGSYS).len(), 1);
    assert!(matches!(marked(&run, "getuid")[..], [(Outcome::Returned(_), false), ..]));
}

#[test]
fn whole_arguments_and_the_place_of_the_call_count() {
    let all: Vec<bool> = marked(&fine(&["exact"]), "lseek").into_iter().map(|(_, marked)| marked).collect();
    assert_eq!(all, [false, true, false]);
    let run = fine(&["place"]);
    let closes: Vec<_> =
        marked(&run, "close").into_iter().filter(|(outcome, _)| *outcome == failed(libc::EBADF)).collect();
    assert_eq!(closes, [(failed(libc::EBADF), false), (failed(libc::EBADF), true)]);
}

#[test]
fn a_success_that_a_filter_pretends_is_marked() {
    let run = fine(&["pretend"]);
    assert_eq!(marked(&run, "setuid"), [(Outcome::Returned(0), true)]);
    assert!(marked(&run, "close").iter().all(|(_, marked)| !marked));
}

#[test]
fn where_nobody_listens_the_filter_made_the_enosys() {
    let run = fine(&["nobody"]);
    assert_eq!(marked(&run, "getppid"), [(failed(libc::ENOSYS), true)]);
    assert_eq!(marked(&run, "getuid"), [(failed(libc::ENOSYS), true)]);
}

#[test]
fn a_filter_that_the_kernel_refuses_marks_nothing() {
    let run = fine(&["refused"]);
    assert_eq!(marked(&run, "getpgid"), [(failed(libc::ESRCH), false)]);
    assert_eq!(run.outcomes("seccomp"), [failed(libc::EINVAL), failed(libc::EFAULT), failed(libc::EINVAL)]);
}

#[test]
fn children_threads_and_executed_programs_inherit_filters() {
    let run = fine(&["inherited"]);
    assert_eq!(marked(&run, "getppid"), [(failed(libc::EACCES), true); 3]);
}

#[test]
fn a_filter_of_one_thread_is_one_threads_and_of_all_is_all_of_theirs() {
    assert_eq!(marked(&fine(&["synchronized"]), "getppid"), [(failed(libc::EACCES), true); 4]);
    let alone = marked(&fine(&["alone"]), "getppid");
    assert_eq!(alone[0], (failed(libc::EACCES), true));
    assert!(alone[1..].iter().all(|(outcome, marked)| matches!(outcome, Outcome::Returned(_)) && !marked), "{alone:?}");
}

#[test]
fn calls_that_race_with_the_filters_installation_are_marked_once_it_is_told() {
    let run = fine(&["raced"]);
    let calls = run.calls_named("getppid");
    for thread in run.new_tasks().iter().filter(|new| new.origin == Origin::Thread) {
        let of_thread =
            calls.iter().filter(|(task, _)| run.store.task(*task).is_some_and(|task| task.tid == thread.tid));
        let of_thread: Vec<_> = of_thread.map(|(_, call)| (call.outcome, call.marks)).collect();
        assert_eq!(of_thread.last(), Some(&(Some(failed(libc::EACCES)), Marks::FILTERED)));
        let succeeded = of_thread.iter().filter(|(outcome, _)| matches!(outcome, Some(Outcome::Returned(_))));
        assert!(succeeded.clone().all(|(_, marks)| *marks == Marks::NONE));
        assert_eq!(of_thread.len() - succeeded.count(), 5);
    }
}

#[test]
fn a_supervisors_answers_are_results_and_no_filters() {
    for words in ["supervised", "supervised-child"] {
        let run = fine(&[words]);
        let all = marked(&run, "getpgrp");
        assert_eq!(all.len(), 9);
        for answers in all.chunks(3) {
            assert_eq!(answers[..2], [(failed(libc::EPERM), false), (Outcome::Returned(4242), false)]);
            assert!(matches!(answers[2], (Outcome::Returned(group), false) if group > 0), "{answers:?}");
        }
    }
}

#[test]
fn strict_mode_kills_a_call_that_never_ran() {
    let run = fine(&["strict"]);
    assert_eq!(run.outcomes("getppid"), [Outcome::KilledBySeccomp]);
    assert!(run.text().contains("strict"));
}

#[test]
fn a_kill_from_outside_is_none_of_strict_modes() {
    let run = fine(&["strict-outside"]);
    let last = run.calls_named("read").into_iter().filter(|(_, call)| call.outcome == Some(Outcome::NeverReturned));
    assert_eq!(last.count(), 1);
    assert!(!run.calls().any(|(_, call)| call.outcome == Some(Outcome::KilledBySeccomp)));
}

#[test]
fn the_largest_filters_are_kept() {
    assert_eq!(marked(&fine(&["largest"]), "getppid"), [(failed(libc::EACCES), true)]);
}

#[test]
fn a_filter_sees_the_architecture_of_the_very_call() {
    let run = fine(&["other-abi"]);
    let calls = run.calls_numbered(Arch::I386, 64);
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].outcome, calls[0].marks), (Some(failed(libc::EACCES)), Marks::FILTERED));
    assert!(marked(&run, "getppid").iter().any(|(outcome, marked)| matches!(outcome, Outcome::Returned(_)) && !marked));
}

#[test]
fn filters_that_were_there_before_us_are_known_to_whoever_may_ask() {
    let program = fixture("filters");
    let mut guest = Guest::command(&[&program, "wait"]);
    assert_eq!(guest.line(), "ready");
    let mut watch = attached(&[guest.pid]);
    watch.until(|watch| !calls(watch, "read").is_empty());
    guest.tell();
    watch.until(|watch| !calls(watch, "getppid").is_empty());
    guest.close_input();
    let run = watch.into_run();
    assert_eq!(guest.end(), Some(0));
    // ptrace(2): PTRACE_SECCOMP_GET_FILTER takes CAP_SYS_ADMIN, and no filter of the tracer's own.
    let me = std::process::id() as i32;
    let capabilities = u64::from_str_radix(&status_of(me, "CapEff"), 16).expect("a set");
    let may_ask = capabilities & 1 << 21 != 0 && status_of(me, "Seccomp") == "0";
    let expected = (failed(libc::EACCES), may_ask);
    let all = marked(&run, "getppid");
    assert!(!all.is_empty() && all.iter().all(|call| *call == expected), "{all:?}");
}
