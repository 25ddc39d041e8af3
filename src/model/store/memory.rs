//! A call as `decode` reads it: its registers with the memory that was copied for it.

use crate::abi::Arch;
use crate::model::event::*;

/// A call together with the memory that was copied for it: what `decode` reads.
#[derive(Debug, Clone, Copy)]
pub struct CallView<'a> {
    pub arch: Arch,
    pub nr: u64,
    pub args: &'a [u64; 6],
    pub ip: u64,
    pub sp: u64,
    pub outcome: Option<Outcome>,
    pub marks: Marks,
    /// Of restart_syscall(2): the number of the interrupted call that goes on, if its exit was seen.
    pub restarts: Option<u64>,
    pub entry: Memory<'a>,
    pub exit: Memory<'a>,
}

/// Copied memory, read by address.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory<'a> {
    pub regions: &'a [Region],
    pub bytes: &'a [u8],
}

/// A piece of copied memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    pub bytes: &'a [u8],
    /// Length of the object in the tracee, in bytes.
    pub true_len: u64,
    /// Reading hit unreadable memory.
    pub fault: bool,
}

impl<'a> Memory<'a> {
    /// The piece that starts at `addr` or holds it; None if nothing was copied from there.
    pub fn at(&self, addr: u64) -> Option<Piece<'a>> {
        // The same place may have been copied as several things, a path and a structure for one: the longest says most.
        let longest = |a: &'a Region, b: &'a Region| if b.len > a.len { b } else { a };
        let exact = self.regions.iter().filter(|r| r.addr == addr).reduce(longest);
        let region =
            exact.or_else(|| self.regions.iter().find(|r| addr > r.addr && addr - r.addr < u64::from(r.len)))?;
        let skip = addr - region.addr;
        let start = region.start as usize + skip as usize;
        let end = region.start as usize + region.len as usize;
        Some(Piece {
            bytes: self.bytes.get(start..end)?,
            true_len: region.true_len.saturating_sub(skip),
            fault: region.fault,
        })
    }

    /// Exactly `len` bytes at `addr`, if all of them were copied.
    pub fn exact(&self, addr: u64, len: usize) -> Option<&'a [u8]> {
        // Overlapping copies can exist (a header alone, then the whole object): take the one that holds it all.
        self.regions.iter().find_map(|r| {
            let skip = addr.checked_sub(r.addr)? as usize;
            let end = skip.checked_add(len)?;
            if end > r.len as usize {
                return None;
            }
            self.bytes.get(r.start as usize + skip..r.start as usize + end)
        })
    }
}
