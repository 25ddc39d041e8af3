//! Many tasks at once, and execs, exits and forks that race with each other: everyone is seen once, from begin to end.

use sysview::model::{Origin, Outcome, TaskEnd, TaskId};
use sysview::source::End;

use crate::fixtures::hard;
use crate::harness::*;

fn ended(words: &[&str], end: i32) -> Run {
    let run = hard("tasks", words);
    assert_eq!(run.end, End::Exited(end), "{words:?}: {}", run.text());
    run
}

fn count(run: &Run, origin: Origin) -> usize {
    run.new_tasks().iter().filter(|new| new.origin == origin).count()
}

fn exits(run: &Run, status: i32) -> usize {
    run.ends().iter().filter(|(_, end)| *end == TaskEnd::Exited { status }).count()
}

#[test]
fn a_process_that_executes_itself_from_threads_stays_one_process() {
    let run = ended(&["exec-rounds", "20"], 5);
    assert_eq!(run.execs().len(), 21);
    assert_eq!(count(&run, Origin::Thread), 20 * 9);
    assert_eq!(count(&run, Origin::Fork), 0);
    let process = run.new_tasks()[0].tid;
    assert!(run.store.tasks().iter().all(|task| task.tgid == process));
    for (index, (caller, exec)) in run.execs().into_iter().enumerate() {
        // Each time the caller takes over from the one that took over last.
        let before = if index < 2 { TaskId(0) } else { run.execs()[index - 1].0 };
        assert_eq!(exec.former, (index > 0).then_some(before));
        assert_eq!(run.store.task(caller).expect("a task").tid, process);
    }
    let returned: Vec<_> = run.outcomes("execve").into_iter().filter(|o| *o == Outcome::Returned(0)).collect();
    assert_eq!(returned.len(), 21);
}

#[test]
fn of_several_threads_that_call_execve_one_wins() {
    let run = ended(&["exec-race"], 5);
    assert_eq!(run.execs().len(), 2);
    let outcomes = run.outcomes("execve");
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Returned(0)).count(), 2);
    assert!(outcomes.iter().all(|o| matches!(o, Outcome::Returned(0) | Outcome::NeverReturned)), "{outcomes:?}");
    // The program that the winner started.
    assert_eq!(run.outcomes("getppid").len(), 1);
}

#[test]
fn forks_race_with_an_execve() {
    let run = ended(&["fork-and-exec"], 0);
    assert_eq!(run.execs().len(), 11);
    assert_eq!(exits(&run, 5), 10);
}

#[test]
fn vfork_in_vfork_in_vfork_works() {
    let run = ended(&["vfork-chain"], 0);
    assert_eq!(count(&run, Origin::Vfork), 4);
    assert_eq!(run.execs().len(), 4);
    for status in 1..5 {
        assert_eq!(exits(&run, status), 1, "{status}");
    }
    let parents: Vec<_> = run.new_tasks().iter().map(|new| new.parent.map(|parent| parent.0)).collect();
    assert_eq!(parents, [None, Some(0), Some(1), Some(2), Some(0)]);
}

#[test]
fn a_program_that_is_spawned_often_is_seen_each_time() {
    let run = ended(&["spawns", "50"], 0);
    assert_eq!(run.execs().len(), 51);
    assert_eq!(exits(&run, 7), 50);
    assert_eq!(run.outcomes("getppid").len(), 50);
}

#[test]
fn a_thousand_children_at_once_are_all_seen() {
    let run = ended(&["children", "1000"], 0);
    assert_eq!(count(&run, Origin::Fork), 1000);
    assert_eq!(run.outcomes("getppid").len(), 1000);
    // Statuses 0 to 99, and the parent's.
    assert_eq!((exits(&run, 0), exits(&run, 99)), (11, 10));
}

#[test]
fn two_hundred_threads_at_once_are_all_seen() {
    let run = ended(&["threads", "200"], 0);
    assert_eq!(count(&run, Origin::Thread), 200);
    assert_eq!(run.outcomes("getppid").len(), 200);
}

#[test]
fn threads_and_children_that_come_and_go_at_once_are_all_seen() {
    let run = ended(&["loops"], 0);
    assert_eq!(count(&run, Origin::Thread), 4 + 2 * 100);
    assert_eq!(count(&run, Origin::Fork), 2 * 30);
}

#[test]
fn a_process_that_all_of_its_threads_end_ends_once() {
    let run = ended(&["exit-race"], 0);
    assert_eq!(count(&run, Origin::Thread), 10 * 8);
    assert_eq!(run.outcomes("exit_group").into_iter().filter(|outcome| *outcome != Outcome::NeverReturned).count(), 0);
}

#[test]
fn threads_without_a_leader_fork_and_execute() {
    let run = ended(&["leader-first"], 3);
    assert_eq!(run.execs().len(), 3);
    assert_eq!((exits(&run, 8), exits(&run, 9)), (1, 1));
    assert_eq!(run.outcomes("getppid").len(), 3);
}

#[test]
fn all_kinds_of_clones_are_seen() {
    let run = ended(&["clones"], 0);
    let chosen = run.text().starts_with("chosen");
    for status in 3..6 {
        assert_eq!(exits(&run, status), 1, "{status}");
    }
    assert_eq!(exits(&run, 6), usize::from(chosen));
    assert_eq!(run.outcomes("getppid").len(), 3 + usize::from(chosen));
    if chosen {
        let number: i32 = run.text().trim().rsplit(' ').next().and_then(|word| word.parse().ok()).expect("a number");
        assert!(run.new_tasks().iter().any(|new| new.tid == number));
    }
    let failed: Vec<_> = run.outcomes("clone3").into_iter().filter(|o| matches!(o, Outcome::Failed(_))).collect();
    let expected = [libc::EBADF, libc::EINVAL, libc::EINVAL, libc::EFAULT].map(|errno| Outcome::Failed(errno as u16));
    assert!(failed.ends_with(&expected), "{failed:?}");
}

#[test]
fn children_that_share_memory_or_have_another_parent_are_seen() {
    let run = ended(&["shares"], 0);
    assert_eq!(run.outcomes("getppid").len(), 2);
    assert_eq!((exits(&run, 7), exits(&run, 8)), (1, 1));
}

#[test]
fn orphans_go_to_the_process_that_asked_for_them() {
    let run = ended(&["adopted"], 0);
    assert_eq!(exits(&run, 9), 1);
}

#[test]
fn busy_tasks_leave_the_others_their_turns() {
    let run = ended(&["fair", "12"], 0);
    let times: u64 = run.text().trim().parse().expect("a number");
    // Of twelve tasks that are treated alike, the scheduler makes some quicker. Where the youngest goes first, it is
    // thousands of times as quick as the oldest.
    assert!(times < 30, "{times}");
}
