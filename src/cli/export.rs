//! `sysview export`: a recording, or the rows of it that fit a filter, in a form that other programs read.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, IsTerminal, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use clap::Args;
use roaring::RoaringTreemap;

use super::error::CliError;
use super::profile::args::JudgeArgs;
use super::{filter, launch, log, profile};
use crate::model::Store;
use crate::policy::{self, Judge};
use crate::query::{self, Filter};
use crate::session::export::{About, Format, Out, Seen, Step, Walk};
use crate::session::strace::Import;
use crate::session::{self, Redaction};
use crate::source::Started;

const EXIT_STATUS: &str = "\
A recording that was cut short is exported up to where it breaks off, which is said on standard error.

Exit status:
  0    written
  1    the recording or the output cannot be read or written, or the recording is damaged
  2    the command line, the filter or the profile is wrong";

/// `sysview export FILE`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_STATUS, override_usage = "sysview export [OPTIONS] FILE")]
pub struct ExportArgs {
    /// A file made by `sysview record`
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// jsonl: what `log --format jsonl` writes. csv, parquet: a table of decoded columns. strace: what `log` writes. perfetto:
    /// for ui.perfetto.dev, a track per task. html: a report on one page. Without this, what OUT's name ends in tells
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// Only the rows that fit FILTER: what `/` takes on the screen
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<String>,
    /// Mask what calls read and write and the values of environment variables
    #[arg(long)]
    pub redact: bool,
    /// Say what a seccomp profile would answer to each call: a file or a built-in name
    #[arg(long, value_name = "FILE|NAME")]
    pub seccomp: Option<String>,
    #[command(flatten)]
    pub judge: JudgeArgs,
    /// The file to write, which is replaced; - or nothing: standard output
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,
}

pub fn run(args: &ExportArgs) -> Result<i32, CliError> {
    let format = format(args)?;
    let saved = filter::config()?.filters;
    let filter = args.filter.as_deref().map(|text| filter::read("--filter", text, &saved)).transpose()?;
    let profile = args.seccomp.as_deref().map(profile::load).transpose()?;
    let circumstances = args.judge.circumstances()?;
    if filter.as_ref().is_some_and(Filter::needs_profile) && profile.is_none() {
        return Err(CliError::usage(
            "--filter: no profile is loaded, so nothing counts as blocked; add --seccomp FILE or NAME",
        ));
    }
    let redaction = args.redact.then_some(Redaction::CONTENTS);
    let mut run = Run::open(&args.file, redaction)?;
    let machine = &run.walk.started().machine;
    let mut context = policy::Context::docker(&machine.kernel_release, &machine.machine);
    circumstances.apply(&mut context);
    let judge = profile.map(|profile| profile.resolve(&context)).transpose().map_err(CliError::usage)?;
    let about = About {
        started: run.walk.started().clone(),
        name: args.file.display().to_string(),
        filter: args.filter.clone().unwrap_or_default(),
    };
    let which = Which { filter: filter.as_ref(), judge: judge.as_ref() };
    let wanted = match (format, &filter) {
        // Where lines of several tasks meet, it matters at a call's begin whether it is wanted at its end.
        (Format::Strace, Some(_)) => {
            let mut wanted = RoaringTreemap::new();
            run.each(|store, seq| {
                if which.wants(store, seq) {
                    wanted.insert(seq);
                }
                Ok(())
            })?;
            run = Run::open(&args.file, redaction)?;
            Some(wanted)
        }
        _ => None,
    };
    let out = output(args, format)?;
    let written = match format {
        Format::Strace => lines(&mut run, out, wanted),
        _ => rows(&mut run, out, format, &about, which),
    };
    run.progress.clear();
    match written {
        // Whoever reads has read enough (`| head`).
        Err(Failure::Unwritten(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
        Err(Failure::Unwritten(error)) => {
            let where_to = args.output.as_ref().map_or("standard output".into(), |path| path.display().to_string());
            Err(CliError::failed(format!("cannot write {where_to}: {error}; what stands there is not whole")))
        }
        Err(Failure::Unread(error)) => Err(error),
        Ok(()) => {
            run.say_if_cut();
            Ok(0)
        }
    }
}

fn format(args: &ExportArgs) -> Result<Format, CliError> {
    let names = || Format::ALL.map(Format::name).join(", ");
    if let Some(name) = &args.format {
        return Format::from_name(name).ok_or_else(|| {
            CliError::usage(format!("--format {name}: there is no such form; write one of {}", names()))
        });
    }
    let name = args.output.as_ref().map(|path| path.display().to_string());
    name.and_then(|name| Format::of_file(&name))
        .ok_or_else(|| CliError::usage(format!("say in which form to export, by --format with one of {}", names())))
}

fn output(args: &ExportArgs, format: Format) -> Result<Out, CliError> {
    let Some(path) = args.output.as_ref().filter(|path| path.as_os_str() != "-") else {
        if format == Format::Parquet && io::stdout().is_terminal() {
            return Err(CliError::usage("parquet is nothing for a terminal; give a file with -o"));
        }
        return Ok(Box::new(BufWriter::with_capacity(BUFFER, io::stdout())));
    };
    if is_same_file(path, &args.file) {
        return Err(CliError::usage(format!("{}: this is the recording itself; choose another file", path.display())));
    }
    let file = File::create(path)
        .map_err(|e| CliError::failed(format!("cannot write {}: {e}; choose another file", path.display())))?;
    Ok(Box::new(BufWriter::with_capacity(BUFFER, file)))
}

const BUFFER: usize = 256 << 10;

fn is_same_file(a: &Path, b: &Path) -> bool {
    let id = |path: &Path| path.metadata().ok().map(|file| (file.dev(), file.ino()));
    id(a).is_some_and(|a| Some(a) == id(b))
}

/// Which rows are wanted.
#[derive(Clone, Copy)]
pub struct Which<'a> {
    pub filter: Option<&'a Filter>,
    pub judge: Option<&'a Judge>,
}

impl Which<'_> {
    pub fn wants(self, store: &Store, seq: u64) -> bool {
        let Some(filter) = self.filter else { return true };
        let verdict = |seq| {
            let held = store.call(seq)?;
            let call = held.view();
            self.judge?.verdict_on(&call)
        };
        filter.matches(&query::Context { verdict: Some(&verdict), ..query::Context::new(store) }, seq)
    }
}

/// Why an export ended early.
enum Failure {
    Unread(CliError),
    Unwritten(io::Error),
}

impl From<CliError> for Failure {
    fn from(error: CliError) -> Failure {
        Failure::Unread(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Unwritten(error)
    }
}

fn rows(run: &mut Run, out: Out, format: Format, about: &About, which: Which<'_>) -> Result<(), Failure> {
    let mut sink = format.sink(out, about)?;
    let judge = which.judge;
    while let Some(step) = run.step()? {
        let store = run.walk.store();
        for seq in step.rows.into_iter().filter(|seq| which.wants(store, *seq)) {
            sink.row(Seen { store, judge }, seq)?;
        }
    }
    Ok(sink.finish(Seen { store: run.walk.store(), judge })?)
}

fn lines(run: &mut Run, out: Out, wanted: Option<RoaringTreemap>) -> Result<(), Failure> {
    let mut printer = log::lines(out, wanted).map_err(CliError::failed)?;
    while let Some(step) = run.step()? {
        step.batches.iter().try_for_each(|batch| printer.batch(batch))?;
    }
    Ok(printer.finish()?)
}

/// A recording on its way through, with what is said of it on standard error.
pub struct Run {
    pub walk: Walk<BufReader<Counted>>,
    name: String,
    progress: Progress,
}

impl Run {
    pub fn open(path: &Path, redaction: Option<Redaction>) -> Result<Run, CliError> {
        let name = path.display().to_string();
        if let Some(texts) = session::text(path).map_err(CliError::failed)? {
            let walk = Walk::of_text(Import::new(texts).map_err(CliError::failed)?, redaction);
            return Ok(Run { walk, name, progress: Progress::new(0, Rc::default()) });
        }
        let file = File::open(path).map_err(|e| CliError::failed(format!("cannot open {name}: {e}")))?;
        // Of a pipe no length is known, and no progress is shown.
        let length = file.metadata().map_or(0, |file| file.len());
        let read = Rc::new(Cell::new(0));
        let input = BufReader::with_capacity(BUFFER, Counted { file, read: read.clone() });
        let walk = Walk::open(input, &name, redaction).map_err(CliError::failed)?;
        Ok(Run { walk, name, progress: Progress::new(length, read) })
    }

    /// Nothing is written to standard error while it is read: the screen is there.
    pub fn keep_quiet(&mut self) {
        self.progress.next = None;
    }

    fn step(&mut self) -> Result<Option<Step>, CliError> {
        self.progress.show(&self.name);
        let stepped = self.walk.step();
        if stepped.is_err() {
            self.progress.clear();
        }
        stepped.map_err(CliError::failed)
    }

    /// Hands over each row when it is whole.
    pub fn each(&mut self, mut take: impl FnMut(&Store, u64) -> Result<(), CliError>) -> Result<(), CliError> {
        while let Some(step) = self.step()? {
            step.rows.into_iter().try_for_each(|seq| take(self.walk.store(), seq))?;
        }
        self.progress.clear();
        Ok(())
    }

    /// What was known of the run at its start.
    pub fn started(&self) -> &Started {
        self.walk.started()
    }

    /// After the last row.
    pub fn say_if_cut(&self) {
        launch::remark(self.walk.notices().into_iter());
        if let Some(offset) = self.walk.cut() {
            let name = &self.name;
            // Whoever closed standard error does not want to know.
            let _ = writeln!(
                io::stderr(),
                "sysview: {name}: the recording breaks off at byte {offset}; this is what stands before that"
            );
        }
    }
}

/// A file whose read bytes are counted.
pub struct Counted {
    file: File,
    read: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buf)?;
        self.read.set(self.read.get() + read as u64);
        Ok(read)
    }
}

/// A line on standard error that tells how much is read, if that is a terminal and it takes long.
struct Progress {
    length: u64,
    read: Rc<Cell<u64>>,
    next: Option<Instant>,
    shown: bool,
}

impl Progress {
    const FIRST: Duration = Duration::from_millis(800);
    const AGAIN: Duration = Duration::from_millis(200);

    fn new(length: u64, read: Rc<Cell<u64>>) -> Progress {
        let next = (length > 0 && io::stderr().is_terminal()).then(|| Instant::now() + Progress::FIRST);
        Progress { length, read, next, shown: false }
    }

    fn show(&mut self, name: &str) {
        let now = Instant::now();
        if self.next.is_none_or(|next| now < next) {
            return;
        }
        let percent = (self.read.get() * 100 / self.length.max(1)).min(100);
        // Nobody misses a line that cannot be shown.
        let _ = write!(io::stderr(), "\r{}: {percent} %\x1b[K", name.escape_debug());
        self.shown = true;
        self.next = Some(now + Progress::AGAIN);
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
