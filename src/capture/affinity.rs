//! CPU affinity masks of tasks: reading, setting, and their form in a program's memory. sched_setaffinity(2).
//!
//! Masks hold 1,024 CPUs, as the C library's do; on a larger machine reading fails and nothing is confined there.
//! Left out: why a mask is changed (`colocate`).

use nix::sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use nix::unistd::Pid;

/// The CPUs that a task may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mask(CpuSet);

impl Mask {
    /// Of the task `tid`; 0 is the calling thread.
    pub fn of(tid: i32) -> Option<Mask> {
        sched_getaffinity(Pid::from_raw(tid)).ok().map(Mask)
    }

    pub fn single(cpu: usize) -> Mask {
        let mut set = CpuSet::new();
        // Fails for a CPU beyond the mask; the empty mask is then refused by the kernel.
        let _ = set.set(cpu);
        Mask(set)
    }

    /// What the calling thread could get at most: whatever its cpuset allows. cpuset(7).
    pub fn widest() -> Option<Mask> {
        let own = Mask::of(0)?;
        Mask::every().set(0);
        let widest = Mask::of(0);
        own.set(0);
        widest
    }

    /// All bits set. The kernel cuts it to the cpuset, and goes on doing so when the cpuset changes.
    pub fn every() -> Mask {
        let mut set = CpuSet::new();
        for cpu in 0..CpuSet::count() {
            let _ = set.set(cpu);
        }
        Mask(set)
    }

    /// Confines the task; whether the kernel did it. The task may be gone, or belong to somebody else by now.
    pub fn set(&self, tid: i32) -> bool {
        sched_setaffinity(Pid::from_raw(tid), &self.0).is_ok()
    }

    pub fn has(&self, cpu: usize) -> bool {
        self.0.is_set(cpu).unwrap_or(false)
    }

    /// The first CPU that is in both masks.
    pub fn first_in(&self, other: &Mask) -> Option<usize> {
        (0..CpuSet::count()).find(|&cpu| self.has(cpu) && other.has(cpu))
    }

    /// A CPU of the mask that is not this one.
    pub fn other_than(&self, cpu: usize) -> Option<usize> {
        (0..CpuSet::count()).find(|&other| other != cpu && self.has(other))
    }

    pub fn len(&self) -> usize {
        (0..CpuSet::count()).filter(|&cpu| self.has(cpu)).count()
    }

    /// As the kernel writes it to a program's memory; 32-bit programs on a little-endian machine see the same bytes.
    pub fn bytes(&self) -> [u8; CpuSet::count() / 8] {
        std::array::from_fn(|byte| (0..8).filter(|bit| self.has(8 * byte + bit)).map(|bit| 1 << bit).sum())
    }
}

/// The CPU on which the calling thread runs.
pub fn current_cpu() -> Option<usize> {
    sched_getcpu().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_has_the_kernels_form() {
        let mask = Mask::single(11);
        assert_eq!(mask.len(), 1);
        assert!(mask.has(11) && !mask.has(3) && !mask.has(100_000));
        assert_eq!(mask.bytes()[..3], [0, 8, 0]);
        assert_eq!((mask.other_than(11), mask.other_than(3)), (None, Some(11)));
        assert_eq!(Mask::every().len(), 1024);
        assert!(Mask::every().bytes().iter().all(|&byte| byte == 0xff));
    }

    #[test]
    fn a_thread_gets_the_mask_that_it_is_given() {
        std::thread::spawn(|| {
            let own = Mask::of(0).expect("a mask");
            let widest = Mask::widest().expect("a mask");
            assert_eq!(Mask::of(0), Some(own), "asking for the widest changes nothing");
            assert!(widest.len() >= own.len());
            let cpu = current_cpu().expect("a CPU");
            assert!(Mask::single(cpu).set(0));
            assert_eq!(Mask::of(0), Some(Mask::single(cpu)));
            assert!(own.set(0));
            assert_eq!(Mask::of(0), Some(own));
            assert!(!Mask::single(100_000).set(0), "no CPU is no mask");
        })
        .join()
        .expect("the thread");
    }
}
