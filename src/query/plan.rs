//! A filter made ready to be asked about millions of rows: names became sets of numbers, and of several parts the
//! cheap ones are asked first, so that a line is decoded only if everything else about the row fits.

use super::Context;
use super::argument::ArgTest;
use super::expr::{Answer, Compare, Expr, Mark, Subject as Asked, Test};
use super::numbers::Numbers;
use super::pattern::Pattern;
use super::subject::{self, Subject};
use crate::abi::{self, Arch, Call, Ret};
use crate::decode;
use crate::model::{CallRow, Marks, Outcome, Row, RowKind, Store, TaskId};
use crate::policy::{Action, Verdict};

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
    /// With the calls whose result is a number of bytes.
    Bytes(Compare, u64, Box<Numbers>),
    Time(Compare, u64),
    Row(Compare, u64),
    Pid(i32),
    Tid(i32),
    Tree(i32),
    Task(Pattern),
    /// With the calls that can be given, or give out, others than registers tell.
    Fd(i32, Box<Numbers>),
    FdUse(i32, u32),
    Opened(u64),
    Path(Match),
    Cwd(Match),
    /// With the calls that have an argument of that name.
    Argument(ArgTest, Box<Numbers>),
    Signal(Option<u8>),
    Exec,
    Unfinished,
    Marked(Marks),
    Blocked(Option<Answer>),
    Rule(Option<usize>),
    Text(Pattern),
}

/// What a path is compared with.
#[derive(Debug, Clone)]
pub(super) enum Match {
    /// Without a slash it is about the last name.
    Glob(Vec<u8>),
    Regular(Pattern),
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
            Test::Bytes(compare, bytes) => Plan::Bytes(*compare, *bytes, having(|call| matches!(call.ret, Ret::Size))),
            Test::Time(compare, ns) => Plan::Time(*compare, *ns),
            Test::Row(compare, row) => Plan::Row(*compare, *row),
            Test::Pid(pid) => Plan::Pid(*pid),
            Test::Tid(tid) => Plan::Tid(*tid),
            Test::Tree(pid) => Plan::Tree(*pid),
            Test::Task(name) => Plan::Task(needle(name)),
            Test::Fd(fd) => Plan::Fd(*fd, having(subject::has_hidden)),
            Test::FdUse(fd, generation) => Plan::FdUse(*fd, *generation),
            Test::Opened(row) => Plan::Opened(*row),
            Test::Path(pattern) => Plan::Path(Match::Glob(pattern.as_bytes().to_vec())),
            Test::Cwd(pattern) => Plan::Cwd(Match::Glob(pattern.as_bytes().to_vec())),
            Test::Fits(Asked::Path, pattern) => Plan::Path(Match::Regular(pattern.clone())),
            Test::Fits(Asked::Cwd, pattern) => Plan::Cwd(Match::Regular(pattern.clone())),
            Test::Fits(Asked::Task, pattern) => Plan::Task(pattern.clone()),
            Test::Fits(Asked::Text, pattern) => Plan::Text(pattern.clone()),
            Test::Argument(test) => {
                Plan::Argument(test.clone(), having(|call| call.args.iter().any(|arg| arg.name == test.name)))
            }
            Test::Signal(number) => Plan::Signal(*number),
            Test::Exec => Plan::Exec,
            Test::Unfinished => Plan::Unfinished,
            Test::Marked(mark) => Plan::Marked(match mark {
                Mark::Vdso => Marks(Marks::UNSEEN.0 | Marks::FELL_BACK.0 | Marks::VDSO.0),
                Mark::Injected => Marks::INJECTED,
                Mark::Delayed => Marks::DELAYED,
                Mark::Filtered => Marks::FILTERED,
            }),
            Test::Blocked(answer) => Plan::Blocked(*answer),
            Test::Rule(rule) => Plan::Rule(*rule),
            Test::Text(text) => Plan::Text(needle(&as_shown(text))),
        }
    }

    /// In rough nanoseconds; only the order matters.
    fn cost(&self) -> u32 {
        match self {
            Plan::All(parts) | Plan::Any(parts) => parts.iter().map(Plan::cost).sum(),
            Plan::Not(part) => part.cost(),
            Plan::Pid(_) | Plan::Tid(_) | Plan::Bytes(..) => 5,
            Plan::Tree(_) | Plan::Fd(..) | Plan::Argument(..) => 20,
            Plan::FdUse(..) | Plan::Opened(_) | Plan::Cwd(_) | Plan::Task(_) => 50,
            Plan::Path(_) => 100,
            Plan::Blocked(_) | Plan::Rule(_) => 200,
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
        let about = |ask: &mut dyn FnMut(&Subject<'_>) -> bool| {
            let (Some(call), Some(held)) = (call, store.call(seq)) else { return false };
            ask(&Subject { files: store.files(), task: row.task, seq, t_ns: row.t_ns, call, view: held.view() })
        };
        match self {
            Plan::Everything => true,
            Plan::All(parts) => parts.iter().all(|p| p.matches(context, seq, row)),
            Plan::Any(parts) => parts.iter().any(|p| p.matches(context, seq, row)),
            Plan::Not(part) => !part.matches(context, seq, row),
            Plan::Numbers(numbers) => match call {
                Some(call) => numbers.contains(call.arch, call.nr),
                // What was answered and has no row is counted with the rows that there are.
                None => row.kind.unlogged().is_some_and(|nr| numbers.contains(Arch::X86_64, nr)),
            },
            Plan::Failed(None) => call.is_some_and(|c| c.errno().is_some()),
            Plan::Failed(wanted) => call.is_some_and(|c| failed_with(c) == *wanted),
            Plan::Result(compare, value) => call.and_then(result).is_some_and(|r| compare.holds(r, *value)),
            Plan::Duration(compare, ns) => {
                call.and_then(|c| c.duration_ns(row.t_ns)).is_some_and(|d| compare.holds(d, *ns))
            }
            Plan::Bytes(compare, bytes, _) => {
                call.and_then(subject::bytes_moved).is_some_and(|moved| compare.holds(moved, *bytes))
            }
            Plan::Time(compare, ns) => compare.holds(row.t_ns, *ns),
            Plan::Row(compare, row) => compare.holds(seq, *row),
            Plan::Pid(pid) => task().is_some_and(|t| t.tgid == *pid),
            Plan::Tid(tid) => task().is_some_and(|t| t.tid == *tid),
            Plan::Tree(pid) => descends(store, row.task, *pid),
            Plan::Task(name) => task().is_some_and(|t| name.is_in(t.comm_at(seq))),
            Plan::Fd(fd, _) => about(&mut |subject| subject.uses_fd(*fd)),
            Plan::FdUse(fd, generation) => about(&mut |subject| subject.uses_generation(*fd, *generation)),
            Plan::Opened(row) => about(&mut |subject| subject.uses_opened(*row)),
            Plan::Path(wanted) => match &row.kind {
                RowKind::Exec(exec) => wanted.fits(&exec.path),
                _ => about(&mut |subject| subject.any_path(&mut |path| wanted.fits(path))),
            },
            Plan::Cwd(wanted) => store.files().cwd(row.task, row.t_ns).is_some_and(|cwd| wanted.fits(cwd)),
            Plan::Argument(test, _) => store.call(seq).is_some_and(|call| test.matches(&call.view())),
            Plan::Signal(None) => matches!(row.kind, RowKind::Signal(_)),
            Plan::Signal(Some(wanted)) => matches!(&row.kind, RowKind::Signal(s) if s.number == *wanted),
            Plan::Exec => matches!(row.kind, RowKind::Exec(_)),
            Plan::Unfinished => call.is_some_and(|c| c.outcome.is_none()),
            Plan::Marked(marks) => match call {
                Some(call) => call.marks.has(*marks),
                None => marks.has(Marks::VDSO) && row.kind.unlogged().is_some(),
            },
            Plan::Blocked(answer) => {
                call.is_some() && verdict(context, seq).is_some_and(|verdict| answers(verdict.action, *answer))
            }
            Plan::Rule(rule) => call.is_some() && verdict(context, seq).is_some_and(|verdict| verdict.rule == *rule),
            Plan::Text(text) => text.is_in(decode::row_text(store, seq, &context.options).as_bytes()),
        }
    }
}

/// Calls of which the declaration or a variant is like this.
fn having(like: impl Fn(&Call) -> bool) -> Box<Numbers> {
    Box::new(Numbers::collect(|call| like(call) || call.variants.iter().any(&like)))
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

pub(super) fn descends(store: &Store, task: TaskId, pid: i32) -> bool {
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

impl Match {
    fn fits(&self, path: &[u8]) -> bool {
        match self {
            Match::Glob(pattern) => path_fits(pattern, path),
            Match::Regular(pattern) => pattern.is_in(path),
        }
    }
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

fn verdict(context: &Context<'_>, seq: u64) -> Option<Verdict> {
    context.verdict.and_then(|of| of(seq))
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
fn needle(text: &str) -> Pattern {
    Pattern::literal(text, !text.bytes().any(|b| b.is_ascii_uppercase()))
}

/// Shown lines are ASCII: other bytes stand there as `\303`, so they are looked for like that.
fn as_shown(text: &str) -> String {
    let mut shown = String::new();
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' => shown.push(char::from(byte)),
            _ => shown.push_str(&format!("\\{byte:03o}")),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_beyond_ascii_is_looked_for_as_it_is_shown() {
        let wanted = needle(&as_shown("gr\u{fc}n"));
        assert!(wanted.is_in(b"open(\"gr\\303\\274n\")") && !wanted.is_in(b"open(\"grun\")"));
        assert!(needle("etc").is_in(b"/ETC/") && !needle("Etc").is_in(b"/etc/"));
    }
}
