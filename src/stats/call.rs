//! The counts and times of one call, or of one task.
//! Left out: the call's name, which the reader gets from `abi`.

use hdrhistogram::Histogram as Full;

use super::times::{self, Times};
use crate::abi::Arch;

/// Columns of the picture of latencies. Column 0 holds 0 and 1 ns, column i holds 2^i to 2^(i+1) - 1 ns, the last one
/// everything from 2^41 ns (37 minutes) on.
pub const BUCKETS: usize = 42;

/// What is known about all uses of one call.
#[derive(Debug, Clone, PartialEq)]
pub struct CallStats {
    pub arch: Arch,
    /// As the register held it.
    pub nr: u64,
    /// Not the call, but what the vDSO answered in its place: another class, with times of its own.
    pub vdso: bool,
    /// Of those counted, the ones without a row.
    pub unlogged: u64,
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
    /// Timed ones by duration, told apart to three digits.
    times: Full<u64>,
    errnos: Errnos,
}

/// How often which errno; sorted by errno.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Errnos(Vec<(u16, u64)>);

/// The column of a duration.
pub fn bucket_of(ns: u64) -> usize {
    (ns.max(1).ilog2() as usize).min(BUCKETS - 1)
}

/// The shortest duration of a column, in nanoseconds.
pub fn bucket_floor_ns(bucket: usize) -> u64 {
    if bucket == 0 { 0 } else { 1 << bucket.min(BUCKETS - 1) }
}

/// See `CallStats::percentile`.
pub(super) fn percentile(times: &Full<u64>, p: f64, min_ns: u64, max_ns: u64) -> Option<u64> {
    // A class of times is told by its longest, which may be longer than any that was.
    (!times.is_empty()).then(|| times.value_at_quantile(p.clamp(0.0, 1.0)).clamp(min_ns, max_ns))
}

impl CallStats {
    pub(super) fn new(arch: Arch, nr: u64, vdso: bool) -> CallStats {
        CallStats {
            arch,
            nr,
            vdso,
            unlogged: 0,
            count: 0,
            errors: 0,
            finished: 0,
            untimed: 0,
            lost: 0,
            total_ns: 0,
            min_ns: 0,
            max_ns: 0,
            times: times::full(),
            errnos: Errnos::default(),
        }
    }

    /// Calls that have been entered and are still going on.
    pub fn ongoing(&self) -> u64 {
        self.count.saturating_sub(self.finished + self.lost + self.unlogged)
    }

    /// Calls that the times are about.
    pub fn timed(&self) -> u64 {
        self.finished.saturating_sub(self.untimed)
    }

    /// In nanoseconds, of the timed ones; 0 when there is none.
    pub fn mean_ns(&self) -> u64 {
        self.total_ns.checked_div(self.timed()).unwrap_or(0)
    }

    /// The duration, in nanoseconds, that the fraction `p` (0.0 to 1.0) of the timed calls did not exceed: right to
    /// three digits, below 2,048 ns to the nanosecond, and never outside `min_ns..=max_ns`. None when there is none.
    pub fn percentile(&self, p: f64) -> Option<u64> {
        percentile(&self.times, p, self.min_ns, self.max_ns)
    }

    /// Timed ones in the columns of the picture; see `BUCKETS`.
    pub fn buckets(&self) -> [u64; BUCKETS] {
        let mut buckets = [0; BUCKETS];
        for class in self.times.iter_recorded() {
            buckets[bucket_of(class.value_iterated_to())] += class.count_at_value();
        }
        buckets
    }

    /// How often this call failed with which errno, most frequent first.
    pub fn errnos(&self) -> Vec<(u16, u64)> {
        self.errnos.by_count()
    }

    pub(super) fn finish(&mut self, ns: u64) {
        self.min_ns = if self.timed() == 0 { ns } else { self.min_ns.min(ns) };
        self.max_ns = self.max_ns.max(ns);
        self.finished += 1;
        self.total_ns = self.total_ns.saturating_add(ns);
        times::record(&mut self.times, ns, 1);
    }

    /// Comes back at a time that is not its own.
    pub(super) fn finish_untimed(&mut self) {
        self.finished += 1;
        self.untimed += 1;
    }

    pub(super) fn fail(&mut self, errno: u16) {
        self.errors += 1;
        self.errnos.add(errno);
    }
}

impl Errnos {
    pub fn add(&mut self, errno: u16) {
        match self.0.binary_search_by_key(&errno, |&(e, _)| e) {
            Ok(i) => self.0[i].1 += 1,
            Err(i) => self.0.insert(i, (errno, 1)),
        }
    }

    /// Most frequent first.
    pub fn by_count(&self) -> Vec<(u16, u64)> {
        let mut list = self.0.clone();
        list.sort_by_key(|&(errno, n)| (std::cmp::Reverse(n), errno));
        list
    }
}

/// The counts of one task.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskStats {
    pub calls: u64,
    pub errors: u64,
    /// Times that calls came back whose times count.
    pub timed: u64,
    /// Wall time in these, in nanoseconds.
    pub total_ns: u64,
    /// The shortest and the longest of them, in nanoseconds; 0 when there is none.
    pub min_ns: u64,
    pub max_ns: u64,
    times: Times,
    errnos: Errnos,
}

impl TaskStats {
    /// Takes less room: it made its last call.
    pub(super) fn compact(&mut self) {
        self.times.compact();
    }

    /// The durations that these fractions of its calls did not exceed, as `CallStats::percentile`.
    pub fn percentiles<const N: usize>(&self, fractions: [f64; N]) -> [Option<u64>; N] {
        let times = self.times.to_full();
        fractions.map(|p| percentile(&times, p, self.min_ns, self.max_ns))
    }

    /// How often its calls failed with which errno, most frequent first.
    pub fn errnos(&self) -> Vec<(u16, u64)> {
        self.errnos.by_count()
    }

    pub(super) fn exit(&mut self, errno: Option<u16>, duration_ns: Option<u64>) {
        if let Some(errno) = errno {
            self.errors += 1;
            self.errnos.add(errno);
        }
        let Some(ns) = duration_ns else { return };
        self.min_ns = if self.timed == 0 { ns } else { self.min_ns.min(ns) };
        self.max_ns = self.max_ns.max(ns);
        self.timed += 1;
        self.total_ns = self.total_ns.saturating_add(ns);
        self.times.add(ns);
    }
}
