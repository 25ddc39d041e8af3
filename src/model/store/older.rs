//! Packed segments: the newer ones in memory, the older ones, beyond a budget, in a file; and what was read back lately.
//!
//! Left out: the file itself, which is behind `Spill`.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::packed::Packed;

/// Segments that are kept after they were read back: a screen's, and those around it. The longest unused goes first.
const READ_BACK: usize = 32;

/// Where pieces of the store go that have no room in memory. What was written is read back by what `write` gave.
pub trait Spill: Debug + Send + Sync {
    /// Keeps a piece.
    ///
    /// # Errors
    /// It was not kept: the disk is full, or broken. The store holds it and tries again later.
    fn write(&mut self, piece: &[u8]) -> io::Result<Spilled>;

    /// A piece as it was written.
    ///
    /// # Errors
    /// The disk does not give back what was written to it.
    fn read(&self, piece: Spilled) -> io::Result<Vec<u8>>;
}

/// Where a piece was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spilled {
    /// In the file, in bytes.
    pub offset: u64,
    /// In the file, in bytes.
    pub len: u32,
    /// Of the piece itself, in bytes.
    pub size: u32,
}

#[derive(Debug)]
enum Place {
    Memory(Arc<Packed>),
    Disk(Spilled),
    /// Nobody wants it any more.
    Forgotten,
}

/// Segments that were read back, the latest used last.
type ReadBack = VecDeque<(usize, Arc<Packed>)>;

#[derive(Debug, Default)]
pub(super) struct Older {
    places: Vec<Place>,
    /// Segments before this one are on disk, or forgotten.
    on_disk: usize,
    in_memory: u64,
    disk: u64,
    spill: Option<Box<dyn Spill>>,
    /// Why the last attempt to write failed.
    refused: Option<io::Error>,
    read_back: Mutex<ReadBack>,
    /// Why a segment could not be read back.
    lost: Mutex<Option<String>>,
}

impl Older {
    pub fn new(spill: Box<dyn Spill>) -> Older {
        Older { spill: Some(spill), ..Older::default() }
    }

    /// Number of segments.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn push(&mut self, segment: Packed) {
        self.in_memory += segment.bytes().len() as u64;
        self.places.push(Place::Memory(Arc::new(segment)));
    }

    /// Writes the oldest segments until no more than so many bytes are in memory. What cannot be written stays.
    pub fn shrink(&mut self, limit: u64) {
        let Some(spill) = &mut self.spill else { return };
        self.refused = None;
        while self.in_memory > limit && self.on_disk < self.places.len() {
            let Place::Memory(segment) = &self.places[self.on_disk] else {
                self.on_disk += 1;
                continue;
            };
            let size = segment.bytes().len() as u64;
            match spill.write(segment.bytes()) {
                Ok(spilled) => {
                    self.places[self.on_disk] = Place::Disk(spilled);
                    self.on_disk += 1;
                    self.in_memory -= size;
                    self.disk += u64::from(spilled.len);
                }
                Err(error) => {
                    self.refused = Some(error);
                    return;
                }
            }
        }
    }

    /// Lets segments in memory go that lie before segment `before` and are not needed. What is on disk stays there.
    pub fn forget(&mut self, before: usize, needed: impl Fn(usize) -> bool) {
        let end = before.min(self.places.len());
        // All before `on_disk` were written or let go; those that were needed are looked at again.
        for segment in (self.on_disk..end).filter(|segment| !needed(*segment)) {
            if let Place::Memory(packed) = &self.places[segment] {
                self.in_memory -= packed.bytes().len() as u64;
                self.places[segment] = Place::Forgotten;
            }
        }
        while matches!(self.places.get(self.on_disk), Some(Place::Forgotten)) {
            self.on_disk += 1;
        }
    }

    pub fn get(&self, segment: usize) -> Option<Arc<Packed>> {
        match self.places.get(segment)? {
            Place::Memory(packed) => Some(packed.clone()),
            Place::Disk(spilled) => self.read_back(segment, *spilled),
            Place::Forgotten => None,
        }
    }

    fn read_back(&self, segment: usize, spilled: Spilled) -> Option<Arc<Packed>> {
        if let Some(known) = self.known(segment) {
            return Some(known);
        }
        // Not under the lock: another thread may need what is there already.
        let piece = self.spill.as_ref()?.read(spilled);
        let read = piece.and_then(|piece| Packed::new(piece).ok_or_else(|| io::ErrorKind::InvalidData.into()));
        match read {
            Ok(packed) => {
                let packed = Arc::new(packed);
                let mut read_back = self.read_back.lock().unwrap_or_else(PoisonError::into_inner);
                if read_back.len() == READ_BACK {
                    read_back.pop_front();
                }
                read_back.push_back((segment, packed.clone()));
                Some(packed)
            }
            Err(error) => {
                *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                None
            }
        }
    }

    fn known(&self, segment: usize) -> Option<Arc<Packed>> {
        let mut read_back = self.read_back.lock().unwrap_or_else(PoisonError::into_inner);
        let at = read_back.iter().rposition(|(known, _)| *known == segment)?;
        let found = read_back.remove(at)?;
        let packed = found.1.clone();
        read_back.push_back(found);
        Some(packed)
    }

    pub fn in_memory(&self) -> u64 {
        self.in_memory
    }

    /// Bytes of the file.
    pub fn on_disk(&self) -> u64 {
        self.disk
    }

    pub fn refused(&self) -> Option<&io::Error> {
        self.refused.as_ref()
    }

    pub fn lost(&self) -> Option<String> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
