//! The vDSO: what a program is told of it, and a program that is told nothing.

use sysview::abi::Arch;
use sysview::capture::launch;
use sysview::model::VdsoState;
use sysview::source::{End, VdsoMode};

use crate::fixtures::fixture_i386;
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
    absent.tracing.vdso = VdsoMode::Absent;
    let run = collect(launch(absent).unwrap());
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(run.calls_named("clock_gettime").len(), 10);
    assert!(matches!(run.execs()[0].1.vdso, VdsoState::Removed(_)));
}

#[test]
fn a_32_bit_program_is_followed_and_loses_both_of_its_entries() {
    let Some(made) = fixture_i386("i386") else { return };
    let natural = run(&[&made]);
    let mut absent = plan(&[&made]);
    absent.tracing.vdso = VdsoMode::Absent;
    let absent = collect(launch(absent).unwrap());
    assert_eq!(natural.end, End::Exited(3));
    assert_eq!(natural.calls_numbered(Arch::I386, 1).len(), 1);
    let VdsoState::Present(image) = &natural.execs()[0].1.vdso else { panic!("{:?}", natural.execs()[0].1.vdso) };
    assert!(image.symbols.iter().any(|symbol| symbol.name == "__kernel_vsyscall"));
    assert_eq!(absent.end, End::Exited(0));
}

#[test]
fn it_is_removed_at_every_exec() {
    let program = tracee();
    let script = format!("{program} clocks; exec {program} clocks");
    let mut absent = plan(&["/bin/sh", "-c", &script]);
    absent.tracing.vdso = VdsoMode::Absent;
    let run = collect(launch(absent).unwrap());
    assert_eq!(run.calls_named("clock_gettime").len(), 20);
    assert_eq!(run.execs().len(), 3);
}
