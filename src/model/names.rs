//! Names that tasks give themselves, as the threads of many programs do: PR_SET_NAME(2const).
//!
//! Left out: names written to /proc/PID/comm by whomever.

use super::event::Outcome;
use super::store::{CallRow, Memory};
use crate::abi;

/// The first argument of prctl(2).
const PR_SET_NAME: u64 = 15;
/// The kernel takes so many bytes, less the NUL at the end.
const COMM_LEN: usize = 16;

/// The name that a call gives its task, if it is one that does and has succeeded; the task has it from the row after.
pub fn given(call: &CallRow, entry: Memory<'_>) -> Option<Vec<u8>> {
    let renames = call.args[0] == PR_SET_NAME
        && call.outcome == Some(Outcome::Returned(0))
        && abi::lookup(call.arch, call.nr).is_some_and(|call| call.name == "prctl");
    let name = if renames { entry.at(call.args[1])?.bytes } else { return None };
    let text = &name[..name.len().min(COMM_LEN - 1)];
    Some(text.split(|&b| b == 0).next().unwrap_or_default().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Arch;
    use crate::model::{
        Batch, Enter, Event, EventKind, Exit, Marks, NewTask, Origin, PidNamespace, Region, Store, TaskId,
    };

    /// A store with one task of the name `first`, after prctl calls with an option, a name and a result each.
    fn store(calls: &[(u64, &[u8], Outcome)]) -> Store {
        let mut store = Store::new();
        let task = TaskId(0);
        let new = NewTask {
            tid: 7,
            tgid: 7,
            parent: None,
            origin: Origin::Launch,
            comm: b"first".to_vec(),
            ns: PidNamespace::default(),
            image: None,
        };
        let new = Event { task, t_ns: 0, kind: EventKind::NewTask(Box::new(new)) };
        store.append(&Batch { events: vec![new], ..Batch::default() });
        for &(option, name, outcome) in calls {
            let len = name.len() as u32;
            let enter =
                Enter { arch: Arch::X86_64, nr: 157, args: [option, 0x1000, 0, 0, 0, 0], ip: 0, sp: 0, regions: 0..1 };
            store.append(&Batch {
                events: vec![
                    Event { task, t_ns: 1, kind: EventKind::Enter(enter) },
                    Event { task, t_ns: 2, kind: EventKind::Exit(Exit { outcome, marks: Marks::NONE, regions: 0..0 }) },
                ],
                regions: vec![Region { addr: 0x1000, start: 0, len, true_len: len.into(), fault: false }],
                bytes: name.to_vec(),
                ..Batch::default()
            });
        }
        store
    }

    #[test]
    fn a_task_is_named_as_it_named_itself_from_the_next_row_on() {
        let fine = Outcome::Returned(0);
        let store =
            store(&[(15, b"second\0", fine), (15, b"a-name-that-is-longer\0", fine), (15, b"\xff\0rest", fine)]);
        let task = store.task(TaskId(0)).unwrap();
        let names: Vec<&[u8]> = (0..5).map(|seq| task.comm_at(seq)).collect();
        assert_eq!(names, [b"first" as &[u8], b"first", b"second", b"a-name-that-is-", b"\xff"]);
        assert_eq!(task.comm, b"\xff");
    }

    #[test]
    fn other_options_and_failures_change_nothing() {
        let store = store(&[
            (16, b"no\0", Outcome::Returned(0)),
            (15, b"no\0", Outcome::Failed(14)),
            (15, b"", Outcome::Failed(14)),
        ]);
        assert_eq!(store.task(TaskId(0)).unwrap().comm, b"first");
    }
}
