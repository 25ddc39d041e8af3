//! What lints remember, with bounds: of subjects in the making the thousands that were used last, of findings the first 64
//! with their first 256 rows.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use crate::model::{Store, TaskId};

/// Subjects that are remembered at least.
const SUBJECTS: usize = 2048;
/// Findings of one lint.
const FINDINGS: usize = 64;
/// Rows of one finding.
pub const ROWS: usize = 256;

/// The name of a program, comm of proc_pid_comm(5): 15 bytes and a NUL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Program([u8; 16]);

impl Program {
    /// As it was called at row `seq`.
    pub fn at(store: &Store, task: TaskId, seq: u64) -> Program {
        let comm = store.task(task).map_or(&b""[..], |task| task.comm_at(seq));
        let mut name = [0; 16];
        name.iter_mut().zip(comm).for_each(|(to, from)| *to = *from);
        Program(name)
    }

    pub fn bytes(&self) -> &[u8] {
        self.0.split(|&byte| byte == 0).next().unwrap_or_default()
    }
}

/// A hash of a few multiplications; what a traced program could make collide is bounded in number.
#[derive(Debug, Default, Clone, Copy)]
pub struct Quick(u64);

impl Hasher for Quick {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = mix(self.0, hash(bytes));
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = mix(self.0, n);
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }

    fn write_i32(&mut self, n: i32) {
        self.write_u64(u64::from(n as u32));
    }

    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }

    fn write_isize(&mut self, n: isize) {
        self.write_u64(n as u64);
    }
}

const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

pub fn mix(a: u64, b: u64) -> u64 {
    let product = (a ^ b.rotate_left(29)).wrapping_add(1).wrapping_mul(FACTOR);
    product ^ product >> 32
}

/// Eight bytes at a time.
pub fn hash(bytes: &[u8]) -> u64 {
    let mut sum = bytes.len() as u64;
    for piece in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..piece.len()].copy_from_slice(piece);
        sum = mix(sum, u64::from_le_bytes(word));
    }
    sum
}

type Map<K, V> = HashMap<K, V, BuildHasherDefault<Quick>>;

/// A map that forgets what was not used for long: two generations, of which the older one is dropped when the younger
/// one is full.
#[derive(Debug)]
pub struct Recent<K, V> {
    young: Map<K, V>,
    old: Map<K, V>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Recent<K, V> {
        Recent { young: Map::default(), old: Map::default() }
    }
}

impl<K: Hash + Eq + Copy, V: Default> Recent<K, V> {
    pub fn entry(&mut self, key: K) -> &mut V {
        if self.young.len() >= SUBJECTS && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        match self.young.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(self.old.remove(&key).unwrap_or_default()),
        }
    }

    /// Something that is there already.
    pub fn get_mut(&mut self, key: K) -> Option<&mut V> {
        if let Some(value) = self.young.get_mut(&key) {
            return Some(value);
        }
        self.old.get_mut(&key)
    }

    pub fn remove(&mut self, key: K) -> Option<V> {
        self.young.remove(&key).or_else(|| self.old.remove(&key))
    }

    pub fn is_empty(&self) -> bool {
        self.young.is_empty() && self.old.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.young.iter().chain(&self.old)
    }
}

/// How often something was seen, and where.
#[derive(Debug, Clone)]
pub struct Tally {
    pub task: TaskId,
    pub count: u64,
    pub rows: Vec<u64>,
    /// Time that it took, in nanoseconds, as far as it is known.
    pub total_ns: u64,
    /// What the lint keeps beside: a length in bytes, a number of files.
    pub other: u64,
    /// What it is about, raw.
    pub subject: Vec<u8>,
}

impl Tally {
    pub fn new(task: TaskId) -> Tally {
        Tally { task, count: 0, rows: Vec::new(), total_ns: 0, other: 0, subject: Vec::new() }
    }

    pub fn add(&mut self, seq: u64) {
        self.count += 1;
        if self.rows.len() < ROWS {
            self.rows.push(seq);
        }
    }
}

/// Findings in the order in which they were made.
#[derive(Debug)]
pub struct Found<K> {
    index: Map<K, usize>,
    all: Vec<(K, Tally)>,
}

impl<K> Default for Found<K> {
    fn default() -> Found<K> {
        Found { index: Map::default(), all: Vec::new() }
    }
}

impl<K: Hash + Eq + Copy> Found<K> {
    /// The finding of a key; None if there are too many already.
    pub fn tally(&mut self, key: K, task: TaskId) -> Option<&mut Tally> {
        let next = self.all.len();
        let at = match self.index.entry(key) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(_) if next == FINDINGS => return None,
            Entry::Vacant(entry) => {
                self.all.push((key, Tally::new(task)));
                *entry.insert(next)
            }
        };
        Some(&mut self.all[at].1)
    }

    pub fn add(&mut self, key: K, task: TaskId, seq: u64) {
        if let Some(tally) = self.tally(key, task) {
            tally.add(seq);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&K, &Tally)> {
        self.all.iter().map(|(key, tally)| (key, tally))
    }
}

/// Findings that say the same of different subjects as one each: with the subject that was seen most often, and how many others
/// there are. In the order of their first ones.
pub fn together<K, G: Eq + Copy>(found: &Found<K>, group: impl Fn(&K) -> G) -> Vec<(G, Tally, u64)> {
    let mut groups: Vec<(G, Tally, u64)> = Vec::new();
    let mut most: Vec<u64> = Vec::new();
    for (key, tally) in &found.all {
        let group = group(key);
        let Some(at) = groups.iter().position(|(known, ..)| *known == group) else {
            groups.push((group, tally.clone(), 0));
            most.push(tally.count);
            continue;
        };
        let (_, sum, others) = &mut groups[at];
        *others += 1;
        sum.count += tally.count;
        sum.rows.extend(&tally.rows);
        sum.rows.sort_unstable();
        sum.rows.truncate(ROWS);
        if tally.count > most[at] {
            most[at] = tally.count;
            sum.subject.clone_from(&tally.subject);
        }
    }
    groups
}

/// The same thing again and again, until something else comes between: counted once it was often enough.
#[derive(Debug, Default)]
pub struct Streak {
    /// Those that may not be enough.
    pending: Vec<u64>,
    long: bool,
    /// When the last one was over, in nanoseconds.
    pub last_ns: u64,
}

impl Streak {
    pub fn reset(&mut self) {
        self.pending.clear();
        self.long = false;
    }

    /// One more. Gives `count` the rows that count now: none before there are `enough`, then all of them, then each.
    pub fn add(&mut self, seq: u64, enough: usize, mut count: impl FnMut(u64)) {
        if self.long {
            return count(seq);
        }
        self.pending.push(seq);
        if self.pending.len() >= enough {
            self.long = true;
            std::mem::take(&mut self.pending).into_iter().for_each(count);
        }
    }
}
