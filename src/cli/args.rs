//! The declarations of the command line. `--help` and the man page are made from them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::diff::DiffArgs;
use super::export::ExportArgs;
use super::filter::FilterArgs;
use super::log::args::LogArgs;
use super::patterns::PatternsArgs;
use super::profile::args::{JudgeArgs, ProfileArgs};
use super::stats::StatsArgs;
use crate::capture::CoLocate;
use crate::source::VdsoMode;

/// Bytes copied of one buffer unless `--capture` says otherwise.
pub const CAPTURE_DEFAULT: usize = 256;

/// Bytes of a string shown before `...`, as in strace.
pub const STRING_LIMIT_DEFAULT: usize = 32;

/// Seconds for which attached processes wait for a view.
pub const MAX_HOLD_DEFAULT: f64 = 5.0;

/// Where the ` = ` stands in a log, as in strace.
pub const RESULT_COLUMN_DEFAULT: usize = 40;

const TRACING: &str = "What is traced";
const PROGRAM: &str = "The program";
pub(super) const SELECTION: &str = "Which lines";
pub(super) const FORMAT: &str = "How they look";
pub(super) const SUMMARY: &str = "Summary";
pub(super) const DIAGNOSIS: &str = "Diagnosis of sysview itself";

/// Shown under `--help` and in the man page.
pub const EXIT_STATUS: &str = "\
Exit status:
  sysview exits with the program's own status, 128+N if signal N killed it.
  1    sysview could not trace (no permission, no terminal, a broken file)
  2    the command line or a profile is wrong
  126  the command was found but cannot be run
  127  the command was not found";

const EXAMPLES: &str = "\
Examples:
  sysview -- ls -l /                          see the calls of a program
  sysview -- bash                             work in a shell and watch it
  sysview --seccomp docker-default -- nginx   what would Docker's profile block?
  sysview -p 1234                             a process that runs already
  sysview --tour first-steps -- bash          take a guided tour
  sysview --vdso off -- date                  show clock calls that the vDSO hides
  sysview log -- sh -c 'ls | wc'              plain text, as strace prints it
  sysview explain openat ENOENT O_CLOEXEC     what these mean
  sysview filter explain 'path:/etc/** err'   how a filter is read
  sysview profile generate -- nginx           a seccomp profile that allows just that
  sysview record -o run.sysview -- make       keep a run; see it with `sysview open run.sysview`
  sysview export run.sysview -o run.html      a report of it; also CSV, Parquet, JSON, Perfetto
  sysview diff old.sysview new.sysview        what another run did otherwise";

#[derive(Debug, Parser)]
#[command(
    name = "sysview",
    version,
    about = "See every system call that a program makes, live",
    long_about = "Runs a program in an embedded terminal and shows every system call it makes, live: a trace, a histogram, \
                  the details of a call, and what a seccomp profile would block and why.",
    after_help = EXIT_STATUS,
    after_long_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"),
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
    override_usage = "sysview [OPTIONS] -- COMMAND [ARG]...\n       sysview [OPTIONS] -p PID\n       sysview log|record|open|export|stats|patterns|diff|profile|doctor|explain|filter|config|vdso|man ..."
)]
pub struct Cli {
    #[command(subcommand)]
    pub sub: Option<Sub>,
    #[command(flatten)]
    pub ui: UiArgs,
}

#[derive(Debug, Subcommand)]
pub enum Sub {
    /// Print the calls as text, in strace's format
    Log(Box<LogArgs>),
    /// Run a program and keep its events in a file
    Record(RecordArgs),
    /// Show a recording, or text of strace, on the screen
    Open(OpenArgs),
    /// Write a recording as JSON lines, CSV, strace's lines, Parquet, a trace for Perfetto or an HTML report
    Export(ExportArgs),
    /// Compare two recordings: calls, errors, times, paths, processes; exits with 1 if a threshold is passed
    Diff(DiffArgs),
    /// Say whether tracing works here and, if not, why and what to do; exits with 1 if not
    Doctor,
    /// Explain system calls, errors, constants, signals and classes, without tracing anything
    Explain(ExplainArgs),
    /// Count the calls of a recording: errors, percentiles of times, bytes moved
    Stats(StatsArgs),
    /// Point out common patterns in a recording: searches, tiny reads, polling, ignored errors, leaks and more
    Patterns(PatternsArgs),
    /// Say how a filter is read, or list the saved ones
    Filter(FilterArgs),
    /// Write, check or show the settings: keys, colours, filters
    Config(super::config::ConfigArgs),
    /// Make, check, compare and convert seccomp profiles
    Profile(Box<ProfileArgs>),
    /// Show a vDSO: its symbols, its code, and what it saves on this machine
    Vdso(super::vdso::VdsoArgs),
    /// Print the manual page (roff); read it with `sysview man | man -l -`
    Man,
}

/// `sysview [OPTIONS] -- cmd`.
#[derive(Debug, Args)]
pub struct UiArgs {
    #[command(flatten)]
    pub view: ViewArgs,
    #[command(flatten)]
    pub trace: TraceArgs,
    /// Make the first profile of --seccomp hold, so that one sees how the program copes. tracer: sysview answers blocked calls
    /// (`E` switches this). kernel: the compiled filter is installed when the program starts, and what the kernel does is
    /// compared with the marks
    #[arg(long, value_name = "WHO", value_enum, requires = "seccomp")]
    pub enforce: Option<Enforce>,
    /// Hold a task at each call that fits FILTER (what `/` takes: openat, path:/etc/**, err=EACCES, ...); may be repeated
    #[arg(long, value_name = "FILTER")]
    pub catch: Vec<String>,
    /// Begin with the program held before its first own instruction; `P` lets it go, `.` steps
    #[arg(long)]
    pub hold: bool,
    /// Stepping one task holds all others as well
    #[arg(long)]
    pub step_all: bool,
    /// Run the program on another terminal instead of the pane, for example /dev/pts/3
    #[arg(long, value_name = "PTS")]
    pub tty: Option<PathBuf>,
    /// The program to run, with its arguments
    #[arg(value_name = "COMMAND", trailing_var_arg = true)]
    pub command: Vec<OsString>,
}

/// What the screen needs, live or over a recording.
#[derive(Debug, Args)]
pub struct ViewArgs {
    /// Mark what a seccomp profile would block: a file in any form of `sysview profile list`, a built-in name (docker-default),
    /// or pid:PID for the filters under which that process runs (as root); may be repeated, to compare profiles
    #[arg(long, value_name = "FILE|NAME|pid:PID")]
    pub seccomp: Vec<String>,
    #[command(flatten)]
    pub judge: JudgeArgs,
    /// Show only the rows that fit EXPR from the start, as `/` does; see `sysview filter explain`
    #[arg(long, value_name = "EXPR")]
    pub filter: Option<String>,
    /// Begin with a guided tour: first-steps, errors, vdso or sandbox
    #[arg(long, value_name = "NAME")]
    pub tour: Option<String>,
    /// How much of the trace is kept in memory (512M, 2G); what is older goes to a nameless file in $TMPDIR or /var/tmp
    #[arg(long, value_name = "SIZE", default_value = "512M")]
    pub memory: String,
    /// The key that leaves the program's pane (ctrl-] unless the settings say otherwise); typed twice it goes to the program
    #[arg(long, value_name = "KEY")]
    pub escape: Option<String>,
    /// The colours: terminal, dark, light, high-contrast, colour-blind or mono
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
}

/// Who makes a profile hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Enforce {
    Tracer,
    Kernel,
}

/// How a program is traced.
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// trace=SET: only these calls (names, numbers, %file and other classes, /regular expressions; ! for all but, ? for
    /// maybe unknown), which a SET alone means too. inject=SET:error=ERRNO, :retval=VALUE, :signal=SIG,
    /// :delay_enter=TIME, :delay_exit=TIME, :syscall=NAME, :when=FIRST[..LAST][+[STEP]]: change what these calls do.
    /// fault=SET[:error=ERRNO][:when=...]: make them fail. Of the lines of `sysview log` also status=SET (successful,
    /// failed, unfinished, detached), signal=SET, quiet=SET (attach, exit, thread-execve), read=SET, write=SET: dump
    /// what goes through these descriptors; raw=SET: undecoded; abbrev=SET, verbose=SET: structures in short, or at all;
    /// filter=EXPR: lines that fit a filter, see `sysview filter explain`
    #[arg(short = 'e', long = "expression", value_name = "[WHAT=]SET", help_heading = TRACING)]
    pub expressions: Vec<String>,
    /// The same as -e trace=SET
    #[arg(long, value_name = "SET", help_heading = TRACING)]
    pub trace: Vec<String>,
    /// The same as -e inject=SET:...
    #[arg(long, value_name = "SET:...", help_heading = TRACING)]
    pub inject: Vec<String>,
    /// The same as -e fault=SET...
    #[arg(long, value_name = "SET...", help_heading = TRACING)]
    pub fault: Vec<String>,
    /// With -e trace=, stop the program at every call although only some are shown. Without this the others pass at full
    /// speed, by a seccomp filter; unless sysview is root the program then has no_new_privs set
    #[arg(long, help_heading = TRACING)]
    pub no_call_filter: bool,
    /// Bytes copied of each buffer that a call reads or writes
    #[arg(long, value_name = "N", default_value_t = CAPTURE_DEFAULT, value_parser = bytes, help_heading = TRACING)]
    pub capture: usize,
    /// After each successful open, ask /proc which file it is, whatever links the path went through; for what is known of
    /// descriptors on the screen, in recordings and with --format jsonl
    #[arg(long, help_heading = TRACING)]
    pub resolve_paths: bool,
    /// natural: leave the vDSO alone. shown: its functions log what they answer, without a call. off: its functions call the
    /// kernel, so that they are seen; the processes get it back when they are let go. absent: start programs without it, so that the calls it serves become real ones
    #[arg(long, value_name = "MODE", value_enum, default_value_t = Vdso::Natural, help_heading = TRACING)]
    pub vdso: Vdso,
    /// Trace only the first task of the program, not the processes and threads that it makes, as strace without -f
    #[arg(long, help_heading = TRACING)]
    pub no_follow: bool,
    /// Keep sysview and the program on one CPU, where stops are cheap. auto: while stops come often and little would run in
    /// parallel; never for processes that ran before. The program sees the CPUs that it would have otherwise
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = When::Auto, help_heading = TRACING)]
    pub co_locate: When,
    /// Trace processes that run already: PIDs, with commas between them, or the name of one; may be repeated. They run on
    /// when sysview ends
    #[arg(short = 'p', long, value_name = "PID|NAME")]
    pub attach: Vec<String>,
    /// Trace all processes of a container: its ID or the first digits, a pod's UID, or a name that its runtime's files tell.
    /// Processes are told with the PID that they have inside, too, as in 4711:1
    #[arg(long, value_name = "ID|NAME")]
    pub container: Option<String>,
    /// Processes that ran before are let go when the view or the disk has not followed for so long; 0 is at once
    #[arg(long, value_name = "SECONDS", default_value_t = MAX_HOLD_DEFAULT, value_parser = seconds)]
    pub max_hold: f64,
    /// Run the program as USER with its groups, for root only; set-user-ID programs then gain their privileges (needs CAP_SYS_PTRACE)
    #[arg(short = 'u', long, value_name = "USER", help_heading = PROGRAM)]
    pub user: Option<String>,
    /// Set a variable for the program, or with VAR alone remove it; may be repeated
    #[arg(short = 'E', long, value_name = "VAR[=VAL]", help_heading = PROGRAM)]
    pub env: Vec<OsString>,
    /// Call the program NAME in its argument 0; with -bash, bash is a login shell
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, help_heading = PROGRAM)]
    pub argv0: Option<OsString>,
    /// Find and start the program in DIR
    #[arg(long, value_name = "DIR", help_heading = PROGRAM)]
    pub cwd: Option<PathBuf>,
}

impl TraceArgs {
    /// All of `-e`, whichever way it is written.
    pub fn expressions(&self) -> Vec<String> {
        let long = [("trace", &self.trace), ("inject", &self.inject), ("fault", &self.fault)];
        let written = long.iter().flat_map(|(what, sets)| sets.iter().map(move |set| format!("{what}={set}")));
        self.expressions.iter().cloned().chain(written).collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Vdso {
    Natural,
    Shown,
    Off,
    Absent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    Auto,
    On,
    Off,
}

impl From<When> for CoLocate {
    fn from(when: When) -> CoLocate {
        match when {
            When::Auto => CoLocate::Auto,
            When::On => CoLocate::On,
            When::Off => CoLocate::Off,
        }
    }
}

impl From<Vdso> for VdsoMode {
    fn from(mode: Vdso) -> VdsoMode {
        match mode {
            Vdso::Natural => VdsoMode::Natural,
            Vdso::Shown => VdsoMode::Shown,
            Vdso::Off => VdsoMode::Off,
            Vdso::Absent => VdsoMode::Absent,
        }
    }
}

/// `sysview record -o FILE -- cmd`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_STATUS, override_usage = "sysview record -o FILE [OPTIONS] -- COMMAND [ARG]...\n       sysview record -o FILE [OPTIONS] -p PID")]
pub struct RecordArgs {
    /// The file to write; what is there is replaced
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Give the program a terminal of this size and keep what it prints there, so that a replay shows it too
    #[arg(long, value_name = "COLUMNSxROWS")]
    pub pty: Option<String>,
    /// Leave out what goes through buffers: what is read and written, and with --pty what the program prints. Names of
    /// files and arguments of programs stay
    #[arg(long)]
    pub no_payload: bool,
    /// Leave out the values of environment variables, and their names too
    #[arg(long)]
    pub no_env: bool,
    #[command(flatten)]
    pub trace: TraceArgs,
    /// The program to run, with its arguments
    #[arg(value_name = "COMMAND", trailing_var_arg = true)]
    pub command: Vec<OsString>,
}

/// `sysview open FILE`.
#[derive(Debug, Args)]
#[command(override_usage = "sysview open [OPTIONS] FILE")]
pub struct OpenArgs {
    /// A file made by `sysview record`; text of `strace` or `sysview log`; or FILE of `strace -ff -o FILE`
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Show nothing but the lines of such a text that could not be read, with the reasons; exits with 1 if there are any
    #[arg(long)]
    pub check: bool,
    /// Compare with another recording, as `sysview diff` does; D shows it
    #[arg(long, value_name = "FILE")]
    pub compare: Option<PathBuf>,
    #[command(flatten)]
    pub view: ViewArgs,
    /// Draw the screen into an SVG file and end, without a terminal
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Size of that picture, in character cells
    #[arg(long, value_name = "COLUMNSxROWS", default_value = "120x40", requires = "svg")]
    pub size: String,
    /// Keys to press before drawing it, separated by spaces, for example "tab enter s"
    #[arg(long, value_name = "KEYS", default_value = "", requires = "svg")]
    pub keys: String,
}

/// `sysview explain openat`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A call by name or number, or an error, constant, signal or class by name: openat, 257, ENOENT, O_CLOEXEC, SIGHUP, %file
    #[arg(value_name = "WORD", required = true, allow_hyphen_values = true)]
    pub words: Vec<String>,
}

/// A time up to a day.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "write a number of seconds, as in 5 or 0.5")?;
    if (0.0..=86_400.0).contains(&seconds) { Ok(seconds) } else { Err("write a time from 0 to 86400 seconds".into()) }
}

/// A number of bytes.
pub(super) fn bytes(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "write a number of bytes, as in 256".into())
}
