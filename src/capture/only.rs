//! A filter of calls, set at launch: calls that nobody asked for do not stop the program at all.
//!
//! A seccomp filter in the program answers RET_TRACE to the calls that are asked for and ALLOW to all others, for which
//! the kernel keeps a bitmap since 5.11, so that they cost next to nothing. What RET_TRACE would mean to the program's
//! own filters is kept: a program that installs one stops at every call from then on (`Task::full`), because its filter
//! hides calls from ours, and its own RET_TRACE gets the ENOSYS that it would get without a tracer. seccomp(2).
//! Without the filter all calls stop and those that nobody asked for are not shown: where no_new_privs would change
//! what the program does. Left out: which calls are meant (the command line knows).

use std::collections::HashSet;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::colocate::MATTERS;
use super::control::Pause;
use super::entries::CLOSING;
use super::options::Only;
use super::tasks::Open;
use super::tracee::{Op, Status, Stop, Stopped, SyscallInfo};
use super::worker::Engine;
use super::{procfs, sys};
use crate::abi::{self, Arch, X32_BIT};
use crate::model::Outcome;
use crate::policy::bpf::{Instruction, Program};
use crate::vdso::is_vsyscall;

const ALLOW: u32 = 0x7fff_0000;
const TRACE: u32 = 0x7ff0_0000;

/// What the engine remembers of it.
#[derive(Debug)]
pub struct Wanted {
    numbers: HashSet<(Arch, u64)>,
    unknown: bool,
    /// The program is under the filter; else all its calls stop, and most are not shown.
    in_kernel: bool,
    /// The data of our RET_TRACE, unlikely to be that of a filter of the program's.
    data: u16,
}

/// Calls that must stop although nobody asked for them: they install filters, or have to do with where the task runs. So
/// must those after which its memory would be closed to us, and prctl(2) that does either; and those that may make a child
/// that is not traced, clone(2) among them if its flags say so.
fn always() -> impl Iterator<Item = &'static str> {
    ["seccomp", "clone3"].into_iter().chain(MATTERS).chain(CLOSING)
}

impl Wanted {
    pub fn new(only: &Only, data: u16) -> Wanted {
        let numbers = only.numbers.iter().flat_map(|(arch, list)| list.iter().map(|nr| (*arch, *nr))).collect();
        Wanted { numbers, unknown: only.unknown, in_kernel: only.at_full_speed, data }
    }

    pub fn holds(&self, arch: Arch, nr: u64) -> bool {
        self.numbers.contains(&(arch, nr)) || self.unknown && abi::lookup(arch, nr).is_none()
    }

    /// What the program is put under, if it is.
    pub fn filter(&self) -> Option<Program> {
        self.in_kernel.then(|| self.program())
    }

    fn program(&self) -> Program {
        let trace = TRACE | u32::from(self.data);
        let mut program = vec![load(4)];
        #[cfg(target_arch = "aarch64")]
        let groups: [&[Arch]; 1] = [&[Arch::Aarch64]];
        #[cfg(not(target_arch = "aarch64"))]
        let groups: [&[Arch]; 2] = [&[Arch::X86_64, Arch::X32], &[Arch::I386]];
        for group in groups {
            let mut block = vec![load(0)];
            for (first, last) in group.iter().flat_map(|&arch| self.stopping(arch)) {
                if first == last {
                    block.push(equal(first, 0, 1));
                } else {
                    block.push(compare(libc::BPF_JGE, first, 0, 2));
                    block.push(compare(libc::BPF_JGT, last, 1, 0));
                }
                block.push(answer(trace));
            }
            for prctl in group.iter().filter_map(|&arch| number(arch, "prctl")) {
                // Only two options; the low half of the argument is what the kernel looks at.
                let (filter, closes) = (libc::PR_SET_SECCOMP as u32, libc::PR_SET_DUMPABLE as u32);
                block.extend([equal(prctl, 0, 4), load(16), equal(filter, 1, 0), equal(closes, 0, 1), answer(trace)]);
                // Of another option the number is no longer in the accumulator, and nothing else can fit.
                block.push(load(0));
            }
            for clone in group.iter().filter_map(|&arch| number(arch, "clone")) {
                let untraced = libc::CLONE_UNTRACED as u32;
                block.extend([equal(clone, 0, 4), load(16), compare(libc::BPF_JSET, untraced, 0, 1), answer(trace)]);
                block.push(load(0));
            }
            block.push(answer(ALLOW));
            // A jump is at most 255 instructions long in one direction, but any length with `ja`.
            program.push(equal(group[0].audit(), 1, 0));
            program.push(jump(block.len() as u32));
            program.extend(block);
        }
        program.push(answer(ALLOW));
        Program { instructions: program }
    }

    /// First and last number of each run of calls that stop.
    fn stopping(&self, arch: Arch) -> Vec<(u32, u32)> {
        let base = if arch == Arch::X32 { X32_BIT as u32 } else { 0 };
        let always: Vec<u32> = always().filter_map(|name| number(arch, name)).collect();
        let stops = |nr: &u32| always.contains(nr) || self.holds(arch, u64::from(*nr));
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for nr in (base..base + NUMBERS).filter(stops) {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == nr => *last = nr,
                _ => runs.push((nr, nr)),
            }
        }
        if self.unknown {
            let end = if arch == Arch::X86_64 { X32_BIT as u32 - 1 } else { u32::MAX };
            runs.push((base + NUMBERS, end));
        }
        runs
    }
}

/// Above every number that a kernel knows.
const NUMBERS: u32 = 1024;

fn number(arch: Arch, name: &str) -> Option<u32> {
    u32::try_from(abi::number(arch, name)?).ok()
}

fn load(offset: u32) -> Instruction {
    Instruction { code: (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16, jt: 0, jf: 0, k: offset }
}

fn equal(value: u32, jt: u8, jf: u8) -> Instruction {
    compare(libc::BPF_JEQ, value, jt, jf)
}

fn compare(how: u32, value: u32, jt: u8, jf: u8) -> Instruction {
    Instruction { code: (libc::BPF_JMP | how | libc::BPF_K) as u16, jt, jf, k: value }
}

fn jump(over: u32) -> Instruction {
    Instruction { code: (libc::BPF_JMP | libc::BPF_JA) as u16, jt: 0, jf: 0, k: over }
}

fn answer(value: u32) -> Instruction {
    Instruction { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k: value }
}

/// Whether a program can be put under a filter of calls without a difference to what it does: a set-user-ID program would
/// not gain its privileges, if no_new_privs is needed for the filter. execve(2).
pub fn fits_a_filter(program: &Path) -> bool {
    const CAP_SYS_ADMIN: u32 = 21;
    const SET_ID: u32 = libc::S_ISUID | libc::S_ISGID;
    let gains = std::fs::metadata(program).is_ok_and(|file| file.permissions().mode() & SET_ID != 0);
    sys::filters_can_answer(TRACE) && (!gains || procfs::has_capability("self", CAP_SYS_ADMIN))
}

impl Engine {
    /// Whether the program is under a filter of ours.
    pub fn filters(&self) -> bool {
        self.wanted.as_ref().is_some_and(|wanted| wanted.in_kernel)
    }

    /// Whether the task runs past calls that nobody asked for.
    fn runs_past(&self, tid: i32) -> bool {
        self.filters() && self.tasks.get(tid).is_some_and(|task| !task.full)
    }

    /// Resumes a task so that it stops at what is to be seen next.
    pub fn go_on(&self, stopped: Stopped, signal: i32) -> io::Result<()> {
        let tid = stopped.tid();
        // In the middle of a call its exit is the next thing.
        if self.runs_past(tid) && self.tasks.get(tid).is_some_and(|task| task.open.is_none()) {
            stopped.run_untraced(signal)
        } else {
            stopped.resume(signal)
        }
    }

    /// A stop for a filter's RET_TRACE: the entry of a call, if the task stops at no other.
    pub fn on_seccomp(&mut self, tid: i32, now: u64) -> Pause {
        // An error means that the task was killed: its status is on the way.
        let Ok(info) = SyscallInfo::of(tid) else { return Pause::default() };
        let Op::Seccomp { nr, args, data } = info.op else { return Pause::default() };
        if !self.is_ours(data) {
            refuse_as_untraced(tid);
        } else if self.runs_past(tid) {
            let pause = self.on_enter(tid, &info, nr, args, now);
            if is_vsyscall(info.ip) {
                // The kernel answers it without an exit.
                self.close(tid, Outcome::NeverReturned, now);
            }
            return pause;
        }
        Pause::default()
    }

    fn is_ours(&self, data: u32) -> bool {
        self.wanted.as_ref().is_some_and(|wanted| u32::from(wanted.data) == data)
    }

    /// Lets a task run on for good: detached, or under our filter as a ghost, which it must be as long as it lives.
    pub fn let_run(&mut self, stopped: Stopped, signal: i32) -> io::Result<()> {
        if !self.filters() {
            return stopped.detach(signal);
        }
        self.ghosts.insert(stopped.tid());
        stopped.run_untraced(signal)
    }

    pub fn on_ghost_status(&mut self, tid: i32, status: Status) -> io::Result<()> {
        match status {
            Status::Stopped(stopped, stop) => {
                if self.killing {
                    let _ = sys::signal_process(tid, libc::SIGKILL);
                }
                self.on_ghost(stopped, stop)
            }
            Status::Exited(_) | Status::Killed { .. } => {
                self.ghosts.remove(&tid);
                self.unseen.remove(&tid);
                Ok(())
            }
        }
    }

    /// A stop of a task that runs under our filter unrecorded.
    pub fn on_ghost(&mut self, stopped: Stopped, stop: Stop) -> io::Result<()> {
        let tid = stopped.tid();
        if self.ghosts.insert(tid) {
            self.restore_vdso_of_stranger(tid);
            self.free_stranger(tid);
            self.unveil_child(tid);
        }
        match stop {
            Stop::Signal(signal) => stopped.run_untraced(signal),
            Stop::Group(_) => stopped.listen(),
            Stop::Fork(_) => {
                // It may show itself later than its parent ends.
                if let Some(child) = sys::event_message(tid).ok().and_then(|n| i32::try_from(n).ok()) {
                    self.is_born_to_ghost(tid, child);
                    stopped.run_untraced(0)?;
                    return self
                        .tasks
                        .early
                        .remove(&child)
                        .map_or(Ok(()), |early| self.on_ghost_status(child, early.status));
                }
                stopped.run_untraced(0)
            }
            Stop::Exec => {
                let former = sys::event_message(tid).ok().and_then(|n| i32::try_from(n).ok());
                if let Some(former) = former.filter(|&former| former != tid) {
                    self.ghosts.remove(&former);
                }
                stopped.run_untraced(0)
            }
            Stop::Seccomp => {
                // An error means that the task was killed.
                if let Ok(SyscallInfo { op: Op::Seccomp { nr, args, data }, audit_arch, .. }) = SyscallInfo::of(tid) {
                    if self.is_ours(data) {
                        self.veil_of_ghost(tid, audit_arch, nr, args[0]);
                    } else {
                        refuse_as_untraced(tid);
                    }
                }
                stopped.run_untraced(0)
            }
            Stop::Syscall | Stop::Trap | Stop::End | Stop::Other => stopped.run_untraced(0),
        }
    }

    /// Whether a call makes no events, because others were asked for.
    pub fn is_hidden(&self, arch: Arch, nr: u64) -> bool {
        self.wanted.as_ref().is_some_and(|wanted| !wanted.holds(arch, nr))
    }

    /// A task installed a filter: from now on each of its calls stops it, and so do those of all threads that share it.
    pub fn stop_at_every_call(&mut self, tid: i32, open: &Open) {
        const TSYNC: u64 = 1;
        let Some(task) = self.tasks.get_mut(tid) else { return };
        task.full = true;
        let tgid = task.tgid;
        if open.call.is_some_and(|call| call.name == "seccomp") && open.args[1] & TSYNC != 0 {
            for sibling in self.tasks.iter_mut().filter(|task| task.tgid == tgid) {
                sibling.full = true;
            }
        }
    }
}

/// The program's own filter asks for a tracer of its own, and there is none: what the kernel does then. An error means
/// that the task is gone.
fn refuse_as_untraced(tid: i32) {
    let _ = sys::set_call_number(tid, u64::MAX);
    let _ = sys::set_result(tid, -i64::from(libc::ENOSYS));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::bpf::Data;

    #[test]
    fn only_what_was_asked_for_and_what_installs_filters_stops() {
        let only = Only {
            words: "openat".into(),
            numbers: vec![(Arch::X86_64, vec![257]), (Arch::I386, vec![295]), (Arch::X32, vec![X32_BIT | 257])],
            unknown: false,
            at_full_speed: true,
        };
        let wanted = Wanted::new(&only, 0x5356);
        let program = wanted.filter().unwrap();
        program.check().unwrap();
        let answer = |arch: Arch, nr, arg0| program.run(&Data::of(arch, nr, &[arg0, 0, 0, 0, 0, 0])).unwrap().0;
        let trace = TRACE | 0x5356;
        assert_eq!(answer(Arch::X86_64, 257, 0), trace);
        assert_eq!(answer(Arch::X86_64, 0, 257), ALLOW);
        assert_eq!(answer(Arch::X86_64, X32_BIT | 257, 0), trace);
        assert_eq!(answer(Arch::I386, 295, 0), trace);
        assert_eq!(answer(Arch::I386, 257, 0), ALLOW);
        assert_eq!(answer(Arch::X86_64, 317, 0), trace, "seccomp");
        assert_eq!(answer(Arch::I386, 354, 0), trace, "seccomp");
        assert_eq!(answer(Arch::X86_64, 157, 22), trace, "PR_SET_SECCOMP");
        assert_eq!(answer(Arch::X86_64, 157, 4), trace, "PR_SET_DUMPABLE");
        assert_eq!(answer(Arch::X86_64, 157, 15), ALLOW);
        assert_eq!(answer(Arch::X86_64, 117, 0), trace, "setresuid");
        assert_eq!(answer(Arch::I386, 208, 0), trace, "setresuid32");
        assert_eq!(answer(Arch::X86_64, 56, 0x80_0011), trace, "CLONE_UNTRACED");
        assert_eq!(answer(Arch::I386, 120, 0x80_0000), trace, "CLONE_UNTRACED");
        assert_eq!(answer(Arch::X86_64, 56, 0x7f_ff11), ALLOW, "clone");
        assert_eq!(answer(Arch::X86_64, 435, 0), trace, "clone3");
        assert_eq!(answer(Arch::X86_64, 157, 257), ALLOW, "an argument is no number");
        assert_eq!(answer(Arch::X86_64, 204, 0), trace, "sched_getaffinity");
        assert_eq!(answer(Arch::Aarch64, 257, 0), ALLOW);
        assert!(wanted.holds(Arch::X86_64, 257) && !wanted.holds(Arch::X86_64, 204));
    }

    #[test]
    fn all_but_some_fits_into_a_program_and_has_the_numbers_that_nobody_knows() {
        let numbers = |arch: Arch| {
            let base = if arch == Arch::X32 { X32_BIT } else { 0 };
            let wanted = |nr: &u64| abi::lookup(arch, *nr).is_some_and(|call| call.name != "futex");
            (arch, (base..base + 1024).filter(wanted).collect())
        };
        let numbers = [Arch::X86_64, Arch::X32, Arch::I386].map(numbers).to_vec();
        let only = Only { words: "!futex".into(), numbers, unknown: true, at_full_speed: true };
        let wanted = Wanted::new(&only, 7);
        let program = wanted.filter().unwrap();
        program.check().unwrap();
        assert!(program.instructions.len() < 100, "{}", program.instructions.len());
        let stops = |arch: Arch, nr: u64| {
            program.run(&Data::of(arch, nr, &[0; 6])).unwrap().0 == TRACE | u32::from(wanted.data)
        };
        for arch in [Arch::X86_64, Arch::X32, Arch::I386] {
            let base = if arch == Arch::X32 { X32_BIT } else { 0 };
            for nr in (base..base + 1100).chain([base + 9999]) {
                let futex = abi::lookup(arch, nr).is_some_and(|call| call.name == "futex");
                assert_eq!(stops(arch, nr), !futex, "{arch:?} {nr}");
                assert_eq!(wanted.holds(arch, nr), !futex, "{arch:?} {nr}");
            }
        }
        assert!(stops(Arch::X86_64, 0xffff_ffff));
    }
}
