//! Events to lines as strace writes them: what stands at the start of a line, `<unfinished ...>` and `<... resumed>`
//! where calls overlap, the result in its column.
//!
//! Works on batches as they come and keeps only the calls that are still open, so memory does not grow with the run.
//! Left out: how arguments look (`decode`), how a line begins (`leader`), which lines are wanted (`select`, `sieve`).

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use super::leader::{LastCall, Leader, Subject, mode_name};
use super::names::Names;
use super::open_call::{OpenCall, memory};
use super::select::Statuses;
use super::settings::Settings;
use super::sheet::{OpenLine, Sheets};
use super::sieve::{Fate, Sieve};
use super::summary::Summary;
use crate::abi::{self, Arch};
use crate::decode::{self, Shown, Transfer};
use crate::model::{
    Batch, CallView, Enter, Event, EventKind, Exit, Interrupted, Marks, Memory, Origin, Outcome, TaskEnd, TaskId,
    Warning,
};

#[derive(Debug, Default)]
struct TaskLine {
    tid: i32,
    inner: Option<i32>,
    tgid: i32,
    open: Option<OpenCall>,
    last: Option<LastCall>,
    /// How it makes calls; a change is announced. None: as the machine does.
    mode: Option<&'static str>,
}

pub struct Printer {
    sheets: Sheets,
    settings: Settings,
    sieve: Option<Sieve>,
    leader: Leader,
    names: Names,
    tasks: HashMap<TaskId, TaskLine>,
    interrupted: Interrupted,
    summary: Summary,
    alive: usize,
    /// The next row, as the screen and recordings count them.
    row: u64,
    /// Buffers for the parts of a line.
    text: String,
    result: String,
}

impl Printer {
    pub fn new(sheets: Sheets, settings: Settings) -> Printer {
        let leader = Leader::new(settings.columns);
        let names = Names::new(settings.names_pids);
        Printer {
            sheets,
            sieve: settings.sieve(),
            settings,
            leader,
            names,
            tasks: HashMap::new(),
            interrupted: Interrupted::default(),
            summary: Summary::default(),
            text: String::new(),
            result: String::new(),
            alive: 0,
            row: 0,
        }
    }

    /// The wall clock at the beginning of the session.
    pub fn began(&mut self, at: SystemTime) {
        self.leader.began(at);
    }

    /// Prints the events of a batch. What is still going on at its end is shown as far as it is known.
    pub fn batch(&mut self, batch: &Batch) -> io::Result<()> {
        self.sieve.iter_mut().for_each(|sieve| sieve.take(batch));
        for (index, event) in batch.events.iter().enumerate() {
            self.event(batch, index, event)?;
        }
        self.show_open_lines(batch)?;
        self.tasks.values_mut().filter_map(|task| task.open.as_mut()).for_each(|open| open.keep(batch));
        self.sheets.all().into_iter().try_for_each(|sheet| sheet.out.flush())
    }

    /// Whether anything was printed in which the tracer's own part could be taken for the program's.
    pub fn told_times(&self) -> bool {
        self.settings.lines && (self.settings.durations.is_some() || self.settings.columns.relative.is_some())
            || self.settings.wall_clock && !self.summary.is_empty()
    }

    /// Ends what is open and adds the summary.
    pub fn finish(&mut self) -> io::Result<()> {
        let summary = self.settings.summary.map(|order| self.summary.text(order, &self.settings.summary_columns));
        for sheet in self.sheets.all() {
            if sheet.line.take().is_some_and(|line| line.written > 0) {
                writeln!(sheet.out, " <unfinished ...>")?;
            }
            sheet.out.write_all(summary.as_deref().unwrap_or_default().as_bytes())?;
            sheet.out.flush()?;
        }
        Ok(())
    }

    fn event(&mut self, batch: &Batch, index: usize, event: &Event) -> io::Result<()> {
        let (task, t_ns) = (event.task, event.t_ns);
        let left_out = self.settings.rows.as_ref().is_some_and(|rows| !rows.contains(self.row));
        self.row += u64::from(!matches!(event.kind, EventKind::Exit(_)));
        let fate = if left_out { Fate::Hide } else { self.fate(index) };
        let wanted = fate == Fate::Show;
        match &event.kind {
            EventKind::Enter(enter) => self.enter(batch, index, event, enter, fate)?,
            EventKind::Exit(exit) => self.exit(batch, index, task, t_ns, exit)?,
            EventKind::Signal(signal) if wanted && self.settings.signals.contains(signal.number) => {
                let comm = |number| self.names.of(task, number);
                let text = decode::signal_line_with(signal, self.settings.plain(), &comm);
                self.whole_line(batch, task, t_ns, &text)?;
            }
            EventKind::GroupStop { signal } if wanted && self.settings.signals.contains(*signal) => {
                self.whole_line(batch, task, t_ns, &decode::group_stop_line(*signal))?;
            }
            EventKind::Signal(_) | EventKind::GroupStop { .. } => {}
            // No line of strace's, so none that a reader of its format could trip over.
            EventKind::Warning(warning) => self.warn(task, *warning)?,
            // strace has no line for it: the execve's own line tells.
            EventKind::Exec(exec) => {
                self.names.renamed(task, &exec.comm);
                if let Some(former) = exec.former {
                    // The leader's numbers now belong to the thread that called execve.
                    let inner = self.tasks.get(&former).and_then(|leader| leader.inner);
                    if let Some(caller) = self.tasks.get_mut(&task) {
                        (caller.tid, caller.inner) = (caller.tgid, inner);
                    }
                    self.names.replaced(former, task);
                }
                if let Some(former) = exec.former
                    && let Some(moved) = self.tasks.get_mut(&former).and_then(|t| t.open.take())
                {
                    self.tasks.entry(task).or_default().open = Some(moved);
                    if let Some(line) = self.sheets.of(former).and_then(|sheet| sheet.line.as_mut())
                        && line.task == former
                    {
                        line.task = task;
                    }
                }
            }
            EventKind::NewTask(new) => {
                self.alive += 1;
                self.names.began(task, new);
                let mode = new.parent.and_then(|parent| self.tasks.get(&parent)).and_then(|parent| parent.mode);
                let known = self.tasks.entry(task).or_default();
                (known.tid, known.tgid, known.mode) = (new.tid, new.tgid, mode);
                known.inner = new.ns.inner_tid().filter(|_| self.settings.inner_tids);
                let inside = known.inner.map_or(String::new(), |inner| format!(" ({inner} in its container)"));
                self.sheets.begin(task, new.tid)?;
                let attached = new.origin == Origin::Attach;
                if attached && new.tid == new.tgid {
                    self.say(&format!("process {}{inside} attached", new.tid))?;
                } else if !attached && self.alive > 1 && !self.settings.quiet.attach() {
                    self.interrupt(batch, task)?;
                    if let Some(sheet) = self.sheets.of(task) {
                        writeln!(sheet.out, "sysview: process {}{inside} attached", new.tid)?;
                    }
                }
            }
            EventKind::TaskEnd(end) => {
                if *end == TaskEnd::Detached
                    && let Some((tid, tgid)) = self.tasks.get(&task).map(|known| (known.tid, known.tgid))
                    && tid == tgid
                {
                    self.say(&format!("process {tid} detached"))?;
                }
                if wanted && self.announces(*end) {
                    let text = decode::end_line(*end, |task| self.tasks.get(&task).map(|t| t.tid));
                    self.whole_line(batch, task, t_ns, &text)?;
                }
                self.alive = self.alive.saturating_sub(1);
                self.sheets.end(task)?;
                self.names.ended(task);
                self.tasks.remove(&task);
                self.interrupted.forget(task);
            }
        }
        Ok(())
    }

    /// A remark on the tracing that strace makes too, on standard error wherever the log goes. Nobody may listen there.
    fn say(&mut self, what: &str) -> io::Result<()> {
        if self.settings.quiet.attach() {
            return Ok(());
        }
        // Behind what has been written already, where both go to the same place.
        self.sheets.all().into_iter().try_for_each(|sheet| sheet.out.flush())?;
        let _ = writeln!(io::stderr(), "sysview: {what}");
        Ok(())
    }

    fn announces(&self, end: TaskEnd) -> bool {
        match end {
            TaskEnd::Exited { .. } => !self.settings.quiet.exit(),
            TaskEnd::Killed { signal, .. } => self.settings.signals.contains(signal),
            TaskEnd::SupersededByExec { .. } => !self.settings.quiet.superseded(),
            // The line of its call ends with it.
            TaskEnd::Detached => false,
        }
    }

    fn enter(&mut self, batch: &Batch, index: usize, event: &Event, enter: &Enter, fate: Fate) -> io::Result<()> {
        let task = event.task;
        self.announce_mode(batch, event, enter)?;
        self.names.entered(task, enter, batch.memory(&enter.regions));
        let restarts = self.interrupted.by(task, enter);
        self.tasks.entry(task).or_default().last = Some(LastCall::of(enter));
        if fate == Fate::Hide || !self.settings.wants(enter, batch.memory(&enter.regions)) {
            return Ok(());
        }
        if self.settings.lines && fate == Fate::Show && self.ends_its_task(enter) {
            return self.last_call(batch, event, enter);
        }
        let mut open = OpenCall::new(index, event.t_ns, restarts);
        open.staged = fate == Fate::Later || self.settings.statuses != Statuses::ALL;
        open.system_ns = batch.system_ns.get(index).copied().unwrap_or(0);
        if !self.settings.lines {
            // Only its end is wanted.
        } else if !open.staged {
            self.interrupt(batch, task)?;
            let subject = self.subject(task, event.t_ns, true);
            if let Some(sheet) = self.sheets.of(task) {
                sheet.leader.clear();
                self.leader.write(&mut sheet.leader, &subject);
                sheet.line = Some(OpenLine { task, written: 0 });
            }
        } else {
            // Whether there is a line at all is known when the call is over; it begins as it would have now.
            let subject = self.subject(task, event.t_ns, true);
            self.leader.write(&mut open.leader, &subject);
        }
        self.tasks.entry(task).or_default().open = Some(open);
        Ok(())
    }

    fn exit(&mut self, batch: &Batch, index: usize, task: TaskId, t_ns: u64, exit: &Exit) -> io::Result<()> {
        let (fate, system_ns) = (self.fate(index), batch.system_ns.get(index).copied());
        let Some(known) = self.tasks.get_mut(&task) else { return Ok(()) };
        known.last.inspect(|last| self.interrupted.note(task, last.arch, last.nr, exit.outcome));
        let Some(open) = known.open.take().filter(|_| fate == Fate::Show) else { return Ok(()) };
        let view = open.view(batch, Some(exit));
        let took_ns = t_ns.saturating_sub(open.t_ns);
        let counted_ns = match system_ns {
            Some(until) if !self.settings.wall_clock => until.saturating_sub(open.system_ns),
            _ => took_ns,
        };
        let over = matches!(exit.outcome, Outcome::Returned(_) | Outcome::Failed(_));
        // What the vDSO answered is no call.
        if over && self.settings.summary.is_some() && !exit.marks.has(Marks::VDSO) {
            self.summary.count(view.arch, view.nr, matches!(exit.outcome, Outcome::Failed(_)), counted_ns);
        }
        let staged = open.staged;
        if !self.settings.lines || staged && !self.settings.statuses.contains(exit.outcome) {
            return Ok(());
        }
        let settings = &self.settings;
        let dump = decode::dump_text(&view, |transfer, fd| match transfer {
            Transfer::Read => settings.reads.contains(fd),
            Transfer::Write => settings.writes.contains(fd),
        });
        let continued = self.sheets.of(task).and_then(|sheet| sheet.line.take_if(|line| line.task == task));
        if continued.is_none() {
            self.interrupt(batch, task)?;
        }
        // Most lines are written at once, from buffers that the lines before have made.
        let (mut text, mut result) = (std::mem::take(&mut self.text), std::mem::take(&mut self.result));
        text.clear();
        result.clear();
        let whole = continued.map_or(staged || !open.interrupted, |line| line.written == 0);
        let options = self.settings.decode(view.arch, view.nr);
        if whole && !self.names.wanted() && exit.outcome != Outcome::Detached {
            self.names.note(&view);
            decode::write_call(&mut text, &view, &options);
        } else {
            let (mut shown, _) = self.shown(task, &view);
            self.names.note(&view);
            if self.names.wanted() {
                shown.name_pids(true, &|number| self.names.of(task, number));
            }
            if exit.outcome == Outcome::Detached {
                return self.detached(task, t_ns, &open, continued, &shown.unfinished_text());
            }
            if continued.is_none() && !whole {
                text.push_str(&format!("<... {} resumed>", decode::shown_name(&view)));
            }
            text.push_str(&if whole { shown.text() } else { shown.resumed_text() });
        }
        if !decode::write_result(&mut result, &view, &options) {
            result.push('?');
        }
        if self.names.wanted() {
            let name = decode::after_result(&view, &|number| self.names.of(task, number));
            result.insert_str(result.find(' ').unwrap_or(result.len()), &name);
        }
        if let Some(precision) = self.settings.durations.filter(|_| over) {
            let _ = write!(result, " <{}>", precision.of(Duration::from_nanos(took_ns)));
        }
        let column = match continued {
            Some(line) if line.written > 0 => line.written,
            Some(_) => self.write_leader(task)?,
            None if staged => {
                let Some(sheet) = self.sheets.of(task) else { return Ok(()) };
                sheet.out.write_all(open.leader.as_bytes())?;
                open.leader.len()
            }
            None => self.begin_line(task, t_ns, true)?,
        };
        self.end_line(task, column, &text, &result)?;
        (self.text, self.result) = (text, result);
        self.sheets.of(task).map_or(Ok(()), |sheet| sheet.out.write_all(dump.as_bytes()))
    }

    /// The call goes on, but nobody looks any more.
    fn detached(
        &mut self,
        task: TaskId,
        t_ns: u64,
        open: &OpenCall,
        line: Option<OpenLine>,
        text: &str,
    ) -> io::Result<()> {
        match line {
            Some(line) if line.written > 0 => {}
            // It ended on a line of its own, as far as it was known.
            None if open.interrupted => return Ok(()),
            _ => {
                self.begin_line(task, t_ns, true)?;
                if let Some(sheet) = self.sheets.of(task) {
                    sheet.out.write_all(text.as_bytes())?;
                }
            }
        }
        self.sheets.of(task).map_or(Ok(()), |sheet| writeln!(sheet.out, " <detached ...>"))
    }

    /// A task makes its calls through another ABI than before.
    fn announce_mode(&mut self, batch: &Batch, event: &Event, enter: &Enter) -> io::Result<()> {
        let native = mode_name(Arch::X86_64);
        let known = self.tasks.entry(event.task).or_default();
        let mode = mode_name(enter.arch);
        if known.mode.replace(mode).unwrap_or(native) == mode || self.settings.quiet.personality() {
            return Ok(());
        }
        // The place is that of the new call, the number still that of the one before.
        known.last = known.last.map(|last| last.at(enter));
        let text = format!("[ Process PID={} runs in {mode} mode. ]", known.tid);
        if !self.settings.lines {
            return Ok(());
        }
        self.interrupt(batch, event.task)?;
        self.begin_line(event.task, event.t_ns, true)?;
        let Some(sheet) = self.sheets.of(event.task) else { return Ok(()) };
        writeln!(sheet.out, "{text}")
    }

    /// A call that has no exit: its line is whole at once, whatever other tasks do.
    fn last_call(&mut self, batch: &Batch, event: &Event, enter: &Enter) -> io::Result<()> {
        if !self.settings.statuses.contains(Outcome::NeverReturned) {
            return Ok(());
        }
        self.interrupt(batch, event.task)?;
        let view = CallView {
            arch: enter.arch,
            nr: enter.nr,
            args: &enter.args,
            ip: enter.ip,
            sp: enter.sp,
            outcome: Some(Outcome::NeverReturned),
            marks: Marks::NONE,
            restarts: None,
            entry: memory(batch, &enter.regions),
            exit: Memory::default(),
        };
        let text = self.shown(event.task, &view).0.text();
        let written = self.begin_line(event.task, event.t_ns, true)?;
        self.end_line(event.task, written, &text, "?")
    }

    /// A remark on the tracing itself, in sysview's own words and place.
    fn warn(&mut self, task: TaskId, warning: Warning) -> io::Result<()> {
        let tid = self.tasks.get(&task).map_or(0, |known| known.tid);
        // Whoever closed standard error does not want to know.
        let _ = writeln!(io::stderr(), "sysview: process {tid} {}", decode::warning_line(warning));
        Ok(())
    }

    /// A line that is no call.
    fn whole_line(&mut self, batch: &Batch, task: TaskId, t_ns: u64, text: &str) -> io::Result<()> {
        if !self.settings.lines {
            return Ok(());
        }
        self.interrupt(batch, task)?;
        self.begin_line(task, t_ns, false)?;
        self.sheets.of(task).map_or(Ok(()), |sheet| writeln!(sheet.out, "{text}"))
    }

    /// Ends the line that is open where `task` writes, if any, because another one begins.
    fn interrupt(&mut self, batch: &Batch, task: TaskId) -> io::Result<()> {
        let Some(line) = self.sheets.of(task).and_then(|sheet| sheet.line.take()) else { return Ok(()) };
        if line.written == 0 {
            self.begin_call(batch, line.task)?;
        }
        if let Some(open) = self.tasks.get_mut(&line.task).and_then(|t| t.open.as_mut()) {
            open.interrupted = true;
        }
        self.sheets.of(task).map_or(Ok(()), |sheet| writeln!(sheet.out, " <unfinished ...>"))
    }

    /// At the end of a batch somebody may be watching: show the calls that are going on.
    fn show_open_lines(&mut self, batch: &Batch) -> io::Result<()> {
        let unwritten = |line: &OpenLine| line.written == 0;
        let open: Vec<TaskId> =
            self.sheets.all().iter().filter_map(|s| s.line.filter(unwritten).map(|line| line.task)).collect();
        for task in open {
            let written = self.begin_call(batch, task)?;
            if let Some(sheet) = self.sheets.of(task) {
                sheet.line = Some(OpenLine { task, written });
            }
        }
        Ok(())
    }

    /// Writes what is known of an open call, whose line has begun; returns the column after it.
    fn begin_call(&mut self, batch: &Batch, task: TaskId) -> io::Result<usize> {
        let column = self.write_leader(task)?;
        let Some(open) = self.tasks.get(&task).and_then(|t| t.open.as_ref()) else { return Ok(column) };
        let view = open.view(batch, None);
        let text = self.shown(task, &view).0.unfinished_text();
        let Some(sheet) = self.sheets.of(task) else { return Ok(column) };
        sheet.out.write_all(text.as_bytes())?;
        Ok(column + text.len())
    }

    /// A call as its line has it, and how it is decoded.
    fn shown(&self, task: TaskId, view: &CallView<'_>) -> (Shown, decode::Options) {
        let options = self.settings.decode(view.arch, view.nr);
        let mut shown = Shown::new(view, &options);
        if self.names.wanted() {
            shown.name_pids(false, &|number| self.names.of(task, number));
        }
        (shown, options)
    }

    /// Writes the start of the open line; returns the columns it takes.
    fn write_leader(&mut self, task: TaskId) -> io::Result<usize> {
        let Some(sheet) = self.sheets.of(task) else { return Ok(0) };
        sheet.out.write_all(sheet.leader.as_bytes())?;
        Ok(sheet.leader.len())
    }

    /// Writes the start of a line that is written at once; returns the columns it takes.
    fn begin_line(&mut self, task: TaskId, t_ns: u64, in_call: bool) -> io::Result<usize> {
        let subject = self.subject(task, t_ns, in_call);
        let Some(sheet) = self.sheets.of(task) else { return Ok(0) };
        sheet.leader.clear();
        self.leader.write(&mut sheet.leader, &subject);
        self.write_leader(task)
    }

    /// The end of a call's line; the text so far ends in `column` and `text` is still to be written.
    fn end_line(&mut self, task: TaskId, column: usize, text: &str, result: &str) -> io::Result<()> {
        let pad = self.settings.result_column.saturating_sub(column + text.len() + 1) + 1;
        self.sheets.of(task).map_or(Ok(()), |sheet| writeln!(sheet.out, "{text}{:pad$}= {result}", ""))
    }

    fn fate(&self, index: usize) -> Fate {
        self.sieve.as_ref().map_or(Fate::Show, |sieve| sieve.fate(index))
    }

    fn subject(&self, task: TaskId, t_ns: u64, in_call: bool) -> Subject {
        let known = self.tasks.get(&task);
        Subject {
            tid: known.map_or(0, |t| t.tid),
            inner: known.and_then(|t| t.inner),
            comm: self.names.comm(task).filter(|comm| !comm.is_empty()).map(decode::quoted_comm).unwrap_or_default(),
            several: self.alive > 1,
            t_ns,
            last: known.and_then(|t| t.last),
            in_call,
        }
    }

    /// exit(2) and exit_group(2) never come back, unless they are kept from running.
    fn ends_its_task(&self, enter: &Enter) -> bool {
        abi::lookup(enter.arch, enter.nr).is_some_and(|call| matches!(call.name, "exit" | "exit_group"))
            && !self.settings.tampered.iter().any(|calls| calls.contains(enter.arch, enter.nr))
    }
}
