//! The vDSO: what a program is told of it, and a program that is told nothing.

use sysview::capture::launch;
use sysview::model::VdsoState;
use sysview::source::{End, VdsoMode};

use crate::harness::*;

#[test]
fn naturally_clock_calls_stay_in_the_program() {
    let run = behave(&["clocks"]);
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(run.calls_named("clock_gettime").len(), 0);
    let VdsoState::Present(image) = &run.execs()[0].1.vdso else { panic!("{:?}", run.execs()[0].1.vdso) };
    assert!(image.symbols.iter().any(|symbol| symbol.name.ends_with("clock_gettime")));
    assert!(run.execs()[0].1.maps.iter().any(|map| map.name == b"[vdso]" && map.start == image.base));
    assert!(run.execs()[0].1.maps.iter().any(|map| map.name.ends_with(b"/tracee")));
}

#[test]
fn without_the_vdso_they_are_system_calls() {
    let program = tracee();
    let mut absent = plan(&[program.as_str(), "clocks"]);
    absent.vdso = VdsoMode::Absent;
    let run = collect(launch(absent).unwrap());
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(run.calls_named("clock_gettime").len(), 10);
    assert!(matches!(run.execs()[0].1.vdso, VdsoState::Removed(_)));
}

#[test]
fn it_is_removed_at_every_exec() {
    let program = tracee();
    let script = format!("{program} clocks; exec {program} clocks");
    let mut absent = plan(&["/bin/sh", "-c", &script]);
    absent.vdso = VdsoMode::Absent;
    let run = collect(launch(absent).unwrap());
    assert_eq!(run.calls_named("clock_gettime").len(), 20);
    assert_eq!(run.execs().len(), 3);
}
