//! The declarations of `sysview log`. Left out: how its program is traced, which it has in common with others (`cli::args`).

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use super::precision::{Precision, Timestamps};
use super::summary::Order;
use crate::cli::args::{DIAGNOSIS, EXIT_STATUS, FORMAT, RESULT_COLUMN_DEFAULT, SELECTION, SUMMARY, TraceArgs, bytes};
use crate::decode::Constants;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Strace,
    Jsonl,
}

/// strace's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StringsInHex {
    None,
    NonAscii,
    All,
}

/// strace's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ConstPrintStyle {
    Raw,
    Abbrev,
    Verbose,
}

impl From<ConstPrintStyle> for Constants {
    fn from(style: ConstPrintStyle) -> Constants {
        match style {
            ConstPrintStyle::Raw => Constants::Numbers,
            ConstPrintStyle::Abbrev => Constants::Names,
            ConstPrintStyle::Verbose => Constants::Both,
        }
    }
}

/// `sysview log -- cmd`. The letters and their meanings are strace's.
#[derive(Debug, Args)]
#[command(after_help = EXIT_STATUS, override_usage = "sysview log [OPTIONS] -- COMMAND [ARG]...\n       sysview log [OPTIONS] -p PID")]
pub struct LogArgs {
    /// Write to FILE instead of standard error
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Add to FILE what is there already, instead of writing it anew
    #[arg(short = 'A', long, requires = "output")]
    pub output_append_mode: bool,
    /// Follow new tasks, which is the default here; -ff with -o: one file per task, FILE.PID
    #[arg(short = 'f', long, action = ArgAction::Count, conflicts_with = "no_follow")]
    pub follow_forks: u8,
    /// The same as -ff, for -o
    #[arg(long)]
    pub output_separately: bool,
    /// Print lines as strace does (strace), or JSON objects, one a line, with everything that is known (jsonl)
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Strace, hide_possible_values = true)]
    pub format: LogFormat,
    /// Print only calls that are about PATH: as an argument, or behind a descriptor; may be repeated
    #[arg(short = 'P', long, value_name = "PATH", help_heading = SELECTION)]
    pub trace_path: Vec<PathBuf>,
    /// Print only calls that are given one of these descriptors: 3,5 or !1
    #[arg(long, value_name = "SET", help_heading = SELECTION)]
    pub trace_fds: Option<String>,
    /// Print only calls that did not fail
    #[arg(short = 'z', long, overrides_with = "failed_only", help_heading = SELECTION)]
    pub successful_only: bool,
    /// Print only calls that failed
    #[arg(short = 'Z', long, overrides_with = "successful_only", help_heading = SELECTION)]
    pub failed_only: bool,
    /// The same as -e status=SET
    #[arg(long, value_name = "SET", help_heading = SELECTION)]
    pub status: Vec<String>,
    /// The same as -e signal=SET
    #[arg(long, value_name = "SET", help_heading = SELECTION)]
    pub signal: Vec<String>,
    /// Print no `process attached` and no remarks on the tracing; -qq: no `+++ exited` either; -qqq: no `+++ superseded by execve` either
    #[arg(short, action = ArgAction::Count, help_heading = SELECTION)]
    pub quiet: u8,
    /// The same as -e quiet=SET; alone the same as -q
    #[arg(long = "quiet", aliases = ["silent", "silence"], value_name = "SET", num_args = 0..=1, require_equals = true,
          default_missing_value = "attach,personality", help_heading = SELECTION)]
    pub quiet_set: Vec<String>,
    /// Begin lines with the time of day; -tt: with microseconds; -ttt: in seconds since the epoch
    #[arg(short = 't', action = ArgAction::Count, conflicts_with = "absolute_timestamps", help_heading = FORMAT)]
    pub timestamps: u8,
    /// Begin lines with the time: none, time (of day) or unix (since the epoch), to s, ms, us or ns, as in unix,ms
    #[arg(long, alias = "timestamps", value_name = "FORMAT,PRECISION", num_args = 0..=1, require_equals = true,
          default_missing_value = "time,s", help_heading = FORMAT)]
    pub absolute_timestamps: Option<Timestamps>,
    /// Begin lines with the time since the line before, to s, ms, us or ns
    #[arg(short = 'r', long, value_name = "PRECISION", num_args = 0..=1, require_equals = true,
          default_missing_value = "us", help_heading = FORMAT)]
    pub relative_timestamps: Option<Precision>,
    /// End lines with the time that the call took, to s, ms, us or ns
    #[arg(short = 'T', long, value_name = "PRECISION", num_args = 0..=1, require_equals = true,
          default_missing_value = "us", help_heading = FORMAT)]
    pub syscall_times: Option<Precision>,
    /// Show the number of the call
    #[arg(short = 'n', long, help_heading = FORMAT)]
    pub syscall_number: bool,
    /// Show the instruction pointer of the call
    #[arg(short = 'i', long, help_heading = FORMAT)]
    pub instruction_pointer: bool,
    /// The column of the result
    #[arg(short = 'a', long = "columns", value_name = "COLUMN", default_value_t = RESULT_COLUMN_DEFAULT,
          help_heading = FORMAT)]
    pub column: usize,
    /// Bytes of a string shown before `...`: 32, with --format jsonl as many as were copied
    #[arg(short = 's', long = "string-limit", value_name = "N", value_parser = bytes, help_heading = FORMAT)]
    pub string_limit: Option<usize>,
    /// Show strings that are no plain text in hexadecimal; -xx: all strings
    #[arg(short = 'x', action = ArgAction::Count, help_heading = FORMAT)]
    pub strings_as_hex: u8,
    /// The same in words: none, non-ascii (-x) or all (-xx)
    #[arg(long, value_name = "WHICH", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "all",
          hide_possible_values = true, help_heading = FORMAT)]
    pub strings_in_hex: Option<StringsInHex>,
    /// Show constants by their numbers (raw), by name (abbrev), or both ways: 0x80000 /* O_CLOEXEC */ (verbose)
    #[arg(short = 'X', long, value_name = "FORMAT", value_enum, default_value_t = ConstPrintStyle::Abbrev,
          hide_possible_values = true, help_heading = FORMAT)]
    pub const_print_style: ConstPrintStyle,
    /// Show what is behind descriptors: 3</etc/passwd>; -yy: also devices, sockets, pidfds, signalfds and eventfds in full
    #[arg(short = 'y', action = ArgAction::Count, help_heading = FORMAT)]
    pub descriptors: u8,
    /// What is shown behind descriptors: path, socket, dev, pidfd, signalfd, eventfd, all, none; alone: path
    #[arg(long, value_name = "SET", num_args = 0..=1, require_equals = true, default_missing_value = "path",
          help_heading = FORMAT)]
    pub decode_fds: Vec<String>,
    /// Show the names of processes beside their numbers: 4242<bash>; the same as --decode-pids=comm
    #[arg(short = 'Y', help_heading = FORMAT)]
    pub command_names: bool,
    /// What is shown of processes beside their numbers: comm, none
    #[arg(long, value_name = "SET", help_heading = FORMAT)]
    pub decode_pids: Vec<String>,
    /// Show arguments with their names, as the manual pages have them
    #[arg(short = 'N', long, help_heading = FORMAT)]
    pub arg_names: bool,
    /// End lines with a comment where the vDSO would have answered the call (--vdso off), or made it itself
    #[arg(long, help_heading = FORMAT)]
    pub vdso_comments: bool,
    /// Show structures and lists in full
    #[arg(short = 'v', long, help_heading = FORMAT)]
    pub no_abbrev: bool,
    /// The same as -e read=SET
    #[arg(long, value_name = "SET", help_heading = FORMAT)]
    pub read: Vec<String>,
    /// The same as -e write=SET
    #[arg(long, value_name = "SET", help_heading = FORMAT)]
    pub write: Vec<String>,
    /// The same as -e raw=SET
    #[arg(long, value_name = "SET", help_heading = FORMAT)]
    pub raw: Vec<String>,
    /// The same as -e abbrev=SET
    #[arg(long, value_name = "SET", help_heading = FORMAT)]
    pub abbrev: Vec<String>,
    /// The same as -e verbose=SET
    #[arg(long, value_name = "SET", help_heading = FORMAT)]
    pub verbose: Vec<String>,
    /// Print only a table of the calls at the end: counts, errors, CPU time that processes spent in the kernel
    #[arg(short = 'c', long, conflicts_with = "summary", help_heading = SUMMARY)]
    pub summary_only: bool,
    /// Print the lines and then the table
    #[arg(short = 'C', long, help_heading = SUMMARY)]
    pub summary: bool,
    /// Let the table count wall time, from each call's begin to its end, instead of CPU time
    #[arg(short = 'w', long, help_heading = SUMMARY)]
    pub summary_wall_clock: bool,
    /// What the table is sorted by
    #[arg(short = 'S', long, value_name = "ORDER", value_enum, help_heading = SUMMARY)]
    pub summary_sort_by: Option<Order>,
    /// The columns of the table in their order: time, total-time, min-time, max-time, avg-time, calls, errors, name
    #[arg(short = 'U', long, value_name = "COLUMNS", help_heading = SUMMARY)]
    pub summary_columns: Option<String>,
    /// Tell on standard error what the tracer does: each status that the kernel reports, what is handed over, commands
    #[arg(short = 'd', long, help_heading = DIAGNOSIS)]
    pub debug: bool,
    #[command(flatten)]
    pub trace: TraceArgs,
    /// The program to run, with its arguments
    #[arg(value_name = "COMMAND", trailing_var_arg = true)]
    pub command: Vec<OsString>,
}

impl LogArgs {
    /// All of `-e`, whichever way it is written.
    pub fn expressions(&self) -> Vec<String> {
        let long = [
            ("signal", &self.signal),
            ("quiet", &self.quiet_set),
            ("decode-fds", &self.decode_fds),
            ("status", &self.status),
            ("read", &self.read),
            ("write", &self.write),
            ("raw", &self.raw),
            ("abbrev", &self.abbrev),
            ("verbose", &self.verbose),
        ];
        let written = long.iter().flat_map(|(what, sets)| sets.iter().map(move |set| format!("{what}={set}")));
        self.trace.expressions().into_iter().chain(written).collect()
    }
}
