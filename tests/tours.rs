//! Every step of every tour on the real programs that it asks the reader to run: what the step waits for happens.
//! Left out: how a step is shown.

use std::ffi::OsString;
use std::path::PathBuf;

use sysview::capture::{Launch, Terminal, Tracing, launch};
use sysview::lesson::{Progress, tours};
use sysview::model::Store;
use sysview::policy::{self, Judge};
use sysview::query::{Context, Filter};
use sysview::source::{Command, Message, VdsoMode};

/// What Docker's profile says here.
fn docker() -> Judge {
    let context = policy::Context::docker("6.1.0", std::env::consts::ARCH);
    let profile = policy::builtin("docker-default").expect("built in");
    profile.resolve(&context).unwrap_or_else(|e| panic!("{e}"))
}

/// Runs a command line as a shell in sysview's terminal would and gives every append to `progress`. A program that
/// sleeps for a minute gets Ctrl-C.
fn run(command: &str, vdso: VdsoMode, judge: &Judge, progress: &mut Progress) -> Store {
    // With something behind it, the shell does not become the last command itself.
    let line = format!("{command}\n:");
    let mut source = launch(Launch {
        program: PathBuf::from("/bin/bash"),
        argv: ["bash", "-c", &line].map(OsString::from).to_vec(),
        terminal: Terminal::Pty { rows: 24, cols: 80, inherit: [false; 3] },
        setup: Default::default(),
        tracing: Tracing { vdso, ..Tracing::default() },
    })
    .unwrap_or_else(|e| panic!("{e:?}"));
    let mut store = Store::new();
    let asleep = Filter::parse("(clock_nanosleep or nanosleep) unfinished").expect("a filter");
    let interrupt = command.contains("sleep 60");
    while let Some(message) = source.messages.blocking_recv() {
        let Message::Batch(batch) = message else { continue };
        let changes = store.append(&batch);
        let verdict = |seq| {
            let call = store.call(seq)?;
            let view = call.view();
            Some(judge.verdict(view.arch, view.nr, view.args))
        };
        let context = Context { verdict: Some(&verdict), ..Context::new(&store) };
        progress.update(&context, &changes);
        if interrupt && changes.added.clone().any(|seq| asleep.matches(&context, seq)) {
            source.control.send(Command::Input(vec![3])).unwrap_or_else(|e| panic!("{e:?}"));
        }
    }
    store
}

#[test]
fn every_step_is_met_by_what_it_asks_for() {
    let judge = docker();
    let mut missed = Vec::new();
    for tour in tours() {
        let mut progress = Progress::new(tour, 0);
        loop {
            let step = progress.step();
            // From the step on that restarts sysview without vDSO, the run has none.
            let restarted = tour.steps[..progress.index()]
                .iter()
                .any(|s| s.command.as_deref().is_some_and(|c| c.starts_with("sysview --vdso absent")));
            let vdso = if restarted { VdsoMode::Absent } else { VdsoMode::Natural };
            if let (Some(command), Some(_)) = (&step.command, &step.check) {
                assert!(!progress.met(), "{}: {} is met before anything happened", tour.id, step.title);
                let store = run(command, vdso, &judge, &mut progress);
                if !progress.met() {
                    missed.push(format!("{}: {} ({command}, {} rows)", tour.id, step.title, store.len()));
                }
            }
            if !progress.next(0) {
                break;
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}
