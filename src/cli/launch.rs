//! What the subcommands that trace have in common: from the command line to a running program.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::args::TraceArgs;
use super::error::CliError;
use super::expression::Expressions;
use crate::abi::Arch;
use crate::capture::{self, Identity, Launch, LaunchError, Only, Setup, Terminal, Tracing};
use crate::source::Source;

/// Finds the command, before anything starts or the screen changes.
pub fn plan(
    command: &[OsString],
    trace: &TraceArgs,
    expressions: &Expressions,
    terminal: Terminal,
) -> Result<Launch, CliError> {
    let Some(name) = command.first() else {
        return Err(CliError::usage("no command given; write `sysview -- COMMAND`, for example `sysview -- ls -l /`"));
    };
    let setup = setup(trace)?;
    let base = setup.directory.as_deref().unwrap_or(Path::new(""));
    let program = capture::resolve_from(base, name).map_err(refused)?;
    let mut argv = command.to_vec();
    if let Some(argv0) = &trace.argv0 {
        argv[0].clone_from(argv0);
    }
    let tracing = Tracing {
        vdso: trace.vdso.into(),
        capture_limit: trace.capture,
        follow: !trace.no_follow,
        only: only(expressions, trace, &program),
        tamper: expressions.tampers().into_iter().map(|(_, tamper)| tamper).collect(),
        co_locate: trace.co_locate.into(),
        ..Tracing::default()
    };
    Ok(Launch { program, argv, terminal, setup, tracing })
}

/// The calls of `-e trace=`; all others pass at full speed where that makes no difference to the program.
fn only(expressions: &Expressions, trace: &TraceArgs, program: &Path) -> Option<Only> {
    let words = expressions.words.clone()?;
    let numbers = |arch| {
        let of_arch = expressions.calls.known().filter(|call| call.0 == arch);
        (arch, of_arch.map(|(_, nr)| nr).collect())
    };
    Some(Only {
        words,
        numbers: Arch::ALL.map(numbers).to_vec(),
        unknown: true,
        at_full_speed: !trace.no_call_filter && !trace.no_follow && capture::fits_a_filter(program),
    })
}

fn setup(trace: &TraceArgs) -> Result<Setup, CliError> {
    Ok(Setup {
        user: trace.user.as_deref().map(Identity::of).transpose().map_err(refused)?,
        variables: trace.env.iter().map(|text| variable(text)).collect::<Result<_, _>>()?,
        directory: trace.cwd.as_deref().map(capture::directory).transpose().map_err(refused)?,
    })
}

/// `NAME=VALUE` or `NAME`.
fn variable(text: &OsStr) -> Result<(OsString, Option<OsString>), CliError> {
    let bytes = text.as_bytes();
    let cut = bytes.iter().position(|&byte| byte == b'=').unwrap_or(bytes.len());
    if cut == 0 {
        let shown = text.to_string_lossy().escape_debug().to_string();
        return Err(CliError::usage(format!(
            "-E {shown}: a variable needs a name; write -E NAME=VALUE to set one, -E NAME to remove it"
        )));
    }
    let value = bytes.get(cut + 1..).map(|value| OsStr::from_bytes(value).to_owned());
    Ok((OsStr::from_bytes(&bytes[..cut]).to_owned(), value))
}

/// Says on standard error what the user should know before it starts.
pub fn remark(expressions: &Expressions) {
    for remark in expressions.remarks() {
        // Whoever closed standard error does not want to know.
        let _ = writeln!(io::stderr(), "sysview: {remark}");
    }
}

/// Starts it; the first execve has succeeded when this returns.
pub fn start(launch: Launch) -> Result<Source, CliError> {
    capture::launch(launch).map_err(refused)
}

fn refused(error: LaunchError) -> CliError {
    CliError::with_code(&error, error.exit_code())
}
