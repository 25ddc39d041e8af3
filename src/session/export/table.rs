//! A row as decoded columns: what CSV and Parquet have in common.

use std::borrow::Cow;

use super::{Seen, place, plain};
use crate::abi;
use crate::decode;
use crate::model::{CallRow, CallView, Marks, Outcome, RowKind};

/// The columns, in order; what is not known of a row is empty.
pub const COLUMNS: [&str; 24] = [
    "row",
    "kind",
    "time",
    "t_ns",
    "tid",
    "pid",
    "comm",
    "abi",
    "call",
    "arg1",
    "arg2",
    "arg3",
    "arg4",
    "arg5",
    "arg6",
    "arg_names",
    "path",
    "result",
    "value",
    "errno",
    "duration_ns",
    "verdict",
    "marks",
    "text",
];

/// A row's cells.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cells {
    pub row: u64,
    /// `call`, `signal`, `stop`, `exec`, `task`, `end` or `warning`.
    pub kind: &'static str,
    /// Nanoseconds since the session began; `time` is the same on the wall clock.
    pub t_ns: u64,
    pub tid: i32,
    pub pid: i32,
    pub comm: String,
    pub abi: Option<&'static str>,
    pub call: Option<String>,
    /// Arguments in strace's words.
    pub args: [Option<String>; 6],
    /// Their names, with commas between them.
    pub arg_names: Option<String>,
    /// The file that the call is about, or the program that is run.
    pub path: Option<String>,
    /// As strace has it after the `=`.
    pub result: Option<String>,
    /// What came back; none of a call that failed.
    pub value: Option<i64>,
    pub errno: Option<Cow<'static, str>>,
    pub duration_ns: Option<u64>,
    /// What the profile answers to the call.
    pub verdict: Option<String>,
    /// `injected`, `delayed`, `filtered`, `unseen`, `fell_back`, with spaces between them.
    pub marks: Option<String>,
    /// The line of a row that is no call.
    pub text: Option<String>,
}

/// Strings as far as they were copied, structures in full, descriptors as numbers: what is behind them is in `path`.
pub fn options() -> decode::Options {
    decode::Options { string_limit: usize::MAX, verbose: true, descriptors: false, ..decode::Options::default() }
}

/// None for a row that the store does not have.
pub fn cells(seen: Seen<'_>, seq: u64, options: &decode::Options) -> Option<Cells> {
    let store = seen.store;
    let row = store.row(seq)?;
    let task = store.task(row.task);
    let mut cells = Cells {
        row: seq,
        kind: kind(&row.kind),
        t_ns: row.t_ns,
        tid: task.map_or(0, |task| task.tid),
        pid: task.map_or(0, |task| task.tgid),
        comm: plain(task.map_or(&[], |task| task.comm_at(seq))),
        ..Cells::default()
    };
    let RowKind::Call(call) = &row.kind else {
        if let RowKind::Exec(exec) = &row.kind {
            cells.path = Some(plain(&exec.path));
        }
        cells.text = Some(decode::row_text(store, seq, options));
        return Some(cells);
    };
    let held = store.call(seq)?;
    let view = held.view();
    cells.path = place::path(&view, store.files(), row.task, row.t_ns).map(|path| plain(&path));
    cells.duration_ns = call.duration_ns(row.t_ns);
    cells.verdict = seen.judge.and_then(|judge| Some(judge.verdict_on(&view)?.action.to_string()));
    of_call(&mut cells, call, &view, options);
    Some(cells)
}

fn kind(kind: &RowKind) -> &'static str {
    match kind {
        RowKind::Call(_) => "call",
        RowKind::Signal(_) => "signal",
        RowKind::GroupStop { .. } => "stop",
        RowKind::Exec(_) => "exec",
        RowKind::NewTask(_) => "task",
        RowKind::TaskEnd(_) => "end",
        RowKind::Warning(_) => "warning",
    }
}

fn of_call(cells: &mut Cells, call: &CallRow, view: &CallView<'_>, options: &decode::Options) {
    let decoded = decode::call(view, options);
    cells.abi = Some(call.arch.name());
    let names: Vec<&str> = decoded.args.iter().map(|arg| arg.name.as_ref()).collect();
    cells.arg_names = Some(names.join(","));
    for (index, arg) in decoded.args.iter().enumerate() {
        let text = arg.value.text();
        match &mut cells.args[index.min(5)] {
            // A few old calls stand for ones with more arguments.
            Some(last) => *last = format!("{last}, {text}"),
            empty => *empty = Some(text),
        }
    }
    cells.call = Some(decoded.name.into_owned());
    cells.result = decode::result_text(view, options);
    cells.value = match call.outcome {
        Some(Outcome::Returned(value)) => Some(value),
        _ => None,
    };
    cells.errno = call.errno().map(errno_name);
    cells.marks = marks(call.marks);
}

/// `ENOENT`, or the number of an error without a name.
pub fn errno_name(errno: u16) -> Cow<'static, str> {
    abi::errno(errno).map_or_else(|| errno.to_string().into(), |(name, _)| name.into())
}

fn marks(marks: Marks) -> Option<String> {
    let names = [
        (Marks::INJECTED, "injected"),
        (Marks::DELAYED, "delayed"),
        (Marks::FILTERED, "filtered"),
        (Marks::UNSEEN, "unseen"),
        (Marks::FELL_BACK, "fell_back"),
    ];
    let set: Vec<&str> = names.into_iter().filter(|(mark, _)| marks.has(*mark)).map(|(_, name)| name).collect();
    (!set.is_empty()).then(|| set.join(" "))
}
