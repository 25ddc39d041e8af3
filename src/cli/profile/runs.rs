//! `sysview profile coverage` and `portable`: a profile's rules beside what programs really did, and where calls exist.

use std::collections::BTreeSet;
use std::path::Path;

use super::args::{CoverageArgs, PortableArgs};
use super::{context, loaded, print, say};
use crate::abi;
use crate::cli::error::CliError;
use crate::model::Store;
use crate::policy::{self, Circumstances, Context, Judge, portable};
use crate::session::{self, TemporaryFile};
use crate::source::Message;
use crate::tui::state::blocked::{Blocked, Used};

/// Bytes of rows that are kept in memory; the rest goes to a file.
const MEMORY: u64 = 512 << 20;

/// A recording's rows, and the machine on which it was made.
fn rows(path: &Path, circumstances: &Circumstances) -> Result<(Store, Option<Context>), CliError> {
    let mut source = session::open(path).map_err(CliError::failed)?;
    let mut store = Store::with_spill(MEMORY, Box::new(TemporaryFile::new()));
    let mut context = None;
    while let Some(message) = source.messages.blocking_recv() {
        match message {
            Message::Started(started) => {
                let mut there = Context::docker(&started.machine.kernel_release, &started.machine.machine);
                circumstances.apply(&mut there);
                context = Some(there);
            }
            Message::Batch(batch) => {
                if let Some(error) = store.no_room() {
                    return Err(CliError::failed(format!("no room for the rows of {}: {error}", path.display())));
                }
                store.append(&batch);
            }
            Message::Notice(sentence) => say(&sentence),
            Message::Failed(why) => return Err(CliError::failed(why)),
            _ => {}
        }
    }
    Ok((store, context))
}

/// How many calls each rule of a profile decided, and where first.
pub fn coverage(args: &CoverageArgs) -> Result<i32, CliError> {
    let profile = loaded(&args.profile, &args.context)?;
    let circumstances = args.context.judge.circumstances()?;
    let mut judge = profile.resolve(&context(&args.context)?).map_err(CliError::usage)?;
    let rules = judge.profile().rules().len();
    // The last is what no rule decides.
    let mut used: Vec<(Used, String)> = vec![<(Used, String)>::default(); rules + 1];
    let mut blocked = 0;
    for file in &args.recordings {
        let (store, there) = rows(file, &circumstances)?;
        if let Some(there) = there.filter(|_| args.context.arch.is_none()) {
            judge = profile.resolve(&there).map_err(CliError::usage)?;
        }
        let mut counted = Blocked::default();
        while counted.scan(&store, u64::from(u32::MAX), &judge) {}
        blocked += counted.total();
        for (at, (total, first)) in used.iter_mut().enumerate() {
            let here = counted.of_rule((at < rules).then_some(at));
            if total.first.is_none() && here.first.is_some() {
                total.first = here.first;
                *first = file.display().to_string();
            }
            total.calls += here.calls;
        }
    }
    print(&coverage_text(&judge, &used, blocked))?;
    Ok(0)
}

fn coverage_text(judge: &Judge, used: &[(Used, String)], blocked: u64) -> String {
    let profile = judge.profile();
    let rules = profile.rules();
    let unused = used.iter().take(rules.len()).filter(|(used, _)| used.calls == 0).count();
    let calls: u64 = used.iter().map(|(used, _)| used.calls).sum();
    let mut out = format!(
        "{}: {calls} calls, {blocked} of them blocked; {unused} of {} rules decided none\n    {}\n",
        profile.name(),
        rules.len(),
        judge.context()
    );
    out += " rule   line      calls  what it says\n";
    for (at, (used, file)) in used.iter().enumerate() {
        let (number, says) = match rules.get(at) {
            Some(rule) if judge.takes_part(at) => ((at + 1).to_string(), rule.summary()),
            Some(rule) => ((at + 1).to_string(), format!("takes no part: {}", rule.summary())),
            None => ("-".to_owned(), format!("every other call: {}", profile.default_action())),
        };
        let line = profile.rule_text(at).map_or("-".to_owned(), |(line, _)| line.to_string());
        let first = match used.first {
            Some(row) => format!(" (first row {row} of {})", shown(file)),
            None => " (unused)".to_owned(),
        };
        out += &format!("{number:>5} {line:>6} {:>10}  {says}{first}\n", used.calls);
    }
    out
}

/// Where the calls exist that recordings made or profiles allow.
pub fn portable(args: &PortableArgs) -> Result<i32, CliError> {
    let mut names: BTreeSet<&'static str> = BTreeSet::new();
    for spec in &args.of {
        let is_file = policy::builtin(spec).is_none() && Path::new(spec).is_file();
        if is_file && session::tells_of_a_run(Path::new(spec)).map_err(CliError::failed)? {
            let (store, _) = rows(Path::new(spec), &Circumstances::default())?;
            names.extend(made(&store));
        } else {
            let judge = loaded(spec, &args.context)?.resolve(&context(&args.context)?).map_err(CliError::usage)?;
            names.extend(policy::allowed(&judge));
        }
    }
    let names: Vec<&str> = names.into_iter().collect();
    print(&portable_text(&names))?;
    Ok(0)
}

fn made(store: &Store) -> BTreeSet<&'static str> {
    let mut calls = BTreeSet::new();
    for chunk in 0..store.chunks() {
        let Some(index) = store.index(chunk) else { continue };
        calls.extend(index.calls().filter_map(|((arch, nr), _)| Some(abi::lookup(arch, nr)?.name)));
    }
    calls
}

fn portable_text(names: &[&str]) -> String {
    let mut out = portable::summary(names) + "\n";
    let widest = names.iter().map(|name| name.len()).max().unwrap_or(0).max("call".len());
    out += &format!("{:widest$} {:>7}", "call", "since");
    for arch in portable::architectures() {
        out += &format!(" {arch}");
    }
    out += " instead\n";
    for name in names {
        let place = portable::place(name);
        out += &format!("{name:widest$} {:>7}", place.since.unwrap_or("-"));
        for (arch, there) in portable::architectures().zip(&place.on) {
            out += &format!(" {:1$}", if *there { "+" } else { "-" }, arch.len());
        }
        let siblings = portable::siblings(name);
        out += &format!(" {}\n", siblings.join(" "));
    }
    let missing: BTreeSet<&str> =
        names.iter().flat_map(|name| portable::siblings(name)).filter(|sibling| !names.contains(sibling)).collect();
    if !missing.is_empty() {
        let missing: Vec<&str> = missing.into_iter().collect();
        out += &format!("a portable profile would need these too: {}\n", missing.join(" "));
    }
    out
}

fn shown(file: &str) -> String {
    file.escape_debug().to_string()
}
