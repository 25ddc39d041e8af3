//! `sysview profile`: make, look at, compare and convert seccomp profiles; and `--seccomp FILE|NAME` of other commands.
//! What a profile means is `policy`'s business.

pub mod args;
mod explain;
mod generate;
mod judging;
mod runs;

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use args::{ContextArgs, ConvertArgs, MergeArgs, OutArgs, ShowArgs, What};

use super::error::CliError;
use crate::abi::Arch;
use crate::capture;
use crate::config;
use crate::policy::{self, Context, Draft, Form, Profile, Runtime, Written};

pub fn run(args: &args::ProfileArgs) -> Result<i32, CliError> {
    match &args.what {
        What::Generate(args) => generate::run(args),
        What::Check(args) => judging::check(args),
        What::Diff(args) => judging::diff(args),
        What::Merge(args) => merge(args),
        What::Convert(args) => convert(args),
        What::Explain(args) => explain::run(args),
        What::Coverage(args) => runs::coverage(args),
        What::Portable(args) => runs::portable(args),
        What::Show(args) => show(args),
        What::List => list(),
    }
}

/// A built-in profile, else a file in any form.
pub fn load(spec: &str) -> Result<Profile, CliError> {
    load_as(spec, None)
}

fn load_as(spec: &str, form: Option<Form>) -> Result<Profile, CliError> {
    if let Some(profile) = policy::builtin(spec) {
        return Ok(profile);
    }
    if let Some(pid) = spec.strip_prefix("pid:") {
        return of_process(pid, spec);
    }
    config::profile::load(spec, form).map_err(CliError::usage)
}

/// The filters under which a process runs.
fn of_process(pid: &str, spec: &str) -> Result<Profile, CliError> {
    let pid = pid.parse().ok().filter(|pid| *pid > 0);
    let pid = pid.ok_or_else(|| CliError::usage(format!("{spec}: write a process's number, as in pid:4711")))?;
    let filters = capture::filters_of(pid).map_err(CliError::failed)?;
    if filters.is_empty() {
        return Err(CliError::failed(format!("{spec}: this process runs under no seccomp filter")));
    }
    Profile::of_programs(&filters, spec).map_err(CliError::usage)
}

fn form(name: &str) -> Result<Form, CliError> {
    Form::from_name(name).map_err(CliError::usage)
}

/// Docker's container on this machine, as far as nothing else is asked for.
fn context(args: &ContextArgs) -> Result<Context, CliError> {
    let mut context = here();
    args.judge.circumstances()?.apply(&mut context);
    if let Some(name) = &args.arch {
        context.arch = arch(name, "--arch")?;
    }
    Ok(context)
}

fn here() -> Context {
    let word = |name: &str| fs::read_to_string(format!("/proc/sys/kernel/{name}")).unwrap_or_default();
    Context::docker(word("osrelease").trim(), word("arch").trim())
}

fn arch(name: &str, option: &str) -> Result<Arch, CliError> {
    Arch::from_name(name).ok_or_else(|| {
        let names = Arch::ALL.map(Arch::name).join(", ");
        CliError::usage(format!("{option} {name:?}: there are {names}"))
    })
}

/// The profiles of a command line, and what it says of the circumstances.
fn loaded(spec: &str, args: &ContextArgs) -> Result<Profile, CliError> {
    load_as(spec, args.form.as_deref().map(form).transpose()?)
}

fn draft(spec: &str, args: &ContextArgs) -> Result<Draft, CliError> {
    let profile = loaded(spec, args)?;
    Draft::of(&profile).ok_or_else(|| {
        CliError::usage(format!(
            "{spec} is a program and has no rules to write down; only `check`, `diff` and `explain` take it"
        ))
    })
}

fn merge(args: &MergeArgs) -> Result<i32, CliError> {
    let mut drafts = Vec::new();
    for spec in &args.profiles {
        drafts.push((spec.clone(), draft(spec, &args.context)?));
    }
    let merged = policy::merge(&drafts).map_err(CliError::usage)?;
    write_out(&merged, &args.out, &context(&args.context)?)
}

fn convert(args: &ConvertArgs) -> Result<i32, CliError> {
    let context = context(&args.context)?;
    if form(&args.out.to)? == Form::Bpf {
        let judge = loaded(&args.profile, &args.context)?.resolve(&context).map_err(CliError::usage)?;
        let program = policy::bpf::compile(&judge).map_err(|e| CliError::usage(format!("{}: {e}", args.profile)))?;
        put(&Written { bytes: program.to_bytes(), lost: Vec::new() }, args.out.output.as_ref())?;
        return Ok(0);
    }
    write_out(&draft(&args.profile, &args.context)?, &args.out, &context)
}

fn write_out(draft: &Draft, out: &OutArgs, context: &Context) -> Result<i32, CliError> {
    let written = policy::write(draft, form(&out.to)?, context).map_err(CliError::usage)?;
    put(&written, out.output.as_ref())?;
    Ok(0)
}

/// The profile to where it is wanted, what it does not say to standard error.
fn put(written: &Written, output: Option<&PathBuf>) -> Result<(), CliError> {
    match output {
        Some(path) => fs::write(path, &written.bytes)
            .map_err(|e| CliError::failed(format!("cannot write {}: {e}; choose another file", path.display())))?,
        None => print_bytes(&written.bytes)?,
    }
    written.lost.iter().for_each(|sentence| say(sentence));
    Ok(())
}

fn print_bytes(bytes: &[u8]) -> Result<(), CliError> {
    match io::stdout().write_all(bytes) {
        // Nobody reads any more (`| head`).
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|e| CliError::failed(format!("cannot write to standard output: {e}"))),
    }
}

fn print(text: &str) -> Result<(), CliError> {
    print_bytes(text.as_bytes())
}

/// A remark beside the profile. Whoever closed standard error does not want to know.
fn say(sentence: &str) {
    let _ = writeln!(io::stderr(), "sysview: {sentence}");
}

fn show(args: &ShowArgs) -> Result<i32, CliError> {
    if let Some(calls) = policy::members(&args.name) {
        print(&format!("{}\n", calls.join("\n")))?;
        return Ok(0);
    }
    match policy::builtin(&args.name) {
        Some(profile) => print(profile.text())?,
        None => {
            let names = policy::builtins().iter().map(|b| b.name).chain(policy::sets().iter().map(|s| s.name));
            let near = policy::nearest(&args.name, names).map(|near| format!("; did you mean {near}?"));
            let near = near.unwrap_or_default();
            return Err(CliError::usage(format!(
                "{:?} is no built-in profile and no set{near} See `sysview profile list`",
                args.name
            )));
        }
    }
    Ok(0)
}

fn list() -> Result<i32, CliError> {
    let mut out = String::from("Built-in profiles:\n");
    for builtin in policy::builtins() {
        out += &format!("  {:<22} {} ({})\n", builtin.name, builtin.summary, builtin.source);
    }
    out += "\nForms:\n";
    for form in Form::ALL {
        out += &format!("  {:<22} {}\n", form.name(), form.about());
    }
    out += "\nRuntimes:\n";
    for runtime in Runtime::ALL {
        out += &format!("  {:<22} {}\n", runtime.name(), runtime.about());
    }
    out += "\nSets of systemd 252, systemd.exec(5):\n";
    for set in policy::sets() {
        out += &format!("  {:<22} {}\n", set.name, set.about);
    }
    print(&out)?;
    Ok(0)
}
