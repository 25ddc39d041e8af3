//! What a profile does to the rows: how many it would block, by call and by rule, and where the run would have gone
//! another way.
//!
//! Rows are judged in slices, in order, so that no frame waits. Of a chunk that is complete the index tells how often each
//! call was made, so that calls that run whatever their arguments are cost nothing, and only the others are looked at. A
//! verdict costs little and is not kept: rows in view are judged again when drawn.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use super::divergence::{Divergence, Effect, effect};
use crate::abi::{self, Arch};
use crate::model::{CHUNK_ROWS, CallRow, Marks, Row, RowKind, Store, TaskId};
use crate::policy::{Action, Judge, Verdict};
use crate::vdso;

/// What opening a chunk costs, as a number of rows that are looked at.
const OPENING: u64 = 256;

#[derive(Debug, Default)]
pub struct Blocked {
    judged: u64,
    total: u64,
    by_call: HashMap<(Arch, u64), Answers>,
    /// The default action, then the rules in the profile's order.
    by_rule: Vec<Used>,
    divergence: Divergence,
    /// Blocked calls that went on when they were judged.
    open: Vec<(u64, TaskId, Action)>,
    /// Rows of a complete chunk, which begins where `judged` is.
    chunk: Option<Chunk>,
}

/// What a call was answered, other than that it may run.
#[derive(Debug, Clone, Default)]
pub struct Answers(Vec<(Action, u64)>);

/// What a rule decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    pub calls: u64,
    /// The first row.
    pub first: Option<u64>,
}

/// Rows counted from a chunk's first.
#[derive(Debug)]
struct Chunk {
    /// To be looked at: calls, and the first rows of tasks.
    rows: RoaringBitmap,
    /// Of them the calls.
    calls: RoaringBitmap,
}

impl Answers {
    fn add(&mut self, action: Action, calls: u64) {
        match self.0.iter_mut().find(|(known, _)| *known == action) {
            Some((_, number)) => *number += calls,
            None => {
                self.0.push((action, calls));
                self.0.sort_unstable_by_key(|(action, _)| *action);
            }
        }
    }

    /// Takes one away; false if there was none.
    fn remove(&mut self, action: Action) -> bool {
        let Some(at) = self.0.iter().position(|(known, _)| *known == action) else { return false };
        self.0[at].1 -= 1;
        if self.0[at].1 == 0 {
            self.0.remove(at);
        }
        true
    }

    /// Strictest first.
    pub fn each(&self) -> &[(Action, u64)] {
        &self.0
    }

    /// Calls that would not have run.
    pub fn blocked(&self) -> u64 {
        self.0.iter().filter(|(action, _)| action.blocks()).map(|(_, calls)| calls).sum()
    }
}

impl Blocked {
    /// Judges up to about `budget` more rows; true while there are more.
    pub fn scan(&mut self, store: &Store, budget: u64, judge: &Judge) -> bool {
        self.look_again(store);
        let mut left = budget;
        while left > 0 && self.judged < store.len() {
            let spent = match self.chunk.take() {
                Some(chunk) => self.look(store, judge, chunk, left),
                None if self.open_chunk(store, judge) => OPENING,
                None => self.walk(store, judge, left),
            };
            left = left.saturating_sub(spent.max(1));
        }
        self.judged < store.len()
    }

    /// Takes what the index of a complete chunk tells; false if there is none here.
    fn open_chunk(&mut self, store: &Store, judge: &Judge) -> bool {
        let rows = CHUNK_ROWS as u64;
        if !self.judged.is_multiple_of(rows) || self.judged + rows > store.len() {
            return false;
        }
        let Some(index) = store.index((self.judged / rows) as usize) else { return false };
        let mut calls = RoaringBitmap::new();
        for ((arch, nr), rows) in index.calls() {
            match by_number(judge, arch, nr) {
                Some(verdict) => self.count(self.judged + u64::from(rows.min().unwrap_or(0)), verdict, rows.len()),
                None => calls |= rows,
            }
        }
        let mut rows = calls.clone();
        rows.extend(index.tasks().filter_map(|(_, rows)| rows.min()));
        self.chunk = Some(Chunk { rows, calls });
        true
    }

    /// Looks at rows of a complete chunk, one by one; how many.
    fn look(&mut self, store: &Store, judge: &Judge, mut chunk: Chunk, most: u64) -> u64 {
        let mut looked = 0;
        let mut last = None;
        for row in chunk.rows.iter().take(usize::try_from(most).unwrap_or(usize::MAX)) {
            let seq = self.judged + u64::from(row);
            if let Some(kept) = store.row(seq)
                && (chunk.calls.contains(row) || !matches!(kept.kind, RowKind::Call(_)))
            {
                self.judge(store, judge, seq, &kept);
            }
            last = Some(row);
            looked += 1;
        }
        if let Some(last) = last {
            chunk.rows.remove_range(..=last);
        }
        match chunk.rows.is_empty() {
            true => self.judged += CHUNK_ROWS as u64,
            false => self.chunk = Some(chunk),
        }
        looked
    }

    /// Looks at rows as they stand; how many.
    fn walk(&mut self, store: &Store, judge: &Judge, most: u64) -> u64 {
        let rows = CHUNK_ROWS as u64;
        let begin = self.judged;
        let end = store.len().min(begin + most).min((begin / rows + 1) * rows);
        for seq in begin..end {
            if let Some(row) = store.row(seq) {
                self.judge(store, judge, seq, &row);
            }
        }
        self.judged = end;
        end - begin
    }

    fn judge(&mut self, store: &Store, judge: &Judge, seq: u64, row: &Row) {
        match &row.kind {
            // No filter ever sees what the vDSO answers.
            RowKind::Call(call) if call.marks.has(Marks::VDSO) => {}
            RowKind::Call(call) => {
                let verdict = match judge.looks_at(call.arch, call.nr, &call.args) {
                    0 => judge.verdict(call.arch, call.nr, &call.args),
                    _ => match store.call(seq).and_then(|call| judge.verdict_on(&call.view())) {
                        Some(verdict) => verdict,
                        None => return,
                    },
                };
                self.count(seq, verdict, 1);
                let action = verdict.action;
                self.add(call.arch, call.nr, action);
                if action.blocks() {
                    self.weigh(seq, row.task, call, action);
                }
            }
            RowKind::NewTask(new) => self.divergence.new_task(seq, row.task, new),
            _ => {}
        }
    }

    fn count(&mut self, first: u64, verdict: Verdict, calls: u64) {
        let place = verdict.rule.map_or(0, |rule| rule + 1);
        if self.by_rule.len() <= place {
            self.by_rule.resize(place + 1, Used::default());
        }
        let used = &mut self.by_rule[place];
        used.calls += calls;
        used.first = Some(used.first.map_or(first, |known| known.min(first)));
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

    /// One more call, judged elsewhere.
    pub fn add(&mut self, arch: Arch, nr: u64, action: Action) {
        if action != Action::Allow {
            self.by_call.entry((arch, nr)).or_default().add(action, 1);
            self.total += u64::from(action.blocks());
        }
    }

    /// One of them less.
    pub fn remove(&mut self, arch: Arch, nr: u64, action: Action) {
        if action != Action::Allow && self.by_call.get_mut(&(arch, nr)).is_some_and(|answers| answers.remove(action)) {
            self.total -= u64::from(action.blocks());
        }
    }

    /// Rows that would be blocked, of those judged so far.
    pub fn total(&self) -> u64 {
        self.total
    }

    pub fn of_call(&self, arch: Arch, nr: u64) -> u64 {
        self.answers(arch, nr).map_or(0, Answers::blocked)
    }

    /// What a call was answered; None: it may always run.
    pub fn answers(&self, arch: Arch, nr: u64) -> Option<&Answers> {
        self.by_call.get(&(arch, nr))
    }

    /// Calls with another answer than that they may run.
    pub fn calls(&self) -> impl Iterator<Item = (Arch, u64)> {
        self.by_call.keys().copied()
    }

    /// What a rule decided, allowed calls too. None: the default action, or no rule could apply.
    pub fn of_rule(&self, rule: Option<usize>) -> Used {
        self.by_rule.get(rule.map_or(0, |rule| rule + 1)).copied().unwrap_or_default()
    }

    pub fn divergence(&self) -> &Divergence {
        &self.divergence
    }

    /// Rows judged so far.
    pub fn judged(&self) -> u64 {
        self.judged
    }
}

/// The verdict on all calls of a number, if they may run whatever their arguments are.
fn by_number(judge: &Judge, arch: Arch, nr: u64) -> Option<Verdict> {
    // Some of these rows may be no calls at all.
    if abi::lookup(arch, nr).is_none_or(|call| vdso::call_of(call.name).is_some()) {
        return None;
    }
    let verdict = (judge.looks_at(arch, nr, &[0; 6]) == 0).then(|| judge.verdict(arch, nr, &[0; 6]))?;
    (verdict.action == Action::Allow).then_some(verdict)
}
