//! Open file descriptions, open(2): what each is, said once however often the same is opened, and the addresses of sockets.
//!
//! Every call that makes one adds a few bytes, so a session of millions stays small.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use super::What;

/// The row of one that was there before.
const NO_ROW: u64 = u64::MAX;

#[derive(Debug, Clone, Copy)]
struct Description {
    /// Place in `whats`.
    what: u32,
    row: u64,
}

/// Addresses of a socket with their times, the own and the other end's.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    pub local: Vec<(u64, Vec<u8>)>,
    pub peer: Vec<(u64, Vec<u8>)>,
}

#[derive(Debug, Default)]
pub(super) struct Descriptions {
    all: Vec<Description>,
    /// The number of the first of `all`; of those before it a few are kept apart.
    first: u32,
    older: HashMap<u32, Description>,
    whats: Vec<What>,
    /// Places in `whats` by hash.
    known: HashMap<u64, u32>,
    addresses: HashMap<u32, Addresses>,
    /// Bytes behind `whats` and `addresses`.
    behind: usize,
}

impl Descriptions {
    /// A new one; its number.
    pub fn add(&mut self, what: What, row: Option<u64>) -> u32 {
        let hash = hash_of(&what);
        let known = self.known.get(&hash).copied().filter(|&place| self.whats[place as usize] == what);
        let what = known.unwrap_or_else(|| {
            let place = self.whats.len() as u32;
            self.behind += what.name().len();
            self.whats.push(what);
            self.known.insert(hash, place);
            place
        });
        self.all.push(Description { what, row: row.unwrap_or(NO_ROW) });
        self.first + self.all.len() as u32 - 1
    }

    fn get(&self, number: u32) -> Option<&Description> {
        match number.checked_sub(self.first) {
            Some(place) => self.all.get(place as usize),
            None => self.older.get(&number),
        }
    }

    /// Forgets all but these.
    pub fn keep_only(&mut self, used: &HashSet<u32>) {
        let old = std::mem::take(self);
        self.first = old.first + old.all.len() as u32;
        for &number in used {
            let Some(description) = old.get(number) else { continue };
            let next = self.whats.len() as u32;
            let what = &old.whats[description.what as usize];
            // Of two with the same hash one is said twice, as in `add`.
            let hash = hash_of(what);
            let place = *self.known.entry(hash).or_insert(next);
            let place = if place != next && self.whats[place as usize] == *what { place } else { next };
            if place == next {
                self.behind += what.name().len();
                self.whats.push(what.clone());
            }
            self.older.insert(number, Description { what: place, ..*description });
        }
        for (number, addresses) in old.addresses {
            if used.contains(&number) {
                let lists = addresses.local.iter().chain(&addresses.peer);
                self.behind += lists.map(|(_, address)| address.len()).sum::<usize>();
                self.addresses.insert(number, addresses);
            }
        }
    }

    pub fn what(&self, number: u32) -> Option<&What> {
        self.whats.get(self.get(number)?.what as usize)
    }

    /// Row of the call that made it; None if it was there before.
    pub fn row(&self, number: u32) -> Option<u64> {
        self.get(number).map(|description| description.row).filter(|row| *row != NO_ROW)
    }

    pub fn addresses(&self, number: u32) -> Option<&Addresses> {
        self.addresses.get(&number)
    }

    /// From a moment on it has this address of its own.
    pub fn bound(&mut self, number: u32, t_ns: u64, address: Vec<u8>) {
        self.behind += address.len();
        self.addresses.entry(number).or_default().local.push((t_ns, address));
    }

    /// From a moment on the other end has this address.
    pub fn connected(&mut self, number: u32, t_ns: u64, address: Vec<u8>) {
        self.behind += address.len();
        self.addresses.entry(number).or_default().peer.push((t_ns, address));
    }

    /// What they take in memory, in bytes.
    pub fn size(&self) -> usize {
        let known = self.known.capacity() * size_of::<(u64, u32)>();
        let addresses = self.addresses.len() * (size_of::<(u32, Addresses)>() + 2 * size_of::<(u64, Vec<u8>)>());
        self.all.capacity() * size_of::<Description>()
            + self.older.capacity() * size_of::<(u32, Description)>()
            + self.whats.capacity() * size_of::<What>()
            + known
            + addresses
            + self.behind
    }
}

fn hash_of(what: &What) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_file_is_said_once() {
        let mut descriptions = Descriptions::default();
        let file = |name: &str| What::File(name.as_bytes().to_vec());
        let numbers: Vec<u32> =
            (0..3000).map(|row| descriptions.add(file(["/a", "/b"][row % 2]), Some(row as u64))).collect();
        let before = descriptions.add(What::Received, None);
        assert_eq!((numbers[2], before, descriptions.whats.len()), (2, 3000, 3));
        assert_eq!((descriptions.what(1), descriptions.row(1)), (Some(&file("/b")), Some(1)));
        assert_eq!((descriptions.what(before), descriptions.row(before)), (Some(&What::Received), None));
        assert_eq!((descriptions.what(3001), descriptions.row(3001)), (None, None));
        assert!(descriptions.size() < 100_000, "{}", descriptions.size());
    }
}
