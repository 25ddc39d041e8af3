//! From processes that run already to tasks of a session: seize every thread, stop each once, tell what it is in the middle of.
//!
//! Nothing of this may be noticed by a program: the stop ends a call that waits, and `restart` sees to it that the call goes
//! on. The call is shown from the moment of attaching, as one row. Left out: which processes are meant (`find`), and how they
//! are let go (`leave`).

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use tokio::sync::mpsc;

use super::LaunchError;
use super::doctor::Prospect;
use super::error::system;
use super::exec;
use super::find::{Container, argv_of, shown_name};
use super::launch::machine;
use super::only::Wanted;
use super::options::{Only, Tracing};
use super::out::Out;
use super::procfs::{self, Waiting};
use super::run::{self, Begun};
use super::status_text::StatusText;
use super::stops::NATIVE;
use super::sys;
use super::tasks::Open;
use super::tracee::tolerate_gone;
use super::wake::{Mailbox, Sleeper};
use super::worker::{Clock, Engine};
use crate::abi::fetch::at_entry;
use crate::abi::{self, Arch};
use crate::model::{Enter, EventKind, Marks, NewTask, Origin};
use crate::source::{Message, Source, Started};

/// What to attach to and how.
#[derive(Debug, Clone)]
pub struct Attach {
    pub pids: Vec<i32>,
    /// All processes of it, also those that appear while others are being attached to.
    pub container: Option<Container>,
    pub tracing: Tracing,
}

/// A task normally stops within microseconds; one that does not (the parent of a vfork, a read from a lost disk) is shown in
/// its call after this long.
const SHOW_AFTER_NS: u64 = 50_000_000;
/// Rounds of looking for new processes of a container: one that forks without end is caught up with or never.
const ROUNDS: usize = 64;

/// Traces processes that run already. Returns once at least one is traced; what is wrong with others comes as notices.
pub fn attach(attach: Attach) -> Result<Source, LaunchError> {
    run::start(move |sender, mailbox| begin(attach, sender, mailbox))
}

fn begin(attach: Attach, sender: mpsc::Sender<Message>, mailbox: Arc<Mailbox>) -> Begun {
    mailbox.belongs_to_this_thread();
    let clock = Clock { began: Instant::now() };
    let began = SystemTime::now();
    let sleeper = Sleeper::start(&mailbox)?;
    let out = Out::new(sender.clone(), &mailbox).map_err(|error| system("start a thread", &error))?;
    let vdso = attach.tracing.vdso;
    let only = attach.tracing.only.clone().map(|only| Only { at_full_speed: false, ..only });
    let mut engine = Engine::new(clock, 0, attach.tracing, out, sleeper, mailbox);
    engine.wanted = only.as_ref().map(|only| Wanted::new(only, 0));
    engine.holding = engine.tracing.hold_at_start;
    let mut refusals = engine.attach_to(&attach.pids);
    if let Some(container) = &attach.container {
        refusals.extend(engine.attach_to_container(container));
    }
    let Some(first) = engine.tasks.tids().first().and_then(|&tid| engine.tasks.get(tid)).map(|task| task.tgid) else {
        let sentence = refusals.into_iter().next();
        return Err(LaunchError::system(sentence.unwrap_or_else(|| "There is no process left to attach to.".into())));
    };
    let started = Started {
        argv: argv_of(first),
        machine: machine(),
        began,
        vdso,
        live: true,
        has_terminal: false,
        attached: true,
        only: only.map(|only| only.words),
        floor: None,
    };
    // The channel is empty: this cannot fail but for a view that is gone already.
    let _ = sender.try_send(Message::Started(Box::new(started)));
    for refusal in refusals {
        engine.out.message(Message::Notice(refusal));
    }
    Ok((engine, None))
}

impl Engine {
    /// `Command::Attach`.
    pub fn attach_more(&mut self, pids: &[i32], _now: u64) -> io::Result<()> {
        for refusal in self.attach_to(pids) {
            self.out.message(Message::Notice(refusal));
        }
        self.out.arm();
        Ok(())
    }

    /// Attaches to processes; a sentence for each that is refused.
    fn attach_to(&mut self, pids: &[i32]) -> Vec<String> {
        let prospect = Prospect::read(Path::new("/proc"));
        pids.iter().filter_map(|&pid| self.attach_process(pid, &prospect).err()).collect()
    }

    /// Attaches to all processes of a container until no new one appears.
    fn attach_to_container(&mut self, container: &Container) -> Vec<String> {
        let prospect = Prospect::read(Path::new("/proc"));
        let mut seen = HashSet::new();
        let mut refusals = Vec::new();
        for _ in 0..ROUNDS {
            let new: Vec<i32> = container.pids().into_iter().filter(|&pid| seen.insert(pid)).collect();
            if new.is_empty() {
                break;
            }
            for pid in new {
                let traced = self.tasks.iter().any(|task| task.tgid == pid);
                // What has ended, or was made by a process that is traced already, is no failure.
                if let Err(refusal) = if traced { Ok(()) } else { self.attach_process(pid, &prospect) }
                    && procfs::status(pid).is_some_and(|status| !status.is_over() && !is_ours(status.tracer))
                {
                    refusals.push(refusal);
                }
            }
        }
        refusals
    }

    /// Seizes every thread of a process, or only the one that is named. A thread that is made meanwhile is either seen in the next look at the list, or
    /// comes traced from one that is seized already.
    fn attach_process(&mut self, pid: i32, prospect: &Prospect) -> Result<(), String> {
        let name = shown_name(Path::new("/proc"), pid);
        let name = if name.is_empty() { name } else { format!(" ({name})") };
        let refused = |why: String| format!("Cannot attach to process {pid}{name}: {why}.");
        if let Some(why) = prospect.forbidden(pid) {
            return Err(refused(why));
        }
        let tgid = procfs::status(pid).map_or(pid, |status| status.tgid);
        let follow = self.tracing.follow;
        if self.tasks.iter().any(|task| if follow { task.tgid == tgid } else { task.tid == pid }) {
            return Err(refused("it is traced in this session already".into()));
        }
        let told = self.tracing.hears_of_children();
        let options = sys::ATTACH_OPTIONS & if told { !0 } else { !sys::FOLLOW_OPTIONS };
        let now = self.clock.now_ns();
        let mut tried = HashSet::new();
        let mut seized = Vec::new();
        let mut failed = None;
        loop {
            let before = seized.len();
            let threads = if follow { procfs::threads(tgid) } else { vec![pid] };
            for tid in threads.into_iter().filter(|&tid| tried.insert(tid)) {
                match sys::seize(tid, options) {
                    Ok(()) => seized.push(tid),
                    Err(error) => failed = Some((tid, error.raw_os_error().unwrap_or(libc::EPERM))),
                }
            }
            if seized.len() == before {
                break;
            }
        }
        for &tid in &seized {
            self.add_attached(tid, tgid, now);
            // What cannot be stopped any more has ended; its status is on the way.
            let _ = tolerate_gone(sys::interrupt(tid));
        }
        match failed {
            Some((tid, errno)) if seized.is_empty() => {
                let why = prospect.hindrance(if tid == tgid { pid } else { tid }, Some(errno));
                Err(refused(why.unwrap_or_default()))
            }
            None if seized.is_empty() => Err(refused(prospect.hindrance(pid, Some(libc::ESRCH)).unwrap_or_default())),
            // A leader that ended before its threads cannot be traced, and one that was made meanwhile is.
            Some((tid, errno)) => {
                match procfs::status(tid).filter(|status| !status.is_zombie() && !is_ours(status.tracer)) {
                    Some(_) => {
                        let why = prospect.hindrance(tid, Some(errno)).unwrap_or_default();
                        Err(format!("Thread {tid} of process {pid}{name} is not traced, its other threads are: {why}."))
                    }
                    None => Ok(()),
                }
            }
            None => Ok(()),
        }
    }

    /// Gives a seized task an id and a row; the first of its process tells what that runs.
    fn add_attached(&mut self, tid: i32, tgid: i32, now: u64) {
        let sibling =
            self.tasks.iter().filter(|task| task.tgid == tgid).min_by_key(|task| task.id).map(|task| task.tid);
        let status = StatusText::of(tid);
        let parent = sibling.or_else(|| status.as_ref()?.pid("PPid"));
        let parent_id = parent.and_then(|parent| self.tasks.get(parent)).map(|task| task.id);
        let comm = status.as_ref().and_then(StatusText::comm).unwrap_or_default();
        let id = self.tasks.add(tid, tgid, comm.clone());
        self.inherit(tid, parent, sibling.is_some());
        if let Some(task) = self.tasks.get_mut(tid) {
            task.attached = true;
            task.joining = Some(now);
            task.interrupted = true;
            task.full = true;
        }
        // A filter that it has may kill it.
        self.seccomp |= status.as_ref().and_then(|status| status.numbers("Seccomp").next()) == Some(2);
        let image = sibling.is_none().then(|| Box::new(exec::running(tid, &mut self.images)));
        if let Some(image) = &image {
            self.switch.forget(tgid);
            self.vdso_at_attach(tid, image);
        }
        let ns = status.map(|status| status.namespace()).unwrap_or_default();
        let new = NewTask { tid, tgid, parent: parent_id, origin: Origin::Attach, comm, ns, image };
        self.out.event(id, now, EventKind::NewTask(Box::new(new)));
    }

    /// Shows the calls of tasks that were attached to and do not stop.
    pub fn show_sleepers(&mut self, now: u64) {
        let overdue = |since: u64| now.saturating_sub(since) >= SHOW_AFTER_NS;
        for tid in self.tasks.tids_where(|task| task.open.is_none() && task.joining.is_some_and(overdue)) {
            if let Some(waiting) = procfs::waiting(tid) {
                // Nobody but a stop tells the ABI; what lies below 4 GiB is hardly 64-bit code.
                const LOW: u64 = 1 << 32;
                let narrow = NATIVE == Arch::X86_64 && waiting.ip < LOW && waiting.sp < LOW;
                let arch = if narrow { Arch::I386 } else { NATIVE };
                self.enter_midway(tid, arch, waiting, now);
            }
        }
    }

    /// The row of a call that began before anybody looked. Nothing can be asked about it or changed any more.
    pub fn enter_midway(&mut self, tid: i32, arch: Arch, waiting: Waiting, now: u64) {
        let Waiting { nr, args, sp, ip } = waiting;
        let (call, hidden) = (abi::lookup(arch, nr), self.is_hidden(arch, nr));
        let Some(task) = self.tasks.get_mut(tid) else { return };
        let id = task.id;
        task.open = Some(Open { arch, nr, args, call, hidden, change: None, marks: Marks::NONE, restarting: None });
        if hidden {
            return;
        }
        let regions = match call {
            Some(call) => self.fetcher(tid).collect(|fetch| at_entry(arch, call, &args, sp, fetch)),
            None => 0..0,
        };
        self.out.event(id, now, EventKind::Enter(Enter { arch, nr, args, ip, sp, regions }));
    }
}

/// Whether this thread is that tracer.
fn is_ours(tracer: i32) -> bool {
    tracer == nix::unistd::gettid().as_raw()
}
