//! `sysview profile generate`: recordings, or a run, into a profile; and what the profile is worth, on standard error.

use std::path::Path;

use super::args::GenerateArgs;
use super::{form, here, judging, put, say};
use crate::cli::ending::Ending;
use crate::cli::error::CliError;
use crate::cli::expression::Expressions;
use crate::cli::{launch, view_runtime};
use crate::policy::{self, Action, Context, Form, Gathered, Profile, Wishes};
use crate::session;
use crate::source::{Message, Source};

pub fn run(args: &GenerateArgs) -> Result<i32, CliError> {
    let format = form(&args.format)?;
    let default_action = action(&args.default)?;
    let mut gathered = Gathered::default();
    let mut context = here();
    if args.files.is_empty()
        && args.command.is_empty()
        && args.trace.attach.is_empty()
        && args.trace.container.is_none()
    {
        return Err(CliError::usage(
            "nothing to make a profile of; give recordings, or write `sysview profile generate -- COMMAND`",
        ));
    }
    for path in &args.files {
        let name = path.display().to_string();
        read(&name, &mut gathered, &mut context)?;
    }
    let mut status = 0;
    if args.files.is_empty() || !args.command.is_empty() {
        status = trace(args, &mut gathered)?;
    }
    if gathered.is_empty() {
        return Err(CliError::failed("no call was seen, so there is nothing to make a profile of"));
    }
    let wishes = Wishes {
        default_action,
        arguments: !args.no_arguments,
        portable: args.portable,
        runtime: format.is_for_containers() && !args.no_runtime,
    };
    let (draft, problems) = policy::generate(&gathered, &wishes);
    problems.iter().for_each(|sentence| say(sentence));
    let written = policy::write(&draft, format, &context).map_err(CliError::usage)?;
    put(&written, args.output.as_ref())?;
    // What was written is read again, as whoever uses it will.
    let profile = Profile::parse_as(&written.bytes, "the generated profile", format).map_err(CliError::failed)?;
    let judge = profile.resolve(&context).map_err(CliError::failed)?;
    for (name, evidence, action) in policy::not_allowed(&gathered, &judge) {
        say(&format!("the profile answers {action} to {name}, which was recorded {evidence}"));
        status = status.max(1);
    }
    report(&profile, &context, args.portable);
    if format == Form::Kubernetes {
        say("put it under the kubelet's seccomp directory and name it in the pod: \
             securityContext: {seccompProfile: {type: Localhost, localhostProfile: FILE}}");
    }
    Ok(status)
}

/// An error's name, or what ends or logs.
fn action(word: &str) -> Result<Action, CliError> {
    Ok(match word {
        "kill" | "kill-process" => Action::KillProcess,
        "kill-thread" => Action::KillThread,
        "trap" => Action::Trap,
        "log" => Action::Log,
        name => match crate::abi::errno_number(name) {
            Some(number) => Action::Errno(number),
            None => {
                let wanted = "write an error's name, as in EPERM or ENOSYS, or kill, kill-thread, trap or log";
                return Err(CliError::usage(format!("--default {name:?}: {wanted}")));
            }
        },
    })
}

fn read(name: &str, gathered: &mut Gathered, context: &mut Context) -> Result<(), CliError> {
    let mut source = session::open(Path::new(name)).map_err(CliError::failed)?;
    gathered.begin(name);
    while let Some(message) = source.messages.blocking_recv() {
        match message {
            Message::Started(started) => {
                *context = Context::docker(&started.machine.kernel_release, &started.machine.machine);
                if let Some(only) = &started.only {
                    say(&format!("{name} has only the calls of {only}: the profile will not allow the others"));
                }
            }
            Message::Batch(batch) => gathered.batch(&batch),
            Message::Notice(sentence) => say(&sentence),
            Message::Failed(why) => return Err(CliError::failed(why)),
            _ => {}
        }
    }
    Ok(())
}

/// Runs the command to its end, or what it was attached to. The status is the program's.
fn trace(args: &GenerateArgs, gathered: &mut Gathered) -> Result<i32, CliError> {
    let expressions = Expressions::without_lines(&args.trace.expressions()).map_err(CliError::usage)?;
    let plan = launch::plan(&args.command, &args.trace, &expressions)?;
    let attached = plan.is_attach();
    launch::remark(expressions.remarks());
    let words: Vec<String> = args.command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    gathered.begin(&if attached { "this run".to_owned() } else { words.join(" ") });
    view_runtime()?.block_on(async {
        let mut ending = Ending::new(attached).map_err(CliError::failed)?;
        let Source { mut messages, control } = plan.start()?;
        loop {
            let message = tokio::select! {
                message = messages.recv() => message,
                () = ending.asked(&*control) => continue,
            };
            match message {
                None => return Err(CliError::failed("the tracer ended without a word")),
                Some(Message::Batch(batch)) => gathered.batch(&batch),
                Some(Message::Ended(end)) => return Ok(ending.status(end)),
                Some(Message::Notice(sentence)) => say(&sentence),
                Some(Message::Failed(why)) => return Err(CliError::failed(why)),
                Some(_) => {}
            }
        }
    })
}

/// How it differs from Docker's default, and what a container on another machine would miss.
fn report(profile: &Profile, context: &Context, portable: bool) {
    let Some(docker) = policy::builtin("docker-default") else { return };
    if let (Ok(ours), Ok(docker)) = (profile.resolve(context), docker.resolve(context)) {
        say(&judging::compared(&ours, &docker));
    }
    let mut narrow: Vec<String> = Vec::new();
    for name in profile.rules().iter().flat_map(|rule| &rule.names).filter(|_| portable) {
        let remark = policy::portable::remark(name);
        if !remark.is_empty() {
            narrow.push(format!("{name} ({remark})"));
        }
    }
    narrow.dedup();
    if !narrow.is_empty() {
        say(&format!("not everywhere: {}", narrow.join(", ")));
    }
}
