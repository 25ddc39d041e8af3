//! Filters as questions about one call, for whoever asks while the call waits: catchpoints and tampering.
//!
//! A name is decided by the call's number. Everything else is asked of a store with nothing in it but this call and the
//! processes that it comes from, so that a filter means the same here and in the trace, as far as this call tells: `path:`
//! is about paths among its arguments. Left out: lists of them (`state::points`), and how calls are changed (`change`).

use std::sync::Arc;

use crate::model::{Batch, Event, EventKind, Exit, Memory, NewTask, Origin, PidNamespace, Region, Store, TaskId};
use crate::policy::Judge;
use crate::query::{Context, Filter, Subject, Test};
use crate::source::{CallTest, Catchpoint, Moment};

/// The catchpoint of a filter. One that asks for what a call gives (`err`, `ret`, `dur`, `vdso`, or text, which can stand in
/// the result) holds the task when the call is over, any other before it begins; so `fd:3` is about descriptors that a call
/// is given. `judge` is the loaded profile, for `blocked`.
///
/// # Errors
/// A sentence: no call can fit, or nobody knows whether it does while it waits.
pub fn catchpoint(id: u32, filter: &Filter, judge: Option<Arc<Judge>>) -> Result<Catchpoint, String> {
    refuse(filter, judge.is_some())?;
    Ok(Catchpoint { id, test: test(filter, judge), at_exit: holds_at_exit(filter) })
}

/// Whether the catchpoint of a filter holds a task when the call is over.
pub fn holds_at_exit(filter: &Filter) -> bool {
    filter
        .expr()
        .mentions(&|test| asks_what_it_gives(test) || matches!(test, Test::Text(_) | Test::Fits(Subject::Text, _)))
}

/// Which calls to change: asked at entry.
///
/// # Errors
/// A sentence: as for catchpoints, and for filters that ask for what the call gives.
pub fn entry_test(filter: &Filter, judge: Option<Arc<Judge>>) -> Result<CallTest, String> {
    refuse(filter, judge.is_some())?;
    if filter.expr().mentions(&asks_what_it_gives) {
        return Err(
            "A call is changed before it is made, and what it will give is not known then; leave err, ret, dur, bytes and \
             remarks such as vdso out."
                .into(),
        );
    }
    Ok(test(filter, judge))
}

fn asks_what_it_gives(test: &Test) -> bool {
    matches!(test, Test::Failed(_) | Test::Result(..) | Test::Duration(..) | Test::Bytes(..) | Test::Marked(_))
}

fn refuse(filter: &Filter, judged: bool) -> Result<(), String> {
    let mentions = |wanted: fn(&Test) -> bool| filter.expr().mentions(&wanted);
    if filter.is_empty() {
        return Err("Say which calls, for example openat or path:/etc/** or err=EACCES.".into());
    }
    if mentions(|test| matches!(test, Test::Signal(_))) {
        return Err("A signal is no call, so no call fits this; leave signal out.".into());
    }
    if mentions(|test| matches!(test, Test::Exec)) {
        return Err("The row of a new program is no call; write execve or execveat.".into());
    }
    if mentions(|test| matches!(test, Test::Unfinished)) {
        return Err("Every call is unfinished at its entry and finished at its exit; leave unfinished out.".into());
    }
    if mentions(|test| matches!(test, Test::Row(..))) {
        return Err("A call has no row before it is shown; leave row out.".into());
    }
    let before =
        |test: &Test| matches!(test, Test::Opened(_) | Test::FdUse(..) | Test::Cwd(_) | Test::Fits(Subject::Cwd, _));
    if mentions(before) {
        return Err("What was before a call is not known while it waits; leave opened, cwd and fd with # out.".into());
    }
    if filter.needs_profile() && !judged {
        return Err("No profile is loaded, so nothing counts as blocked; S chooses one.".into());
    }
    Ok(())
}

fn test(filter: &Filter, judge: Option<Arc<Judge>>) -> CallTest {
    let filter = filter.clone();
    CallTest(Arc::new(move |moment| {
        let enter = moment.enter;
        if let Some(answer) = filter.by_call(enter.arch, enter.nr) {
            return answer;
        }
        let (store, seq) = alone(moment);
        let verdict = |_| judge.as_ref().map(|judge| judge.verdict(enter.arch, enter.nr, &enter.args));
        filter.matches(&Context { verdict: Some(&verdict), ..Context::new(&store) }, seq)
    }))
}

/// A store of this call, of its task and of the processes before it; and the row of the call.
fn alone(moment: &Moment<'_>) -> (Store, u64) {
    let mut batch = Batch::default();
    for (index, &pid) in moment.ancestors.iter().rev().enumerate() {
        batch.events.push(task(index, pid, pid, &[]));
    }
    let own = moment.ancestors.len();
    batch.events.push(task(own, moment.tid, moment.tgid, moment.comm));
    let seq = batch.events.len() as u64;
    let id = TaskId(own as u32);
    let mut enter = moment.enter.clone();
    enter.regions = copy(&mut batch, moment.entry_memory);
    batch.events.push(Event { task: id, t_ns: moment.t_ns, kind: EventKind::Enter(enter) });
    if let Some((exit, t_ns)) = moment.exit {
        let regions = copy(&mut batch, moment.exit_memory);
        let exit = Exit { regions, ..exit.clone() };
        batch.events.push(Event { task: id, t_ns, kind: EventKind::Exit(exit) });
    }
    let mut store = Store::new();
    store.append(&batch);
    (store, seq)
}

/// The task number `index`, child of the one before.
fn task(index: usize, tid: i32, tgid: i32, comm: &[u8]) -> Event {
    let parent = index.checked_sub(1).map(|parent| TaskId(parent as u32));
    let (comm, ns) = (comm.to_vec(), PidNamespace::default());
    let new = NewTask { tid, tgid, parent, origin: Origin::Fork, comm, ns, image: None };
    Event { task: TaskId(index as u32), t_ns: 0, kind: EventKind::NewTask(Box::new(new)) }
}

/// Only the pieces of this call: the bytes around them can be those of thousands of calls.
fn copy(batch: &mut Batch, memory: Memory<'_>) -> std::ops::Range<u32> {
    let first = batch.regions.len() as u32;
    for region in memory.regions {
        let bytes = &memory.bytes[region.start as usize..(region.start + region.len) as usize];
        let start = batch.bytes.len() as u32;
        batch.bytes.extend_from_slice(bytes);
        batch.regions.push(Region { start, ..*region });
    }
    first..batch.regions.len() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{Arch, number};
    use crate::model::{Enter, Marks, Outcome};
    use crate::policy;

    /// `openat(AT_FDCWD, "/etc/hosts", O_CREAT)` of thread 12 of process 11, child of 7, grandchild of 3; the memory
    /// stands in the middle of that of other calls.
    fn ask(filter: &str, outcome: Option<Outcome>) -> bool {
        let filter = Filter::parse(filter).unwrap_or_else(|e| panic!("{filter}: {e}"));
        let nr = number(Arch::X86_64, "openat").expect("openat");
        let args = [-100_i64 as u64, 0x2000, 0o100, 0, 0, 0];
        let enter = Enter { arch: Arch::X86_64, nr, args, ip: 0, sp: 0, regions: 5..6 };
        let exit = outcome.map(|outcome| Exit { outcome, marks: Marks::NONE, regions: 0..0 });
        let regions = [Region { addr: 0x2000, true_len: 11, start: 4, len: 11, fault: false }];
        let moment = Moment {
            task: TaskId(99),
            tid: 12,
            tgid: 11,
            comm: b"worker",
            ancestors: &[7, 3],
            t_ns: 1_000,
            enter: &enter,
            exit: exit.as_ref().map(|exit| (exit, 3_000_000)),
            entry_memory: Memory { regions: &regions, bytes: b"..../etc/hosts\0...." },
            exit_memory: Memory::default(),
        };
        let judge = policy::builtin("docker-default").expect("built in");
        let judge = judge.resolve(&policy::Context::docker("6.1.0", "x86_64")).expect("resolves");
        let point = catchpoint(1, &filter, Some(Arc::new(judge))).unwrap_or_else(|e| panic!("{filter}: {e}"));
        assert_eq!(point.at_exit, outcome.is_some(), "{filter}");
        (point.test.0)(&moment)
    }

    #[test]
    fn a_filter_says_of_a_waiting_call_what_it_says_of_its_row() {
        for fits in [
            "openat",
            "open*",
            "%file",
            "path:/etc/**",
            "path:hosts",
            "path~/hosts$",
            "openat path:/etc/*",
            "tree:3",
            "tree:7",
            "tree:11",
            "pid:11",
            "tid:12",
            "task:work",
            "arg.flags&O_CREAT",
            "fd:-100",
            "read or path:hosts",
            "openat !path:/usr/**",
            "!blocked",
        ] {
            assert!(ask(fits, None), "{fits}");
        }
        for other in
            ["read", "path:/usr/**", "tree:12", "tree:4", "task:bash", "arg.flags&O_EXCL", "!openat", "blocked", "fd:3"]
        {
            assert!(!ask(other, None), "{other}");
        }
    }

    #[test]
    fn what_a_call_gives_is_asked_when_it_is_over() {
        let failed = Some(Outcome::Failed(2));
        for fits in [
            "err",
            "err=ENOENT",
            "openat err path:hosts",
            "ret=-1",
            "dur>2ms",
            "\"No such file\"",
            "read or err",
            "\"etc/hosts\"",
            "text~ENO[A-Z]+T",
            "!vdso",
        ] {
            assert!(ask(fits, failed), "{fits}");
        }
        assert!(!ask("err=EACCES", failed) && !ask("dur>3ms", failed) && !ask("!err", failed));
        assert!(ask("ret=3", Some(Outcome::Returned(3))) && !ask("err", Some(Outcome::Returned(3))));
    }

    #[test]
    fn what_cannot_be_asked_of_a_call_is_refused_in_a_sentence() {
        for (filter, word) in [
            ("", "for example"),
            ("read or signal", "signal"),
            ("!exec", "execve"),
            ("unfinished", "unfinished"),
            ("blocked", "profile"),
            ("row:5", "row"),
            ("openat opened:7", "opened"),
            ("fd:3#2", "opened"),
            ("cwd~etc", "cwd"),
        ] {
            let sentence = catchpoint(1, &Filter::parse(filter).unwrap(), None).expect_err(filter);
            assert!(sentence.contains(word) && sentence.ends_with('.'), "{filter}: {sentence}");
        }
        let refused = |filter: &str| entry_test(&Filter::parse(filter).unwrap(), None).err();
        assert!(refused("openat path:*.so").is_none() && refused("\"words\"").is_none());
        assert!(refused("vdso").is_some() && refused("read bytes>1k").is_some());
        assert!(refused("openat err").is_some_and(|sentence| sentence.contains("not known")));
    }
}
