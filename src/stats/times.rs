//! Many times in little room: exact counts of times that are told apart to three digits.
//!
//! A full histogram of every time from a nanosecond to an hour takes hundreds of kilobytes, which is right for each call and
//! too much for each of ten thousand tasks. This keeps only what occurred and becomes a full one when somebody asks.

use hdrhistogram::Histogram as Full;

/// Digits to which times are told apart.
pub const DIGITS: u8 = 3;
/// Times below 2^11 ns are told apart to the nanosecond, the others to one part in 1,024.
const EXACT_BITS: u32 = 11;

/// How often each time occurred.
#[derive(Debug, Clone, Default)]
pub struct Times {
    /// A hash table with open addressing: the shortest time of a class plus one (0: free), and how often.
    slots: Vec<(u64, u64)>,
    used: usize,
}

/// A full histogram that is empty.
pub fn full() -> Full<u64> {
    Full::new(DIGITS).unwrap_or_else(|_| unreachable!("three digits are a size that there is"))
}

/// Counts a time. A full histogram grows as it must, so that no time is out of its range.
pub fn record(full: &mut Full<u64>, ns: u64, count: u64) {
    full.record_n(ns, count).unwrap_or_else(|error| unreachable!("{ns} ns: {error}"));
}

/// The shortest time that is not told apart from this one.
fn class(ns: u64) -> u64 {
    let shift = (u64::BITS - ns.leading_zeros()).saturating_sub(EXACT_BITS);
    ns >> shift << shift
}

impl Times {
    pub fn add(&mut self, ns: u64) {
        self.add_times(class(ns), 1);
    }

    /// Every class of times that occurred with its count, in no order.
    fn classes(&self) -> impl Iterator<Item = (u64, u64)> {
        self.slots.iter().filter(|(key, _)| *key != 0).map(|&(key, count)| (key - 1, count))
    }

    pub fn to_full(&self) -> Full<u64> {
        let mut full = full();
        for (ns, count) in self.classes() {
            record(&mut full, ns, count);
        }
        full
    }

    fn add_times(&mut self, class: u64, count: u64) {
        if self.used * 4 >= self.slots.len() * 3 {
            let larger = vec![(0, 0); (self.slots.len() * 2).max(8)];
            let old = std::mem::replace(&mut self.slots, larger);
            self.used = 0;
            old.into_iter().filter(|(key, _)| *key != 0).for_each(|(key, count)| self.add_times(key - 1, count));
        }
        // The longest time of all has a class below it, so this does not overflow.
        let key = class + 1;
        let mask = self.slots.len() - 1;
        let mut at = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize & mask;
        loop {
            let slot = &mut self.slots[at];
            if slot.0 == key {
                slot.1 += count;
                return;
            }
            if slot.0 == 0 {
                *slot = (key, count);
                self.used += 1;
                return;
            }
            at = (at + 1) & mask;
        }
    }
}

impl PartialEq for Times {
    fn eq(&self, other: &Times) -> bool {
        let sorted = |times: &Times| {
            let mut all: Vec<_> = times.classes().collect();
            all.sort_unstable();
            all
        };
        sorted(self) == sorted(other)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_becomes_what_a_full_one_would_have_been(times in prop::collection::vec(any::<(u64, u8)>(), 0..400)) {
            let (mut few, mut all) = (Times::default(), full());
            for (ns, shift) in times {
                let ns = ns >> (shift % 64);
                few.add(ns);
                record(&mut all, ns, 1);
            }
            let made = few.to_full();
            prop_assert_eq!(made.len(), all.len());
            for p in [0.0, 0.5, 0.9, 0.99, 0.999, 1.0] {
                prop_assert_eq!(made.value_at_quantile(p), all.value_at_quantile(p));
            }
        }
    }
}
