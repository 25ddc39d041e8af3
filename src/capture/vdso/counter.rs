//! The processor's time-stamp counter against the session's clock, so that what a program noted by the one can be told by the
//! other.
//!
//! Both are read close together, again and again; between two such marks the counter is taken to be even. How far the mark
//! was from what the ones before it said is the error that is stated. Left out: counters that stop or differ between CPUs;
//! the kernel's own clock does not use such ones, and says so by another clock source.

use super::super::sys;
use super::super::worker::Clock;

/// As far apart as the first two marks must be for a rate.
const BASE_NS: u64 = 2_000_000;
/// Tries for one mark; the quickest counts.
const TRIES: usize = 3;

#[derive(Debug, Clone, Copy)]
struct Mark {
    ticks: u64,
    ns: u64,
    /// Half the time that it took.
    width_ns: u64,
}

#[derive(Debug, Clone, Copy)]
pub struct Counter {
    first: Mark,
    last: Mark,
    /// The most that a time was found to be off.
    pub error_ns: u64,
}

fn mark(clock: Clock, rate: f64) -> Mark {
    let mut best = Mark { ticks: 0, ns: 0, width_ns: u64::MAX };
    for _ in 0..TRIES {
        let before = sys::ticks();
        let ns = clock.now_ns();
        let after = sys::ticks();
        let width_ns = ((after.wrapping_sub(before)) as f64 * rate / 2.0) as u64;
        if width_ns < best.width_ns {
            best = Mark { ticks: before + after.wrapping_sub(before) / 2, ns, width_ns };
        }
    }
    best
}

impl Counter {
    /// Takes as long as a rate needs.
    pub fn new(clock: Clock) -> Counter {
        let first = mark(clock, 1.0);
        std::thread::sleep(std::time::Duration::from_nanos(BASE_NS));
        let mut counter = Counter { first, last: first, error_ns: 0 };
        counter.last = mark(clock, 1.0);
        counter.last = mark(clock, counter.rate());
        counter.error_ns = counter.last.width_ns;
        counter
    }

    /// Nanoseconds of one tick.
    fn rate(&self) -> f64 {
        let ticks = self.last.ticks.wrapping_sub(self.first.ticks).max(1);
        self.last.ns.saturating_sub(self.first.ns) as f64 / ticks as f64
    }

    /// Another mark.
    pub fn refresh(&mut self, clock: Clock) {
        let now = mark(clock, self.rate());
        let off = self.ns(now.ticks).abs_diff(now.ns) + now.width_ns;
        self.error_ns = self.error_ns.max(off);
        self.last = now;
    }

    /// The session's time of a reading.
    pub fn ns(&self, ticks: u64) -> u64 {
        let apart = ticks.wrapping_sub(self.last.ticks) as i64;
        self.last.ns.saturating_add_signed((apart as f64 * self.rate()) as i64)
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn the_counter_tells_the_time_of_the_clock() {
        let clock = Clock { began: std::time::Instant::now() };
        let mut counter = Counter::new(clock);
        for _ in 0..100 {
            let before = clock.now_ns();
            let ticks = sys::ticks();
            let after = clock.now_ns();
            counter.refresh(clock);
            let slack = counter.error_ns;
            let ns = counter.ns(ticks);
            assert!(ns + slack >= before && ns <= after + slack, "{before} {ns} {after}, {counter:?}");
        }
        assert_eq!(counter.ns(counter.last.ticks), counter.last.ns);
    }
}
