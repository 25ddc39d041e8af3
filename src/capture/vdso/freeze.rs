//! Every task of an address space out of user code for a moment, so that its text can change.
//!
//! A task that is in a call is left alone: it comes back by a stop. The others are interrupted, and what they report is kept
//! in the queue of `turns`, where it is dealt with as if nothing had been. Nobody is waited for without a bound.

use std::thread;
use std::time::Duration;

use super::super::sys;
use super::super::tasks::Task;
use super::super::worker::Engine;

/// A task that was interrupted normally stops within microseconds. One that does not (its page comes from a slow disk) is
/// tried again later.
const PATIENCE_NS: u64 = 30_000_000;
const GLANCE: Duration = Duration::from_micros(50);

impl Engine {
    /// Stops those of these tasks that may be in user code; `here` is at a stop already. Returns the ones that stand still,
    /// or None if that cannot be reached now.
    pub fn freeze(&mut self, tids: &[i32], here: Option<i32>) -> Option<Vec<i32>> {
        // Around an execve numbers pass from one thread to another, and the address space is replaced.
        let executes = |tid: i32| Some(tid) != here && self.tasks.get(tid).is_some_and(|task| task.executes.is_some());
        if tids.iter().any(|&tid| executes(tid)) {
            return None;
        }
        let mut still = Vec::new();
        let mut waiting = Vec::new();
        for &tid in tids {
            let Some(task) = self.tasks.get(tid) else { continue };
            let stands = Some(tid) == here || task.parked.is_some() || self.turns.holds(tid);
            if stands || self.reports(tid) {
                still.push(tid);
            } else if !self.tasks.get(tid).is_some_and(Task::is_inside) {
                waiting.push(tid);
            }
        }
        for &tid in &waiting {
            if let Some(task) = self.tasks.get_mut(tid)
                && !std::mem::replace(&mut task.interrupted, true)
            {
                // One that is gone has a status on the way.
                let _ = sys::interrupt(tid);
            }
        }
        let until_ns = self.clock.now_ns() + PATIENCE_NS;
        loop {
            waiting.retain(|&tid| {
                let reported = self.reports(tid);
                if reported {
                    still.push(tid);
                }
                !reported
            });
            if waiting.is_empty() {
                return Some(still);
            }
            if self.clock.now_ns() > until_ns {
                return None;
            }
            thread::sleep(GLANCE);
        }
    }

    /// Whether a task has a status; it goes to the end of the queue. A number that is nobody's counts as reported.
    fn reports(&mut self, tid: i32) -> bool {
        match sys::wait_for_now(tid) {
            Ok(Some(raw)) => {
                self.turns.keep(tid, raw);
                true
            }
            Ok(None) => false,
            Err(_) => true,
        }
    }
}
