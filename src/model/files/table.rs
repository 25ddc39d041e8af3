//! Descriptor tables over time: what a number meant at any moment, for tables that processes share, inherit and lose.
//!
//! Nothing is copied at fork or execve: a table points to the one that it came from and keeps only what changed since, so
//! both cost the same however many descriptors are open. One entry is kept for each change. Left out: which calls change
//! what (`calls`), and what is behind a descriptor.

use std::collections::{BTreeSet, HashMap, HashSet};

/// Longer chains of inheritance are copied once, so that a look-up stays quick.
const DEPTH: u32 = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TableId(u32);

/// One number of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// The open file description behind it, open(2): duplicates have the same.
    pub description: u32,
    /// execve(2) closes it.
    pub cloexec: bool,
    /// Row of the call that gave the number out; None if it was there before.
    pub row: Option<u64>,
    /// How often the number has been given out, this time included; 0 if it was there before.
    pub generation: u32,
}

/// A slot from a moment on, in few bytes: there is one for each change.
#[derive(Debug, Clone, Copy)]
struct Version {
    t_ns: u64,
    /// The row, with `CLOEXEC`; `NO_ROW` without one.
    row: u64,
    /// `CLOSED` while it is.
    description: u32,
    generation: u32,
}

const CLOSED: u32 = u32::MAX;
const CLOEXEC: u64 = 1 << 63;
const NO_ROW: u64 = CLOEXEC - 1;

impl Version {
    fn new(t_ns: u64, slot: Option<Slot>) -> Version {
        let Some(slot) = slot else { return Version { t_ns, row: NO_ROW, description: CLOSED, generation: 0 } };
        let row = slot.row.unwrap_or(NO_ROW) | if slot.cloexec { CLOEXEC } else { 0 };
        Version { t_ns, row, description: slot.description, generation: slot.generation }
    }

    fn slot(self) -> Option<Slot> {
        let row = self.row & !CLOEXEC;
        (self.description != CLOSED).then_some(Slot {
            description: self.description,
            cloexec: self.row & CLOEXEC != 0,
            row: (row != NO_ROW).then_some(row),
            generation: self.generation,
        })
    }
}

/// close_range(2): many numbers at once.
#[derive(Debug, Clone, Copy)]
struct Sweep {
    t_ns: u64,
    first: u32,
    last: u32,
    /// Otherwise they become close-on-exec.
    close: bool,
}

#[derive(Debug, Clone, Copy)]
struct Inherited {
    from: TableId,
    /// Changes before this time came along.
    end_ns: u64,
    /// By execve, so without those that it closes.
    executed: bool,
}

#[derive(Debug, Default)]
struct Table {
    inherited: Option<Inherited>,
    depth: u32,
    history: HashMap<i32, Vec<Version>>,
    sweeps: Vec<Sweep>,
}

/// Every table of a session. Times of look-ups are ends: changes before them count.
#[derive(Debug, Default)]
pub struct Tables {
    all: Vec<Table>,
    /// Changes that are kept.
    versions: usize,
}

impl Tables {
    /// A table of which nothing is known.
    pub fn create(&mut self) -> TableId {
        self.all.push(Table::default());
        TableId(self.all.len() as u32 - 1)
    }

    /// A table that begins as another one is at `end_ns`; after an execve, without what that closes.
    pub fn inherit(&mut self, from: TableId, end_ns: u64, executed: bool) -> TableId {
        let inherited = Inherited { from, end_ns, executed };
        let depth = self.table(from).depth + 1;
        let mut made = Table { inherited: Some(inherited), depth, ..Table::default() };
        if depth > DEPTH {
            let numbers = self.numbers(from);
            let open = numbers.into_iter().filter_map(|fd| self.inherited_slot(inherited, fd).map(|slot| (fd, slot)));
            let history = open.map(|(fd, slot)| (fd, vec![Version::new(0, Some(slot))])).collect();
            made = Table { history, ..Table::default() };
        }
        self.all.push(made);
        TableId(self.all.len() as u32 - 1)
    }

    /// Every number that was ever open in a table or in those that it came from, in order.
    pub fn numbers(&self, id: TableId) -> BTreeSet<i32> {
        let mut numbers = BTreeSet::new();
        let mut next = Some(id);
        while let Some(table) = next.map(|id| self.table(id)) {
            numbers.extend(table.history.keys().copied());
            next = table.inherited.map(|inherited| inherited.from);
        }
        numbers
    }

    /// What a number is; None if it is closed or nothing is known of it.
    pub fn get(&self, id: TableId, fd: i32, end_ns: u64) -> Option<Slot> {
        let table = self.table(id);
        let own = table.history.get(&fd).and_then(|versions| {
            let before = versions.partition_point(|version| version.t_ns < end_ns);
            before.checked_sub(1).map(|last| versions[last])
        });
        let (since_ns, mut slot) = match own {
            Some(version) => (version.t_ns, version.slot()),
            None => (0, table.inherited.and_then(|inherited| self.inherited_slot(inherited, fd))),
        };
        let number = u32::try_from(fd).ok()?;
        let hits = |sweep: &&Sweep| sweep.t_ns < end_ns && (sweep.first..=sweep.last).contains(&number);
        for sweep in table.sweeps.iter().rev().take_while(|sweep| sweep.t_ns >= since_ns).filter(hits) {
            match &mut slot {
                _ if sweep.close => return None,
                Some(slot) => slot.cloexec = true,
                None => {}
            }
        }
        slot
    }

    /// A number is given out.
    pub fn open(&mut self, id: TableId, fd: i32, t_ns: u64, description: u32, cloexec: bool, row: Option<u64>) {
        let generation = row.map_or(0, |_| self.generation(id, fd) + 1);
        self.set(id, fd, t_ns, Some(Slot { description, cloexec, row, generation }));
    }

    pub fn close(&mut self, id: TableId, fd: i32, t_ns: u64) {
        self.set(id, fd, t_ns, None);
    }

    /// The number's last close did not happen after all.
    pub fn undo_close(&mut self, id: TableId, fd: i32, t_ns: u64) {
        let last = self.table(id).history.get(&fd).and_then(|versions| versions.last());
        let Some(closed_ns) = last.filter(|version| version.slot().is_none()).map(|version| version.t_ns) else {
            return;
        };
        if let Some(slot) = self.get(id, fd, closed_ns) {
            self.set(id, fd, t_ns, Some(slot));
        }
    }

    /// F_SETFD of fcntl(2).
    pub fn set_cloexec(&mut self, id: TableId, fd: i32, t_ns: u64, cloexec: bool) {
        if let Some(slot) = self.get(id, fd, t_ns).filter(|slot| slot.cloexec != cloexec) {
            self.set(id, fd, t_ns, Some(Slot { cloexec, ..slot }));
        }
    }

    /// close_range(2): closes numbers, or makes them close-on-exec.
    pub fn sweep(&mut self, id: TableId, first: u32, last: u32, t_ns: u64, close: bool) {
        self.all[id.0 as usize].sweeps.push(Sweep { t_ns, first, last, close });
    }

    fn set(&mut self, id: TableId, fd: i32, t_ns: u64, slot: Option<Slot>) {
        let versions = self.all[id.0 as usize].history.entry(fd).or_default();
        // Nearly always the end: only other sources than ptrace tell late.
        let place = versions.partition_point(|version| version.t_ns <= t_ns);
        versions.insert(place, Version::new(t_ns, slot));
        self.versions += 1;
    }

    fn generation(&self, id: TableId, fd: i32) -> u32 {
        let mut next = Some(id);
        while let Some(table) = next.map(|id| self.table(id)) {
            let known = table.history.get(&fd).and_then(|versions| versions.iter().rev().find_map(|v| v.slot()));
            if let Some(slot) = known {
                return slot.generation;
            }
            next = table.inherited.map(|inherited| inherited.from);
        }
        0
    }

    fn inherited_slot(&self, inherited: Inherited, fd: i32) -> Option<Slot> {
        self.get(inherited.from, fd, inherited.end_ns).filter(|slot| !(inherited.executed && slot.cloexec))
    }

    /// Forgets what no look-up in one of these tables from the given times on can meet; the descriptions that are left.
    pub fn forget(&mut self, used: &[(TableId, u64)]) -> HashSet<u32> {
        // Of each table the moments at which it may be asked, and all after a last one if it is used itself.
        let mut moments: HashMap<TableId, (Vec<u64>, u64)> = HashMap::new();
        for &(id, since_ns) in used {
            let since = &mut moments.entry(id).or_insert((Vec::new(), u64::MAX)).1;
            *since = (*since).min(since_ns);
            let mut next = self.table(id).inherited;
            while let Some(inherited) = next {
                moments.entry(inherited.from).or_insert((Vec::new(), u64::MAX)).0.push(inherited.end_ns);
                next = self.table(inherited.from).inherited;
            }
        }
        let mut descriptions = HashSet::new();
        self.versions = 0;
        for (index, table) in self.all.iter_mut().enumerate() {
            let Some((ends, since_ns)) = moments.get_mut(&TableId(index as u32)) else {
                *table = Table::default();
                continue;
            };
            ends.push(*since_ns);
            ends.sort_unstable();
            ends.dedup();
            for versions in table.history.values_mut() {
                thin_out(versions, ends, *since_ns);
                self.versions += versions.len();
                descriptions.extend(versions.iter().filter_map(|version| version.slot()).map(|slot| slot.description));
            }
        }
        descriptions
    }

    /// What they take in memory, in bytes.
    pub fn size(&self) -> usize {
        // Lists grow by doubling, so a quarter of them is free on average.
        self.all.capacity() * size_of::<Table>() + self.versions * size_of::<Version>() * 4 / 3
    }

    fn table(&self, id: TableId) -> &Table {
        &self.all[id.0 as usize]
    }
}

/// Thins out the versions of a number: what it is at each of these moments and from `since_ns` on stays, and what it was
/// last given out as, from which the next time is counted.
fn thin_out(versions: &mut Vec<Version>, ends: &[u64], since_ns: u64) {
    let before = |end_ns| versions.partition_point(|version: &Version| version.t_ns < end_ns).checked_sub(1);
    let mut needed: HashSet<usize> = ends.iter().filter_map(|end_ns| before(*end_ns)).collect();
    needed.extend(versions.iter().rposition(|version| version.slot().is_some()));
    let mut index = 0;
    versions.retain(|version| {
        index += 1;
        version.t_ns >= since_ns || needed.contains(&(index - 1))
    });
    versions.shrink_to(2 * versions.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(tables: &Tables, id: TableId, fd: i32, end_ns: u64) -> Option<u32> {
        tables.get(id, fd, end_ns).map(|slot| slot.description)
    }

    #[test]
    fn a_number_means_what_it_meant_at_that_time() {
        let mut tables = Tables::default();
        let id = tables.create();
        tables.open(id, 3, 10, 1, false, Some(1));
        tables.close(id, 3, 20);
        tables.open(id, 3, 30, 2, true, Some(5));
        assert_eq!(
            [10, 11, 20, 21, 30, 31].map(|end| description(&tables, id, 3, end)),
            [None, Some(1), Some(1), None, None, Some(2)]
        );
        let slot = tables.get(id, 3, 99).expect("open");
        assert_eq!((slot.generation, slot.row, slot.cloexec), (2, Some(5), true));
        tables.set_cloexec(id, 3, 40, false);
        let slot = tables.get(id, 3, 99).expect("open");
        assert_eq!((slot.generation, slot.row, slot.cloexec), (2, Some(5), false));
    }

    #[test]
    fn what_is_inherited_stays_as_it_was() {
        let mut tables = Tables::default();
        let parent = tables.create();
        tables.open(parent, 0, 0, 0, false, None);
        tables.open(parent, 3, 10, 1, true, Some(1));
        let child = tables.inherit(parent, 15, false);
        tables.close(parent, 3, 20);
        tables.open(child, 4, 25, 2, false, Some(2));
        assert_eq!(description(&tables, child, 3, 99), Some(1));
        assert_eq!(description(&tables, parent, 4, 99), None);
        let executed = tables.inherit(child, 30, true);
        assert_eq!([0, 3, 4].map(|fd| description(&tables, executed, fd, 99)), [Some(0), None, Some(2)]);
        assert_eq!(tables.get(executed, 0, 99).map(|slot| slot.generation), Some(0));
        tables.open(executed, 3, 40, 3, false, Some(9));
        assert_eq!(tables.get(executed, 3, 99).map(|slot| slot.generation), Some(2));
    }

    #[test]
    fn ranges_are_closed_at_once_and_later_numbers_are_not() {
        let mut tables = Tables::default();
        let id = tables.create();
        for fd in 3..6 {
            tables.open(id, fd, 10, fd as u32, false, Some(1));
        }
        tables.sweep(id, 4, u32::MAX, 20, true);
        tables.open(id, 5, 30, 50, false, Some(2));
        tables.sweep(id, 3, 3, 40, false);
        assert_eq!([3, 4, 5].map(|fd| description(&tables, id, fd, 99)), [Some(3), None, Some(50)]);
        assert_eq!(description(&tables, id, 4, 20), Some(4));
        assert!(tables.get(id, 3, 99).is_some_and(|slot| slot.cloexec));
        let executed = tables.inherit(id, 50, true);
        assert_eq!([3, 5].map(|fd| description(&tables, executed, fd, 99)), [None, Some(50)]);
    }

    #[test]
    fn what_is_forgotten_is_what_nobody_can_ask_for() {
        let mut tables = Tables::default();
        let (gone, parent) = (tables.create(), tables.create());
        tables.open(gone, 3, 1, 77, false, Some(1));
        for row in 0..100 {
            tables.open(parent, 3, 10 * row, row as u32, false, Some(row));
            tables.close(parent, 3, 10 * row + 5);
        }
        let child = tables.inherit(parent, 42, false);
        let asked = |tables: &Tables| {
            let parents = [900, 901, 903, 906, 995, 999].map(|end| tables.get(parent, 3, end));
            (parents, tables.get(child, 3, 2_000), tables.generation(parent, 3))
        };
        let before = asked(&tables);
        let left = tables.forget(&[(parent, 900), (child, 950)]);
        assert_eq!(asked(&tables), before);
        assert_eq!(left.len(), 11, "{left:?}");
        assert!(tables.get(gone, 3, 99).is_none());
        // Without the child's, and without the last but one that was open.
        assert_eq!(tables.forget(&[(parent, 2_000)]), [99].into());
        assert_eq!(tables.generation(parent, 3), 100);
    }

    #[test]
    fn long_chains_end_somewhere() {
        let mut tables = Tables::default();
        let mut id = tables.create();
        tables.open(id, 7, 1, 7, false, Some(1));
        tables.open(id, 8, 1, 8, true, Some(1));
        for t_ns in 2..200 {
            id = tables.inherit(id, t_ns, t_ns == 100);
            assert!(tables.table(id).depth <= DEPTH);
        }
        assert_eq!([7, 8].map(|fd| description(&tables, id, fd, 999)), [Some(7), None]);
    }
}
