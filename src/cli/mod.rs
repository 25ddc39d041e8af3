//! The command line: declarations in `args`, one file per subcommand, one place where errors become exit codes.
//! The only room that sees everything; it holds no logic of its own.

pub mod args;
mod config;
mod diff;
mod doctor;
mod ending;
mod error;
mod explain;
mod export;
mod expression;
mod filter;
mod launch;
mod log;
mod man;
mod open;
mod page;
mod patterns;
mod profile;
mod record;
mod size;
mod stats;
mod ui;
mod unsupported;
mod vdso;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use args::{Cli, Sub};
pub use error::CliError;

/// Runs sysview on the process's own arguments. The exit status is the program's, see `args::EXIT_STATUS`.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // --help and --version arrive here too. A closed pipe (`sysview --help | head -1`) is no reason to fail.
            if !error.use_stderr() {
                let _ = error.print();
                return ExitCode::SUCCESS;
            }
            return fail(&CliError::usage(sentence(&error)));
        }
    };
    match run(cli) {
        Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        Err(error) => fail(&error),
    }
}

fn fail(error: &CliError) -> ExitCode {
    // Not eprintln!, which panics: the terminal may have hung up, and then nobody is there to read it.
    let _ = writeln!(io::stderr(), "sysview: {error}");
    ExitCode::from(error.code)
}

/// What is wrong with the command line, without the rest of the help.
fn sentence(error: &clap::Error) -> String {
    if let (ErrorKind::UnknownArgument, Some(ContextValue::String(option))) =
        (error.kind(), error.get(ContextKind::InvalidArg))
        && let Some(instead) = unsupported::instead(option)
    {
        return format!("{option} is an option of strace that sysview does not have; {instead}");
    }
    let text = error.render().to_string();
    // A sentence can go on in indented lines: the names of what is missing.
    let first: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect();
    let first = first.join(" ");
    format!("{}; see `sysview --help`", first.trim_start_matches("error: "))
}

fn run(cli: Cli) -> Result<i32, CliError> {
    match cli.sub {
        Some(Sub::Log(args)) => log::run(&args),
        Some(Sub::Record(args)) => record::run(&args),
        Some(Sub::Open(args)) => open::run(&args),
        Some(Sub::Export(args)) => export::run(&args),
        Some(Sub::Diff(args)) => diff::run(&args),
        Some(Sub::Doctor) => doctor::run(),
        Some(Sub::Explain(args)) => explain::run(&args.words),
        Some(Sub::Stats(args)) => stats::run(&args),
        Some(Sub::Patterns(args)) => patterns::run(&args),
        Some(Sub::Config(args)) => config::run(&args),
        Some(Sub::Filter(args)) => filter::run(&args.sub),
        Some(Sub::Profile(args)) => profile::run(&args),
        Some(Sub::Vdso(args)) => vdso::run(&args),
        Some(Sub::Man) => man::run(),
        None => ui::run(&cli.ui),
    }
}

/// The view's event loop: one thread, timers and signals; the engine has its own thread.
fn view_runtime() -> Result<tokio::runtime::Runtime, CliError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(CliError::failed)
}
