//! Which rows a profile would block: how many, by call, and the first one.
//!
//! Rows are judged in slices, in order, so that no frame waits and the first blocked row is the first of all. A
//! verdict costs little and is not kept: rows in view are judged again when drawn.

use std::collections::HashMap;

use crate::abi::Arch;
use crate::model::{RowKind, Store};
use crate::policy::Verdict;

#[derive(Debug, Default)]
pub struct Blocked {
    judged: u64,
    total: u64,
    by_call: HashMap<(Arch, u64), u64>,
    first: Option<u64>,
}

impl Blocked {
    /// Judges up to `budget` more rows; true while there are more.
    pub fn scan(&mut self, store: &Store, budget: u64, verdict: impl Fn(Arch, u64, &[u64; 6]) -> Verdict) -> bool {
        let end = store.len().min(self.judged.saturating_add(budget));
        for seq in self.judged..end {
            let Some(RowKind::Call(call)) = store.row(seq).map(|row| row.kind) else { continue };
            if verdict(call.arch, call.nr, &call.args).action.blocks() {
                self.total += 1;
                *self.by_call.entry((call.arch, call.nr)).or_default() += 1;
                self.first.get_or_insert(seq);
            }
        }
        self.judged = end;
        end < store.len()
    }

    /// Rows that would be blocked, of those judged so far.
    pub fn total(&self) -> u64 {
        self.total
    }

    pub fn of_call(&self, arch: Arch, nr: u64) -> u64 {
        self.by_call.get(&(arch, nr)).copied().unwrap_or(0)
    }

    /// The first row that would be blocked: after it the real run would have gone another way.
    pub fn first(&self) -> Option<u64> {
        self.first
    }

    /// Rows judged so far.
    pub fn judged(&self) -> u64 {
        self.judged
    }
}
