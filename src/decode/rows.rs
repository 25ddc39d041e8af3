//! Rows of the store that are no calls: signals, stops, ends as strace prints them; new programs and new tasks, for
//! which strace has no line, in a short plain sentence.

use super::escape::quoted;
use super::signal::{signal_line, signal_name};
use super::{Options, line, result};
use crate::model::{Exec, NewTask, Origin, RowKind, Store, TaskEnd, TaskId};

/// See the module `decode`.
pub fn row_text(store: &Store, seq: u64, options: &Options) -> String {
    if let Some(view) = store.call(seq) {
        let mut out = line::call_text(&view, options);
        let end = out.len();
        out.push_str(" = ");
        if !result::write(&mut out, &view, options) {
            out.truncate(end);
        }
        return out;
    }
    let Some(row) = store.row(seq) else { return String::new() };
    match &row.kind {
        RowKind::Call(_) => String::new(),
        RowKind::Signal(signal) => signal_line(signal),
        RowKind::GroupStop { signal } => group_stop_line(*signal),
        RowKind::Exec(exec) => exec_line(store, exec),
        RowKind::NewTask(new) => new_task_line(store, new),
        RowKind::TaskEnd(end) => end_line(*end, |task| store.task(task).map(|t| t.tid)),
    }
}

/// `--- stopped by SIGSTOP ---`.
pub fn group_stop_line(signal: u8) -> String {
    format!("--- stopped by {} ---", signal_name(signal))
}

/// `+++ exited with 0 +++`, `+++ killed by SIGKILL +++`, `+++ superseded by execve in pid 12 +++`; `tid_of` gives the
/// kernel's number of a task.
pub fn end_line(end: TaskEnd, tid_of: impl Fn(TaskId) -> Option<i32>) -> String {
    match end {
        TaskEnd::Exited { status } => format!("+++ exited with {status} +++"),
        TaskEnd::Killed { signal, core } => {
            let core = if core { " (core dumped)" } else { "" };
            format!("+++ killed by {}{core} +++", signal_name(signal))
        }
        TaskEnd::SupersededByExec { by } => match tid_of(by) {
            Some(tid) => format!("+++ superseded by execve in pid {tid} +++"),
            None => "+++ superseded by execve in another thread +++".into(),
        },
        TaskEnd::Detached => "+++ detached +++".into(),
    }
}

fn exec_line(store: &Store, exec: &Exec) -> String {
    let mut out = String::from("runs the program ");
    quoted(&mut out, &exec.path);
    if let Some(former) = exec.former {
        match store.task(former) {
            Some(task) => out.push_str(&format!(" (execve came from thread {})", task.tid)),
            None => out.push_str(" (execve came from another thread)"),
        }
    }
    out
}

fn new_task_line(store: &Store, new: &NewTask) -> String {
    let what = match new.origin {
        Origin::Launch => "launched as process",
        Origin::Attach => "attached to",
        Origin::Fork => "forked as process",
        Origin::Vfork => "vforked as process",
        Origin::Clone => "cloned as process",
        Origin::Thread => "started as thread",
    };
    let mut out = format!("{what} {}", new.tid);
    if new.origin == Origin::Thread {
        out.push_str(&format!(" of process {}", new.tgid));
    }
    if let Some(parent) = new.parent.and_then(|id| store.task(id)) {
        out.push_str(&format!(" by {}", parent.tid));
    }
    if !new.comm.is_empty() {
        out.push_str(", ");
        quoted(&mut out, &new.comm);
    }
    out
}
