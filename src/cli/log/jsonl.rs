//! `--format jsonl`: one JSON object a line for each call, when it is over, and for whatever else happens. The members of
//! each are described by `assets/schema/log.schema.json`; how objects look is the business of `session::export::objects`.
//!
//! Keeps the calls that are open and what is known of descriptors, so memory grows with what a program opens, not with
//! what it calls. Left out: which lines are wanted (`select`).

use std::collections::HashMap;
use std::io;

use super::names::own_name;
use super::open_call::OpenCall;
use super::settings::Settings;
use super::sheet::Sheets;
use super::sieve::{Fate, Sieve};
use crate::model::{
    Batch, CallView, Event, EventKind, Exec, Exit, Files, Interrupted, NewTask, Origin, TaskId, shares,
};
use crate::session::export::objects::{self, Around, Who};
use crate::source::Started;

#[derive(Debug, Default)]
struct TaskLine {
    tid: i32,
    tgid: i32,
    comm: Vec<u8>,
    open: Option<Open>,
    /// Architecture and number of the last call.
    last: Option<(crate::abi::Arch, u64)>,
}

#[derive(Debug)]
struct Open {
    row: u64,
    wanted: bool,
    call: OpenCall,
}

pub struct Jsonl {
    sheets: Sheets,
    settings: Settings,
    sieve: Option<Sieve>,
    /// What is put together is not written.
    muted: bool,
    tasks: HashMap<TaskId, TaskLine>,
    files: Files,
    interrupted: Interrupted,
    /// The next row, as the screen and recordings count them.
    row: u64,
    out: String,
}

impl Jsonl {
    pub fn new(sheets: Sheets, settings: Settings) -> Jsonl {
        Jsonl {
            sheets,
            sieve: settings.sieve(),
            settings,
            muted: false,
            tasks: HashMap::new(),
            files: Files::default(),
            interrupted: Interrupted::default(),
            row: 0,
            out: String::new(),
        }
    }

    /// The first line.
    pub fn began(&mut self, started: &Started) -> io::Result<()> {
        objects::start(&mut self.out, started);
        self.line(None)
    }

    /// Something about the tracing itself.
    pub fn notice(&mut self, sentence: &str) -> io::Result<()> {
        objects::notice(&mut self.out, sentence);
        self.line(None)
    }

    pub fn batch(&mut self, batch: &Batch) -> io::Result<()> {
        if let Some(sieve) = &mut self.sieve {
            sieve.take(batch);
        }
        for (index, event) in batch.events.iter().enumerate() {
            // A call is written at its end.
            self.muted = self.sieve.as_ref().is_some_and(|sieve| sieve.fate(index) != Fate::Show);
            self.event(batch, index, event)?;
        }
        self.muted = false;
        self.tasks.values_mut().filter_map(|task| task.open.as_mut()).for_each(|open| open.call.keep(batch));
        self.sheets.all().into_iter().try_for_each(|sheet| sheet.out.flush())
    }

    /// Calls that are still going on, then everything to the disk.
    pub fn finish(&mut self) -> io::Result<()> {
        let mut open: Vec<(TaskId, Open)> =
            self.tasks.iter_mut().filter_map(|(task, known)| Some((*task, known.open.take()?))).collect();
        open.sort_unstable_by_key(|(_, open)| open.row);
        for (task, open) in open.into_iter().filter(|(_, open)| open.wanted) {
            self.muted = self.sieve.as_ref().is_some_and(|sieve| !sieve.open_fits(task));
            self.call(task, &open, &open.call.view(&Batch::default(), None), None)?;
        }
        self.sheets.all().into_iter().try_for_each(|sheet| sheet.out.flush())
    }

    fn event(&mut self, batch: &Batch, index: usize, event: &Event) -> io::Result<()> {
        let (task, t_ns) = (event.task, event.t_ns);
        if let EventKind::Exit(exit) = &event.kind {
            return self.exit(batch, task, t_ns, exit);
        }
        let row = self.row;
        self.row += 1;
        match &event.kind {
            EventKind::Enter(enter) => {
                let memory = batch.memory(&enter.regions);
                self.files.entered(task, t_ns, enter);
                let call = OpenCall::new(index, t_ns, self.interrupted.by(task, enter));
                let wanted = self.settings.wants(enter, memory);
                let known = self.tasks.entry(task).or_default();
                known.last = Some((enter.arch, enter.nr));
                if let Some(name) = own_name(enter, memory) {
                    known.comm = name.to_vec();
                }
                known.open = Some(Open { row, wanted, call });
            }
            EventKind::Signal(signal) if self.settings.signals.contains(signal.number) => {
                let who = who(&self.tasks, row, task, t_ns);
                let comm = |pid| named(&self.tasks, pid);
                let known = Around { files: &self.files, task, entry_ns: t_ns, exit_ns: t_ns, comm: &comm };
                objects::signal(&mut self.out, &who, signal, &known);
                self.line(Some(task))?;
            }
            EventKind::GroupStop { signal } if self.settings.signals.contains(*signal) => {
                objects::group_stop(&mut self.out, &who(&self.tasks, row, task, t_ns), *signal);
                self.line(Some(task))?;
            }
            EventKind::Signal(_) | EventKind::GroupStop { .. } => {}
            EventKind::Warning(warning) => {
                objects::warning(&mut self.out, &who(&self.tasks, row, task, t_ns), *warning);
                self.line(Some(task))?;
            }
            EventKind::Exec(exec) => self.exec(row, task, t_ns, exec)?,
            EventKind::NewTask(new) => self.began_task(row, task, t_ns, batch, new)?,
            EventKind::TaskEnd(end) => {
                let who = who(&self.tasks, row, task, t_ns);
                objects::end(&mut self.out, &who, *end, |by| self.tasks.get(&by).map(|by| by.tid));
                self.line(Some(task))?;
                self.sheets.end(task)?;
                self.tasks.remove(&task);
                self.interrupted.forget(task);
            }
            EventKind::Exit(_) => {}
        }
        Ok(())
    }

    fn exec(&mut self, row: u64, task: TaskId, t_ns: u64, exec: &Exec) -> io::Result<()> {
        self.files.executed(task, t_ns, exec);
        let moved = exec.former.and_then(|former| self.tasks.get_mut(&former)).and_then(|former| former.open.take());
        let known = self.tasks.entry(task).or_default();
        known.comm.clone_from(&exec.comm);
        if exec.former.is_some() {
            // The leader's number now belongs to the thread that called execve.
            known.tid = known.tgid;
            known.open = moved.or(known.open.take());
        }
        objects::exec(&mut self.out, &who(&self.tasks, row, task, t_ns), &exec.path, &self.files, task);
        self.line(Some(task))
    }

    fn began_task(&mut self, row: u64, task: TaskId, t_ns: u64, batch: &Batch, new: &NewTask) -> io::Result<()> {
        let parent = new.parent.and_then(|parent| self.tasks.get(&parent));
        let making = parent.and_then(|parent| parent.open.as_ref()).map(|open| open.call.view(batch, None));
        let shared = shares(making.as_ref(), new.origin == Origin::Thread);
        let parent = parent.map(|parent| parent.tid);
        self.files.began(task, t_ns, new, shared);
        let known = self.tasks.entry(task).or_default();
        (known.tid, known.tgid) = (new.tid, new.tgid);
        known.comm.clone_from(&new.comm);
        self.sheets.begin(task, new.tid)?;
        objects::task(&mut self.out, &who(&self.tasks, row, task, t_ns), new, parent, &self.files, task);
        self.line(Some(task))
    }

    fn exit(&mut self, batch: &Batch, task: TaskId, t_ns: u64, exit: &Exit) -> io::Result<()> {
        let Some(known) = self.tasks.get_mut(&task) else { return Ok(()) };
        if let Some((arch, nr)) = known.last {
            self.interrupted.note(task, arch, nr, exit.outcome);
        }
        let Some(open) = known.open.take() else { return Ok(()) };
        let view = open.call.view(batch, Some(exit));
        self.files.exited(task, open.row, t_ns, &view);
        if !open.wanted || !self.settings.statuses.contains(exit.outcome) {
            return Ok(());
        }
        self.call(task, &open, &view, Some(t_ns))
    }

    fn call(&mut self, task: TaskId, open: &Open, view: &CallView<'_>, exit_ns: Option<u64>) -> io::Result<()> {
        let entry_ns = open.call.t_ns;
        let who = who(&self.tasks, open.row, task, entry_ns);
        let comm = |pid| named(&self.tasks, pid);
        let after_ns = exit_ns.map_or(entry_ns, |t_ns| t_ns + 1);
        let known = Around { files: &self.files, task, entry_ns, exit_ns: after_ns, comm: &comm };
        let options = self.settings.decode(view.arch, view.nr);
        objects::call(&mut self.out, &who, view, exit_ns, &options, &known);
        self.line(Some(task))
    }

    /// Writes what was put together, to the file of a task or to all.
    fn line(&mut self, task: Option<TaskId>) -> io::Result<()> {
        match task {
            Some(_) if self.muted => {}
            Some(task) => {
                if let Some(sheet) = self.sheets.of(task) {
                    sheet.out.write_all(self.out.as_bytes())?;
                }
            }
            None => self.sheets.all().into_iter().try_for_each(|sheet| sheet.out.write_all(self.out.as_bytes()))?,
        }
        self.out.clear();
        Ok(())
    }
}

fn who(tasks: &HashMap<TaskId, TaskLine>, row: u64, task: TaskId, t_ns: u64) -> Who<'_> {
    match tasks.get(&task) {
        Some(known) => Who { row, t_ns, tid: known.tid, pid: known.tgid, comm: &known.comm },
        None => Who { row, t_ns, tid: 0, pid: 0, comm: &[] },
    }
}

fn named(tasks: &HashMap<TaskId, TaskLine>, pid: i64) -> Option<Vec<u8>> {
    tasks.values().find(|known| i64::from(known.tid) == pid).map(|known| known.comm.clone())
}
