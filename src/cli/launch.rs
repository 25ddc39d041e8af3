//! What the subcommands that trace have in common: from the command line to a running program.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use super::args::TraceArgs;
use super::error::CliError;
use super::expression::Expressions;
use crate::abi::Arch;
use crate::capture::{self, Attach, Descriptors, Identity, Launch, LaunchError, Only, Setup, Terminal, Tracing};
use crate::source::Source;

/// What is traced.
pub enum Plan {
    Launch(Launch),
    /// Processes that run already.
    Attach(Attach),
}

impl Plan {
    pub fn tracing(&mut self) -> &mut Tracing {
        match self {
            Plan::Launch(launch) => &mut launch.tracing,
            Plan::Attach(attach) => &mut attach.tracing,
        }
    }

    /// Whether the programs ran before and will run on.
    pub fn is_attach(&self) -> bool {
        matches!(self, Plan::Attach(_))
    }

    /// Starts it; the first execve has succeeded, or the first process is traced, when this returns.
    pub fn start(self) -> Result<Source, CliError> {
        match self {
            Plan::Launch(launch) => capture::launch(launch),
            Plan::Attach(attach) => capture::attach(attach),
        }
        .map_err(refused)
    }
}

/// Finds the command or the processes, before anything starts or the screen changes. The command keeps sysview's terminal
/// unless another one is put into the plan.
pub fn plan(command: &[OsString], trace: &TraceArgs, expressions: &Expressions) -> Result<Plan, CliError> {
    if trace.attach.is_empty() && trace.container.is_none() {
        return launch(command, trace, expressions).map(Plan::Launch);
    }
    if let Some(name) = command.first() {
        let shown = name.to_string_lossy().escape_debug().to_string();
        return Err(CliError::usage(format!(
            "-p and --container are for processes that run already, and {shown} is a command to start; leave one of them out"
        )));
    }
    for (given, option) in [
        (trace.user.is_some(), "-u"),
        (!trace.env.is_empty(), "-E"),
        (trace.argv0.is_some(), "--argv0"),
        (trace.cwd.is_some(), "--cwd"),
    ] {
        if given {
            return Err(CliError::usage(format!(
                "{option} is for a command that sysview starts; a process that runs already has its own, so leave it out"
            )));
        }
    }
    let mut pids = capture::find_processes(&trace.attach).map_err(refused)?;
    let container = trace.container.as_deref().map(capture::find_container).transpose().map_err(refused)?;
    if let Some(container) = &container {
        let more = container.pids();
        pids.retain(|pid| !more.contains(pid));
    }
    Ok(Plan::Attach(attach_to(pids, container, tracing(trace, expressions, None))))
}

/// The processes that somebody chose from a list.
pub fn attach_to(pids: Vec<i32>, container: Option<capture::Container>, tracing: Tracing) -> Attach {
    Attach { pids, container, tracing }
}

fn launch(command: &[OsString], trace: &TraceArgs, expressions: &Expressions) -> Result<Launch, CliError> {
    let Some(name) = command.first() else {
        return Err(CliError::usage(
            "no command given; write `sysview -- COMMAND`, for example `sysview -- ls -l /`, or -p PID for a process that runs",
        ));
    };
    let setup = setup(trace)?;
    let base = setup.directory.as_deref().unwrap_or(Path::new(""));
    let program = capture::resolve_from(base, name).map_err(refused)?;
    let mut argv = command.to_vec();
    if let Some(argv0) = &trace.argv0 {
        argv[0].clone_from(argv0);
    }
    let tracing = tracing(trace, expressions, Some(&program));
    Ok(Launch { program, argv, terminal: Terminal::Inherit, setup, tracing })
}

/// `program` is the one that is to be started, if one is.
pub fn tracing(trace: &TraceArgs, expressions: &Expressions, program: Option<&Path>) -> Tracing {
    Tracing {
        vdso: trace.vdso.into(),
        capture_limit: trace.capture,
        environments: false,
        descriptors: if trace.resolve_paths { Descriptors::Opened } else { Descriptors::Numbers },
        follow: !trace.no_follow,
        only: only(expressions, trace, program),
        tamper: expressions.tampers().into_iter().map(|(_, tamper)| tamper).collect(),
        co_locate: trace.co_locate.into(),
        max_hold: Duration::from_secs_f64(trace.max_hold),
        ..Tracing::default()
    }
}

/// The calls of `-e trace=`; all others pass at full speed where that makes no difference to the program.
fn only(expressions: &Expressions, trace: &TraceArgs, program: Option<&Path>) -> Option<Only> {
    let words = expressions.words.clone()?;
    let numbers = |arch| {
        let of_arch = expressions.calls.known().filter(|call| call.0 == arch);
        (arch, of_arch.map(|(_, nr)| nr).collect())
    };
    Some(Only {
        words,
        numbers: Arch::ALL.map(numbers).to_vec(),
        unknown: true,
        at_full_speed: !trace.no_call_filter && !trace.no_follow && program.is_some_and(capture::fits_a_filter),
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
pub fn remark(remarks: impl Iterator<Item = String>) {
    for remark in remarks {
        // Whoever closed standard error does not want to know.
        let _ = writeln!(io::stderr(), "sysview: {remark}");
    }
}

pub fn refused(error: LaunchError) -> CliError {
    CliError::with_code(&error, error.exit_code())
}
