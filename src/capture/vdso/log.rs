//! The log of what vDSOs answer while they are shown: read from the programs' memory, and told as rows.
//!
//! There is one log for an address space. It is read at the stops of its tasks, at a timer for those that make none, and
//! for the last time when a task ends or executes. Within a task its records are in the order of their numbers, between
//! tasks in that of the time-stamp counter; against the task's calls they are exact, because all that it noted is read before
//! its next call is told. Counts are exact; where the ring was written faster than it was read, or more is in it than a view could hold, rows are left out
//! evenly, and how many is told. Left out: the tasks' last steps if the kernel gives no stop at their end, as at some
//! SIGKILLs.

use std::sync::Arc;

use super::super::sys;
use super::super::worker::Engine;
use super::counter::Counter;
use super::ring::{Rings, order};
use super::site::Site;
use crate::abi::Arch;
use crate::model::{Enter, EventKind, Exit, Marks, Outcome, Region, Warning};
use crate::vdso::Record;

/// How often logs are read whose tasks make no stop.
pub const READ_NS: u64 = 4_000_000;
/// Rows left out are told this often.
const TELL_NS: u64 = 100_000_000;
/// Rows a second that are made of answers, and how many of these can be saved up: a program that was kept from its CPU
/// catches up with what it has to do.
const MOST_ROWS: u64 = 1_200_000;
const MOST_SAVED: u64 = MOST_ROWS / 4;

/// What is read of the log of one address space.
#[derive(Debug)]
pub struct Log {
    pub site: Arc<Site>,
    /// The processes that have it.
    pub tgids: Vec<i32>,
    rings: Rings,
    read_ns: u64,
    /// Rows that may be made.
    saved: u64,
    told_ns: u64,
    /// Nobody comes to the wrappers any more, since this time; who was in one may still be.
    closing_ns: Option<u64>,
}

/// After this long nobody is in a wrapper any more.
const CLOSING_NS: u64 = 1_000_000_000;

/// When rows that are left out are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Now,
    Later,
}

/// What a function of the vDSO returned: an error as the kernel's calls tell it.
pub(super) fn outcome(result: i64) -> Outcome {
    match result {
        -4095..0 => Outcome::Failed(result.unsigned_abs() as u16),
        _ => Outcome::Returned(result),
    }
}

impl Engine {
    fn log_of(&self, tgid: i32) -> Option<usize> {
        self.switch.logs.iter().position(|log| log.tgids.contains(&tgid))
    }

    /// Has the processes of an address space share a log from now on.
    pub(super) fn begin_log(&mut self, site: &Arc<Site>, sharers: &[i32], by: i32, now: u64) {
        if let Some(at) = sharers.iter().find_map(|&tgid| self.log_of(tgid)) {
            let log = &mut self.switch.logs[at];
            let more: Vec<i32> = sharers.iter().filter(|tgid| !log.tgids.contains(tgid)).copied().collect();
            log.tgids.extend(more);
            log.closing_ns = None;
        } else if let Some(logger) = site.logger() {
            let (site, tgids) = (Arc::clone(site), sharers.to_vec());
            let rings = Rings::new(logger, by);
            self.switch.logs.push(Log {
                site,
                tgids,
                rings,
                read_ns: now,
                saved: MOST_SAVED,
                told_ns: now,
                closing_ns: None,
            });
        }
        let clock = self.clock;
        if self.switch.counter.is_none() {
            // Shown from the start: `switch_vdso` has not told how far times may be off.
            let counter = Counter::new(clock);
            self.switch.counter = Some(counter);
            self.tell_mode(self.switch.mode, counter.error_ns, now);
        }
        self.switch.read_at_ns = self.switch.read_at_ns.min(now + READ_NS);
    }

    /// The wrappers are not jumped to any more; all tasks that could be about to stand still. `here` stopped at `now`, and
    /// that stop is not told yet; the others went on until just now.
    pub(super) fn close_log(&mut self, tgids: &[i32], here: Option<i32>, now: u64) {
        let Some(at) = tgids.iter().find_map(|&tgid| self.log_of(tgid)) else { return };
        if let Some(here) = here {
            self.read_log(at, here, Told::Now, now);
        }
        let other = self.tasks.iter().find(|task| Some(task.tid) != here && tgids.contains(&task.tgid));
        if let Some(other) = other.map(|task| task.tid) {
            self.read_log(at, other, Told::Now, self.clock.now_ns());
        }
        self.switch.logs[at].closing_ns = Some(now);
    }

    /// A process has another address space now, or is gone.
    pub(super) fn leave_log(&mut self, tgid: i32) {
        for log in &mut self.switch.logs {
            log.tgids.retain(|&other| other != tgid);
        }
        self.switch.logs.retain(|log| !log.tgids.is_empty());
    }

    /// Reads the log of the task `tid`, which is at a stop. `last`: it does not come back to its code.
    pub(super) fn read_log_at(&mut self, tid: i32, last: bool, now: u64) {
        let Some(task) = self.tasks.get_mut(tid) else { return };
        let tgid = task.tgid;
        // A new thread, or one that is about to set it: arch_prctl(2), ARCH_SET_FS.
        let sets = task.open.is_some_and(|open| open.call.is_some_and(|call| call.name == "arch_prctl"));
        if task.thread_pointer.is_none() || sets {
            self.learn_thread_pointer(tid);
        }
        if let Some(at) = self.log_of(tgid) {
            self.read_log(at, tid, if last { Told::Now } else { Told::Later }, now);
            if last {
                self.leave_ring(at, tid, now);
            }
        }
        if let Some(task) = self.tasks.get_mut(tid) {
            task.told_ns = task.told_ns.max(now);
        }
    }

    /// A task ends, and its log was read for the last time.
    fn leave_ring(&mut self, at: usize, tid: i32, now: u64) {
        let Some(pointer) = self.tasks.get(tid).and_then(|task| task.thread_pointer) else { return };
        let tgids = &self.switch.logs[at].tgids;
        let is_shared = |engine: &Engine| {
            engine
                .tasks
                .iter()
                .any(|task| task.tid != tid && task.thread_pointer == Some(pointer) && tgids.contains(&task.tgid))
        };
        if pointer != 0 && !is_shared(self) {
            let log = &mut self.switch.logs[at];
            log.rings.finish(Some(pointer));
            if let Some(logger) = log.site.logger() {
                log.rings.free(logger, tid, pointer);
            }
            self.tell_missed(at, tid, Told::Now, now);
        }
    }

    pub(super) fn learn_thread_pointer(&mut self, tid: i32) {
        if let Some(task) = self.tasks.get_mut(tid) {
            task.thread_pointer = sys::thread_pointer(tid).ok();
        }
    }

    /// Reads those logs whose time has come.
    pub fn read_logs(&mut self, now: u64) {
        self.switch.read_at_ns = u64::MAX;
        for at in 0..self.switch.logs.len() {
            let log = &self.switch.logs[at];
            let due = log.read_ns + READ_NS / 2 <= now;
            let by = self.tasks.iter().find(|task| log.tgids.contains(&task.tgid)).map(|task| task.tid);
            if let Some(by) = by.filter(|_| due) {
                self.read_log(at, by, Told::Later, now);
            }
        }
        // As long as nothing is shown, and nobody can be on the way out of a wrapper, nothing is read.
        let tasks = &self.tasks;
        self.switch.logs.retain(|log| tasks.iter().any(|task| log.tgids.contains(&task.tgid)));
        self.switch.logs.retain(|log| log.closing_ns.is_none_or(|since| now < since + CLOSING_NS));
        if let Some(counter) = &mut self.switch.counter {
            counter.refresh(self.clock);
        }
        if !self.switch.logs.is_empty() {
            self.switch.read_at_ns = now + READ_NS;
        }
    }

    pub fn logs_are_due(&self, now: u64) -> bool {
        now >= self.switch.read_at_ns
    }

    /// How long until a log is to be read.
    pub fn next_log(&self, now: u64) -> Option<std::time::Duration> {
        let at = self.switch.read_at_ns;
        (at != u64::MAX).then(|| std::time::Duration::from_nanos(at.saturating_sub(now)))
    }

    fn read_log(&mut self, at: usize, by: i32, told: Told, now: u64) {
        let mut records = std::mem::take(&mut self.switch.records);
        let log = &mut self.switch.logs[at];
        // Since `now` something else may have taken its time.
        let read_ns = self.clock.now_ns();
        let since_ns = read_ns.saturating_sub(log.read_ns).min(1_000_000_000);
        log.read_ns = read_ns;
        log.saved = (log.saved + (MOST_ROWS * since_ns).div_ceil(1_000_000_000)).min(MOST_SAVED);
        if let Some(logger) = log.site.logger() {
            log.rings.take(logger, by, &mut records);
        }
        if !records.is_empty() {
            // A time of the counter's means most close to a mark.
            if let Some(counter) = &mut self.switch.counter {
                counter.refresh(self.clock);
            }
            order(&mut records);
            let step = records.len().div_ceil(self.switch.logs[at].saved.max(1) as usize);
            let made = records.len().div_ceil(step) as u64;
            self.switch.logs[at].saved = self.switch.logs[at].saved.saturating_sub(made);
            for (index, record) in records.iter().enumerate() {
                if index % step != 0 || !self.tell_answer(at, record, by, now) {
                    self.switch.logs[at].rings.missed[record.function] += 1;
                }
            }
        }
        records.clear();
        self.switch.records = records;
        self.tell_missed(at, by, told, now);
    }

    fn tell_missed(&mut self, at: usize, by: i32, told: Told, now: u64) {
        let log = &mut self.switch.logs[at];
        let Some(task) = self.tasks.get_mut(by) else { return };
        if told == Told::Later && now < log.told_ns + TELL_NS {
            return;
        }
        // Something may have been told of it since `now` was read.
        task.told_ns = task.told_ns.max(now);
        let (id, now) = (task.id, task.told_ns);
        let alone = told == Told::Now && self.tasks.iter().filter(|task| log.tgids.contains(&task.tgid)).count() == 1;
        if alone {
            log.rings.finish(None);
        }
        let site = Arc::clone(&log.site);
        let Some(logger) = site.logger() else { return };
        for (missed, function) in log.rings.missed.iter_mut().zip(&logger.functions) {
            let count = std::mem::take(missed);
            let hidden = self.wanted.as_ref().is_some_and(|wanted| !wanted.holds(Arch::X86_64, function.nr));
            if count > 0 && !hidden {
                log.told_ns = now;
                self.out.event(id, now, EventKind::Warning(Warning::VdsoUnlogged { nr: function.nr, count }));
            }
        }
    }

    /// Makes a row of a record; false if there is no task to put it to.
    fn tell_answer(&mut self, at: usize, record: &Record, by: i32, now: u64) -> bool {
        let Some(tid) = self.whose(at, record.thread, by) else { return false };
        let log = &self.switch.logs[at];
        let Some(nr) = log.site.logger().map(|logger| logger.functions[record.function].nr) else { return false };
        if self.is_hidden(Arch::X86_64, nr) {
            return true;
        }
        let Some(counter) = self.switch.counter else { return false };
        // It lives on, so an exit that waits for that is one.
        self.release_held(tid);
        let Some(task) = self.tasks.get_mut(tid) else { return false };
        // What it could not answer has a row already: that of the call that it made.
        let asked_ns = counter.ns(record.began);
        if task.fell_back.take_if(|(of, at_ns)| *of == nr && asked_ns <= *at_ns).is_some() {
            return true;
        }
        // Between what was told of the task before and what comes next, whatever the counter says.
        // The counter's time is off by a little: an answer is never told as later than what is told next.
        let latest_ns = now.max(task.told_ns);
        let ended = record.began.wrapping_add(u64::from(record.cycles));
        let began_ns = asked_ns.clamp(task.told_ns, latest_ns);
        let ended_ns = counter.ns(ended).clamp(began_ns, latest_ns);
        task.told_ns = ended_ns;
        let id = task.id;
        let batch = &mut self.out.batch;
        let first = batch.regions.len() as u32;
        for (addr, bytes, len) in record.outputs {
            if len > 0 {
                let start = batch.bytes.len() as u32;
                batch.bytes.extend_from_slice(&bytes[..len]);
                batch.regions.push(Region { addr, true_len: len as u64, start, len: len as u32, fault: false });
            }
        }
        let regions = first..batch.regions.len() as u32;
        let args = record.args;
        let enter = Enter { arch: Arch::X86_64, nr, args, ip: record.caller, sp: 0, regions: first..first };
        let outcome = outcome(record.result);
        self.out.event(id, began_ns, EventKind::Enter(enter));
        let mut marks = Marks::VDSO;
        if record.cycles == 0 {
            marks.add(Marks::UNTIMED);
        }
        self.out.event(id, ended_ns, EventKind::Exit(Exit { outcome, marks, regions }));
        self.out.seal_if_full();
        true
    }

    /// The task with this thread pointer: one that can have been in its own code. A vfork(2) child has its parent's.
    fn whose(&mut self, at: usize, thread: u64, by: i32) -> Option<i32> {
        let find = |engine: &Engine| {
            let log = &engine.switch.logs[at];
            let fits = |tid: i32| {
                engine.tasks.get(tid).is_some_and(|task| {
                    task.thread_pointer == Some(thread) && !task.is_inside() && log.tgids.contains(&task.tgid)
                })
            };
            if fits(by) {
                return Some(by);
            }
            engine.tasks.iter().map(|task| task.tid).find(|&tid| fits(tid))
        };
        if let Some(tid) = find(self) {
            return Some(tid);
        }
        // It may have been set without a call (wrfsbase).
        self.learn_thread_pointer(by);
        find(self).or_else(|| {
            let log = &self.switch.logs[at];
            let mut all = self.tasks.iter().filter(|task| log.tgids.contains(&task.tgid));
            let only = all.next().map(|task| task.tid)?;
            let inside = self.tasks.get(only).is_some_and(super::super::tasks::Task::is_inside);
            (all.next().is_none() && !inside).then_some(only)
        })
    }
}
