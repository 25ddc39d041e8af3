//! What the subcommands that trace have in common: from the command line to a running program.

use std::ffi::OsString;

use super::args::TraceArgs;
use super::error::CliError;
use crate::capture::{self, Launch, LaunchError, Terminal};
use crate::source::Source;

/// Finds the command, before anything starts or the screen changes.
pub fn plan(command: &[OsString], trace: &TraceArgs, terminal: Terminal) -> Result<Launch, CliError> {
    let Some(name) = command.first() else {
        return Err(CliError::usage("no command given; write `sysview -- COMMAND`, for example `sysview -- ls -l /`"));
    };
    let program = capture::resolve(name).map_err(refused)?;
    let argv = command.to_vec();
    Ok(Launch { program, argv, terminal, vdso: trace.vdso.into(), capture_limit: trace.capture })
}

/// Starts it; the first execve has succeeded when this returns.
pub fn start(launch: Launch) -> Result<Source, CliError> {
    capture::launch(launch).map_err(refused)
}

fn refused(error: LaunchError) -> CliError {
    CliError::with_code(&error, error.exit_code())
}
