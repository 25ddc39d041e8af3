//! A filter made ready to be asked about millions of rows: names became sets of numbers, and of several parts the
//! cheap ones are asked first, so that a line is decoded only if everything else about the row fits.

use super::Context;
use super::argument::ArgTest;
use super::expr::{Answer, Compare, Expr, Test};
use super::numbers::Numbers;
use super::subject;
use crate::abi::{self, Arch};
use crate::decode;
use crate::model::{CallRow, Outcome, Row, RowKind, Store, TaskId};
use crate::policy::Action;

#[derive(Debug, Clone)]
pub(super) enum Plan {
    Everything,
    All(Vec<Plan>),
    Any(Vec<Plan>),
    Not(Box<Plan>),
    Numbers(Box<Numbers>),
    Failed(Option<u16>),
    Result(Compare, i64),
    Duration(Compare, u64),
    Pid(i32),
    Tid(i32),
    Tree(i32),
    Task(Needle),
    Fd(i32),
    Path(Vec<u8>),
    Argument(ArgTest),
    Signal(Option<u8>),
    Exec,
    Unfinished,
    Blocked(Option<Answer>),
    Text(Needle),
}

impl Plan {
    pub fn new(expr: &Expr) -> Plan {
        let sorted = |parts: &[Expr]| {
            let mut plans: Vec<Plan> = parts.iter().map(Plan::new).collect();
            plans.sort_by_key(Plan::cost);
            plans
        };
        match expr {
            Expr::Everything => Plan::Everything,
            Expr::And(parts) => Plan::All(sorted(parts)),
            Expr::Or(parts) => Plan::Any(sorted(parts)),
            Expr::Not(part) => Plan::Not(Box::new(Plan::new(part))),
            Expr::Test(test) => Plan::of_test(test),
        }
    }

    fn of_test(test: &Test) -> Plan {
        match test {
            Test::Call(pattern) => Plan::Numbers(Box::new(Numbers::named(pattern))),
            Test::Class(class) => Plan::Numbers(Box::new(Numbers::collect(|call| call.tags.contains(&class.as_str())))),
            Test::Failed(errno) => Plan::Failed(*errno),
            Test::Result(compare, value) => Plan::Result(*compare, *value),
            Test::Duration(compare, ns) => Plan::Duration(*compare, *ns),
            Test::Pid(pid) => Plan::Pid(*pid),
            Test::Tid(tid) => Plan::Tid(*tid),
            Test::Tree(pid) => Plan::Tree(*pid),
            Test::Task(name) => Plan::Task(Needle::new(name.as_bytes().to_vec())),
            Test::Fd(fd) => Plan::Fd(*fd),
            Test::Path(pattern) => Plan::Path(pattern.as_bytes().to_vec()),
            Test::Argument(test) => Plan::Argument(test.clone()),
            Test::Signal(number) => Plan::Signal(*number),
            Test::Exec => Plan::Exec,
            Test::Unfinished => Plan::Unfinished,
            Test::Blocked(answer) => Plan::Blocked(*answer),
            Test::Text(text) => Plan::Text(Needle::new(as_shown(text))),
        }
    }

    /// In rough nanoseconds; only the order matters.
    fn cost(&self) -> u32 {
        match self {
            Plan::All(parts) | Plan::Any(parts) => parts.iter().map(Plan::cost).sum(),
            Plan::Not(part) => part.cost(),
            Plan::Pid(_) | Plan::Tid(_) => 5,
            Plan::Task(_) => 10,
            Plan::Tree(_) | Plan::Fd(_) | Plan::Argument(_) => 20,
            Plan::Path(_) => 50,
            Plan::Blocked(_) => 200,
            Plan::Text(_) => 1000,
            _ => 1,
        }
    }

    /// What the number of a call alone decides.
    pub fn by_call(&self, arch: Arch, nr: u64) -> Option<bool> {
        match self {
            Plan::Everything => Some(true),
            Plan::Numbers(numbers) => Some(numbers.contains(arch, nr)),
            Plan::Signal(_) | Plan::Exec => Some(false),
            Plan::Not(part) => part.by_call(arch, nr).map(|holds| !holds),
            Plan::All(parts) => decided(parts.iter().map(|part| part.by_call(arch, nr)), false),
            Plan::Any(parts) => decided(parts.iter().map(|part| part.by_call(arch, nr)), true),
            _ => None,
        }
    }

    pub fn matches(&self, context: &Context<'_>, seq: u64, row: &Row) -> bool {
        let call = match &row.kind {
            RowKind::Call(call) => Some(call),
            _ => None,
        };
        let store = context.store;
        let task = || store.task(row.task);
        match self {
            Plan::Everything => true,
            Plan::All(parts) => parts.iter().all(|p| p.matches(context, seq, row)),
            Plan::Any(parts) => parts.iter().any(|p| p.matches(context, seq, row)),
            Plan::Not(part) => !part.matches(context, seq, row),
            Plan::Numbers(numbers) => call.is_some_and(|c| numbers.contains(c.arch, c.nr)),
            Plan::Failed(None) => call.is_some_and(|c| c.errno().is_some()),
            Plan::Failed(wanted) => call.is_some_and(|c| failed_with(c) == *wanted),
            Plan::Result(compare, value) => call.and_then(result).is_some_and(|r| compare.holds(r, *value)),
            Plan::Duration(compare, ns) => {
                call.and_then(|c| c.duration_ns(row.t_ns)).is_some_and(|d| compare.holds(d, *ns))
            }
            Plan::Pid(pid) => task().is_some_and(|t| t.tgid == *pid),
            Plan::Tid(tid) => task().is_some_and(|t| t.tid == *tid),
            Plan::Tree(pid) => descends(store, row.task, *pid),
            Plan::Task(name) => task().is_some_and(|t| name.is_in(t.comm_at(seq))),
            Plan::Fd(fd) => store.call(seq).is_some_and(|call| subject::uses_fd(&call.view(), *fd)),
            Plan::Path(pattern) => match &row.kind {
                RowKind::Exec(exec) => path_fits(pattern, &exec.path),
                RowKind::Call(_) => store
                    .call(seq)
                    .is_some_and(|call| subject::paths(&call.view()).any(|path| path_fits(pattern, path))),
                _ => false,
            },
            Plan::Argument(test) => store.call(seq).is_some_and(|call| test.matches(&call.view())),
            Plan::Signal(None) => matches!(row.kind, RowKind::Signal(_)),
            Plan::Signal(Some(wanted)) => matches!(&row.kind, RowKind::Signal(s) if s.number == *wanted),
            Plan::Exec => matches!(row.kind, RowKind::Exec(_)),
            Plan::Unfinished => call.is_some_and(|c| c.outcome.is_none()),
            Plan::Blocked(answer) => {
                call.is_some() && context.verdict.and_then(|of| of(seq)).is_some_and(|action| answers(action, *answer))
            }
            Plan::Text(text) => text.is_in(decode::row_text(store, seq, &context.options).as_bytes()),
        }
    }
}

/// One part that is `decisive` decides; otherwise all of them must be known.
fn decided(parts: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut open = false;
    for part in parts {
        match part {
            Some(answer) if answer == decisive => return Some(decisive),
            Some(_) => {}
            None => open = true,
        }
    }
    if open { None } else { Some(!decisive) }
}

/// The errno, restart codes included: whoever names one wants to see it.
fn failed_with(call: &CallRow) -> Option<u16> {
    match call.outcome {
        Some(Outcome::Failed(errno)) => Some(errno),
        _ => None,
    }
}

/// As strace shows it: -1 for a failed call; none for one that is restarted or never came back.
fn result(call: &CallRow) -> Option<i64> {
    match call.outcome {
        Some(Outcome::Returned(value)) => Some(value),
        Some(Outcome::Failed(_)) if call.errno().is_some() => Some(-1),
        _ => None,
    }
}

fn descends(store: &Store, task: TaskId, pid: i32) -> bool {
    let mut next = Some(task);
    // A broken recording could have a circle of parents.
    for _ in 0..=store.tasks().len() {
        let Some(task) = next.and_then(|id| store.task(id)) else { return false };
        if task.tgid == pid {
            return true;
        }
        next = task.parent;
    }
    false
}

/// A pattern without a slash is about the last name of the path.
fn path_fits(pattern: &[u8], path: &[u8]) -> bool {
    if pattern.contains(&b'/') {
        return abi::glob(pattern, path);
    }
    let end = path.iter().rposition(|&b| b != b'/').map_or(0, |i| i + 1);
    let last = path[..end].rsplit(|&b| b == b'/').next().unwrap_or_default();
    abi::glob(pattern, last)
}

fn answers(action: Action, wanted: Option<Answer>) -> bool {
    match wanted {
        None => action.blocks(),
        Some(Answer::Errno(None)) => matches!(action, Action::Errno(_)),
        Some(Answer::Errno(Some(number))) => action == Action::Errno(number),
        Some(Answer::Kill) => matches!(action, Action::KillProcess | Action::KillThread),
        Some(Answer::Trap) => action == Action::Trap,
        Some(Answer::Notify) => action == Action::Notify,
        Some(Answer::Trace) => matches!(action, Action::Trace(_)),
        Some(Answer::Log) => action == Action::Log,
    }
}

/// Text to look for: without capitals it matches both, with them exactly.
#[derive(Debug, Clone)]
pub(super) struct Needle {
    bytes: Vec<u8>,
    exact: bool,
}

impl Needle {
    fn new(bytes: Vec<u8>) -> Needle {
        let exact = bytes.iter().any(u8::is_ascii_uppercase);
        Needle { bytes, exact }
    }

    fn is_in(&self, text: &[u8]) -> bool {
        if self.bytes.is_empty() {
            return true;
        }
        text.windows(self.bytes.len())
            .any(|window| if self.exact { window == self.bytes } else { window.eq_ignore_ascii_case(&self.bytes) })
    }
}

/// Shown lines are ASCII: other bytes stand there as `\303`, so they are looked for like that.
fn as_shown(text: &str) -> Vec<u8> {
    let mut shown = Vec::new();
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' => shown.push(byte),
            _ => shown.extend(format!("\\{byte:03o}").bytes()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_beyond_ascii_is_looked_for_as_it_is_shown() {
        let needle = Needle::new(as_shown("gr\u{fc}n"));
        assert!(needle.is_in(b"open(\"gr\\303\\274n\")") && !needle.is_in(b"open(\"grun\")"));
        assert!(Needle::new(as_shown("etc")).is_in(b"/ETC/") && !Needle::new(as_shown("Etc")).is_in(b"/etc/"));
    }
}
