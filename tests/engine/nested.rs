//! Programs that trace others: under sysview they are refused as under any tracer, and nothing hangs.

use std::process::{Child, Command, Stdio};

use sysview::model::Outcome;
use sysview::source::End;

use crate::fixtures::{fixture, hard};
use crate::harness::*;

const EPERM: Outcome = Outcome::Failed(libc::EPERM as u16);
const ESRCH: Outcome = Outcome::Failed(libc::ESRCH as u16);

#[test]
fn a_debugger_cannot_trace_its_child_and_sees_why() {
    let run = hard("nested", &["child"]);
    assert_eq!((run.end, run.text()), (End::Exited(0), "refused\n".into()));
    assert_eq!(run.outcomes("ptrace"), [EPERM]);
}

#[test]
fn what_has_a_tracer_cannot_have_another() {
    let run = hard("nested", &["taken"]);
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(run.outcomes("ptrace"), [EPERM, EPERM, EPERM, ESRCH, ESRCH, ESRCH, EPERM]);
}

/// A process that is no relative of the traced one.
struct Bystander(Child);

impl Drop for Bystander {
    fn drop(&mut self) {
        self.0.kill().expect("it lives");
        self.0.wait().expect("it ends");
    }
}

#[test]
fn a_traced_program_traces_outsiders_as_it_could_without_us() {
    let program = fixture("nested");
    let bystander = Command::new(&program).arg("calls").stdin(Stdio::piped()).spawn().expect("the fixture runs");
    let bystander = Bystander(bystander);
    let pid = bystander.0.id().to_string();
    // Yama may forbid it to both.
    let native = Command::new(&program).args(["outsider", &pid]).output().expect("the fixture runs");
    let run = hard("nested", &["outsider", &pid]);
    assert_eq!(run.end, End::Exited(0), "{}", run.text());
    assert_eq!(run.text(), String::from_utf8_lossy(&native.stdout));
    assert_eq!(run.new_tasks().len(), 1, "the outsider is not ours");
}

#[test]
fn sysview_cannot_trace_under_sysview_and_says_so() {
    let run = run(&[env!("CARGO_BIN_EXE_sysview"), "log", "--", "/bin/sh", "-c", "exit 0"]);
    assert_eq!(run.end, End::Exited(1));
    assert!(run.text().starts_with("sysview: "), "{}", run.text());
}
