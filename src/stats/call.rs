//! The counts and times of one call, and its latencies in powers of two.
//! Left out: the call's name, which the reader gets from `abi`.

use crate::abi::Arch;

/// Latency buckets. Bucket 0 holds 0 and 1 ns, bucket i holds 2^i to 2^(i+1) - 1 ns, the last one everything from
/// 2^41 ns (37 minutes) on.
pub const BUCKETS: usize = 42;

/// What is known about all uses of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallStats {
    pub arch: Arch,
    /// As the register held it.
    pub nr: u64,
    /// Times entered, including those that still go on.
    pub count: u64,
    /// Times failed; restart codes are no errors.
    pub errors: u64,
    /// Times come back with a result or an error.
    pub finished: u64,
    /// Of these, times that count in no time below, because sysview made the call wait.
    pub untimed: u64,
    /// Times that never came back: `exit_group`, a kill inside the call, a detach.
    pub lost: u64,
    /// Wall time of the timed ones, in nanoseconds.
    pub total_ns: u64,
    /// Shortest of the timed ones, in nanoseconds; 0 when there is none.
    pub min_ns: u64,
    /// Longest of the timed ones, in nanoseconds.
    pub max_ns: u64,
    /// Timed ones by duration; see `BUCKETS`.
    pub buckets: [u64; BUCKETS],
    /// Sorted by errno.
    errnos: Vec<(u16, u64)>,
}

/// The bucket of a duration.
pub fn bucket_of(ns: u64) -> usize {
    (ns.max(1).ilog2() as usize).min(BUCKETS - 1)
}

/// The shortest duration of a bucket, in nanoseconds.
pub fn bucket_floor_ns(bucket: usize) -> u64 {
    if bucket == 0 { 0 } else { 1 << bucket.min(BUCKETS - 1) }
}

impl CallStats {
    pub(super) fn new(arch: Arch, nr: u64) -> CallStats {
        CallStats {
            arch,
            nr,
            count: 0,
            errors: 0,
            finished: 0,
            untimed: 0,
            lost: 0,
            total_ns: 0,
            min_ns: 0,
            max_ns: 0,
            buckets: [0; BUCKETS],
            errnos: Vec::new(),
        }
    }

    /// Calls that have been entered and are still going on.
    pub fn ongoing(&self) -> u64 {
        self.count.saturating_sub(self.finished).saturating_sub(self.lost)
    }

    /// Calls that the times are about.
    pub fn timed(&self) -> u64 {
        self.finished.saturating_sub(self.untimed)
    }

    /// In nanoseconds, of the timed ones; 0 when there is none.
    pub fn mean_ns(&self) -> u64 {
        self.total_ns.checked_div(self.timed()).unwrap_or(0)
    }

    /// The duration, in nanoseconds, that the fraction `p` (0.0 to 1.0) of the timed calls did not exceed.
    /// Estimated within its bucket, so right to a factor of two at worst, and never outside `min_ns..=max_ns`.
    /// None when there is none.
    pub fn percentile(&self, p: f64) -> Option<u64> {
        let timed = self.timed();
        if timed == 0 {
            return None;
        }
        let rank = ((timed as f64 * p.clamp(0.0, 1.0)).ceil() as u64).clamp(1, timed);
        if rank == timed {
            return Some(self.max_ns);
        }
        let mut below = 0;
        for (i, &n) in self.buckets.iter().enumerate() {
            if below + n >= rank {
                let floor = bucket_floor_ns(i).max(self.min_ns);
                let end = if i + 1 < BUCKETS { bucket_floor_ns(i + 1) } else { self.max_ns };
                let width = end.min(self.max_ns).saturating_sub(floor) as f64;
                let inside = (rank - below) as f64 / n as f64;
                return Some((floor + (width * inside) as u64).clamp(self.min_ns, self.max_ns));
            }
            below += n;
        }
        Some(self.max_ns)
    }

    /// How often this call failed with which errno, most frequent first.
    pub fn errnos(&self) -> Vec<(u16, u64)> {
        let mut list = self.errnos.clone();
        list.sort_by_key(|&(errno, n)| (std::cmp::Reverse(n), errno));
        list
    }

    pub(super) fn finish(&mut self, ns: u64) {
        self.min_ns = if self.timed() == 0 { ns } else { self.min_ns.min(ns) };
        self.max_ns = self.max_ns.max(ns);
        self.finished += 1;
        self.total_ns = self.total_ns.saturating_add(ns);
        self.buckets[bucket_of(ns)] += 1;
    }

    /// Comes back at a time that is not its own.
    pub(super) fn finish_untimed(&mut self) {
        self.finished += 1;
        self.untimed += 1;
    }

    pub(super) fn fail(&mut self, errno: u16) {
        self.errors += 1;
        match self.errnos.binary_search_by_key(&errno, |&(e, _)| e) {
            Ok(i) => self.errnos[i].1 += 1,
            Err(i) => self.errnos.insert(i, (errno, 1)),
        }
    }
}
