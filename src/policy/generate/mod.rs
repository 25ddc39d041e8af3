//! The smallest profile that allows what was recorded, and what it needs besides, each rule with its reason.
//!
//! `gather` takes the events, `scalar` says which arguments rules may look at, `families` what is added. Rules about
//! arguments are only of the class that every libseccomp translates exactly: equality under a mask of 32 bits.

mod families;
mod gather;
mod scalar;

use std::collections::BTreeMap;

pub use gather::{Evidence, Gathered, Seen};

use super::draft::{Draft, DraftRule};
use super::profile::Architectures;
use super::{Action, Condition, Judge, names, portable};
use crate::abi::Arch;
pub use families::siblings;
use families::{LIBC, RUNTIME};
use scalar::{NAMESPACES, equals, none_of, scalar};

/// How a profile is made.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// What happens to all other calls.
    pub default_action: Action,
    /// Rules look at arguments.
    pub arguments: bool,
    /// Add the calls that a different libc, kernel or architecture would make instead.
    pub portable: bool,
    /// Add what a container runtime does under the filter.
    pub runtime: bool,
}

/// Why a call is allowed, and with which values of its scalar argument; none: with all.
struct Allowed {
    values: BTreeMap<u32, String>,
    why: String,
    any: bool,
}

/// Makes it. The second part is what cannot be said in a profile, in sentences.
pub fn generate(gathered: &Gathered, wishes: &Wishes) -> (Draft, Vec<String>) {
    let mut allowed: BTreeMap<&'static str, Allowed> = BTreeMap::new();
    let mut problems = Vec::new();
    for seen in gathered.seen() {
        match names::name(seen.arch, seen.nr) {
            Some(name) => add(&mut allowed, name, seen, wishes),
            None => problems.push(format!(
                "call {} of {} has no name, so no rule can allow it ({})",
                seen.nr,
                seen.arch.name(),
                seen.evidence
            )),
        }
    }
    let recorded: Vec<&'static str> = allowed.keys().copied().collect();
    let mut needs: Vec<(&'static str, String)> = Vec::new();
    needs.extend(LIBC.iter().map(|(name, why)| (*name, format!("added for libc and the kernel: {why}"))));
    if wishes.runtime {
        needs.extend(RUNTIME.iter().map(|(name, why)| (*name, format!("added for the container runtime: {why}"))));
    }
    for (name, why) in needs {
        let values = if wishes.arguments { families::runtime_values(name) } else { &[] };
        let entry = allowed.entry(name).or_insert_with(|| Allowed { any: values.is_empty(), ..Allowed::unseen(&why) });
        for value in values {
            entry.values.entry(*value).or_insert_with(|| why.clone());
        }
        if !entry.any && values.is_empty() {
            entry.any = true;
            entry.why += &format!("; with any argument, {why}");
        }
    }
    if wishes.portable {
        add_siblings(&mut allowed, &recorded);
    }
    let mut rules = Vec::new();
    for (name, allowed) in &allowed {
        rules.extend(allowed.rules(name, wishes.portable));
    }
    let remarks = vec![format!("made by sysview from {}", gathered.recordings().join(", "))];
    let draft = Draft { default_action: wishes.default_action, architectures: architectures(gathered), rules, remarks };
    (draft, problems)
}

impl Allowed {
    fn unseen(why: &str) -> Allowed {
        Allowed { values: BTreeMap::new(), why: why.to_owned(), any: true }
    }

    fn rules(&self, name: &str, portable: bool) -> Vec<DraftRule> {
        let place = if portable { portable::remark(name) } else { String::new() };
        let place = if place.is_empty() { place } else { format!(" ({place})") };
        let rule =
            |args: Vec<Condition>, why: &str| DraftRule::plain(name, Action::Allow, args, format!("{why}{place}"));
        match scalar(name).filter(|_| !self.any) {
            None => vec![rule(Vec::new(), &self.why)],
            // Another libc makes its threads with other flags; that none of them is a new namespace stays.
            Some(index) if name == "clone" && portable => {
                match self.values.keys().all(|v| u64::from(*v) & NAMESPACES == 0) {
                    true => vec![rule(vec![none_of(index, NAMESPACES)], &format!("{}; no new namespaces", self.why))],
                    false => vec![rule(Vec::new(), &self.why)],
                }
            }
            Some(index) => self.values.iter().map(|(v, why)| rule(vec![equals(index, *v)], why)).collect(),
        }
    }
}

fn add(allowed: &mut BTreeMap<&'static str, Allowed>, name: &'static str, seen: &Seen, wishes: &Wishes) {
    let why = format!("recorded {}", seen.evidence);
    let any = seen.many || !wishes.arguments || seen.values.is_empty();
    let values = seen.values.iter().map(|(value, evidence)| (*value, format!("recorded {evidence}")));
    match allowed.get_mut(name) {
        Some(entry) => {
            entry.any |= any;
            for (value, why) in values {
                entry.values.entry(value).or_insert(why);
            }
            entry.any |= entry.values.len() > scalar::MAX_VALUES;
        }
        None => {
            allowed.insert(name, Allowed { values: values.collect(), why, any });
        }
    }
}

/// Requests with which libcs ask whether something is a terminal.
const TCGETS: u32 = 0x5401;
const TIOCGWINSZ: u32 = 0x5413;

fn add_siblings(allowed: &mut BTreeMap<&'static str, Allowed>, recorded: &[&'static str]) {
    let before: Vec<&'static str> = allowed.keys().copied().collect();
    for name in before {
        for sibling in siblings(name) {
            let kind = if recorded.contains(&name) { "recorded" } else { "needed" };
            let why = format!("added for other libcs, kernels and architectures: stands for {name}, which is {kind}");
            allowed.entry(sibling).or_insert_with(|| Allowed::unseen(&why));
        }
    }
    if let Some(ioctl) = allowed.get_mut("ioctl") {
        for (one, other) in [(TCGETS, TIOCGWINSZ), (TIOCGWINSZ, TCGETS)] {
            if ioctl.values.contains_key(&one) {
                let why = "added for other libcs: another way to ask whether this is a terminal";
                ioctl.values.entry(other).or_insert_with(|| why.to_owned());
            }
        }
    }
    for name in ["fcntl", "fcntl64"] {
        if let Some(fcntl) = allowed.get_mut(name).filter(|f| !f.any) {
            fcntl.any = true;
            fcntl.why += "; any command, which libcs choose differently";
        }
    }
}

/// All that was seen. A filter always has the machine's own beside them.
fn architectures(gathered: &Gathered) -> Architectures {
    let mut seen: Vec<Arch> = gathered.seen().map(|s| s.arch).collect();
    seen.dedup();
    let mut words: Vec<String> = Vec::new();
    for arch in seen {
        let word = match arch {
            Arch::X86_64 => "SCMP_ARCH_X86_64",
            Arch::I386 => "SCMP_ARCH_X86",
            Arch::X32 => "SCMP_ARCH_X32",
            Arch::Aarch64 => "SCMP_ARCH_AARCH64",
        };
        if !words.iter().any(|w| w == word) {
            words.push(word.to_owned());
        }
    }
    if words.is_empty() { Architectures::Native } else { Architectures::List(words) }
}

/// The recorded calls that a judge would not let run, each with its evidence.
pub fn not_allowed(gathered: &Gathered, judge: &Judge) -> Vec<(&'static str, Evidence, Action)> {
    let mut out = Vec::new();
    for seen in gathered.seen() {
        let name = names::name(seen.arch, seen.nr).unwrap_or("unknown");
        let index = usize::from(scalar(name).unwrap_or(0));
        let values = seen.values.iter().map(|(value, evidence)| (u64::from(*value), evidence));
        let all: Vec<_> = if seen.values.is_empty() { vec![(0, &seen.evidence)] } else { values.collect() };
        for (value, evidence) in all {
            let mut args = [0; 6];
            args[index] = value;
            let action = judge.verdict(seen.arch, seen.nr, &args).action;
            if action.blocks() {
                out.push((name, evidence.clone(), action));
            }
        }
    }
    out
}
