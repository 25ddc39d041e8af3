//! The Security Profiles Operator's `SeccompProfile`: one of the documents of a file, and the base profiles on which it
//! stands (`baseProfileName`), which may be other documents of the file, other files, or come with the operator.
//!
//! The operator makes a union of the calls of all: of two rules on one call the one counts that forbids less; only calls
//! are taken from a base, not its default action or architectures. Left out: bases in a registry.

use super::{bases, rule, yaml};
use crate::policy::Action;
use crate::policy::error::Fault;
use crate::policy::form::Form;
use crate::policy::json::{self, Value};
use crate::policy::library::{Library, Source};
use crate::policy::parse::{self, Object, string};
use crate::policy::profile::{Reading, Rule};
use crate::policy::texts::Texts;
use crate::policy::words::nearest;

/// As the operator.
const MAX_DEPTH: usize = 15;

pub fn read(texts: &mut Texts, library: &dyn Library) -> Result<Reading, Fault> {
    let mut known = documents(&texts.own(), 0)?;
    let own = own(&known);
    let mut reading = parse::document(&known[own], Form::Spo)?;
    disabled(&known[own], &mut reading)?;
    let mut wanted = base_of(&known[own])?;
    for _ in 0..MAX_DEPTH {
        let Some((name, at)) = wanted else { return Ok(reading) };
        wanted = match find(&mut known, &name, at, texts, library)? {
            Some(found) => {
                let base = parse::document(&known[found], Form::Spo)?;
                reading.warnings.extend(base.warnings);
                union(&mut reading, base.rules, at);
                base_of(&known[found])?
            }
            None => {
                built_in(&mut reading, &name, at, &known)?;
                None
            }
        };
    }
    match wanted {
        Some((_, at)) => {
            Err(Fault::new(at, format!("base profiles stand on each other more than {MAX_DEPTH} levels deep")))
        }
        None => Ok(reading),
    }
}

fn documents(text: &str, base: usize) -> Result<Vec<Value>, Fault> {
    let read =
        if text.trim_start().starts_with('{') { json::read(text).map(|v| vec![v]) } else { yaml::documents(text) };
    let mut read = read.map_err(|fault| Fault::new(base + fault.offset, fault.message))?;
    read.iter_mut().for_each(|document| yaml::shift(document, base));
    Ok(read)
}

/// The name in `metadata`.
fn name(document: &Value) -> Option<&str> {
    let metadata = Object::of(document, "").ok()?.get("metadata")?;
    string(Object::of(metadata, "").ok()?.get("name")?, "").ok()
}

fn is_profile(document: &Value) -> bool {
    let Ok(top) = Object::of(document, "") else { return false };
    top.get("kind").and_then(|kind| string(kind, "").ok()).is_none_or(|kind| kind == "SeccompProfile")
}

/// The document that is meant: the first profile that is not the base of another one here.
fn own(documents: &[Value]) -> usize {
    let mut bases: Vec<String> = Vec::new();
    for document in documents {
        bases.extend(base_of(document).ok().flatten().map(|(name, _)| name));
    }
    let stands_alone = |document: &&Value| !name(document).is_some_and(|name| bases.iter().any(|base| base == name));
    let profiles = || documents.iter().enumerate().filter(|(_, document)| is_profile(document));
    profiles().find(|(_, document)| stands_alone(document)).or_else(|| profiles().next()).map_or(0, |(index, _)| index)
}

fn base_of(document: &Value) -> Result<Option<(String, usize)>, Fault> {
    let mut top = Object::of(document, "the profile")?;
    if let Some(spec) = top.get("spec") {
        top = Object::of(spec, "spec")?;
    }
    let Some(value) = top.get("baseProfileName") else { return Ok(None) };
    let name = string(value, "baseProfileName")?;
    Ok((!name.is_empty()).then(|| (name.to_owned(), value.span.start)))
}

/// A profile that the operator does not install is worth a word.
fn disabled(document: &Value, reading: &mut Reading) -> Result<(), Fault> {
    let Some(spec) = Object::of(document, "the profile")?.get("spec") else { return Ok(()) };
    let spec = Object::of(spec, "spec")?;
    let off = spec.get("disabled").filter(|v| v.kind == json::Kind::Bool(true));
    let off = off.or(spec.get("state").filter(|v| string(v, "state").is_ok_and(|state| state != "Enabled")));
    if let Some(value) = off {
        reading
            .warnings
            .push(Fault::new(value.span.start, "the operator does not install this profile: it is not enabled"));
    }
    Ok(())
}

/// Where a base stands among the documents, those of other files now among them. `None`: in no file.
fn find(
    known: &mut Vec<Value>,
    wanted: &str,
    at: usize,
    texts: &mut Texts,
    library: &dyn Library,
) -> Result<Option<usize>, Fault> {
    if let Some(image) = wanted.strip_prefix("oci://") {
        let what = format!(
            "the base profile {image} is in a registry, and no registry is asked; save it as a file beside this one and give its name here"
        );
        return Err(Fault::new(at, what));
    }
    let here = |known: &[Value]| known.iter().position(|d| is_profile(d) && name(d) == Some(wanted));
    if let Some(found) = here(known) {
        return Ok(Some(found));
    }
    for Source { name, text } in library.bases(wanted).map_err(|why| Fault::new(at, why))? {
        let (text, start) = texts.add(&name, &text, at)?;
        known.extend(documents(&text, start)?);
    }
    Ok(here(known))
}

fn built_in(reading: &mut Reading, wanted: &str, at: usize, known: &[Value]) -> Result<(), Fault> {
    let Some(base) = bases::base(wanted) else {
        let mut names: Vec<&str> = bases::names().collect();
        names.extend(known.iter().filter_map(name));
        let near = nearest(wanted, names);
        let near = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
        let what = format!("the base profile {wanted:?} is not in this file, not beside it and not built in{near}");
        return Err(Fault::new(at, what));
    };
    if base.name != wanted {
        let what = format!(
            "{wanted} is read as {}, the version that is built in; put a file of it beside this one",
            base.name
        );
        reading.warnings.push(Fault::new(at, what));
    }
    union(reading, vec![rule(base.calls(), Action::Allow, at..at + wanted.len())], at);
    Ok(())
}

/// Adds the rules of a base.
fn union(reading: &mut Reading, base: Vec<Rule>, at: usize) {
    let mut base = base;
    let named: Vec<String> = base.iter().flat_map(|rule| rule.names.clone()).collect();
    for name in &named {
        let about = |rules: &[Rule]| -> Vec<(Action, bool)> {
            let rules = rules.iter().filter(|rule| rule.names.contains(name));
            rules.map(|rule| (rule.action, rule.args.is_empty())).collect()
        };
        let (ours, theirs) = (about(&reading.rules), about(&base));
        let both = || ours.iter().chain(&theirs);
        let Some(least) = both().map(|(action, _)| *action).max() else { continue };
        if ours.is_empty() || theirs.is_empty() || both().all(|(action, _)| *action == least) {
            continue;
        }
        let all_plain = both().all(|(_, plain)| *plain);
        let kept = |rule: &Rule| rule.action == least && rule.names.contains(name);
        let of_least = reading.rules.iter().chain(&base).find(|rule| kept(rule)).map(|rule| rule.span.clone());
        for rule in reading.rules.iter_mut().chain(&mut base) {
            if !(all_plain && rule.action == least) {
                rule.names.retain(|n| n != name);
            }
        }
        if !all_plain {
            let what = format!(
                "{name} has rules with conditions and several actions here and in the base; judged is {least} for all"
            );
            reading.warnings.push(Fault::new(at, what));
            reading.rules.push(rule(vec![name.clone()], least, of_least.unwrap_or(at..at)));
        }
    }
    reading.rules.append(&mut base);
    reading.rules.retain(|rule| !rule.names.is_empty());
}
