//! Only the first task of the program is traced (`--no-follow`): the others run untraced, and nothing waits for them.

use sysview::capture::{Launch, Tracing, launch};
use sysview::model::{Outcome, TaskEnd, TaskId};
use sysview::source::End;

use crate::harness::*;

fn alone(what: &str) -> Run {
    let tracee = tracee();
    let tracing = Tracing { follow: false, ..Tracing::default() };
    let run = collect(launch(Launch { tracing, ..plan(&[&tracee, what]) }).expect("launch"));
    assert_eq!(run.new_tasks().len(), 1, "{:?}", run.new_tasks());
    assert!(run.calls().all(|(task, _)| task == TaskId(0)));
    run
}

#[test]
fn threads_and_children_are_left_alone() {
    let run = alone("threads");
    assert_eq!(run.end, End::Exited(0));
    assert!(run.calls_named("getppid").is_empty());
    assert!(run.outcomes("clone3").iter().chain(&run.outcomes("clone")).any(|o| matches!(o, Outcome::Returned(1..))));
    let run = alone("vfork");
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(run.execs().len(), 1);
    assert_eq!(run.outcomes("vfork").len(), 3);
    assert_eq!(run.ends(), [(TaskId(0), TaskEnd::Exited { status: 0 })]);
}

#[test]
fn an_execve_in_an_untraced_thread_leaves_the_end_to_be_told() {
    for what in ["exec-in-thread", "zombie-exec"] {
        let run = alone(what);
        assert_eq!(run.end, End::Exited(5), "{what}");
        assert_eq!(run.execs().len(), 1, "{what}");
    }
}
