//! The store as one would write it without a thought for memory, to compare with; and a disk that can be full.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};

use sysview::model::*;

/// A piece of memory with its address, its true length, and whether reading it ended early.
type Piece = (u64, u64, Vec<u8>, bool);

#[derive(Default)]
pub struct Naive {
    rows: Vec<(Row, Vec<Piece>, Vec<Piece>)>,
    /// The call that each known task is in.
    open: Vec<Option<usize>>,
}

fn pieces<'a>(regions: &[Region], bytes: impl Fn(&Region) -> &'a [u8]) -> Vec<Piece> {
    regions.iter().map(|r| (r.addr, r.true_len, bytes(r).to_vec(), r.fault)).collect()
}

impl Naive {
    pub fn append(&mut self, batch: &Batch) -> Vec<u64> {
        let mut completed = Vec::new();
        for event in &batch.events {
            let memory = |range| pieces(batch.regions_of(range), |region| batch.region_bytes(region));
            let task = event.task.0 as usize;
            let mut entry = Vec::new();
            let kind = match event.kind.clone() {
                EventKind::Exit(exit) => {
                    let Some(seq) = self.open.get_mut(task).and_then(Option::take) else { continue };
                    let RowKind::Call(call) = &mut self.rows[seq].0.kind else { panic!("a call") };
                    call.outcome = Some(exit.outcome);
                    call.marks = exit.marks;
                    call.t_exit_ns = event.t_ns;
                    self.rows[seq].2 = memory(&exit.regions);
                    completed.push(seq as u64);
                    continue;
                }
                EventKind::Enter(Enter { arch, nr, args, ip, sp, regions }) => {
                    entry = memory(&regions);
                    if let Some(open) = self.open.get_mut(task) {
                        *open = Some(self.rows.len());
                    }
                    let (outcome, marks) = (None, Marks::NONE);
                    RowKind::Call(CallRow { arch, nr, args, ip, sp, outcome, marks, t_exit_ns: 0 })
                }
                EventKind::NewTask(new) => {
                    self.open.resize(self.open.len().max(task + 1), None);
                    self.open[task] = None;
                    RowKind::NewTask(Arc::new(*new))
                }
                EventKind::Exec(exec) => RowKind::Exec(Arc::new(*exec)),
                EventKind::Signal(signal) => RowKind::Signal(signal),
                EventKind::GroupStop { signal } => RowKind::GroupStop { signal },
                EventKind::TaskEnd(end) => RowKind::TaskEnd(end),
                EventKind::Warning(warning) => RowKind::Warning(warning),
            };
            self.rows.push((Row { task: event.task, t_ns: event.t_ns, kind }, entry, Vec::new()));
        }
        completed
    }

    pub fn len(&self) -> u64 {
        self.rows.len() as u64
    }

    pub fn row(&self, seq: u64) -> String {
        let (row, entry, exit) = &self.rows[seq as usize];
        format!("{row:?} {entry:?} {exit:?}")
    }

    /// How many rows there are of each call.
    pub fn calls(&self) -> HashMap<(sysview::abi::Arch, u64), u64> {
        let mut calls = HashMap::new();
        for (row, ..) in &self.rows {
            if let RowKind::Call(call) = &row.kind {
                *calls.entry((call.arch, call.nr)).or_default() += 1;
            }
        }
        calls
    }
}

/// A row of the store in the words of `Naive::row`.
pub fn row(store: &Store, seq: u64) -> String {
    let row = store.row(seq).expect("a row");
    let (entry, exit) = match store.call(seq) {
        Some(call) => {
            let view = call.view();
            let RowKind::Call(of_row) = &row.kind else { panic!("{row:?} is no call") };
            assert_eq!((view.arch, view.nr, *view.args, view.ip), (of_row.arch, of_row.nr, of_row.args, of_row.ip));
            assert_eq!((view.sp, view.outcome, view.marks), (of_row.sp, of_row.outcome, of_row.marks));
            let memory = |memory: Memory<'_>| {
                let bytes = memory.bytes;
                pieces(memory.regions, |r| &bytes[r.start as usize..(r.start + r.len) as usize])
            };
            (memory(view.entry), memory(view.exit))
        }
        None => (Vec::new(), Vec::new()),
    };
    format!("{row:?} {entry:?} {exit:?}")
}

/// A disk in memory, of some size.
#[derive(Debug, Clone, Default)]
pub struct Disk(pub Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub struct State {
    pub bytes: Vec<u8>,
    pub room: usize,
    pub reads: usize,
    pub broken: bool,
}

impl Disk {
    pub fn of(room: usize) -> Disk {
        let disk = Disk::default();
        disk.0.lock().expect("unpoisoned").room = room;
        disk
    }
}

impl Spill for Disk {
    fn write(&mut self, piece: &[u8]) -> io::Result<Spilled> {
        let mut state = self.0.lock().expect("unpoisoned");
        let offset = state.bytes.len();
        if offset + piece.len() > state.room {
            return Err(io::ErrorKind::StorageFull.into());
        }
        state.bytes.extend(piece);
        Ok(Spilled { offset: offset as u64, len: piece.len() as u32, size: piece.len() as u32 })
    }

    fn read(&self, piece: Spilled) -> io::Result<Vec<u8>> {
        let mut state = self.0.lock().expect("unpoisoned");
        state.reads += 1;
        if state.broken {
            return Err(io::Error::other("a broken disk"));
        }
        Ok(state.bytes[piece.offset as usize..][..piece.len as usize].to_vec())
    }
}
