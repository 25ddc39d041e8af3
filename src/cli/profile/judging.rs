//! `sysview profile check` and `diff`: what is wrong with a profile, and where two of them answer differently.

use super::args::{CheckArgs, DiffArgs};
use super::{context, loaded, print};
use crate::cli::error::CliError;
use crate::policy::{self, Judge};

pub fn check(args: &CheckArgs) -> Result<i32, CliError> {
    let context = context(&args.context)?;
    let mut out = String::new();
    let mut found = 0;
    for spec in &args.profiles {
        let profile = loaded(spec, &args.context)?;
        let findings = policy::check(&profile, &context);
        found += findings.len();
        for finding in &findings {
            out += &format!("{}:{finding}\n", profile.name());
        }
        if findings.is_empty() {
            out += &format!("{}: nothing found ({} rules, {context})\n", profile.name(), profile.rules().len());
        }
    }
    print(&out)?;
    Ok(i32::from(found > 0))
}

pub fn diff(args: &DiffArgs) -> Result<i32, CliError> {
    let context = context(&args.context)?;
    let judge =
        |spec: &str| loaded(spec, &args.context).and_then(|profile| profile.resolve(&context).map_err(CliError::usage));
    let (a, b) = (judge(&args.a)?, judge(&args.b)?);
    let differences = policy::diff(&a, &b);
    let mut out = format!("--- {}\n+++ {}\n    {context}\n", args.a, args.b);
    for difference in &differences {
        out += &format!("{difference}\n");
    }
    if differences.is_empty() {
        out += "they answer every call alike\n";
    }
    print(&out)?;
    Ok(i32::from(!differences.is_empty()))
}

/// `allows 40 of the 361 calls that docker-default allows, and 1 that it blocks: unshare`.
pub fn compared(ours: &Judge, other: &Judge) -> String {
    let (mine, theirs) = (policy::allowed(ours), policy::allowed(other));
    let common = mine.iter().filter(|name| theirs.contains(name)).count();
    let beyond: Vec<&str> = mine.iter().filter(|name| !theirs.contains(name)).copied().collect();
    let name = other.profile().name();
    let mut out = format!("the profile allows {common} of the {} calls that {name} allows", theirs.len());
    if !beyond.is_empty() {
        out += &format!(", and {} that it blocks: {}", beyond.len(), beyond.join(", "));
    }
    out
}
