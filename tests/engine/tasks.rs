//! Threads, forks, vforks and execs, in the orders that break tracers.

use sysview::model::{Origin, Outcome, TaskEnd, TaskId};
use sysview::source::End;

use crate::harness::*;

#[test]
fn every_call_of_every_thread_is_seen() {
    let run = behave(&["threads"]);
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(run.outcomes("getppid").len(), 200);
    let threads: Vec<_> = run.new_tasks().into_iter().filter(|new| new.origin == Origin::Thread).collect();
    assert_eq!(threads.len(), 4);
    assert!(threads.iter().all(|new| new.tgid == run.new_tasks()[0].tid && new.parent == Some(TaskId(0))));
    for (task, _) in run.calls_named("getppid") {
        assert_ne!(task, TaskId(0));
    }
}

#[test]
fn vfork_and_exec_work() {
    let run = behave(&["vfork"]);
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(run.new_tasks().iter().filter(|new| new.origin == Origin::Vfork).count(), 3);
    assert_eq!(run.execs().len(), 4);
    assert_eq!(run.ends().iter().filter(|(_, end)| *end == TaskEnd::Exited { status: 4 }).count(), 3);
}

#[test]
fn posix_spawn_works() {
    let run = behave(&["spawn"]);
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(run.execs().len(), 4);
}

fn superseded(run: &Run) {
    assert_eq!(run.end, End::Exited(5));
    let (caller, exec) = run.execs().swap_remove(1);
    assert_ne!(caller, TaskId(0));
    assert_eq!(exec.former, Some(TaskId(0)), "the leader was replaced");
    assert!(run.ends().contains(&(TaskId(0), TaskEnd::SupersededByExec { by: caller })));
    let of_caller: Vec<_> = run.calls_named("execve").into_iter().filter(|(task, _)| *task == caller).collect();
    assert_eq!(of_caller.len(), 1);
    assert_eq!(of_caller[0].1.outcome, Some(Outcome::Returned(0)));
    assert!(run.ends().contains(&(caller, TaskEnd::Exited { status: 5 })));
    // It goes on under the leader's number.
    let task = run.store.task(caller).unwrap();
    assert_eq!(task.tid, task.tgid);
}

#[test]
fn a_thread_that_calls_execve_becomes_the_process() {
    let run = behave(&["exec-in-thread"]);
    superseded(&run);
    assert_eq!(run.new_tasks().len(), 5);
}

#[test]
fn the_same_with_a_leader_that_is_a_zombie() {
    superseded(&behave(&["zombie-exec"]));
}

#[test]
fn a_leader_that_ends_first_does_not_end_the_session() {
    let run = behave(&["zombie-leader"]);
    assert_eq!(run.end, End::Exited(3));
    assert_eq!(run.outcomes("getppid").len(), 5);
}

#[test]
fn the_session_lasts_as_long_as_any_process_and_the_status_is_the_first_ones() {
    let run = behave(&["daemon"]);
    assert_eq!(run.end, End::Exited(2));
    assert_eq!(run.outcomes("getppid").len(), 5);
    assert!(run.ends().contains(&(TaskId(1), TaskEnd::Exited { status: 9 })));
}

#[test]
fn families_torn_apart_by_sigkill_do_not_hang_the_engine() {
    let run = behave(&["orphans", "60"]);
    assert_eq!(run.end, End::Exited(0));
    assert!(run.new_tasks().len() > 60);
}

#[test]
fn a_child_that_escapes_tracing_does_no_harm() {
    let run = behave(&["clone-untraced"]);
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(run.new_tasks().len(), 1);
}

#[test]
fn an_untraced_child_that_became_ours_is_waited_for() {
    let run = behave(&["clone-stranger"]);
    assert_eq!(run.end, End::Exited(0));
    assert!(run.calls_named("getppid").is_empty());
    assert!(run.ends().contains(&(TaskId(1), TaskEnd::Exited { status: 0 })), "{:?}", run.ends());
}

#[test]
fn a_child_with_another_parent_is_traced() {
    let run = behave(&["clone-parent"]);
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(run.outcomes("getppid").len(), 1);
}

#[test]
fn a_child_that_asks_to_be_traced_is_taken_in() {
    let run = behave(&["clone-ptrace"]);
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(run.new_tasks().len(), 2);
    assert_eq!(run.outcomes("getppid").len(), 1);
}

#[test]
fn a_long_argument_list_is_no_problem() {
    let long = "x".repeat(100_000);
    let mut command = vec!["/bin/sh", "-c", "exit $#", "sh"];
    command.extend([long.as_str(); 10]);
    let run = run(&command);
    assert_eq!(run.end, End::Exited(10));
    assert!(run.execs()[0].1.path.ends_with(b"sh"));
}

#[test]
fn many_short_arguments_are_no_problem() {
    let mut command = vec!["/bin/sh", "-c", "test $# = 60000", "sh"];
    command.extend(std::iter::repeat_n("y", 60_000));
    let run = run(&command);
    assert_eq!(run.end, End::Exited(0));
    assert!(run.execs()[0].1.path.ends_with(b"sh"), "the auxiliary vector lies half a megabyte up");
}
