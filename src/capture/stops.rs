//! What each stop of a traced task means, and how the task goes on.

use std::io;

use super::control::Pause;
use super::exec;
use super::filters::Filters;
use super::siginfo;
use super::status_text::StatusText;
use super::sys;
use super::tasks::{Early, Held, Open, Task};
use super::tracee::{Forked, Op, Status, Stop, Stopped, SyscallInfo};
use super::worker::Engine;
use crate::abi::fetch::{at_entry, at_exit, at_failure};
use crate::abi::{self, Arch, Call};
use crate::model::{Enter, EventKind, Exit, Marks, NewTask, Origin, Outcome, TaskEnd, TaskId};
use crate::source::{At, End};

/// A child normally shows itself and is announced by its parent within microseconds; if the announcement never comes
/// (the parent was killed in between), the child is taken in after this long.
const ADOPT_AFTER_NS: u64 = 100_000_000;
/// A death by seccomp follows the call's exit at once, but a core dump may come in between.
const HOLD_EXIT_NS: u64 = 250_000_000;

/// The ABI of the build, for an audit architecture that nobody knows.
pub const NATIVE: Arch = if cfg!(target_arch = "aarch64") { Arch::Aarch64 } else { Arch::X86_64 };

impl Engine {
    /// Takes one status of a traced (or not yet known) task.
    pub fn on_status(&mut self, tid: i32, status: Status, now: u64) -> io::Result<()> {
        if self.tasks.get(tid).is_none() {
            if self.ghosts.contains(&tid) || self.unseen.contains_key(&tid) {
                return self.on_ghost_status(tid, status);
            }
            if self.late.remove(&tid) {
                return match status {
                    Status::Stopped(stopped, stop) => self.let_go(stopped, stop, now),
                    Status::Exited(_) | Status::Killed { .. } => Ok(()),
                };
            }
            if self.killing && !self.sparing {
                let _ = sys::signal_process(tid, libc::SIGKILL);
            }
            self.tasks.set_early(tid, now, status);
            self.out.arm();
            return Ok(());
        }
        match status {
            Status::Stopped(stopped, stop) => self.on_stop(stopped, stop, now),
            Status::Exited(status) => {
                self.on_end(tid, TaskEnd::Exited { status }, End::Exited(status), now);
                Ok(())
            }
            Status::Killed { signal, core } => {
                self.on_end(tid, TaskEnd::Killed { signal: signal as u8, core }, End::Killed { signal, core }, now);
                Ok(())
            }
        }
    }

    fn on_stop(&mut self, stopped: Stopped, stop: Stop, now: u64) -> io::Result<()> {
        let tid = stopped.tid();
        self.release_held(tid);
        if let Some(task) = self.tasks.get_mut(tid) {
            task.listening &= matches!(stop, Stop::Group(_));
            task.stops += 1;
        }
        if self.tasks.get(tid).is_some_and(|task| task.leaving) {
            return self.let_go(stopped, stop, now);
        }
        self.keep_vdso(tid, stop, now);
        self.on_answer(tid, stop, now);
        let (mut signal, mut pause) = (0, Pause::default());
        match stop {
            Stop::Syscall => match self.on_syscall(tid, now) {
                Some(on) => pause = on,
                // By now the number is another thread's, or nobody's: that has a status of its own.
                None => return Ok(()),
            },
            Stop::Seccomp => pause = self.on_seccomp(tid, now),
            Stop::Signal(number) => {
                self.on_signal(tid, number, now);
                signal = number;
            }
            Stop::Group(number) => {
                self.on_group_stop(tid, number, now);
                return stopped.listen();
            }
            Stop::Fork(how) => self.on_fork(tid, how, now)?,
            Stop::Exec => self.on_exec(tid, now),
            Stop::Trap | Stop::End | Stop::Other => {}
        }
        if !self.turns.is_empty() && !self.hear_siblings(tid, now)? {
            return Ok(());
        }
        self.conclude(stopped, signal, pause, now)
    }

    /// Entry or exit, as the kernel tells; never guessed from what came before.
    pub fn on_syscall(&mut self, tid: i32, now: u64) -> Option<Pause> {
        // An error means that the task was killed: its status is on the way.
        let Ok(info) = SyscallInfo::of(tid) else { return Some(Pause::default()) };
        match info.op {
            Op::Entry { nr, args } => Some(self.on_enter(tid, &info, nr, args, now)),
            Op::Exit { value, is_error } => Some(self.on_exit(tid, value, is_error, now)),
            // It is at no such stop any more.
            Op::None | Op::Seccomp { .. } => None,
        }
    }

    pub fn on_enter(&mut self, tid: i32, info: &SyscallInfo, nr: u64, args: [u64; 6], now: u64) -> Pause {
        let arch = Arch::from_audit(info.audit_arch, nr).unwrap_or(NATIVE);
        let call = abi::lookup(arch, nr);
        if self.is_report(tid, info, nr, now) || self.goes_on_with(tid, nr, call) {
            return Pause::default();
        }
        // An entry without an exit in between does not occur; if it did, the earlier call must not stay open.
        self.close(tid, Outcome::NeverReturned, now);
        let hidden = self.is_hidden(arch, nr);
        self.before_call(tid, arch, nr, call, &args);
        let regions = match call {
            Some(call) if !hidden => self.fetcher(tid).collect(|fetch| at_entry(arch, call, &args, info.sp, fetch)),
            _ => 0..0,
        };
        let marks = self.vdso_marks(tid, arch, info.ip, call, args);
        let Some(task) = self.tasks.get_mut(tid) else { return Pause::default() };
        let id = task.id;
        task.fell_back = marks.has(Marks::FELL_BACK).then_some((nr, now)).or(task.fell_back);
        let open = Open { arch, nr, args, call, hidden, change: None, marks, restarting: None };
        task.open = Some(open);
        self.look_closer(tid, &open, &regions);
        if hidden {
            return Pause::default();
        }
        let enter = Enter { arch, nr, args, ip: info.ip, sp: info.sp, regions };
        let mut pause = Pause { at: Some(At::Entry), ..Pause::default() };
        if !self.tracing.catch.is_empty() || !self.tracing.tamper.is_empty() {
            self.ask_at_entry(tid, now, &enter, &mut pause);
        }
        self.out.event(id, now, EventKind::Enter(enter));
        pause
    }

    fn ask_at_entry(&mut self, tid: i32, now: u64, enter: &Enter, pause: &mut Pause) {
        // Out of the way for the questions' time, so that they can see it while counts change.
        let batch = std::mem::take(&mut self.out.batch);
        let memory = batch.memory(&enter.regions);
        pause.caught = self.caught(tid, now, enter, memory, None);
        let change = self.change_of(tid, now, enter, memory);
        self.out.batch = batch;
        if let Some(change) = change {
            self.change_entry(tid, change);
            pause.delay = change.delay_enter;
            pause.signal = self.signal_of(tid, &change, enter);
        }
        if self.asks_at_exit() {
            self.keep(tid, now, enter);
        }
    }

    pub fn on_exit(&mut self, tid: i32, value: i64, is_error: bool, now: u64) -> Pause {
        let Some(task) = self.tasks.get_mut(tid) else { return Pause::default() };
        let id = task.id;
        let interrupted = std::mem::take(&mut task.interrupted);
        let changed = task.open.as_ref().is_some_and(|open| open.change.is_some());
        if interrupted && is_error && !changed && self.goes_on_by_itself(tid, value) {
            self.await_restart(tid, value, now);
            return Pause::default();
        }
        let Some(open) = self.tasks.get_mut(tid).and_then(|task| task.open.take()) else { return Pause::default() };
        self.after_call(tid, &open, if is_error { None } else { Some(value) });
        let (value, is_error) = self.change_exit(tid, &open, value, is_error);
        let first_byte = self.out.batch.bytes.len();
        let outcome = if is_error {
            Outcome::Failed(u16::try_from(value.unsigned_abs()).unwrap_or(u16::MAX))
        } else {
            Outcome::Returned(value)
        };
        let regions = match open.call {
            Some(call) if !open.hidden => self.fetcher(tid).collect(|fetch| match outcome {
                Outcome::Failed(errno) => at_failure(open.arch, call, &open.args, errno, fetch),
                _ => at_exit(open.arch, call, &open.args, value, fetch),
            }),
            _ => 0..0,
        };
        let marks = self.filter_marks(tid, &open, outcome);
        self.look_back(tid, &open, outcome);
        if open.hidden {
            return Pause::default();
        }
        let exit = Exit { outcome, marks, regions };
        let delay = open.change.and_then(|change| change.delay_exit);
        let mut pause = Pause { at: Some(At::Exit), delay, ..Pause::default() };
        if let Some(kept) = self.tasks.get_mut(tid).and_then(|task| task.kept.take()) {
            pause.caught = self.caught(tid, now, &kept.enter, kept.memory(), Some((&exit, kept.t_ns)));
        }
        // When a filter kills, the kernel puts the call's number back into the result register: that is no result.
        // Only the next status tells, so the exit waits for it, with its memory.
        if self.seccomp && !is_error && value as u64 == open.nr {
            let batch = &mut self.out.batch;
            let mut regions = batch.regions.split_off(exit.regions.start as usize);
            for region in &mut regions {
                region.start -= first_byte as u32;
            }
            let bytes = batch.bytes.split_off(first_byte);
            if let Some(task) = self.tasks.get_mut(tid) {
                task.held = Some(Held { t_ns: now, exit, regions, bytes });
            }
            self.out.arm();
            return pause;
        }
        self.out.event(id, now, EventKind::Exit(exit));
        pause
    }

    /// The open call came back, but only to be entered again.
    pub fn await_restart(&mut self, tid: i32, value: i64, now: u64) {
        if let Some(open) = self.tasks.get_mut(tid).and_then(|task| task.open.as_mut()) {
            open.restarting = Some((value.unsigned_abs() as u16, now));
        }
    }

    /// Whether an entry is only the second half of a call that we interrupted: one call, one row.
    fn goes_on_with(&mut self, tid: i32, nr: u64, call: Option<&'static Call>) -> bool {
        let Some(task) = self.tasks.get_mut(tid) else { return false };
        task.mended = false;
        let Some(open) = &mut task.open else { return false };
        let restarted = open.nr == nr || call.is_some_and(|call| call.name == "restart_syscall");
        if restarted && open.restarting.take().is_some() {
            return true;
        }
        self.end_interrupted(tid);
        false
    }

    /// A call that we interrupted did not go on after all, because of a signal: its exit stands.
    pub fn end_interrupted(&mut self, tid: i32) {
        let Some(task) = self.tasks.get_mut(tid) else { return };
        if let Some(open) = task.open.take_if(|open| open.restarting.is_some())
            && let Some((errno, t_ns)) = open.restarting
            && !open.hidden
        {
            let id = task.id;
            let exit = Exit { outcome: Outcome::Failed(errno), marks: open.marks, regions: 0..0 };
            self.out.event(id, t_ns, EventKind::Exit(exit));
        }
    }

    /// The task lives on: what it returned was a result.
    pub fn release_held(&mut self, tid: i32) {
        let Some(task) = self.tasks.get_mut(tid) else { return };
        if let Some(held) = task.held.take() {
            let id = task.id;
            let batch = &mut self.out.batch;
            let (first_byte, first) = (batch.bytes.len() as u32, batch.regions.len() as u32);
            batch.bytes.extend_from_slice(&held.bytes);
            for mut region in held.regions {
                region.start += first_byte;
                batch.regions.push(region);
            }
            let regions = first..batch.regions.len() as u32;
            self.out.event(id, held.t_ns, EventKind::Exit(Exit { regions, ..held.exit }));
        }
    }

    pub fn release_overdue(&mut self, now: u64) {
        for tid in self.tasks.tids() {
            let overdue =
                |task: &Task| task.held.as_ref().is_some_and(|held| now.saturating_sub(held.t_ns) > HOLD_EXIT_NS);
            if self.tasks.get(tid).is_some_and(overdue) {
                self.release_held(tid);
            }
        }
    }

    pub fn on_signal(&mut self, tid: i32, signal: i32, now: u64) {
        self.on_signal_after_mending(tid, signal);
        self.dress_trap(tid, signal);
        self.end_interrupted(tid);
        let Some(task) = self.tasks.get(tid) else { return };
        let described = siginfo::describe(signal, sys::signal_info(tid).ok());
        self.out.event(task.id, now, EventKind::Signal(described));
    }

    pub fn on_group_stop(&mut self, tid: i32, signal: i32, now: u64) {
        self.on_signal_after_mending(tid, signal);
        let Some(task) = self.tasks.get_mut(tid) else { return };
        // Interrupted while it listens, it reports the same stop again.
        if !std::mem::replace(&mut task.listening, true) {
            self.out.event(task.id, now, EventKind::GroupStop { signal: signal as u8 });
        }
    }

    fn on_fork(&mut self, parent: i32, how: Forked, now: u64) -> io::Result<()> {
        let Some(child) = sys::event_message(parent).ok().and_then(|n| i32::try_from(n).ok()) else { return Ok(()) };
        if self.tasks.get(child).is_some() {
            // Taken in before its announcement came.
            return Ok(());
        }
        if self.is_born_unseen(parent, child) {
            return match self.tasks.early.remove(&child) {
                Some(Early { status, .. }) => self.on_ghost_status(child, status),
                None => Ok(()),
            };
        }
        if !self.tracing.follow {
            return self.let_child_go(parent);
        }
        self.add_task(child, Some(parent), Some(how), now);
        match self.tasks.early.remove(&child) {
            Some(Early { status, .. }) => self.on_status(child, status, now),
            None => Ok(()),
        }
    }

    /// Gives a task an id and a row. `how` is None if its parent did not tell.
    fn add_task(&mut self, tid: i32, parent: Option<i32>, how: Option<Forked>, now: u64) {
        let parent_tid = parent;
        let parent = parent.and_then(|parent| self.tasks.get(parent));
        let (parent_id, parent_tgid) = (parent.map(|task| task.id), parent.map(|task| task.tgid));
        let status = StatusText::of(tid);
        let thread_of = parent_tgid
            .filter(|&tgid| tgid != tid && status.as_ref().is_some_and(|status| status.pid("Tgid") == Some(tgid)));
        // If it is gone already, it has its parent's name.
        let comm = status.as_ref().and_then(StatusText::comm).or_else(|| parent.map(|task| task.comm.clone()));
        let comm = comm.unwrap_or_default();
        let tgid = thread_of.unwrap_or(tid);
        let origin = match (thread_of, how) {
            (Some(_), _) => Origin::Thread,
            (None, Some(Forked::Fork)) => Origin::Fork,
            (None, Some(Forked::Vfork)) => Origin::Vfork,
            (None, Some(Forked::Clone) | None) => Origin::Clone,
        };
        if thread_of.is_none() {
            self.forget_vdso(tid);
        }
        let id = self.tasks.add(tid, tgid, comm.clone());
        self.inherit(tid, parent_tid, thread_of.is_some());
        self.place_child(tid, tgid, parent_tid, now);
        let ns = status.map(|status| status.namespace()).unwrap_or_default();
        let new = NewTask { tid, tgid, parent: parent_id, origin, comm, ns, image: None };
        self.out.event(id, now, EventKind::NewTask(Box::new(new)));
        let spared = self.sparing && self.tasks.get(tid).is_some_and(|task| task.attached);
        if self.killing && !spared {
            let _ = sys::signal_thread(tgid, tid, libc::SIGKILL);
        }
    }

    /// What a new task has of the one that made it.
    pub fn inherit(&mut self, tid: i32, parent: Option<i32>, is_thread: bool) {
        /// Enough to find any ancestor that somebody would name.
        const LINEAGE: usize = 64;
        let Some(parent) = parent.and_then(|parent| self.tasks.get(parent)) else {
            if let Some(task) = self.tasks.get_mut(tid) {
                task.filters = Filters::of_stranger(tid);
            }
            return;
        };
        let vdso = parent.vdso.clone();
        let (full, attached, filters) = (parent.full, parent.attached, parent.filters.inherited());
        let ancestors = if is_thread {
            parent.ancestors.clone()
        } else {
            [parent.tgid].into_iter().chain(parent.ancestors.iter().copied()).take(LINEAGE).collect()
        };
        if let Some(task) = self.tasks.get_mut(tid) {
            task.full = full;
            task.attached = attached;
            task.ancestors = ancestors;
            task.filters = filters;
            task.vdso = vdso;
        }
    }

    /// The program's first task, at the entry of its first execve: nothing of sysview's own preparation is shown.
    pub fn add_root(&mut self, comm: Vec<u8>, now: u64) {
        let (tid, root) = (self.root, self.root);
        let id = self.tasks.add(tid, root, comm.clone());
        self.begin_colocation();
        let ns = StatusText::of(tid).map(|status| status.namespace()).unwrap_or_default();
        let new = NewTask { tid, tgid: root, parent: None, origin: Origin::Launch, comm, ns, image: None };
        self.out.event(id, now, EventKind::NewTask(Box::new(new)));
    }

    /// Takes in tasks whose parents never announced them.
    pub fn adopt_overdue(&mut self, now: u64) -> io::Result<()> {
        let overdue: Vec<i32> = self
            .tasks
            .early
            .iter()
            .filter(|(_, early)| now.saturating_sub(early.t_ns) > ADOPT_AFTER_NS)
            .map(|(&tid, _)| tid)
            .collect();
        for tid in overdue {
            let Some(early) = self.tasks.early.remove(&tid) else { continue };
            let status = StatusText::of(tid);
            let field = |name| status.as_ref().and_then(|status| status.pid(name));
            let leader = field("Tgid").filter(|&tgid| tgid != tid);
            let parent = leader.or_else(|| field("PPid"));
            if parent.is_some_and(|parent| self.ghosts.contains(&parent) || self.is_born_unseen(parent, tid)) {
                self.on_ghost_status(tid, early.status)?;
                continue;
            }
            let parent = parent.filter(|&parent| self.tasks.get(parent).is_some());
            self.add_task(tid, parent, None, now);
            self.on_status(tid, early.status, now)?;
        }
        Ok(())
    }

    pub fn on_exec(&mut self, tid: i32, now: u64) {
        let former_tid = sys::event_message(tid).ok().and_then(|n| i32::try_from(n).ok()).unwrap_or(tid);
        let former = if former_tid == tid { None } else { self.take_over(tid, former_tid, now) };
        for sibling in self.tasks.siblings(tid, tid) {
            // Their deaths were reported before the kernel let the exec go on; this one's was not.
            if let (Some(by), Some(gone)) = (self.tasks.get(tid).map(|t| t.id), self.retire(sibling, now)) {
                self.out.event(gone, now, EventKind::TaskEnd(TaskEnd::SupersededByExec { by }));
            }
        }
        let Ok(info) = SyscallInfo::of(tid) else { return };
        let word = Arch::from_audit(info.audit_arch, 0).unwrap_or(NATIVE).word();
        // What the program found open; later ones are known by their calls.
        let inherited = tid == self.root;
        let exec = exec::examine(tid, info.sp, word, self.tracing.vdso, &mut self.images, former, inherited);
        self.vdso_after_exec(tid, &exec, now);
        self.executed(tid, exec, now);
    }

    /// A thread other than the leader called execve: it goes on under the leader's number, and the leader is gone
    /// without a status of its own. Returns the leader's id.
    fn take_over(&mut self, tid: i32, former_tid: i32, now: u64) -> Option<TaskId> {
        let caller = self.tasks.remove(former_tid)?;
        let by = caller.id;
        let leader = self.retire(tid, now);
        if let Some(leader) = leader {
            self.out.event(leader, now, EventKind::TaskEnd(TaskEnd::SupersededByExec { by }));
        }
        self.tasks.rename(caller, tid);
        leader
    }

    fn on_end(&mut self, tid: i32, end: TaskEnd, session_end: End, now: u64) {
        if tid == self.root {
            self.root_end = Some(session_end);
        }
        let by_seccomp = matches!(end, TaskEnd::Killed { signal, .. } if i32::from(signal) == libc::SIGSYS);
        if by_seccomp && let Some(task) = self.tasks.get_mut(tid) {
            let held = task.held.take();
            // KILL_THREAD makes no exit stop at all. But the other threads of a killed process die of SIGSYS too, in
            // calls that have nothing to do with it.
            let alone = task.open.is_some() && !self.group_held(tid);
            if let Some(task) = self.tasks.get_mut(tid)
                && (held.is_some() || alone)
            {
                task.open = None;
                let id = task.id;
                self.killed_by_seccomp.insert(task.tgid);
                let at = held.map_or(now, |held| held.t_ns);
                let exit = Exit { outcome: Outcome::KilledBySeccomp, marks: Marks::NONE, regions: 0..0 };
                self.out.event(id, at, EventKind::Exit(exit));
            }
        }
        if matches!(end, TaskEnd::Killed { signal, .. } if i32::from(signal) == libc::SIGKILL)
            && self.tasks.get(tid).is_some_and(|task| task.open.is_some_and(|open| task.filters.killed(&open)))
        {
            self.close(tid, Outcome::KilledBySeccomp, now);
        }
        // The leader's death is reported last.
        self.killed_by_seccomp.remove(&tid);
        if let Some(id) = self.retire(tid, now) {
            self.out.event(id, now, EventKind::TaskEnd(end));
        }
    }

    /// Whether a sibling of this task is the one that the filter killed.
    fn group_held(&self, tid: i32) -> bool {
        let Some(task) = self.tasks.get(tid) else { return false };
        self.tasks.iter().any(|other| other.tgid == task.tgid && other.tid != tid && other.held.is_some())
            || self.killed_by_seccomp.contains(&task.tgid)
    }

    /// Takes a task out of the table; its open call will not return.
    fn retire(&mut self, tid: i32, now: u64) -> Option<TaskId> {
        self.release_held(tid);
        self.close(tid, Outcome::NeverReturned, now);
        self.tasks.remove(tid).map(|task| task.id)
    }

    /// Ends the task's open call, if it has one, with something else than a result.
    pub fn close(&mut self, tid: i32, outcome: Outcome, now: u64) {
        let Some(task) = self.tasks.get_mut(tid) else { return };
        if task.open.take().is_some_and(|open| !open.hidden) {
            let id = task.id;
            self.out.event(id, now, EventKind::Exit(Exit { outcome, marks: Marks::NONE, regions: 0..0 }));
        }
    }
}
