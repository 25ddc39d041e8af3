//! `--format jsonl`: one JSON object a line for each call, when it is over, and for whatever else happens. The members of
//! each are described by `assets/schema/log.schema.json`; how values look is `decode::json`'s business.
//!
//! Keeps the calls that are open and what is known of descriptors, so memory grows with what a program opens, not with
//! what it calls. Left out: which lines are wanted (`select`).

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;
use std::time::UNIX_EPOCH;

use super::names::own_name;
use super::open_call::OpenCall;
use super::settings::Settings;
use super::sheet::Sheets;
use crate::decode::{self, json};
use crate::model::{
    Batch, CallView, Event, EventKind, Exec, Exit, Files, Interrupted, NewTask, Origin, TaskEnd, TaskId, What, shares,
};
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
            settings,
            tasks: HashMap::new(),
            files: Files::default(),
            interrupted: Interrupted::default(),
            row: 0,
            out: String::new(),
        }
    }

    /// The first line: what is traced, where, and when time 0 was.
    pub fn began(&mut self, started: &Started) -> io::Result<()> {
        self.out.push_str("{\"type\":\"start\",\"format\":1,\"sysview\":");
        json::string(&mut self.out, env!("CARGO_PKG_VERSION"));
        self.out.push_str(",\"argv\":[");
        for (i, arg) in started.argv.iter().enumerate() {
            self.out.push_str(if i > 0 { "," } else { "" });
            json::bytes(&mut self.out, arg);
        }
        let began = started.began.duration_since(UNIX_EPOCH).unwrap_or_default();
        // Writing to a String cannot fail, here and below. Seconds and the rest, for a double would round their sum.
        let _ = write!(self.out, "],\"began\":{{\"s\":{},\"ns\":{}}}", began.as_secs(), began.subsec_nanos());
        for (name, text) in [
            (",\"kernel\":", &started.machine.kernel_release),
            (",\"machine\":", &started.machine.machine),
            (",\"hostname\":", &started.machine.hostname),
        ] {
            self.out.push_str(name);
            json::string(&mut self.out, text);
        }
        if let Some(floor) = started.floor {
            let (apart, together) = (floor.apart_ns, floor.together_ns);
            let _ = write!(self.out, ",\"floor\":{{\"apart_ns\":{apart},\"together_ns\":{together}}}");
        }
        self.out.push('}');
        self.line(None)
    }

    /// Something about the tracing itself.
    pub fn notice(&mut self, sentence: &str) -> io::Result<()> {
        self.out.push_str("{\"type\":\"notice\",\"text\":");
        json::string(&mut self.out, sentence);
        self.out.push('}');
        self.line(None)
    }

    pub fn batch(&mut self, batch: &Batch) -> io::Result<()> {
        for (index, event) in batch.events.iter().enumerate() {
            self.event(batch, index, event)?;
        }
        self.tasks.values_mut().filter_map(|task| task.open.as_mut()).for_each(|open| open.call.keep(batch));
        self.sheets.all().into_iter().try_for_each(|sheet| sheet.out.flush())
    }

    /// Calls that are still going on, then everything to the disk.
    pub fn finish(&mut self) -> io::Result<()> {
        let mut open: Vec<(TaskId, Open)> =
            self.tasks.iter_mut().filter_map(|(task, known)| Some((*task, known.open.take()?))).collect();
        open.sort_unstable_by_key(|(_, open)| open.row);
        for (task, open) in open.into_iter().filter(|(_, open)| open.wanted) {
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
                let wanted = self.settings.calls.contains(enter.arch, enter.nr)
                    && self.settings.subject.as_ref().is_none_or(|subject| subject.holds(enter, memory));
                let known = self.tasks.entry(task).or_default();
                known.last = Some((enter.arch, enter.nr));
                if let Some(name) = own_name(enter, memory) {
                    known.comm = name.to_vec();
                }
                known.open = Some(Open { row, wanted, call });
            }
            EventKind::Signal(signal) if self.settings.signals.contains(signal.number) => {
                self.begin("signal", row, task, t_ns);
                let _ = write!(self.out, ",\"number\":{},\"signal\":", signal.number);
                json::string(&mut self.out, &decode::signal_name(signal.number));
                self.out.push_str(",\"info\":");
                let known = Session { tasks: &self.tasks, files: &self.files, task, entry_ns: t_ns, exit_ns: t_ns };
                json::value(&mut self.out, crate::abi::Arch::X86_64, &decode::signal_value(signal), &known);
                self.end(task)?;
            }
            EventKind::GroupStop { signal } if self.settings.signals.contains(*signal) => {
                self.begin("stop", row, task, t_ns);
                let _ = write!(self.out, ",\"number\":{signal},\"signal\":");
                json::string(&mut self.out, &decode::signal_name(*signal));
                self.end(task)?;
            }
            EventKind::Signal(_) | EventKind::GroupStop { .. } => {}
            EventKind::Warning(warning) => {
                self.begin("warning", row, task, t_ns);
                self.out.push_str(",\"text\":");
                json::string(&mut self.out, &decode::warning_line(*warning));
                self.end(task)?;
            }
            EventKind::Exec(exec) => self.exec(row, task, t_ns, exec)?,
            EventKind::NewTask(new) => self.began_task(row, task, t_ns, batch, new)?,
            EventKind::TaskEnd(end) => {
                self.begin("end", row, task, t_ns);
                match end {
                    TaskEnd::Exited { status } => {
                        let _ = write!(self.out, ",\"how\":\"exited\",\"status\":{status}");
                    }
                    TaskEnd::Killed { signal, core } => {
                        let _ = write!(self.out, ",\"how\":\"killed\",\"number\":{signal},\"core\":{core},\"signal\":");
                        json::string(&mut self.out, &decode::signal_name(*signal));
                    }
                    TaskEnd::SupersededByExec { by } => {
                        self.out.push_str(",\"how\":\"superseded\",\"by\":");
                        let _ = match self.tasks.get(by) {
                            Some(by) => write!(self.out, "{}", by.tid),
                            None => write!(self.out, "null"),
                        };
                    }
                    TaskEnd::Detached => self.out.push_str(",\"how\":\"detached\""),
                }
                self.end(task)?;
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
        self.begin("exec", row, task, t_ns);
        self.out.push_str(",\"path\":");
        json::bytes(&mut self.out, &exec.path);
        self.standing(task, t_ns);
        self.end(task)
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
        self.begin(if new.origin == Origin::Attach { "attach" } else { "task" }, row, task, t_ns);
        let _ = write!(self.out, ",\"origin\":\"{}\",\"parent\":", new.origin.name());
        let _ = match parent {
            Some(tid) => write!(self.out, "{tid}"),
            None => write!(self.out, "null"),
        };
        self.standing(task, t_ns);
        self.end(task)
    }

    /// Where a task stands and as whom it acts, as far as that is known.
    fn standing(&mut self, task: TaskId, t_ns: u64) {
        let out = &mut self.out;
        for (name, path) in
            [(",\"cwd\":", self.files.cwd(task, t_ns + 1)), (",\"root\":", self.files.root(task, t_ns + 1))]
        {
            if let Some(path) = path {
                out.push_str(name);
                json::bytes(out, path);
            }
        }
        if let Some(inode) = self.files.mount_namespace(task, t_ns + 1) {
            let _ = write!(out, ",\"mount_ns\":{inode}");
        }
        let Some(ids) = self.files.ids(task, t_ns + 1) else { return };
        let _ = write!(out, ",\"uids\":{:?},\"gids\":{:?},\"capabilities\":{{", ids.uids, ids.gids);
        let sets = [
            ("inheritable", ids.inheritable),
            ("permitted", ids.permitted),
            ("effective", ids.effective),
            ("bounding", ids.bounding),
            ("ambient", ids.ambient),
        ];
        for (i, (name, set)) in sets.into_iter().enumerate() {
            let _ = write!(out, "{}\"{name}\":\"{set:#x}\"", if i > 0 { "," } else { "" });
        }
        out.push('}');
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
        self.begin("call", open.row, task, entry_ns);
        let known = Session {
            tasks: &self.tasks,
            files: &self.files,
            task,
            entry_ns,
            exit_ns: exit_ns.map_or(entry_ns, |t_ns| t_ns + 1),
        };
        let out = &mut self.out;
        let _ = write!(out, ",\"duration_ns\":");
        match exit_ns {
            Some(t_ns) => json::unsigned(out, t_ns.saturating_sub(entry_ns)),
            None => out.push_str("null"),
        }
        let decoded = decode::call(view, &self.settings.decode(view.arch, view.nr));
        let _ = write!(out, ",\"abi\":\"{}\",\"nr\":{},\"name\":", view.arch.name(), view.nr);
        json::string(out, &decoded.name);
        let _ = write!(out, ",\"ip\":\"{:#x}\",\"args\":", view.ip);
        json::args(out, view.arch, &decoded.args, &known);
        out.push_str(",\"result\":");
        json::result(out, view.outcome, view.marks, decode::new_descriptor(view).is_some(), &known);
        self.end(task)
    }

    /// The members that every object of a task has.
    fn begin(&mut self, kind: &str, row: u64, task: TaskId, t_ns: u64) {
        let out = &mut self.out;
        let _ = write!(out, "{{\"type\":\"{kind}\",\"row\":{row},\"t_ns\":");
        json::unsigned(out, t_ns);
        let known = self.tasks.get(&task);
        let (tid, pid) = known.map_or((0, 0), |known| (known.tid, known.tgid));
        let _ = write!(out, ",\"task\":{{\"tid\":{tid},\"pid\":{pid},\"comm\":");
        json::bytes(out, known.map_or(&[], |known| &known.comm));
        out.push('}');
    }

    fn end(&mut self, task: TaskId) -> io::Result<()> {
        self.out.push('}');
        self.line(Some(task))
    }

    /// Writes what was put together, to the file of a task or to all.
    fn line(&mut self, task: Option<TaskId>) -> io::Result<()> {
        self.out.push('\n');
        match task {
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

/// What the session knows of the values of one call.
struct Session<'a> {
    tasks: &'a HashMap<TaskId, TaskLine>,
    files: &'a Files,
    task: TaskId,
    entry_ns: u64,
    exit_ns: u64,
}

impl json::Known for Session<'_> {
    fn descriptor(&self, out: &mut String, fd: i32, at_exit: bool) {
        const AT_FDCWD: i32 = -100;
        let end_ns = if at_exit { self.exit_ns } else { self.entry_ns };
        if fd == AT_FDCWD {
            out.push_str(",\"const\":\"AT_FDCWD\"");
            if let Some(cwd) = self.files.cwd(self.task, end_ns) {
                out.push_str(",\"path\":");
                json::bytes(out, cwd);
            }
            return;
        }
        let Some(descriptor) = self.files.descriptor(self.task, fd, end_ns) else { return };
        match descriptor.what {
            What::File(path) => {
                out.push_str(",\"path\":");
                json::bytes(out, path);
            }
            What::Link(link) => {
                out.push_str(if link.first() == Some(&b'/') { ",\"path\":" } else { ",\"link\":" });
                json::bytes(out, link);
            }
            What::Socket { .. } => {
                out.push_str(",\"socket\":");
                json::string(out, &decode::descriptor_text(&descriptor));
            }
            _ => {
                out.push_str(",\"what\":");
                json::string(out, &decode::descriptor_text(&descriptor));
            }
        }
        for (name, row) in [("row", descriptor.row), ("made", descriptor.made)] {
            if let Some(row) = row {
                let _ = write!(out, ",\"{name}\":{row}");
            }
        }
        if descriptor.generation > 1 {
            let _ = write!(out, ",\"generation\":{}", descriptor.generation);
        }
    }

    fn process(&self, out: &mut String, pid: i64) {
        if let Some(known) = self.tasks.values().find(|known| i64::from(known.tid) == pid) {
            out.push_str(",\"comm\":");
            json::bytes(out, &known.comm);
        }
    }
}
