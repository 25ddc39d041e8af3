//! The declarations of `sysview profile`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::args::TraceArgs;
use crate::cli::error::CliError;
use crate::policy::Circumstances;

/// `sysview profile COMMAND`.
#[derive(Debug, Args)]
#[command(
    override_usage = "sysview profile generate|check|diff|merge|convert|explain|coverage|portable|show|list ...",
    subcommand_required = true,
    disable_help_subcommand = true
)]
pub struct ProfileArgs {
    #[command(subcommand)]
    pub what: What,
}

#[derive(Debug, Subcommand)]
pub enum What {
    /// Make the smallest profile that allows what recordings or a run of a program do
    Generate(GenerateArgs),
    /// Look for mistakes and dangers in profiles; exits with 1 if there are any
    Check(CheckArgs),
    /// Say for which calls two profiles answer differently; exits with 1 if they do
    Diff(DiffArgs),
    /// Make one profile that allows what any of several allows
    Merge(MergeArgs),
    /// Write a profile in another form
    Convert(ConvertArgs),
    /// Say what a profile answers to a call, and why
    Explain(ExplainArgs),
    /// Count how many calls of recordings each rule of a profile decided, and name the rules that decided none
    Coverage(CoverageArgs),
    /// Say on which architectures, and since which kernel, the calls exist that recordings made or profiles allow
    Portable(PortableArgs),
    /// Print a built-in profile or the members of one of systemd's sets
    Show(ShowArgs),
    /// List the built-in profiles, the forms and systemd's sets
    List,
}

/// Under what circumstances profiles are judged; the screen takes them beside `--seccomp`.
#[derive(Debug, Args)]
pub struct JudgeArgs {
    /// Judge a profile for a container with this capability beside Docker's default ones; ALL for every one
    #[arg(long, value_name = "CAP")]
    pub cap_add: Vec<String>,
    /// Take a capability from the container; ALL for every one
    #[arg(long, value_name = "CAP")]
    pub cap_drop: Vec<String>,
    /// Judge for this kernel instead of the traced machine's, for example 5.10
    #[arg(long, value_name = "VERSION")]
    pub kernel: Option<String>,
    /// Who makes the filter, if not the one for whom the profile's form is written: docker, podman, containerd, runc, crun
    /// or kernel (libseccomp's program as it is)
    #[arg(long, value_name = "NAME")]
    pub runtime: Option<String>,
}

impl JudgeArgs {
    pub fn circumstances(&self) -> Result<Circumstances, CliError> {
        Circumstances::read(&self.cap_add, &self.cap_drop, self.kernel.as_deref(), self.runtime.as_deref())
            .map_err(CliError::usage)
    }
}

/// How profiles are read and judged.
#[derive(Debug, Args)]
pub struct ContextArgs {
    #[command(flatten)]
    pub judge: JudgeArgs,
    /// The machine, if it is another than this one: x86_64 or aarch64
    #[arg(long, value_name = "ARCH")]
    pub arch: Option<String>,
    /// Read the profiles in this form instead of guessing: docker, oci, kubernetes, podman, spo, systemd, minijail, ...
    #[arg(long, value_name = "FORM")]
    pub form: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "sysview profile generate [OPTIONS] FILE...\n       sysview profile generate [OPTIONS] -- COMMAND [ARG]..."
)]
pub struct GenerateArgs {
    /// Recordings made by `sysview record`; what all of them did is allowed
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How to write it: docker, oci, kubernetes, podman, spo, systemd, minijail, seccompiler or bpf
    #[arg(long, value_name = "FORM", default_value = "docker")]
    pub format: String,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Add the calls that another libc, kernel or architecture would make instead
    #[arg(long)]
    pub portable: bool,
    /// Write no rules about arguments
    #[arg(long)]
    pub no_arguments: bool,
    /// Leave out what container runtimes do under the filter before the program starts
    #[arg(long)]
    pub no_runtime: bool,
    /// What happens to all other calls: an error's name, or kill, trap or log
    #[arg(long, value_name = "ACTION", default_value = "EPERM")]
    pub default: String,
    #[command(flatten)]
    pub trace: TraceArgs,
    /// The program to run, with its arguments
    #[arg(value_name = "COMMAND", last = true)]
    pub command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Profiles: files in any form, or names of built-in ones
    #[arg(value_name = "FILE|NAME", required = true)]
    pub profiles: Vec<String>,
    #[command(flatten)]
    pub context: ContextArgs,
}

#[derive(Debug, Args)]
pub struct DiffArgs {
    /// One profile
    #[arg(value_name = "A")]
    pub a: String,
    /// Another one
    #[arg(value_name = "B")]
    pub b: String,
    #[command(flatten)]
    pub context: ContextArgs,
}

#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Profiles
    #[arg(value_name = "FILE|NAME", required = true, num_args = 2..)]
    pub profiles: Vec<String>,
    #[command(flatten)]
    pub out: OutArgs,
    #[command(flatten)]
    pub context: ContextArgs,
}

#[derive(Debug, Args)]
pub struct ConvertArgs {
    /// A profile
    #[arg(value_name = "FILE|NAME")]
    pub profile: String,
    #[command(flatten)]
    pub out: OutArgs,
    #[command(flatten)]
    pub context: ContextArgs,
}

/// Where and how a profile is written.
#[derive(Debug, Args)]
pub struct OutArgs {
    /// How to write it: docker, oci, kubernetes, podman, spo, systemd, minijail, seccompiler or bpf
    #[arg(long = "to", value_name = "FORM", default_value = "docker")]
    pub to: String,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A profile
    #[arg(value_name = "FILE|NAME")]
    pub profile: String,
    /// A call by name or number
    #[arg(value_name = "CALL")]
    pub call: String,
    /// Its arguments, in decimal or hexadecimal; 0 where none is given
    #[arg(value_name = "ARG")]
    pub args: Vec<String>,
    #[command(flatten)]
    pub context: ContextArgs,
    /// The ABI of the call: x86_64, i386, x32 or aarch64; the machine's own otherwise
    #[arg(long, value_name = "ABI")]
    pub abi: Option<String>,
}

#[derive(Debug, Args)]
pub struct CoverageArgs {
    /// A profile
    #[arg(value_name = "FILE|NAME")]
    pub profile: String,
    /// Recordings made by `sysview record`, or text of strace
    #[arg(value_name = "RECORDING", required = true)]
    pub recordings: Vec<PathBuf>,
    #[command(flatten)]
    pub context: ContextArgs,
}

#[derive(Debug, Args)]
pub struct PortableArgs {
    /// Recordings, profiles, or names of built-in profiles
    #[arg(value_name = "RECORDING|FILE|NAME", required = true)]
    pub of: Vec<String>,
    #[command(flatten)]
    pub context: ContextArgs,
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// A built-in profile or a set: docker-default, @basic-io
    #[arg(value_name = "NAME")]
    pub name: String,
}
