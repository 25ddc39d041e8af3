//! The vDSO switched while programs run, so that what it answers is seen: its functions call the kernel (off), or log what
//! they answer (shown).
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
mod site;

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;

#[cfg(target_arch = "x86_64")]
use inject::Mapped;
pub use measure::{Asked, Means, Rounds, ask, own_vdso, vdso_of};
pub use site::Site;
use site::{Hindrance, Written, move_away};

use super::options::VdsoRoom;
use super::tracee::{Stop, SyscallInfo};
use super::worker::Engine;
use super::{memory, procfs, sys};
use crate::abi::{Arch, Call};
use crate::model::{EventKind, Exec, Marks, VdsoState, Warning};
use crate::source::{Message, VdsoMode};
use crate::vdso::{self, Patch, Record};
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
    told: HashSet<Hindrance>,
    /// Processes that cannot log: where others are shown they are natural.
    silent: HashSet<i32>,
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
        self.silent.remove(&tgid);
    }

    /// How the vDSO of a process is to be.
    fn wanted(&self, tgid: i32) -> VdsoMode {
        if self.mode == VdsoMode::Shown && self.silent.contains(&tgid) { VdsoMode::Natural } else { self.mode }
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
        self.switch.mode = mode;
        self.switch.active |= mode != VdsoMode::Natural;
        if self.switch.active {
            self.settle_all(now);
        }
        let error_ns = self.switch.counter.map_or(0, |counter| counter.error_ns);
        let first = self.tasks.iter().min_by_key(|task| task.id).map(|task| task.id);
        if let Some(task) = first {
            // Behind what was read of its log just now.
            let now = self.clock.now_ns();
            self.out.event(task, now, EventKind::Warning(Warning::VdsoSwitched { mode, error_ns }));
        }
        self.out.message(Message::Vdso(mode));
        self.out.arm();
        Ok(())
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

    /// Brings the vDSO of a process into a mode. `here` is one of its tasks at a stop.
    fn settle(&mut self, tgid: i32, here: Option<(i32, Stop)>, mode: VdsoMode, now: u64) {
        let known = self.switch.known.get(&tgid).copied();
        if known == Some(State::LeftAlone) || known == Some(State::Is(mode)) {
            return;
        }
        let Some((site, any)) =
            self.tasks.iter().find(|task| task.tgid == tgid).and_then(|task| Some((task.vdso.clone()?, task.tid)))
        else {
            self.switch.known.insert(tgid, State::LeftAlone);
            return;
        };
        let sharers = self.sharers(tgid, any, &site);
        let tids = self.tasks.tids_where(|task| sharers.contains(&task.tgid));
        let unseen_threads = !self.tracing.follow && procfs::threads(tgid).len() > self.tasks.threads(tgid).len();
        match self.make_room(here, any, &site) {
            Some(true) => {}
            // At the end of one of its next calls it can be made.
            Some(false) => return,
            None => {
                self.tell(tgid, Hindrance::NoRoom);
                self.switch.known.insert(tgid, State::LeftAlone);
                return;
            }
        }
        let tid = here.map_or(any, |(tid, _)| tid);
        let mut done = mode;
        let written = match site.patch(tid) {
            Ok(_) if unseen_threads => Written::Never(Hindrance::Untraced),
            Ok(patch) => match self.freeze(&tids, here.map(|(tid, _)| tid)) {
                Some(still) => {
                    // Some ways to read and write need a task that stands still.
                    let by = here.map(|(tid, _)| tid).or(still.first().copied()).unwrap_or(any);
                    match self.make_log(here, &still, &site, mode) {
                        Ready::Yes => {}
                        // At one of the next stops it can be.
                        Ready::NotNow => return,
                        Ready::Never(hindrance) => {
                            self.tell(tgid, hindrance);
                            self.switch.silent.extend(&sharers);
                            done = VdsoMode::Natural;
                        }
                    }
                    if done != VdsoMode::Natural {
                        make_way(&tids, &still, by, &site, patch);
                    }
                    let written = site.write(by, done);
                    if written == Written::Done && done == VdsoMode::Shown {
                        self.begin_log(&site, &sharers, by, now);
                        for &tid in &still {
                            self.learn_thread_pointer(tid);
                        }
                    } else if written == Written::Done {
                        self.close_log(tgid, by, self.clock.now_ns());
                    }
                    written
                }
                None => Written::NotNow,
            },
            Err(Hindrance::Unreadable) => Written::NotNow,
            Err(hindrance) => Written::Never(hindrance),
        };
        let state = match written {
            Written::Done => State::Is(done),
            Written::NotNow => return self.settle_later(now),
            Written::Never(hindrance) => {
                self.tell(tgid, hindrance);
                State::LeftAlone
            }
        };
        for sharer in sharers {
            self.switch.known.insert(sharer, state);
        }
    }

    fn settle_later(&mut self, now: u64) {
        self.switch.again_ns = Some(now + AGAIN_NS);
        self.out.arm();
    }

    /// Sees to it that there is a log to write to, if one is wanted. All tasks stand still or are in calls.
    #[cfg(target_arch = "x86_64")]
    fn make_log(&mut self, here: Option<(i32, Stop)>, still: &[i32], site: &Site, mode: VdsoMode) -> Ready {
        if mode != VdsoMode::Shown {
            return Ready::Yes;
        }
        if !can_tell_threads_apart() {
            return Ready::Never(Hindrance::NoThreads);
        }
        let by = here.map(|(tid, _)| tid).or(still.first().copied());
        if by.is_some_and(|by| site.logs(by)) {
            return Ready::Yes;
        }
        let Some(patch) = site.made() else { return Ready::NotNow };
        let len = vdso::room(patch.entries.len());
        let wanted = site.logger().map(|logger| logger.at);
        // Whoever was stopped for this reports nothing else, so nobody looks into its stop.
        let stopped =
            still.iter().filter(|&&tid| self.turns.stop_of(tid) == Some(Stop::Trap)).map(|&tid| (tid, Stop::Trap));
        for (tid, stop) in here.into_iter().chain(stopped.collect::<Vec<_>>()) {
            let addr = match self.map_log(tid, stop, site, wanted, len) {
                Mapped::At(addr) => addr,
                Mapped::NotNow => continue,
                Mapped::Refused => return Ready::Never(Hindrance::NoLog),
                Mapped::NoCounter => return Ready::Never(Hindrance::NoCounter),
            };
            return match site.log_at(addr) {
                Ok(logger) if memory::write_text(tid, logger.at, &logger.code).is_ok() => Ready::Yes,
                Ok(_) => Ready::Never(Hindrance::NoLog),
                Err(hindrance) => Ready::Never(hindrance),
            };
        }
        Ready::NotNow
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn make_log(&mut self, _here: Option<(i32, Stop)>, _still: &[i32], _site: &Site, _mode: VdsoMode) -> Ready {
        Ready::Yes
    }

    /// Sees to it that there is a place for the code. False if that is not to be had now, None if never.
    #[cfg(target_arch = "x86_64")]
    fn make_room(&mut self, here: Option<(i32, Stop)>, any: i32, site: &Site) -> Option<bool> {
        let tid = here.map_or(any, |(tid, _)| tid);
        let wanted = site.lacks_page(tid);
        if wanted.is_none() && site.patch(tid).err() != Some(Hindrance::NoRoom) {
            return Some(true);
        }
        // A task whose stop is not being dealt with right now may have stopped all the same: its status is still to come.
        let Some((tid, stop)) = here else { return Some(false) };
        match self.map_page(tid, stop, site, wanted) {
            Mapped::At(addr) => site.place_at(tid, addr).is_ok().then_some(true),
            Mapped::NotNow => Some(false),
            Mapped::Refused | Mapped::NoCounter => None,
        }
    }

    /// There is nothing to place on other architectures.
    #[cfg(not(target_arch = "x86_64"))]
    fn make_room(&mut self, _here: Option<(i32, Stop)>, _any: i32, _site: &Site) -> Option<bool> {
        Some(true)
    }

    fn tell(&mut self, tgid: i32, hindrance: Hindrance) {
        if self.switch.told.insert(hindrance) {
            let comm = self.tasks.iter().find(|task| task.tgid == tgid).map(|task| task.comm.as_slice());
            let name = String::from_utf8_lossy(comm.unwrap_or_default()).escape_debug().to_string();
            let why = hindrance.words();
            let sentence =
                format!("The vDSO of process {tgid} ({name}), and of others like it, stays as it is: {why}.");
            self.out.message(Message::Notice(sentence));
        }
    }

    /// The processes of one address space: clone(2), CLONE_VM.
    fn sharers(&self, tgid: i32, tid: i32, site: &Arc<Site>) -> Vec<i32> {
        let mut sharers = vec![tgid];
        for task in self.tasks.iter() {
            let may_share = task.vdso.as_ref().is_some_and(|other| Arc::ptr_eq(other, site));
            if may_share && !sharers.contains(&task.tgid) && sys::share_memory(tid, task.tid) {
                sharers.push(task.tgid);
            }
        }
        sharers
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

    /// Before a call that takes the time-stamp counter from a task: nothing may read it any more.
    pub fn without_counter(&mut self, tid: i32, now: u64) {
        if self.switch.mode == VdsoMode::Shown
            && let Some(tgid) = self.tasks.get(tid).map(|task| task.tgid)
        {
            self.tell(tgid, Hindrance::NoCounter);
            self.switch.silent.insert(tgid);
            self.settle(tgid, Some((tid, Stop::Other)), VdsoMode::Natural, now);
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

/// Whether there is a log to write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ready {
    Yes,
    NotNow,
    Never(Hindrance),
}

/// Whether programs may read their thread pointer by an instruction: `HWCAP2_FSGSBASE` of asm/hwcap2.h.
#[cfg(target_arch = "x86_64")]
fn can_tell_threads_apart() -> bool {
    const AT_HWCAP2: u64 = 26;
    const FSGSBASE: u64 = 2;
    let auxv = std::fs::read("/proc/self/auxv").unwrap_or_default();
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_ne_bytes);
    auxv.chunks_exact(16).any(|entry| word(&entry[..8]) == AT_HWCAP2 && word(&entry[8..]) & FSGSBASE != 0)
}

/// Nobody may come back to the middle of a jump.
fn make_way(tids: &[i32], still: &[i32], by: i32, site: &Site, patch: &Patch) {
    let maps = if site.stands(by) { Vec::new() } else { frames::maps(by) };
    for &tid in tids {
        let sp = if !still.contains(&tid) {
            procfs::waiting(tid).map(|waiting| waiting.sp)
        } else if let Ok(info) = SyscallInfo::of(tid) {
            move_away(tid, info.ip, patch);
            Some(info.sp)
        } else {
            // It is gone.
            None
        };
        if let Some(sp) = sp.filter(|_| !maps.is_empty()) {
            frames::mend(tid, sp, &maps, patch);
        }
    }
}

fn site_of(state: &VdsoState, room: VdsoRoom) -> Option<Arc<Site>> {
    match state {
        VdsoState::Present(image) => Some(Site::new(image, room)),
        VdsoState::Unknown | VdsoState::None | VdsoState::Removed(_) => None,
    }
}
