//! What a profile does to the rows: how many it would block, by call and by rule, and where the run would have gone
//! another way.
//!
//! Rows are judged in slices, in order, so that no frame waits. A verdict costs little and is not kept: rows in view are
//! judged again when drawn.

use std::collections::HashMap;

use super::divergence::{Divergence, Effect, effect};
use crate::abi::Arch;
use crate::model::{CallRow, Marks, RowKind, Store, TaskId};
use crate::policy::{Action, Verdict};

#[derive(Debug, Default)]
pub struct Blocked {
    judged: u64,
    total: u64,
    by_call: HashMap<(Arch, u64), u64>,
    /// By the profile's rule; None: the default action, or no rule could apply.
    by_rule: HashMap<Option<usize>, u64>,
    divergence: Divergence,
    /// Blocked calls that went on when they were judged.
    open: Vec<(u64, TaskId, Action)>,
}

impl Blocked {
    /// Judges up to `budget` more rows; true while there are more.
    pub fn scan(&mut self, store: &Store, budget: u64, verdict: impl Fn(u64, &CallRow) -> Option<Verdict>) -> bool {
        self.look_again(store);
        let end = store.len().min(self.judged.saturating_add(budget));
        for seq in self.judged..end {
            let Some(row) = store.row(seq) else { continue };
            match &row.kind {
                // No filter ever sees what the vDSO answers.
                RowKind::Call(call) if call.marks.has(Marks::VDSO) => {}
                RowKind::Call(call) => {
                    let Some(verdict) = verdict(seq, call) else { continue };
                    *self.by_rule.entry(verdict.rule).or_default() += 1;
                    if verdict.action.blocks() {
                        self.total += 1;
                        *self.by_call.entry((call.arch, call.nr)).or_default() += 1;
                        self.weigh(seq, row.task, call, verdict.action);
                    }
                }
                RowKind::NewTask(new) => self.divergence.new_task(seq, row.task, new),
                _ => {}
            }
        }
        self.judged = end;
        end < store.len()
    }

    fn weigh(&mut self, seq: u64, task: TaskId, call: &CallRow, action: Action) {
        let effect = effect(call, action);
        if effect == Effect::Open {
            self.open.push((seq, task, action));
        }
        self.divergence.blocked(seq, task, effect);
    }

    /// Calls that have come back meanwhile.
    fn look_again(&mut self, store: &Store) {
        for (seq, task, action) in std::mem::take(&mut self.open) {
            if let Some(RowKind::Call(call)) = store.row(seq).map(|row| row.kind) {
                self.weigh(seq, task, &call, action);
            }
        }
    }

    /// Rows that would be blocked, of those judged so far.
    pub fn total(&self) -> u64 {
        self.total
    }

    pub fn of_call(&self, arch: Arch, nr: u64) -> u64 {
        self.by_call.get(&(arch, nr)).copied().unwrap_or(0)
    }

    /// Calls that this rule decided, allowed ones too.
    pub fn of_rule(&self, rule: Option<usize>) -> u64 {
        self.by_rule.get(&rule).copied().unwrap_or(0)
    }

    pub fn divergence(&self) -> &Divergence {
        &self.divergence
    }

    /// Rows judged so far.
    pub fn judged(&self) -> u64 {
        self.judged
    }
}
