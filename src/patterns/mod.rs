//! Common patterns: what beginners stumble over and experts look for, found while rows come in, with the rows that show it.
//!
//! Each pattern is a lint, one a file of `lints`, behind one trait: it is shown the calls that it wants as they come back, and
//! programs and tasks as they come and go, each once and in order. What it remembers is bounded (`memory`): of what is older
//! than some thousands of subjects nothing is known any more, and at most 64 findings of a lint are kept with 256 rows each;
//! counts are exact. Findings are made into words when somebody asks. A finding says what was seen and is true of it; whether it matters is said as
//! carefully as it is known. Left out: calls behind i386's socketcall(2) and ipc(2), and what the vDSO answered.

mod finding;
mod lints;
mod memory;
mod seen;
mod words;

pub use finding::{Finding, Severity};

use crate::abi::{self, Arch};
use crate::model::{CallRow, Changes, Marks, Outcome, RowKind, Store, TaskId};
use lints::Lint;
use seen::{Seen, Wants};

/// Call numbers above are looked up each time; no kernel has them so far.
const NUMBERS: u64 = 1024;
/// x32 numbers carry this bit. `__X32_SYSCALL_BIT` of `asm/unistd.h`.
const X32_BIT: u64 = 0x4000_0000;

/// Which lints want to see a call, a bit each.
#[derive(Debug, Clone, Copy, Default)]
struct Wanted {
    known: bool,
    returned: u32,
    failed: u32,
}

/// All lints with what they have seen.
#[derive(Debug)]
pub struct Patterns {
    lints: Vec<Box<dyn Lint>>,
    /// By architecture and number.
    wanted: [Vec<Wanted>; 4],
}

impl Default for Patterns {
    fn default() -> Patterns {
        Patterns { lints: lints::all(), wanted: Default::default() }
    }
}

impl Patterns {
    /// Takes in one append. Call it once for every `Changes`, in order, with the store that gave them.
    pub fn update(&mut self, store: &Store, changes: &Changes) {
        self.update_timed(store, changes, |_, _| true);
    }

    /// As `update`, with the times of only those calls, by row, that `timed` takes for the call's own.
    pub fn update_timed(&mut self, store: &Store, changes: &Changes, timed: impl Fn(u64, &CallRow) -> bool) {
        let mut events = changes.added.clone().filter_map(|seq| {
            let row = store.row(seq)?;
            (!matches!(row.kind, RowKind::Call(_))).then_some((seq, row))
        });
        let mut event = events.next();
        for &seq in &changes.completed {
            let Some(row) = store.row(seq) else { continue };
            let RowKind::Call(call) = &row.kind else { continue };
            while let Some((seq, before)) = event.as_ref().filter(|(_, before)| before.t_ns < call.t_exit_ns) {
                self.lints.iter_mut().for_each(|lint| lint.event(store, *seq, before));
                event = events.next();
            }
            if !call.marks.has(Marks::VDSO) {
                self.call(store, seq, row.task, row.t_ns, call, timed(seq, call));
            }
        }
        while let Some((seq, row)) = event {
            self.lints.iter_mut().for_each(|lint| lint.event(store, seq, &row));
            event = events.next();
        }
    }

    fn call(&mut self, store: &Store, seq: u64, task: TaskId, t_ns: u64, call: &CallRow, timed: bool) {
        let wanted = self.wanted(call.arch, call.nr);
        let mut mask = match call.outcome {
            Some(Outcome::Returned(_)) => wanted.returned,
            Some(Outcome::Failed(_)) => wanted.failed,
            _ => 0,
        };
        if mask == 0 {
            return;
        }
        let Some(declared) = abi::lookup(call.arch, call.nr) else { return };
        let duration_ns = call.duration_ns(t_ns).filter(|_| timed);
        let seen = Seen { store, seq, task, t_ns, row: call, call: declared, duration_ns };
        while mask != 0 {
            self.lints[mask.trailing_zeros() as usize].call(&seen);
            mask &= mask - 1;
        }
    }

    fn wanted(&mut self, arch: Arch, nr: u64) -> Wanted {
        let small = if arch == Arch::X32 { nr & !X32_BIT } else { nr };
        if small >= NUMBERS {
            return Wanted::default();
        }
        let table = &mut self.wanted[arch as usize];
        if table.is_empty() {
            table.resize(NUMBERS as usize, Wanted::default());
        }
        let entry = &mut table[small as usize];
        if !entry.known {
            entry.known = true;
            // What sigreturn(2) gives back is the register of whatever the signal came upon.
            if let Some(declared) = abi::lookup(arch, nr).filter(|call| !call.name.ends_with("sigreturn")) {
                for (index, lint) in self.lints.iter().enumerate() {
                    match lint.wants(declared) {
                        Wants::Nothing => {}
                        Wants::Failures => entry.failed |= 1 << index,
                        Wants::Successes => entry.returned |= 1 << index,
                        Wants::All => {
                            entry.failed |= 1 << index;
                            entry.returned |= 1 << index;
                        }
                    }
                }
            }
        }
        *entry
    }

    /// What was found so far, the most serious first, then what was seen most often. `whole`: every call was seen; if not,
    /// nothing is said of what was not done.
    pub fn findings(&self, store: &Store, whole: bool) -> Vec<Finding> {
        let mut all = Vec::new();
        let sound = self.lints.iter().filter(|lint| whole || !lint.needs_every_call());
        sound.for_each(|lint| lint.findings(store, &mut all));
        all.sort_by(|a, b| b.severity.cmp(&a.severity).then(b.count.cmp(&a.count)).then(a.rows.cmp(&b.rows)));
        all
    }

    /// The name of each lint with what it looks for, in order.
    pub fn lints() -> Vec<(&'static str, &'static str)> {
        lints::all().iter().map(|lint| lint.about()).collect()
    }
}

#[cfg(test)]
mod tests;
