//! One address space: which named things are mapped where. Ranges never overlap.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::VdsoImage;

#[derive(Debug, Clone, Default)]
pub(super) struct Space {
    /// By start address.
    maps: BTreeMap<u64, Mapped>,
    pub vdso: Option<Arc<VdsoImage>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mapped {
    /// Address after the last byte.
    pub end: u64,
    /// Offset in the file, in bytes.
    pub offset: u64,
    /// Path or kernel name; empty if anonymous.
    pub name: Arc<[u8]>,
}

impl Space {
    /// What is mapped at an address, and the address's offset in it.
    pub fn find(&self, address: u64) -> Option<(&Mapped, u64)> {
        let (start, mapped) = self.maps.range(..=address).next_back()?;
        (address < mapped.end).then(|| (mapped, mapped.offset.wrapping_add(address - start)))
    }

    /// Whether anything known lies in a range.
    pub fn any(&self, start: u64, end: u64) -> bool {
        self.maps.range(..end).next_back().is_some_and(|(_, mapped)| mapped.end > start)
    }

    /// Maps something, over whatever was there.
    pub fn insert(&mut self, start: u64, mapped: Mapped) {
        if start < mapped.end {
            self.clear(start, mapped.end);
            self.maps.insert(start, mapped);
        }
    }

    /// Takes a range out; what reaches over its borders keeps the rest.
    pub fn clear(&mut self, start: u64, end: u64) {
        while let Some((&first, _)) = self.maps.range(..end).next_back().filter(|(_, m)| m.end > start) {
            let Some(mapped) = self.maps.remove(&first) else { return };
            if mapped.end > end {
                let offset = mapped.offset.wrapping_add(end - first);
                self.maps.insert(end, Mapped { offset, ..mapped.clone() });
            }
            if first < start {
                self.maps.insert(first, Mapped { end: start, ..mapped });
            }
        }
    }
}
