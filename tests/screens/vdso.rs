//! The vDSO switched off and on: the key, the header, and the rows that are there only because of it.

use crate::*;
use sysview::abi::Arch;
use sysview::model::{EventKind, Marks, TaskId, Warning};
use sysview::source::VdsoMode;

const CLOCK_GETTIME: u64 = 228;

#[test]
fn one_key_switches_it_off_and_on_and_the_header_says_what_is_different() {
    let mut app = app(docker(), 120, 40);
    app.outbox().drain();
    shows(&app, "vDSO: 6 symbols");
    press(&mut app, "v");
    assert_eq!(app.outbox().drain(), [Command::Vdso(VdsoMode::Shown)]);
    shows(&app, "vDSO: 6 symbols");
    app.message(Message::Vdso(VdsoMode::Shown));
    shows(&app, "vDSO: shown");
    shows(&app, "answers are logged, some 20 ns each (without room for a log, a stop each); no filter sees them");
    press(&mut app, "v");
    assert_eq!(app.outbox().drain(), [Command::Vdso(VdsoMode::Off)]);
    app.message(Message::Vdso(VdsoMode::Off));
    shows(&app, "vDSO: off");
    shows(&app, "bad addresses give EFAULT not SIGSEGV, filters can deny or kill");
    // Three times before the engine has answered is not at all.
    press(&mut app, "v v v");
    assert_eq!(app.outbox().drain(), [Command::Vdso(VdsoMode::Off)]);
    press(&mut app, "v");
    assert_eq!(app.outbox().drain(), [Command::Vdso(VdsoMode::Natural)]);
    app.message(Message::Vdso(VdsoMode::Natural));
    shows(&app, "vDSO: 6 symbols");
    press(&mut app, "V");
    shows(&app, "__vdso_clock_gettime");
}

#[test]
fn where_there_is_nothing_to_switch_the_key_says_why() {
    let mut absent = App::new(Options::default());
    absent.resize(120, 40);
    absent.message(scene::started_as(true, |started| started.vdso = VdsoMode::Absent));
    absent.message(scene::run());
    absent.outbox().drain();
    press(&mut absent, "v");
    shows(&absent, "only a new start gives it back");
    let mut over = app(docker(), 120, 40);
    over.message(Message::Ended(End::Exited(0)));
    over.outbox().drain();
    press(&mut over, "v");
    shows(&over, "switched in programs that run");
    assert_eq!((absent.outbox().drain(), over.outbox().drain()), (vec![], vec![]));
}

/// One program, three pictures: what each mode has seen of it, and what a profile would do.
#[test]
fn the_page_counts_by_mode_and_answers_are_a_class_of_their_own() {
    let mut app = app(docker(), 120, 40);
    let before = app.session().histogram.calls();
    let mut r = scene::Recorder::new();
    let warning = EventKind::Warning(Warning::VdsoSwitched { mode: VdsoMode::Shown, error_ns: 85 });
    r.after(10).event(0, warning);
    for _ in 0..3 {
        r.after(10).enter(0, CLOCK_GETTIME, [1, 0x2000, 0, 0, 0, 0], &[]);
        r.after(0).exit_marked(0, Outcome::Returned(0), Marks::VDSO);
    }
    r.after(10).event(0, EventKind::Warning(Warning::VdsoUnlogged { nr: CLOCK_GETTIME, count: 117 }));
    r.after(10).event(0, EventKind::Warning(Warning::VdsoSwitched { mode: VdsoMode::Off, error_ns: 85 }));
    for _ in 0..2 {
        r.after(10).enter(0, CLOCK_GETTIME, [1, 0x2000, 0, 0, 0, 0], &[]);
        r.after(10).exit_marked(0, Outcome::Returned(0), Marks::UNSEEN);
    }
    app.message(r.take());
    app.message(Message::Vdso(VdsoMode::Off));
    app.tick(1_000);
    let histogram = &app.session().histogram;
    assert_eq!(histogram.calls(), before + 2);
    let answers = histogram.answers(Arch::X86_64, CLOCK_GETTIME).expect("a class");
    assert_eq!((answers.count, answers.finished, answers.unlogged), (120, 3, 117));
    press(&mut app, "V");
    shows(&app, "natural: 0 calls seen; shown: 120 answers; off: 2 calls seen.");
    shows(&app, "against other tasks to 85 ns");
    shows(&app, "sched_getcpu(3)");
    press(&mut app, "Esc");
    shows(&app, "vDSO ███");
    // What has no row is counted under a filter too, and the picture says that the rows are a sample.
    for filter in ["/ v d s o Enter", "/ Ctrl-u c l o c k _ g e t t i m e Enter"] {
        press(&mut app, filter);
        app.work(|| false);
        press(&mut app, "F3 End End");
        shows(&app, "showing 1 of 40");
    }
}

/// Nothing on the screen says that an instruction entered the kernel where none did.
#[test]
fn an_answer_is_explained_as_the_function_that_it_is() {
    let mut app = App::new(Options::default());
    app.resize(120, 40);
    app.message(scene::started(true));
    let mut r = scene::Recorder::new();
    r.task(0, 4_312, None, Origin::Launch, "sh");
    r.after(10).event(0, EventKind::Warning(Warning::VdsoSwitched { mode: VdsoMode::Shown, error_ns: 85 }));
    r.after(10).enter(0, CLOCK_GETTIME, [1, 0x2000, 0, 0, 0, 0], &[]);
    r.after(0).exit_marked(0, Outcome::Returned(0), Marks::VDSO);
    app.message(r.take());
    app.tick(1_000);
    press(&mut app, "End F6 z");
    shows(&app, "asked     __vdso_clock_gettime rdi=0x1 rsi=0x2000");
    shows(&app, "no instruction entered the kernel");
    shows(&app, "exact within its task, to 85 ns against others");
    lacks(&app, "by the instruction");
    lacks(&app, "rax=228");
    press(&mut app, "2");
    shows(&app, "2 the function");
    for word in ["syscall", "0f 05", "table of calls"] {
        lacks(&app, word);
    }
}

#[test]
fn rows_and_the_call_pane_tell_what_it_hides_and_what_it_made_itself() {
    let mut app = App::new(Options::default());
    app.resize(120, 40);
    app.message(scene::started(true));
    let mut r = scene::Recorder::new();
    r.task(0, 4_312, None, Origin::Launch, "sh");
    for (clock, marks, outcome) in [
        (1, Marks::UNSEEN, Outcome::Returned(0)),
        (1, Marks::UNSEEN, Outcome::Failed(14)),
        (2, Marks::FELL_BACK, Outcome::Returned(0)),
        (99, Marks::FELL_BACK, Outcome::Failed(22)),
        (1, Marks::NONE, Outcome::Returned(0)),
    ] {
        r.after(10).enter(0, CLOCK_GETTIME, [clock, 0x2000, 0, 0, 0, 0], &[]);
        r.after(10).exit_marked(0, outcome, marks);
    }
    app.message(r.take());
    app.tick(1_000);
    assert_eq!(app.session().store.task(TaskId(0)).map(|task| task.tid), Some(4_312));
    let screen = print::text(&app, 120, 40);
    let symbols: String = screen.lines().skip(4).take(6).filter_map(|line| line.chars().nth(2)).collect();
    assert_eq!(symbols, "+oov! ", "{screen}");
    for (row, words) in [
        (1, "Seen only because the vDSO is off"),
        (3, "vDSO fell back, and made this call itself: the time that a process or thread has used"),
        (4, "there is no such clock in the page that the kernel shares"),
    ] {
        press(&mut app, &format!("Home {} Enter z", "Down ".repeat(row)));
        shows(&app, words);
        press(&mut app, "z Enter");
    }
}

/// A profile that blocks what the vDSO answers blocks nothing, as long as these are no calls.
#[test]
fn the_page_says_what_a_profile_does_to_what_it_answers() {
    let text = r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["clock_gettime"], "action": "SCMP_ACT_ERRNO"}]}"#;
    let profile = Some(policy::Profile::parse(text, "clockless").expect("a profile"));
    let mut app = app(Options { profiles: profile.into_iter().collect(), ..Options::default() }, 120, 40);
    press(&mut app, "V");
    shows(&app, "A profile that blocks clock_gettime, as clockless, does nothing to this");
    app.message(Message::Vdso(VdsoMode::Off));
    shows(&app, "The profile clockless blocks clock_gettime, which it can do only because");
}
