//! How tracing ends while programs run on.
//!
//! What was launched is killed by the kernel if its tracer goes away, so every task is stopped once and let go, and the
//! root's end is awaited. Nothing waits for a particular task: each is let go as it stops. So a vfork parent, which cannot
//! stop before its child is gone, simply comes after the child.
//! A session that began by attaching ends its tracing thread instead, which lets go of every task without waking it: a
//! call that waits is not even interrupted.

use std::io;
use std::thread;
use std::time::Duration;

use super::procfs;
use super::sys;
use super::tasks::{Task, Tasks};
use super::tracee::{Op, Status, Stop, Stopped, SyscallInfo, tolerate_gone};
use super::worker::{Engine, Mode};
use crate::model::{EventKind, Outcome, TaskEnd, Warning};
use crate::source::{End, Message};

/// How often is looked whether tasks have stopped, while the view does not read.
const REAP: Duration = Duration::from_millis(10);
/// How long a task that was interrupted gets between two looks.
const GLANCE: Duration = Duration::from_micros(100);
/// How long the view waits for tasks that do not stop, being in an uninterruptible sleep.
const PATIENCE_NS: u64 = 500_000_000;

impl Engine {
    /// Begins to detach from everything.
    pub fn leave(&mut self, now: u64) -> io::Result<()> {
        if self.root == 0 {
            return self.part(now);
        }
        self.restore_all_vdsos(now);
        self.mode = Mode::Leaving { until_ns: now + PATIENCE_NS };
        self.holding = false;
        self.end_colocation();
        for early in std::mem::take(&mut self.tasks.early).into_values() {
            if let Some(stopped) = Tasks::take_early_stop(early) {
                self.restore_vdso_of_stranger(stopped.tid());
                self.free_stranger(stopped.tid());
                self.let_run(stopped, 0)?;
            }
        }
        for tid in self.tasks.tids() {
            self.ask_to_leave(tid, now)?;
        }
        self.out.arm();
        self.left();
        Ok(())
    }

    /// Lets one task go: at once if it stands still for us, otherwise at its next stop, which is asked for.
    fn ask_to_leave(&mut self, tid: i32, now: u64) -> io::Result<()> {
        let inside = self.tasks.get(tid).is_some_and(Task::is_inside);
        match self.unpark(tid) {
            Some((stopped, signal)) if !inside => return self.detach(stopped, signal, now),
            Some((stopped, signal)) => stopped.resume(signal)?,
            None => {}
        }
        if let Some(task) = self.tasks.get_mut(tid) {
            task.leaving = true;
            task.interrupted = true;
        }
        tolerate_gone(sys::interrupt(tid))
    }

    /// Detaches from everything, in a session in which nothing was launched. What waits in a call is left alone: the end of
    /// this thread takes the tracing off it. What runs is stopped, because it could be at the entry of a call by then.
    fn part(&mut self, now: u64) -> io::Result<()> {
        self.restore_all_vdsos(now);
        self.mode = Mode::Parted;
        self.holding = false;
        for tid in self.tasks.tids() {
            if !self.tasks.get(tid).is_some_and(Task::is_inside) {
                self.ask_to_leave(tid, now)?;
            } else if let Some((stopped, signal)) = self.unpark(tid) {
                stopped.resume(signal)?;
            }
        }
        for early in std::mem::take(&mut self.tasks.early).into_values() {
            if let Some(stopped) = Tasks::take_early_stop(early) {
                self.restore_vdso_of_stranger(stopped.tid());
                stopped.detach(0)?;
            }
        }
        loop {
            while let Ok(Some((tid, raw))) = self.turns.next_now() {
                let now = self.clock.now_ns();
                let status = Status::decode(tid, raw);
                match status {
                    _ if tid == self.sleeper.pid() => self.sleeper.on_status(status)?,
                    Status::Stopped(stopped, stop) => self.let_go(stopped, stop, now)?,
                    Status::Exited(_) | Status::Killed { .. } if self.tasks.get(tid).is_some() => {
                        self.on_status(tid, status, now)?;
                    }
                    Status::Exited(_) | Status::Killed { .. } => {}
                }
            }
            let late = self.clock.now_ns() > now + PATIENCE_NS;
            let unsettled = |task: &Task| task.interrupted || !task.is_inside();
            if late || !self.tasks.iter().any(|task| unsettled(task) && !procfs::is_uninterruptible(task.tid)) {
                break;
            }
            thread::sleep(GLANCE);
        }
        let now = self.clock.now_ns();
        for tid in self.tasks.tids() {
            self.record_detached(tid, now);
        }
        Ok(())
    }

    /// Lets go what was attached to, and nothing else; `held_ns` is how long the view has not followed, if that is why.
    pub fn let_attached_go(&mut self, now: u64, held_ns: Option<u64>) -> io::Result<()> {
        let attached: Vec<i32> = self.tasks.tids_where(|task| task.attached && !task.leaving);
        for &tid in &attached {
            if let (Some(held_ns), Some(task)) = (held_ns, self.tasks.get(tid)) {
                self.out.event(task.id, now, EventKind::Warning(Warning::HeldTooLong { held_ns }));
            }
        }
        if self.root == 0 {
            return self.part(now);
        }
        for tid in attached {
            if let Some(tgid) = self.tasks.get(tid).map(|task| task.tgid) {
                self.restore_vdso(tgid, now);
            }
            self.ask_to_leave(tid, now)?;
        }
        Ok(())
    }

    /// How long the view may be waited for, which has not followed for `held_ns`; None: for ever. What was attached to is
    /// let go when `max_hold` is over; its last rows wait for the view.
    pub fn patience(&mut self, held_ns: u64, now: u64) -> io::Result<Option<Duration>> {
        if !self.tasks.iter().any(|task| task.attached) {
            return Ok(None);
        }
        let most_ns = u64::try_from(self.tracing.max_hold.as_nanos()).unwrap_or(u64::MAX);
        if held_ns < most_ns {
            return Ok(Some(Duration::from_nanos(most_ns - held_ns)));
        }
        self.let_attached_go(now, Some(held_ns))?;
        for tid in self.tasks.tids_where(|task| task.leaving) {
            // Those that are held with them must stay so: nobody else's status may be taken now.
            while let Some((_, raw)) = self.turns.take(|other| other == tid) {
                self.on_status(tid, Status::decode(tid, raw), now)?;
            }
            while let Ok(Some(raw)) = sys::wait_for_now(tid) {
                self.on_status(tid, Status::decode(tid, raw), now)?;
            }
        }
        Ok(Some(REAP))
    }

    /// One status while leaving or after.
    pub fn on_status_leaving(&mut self, tid: i32, status: Status, now: u64) -> io::Result<()> {
        if !matches!(status, Status::Stopped(..)) {
            self.ghosts.remove(&tid);
            self.late.remove(&tid);
        }
        match status {
            Status::Stopped(stopped, stop) if self.filters() && self.tasks.get(tid).is_none() => {
                self.on_ghost(stopped, stop)?;
            }
            Status::Stopped(stopped, stop) => self.let_go(stopped, stop, now)?,
            Status::Exited(_) | Status::Killed { .. } if self.tasks.get(tid).is_some() => {
                self.on_status(tid, status, now)?;
            }
            Status::Exited(status) if tid == self.root => self.root_end = Some(End::Exited(status)),
            Status::Killed { signal, core } if tid == self.root => {
                self.root_end = Some(End::Killed { signal, core });
            }
            Status::Exited(_) | Status::Killed { .. } => {}
        }
        self.left();
        Ok(())
    }

    /// Records what the stop says, as while tracing, and detaches.
    pub fn let_go(&mut self, stopped: Stopped, stop: Stop, now: u64) -> io::Result<()> {
        let tid = stopped.tid();
        self.release_held(tid);
        self.on_answer(tid, stop, now);
        let mut deliver = 0;
        let mut inside = false;
        match stop {
            Stop::Syscall => {
                inside = matches!(SyscallInfo::of(tid), Ok(SyscallInfo { op: Op::Entry { .. }, .. }));
                if self.on_syscall(tid, now).is_none() {
                    return Ok(());
                }
            }
            Stop::Seccomp => {
                inside = true;
                let _ = self.on_seccomp(tid, now);
            }
            Stop::Exec => {
                inside = true;
                self.on_exec(tid, now);
            }
            Stop::Fork(_) => {
                inside = true;
                // The child's first stop comes by itself, and then it is let go like any other, without a row.
                self.let_child_go(tid)?;
            }
            Stop::Signal(signal) => {
                self.on_signal(tid, signal, now);
                deliver = signal;
            }
            // Detached without a signal it stays stopped, as the thread group is.
            Stop::Group(signal) => self.on_group_stop(tid, signal, now),
            Stop::Trap | Stop::End | Stop::Other => {}
        }
        if self.tasks.get(tid).is_none() {
            self.restore_vdso_of_stranger(tid);
            self.free_stranger(tid);
        }
        // A call that is about to be entered again is left to go on where the end of this thread does the rest; elsewhere a
        // signal that comes right now would find no EINTR to come back with.
        let restarting = self.tasks.get(tid).is_some_and(Task::is_restarting);
        if !(inside || restarting && self.mode == Mode::Parted) {
            return self.detach(stopped, deliver, now);
        }
        // Detaching leaves a mark that ends the next wait: in the middle of a call the program would get an EINTR from it.
        if let Some(task) = self.tasks.get_mut(tid) {
            task.leaving = true;
        }
        stopped.resume(deliver)
    }

    /// The child that a task has just made is let go at its first stop, or now if it has stopped already.
    pub fn let_child_go(&mut self, parent: i32) -> io::Result<()> {
        let Some(child) = sys::event_message(parent).ok().and_then(|n| i32::try_from(n).ok()) else { return Ok(()) };
        if self.is_born_unseen(parent, child) {
            return self.tasks.early.remove(&child).map_or(Ok(()), |early| self.on_ghost_status(child, early.status));
        }
        let attached = self.tasks.get(parent).is_some_and(|task| task.attached);
        let early = self.tasks.early.remove(&child).and_then(Tasks::take_early_stop);
        if early.is_some() {
            self.restore_vdso_of_stranger(child);
        }
        match early {
            Some(stopped) if attached => stopped.detach(0),
            Some(stopped) => self.let_run(stopped, 0),
            None if self.mode == Mode::Tracing => {
                self.late.insert(child);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Tells that a stopped task is let go, and lets it go.
    fn detach(&mut self, stopped: Stopped, signal: i32, now: u64) -> io::Result<()> {
        let tid = stopped.tid();
        let attached = self.tasks.get(tid).is_some_and(|task| task.attached);
        self.late.remove(&tid);
        self.record_detached(tid, now);
        if attached { stopped.detach(signal) } else { self.let_run(stopped, signal) }
    }

    fn record_detached(&mut self, tid: i32, now: u64) {
        self.release_held(tid);
        self.close(tid, Outcome::Detached, now);
        if let Some(task) = self.tasks.remove(tid) {
            self.out.event(task.id, now, EventKind::TaskEnd(TaskEnd::Detached));
        }
    }

    /// Tasks that did not stop in time count as detached; they are let go when they do.
    pub fn leave_the_rest(&mut self, now: u64) {
        for tid in self.tasks.tids() {
            self.late.insert(tid);
            self.record_detached(tid, now);
        }
        self.left();
    }

    /// When no task is left, the view is told.
    fn left(&mut self) {
        if matches!(self.mode, Mode::Leaving { .. }) && self.tasks.is_empty() {
            self.mode = Mode::Relaying;
            self.out.message(Message::Detached);
            // Handed over at once, not when it is due by age.
            self.mailbox.kick();
        }
    }
}
