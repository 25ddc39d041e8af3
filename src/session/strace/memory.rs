//! Memory that is made of text: regions, and addresses for them that no program has. Where the text does not tell an
//! address, none of these is ever shown.

use crate::abi::Arch;
use crate::model::Region;

/// Not canonical: nothing of a program's with 64-bit pointers stands there.
const BASE: u64 = 0x4000_0000_0000_0000;
/// Below what a program may map, mmap_min_addr of proc_sys_vm(5): there is little room where pointers have 32 bits.
const SMALL_BASE: u64 = 0x1000;
const SMALL_END: u64 = 0x1_0000;

/// Regions with their bytes.
#[derive(Debug, Default)]
pub struct Room {
    pub regions: Vec<Region>,
    pub bytes: Vec<u8>,
    next: u64,
    end: u64,
}

impl Room {
    pub fn new(arch: Arch) -> Room {
        let (next, end) = if arch.word() == 8 { (BASE, u64::MAX >> 1) } else { (SMALL_BASE, SMALL_END) };
        Room { next, end, ..Room::default() }
    }

    /// An address with room behind it; None if there is no more.
    pub fn give(&mut self, len: usize) -> Option<u64> {
        let addr = self.next;
        // A gap, so that the end of one thing is not the beginning of another.
        let next = addr.checked_add(len as u64 + 1)?.next_multiple_of(16);
        (next <= self.end).then(|| self.next = next)?;
        Some(addr)
    }

    pub fn put(&mut self, addr: u64, bytes: &[u8], true_len: u64) {
        let (start, len) = (self.bytes.len() as u32, bytes.len() as u32);
        self.bytes.extend_from_slice(bytes);
        self.regions.push(Region { addr, true_len, start, len, fault: false });
    }

    pub fn len(&self) -> usize {
        self.regions.len()
    }

    /// Gives a region, which must be the last, another content.
    pub fn replace(&mut self, index: usize, bytes: &[u8]) {
        let Some(region) = self.regions.get_mut(index) else { return };
        self.bytes.truncate(region.start as usize);
        self.bytes.extend_from_slice(bytes);
        (region.true_len, region.len) = (bytes.len() as u64, bytes.len() as u32);
    }
}
