//! A profile under a context, ready to judge calls.

use std::sync::OnceLock;

use super::bpf::{Data, RET_KILL_PROCESS, strictest};
use super::resolve::Resolved;
use super::table::{Conditional, Entry};
use super::{Action, Certainty, Context, ENOSYS, Profile, Verdict};
use crate::abi::{Arch, X32_BIT};
use crate::model::CallView;

/// Judges calls one at a time, without looking at the profile's text again: an array lookup per call, and the
/// comparisons of its rules where they look at arguments.
#[derive(Debug, Clone)]
pub struct Judge {
    /// As its runtime reads it.
    profile: Profile,
    /// As it was written.
    written: Profile,
    context: Context,
    resolved: Resolved,
    /// What programs answer, by architecture and number, where they look at no argument.
    by_number: [OnceLock<Vec<Option<Action>>>; 4],
}

/// Numbers of which it is worked out beforehand what programs answer; there are no larger ones yet.
const NUMBERS: u64 = 512;

/// What the filter has for a call number, before it looks at arguments.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// The filter has no part for this architecture: it kills the thread.
    BadArchitecture,
    /// Above the highest number that the profile names: ENOSYS, by runc.
    Above(u64),
    Default,
    Fixed {
        action: Action,
        rule: usize,
    },
    Conditional(&'a Conditional),
}

impl Judge {
    pub(super) fn new(written: Profile, profile: Profile, context: Context, resolved: Resolved) -> Judge {
        Judge { profile, written, context, resolved, by_number: Default::default() }
    }

    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The profile as the context's runtime reads it.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Whether a rule takes part under these circumstances.
    pub fn takes_part(&self, rule: usize) -> bool {
        self.resolved.dropped.get(rule).is_some_and(Option::is_none)
    }

    pub(super) fn written(&self) -> &Profile {
        &self.written
    }

    pub(super) fn resolved(&self) -> &Resolved {
        &self.resolved
    }

    /// The filter's answer to one call. `nr` as the register held it: with bit 30 on x32, of 64 bits of which the kernel
    /// takes 32.
    pub fn verdict(&self, arch: Arch, nr: u64, args: &[u64; 6]) -> Verdict {
        let exact = |action, rule| Verdict { action, rule, certainty: Certainty::Exact };
        if !self.profile.programs().is_empty() {
            let known = self.by_number(arch, nr);
            return exact(known.unwrap_or_else(|| self.run(&Data::of(arch, nr, args))), None);
        }
        match self.find(arch, nr) {
            Found::BadArchitecture => exact(self.foreign(), None),
            Found::Above(_) => exact(Action::Errno(ENOSYS), None),
            Found::Default => exact(self.profile.default_action(), None),
            Found::Fixed { action, rule } => exact(action, Some(rule)),
            Found::Conditional(conditional) => {
                conditional.verdict(&visible(arch, nr, args), self.profile.default_action())
            }
        }
    }

    /// The strictest answer of the programs.
    fn run(&self, data: &Data) -> Action {
        // They were checked when they were read; what cannot be run ends the process, as in the kernel.
        let answers = self.profile.programs().iter().map(|p| p.run(data).map_or(RET_KILL_PROCESS, |(ret, _)| ret));
        answers.reduce(strictest).map_or(Action::Allow, Action::from_ret)
    }

    /// The answer of the programs to a call of this number, if they look at no argument of it.
    fn by_number(&self, arch: Arch, nr: u64) -> Option<Action> {
        let bit = if arch == Arch::X32 { X32_BIT } else { 0 };
        let answers = self.by_number[arch as usize].get_or_init(|| {
            let answer = |nr: u64| {
                let data = Data::of(arch, nr | bit, &[0; 6]);
                let looks = self.profile.programs().iter().any(|program| program.arguments_loaded(&data) != 0);
                (!looks).then(|| self.run(&data))
            };
            (0..NUMBERS).map(answer).collect()
        });
        usize::try_from(nr ^ bit).ok().and_then(|nr| answers.get(nr).copied().flatten())
    }

    /// Every answer that some call may get, without order.
    pub fn answers(&self) -> Vec<Action> {
        let mut answers = vec![self.foreign(), Action::Errno(ENOSYS), self.profile.default_action()];
        answers.extend(self.profile.rules().iter().map(|rule| rule.action));
        answers.extend(self.profile.programs().iter().flat_map(|program| program.answers()));
        let mut seen = std::collections::HashSet::new();
        answers.retain(|action| seen.insert(*action));
        answers
    }

    /// The answer to a call of which only text may tell; None if it depends on a register whose content is not told.
    pub fn verdict_on(&self, view: &CallView<'_>) -> Option<Verdict> {
        let unknown = view.unknown_registers();
        let certain = unknown == 0 || unknown & self.looks_at(view.arch, view.nr, view.args) == 0;
        certain.then(|| self.verdict(view.arch, view.nr, view.args))
    }

    /// Bit N: the answer to such a call depends on its argument N, or can.
    pub fn looks_at(&self, arch: Arch, nr: u64, args: &[u64; 6]) -> u8 {
        let bits = |indices: &mut dyn Iterator<Item = u8>| indices.fold(0, |all, index| all | 1 << index);
        if !self.profile.programs().is_empty() {
            if self.by_number(arch, nr).is_some() {
                return 0;
            }
            let data = Data::of(arch, nr, args);
            return self.profile.programs().iter().fold(0, |all, program| all | program.arguments_loaded(&data));
        }
        match self.find(arch, nr) {
            Found::Conditional(conditional) => {
                let conditions = conditional.clauses.iter().flat_map(|clause| &clause.conditions);
                bits(&mut conditions.map(|condition| condition.index))
            }
            Found::BadArchitecture | Found::Above(_) | Found::Default | Found::Fixed { .. } => 0,
        }
    }

    /// What happens to calls of architectures that the filter has no part for.
    pub(super) fn foreign(&self) -> Action {
        if self.profile.form().is_in_order() { Action::KillProcess } else { Action::KillThread }
    }

    pub(super) fn find(&self, arch: Arch, nr: u64) -> Found<'_> {
        let nr = nr & u64::from(u32::MAX);
        let arch = real(arch, nr);
        let own = &self.resolved.tables[arch as usize];
        // Without libseccomp, a number with x32's bit is one of x86-64 that no rule names.
        if self.profile.form().is_in_order() && nr & X32_BIT != 0 && matches!(arch, Arch::X86_64 | Arch::X32) {
            let listed = self.resolved.tables[Arch::X86_64 as usize].listed;
            return if listed { Found::Default } else { Found::BadArchitecture };
        }
        // -1 has x32's bit, but libseccomp treats it as a call of x86-64 that has no rule.
        if arch == Arch::X86_64 && nr & X32_BIT != 0 {
            let x32 = &self.resolved.tables[Arch::X32 as usize];
            return match x32.highest {
                Some(highest) => Found::Above(highest),
                None if own.listed => Found::Default,
                None => Found::BadArchitecture,
            };
        }
        let nr = if arch == Arch::X32 { nr & !X32_BIT } else { nr };
        if let Some(highest) = own.highest.filter(|highest| nr > *highest) {
            return Found::Above(highest);
        }
        // Without x32 in the profile, libseccomp takes all numbers from its bit on for calls of another architecture.
        let beyond = arch == Arch::X86_64 && nr >= X32_BIT && !self.resolved.tables[Arch::X32 as usize].listed;
        if !own.listed || beyond {
            return Found::BadArchitecture;
        }
        match own.entry(nr) {
            Entry::Default => Found::Default,
            Entry::Fixed { action, rule } => Found::Fixed { action: *action, rule: *rule },
            Entry::Conditional(conditional) => Found::Conditional(conditional),
        }
    }
}

/// x86-64 and x32 are one architecture to the kernel; the number tells them apart. libseccomp's filters take every number
/// from x32's first one on as x32's, but for -1, although the kernel knows no negative ones.
pub(super) fn real(arch: Arch, nr: u64) -> Arch {
    match arch {
        Arch::X86_64 | Arch::X32 if nr & X32_BIT != 0 && nr as i32 != -1 => Arch::X32,
        Arch::X86_64 | Arch::X32 => Arch::X86_64,
        Arch::I386 | Arch::Aarch64 => arch,
    }
}

/// The arguments as the filter compares them: on 32-bit architectures only their lower halves.
pub(super) fn visible(arch: Arch, nr: u64, args: &[u64; 6]) -> [u64; 6] {
    match real(arch, nr & u64::from(u32::MAX)) {
        Arch::X86_64 | Arch::Aarch64 => *args,
        Arch::I386 | Arch::X32 => args.map(|arg| arg & u64::from(u32::MAX)),
    }
}
