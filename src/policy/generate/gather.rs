//! From events to what a profile must allow: each call with how often and by whom first, and the values of the one
//! argument that rules may look at. Memory is bounded: names times a few values, however long the recording is.

use std::collections::{BTreeMap, HashMap};

use super::scalar::{MAX_VALUES, scalar};
use crate::abi::Arch;
use crate::model::{Batch, Enter, Event, EventKind, Marks, TaskId};
use crate::policy::names;

/// Where something was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    pub count: u64,
    /// The file or the command.
    pub recording: String,
    /// Which call of the recording it was, from 1.
    pub number: u64,
    pub t_ns: u64,
    pub tid: i32,
    /// The task's name, escaped.
    pub comm: String,
}

/// `12 times, first by ls (123), call 5 of run.sysview, at 0.003 s`.
impl std::fmt::Display for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let times = if self.count == 1 { "once, by".to_owned() } else { format!("{} times, first by", self.count) };
        let seconds = self.t_ns as f64 / 1e9;
        let Evidence { comm, tid, number, recording, .. } = self;
        write!(f, "{times} {comm} ({tid}), call {number} of {recording}, at {seconds:.3} s")
    }
}

/// One call of one architecture.
#[derive(Debug, Clone)]
pub struct Seen {
    pub arch: Arch,
    /// As the register held it.
    pub nr: u64,
    pub evidence: Evidence,
    /// The lower half of the argument that rules may look at, by value. Empty: there is none.
    pub values: BTreeMap<u32, Evidence>,
    /// There were more values than are kept.
    pub many: bool,
}

/// All that was seen in the recordings given so far.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    seen: BTreeMap<(usize, u64), Seen>,
    recording: String,
    calls: u64,
    tasks: HashMap<TaskId, (i32, String)>,
    recordings: Vec<String>,
}

impl Gathered {
    /// The batches from here on are of this recording.
    pub fn begin(&mut self, recording: &str) {
        self.recording = recording.escape_debug().to_string();
        self.recordings.push(self.recording.clone());
        self.calls = 0;
        self.tasks.clear();
    }

    pub fn batch(&mut self, batch: &Batch) {
        for (event, next) in batch.events.iter().zip(batch.events.iter().skip(1).map(Some).chain([None])) {
            // What the vDSO answered was no call.
            if let Some(Event { task, kind: EventKind::Exit(exit), .. }) = next
                && *task == event.task
                && exit.marks.has(Marks::VDSO)
            {
                continue;
            }
            match &event.kind {
                EventKind::NewTask(new) => {
                    let comm = new.image.as_ref().map_or(&new.comm, |image| &image.comm);
                    self.tasks.insert(event.task, (new.tid, shown(comm)));
                }
                EventKind::Exec(exec) => {
                    self.tasks.entry(event.task).or_default().1 = shown(&exec.comm);
                }
                EventKind::Enter(enter) => self.enter(event.task, event.t_ns, enter),
                _ => {}
            }
        }
    }

    fn enter(&mut self, task: TaskId, t_ns: u64, enter: &Enter) {
        self.calls += 1;
        let nr = enter.nr & u64::from(u32::MAX);
        let (recording, number, tasks) = (&self.recording, self.calls, &self.tasks);
        let evidence = || {
            let (tid, comm) = tasks.get(&task).cloned().unwrap_or_default();
            Evidence { count: 0, recording: recording.clone(), number, t_ns, tid, comm }
        };
        let seen = self.seen.entry((enter.arch as usize, nr)).or_insert_with(|| Seen {
            arch: enter.arch,
            nr,
            evidence: evidence(),
            values: BTreeMap::new(),
            many: false,
        });
        seen.evidence.count += 1;
        let Some(index) = names::name(enter.arch, nr).and_then(scalar) else { return };
        let value = enter.args[usize::from(index)] as u32;
        if let Some(evidence) = seen.values.get_mut(&value) {
            evidence.count += 1;
        } else if seen.values.len() < MAX_VALUES {
            seen.values.insert(value, Evidence { count: 1, ..evidence() });
        } else {
            seen.many = true;
        }
    }

    /// Every call, by architecture and number.
    pub fn seen(&self) -> impl Iterator<Item = &Seen> {
        self.seen.values()
    }

    pub fn recordings(&self) -> &[String] {
        &self.recordings
    }

    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }
}

fn shown(comm: &[u8]) -> String {
    String::from_utf8_lossy(comm).escape_debug().to_string()
}
