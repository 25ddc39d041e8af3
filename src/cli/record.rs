//! `sysview record`: a run into a file. Failing to write never ends the program: the run goes on, the failure is said.

use std::fs::File;
use std::io::{self, Write};
use std::time::Duration;

use super::args::RecordArgs;
use super::ending::Ending;
use super::error::CliError;
use super::expression::Expressions;
use super::launch::{self, Plan};
use crate::capture::Terminal;
use crate::session::{Fate, Marker, Redaction, Redactor, SessionError, Writer};
use crate::source::{Message, Source};

pub fn run(args: &RecordArgs) -> Result<i32, CliError> {
    let expressions = Expressions::without_lines(&args.trace.expressions()).map_err(CliError::usage)?;
    let path = &args.output;
    let file = File::create(path)
        .map_err(|e| CliError::failed(format!("cannot write {}: {e}; choose another file", path.display())))?;
    let terminal = match &args.pty {
        Some(size) => {
            let (cols, rows) = super::size::parse(size, "--pty")?;
            Terminal::Pty { rows, cols, inherit: [false; 3] }
        }
        None => Terminal::Inherit,
    };
    let mut plan = launch::plan(&args.command, &args.trace, &expressions)?;
    let attached = plan.is_attach();
    if let Plan::Launch(launch) = &mut plan {
        launch.terminal = terminal;
    }
    let tracing = plan.tracing();
    tracing.calibrate = true;
    tracing.environments = !args.no_env;
    if args.no_payload {
        tracing.capture_limit = 0;
    }
    launch::remark(expressions.remarks());
    say(&stored(args));
    super::view_runtime()?.block_on(async {
        let mut ending = Ending::new(attached).map_err(CliError::failed)?;
        let Source { mut messages, control } = plan.start()?;
        let mut recording = Recording::new(file, args.no_payload);
        loop {
            let message = tokio::select! {
                message = messages.recv() => message,
                // The program has gone quiet: what waits to be written must not be lost if sysview is killed now.
                _ = tokio::time::sleep(QUIET), if recording.unwritten => { recording.flush(); continue }
                () = ending.asked(&*control) => continue,
            };
            let Some(mut message) = message else {
                return Err(CliError::failed("the tracer ended without a word"));
            };
            if let Some(why) = recording.take(&mut message) {
                say(&format!("{}: {why}; the program runs on", path.display()));
            }
            match message {
                Message::Ended(end) => {
                    return match recording.broken {
                        None => Ok(ending.status(end)),
                        Some(why) => Err(CliError::failed(format!(
                            "the program ran to its end, but {} is cut: {why}",
                            path.display()
                        ))),
                    };
                }
                Message::Notice(sentence) => say(&sentence),
                Message::Failed(why) => return Err(CliError::failed(why)),
                _ => {}
            }
        }
    })
}

fn say(sentence: &str) {
    // Whoever closed standard error does not want to know.
    let _ = writeln!(io::stderr(), "sysview: {sentence}");
}

/// What the file will hold that its owner might not want to pass on.
fn stored(args: &RecordArgs) -> String {
    let buffers = match (args.no_payload, args.trace.capture) {
        (true, _) | (_, 0) => "nothing of what goes through buffers".into(),
        (false, 1) => "the first byte of each buffer".into(),
        (false, limit) => format!("up to {limit} bytes of each buffer"),
    };
    let environment = if args.no_env { "no environment variables" } else { "environment variables" };
    let terminal = if args.pty.is_some() && !args.no_payload { ", what the program prints" } else { "" };
    let hint = match (args.no_payload || args.trace.capture == 0, args.no_env) {
        (true, true) => "",
        (false, true) => "; --no-payload leaves the first out",
        (true, false) => "; --no-env leaves these out",
        (false, false) => "; --no-payload and --no-env leave these out",
    };
    let file = args.output.display();
    format!("{file} will hold the calls with their paths and arguments, {buffers}{terminal}, {environment}{hint}.")
}

/// How long no message may come before what waits is written.
const QUIET: Duration = Duration::from_secs(1);

/// The file being written; after the first failure nothing more is tried.
struct Recording {
    file: Option<File>,
    writer: Option<Writer<File>>,
    /// What takes contents out, if they are not to be kept.
    redactor: Option<Redactor>,
    broken: Option<String>,
    /// Messages came since the last flush.
    unwritten: bool,
}

impl Recording {
    fn new(file: File, no_payload: bool) -> Recording {
        let left_out = Redaction { payload: Fate::LeftOut, ..Redaction::default() };
        let redactor = no_payload.then(|| Redactor::new(left_out));
        Recording { file: Some(file), writer: None, redactor, broken: None, unwritten: false }
    }

    fn flush(&mut self) {
        self.unwritten = false;
        if let Some(writer) = &mut self.writer
            && let Err(error) = writer.flush()
        {
            self.broken = Some(error.to_string());
            self.writer = None;
        }
    }

    /// Writes what belongs into the file, and says so when that fails for the first time.
    fn take(&mut self, message: &mut Message) -> Option<String> {
        if self.broken.is_some() {
            return None;
        }
        self.unwritten = true;
        self.broken = self.write(message).err();
        if self.broken.is_some() {
            self.writer = None;
        }
        self.broken.clone()
    }

    fn write(&mut self, message: &mut Message) -> Result<(), String> {
        let text = |e: SessionError| e.to_string();
        if let Message::Started(started) = message
            && let Some(file) = self.file.take()
        {
            self.writer = Some(Writer::create(file, started).map_err(text)?);
        }
        let Some(writer) = &mut self.writer else { return Ok(()) };
        match message {
            Message::Batch(batch) => {
                if let Some(redactor) = &mut self.redactor {
                    redactor.batch(batch);
                }
                match writer.batch(batch) {
                    // Only that event is missing.
                    Err(error @ SessionError::TooLarge { .. }) => say(&error.to_string()),
                    done => done.map_err(text)?,
                }
                Ok(())
            }
            Message::Output(bytes) if self.redactor.is_none() => writer.output(bytes, None).map_err(text),
            Message::Notice(sentence) => writer.marker(Marker::Notice(sentence.clone()), None).map_err(text),
            Message::Vdso(mode) => writer.marker(Marker::Vdso(*mode), None).map_err(text),
            Message::Ended(end) => {
                writer.end(*end).map_err(text)?;
                self.writer.take().map_or(Ok(()), |w| w.finish().map(drop).map_err(text))
            }
            _ => Ok(()),
        }
    }
}
