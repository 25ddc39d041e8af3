//! `sysview -- cmd`: the program under the engine, the screen in front of it.

use std::os::fd::AsFd;
use std::sync::Arc;

use nix::sys::utsname::uname;
use nix::unistd::isatty;

use super::args::{Enforce, UiArgs, ViewArgs};
use super::error::CliError;
use super::expression::Expressions;
use super::launch::{self, Plan};
use super::{filter, profile, size};
use crate::abi;
use crate::capture::{self, Terminal};
use crate::lesson::{self, Tour};
use crate::policy::{self, Circumstances, Context, Judge, Profile};
use crate::source::{Catchpoint, Source};
use crate::stats::Cpu;
use crate::tui::app::MOST_PROFILES;
use crate::tui::key::Key;
use crate::tui::state::enforced::By;
use crate::tui::terminal::Screen;
use crate::tui::{self, Finish, Options};

pub fn run(args: &UiArgs) -> Result<i32, CliError> {
    // Everything that can be wrong is looked at before the program starts and before the screen changes.
    let mut options = view_options(&args.view)?;
    let expressions = Expressions::without_lines(&args.trace.expressions()).map_err(CliError::usage)?;
    options.processes = Some(capture::processes);
    options.cpu = Some(|pid| capture::cpu_ns(pid).map(|(user_ns, system_ns)| Cpu { user_ns, system_ns }));
    options.tamper = expressions.tampers().into_iter().map(|(words, tamper)| (words, vec![tamper])).collect();
    options.catch = catchpoints(&args.catch, &options)?;
    let nothing_named = args.command.is_empty() && args.trace.attach.is_empty() && args.trace.container.is_none();
    let (mut plan, screen) = if nothing_named && redirected() == [false; 3] {
        let mut screen = Screen::open().map_err(CliError::failed)?;
        let Some(pids) = tui::pick(&mut screen, options.clone()).map_err(CliError::failed)? else { return Ok(0) };
        let tracing = launch::tracing(&args.trace, &expressions, None);
        (Plan::Attach(launch::attach_to(pids, None, tracing)), screen)
    } else {
        let plan = launch::plan(&args.command, &args.trace, &expressions)?;
        (plan, Screen::open().map_err(CliError::failed)?)
    };
    let tracing = plan.tracing();
    tracing.hold_at_start = args.hold;
    tracing.calibrate = true;
    tracing.environments = true;
    tracing.step_all = args.step_all;
    if let Some(enforce) = args.enforce {
        enforced(enforce, &mut plan, &mut options)?;
    }
    let tracing = plan.tracing();
    tracing.catch = options.catch.iter().map(|(_, point)| point.clone()).collect();
    if let Plan::Launch(launch) = &mut plan {
        let size = screen.size();
        let (rows, cols) = tui::program_size(size.width, size.height, &options);
        launch.terminal = match &args.tty {
            Some(path) => Terminal::Other(path.clone()),
            None => Terminal::Pty { rows, cols, inherit: redirected() },
        };
    }
    let source = plan.start()?;
    show(source, screen, options)
}

/// The profile holds from the first call on.
fn enforced(enforce: Enforce, plan: &mut Plan, options: &mut Options) -> Result<(), CliError> {
    let Some(profile) = options.profiles.first() else { return Ok(()) };
    let judge = judge(profile, &options.circumstances)?;
    let refuse = |what: &str| Err(CliError::usage(format!("--enforce kernel: {what}")));
    match enforce {
        Enforce::Tracer => {
            options.enforce = Some(By::Tracer);
            let mut tampers = tui::enforce::tampers(&judge);
            tampers.append(&mut plan.tracing().tamper);
            plan.tracing().tamper = tampers;
        }
        Enforce::Kernel => {
            if plan.is_attach() {
                return refuse("a process that runs already cannot be given a filter; use --enforce tracer");
            }
            let arch = judge.context().arch;
            let execve = abi::number(arch, "execve").map(|nr| judge.verdict(arch, nr, &[0; 6]).action);
            if let Some(action) = execve.filter(|action| action.blocks()) {
                return refuse(&format!("the profile answers execve with {action}, so the program could not start"));
            }
            let program = policy::bpf::compile(&judge).map_err(CliError::usage)?;
            options.enforce = Some(By::Kernel);
            plan.tracing().enforce = Some(program);
        }
    }
    Ok(())
}

/// The screen over any source, and sysview's exit status after it.
pub fn show(source: Source, screen: Screen, options: Options) -> Result<i32, CliError> {
    let Finish { end, signal, failure, .. } = tui::run(source, screen, options).map_err(CliError::failed)?;
    match (signal, failure, end) {
        (Some(signal), _, _) => Ok(128 + signal),
        (None, Some(failure), _) => Err(CliError::failed(failure)),
        (None, None, end) => Ok(end.map_or(0, |end| end.exit_code())),
    }
}

pub fn view_options(args: &ViewArgs) -> Result<Options, CliError> {
    let profiles = profiles(&args.seccomp)?;
    let circumstances = args.judge.circumstances()?;
    let escape = args
        .escape
        .as_ref()
        .map(|text| text.parse::<Key>().map_err(|error| CliError::usage(format!("--escape {text}: {error}"))));
    let escape = escape.transpose()?;
    let tour = args.tour.as_deref().map(tour).transpose()?;
    let memory = Some(size::bytes(&args.memory, "--memory")?);
    // https://no-color.org: any value but the empty one.
    let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut options =
        Options::with_settings(filter::config()?, args.theme.as_deref(), colour).map_err(CliError::usage)?;
    options.keymap.escape = escape.unwrap_or(options.keymap.escape);
    let filter =
        args.filter.as_ref().map(|text| filter::read("--filter", text, &options.config.filters)).transpose()?;
    let filter = filter.zip(args.filter.clone());
    Ok(Options { profiles, circumstances, tour, filter, memory, ..options })
}

fn profiles(specs: &[String]) -> Result<Vec<Profile>, CliError> {
    if specs.len() > MOST_PROFILES {
        return Err(CliError::usage(format!("--seccomp: at most {MOST_PROFILES} profiles can be compared at once")));
    }
    specs.iter().map(|spec| profile::load(spec)).collect()
}

/// The catchpoints of `--catch`, each with its filter as it was typed.
fn catchpoints(filters: &[String], options: &Options) -> Result<Vec<(String, Catchpoint)>, CliError> {
    let profile = options.profiles.first().filter(|_| !filters.is_empty());
    let judge = profile.map(|profile| judge(profile, &options.circumstances)).transpose()?;
    let saved = &options.config.filters;
    let one = |(text, id): (&String, u32)| {
        let wrong = |error: &dyn std::fmt::Display| CliError::usage(format!("--catch {text}: {error}"));
        let filter = filter::read("--catch", text, saved)?;
        if filter.needs_profile() && judge.is_none() {
            return Err(wrong(&"no profile is loaded, so nothing counts as blocked; add --seccomp FILE or NAME"));
        }
        let point = tui::catch::catchpoint(id, &filter, judge.clone()).map_err(|error| wrong(&error))?;
        Ok((text.clone(), point))
    };
    filters.iter().zip(1..).map(one).collect()
}

/// The profile as it is judged by on this machine.
fn judge(profile: &Profile, circumstances: &Circumstances) -> Result<Arc<Judge>, CliError> {
    let machine = uname().map_err(CliError::failed)?;
    let words = [machine.release(), machine.machine()].map(|word| word.to_string_lossy());
    let mut context = Context::docker(&words[0], &words[1]);
    circumstances.apply(&mut context);
    Ok(Arc::new(profile.resolve(&context).map_err(CliError::usage)?))
}

fn tour(name: &str) -> Result<&'static Tour, CliError> {
    lesson::tour(name).ok_or_else(|| {
        let names: Vec<&str> = lesson::tours().iter().map(|tour| tour.id).collect();
        CliError::usage(format!("--tour {name}: there is no such tour; choose one of {}", names.join(", ")))
    })
}

/// Which of stdin, stdout and stderr are no terminal: these belong to the program.
fn redirected() -> [bool; 3] {
    let terminal = |fd: &dyn AsFd| isatty(fd.as_fd()).unwrap_or(false);
    [!terminal(&std::io::stdin()), !terminal(&std::io::stdout()), !terminal(&std::io::stderr())]
}
