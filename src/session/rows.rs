//! Rows that wait to be written: a call's exit joins its entry if that still waits, so that most calls are one row.
//!
//! Every event has a place in the order of its batch. Rows stand in the order of what they began with; the place of a
//! joined exit is kept as its distance from the entry. `places` of `events` is the way back.

use std::collections::HashMap;
use std::ops::Range;

use crate::model::{Batch, Event, EventKind, Exec, Marks, Outcome, Region};
use crate::source::End;

#[derive(Debug, Default)]
pub(super) struct Rows {
    pub rows: Vec<Row>,
    pub regions: Vec<Region>,
    pub bytes: Vec<u8>,
    /// Places given so far.
    places: u32,
    /// Row and place of the call that a task is in, by task.
    open: HashMap<u32, (usize, u32)>,
    /// Roughly what the waiting rows take in memory beyond their fixed size, in bytes.
    pub payload: usize,
}

#[derive(Debug)]
pub(super) struct Row {
    pub task: Option<u32>,
    pub t_ns: Option<u64>,
    pub what: What,
    /// The end of the call; of a `What::Event` with an entry in it.
    pub exit: Option<ExitPart>,
    /// Memory copied at entry.
    pub entry: Range<usize>,
}

#[derive(Debug)]
pub(super) enum What {
    /// Any event; an exit whose entry was written before is a row of its own.
    Event(EventKind),
    Output(Vec<u8>),
    Ended(End),
}

#[derive(Debug)]
pub(super) struct ExitPart {
    /// Places after the entry; None in a row of its own.
    pub after: Option<u32>,
    pub t_ns: u64,
    pub outcome: Outcome,
    pub marks: Marks,
    pub memory: Range<usize>,
}

impl Rows {
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn clear(&mut self) {
        self.rows.clear();
        self.regions.clear();
        self.bytes.clear();
        self.open.clear();
        self.places = 0;
        self.payload = 0;
    }

    pub fn event(&mut self, batch: &Batch, event: &Event) {
        let place = self.places;
        self.places += 1;
        self.payload += payload(batch, event);
        let task = event.task.0;
        let mut entry = 0..0;
        let mut own_exit = None;
        match &event.kind {
            EventKind::Enter(enter) => {
                entry = self.copy(batch, &enter.regions);
                self.open.insert(task, (self.rows.len(), place));
            }
            EventKind::Exit(exit) => {
                let memory = self.copy(batch, &exit.regions);
                let mut part =
                    ExitPart { after: None, t_ns: event.t_ns, outcome: exit.outcome, marks: exit.marks, memory };
                if let Some((row, entered)) = self.open.remove(&task) {
                    part.after = Some(place - entered);
                    self.rows[row].exit = Some(part);
                    return;
                }
                own_exit = Some(part);
            }
            _ => {}
        }
        let what = What::Event(event.kind.clone());
        self.rows.push(Row { task: Some(task), t_ns: Some(event.t_ns), what, exit: own_exit, entry });
    }

    pub fn output(&mut self, bytes: &[u8], t_ns: Option<u64>) {
        self.places += 1;
        self.payload += bytes.len();
        self.rows.push(Row { task: None, t_ns, what: What::Output(bytes.to_vec()), exit: None, entry: 0..0 });
    }

    pub fn ended(&mut self, end: End) {
        self.places += 1;
        self.rows.push(Row { task: None, t_ns: None, what: What::Ended(end), exit: None, entry: 0..0 });
    }

    fn copy(&mut self, batch: &Batch, range: &Range<u32>) -> Range<usize> {
        let first = self.regions.len();
        for region in regions(batch, range) {
            let start = self.bytes.len() as u32;
            self.bytes.extend_from_slice(batch.region_bytes(region));
            self.regions.push(Region { start, ..*region });
        }
        first..self.regions.len()
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
