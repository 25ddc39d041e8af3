//! Which rows of a chunk are of a call, a task, an error, a descriptor: bitmaps that are kept while rows come.
//!
//! A filter that asks for one of these looks at no row. Left out: rows by anything else, and what is between chunks.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hash};

use roaring::RoaringBitmap;

use super::numbers::Quick;
use super::row::CallRow;
use crate::abi::{self, Arch, Arg, Call, Meaning, Ret, Type};
use crate::model::event::{Outcome, TaskId};

/// Rows of one chunk by what they are, each counted from the chunk's first.
#[derive(Debug, Default, Clone)]
pub struct Index {
    calls: Lists<(Arch, u64)>,
    answers: Lists<u64>,
    tasks: Lists<TaskId>,
    errnos: Lists<u16>,
    descriptors: Lists<i32>,
}

impl Index {
    /// Rows of a call; None if it was not made.
    pub fn call(&self, arch: Arch, nr: u64) -> Option<&RoaringBitmap> {
        self.calls.0.get(&(arch, nr))
    }

    /// Rows that count answers of the vDSO without rows of their own, each with the call (of x86-64).
    pub fn answers(&self) -> impl Iterator<Item = (u64, &RoaringBitmap)> {
        self.answers.0.iter().map(|(nr, rows)| (*nr, rows))
    }

    /// Rows of a task, whatever they are.
    pub fn task(&self, task: TaskId) -> Option<&RoaringBitmap> {
        self.tasks.0.get(&task)
    }

    /// Rows of calls that came back with this error. The restart codes 512 to 516 are here too.
    pub fn errno(&self, errno: u16) -> Option<&RoaringBitmap> {
        self.errnos.0.get(&errno)
    }

    /// Rows of calls that are given this descriptor, or return it as a new one.
    pub fn descriptor(&self, fd: i32) -> Option<&RoaringBitmap> {
        self.descriptors.0.get(&fd)
    }

    /// Every call of the chunk with its rows, in no order.
    pub fn calls(&self) -> impl Iterator<Item = ((Arch, u64), &RoaringBitmap)> {
        self.calls.0.iter().map(|(call, rows)| (*call, rows))
    }

    /// Every task of the chunk with its rows, in no order.
    pub fn tasks(&self) -> impl Iterator<Item = (TaskId, &RoaringBitmap)> {
        self.tasks.0.iter().map(|(task, rows)| (*task, rows))
    }

    /// Every error of the chunk with its rows, in no order.
    pub fn errnos(&self) -> impl Iterator<Item = (u16, &RoaringBitmap)> {
        self.errnos.0.iter().map(|(errno, rows)| (*errno, rows))
    }

    /// Nothing will come but what comes late: takes no more room than it needs.
    pub(super) fn compact(&mut self) {
        self.calls.compact();
        self.answers.compact();
        self.tasks.compact();
        self.errnos.compact();
        self.descriptors.compact();
    }

    /// What it takes in memory, in bytes.
    pub(super) fn size(&self) -> u64 {
        self.calls.size() + self.answers.size() + self.tasks.size() + self.errnos.size() + self.descriptors.size()
    }

    /// A row that is no call.
    pub(super) fn add(&mut self, row: u32, task: TaskId) {
        self.tasks.add(task, row);
    }

    /// It counts answers of the vDSO to this call.
    pub(super) fn count(&mut self, row: u32, nr: u64) {
        self.answers.add(nr, row);
    }

    /// A call begins.
    pub(super) fn enter(&mut self, row: u32, task: TaskId, arch: Arch, nr: u64, args: &[u64; 6]) {
        self.tasks.add(task, row);
        self.calls.add((arch, nr), row);
        let Some(call) = abi::lookup(arch, nr).map(|call| call.select(args)) else { return };
        for fd in given(call, args) {
            self.descriptors.add(fd, row);
        }
    }

    /// The call of a row is over.
    pub(super) fn exit(&mut self, row: u32, call: &CallRow) {
        match call.outcome {
            Some(Outcome::Failed(errno)) => self.errnos.add(errno, row),
            Some(Outcome::Returned(value)) => {
                let known = abi::lookup(call.arch, call.nr).map(|known| known.select(&call.args));
                if known.is_some_and(|known| matches!(known.ret, Ret::NewFd))
                    && let Ok(fd) = i32::try_from(value)
                {
                    self.descriptors.add(fd, row);
                }
            }
            _ => {}
        }
    }
}

/// The descriptors that a call is given.
fn given<'a>(call: &'static Call, args: &'a [u64; 6]) -> impl Iterator<Item = i32> + use<'a> {
    let is_one = |arg: &Arg, described: bool| match arg.ty {
        Type::Num { meaning: Meaning::Fd { .. } | Meaning::DirFd, .. } => true,
        // Of a call that is not described, only the names are known.
        _ => !described && (arg.name == "dfd" || arg.name.ends_with("fd")),
    };
    let exists = |arg: &Arg| arg.when.is_none_or(|when| when.holds(args));
    let both = call.args.iter().zip(args);
    both.filter(move |(arg, _)| is_one(arg, call.described) && exists(arg)).map(|(_, raw)| *raw as i32)
}

#[derive(Debug, Clone)]
struct Lists<K>(HashMap<K, RoaringBitmap, BuildHasherDefault<Quick>>);

impl<K> Default for Lists<K> {
    fn default() -> Lists<K> {
        Lists(HashMap::default())
    }
}

/// A bitmap, the one container in it that a chunk needs, and its place in a table.
const BITMAP: u64 = 96;

impl<K: Hash + Eq> Lists<K> {
    fn compact(&mut self) {
        for rows in self.0.values_mut() {
            rows.optimize();
            // A copy has no spare room.
            *rows = rows.clone();
        }
    }

    fn size(&self) -> u64 {
        self.0.values().map(|rows| BITMAP + rows.serialized_size() as u64).sum()
    }

    fn add(&mut self, key: K, row: u32) {
        match self.0.entry(key) {
            // Nearly always behind all others: only exits look back.
            Entry::Occupied(rows) => {
                let rows = rows.into_mut();
                if rows.try_push(row).is_err() {
                    rows.insert(row);
                }
            }
            Entry::Vacant(place) => {
                place.insert(RoaringBitmap::from_iter([row]));
            }
        }
    }
}
