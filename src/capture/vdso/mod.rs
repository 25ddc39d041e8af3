//! The vDSO switched while programs run, so that what it answers is seen: its functions call the kernel (off), or log what
//! they answer (shown), or tell it by a stop where they cannot log.
//!
//! The jumps belong to an address space: a fork inherits them, an execve begins without, threads and the child of a vfork
//! share them. Nothing of this is remembered where it could be looked up: the bytes themselves tell how a vDSO is. What is
//! let go, or not to be traced at all, gets the kernel's bytes back; if sysview is killed, stubs and wrappers go on working
//! without it. As long as nobody asks for another mode than `natural`, nothing here costs a look. Left out: what is written
//! (`crate::vdso` plans it), and the auxiliary vector (`exec`).

mod counter;
mod frames;
mod freeze;
#[cfg(target_arch = "x86_64")]
mod inject;
mod log;
mod measure;
mod report;
mod ring;
mod settle;
mod site;

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;

pub use measure::{Asked, Means, Rounds, ask, own_vdso, vdso_of};
use settle::Fallback;
pub use site::Site;
use site::{Hindrance, move_away};

use super::options::VdsoRoom;
use super::sys;
use super::tracee::{Stop, SyscallInfo};
use super::worker::Engine;
use crate::abi::{Arch, Call};
use crate::model::{EventKind, Exec, Marks, VdsoState, Warning};
use crate::source::{Message, VdsoMode};
use crate::vdso::{self, Record};
use counter::Counter;
use log::Log;

/// A switch that could not be made, because a task did not stop, is tried again after this long.
const AGAIN_NS: u64 = 50_000_000;

/// What the engine knows of the switching.
#[derive(Debug, Default)]
pub struct Switch {
    /// How the vDSO of every program is to be; never `Absent`.
    mode: VdsoMode,
    /// Anything but `Natural` was ever asked for. From then on each address space is kept in order.
    active: bool,
    /// How the vDSO of a process is, by its number.
    known: HashMap<i32, State>,
    /// When to try again what could not be done; None if everything is done.
    again_ns: Option<u64>,
    /// What the user was told, once for each kind.
    told: HashSet<(Hindrance, Option<Fallback>)>,
    /// Processes that cannot log.
    fallbacks: HashMap<i32, Fallback>,
    /// The logs of the address spaces that are shown, and when to read them next.
    logs: Vec<Log>,
    read_at_ns: u64,
    counter: Option<Counter>,
    /// Kept so that no reading allocates.
    records: Vec<Record>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Is(VdsoMode),
    /// It stays as it is, and why was told.
    LeftAlone,
}

impl Switch {
    pub fn new(mode: VdsoMode) -> Switch {
        let active = matches!(mode, VdsoMode::Shown | VdsoMode::Off);
        Switch { mode, active, read_at_ns: u64::MAX, ..Switch::default() }
    }

    /// A number is that of a new address space.
    pub fn forget(&mut self, tgid: i32) {
        self.known.remove(&tgid);
        self.fallbacks.remove(&tgid);
    }

    /// How the vDSO of a process is to be.
    fn wanted(&self, tgid: i32) -> VdsoMode {
        match self.fallbacks.get(&tgid) {
            Some(Fallback::Natural) if self.mode == VdsoMode::Shown => VdsoMode::Natural,
            _ => self.mode,
        }
    }

    pub fn is_pending(&self) -> bool {
        self.again_ns.is_some()
    }
}

impl Engine {
    /// `Command::Vdso`.
    pub fn switch_vdso(&mut self, mode: VdsoMode, now: u64) -> io::Result<()> {
        if mode == VdsoMode::Absent || self.tracing.vdso == VdsoMode::Absent {
            let sentence =
                "The vDSO of a program can be taken away only when it starts, and not be given back: --vdso absent.";
            self.out.message(Message::Notice(sentence.into()));
            return Ok(());
        }
        if !self.tracing.follow {
            let sentence = "Without its children and threads (--no-follow) a program's vDSO is switched only at its start: --vdso off or shown.";
            self.out.message(Message::Notice(sentence.into()));
            return Ok(());
        }
        if mode == VdsoMode::Shown {
            // Before the first log, so that the row below can say how far times may be off.
            self.switch.counter.get_or_insert_with(|| Counter::new(self.clock));
        }
        self.switch.mode = mode;
        self.switch.active |= mode != VdsoMode::Natural;
        if self.switch.active {
            self.settle_all(now);
        }
        let error_ns = self.switch.counter.map_or(0, |counter| counter.error_ns);
        // Behind what was read of its log just now, and before what is read next.
        self.tell_mode(mode, error_ns, self.clock.now_ns());
        self.out.message(Message::Vdso(mode));
        self.out.arm();
        Ok(())
    }

    /// A row that says how the vDSO is from here on, and how far the times of answers may be off.
    fn tell_mode(&mut self, mode: VdsoMode, error_ns: u64, now: u64) {
        if let Some(task) = self.tasks.iter_mut().min_by_key(|task| task.id) {
            task.told_ns = task.told_ns.max(now);
            self.out.event(task.id, task.told_ns, EventKind::Warning(Warning::VdsoSwitched { mode, error_ns }));
        }
    }

    /// Every process as it is to be.
    fn settle_all(&mut self, now: u64) {
        self.switch.again_ns = None;
        let mut seen = HashSet::new();
        for tid in self.tasks.tids() {
            if let Some(tgid) = self.tasks.get(tid).map(|task| task.tgid)
                && seen.insert(tgid)
            {
                self.settle(tgid, None, self.switch.wanted(tgid), now);
            }
        }
    }

    /// Tries again what could not be done at once.
    pub fn settle_pending(&mut self, now: u64) {
        if self.switch.again_ns.is_some_and(|at| at <= now) {
            self.settle_all(now);
        }
    }

    /// Before everything goes: the kernel's bytes are put back.
    pub fn restore_all_vdsos(&mut self, now: u64) {
        if self.switch.active {
            self.switch.mode = VdsoMode::Natural;
            self.settle_all(now);
        }
    }

    /// Before one process goes while others stay.
    pub fn restore_vdso(&mut self, tgid: i32, now: u64) {
        if self.switch.active {
            self.settle(tgid, None, VdsoMode::Natural, now);
        }
    }

    /// The same for a process that was never shown and stands at its first stop.
    pub fn restore_vdso_of_stranger(&mut self, tid: i32) {
        // What it shares with a task that stays is not its own: a thread, the child of a vfork.
        if self.switch.active
            && !self.tasks.iter().any(|task| sys::share_memory(tid, task.tid))
            && let Some(site) = Site::of_stranger(tid)
        {
            // One that has none of ours is left alone; one that is gone needs nothing.
            site.restore(tid);
        }
    }

    /// At a stop of a task that stays: a new process is brought into the mode, and a signal must not remember a place in
    /// bytes that may change before its handler returns.
    pub fn keep_vdso(&mut self, tid: i32, stop: Stop, now: u64) {
        if !self.switch.active || stop == Stop::Exec {
            return;
        }
        let Some(task) = self.tasks.get(tid) else { return };
        let tgid = task.tgid;
        // What was restored from a frame can be such a place, too.
        let returns = task.open.is_some_and(|open| open.call.is_some_and(|call| call.name == "rt_sigreturn"));
        let mode = self.switch.wanted(tgid);
        let wanted = State::Is(mode);
        let settled = matches!(self.switch.known.get(&tgid), Some(state) if [State::LeftAlone, wanted].contains(state));
        if !settled && self.switch.again_ns.is_none_or(|at| at <= now) {
            self.settle(tgid, Some((tid, stop)), mode, now);
        }
        if !self.switch.logs.is_empty() || mode == VdsoMode::Shown {
            self.read_log_at(tid, stop == Stop::End, now);
            self.stop_at_end(tid);
        }
        let is_natural = self.switch.known.get(&tgid) == Some(&State::Is(VdsoMode::Natural));
        if (matches!(stop, Stop::Signal(_)) && is_natural || stop == Stop::Syscall && returns)
            && let Some(site) = self.tasks.get(tid).and_then(|task| task.vdso.clone())
            && let Some(patch) = site.made()
            && site.stands(tid)
            && let Ok(info) = SyscallInfo::of(tid)
        {
            move_away(tid, info.ip, patch);
        }
    }

    /// A number is that of a new process.
    pub fn forget_vdso(&mut self, tgid: i32) {
        self.switch.forget(tgid);
        self.leave_log(tgid);
    }

    /// At the stop of an execve: the address space is new.
    pub fn vdso_after_exec(&mut self, tid: i32, exec: &Exec, now: u64) {
        self.forget_vdso(tid);
        if let Some(task) = self.tasks.get_mut(tid) {
            task.vdso = site_of(&exec.vdso, self.tracing.vdso_room);
            task.thread_pointer = None;
        }
        if self.switch.active && self.switch.mode != VdsoMode::Natural {
            self.settle(tid, Some((tid, Stop::Exec)), self.switch.mode, now);
        }
    }

    /// A process that was attached to runs this.
    pub fn vdso_at_attach(&mut self, tid: i32, image: &Exec) {
        let Some(site) = site_of(&image.vdso, self.tracing.vdso_room) else { return };
        // A sysview that was killed cannot have tidied up.
        self.switch.active |= site.is_left_over(tid);
        if let Some(task) = self.tasks.get_mut(tid) {
            task.vdso = Some(site);
        }
    }

    /// Once something was shown: the memory of a task that ends is to be read once more.
    fn stop_at_end(&mut self, tid: i32) {
        let filters = self.filters();
        if let Some(task) = self.tasks.get_mut(tid)
            && !task.stops_at_end
        {
            // An error means that the task is gone.
            task.stops_at_end = sys::stop_at_end(tid, filters, task.attached).is_ok();
        }
    }

    /// What the place that a call is made from says.
    pub fn vdso_marks(&self, tid: i32, arch: Arch, ip: u64, call: Option<&Call>, args: [u64; 6]) -> Marks {
        // On i386 every call is made from the vDSO.
        if !matches!(arch, Arch::X86_64 | Arch::Aarch64) {
            return Marks::NONE;
        }
        let Some(site) = self.tasks.get(tid).and_then(|task| task.vdso.as_ref()) else { return Marks::NONE };
        if site.made().is_some_and(|patch| patch.range().contains(&ip)) {
            let seen_anyway = call.is_some_and(|call| vdso::always_calls(call.name, args));
            if seen_anyway { Marks::NONE } else { Marks::UNSEEN }
        } else if site.range().contains(&ip) && call.is_some_and(|call| vdso::call_of(call.name).is_some()) {
            Marks::FELL_BACK
        } else {
            Marks::NONE
        }
    }
}

fn site_of(state: &VdsoState, room: VdsoRoom) -> Option<Arc<Site>> {
    match state {
        VdsoState::Present(image) => Some(Site::new(image, room)),
        VdsoState::Unknown | VdsoState::None | VdsoState::Removed(_) => None,
    }
}
