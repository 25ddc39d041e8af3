//! Chrome's trace format as JSON, which ui.perfetto.dev and chrome://tracing open: a track for each task, a slice for
//! each call, signals and new programs as instants.
//!
//! Calls of a task follow one another, so slices never overlap. One that has no end of its own ends with its task, or with
//! the recording. Times are microseconds with fractions, as the format wants.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::{About, Out, Seen, Sink, plain};
use crate::decode::{self, json};
use crate::model::{CallRow, Marks, RowKind, Task, TaskId};

pub struct Perfetto {
    out: Out,
    options: decode::Options,
    text: String,
    first: bool,
    /// Time of the newest row, in nanoseconds.
    newest_ns: u64,
    /// Calls without an end, written when it is known how far they reach: row, begin, and what stands in the slice.
    endless: Vec<(TaskId, u64, u64, String)>,
    /// Which task has a number as its track's; a number that the kernel used again gets another.
    tracks: HashMap<TaskId, (i64, i64)>,
    taken: HashMap<i64, u32>,
}

/// What is added to a number that another task had before, so that each has a track of its own. Above any PID.
const AGAIN: i64 = 10_000_000;

impl Perfetto {
    pub fn new(mut out: Out, about: &About) -> io::Result<Perfetto> {
        let mut text = String::from("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"program\":\"sysview ");
        text.push_str(env!("CARGO_PKG_VERSION"));
        text.push_str("\",\"recording\":");
        json::string(&mut text, &about.name);
        text.push_str(",\"command\":");
        let words: Vec<String> = about.started.argv.iter().map(|word| plain(word)).collect();
        json::string(&mut text, &words.join(" "));
        text.push_str(",\"filter\":");
        json::string(&mut text, &about.filter);
        text.push_str("},\"traceEvents\":[\n");
        out.write_all(text.as_bytes())?;
        Ok(Perfetto {
            out,
            options: decode::Options { descriptors: false, ..decode::Options::default() },
            text: String::new(),
            first: true,
            newest_ns: 0,
            endless: Vec::new(),
            tracks: HashMap::new(),
            taken: HashMap::new(),
        })
    }

    /// The numbers of a task's track; its name is written when they are asked for first.
    fn track(&mut self, seen: Seen<'_>, id: TaskId, seq: u64) -> io::Result<(i64, i64)> {
        if let Some(track) = self.tracks.get(&id) {
            return Ok(*track);
        }
        let (tid, tgid) = seen.store.task(id).map_or((0, 0), |task| (i64::from(task.tid), i64::from(task.tgid)));
        let times = self.taken.entry(tid).or_default();
        let own = tid + AGAIN * i64::from(*times);
        *times += 1;
        // A process has the number of its leader's track.
        let leader = |task: &&Task| i64::from(task.tid) == tgid && task.is_leader();
        let leader = seen.store.tasks().iter().take(id.0 as usize).rev().find(leader).map(|task| task.id);
        let pid = match leader {
            _ if tid == tgid => own,
            Some(leader) => self.tracks.get(&leader).map_or(tgid, |track| track.1),
            None => tgid,
        };
        self.tracks.insert(id, (pid, own));
        self.names(seen, id, seq, (pid, own))?;
        Ok((pid, own))
    }

    /// Names the track as the task is called at this row.
    fn names(&mut self, seen: Seen<'_>, id: TaskId, seq: u64, (pid, tid): (i64, i64)) -> io::Result<()> {
        let Some(task) = seen.store.task(id) else { return Ok(()) };
        let comm = plain(task.comm_at(seq));
        let kinds: &[&str] = if task.is_leader() { &["process_name", "thread_name"] } else { &["thread_name"] };
        for kind in kinds {
            let mut text =
                format!("{{\"ph\":\"M\",\"name\":\"{kind}\",\"pid\":{pid},\"tid\":{tid},\"args\":{{\"name\":");
            json::string(&mut text, &comm);
            text.push_str("}}");
            self.event(&text)?;
        }
        Ok(())
    }

    fn event(&mut self, text: &str) -> io::Result<()> {
        let separator: &[u8] = if std::mem::take(&mut self.first) { b"" } else { b",\n" };
        self.out.write_all(separator)?;
        self.out.write_all(text.as_bytes())
    }

    /// A slice up to its duration.
    fn slice(&mut self, seen: Seen<'_>, seq: u64, call: &CallRow, begin_ns: u64, track: (i64, i64)) -> bool {
        let text = &mut self.text;
        text.clear();
        let Some(held) = seen.store.call(seq) else { return false };
        let view = held.view();
        let decoded = decode::call(&view, &self.options);
        text.push_str("{\"ph\":\"X\",\"name\":");
        json::string(text, &decoded.name);
        let category = match call.errno() {
            _ if call.marks.has(Marks::VDSO) => "vdso",
            Some(_) => "error",
            None => "call",
        };
        let _ = write!(text, ",\"cat\":\"{category}\",\"pid\":{},\"tid\":{},\"ts\":{}", track.0, track.1, us(begin_ns));
        let _ = write!(text, ",\"args\":{{\"row\":{seq}");
        let mut seen_names: Vec<&str> = Vec::with_capacity(6);
        for arg in &decoded.args {
            // Keys of an object differ, and "row" and "result" are ours.
            let name: &str = &arg.name;
            let again = seen_names.contains(&name) || matches!(name, "row" | "result" | "verdict");
            seen_names.push(name);
            text.push(',');
            json::string(text, &if again { format!("{name}#{}", seen_names.len()) } else { name.to_owned() });
            text.push(':');
            json::string(text, &arg.value.text());
        }
        if let Some(result) = decode::result_text(&view, &self.options) {
            text.push_str(",\"result\":");
            json::string(text, &result);
        }
        if let Some(verdict) = seen.judge.and_then(|judge| judge.verdict_on(&view)) {
            text.push_str(",\"verdict\":");
            json::string(text, &verdict.action.to_string());
        }
        text.push('}');
        true
    }

    fn instant(&mut self, name: &str, category: &str, t_ns: u64, (pid, tid): (i64, i64)) -> io::Result<()> {
        let mut text = String::from("{\"ph\":\"i\",\"s\":\"t\",\"name\":");
        json::string(&mut text, name);
        let _ = write!(text, ",\"cat\":\"{category}\",\"pid\":{pid},\"tid\":{tid},\"ts\":{}}}", us(t_ns));
        self.event(&text)
    }
}

impl Sink for Perfetto {
    fn row(&mut self, seen: Seen<'_>, seq: u64) -> io::Result<()> {
        let Some(row) = seen.store.row(seq) else { return Ok(()) };
        self.newest_ns = self.newest_ns.max(row.t_ns);
        let track = self.track(seen, row.task, seq)?;
        match &row.kind {
            RowKind::Call(call) => {
                if !self.slice(seen, seq, call, row.t_ns, track) {
                    return Ok(());
                }
                if call.outcome.is_none() {
                    let text = std::mem::take(&mut self.text);
                    self.endless.push((row.task, seq, row.t_ns, text));
                    return Ok(());
                }
                self.newest_ns = self.newest_ns.max(call.t_exit_ns);
                let mut text = std::mem::take(&mut self.text);
                let _ = write!(text, ",\"dur\":{}}}", us(call.t_exit_ns.saturating_sub(row.t_ns)));
                self.event(&text)?;
                self.text = text;
                Ok(())
            }
            RowKind::Exec(_) => {
                self.names(seen, row.task, seq, track)?;
                self.instant(&decode::row_text(seen.store, seq, &self.options), "exec", row.t_ns, track)
            }
            kind => {
                let category = match kind {
                    RowKind::Signal(_) | RowKind::GroupStop { .. } => "signal",
                    RowKind::Warning(_) => "warning",
                    _ => "task",
                };
                self.instant(&decode::row_text(seen.store, seq, &self.options), category, row.t_ns, track)
            }
        }
    }

    fn finish(&mut self, seen: Seen<'_>) -> io::Result<()> {
        for (id, seq, begin_ns, mut text) in std::mem::take(&mut self.endless) {
            let task = seen.store.task(id);
            let end_ns = match task {
                // The task went on without it: how long is not known.
                Some(task) if task.open_call != Some(seq) => begin_ns,
                Some(task) => task.ended.map_or(self.newest_ns, |(t_ns, _)| t_ns),
                None => self.newest_ns,
            };
            let _ = write!(text, ",\"dur\":{}}}", us(end_ns.saturating_sub(begin_ns)));
            self.event(&text)?;
        }
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()
    }
}

/// Microseconds with three digits after the point.
fn us(ns: u64) -> String {
    format!("{}.{:03}", ns / 1_000, ns % 1_000)
}
