//! Answers that are told by a stop: where a program may not have a log, or has no time-stamp counter to log by.
//!
//! The call of a reporter is seen at its entry, as every call, and is no row itself; the answer that it tells is one. That
//! the program's filters let this call through, and what a log needs, is known before it is made: by asking copies of the
//! filters, all of them, or not at all. Left out: an answer that is about to be told while another thread installs a filter for all
//! that forbids it.

use super::super::tasks::Open;
use super::super::tracee::SyscallInfo;
use super::super::worker::Engine;
use super::super::{memory, procfs};
use super::settle::Fallback;
use super::site::Hindrance;
use super::{State, Stop, log};
use crate::abi::Arch;
use crate::model::{Enter, EventKind, Exit, Marks, Outcome, Region};
use crate::policy::bpf::Data;
use crate::source::VdsoMode;
use crate::vdso::{Patch, REPORT, REPORT_ARGS, REPORT_NR, Report, report};

/// What a filter is asked about the call of a reporter.
fn reporters_call(ip: u64) -> Data {
    Data { instruction_pointer: ip, ..Data::of(Arch::X86_64, REPORT_NR, &REPORT_ARGS) }
}

impl Engine {
    /// Whether a task may be made to make a call: that is known only if all of its filters are.
    pub(super) fn may_call(&self, tid: i32, call: &Data) -> bool {
        let task = tid.to_string();
        match procfs::status_field(&task, "Seccomp") {
            Some(0) => true,
            Some(mode) => {
                // Those that sysview runs under itself, and the one by which it traces, let through what is asked here.
                let own = procfs::status_field("self", "Seccomp_filters").unwrap_or(0) + i32::from(self.filters());
                let all = procfs::status_field(&task, "Seccomp_filters");
                self.tasks.get(tid).is_some_and(|task| task.filters.let_through(mode, all, own, call))
            }
            None => false,
        }
    }

    /// Whether all threads of these processes may make the calls of a patch's reporters.
    pub(super) fn may_report(&self, tgids: &[i32], patch: &Patch) -> bool {
        let mut calls = patch.entries.iter().map(|entry| entry.reporter.map(|(_, ip)| reporters_call(ip)));
        let tids = self.tasks.tids_where(|task| tgids.contains(&task.tgid));
        calls.all(|call| call.is_some_and(|call| tids.iter().all(|&tid| self.may_call(tid, &call))))
    }

    /// Before a call that takes the time-stamp counter from a task: nothing may read it any more.
    pub fn without_counter(&mut self, tid: i32, now: u64) {
        if self.switch.mode == VdsoMode::Shown
            && let Some(task) = self.tasks.get(tid)
            && let Some(site) = task.vdso.clone()
        {
            let tgid = task.tgid;
            if !self.switch.fallbacks.contains_key(&tgid) {
                let sharers = self.sharers(tgid, tid, &site);
                self.fall_back(tgid, &sharers, &site, Hindrance::NoCounter);
                self.settle_at_once(tid, tgid, now);
            }
        }
    }

    /// Before a call that installs a filter: if it forbids what the reporters do, they go. `lets`: what it would let through.
    pub fn before_filter(&mut self, tid: i32, lets: impl Fn(&Data) -> bool, now: u64) {
        let Some(task) = self.tasks.get(tid) else { return };
        let tgid = task.tgid;
        if self.switch.fallbacks.get(&tgid) != Some(&Fallback::Stops) {
            return;
        }
        let Some(site) = task.vdso.clone() else { return };
        let calls = site.made().into_iter().flat_map(|patch| patch.entries.iter()).filter_map(|entry| entry.reporter);
        if calls.map(|(_, ip)| reporters_call(ip)).all(|call| lets(&call)) {
            return;
        }
        let sharers = self.sharers(tgid, tid, &site);
        self.tell(tgid, Hindrance::Forbidden, Some(Fallback::Natural));
        self.switch.fallbacks.extend(sharers.iter().map(|&sharer| (sharer, Fallback::Natural)));
        self.settle_at_once(tid, tgid, now);
    }

    /// The task `tid` waits in the entry of a call, behind which it must be so.
    fn settle_at_once(&mut self, tid: i32, tgid: i32, now: u64) {
        /// A thread that does not stop so often waits for a page; it is not in the vDSO then.
        const TRIES: usize = 10;
        let mode = self.switch.wanted(tgid);
        self.switch.known.remove(&tgid);
        for _ in 0..TRIES {
            self.settle(tgid, Some((tid, Stop::Other)), mode, now);
            if matches!(self.switch.known.get(&tgid), Some(State::Is(_) | State::LeftAlone)) {
                break;
            }
        }
    }

    /// Whether the call that a task enters is a reporter's. Then its answer is told, and nothing of the call.
    pub fn is_report(&mut self, tid: i32, info: &SyscallInfo, nr: u64, now: u64) -> bool {
        if !self.switch.active || nr != REPORT_NR {
            return false;
        }
        let site = self.tasks.get(tid).and_then(|task| task.vdso.clone());
        let entry = site.as_ref().and_then(|site| site.made()?.reports(info.ip).copied());
        let Some(entry) = entry else { return false };
        let hidden = self.is_hidden(Arch::X86_64, u64::from(entry.nr));
        let Some(task) = self.tasks.get_mut(tid) else { return false };
        let (id, nr) = (task.id, u64::from(entry.nr));
        task.mended = false;
        self.end_interrupted(tid);
        self.close(tid, Outcome::NeverReturned, now);
        let Some(task) = self.tasks.get_mut(tid) else { return false };
        task.open = Some(Open {
            arch: Arch::X86_64,
            nr: REPORT_NR,
            args: REPORT_ARGS,
            call: None,
            hidden: true,
            change: None,
            marks: Marks::NONE,
            restarting: None,
        });
        // What it could not answer has a row already: that of the call that it made.
        let told = task.fell_back.take_if(|(of, _)| *of == nr).is_some();
        let mut stack = [0; REPORT];
        if told || hidden || memory::read(tid, info.sp, &mut stack) != REPORT {
            return true;
        }
        let answer = report(entry.call, &stack);
        let batch = &mut self.out.batch;
        let first = batch.regions.len() as u32;
        for (addr, len) in answer.outputs {
            let mut bytes = [0; 16];
            // What the function has just written can be read, unless another thread unmapped it.
            if len > 0 && memory::read(tid, addr, &mut bytes[..len]) == len {
                let start = batch.bytes.len() as u32;
                batch.bytes.extend_from_slice(&bytes[..len]);
                batch.regions.push(Region { addr, true_len: len as u64, start, len: len as u32, fault: false });
            }
        }
        let regions = first..batch.regions.len() as u32;
        let Report { args, result, caller, .. } = answer;
        let enter = Enter { arch: Arch::X86_64, nr, args, ip: caller, sp: 0, regions: first..first };
        let mut marks = Marks::VDSO;
        marks.add(Marks::UNTIMED);
        self.out.event(id, now, EventKind::Enter(enter));
        self.out.event(id, now, EventKind::Exit(Exit { outcome: log::outcome(result), marks, regions }));
        true
    }
}
