//! The store: every event of the session as rows, with the bytes that were copied.
//!
//! A call is one row: made at entry, completed in place at exit. Everything else is a row of its own. The newest 65,536
//! rows stand as they came (`recent`); older ones are packed by the segment (`packed`), and beyond a budget of memory the
//! oldest segments go to a file (`older`, `Spill`), from where they are read back as needed. Reading a row costs the same
//! however long the trace is, so a frame's cost does not grow with it. Nothing is dropped: while the file has no room,
//! the view takes no events, which holds the program.
//! Left out: the file, and rows by what they mean (`query`).

mod call;
mod index;
mod late;
mod memory;
mod numbers;
mod older;
mod pack;
mod packed;
mod recent;
mod row;
mod tasks;

pub use call::Call;
pub use index::Index;
pub use memory::{CallView, Memory, Piece};
pub use older::{Spill, Spilled};
pub use row::{CallRow, Row, RowKind};

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::ops::{Deref, Range};
use std::sync::Arc;

use super::Interrupted;
use super::event::*;
use super::files::{Files, shares};
use super::names;
use super::task::Task;
use call::Part;
use late::{Copied, Late, Open};
use older::Older;
use pack::Packer;
use recent::{Recent, SEGMENT_ROWS, Stored};

/// Rows per chunk, of which each has an index.
pub const CHUNK_ROWS: usize = 65_536;
/// Segments that stand as they came. Most calls come back while their row is among these.
const RECENT: usize = CHUNK_ROWS / SEGMENT_ROWS;

/// The index of a chunk, as it was when it was asked for.
#[derive(Debug)]
pub struct IndexRef<'a>(&'a Index);

impl Deref for IndexRef<'_> {
    type Target = Index;

    fn deref(&self) -> &Index {
        self.0
    }
}

/// What an append changed.
#[derive(Debug, Default, Clone)]
pub struct Changes {
    /// Rows that are new.
    pub added: Range<u64>,
    /// Call rows that were completed, in order of completion; they may be among the added ones.
    pub completed: Vec<u64>,
}

/// Where the rows are, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    pub memory: u64,
    pub disk: u64,
}

/// All rows and tasks of a session.
#[derive(Debug, Default)]
pub struct Store {
    older: Older,
    recent: VecDeque<Recent>,
    packer: Packer,
    late: Late,
    /// Rows of programs and tasks that are not among the recent ones.
    kept: HashMap<u64, RowKind>,
    indexes: Vec<Index>,
    /// What the indexes of whole chunks take in memory, in bytes.
    index_size: u64,
    tasks: Vec<Task>,
    interrupted: Interrupted,
    files: Files,
    /// What the few rows of restart_syscall(2) restart, by row.
    restarts: HashMap<u64, u64>,
    len: u64,
    /// Time of the newest row when `forget` was asked for last.
    forgotten_ns: u64,
    /// Bytes beyond which rows go to a file; None without one.
    budget: Option<u64>,
}

impl Store {
    /// A store that keeps everything in memory.
    pub fn new() -> Store {
        Store::default()
    }

    /// A store of which no more than about `budget` bytes are in memory, and the rest is where `spill` writes it.
    pub fn with_spill(budget: u64, spill: Box<dyn Spill>) -> Store {
        Store { older: Older::new(spill), budget: Some(budget), ..Store::default() }
    }

    /// Number of rows.
    pub fn len(&self) -> u64 {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A copy of a row: what is large is shared. None beyond the end, and if the disk does not give it back (`lost`).
    pub fn row(&self, seq: u64) -> Option<Row> {
        match self.place(seq)? {
            Place::Recent(stored, _) => Some(stored.row.clone()),
            Place::Older(segment, index) => {
                let row = self.older.get(segment)?.row(index, false)?;
                let kind = match (row.kind, self.late.back(seq)) {
                    (Some(_), Some(back)) => RowKind::Call(back.call),
                    (Some(kind), None) => kind,
                    (None, _) => self.kept.get(&seq)?.clone(),
                };
                Some(Row { task: row.task, t_ns: row.t_ns, kind })
            }
        }
    }

    /// The call of a row with its memory; None if the row is no call or not to be had (as in `row`).
    pub fn call(&self, seq: u64) -> Option<Call<'_>> {
        let restarts = self.restarts.get(&seq).copied();
        match self.place(seq)? {
            Place::Recent(stored, segment) => {
                let RowKind::Call(call) = stored.row.kind else { return None };
                let part = |range| Part::Here(segment.memory(range));
                Some(Call { call, restarts, entry: part(&stored.entry), exit: part(&stored.exit) })
            }
            Place::Older(segment, index) => {
                let packed = self.older.get(segment)?;
                let row = packed.row(index, true)?;
                let Some(RowKind::Call(call)) = row.kind else { return None };
                let entry = Part::Packed(row.entry, packed.clone());
                Some(match self.late.back(seq) {
                    Some(back) => Call { call: back.call, restarts, entry, exit: Part::Here(back.exit.memory()) },
                    None => Call { call, restarts, entry, exit: Part::Packed(row.exit, packed) },
                })
            }
        }
    }

    /// Number of chunks; every one but the last has `CHUNK_ROWS` rows.
    pub fn chunks(&self) -> usize {
        self.indexes.len()
    }

    /// Which rows of a chunk are of a call, a task, an error, a descriptor. The last chunk's grows, and a call that comes
    /// back later (`Changes::completed`) is added to the errors and descriptors of its own.
    pub fn index(&self, chunk: usize) -> Option<IndexRef<'_>> {
        self.indexes.get(chunk).map(IndexRef)
    }

    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// What descriptors were, and where tasks stood, at any time.
    pub fn files(&self) -> &Files {
        &self.files
    }

    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get(id.0 as usize)
    }

    /// How much of it is where.
    pub fn usage(&self) -> Usage {
        Usage { memory: self.older.in_memory() + self.besides(), disk: self.older.on_disk() }
    }

    /// Why rows that should be on disk are still in memory, if that is so. Whoever feeds the store takes no batch then, so
    /// that memory keeps its bound, and calls `make_room` now and then.
    pub fn no_room(&self) -> Option<&io::Error> {
        self.older.refused()
    }

    /// Tries once more to write what found no room; true if there is room now.
    pub fn make_room(&mut self) -> bool {
        self.spill();
        self.no_room().is_none()
    }

    /// Why rows could not be read back, if that ever happened.
    pub fn lost(&self) -> Option<String> {
        self.older.lost()
    }

    /// Takes a batch in the order in which the engine made it.
    pub fn append(&mut self, batch: &Batch) -> Changes {
        let mut changes = Changes { added: self.len..self.len, completed: Vec::new() };
        for event in &batch.events {
            self.append_event(batch, event, &mut changes);
        }
        changes.added.end = self.len;
        changes
    }

    fn append_event(&mut self, batch: &Batch, event: &Event, changes: &mut Changes) {
        if let EventKind::Exit(exit) = &event.kind {
            return self.complete(batch, event, exit, changes);
        }
        self.begin_row();
        let mut entry = 0..0;
        let kind = match &event.kind {
            EventKind::Enter(enter) => {
                let seq = self.len;
                entry = self.newest().copy(batch, &enter.regions);
                if let Some(nr) = self.interrupted.by(event.task, enter) {
                    self.restarts.insert(seq, nr);
                }
                self.files.entered(event.task, event.t_ns, enter);
                if let Some(task) = self.tasks.get_mut(event.task.0 as usize) {
                    task.open_call = Some(seq);
                    task.calls += 1;
                }
                RowKind::Call(CallRow {
                    arch: enter.arch,
                    nr: enter.nr,
                    args: enter.args,
                    ip: enter.ip,
                    sp: enter.sp,
                    outcome: None,
                    marks: Marks::NONE,
                    t_exit_ns: 0,
                })
            }
            EventKind::Exit(_) => return,
            EventKind::Signal(signal) => RowKind::Signal(signal.clone()),
            EventKind::GroupStop { signal } => RowKind::GroupStop { signal: *signal },
            EventKind::Exec(exec) => {
                self.files.executed(event.task, event.t_ns, exec);
                self.execed(event.task, exec);
                RowKind::Exec(Arc::new(exec.as_ref().clone()))
            }
            EventKind::NewTask(new) => {
                let making = new.parent.and_then(|parent| self.task(parent)?.open_call);
                let making = making.and_then(|seq| self.call(seq));
                let shared = shares(making.as_ref().map(Call::view).as_ref(), new.origin == Origin::Thread);
                drop(making);
                self.files.began(event.task, event.t_ns, new, shared);
                self.add_task(event, new);
                RowKind::NewTask(Arc::new(new.as_ref().clone()))
            }
            EventKind::TaskEnd(end) => {
                if let Some(task) = self.tasks.get_mut(event.task.0 as usize) {
                    task.ended = Some((event.t_ns, *end));
                }
                self.interrupted.forget(event.task);
                RowKind::TaskEnd(*end)
            }
            EventKind::Warning(warning) => RowKind::Warning(*warning),
        };
        if let Some(task) = self.tasks.get_mut(event.task.0 as usize) {
            task.latest = Some(self.len);
        }
        let row = Row { task: event.task, t_ns: event.t_ns, kind };
        if let Some(index) = self.indexes.last_mut() {
            let place = (self.len % CHUNK_ROWS as u64) as u32;
            match &row.kind {
                RowKind::Call(call) => index.enter(place, row.task, call.arch, call.nr, &call.args),
                kind => {
                    index.add(place, row.task);
                    kind.unlogged().into_iter().for_each(|nr| index.count(place, nr));
                }
            }
        }
        self.newest().rows.push(Stored { row, entry, exit: 0..0 });
        self.len += 1;
    }

    /// Frees the packed rows before row `before`, but for those around a call that goes on, and what is known of no later
    /// row's time; all that is gone then. For who looks at each row once, and asks for this after each stretch.
    pub fn forget(&mut self, before: u64) {
        let whole = usize::try_from(before).map_or(0, |before| before / SEGMENT_ROWS);
        let open = self.tasks.iter().filter_map(|task| task.open_call);
        let needed: HashSet<usize> = open.map(|seq| seq as usize / SEGMENT_ROWS).collect();
        self.older.forget(whole, |segment| needed.contains(&segment));
        let chunks = (whole / RECENT).min(self.indexes.len().saturating_sub(1));
        for index in &mut self.indexes[..chunks] {
            self.index_size = self.index_size.saturating_sub(std::mem::take(index).size());
        }
        self.late.forget(before);
        self.kept.retain(|seq, _| *seq >= before);
        self.restarts.retain(|seq, _| *seq >= before);
        // Events of different tasks can come a little out of order: times up to the last stretch are kept.
        let newest_ns = before.checked_sub(1).and_then(|last| self.row(last)).map_or(0, |row| row.t_ns);
        let until_ns = std::mem::replace(&mut self.forgotten_ns, newest_ns).min(newest_ns);
        let since = |task: &Task| {
            let gone = task.open_call.is_none() && task.ended.is_some_and(|(t_ns, _)| t_ns < until_ns);
            let entered = task.open_call.and_then(|seq| self.row(seq)).map(|row| row.t_ns);
            (!gone).then(|| entered.unwrap_or(until_ns).min(until_ns))
        };
        let since: Vec<Option<u64>> = self.tasks.iter().map(since).collect();
        self.files.forget(&since);
    }

    fn complete(&mut self, batch: &Batch, event: &Event, exit: &Exit, changes: &mut Changes) {
        let Some(task) = self.tasks.get_mut(event.task.0 as usize) else { return };
        let Some(seq) = task.open_call.take() else { return };
        task.latest = Some(seq);
        let ended =
            |call: CallRow| CallRow { outcome: Some(exit.outcome), marks: exit.marks, t_exit_ns: event.t_ns, ..call };
        let (open, outcome) = (self.late.take(seq), exit.outcome);
        let (call, entry, exit) = match &open {
            Some(open) => {
                let back = self.late.came_back(seq, ended(open.call), batch, &exit.regions);
                (back.call, open.entry.memory(), back.exit.memory())
            }
            None => {
                let (segment, index) = (seq as usize / SEGMENT_ROWS, seq as usize % SEGMENT_ROWS);
                let Some(segment) = segment.checked_sub(self.older.len()).and_then(|at| self.recent.get_mut(at)) else {
                    return;
                };
                let regions = segment.copy(batch, &exit.regions);
                let Some(stored) = segment.rows.get_mut(index) else { return };
                let RowKind::Call(call) = &mut stored.row.kind else { return };
                *call = ended(*call);
                stored.exit = regions;
                let (call, stored) = (*call, &segment.rows[index]);
                (call, segment.memory(&stored.entry), segment.memory(&stored.exit))
            }
        };
        changes.completed.push(seq);
        self.interrupted.note(event.task, call.arch, call.nr, outcome);
        if let Some(index) = self.indexes.get_mut(seq as usize / CHUNK_ROWS) {
            index.exit((seq % CHUNK_ROWS as u64) as u32, &call);
        }
        let restarts = self.restarts.get(&seq).copied();
        let view = Call { call, restarts, entry: Part::Here(entry), exit: Part::Here(exit) };
        task.errors += u64::from(call.errno().is_some());
        // What the vDSO answered is no call.
        task.calls -= u64::from(call.marks.has(Marks::VDSO));
        if let Some(comm) = names::given(&call, entry) {
            task.rename(seq + 1, &comm);
        }
        self.files.exited(event.task, seq, event.t_ns, &view.view());
    }

    /// Makes room for the row that comes: the oldest of the recent segments is packed when there are enough newer ones.
    fn begin_row(&mut self) {
        if self.len.is_multiple_of(CHUNK_ROWS as u64) {
            if let Some(whole) = self.indexes.last_mut() {
                whole.compact();
                self.index_size += whole.size();
            }
            self.indexes.push(Index::default());
        }
        if !self.len.is_multiple_of(SEGMENT_ROWS as u64) {
            return;
        }
        let segment = match self.recent.len() {
            RECENT.. => self.recent.pop_front(),
            _ => None,
        };
        let Some(mut segment) = segment else { return self.recent.push_back(Recent::default()) };
        let first = (self.older.len() * SEGMENT_ROWS) as u64;
        for (seq, stored) in (first..).zip(&segment.rows) {
            match &stored.row.kind {
                RowKind::Call(call) if self.goes_on(stored.row.task, seq) => {
                    let entry = Copied::of(segment.memory(&stored.entry));
                    self.late.wait(seq, Open { call: *call, entry });
                }
                kind @ (RowKind::Exec(_) | RowKind::NewTask(_)) => {
                    self.kept.insert(seq, kind.clone());
                }
                _ => {}
            }
        }
        self.older.push(self.packer.pack(&segment));
        segment.clear();
        self.recent.push_back(segment);
        self.spill();
    }

    /// Whether a task is still in the call of a row.
    fn goes_on(&self, task: TaskId, seq: u64) -> bool {
        self.task(task).is_some_and(|task| task.open_call == Some(seq))
    }

    fn spill(&mut self) {
        if let Some(budget) = self.budget {
            self.older.shrink(budget.saturating_sub(self.besides()));
        }
    }

    /// Bytes in memory besides packed segments.
    fn besides(&self) -> u64 {
        let recent: usize = self.recent.iter().map(Recent::size).sum();
        self.index_size + (recent + self.late.size() + self.files.size()) as u64
    }

    fn newest(&mut self) -> &mut Recent {
        let last = self.recent.len() - 1;
        &mut self.recent[last]
    }

    fn place(&self, seq: u64) -> Option<Place<'_>> {
        let seq = usize::try_from(seq).ok()?;
        let (segment, index) = (seq / SEGMENT_ROWS, seq % SEGMENT_ROWS);
        match segment.checked_sub(self.older.len()) {
            None => Some(Place::Older(segment, index)),
            Some(at) => {
                let segment = self.recent.get(at)?;
                Some(Place::Recent(segment.rows.get(index)?, segment))
            }
        }
    }
}

/// Where a row is.
enum Place<'a> {
    Recent(&'a Stored, &'a Recent),
    /// Number of the segment, and of the row in it.
    Older(usize, usize),
}
