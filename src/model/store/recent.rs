//! The newest rows, as they were handed over: here calls are completed in place. A segment that has grown old is packed.

use std::ops::Range;

use super::memory::Memory;
use super::row::Row;
use crate::model::event::{Batch, Region};

/// Rows of a segment: what is packed, spilled and read back as a piece.
pub(super) const SEGMENT_ROWS: usize = 4096;

/// A row with what was copied at its entry and its exit: ranges of its segment's regions.
#[derive(Debug)]
pub(super) struct Stored {
    pub row: Row,
    pub entry: Range<u32>,
    pub exit: Range<u32>,
}

#[derive(Debug, Default)]
pub(super) struct Recent {
    pub rows: Vec<Stored>,
    regions: Vec<Region>,
    bytes: Vec<u8>,
}

impl Recent {
    pub fn clear(&mut self) {
        self.rows.clear();
        self.regions.clear();
        self.bytes.clear();
    }

    /// Copies regions, so that a row never points out of its own segment.
    pub fn copy(&mut self, batch: &Batch, range: &Range<u32>) -> Range<u32> {
        let first = self.regions.len() as u32;
        for region in batch.regions_of(range) {
            let start = self.bytes.len() as u32;
            self.bytes.extend_from_slice(batch.region_bytes(region));
            self.regions.push(Region { start, ..*region });
        }
        first..self.regions.len() as u32
    }

    pub fn memory(&self, range: &Range<u32>) -> Memory<'_> {
        let regions = self.regions.get(range.start as usize..range.end as usize).unwrap_or_default();
        Memory { regions, bytes: &self.bytes }
    }

    /// What it takes in memory, in bytes.
    pub fn size(&self) -> usize {
        self.rows.capacity() * size_of::<Stored>()
            + self.regions.capacity() * size_of::<Region>()
            + self.bytes.capacity()
    }
}
