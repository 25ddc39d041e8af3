//! The vDSO switched off and on: what it answers is seen, stays right, and is as before when sysview is gone.

use std::os::unix::fs::FileExt;
use std::process::{Command as Process, Stdio};

use nix::sys::signal::Signal;
use sysview::capture::{Attach, VdsoRoom, attach, launch};
use sysview::model::{CallRow, Event, EventKind, Marks};
use sysview::source::{Command, End, Source, VdsoMode};

use crate::fixtures::{fixture, fixture_static};
use crate::guest::{self, Guest, attached, wait_until};
use crate::harness::*;

fn off(words: &[&str]) -> Source {
    let mut plan = plan(words);
    plan.tracing.vdso = VdsoMode::Off;
    launch(plan).unwrap()
}

pub fn run_off(words: &[&str]) -> Run {
    collect(off(words))
}

pub fn marked(run: &Run, name: &str, mark: Marks) -> usize {
    run.calls_named(name).iter().filter(|(_, call)| call.marks.has(mark)).count()
}

/// Whether vDSOs of this machine can be switched at all.
pub fn can_switch() -> bool {
    cfg!(target_arch = "x86_64")
}

pub fn switch(watch: &mut Watch, mode: VdsoMode) {
    let answers = watch.vdso.len();
    watch.source.control.send(Command::Vdso(mode)).expect("taken");
    watch.until(|watch| watch.vdso.len() > answers);
    assert_eq!(watch.vdso.last(), Some(&mode));
}

/// The ELF file in a process's vDSO, without what stands behind it in its last page.
pub fn text_of(pid: i32) -> Vec<u8> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).expect("its maps");
    let line = maps.lines().find(|line| line.ends_with("[vdso]")).expect("a vDSO");
    let (start, end) = line.split(' ').next().and_then(|range| range.split_once('-')).expect("a range");
    let (start, end) = (u64::from_str_radix(start, 16).unwrap(), u64::from_str_radix(end, 16).unwrap());
    let mut bytes = vec![0; (end - start) as usize];
    std::fs::File::open(format!("/proc/{pid}/mem"))
        .and_then(|file| file.read_exact_at(&mut bytes, start))
        .expect("read");
    bytes.truncate(sysview::vdso::file_end(&bytes).expect("an ELF file") as usize);
    bytes
}

#[test]
fn what_the_vdso_answers_is_right_and_seen_while_it_is_off() {
    if !can_switch() {
        return;
    }
    for program in [Some(fixture("vdso")), fixture_static("vdso")].into_iter().flatten() {
        let run = run_off(&[&program, "right", "3"]);
        assert_eq!(run.end, End::Exited(0), "{program}");
        for (name, times) in [("gettimeofday", 3), ("time", 3), ("getcpu", 3)] {
            assert_eq!(marked(&run, name, Marks::UNSEEN), times, "{program} {name}");
        }
        // One more, with a clock that does not exist, would have been seen anyway; two are the program's own.
        assert_eq!(marked(&run, "clock_gettime", Marks::UNSEEN), 3, "{program}");
        assert_eq!(run.calls_named("clock_gettime").len(), 12);
    }
}

#[test]
fn each_question_for_the_time_is_a_call_while_it_is_off() {
    if !can_switch() {
        return;
    }
    let program = fixture("vdso");
    let run = run_off(&[&program, "clocks", "50"]);
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(marked(&run, "clock_gettime", Marks::UNSEEN), 50);
    assert_eq!(run.calls_named("clock_gettime").len(), 52);
    assert_eq!(marked(&run, "gettimeofday", Marks::UNSEEN), 50);
    assert_eq!(run.notices, Vec::<String>::new());
}

#[test]
fn naturally_only_those_are_seen_that_it_cannot_answer() {
    let program = fixture("vdso");
    let run = run(&[&program, "clocks", "50"]);
    assert_eq!(run.end, End::Exited(0));
    let clocks: Vec<CallRow> = run.calls_named("clock_gettime").into_iter().map(|(_, call)| call).collect();
    // A machine whose clock cannot be read without the kernel shows them all.
    let last: Vec<(i32, Marks)> = clocks.iter().rev().take(2).map(|call| (call.args[0] as i32, call.marks)).collect();
    assert_eq!(last, [(libc::CLOCK_PROCESS_CPUTIME_ID, Marks::FELL_BACK), (8, Marks::FELL_BACK)]);
    assert!(clocks.iter().all(|call| call.marks == Marks::FELL_BACK));
}

#[test]
fn children_threads_and_what_they_execute_have_it_off_too() {
    if !can_switch() {
        return;
    }
    for program in [Some(fixture("vdso")), fixture_static("vdso")].into_iter().flatten() {
        let run = run_off(&[&program, "family"]);
        assert_eq!(run.end, End::Exited(0), "{program}");
        // The parent twice, a child of each kind, and the program that one executed.
        assert_eq!(marked(&run, "getcpu", Marks::UNSEEN), 6, "{program}");
        assert_eq!(run.execs().len(), 2);
    }
}

/// Switches it on and off while threads ask it all the time and signals interrupt them anywhere.
fn storm(program: &str) {
    let mut watch = Watch::new(launch(plan(&[program, "storm", "4"])).unwrap());
    watch.until_output("ready");
    for round in 0..500 {
        switch(&mut watch, if round % 2 == 0 { VdsoMode::Off } else { VdsoMode::Natural });
        // While it is on the threads are in it most of the time, and signals find them there.
        let (from, wanted) = (watch.batches.len(), if round % 2 == 0 { 0 } else { 1 });
        let is_signal = |event: &&Event| matches!(event.kind, EventKind::Signal(_));
        watch.until(|watch| {
            watch.batches[from..].iter().flat_map(|batch| &batch.events).filter(is_signal).count() >= wanted
        });
    }
    watch.source.control.send(Command::Input(b"\n".to_vec())).expect("taken");
    let run = watch.into_run();
    assert_eq!(run.end, End::Exited(0), "{program}: {}", run.text());
    assert!(marked(&run, "getcpu", Marks::UNSEEN) > 0);
    assert_eq!(run.notices, Vec::<String>::new());
}

#[test]
fn it_is_switched_again_and_again_under_threads_and_signals() {
    if can_switch() {
        storm(&fixture("vdso"));
    }
}

#[test]
fn it_is_switched_again_and_again_in_a_static_program() {
    if let Some(program) = fixture_static("vdso").filter(|_| can_switch()) {
        storm(&program);
    }
}

#[test]
fn a_program_that_may_not_map_memory_is_switched() {
    if !can_switch() {
        return;
    }
    let program = fixture("vdso");
    let mut watch = Watch::new(launch(plan(&[&program, "denied"])).unwrap());
    watch.until_output("ready");
    switch(&mut watch, VdsoMode::Off);
    watch.source.control.send(Command::Input(b"\n".to_vec())).expect("taken");
    let run = watch.into_run();
    assert_eq!(run.end, End::Exited(0), "{}", run.text());
    assert_eq!(marked(&run, "getcpu", Marks::UNSEEN), 1);
}

#[test]
fn a_task_that_waits_in_a_call_is_not_woken_for_it() {
    if !can_switch() {
        return;
    }
    let mut guest = Guest::command(&[&fixture("vdso"), "serve"]);
    assert_eq!(guest.line(), "ready");
    let before = text_of(guest.pid);
    let mut watch = attached(&[guest.pid]);
    watch.until(|watch| guest::calls(watch, "read").iter().any(|(_, call)| call.outcome.is_none()));
    switch(&mut watch, VdsoMode::Off);
    assert_ne!(text_of(guest.pid), before);
    guest.tell();
    assert_eq!(guest.line(), "right");
    watch.until(|watch| guest::calls(watch, "getcpu").iter().any(|(_, call)| call.marks.has(Marks::UNSEEN)));
    switch(&mut watch, VdsoMode::Natural);
    assert_eq!(text_of(guest.pid), before);
    switch(&mut watch, VdsoMode::Off);
    watch.source.control.send(Command::Detach).expect("taken");
    assert_eq!(watch.into_run().end, End::Exited(0));
    assert_eq!(text_of(guest.pid), before, "the kernel's bytes are back");
    guest.tell();
    assert_eq!(guest.line(), "right");
    guest.close_input();
    assert_eq!(guest.end(), Some(0));
}

#[test]
fn a_launched_program_that_is_let_go_has_the_kernels_bytes_again() {
    if !can_switch() {
        return;
    }
    let mut watch = Watch::new(off(&[&fixture("vdso"), "storm", "4"]));
    watch.until_output("ready");
    watch.until(|watch| !watch.store.tasks().is_empty());
    let pid = watch.store.tasks()[0].tgid;
    let while_off = text_of(pid);
    watch.source.control.send(Command::Detach).expect("taken");
    watch.until(|watch| watch.detached);
    let after = text_of(pid);
    assert_ne!(after, while_off);
    assert_eq!(after, text_of(std::process::id() as i32), "one kernel has one vDSO");
    watch.source.control.send(Command::Input(b"\n".to_vec())).expect("taken");
    assert_eq!(watch.until_end(), End::Exited(0));
}

/// A program that asks the vDSO when it is told to, after sysview was killed with the vDSO in this mode; and what its vDSO
/// was like before. It goes on, and asks rightly.
pub fn left_behind(behaviour: &str, mode: &str) -> (Guest, Vec<u8>) {
    let mut guest = Guest::command(&[&fixture("vdso"), behaviour]);
    assert_eq!(guest.line(), "ready");
    let before = text_of(guest.pid);
    let mut sysview = Process::new(env!("CARGO_BIN_EXE_sysview"))
        .args(["log", "--vdso", mode, "-o", "/dev/null", "-p", &guest.pid.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sysview runs");
    // It is in read(2), so memory for a log can be mapped only at its end.
    wait_until("the vDSO is changed", || {
        guest.tell();
        assert_eq!(guest.line(), "right");
        text_of(guest.pid) != before
    });
    sysview.kill().expect("killed");
    sysview.wait().expect("reaped");
    guest::until_untraced(guest.pid);
    assert_ne!(text_of(guest.pid), before, "nobody was there to put it back");
    for _ in 0..3 {
        guest.tell();
        assert_eq!(guest.line(), "right");
    }
    (guest, before)
}

#[test]
fn a_program_lives_on_if_sysview_is_killed_and_is_mended_by_the_next() {
    if !can_switch() {
        return;
    }
    let (mut guest, before) = left_behind("serve", "off");
    let mut watch = attached(&[guest.pid]);
    wait_until("the vDSO is as it was", || text_of(guest.pid) == before);
    guest.tell();
    assert_eq!(guest.line(), "right");
    watch.until(|watch| !guest::calls(watch, "write").is_empty());
    assert_eq!(guest::calls(&watch, "getcpu").len(), 0);
    guest.close_input();
    assert_eq!(watch.into_run().end, End::Exited(0));
    assert_eq!(guest.end(), Some(0));
}

#[test]
fn attached_threads_are_switched_from_the_start() {
    if !can_switch() {
        return;
    }
    let mut guest = Guest::command(&[&fixture("vdso"), "storm", "4"]);
    assert_eq!(guest.line(), "ready");
    let mut plan: Attach = guest::plan(&[guest.pid]);
    plan.tracing.vdso = VdsoMode::Off;
    let mut watch = Watch::new(attach(plan).expect("attached"));
    watch.until(|watch| guest::calls(watch, "getcpu").iter().any(|(_, call)| call.marks.has(Marks::UNSEEN)));
    watch.source.control.send(Command::Detach).expect("taken");
    assert_eq!(watch.into_run().end, End::Exited(0));
    assert_eq!(text_of(guest.pid), text_of(std::process::id() as i32));
    guest.tell();
    assert_eq!(guest.line(), "over");
    assert_eq!(guest.end(), Some(0));
}

#[test]
fn what_was_taken_away_cannot_be_switched() {
    let program = fixture("vdso");
    let mut absent = plan(&[&program, "clocks", "1"]);
    absent.tracing.vdso = VdsoMode::Absent;
    absent.tracing.hold_at_start = true;
    let mut watch = Watch::new(launch(absent).unwrap());
    watch.until(|watch| !watch.held.is_empty());
    watch.source.control.send(Command::Vdso(VdsoMode::Off)).expect("taken");
    watch.until(|watch| !watch.notices.is_empty());
    assert!(watch.notices[0].contains("--vdso absent") && watch.vdso.is_empty());
    watch.source.control.send(Command::Resume).expect("taken");
    assert_eq!(watch.until_end(), End::Exited(0));
}

#[test]
fn a_held_program_is_switched_where_it_stands() {
    if !can_switch() {
        return;
    }
    let mut watch = Watch::new(launch(plan(&[&fixture("vdso"), "storm", "4"])).unwrap());
    watch.until_output("ready");
    watch.source.control.send(Command::Hold).expect("taken");
    // Whoever started the threads reads.
    watch.until(|watch| watch.held.len() == 4);
    switch(&mut watch, VdsoMode::Off);
    watch.source.control.send(Command::Resume).expect("taken");
    watch.until(|watch| guest::calls(watch, "getcpu").iter().any(|(_, call)| call.marks.has(Marks::UNSEEN)));
    switch(&mut watch, VdsoMode::Natural);
    watch.source.control.send(Command::Input(b"\n".to_vec())).expect("taken");
    assert_eq!(watch.into_run().end, End::Exited(0));
}

#[test]
fn a_killed_program_ends_while_it_is_switched() {
    if !can_switch() {
        return;
    }
    let mut guest = Guest::command(&[&fixture("vdso"), "storm", "4"]);
    assert_eq!(guest.line(), "ready");
    let mut watch = attached(&[guest.pid]);
    watch.until(|watch| watch.store.tasks().len() == 5);
    for round in 0..20 {
        if round == 10 {
            guest.signal(Signal::SIGKILL);
        }
        watch.source.control.send(Command::Vdso([VdsoMode::Off, VdsoMode::Natural][round % 2])).ok();
    }
    assert_eq!(watch.into_run().end, End::Exited(0));
    drop(guest);
}

/// A handler that interrupted a function behind its first instruction returns there when the function is another.
fn switched_inside(modes: impl Fn(usize) -> [VdsoMode; 2]) {
    if !can_switch() {
        return;
    }
    let mut watch = Watch::new(launch(plan(&[&fixture("vdso"), "inside"])).unwrap());
    let mut times = 0;
    loop {
        watch.until(|watch| {
            let text = String::from_utf8_lossy(&watch.output);
            watch.end.is_some() || text.contains("over") || text.matches("inside").count() > times
        });
        if watch.end.is_some() || String::from_utf8_lossy(&watch.output).contains("over") {
            break;
        }
        for mode in modes(times) {
            switch(&mut watch, mode);
        }
        watch.source.control.send(Command::Input(b"\n".to_vec())).expect("taken");
        times += 1;
    }
    let run = watch.into_run();
    assert_eq!(run.end, End::Exited(0), "{}", run.text());
    assert!(times >= 5, "{times} functions");
}

#[test]
fn a_handler_returns_into_a_function_that_was_never_switched_before() {
    // The first one is in a frame that nobody saw; those after it were put right when their signals came.
    switched_inside(|_| [VdsoMode::Natural, VdsoMode::Off]);
}

#[test]
fn a_handler_returns_into_a_function_that_was_switched_before() {
    switched_inside(|times| {
        if times % 2 == 0 { [VdsoMode::Off, VdsoMode::Natural] } else { [VdsoMode::Natural, VdsoMode::Off] }
    });
}

#[test]
fn a_child_that_is_not_followed_has_the_kernels_bytes() {
    if !can_switch() {
        return;
    }
    let program = fixture("vdso");
    for (follow, word) in [(true, "same"), (false, "other")] {
        let mut plan = plan(&[&program, "inherited"]);
        plan.tracing.vdso = VdsoMode::Off;
        plan.tracing.follow = follow;
        let run = collect(launch(plan).unwrap());
        assert_eq!((run.end, run.text().trim_end()), (End::Exited(0), word));
        assert_eq!(run.store.tasks().len(), if follow { 2 } else { 1 });
        assert_eq!(marked(&run, "getcpu", Marks::UNSEEN), 1);
    }
    // Threads share what is changed, and the child of a vfork does.
    for behaviour in [["family", ""], ["storm", "2"]] {
        let mut plan = plan(&[&program, behaviour[0], behaviour[1]]);
        plan.tracing.vdso = VdsoMode::Off;
        plan.tracing.follow = false;
        let mut watch = Watch::new(launch(plan).unwrap());
        watch.source.control.send(Command::Input(b"\n".to_vec())).expect("taken");
        assert_eq!(watch.until_end(), End::Exited(0), "{behaviour:?}");
    }
}

/// As on a machine whose image leaves no room in its last page.
fn paged(words: &[&str], mode: VdsoMode) -> Source {
    let mut plan = plan(words);
    plan.tracing.vdso = mode;
    plan.tracing.vdso_room = VdsoRoom::Page;
    launch(plan).unwrap()
}

#[test]
fn without_room_in_the_image_a_page_is_mapped_and_nobody_sees_it() {
    if !can_switch() {
        return;
    }
    let natural = run(&[&fixture("vdso"), "family"]);
    for program in [Some(fixture("vdso")), fixture_static("vdso")].into_iter().flatten() {
        let run = collect(paged(&[&program, "family"], VdsoMode::Off));
        assert_eq!((run.end, &run.notices), (End::Exited(0), &Vec::new()), "{program}");
        assert_eq!(marked(&run, "getcpu", Marks::UNSEEN), 6, "{program}");
        if program == fixture("vdso") {
            assert_eq!(run.calls_named("mmap").len(), natural.calls_named("mmap").len(), "no row of ours");
        }
    }
}

#[test]
fn a_page_is_mapped_while_signals_come_from_everywhere() {
    if !can_switch() {
        return;
    }
    let mut watch = Watch::new(paged(&[&fixture("vdso"), "storm", "4"], VdsoMode::Natural));
    watch.until_output("ready");
    for round in 0..100 {
        switch(&mut watch, if round % 2 == 0 { VdsoMode::Off } else { VdsoMode::Natural });
    }
    switch(&mut watch, VdsoMode::Off);
    watch.until(|watch| guest::calls(watch, "getcpu").iter().any(|(_, call)| call.marks.has(Marks::UNSEEN)));
    watch.source.control.send(Command::Input(b"\n".to_vec())).expect("taken");
    let run = watch.into_run();
    assert_eq!((run.end, &run.notices), (End::Exited(0), &Vec::new()));
}

#[test]
fn a_program_that_must_not_map_memory_is_left_alone_where_that_would_be_needed() {
    if !can_switch() {
        return;
    }
    let mut watch = Watch::new(paged(&[&fixture("vdso"), "denied"], VdsoMode::Natural));
    watch.until_output("ready");
    switch(&mut watch, VdsoMode::Off);
    watch.source.control.send(Command::Input(b"\n".to_vec())).expect("taken");
    let run = watch.into_run();
    assert_eq!(run.end, End::Exited(0), "{}", run.text());
    assert_eq!(marked(&run, "getcpu", Marks::UNSEEN), 0);
    assert!(run.notices.len() == 1 && run.notices[0].contains("no room"), "{:?}", run.notices);
}

#[test]
fn children_are_born_while_it_is_switched() {
    if !can_switch() {
        return;
    }
    for room in [VdsoRoom::Padding, VdsoRoom::Page] {
        let mut plan = plan(&[&fixture("vdso"), "forks"]);
        plan.tracing.vdso_room = room;
        let mut watch = Watch::new(launch(plan).unwrap());
        watch.until_output("ready");
        for round in 1..=60 {
            let modes = [VdsoMode::Off, VdsoMode::Natural];
            watch.source.control.send(Command::Input(b"\n".to_vec())).expect("taken");
            for mode in if round % 2 == 0 { modes } else { [modes[1], modes[0]] } {
                switch(&mut watch, mode);
            }
            watch.until(|watch| {
                watch.end.is_some() || String::from_utf8_lossy(&watch.output).matches("forked").count() == round
            });
        }
        // The terminal's end of file.
        watch.source.control.send(Command::Input(vec![4])).expect("taken");
        let run = watch.into_run();
        assert_eq!((run.end, &run.notices), (End::Exited(0), &Vec::new()));
    }
}
