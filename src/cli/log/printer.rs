//! Events to lines as strace writes them: the task's number where there are several, `<unfinished ...>` and
//! `<... resumed>` where calls overlap, the result from column 40.
//!
//! Works on batches as they come and keeps only the calls that are still open, so memory does not grow with the run.
//! Left out: how arguments look (`decode`).

use std::collections::HashMap;
use std::io::{self, Write};

use crate::abi;
use crate::decode::{self, Options};
use crate::model::{Batch, CallView, Enter, Event, EventKind, Exit, Interrupted, Memory, Outcome, Region, TaskId};

/// Where the ` = ` stands, strace's default alignment.
const RESULT_COLUMN: usize = 40;

/// What depends on where the text goes.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// `1234  ` on every line (strace with -f -o) instead of `[pid  1234] ` while there are several tasks.
    pub pid_always: bool,
    /// Say when a task is followed.
    pub announce: bool,
}

#[derive(Debug, Default)]
struct TaskLine {
    tid: i32,
    open: Option<OpenCall>,
}

/// A call that was entered and is not over.
#[derive(Debug)]
struct OpenCall {
    /// Its entry record with the memory of the batch that brought it; `None` while that batch is being read.
    kept: Option<Kept>,
    /// Index of the entry in the current batch, if it came with it.
    event: usize,
    /// What restart_syscall(2) restarts.
    restarts: Option<u64>,
    /// The line was interrupted by another one, so the rest goes to a `<... resumed>` line.
    interrupted: bool,
}

#[derive(Debug)]
struct Kept {
    enter: Enter,
    regions: Vec<Region>,
    bytes: Vec<u8>,
}

/// The line that is open at the end of the output: the call of a task, of which `written` bytes stand there already.
#[derive(Debug, Clone, Copy)]
struct OpenLine {
    task: TaskId,
    /// Columns written so far; 0 if nothing was, because a call is mostly over before anybody could read half of it.
    written: usize,
}

pub struct Printer<W: Write> {
    out: W,
    options: Options,
    style: Style,
    tasks: HashMap<TaskId, TaskLine>,
    interrupted: Interrupted,
    alive: usize,
    line: Option<OpenLine>,
}

impl<W: Write> Printer<W> {
    pub fn new(out: W, options: Options, style: Style) -> Printer<W> {
        Printer {
            out,
            options,
            style,
            tasks: HashMap::new(),
            interrupted: Interrupted::default(),
            alive: 0,
            line: None,
        }
    }

    /// Prints the events of a batch. What is still going on at its end is shown as far as it is known.
    pub fn batch(&mut self, batch: &Batch) -> io::Result<()> {
        for (index, event) in batch.events.iter().enumerate() {
            self.event(batch, index, event)?;
        }
        self.show_open_line(batch)?;
        self.keep_open_calls(batch);
        self.out.flush()
    }

    pub fn finish(&mut self) -> io::Result<()> {
        if let Some(line) = self.line.take()
            && line.written > 0
        {
            writeln!(self.out, " <unfinished ...>")?;
        }
        self.out.flush()
    }

    fn event(&mut self, batch: &Batch, index: usize, event: &Event) -> io::Result<()> {
        match &event.kind {
            EventKind::Enter(enter) => {
                self.interrupt(batch)?;
                if ends_its_task(enter) {
                    return self.last_call(batch, event.task, enter);
                }
                let restarts = self.interrupted.by(event.task, enter);
                let task = self.tasks.entry(event.task).or_default();
                task.open = Some(OpenCall { kept: None, event: index, restarts, interrupted: false });
                self.line = Some(OpenLine { task: event.task, written: 0 });
            }
            EventKind::Exit(exit) => self.exit(batch, event.task, exit)?,
            EventKind::Signal(signal) => self.whole_line(batch, event.task, &decode::signal_line(signal))?,
            EventKind::GroupStop { signal } => {
                self.whole_line(batch, event.task, &decode::group_stop_line(*signal))?;
            }
            // strace has no line for it: the execve's own line tells.
            EventKind::Exec(exec) => {
                // The leader's number now belongs to the thread that called execve.
                if let Some(former) = exec.former
                    && let Some(moved) = self.tasks.get_mut(&former).and_then(|t| t.open.take())
                {
                    self.tasks.entry(event.task).or_default().open = Some(moved);
                    if let Some(line) = &mut self.line
                        && line.task == former
                    {
                        line.task = event.task;
                    }
                }
            }
            EventKind::NewTask(new) => {
                self.alive += 1;
                self.tasks.entry(event.task).or_default().tid = new.tid;
                if self.style.announce && self.alive > 1 {
                    self.interrupt(batch)?;
                    writeln!(self.out, "sysview: process {} attached", new.tid)?;
                }
            }
            EventKind::TaskEnd(end) => {
                let text = decode::end_line(*end, |task| self.tasks.get(&task).map(|t| t.tid));
                self.whole_line(batch, event.task, &text)?;
                self.alive = self.alive.saturating_sub(1);
                self.tasks.remove(&event.task);
                self.interrupted.forget(event.task);
            }
        }
        Ok(())
    }

    fn exit(&mut self, batch: &Batch, task: TaskId, exit: &Exit) -> io::Result<()> {
        let Some(open) = self.tasks.get_mut(&task).and_then(|t| t.open.take()) else { return Ok(()) };
        let continued = self.line.take_if(|line| line.task == task);
        if continued.is_none() {
            self.interrupt(batch)?;
        }
        let view = open.view(batch, Some((exit, batch)));
        self.interrupted.note(task, view.arch, view.nr, exit.outcome);
        let result = decode::result_text(&view, &self.options).unwrap_or_else(|| "?".into());
        let (text, already) = match continued {
            Some(line) if line.written > 0 => (decode::resumed_text(&view, &self.options), line.written),
            Some(_) => (decode::call_text(&view, &self.options), self.leader(task)?),
            None if open.interrupted => {
                let name = decode::call_name(view.arch, view.nr);
                (format!("<... {name} resumed>{}", decode::resumed_text(&view, &self.options)), self.leader(task)?)
            }
            None => (decode::call_text(&view, &self.options), self.leader(task)?),
        };
        self.result(already + text.len(), &text, &result)
    }

    /// A call that has no exit: its line is whole at once, whatever other tasks do.
    fn last_call(&mut self, batch: &Batch, task: TaskId, enter: &Enter) -> io::Result<()> {
        let view = CallView {
            arch: enter.arch,
            nr: enter.nr,
            args: &enter.args,
            ip: enter.ip,
            sp: enter.sp,
            outcome: Some(Outcome::NeverReturned),
            restarts: None,
            entry: memory(batch, &enter.regions),
            exit: Memory::default(),
        };
        let text = decode::call_text(&view, &self.options);
        let column = self.leader(task)? + text.len();
        self.result(column, &text, "?")
    }

    /// The end of a call's line; the text so far ends in `column` and `text` is still to be written.
    fn result(&mut self, column: usize, text: &str, result: &str) -> io::Result<()> {
        let pad = RESULT_COLUMN.saturating_sub(column + 1) + 1;
        writeln!(self.out, "{text}{:pad$}= {result}", "")
    }

    /// A line that is no call.
    fn whole_line(&mut self, batch: &Batch, task: TaskId, text: &str) -> io::Result<()> {
        self.interrupt(batch)?;
        self.leader(task)?;
        writeln!(self.out, "{text}")
    }

    /// Ends the open line, if any, because another one begins.
    fn interrupt(&mut self, batch: &Batch) -> io::Result<()> {
        let Some(line) = self.line.take() else { return Ok(()) };
        if line.written == 0 {
            self.begin_call(batch, line.task)?;
        }
        if let Some(open) = self.tasks.get_mut(&line.task).and_then(|t| t.open.as_mut()) {
            open.interrupted = true;
        }
        writeln!(self.out, " <unfinished ...>")
    }

    /// Writes what is known of an open call; returns the column after it.
    fn begin_call(&mut self, batch: &Batch, task: TaskId) -> io::Result<usize> {
        let column = self.leader(task)?;
        let Some(open) = self.tasks.get(&task).and_then(|t| t.open.as_ref()) else { return Ok(column) };
        let text = decode::unfinished_text(&open.view(batch, None), &self.options);
        self.out.write_all(text.as_bytes())?;
        Ok(column + text.len())
    }

    /// At the end of a batch somebody may be watching: show the call that is going on.
    fn show_open_line(&mut self, batch: &Batch) -> io::Result<()> {
        if let Some(line) = self.line
            && line.written == 0
        {
            let written = self.begin_call(batch, line.task)?;
            self.line = Some(OpenLine { written, ..line });
        }
        Ok(())
    }

    fn keep_open_calls(&mut self, batch: &Batch) {
        for task in self.tasks.values_mut() {
            if let Some(open) = &mut task.open
                && open.kept.is_none()
                && let Some(Event { kind: EventKind::Enter(enter), .. }) = batch.events.get(open.event)
            {
                open.kept = Some(Kept::copy(batch, enter));
            }
        }
    }

    /// The task's number at the start of a line; returns the columns it takes.
    fn leader(&mut self, task: TaskId) -> io::Result<usize> {
        let tid = self.tasks.get(&task).map_or(0, |t| t.tid);
        let text = if self.style.pid_always {
            format!("{tid:<5} ")
        } else if self.alive > 1 {
            format!("[pid {tid:>5}] ")
        } else {
            return Ok(0);
        };
        self.out.write_all(text.as_bytes())?;
        Ok(text.len())
    }
}

impl Kept {
    fn copy(batch: &Batch, enter: &Enter) -> Kept {
        let mut kept = Kept { enter: enter.clone(), regions: Vec::new(), bytes: Vec::new() };
        let regions = batch.regions.get(enter.regions.start as usize..enter.regions.end as usize).unwrap_or_default();
        for region in regions {
            let start = kept.bytes.len() as u32;
            kept.bytes.extend_from_slice(batch.region_bytes(region));
            kept.regions.push(Region { start, ..*region });
        }
        kept
    }
}

impl OpenCall {
    /// The call as `decode` reads it, with what its exit brought.
    fn view<'a>(&'a self, batch: &'a Batch, exit: Option<(&Exit, &'a Batch)>) -> CallView<'a> {
        let (enter, entry) = match &self.kept {
            Some(kept) => (&kept.enter, Memory { regions: &kept.regions, bytes: &kept.bytes }),
            None => match batch.events.get(self.event) {
                Some(Event { kind: EventKind::Enter(enter), .. }) => (enter, memory(batch, &enter.regions)),
                _ => unreachable!("an open call without a copy was entered in this batch"),
            },
        };
        CallView {
            arch: enter.arch,
            nr: enter.nr,
            args: &enter.args,
            ip: enter.ip,
            sp: enter.sp,
            outcome: exit.map(|(e, _)| -> Outcome { e.outcome }),
            restarts: self.restarts,
            entry,
            exit: exit.map(|(e, b)| memory(b, &e.regions)).unwrap_or_default(),
        }
    }
}

/// exit(2) and exit_group(2) never come back.
fn ends_its_task(enter: &Enter) -> bool {
    abi::lookup(enter.arch, enter.nr).is_some_and(|call| matches!(call.name, "exit" | "exit_group"))
}

fn memory<'a>(batch: &'a Batch, range: &std::ops::Range<u32>) -> Memory<'a> {
    Memory {
        regions: batch.regions.get(range.start as usize..range.end as usize).unwrap_or_default(),
        bytes: &batch.bytes,
    }
}
