//! What was seen of the vDSO's questions in each of its modes: the same program, three pictures of it.

use std::collections::BTreeMap;

use crate::abi;
use crate::model::{Changes, Marks, RowKind, Store, VdsoMode, Warning};
use crate::vdso::call_of;

/// Counts of one call while the vDSO was in one mode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// System calls of that name, whoever made them.
    pub calls: u64,
    /// Of these, those that the vDSO made because it could not answer.
    pub fell_back: u64,
    /// What the vDSO answered and was logged, rows or not.
    pub answers: u64,
}

#[derive(Debug)]
pub struct Modes {
    now: VdsoMode,
    /// The modes that there were.
    pub were: Vec<VdsoMode>,
    seen: BTreeMap<(&'static str, &'static str), Seen>,
    /// How far times of answers may be off, as was found last.
    pub error_ns: u64,
}

impl Modes {
    pub fn new(mode: VdsoMode) -> Modes {
        Modes { now: mode, were: vec![mode], seen: BTreeMap::new(), error_ns: 0 }
    }

    /// Takes in one append.
    pub fn update(&mut self, store: &Store, changes: &Changes) {
        for seq in changes.added.clone() {
            match store.row(seq).map(|row| row.kind) {
                Some(RowKind::Warning(Warning::VdsoSwitched { mode, error_ns })) => {
                    self.now = mode;
                    self.error_ns = self.error_ns.max(error_ns);
                    if !self.were.contains(&mode) {
                        self.were.push(mode);
                    }
                }
                Some(RowKind::Warning(Warning::VdsoUnlogged { nr, count })) => {
                    if let Some(seen) = self.of(abi::Arch::X86_64, nr) {
                        seen.answers += count;
                    }
                }
                Some(RowKind::Call(call)) => {
                    if let Some(seen) = self.of(call.arch, call.nr) {
                        match call.marks.has(Marks::VDSO) {
                            true => seen.answers += 1,
                            false => seen.calls += 1,
                        }
                        seen.fell_back += u64::from(call.marks.has(Marks::FELL_BACK));
                    }
                }
                _ => {}
            }
        }
        for &seq in changes.completed.iter().filter(|&&seq| seq < changes.added.start) {
            if let Some(RowKind::Call(call)) = store.row(seq).map(|row| row.kind)
                && call.marks.has(Marks::FELL_BACK)
                && let Some(seen) = self.of(call.arch, call.nr)
            {
                seen.fell_back += 1;
            }
        }
    }

    fn of(&mut self, arch: abi::Arch, nr: u64) -> Option<&mut Seen> {
        let call = abi::lookup(arch, nr).and_then(|call| call_of(call.name))?;
        Some(self.seen.entry((call, self.now.name())).or_default())
    }

    /// What was seen of a call in a mode.
    pub fn get(&self, call: &'static str, mode: VdsoMode) -> Seen {
        self.seen.get(&(call, mode.name())).copied().unwrap_or_default()
    }

    /// Of all calls that a vDSO answers.
    pub fn total(&self, mode: VdsoMode) -> Seen {
        let mut total = Seen::default();
        for seen in self.seen.iter().filter(|((_, of), _)| *of == mode.name()).map(|(_, seen)| seen) {
            total.calls += seen.calls;
            total.fell_back += seen.fell_back;
            total.answers += seen.answers;
        }
        total
    }
}
