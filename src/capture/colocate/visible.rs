//! What the program would notice: it asks for its mask, changes it, or makes a task that nobody will set free.
//!
//! sched_getaffinity is answered with the mask that the task would have; sched_setaffinity is let through and what the
//! kernel made of it is the new such mask. What the kernel itself prints (/proc/PID/status) cannot be answered here.

use super::{BURST, process_time_ns};
use crate::abi::{self, Arch, Call};
use crate::capture::affinity::Mask;
use crate::capture::memory;
use crate::capture::options::CoLocate;
use crate::capture::procfs;
use crate::capture::tasks::Open;
use crate::capture::worker::Engine;

/// Calls that matter here, by number: asked at every stop, so it must be quick.
pub struct Watched([[u64; WORDS]; Arch::ALL.len()]);

/// Numbers up to this many times 64; all calls that matter are below.
const WORDS: usize = 16;

/// Without these a program could notice that it is confined, or stay so for ever.
pub const MATTERS: [&str; 11] = [
    "sched_getaffinity",
    "sched_setaffinity",
    "sched_setattr",
    "sched_setparam",
    "sched_setscheduler",
    "setuid",
    "setreuid",
    "setresuid",
    "setuid32",
    "setreuid32",
    "setresuid32",
];

/// What is looked at as well where every call stops.
const NOTED: [&str; 5] = ["clone", "clone3", "fork", "vfork", "exit_group"];

/// Bit of CapEff. capabilities(7).
const CAP_SYS_NICE: u32 = 23;
const CLONE_UNTRACED: u64 = libc::CLONE_UNTRACED as u64;

impl Watched {
    pub fn nothing() -> Watched {
        Watched([[0; WORDS]; Arch::ALL.len()])
    }

    pub fn new() -> Watched {
        let mut watched = Watched::nothing();
        for arch in Arch::ALL {
            for nr in MATTERS.iter().chain(&NOTED).filter_map(|name| abi::number(arch, name)) {
                let (word, bit) = place_of(nr);
                watched.0[arch as usize][word % WORDS] |= bit;
            }
        }
        watched
    }

    fn has(&self, arch: Arch, nr: u64) -> bool {
        let (word, bit) = place_of(nr);
        self.0[arch as usize].get(word).is_some_and(|bits| bits & bit != 0)
    }
}

/// x32's bit 30 is left out.
fn place_of(nr: u64) -> (usize, u64) {
    let nr = nr & !(1 << 30);
    ((nr / 64).min(WORDS as u64) as usize, 1 << (nr % 64))
}

impl Engine {
    /// At the entry of a call.
    pub fn before_call(&mut self, tid: i32, arch: Arch, nr: u64, call: Option<&Call>, args: &[u64; 6]) {
        if !self.colocation.watched.has(arch, nr) {
            return;
        }
        let (Some(call), Some(task)) = (call, self.tasks.get(tid)) else { return };
        let (tgid, confined) = (task.tgid, task.own_mask.is_some());
        match call.name {
            "exit_group" => self.count_ended(tgid),
            // A task that nobody traces would stay confined for ever.
            "clone" | "clone3" | "fork" | "vfork" if confined && self.makes_stranger(tid, call, args) => {
                self.set_free(tid)
            }
            // A deadline task must have all CPUs, and a real-time task could keep the tracer from its only one. sched(7).
            "sched_setattr" | "sched_setparam" | "sched_setscheduler" => self.leave_alone(tgid),
            // Somebody else's tasks cannot be set free. sched_setaffinity(2), EPERM.
            name if name.starts_with("set") && !procfs::has_capability("thread-self", CAP_SYS_NICE) => {
                self.leave_alone(tgid)
            }
            _ => {}
        }
    }

    /// At the exit of a call, before its memory is copied; `value` is None if it failed.
    pub fn after_call(&mut self, tid: i32, open: &Open, value: Option<i64>) {
        if !self.colocation.watched.has(open.arch, open.nr) {
            return;
        }
        match (open.call.map_or("", |call| call.name), value) {
            ("sched_getaffinity", Some(len)) => self.answer_own_mask(tid, &open.args, len),
            ("sched_setaffinity", Some(_)) => self.note_own_mask(target(tid, &open.args)),
            ("clone" | "clone3" | "fork" | "vfork", _) if self.is_to_be_confined(tid) => _ = self.confine(tid),
            _ => {}
        }
    }

    /// Whether a call, if it makes a task, makes one that is not traced.
    fn makes_stranger(&self, tid: i32, call: &Call, args: &[u64; 6]) -> bool {
        match call.name {
            "clone" | "clone3" | "fork" | "vfork" if !self.tracing.follow => true,
            "clone" => args[0] & CLONE_UNTRACED != 0,
            "clone3" => first_word(tid, args[0]) & CLONE_UNTRACED != 0,
            _ => false,
        }
    }

    /// Whether a task is about to make one that is not traced, and that would have its mask.
    pub(super) fn is_making_stranger(&self, tid: i32) -> bool {
        let open = self.tasks.get(tid).and_then(|task| task.open);
        open.is_some_and(|open| open.call.is_some_and(|call| self.makes_stranger(tid, call, &open.args)))
    }

    fn is_to_be_confined(&self, tid: i32) -> bool {
        let place = self.tasks.get(tid).and_then(|task| self.colocation.places.get(&task.tgid));
        place.is_some_and(|place| place.process.confined && !place.hands_off)
    }

    /// The process is about to end; its CPU time in this window would be lost.
    fn count_ended(&mut self, tgid: i32) {
        if let Some(place) = self.colocation.places.get_mut(&tgid) {
            let cpu_ns = process_time_ns(tgid);
            self.colocation.ended_ns += cpu_ns.saturating_sub(place.cpu_ns);
            place.cpu_ns = place.cpu_ns.max(cpu_ns);
        }
    }

    /// Puts the mask that the task would have where the kernel wrote the one that it has. `len` is how much it wrote.
    fn answer_own_mask(&mut self, tid: i32, args: &[u64; 6], len: i64) {
        let target = target(tid, args);
        let Some(task) = self.tasks.get(target) else { return };
        // Set free since the kernel answered, it has its own again.
        let Some(own) = task.own_mask.or_else(|| Mask::of(target)) else { return };
        let bytes = own.bytes();
        let len = usize::try_from(len).unwrap_or(0).min(bytes.len());
        let mut written = [0; 128];
        // A number can be another task's in the program's PID namespace: then this is no mask of ours.
        if memory::read(tid, args[2], &mut written[..len]) == len
            && written[..len] == self.colocation.narrow.bytes()[..len]
        {
            // The kernel has just written there; if that is no longer possible the program will not read it either.
            let _ = memory::write(tid, args[2], &bytes[..len]);
        }
    }

    /// Whether a task is in a call that asks for a mask or sets one: what it will find is not known before its exit.
    pub(super) fn is_mask_in_flight(&self) -> bool {
        let is_meant = |call: &Call| matches!(call.name, "sched_getaffinity" | "sched_setaffinity");
        self.tasks.iter().any(|task| task.open.is_some_and(|open| open.call.is_some_and(is_meant)))
    }

    /// The program gave a task of its own another mask, as far as its cpuset allows.
    fn note_own_mask(&mut self, tid: i32) {
        let here = &mut self.colocation;
        let Some(task) = self.tasks.get_mut(tid) else { return };
        if task.own_mask.is_none() {
            // Perhaps it may now go where the others are.
            if self.is_to_be_confined(tid) {
                self.confine(tid);
            }
            return;
        }
        let Some(own) = Mask::of(tid) else { return };
        if own == here.narrow {
            // What it wants is what it has.
            task.own_mask = None;
        } else if own.has(here.cpu) {
            task.own_mask = here.narrow.set(tid).then_some(own);
        } else {
            task.own_mask = None;
            self.start_over();
        }
    }

    /// A task wants to be where the others are not: perhaps the others should go there.
    fn start_over(&mut self) {
        if self.colocation.wish != CoLocate::Auto {
            return;
        }
        for other in self.tasks.tids() {
            self.set_free(other);
        }
        for place in self.colocation.places.values_mut() {
            place.process.confined = false;
        }
        self.colocation.place_worker();
        self.colocation.until_stops = self.colocation.stops + BURST;
    }
}

/// The task that a call of sched_*affinity names.
fn target(tid: i32, args: &[u64; 6]) -> i32 {
    match args[0] as i32 {
        0 => tid,
        other => other,
    }
}

/// The flags of `struct clone_args`.
fn first_word(tid: i32, addr: u64) -> u64 {
    let mut word = [0; 8];
    memory::read(tid, addr, &mut word);
    u64::from_ne_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watched_calls_are_found_by_their_numbers() {
        let watched = Watched::new();
        for arch in Arch::ALL {
            for name in ["sched_getaffinity", "clone", "exit_group", "setresuid", "sched_setattr"] {
                let nr = abi::number(arch, name).expect("a call of every ABI");
                assert!(watched.has(arch, nr), "{arch:?} {name}");
            }
            for nr in [abi::number(arch, "read").expect("read"), 4000, u64::MAX] {
                assert!(!watched.has(arch, nr), "{arch:?} {nr}");
            }
        }
        assert!(!Watched::nothing().has(Arch::X86_64, 204));
    }
}
