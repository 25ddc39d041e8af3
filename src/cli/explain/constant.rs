//! An error, a signal or another constant: its value, what it means, which calls know it.

use super::super::page::Page;
use super::words;
use crate::abi::{self, Arch, Call, FlagSet, Meaning, Ret, Type};

/// Every constant of every set, by name; some names are in several sets.
pub fn names() -> impl Iterator<Item = &'static str> {
    abi::flag_sets().flat_map(|set| Arch::ALL.into_iter().flat_map(|arch| set.constants(arch))).map(|c| c.name)
}

pub fn exists(name: &str) -> bool {
    names().any(|known| known == name)
}

/// An errno that has a name.
pub fn describe_errno(page: &mut Page, errno: u16) {
    let Some((name, text)) = abi::errno(errno) else { return };
    page.entry("", &format!("{name} ({errno}) - {text}"));
    if let Some(general) = abi::explain_errno(name) {
        page.heading("Usually");
        page.entry("  ", general);
    }
    // Calls of which the same is said share a line.
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for call in abi::calls() {
        let Some(text) = abi::explain(call.name).and_then(|words| words.error(name)) else { continue };
        match groups.iter_mut().find(|(known, _)| *known == text) {
            Some((_, calls)) => calls.push(call.name),
            None => groups.push((text, vec![call.name])),
        }
    }
    if !groups.is_empty() {
        page.heading("Of these calls");
        for (text, calls) in groups {
            page.entry("  ", &format!("{}: {text}", calls.join(", ")));
        }
    }
    page.heading("More");
    page.entry("  manual   ", "errno(3)");
}

/// A signal that has a name.
pub fn describe_signal(page: &mut Page, signal: u64) {
    let Some(name) = abi::signal_name(signal) else { return };
    page.entry("", &format!("{name} ({signal}) - a signal"));
    if let Some((action, meaning)) = words::signal(name) {
        page.heading("Usually");
        page.entry("  ", meaning);
        page.entry("  ", &format!("By default, if it is neither caught nor ignored: {action}."));
    }
    page.heading("More");
    page.entry("  log      ", &format!("-e signal={name} prints this one, -e inject=SET:signal={name} sends it"));
    page.entry("  manual   ", "signal(7)");
}

/// Any other constant.
pub fn describe(page: &mut Page, name: &str) {
    match words::capability(name) {
        Some(allowed) => page.entry("", &format!("{name} - a capability: lets a process {allowed}")),
        None => page.entry("", &format!("{name} - a constant")),
    }
    for variant in abi::calls().flat_map(|call| call.variants).filter(|variant| variant.variant == name) {
        super::call::describe_variant(page, variant);
    }
    for (values, sets) in meanings(name) {
        page.heading("Value");
        let same = values.iter().all(|(_, value)| *value == values[0].1);
        if same {
            page.entry("  ", &both_bases(values[0].1));
        } else {
            for (arch, value) in &values {
                page.entry(&format!("  {:<8} ", arch.name()), &both_bases(*value));
            }
        }
        let calls: Vec<String> = users(&sets);
        page.heading("Known to");
        page.entry("  ", &if calls.is_empty() { "fields of structures".into() } else { calls.join(" ") });
        let mut siblings: Vec<&str> = Vec::new();
        for constant in sets.iter().flat_map(|set| set.constants(values[0].0)) {
            if constant.name != name && !siblings.contains(&constant.name) {
                siblings.push(constant.name);
            }
        }
        if !siblings.is_empty() {
            page.heading("Beside it");
            page.entry("  ", &siblings.join(" "));
        }
    }
    page.heading("More");
    let manual = match words::capability(name) {
        Some(_) => "capabilities(7)".to_owned(),
        None => manuals(name),
    };
    page.entry("  manual   ", &manual);
}

/// The pages of the first calls that know a constant.
fn manuals(name: &str) -> String {
    let sets: Vec<&'static FlagSet> = meanings(name).into_iter().flat_map(|(_, sets)| sets).collect();
    let mut pages: Vec<String> = Vec::new();
    for user in users(&sets) {
        let call = user.split(['(', ':']).next().unwrap_or_default();
        let page = super::call::manual(call);
        if !pages.contains(&page) {
            pages.push(page);
        }
    }
    pages.truncate(4);
    if pages.is_empty() { "syscalls(2)".into() } else { pages.join(" ") }
}

type Values = Vec<(Arch, u64)>;

/// The values that the name has, each with the sets in which it has them.
fn meanings(name: &str) -> Vec<(Values, Vec<&'static FlagSet>)> {
    let mut meanings: Vec<(Values, Vec<&'static FlagSet>)> = Vec::new();
    for set in abi::flag_sets() {
        let values: Values = Arch::ALL.into_iter().filter_map(|arch| Some((arch, set.value(arch, name)?))).collect();
        if values.is_empty() {
            continue;
        }
        match meanings.iter_mut().find(|(known, _)| *known == values) {
            Some((_, sets)) => sets.push(set),
            None => meanings.push((values, vec![set])),
        }
    }
    meanings
}

fn both_bases(value: u64) -> String {
    if value < 10 { value.to_string() } else { format!("{value:#x} ({value})") }
}

/// `openat(flags)`: the arguments and results that these sets are for.
fn users(sets: &[&'static FlagSet]) -> Vec<String> {
    let mut users = Vec::new();
    for call in abi::calls() {
        for declaration in std::iter::once(call).chain(call.variants) {
            uses(declaration, sets, &mut users);
        }
    }
    users.dedup();
    users
}

fn uses(call: &Call, sets: &[&'static FlagSet], users: &mut Vec<String>) {
    let among = |set: &FlagSet| sets.iter().any(|known| std::ptr::eq(*known, set));
    let name = if call.variant.is_empty() { call.name.to_owned() } else { format!("{}:{}", call.name, call.variant) };
    for arg in call.args.iter().filter(|arg| mentions(&arg.ty, &among)) {
        users.push(format!("{name}({})", arg.name));
    }
    if matches!(call.ret, Ret::Enum(set) | Ret::Flags(set) if among(set)) {
        users.push(format!("{name}()=result"));
    }
}

/// Whether the set is of this type or of what it leads to.
fn mentions(ty: &Type, among: &impl Fn(&FlagSet) -> bool) -> bool {
    match ty {
        Type::Num { meaning: Meaning::Enum(set) | Meaning::Flags(set), .. } => among(set),
        Type::Ptr { to, .. } => mentions(to, among),
        Type::Array { of, .. } | Type::Inline { of, .. } => mentions(of, among),
        Type::Struct(structure) => structure.layout(Arch::X86_64).fields.iter().any(|field| mentions(&field.ty, among)),
        _ => false,
    }
}
