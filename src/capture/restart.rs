//! Calls that our own interruption brought back: the program must not notice. signal(7), "Interruption of system calls and
//! library functions by signal handlers" and "… by stop signals".
//!
//! PTRACE_INTERRUPT ends a call that waits as a signal would. Most such calls come back with a restart code, and the kernel
//! enters them again when no handler runs. Some (epoll_wait, sigtimedwait, semtimedop, io_getevents, …) come back with EINTR,
//! which no signal made: that is turned into a restart code here, and back into EINTR if a signal comes after all. A call
//! with a relative time limit begins its time anew then, unless it has a way of its own to go on, as nanosleep has.

use super::filters::Filters;
use super::procfs;
use super::status::Effect;
use super::stops::NATIVE;
use super::sys;
use super::tracee::{Stop, SyscallInfo};
use super::worker::{Engine, Mode};
use crate::abi::Arch;

/// Restart without asking for the signal's action; include/linux/errno.h.
const ERESTARTNOINTR: i64 = 513;
const EINTR: i64 = libc::EINTR as i64;

/// Whether a call comes back only to be entered again, in one way or another.
pub fn is_restart(value: i64) -> bool {
    (-516..=-512).contains(&value)
}

impl Engine {
    /// A stop answers PTRACE_INTERRUPT whatever it is for. But before a call has come back, the mark that ends waiting stays
    /// on the task: a call that is just being entered comes back at once, as if it had waited and been interrupted.
    pub fn on_answer(&mut self, tid: i32, stop: Stop, now: u64) {
        let Some(task) = self.tasks.get_mut(tid).filter(|task| task.interrupted) else { return };
        let joining = task.joining.take().is_some();
        if joining {
            task.filters = Filters::of_stranger(tid);
        }
        match stop {
            Stop::Trap | Stop::Signal(_) => {
                task.interrupted = false;
                self.on_interrupted(tid, joining, now);
            }
            Stop::Group(_) => task.interrupted = false,
            Stop::Syscall | Stop::Seccomp | Stop::Exec | Stop::Fork(_) | Stop::End | Stop::Other => {}
        }
    }

    /// On its way out of the kernel, where no exit of a call is told any more: if it waited in one, that goes on.
    fn on_interrupted(&mut self, tid: i32, joining: bool, now: u64) {
        // An error means that the task was killed: its status is on the way.
        let (Ok(info), Ok(value)) = (SyscallInfo::of(tid), sys::result(tid)) else { return };
        let Some(waiting) = procfs::waiting(tid) else { return };
        let arch = Arch::from_audit(info.audit_arch, waiting.nr).unwrap_or(NATIVE);
        // A 32-bit task has its errors in the lower half.
        let value = if arch.word() == 4 { i64::from(value as i32) } else { value };
        let shown = self.tasks.get(tid).is_some_and(|task| task.open.is_some());
        if self.goes_on_by_itself(tid, value) {
            if joining && !shown {
                self.enter_midway(tid, arch, waiting, now);
            }
            self.await_restart(tid, value, now);
        } else if joining && shown {
            let _ = self.on_exit(tid, value, (-4095..0).contains(&value), now);
        }
    }

    /// Whether a call that PTRACE_INTERRUPT brought back with `value` is going to be entered again. An EINTR is changed so
    /// that it is; if a signal made it, that is told next, and then it is changed back.
    pub fn goes_on_by_itself(&mut self, tid: i32, value: i64) -> bool {
        if is_restart(value) {
            return true;
        }
        // What sigreturn restores looks like a result, too.
        if value != -EINTR || procfs::waiting(tid).is_none() {
            return false;
        }
        let Some(task) = self.tasks.get_mut(tid) else { return false };
        // Of one that is let go at once nothing is told any more.
        let last = self.root != 0 && (task.leaving || self.mode != Mode::Tracing);
        if last && procfs::status(tid).is_none_or(|status| status.has_signal()) {
            return false;
        }
        // A task that is gone is told by its next status.
        task.mended = sys::set_result(tid, -ERESTARTNOINTR).is_ok();
        task.mended
    }

    /// A signal is about to be delivered, or its process is stopped. If an EINTR had been changed, it was right after all,
    /// unless nothing at all happens.
    pub fn on_signal_after_mending(&mut self, tid: i32, signal: i32) {
        let Some(task) = self.tasks.get_mut(tid).filter(|task| task.mended) else { return };
        if procfs::status(tid).is_some_and(|status| status.effect(signal) == Effect::Nothing) {
            return;
        }
        task.mended = false;
        if sys::result(tid).is_ok_and(|value| value == -ERESTARTNOINTR) {
            // An error means that the task is gone.
            let _ = sys::set_result(tid, -EINTR);
        }
    }
}
