//! Waiting for the disk: fsync(2) and its like, where they are slow or many.

use super::super::finding::{Finding, Severity};
use super::super::memory::{Found, Program};
use super::super::seen::{Seen, Wants};
use super::super::words::{Words, time};
use super::Lint;
use crate::abi::Call;
use crate::model::Store;

/// Worth a word: one that took so long, all together, or so many; times in nanoseconds.
const ONE_NS: u64 = 50_000_000;
const ALL_NS: u64 = 200_000_000;
const MANY: u64 = 20;

#[derive(Debug, Default)]
pub struct SlowSync {
    found: Found<Program>,
}

impl Lint for SlowSync {
    fn about(&self) -> (&'static str, &'static str) {
        ("slow-sync", "waiting for the disk with fsync and its like")
    }

    fn wants(&self, call: &Call) -> Wants {
        match call.name {
            "fsync" | "fdatasync" | "sync_file_range" | "sync_file_range2" | "sync" | "syncfs" | "msync" => Wants::All,
            _ => Wants::Nothing,
        }
    }

    fn call(&mut self, seen: &Seen<'_>) {
        let Some(tally) = self.found.tally(seen.program(), seen.task) else { return };
        let took_ns = seen.duration_ns.unwrap_or(0);
        tally.add(seen.seq);
        tally.total_ns += took_ns;
        tally.other = tally.other.max(took_ns);
    }

    fn findings(&self, _: &Store, out: &mut Vec<Finding>) {
        for (&program, tally) in self.found.iter() {
            let slow = tally.other >= ONE_NS || tally.total_ns >= ALL_NS;
            if !slow && tally.count < MANY {
                continue;
            }
            let (all, longest) = (time(tally.total_ns), time(tally.other));
            out.push(
                Words {
                    lint: "slow-sync",
                    severity: if slow { Severity::Remark } else { Severity::Note },
                    title: format!("waited {all} for the disk, at longest {longest} (fsync and its like)"),
                    why: "It returns when what was written is safe against a loss of power; databases and package managers need that."
                        .into(),
                    advice: "Sync once for many changes (a transaction), or not at all for what can be made again (eatmydata, tmpfs).",
                }
                .of(program, tally),
            );
        }
    }
}
