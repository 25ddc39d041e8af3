//! Sets of call numbers, one for each architecture, quick to ask.
//!
//! Left out: which words mean which calls (`plan` and `calls`).

use super::fields::unknown_number;
use crate::abi::{self, Arch, Call, X32_BIT};

/// Call numbers below this are looked up by bit; no kernel has higher ones.
const DENSE: u64 = 1024;

/// Call numbers of each architecture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    /// By `Arch as usize`; x32 numbers without bit 30.
    bits: [[u64; DENSE as usize / 64]; 4],
    /// A number that has no name (`syscall_0x270f`).
    unnamed: Option<u64>,
}

impl Numbers {
    pub fn named(pattern: &str) -> Numbers {
        let exact = !pattern.contains(['*', '?']);
        let mut numbers = Numbers::collect(|call| {
            if exact { call.name == pattern } else { abi::glob(pattern.as_bytes(), call.name.as_bytes()) }
        });
        for arch in Arch::ALL {
            if let Some(nr) = abi::number(arch, pattern) {
                numbers.insert(arch, nr);
            }
        }
        numbers.unnamed = unknown_number(pattern);
        numbers
    }

    pub fn collect(wanted: impl Fn(&'static Call) -> bool) -> Numbers {
        let mut numbers = Numbers::default();
        for arch in Arch::ALL {
            numbers.add(arch, &wanted);
        }
        numbers
    }

    /// Adds the calls of one ABI that are wanted; false if there are none.
    pub fn add(&mut self, arch: Arch, wanted: impl Fn(&'static Call) -> bool) -> bool {
        let mut any = false;
        for nr in (0..DENSE).filter(|&nr| abi::lookup(arch, nr).is_some_and(&wanted)) {
            self.insert(arch, nr);
            any = true;
        }
        any
    }

    /// With or without x32's bit 30.
    pub fn insert(&mut self, arch: Arch, nr: u64) {
        let nr = small(arch, nr);
        if let Some(word) = self.bits[arch as usize].get_mut(nr as usize / 64) {
            *word |= 1 << (nr % 64);
        }
    }

    /// All that have a name, as the register holds them.
    pub fn iter(&self) -> impl Iterator<Item = (Arch, u64)> {
        let of = |arch| (0..DENSE).map(move |nr| (arch, if arch == Arch::X32 { nr | X32_BIT } else { nr }));
        Arch::ALL.into_iter().flat_map(of).filter(|&(arch, nr)| self.contains(arch, nr))
    }

    pub fn contains(&self, arch: Arch, nr: u64) -> bool {
        let nr_small = small(arch, nr);
        let named = self.bits[arch as usize].get(nr_small as usize / 64).is_some_and(|w| w >> (nr_small % 64) & 1 == 1);
        named || (self.unnamed == Some(nr) && abi::lookup(arch, nr).is_none())
    }
}

/// Without x32's bit 30.
fn small(arch: Arch, nr: u64) -> u64 {
    if arch == Arch::X32 { nr & !X32_BIT } else { nr }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_right_number_on_each_architecture() {
        let read = Numbers::named("read");
        for (arch, nr) in [(Arch::X86_64, 0), (Arch::I386, 3), (Arch::X32, 0x4000_0000), (Arch::Aarch64, 63)] {
            assert!(read.contains(arch, nr), "{arch:?}");
        }
        assert!(!read.contains(Arch::X86_64, 3) && !read.contains(Arch::I386, 0));
        assert!(!read.contains(Arch::X86_64, 1 << 40) && !read.contains(Arch::X32, u64::MAX));
        let unknown = Numbers::named("syscall_0x270f");
        assert!(unknown.contains(Arch::Aarch64, 0x270f) && !unknown.contains(Arch::Aarch64, 63));
        assert!(!Numbers::named("syscall_0x0").contains(Arch::X86_64, 0), "that is read");
    }
}
