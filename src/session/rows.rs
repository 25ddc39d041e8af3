//! Rows that wait to be written: a call's exit joins its entry if that still waits, so that most calls are one row.
//!
//! Every event has a place in the order of its batch. Rows stand in the order of what they began with; the place of a
//! joined exit is kept as its distance from the entry. `places` of `events` is the way back.

use std::collections::HashMap;
use std::ops::Range;

use super::context::{Context, Facts, Paths};
use super::marker::Marker;
use super::pieces::{Copied, Pieces};
use crate::model::{Batch, Event, EventKind, Exec, Marks, Outcome, Region};
use crate::source::{End, Machine};

#[derive(Debug, Default)]
pub(super) struct Rows {
    pub rows: Vec<Row>,
    /// Memory copied at entries, and at exits.
    pub entries: Pieces,
    pub exits: Pieces,
    pub paths: Paths,
    context: Context,
    /// Places given so far.
    places: u32,
    /// Row and place of the call that a task is in, by task.
    open: HashMap<u32, (usize, u32)>,
    /// Roughly what the waiting rows take in memory beyond their fixed size, in bytes; what comes again counts each time,
    /// because it does where the file is read.
    pub payload: usize,
}

#[derive(Debug)]
pub(super) struct Row {
    pub task: Option<u32>,
    pub t_ns: Option<u64>,
    pub system_ns: Option<u64>,
    pub what: What,
    /// The end of the call; of a `What::Event` with an entry in it.
    pub exit: Option<ExitPart>,
    /// Memory copied at entry.
    pub entry: Copied,
    pub facts: Facts,
}

impl Row {
    fn of(what: What) -> Row {
        let (entry, facts) = (Copied::default(), Facts::default());
        Row { task: None, t_ns: None, system_ns: None, what, exit: None, entry, facts }
    }
}

#[derive(Debug)]
pub(super) enum What {
    /// Any event; an exit whose entry was written before is a row of its own.
    Event(EventKind),
    Output(Vec<u8>),
    Marker(Marker),
    Machine(Box<Machine>),
    Ended(End),
}

#[derive(Debug)]
pub(super) struct ExitPart {
    /// Places after the entry; None in a row of its own.
    pub after: Option<u32>,
    pub t_ns: u64,
    pub outcome: Outcome,
    pub marks: Marks,
    pub system_ns: Option<u64>,
    pub memory: Copied,
}

impl Rows {
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn clear(&mut self) {
        self.rows.clear();
        self.entries.clear();
        self.exits.clear();
        self.paths.paths.clear();
        self.paths.cwds.clear();
        self.open.clear();
        self.places = 0;
        self.payload = 0;
    }

    /// Takes the event at `index` of a batch.
    pub fn event(&mut self, batch: &Batch, index: usize) {
        let Some(event) = batch.events.get(index) else { return };
        let system_ns = batch.system_ns.get(index).copied();
        let place = self.places;
        self.places += 1;
        self.payload += payload(batch, event);
        let facts = self.context.event(batch, event, &mut self.paths);
        let task = event.task.0;
        let mut row = Row {
            task: Some(task),
            t_ns: Some(event.t_ns),
            system_ns,
            facts,
            ..Row::of(What::Event(event.kind.clone()))
        };
        match &event.kind {
            EventKind::Enter(enter) => {
                row.entry = self.entries.take(batch, &enter.regions, Some((enter.arch, &enter.args)));
                self.open.insert(task, (self.rows.len(), place));
            }
            EventKind::Exit(exit) => {
                let joined = self.open.remove(&task);
                let entry = joined.and_then(|(row, _)| match &self.rows[row].what {
                    What::Event(EventKind::Enter(enter)) => Some((enter.arch, &enter.args)),
                    _ => None,
                });
                let memory = self.exits.take(batch, &exit.regions, entry);
                let after = joined.map(|(_, entered)| place - entered);
                let (outcome, marks) = (exit.outcome, exit.marks);
                let part = ExitPart { after, t_ns: event.t_ns, outcome, marks, system_ns, memory };
                if let Some((row, _)) = joined {
                    self.rows[row].exit = Some(part);
                    return;
                }
                row.exit = Some(part);
            }
            _ => {}
        }
        self.rows.push(row);
    }

    pub fn output(&mut self, bytes: &[u8], t_ns: Option<u64>) {
        self.payload += bytes.len();
        self.push(Row { t_ns, ..Row::of(What::Output(bytes.to_vec())) });
    }

    pub fn marker(&mut self, marker: Marker, t_ns: Option<u64>) {
        if let Marker::Notice(sentence) = &marker {
            self.payload += sentence.len();
        }
        self.push(Row { t_ns, ..Row::of(What::Marker(marker)) });
    }

    pub fn machine(&mut self, machine: &Machine) {
        self.push(Row { t_ns: Some(0), ..Row::of(What::Machine(Box::new(machine.clone()))) });
    }

    pub fn ended(&mut self, end: End) {
        self.push(Row::of(What::Ended(end)));
    }

    fn push(&mut self, row: Row) {
        self.places += 1;
        self.rows.push(row);
    }
}

fn regions<'a>(batch: &'a Batch, range: &Range<u32>) -> &'a [Region] {
    batch.regions.get(range.start as usize..range.end as usize).unwrap_or_default()
}

fn image(exec: &Exec) -> usize {
    let maps: usize = exec.maps.iter().map(|m| 32 + m.name.len()).sum();
    4096 + exec.path.len() + exec.comm.len() + maps
}

/// What an event takes beyond the fixed size of its row, in bytes.
pub(super) fn payload(batch: &Batch, event: &Event) -> usize {
    let memory = |range| regions(batch, range).iter().map(|r| 32 + r.len as usize).sum();
    match &event.kind {
        EventKind::Enter(enter) => memory(&enter.regions),
        EventKind::Exit(exit) => memory(&exit.regions),
        EventKind::Exec(exec) => image(exec),
        EventKind::NewTask(new) => new.comm.len() + 4 * new.ns.tids.len() + new.image.as_deref().map_or(0, image),
        EventKind::Signal(_) | EventKind::GroupStop { .. } | EventKind::TaskEnd(_) | EventKind::Warning(_) => 0,
    }
}
