//! A profile that holds: by changes that sysview makes at the entry, and by the filter that the program is started under.

use std::sync::Arc;

use sysview::capture::launch;
use sysview::model::{Marks, Outcome, SignalDetail};
use sysview::policy::{Context, Judge, Profile, bpf};
use sysview::source::End;
use sysview::tui::enforce::tampers;

use crate::fixtures::fixture;
use crate::harness::*;

fn judge(rules: &str) -> Arc<Judge> {
    let text = format!(
        r#"{{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], "syscalls": [{rules}]}}"#
    );
    let profile = Profile::parse(&text, "test.json").expect("a profile");
    Arc::new(profile.resolve(&Context::docker("6.18", "x86_64")).expect("it resolves"))
}

fn by_tracer(command: &[&str], rules: &str) -> Run {
    let mut plan = plan(command);
    plan.tracing.tamper = tampers(&judge(rules));
    collect(launch(plan).unwrap())
}

fn by_kernel(command: &[&str], rules: &str) -> Run {
    let mut plan = plan(command);
    plan.tracing.enforce = Some(bpf::compile(&judge(rules)).expect("a program"));
    collect(launch(plan).unwrap())
}

#[test]
fn an_errno_is_the_same_from_both() {
    let rules = r#"{"names": ["chdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13}"#;
    let command = ["/bin/sh", "-c", "cd /tmp || echo no"];
    for (run, mark) in [(by_tracer(&command, rules), Marks::INJECTED), (by_kernel(&command, rules), Marks::FILTERED)] {
        assert_eq!(run.outcomes("chdir"), [Outcome::Failed(13)]);
        assert_eq!(run.calls_named("chdir")[0].1.marks, mark);
        assert!(run.text().lines().any(|line| line == "no"), "{}", run.text());
    }
}

#[test]
fn arguments_decide() {
    let rules = r#"{"names": ["kill"], "action": "SCMP_ACT_ERRNO", "errnoRet": 7,
        "args": [{"index": 1, "value": 10, "op": "SCMP_CMP_EQ"}]}"#;
    let command = ["/bin/sh", "-c", "kill -0 $$; kill -10 $$; exit 4"];
    for run in [by_tracer(&command, rules), by_kernel(&command, rules)] {
        assert_eq!(run.outcomes("kill"), [Outcome::Returned(0), Outcome::Failed(7)]);
        assert_eq!(run.end, End::Exited(4));
    }
}

#[test]
fn a_kill_ends_the_program_at_the_call() {
    let rules = r#"{"names": ["getppid"], "action": "SCMP_ACT_KILL_PROCESS"}"#;
    let command = [&tracee()[..], "getppid", "3"];
    let run = by_tracer(&command, rules);
    assert!(matches!(run.end, End::Killed { signal: libc::SIGKILL, .. }), "{:?}", run.end);
    assert_eq!(run.outcomes("getppid").len(), 1);
    let run = by_kernel(&command, rules);
    assert!(matches!(run.end, End::Killed { signal: libc::SIGSYS, .. }), "{:?}", run.end);
    assert_eq!(run.outcomes("getppid"), [Outcome::KilledBySeccomp]);
}

#[test]
fn a_trap_tells_the_handler_the_same_from_both() {
    let rules = r#"{"names": ["getppid"], "action": "SCMP_ACT_TRAP"}"#;
    let command = [&fixture("filters")[..], "told"];
    let (tracer, kernel) = (by_tracer(&command, rules), by_kernel(&command, rules));
    for run in [&tracer, &kernel] {
        assert_eq!(run.end, End::Exited(0), "{}", run.text());
        let signal = &run.signals_numbered(libc::SIGSYS)[0];
        let nr = run.calls_named("getppid")[0].1.nr as i32;
        assert!(matches!(signal.detail, SignalDetail::Syscall { nr: told, .. } if told == nr), "{signal:?}");
    }
    assert_eq!(tracer.text(), kernel.text());
    assert_eq!(tracer.outcomes("getppid"), kernel.outcomes("getppid"));
    assert_eq!(tracer.calls_named("getppid")[0].1.marks, Marks::INJECTED);
}

#[test]
fn what_the_program_starts_is_under_it_too() {
    let rules = r#"{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 30}"#;
    let command = ["/bin/sh", "-c", "mkdir /tmp/never-$$ 2>/dev/null || echo refused; exit 0"];
    for run in [by_tracer(&command, rules), by_kernel(&command, rules)] {
        assert!(run.text().lines().any(|line| line == "refused"), "{}", run.text());
        assert_eq!(run.end, End::Exited(0));
    }
}
