//! The vDSO shown: what it answers is logged, all of it and in order, without a call.

use sysview::capture::launch;
use sysview::model::{CallRow, Event, EventKind, Marks, Outcome, RowKind, TaskId, VdsoMode, Warning};
use sysview::source::{Command, End};

use crate::fixtures::{fixture, fixture_static};
use crate::guest::{self, Guest, attached, wait_until};
use crate::harness::*;
use crate::vdso_switch::{can_switch, left_behind, marked, switch, text_of};

pub fn run_shown(words: &[&str]) -> Run {
    let mut plan = plan(words);
    plan.tracing.vdso = VdsoMode::Shown;
    collect(launch(plan).unwrap())
}

pub fn unlogged(run: &Run) -> u64 {
    let count = |kind| match kind {
        RowKind::Warning(Warning::VdsoUnlogged { count, .. }) => count,
        _ => 0,
    };
    run.rows().map(|row| count(row.kind)).sum()
}

fn programs() -> impl Iterator<Item = String> {
    [Some(fixture("vdso")), fixture_static("vdso")].into_iter().flatten().filter(|_| can_switch())
}

#[test]
fn each_answer_has_a_row_in_order_and_no_call_is_made() {
    for program in programs() {
        let run = run_shown(&[&program, "clocks", "500"]);
        assert_eq!((run.end, &run.notices), (End::Exited(0), &Vec::new()), "{program}");
        let answers: Vec<(TaskId, CallRow)> = run.calls().filter(|(_, call)| call.marks.has(Marks::VDSO)).collect();
        assert_eq!(answers.len(), 1_000, "{program}");
        let numbers: Vec<u64> = answers.iter().map(|(_, call)| call.nr).collect();
        assert!(numbers.chunks(2).all(|pair| pair == [libc::SYS_clock_gettime as u64, libc::SYS_gettimeofday as u64]));
        // The two that the vDSO cannot answer are calls as ever, and not told twice.
        assert_eq!(run.calls_named("clock_gettime").len(), 502);
        assert_eq!(marked(&run, "clock_gettime", Marks::FELL_BACK), 2);
        assert_eq!(unlogged(&run), 0);
        // How far their times may be off is told once, before the first of them.
        let told = |kind| match kind {
            RowKind::Warning(Warning::VdsoSwitched { mode, error_ns }) => Some((mode, error_ns)),
            _ => None,
        };
        let told: Vec<(VdsoMode, u64)> = run.rows().filter_map(|row| told(row.kind)).collect();
        assert!(matches!(told[..], [(VdsoMode::Shown, 1..=1_000_000)]), "{told:?}");
    }
}

#[test]
fn what_is_logged_is_what_the_program_got() {
    for program in programs() {
        let run = run_shown(&[&program, "right", "1"]);
        assert_eq!((run.end, &run.notices), (End::Exited(0), &Vec::new()), "{program}");
        for (name, times) in [("clock_gettime", 1), ("gettimeofday", 1), ("time", 1), ("getcpu", 1)] {
            assert_eq!(marked(&run, name, Marks::VDSO), times, "{program} {name}");
        }
        // Between the kernel's two answers, as the program checked.
        let seconds = |seq: u64| {
            let call = run.store.call(seq)?;
            let view = call.view();
            let bytes = view.exit.exact(view.args[1], 16)?;
            Some(i64::from_le_bytes(bytes[..8].try_into().ok()?))
        };
        let is_clock = |&seq: &u64| matches!(run.store.row(seq).map(|row| row.kind), Some(RowKind::Call(call)) if call.nr == libc::SYS_clock_gettime as u64);
        let clocks: Vec<i64> = (0..run.store.len()).filter(is_clock).filter_map(seconds).collect();
        assert!(clocks.len() >= 3 && clocks.is_sorted() && clocks[0] > 1_000_000_000, "{clocks:?}");
        let times = run.calls_named("time");
        assert!(matches!(times[0].1.outcome, Some(Outcome::Returned(s)) if s > 1_000_000_000));
    }
}

#[test]
fn relatives_log_for_themselves() {
    for program in programs() {
        let run = run_shown(&[&program, "family"]);
        assert_eq!((run.end, &run.notices), (End::Exited(0), &Vec::new()), "{program}");
        // The parent twice, a child of each kind, and the program that one executed.
        assert_eq!(marked(&run, "getcpu", Marks::VDSO), 6, "{program}");
        let askers: std::collections::HashSet<TaskId> = run
            .calls_named("getcpu")
            .into_iter()
            .filter(|(_, call)| call.marks.has(Marks::VDSO))
            .map(|(task, _)| task)
            .collect();
        assert_eq!(askers.len(), 5, "{program}");
    }
}

#[test]
fn counts_are_exact_where_rows_are_a_sample() {
    if !can_switch() {
        return;
    }
    const TIMES: u64 = 2_000_000;
    let run = run_shown(&[&fixture("vdso"), "spin", &TIMES.to_string()]);
    assert_eq!((run.end, &run.notices), (End::Exited(0), &Vec::new()));
    let rows = marked(&run, "clock_gettime", Marks::VDSO) as u64;
    assert_eq!(rows + unlogged(&run), TIMES, "{rows} rows");
    assert!(rows > 1_000, "{rows}");
    let counted = sysview::stats::Histogram::of(&run.store);
    let class =
        counted.answers(sysview::abi::Arch::X86_64, libc::SYS_clock_gettime as u64).expect("a class of its own");
    assert_eq!((class.count, class.finished), (TIMES, rows));
    assert!(counted.calls() < 1_000, "no call was made");
}

#[test]
fn modes_change_under_threads_and_signals() {
    for program in programs() {
        let mut watch = Watch::new(launch(plan(&[&program, "storm", "4"])).unwrap());
        watch.until_output("ready");
        let modes =
            [VdsoMode::Shown, VdsoMode::Off, VdsoMode::Natural, VdsoMode::Shown, VdsoMode::Natural, VdsoMode::Off];
        for round in 0..120 {
            switch(&mut watch, modes[round % modes.len()]);
            let (from, wanted) = (watch.batches.len(), if round % 2 == 0 { 0 } else { 1 });
            let is_signal = |event: &&Event| matches!(event.kind, EventKind::Signal(_));
            watch.until(|watch| {
                watch.batches[from..].iter().flat_map(|batch| &batch.events).filter(is_signal).count() >= wanted
            });
        }
        switch(&mut watch, VdsoMode::Natural);
        watch.source.control.send(Command::Input(b"\n".to_vec())).expect("taken");
        let run = watch.into_run();
        assert_eq!((run.end, &run.notices), (End::Exited(0), &Vec::new()), "{program}: {}", run.text());
        assert!(marked(&run, "getcpu", Marks::VDSO) > 0 && marked(&run, "getcpu", Marks::UNSEEN) > 0);
        let switches = |kind| matches!(kind, RowKind::Warning(Warning::VdsoSwitched { .. }));
        assert_eq!(run.rows().filter(|row| switches(row.kind.clone())).count(), 121);
    }
}

#[test]
fn a_program_that_computes_is_shown_without_a_call_of_its_own() {
    if !can_switch() {
        return;
    }
    let guest = Guest::command(&[&fixture("vdso"), "spin", "100000000000"]);
    let mut watch = attached(&[guest.pid]);
    let before = text_of(std::process::id() as i32);
    switch(&mut watch, VdsoMode::Shown);
    let answered =
        |watch: &Watch| guest::calls(watch, "clock_gettime").iter().any(|(_, call)| call.marks.has(Marks::VDSO));
    watch.until(answered);
    // On a busy machine it may not stop at once.
    switch(&mut watch, VdsoMode::Natural);
    wait_until("the vDSO is as it was", || text_of(guest.pid) == before);
    watch.source.control.send(Command::Detach).expect("taken");
    assert_eq!(watch.into_run().end, End::Exited(0));
    guest.signal(nix::sys::signal::Signal::SIGKILL);
    assert_eq!(guest.end(), Some(137));
}

#[test]
fn a_program_lives_on_if_sysview_is_killed_while_it_logs() {
    if !can_switch() {
        return;
    }
    let (mut guest, before) = left_behind("serve", "shown");
    let mut watch = attached(&[guest.pid]);
    wait_until("the vDSO is as it was", || text_of(guest.pid) == before);
    switch(&mut watch, VdsoMode::Shown);
    guest.tell();
    assert_eq!(guest.line(), "right");
    guest.tell();
    assert_eq!(guest.line(), "right");
    watch.until(|watch| guest::calls(watch, "getcpu").iter().any(|(_, call)| call.marks.has(Marks::VDSO)));
    guest.close_input();
    assert_eq!(watch.into_run().end, End::Exited(0));
    assert_eq!(guest.end(), Some(0));
}
