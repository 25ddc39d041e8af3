//! Calls that were still going on when their segment was packed, and how they came back: a poll of an hour.
//!
//! They are as many as tasks at most for every window of recent rows, so they stay in memory.

use std::collections::HashMap;
use std::ops::Range;

use super::memory::Memory;
use super::row::CallRow;
use crate::model::event::{Batch, Region};

/// Copied memory of its own.
#[derive(Debug, Default)]
pub(super) struct Copied {
    regions: Box<[Region]>,
    bytes: Box<[u8]>,
}

impl Copied {
    pub fn of(memory: Memory<'_>) -> Copied {
        let mut bytes = Vec::new();
        let regions = memory.regions.iter().map(|region| {
            let start = bytes.len() as u32;
            bytes.extend_from_slice(&memory.bytes[region.start as usize..(region.start + region.len) as usize]);
            Region { start, ..*region }
        });
        Copied { regions: regions.collect(), bytes: bytes.into() }
    }

    pub fn memory(&self) -> Memory<'_> {
        Memory { regions: &self.regions, bytes: &self.bytes }
    }

    fn size(&self) -> usize {
        size_of_val(&*self.regions) + self.bytes.len()
    }
}

/// A call that goes on, as it was entered.
#[derive(Debug)]
pub(super) struct Open {
    pub call: CallRow,
    pub entry: Copied,
}

/// How a call came back.
#[derive(Debug)]
pub(super) struct Back {
    pub call: CallRow,
    pub exit: Copied,
}

/// By row.
#[derive(Debug, Default)]
pub(super) struct Late {
    open: HashMap<u64, Open>,
    back: HashMap<u64, Back>,
    size: usize,
}

impl Late {
    pub fn wait(&mut self, seq: u64, open: Open) {
        self.open.insert(seq, open);
    }

    /// A call of which `wait` was told, out of the way while it is completed.
    pub fn take(&mut self, seq: u64) -> Option<Open> {
        self.open.remove(&seq)
    }

    pub fn came_back(&mut self, seq: u64, call: CallRow, batch: &Batch, regions: &Range<u32>) -> &Back {
        let exit = Copied::of(batch.memory(regions));
        self.size += exit.size() + size_of::<(u64, Back)>();
        self.back.entry(seq).insert_entry(Back { call, exit }).into_mut()
    }

    /// Forgets how calls before a row came back.
    pub fn forget(&mut self, before: u64) {
        let size = &mut self.size;
        self.back.retain(|seq, back| {
            let stays = *seq >= before;
            *size -= if stays { 0 } else { back.exit.size() + size_of::<(u64, Back)>() };
            stays
        });
    }

    pub fn back(&self, seq: u64) -> Option<&Back> {
        self.back.get(&seq)
    }

    /// What they take in memory, in bytes.
    pub fn size(&self) -> usize {
        self.size + self.open.len() * size_of::<(u64, Open)>()
    }
}
