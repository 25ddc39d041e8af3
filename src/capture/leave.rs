//! How tracing ends while the program runs on: every task is stopped once, let go, and the root's end is awaited.
//!
//! Nothing waits for a particular task: each is let go as it stops. So a vfork parent, which cannot stop before its
//! child is gone, simply comes after the child.

use std::io;

use super::sys;
use super::tasks::Tasks;
use super::tracee::{Status, Stop, Stopped, tolerate_gone};
use super::worker::{Engine, Mode};
use crate::model::{EventKind, Outcome, TaskEnd};
use crate::source::{End, Message};

/// How long the view waits for tasks that do not stop, being in an uninterruptible sleep.
const PATIENCE_NS: u64 = 500_000_000;

impl Engine {
    /// Begins to detach from everything.
    pub fn leave(&mut self, now: u64) -> io::Result<()> {
        self.mode = Mode::Leaving { until_ns: now + PATIENCE_NS };
        self.holding = false;
        self.end_colocation();
        for early in std::mem::take(&mut self.tasks.early).into_values() {
            if let Some(stopped) = Tasks::take_early_stop(early) {
                self.free_stranger(stopped.tid());
                self.let_run(stopped, 0)?;
            }
        }
        for tid in self.tasks.tids() {
            match self.unpark(tid) {
                Some((stopped, signal)) => {
                    self.record_detached(tid, now);
                    self.let_run(stopped, signal)?;
                }
                None => {
                    if let Some(task) = self.tasks.get_mut(tid) {
                        task.interrupted = true;
                    }
                    tolerate_gone(sys::interrupt(tid))?;
                }
            }
        }
        self.out.arm();
        self.left();
        Ok(())
    }

    /// One status while leaving or after.
    pub fn on_status_leaving(&mut self, tid: i32, status: Status, now: u64) -> io::Result<()> {
        if !matches!(status, Status::Stopped(..)) {
            self.ghosts.remove(&tid);
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
        self.late.remove(&tid);
        self.left();
        Ok(())
    }

    /// Records what the stop says, as while tracing, and detaches.
    fn let_go(&mut self, stopped: Stopped, stop: Stop, now: u64) -> io::Result<()> {
        let tid = stopped.tid();
        self.release_held(tid);
        let mut deliver = 0;
        match stop {
            Stop::Syscall => drop(self.on_syscall(tid, now)),
            Stop::Seccomp => drop(self.on_seccomp(tid, now)),
            Stop::Exec => self.on_exec(tid, now),
            Stop::Signal(signal) => {
                self.on_signal(tid, signal, now);
                deliver = signal;
            }
            // Detached without a signal it stays stopped, as the thread group is.
            Stop::Group(signal) => self.on_group_stop(tid, signal, now),
            // The child's first stop comes by itself, and then it is let go like any other, without a row.
            Stop::Fork(_) | Stop::Trap | Stop::Other => {}
        }
        if self.tasks.get(tid).is_none() {
            self.free_stranger(tid);
        }
        self.record_detached(tid, now);
        self.let_run(stopped, deliver)
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
