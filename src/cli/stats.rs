//! `sysview stats`: the calls of a recording counted, all of them or those of a filter. By call, task, path, descriptor,
//! address or errno; as a table or as JSON.
//!
//! Left out: how the numbers are made (`stats`).

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::error::CliError;
use crate::decode;
use crate::model::{Changes, Descriptor, Store};
use crate::query::{Context, Filter};
use crate::session;
use crate::source::Message;
use crate::stats::{Histogram, Moved, Subjects};
use crate::tui::format::{count, duration, escape};

/// `sysview stats FILE`.
#[derive(Debug, Args)]
#[command(override_usage = "sysview stats [OPTIONS] FILE")]
pub struct StatsArgs {
    /// A file made by `sysview record`, or text of `strace` or `sysview log`
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Count only rows that fit a filter (what `/` takes: openat, path:/etc/**, err=EACCES, ...)
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<String>,
    /// What is counted in a line of its own
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = By::Call)]
    pub by: By,
    /// A table to read (text), or an object for programs with times in nanoseconds (json)
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    Call,
    Task,
    Path,
    Descriptor,
    Address,
    Errno,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

/// The percentiles that are told.
const PERCENTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

pub fn run(args: &StatsArgs) -> Result<i32, CliError> {
    let wrong = |error: &dyn std::fmt::Display| {
        CliError::usage(format!("--filter {}: {error}", args.filter.as_deref().unwrap_or_default()))
    };
    let filter = Filter::parse(args.filter.as_deref().unwrap_or_default()).map_err(|error| wrong(&error))?;
    if filter.needs_profile() {
        return Err(wrong(&"nothing is blocked without a profile, and `stats` takes none; leave that part out"));
    }
    let (store, _) = load(&args.file, |_, _| {})?;
    let context = Context::new(&store);
    let rows: Vec<u64> = (0..store.len()).filter(|&seq| filter.is_empty() || filter.matches(&context, seq)).collect();
    let histogram = Histogram::over(&store, rows.iter().copied());
    let subjects = Subjects::over(&store, rows.iter().copied());
    let table = table(args.by, &store, &histogram, &subjects);
    let text = match args.format {
        Format::Text => table.text(&summary_text(&histogram, &subjects)),
        Format::Json => {
            let all = json!({ "summary": summary(&histogram, &subjects), "rows": table.objects() });
            format!("{all:#}\n")
        }
    };
    match io::stdout().lock().write_all(text.as_bytes()) {
        // Nobody reads any more (`| head`).
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::failed(error)),
        _ => Ok(0),
    }
}

/// All rows of a file; what there is to say about it goes to standard error. `each` sees what each batch changed.
/// Also whether every call was traced.
pub(super) fn load(file: &std::path::Path, mut each: impl FnMut(&Store, &Changes)) -> Result<(Store, bool), CliError> {
    let mut source = session::open(file).map_err(CliError::failed)?;
    let (mut store, mut whole) = (Store::new(), true);
    while let Some(message) = source.messages.blocking_recv() {
        match message {
            Message::Started(started) => whole = started.only.is_none(),
            Message::Batch(batch) => {
                let changes = store.append(&batch);
                each(&store, &changes);
            }
            Message::Notice(sentence) => super::launch::remark(std::iter::once(sentence)),
            Message::Failed(why) => return Err(CliError::failed(why)),
            _ => {}
        }
    }
    Ok((store, whole))
}

fn summary_text(histogram: &Histogram, subjects: &Subjects) -> String {
    let (read, written) = subjects.bytes();
    format!(
        "{} calls, {} errors, {} in calls of which {} were spent waiting; {} bytes read, {} written\n",
        count(histogram.calls()),
        count(histogram.errors()),
        duration(histogram.total_ns()).trim(),
        duration(subjects.blocked_ns()).trim(),
        count(read),
        count(written)
    )
}

fn summary(histogram: &Histogram, subjects: &Subjects) -> Value {
    let (read, written) = subjects.bytes();
    json!({
        "calls": histogram.calls(),
        "errors": histogram.errors(),
        "total_ns": histogram.total_ns(),
        "blocked_ns": subjects.blocked_ns(),
        "read_bytes": read,
        "written_bytes": written,
    })
}

/// A cell of a table.
#[derive(Debug, Clone)]
enum Cell {
    Count(u64),
    /// Nanoseconds; None where nobody measured.
    Time(Option<u64>),
    Text(String),
}

/// Columns with their headings and JSON names, and rows.
struct Table {
    columns: Vec<(&'static str, &'static str)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// The last column is text and stands at the left of its place, the others at the right.
    fn text(&self, head: &str) -> String {
        let shown: Vec<Vec<String>> = self.rows.iter().map(|row| row.iter().map(Cell::text).collect()).collect();
        let width = |column: usize| {
            let cells = shown.iter().map(|row| row[column].len());
            cells.chain([self.columns[column].0.len()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let headings: Vec<String> = self.columns.iter().map(|(heading, _)| (*heading).to_owned()).collect();
        let mut out = format!("{head}\n");
        for row in std::iter::once(&headings).chain(&shown) {
            let last = row.len() - 1;
            for (cell, width) in row[..last].iter().zip(&widths) {
                out.push_str(&format!("{cell:>width$}  "));
            }
            out.push_str(&row[last]);
            out.push('\n');
        }
        out
    }

    fn objects(&self) -> Vec<Value> {
        let object = |row: &Vec<Cell>| {
            let fields = self.columns.iter().zip(row).map(|((_, name), cell)| ((*name).to_owned(), cell.json()));
            Value::Object(fields.collect())
        };
        self.rows.iter().map(object).collect()
    }
}

impl Cell {
    fn text(&self) -> String {
        match self {
            Cell::Count(n) => count(*n),
            Cell::Time(Some(ns)) => duration(*ns).trim().to_owned(),
            Cell::Time(None) => "-".to_owned(),
            Cell::Text(text) => text.clone(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Cell::Count(n) => json!(n),
            Cell::Time(ns) => json!(ns),
            Cell::Text(text) => json!(text),
        }
    }
}

fn table(by: By, store: &Store, histogram: &Histogram, subjects: &Subjects) -> Table {
    match by {
        By::Call => calls(histogram),
        By::Task => tasks(store, histogram),
        By::Path => {
            let of = subjects.paths().iter().map(|path| (path.moved, vec![escape(&path.path)]));
            moved(of.collect(), &[("path", "path")])
        }
        By::Descriptor => {
            let of = subjects.descriptors().iter().map(|opening| {
                let tid = store.task(opening.task).map_or(0, |task| task.tid);
                let (row, local, peer) = (opening.made, None, None);
                let of = |what| Descriptor { what, row, made: None, generation: 0, cloexec: false, local, peer };
                let text = |what| decode::descriptor_text(&of(what));
                let what = opening.what.as_ref().map_or_else(|| "open from the start".to_owned(), text);
                (opening.moved, vec![tid.to_string(), opening.fd.to_string(), what])
            });
            moved(of.collect(), &[("task", "tid"), ("fd", "fd"), ("what", "what")])
        }
        By::Address => {
            let of = subjects.addresses().iter().map(|peer| {
                let text = decode::address_text(&peer.address);
                let hex = || peer.address.iter().map(|byte| format!("{byte:02x}")).collect();
                (peer.moved, vec![text.unwrap_or_else(hex)])
            });
            moved(of.collect(), &[("address", "address")])
        }
        By::Errno => {
            let row = |(errno, times): (u16, u64)| {
                let (name, text) = decode::errno_name(errno).unwrap_or(("?", ""));
                let name = if name == "?" { errno.to_string() } else { name.to_owned() };
                vec![Cell::Count(times), Cell::Text(name), Cell::Text(text.to_owned())]
            };
            let columns = vec![("times", "times"), ("error", "errno"), ("meaning", "meaning")];
            Table { columns, rows: histogram.all_errnos().into_iter().map(row).collect() }
        }
    }
}

const TIMES: [(&str, &str); 8] = [
    ("calls", "calls"),
    ("errors", "errors"),
    ("total", "total_ns"),
    ("p50", "p50_ns"),
    ("p90", "p90_ns"),
    ("p99", "p99_ns"),
    ("p99.9", "p99_9_ns"),
    ("max", "max_ns"),
];

/// The longest total first.
fn calls(histogram: &Histogram) -> Table {
    let mut calls: Vec<_> = histogram.rows().filter(|row| row.count > 0).collect();
    calls.sort_by_key(|row| (std::cmp::Reverse((row.total_ns, row.count)), row.arch, row.nr));
    let row = |row: &&crate::stats::CallStats| {
        let known = |ns: u64| Cell::Time((row.timed() > 0).then_some(ns));
        let mut cells = vec![Cell::Count(row.count), Cell::Count(row.errors), known(row.total_ns)];
        cells.extend(PERCENTILES.map(|(_, p)| Cell::Time(row.percentile(p))));
        cells.push(known(row.max_ns));
        let name = decode::call_name(row.arch, row.nr);
        // What the vDSO answered is another class than the calls of that name.
        cells.push(Cell::Text(if row.vdso { format!("{name} (vDSO)") } else { name.into_owned() }));
        cells
    };
    let columns = TIMES.into_iter().chain([("call", "call")]).collect();
    Table { columns, rows: calls.iter().map(row).collect() }
}

fn tasks(store: &Store, histogram: &Histogram) -> Table {
    let mut tasks: Vec<_> = store.tasks().iter().filter_map(|task| Some((task, histogram.task(task.id)?))).collect();
    tasks.sort_by_key(|(task, stats)| (std::cmp::Reverse((stats.total_ns, stats.calls)), task.id));
    let rows = tasks.into_iter().map(|(task, stats)| {
        let known = |ns: u64| Cell::Time((stats.timed > 0).then_some(ns));
        let mut cells = vec![Cell::Count(stats.calls), Cell::Count(stats.errors), known(stats.total_ns)];
        cells.extend(stats.percentiles(PERCENTILES.map(|(_, p)| p)).map(Cell::Time));
        cells.push(known(stats.max_ns));
        cells.extend([task.tgid.to_string(), task.tid.to_string(), escape(&task.comm)].map(Cell::Text));
        cells
    });
    let columns = TIMES.into_iter().chain([("process", "pid"), ("thread", "tid"), ("name", "name")]).collect();
    Table { columns, rows: rows.collect() }
}

/// What moved most bytes first, then what was used most.
fn moved(mut of: Vec<(Moved, Vec<String>)>, names: &[(&'static str, &'static str)]) -> Table {
    of.sort_by(|(a, x), (b, y)| {
        (b.read.saturating_add(b.written), b.calls).cmp(&(a.read.saturating_add(a.written), a.calls)).then(x.cmp(y))
    });
    let rows = of.into_iter().map(|(moved, texts)| {
        let mut cells = [moved.calls, moved.errors, moved.read, moved.written].map(Cell::Count).to_vec();
        cells.push(Cell::Time(Some(moved.total_ns)));
        cells.extend(texts.into_iter().map(Cell::Text));
        cells
    });
    let mut columns = vec![
        ("calls", "calls"),
        ("errors", "errors"),
        ("read", "read_bytes"),
        ("written", "written_bytes"),
        ("time", "total_ns"),
    ];
    columns.extend_from_slice(names);
    Table { columns, rows: rows.collect() }
}
