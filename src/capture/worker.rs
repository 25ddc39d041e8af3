//! The worker's loop: wait for a status, deal with it, hand over, look into the mailbox; and the session's end.
//!
//! What the stops of a traced task mean is in `stops`; how tracing ends while the program runs on is in `leave`.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::colocate::Colocation;
use super::descriptors::Netlinks;
use super::diagnosis;
use super::exec::Images;
use super::only::Wanted;
use super::options::{CoLocate, Tracing};
use super::out::{Delivered, Out};
use super::procfs;
use super::pty::Pty;
use super::sys;
use super::tasks::Tasks;
use super::tracee::{Status, Stop};
use super::turns::Turns;
use super::untraced::Veiled;
use super::vdso::Switch;
use super::wake::{Mailbox, Sleeper, take};
use crate::source::{End, Message};

/// Time since the session began, on CLOCK_MONOTONIC.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    pub began: Instant,
}

impl Clock {
    pub fn now_ns(self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }
}

/// What the worker is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Tracing,
    /// Detaching: tasks are let go as they stop. Those that do not stop by this time are let go later, unseen.
    Leaving {
        until_ns: u64,
    },
    /// The program runs on untraced; only its end is awaited.
    Relaying,
    /// Everything was attached to and is let go: the session is over.
    Parted,
}

pub struct Engine {
    pub clock: Clock,
    pub mode: Mode,
    pub tasks: Tasks,
    /// The process that was launched; 0 if the session began by attaching.
    pub root: i32,
    /// Whether the program has a session, and so a process group, of its own.
    pub own_session: bool,
    pub root_end: Option<End>,
    /// Tasks that are reported as detached but have not stopped yet.
    pub late: HashSet<i32>,
    /// No task is known, but there is a child of ours that has not reported yet.
    pub strangers: bool,
    /// Everything must go: whoever shows up is killed.
    pub killing: bool,
    /// But not what was attached to.
    pub sparing: bool,
    /// `Command::Hold` is in force: whoever stops waits.
    pub holding: bool,
    /// How often each catchpoint held a task.
    pub hits: HashMap<u32, u64>,
    /// The calls that were asked for at launch, if the others do not stop.
    pub wanted: Option<Wanted>,
    /// Tasks that run on under our filter, which cannot be taken off: they must have a tracer, though nothing is recorded.
    pub ghosts: HashSet<i32>,
    /// Ghosts to be, which have not shown themselves yet; see `untraced`.
    pub unseen: HashMap<i32, Veiled>,
    /// A seccomp filter may be at work, so an exit may be a kill in disguise.
    pub seccomp: bool,
    /// Processes of which a filter killed a thread, until their leader is reaped.
    pub killed_by_seccomp: HashSet<i32>,
    /// Sockets of netlink(7) that were met.
    pub netlinks: Netlinks,
    pub colocation: Colocation,
    pub images: Images,
    pub switch: Switch,
    pub tracing: Tracing,
    pub out: Out,
    pub turns: Turns,
    pub sleeper: Sleeper,
    pub mailbox: Arc<Mailbox>,
    pub pty: Option<Pty>,
}

impl Engine {
    pub fn new(clock: Clock, root: i32, tracing: Tracing, out: Out, sleeper: Sleeper, mailbox: Arc<Mailbox>) -> Engine {
        Engine {
            clock,
            mode: Mode::Tracing,
            tasks: Tasks::default(),
            root,
            own_session: false,
            root_end: None,
            late: HashSet::new(),
            strangers: false,
            killing: false,
            sparing: false,
            holding: false,
            hits: HashMap::new(),
            wanted: None,
            ghosts: HashSet::new(),
            unseen: HashMap::new(),
            seccomp: procfs::status_field("self", "Seccomp") == Some(2),
            killed_by_seccomp: HashSet::new(),
            netlinks: Netlinks::default(),
            colocation: Colocation::new(CoLocate::Off),
            images: Images::default(),
            switch: Switch::new(tracing.vdso),
            turns: Turns::new(tracing.system_times),
            tracing,
            out,
            sleeper,
            mailbox,
            pty: None,
        }
    }

    /// From the first execve to the end of the session.
    pub fn run(&mut self) -> io::Result<()> {
        self.join_colocation();
        loop {
            let (tid, raw) = match self.next_status() {
                Ok(status) => status,
                // Not even the sleeper is left: somebody else reaped our children.
                Err(error) if error.raw_os_error() == Some(libc::ECHILD) => return self.finish(),
                Err(error) => return Err(error),
            };
            self.out.system_ns = self.turns.spent_ns();
            let now = self.clock.now_ns();
            self.dispatch(tid, raw, now)?;
            if self.logs_are_due(now) {
                self.read_logs(now);
            }
            if self.colocation.is_due(now) {
                self.look_at_places(now);
            }
            if self.out.is_due(now) {
                self.hand_over()?;
            }
            if self.turns.is_empty() && self.is_over()? {
                return self.finish();
            }
        }
    }

    pub fn dispatch(&mut self, tid: i32, raw: i32, now: u64) -> io::Result<()> {
        let status = Status::decode(tid, raw);
        if self.tracing.debug {
            diagnosis::status(now, tid, raw, &status, tid == self.sleeper.pid());
        }
        if tid == self.sleeper.pid() {
            self.sleeper.on_status(status)?;
            self.look_around(now)?;
            return Ok(());
        }
        self.strangers = false;
        match self.mode {
            Mode::Tracing => self.on_status(tid, status, now),
            Mode::Leaving { .. } | Mode::Relaying | Mode::Parted => self.on_status_leaving(tid, status, now),
        }
    }

    /// After a kick: the mailbox, the batch, and whatever else should not wait for the next stop.
    fn look_around(&mut self, now: u64) -> io::Result<()> {
        self.obey(now)?;
        self.adopt_overdue(now)?;
        self.release_overdue(now);
        self.release_due(now)?;
        self.show_sleepers(now);
        self.settle_pending(now);
        if let Mode::Leaving { until_ns } = self.mode
            && now >= until_ns
        {
            self.leave_the_rest(now);
        }
        self.hand_over()
    }

    fn must_tick(&self) -> bool {
        !self.tasks.early.is_empty()
            || matches!(self.mode, Mode::Leaving { .. })
            || self.colocation.must_tick()
            || self.switch.is_pending()
            || self.tasks.iter().any(|task| task.held.is_some() || task.joining.is_some())
    }

    /// Does what the mailbox asks for.
    fn obey(&mut self, now: u64) -> io::Result<()> {
        if self.out.is_closed() && !self.killing && self.mode == Mode::Tracing {
            self.without_view(now)?;
        }
        if take(&self.mailbox.kill) {
            if self.root == 0 {
                self.kill_all();
            } else {
                self.end_what_was_launched(now)?;
            }
        }
        while let Some(command) = self.mailbox.next_command() {
            if self.tracing.debug {
                diagnosis::command(now, &command);
            }
            self.command(command, now)?;
        }
        if take(&self.mailbox.detach) && self.mode == Mode::Tracing && !self.killing {
            self.leave(now)?;
        }
        Ok(())
    }

    /// Nobody looks any more: what was launched ends with the view, what was attached to goes on.
    fn without_view(&mut self, now: u64) -> io::Result<()> {
        if self.root == 0 {
            return self.leave(now);
        }
        self.end_what_was_launched(now)
    }

    /// What was attached to was there before, and goes on.
    fn end_what_was_launched(&mut self, now: u64) -> io::Result<()> {
        self.sparing = true;
        self.kill_all();
        self.let_attached_go(now, None)
    }

    /// SIGKILL to everything, or to everything of ours, now and as it shows up.
    pub fn kill_all(&mut self) {
        self.killing = true;
        for task in self.tasks.iter().filter(|task| !(self.sparing && task.attached)) {
            // Each thread, not each process: a number may just have passed from one thread to another.
            let _ = sys::signal_thread(task.tgid, task.tid, libc::SIGKILL);
        }
        // Whose child it is, its parent tells.
        for &tid in self.tasks.early.keys().filter(|_| !self.sparing) {
            let _ = sys::signal_process(tid, libc::SIGKILL);
        }
        if self.mode != Mode::Tracing && self.root != 0 && self.root_end.is_none() {
            // Detached: the root is still an unreaped child of ours, the others are known by its group only.
            if self.own_session {
                let _ = sys::signal_process(-self.root, libc::SIGKILL);
            }
            let _ = sys::signal_process(self.root, libc::SIGKILL);
        }
        for &ghost in self.ghosts.iter().chain(self.unseen.keys()) {
            let _ = sys::signal_process(ghost, libc::SIGKILL);
        }
    }

    /// Gives everything to the view. Waits for room if there is none, which holds the program; commands are obeyed
    /// meanwhile, detaching goes on even if nobody reads, and what was attached to is not held for ever.
    fn hand_over(&mut self) -> io::Result<()> {
        if self.tracing.debug {
            diagnosis::hand_over(self.clock.now_ns(), &self.out.batch);
        }
        let mut full_since = None;
        while self.out.try_deliver() == Delivered::Partly {
            if self.mode != Mode::Tracing {
                // Tasks on their way out must not wait for a view that does not read.
                self.out.arm();
                return Ok(());
            }
            let now = self.clock.now_ns();
            let since_ns = *full_since.get_or_insert(now);
            let most = self.patience(now.saturating_sub(since_ns), now)?;
            if self.mode == Mode::Tracing {
                self.out.wait_for_room(most);
                self.obey(self.clock.now_ns())?;
            }
            if self.out.is_closed() {
                self.out.discard();
            }
        }
        // Handing over disarms the ticker.
        if self.must_tick() {
            self.out.arm();
        }
        let now = self.clock.now_ns();
        if let Some(delay) = self.next_due(now).into_iter().chain(self.next_log(now)).min() {
            self.out.arm_within(delay);
        }
        Ok(())
    }

    /// Whether nothing more can come. A child whose parent was killed between making it and telling may exist although
    /// no task is known; so the kernel is asked, with the sleeper out of the way.
    fn is_over(&mut self) -> io::Result<bool> {
        if self.mode == Mode::Parted {
            return Ok(true);
        }
        if !self.tasks.is_empty() || matches!(self.mode, Mode::Leaving { .. }) {
            return Ok(false);
        }
        if self.mode == Mode::Relaying {
            // Our end would kill a task that is still attached. Others that are left are no business of ours.
            return Ok(self.root_end.is_some() && self.late.is_empty() && self.ghosts.is_empty());
        }
        if self.strangers {
            return Ok(false);
        }
        self.sleeper.stop();
        match sys::wait_any_now() {
            Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(true),
            Err(error) => Err(error),
            Ok(found) => {
                self.sleeper = Sleeper::start(&self.mailbox).map_err(io::Error::other)?;
                // A kick may have been lost in between.
                self.mailbox.kick();
                match found {
                    Some((tid, raw)) => {
                        let now = self.clock.now_ns();
                        self.dispatch(tid, raw, now)?;
                    }
                    // Somebody is there without anything to report: ask again when there is a report.
                    None => self.strangers = true,
                }
                Ok(false)
            }
        }
    }

    /// Last output, last batch, `Ended`. After parting they are handed over when this thread is gone, see `run`.
    fn finish(&mut self) -> io::Result<()> {
        self.sleeper.stop();
        if self.mode == Mode::Parted {
            self.out.message(Message::Detached);
            self.out.message(Message::Ended(End::Exited(0)));
            return Ok(());
        }
        if self.tracing.debug {
            diagnosis::hand_over(self.clock.now_ns(), &self.out.batch);
        }
        self.out.deliver_all();
        if let Some(pty) = &mut self.pty {
            pty.finish();
        }
        let end = match self.root_end {
            Some(end) => end,
            // As with strace(1), the ends of processes that were attached to are not that of the session.
            None if self.root == 0 => End::Exited(0),
            // Somebody else reaped the root: its status is not known, which is no success.
            None => End::Exited(1),
        };
        self.out.message(Message::Ended(end));
        self.out.deliver_all();
        Ok(())
    }

    /// After an internal error: nothing of ours may stay behind, stopped or running. What was attached to is let go by the
    /// end of the thread at the latest.
    pub fn abandon(&mut self) {
        self.mode = Mode::Tracing;
        self.sparing = true;
        self.kill_all();
        self.sleeper.stop();
        let mut spared: HashSet<i32> = self.tasks.iter().filter(|task| task.attached).map(|task| task.tid).collect();
        let ours_only = spared.is_empty();
        let mut root_lives = self.root != 0;
        // A task that was attached to and sleeps would be waited for in vain.
        while root_lives || (ours_only && self.root != 0) {
            let Ok((tid, raw)) = self.turns.next(|| false) else { break };
            match Status::decode(tid, raw) {
                Status::Stopped(stopped, stop) if spared.remove(&tid) => {
                    let _ = stopped.detach(if let Stop::Signal(signal) = stop { signal } else { 0 });
                }
                Status::Stopped(stopped, _) => {
                    let _ = sys::signal_process(tid, libc::SIGKILL);
                    let _ = stopped.resume(0);
                }
                Status::Exited(_) | Status::Killed { .. } => root_lives &= tid != self.root,
            }
        }
        if let Some(pty) = &mut self.pty {
            pty.finish();
        }
    }
}
