//! What a profile means under a context: Docker's selection of rules, then runc's and libseccomp's reading of them.

use super::bpf::MAX_INSTRUCTIONS;
use super::error::Fault;
use super::multiplex::on_i386;
use super::profile::{Architectures, Inner, Rule, Selector};
use super::table::{Clause, Entry, Table};
use super::{Action, Condition, Context, Op, names};
use crate::abi::Arch;

#[derive(Debug, Clone)]
pub(super) struct Resolved {
    /// By `Arch as usize`.
    pub tables: [Table; 4],
    /// Per rule of the profile: why it does not take part.
    pub dropped: Vec<Option<Dropped>>,
}

/// Why a rule does not take part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Dropped {
    HasCapability(String),
    LacksCapability(String),
    /// `excludes.arches` names the machine.
    OnMachine,
    /// `includes.arches` does not.
    OtherMachine,
    KernelTooNew((u32, u32)),
    KernelTooOld((u32, u32)),
    SameAsDefault,
}

pub(super) fn resolve(profile: &Inner, context: &Context) -> Result<Resolved, Fault> {
    let runtime = context.runtime_for(profile.form);
    if let Some(at) = profile.idle_errno.filter(|_| runtime.is_crun()) {
        let what = "crun refuses an errno beside an action that has none: remove it";
        return Err(Fault::new(at, what));
    }
    let dropped: Vec<_> = profile.rules.iter().map(|rule| dropped(profile, rule, context)).collect();
    let mut tables: [Table; 4] = Default::default();
    for arch in Arch::ALL {
        let table = &mut tables[arch as usize];
        table.listed = covers(profile, context, arch);
        if !table.listed {
            continue;
        }
        for (index, rule) in profile.rules.iter().enumerate() {
            if dropped[index].is_none() {
                add(table, arch, profile, index, rule)?;
            }
        }
        if profile.form.is_in_order() {
            continue;
        }
        table.settle();
        if runtime.is_runc() && !matches!(profile.default_action, Action::Allow | Action::Log | Action::Trace(_)) {
            table.highest = highest(profile, &dropped, arch);
        }
    }
    if !profile.form.is_in_order() {
        doubt_sections_that_start_with_nothing(&mut tables, profile);
    }
    Ok(Resolved { tables, dropped })
}

/// libseccomp 2.5.4 forgets to load the call number in a section in which the rule that it wants to test first is on a call
/// that the architecture does not have, so that none of the section's rules ever applies. It tests rules without conditions
/// first, and of those the calls that exist; so this needs a section without such a rule. The check for x32 numbers, which
/// stands where x32 is not listed, loads the number too. A rule whose conditions always hold is one with conditions there.
fn doubt_sections_that_start_with_nothing(tables: &mut [Table; 4], profile: &Inner) {
    let is_plain = |rule: usize| profile.rules.get(rule).is_some_and(|rule| rule.args.is_empty());
    for arches in [&[Arch::X86_64, Arch::X32][..], &[Arch::I386], &[Arch::Aarch64]] {
        let x32_is_checked = arches.len() == 2 && !tables[Arch::X32 as usize].listed;
        let any = |test: &dyn Fn(&Table) -> bool| arches.iter().any(|arch| test(&tables[*arch as usize]));
        let starts_well = any(&|table| table.fixed_by().any(is_plain)) || x32_is_checked;
        if any(&|table| table.names_absent_calls) && !starts_well {
            arches.iter().for_each(|arch| tables[*arch as usize].doubt());
        }
    }
}

/// Docker's order: what excludes, then what includes, then what the runtime leaves out.
fn dropped(profile: &Inner, rule: &Rule, context: &Context) -> Option<Dropped> {
    let same = rule.action == profile.default_action && !profile.form.is_in_order();
    selected(&rule.includes, &rule.excludes, context).or(same.then_some(Dropped::SameAsDefault))
}

/// Why a rule with these conditions does not take part under a context.
pub(super) fn selected(includes: &Selector, excludes: &Selector, context: &Context) -> Option<Dropped> {
    let Selector { caps, arches, min_kernel } = excludes;
    if arches.iter().any(|a| a == context.machine()) {
        return Some(Dropped::OnMachine);
    }
    if let Some(cap) = caps.iter().find(|c| context.has(c)) {
        return Some(Dropped::HasCapability(cap.clone()));
    }
    if let Some(kernel) = min_kernel.filter(|k| context.kernel >= *k) {
        return Some(Dropped::KernelTooNew(kernel));
    }
    let Selector { caps, arches, min_kernel } = includes;
    if !arches.is_empty() && !arches.iter().any(|a| a == context.machine()) {
        return Some(Dropped::OtherMachine);
    }
    if let Some(cap) = caps.iter().find(|c| !context.has(c)) {
        return Some(Dropped::LacksCapability(cap.clone()));
    }
    if let Some(kernel) = min_kernel.filter(|k| context.kernel < *k) {
        return Some(Dropped::KernelTooOld(kernel));
    }
    None
}

/// Whether the filter has a part for this architecture. The machine's own always has one.
fn covers(profile: &Inner, context: &Context, arch: Arch) -> bool {
    let word = match arch {
        Arch::X86_64 => "SCMP_ARCH_X86_64",
        Arch::I386 => "SCMP_ARCH_X86",
        Arch::X32 => "SCMP_ARCH_X32",
        Arch::Aarch64 => "SCMP_ARCH_AARCH64",
    };
    let native = context.native();
    word == native
        || match &profile.architectures {
            Architectures::Native => false,
            Architectures::List(list) => list.iter().any(|a| a == word),
            Architectures::Map(map) => {
                let entry = map.iter().find(|(main, _)| main == native);
                entry.is_some_and(|(_, subs)| subs.iter().any(|a| a == word))
            }
        }
}

/// Puts one rule into an architecture's table, for each call that it names.
fn add(table: &mut Table, arch: Arch, profile: &Inner, index: usize, rule: &Rule) -> Result<(), Fault> {
    let conditions: Vec<Condition> = match arch {
        Arch::X86_64 | Arch::Aarch64 => rule.args.iter().map(|c| c.plain()).collect(),
        Arch::I386 | Arch::X32 => rule.args.iter().map(|c| c.plain().cut()).collect(),
    };
    if profile.form.is_in_order() {
        for numbers in &profile.numbers[index] {
            if let Some(nr) = numbers[arch as usize] {
                table.add_in_order(nr, Clause { rule: index, action: rule.action, conditions: conditions.clone() });
                bounded(table, nr, rule)?;
            }
        }
        return Ok(());
    }
    // Two conditions on one argument: runc makes a rule of each condition.
    let doubled = (1..conditions.len()).any(|i| conditions[..i].iter().any(|c| c.index == conditions[i].index));
    let alternatives: Vec<Vec<Condition>> =
        if doubled { conditions.iter().map(|c| vec![*c]).collect() } else { vec![conditions] };
    for (name, numbers) in rule.names.iter().zip(&profile.numbers[index]) {
        table.names_absent_calls |= numbers[arch as usize].is_none() && names::known(name);
        for conditions in &alternatives {
            let clause = |conditions| Clause { rule: index, action: rule.action, conditions: settled(conditions) };
            if let Some(nr) = numbers[arch as usize] {
                let added = table.add(nr, clause(conditions.clone()));
                added.map_err(|other| clashing(profile, rule, other, format!("for {name:?}")))?;
                bounded(table, nr, rule)?;
            }
            if let Some((nr, call)) = on_i386(name).filter(|_| arch == Arch::I386) {
                let selects = Condition { index: 0, op: Op::Eq, value: call, value_two: 0 };
                let rest = conditions.iter().copied().filter(|c| c.index != 0);
                let added = table.add(nr, clause([selects].into_iter().chain(rest).collect()));
                let what = format!(
                    "for {name:?} as a part of i386's socketcall or ipc, where its first argument cannot be compared,"
                );
                added.map_err(|other| clashing(profile, rule, other, what))?;
                bounded(table, nr, rule)?;
            }
        }
    }
    Ok(())
}

/// Rules that look at arguments, more of one call than the kernel has room for: each needs an instruction at least.
fn bounded(table: &Table, nr: u64, rule: &Rule) -> Result<(), Fault> {
    match table.entry(nr) {
        Entry::Conditional(conditional) if conditional.clauses.len() > MAX_INSTRUCTIONS => {
            let name = rule.names.first().map_or("", |name| name.as_str());
            let what = format!(
                "more than {MAX_INSTRUCTIONS} rules with conditions on one call ({name}): the kernel takes filters of \
                 {MAX_INSTRUCTIONS} instructions"
            );
            Err(Fault::new(rule.span.start, what))
        }
        _ => Ok(()),
    }
}

/// By argument, so that equal sets of conditions compare equal, and without those that always hold: a rule whose only
/// condition has an empty mask is one without conditions.
fn settled(mut conditions: Vec<Condition>) -> Vec<Condition> {
    conditions.retain(|c| c.op != Op::MaskedEq || c.value != 0);
    conditions.sort_by_key(|c| c.index);
    conditions
}

fn clashing(profile: &Inner, rule: &Rule, other: usize, what: String) -> Fault {
    let place = profile.rules.get(other).map(|rule| profile.texts.place(rule.span.start));
    let line = match place {
        Some(place) if !place.is_own => format!("{} of {}", place.line, place.file),
        place => place.map_or(0, |place| place.line).to_string(),
    };
    let message = format!(
        "the rule on line {line} has the same or narrower conditions {what} and another action; libseccomp refuses such a \
         profile: remove one of the two rules"
    );
    Fault::new(rule.span.start, message)
}

/// The highest call number that the profile names for this architecture, as runc counts: rules that Docker left out do not
/// count, those that libseccomp leaves out do; i386's multiplexed calls have no number of their own there; and zero does
/// not count, except on x32, where it has bit 30.
fn highest(profile: &Inner, dropped: &[Option<Dropped>], arch: Arch) -> Option<u64> {
    let taken = dropped.iter().enumerate().filter(|(_, d)| matches!(d, None | Some(Dropped::SameAsDefault)));
    let named = taken.flat_map(|(index, _)| profile.rules[index].names.iter().zip(&profile.numbers[index]));
    let own = named.filter(|(name, _)| arch != Arch::I386 || on_i386(name).is_none());
    own.filter_map(|(_, numbers)| numbers[arch as usize]).max().filter(|nr| *nr > 0 || arch == Arch::X32)
}
