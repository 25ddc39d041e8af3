//! The vDSO switched off and on while programs run: its functions call the kernel, so that what they do is seen.
//!
//! The jumps belong to an address space: a fork inherits them, an execve begins without, threads and the child of a vfork
//! share them. Nothing of this is remembered where it could be looked up: the bytes themselves tell how a vDSO is. What is
//! let go, or not to be traced at all, gets the kernel's bytes back; if sysview is killed, the stubs go on working without
//! it. As long as nobody asks for another mode than `natural`, nothing here costs a look. Left out: what is written
//! (`crate::vdso` plans it), and the auxiliary vector (`exec`).

mod frames;
mod freeze;
#[cfg(target_arch = "x86_64")]
mod inject;
mod site;

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;

#[cfg(target_arch = "x86_64")]
use inject::Mapped;
pub use site::Site;
use site::{Hindrance, Written, move_away};

use super::options::VdsoRoom;
use super::tracee::{Stop, SyscallInfo};
use super::worker::Engine;
use super::{procfs, sys};
use crate::abi::{Arch, Call};
use crate::model::{Exec, Marks, VdsoState};
use crate::source::{Message, VdsoMode};
use crate::vdso::{self, Patch};

/// A switch that could not be made, because a task did not stop, is tried again after this long.
const AGAIN_NS: u64 = 50_000_000;

/// What the engine knows of the switching.
#[derive(Debug, Default)]
pub struct Switch {
    /// How the vDSO of every program is to be: `Natural` or `Off`.
    mode: VdsoMode,
    /// Anything but `Natural` was ever asked for. From then on each address space is kept in order.
    active: bool,
    /// How the vDSO of a process is, by its number.
    known: HashMap<i32, State>,
    /// When to try again what could not be done; None if everything is done.
    again_ns: Option<u64>,
    /// What the user was told, once for each kind.
    told: HashSet<Hindrance>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Is(VdsoMode),
    /// It stays as it is, and why was told.
    LeftAlone,
}

impl Switch {
    pub fn new(mode: VdsoMode) -> Switch {
        Switch { mode, active: mode == VdsoMode::Off, ..Switch::default() }
    }

    /// A number is that of a new address space.
    pub fn forget(&mut self, tgid: i32) {
        self.known.remove(&tgid);
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
            let sentence = "Without its children and threads (--no-follow) a program's vDSO is switched only at its start: --vdso off.";
            self.out.message(Message::Notice(sentence.into()));
            return Ok(());
        }
        self.switch.mode = mode;
        self.switch.active |= mode == VdsoMode::Off;
        if self.switch.active {
            self.settle_all(now);
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
                self.settle(tgid, None, self.switch.mode, now);
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
    fn settle(&mut self, tgid: i32, here: Option<i32>, mode: VdsoMode, now: u64) {
        if matches!(self.switch.known.get(&tgid), Some(State::LeftAlone)) {
            return;
        }
        if self.switch.known.get(&tgid) == Some(&State::Is(mode)) {
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
        let written = match site.patch(here.unwrap_or(any)) {
            Ok(_) if unseen_threads => Written::Never(Hindrance::Untraced),
            Ok(patch) => match self.freeze(&tids, here) {
                Some(still) => {
                    // Some ways to read and write need a task that stands still.
                    let by = here.or(still.first().copied()).unwrap_or(any);
                    if mode == VdsoMode::Off {
                        make_way(&tids, &still, by, &site, patch);
                    }
                    site.write(by, mode == VdsoMode::Off)
                }
                None => Written::NotNow,
            },
            Err(Hindrance::Unreadable) => Written::NotNow,
            Err(hindrance) => Written::Never(hindrance),
        };
        let state = match written {
            Written::Done => State::Is(mode),
            Written::NotNow => {
                self.switch.again_ns = Some(now + AGAIN_NS);
                self.out.arm();
                return;
            }
            Written::Never(hindrance) => {
                self.tell(tgid, hindrance);
                State::LeftAlone
            }
        };
        for sharer in sharers {
            self.switch.known.insert(sharer, state);
        }
    }

    /// Sees to it that there is a place for the code. False if that is not to be had now, None if never.
    #[cfg(target_arch = "x86_64")]
    fn make_room(&mut self, here: Option<i32>, any: i32, site: &Site) -> Option<bool> {
        let tid = here.unwrap_or(any);
        let wanted = site.lacks_page(tid);
        if wanted.is_none() && site.patch(tid).err() != Some(Hindrance::NoRoom) {
            return Some(true);
        }
        // A task whose stop is not being dealt with right now may have stopped all the same: its status is still to come.
        if here.is_none() {
            return Some(false);
        }
        match self.map_page(tid, site.image.base, wanted) {
            Mapped::At(addr) => site.place_at(tid, addr).is_ok().then_some(true),
            Mapped::NotNow => Some(false),
            Mapped::Refused => None,
        }
    }

    /// There is nothing to place on other architectures.
    #[cfg(not(target_arch = "x86_64"))]
    fn make_room(&mut self, _here: Option<i32>, _any: i32, _site: &Site) -> Option<bool> {
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
        let wanted = State::Is(self.switch.mode);
        let settled = matches!(self.switch.known.get(&tgid), Some(state) if [State::LeftAlone, wanted].contains(state));
        if !settled && self.switch.again_ns.is_none_or(|at| at <= now) {
            self.settle(tgid, Some(tid), self.switch.mode, now);
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

    /// At the stop of an execve: the address space is new.
    pub fn vdso_after_exec(&mut self, tid: i32, exec: &Exec, now: u64) {
        self.switch.forget(tid);
        if let Some(task) = self.tasks.get_mut(tid) {
            task.vdso = site_of(&exec.vdso, self.tracing.vdso_room);
        }
        if self.switch.active && self.switch.mode == VdsoMode::Off {
            self.settle(tid, Some(tid), self.switch.mode, now);
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
