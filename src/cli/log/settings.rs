//! From the command line of `sysview log` to what is printed; every mistake in it is found here.

use roaring::RoaringTreemap;

use super::args::{LogArgs, LogFormat, StringsInHex};
use super::leader::{Columns, Tasks};
use super::precision::{Precision, Timestamps};
use super::select::{Descriptors, Quiet, Signals, Statuses, kinds_of_descriptors};
use super::sieve::Sieve;
use super::subject::Subject;
use super::summary::{Column, Order};
use crate::abi::{self, Arch};
use crate::capture::{self, Kinds};
use crate::cli::args::STRING_LIMIT_DEFAULT;
use crate::cli::expression::Expressions;
use crate::cli::{self, unsupported};
use crate::decode::{self, Constants, HexStrings, Manner};
use crate::model::{Enter, Memory};
use crate::query::{Calls, Filter};

#[derive(Debug, Clone)]
pub struct Settings {
    decode: decode::Options,
    /// JSON objects instead of strace's lines.
    pub jsonl: bool,
    /// PIDs have names.
    pub names_pids: bool,
    /// The summary counts wall time, not CPU time.
    pub wall_clock: bool,
    /// Of which calls structures are abbreviated, of which they are followed at all, of which nothing is decoded.
    abbreviated: Calls,
    followed: Calls,
    raw: Calls,
    pub columns: Columns,
    /// Processes are told with the numbers that they have in their container.
    pub inner_tids: bool,
    /// Where the ` = ` stands.
    pub result_column: usize,
    /// `<0.000123>` after the result.
    pub durations: Option<Precision>,
    /// What is looked up of descriptors and shown.
    behind: Kinds,
    pub calls: Calls,
    /// Calls that are tampered with.
    pub tampered: Vec<Calls>,
    pub statuses: Statuses,
    /// Lines of these rows only.
    pub rows: Option<RoaringTreemap>,
    pub signals: Signals,
    pub quiet: Quiet,
    /// What calls must be about.
    pub subject: Option<Subject>,
    /// What lines must fit besides.
    pub filter: Option<Filter>,
    /// What is to be said before the first line.
    pub remarks: Vec<String>,
    /// Descriptors of which everything that is read or written is shown.
    pub reads: Descriptors,
    pub writes: Descriptors,
    /// A file for each task.
    pub separately: bool,
    /// False: only the summary.
    pub lines: bool,
    /// The table at the end.
    pub summary: Option<Order>,
    pub summary_columns: Vec<Column>,
}

impl Settings {
    /// The error is one sentence for the user.
    pub fn new(args: &LogArgs, expressions: &Expressions) -> Result<Settings, String> {
        let separately = args.follow_forks > 1 || args.output_separately;
        if separately && args.output.is_none() {
            return Err(
                "-ff (--output-separately) writes a file for each task; give their common name with -o FILE".into()
            );
        }
        let summarize = args.summary_only || args.summary;
        if summarize && separately {
            return Err("-c and -C make one table of all tasks; leave out -ff or the table".into());
        }
        let about_the_table =
            args.summary_sort_by.is_some() || args.summary_columns.is_some() || args.summary_wall_clock;
        if !summarize && about_the_table {
            return Err("-S, -U and -w are about the table of -c and -C; add one of these".into());
        }
        let statuses = match (args.successful_only, args.failed_only) {
            (true, _) => Statuses::SUCCESSFUL,
            (_, true) => Statuses::FAILED,
            _ => Statuses::ALL,
        };
        // strace tells of new tasks on standard error only; a file of several tasks has the number on every line.
        let jsonl = args.format == LogFormat::Jsonl;
        if jsonl && summarize {
            return Err("-c and -C make a table, which is no JSON; leave out --format jsonl or the table".into());
        }
        let silent = if args.output.is_some() { args.quiet.max(1) } else { args.quiet };
        let descriptors = args.trace_fds.as_deref().map_or(Ok(Descriptors::NONE), Descriptors::parse)?;
        let (subject, remarks) = Subject::new(&args.trace_path, descriptors);
        let mut pids = args.decode_pids.clone();
        pids.extend(args.command_names.then(|| "comm".to_owned()));
        let mut settings = Settings {
            decode: decode::Options {
                string_limit: args.string_limit.unwrap_or(if jsonl { usize::MAX } else { STRING_LIMIT_DEFAULT }),
                hex: match args.strings_in_hex {
                    Some(StringsInHex::None) => HexStrings::Never,
                    Some(StringsInHex::NonAscii) => HexStrings::NotText,
                    Some(StringsInHex::All) => HexStrings::All,
                    None => [HexStrings::Never, HexStrings::NotText, HexStrings::All]
                        [usize::from(args.strings_as_hex.min(2))],
                },
                names: args.arg_names,
                constants: if jsonl { Constants::Names } else { args.const_print_style.into() },
                vdso: args.vdso_comments && !jsonl,
                ..decode::Options::default()
            },
            jsonl,
            names_pids: false,
            wall_clock: args.summary_wall_clock,
            abbreviated: if args.no_abbrev || jsonl { Calls::none() } else { Calls::all() },
            followed: Calls::all(),
            raw: Calls::none(),
            columns: Columns {
                tasks: match &args.output {
                    None => Tasks::Several,
                    Some(_) if separately || args.trace.no_follow => Tasks::Never,
                    Some(_) => Tasks::Always,
                },
                stamps: args.absolute_timestamps.unwrap_or(Timestamps::level(args.timestamps)),
                relative: args.relative_timestamps,
                number: args.syscall_number,
                ip: args.instruction_pointer,
            },
            inner_tids: args.trace.container.is_some(),
            result_column: args.column,
            durations: args.syscall_times,
            behind: [Kinds::NONE, Kinds::PATH, Kinds::ALL][usize::from(args.descriptors.min(2))],
            calls: expressions.calls.clone(),
            tampered: expressions.injections.iter().map(|injection| injection.calls.clone()).collect(),
            statuses,
            rows: None,
            signals: Signals::ALL,
            quiet: Quiet::level(silent),
            subject,
            filter: None,
            remarks,
            reads: Descriptors::NONE,
            writes: Descriptors::NONE,
            separately,
            lines: !args.summary_only,
            summary_columns: match &args.summary_columns {
                Some(text) => Column::parse(text)?,
                None => Column::DEFAULT.to_vec(),
            },
            summary: summarize.then(|| args.summary_sort_by.unwrap_or(Order::Time)),
        };
        // A later one of the same kind takes the place of the former.
        for (what, set) in &expressions.lines {
            match *what {
                "status" => settings.statuses = Statuses::parse(set)?,
                "signal" => settings.signals = Signals::parse(set)?,
                "read" => settings.reads = Descriptors::parse(set)?,
                "write" => settings.writes = Descriptors::parse(set)?,
                "abbrev" => settings.abbreviated = calls(what, set)?,
                "verbose" => settings.followed = calls(what, set)?,
                "raw" => settings.raw = calls(what, set)?,
                "filter" => settings.filter = Some(filter(set)?),
                "decode-pids" => pids.push(set.clone()),
                "decode-fds" => settings.behind = kinds_of_descriptors(set)?,
                _ => settings.quiet = Quiet::parse(set)?,
            }
        }
        for set in pids.iter().flat_map(|set| set.split(',')) {
            match set {
                "comm" => settings.names_pids = true,
                "none" => settings.names_pids = false,
                "pidns" => return Err(format!("--decode-pids={set}: {}", unsupported::PIDNS)),
                _ => return Err(format!("--decode-pids={set}: write comm or none")),
            }
        }
        if jsonl {
            // What is known of descriptors is told there anyway.
            settings.behind = Kinds::NONE;
        }
        settings.decode.descriptors = settings.behind != Kinds::NONE;
        if settings.quiet.path_resolution() {
            settings.remarks.clear();
        }
        Ok(settings)
    }

    /// What is looked up of descriptors, whether it is shown or only asked for: a subject is found by its path.
    pub fn descriptors(&self) -> capture::Descriptors {
        match if self.subject.is_some() { self.behind.and(Kinds::PATH) } else { self.behind } {
            Kinds::NONE => capture::Descriptors::Numbers,
            kinds => capture::Descriptors::Behind(kinds),
        }
    }

    /// How a call is written.
    pub fn decode(&self, arch: Arch, nr: u64) -> decode::Options {
        let manner = if self.raw.contains(arch, nr) {
            Manner::Raw
        } else if self.followed.contains(arch, nr) {
            Manner::Decoded
        } else {
            Manner::Pointers
        };
        decode::Options { verbose: !self.abbreviated.contains(arch, nr), manner, ..self.decode }
    }

    /// Whether a call that takes an environment is shown in full.
    pub fn shows_environments(&self) -> bool {
        let mut numbers = Arch::ALL.into_iter().flat_map(|arch| {
            ["execve", "execveat"].into_iter().filter_map(move |name| Some((arch, abi::number(arch, name)?)))
        });
        numbers.any(|(arch, nr)| !self.abbreviated.contains(arch, nr))
    }

    /// Whether a call is one of those that were asked for.
    pub fn wants(&self, enter: &Enter, memory: Memory<'_>) -> bool {
        self.calls.contains(enter.arch, enter.nr)
            && self.subject.as_ref().is_none_or(|subject| subject.holds(enter, memory))
    }

    /// What finds the lines that fit the filter, if there is one.
    pub fn sieve(&self) -> Option<Sieve> {
        self.filter.clone().map(|filter| Sieve::new(filter, self.decode))
    }

    /// How what is no call is written.
    pub fn plain(&self) -> &decode::Options {
        &self.decode
    }

    /// Whether anything is printed in which the tracer's own part would be taken for the program's.
    pub fn tells_times(&self) -> bool {
        self.jsonl
            || self.durations.is_some()
            || self.columns.relative.is_some()
            || self.summary.is_some() && self.wall_clock
    }

    /// Whether whole buffers must be copied, not only what a line shows of them.
    pub fn dumps(&self) -> bool {
        self.reads != Descriptors::NONE || self.writes != Descriptors::NONE
    }
}

fn calls(what: &str, set: &str) -> Result<Calls, String> {
    Calls::parse(set).map_err(|error| format!("-e {what}={set}: {}", error.shifted(what.len() + 1)))
}

fn filter(text: &str) -> Result<Filter, String> {
    let saved = cli::filter::config().map_err(|error| error.to_string())?.filters;
    let filter = cli::filter::read("-e filter", text, &saved).map_err(|error| error.to_string())?;
    if filter.needs_profile() {
        return Err(format!(
            "-e filter={text}: a log judges by no profile, so nothing counts as blocked; leave blocked out"
        ));
    }
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::args::{Cli, Sub};

    fn settings(options: &[&str]) -> Result<Settings, String> {
        let words = ["sysview", "log"].iter().chain(options).chain(&["--", "true"]);
        match Cli::try_parse_from(words).map_err(|e| e.to_string())?.sub {
            Some(Sub::Log(args)) => Settings::new(&args, &Expressions::parse(&args.expressions())?),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_last_of_a_kind_counts() {
        let set = settings(&["-e", "trace=read", "-e", "write", "-z", "-Z"]).expect("fine");
        assert_eq!(set.calls, Calls::parse("write").expect("write"));
        assert_eq!(set.statuses, Statuses::FAILED);
        let set = settings(&["-Z", "-e", "status=detached", "-q", "-e", "quiet=exit"]).expect("fine");
        assert_eq!(set.statuses, Statuses::parse("detached").expect("detached"));
        assert!(set.quiet.exit() && !set.quiet.attach());
    }

    #[test]
    fn letters_may_stand_together() {
        let set = settings(&["-fttTrni", "-a0", "-qq"]).expect("fine");
        assert_eq!(set.columns.stamps, Timestamps::level(2));
        assert!(set.columns.number && set.columns.ip);
        assert_eq!((set.columns.relative, set.durations), (Some(Precision::Micros), Some(Precision::Micros)));
        assert_eq!(set.result_column, 0);
        assert!(set.quiet.exit());
        assert_eq!(set.columns.tasks, Tasks::Several);
        assert_eq!(settings(&["-o", "x"]).expect("fine").columns.tasks, Tasks::Always);
        assert_eq!(settings(&["-ff", "-o", "x"]).expect("fine").columns.tasks, Tasks::Never);
        assert_eq!(settings(&["--no-follow", "-o", "x"]).expect("fine").columns.tasks, Tasks::Never);
    }

    #[test]
    fn long_names_take_values_and_may_stand_alone() {
        let times = ["--timestamps=unix,ns", "--relative-timestamps=ms", "--syscall-times=s"];
        let set = settings(&times).expect("fine");
        assert_eq!(set.columns.stamps, "unix,ns".parse().expect("a format"));
        assert_eq!((set.columns.relative, set.durations), (Some(Precision::Millis), Some(Precision::Seconds)));
        let set = settings(&["--absolute-timestamps", "--relative-timestamps", "--quiet"]).expect("fine");
        assert_eq!((set.columns.stamps, set.columns.relative), (Timestamps::level(1), Some(Precision::Micros)));
        assert!(set.quiet.attach() && set.quiet.personality() && !set.quiet.exit());
        let set = settings(&["--silence=exit", "--strings-in-hex", "--decode-fds"]).expect("fine");
        assert!(set.quiet.exit() && !set.quiet.attach());
        assert_eq!((set.plain().hex, set.behind), (HexStrings::All, Kinds::PATH));
        let set = settings(&["--strings-in-hex=non-ascii", "-y", "-e", "decode-fds=socket,dev"]).expect("fine");
        assert_eq!((set.plain().hex, set.behind), (HexStrings::NotText, Kinds::SOCKET.and(Kinds::DEVICE)));
        let set = settings(&["--output-separately", "-o", "x", "--decode-fds=none"]).expect("fine");
        assert_eq!((set.separately, set.behind), (true, Kinds::NONE));
    }

    #[test]
    fn mistakes_are_sentences() {
        for bad in [
            &["-e", "trace="][..],
            &["-e", "foo=bar"],
            &["-e", "inject=read"],
            &["-ff"],
            &["-t", "--absolute-timestamps=unix"],
            &["--syscall-times=h"],
            &["--decode-fds=inode"],
            &["--output-separately"],
            &["-a", "x"],
            &["-w"],
            &["-S", "name"],
            &["-cC"],
            &["-c", "-S", "size"],
            &["-f", "--no-follow"],
            &["-cff", "-o", "x"],
        ] {
            let error = settings(bad).expect_err("a mistake");
            assert!(!error.is_empty(), "{bad:?}");
        }
    }
}
