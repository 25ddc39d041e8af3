//! A report on one page without anything from elsewhere: what the run did most, what failed, which files it was about,
//! what a profile would block, which processes there were. Only sums are kept while rows come; `page` writes them.
//!
//! Left out: single calls.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::page::{self, Cell, Section};
use super::{About, Out, Seen, Sink, place, plain, table};
use crate::decode;
use crate::model::{Changes, Outcome, RowKind, Store, TaskEnd};
use crate::stats::Histogram;

/// Lines of a table; the rest is only counted.
const LISTED: usize = 2_000;

pub struct Html {
    out: Out,
    about: About,
    histogram: Histogram,
    errors: BTreeMap<(String, u16), Seldom>,
    files: BTreeMap<Vec<u8>, FileSums>,
    blocked: BTreeMap<(String, String), Seldom>,
    tasks: Vec<TaskSums>,
    rows: u64,
    newest_ns: u64,
}

/// How often, and the first time as its line.
#[derive(Default)]
struct Seldom {
    count: u64,
    first: String,
}

#[derive(Default)]
struct FileSums {
    calls: u64,
    errors: u64,
    /// What came back from read(2), write(2) and their like, in bytes.
    read: u64,
    written: u64,
    time_ns: u64,
}

#[derive(Default, Clone)]
struct TaskSums {
    calls: u64,
    errors: u64,
    time_ns: u64,
}

impl Html {
    pub fn new(out: Out, about: &About) -> Html {
        Html {
            out,
            about: about.clone(),
            histogram: Histogram::default(),
            errors: BTreeMap::new(),
            files: BTreeMap::new(),
            blocked: BTreeMap::new(),
            tasks: Vec::new(),
            rows: 0,
            newest_ns: 0,
        }
    }

    fn call(&mut self, seen: Seen<'_>, seq: u64) {
        let store = seen.store;
        let (Some(row), Some(held)) = (store.row(seq), store.call(seq)) else { return };
        let RowKind::Call(call) = &row.kind else { return };
        let view = held.view();
        let errno = call.errno();
        let time_ns = call.duration_ns(row.t_ns).unwrap_or(0);
        let one = || decode::row_text(store, seq, &decode::Options::default());
        let name = || decode::shown_name(&view).into_owned();
        if let Some(errno) = errno {
            let sums = self.errors.entry((name(), errno)).or_default();
            sums.count += 1;
            if sums.count == 1 {
                sums.first = one();
            }
        }
        if let Some(judge) = seen.judge {
            let action = judge.verdict(call.arch, call.nr, &call.args).action;
            if action.blocks() {
                let sums = self.blocked.entry((name(), action.to_string())).or_default();
                sums.count += 1;
                if sums.count == 1 {
                    sums.first = one();
                }
            }
        }
        if let Some(path) = place::path(&view, store.files(), row.task, row.t_ns) {
            let sums = self.files.entry(path).or_default();
            sums.calls += 1;
            sums.errors += u64::from(errno.is_some());
            sums.time_ns = sums.time_ns.saturating_add(time_ns);
            if let Some(Outcome::Returned(moved)) = call.outcome {
                let moved = u64::try_from(moved).unwrap_or(0);
                match decode::shown_name(&view).as_ref() {
                    "read" | "pread64" | "readv" | "preadv" | "preadv2" => sums.read += moved,
                    "write" | "pwrite64" | "writev" | "pwritev" | "pwritev2" => sums.written += moved,
                    _ => {}
                }
            }
        }
        let index = row.task.0 as usize;
        if index >= self.tasks.len() {
            self.tasks.resize(index + 1, TaskSums::default());
        }
        let sums = &mut self.tasks[index];
        sums.calls += 1;
        sums.errors += u64::from(errno.is_some());
        sums.time_ns = sums.time_ns.saturating_add(time_ns);
        let end_ns = if call.outcome.is_some() { call.t_exit_ns } else { row.t_ns };
        self.newest_ns = self.newest_ns.max(end_ns);
    }

    fn calls_section(&self) -> Section {
        let mut calls: Vec<_> = self.histogram.rows().collect();
        calls.sort_by_key(|call| std::cmp::Reverse((call.total_ns, call.count)));
        let most = calls.iter().map(|call| call.count).max().unwrap_or(0);
        let row = |call: &&crate::stats::CallStats| {
            // A call that never came back took no time that is known.
            let time = |ns: u64| if call.timed() > 0 { Cell::Time(ns) } else { Cell::None };
            let percentile = |p| call.percentile(p).map_or(Cell::None, Cell::Time);
            vec![
                Cell::Code(match call.vdso {
                    true => format!("{} (vDSO)", decode::call_name(call.arch, call.nr)),
                    false => decode::call_name(call.arch, call.nr).into_owned(),
                }),
                Cell::Bar(call.count, most),
                Cell::Number(call.errors),
                time(call.total_ns),
                time(call.mean_ns()),
                percentile(0.5),
                percentile(0.99),
                time(call.max_ns),
            ]
        };
        Section {
            id: "calls",
            title: "Calls",
            remark: "By total time. Times are from a call's entry to its end, as the tracer saw them.".into(),
            columns: &["call", "calls", "errors", "total", "mean", "p50", "p99", "max"],
            rows: calls.iter().map(row).collect(),
        }
    }

    fn errors_section(&self) -> Section {
        let mut errors: Vec<_> = self.errors.iter().collect();
        errors.sort_by_key(|(_, sums)| std::cmp::Reverse(sums.count));
        let row = |((call, errno), sums): &(&(String, u16), &Seldom)| {
            let meaning = crate::abi::errno(*errno).map_or(String::new(), |(_, meaning)| meaning.to_owned());
            vec![
                Cell::Code(call.clone()),
                Cell::Code(table::errno_name(*errno).into_owned()),
                Cell::Number(sums.count),
                Cell::Text(meaning),
                Cell::Code(sums.first.clone()),
            ]
        };
        Section {
            id: "errors",
            title: "Errors",
            remark: String::new(),
            columns: &["call", "error", "times", "meaning", "for the first time"],
            rows: errors.iter().map(row).collect(),
        }
    }

    fn files_section(&self) -> Section {
        let mut files: Vec<_> = self.files.iter().collect();
        files.sort_by_key(|(_, sums)| std::cmp::Reverse(sums.calls));
        let row = |(path, sums): &(&Vec<u8>, &FileSums)| {
            vec![
                Cell::Code(plain(path)),
                Cell::Number(sums.calls),
                Cell::Number(sums.errors),
                Cell::Number(sums.read),
                Cell::Number(sums.written),
                Cell::Time(sums.time_ns),
            ]
        };
        let remark = match files.len() {
            all if all > LISTED => format!("The {LISTED} most used of {all}."),
            _ => String::new(),
        };
        Section {
            id: "files",
            title: "Files",
            remark,
            columns: &["path", "calls", "errors", "bytes read", "bytes written", "time"],
            rows: files.iter().take(LISTED).map(row).collect(),
        }
    }

    fn blocked_section(&self, profile: &str) -> Section {
        let mut blocked: Vec<_> = self.blocked.iter().collect();
        blocked.sort_by_key(|(_, sums)| std::cmp::Reverse(sums.count));
        let row = |((call, action), sums): &(&(String, String), &Seldom)| {
            vec![
                Cell::Code(call.clone()),
                Cell::Code(action.clone()),
                Cell::Number(sums.count),
                Cell::Code(sums.first.clone()),
            ]
        };
        Section {
            id: "blocked",
            title: "Blocked calls",
            remark: format!("What the seccomp profile {profile} would stop."),
            columns: &["call", "answer", "times", "for the first time"],
            rows: blocked.iter().map(row).collect(),
        }
    }

    fn tasks_section(&self, store: &Store) -> Section {
        let none = TaskSums::default();
        let shown = store.tasks().iter().filter(|task| {
            self.about.filter.is_empty() || self.tasks.get(task.id.0 as usize).is_some_and(|sums| sums.calls > 0)
        });
        let row = |task: &crate::model::Task| {
            let sums = self.tasks.get(task.id.0 as usize).unwrap_or(&none);
            let parent = task.parent.and_then(|parent| store.task(parent)).map(|parent| parent.tid);
            let end = task.ended.map(|(_, end)| match end {
                TaskEnd::Exited { status } => format!("exited with {status}"),
                TaskEnd::Killed { signal, .. } => format!("killed by {}", decode::signal_name(signal)),
                TaskEnd::SupersededByExec { .. } => "superseded by execve".into(),
                TaskEnd::Detached => "detached".into(),
            });
            vec![
                Cell::Number(task.tid as u64),
                Cell::Number(task.tgid as u64),
                parent.map_or(Cell::None, |tid| Cell::Number(tid as u64)),
                Cell::Code(plain(&task.comm)),
                Cell::Code(plain(&task.exe)),
                Cell::Number(sums.calls),
                Cell::Number(sums.errors),
                Cell::Time(sums.time_ns),
                Cell::Text(end.unwrap_or_default()),
            ]
        };
        Section {
            id: "tasks",
            title: "Processes and threads",
            remark: String::new(),
            columns: &["task", "process", "made by", "name", "program", "calls", "errors", "time in calls", "end"],
            rows: shown.map(row).collect(),
        }
    }
}

impl Sink for Html {
    fn row(&mut self, seen: Seen<'_>, seq: u64) -> io::Result<()> {
        let Some(row) = seen.store.row(seq) else { return Ok(()) };
        self.rows += 1;
        self.newest_ns = self.newest_ns.max(row.t_ns);
        if let RowKind::Call(call) = &row.kind {
            let completed = if call.outcome.is_some() { vec![seq] } else { Vec::new() };
            self.histogram.update(seen.store, &Changes { added: seq..seq + 1, completed });
            self.call(seen, seq);
        }
        Ok(())
    }

    fn finish(&mut self, seen: Seen<'_>) -> io::Result<()> {
        let mut sections = vec![self.calls_section(), self.errors_section()];
        if let Some(judge) = seen.judge {
            sections.push(self.blocked_section(&plain(judge.profile().name().as_bytes())));
        }
        sections.push(self.files_section());
        sections.push(self.tasks_section(seen.store));
        let words: Vec<String> = self.about.started.argv.iter().map(|word| plain(word)).collect();
        let machine = &self.about.started.machine;
        let facts = [
            ("recording", self.about.name.clone()),
            ("filter", self.about.filter.clone()),
            ("machine", format!("{} {} {}", machine.hostname, machine.kernel_release, machine.machine)),
            ("rows", self.rows.to_string()),
            ("calls", self.histogram.calls().to_string()),
            ("errors", self.histogram.errors().to_string()),
            ("time", page::time(self.newest_ns)),
        ];
        page::write(&mut self.out, &words.join(" "), &facts, &sections)?;
        self.out.flush()
    }
}
