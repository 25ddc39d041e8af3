//! `sysview diff`: two runs, or two views of one, side by side; and whether the second does more than it may.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::error::CliError;
use super::export::{Run, Which};
use super::filter;
use crate::query::{Filter, Saved};
use crate::session::compare::{self, Comparison, Sums, Threshold};

const EXIT_STATUS: &str = "\
Processes are aligned by their place in the tree (the second `cc1` of the first `sh`), never by their numbers; paths below
/proc/PID are taken as one. Of a recording that was cut short, what is there is compared, which is said on standard error.

Thresholds:
  new-calls, new-errors, new-paths, new-processes
                    B has a call (an error of a call, a path, a process) that A has not
  gone-calls, gone-paths
                    A has one that B has not
  calls+N, errors+N, time+N
                    B has more than A and N: a number, of time with a unit (time+20ms), or a percentage (calls+10%)
  CALL:calls+N, CALL:errors+N, CALL:time+N
                    the same of one call: openat:errors+0
  May be repeated or listed with commas. What is passed is told on standard error, each in a line.

Exit status:
  0    no threshold is passed
  1    a threshold is passed
  2    the command line or a filter is wrong, or a recording cannot be read

Examples:
  sysview diff before.sysview after.sysview
  sysview diff --fail-on new-calls,time+20% release.sysview now.sysview
  sysview diff --filter-a task:bash --filter-b task:make run.sysview";

/// `sysview diff A B`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_STATUS, override_usage = "sysview diff [OPTIONS] A B\n       sysview diff --filter-a FILTER --filter-b FILTER A")]
pub struct DiffArgs {
    /// The first recording
    #[arg(value_name = "A")]
    pub a: PathBuf,
    /// The second recording; without it, two views of the first
    #[arg(value_name = "B")]
    pub b: Option<PathBuf>,
    /// Tables that people read (text), or one JSON object with everything (json)
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DiffFormat::Text, hide_possible_values = true)]
    pub format: DiffFormat,
    /// Compare only rows that fit FILTER: what `/` takes on the screen
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<String>,
    /// Compare only rows of A that fit FILTER
    #[arg(long, value_name = "FILTER", conflicts_with = "filter")]
    pub filter_a: Option<String>,
    /// Compare only rows of B that fit FILTER
    #[arg(long, value_name = "FILTER", conflicts_with = "filter")]
    pub filter_b: Option<String>,
    /// Exit with 1 if B passes a threshold: new-calls, calls+10%, ... (below)
    #[arg(long, value_name = "THRESHOLD", value_delimiter = ',')]
    pub fail_on: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    Text,
    Json,
}

pub fn run(args: &DiffArgs) -> Result<i32, CliError> {
    let threshold = |text: &String| {
        text.parse::<Threshold>().map_err(|error| CliError::usage(format!("--fail-on {text}: {error}")))
    };
    let thresholds = args.fail_on.iter().map(threshold).collect::<Result<Vec<Threshold>, CliError>>()?;
    let saved = filter::config()?.filters;
    let [a, b] = [(&args.filter_a, "--filter-a"), (&args.filter_b, "--filter-b")].map(|(own, option)| {
        let text = own.as_ref().map(|text| (option, text)).or(args.filter.as_ref().map(|text| ("--filter", text)));
        text.map(|(option, text)| view(option, text, &saved)).transpose()
    });
    let (filter_a, filter_b) = (a?, b?);
    if args.b.is_none() && args.filter_a.is_none() && args.filter_b.is_none() {
        return Err(CliError::usage(
            "there is one recording only; give a second one, or two views of it by --filter-a and --filter-b",
        ));
    }
    let file_b = args.b.as_ref().unwrap_or(&args.a);
    // Whether a threshold is passed is what 1 says.
    let unreadable = |error: CliError| CliError::usage(error);
    let (name_a, sums_a) = sums(&args.a, filter_a.as_ref(), true).map_err(unreadable)?;
    let (name_b, sums_b) = sums(file_b, filter_b.as_ref(), true).map_err(unreadable)?;
    let comparison = Comparison::new(&sums_a, &sums_b);
    let passed: Vec<(String, String)> = thresholds
        .iter()
        .filter_map(|threshold| Some((threshold.to_string(), threshold.passed(&comparison)?)))
        .collect();
    let text = match args.format {
        DiffFormat::Text => compare::text(&comparison, &name_a, &name_b),
        DiffFormat::Json => compare::json(&comparison, &name_a, &name_b, &passed),
    };
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(CliError::usage(format!("cannot write the comparison: {error}")));
        }
        _ => {}
    }
    for (threshold, what) in &passed {
        // The exit status says it too.
        let _ = writeln!(io::stderr(), "sysview: {threshold} is passed: {what}");
    }
    Ok(i32::from(!passed.is_empty()))
}

/// A filter that needs no profile.
fn view(option: &str, text: &str, saved: &Saved) -> Result<Filter, CliError> {
    let filter = filter::read(option, text, saved)?;
    if filter.needs_profile() {
        return Err(CliError::usage(format!(
            "{option} {text}: no profile is loaded here, so nothing counts as blocked"
        )));
    }
    Ok(filter)
}

/// The comparison of two recordings for the screen; if one cannot be read, why.
pub fn text(a: &Path, b: &Path) -> String {
    let both = sums(a, None, false).and_then(|a| Ok((a, sums(b, None, false)?)));
    match both {
        Ok(((name_a, a), (name_b, b))) => compare::text(&Comparison::new(&a, &b), &name_a, &name_b),
        Err(error) => format!("{}\n", error.to_string().escape_debug()),
    }
}

/// A recording summed up, and what it is called: the file, its command and its filter. `aloud`: with progress
/// and remarks on standard error.
fn sums(file: &Path, filter: Option<&Filter>, aloud: bool) -> Result<(String, Sums), CliError> {
    let mut run = Run::open(file, None)?;
    if !aloud {
        run.keep_quiet();
    }
    let words: Vec<String> = run.started().argv.iter().map(|word| word.escape_ascii().to_string()).collect();
    let mut name = format!("{}: {}", file.display().to_string().escape_debug(), words.join(" "));
    if let Some(filter) = filter {
        name += &format!("  [{filter}]");
    }
    let which = Which { filter, judge: None };
    let mut sums = Sums::default();
    run.each(|store, seq| {
        if which.wants(store, seq) {
            sums.row(store, seq);
        }
        Ok(())
    })?;
    sums.finish(run.walk.store());
    if aloud {
        run.say_if_cut();
    }
    Ok((name, sums))
}
