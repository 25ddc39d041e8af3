//! A page near the vDSO for the code, where the vDSO itself has no room: mapped by a call that a task of the program makes
//! for us. mmap(2).
//!
//! The call is made at the end of one of the task's own, or where the task was stopped for it, by an instruction of the vDSO's,
//! with every signal blocked, and the task goes on with the registers and the mask that it had. It makes no row. Who is under a
//! seccomp filter that denies it or kills for it, or that sysview does not know, is not asked. Left out: calls that end in a
//! restart, whose state is not ours to keep.

use super::super::restart::is_restart;
use super::super::tracee::{Op, Status, Stop, SyscallInfo};
use super::super::worker::Engine;
use super::super::{memory, procfs, sys};
use super::site::Site;
use crate::abi::Arch;
use crate::model::Mapping;
use crate::policy::bpf::Data;

const PAGE: u64 = 4096;
/// Well within the reach of a jump.
const NEAR: u64 = 1 << 30;
/// More stops in the middle of one call than there can be reasons for.
const MOST_STOPS: usize = 16;

/// How the mapping went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapped {
    At(u64),
    /// Not at this stop.
    NotNow,
    /// The kernel refused, or the program may not be made to ask.
    Refused,
    /// The program has no time-stamp counter.
    NoCounter,
}

/// Arguments of mmap(2) for memory of nobody else's.
fn mapping(addr: u64, len: u64, prot: i32) -> [u64; 6] {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE | libc::MAP_NORESERVE;
    [addr, len, prot as u64, flags as u64, u64::MAX, 0]
}

fn free(tid: i32, base: u64, len: u64) -> Option<u64> {
    let maps: Vec<Mapping> = procfs::maps(tid).into_iter().map(|line| line.mapping).collect();
    gap(&maps, base, len)
}

impl Engine {
    /// Maps a page at `wanted`, or near the vDSO if that is None, by the task `tid`, whose stop is being dealt with.
    pub fn map_page(&mut self, tid: i32, stop: Stop, site: &Site, wanted: Option<u64>) -> Mapped {
        let Some(addr) = wanted.or_else(|| free(tid, site.image.base, PAGE)) else { return Mapped::Refused };
        let prot = libc::PROT_READ | libc::PROT_EXEC;
        let (tgid, at) = match self.caller(tid, stop, site, &[(libc::SYS_mmap, mapping(addr, PAGE, prot))]) {
            Ok(caller) => caller,
            Err(mapped) => return mapped,
        };
        match self.call_as(tid, tgid, at, libc::SYS_mmap as u64, mapping(addr, PAGE, prot)) {
            Some(value) if value as u64 == addr => Mapped::At(addr),
            Some(_) => Mapped::Refused,
            None => Mapped::NotNow,
        }
    }

    /// Maps a page of code and memory for a log behind it, `len` bytes in all. The task is at a stop that is being dealt with,
    /// or that it made for us and that nobody looks into.
    pub fn map_log(&mut self, tid: i32, stop: Stop, site: &Site, wanted: Option<u64>, len: u64) -> Mapped {
        let Some(addr) = wanted.or_else(|| free(tid, site.image.base, len)) else { return Mapped::Refused };
        let args = mapping(addr, len, libc::PROT_READ | libc::PROT_WRITE);
        let asked = [libc::PR_GET_TSC as u64, addr + PAGE, 0, 0, 0, 0];
        let calls = [
            (libc::SYS_mmap, args),
            (libc::SYS_prctl, asked),
            (libc::SYS_mprotect, [addr, PAGE, 5, 0, 0, 0]),
            (libc::SYS_munmap, [addr, len, 0, 0, 0, 0]),
        ];
        let (tgid, at) = match self.caller(tid, stop, site, &calls) {
            Ok(caller) => caller,
            Err(mapped) => return mapped,
        };
        match self.call_as(tid, tgid, at, libc::SYS_mmap as u64, args) {
            Some(value) if value as u64 == addr => {}
            Some(_) => return Mapped::Refused,
            None => return Mapped::NotNow,
        }
        // Without the counter the wrappers would be killed by reading it.
        let told = self.call_as(tid, tgid, at, libc::SYS_prctl as u64, asked);
        let mut answer = [0; 4];
        let known = told == Some(0) && memory::read(tid, addr + PAGE, &mut answer) == answer.len();
        let allowed = known && i32::from_ne_bytes(answer) == libc::PR_TSC_ENABLE;
        let closed = allowed
            // No thread owns the first head: where one without a thread pointer looks, it must find another's.
            && memory::write(tid, addr + PAGE, &u64::MAX.to_ne_bytes()).is_ok()
            && self.call_as(tid, tgid, at, libc::SYS_mprotect as u64, [addr, PAGE, 5, 0, 0, 0]) == Some(0);
        if closed {
            return Mapped::At(addr);
        }
        // What was mapped for nothing goes again; if not even that can be done, it harms nobody.
        let _ = self.call_as(tid, tgid, at, libc::SYS_munmap as u64, [addr, len, 0, 0, 0, 0]);
        if known && !allowed { Mapped::NoCounter } else { Mapped::Refused }
    }

    /// The process of a task that can be made to make these calls where it stands, and an instruction for it.
    fn caller(&self, tid: i32, stop: Stop, site: &Site, calls: &[(i64, [u64; 6])]) -> Result<(i32, u64), Mapped> {
        let task = self.tasks.get(tid).ok_or(Mapped::NotNow)?;
        let tgid = task.tgid;
        let at = site.call_instruction(tid).ok_or(Mapped::Refused)?;
        let allowed = |(nr, args): &(i64, [u64; 6])| {
            let call = Data { instruction_pointer: at + 2, ..Data::of(Arch::X86_64, *nr as u64, args) };
            self.may_call(tid, &call)
        };
        if !calls.iter().all(allowed) {
            return Err(Mapped::Refused);
        }
        if task.mended || task.parked.is_some() {
            return Err(Mapped::NotNow);
        }
        // What is about to be restarted is not ours to keep, and the mask may be a temporary one then.
        let restarts = |value: i64| is_restart(value) || value == -i64::from(libc::EINTR);
        let info = SyscallInfo::of(tid).map_err(|_| Mapped::NotNow)?;
        let settled = match (stop, info.op) {
            (Stop::Syscall, Op::Exit { value, .. }) => !task.interrupted && !restarts(value),
            (Stop::Trap, Op::None) => sys::registers(tid).is_ok_and(|registers| !restarts(registers.result())),
            _ => false,
        };
        if !settled {
            return Err(Mapped::NotNow);
        }
        Ok((tgid, at))
    }

    /// Makes a task that is at the end of a call make another, and puts it back. None if it was killed.
    fn call_as(&mut self, tid: i32, tgid: i32, at: u64, nr: u64, args: [u64; 6]) -> Option<i64> {
        let saved = sys::registers(tid).ok()?;
        let mask = sys::signal_mask(tid).ok()?;
        sys::set_signal_mask(tid, u64::MAX).ok()?;
        sys::set_registers(tid, &saved.for_call(at, nr, args)).ok()?;
        let mut result = None;
        let (mut stop_again, mut interrupt_again) = (false, false);
        for _ in 0..MOST_STOPS {
            sys::resume_to_syscall(tid, 0).ok()?;
            let raw = sys::wait_for(tid).ok()?;
            match Status::decode(tid, raw) {
                Status::Stopped(_, Stop::Syscall) => {
                    if let Ok(SyscallInfo { op: Op::Exit { value, .. }, .. }) = SyscallInfo::of(tid) {
                        result = Some(value);
                        break;
                    }
                }
                // The one signal that no mask holds up, and the stop of its whole process: told again afterwards.
                Status::Stopped(_, Stop::Signal(_)) => stop_again = true,
                Status::Stopped(_, Stop::Group(_)) => interrupt_again = true,
                Status::Stopped(..) => {}
                Status::Exited(_) | Status::Killed { .. } => {
                    self.turns.keep(tid, raw);
                    return None;
                }
            }
        }
        sys::set_registers(tid, &saved).ok()?;
        sys::set_signal_mask(tid, mask).ok()?;
        // An error means that the task is gone.
        if stop_again {
            let _ = sys::signal_thread(tgid, tid, libc::SIGSTOP);
        }
        if interrupt_again && let Some(task) = self.tasks.get_mut(tid) {
            task.interrupted = true;
            let _ = sys::interrupt(tid);
        }
        result
    }
}

/// The free place of this length nearest to `base` that leaves its neighbours some room.
fn gap(maps: &[Mapping], base: u64, len: u64) -> Option<u64> {
    const GUARD: u64 = 16 * PAGE;
    // The end of what programs may map, on the smallest of x86-64.
    const END: u64 = 0x7fff_ffff_f000;
    let mut best: Option<u64> = None;
    let ends = maps.iter().map(|map| map.end);
    let starts = maps.iter().skip(1).map(|map| (map.start, map.name == b"[stack]")).chain([(END, false)]);
    for (end, (start, grows)) in ends.zip(starts) {
        // The stack grows into what lies below it.
        if grows || start < end.saturating_add(2 * GUARD + len) {
            continue;
        }
        for at in [end + GUARD, start - GUARD - len] {
            let distance = at.abs_diff(base);
            if distance < NEAR && best.is_none_or(|other| distance < other.abs_diff(base)) {
                best = Some(at);
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(start: u64, end: u64, name: &str) -> Mapping {
        Mapping { start, end, offset: 0, name: name.into() }
    }

    #[test]
    fn the_nearest_gap_is_taken_but_not_that_of_the_stack() {
        let vdso = map(0x7ffc_0010_0000, 0x7ffc_0010_2000, "[vdso]");
        let maps = [map(0x5000_0000, 0x5000_1000, "a"), map(0x7ffc_0000_0000, 0x7ffc_0002_0000, "[stack]"), vdso];
        assert_eq!(gap(&maps, 0x7ffc_0010_0000, PAGE), Some(0x7ffc_000e_f000));
        let below_the_stack = [maps[0].clone(), map(0x7ffc_0000_0000, 0x7ffc_0010_0000, "[stack]"), maps[2].clone()];
        assert_eq!(gap(&below_the_stack, 0x7ffc_0010_0000, PAGE), Some(0x7ffc_0011_2000));
        assert_eq!(
            gap(&[map(0x1000, 0x2000, "a"), map(0x7fff_ffff_0000, 0x7fff_ffff_f000, "b")], 0x7ffc_0010_0000, PAGE),
            None
        );
        assert_eq!(gap(&[], 0x1000, PAGE), None);
    }
}
