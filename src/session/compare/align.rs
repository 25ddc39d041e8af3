//! Which process of one run is which of the other: by the commands from the first process on, and among children of the
//! same command by the order in which they appeared.

use std::collections::{BTreeMap, HashMap};

use super::{Both, Count};

/// A process of a run. Parents come before their children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Index of the process that made it, if that was seen.
    pub parent: Option<usize>,
    /// What it ran at the end.
    pub comm: Vec<u8>,
    pub count: Count,
    /// Rows of it were counted; others only hold the tree together.
    pub seen: bool,
}

/// A process of both runs, or of one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// 0 for one whose maker was not seen.
    pub depth: usize,
    pub comm: Vec<u8>,
    /// Which of its siblings of the same command, from 1.
    pub ordinal: usize,
    pub count: Both<Count>,
}

/// A place in the tree: that of the parent, the command, and which of its kind.
type Place = (Option<usize>, Vec<u8>, usize);

/// Numbers for places; equal places of both runs get the same.
#[derive(Default)]
struct Places {
    numbers: HashMap<Place, usize>,
    all: Vec<(Place, Both<Count>)>,
}

impl Places {
    fn of(&mut self, processes: &[Process], mut put: impl FnMut(&mut Both<Count>, Count)) {
        let mut met: HashMap<(Option<usize>, &[u8]), usize> = HashMap::new();
        let mut numbers: Vec<usize> = Vec::with_capacity(processes.len());
        for process in processes {
            let parent = process.parent.and_then(|parent| numbers.get(parent).copied());
            let ordinal = met.entry((parent, &process.comm)).or_default();
            *ordinal += 1;
            let place: Place = (parent, process.comm.clone(), *ordinal);
            let next = self.all.len();
            let number = *self.numbers.entry(place.clone()).or_insert(next);
            if number == next {
                self.all.push((place, Both { a: None, b: None }));
            }
            if process.seen {
                put(&mut self.all[number].1, process.count);
            }
            numbers.push(number);
        }
    }
}

/// The processes of both runs, a parent before its children.
pub fn align(a: &[Process], b: &[Process]) -> Vec<Pair> {
    let mut places = Places::default();
    places.of(a, |both, count| both.a = Some(count));
    places.of(b, |both, count| both.b = Some(count));
    let mut children: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
    for (number, ((parent, ..), _)) in places.all.iter().enumerate() {
        children.entry(*parent).or_default().push(number);
    }
    let mut pairs = Vec::new();
    let mut waiting: Vec<(usize, usize)> = Vec::new();
    let push = |waiting: &mut Vec<(usize, usize)>, parent: Option<usize>, depth: usize| {
        let found = children.get(&parent).into_iter().flatten().rev();
        waiting.extend(found.map(|number| (*number, depth)));
    };
    push(&mut waiting, None, 0);
    while let Some((number, depth)) = waiting.pop() {
        let ((_, comm, ordinal), count) = &places.all[number];
        // One without rows of its own is shown if it holds others.
        if count.a.is_some() || count.b.is_some() || children.contains_key(&Some(number)) {
            pairs.push(Pair { depth, comm: comm.clone(), ordinal: *ordinal, count: *count });
        }
        push(&mut waiting, Some(number), depth + 1);
    }
    pairs
}
