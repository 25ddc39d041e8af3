//! The ordinary things: a program, a pipeline, an exit status, a terminal.

use sysview::model::{Origin, Outcome, TaskEnd};
use sysview::source::End;

use crate::harness::*;

#[test]
fn ls_is_seen_from_its_execve_to_its_end() {
    let run = run(&["ls", "/"]);
    assert_eq!(run.end, End::Exited(0));
    assert!(run.text().contains("usr"), "{}", run.text());
    assert_eq!(run.new_tasks().len(), 1);
    assert_eq!(run.new_tasks()[0].origin, Origin::Launch);
    assert_eq!(run.new_tasks()[0].comm, b"ls");
    assert_eq!(run.outcomes("execve"), [Outcome::Returned(0)]);
    assert_eq!(run.outcomes("exit_group"), [Outcome::NeverReturned]);
    assert!(run.calls().count() > 20);
    assert_eq!(run.ends().len(), 1);
    assert_eq!(run.ends()[0].1, TaskEnd::Exited { status: 0 });
    assert!(run.started.live && run.started.has_terminal);
}

#[test]
fn the_exit_status_is_the_programs() {
    assert_eq!(sh("exit 7").end, End::Exited(7));
}

#[test]
fn every_process_of_a_pipeline_is_followed() {
    let run = sh("ls / | wc -l | cat");
    assert_eq!(run.end, End::Exited(0));
    assert!(run.new_tasks().len() >= 3, "{:?}", run.new_tasks());
    let executed: Vec<_> =
        run.execs().iter().map(|(_, exec)| String::from_utf8_lossy(&exec.path).into_owned()).collect();
    for name in ["ls", "wc", "cat"] {
        assert!(executed.iter().any(|path| path.ends_with(name)), "{executed:?}");
    }
    assert!(run.text().trim().parse::<u32>().unwrap() > 5);
}
