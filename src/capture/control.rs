//! What the user decides while the program runs: hold, step, catch; and the waiting of tasks in a stop.
//!
//! A task that is to wait is simply not resumed. A task that computes is stopped for it; one that is in a call is not,
//! because an interrupted call can fail with an EINTR that the program would never see untraced: it waits when its call
//! is over. Left out: what is changed about a call (`tamper`).

use std::io;
use std::time::Duration;

use super::sys;
use super::tasks::Kept;
use super::tracee::{Stopped, tolerate_gone};
use super::worker::Engine;
use crate::model::{Enter, Exit, Memory, TaskId};
use crate::source::{At, Catchpoint, Change, Command, Held, Message, Moment, Why};

/// A task that waits.
#[derive(Debug)]
pub struct Parked {
    stopped: Stopped,
    /// Delivered when it goes on, unless 0.
    signal: i32,
    at: At,
    /// It waits so long once the user lets it go.
    delay: Option<Duration>,
    until: Until,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// The user lets it go.
    Told,
    /// This time.
    Ns(u64),
}

/// What a call's entry or exit asks for before the task goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pause {
    /// Where the call stands; None if nothing happened that the user sees.
    pub at: Option<At>,
    pub caught: Option<u32>,
    pub delay: Option<Duration>,
    /// A signal to send along.
    pub signal: i32,
}

impl Engine {
    pub fn command(&mut self, command: Command, now: u64) -> io::Result<()> {
        match command {
            Command::Hold => self.hold(None),
            Command::Resume => self.resume_all(now),
            Command::Step(task) => self.step(task, now),
            Command::Answer(task, change) => self.answer(task, change),
            Command::Catch(list) => self.catch(list),
            Command::Tamper(list) => self.tamper(list),
            Command::Attach(pids) => self.attach_more(&pids, now),
            Command::Vdso(mode) => self.switch_vdso(mode, now),
            // These do not come this way.
            Command::Kill | Command::Detach | Command::Input(_) | Command::Resize { .. } => Ok(()),
        }
    }

    /// Holds every task but this one.
    fn hold(&mut self, but: Option<TaskId>) -> io::Result<()> {
        self.holding = true;
        for tid in self.tasks.tids() {
            let Some(task) = self.tasks.get_mut(tid) else { continue };
            if Some(task.id) == but {
                continue;
            }
            match &mut task.parked {
                Some(parked) => {
                    if let Until::Ns(_) = parked.until {
                        parked.until = Until::Told;
                        let held = Held { task: task.id, at: parked.at, why: Why::Asked };
                        self.out.message(Message::Held(held));
                    }
                }
                None if task.open.is_none() && !task.listening && !task.interrupted => {
                    task.interrupted = true;
                    tolerate_gone(sys::interrupt(tid))?;
                }
                None => {}
            }
        }
        Ok(())
    }

    fn resume_all(&mut self, now: u64) -> io::Result<()> {
        self.holding = false;
        for tid in self.tasks.tids() {
            if let Some(task) = self.tasks.get_mut(tid) {
                task.step = false;
            }
            self.release(tid, now)?;
        }
        Ok(())
    }

    fn step(&mut self, id: TaskId, now: u64) -> io::Result<()> {
        if self.tracing.step_all && !self.holding {
            self.hold(Some(id))?;
        }
        let Some(tid) = self.tasks.by_id(id).map(|task| task.tid) else { return Ok(()) };
        if let Some(task) = self.tasks.get_mut(tid) {
            task.step = true;
        }
        self.release(tid, now)
    }

    fn catch(&mut self, list: Vec<Catchpoint>) -> io::Result<()> {
        self.hits.retain(|id, _| list.iter().any(|point| point.id == *id));
        self.tracing.catch = list;
        Ok(())
    }

    /// Lets a task go that waits for the user.
    fn release(&mut self, tid: i32, now: u64) -> io::Result<()> {
        let Some(task) = self.tasks.get_mut(tid) else { return Ok(()) };
        let Some(parked) = task.parked.take_if(|parked| parked.until == Until::Told) else { return Ok(()) };
        self.out.message(Message::Released(task.id));
        let Parked { stopped, signal, at, delay, .. } = parked;
        match delay {
            Some(delay) => {
                self.wait_until(stopped, signal, at, delay, now);
                Ok(())
            }
            None => self.go_on(stopped, signal),
        }
    }

    /// The end of every stop: the task goes on, unless somebody wants it to wait.
    pub fn conclude(&mut self, stopped: Stopped, signal: i32, pause: Pause, now: u64) -> io::Result<()> {
        let tid = stopped.tid();
        let signal = if signal == 0 { pause.signal } else { signal };
        match self.why_hold(tid, pause) {
            Some(why) => {
                let at = pause.at.unwrap_or(At::Between);
                if let Some(task) = self.tasks.get_mut(tid) {
                    task.step = false;
                    let held = Held { task: task.id, at, why };
                    task.parked = Some(Parked { stopped, signal, at, delay: pause.delay, until: Until::Told });
                    self.out.message(Message::Held(held));
                }
                Ok(())
            }
            None => match pause.delay {
                Some(delay) => {
                    self.wait_until(stopped, signal, pause.at.unwrap_or(At::Between), delay, now);
                    Ok(())
                }
                None => self.go_on(stopped, signal),
            },
        }
    }

    fn why_hold(&mut self, tid: i32, pause: Pause) -> Option<Why> {
        if self.killing {
            return None;
        }
        if let Some(id) = pause.caught {
            let hits = self.hits.entry(id).or_default();
            *hits += 1;
            return Some(Why::Caught { id, hits: *hits });
        }
        let task = self.tasks.get(tid)?;
        match (task.step, pause.at) {
            (true, Some(_)) => Some(Why::Stepped),
            (true, None) => None,
            // A call that nobody asked for is nothing to stop at, but the task may be one to be held.
            (false, _) if self.holding => Some(Why::Asked),
            (false, _) => None,
        }
    }

    fn wait_until(&mut self, stopped: Stopped, signal: i32, at: At, delay: Duration, now: u64) {
        let until = Until::Ns(now.saturating_add(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX)));
        if let Some(task) = self.tasks.get_mut(stopped.tid()) {
            task.parked = Some(Parked { stopped, signal, at, delay: None, until });
            self.out.arm_within(delay);
        }
    }

    /// Lets tasks go whose time has come.
    pub fn release_due(&mut self, now: u64) -> io::Result<()> {
        for tid in self.tasks.tids() {
            let due = |parked: &mut Parked| matches!(parked.until, Until::Ns(at) if at <= now);
            if let Some(parked) = self.tasks.get_mut(tid).and_then(|task| task.parked.take_if(due)) {
                self.go_on(parked.stopped, parked.signal)?;
            }
        }
        Ok(())
    }

    /// How long until the next task's time comes.
    pub fn next_due(&self, now: u64) -> Option<Duration> {
        let times = self.tasks.iter().filter_map(|task| match task.parked.as_ref()?.until {
            Until::Ns(at) => Some(at),
            Until::Told => None,
        });
        times.min().map(|at| Duration::from_nanos(at.saturating_sub(now)))
    }

    /// Takes a task out of its waiting, for detaching: its stop, and the signal that it was to get. A call that was
    /// changed at its entry is put back.
    pub fn unpark(&mut self, tid: i32) -> Option<(Stopped, i32)> {
        let task = self.tasks.get_mut(tid)?;
        let Parked { stopped, signal, at, .. } = task.parked.take()?;
        if at == At::Entry
            && let Some(open) = &mut task.open
            && open.change.take().is_some()
        {
            open.marks = open.marks.of_place();
            // An error means that the task is gone.
            let _ = sys::set_call_number(tid, open.nr);
        }
        Some((stopped, signal))
    }

    /// The change of one call at whose entry the task is held.
    fn answer(&mut self, id: TaskId, change: Change) -> io::Result<()> {
        let Some(tid) = self.tasks.by_id(id).map(|task| task.tid) else { return Ok(()) };
        let at_entry = |parked: &Parked| parked.until == Until::Told && parked.at == At::Entry;
        if self.tasks.get(tid).and_then(|task| task.parked.as_ref()).is_some_and(at_entry) {
            self.change_entry(tid, change);
            if let Some(parked) = self.tasks.get_mut(tid).and_then(|task| task.parked.as_mut()) {
                parked.delay = change.delay_enter;
                parked.signal = change.signal.unwrap_or(0);
            }
        }
        Ok(())
    }

    /// The first catchpoint that a call fits. `exit` comes with the time of the entry.
    pub fn caught(
        &self,
        tid: i32,
        now: u64,
        enter: &Enter,
        entry_memory: Memory<'_>,
        exit: Option<(&Exit, u64)>,
    ) -> Option<u32> {
        let task = self.tasks.get(tid)?;
        let moment = Moment {
            task: task.id,
            tid,
            tgid: task.tgid,
            comm: &task.comm,
            ancestors: &task.ancestors,
            t_ns: exit.map_or(now, |(_, t_ns)| t_ns),
            enter,
            exit: exit.map(|(exit, _)| (exit, now)),
            entry_memory,
            exit_memory: exit.map(|(exit, _)| self.out.batch.memory(&exit.regions)).unwrap_or_default(),
        };
        let mut points = self.tracing.catch.iter().filter(|point| point.at_exit == exit.is_some());
        points.find(|point| (point.test.0)(&moment)).map(|point| point.id)
    }

    /// Whether an entry must be kept for questions at its exit.
    pub fn asks_at_exit(&self) -> bool {
        self.tracing.catch.iter().any(|point| point.at_exit)
    }

    /// Keeps the entry of a call for questions at its exit.
    pub fn keep(&mut self, tid: i32, t_ns: u64, enter: &Enter) {
        let batch = &self.out.batch;
        let mut kept =
            Kept { t_ns, enter: enter.clone(), regions: batch.regions_of(&enter.regions).to_vec(), bytes: Vec::new() };
        for region in &mut kept.regions {
            let bytes = batch.region_bytes(region);
            region.start = kept.bytes.len() as u32;
            kept.bytes.extend_from_slice(bytes);
        }
        if let Some(task) = self.tasks.get_mut(tid) {
            task.kept = Some(kept);
        }
    }
}
