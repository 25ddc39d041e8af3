//! In which order the worker takes statuses: every task has its turn, however busy others are.
//!
//! The kernel reports the stop of the youngest task first. A few young tasks that call without a pause would be all that is
//! ever reported, and their parent would stand still for seconds. So now and then everything that waits is taken at once, in
//! a queue; a task that waits there does not run, so it stands there once. Where several stood in the queue it is filled
//! again as soon as it is empty; where none did, less and less often: a program of one task that calls costs next to nothing.

use std::collections::VecDeque;
use std::io;

use super::sys;
use super::tracee::{Op, Status, Stop, SyscallInfo};
use super::worker::Engine;

/// The most stops in a row that are taken as the kernel reports them.
const MOST_UNLOOKED: u32 = 15;

#[derive(Debug, Clone, Copy)]
struct Waiting {
    tid: i32,
    raw: i32,
    spent_ns: Option<u64>,
}

#[derive(Debug, Default)]
pub struct Turns {
    queue: VecDeque<Waiting>,
    /// Ask for CPU times.
    counted: bool,
    /// The CPU time that the process of the status had spent in the kernel which was given last.
    spent_ns: Option<u64>,
    /// Stops to take before the next look, and how many those were the last time.
    unlooked: u32,
    pause: u32,
}

impl Turns {
    /// `counted`: `spent_ns` is wanted.
    pub fn new(counted: bool) -> Turns {
        Turns { counted, ..Turns::default() }
    }

    /// The CPU time that the process whose status was given last had spent in the kernel when that was reported.
    pub fn spent_ns(&self) -> Option<u64> {
        self.spent_ns
    }

    /// The next status. Blocks. `may_look` is asked before a look.
    pub fn next(&mut self, may_look: impl FnOnce() -> bool) -> io::Result<(i32, i32)> {
        if let Some(first) = self.queue.pop_front() {
            return Ok(self.give(first));
        }
        let status = match self.counted {
            false => sys::wait_any()?,
            true => {
                let (tid, raw, spent_ns) = sys::wait_any_counted()?;
                self.give(Waiting { tid, raw, spent_ns: Some(spent_ns) })
            }
        };
        if self.unlooked > 0 {
            self.unlooked -= 1;
            return Ok(status);
        }
        if !may_look() {
            return Ok(status);
        }
        // Nothing is resumed meanwhile, so this ends when every task was reported. An error comes again from `wait_any`.
        while let Ok(Some(other)) = self.report_now() {
            self.queue.push_back(other);
        }
        self.pause = if self.queue.is_empty() { (2 * self.pause + 1).min(MOST_UNLOOKED) } else { 0 };
        self.unlooked = self.pause;
        Ok(status)
    }

    /// As `next`, but None at once when there is no status.
    pub fn next_now(&mut self) -> io::Result<Option<(i32, i32)>> {
        let first = match self.queue.pop_front() {
            Some(first) => Some(first),
            None => self.report_now()?,
        };
        Ok(first.map(|first| self.give(first)))
    }

    fn report_now(&self) -> io::Result<Option<Waiting>> {
        Ok(match self.counted {
            false => sys::wait_any_now()?.map(|(tid, raw)| Waiting { tid, raw, spent_ns: None }),
            true => {
                sys::wait_any_counted_now()?.map(|(tid, raw, spent_ns)| Waiting { tid, raw, spent_ns: Some(spent_ns) })
            }
        })
    }

    fn give(&mut self, status: Waiting) -> (i32, i32) {
        self.spent_ns = status.spent_ns;
        (status.tid, status.raw)
    }

    /// Keeps a status that was taken out of turn, behind all others. Nobody asked for its CPU time then: that of the last
    /// status stands in, which is its own process's nearly always.
    pub fn keep(&mut self, tid: i32, raw: i32) {
        self.queue.push_back(Waiting { tid, raw, spent_ns: self.spent_ns });
    }

    /// Whether a status of this task stands in the queue: until it is taken the task stands still.
    pub fn holds(&self, tid: i32) -> bool {
        self.queue.iter().any(|waiting| waiting.tid == tid)
    }

    /// What the status of a task that stands in the queue is.
    pub fn stop_of(&self, tid: i32) -> Option<Stop> {
        let waiting = self.queue.iter().find(|waiting| waiting.tid == tid)?;
        match Status::decode(tid, waiting.raw) {
            Status::Stopped(_, stop) => Some(stop),
            Status::Exited(_) | Status::Killed { .. } => None,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// The status of the first of these tasks that stands in the queue.
    pub fn take(&mut self, is_meant: impl Fn(i32) -> bool) -> Option<(i32, i32)> {
        let at = self.queue.iter().position(|waiting| is_meant(waiting.tid))?;
        let waiting = self.queue.remove(at)?;
        Some((waiting.tid, waiting.raw))
    }
}

impl Engine {
    pub fn next_status(&mut self) -> io::Result<(i32, i32)> {
        let (tasks, filtered) = (&self.tasks, self.filters());
        // A thread that calls execve takes its leader's number over, and a stop of the leader that waits in the queue would be
        // taken for one of its own. Of programs under a filter of ours the execve is not seen; they stop seldom.
        let may_look = || !filtered && tasks.len() > 1 && !tasks.iter().any(|task| tasks.executes_in_company(task));
        self.turns.next(may_look)
    }

    /// Before a thread goes on into an execve: what its siblings said is dealt with while they are who they are. False if
    /// the thread itself is no longer who it was, because one of them was quicker.
    pub fn hear_siblings(&mut self, tid: i32, now: u64) -> io::Result<bool> {
        let Some(tgid) = self.tasks.get(tid).filter(|task| task.executes.is_some()).map(|task| task.tgid) else {
            return Ok(true);
        };
        let mut alone = true;
        loop {
            let tasks = &self.tasks;
            let is_sibling = |other: i32| other != tid && tasks.get(other).is_some_and(|task| task.tgid == tgid);
            let Some((other, raw)) = self.turns.take(is_sibling) else { break };
            self.dispatch(other, raw, now)?;
            alone = false;
        }
        Ok(alone || matches!(SyscallInfo::of(tid), Ok(SyscallInfo { op: Op::Entry { .. } | Op::Exit { .. }, .. })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_comes_first_and_gives_out_of_turn_what_is_asked_for() {
        let mut turns = Turns::default();
        turns.queue.extend([(1, 10), (2, 20), (3, 30)].map(|(tid, raw)| Waiting { tid, raw, spent_ns: Some(5) }));
        assert_eq!(turns.take(|tid| tid > 1), Some((2, 20)));
        assert_eq!(turns.take(|tid| tid == 2), None);
        assert_eq!(turns.next(|| panic!("there is no need to look")).expect("a status"), (1, 10));
        assert_eq!(turns.spent_ns(), Some(5));
        assert_eq!(turns.next_now().expect("a status"), Some((3, 30)));
        assert!(turns.is_empty());
    }
}
