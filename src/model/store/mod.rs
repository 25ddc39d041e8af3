//! The store: every event of the session as rows, in chunks of 65,536, with the bytes that were copied.
//!
//! A call is one row: made at entry, completed in place at exit. Everything else is a row of its own. Reading a row
//! costs the same wherever it stands, so a frame's cost does not grow with the trace.
//! Left out: spilling to disk.

mod index;
mod memory;
mod row;

pub use index::Index;
pub use memory::{CallView, Memory, Piece};
pub use row::{CallRow, Row, RowKind};

use std::collections::HashMap;
use std::ops::{Deref, Range};
use std::sync::Arc;

use super::Interrupted;
use super::event::*;
use super::files::{Files, shares};
use super::names;
use super::task::Task;

/// Rows per chunk.
pub const CHUNK_ROWS: usize = 65_536;

/// A row with what was copied at its entry and its exit: ranges of its chunk's regions.
#[derive(Debug)]
struct Stored {
    row: Row,
    entry: Range<u32>,
    exit: Range<u32>,
}

#[derive(Debug, Default)]
struct Chunk {
    rows: Vec<Stored>,
    regions: Vec<Region>,
    bytes: Vec<u8>,
    index: Index,
}

/// The index of a chunk, as it was when it was asked for.
#[derive(Debug)]
pub struct IndexRef<'a>(&'a Index);

impl Deref for IndexRef<'_> {
    type Target = Index;

    fn deref(&self) -> &Index {
        self.0
    }
}

/// The call of a row, held so that its memory can be read: `view` shows both.
#[derive(Debug)]
pub struct Call<'a> {
    call: CallRow,
    restarts: Option<u64>,
    entry: Memory<'a>,
    exit: Memory<'a>,
}

impl Call<'_> {
    pub fn view(&self) -> CallView<'_> {
        CallView {
            arch: self.call.arch,
            nr: self.call.nr,
            args: &self.call.args,
            ip: self.call.ip,
            sp: self.call.sp,
            outcome: self.call.outcome,
            marks: self.call.marks,
            restarts: self.restarts,
            entry: self.entry,
            exit: self.exit,
        }
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

/// All rows and tasks of a session.
#[derive(Debug, Default)]
pub struct Store {
    chunks: Vec<Chunk>,
    tasks: Vec<Task>,
    interrupted: Interrupted,
    files: Files,
    /// What the few rows of restart_syscall(2) restart, by row.
    restarts: HashMap<u64, u64>,
    len: u64,
}

impl Store {
    pub fn new() -> Store {
        Store::default()
    }

    /// Number of rows.
    pub fn len(&self) -> u64 {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A copy of a row: what is large is shared.
    pub fn row(&self, seq: u64) -> Option<Row> {
        let seq = usize::try_from(seq).ok()?;
        Some(self.chunks.get(seq / CHUNK_ROWS)?.rows.get(seq % CHUNK_ROWS)?.row.clone())
    }

    /// Number of chunks; every one but the last has `CHUNK_ROWS` rows.
    pub fn chunks(&self) -> usize {
        self.chunks.len()
    }

    /// Which rows of a chunk are of a call, a task, an error, a descriptor. The last chunk's grows, and a call that comes
    /// back later (`Changes::completed`) is added to the errors and descriptors of its own.
    pub fn index(&self, chunk: usize) -> Option<IndexRef<'_>> {
        self.chunks.get(chunk).map(|chunk| IndexRef(&chunk.index))
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

    /// The call of a row with its memory; None if the row is no call.
    pub fn call(&self, seq: u64) -> Option<Call<'_>> {
        let index = usize::try_from(seq).ok()?;
        let chunk = self.chunks.get(index / CHUNK_ROWS)?;
        let stored = chunk.rows.get(index % CHUNK_ROWS)?;
        let RowKind::Call(call) = stored.row.kind else { return None };
        let memory = |range: &Range<u32>| Memory {
            regions: chunk.regions.get(range.start as usize..range.end as usize).unwrap_or_default(),
            bytes: &chunk.bytes,
        };
        Some(Call {
            call,
            restarts: self.restarts.get(&seq).copied(),
            entry: memory(&stored.entry),
            exit: memory(&stored.exit),
        })
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
        let mut entry = 0..0;
        let kind = match &event.kind {
            EventKind::Enter(enter) => {
                let seq = self.len;
                entry = self.copy_regions(seq, batch, &enter.regions);
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
            EventKind::Exit(exit) => return self.complete(batch, event, exit, changes),
            EventKind::Signal(signal) => RowKind::Signal(signal.clone()),
            EventKind::GroupStop { signal } => RowKind::GroupStop { signal: *signal },
            EventKind::Exec(exec) => {
                self.files.executed(event.task, event.t_ns, exec);
                let leader = exec.former.map(|leader| self.task(leader).map(|leader| leader.ns.clone()));
                if let Some(task) = self.tasks.get_mut(event.task.0 as usize) {
                    task.rename(self.len, &exec.comm);
                    task.exe.clone_from(&exec.path);
                    task.vdso = exec.vdso.clone();
                    task.maps.clone_from(&exec.maps);
                    if let Some(numbers) = leader {
                        task.take_numbers_of(numbers);
                    }
                }
                RowKind::Exec(Arc::new(exec.as_ref().clone()))
            }
            EventKind::NewTask(new) => {
                let making = new.parent.and_then(|parent| self.task(parent)?.open_call);
                let making = making.and_then(|seq| self.call(seq));
                let shared = shares(making.as_ref().map(Call::view).as_ref(), new.origin == Origin::Thread);
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
        let place = (self.len % CHUNK_ROWS as u64) as u32;
        let chunk = self.chunk_for(self.len);
        match &row.kind {
            RowKind::Call(call) => chunk.index.enter(place, row.task, call.arch, call.nr, &call.args),
            _ => chunk.index.add(place, row.task),
        }
        chunk.rows.push(Stored { row, entry, exit: 0..0 });
        self.len += 1;
    }

    fn chunk_for(&mut self, seq: u64) -> &mut Chunk {
        let index = seq as usize / CHUNK_ROWS;
        if index == self.chunks.len() {
            self.chunks.push(Chunk::default());
        }
        &mut self.chunks[index]
    }

    pub(super) fn task_mut(&mut self, id: TaskId) -> Option<&mut Task> {
        self.tasks.get_mut(id.0 as usize)
    }

    fn add_task(&mut self, event: &Event, new: &NewTask) {
        // Ids count up in order of appearance; a gap would be a bug of the source, filled so that nothing is lost.
        while self.tasks.len() < event.task.0 as usize {
            let id = TaskId(self.tasks.len() as u32);
            self.tasks.push(unknown_task(id));
        }
        let parents = || new.parent.and_then(|p| self.task(p)).map(|t| (t.exe.clone(), t.vdso.clone(), t.maps.clone()));
        let image = new.image.as_ref().map(|image| (image.path.clone(), image.vdso.clone(), image.maps.clone()));
        let (exe, vdso, maps) = image.or_else(parents).unwrap_or_default();
        let task = Task {
            id: event.task,
            tid: new.tid,
            tgid: new.tgid,
            parent: new.parent,
            origin: new.origin,
            comm: new.comm.clone(),
            ns: new.ns.clone(),
            former_comms: Vec::new(),
            exe,
            vdso,
            maps,
            started_ns: event.t_ns,
            ended: None,
            open_call: None,
            latest: None,
            calls: 0,
            errors: 0,
        };
        match self.tasks.get_mut(event.task.0 as usize) {
            Some(slot) => *slot = task,
            None => self.tasks.push(task),
        }
    }

    fn complete(&mut self, batch: &Batch, event: &Event, exit: &Exit, changes: &mut Changes) {
        let Some(task) = self.tasks.get_mut(event.task.0 as usize) else { return };
        let Some(seq) = task.open_call.take() else { return };
        task.latest = Some(seq);
        let regions = self.copy_regions(seq, batch, &exit.regions);
        let index = seq as usize;
        let chunk = &mut self.chunks[index / CHUNK_ROWS];
        let stored = &mut chunk.rows[index % CHUNK_ROWS];
        if let RowKind::Call(call) = &mut stored.row.kind {
            self.interrupted.note(event.task, call.arch, call.nr, exit.outcome);
            call.outcome = Some(exit.outcome);
            call.marks = exit.marks;
            call.t_exit_ns = event.t_ns;
            stored.exit = regions;
            chunk.index.exit((index % CHUNK_ROWS) as u32, call);
            let failed = call.errno().is_some();
            self.tasks[event.task.0 as usize].errors += u64::from(failed);
            changes.completed.push(seq);
            if names::may_rename(call) {
                self.follow_name(seq, event.task);
            }
        }
        // Out of the way while the row is looked at.
        let mut files = std::mem::take(&mut self.files);
        if let Some(call) = self.call(seq) {
            files.exited(event.task, seq, event.t_ns, &call.view());
        }
        self.files = files;
    }

    /// Copies regions into the chunk of row `seq`, so that a row never points out of its own chunk.
    fn copy_regions(&mut self, seq: u64, batch: &Batch, range: &Range<u32>) -> Range<u32> {
        let regions = batch.regions.get(range.start as usize..range.end as usize).unwrap_or_default();
        let chunk = self.chunk_for(seq);
        let first = chunk.regions.len() as u32;
        for region in regions {
            let start = chunk.bytes.len() as u32;
            chunk.bytes.extend_from_slice(batch.region_bytes(region));
            chunk.regions.push(Region { start, ..*region });
        }
        first..chunk.regions.len() as u32
    }
}

fn unknown_task(id: TaskId) -> Task {
    Task {
        id,
        tid: 0,
        tgid: 0,
        parent: None,
        origin: Origin::Attach,
        comm: Vec::new(),
        ns: PidNamespace::default(),
        former_comms: Vec::new(),
        exe: Vec::new(),
        vdso: VdsoState::Unknown,
        maps: Vec::new(),
        started_ns: 0,
        ended: None,
        open_call: None,
        latest: None,
        calls: 0,
        errors: 0,
    }
}
