//! What the source has told: the program, its rows, its counts, and how it went on.
//! Left out: how any of it is looked at.

use std::collections::{HashSet, VecDeque};

use super::hold::Holds;
use super::modes::Modes;
use crate::model::{Batch, CallRow, Changes, EventKind, Marks, Origin, RowKind, Store, TaskEnd, TaskId};
use crate::patterns::{Finding, Patterns, Severity};
use crate::session::TemporaryFile;
use crate::source::{At, End, Floor, Held, Started, VdsoMode};
use crate::stats::{Histogram, Processes};
use crate::symbols::{Location, Spaces};

/// Length of the window over which calls per second are counted, in milliseconds.
const RATE_WINDOW_MS: u64 = 1_000;

/// Where the session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was heard yet.
    Waiting,
    Live,
    /// Tracing stopped, the program runs on.
    Detached,
    Ended(End),
    /// The source broke; the sentence that it left.
    Failed(String),
}

/// How the process that was started goes on; those that it made may live longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    Running,
    /// By a signal, until SIGCONT.
    Stopped,
    /// Over, while tasks that it left behind run on.
    Outlived {
        end: TaskEnd,
        tasks: usize,
    },
}

/// How many processes live that come from the command, and how many from what was attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Families {
    pub launched: usize,
    pub attached: usize,
}

/// Everything known about the observed program.
#[derive(Debug)]
pub struct Session {
    pub started: Option<Started>,
    pub phase: Phase,
    pub store: Store,
    pub histogram: Histogram,
    pub patterns: Patterns,
    /// Findings that are more than a note, as of the last `count_remarks`.
    pub remarks: usize,
    pub processes: Processes,
    pub holds: Holds,
    /// How much of a file has been read and how long it is, in bytes, while there is more to read.
    pub progress: Option<(u64, u64)>,
    /// How the vDSO of the programs is now.
    pub vdso: VdsoMode,
    /// How it is to be, as was asked last.
    pub vdso_asked: VdsoMode,
    /// What was seen in each mode.
    pub modes: Modes,
    /// What is mapped where, as of the newest row.
    spaces: Spaces,
    /// The last that the first task did was to be stopped.
    stopped: bool,
    /// When `Started` came, and when the last message did, in milliseconds of the view's clock.
    began_ms: u64,
    over_ms: Option<u64>,
    /// Calls counted at moments of the last second: (time, calls).
    samples: VecDeque<(u64, u64)>,
    /// Time of the newest row, in nanoseconds.
    newest_ns: u64,
}

impl Session {
    pub fn new() -> Session {
        Session {
            started: None,
            phase: Phase::Waiting,
            store: Store::new(),
            histogram: Histogram::default(),
            patterns: Patterns::default(),
            remarks: 0,
            processes: Processes::default(),
            holds: Holds::default(),
            progress: None,
            vdso: VdsoMode::Natural,
            vdso_asked: VdsoMode::Natural,
            modes: Modes::new(VdsoMode::Natural),
            spaces: Spaces::default(),
            stopped: false,
            began_ms: 0,
            over_ms: None,
            samples: VecDeque::new(),
            newest_ns: 0,
        }
    }

    /// A session of whose rows about so many bytes are in memory, the rest in a file.
    pub fn within(memory: Option<u64>) -> Session {
        let mut session = Session::new();
        if let Some(budget) = memory {
            session.store = Store::with_spill(budget, Box::new(TemporaryFile::new()));
        }
        session
    }

    pub fn start(&mut self, started: Started, now_ms: u64) {
        self.vdso = started.vdso;
        self.vdso_asked = started.vdso;
        self.modes = Modes::new(started.vdso);
        self.started = Some(started);
        self.phase = Phase::Live;
        self.began_ms = now_ms;
    }

    /// Takes a batch into store and counts; what changed, for the views that keep an index.
    pub fn append(&mut self, batch: &Batch) -> Changes {
        let changes = self.store.append(batch);
        let holds = &self.holds;
        self.histogram.update_timed(&self.store, &changes, |seq, call| !made_to_wait(holds, seq, call));
        self.patterns.update_timed(&self.store, &changes, |seq, call| !made_to_wait(holds, seq, call));
        self.spaces.update(&self.store, &changes);
        self.processes.update(&self.store, &changes);
        self.modes.update(&self.store, &changes);
        if let Some(event) = batch.events.iter().rfind(|event| event.task == TaskId(0)) {
            self.stopped = matches!(event.kind, EventKind::GroupStop { .. });
        }
        if let Some(event) = batch.events.first() {
            self.holds.event(event.t_ns);
        }
        if self.holds.active() {
            for event in batch.events.iter().filter(|event| matches!(event.kind, EventKind::TaskEnd(_))) {
                self.holds.end(event.task);
            }
        }
        if let Some(event) = batch.events.last() {
            self.newest_ns = self.newest_ns.max(event.t_ns);
        }
        changes
    }

    /// A task waits for the user; the row that it waits at. None for a task that nothing is known of.
    pub fn hold(&mut self, held: Held) -> Option<u64> {
        let seq = self.store.task(held.task)?.latest?;
        let row = self.store.row(seq)?;
        let since_ns = match (&row.kind, held.at) {
            (_, At::Entry) => row.t_ns,
            (RowKind::Call(call), At::Exit) => call.t_exit_ns,
            _ => self.newest_ns,
        };
        self.holds.hold(held, seq, since_ns);
        Some(seq)
    }

    /// The call took longer because sysview made it wait, so its time is not shown as its own.
    pub fn made_to_wait(&self, seq: u64, call: &CallRow) -> bool {
        made_to_wait(&self.holds, seq, call)
    }

    /// Time of the newest row, in nanoseconds.
    pub fn newest_ns(&self) -> u64 {
        self.newest_ns
    }

    /// Tasks that have not ended. Looks at all of them.
    pub fn living(&self) -> usize {
        self.store.tasks().iter().filter(|task| task.ended.is_none()).count()
    }

    /// Where the living processes come from. Looks at all tasks.
    pub fn families(&self) -> Families {
        let mut families = Families::default();
        let tasks = self.store.tasks();
        // A task's parent has a smaller number, unless nothing is known of it.
        let mut attached: Vec<bool> = Vec::with_capacity(tasks.len());
        let mut seen: HashSet<i32> = HashSet::new();
        for task in tasks {
            let parent = task.parent.and_then(|parent| attached.get(parent.0 as usize).copied());
            let from_outside = task.origin == Origin::Attach || parent.unwrap_or(false);
            attached.push(from_outside);
            if task.ended.is_none() && seen.insert(task.tgid) {
                match from_outside {
                    true => families.attached += 1,
                    false => families.launched += 1,
                }
            }
        }
        families
    }

    /// The source can hold, catch and change: a program runs and is traced.
    pub fn traced(&self) -> bool {
        self.phase == Phase::Live && self.live()
    }

    /// The library and offset of an address that a row of the task holds; None if nothing is known to be mapped there.
    pub fn locate(&self, seq: u64, task: TaskId, address: u64) -> Option<Location> {
        self.spaces.locate_at(task, seq, address)
    }

    pub fn leave_phase(&mut self, phase: Phase, now_ms: u64) {
        // The end of a program that we no longer trace says nothing about the trace, but it is worth showing.
        self.phase = phase;
        self.progress = None;
        self.holds.release_all();
        self.over_ms.get_or_insert(now_ms);
        self.count_remarks();
    }

    /// What is remarkable so far.
    pub fn findings(&self) -> Vec<Finding> {
        let all = self.started.as_ref().is_none_or(|started| started.only.is_none());
        self.patterns.findings(&self.store, all)
    }

    /// Counts anew what is more than a note.
    pub fn count_remarks(&mut self) {
        self.remarks = self.findings().iter().filter(|finding| finding.severity > Severity::Note).count();
    }

    /// A program runs that the user could type to, kill or hand over.
    pub fn running(&self) -> bool {
        matches!(self.phase, Phase::Live | Phase::Detached) && self.live()
    }

    /// How the process that was started goes on. Looks at every task only once that process is over.
    pub fn root(&self) -> Root {
        let tasks = self.store.tasks();
        let Some(first) = tasks.first() else { return Root::Running };
        if first.ended.is_none() {
            return if self.stopped { Root::Stopped } else { Root::Running };
        }
        // The first thread may be gone before the others are, or another may have taken its number by an exec.
        let leader = tasks.iter().rfind(|t| t.tgid == first.tgid && t.is_leader());
        let living = || tasks.iter().filter(|t| t.ended.is_none());
        match leader.and_then(|t| t.ended) {
            Some((_, end)) if living().next().is_some() && living().all(|t| t.tgid != first.tgid) => {
                Root::Outlived { end, tasks: living().count() }
            }
            _ => Root::Running,
        }
    }

    /// No row will come any more: the program or the recording is at its end.
    pub fn over(&self) -> bool {
        matches!(self.phase, Phase::Ended(_) | Phase::Failed(_))
    }

    /// The source is a program and no recording.
    pub fn live(&self) -> bool {
        self.started.as_ref().is_some_and(|s| s.live)
    }

    /// Its processes ran before, and run on when the view is left.
    pub fn attached(&self) -> bool {
        self.started.as_ref().is_some_and(|s| s.attached)
    }

    /// The program's terminal is ours to show.
    pub fn has_terminal(&self) -> bool {
        self.started.as_ref().is_some_and(|s| s.has_terminal)
    }

    /// What tracing adds to a call here, if it was measured.
    pub fn floor(&self) -> Option<Floor> {
        self.started.as_ref()?.floor.filter(|floor| floor.least_ns() > 0)
    }

    pub fn end(&self) -> Option<End> {
        match self.phase {
            Phase::Ended(end) => Some(end),
            _ => None,
        }
    }

    /// Time since the start, or of the recording, in milliseconds.
    pub fn elapsed_ms(&self, now_ms: u64) -> u64 {
        if self.live() {
            self.over_ms.unwrap_or(now_ms).saturating_sub(self.began_ms)
        } else {
            self.newest_ns / 1_000_000
        }
    }

    pub fn sample(&mut self, now_ms: u64) {
        self.samples.push_back((now_ms, self.histogram.calls()));
        while self.samples.len() > 2 && self.samples[1].0 + RATE_WINDOW_MS <= now_ms {
            self.samples.pop_front();
        }
    }

    /// Calls per second over the last second, while the trace grows.
    pub fn rate(&self) -> Option<u64> {
        let (&(t0, n0), &(t1, n1)) = (self.samples.front()?, self.samples.back()?);
        let ms = t1.checked_sub(t0).filter(|&ms| ms >= 100)?;
        (self.phase == Phase::Live).then_some((n1 - n0) * 1_000 / ms)
    }

    /// More than one process was seen, so rows name theirs.
    pub fn several_tasks(&self) -> bool {
        self.store.tasks().len() > 1
    }
}

fn made_to_wait(holds: &Holds, seq: u64, call: &CallRow) -> bool {
    call.marks.has(Marks::DELAYED) || holds.was_at_entry(seq)
}

impl Default for Session {
    fn default() -> Session {
        Session::new()
    }
}
