//! The modes of the vDSO in programs of all kinds: other C libraries, none at all, 32 bits, and namespaces of time.

use std::process::{Command as Process, Stdio};

use sysview::abi::Arch;
use sysview::capture::{Only, launch};
use sysview::model::{Marks, Outcome, VdsoMode};
use sysview::source::{Command, End};

use crate::fixtures::{fixture, fixture_go, fixture_i386, fixture_musl, fixture_static};
use crate::guest::{self, Guest, wait_until};
use crate::harness::*;
use crate::vdso_shown::{run_shown, unlogged};
use crate::vdso_switch::{can_switch, marked, run_off, switch, text_of};

/// The fixture by each C library that is here.
fn programs() -> Vec<String> {
    let all = [Some(fixture("vdso")), fixture_static("vdso"), fixture_musl("vdso")];
    all.into_iter().flatten().filter(|_| can_switch()).collect()
}

#[test]
fn every_c_library_is_shown_and_switched_off() {
    for program in programs() {
        let natural = run(&[&program, "right", "10"]);
        assert_eq!((natural.end, marked(&natural, "getcpu", Marks::VDSO)), (End::Exited(0), 0), "{program}");
        let shown = run_shown(&[&program, "right", "10"]);
        assert_eq!((shown.end, &shown.notices), (End::Exited(0), &Vec::new()), "{program}");
        let off = run_off(&[&program, "right", "10"]);
        assert_eq!((off.end, &off.notices), (End::Exited(0), &Vec::new()), "{program}");
        for name in ["clock_gettime", "gettimeofday", "time", "getcpu"] {
            assert_eq!(marked(&shown, name, Marks::VDSO), 10, "{program} {name}");
            assert_eq!(marked(&off, name, Marks::UNSEEN), 10, "{program} {name}");
        }
    }
}

#[test]
fn go_programs_are_shown_and_switched_off() {
    let Some(program) = fixture_go("clock").filter(|_| can_switch()) else { return };
    const TIMES: usize = 300;
    let times = TIMES.to_string();
    let natural = run(&[&program, &times]);
    assert_eq!((natural.end, natural.calls_named("clock_gettime").len()), (End::Exited(0), 0));
    // Each question is two: the clock on the wall, and the one that never goes back. Its runtime has more.
    let shown = run_shown(&[&program, &times]);
    assert_eq!((shown.end, &shown.notices), (End::Exited(0), &Vec::new()));
    let rows = marked(&shown, "clock_gettime", Marks::VDSO) as u64 + unlogged(&shown);
    assert!(rows >= 2 * TIMES as u64, "{rows}");
    let off = run_off(&[&program, &times]);
    assert_eq!((off.end, &off.notices), (End::Exited(0), &Vec::new()));
    assert!(marked(&off, "clock_gettime", Marks::UNSEEN) >= 2 * TIMES);
}

#[test]
fn go_programs_are_switched_while_they_run() {
    let Some(program) = fixture_go("clock").filter(|_| can_switch()) else { return };
    let mut watch = Watch::new(launch(plan(&[&program])).unwrap());
    watch.until_output("ready");
    for round in 0..60 {
        switch(&mut watch, [VdsoMode::Shown, VdsoMode::Off, VdsoMode::Natural][round % 3]);
    }
    watch.source.control.send(Command::Input(b"\n".to_vec())).expect("taken");
    let run = watch.into_run();
    assert_eq!((run.end, &run.notices), (End::Exited(0), &Vec::new()), "{}", run.text());
}

#[test]
fn a_32_bit_program_says_why_it_is_neither_shown_nor_off() {
    let Some(made) = fixture_i386("i386") else { return };
    for run in [run_off(&[&made]), run_shown(&[&made])] {
        assert_eq!(run.end, End::Exited(3));
        assert!(run.notices.len() == 1 && run.notices[0].contains("64-bit"), "{:?}", run.notices);
    }
}

#[test]
fn a_time_namespace_keeps_its_clocks_in_every_mode() {
    if !can_switch() {
        return;
    }
    for program in [Some(fixture("vdso")), fixture_static("vdso")].into_iter().flatten() {
        let natural = run(&[&program, "timens"]);
        assert_eq!(natural.end, End::Exited(0));
        if natural.text().contains("not permitted") {
            eprintln!("skipped: neither root nor user namespaces, so there is no time namespace to be had");
            return;
        }
        let shown = run_shown(&[&program, "timens"]);
        assert_eq!((shown.end, &shown.notices), (End::Exited(0), &Vec::new()), "{program}");
        assert_eq!(marked(&shown, "clock_gettime", Marks::VDSO), 101, "{program}");
        let off = run_off(&[&program, "timens"]);
        assert_eq!((off.end, &off.notices), (End::Exited(0), &Vec::new()), "{program}");
        assert_eq!(marked(&off, "clock_gettime", Marks::UNSEEN), 101, "{program}");
    }
}

#[test]
fn the_legacy_page_is_seen_where_the_engine_filters() {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("our maps");
    if !can_switch() || !maps.contains("[vsyscall]") {
        eprintln!("skipped: this kernel has no vsyscall page");
        return;
    }
    let program = fixture("vdso");
    assert_eq!(run(&[&program, "vsyscall"]).calls_named("time").len(), 0);
    let mut filtered = plan(&[&program, "vsyscall"]);
    let numbers = vec![(Arch::X86_64, vec![libc::SYS_time as u64])];
    filtered.tracing.only = Some(Only { words: "time".into(), numbers, unknown: false, at_full_speed: true });
    let run = collect(launch(filtered).unwrap());
    let times = run.calls_named("time");
    assert_eq!((run.end, times.len()), (End::Exited(0), 1));
    assert!(sysview::vdso::is_vsyscall(times[0].1.ip));
    assert_eq!(times[0].1.outcome, Some(Outcome::NeverReturned), "what it answered is not known");
}

#[test]
fn a_program_lives_on_if_sysview_is_killed_while_nothing_is_changed() {
    let mut guest = Guest::command(&[&fixture("vdso"), "serve"]);
    assert_eq!(guest.line(), "ready");
    let before = text_of(guest.pid);
    let mut sysview = Process::new(env!("CARGO_BIN_EXE_sysview"))
        .args(["log", "--vdso", "natural", "-o", "/dev/null", "-p", &guest.pid.to_string()])
        .stdin(Stdio::null())
        .spawn()
        .expect("sysview runs");
    let is_traced = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", guest.pid)).expect("its status");
        !status.contains("TracerPid:\t0\n")
    };
    wait_until("it is traced", is_traced);
    sysview.kill().expect("killed");
    sysview.wait().expect("reaped");
    guest::until_untraced(guest.pid);
    assert_eq!(text_of(guest.pid), before);
    guest.tell();
    assert_eq!(guest.line(), "right");
    guest.close_input();
    assert_eq!(guest.end(), Some(0));
}
