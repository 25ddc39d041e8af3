//! Bringing the vDSO of one address space into a mode: who must stand still for it, what must be mapped first, and what is done
//! where that cannot be. Left out: when this is asked for (`super`).

use std::sync::Arc;

#[cfg(target_arch = "x86_64")]
use super::super::memory;
use super::super::procfs;
use super::super::sys;
use super::super::tracee::{Stop, SyscallInfo};
use super::super::worker::Engine;
use super::frames;
#[cfg(target_arch = "x86_64")]
use super::inject::Mapped;
use super::site::{Hindrance, Lead, Site, Written, move_away};
use super::{AGAIN_NS, State};
use crate::source::{Message, VdsoMode};
use crate::vdso::Patch;
#[cfg(target_arch = "x86_64")]
use crate::vdso::ROOM;

/// What becomes of `shown` where there can be no log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fallback {
    /// Each answer is told by a stop.
    Stops,
    /// None is told.
    Natural,
}

impl Engine {
    /// Brings the vDSO of a process into a mode. `here` is one of its tasks at a stop.
    pub(super) fn settle(&mut self, tgid: i32, here: Option<(i32, Stop)>, mode: VdsoMode, now: u64) {
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
                self.tell(tgid, Hindrance::NoRoom, None);
                self.switch.known.insert(tgid, State::LeftAlone);
                return;
            }
        }
        let tid = here.map_or(any, |(tid, _)| tid);
        let mut lead = match (mode, self.switch.fallbacks.get(&tgid)) {
            (VdsoMode::Off, _) => Lead::Kernel,
            (VdsoMode::Shown, Some(Fallback::Stops)) => Lead::Reporter,
            (VdsoMode::Shown, None) => Lead::Logger,
            _ => Lead::Home,
        };
        let written = match site.patch(tid) {
            Ok(_) if unseen_threads => Written::Never(Hindrance::Untraced),
            Ok(patch) => match self.freeze(&tids, here.map(|(tid, _)| tid)) {
                Some(still) => {
                    // Some ways to read and write need a task that stands still.
                    let by = here.map(|(tid, _)| tid).or(still.first().copied()).unwrap_or(any);
                    if lead == Lead::Logger {
                        match self.make_log(here, &still, &site) {
                            Ready::Yes => {}
                            // At one of the next stops it can be.
                            Ready::NotNow => return,
                            Ready::Never(hindrance) => lead = self.fall_back(tgid, &sharers, &site, hindrance),
                        }
                    }
                    if lead != Lead::Home {
                        make_way(&tids, &still, by, &site, patch);
                    }
                    let written = site.write(by, lead);
                    if written == Written::Done {
                        self.led(lead, &site, &sharers, &still, here.map(|(tid, _)| tid), now);
                    }
                    written
                }
                None => Written::NotNow,
            },
            Err(Hindrance::Unreadable) => Written::NotNow,
            Err(hindrance) => Written::Never(hindrance),
        };
        let state = match written {
            Written::Done if lead == Lead::Home => State::Is(VdsoMode::Natural),
            Written::Done => State::Is(mode),
            Written::NotNow => return self.settle_later(now),
            Written::Never(hindrance) => {
                self.tell(tgid, hindrance, None);
                State::LeftAlone
            }
        };
        for sharer in sharers {
            self.switch.known.insert(sharer, state);
        }
    }

    /// The functions of an address space lead elsewhere from now on.
    fn led(&mut self, lead: Lead, site: &Arc<Site>, sharers: &[i32], still: &[i32], here: Option<i32>, now: u64) {
        if lead == Lead::Logger {
            let any = || self.tasks.iter().find(|task| sharers.contains(&task.tgid)).map(|task| task.tid);
            if let Some(by) = here.or(still.first().copied()).or_else(any) {
                self.begin_log(site, sharers, by, now);
            }
            for &tid in still {
                self.learn_thread_pointer(tid);
            }
            return;
        }
        self.close_log(sharers, here, now);
        if lead == Lead::Reporter {
            for task in self.tasks.iter_mut().filter(|task| sharers.contains(&task.tgid)) {
                // The reporters' call is seen only where every call is.
                task.full = true;
                task.fell_back = None;
            }
        }
    }

    fn settle_later(&mut self, now: u64) {
        self.switch.again_ns = Some(now + AGAIN_NS);
        self.out.arm();
    }

    /// Sees to it that there is a log to write to. All tasks stand still or are in calls.
    #[cfg(target_arch = "x86_64")]
    fn make_log(&mut self, here: Option<(i32, Stop)>, still: &[i32], site: &Site) -> Ready {
        if !can_tell_threads_apart() {
            return Ready::Never(Hindrance::NoThreads);
        }
        let by = here.map(|(tid, _)| tid).or(still.first().copied());
        if by.is_some_and(|by| site.logs(by)) {
            return Ready::Yes;
        }
        if site.made().is_none() {
            return Ready::NotNow;
        }
        let wanted = site.logger().map(|logger| logger.at);
        // Whoever was stopped for this reports nothing else, so nobody looks into its stop.
        let stopped =
            still.iter().filter(|&&tid| self.turns.stop_of(tid) == Some(Stop::Trap)).map(|&tid| (tid, Stop::Trap));
        for (tid, stop) in here.into_iter().chain(stopped.collect::<Vec<_>>()) {
            let addr = match self.map_log(tid, stop, site, wanted, ROOM) {
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
    fn make_log(&mut self, _here: Option<(i32, Stop)>, _still: &[i32], _site: &Site) -> Ready {
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

    /// There can be no log: answers are told by stops, if the program may be made to make the call for it, or not at all.
    pub(super) fn fall_back(&mut self, tgid: i32, sharers: &[i32], site: &Site, hindrance: Hindrance) -> Lead {
        let may_report = site.made().is_some_and(|patch| self.may_report(sharers, patch));
        let fallback = if may_report { Fallback::Stops } else { Fallback::Natural };
        self.tell(tgid, hindrance, Some(fallback));
        self.switch.fallbacks.extend(sharers.iter().map(|&sharer| (sharer, fallback)));
        if may_report { Lead::Reporter } else { Lead::Home }
    }

    pub(super) fn tell(&mut self, tgid: i32, hindrance: Hindrance, fallback: Option<Fallback>) {
        if self.switch.told.insert((hindrance, fallback)) {
            let comm = self.tasks.iter().find(|task| task.tgid == tgid).map(|task| task.comm.as_slice());
            let name = String::from_utf8_lossy(comm.unwrap_or_default()).escape_debug().to_string();
            let why = hindrance.words();
            let what = match fallback {
                Some(Fallback::Stops) => format!("is shown by a stop for each answer, about as slow as a call: {why}"),
                Some(Fallback::Natural) => format!(
                    "stays as it is, off would still work: {why}, and no harmless call to tell answers by is known to be \
                     allowed to it"
                ),
                None => format!("stays as it is: {why}"),
            };
            let sentence = format!("The vDSO of process {tgid} ({name}), and of others like it, {what}.");
            self.out.message(Message::Notice(sentence));
        }
    }

    /// The processes of one address space: clone(2), CLONE_VM.
    pub(super) fn sharers(&self, tgid: i32, tid: i32, site: &Arc<Site>) -> Vec<i32> {
        let mut sharers = vec![tgid];
        for task in self.tasks.iter() {
            let may_share = task.vdso.as_ref().is_some_and(|other| Arc::ptr_eq(other, site));
            if may_share && !sharers.contains(&task.tgid) && sys::share_memory(tid, task.tid) {
                sharers.push(task.tgid);
            }
        }
        sharers
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
