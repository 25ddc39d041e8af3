//! Programs that may not have a log, or no time-stamp counter: their answers are told by stops, or it is said why not.

use sysview::capture::launch;
use sysview::model::{Event, EventKind, Marks, VdsoMode};
use sysview::source::{Command, End};

use crate::fixtures::fixture;
use crate::guest::{self, wait_until};
use crate::harness::*;
use crate::vdso_shown::{run_shown, unlogged};
use crate::vdso_switch::{can_switch, left_behind, marked, switch, text_of};

/// A behaviour that says when it is ready, and then asks every function once; the mode is switched in between.
fn switched(behaviour: &str, mode: VdsoMode) -> Run {
    let mut watch = Watch::new(launch(plan(&[&fixture("vdso"), behaviour])).unwrap());
    watch.until_output("ready");
    switch(&mut watch, mode);
    watch.source.control.send(Command::Input(b"\n".to_vec())).expect("taken");
    let run = watch.into_run();
    assert_eq!(run.end, End::Exited(0), "{behaviour}: {}", run.text());
    run
}

/// How many answers have rows, and how many of these are not timed.
fn answers(run: &Run) -> (usize, usize) {
    let answers: Vec<_> = run.calls().filter(|(_, call)| call.marks.has(Marks::VDSO)).collect();
    (answers.len(), answers.iter().filter(|(_, call)| call.marks.has(Marks::UNTIMED)).count())
}

fn says(run: &Run, words: &[&str]) -> bool {
    run.notices.len() == words.len() && words.iter().zip(&run.notices).all(|(words, notice)| notice.contains(words))
}

/// Rows of the call by which answers are told: there must be none.
fn reads_of_ours(run: &Run) -> usize {
    run.calls_named("read").iter().filter(|(_, call)| call.args[0] as i32 == -1).count()
}

const BY_STOPS: &str = "is shown by a stop for each answer";

#[test]
fn who_must_not_map_memory_tells_by_stops() {
    if !can_switch() {
        return;
    }
    for behaviour in ["denied", "limited"] {
        let run = switched(behaviour, VdsoMode::Shown);
        // clock_gettime, gettimeofday, time, getcpu and clock_getres; what fell back has its own row.
        assert_eq!(answers(&run), (5, 5), "{behaviour}");
        assert_eq!(marked(&run, "clock_gettime", Marks::FELL_BACK), 1);
        assert!(says(&run, &[BY_STOPS]) && run.notices[0].contains("no memory for a log"), "{:?}", run.notices);
        assert_eq!(reads_of_ours(&run), 0);
        let clock = run.calls().find(|(_, call)| call.marks.has(Marks::VDSO)).map(|(_, call)| call.args[0]);
        assert_eq!(clock, Some(libc::CLOCK_REALTIME as u64));
    }
}

#[test]
fn what_is_told_by_stops_is_what_the_program_got() {
    if !can_switch() {
        return;
    }
    let run = switched("denied", VdsoMode::Shown);
    let seconds = |seq: u64| {
        let call = run.store.call(seq)?;
        let view = call.view();
        let is_clock = view.nr == libc::SYS_clock_gettime as u64 && view.args[0] == 0;
        let bytes = view.exit.exact(view.args[1], 16).filter(|_| is_clock)?;
        Some(i64::from_le_bytes(bytes[..8].try_into().ok()?))
    };
    // The kernel's answer, the vDSO's, the kernel's.
    let clocks: Vec<i64> = (0..run.store.len()).filter_map(seconds).collect();
    assert!(clocks.len() == 3 && clocks.is_sorted() && clocks[0] > 1_000_000_000, "{clocks:?}");
}

#[test]
fn a_filter_that_allows_it_does_not_hinder_a_log() {
    if !can_switch() {
        return;
    }
    let run = switched("allowed", VdsoMode::Shown);
    assert_eq!((answers(&run).0, &run.notices), (5, &Vec::new()));
    assert!(answers(&run).1 < 5, "the first of each function is timed");
}

#[test]
fn where_no_way_is_left_it_stays_natural_and_can_be_off() {
    if !can_switch() {
        return;
    }
    let run = switched("forbidden", VdsoMode::Shown);
    assert_eq!(answers(&run), (0, 0));
    assert!(says(&run, &["stays as it is, off would still work"]), "{:?}", run.notices);
    let off = switched("forbidden", VdsoMode::Off);
    assert_eq!(marked(&off, "getcpu", Marks::UNSEEN), 1);
}

#[test]
fn who_gives_up_the_counter_tells_by_stops_from_then_on() {
    if !can_switch() {
        return;
    }
    let run = run_shown(&[&fixture("vdso"), "counterless"]);
    assert_eq!((run.end, unlogged(&run)), (End::Exited(0), 0));
    assert!(says(&run, &[BY_STOPS]) && run.notices[0].contains("PR_SET_TSC"), "{:?}", run.notices);
    assert_eq!(answers(&run).0, 5 + 3 + 5);
    assert_eq!(marked(&run, "time", Marks::VDSO), 3);
}

#[test]
fn strict_mode_allows_what_tells() {
    if !can_switch() {
        return;
    }
    let run = run_shown(&[&fixture("vdso"), "strict"]);
    assert_eq!(run.end, End::Exited(0));
    assert!(says(&run, &[BY_STOPS]), "{:?}", run.notices);
    assert_eq!(answers(&run).0, 5 + 3);
    // Off, as the header says, a filter can kill.
    let mut off = plan(&[&fixture("vdso"), "strict"]);
    off.tracing.vdso = VdsoMode::Off;
    assert_eq!(collect(launch(off).unwrap()).end, End::Killed { signal: libc::SIGKILL, core: false });
}

#[test]
fn what_tells_is_gone_before_a_filter_would_kill_for_it() {
    if !can_switch() {
        return;
    }
    let run = run_shown(&[&fixture("vdso"), "later"]);
    assert_eq!(run.end, End::Exited(0), "{}", run.text());
    assert!(says(&run, &[BY_STOPS, "forbids"]), "{:?}", run.notices);
    assert_eq!(answers(&run).0, 3, "those before the filter");
}

#[test]
fn modes_change_under_threads_and_signals_that_tell_by_stops() {
    if !can_switch() {
        return;
    }
    let mut watch = Watch::new(launch(plan(&[&fixture("vdso"), "storm", "4", "denied"])).unwrap());
    watch.until_output("ready");
    let modes = [VdsoMode::Shown, VdsoMode::Off, VdsoMode::Natural, VdsoMode::Shown, VdsoMode::Natural];
    for round in 0..100 {
        switch(&mut watch, modes[round % modes.len()]);
        let from = watch.batches.len();
        let is_signal = |event: &Event| matches!(event.kind, EventKind::Signal(_));
        watch.until(|watch| watch.batches[from..].iter().flat_map(|batch| &batch.events).any(is_signal));
    }
    switch(&mut watch, VdsoMode::Natural);
    watch.source.control.send(Command::Input(b"\n".to_vec())).expect("taken");
    let run = watch.into_run();
    assert_eq!(run.end, End::Exited(0), "{}", run.text());
    assert!(says(&run, &[BY_STOPS]), "{:?}", run.notices);
    let (all, untimed) = answers(&run);
    assert!(all > 100 && all == untimed, "{all} {untimed}");
    assert_eq!(reads_of_ours(&run), 0);
}

#[test]
fn a_program_lives_on_if_sysview_is_killed_while_it_tells_by_stops() {
    if !can_switch() {
        return;
    }
    let (mut guest, before) = left_behind("limited-serve", "shown");
    // The next one mends it.
    let watch = guest::attached(&[guest.pid]);
    wait_until("the vDSO is as it was", || text_of(guest.pid) == before);
    guest.close_input();
    assert_eq!(watch.into_run().end, End::Exited(0));
    assert_eq!(guest.end(), Some(0));
}
