//! Calls that are changed: another result, another call or none, a signal, a delay. strace(1), "Tampering".
//!
//! A call that is not to run gets the number -1 at its entry, for which the kernel does nothing and answers ENOSYS; its
//! result is set at its exit. Left out: how changes are written down (the command line and the screen know), and the
//! waiting (`control`).

use std::io;

use super::tasks::Open;
use super::worker::Engine;
use super::{siginfo, sys};
use crate::abi::Arch;
use crate::model::{Enter, Marks, Memory};
use crate::source::{Change, Forced, Moment, Tamper};

/// A call that traps, until its signal comes.
#[derive(Debug, Clone, Copy)]
pub struct Trap {
    arch: Arch,
    nr: u64,
    ip: u64,
}

/// What the register of the result held before the call.
fn before(open: &Open) -> i64 {
    match open.arch {
        Arch::Aarch64 => open.args[0] as i64,
        Arch::X86_64 | Arch::X32 | Arch::I386 => open.nr as i64,
    }
}

impl Engine {
    /// A new list of rules; counting begins anew.
    pub fn tamper(&mut self, list: Vec<Tamper>) -> io::Result<()> {
        for task in self.tasks.iter_mut() {
            task.fitted.clear();
        }
        self.tracing.tamper = list;
        Ok(())
    }

    /// What is to be done to a call that is being entered. Of several rules that fit, the last counts, as with strace.
    pub fn change_of(&mut self, tid: i32, now: u64, enter: &Enter, entry: Memory<'_>) -> Option<Change> {
        let task = self.tasks.get(tid)?;
        let moment = Moment {
            task: task.id,
            tid,
            tgid: task.tgid,
            comm: &task.comm,
            ancestors: &task.ancestors,
            t_ns: now,
            enter,
            exit: None,
            entry_memory: entry,
            exit_memory: Memory::default(),
        };
        let rules = &self.tracing.tamper;
        let rule = rules.iter().rposition(|rule| (rule.test.0)(&moment))?;
        let (when, change) = (rules[rule].when, rules[rule].change);
        let count = self.tasks.get_mut(tid)?.fitted.entry((rule, enter.arch, enter.nr)).or_insert(0);
        *count = count.saturating_add(1);
        when.holds(*count).then_some(change)
    }

    /// The signal that a change sends when the call is over; 0: none.
    pub fn signal_of(&mut self, tid: i32, change: &Change, enter: &Enter) -> i32 {
        if change.result == Some(Forced::Trap) {
            if let Some(task) = self.tasks.get_mut(tid) {
                task.trap = Some(Trap { arch: enter.arch, nr: enter.nr, ip: enter.ip });
            }
            return libc::SIGSYS;
        }
        change.signal.unwrap_or(0)
    }

    /// Does to the call whose entry the task is at what can be done now, and notes the rest for its exit.
    pub fn change_entry(&mut self, tid: i32, change: Change) {
        let Some(open) = self.tasks.get_mut(tid).and_then(|task| task.open.as_mut()) else { return };
        // Undone first, because this may be the second answer to one call.
        let nr = change.call.or(change.result.map(|_| u64::MAX)).unwrap_or(open.nr);
        if change.call.is_some() || change.result.is_some() || open.change.is_some() {
            // An error means that the task is gone.
            let _ = sys::set_call_number(tid, nr);
        }
        open.change = Some(change);
        open.marks = open.marks.of_place();
        if change.call.is_some() || change.result.is_some() {
            open.marks.add(Marks::INJECTED);
        }
        if change.delay_enter.is_some() || change.delay_exit.is_some() {
            open.marks.add(Marks::DELAYED);
        }
    }

    /// What the program gets instead of the result that the kernel gave: the value, and whether it is an error.
    pub fn change_exit(&self, tid: i32, open: &Open, value: i64, is_error: bool) -> (i64, bool) {
        let Some(forced) = open.change.and_then(|change| change.result) else { return (value, is_error) };
        let (value, is_error) = match forced {
            Forced::Errno(errno) => (-i64::from(errno), true),
            Forced::Value(value) => (value, false),
            Forced::Trap => (before(open), false),
        };
        // An error means that the task is gone.
        let _ = sys::set_result(tid, value);
        (value, is_error)
    }

    /// Gives the SIGSYS of a trap that is about to be delivered the siginfo that the kernel's would have.
    pub fn dress_trap(&mut self, tid: i32, signal: i32) {
        if signal != libc::SIGSYS {
            return;
        }
        if let Some(trap) = self.tasks.get_mut(tid).and_then(|task| task.trap.take()) {
            // An error means that the task is gone.
            let _ = sys::set_signal_info(tid, &siginfo::of_trap(trap.ip, trap.nr, trap.arch.audit()));
        }
    }
}
