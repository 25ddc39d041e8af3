//! Two runs side by side: what each call did in both, what only one of them did, process by process.
//!
//! A run is summed up row by row (`Sums`), so that runs of any length can be compared; `Comparison` puts two sums beside
//! each other, `Threshold` says when a difference is too much, `text` and `json` show it. Processes are aligned by their
//! place in the tree (the second `cc1` that the first `sh` started), never by their numbers, which differ from run to run.
//! Left out: reading recordings (`export::Walk`), and what is done about a difference.

mod align;
mod json;
mod sums;
mod text;
mod threshold;

pub use align::{Pair, Process};
pub use json::json;
pub use sums::{Count, Sums};
pub use text::text;
pub use threshold::{NAMES, Threshold};

use std::collections::BTreeMap;

/// What two runs did of one thing; None: it did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Both<T> {
    pub a: Option<T>,
    pub b: Option<T>,
}

impl<T> Both<T> {
    /// Only the second run did it.
    pub fn is_new(&self) -> bool {
        self.a.is_none() && self.b.is_some()
    }

    /// Only the first run did it.
    pub fn is_gone(&self) -> bool {
        self.a.is_some() && self.b.is_none()
    }
}

/// Two runs side by side. Lists are in order of names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    pub total: Both<Count>,
    pub calls: Vec<(String, Both<Count>)>,
    /// By call and errno.
    pub errors: Vec<((String, u16), Both<u64>)>,
    /// How often a call was about a path.
    pub paths: Vec<(Vec<u8>, Both<u64>)>,
    /// In the order of the tree, those of the first run before those that only the second has.
    pub processes: Vec<Pair>,
}

impl Comparison {
    pub fn new(a: &Sums, b: &Sums) -> Comparison {
        Comparison {
            total: Both { a: Some(a.total), b: Some(b.total) },
            calls: beside(&a.calls, &b.calls),
            errors: beside(&a.errors, &b.errors),
            paths: beside(&a.paths, &b.paths),
            processes: align::align(&a.processes(), &b.processes()),
        }
    }

    /// Calls, errors, paths and processes are the same in both; times are not asked.
    pub fn is_same(&self) -> bool {
        let same = |both: &Both<Count>| both.a.map(Count::without_time) == both.b.map(Count::without_time);
        self.calls.iter().all(|(_, both)| same(both))
            && self.errors.iter().all(|(_, both)| both.a == both.b)
            && self.paths.iter().all(|(_, both)| both.a.is_some() == both.b.is_some())
            && self.processes.iter().all(|pair| same(&pair.count))
    }
}

fn beside<K: Ord + Clone, V: Copy>(a: &BTreeMap<K, V>, b: &BTreeMap<K, V>) -> Vec<(K, Both<V>)> {
    let mut all: BTreeMap<&K, Both<V>> =
        a.iter().map(|(key, value)| (key, Both { a: Some(*value), b: None })).collect();
    for (key, value) in b {
        all.entry(key).or_insert(Both { a: None, b: None }).b = Some(*value);
    }
    all.into_iter().map(|(key, both)| (key.clone(), both)).collect()
}

#[cfg(test)]
mod tests;
