//! One JSON object for each row of a run; `assets/schema/log.schema.json` describes their members, `decode::json` the
//! values in them. `sysview log --format jsonl` and exports write the same objects with this.
//!
//! Left out: which rows there are, and where lines go.

use std::fmt::Write as _;
use std::time::UNIX_EPOCH;

use crate::decode::{self, json};
use crate::model::{CallView, Files, Marks, NewTask, Origin, RowKind, Signal, Store, TaskEnd, TaskId, Warning, What};
use crate::source::Started;

/// Whose row it is.
#[derive(Debug, Clone, Copy)]
pub struct Who<'a> {
    pub row: u64,
    pub t_ns: u64,
    pub tid: i32,
    pub pid: i32,
    pub comm: &'a [u8],
}

/// Values as they are written here: as much as was copied.
pub fn whole() -> decode::Options {
    decode::Options { string_limit: usize::MAX, verbose: true, descriptors: false, ..decode::Options::default() }
}

/// Appends a row of a store, if there is such a row.
pub fn row(out: &mut String, store: &Store, seq: u64, options: &decode::Options) {
    let Some(row) = store.row(seq) else { return };
    let (task, t_ns) = (row.task, row.t_ns);
    let known = store.task(task);
    let numbers = known.map_or((0, 0), |task| (task.tid, task.tgid));
    let comm = known.map_or(&[][..], |task| task.comm_at(seq));
    let who = Who { row: seq, t_ns, tid: numbers.0, pid: numbers.1, comm };
    let tid_of = |task: TaskId| store.task(task).map(|task| task.tid);
    let named = |pid: i64| {
        let meant = store.task_by_tid_in(task, i32::try_from(pid).ok()?, t_ns)?;
        Some(store.task(meant)?.comm_at(seq).to_vec())
    };
    let around = |exit_ns| Around { files: store.files(), task, entry_ns: t_ns, exit_ns, comm: &named };
    match &row.kind {
        RowKind::Call(call) => {
            let Some(held) = store.call(seq) else { return };
            let exit_ns = call.outcome.map(|_| call.t_exit_ns);
            let known = around(exit_ns.map_or(t_ns, |exit_ns| exit_ns + 1));
            self::call(out, &who, &held.view(), exit_ns, options, &known);
        }
        RowKind::Signal(signal) => self::signal(out, &who, signal, &around(t_ns)),
        RowKind::GroupStop { signal } => self::group_stop(out, &who, *signal),
        RowKind::Warning(warning) => self::warning(out, &who, *warning),
        RowKind::Exec(exec) => self::exec(out, &who, &exec.path, store.files(), task),
        RowKind::NewTask(new) => {
            let parent = new.parent.and_then(tid_of);
            self::task(out, &who, new, parent, store.files(), task);
        }
        RowKind::TaskEnd(end) => self::end(out, &who, *end, tid_of),
    }
}

/// Appends the first line: what is traced, where, and when time 0 was.
pub fn start(out: &mut String, started: &Started) {
    out.push_str("{\"type\":\"start\",\"format\":1,\"sysview\":");
    json::string(out, env!("CARGO_PKG_VERSION"));
    out.push_str(",\"argv\":[");
    for (i, arg) in started.argv.iter().enumerate() {
        out.push_str(if i > 0 { "," } else { "" });
        json::bytes(out, arg);
    }
    let began = started.began.duration_since(UNIX_EPOCH).unwrap_or_default();
    // Writing to a String cannot fail, here and below. Seconds and the rest, for a double would round their sum.
    let _ = write!(out, "],\"began\":{{\"s\":{},\"ns\":{}}}", began.as_secs(), began.subsec_nanos());
    for (name, text) in [
        (",\"kernel\":", &started.machine.kernel_release),
        (",\"machine\":", &started.machine.machine),
        (",\"hostname\":", &started.machine.hostname),
    ] {
        out.push_str(name);
        json::string(out, text);
    }
    if let Some(floor) = started.floor {
        let (apart, together) = (floor.apart_ns, floor.together_ns);
        let _ = write!(out, ",\"floor\":{{\"apart_ns\":{apart},\"together_ns\":{together}}}");
    }
    out.push_str("}\n");
}

/// Appends a remark on the tracing itself.
pub fn notice(out: &mut String, sentence: &str) {
    out.push_str("{\"type\":\"notice\",\"text\":");
    json::string(out, sentence);
    out.push_str("}\n");
}

/// Appends a call; `exit_ns` is None while it goes on.
pub fn call(
    out: &mut String,
    who: &Who<'_>,
    view: &CallView<'_>,
    exit_ns: Option<u64>,
    options: &decode::Options,
    known: &dyn json::Known,
) {
    begin(out, "call", who);
    out.push_str(",\"duration_ns\":");
    match exit_ns {
        // Nobody measured most of the vDSO's answers.
        Some(t_ns) if !view.marks.has(Marks::UNTIMED) => json::unsigned(out, t_ns.saturating_sub(who.t_ns)),
        _ => out.push_str("null"),
    }
    let decoded = decode::call(view, options);
    let _ = write!(out, ",\"abi\":\"{}\",\"nr\":{},\"name\":", view.arch.name(), view.nr);
    json::string(out, &decoded.name);
    let _ = write!(out, ",\"ip\":\"{:#x}\",\"args\":", view.ip);
    json::args(out, view.arch, &decoded, known);
    out.push_str(",\"result\":");
    json::result(out, view.outcome, view.marks, decode::new_descriptor(view).is_some(), known);
    out.push_str("}\n");
}

pub fn signal(out: &mut String, who: &Who<'_>, signal: &Signal, known: &dyn json::Known) {
    begin(out, "signal", who);
    let _ = write!(out, ",\"number\":{},\"signal\":", signal.number);
    json::string(out, &decode::signal_name(signal.number));
    out.push_str(",\"info\":");
    json::value(out, crate::abi::Arch::X86_64, &decode::signal_value(signal), known);
    out.push_str("}\n");
}

pub fn group_stop(out: &mut String, who: &Who<'_>, signal: u8) {
    begin(out, "stop", who);
    let _ = write!(out, ",\"number\":{signal},\"signal\":");
    json::string(out, &decode::signal_name(signal));
    out.push_str("}\n");
}

pub fn warning(out: &mut String, who: &Who<'_>, warning: Warning) {
    begin(out, "warning", who);
    out.push_str(",\"text\":");
    json::string(out, &decode::warning_line(warning));
    out.push_str("}\n");
}

/// Appends a new program; `files` knows of it already.
pub fn exec(out: &mut String, who: &Who<'_>, path: &[u8], files: &Files, task: TaskId) {
    begin(out, "exec", who);
    out.push_str(",\"path\":");
    json::bytes(out, path);
    standing(out, files, task, who.t_ns);
    out.push_str("}\n");
}

/// Appends a new task; `files` knows of it already, `parent` is the tid of its maker.
pub fn task(out: &mut String, who: &Who<'_>, new: &NewTask, parent: Option<i32>, files: &Files, task: TaskId) {
    begin(out, if new.origin == Origin::Attach { "attach" } else { "task" }, who);
    let _ = write!(out, ",\"origin\":\"{}\",\"parent\":", new.origin.name());
    let _ = match parent {
        Some(tid) => write!(out, "{tid}"),
        None => write!(out, "null"),
    };
    standing(out, files, task, who.t_ns);
    out.push_str("}\n");
}

/// Appends the end of a task; `tid_of` gives the kernel's number of one.
pub fn end(out: &mut String, who: &Who<'_>, end: TaskEnd, tid_of: impl Fn(TaskId) -> Option<i32>) {
    begin(out, "end", who);
    match end {
        TaskEnd::Exited { status } => {
            let _ = write!(out, ",\"how\":\"exited\",\"status\":{status}");
        }
        TaskEnd::Killed { signal, core } => {
            let _ = write!(out, ",\"how\":\"killed\",\"number\":{signal},\"core\":{core},\"signal\":");
            json::string(out, &decode::signal_name(signal));
        }
        TaskEnd::SupersededByExec { by } => {
            out.push_str(",\"how\":\"superseded\",\"by\":");
            let _ = match tid_of(by) {
                Some(tid) => write!(out, "{tid}"),
                None => write!(out, "null"),
            };
        }
        TaskEnd::Detached => out.push_str(",\"how\":\"detached\""),
    }
    out.push_str("}\n");
}

/// The members that every object of a task has.
fn begin(out: &mut String, kind: &str, who: &Who<'_>) {
    let _ = write!(out, "{{\"type\":\"{kind}\",\"row\":{},\"t_ns\":", who.row);
    json::unsigned(out, who.t_ns);
    let _ = write!(out, ",\"task\":{{\"tid\":{},\"pid\":{},\"comm\":", who.tid, who.pid);
    json::bytes(out, who.comm);
    out.push('}');
}

/// Where a task stands and as whom it acts, as far as that is known.
fn standing(out: &mut String, files: &Files, task: TaskId, t_ns: u64) {
    for (name, path) in [(",\"cwd\":", files.cwd(task, t_ns + 1)), (",\"root\":", files.root(task, t_ns + 1))] {
        if let Some(path) = path {
            out.push_str(name);
            json::bytes(out, path);
        }
    }
    if let Some(inode) = files.mount_namespace(task, t_ns + 1) {
        let _ = write!(out, ",\"mount_ns\":{inode}");
    }
    let Some(ids) = files.ids(task, t_ns + 1) else { return };
    let _ = write!(out, ",\"uids\":{:?},\"gids\":{:?},\"capabilities\":{{", ids.uids, ids.gids);
    let sets = [
        ("inheritable", ids.inheritable),
        ("permitted", ids.permitted),
        ("effective", ids.effective),
        ("bounding", ids.bounding),
        ("ambient", ids.ambient),
    ];
    for (i, (name, set)) in sets.into_iter().enumerate() {
        let _ = write!(out, "{}\"{name}\":\"{set:#x}\"", if i > 0 { "," } else { "" });
    }
    out.push('}');
}

/// What the session knows of the values of one call.
pub struct Around<'a> {
    pub files: &'a Files,
    pub task: TaskId,
    pub entry_ns: u64,
    /// Changes before this time count for what the call gives.
    pub exit_ns: u64,
    /// The name of a process by its number.
    pub comm: &'a dyn Fn(i64) -> Option<Vec<u8>>,
}

impl json::Known for Around<'_> {
    fn descriptor(&self, out: &mut String, fd: i32, at_exit: bool) {
        const AT_FDCWD: i32 = -100;
        let end_ns = if at_exit { self.exit_ns } else { self.entry_ns };
        if fd == AT_FDCWD {
            out.push_str(",\"const\":\"AT_FDCWD\"");
            if let Some(cwd) = self.files.cwd(self.task, end_ns) {
                out.push_str(",\"path\":");
                json::bytes(out, cwd);
            }
            return;
        }
        let Some(descriptor) = self.files.descriptor(self.task, fd, end_ns) else { return };
        match descriptor.what {
            What::File(path) => {
                out.push_str(",\"path\":");
                json::bytes(out, path);
            }
            What::Link(link) => {
                out.push_str(if link.first() == Some(&b'/') { ",\"path\":" } else { ",\"link\":" });
                json::bytes(out, link);
            }
            What::Socket { .. } => {
                out.push_str(",\"socket\":");
                json::string(out, &decode::descriptor_text(&descriptor));
            }
            _ => {
                out.push_str(",\"what\":");
                json::string(out, &decode::descriptor_text(&descriptor));
            }
        }
        for (name, row) in [("row", descriptor.row), ("made", descriptor.made)] {
            if let Some(row) = row {
                let _ = write!(out, ",\"{name}\":{row}");
            }
        }
        if descriptor.generation > 1 {
            let _ = write!(out, ",\"generation\":{}", descriptor.generation);
        }
    }

    fn process(&self, out: &mut String, pid: i64) {
        if let Some(comm) = (self.comm)(pid) {
            out.push_str(",\"comm\":");
            json::bytes(out, &comm);
        }
    }
}
