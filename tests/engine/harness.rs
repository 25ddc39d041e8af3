//! Runs a program through the engine and collects everything that it says.

use std::ffi::OsString;
use std::sync::Arc;

use sysview::abi::Arch;
use sysview::capture::{Launch, LaunchError, Setup, Terminal, Tracing, launch, resolve};
use sysview::model::{Batch, CallRow, EventKind, Exec, NewTask, Outcome, Row, RowKind, Signal, Store, TaskEnd, TaskId};
use sysview::source::{End, Held, Message, Source, Started, VdsoMode};

use crate::fixtures::fixture;

pub const PTY: Terminal = Terminal::Pty { rows: 24, cols: 80, inherit: [false; 3] };

/// A finished run.
pub struct Run {
    pub started: Started,
    pub store: Store,
    pub batches: Vec<Batch>,
    pub output: Vec<u8>,
    pub notices: Vec<String>,
    pub end: End,
    pub detached: bool,
}

pub fn plan(command: &[&str]) -> Launch {
    Launch {
        program: resolve(command[0].as_ref()).expect("the command exists"),
        argv: command.iter().map(OsString::from).collect(),
        terminal: PTY,
        setup: Setup::default(),
        tracing: Tracing::default(),
    }
}

pub fn start(command: &[&str]) -> Source {
    launch(plan(command)).expect("launch")
}

/// The error of a launch that must fail.
pub fn refused(launch_plan: Launch) -> LaunchError {
    match launch(launch_plan) {
        Ok(_) => panic!("the launch succeeded"),
        Err(error) => error,
    }
}

/// Runs a command to its end.
pub fn run(command: &[&str]) -> Run {
    collect(start(command))
}

pub fn sh(script: &str) -> Run {
    run(&["/bin/sh", "-c", script])
}

/// Reads a source to its end.
pub fn collect(mut source: Source) -> Run {
    let Some(Message::Started(started)) = source.messages.blocking_recv() else { panic!("no Started first") };
    let mut run = Run {
        started: *started,
        store: Store::new(),
        batches: Vec::new(),
        output: Vec::new(),
        notices: Vec::new(),
        end: End::Replayed,
        detached: false,
    };
    loop {
        match source.messages.blocking_recv().expect("an end") {
            Message::Started(_) => panic!("a second Started"),
            Message::Batch(batch) => {
                assert!(!run.detached, "events after Detached");
                assert!(!batch.is_empty(), "an empty batch");
                run.store.append(&batch);
                run.batches.push(batch);
            }
            Message::Output(bytes) => run.output.extend(bytes),
            Message::Notice(text) => run.notices.push(text),
            Message::Vdso(_) | Message::Held(_) | Message::Released(_) | Message::Progress { .. } => {
                panic!("nobody asked for that")
            }
            Message::Detached => run.detached = true,
            Message::Ended(end) => {
                run.end = end;
                break;
            }
            Message::Failed(sentence) => panic!("{sentence}"),
        }
    }
    assert!(source.messages.blocking_recv().is_none(), "a message after Ended");
    run.check();
    run
}

impl Run {
    pub fn rows(&self) -> impl Iterator<Item = Row> {
        (0..self.store.len()).map(|seq| self.store.row(seq).expect("a row"))
    }

    pub fn calls(&self) -> impl Iterator<Item = (TaskId, CallRow)> {
        self.rows().filter_map(|row| match row.kind {
            RowKind::Call(call) => Some((row.task, call)),
            _ => None,
        })
    }

    /// Calls by name, whatever their ABI.
    pub fn calls_named(&self, name: &str) -> Vec<(TaskId, CallRow)> {
        self.calls()
            .filter(|(_, call)| sysview::abi::lookup(call.arch, call.nr).is_some_and(|known| known.name == name))
            .collect()
    }

    pub fn calls_numbered(&self, arch: Arch, nr: u64) -> Vec<CallRow> {
        self.calls().filter(|(_, call)| call.arch == arch && call.nr == nr).map(|(_, call)| call).collect()
    }

    pub fn outcomes(&self, name: &str) -> Vec<Outcome> {
        self.calls_named(name).iter().map(|(_, call)| call.outcome.expect("every call is closed at the end")).collect()
    }

    pub fn signals(&self) -> Vec<Signal> {
        self.rows()
            .filter_map(|row| match row.kind {
                RowKind::Signal(signal) => Some(signal),
                _ => None,
            })
            .collect()
    }

    pub fn signals_numbered(&self, number: i32) -> Vec<Signal> {
        self.signals().into_iter().filter(|signal| i32::from(signal.number) == number).collect()
    }

    pub fn execs(&self) -> Vec<(TaskId, Arc<Exec>)> {
        self.rows()
            .filter_map(|row| match row.kind {
                RowKind::Exec(exec) => Some((row.task, exec)),
                _ => None,
            })
            .collect()
    }

    pub fn new_tasks(&self) -> Vec<Arc<NewTask>> {
        self.rows()
            .filter_map(|row| match row.kind {
                RowKind::NewTask(new) => Some(new),
                _ => None,
            })
            .collect()
    }

    pub fn ends(&self) -> Vec<(TaskId, TaskEnd)> {
        self.rows()
            .filter_map(|row| match row.kind {
                RowKind::TaskEnd(end) => Some((row.task, end)),
                _ => None,
            })
            .collect()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.output).replace('\r', "")
    }

    /// What holds for every run: calls closed, every task begins once and ends once, times do not run backwards
    /// within a task, no call of sysview's own preparation.
    fn check(&self) {
        for (_, call) in self.calls() {
            assert!(call.outcome.is_some(), "an open call at the end: {call:?}");
        }
        for task in self.store.tasks() {
            let events = || self.batches.iter().flat_map(|b| &b.events).filter(|e| e.task == task.id);
            assert!(matches!(events().next().map(|e| &e.kind), Some(EventKind::NewTask(_))), "{task:?}");
            assert!(matches!(events().next_back().map(|e| &e.kind), Some(EventKind::TaskEnd(_))), "{task:?}");
            assert_eq!(events().filter(|e| matches!(e.kind, EventKind::TaskEnd(_))).count(), 1);
            assert_eq!(events().filter(|e| matches!(e.kind, EventKind::NewTask(_))).count(), 1);
            let times = || events().map(|e| (e.t_ns, format!("{:?}", e.kind).chars().take(60).collect::<String>()));
            assert!(events().map(|e| e.t_ns).is_sorted(), "time runs backwards: {:#?}", times().collect::<Vec<_>>());
            let mut open = false;
            for event in events() {
                match event.kind {
                    EventKind::Enter(_) => assert!(!std::mem::replace(&mut open, true), "two entries in a row"),
                    EventKind::Exit(_) => assert!(std::mem::replace(&mut open, false), "an exit without an entry"),
                    _ => {}
                }
            }
        }
        if self.started.only.is_some() {
            return;
        }
        if self.started.attached {
            return;
        }
        let first = self.calls().next().expect("a call");
        assert_eq!(sysview::abi::lookup(first.1.arch, first.1.nr).map(|c| c.name), Some("execve"));
        assert_eq!(first.0, TaskId(0));
    }
}

/// The fixture program of the first hard cases.
pub fn tracee() -> String {
    fixture("tracee")
}

/// The fixture program that makes many calls.
pub fn load() -> String {
    fixture("load")
}

/// One behaviour of the fixture, run to its end.
pub fn behave(words: &[&str]) -> Run {
    let program = tracee();
    run(&[&[program.as_str()], words].concat())
}

pub fn start_behaviour(words: &[&str]) -> Source {
    let program = tracee();
    start(&[&[program.as_str()], words].concat())
}

/// Reads messages up to the output that holds `text`, or to a condition on the store; what was read is kept.
pub struct Watch {
    pub source: Source,
    pub started: Option<Started>,
    pub store: Store,
    pub batches: Vec<Batch>,
    pub output: Vec<u8>,
    pub detached: bool,
    /// Tasks that are held now, in the order in which they stopped.
    pub held: Vec<Held>,
    pub notices: Vec<String>,
    /// The answers to `Command::Vdso`.
    pub vdso: Vec<VdsoMode>,
    pub end: Option<End>,
}

impl Watch {
    pub fn new(source: Source) -> Watch {
        Watch {
            source,
            started: None,
            store: Store::new(),
            batches: Vec::new(),
            output: Vec::new(),
            detached: false,
            held: Vec::new(),
            notices: Vec::new(),
            vdso: Vec::new(),
            end: None,
        }
    }

    /// For who waits in vain: how it went on at the end.
    fn last_rows(&self) -> Vec<String> {
        let begin = self.store.len().saturating_sub(40);
        let text = |seq| sysview::decode::row_text(&self.store, seq, &Default::default());
        (begin..self.store.len())
            .map(|seq| format!("{:?} {}", self.store.row(seq).map(|row| row.task), text(seq)))
            .collect()
    }

    pub fn until(&mut self, done: impl Fn(&Watch) -> bool) {
        while !done(self) {
            let message = self.source.messages.blocking_recv();
            match message.unwrap_or_else(|| panic!("the session is over: {:?}, {:#?}", self.end, self.last_rows())) {
                Message::Started(started) => self.started = Some(*started),
                Message::Notice(text) => self.notices.push(text),
                Message::Batch(batch) => {
                    self.store.append(&batch);
                    self.batches.push(batch);
                }
                Message::Output(bytes) => self.output.extend(bytes),
                Message::Vdso(mode) => self.vdso.push(mode),
                Message::Detached => self.detached = true,
                Message::Held(held) => self.held.push(held),
                Message::Released(task) => self.held.retain(|held| held.task != task),
                Message::Progress { .. } => panic!("a program has no length"),
                Message::Ended(end) => self.end = Some(end),
                Message::Failed(sentence) => panic!("{sentence}"),
            }
        }
    }

    pub fn until_output(&mut self, text: &str) {
        self.until(|watch| String::from_utf8_lossy(&watch.output).contains(text));
    }

    pub fn until_end(&mut self) -> End {
        self.until(|watch| watch.end.is_some());
        self.end.expect("ended")
    }

    /// Reads to the end and looks at the whole as `collect` does.
    pub fn into_run(mut self) -> Run {
        let end = self.until_end();
        let Watch { started, store, batches, output, notices, detached, .. } = self;
        let run = Run { started: started.expect("Started"), store, batches, output, notices, end, detached };
        run.check();
        run
    }

    pub fn rows(&self) -> impl Iterator<Item = Row> {
        (0..self.store.len()).map(|seq| self.store.row(seq).expect("a row"))
    }
}
