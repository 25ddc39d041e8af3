//! Rows of the store that are no calls: signals, stops, ends as strace prints them; new programs and new tasks, for
//! which strace has no line, in a short plain sentence.

use super::escape::quoted;
use super::line::Shown;
use super::signal::{signal_line, signal_name};
use super::{Options, result};
use crate::abi::Arch;
use crate::model::{Dropped, Exec, NewTask, Origin, RowKind, Store, TaskEnd, TaskId, Warning};

/// See the module `decode`.
pub fn row_text(store: &Store, seq: u64, options: &Options) -> String {
    if let Some(call) = store.call(seq) {
        let view = call.view();
        let mut out = Shown::new(&view, options).text();
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
        RowKind::Signal(signal) => signal_line(signal, options),
        RowKind::GroupStop { signal } => group_stop_line(*signal),
        RowKind::Exec(exec) => exec_line(store, exec),
        RowKind::NewTask(new) => new_task_line(store, new),
        RowKind::TaskEnd(end) => end_line(*end, |task| store.task(task).map(|t| t.tid)),
        RowKind::Warning(warning) => warning_line(*warning),
    }
}

/// One clause without a full stop: what tracing changed for the task, and what to do.
pub fn warning_line(warning: Warning) -> String {
    match warning {
        Warning::PrivilegesDropped(Dropped::Traced) => "runs without its set-user-ID, set-group-ID or file capabilities, \
            because it is traced by a user without CAP_SYS_PTRACE; see it with them by `sudo sysview -u USER -- COMMAND`"
            .into(),
        Warning::PrivilegesDropped(Dropped::NoNewPrivs) => "runs without its set-user-ID, set-group-ID or file \
            capabilities, because no_new_privs is set; a filter of calls set at launch needs that unless root starts it"
            .into(),
        Warning::VdsoSwitched { mode, error_ns } => {
            let error = if error_ns == 0 { String::new() } else { format!(", times to {error_ns} ns") };
            format!("vDSO: {}{error}", mode.name())
        }
        Warning::VdsoUnlogged { nr, count } => {
            format!("{count} more answers of the vDSO to {} have no row", super::call_name(Arch::X86_64, nr))
        }
        Warning::HeldTooLong { held_ns } => format!(
            "was held for {}.{} s because its events were not taken, and is let go; a view that follows, a faster disk or \
             --max-hold keeps it traced",
            held_ns / 1_000_000_000,
            held_ns / 100_000_000 % 10
        ),
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
        Origin::Attach if new.tid == new.tgid => "attached to process",
        Origin::Attach => "attached to thread",
        Origin::Fork => "forked as process",
        Origin::Vfork => "vforked as process",
        Origin::Clone => "cloned as process",
        Origin::Thread => "started as thread",
    };
    let mut out = format!("{what} {}", new.tid);
    if new.tid != new.tgid {
        out.push_str(&format!(" of process {}", new.tgid));
    }
    if let [_, .., inner] = new.ns.tids[..] {
        out.push_str(&format!(" ({inner} in its PID namespace)"));
    }
    // Who made a task that was attached to, nobody saw.
    if new.origin != Origin::Attach
        && let Some(parent) = new.parent.and_then(|id| store.task(id))
    {
        out.push_str(&format!(" by {}", parent.tid));
    }
    if !new.comm.is_empty() {
        out.push_str(", ");
        quoted(&mut out, &new.comm);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{Arch, number};
    use crate::model::{
        Batch, Enter, Event, EventKind, Exit, Marks, Outcome, PidNamespace, Signal, SignalDetail, VdsoState,
    };

    fn event(kind: EventKind) -> Event {
        Event { task: TaskId(0), t_ns: 0, kind }
    }

    fn store(kinds: Vec<EventKind>) -> Store {
        let mut store = Store::new();
        let launch = NewTask {
            tid: 12,
            tgid: 12,
            parent: None,
            origin: Origin::Launch,
            comm: b"sh".to_vec(),
            ns: Default::default(),
            image: None,
        };
        let mut events = vec![event(EventKind::NewTask(Box::new(launch)))];
        events.extend(kinds.into_iter().map(event));
        store.append(&Batch { events, ..Batch::default() });
        store
    }

    fn last(kinds: Vec<EventKind>) -> String {
        let store = store(kinds);
        row_text(&store, store.len() - 1, &Options::default())
    }

    #[test]
    fn a_call_row_has_its_result_once_there_is_one() {
        let nr = number(Arch::X86_64, "close").expect("close");
        let enter = || {
            let args = [7, 0, 0, 0, 0, 0];
            EventKind::Enter(Enter { arch: Arch::X86_64, nr, args, ip: 0, sp: 0, regions: 0..0 })
        };
        let exit = |outcome| EventKind::Exit(Exit { outcome, marks: Marks::NONE, regions: 0..0 });
        assert_eq!(last(vec![enter()]), "close(7 <unfinished ...>");
        assert_eq!(last(vec![enter(), exit(Outcome::Returned(0))]), "close(7) = 0");
        assert_eq!(last(vec![enter(), exit(Outcome::Failed(9))]), "close(7) = -1 EBADF (Bad file descriptor)");
        assert_eq!(last(vec![enter(), exit(Outcome::NeverReturned)]), "close(7) = ?");
        let killed = last(vec![enter(), exit(Outcome::KilledBySeccomp)]);
        assert_eq!(killed, "close(7) = ? <killed by seccomp, never ran>");
    }

    #[test]
    fn ends_and_stops_are_straces_lines() {
        let signal = Signal { number: 2, code: 0x80, errno: 0, detail: SignalDetail::None };
        assert_eq!(last(vec![EventKind::Signal(signal)]), "--- SIGINT {si_signo=SIGINT, si_code=SI_KERNEL} ---");
        assert_eq!(last(vec![EventKind::GroupStop { signal: 20 }]), "--- stopped by SIGTSTP ---");
        let end = |end| last(vec![EventKind::TaskEnd(end)]);
        assert_eq!(end(TaskEnd::Exited { status: 3 }), "+++ exited with 3 +++");
        assert_eq!(end(TaskEnd::Killed { signal: 9, core: false }), "+++ killed by SIGKILL +++");
        assert_eq!(end(TaskEnd::Killed { signal: 11, core: true }), "+++ killed by SIGSEGV (core dumped) +++");
        assert_eq!(end(TaskEnd::SupersededByExec { by: TaskId(0) }), "+++ superseded by execve in pid 12 +++");
        assert_eq!(end(TaskEnd::SupersededByExec { by: TaskId(9) }), "+++ superseded by execve in another thread +++");
        assert_eq!(end(TaskEnd::Detached), "+++ detached +++");
    }

    #[test]
    fn new_programs_and_tasks_are_sentences_without_control_characters() {
        assert_eq!(last(Vec::new()), "launched as process 12, \"sh\"");
        let exec = Exec {
            path: b"/bin/\x1b[2J".to_vec(),
            comm: Vec::new(),
            vdso: VdsoState::Unknown,
            maps: Vec::new(),
            former: None,
            standing: None,
        };
        assert_eq!(last(vec![EventKind::Exec(Box::new(exec))]), "runs the program \"/bin/\\33[2J\"");
        let thread = NewTask {
            tid: 13,
            tgid: 12,
            parent: Some(TaskId(0)),
            origin: Origin::Thread,
            comm: Vec::new(),
            ns: Default::default(),
            image: None,
        };
        let started = Event { task: TaskId(1), t_ns: 0, kind: EventKind::NewTask(Box::new(thread)) };
        let mut store = store(Vec::new());
        store.append(&Batch { events: vec![started], ..Batch::default() });
        assert_eq!(row_text(&store, 1, &Options::default()), "started as thread 13 of process 12 by 12");
        assert_eq!(row_text(&store, 99, &Options::default()), "");
        let first = NewTask {
            tid: 14,
            tgid: 14,
            parent: Some(TaskId(0)),
            origin: Origin::Clone,
            comm: Vec::new(),
            ns: crate::model::PidNamespace { inode: 7, tids: vec![14, 3, 1] },
            image: None,
        };
        let started = Event { task: TaskId(2), t_ns: 0, kind: EventKind::NewTask(Box::new(first)) };
        store.append(&Batch { events: vec![started], ..Batch::default() });
        let text = row_text(&store, 2, &Options::default());
        assert_eq!(text, "cloned as process 14 (1 in its PID namespace) by 12");
        let attached = |tid| {
            let ns = PidNamespace { inode: 1, tids: vec![tid, 3, 7] };
            let (parent, comm) = (Some(TaskId(0)), b"w".to_vec());
            NewTask { tid, tgid: 40, parent, origin: Origin::Attach, comm, ns, image: None }
        };
        let said = |tid| last(vec![EventKind::NewTask(Box::new(attached(tid)))]);
        assert_eq!(said(40), "attached to process 40 (7 in its PID namespace), \"w\"");
        assert_eq!(said(41), "attached to thread 41 of process 40 (7 in its PID namespace), \"w\"");
    }
}
