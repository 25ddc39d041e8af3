//! `sysview profile explain`: the verdict on one call, its rule, and what would change it.

use super::args::ExplainArgs;
use super::{arch, context, loaded, print};
use crate::abi::{self, Arch, X32_BIT};
use crate::cli::error::CliError;
use crate::policy::{self, Certainty};

pub fn run(args: &ExplainArgs) -> Result<i32, CliError> {
    let profile = loaded(&args.profile, &args.context)?;
    let context = context(&args.context)?;
    let abi = args.abi.as_deref().map_or(Ok(context.arch), |name| arch(name, "--abi"))?;
    let nr = number(abi, &args.call)?;
    let mut values = [0; 6];
    if args.args.len() > values.len() {
        return Err(CliError::usage(format!("a call has at most 6 arguments, not {}", args.args.len())));
    }
    for (value, word) in values.iter_mut().zip(&args.args) {
        *value = parse(word).ok_or_else(|| CliError::usage(format!("{word:?} is no number; write 10, 0xa or -1")))?;
    }
    let judge = profile.resolve(&context).map_err(CliError::usage)?;
    let explanation = judge.explain(abi, nr, &values);
    let action = explanation.verdict.action;
    let mut out = format!("{}: {action}: {}\n", args.call, action.meaning());
    out += &format!("in short: {}\n", explanation.answer(&args.call));
    out += &format!("why: {}\nunder: {context}\n", explanation.headline());
    if explanation.verdict.certainty == Certainty::DependsOnLibseccomp {
        out += "certainty: depends on how libseccomp compiles the rules\n";
    }
    for check in &explanation.checks {
        out += &format!("  {check}\n");
    }
    if let Some(rule) = &explanation.rule {
        let file = rule.file.as_ref().map(|file| format!(" of {file}")).unwrap_or_default();
        out += &format!("rule, from line {}{file}:\n", rule.line);
        for line in rule.text.lines() {
            // A file can hold escape sequences; the terminal is not to see them.
            let shown: String =
                line.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect();
            out += &format!("  {shown}\n");
        }
    }
    for change in &explanation.changes {
        let by = change.rule.map(|rule| format!(" by rule {}", rule + 1)).unwrap_or_default();
        out += &format!("{}: {}{by}\n", change.what, change.action);
    }
    explanation.notes.iter().for_each(|note| out += &format!("note: {note}\n"));
    let place = policy::portable::remark(&args.call);
    if !place.is_empty() {
        out += &format!("where: {place}\n");
    }
    print(&out)?;
    Ok(0)
}

fn number(arch: Arch, word: &str) -> Result<u64, CliError> {
    if let Some(nr) = parse(word) {
        return Ok(nr);
    }
    if let Some(nr) = abi::number(arch, word) {
        return Ok(if arch == Arch::X32 { nr | X32_BIT } else { nr });
    }
    let near = policy::nearest(word, abi::calls().map(|call| call.name).filter(|n| abi::number(arch, n).is_some()));
    let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    Err(CliError::usage(format!("{} has no call {word:?}{near}", arch.name())))
}

fn parse(word: &str) -> Option<u64> {
    match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => word.parse().ok().or_else(|| word.parse::<i64>().ok().map(|n| n as u64)),
    }
}
