//! Tasks onto the one CPU and back, and what becomes of children and of tasks that are let go.
//!
//! A task that is confined carries the mask that it would have otherwise. A child inherits the confinement from the
//! kernel, so its mask is looked at when it shows itself, whatever was decided in between.

use std::time::Duration;

use super::{Place, Process, SHORT_WINDOW_NS, process_time_ns};
use crate::capture::affinity::Mask;
use crate::capture::options::CoLocate;
use crate::capture::procfs;
use crate::capture::worker::Engine;

impl Engine {
    /// Confines one task. False if that is not possible: it is gone, may not be touched, does not want that CPU,
    /// or makes a task at the moment that would stay confined for ever.
    pub(super) fn confine(&mut self, tid: i32) -> bool {
        if self.is_making_stranger(tid) {
            return false;
        }
        let here = &self.colocation;
        let Some(task) = self.tasks.get_mut(tid) else { return false };
        if task.own_mask.is_some() {
            return true;
        }
        let Some(own) = Mask::of(tid) else { return false };
        if own.has(here.cpu) && own != here.narrow && here.narrow.set(tid) {
            task.own_mask = Some(own);
        }
        task.own_mask.is_some()
    }

    /// Gives one task its own mask back.
    pub fn set_free(&mut self, tid: i32) {
        let Some(own) = self.tasks.get_mut(tid).and_then(|task| task.own_mask.take()) else { return };
        // If somebody else gave it another one meanwhile, that stands.
        if Mask::of(tid) == Some(self.colocation.narrow) {
            self.colocation.restored(own).set(tid);
        }
    }

    /// Moves all threads of a process; whether it is now where it should be.
    pub(super) fn move_process(&mut self, tgid: i32, confined: bool) -> bool {
        let mut moved = !confined;
        for tid in self.tasks.threads(tgid) {
            if confined {
                moved |= self.confine(tid);
            } else {
                self.set_free(tid);
            }
        }
        if let Some(place) = self.colocation.places.get_mut(&tgid) {
            place.process.confined = confined && moved;
        }
        moved
    }

    /// A new task is where its parent is.
    pub fn place_child(&mut self, tid: i32, tgid: i32, parent: Option<i32>, now_ns: u64) {
        if !self.colocation.possible {
            return;
        }
        let Some(parent) = parent.and_then(|parent| self.tasks.get(parent)) else { return };
        let (parent_tid, parent_own) = (parent.tid, parent.own_mask);
        let Some(place) = self.colocation.places.get(&parent.tgid) else { return };
        let (confined, hands_off) = (place.process.confined, place.hands_off);
        if tid == tgid {
            let process = Process { confined, ..Process::default() };
            let cpu_ns = process_time_ns(tgid);
            self.colocation.places.insert(tgid, Place { process, cpu_ns, hands_off, seen: false });
            if confined && self.colocation.wish == CoLocate::Auto {
                // What it is like will be known soon, even if it does nothing but compute.
                self.colocation.until_ns = self.colocation.until_ns.min(now_ns + SHORT_WINDOW_NS);
                self.out.arm_within(Duration::from_nanos(SHORT_WINDOW_NS));
            }
        }
        if Mask::of(tid) == Some(self.colocation.narrow) {
            // Inherited; from a parent that has been set free since, if it has no mask to remember.
            let own = parent_own.or_else(|| Mask::of(parent_tid));
            if let Some(task) = self.tasks.get_mut(tid) {
                task.own_mask = own.filter(|&own| own != self.colocation.narrow);
            }
        }
        if confined {
            self.confine(tid);
        } else {
            self.set_free(tid);
        }
    }

    /// Everybody goes where he wants, and nobody is confined again.
    pub fn end_colocation(&mut self) {
        for tid in self.tasks.tids() {
            self.set_free(tid);
        }
        self.colocation.places.clear();
        self.colocation.place_worker();
        self.colocation.wish = CoLocate::Off;
        self.colocation.until_ns = u64::MAX;
        self.colocation.until_stops = u64::MAX;
    }

    /// A task that is let go before it was taken in: it may have inherited a confinement that its parent no longer has.
    pub fn free_stranger(&self, tid: i32) {
        if !self.colocation.possible || Mask::of(tid) != Some(self.colocation.narrow) {
            return;
        }
        let task = tid.to_string();
        let leader = procfs::status_field(&task, "Tgid").filter(|&tgid| tgid != tid);
        let parent = leader.or_else(|| procfs::status_field(&task, "PPid"));
        if let Some(own) = parent.and_then(Mask::of) {
            self.colocation.restored(own).set(tid);
        }
    }

    /// A process is set free and never confined again, nor what it forks.
    pub(super) fn leave_alone(&mut self, tgid: i32) {
        self.move_process(tgid, false);
        if let Some(place) = self.colocation.places.get_mut(&tgid) {
            place.hands_off = true;
        }
    }
}
