//! When calls were made and how long they took: one cell for a time and a power of two of nanoseconds. The times become
//! coarser as the session grows, so it never takes more room. Left out: how it is drawn (`view::spectrum`).

use super::breakdown::Key;
use super::walk::Walk;
use crate::stats::{BUCKETS, bucket_of};

/// Times that are told apart.
const BINS: usize = 512;
/// How long one of them is at first, in nanoseconds.
const FIRST_NS: u64 = 1 << 20;

#[derive(Debug)]
pub struct Spectrum {
    /// Which calls it is about; None: all.
    pub of: Option<Key>,
    pub walk: Walk,
    bin_ns: u64,
    bins: Vec<Bin>,
}

/// Calls that began in a stretch of time.
#[derive(Debug, Clone)]
struct Bin {
    calls: u64,
    /// Those whose time is known.
    times: [u32; BUCKETS],
}

impl Spectrum {
    pub fn new(of: Option<Key>) -> Spectrum {
        Spectrum { of, walk: Walk::default(), bin_ns: FIRST_NS, bins: Vec::new() }
    }

    pub fn add(&mut self, t_ns: u64, duration_ns: Option<u64>) {
        while t_ns / self.bin_ns >= BINS as u64 {
            self.bin_ns *= 2;
            self.bins = self.bins.chunks(2).map(|two| two.iter().skip(1).fold(two[0].clone(), Bin::with)).collect();
        }
        let at = (t_ns / self.bin_ns) as usize;
        if self.bins.len() <= at {
            self.bins.resize(at + 1, Bin { calls: 0, times: [0; BUCKETS] });
        }
        let bin = &mut self.bins[at];
        bin.calls += 1;
        if let Some(ns) = duration_ns {
            let cell = &mut bin.times[bucket_of(ns)];
            *cell = cell.saturating_add(1);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.bins.is_empty()
    }

    /// Until when there are calls, in nanoseconds.
    pub fn end_ns(&self) -> u64 {
        self.bins.len() as u64 * self.bin_ns
    }

    /// The bins that a column of a picture shows.
    fn of_column(&self, column: usize, columns: usize) -> &[Bin] {
        let from = column * self.bins.len() / columns.max(1);
        let to = ((column + 1) * self.bins.len() / columns.max(1)).max(from + 1);
        self.bins.get(from..to.min(self.bins.len())).unwrap_or_default()
    }

    /// Calls a second in each column of a picture of so many.
    pub fn rates(&self, columns: usize) -> Vec<u64> {
        let rate = |column| {
            let bins = self.of_column(column, columns);
            let calls: u128 = bins.iter().map(|bin| u128::from(bin.calls)).sum();
            (calls * 1_000_000_000).checked_div(bins.len() as u128 * u128::from(self.bin_ns)).unwrap_or(0) as u64
        };
        (0..columns).map(rate).collect()
    }

    /// Calls of each power of two in a column of a picture of so many.
    pub fn times(&self, column: usize, columns: usize) -> [u64; BUCKETS] {
        let mut sum = [0; BUCKETS];
        for bin in self.of_column(column, columns) {
            sum.iter_mut().zip(bin.times).for_each(|(sum, n)| *sum += u64::from(n));
        }
        sum
    }

    /// The shortest and the longest power of two that occurred.
    pub fn span(&self) -> Option<(usize, usize)> {
        let any = |bucket: &usize| self.bins.iter().any(|bin| bin.times[*bucket] > 0);
        Some(((0..BUCKETS).find(any)?, (0..BUCKETS).rfind(any)?))
    }
}

impl Bin {
    fn with(mut self, other: &Bin) -> Bin {
        self.calls += other.calls;
        self.times.iter_mut().zip(other.times).for_each(|(sum, n)| *sum = sum.saturating_add(n));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sessions_are_told_coarser_and_nothing_is_lost() {
        let mut spectrum = Spectrum::new(None);
        for second in 0..3_600u64 {
            spectrum.add(second * 1_000_000_000, (second % 2 == 0).then_some(1 << (second % 30)));
        }
        assert!(spectrum.bins.len() <= BINS);
        assert_eq!(spectrum.bins.iter().map(|bin| bin.calls).sum::<u64>(), 3_600);
        assert_eq!(spectrum.bins.iter().flat_map(|bin| bin.times).map(u64::from).sum::<u64>(), 1_800);
        assert_eq!(spectrum.span(), Some((0, 28)));
        for columns in [1, 7, 60, 900] {
            assert_eq!(spectrum.rates(columns).len(), columns);
            let whole: u64 =
                (0..columns.min(400)).map(|column| spectrum.times(column, columns).iter().sum::<u64>()).sum();
            assert!(whole > 0 && (columns > 400 || whole == 1_800), "{columns}: {whole}");
        }
        assert_eq!(spectrum.rates(1), [3_600_000_000_000 / spectrum.end_ns()]);
    }
}
