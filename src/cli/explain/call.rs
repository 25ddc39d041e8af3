//! A call: what it is for, its arguments, its numbers and registers, its errors.

use super::super::page::Page;
use super::types;
use crate::abi::{self, Arch, Call, Cond, Meaning, Type};

/// Whether any ABI has a call of that name.
pub fn exists(name: &str) -> bool {
    Arch::ALL.iter().any(|&arch| declaration(arch, name).is_some())
}

fn declaration(arch: Arch, name: &str) -> Option<&'static Call> {
    abi::number(arch, name).and_then(|nr| abi::lookup(arch, nr))
}

/// Nothing for a name that no ABI has.
pub fn describe(page: &mut Page, name: &str) {
    let Some(call) = Arch::ALL.iter().find_map(|&arch| declaration(arch, name)) else { return };
    let words = abi::explain(name);
    let summary = words.map_or("", |words| &words.summary);
    page.entry("", format!("{name} - {summary}").trim_end_matches(" - "));
    page.heading(&signature(call));
    arguments(page, call);
    variants(page, call);
    numbers(page, name);
    page.heading("Errors that are likely, and what they usually mean");
    if call.tags.contains(&"pure") {
        page.entry("  ", "none: it always succeeds");
    } else {
        for (errno, text) in abi::likely_errors(name).into_iter().filter_map(abi::errno) {
            page.entry(&format!("  {errno:<15} "), abi::explain_error(name, errno, None).unwrap_or(text));
        }
    }
    page.heading("More");
    if !call.tags.is_empty() {
        let classes: Vec<String> = call.tags.iter().map(|tag| format!("%{tag}")).collect();
        page.entry("  classes  ", &classes.join(" "));
    }
    page.entry("  manual   ", &manual(name));
    if let Some(words) = words.filter(|words| !words.related.is_empty()) {
        page.entry("  related  ", &words.related.join(" "));
    }
}

/// The manual page of a call.
pub fn manual(name: &str) -> String {
    abi::explain(name).and_then(|words| words.man()).map_or_else(|| format!("{name}(2)"), str::to_owned)
}

/// A call whose arguments a constant chooses, with that constant.
pub fn describe_variant(page: &mut Page, call: &Call) {
    let is_const = |ty: &Type| matches!(ty, Type::Num { meaning: Meaning::Const { .. }, .. });
    let names: Vec<&str> =
        call.args.iter().map(|arg| if is_const(&arg.ty) { call.variant } else { arg.name }).collect();
    page.heading(&format!("{}({}) = {}", call.name, names.join(", "), types::result(&call.ret)));
    arguments(page, call);
}

fn signature(call: &Call) -> String {
    let names: Vec<&str> = call.args.iter().map(|arg| arg.name).collect();
    format!("{}({}) = {}", call.name, names.join(", "), types::result(&call.ret))
}

fn arguments(page: &mut Page, call: &Call) {
    let width = call.args.iter().map(|arg| arg.name.len()).max().unwrap_or_default().max(8);
    for arg in call.args {
        let mut text = types::argument(&arg.ty, call);
        match arg.when {
            Some(Cond::AnyBit { arg: other, mask }) => {
                let bits = types::names_of_bits(call, other, mask);
                text.push_str(&format!("; only if {} has {bits}", call.args[usize::from(other)].name));
            }
            Some(Cond::Equal { arg: other, value }) => {
                let value = types::name_of_value(call, other, value);
                text.push_str(&format!("; only if {} is {value}", call.args[usize::from(other)].name));
            }
            None => {}
        }
        page.entry(&format!("  {:<1$} ", arg.name, width), &text);
    }
}

/// What a call does that is many in one: by the constant that chooses.
fn variants(page: &mut Page, call: &Call) {
    if call.variants.is_empty() {
        return;
    }
    page.heading("Its arguments depend on");
    let names: Vec<&str> = call.variants.iter().map(|variant| variant.variant).collect();
    page.entry("  ", &names.join(" "));
}

fn numbers(page: &mut Page, name: &str) {
    page.heading("Numbers");
    for arch in Arch::ALL {
        let Some(nr) = abi::number(arch, name) else { continue };
        let count = declaration(arch, name).map_or(0, |call| call.args.len().min(6));
        let [number, result, ..] = arch.special_registers();
        let registers = arch.arg_registers()[..count].join(" ");
        let text = format!(
            "{nr:<11} {}: {number} = number; {registers}{}{result} = result",
            arch.instruction(),
            if count > 0 { " = arguments; " } else { "" },
        );
        page.entry(&format!("  {:<8} ", arch.name()), &text);
    }
}
