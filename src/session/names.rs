//! The words that stand in a recording for kinds, outcomes, origins and ends, and the names of calls.
//!
//! They are part of the format: a word is never changed or reused, new ones are added at the end.

use std::sync::Arc;

use arrow_array::StringArray;

use crate::abi::{Arch, lookup};
use crate::model::{Dropped, Origin, Outcome, VdsoMode, Warning};

/// What a row is. The order is that of `KINDS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Call,
    Return,
    Signal,
    Stop,
    Exec,
    Task,
    Exit,
    Output,
    Ended,
    Warning,
    Machine,
    Marker,
}

impl Kind {
    pub const ALL: [Kind; 12] = [
        Kind::Call,
        Kind::Return,
        Kind::Signal,
        Kind::Stop,
        Kind::Exec,
        Kind::Task,
        Kind::Exit,
        Kind::Output,
        Kind::Ended,
        Kind::Warning,
        Kind::Machine,
        Kind::Marker,
    ];
    pub const NAMES: [&str; 12] =
        ["call", "return", "signal", "stop", "exec", "task", "exit", "output", "ended", "warning", "machine", "marker"];

    pub fn from_name(name: &str) -> Option<Kind> {
        let index = Kind::NAMES.iter().position(|n| *n == name)?;
        Some(Kind::ALL[index])
    }
}

/// What a warning is about.
pub(super) fn warning_name(warning: Warning) -> &'static str {
    match warning {
        Warning::PrivilegesDropped(Dropped::Traced) => "privileges_dropped_traced",
        Warning::PrivilegesDropped(Dropped::NoNewPrivs) => "privileges_dropped_no_new_privs",
        Warning::HeldTooLong { .. } => "held_too_long",
        Warning::VdsoSwitched { mode: VdsoMode::Natural, .. } => "vdso_natural",
        Warning::VdsoSwitched { mode: VdsoMode::Shown, .. } => "vdso_shown",
        Warning::VdsoSwitched { mode: VdsoMode::Off, .. } => "vdso_off",
        Warning::VdsoSwitched { mode: VdsoMode::Absent, .. } => "vdso_absent",
        Warning::VdsoUnlogged { .. } => "vdso_unlogged",
    }
}

/// What marks a number as x32, `__X32_SYSCALL_BIT` of asm/unistd.h.
const X32_BIT: u64 = 0x4000_0000;

/// Beyond the highest number of any architecture.
const NUMBERS: u64 = 1024;

pub(super) const OUTCOMES: [&str; 5] = ["returned", "failed", "never_returned", "killed_by_seccomp", "detached"];

/// Index into `OUTCOMES`.
pub(super) fn outcome_index(outcome: Outcome) -> i8 {
    match outcome {
        Outcome::Returned(_) => 0,
        Outcome::Failed(_) => 1,
        Outcome::NeverReturned => 2,
        Outcome::KilledBySeccomp => 3,
        Outcome::Detached => 4,
    }
}

const ORIGINS: [Origin; 6] =
    [Origin::Launch, Origin::Fork, Origin::Vfork, Origin::Clone, Origin::Thread, Origin::Attach];

pub(super) fn origin(name: &str) -> Option<Origin> {
    ORIGINS.into_iter().find(|origin| origin.name() == name)
}

/// The names of all calls, one list for all architectures, and the way from a number to its place in it. A fixed list
/// costs a file some 4 KiB once and spares every reader dictionaries that change on the way.
pub(super) struct CallNames {
    pub names: Arc<StringArray>,
    /// By `Arch as usize`, then by number.
    keys: [Vec<Option<i16>>; 4],
}

impl CallNames {
    pub fn new() -> CallNames {
        let by_arch = Arch::ALL.map(|arch| (0..NUMBERS).map(|nr| Some(lookup(arch, nr)?.name)).collect::<Vec<_>>());
        let mut names: Vec<&'static str> = by_arch.iter().flatten().flatten().copied().collect();
        names.sort_unstable();
        names.dedup();
        let keys = by_arch
            .map(|table| table.iter().map(|name| names.binary_search(&(*name)?).ok()?.try_into().ok()).collect());
        CallNames { names: Arc::new(StringArray::from(names)), keys }
    }

    /// Index into `names`; None for a number without a name.
    pub fn key(&self, arch: Arch, nr: u64) -> Option<i16> {
        let nr = if arch == Arch::X32 { nr & !X32_BIT } else { nr };
        *self.keys[arch as usize].get(usize::try_from(nr).ok()?)?
    }
}
