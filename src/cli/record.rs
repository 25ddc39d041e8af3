//! `sysview record`: a run into a file. Failing to write never ends the program: the run goes on, the failure is said.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::time::Duration;

use super::args::RecordArgs;
use super::ending::Ending;
use super::error::CliError;
use super::expression::Expressions;
use super::launch::{self, Plan};
use crate::capture::Terminal;
use crate::session::Writer;
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
    plan.tracing().calibrate = true;
    launch::remark(expressions.remarks());
    super::view_runtime()?.block_on(async {
        let mut ending = Ending::new(attached).map_err(CliError::failed)?;
        let Source { mut messages, control } = plan.start()?;
        let mut recording = Recording { file: Some(file), writer: None, broken: None, unwritten: false };
        loop {
            let message = tokio::select! {
                message = messages.recv() => message,
                // The program has gone quiet: what waits to be written must not be lost if sysview is killed now.
                _ = tokio::time::sleep(QUIET), if recording.unwritten => { recording.flush(); continue }
                () = ending.asked(&*control) => continue,
            };
            let Some(message) = message else {
                return Err(CliError::failed("the tracer ended without a word"));
            };
            recording.take(&message);
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
                Message::Notice(sentence) => {
                    // Whoever closed standard error does not want to know.
                    let _ = writeln!(io::stderr(), "sysview: {sentence}");
                }
                Message::Failed(why) => return Err(CliError::failed(why)),
                _ => {}
            }
        }
    })
}

/// How long no message may come before what waits is written.
const QUIET: Duration = Duration::from_secs(1);

/// The file being written; after the first failure nothing more is tried.
struct Recording {
    file: Option<File>,
    writer: Option<Writer<BufWriter<File>>>,
    broken: Option<String>,
    /// Messages came since the last flush.
    unwritten: bool,
}

impl Recording {
    fn flush(&mut self) {
        self.unwritten = false;
        if let Some(writer) = &mut self.writer
            && let Err(error) = writer.flush()
        {
            self.broken = Some(error.to_string());
            self.writer = None;
        }
    }

    fn take(&mut self, message: &Message) {
        if self.broken.is_some() {
            return;
        }
        self.unwritten = true;
        if let Err(error) = self.write(message) {
            self.broken = Some(error);
            self.writer = None;
        }
    }

    fn write(&mut self, message: &Message) -> Result<(), String> {
        let text = |e: crate::session::SessionError| e.to_string();
        if let Message::Started(started) = message
            && let Some(file) = self.file.take()
        {
            self.writer = Some(Writer::new(BufWriter::new(file), started).map_err(text)?);
        }
        let Some(writer) = &mut self.writer else { return Ok(()) };
        match message {
            Message::Batch(batch) => writer.batch(batch).map_err(text),
            Message::Output(bytes) => writer.output(bytes, None).map_err(text),
            Message::Ended(end) => {
                writer.end(*end).map_err(text)?;
                self.writer.take().map_or(Ok(()), |w| w.finish().map(drop).map_err(text))
            }
            _ => Ok(()),
        }
    }
}
