//! Which task a PID of a call is: the same number means another task in another PID namespace. pid_namespaces(7). And
//! strace's `-Y`, which puts the task's name beside the number.

use super::escape::{escaped, escaped_with};
use super::value::Value;
use crate::abi::{self, Meaning, Ret, Type};
use crate::model::{CallView, Outcome, RowKind, SignalDetail, Store, TaskId};

/// Words for the argument of this name, or for the `result`, of the call in row `seq`: `process 4313 here, sh`. None if it
/// is no PID, or that of no task that was seen. "Here" is where sysview is, which has the same numbers as most tasks.
pub fn meant(store: &Store, seq: u64, label: &str) -> Option<String> {
    let (row, call) = (store.row(seq)?, store.call(seq)?);
    let view = call.view();
    let number = if label == "result" { result(&view) } else { argument(&view, label) }?;
    // What the call made or found may have begun during the call.
    let t_ns = match &row.kind {
        RowKind::Call(call) if call.outcome.is_some() => call.t_exit_ns,
        _ => row.t_ns,
    };
    match number {
        1.. => task(store, seq, row.task, number, t_ns),
        // kill(2), wait4(2), …: minus the number of a process group, which is its leader's.
        i32::MIN..=-2 => {
            task(store, seq, row.task, number.checked_neg()?, t_ns).map(|leader| format!("the group of {leader}"))
        }
        -1 | 0 => None,
    }
}

/// The same for the sender of a signal in row `seq`, or for the child that it tells of.
pub fn sender(store: &Store, seq: u64) -> Option<String> {
    let row = store.row(seq)?;
    match &row.kind {
        RowKind::Signal(signal) => match signal.detail {
            SignalDetail::Sender { pid, .. } | SignalDetail::Child { pid, .. } => {
                task(store, seq, row.task, pid, row.t_ns)
            }
            _ => None,
        },
        _ => None,
    }
}

/// Adds to every PID in a value the name that `comm` has for it: `4242<sh>`.
pub fn name(tree: &mut Value, comm: &dyn Fn(i32) -> Option<Vec<u8>>) {
    match tree {
        Value::Pid(number) => {
            if let Some(comm) = i32::try_from(*number).ok().filter(|&number| number > 0).and_then(comm) {
                *tree = Value::Text(format!("{number}{}", quoted_comm(&comm)).into());
            }
        }
        Value::Commented(inner, _) => name(inner, comm),
        Value::Changed(before, after) => {
            name(before, comm);
            name(after, comm);
        }
        Value::Struct { fields, .. } => fields.iter_mut().for_each(|(_, field)| name(field, comm)),
        Value::Array { items, .. } => items.iter_mut().for_each(|item| name(item, comm)),
        _ => {}
    }
}

/// What stands behind a result that is a PID: `<sh>`; nothing for others.
pub fn after_result(view: &CallView<'_>, comm: &dyn Fn(i32) -> Option<Vec<u8>>) -> String {
    if abi::lookup(view.arch, view.nr).is_some_and(|call| call.name == "set_tid_address") {
        return String::new();
    }
    result(view).filter(|&number| number > 0).and_then(comm).map(|comm| quoted_comm(&comm)).unwrap_or_default()
}

/// `<sh>`: printable ASCII.
pub fn quoted_comm(comm: &[u8]) -> String {
    let mut out = String::from("<");
    escaped_with(&mut out, comm, b"<>");
    out.push('>');
    out
}

fn result(view: &CallView<'_>) -> Option<i32> {
    let call = abi::lookup(view.arch, view.nr)?.select(view.args);
    match view.outcome {
        Some(Outcome::Returned(value)) if matches!(call.ret, Ret::Pid) => i32::try_from(value).ok(),
        _ => None,
    }
}

fn argument(view: &CallView<'_>, name: &str) -> Option<i32> {
    const P_PID: u64 = 1;
    const P_PGID: u64 = 2;
    let call = abi::lookup(view.arch, view.nr)?.select(view.args);
    let (arg, raw) = call.args.iter().zip(view.args).find(|(arg, _)| arg.name == name)?;
    let number = *raw as i32;
    match arg.ty {
        Type::Num { meaning: Meaning::Pid, .. } if call.name == "waitid" => match view.args[0] {
            P_PID => Some(number),
            P_PGID => number.checked_neg(),
            _ => None,
        },
        Type::Num { meaning: Meaning::Pid, .. } => Some(number),
        _ => None,
    }
}

fn task(store: &Store, seq: u64, asker: TaskId, number: i32, t_ns: u64) -> Option<String> {
    let task = store.task(store.task_by_tid_in(asker, number, t_ns)?)?;
    let what = if task.is_leader() { "process" } else { "thread" };
    let mut out = String::new();
    if task.tid == number {
        out.push_str(&format!("{what} "));
    } else {
        out.push_str(&format!("{what} {} here, ", task.tid));
    }
    escaped(&mut out, task.comm_at(seq));
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{Arch, number};
    use crate::model::{Batch, Enter, Event, EventKind, Exit, Marks, NewTask, Origin, PidNamespace, Signal};

    /// A shell in a container with a child, then one call or signal of the task.
    fn store(task: u32, kinds: Vec<EventKind>) -> Store {
        let new = |tid: i32, tids: &[i32], comm: &str, inode| {
            let ns = PidNamespace { inode, tids: tids.to_vec() };
            let parent = (tid != 40).then_some(TaskId(0));
            EventKind::NewTask(Box::new(NewTask {
                tid,
                tgid: tid,
                parent,
                origin: Origin::Fork,
                comm: comm.into(),
                ns,
                image: None,
            }))
        };
        let tasks = [new(40, &[40], "runc", 5), new(41, &[41, 1], "s\x1bh", 6), new(42, &[42, 2], "ls", 6)];
        let mut events: Vec<Event> =
            (0..).zip(tasks).map(|(id, kind)| Event { task: TaskId(id), t_ns: u64::from(id), kind }).collect();
        events.extend((10..).zip(kinds).map(|(t_ns, kind)| Event { task: TaskId(task), t_ns, kind }));
        let mut store = Store::new();
        store.append(&Batch { events, ..Batch::default() });
        store
    }

    fn call(task: u32, name: &str, args: [u64; 6], outcome: Outcome) -> Store {
        let nr = number(Arch::X86_64, name).expect("a call of x86-64");
        let enter = Enter { arch: Arch::X86_64, nr, args, ip: 0, sp: 0, regions: 0..0 };
        let exit = Exit { outcome, marks: Marks::NONE, regions: 0..0 };
        store(task, vec![EventKind::Enter(enter), EventKind::Exit(exit)])
    }

    #[test]
    fn numbers_are_those_of_the_callers_namespace() {
        let says = |store: &Store, label: &str| meant(store, 3, label).unwrap_or_default();
        let kill = |task, pid: i64| call(task, "kill", [pid as u64, 9, 0, 0, 0, 0], Outcome::Returned(0));
        assert_eq!(says(&kill(1, 2), "pid"), "process 42 here, ls");
        assert_eq!(says(&kill(0, 42), "pid"), "process ls");
        assert_eq!(says(&kill(2, -1), "pid"), "");
        assert_eq!(says(&kill(2, 0xffff_ffff), "pid"), "");
        assert_eq!(says(&kill(2, -2), "pid"), "the group of process 42 here, ls");
        assert_eq!(says(&kill(0, i64::from(i32::MIN)), "pid"), "");
        assert_eq!(says(&kill(0, 2), "pid"), "", "2 is nobody outside");
        assert_eq!(says(&kill(1, 2), "sig"), "");
        let getppid = call(2, "getppid", [0; 6], Outcome::Returned(1));
        assert_eq!(says(&getppid, "result"), "process 41 here, s\\33h");
        assert_eq!(says(&call(2, "wait4", [2, 0, 0, 0, 0, 0], Outcome::Failed(10)), "result"), "");
    }

    #[test]
    fn waitid_says_what_its_number_is() {
        let waits = |kind| meant(&call(1, "waitid", [kind, 2, 0, 4, 0, 0], Outcome::Returned(0)), 3, "id");
        assert_eq!(waits(0), None);
        assert_eq!(waits(1).as_deref(), Some("process 42 here, ls"));
        assert_eq!(waits(2).as_deref(), Some("the group of process 42 here, ls"));
        assert_eq!(waits(3), None);
    }

    #[test]
    fn a_signals_sender_has_a_number_of_the_receivers_namespace() {
        let detail = SignalDetail::Child { pid: 2, uid: 0, status: 0, utime: 0, stime: 0 };
        let signal = Signal { number: 17, code: 1, errno: 0, detail };
        assert_eq!(sender(&store(1, vec![EventKind::Signal(signal)]), 3).as_deref(), Some("process 42 here, ls"));
        let signal = Signal { number: 14, code: 0, errno: 0, detail: SignalDetail::None };
        assert_eq!(sender(&store(1, vec![EventKind::Signal(signal)]), 3), None);
    }
}
