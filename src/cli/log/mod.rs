//! `sysview log`: the same events as on the screen, as text in strace's default format.
//! The program keeps sysview's own stdin, stdout and terminal. What a line looks like is `printer`'s business.

pub mod args;
mod floor;
mod jsonl;
mod leader;
mod names;
mod open_call;
pub mod precision;
mod printer;
mod select;
mod settings;
mod sheet;
mod sieve;
mod subject;
pub mod summary;

use std::io::{self, Write};
use std::sync::Arc;

use clap::Parser;
use roaring::RoaringTreemap;

use super::ending::Ending;
use super::error::CliError;
use super::expression::Expressions;
use super::launch;
use crate::capture;
use crate::model::Batch;
use crate::source::{CallTest, Command, Message, Source, Started};
use args::LogArgs;
use jsonl::Jsonl;
use printer::Printer;
use settings::Settings;
use sheet::Sheets;

pub fn run(args: &LogArgs) -> Result<i32, CliError> {
    let expressions = Expressions::parse(&args.expressions()).map_err(CliError::usage)?;
    let settings = Settings::new(args, &expressions).map_err(CliError::usage)?;
    let append = args.output_append_mode;
    if args.output.as_ref().is_some_and(|path| path.as_os_str().as_encoded_bytes().starts_with(b"|")) {
        return Err(CliError::usage(
            "-o |COMMAND: sysview starts no command for the log; write 2>&1 | COMMAND, or -o >(COMMAND)",
        ));
    }
    // The file first: a typo there must not start the program.
    let sheets = match &args.output {
        Some(path) if settings.separately => Sheets::own(path.clone(), append),
        Some(path) => Sheets::shared(
            sheet::create(path, append)
                .map_err(|e| CliError::failed(format!("cannot write {e}; choose another file")))?,
        ),
        None => Sheets::shared(sheet::standard_error()),
    };
    let mut plan = launch::plan(&args.command, &args.trace, &expressions)?;
    let attached = plan.is_attach();
    let tracing = plan.tracing();
    match settings.descriptors() {
        // What was asked for otherwise stays.
        capture::Descriptors::Numbers => {}
        looked_up => tracing.descriptors = looked_up,
    }
    if let Some(subject) = &settings.subject {
        // What is not wanted is not changed either.
        for tamper in &mut tracing.tamper {
            let (subject, test) = (subject.clone(), tamper.test.clone());
            tamper.test = CallTest(Arc::new(move |m| (test.0)(m) && subject.holds(m.enter, m.entry_memory)));
        }
    }
    // Lines of signals tell the number of the last call, whichever it was, and a change of ABI shows at any call: where all
    // of them stop anyway, the printer does the choosing. Names of processes change by calls, too, and
    // descriptors are known by the calls that made them.
    if settings.jsonl
        || args.syscall_number
        || settings.names_pids
        || settings.filter.is_some()
        || tracing.only.as_ref().is_some_and(|only| !only.at_full_speed)
    {
        tracing.only = None;
    }
    tracing.calibrate = settings.tells_times();
    tracing.system_times = settings.summary.is_some() && !settings.wall_clock;
    tracing.debug = args.debug;
    let remarks: Vec<String> = expressions.remarks().chain(settings.remarks.iter().cloned()).collect();
    if settings.dumps() {
        tracing.capture_limit = DUMP_LIMIT;
    }
    tracing.environments = settings.shows_environments();
    // A string is shown up to -s bytes, so at least that much must be copied, and one more to know of a cut.
    tracing.capture_limit = tracing.capture_limit.max(args.string_limit.unwrap_or(0).saturating_add(1));
    let runtime = super::view_runtime()?;
    runtime.block_on(async {
        let mut ending = Ending::new(attached).map_err(CliError::failed)?;
        let Source { mut messages, control } = plan.start()?;
        let mut printer = Writer::new(sheets, settings);
        remarks.iter().try_for_each(|remark| printer.notice(remark)).map_err(|e| unwritten(&e))?;
        let mut broken = None;
        let mut floor = None;
        loop {
            let message = tokio::select! {
                message = messages.recv() => message,
                () = ending.asked(&*control) => continue,
            };
            match message {
                Some(Message::Batch(batch)) if broken.is_none() => {
                    if let Err(error) = printer.batch(&batch) {
                        // The program is not to blame for a full disk or a reader who left: it goes on untraced.
                        broken = Some(error);
                        let _ = control.send(Command::Detach);
                    }
                }
                Some(Message::Ended(end)) => {
                    let finished = broken.map_or_else(|| printer.finish(), Err);
                    if let (Ok(()), Some(floor), 0) = (&finished, floor.filter(|_| printer.told_times()), args.quiet) {
                        let _ = writeln!(io::stderr(), "sysview: {}", floor::sentence(floor));
                    }
                    return match finished {
                        // Nobody reads any more (`| head`), so nobody misses the rest.
                        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritten(&error)),
                        _ => Ok(ending.status(end)),
                    };
                }
                Some(Message::Failed(why)) => {
                    let _ = printer.finish();
                    return Err(CliError::failed(why));
                }
                Some(Message::Notice(_)) if args.quiet > 0 => {}
                Some(Message::Notice(sentence)) => broken = broken.or(printer.notice(&sentence).err()),
                Some(Message::Started(started)) => {
                    floor = started.floor;
                    broken = broken.or(printer.began(&started).err());
                }
                Some(
                    Message::Batch(_)
                    | Message::Output(_)
                    | Message::Detached
                    | Message::Vdso(_)
                    | Message::Held(_)
                    | Message::Released(_)
                    | Message::Progress { .. },
                ) => {}
                None => return Err(CliError::failed("the tracer ended without a word")),
            }
        }
    })
}

/// Writes the lines of a run that is over, as `log -o FILE` does; of these rows only, if some are named.
///
/// # Errors
/// A sentence: this cannot be asked of the log.
pub fn lines(out: Box<dyn Write>, rows: Option<RoaringTreemap>) -> Result<Printer, String> {
    #[derive(Debug, Parser)]
    struct Alone {
        #[command(flatten)]
        log: LogArgs,
    }
    let args = Alone::try_parse_from(["log", "-o", "-"]).map_err(|error| error.to_string())?.log;
    let mut settings = Settings::new(&args, &Expressions::parse(&[])?)?;
    settings.rows = rows;
    Ok(Printer::new(Sheets::shared(out), settings))
}

/// Either format.
enum Writer {
    Strace(Box<Printer>),
    Jsonl(Box<Jsonl>),
}

impl Writer {
    fn new(sheets: Sheets, settings: Settings) -> Writer {
        match settings.jsonl {
            true => Writer::Jsonl(Box::new(Jsonl::new(sheets, settings))),
            false => Writer::Strace(Box::new(Printer::new(sheets, settings))),
        }
    }

    fn began(&mut self, started: &Started) -> io::Result<()> {
        match self {
            Writer::Strace(printer) => {
                printer.began(started.began);
                Ok(())
            }
            Writer::Jsonl(printer) => printer.began(started),
        }
    }

    fn batch(&mut self, batch: &Batch) -> io::Result<()> {
        match self {
            Writer::Strace(printer) => printer.batch(batch),
            Writer::Jsonl(printer) => printer.batch(batch),
        }
    }

    /// A sentence about the tracing itself.
    fn notice(&mut self, sentence: &str) -> io::Result<()> {
        match self {
            Writer::Strace(_) => {
                launch::remark(std::iter::once(sentence.to_owned()));
                Ok(())
            }
            Writer::Jsonl(printer) => printer.notice(sentence),
        }
    }

    /// Whether to say what part of the times is the tracer's own.
    fn told_times(&self) -> bool {
        match self {
            Writer::Strace(printer) => printer.told_times(),
            // The first line has it.
            Writer::Jsonl(_) => false,
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match self {
            Writer::Strace(printer) => printer.finish(),
            Writer::Jsonl(printer) => printer.finish(),
        }
    }
}

fn unwritten(error: &io::Error) -> CliError {
    CliError::failed(format!("cannot write the log: {error}; the program went on without it"))
}

/// Bytes of a buffer that a dump shows; what goes beyond is said.
const DUMP_LIMIT: usize = 1 << 20;
