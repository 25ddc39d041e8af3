//! Co-location: tracer and tasks on one CPU while stops come often, so that no stop waits for a sleeping CPU to wake.
//!
//! On a virtual machine that wait is most of what tracing costs. Moving the tracer alone never helps: the scheduler wakes
//! the task elsewhere. So both are confined, a process at a time, as `judge` decides from what it did in the last few
//! milliseconds. Only tasks and the worker's thread are moved, never the view's. The program does not notice (`visible`).
//! Where masks cannot be changed the session goes on without; tasks that were attached to are left alone unless the user
//! says otherwise, because they would stay confined if sysview were killed.

mod judge;
mod moves;
mod visible;

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;

use nix::time::ClockId;

use super::affinity::{Mask, current_cpu};
use super::calibrate;
use super::options::CoLocate;
use super::sys;
use super::worker::Engine;
use crate::source::Floor;
use judge::{Judge, Process, Window};
pub use visible::MATTERS;
use visible::Watched;

/// The usual length of a window.
const WINDOW_NS: u64 = 10_000_000;
/// A window that is likely to end in a change back.
const SHORT_WINDOW_NS: u64 = 4_000_000;
/// While nothing is confined, a burst of so many stops ends the window early.
const BURST: u64 = 32;

pub struct Colocation {
    wish: CoLocate,
    /// Whether it can be done here at all.
    possible: bool,
    /// The CPU, and the mask that holds nothing else.
    cpu: usize,
    narrow: Mask,
    /// The mask of the worker while it is free.
    own: Mask,
    /// What no mask is larger than; a task that has it is restored to have no mask of its own.
    widest: Mask,
    worker_confined: bool,
    judge: Judge,
    places: HashMap<i32, Place>,
    watched: Watched,
    /// Stops in the window so far, and when the window ends.
    stops: u64,
    until_stops: u64,
    until_ns: u64,
    began_ns: u64,
    tracer_ns: u64,
    waited_ns: u64,
    ended_ns: u64,
    /// Opened when the question comes up: a process that was looked at in /proc takes longer to end.
    schedstat: Option<File>,
    /// Of a look, kept for their memory.
    tgids: Vec<i32>,
    processes: Vec<Process>,
}

/// Where a process is.
#[derive(Debug, Default)]
struct Place {
    process: Process,
    /// Its CPU time at the beginning of the window.
    cpu_ns: u64,
    /// It is never confined: it asked for something that goes badly with it.
    hands_off: bool,
    seen: bool,
}

impl Colocation {
    /// To be made by the worker's thread, which is confined at once if tasks will be: whatever it forks is then too.
    pub fn new(wish: CoLocate) -> Colocation {
        let own = Mask::of(0);
        let possible = wish != CoLocate::Off
            && own.is_some_and(|own| own.len() > 1)
            // One of two real-time tasks on a CPU could keep the tracer from it for ever. sched(7).
            && !sys::is_real_time();
        let own = own.unwrap_or(Mask::every());
        let mut colocation = Colocation {
            wish,
            possible,
            cpu: 0,
            narrow: Mask::single(0),
            own,
            widest: if possible { Mask::widest().unwrap_or(own) } else { own },
            worker_confined: false,
            judge: Judge::new(None),
            places: HashMap::new(),
            watched: if possible { Watched::new() } else { Watched::nothing() },
            stops: 0,
            until_stops: u64::MAX,
            until_ns: u64::MAX,
            began_ns: 0,
            tracer_ns: 0,
            waited_ns: 0,
            ended_ns: 0,
            schedstat: None,
            tgids: Vec::new(),
            processes: Vec::new(),
        };
        if possible {
            colocation.choose_cpu(0);
            colocation.worker_confined = colocation.narrow.set(0);
        }
        colocation
    }

    /// Measures what a stop costs here.
    pub fn measure(&mut self) -> Option<Floor> {
        let floor = calibrate::floor(&self.own).ok();
        self.judge.saved_ns = floor.map(saved_ns);
        floor
    }

    /// Gives a child of ours its own mask back; it is not to be confined.
    pub fn spare(&self, pid: i32) {
        if self.worker_confined {
            self.restored(self.own).set(pid);
        }
    }

    /// Does something that starts threads, which are not to inherit where the worker runs.
    pub fn apart<T>(&self, work: impl FnOnce() -> T) -> T {
        if !self.worker_confined {
            return work();
        }
        self.restored(self.own).set(0);
        let done = work();
        self.narrow.set(0);
        done
    }

    /// Counts a stop; whether it is time for `Engine::look_at_places`.
    pub fn is_due(&mut self, now_ns: u64) -> bool {
        self.stops += 1;
        now_ns >= self.until_ns || self.stops >= self.until_stops
    }

    /// Whether somebody must look although no stop comes.
    pub fn must_tick(&self) -> bool {
        self.worker_confined && self.wish == CoLocate::Auto
    }

    /// Begins a window.
    fn begin(&mut self, now_ns: u64) {
        let length_ns = if self.judge.is_trying() { SHORT_WINDOW_NS } else { WINDOW_NS };
        // With many processes a look takes longer.
        self.until_ns = now_ns + length_ns.max(20_000 * self.places.len() as u64);
        self.until_stops = u64::MAX;
        self.began_ns = now_ns;
        self.stops = 0;
        self.ended_ns = 0;
        self.tracer_ns = cpu_time_ns(ClockId::CLOCK_THREAD_CPUTIME_ID);
        self.waited_ns = self.waited_so_far_ns();
    }

    /// How long this thread was ready to run and did not, so far; 0 if the kernel does not count it.
    fn waited_so_far_ns(&self) -> u64 {
        let mut text = [0; 64];
        let Some(len) = self.schedstat.as_ref().and_then(|file| file.read_at(&mut text, 0).ok()) else { return 0 };
        let text = std::str::from_utf8(&text[..len]).unwrap_or_default();
        text.split_whitespace().nth(1).and_then(|ns| ns.parse().ok()).unwrap_or(0)
    }

    /// Where the worker runs now: the scheduler put it there, so it is a good place. Unless the task may not go there.
    fn choose_cpu(&mut self, tid: i32) {
        let Some(here) = current_cpu() else { return };
        let allowed = Mask::of(tid).unwrap_or(self.own);
        let cpu = if allowed.has(here) { Some(here) } else { self.own.first_in(&allowed) };
        self.cpu = cpu.unwrap_or(here);
        self.narrow = Mask::single(self.cpu);
    }

    /// The worker follows the tasks.
    fn place_worker(&mut self) {
        let wanted = self.places.values().any(|place| place.process.confined);
        if wanted != self.worker_confined {
            let mask = if wanted { self.narrow } else { self.restored(self.own) };
            self.worker_confined = mask.set(0) && wanted;
        }
    }

    /// What a task must be set to in order to have this mask and, if that is no restriction, none of its own.
    fn restored(&self, own: Mask) -> Mask {
        if own == self.widest { Mask::every() } else { own }
    }
}

impl Engine {
    /// The program's first task, which has inherited where the worker runs: programs begin with many calls.
    pub fn begin_colocation(&mut self) {
        if !self.colocation.possible {
            return;
        }
        let (root, own) = (self.root, self.colocation.own);
        let confined = Mask::of(root) == Some(self.colocation.narrow);
        if let Some(task) = self.tasks.get_mut(root) {
            task.own_mask = confined.then_some(own);
        }
        let process = Process { confined, ..Process::default() };
        let place = Place { process, cpu_ns: process_time_ns(root), hands_off: !confined, seen: false };
        self.colocation.places.insert(root, place);
        if self.filters() && self.colocation.wish == CoLocate::Auto {
            // Where few calls stop the beginning is not dense.
            self.move_process(root, false);
        }
    }

    /// The loop begins.
    pub fn join_colocation(&mut self) {
        if self.colocation.possible {
            let now_ns = self.clock.now_ns();
            self.colocation.place_worker();
            self.colocation.begin(now_ns);
            self.colocation.until_stops = BURST;
        }
    }

    /// Ends a window: counts, judges, moves.
    pub fn look_at_places(&mut self, now_ns: u64) {
        if self.colocation.wish != CoLocate::Auto || !self.colocation.possible || now_ns < self.colocation.began_ns {
            return;
        }
        if self.is_mask_in_flight() {
            // At the next stop, then.
            return;
        }
        self.count_processes();
        let here = &mut self.colocation;
        let mut window = Window {
            wall_ns: now_ns - here.began_ns,
            tracer_ns: cpu_time_ns(ClockId::CLOCK_THREAD_CPUTIME_ID).saturating_sub(here.tracer_ns),
            waited_ns: 0,
            ended_ns: here.ended_ns,
            cpus: here.own.len(),
        };
        if judge::seems_crowded(&window, &here.processes) {
            if here.schedstat.is_none() {
                // Known from the next window on.
                here.schedstat = File::open("/proc/thread-self/schedstat").ok();
            } else {
                window.waited_ns = here.waited_so_far_ns().saturating_sub(here.waited_ns);
            }
        }
        if here.judge.needs_saving(&window, &here.processes) {
            // Once a session, and everybody waits for it: two or three milliseconds.
            here.judge.saved_ns = Some(calibrate::floor(&here.own).map_or(0, saved_ns));
        }
        here.judge.judge(now_ns, &window, &mut here.processes);
        self.move_processes();
        let now_ns = self.clock.now_ns();
        let here = &mut self.colocation;
        here.place_worker();
        here.begin(now_ns);
        if !here.worker_confined && window.wall_ns > WINDOW_NS / 2 {
            // Nothing happened to speak of: if much does now, that should be noticed at once.
            here.until_stops = BURST;
        }
    }

    /// Fills `tgids` and `processes`.
    fn count_processes(&mut self) {
        let here = &mut self.colocation;
        here.tgids.clear();
        here.processes.clear();
        for task in self.tasks.iter_mut() {
            if let Some(place) = here.places.get_mut(&task.tgid) {
                place.process.stops += u64::from(task.stops);
                place.process.active += usize::from(task.stops > 0);
                place.seen = true;
            }
            task.stops = 0;
        }
        here.places.retain(|&tgid, place| {
            if std::mem::take(&mut place.seen) {
                let cpu_ns = process_time_ns(tgid).max(place.cpu_ns);
                place.process.cpu_ns = cpu_ns - place.cpu_ns;
                place.cpu_ns = cpu_ns;
                here.tgids.push(tgid);
                here.processes.push(place.process);
                (place.process.stops, place.process.active) = (0, 0);
                true
            } else {
                false
            }
        });
    }

    fn move_processes(&mut self) {
        let mut confined = self.colocation.worker_confined;
        for index in 0..self.colocation.tgids.len() {
            let (tgid, process) = (self.colocation.tgids[index], self.colocation.processes[index]);
            let Some(place) = self.colocation.places.get_mut(&tgid) else { continue };
            place.process.tried = process.tried;
            let wanted = process.confined && !place.hands_off;
            if place.process.confined == wanted {
                continue;
            }
            if wanted && !confined {
                self.colocation.choose_cpu(tgid);
            }
            let moved = self.move_process(tgid, wanted);
            confined |= moved && wanted;
        }
    }
}

/// What a stop costs more apart than together: from one stop of a call to the other a task is resumed once.
fn saved_ns(floor: Floor) -> u64 {
    floor.apart_ns.saturating_sub(floor.together_ns)
}

/// CPU time of all threads of a process so far; 0 if it is gone. clock_getcpuclockid(3).
fn process_time_ns(tgid: i32) -> u64 {
    const CPUCLOCK_SCHED: i32 = 2;
    cpu_time_ns(ClockId::from_raw((!tgid << 3) | CPUCLOCK_SCHED))
}

fn cpu_time_ns(clock: ClockId) -> u64 {
    clock.now().map_or(0, |time| time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
}
