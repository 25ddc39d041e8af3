//! Many times in little room: exact counts of times that are told apart to three digits.
//!
//! A full histogram of every time from a nanosecond to an hour takes hundreds of kilobytes, which is right for each call and
//! too much for each of ten thousand tasks. This keeps only what occurred and becomes a full one when somebody asks.

use hdrhistogram::Histogram as Full;

/// Digits to which times are told apart.
pub const DIGITS: u8 = 3;
/// Times below 2^11 ns are told apart to the nanosecond, the others to one part in 1,024.
const EXACT_BITS: u32 = 11;

/// Bits of a slot that hold how often; the rest tells the class.
const COUNT_BITS: u32 = 47;

/// How often each time occurred.
#[derive(Debug, Clone, Default)]
pub struct Times {
    /// A hash table with open addressing: a class's number above how often; 0 is free.
    slots: Vec<u64>,
    used: usize,
    /// All of it instead, of a task that is over: by class, the steps from each to the next and how often, seven bits a byte.
    packed: Box<[u8]>,
}

/// A full histogram that is empty.
pub fn full() -> Full<u64> {
    Full::new(DIGITS).unwrap_or_else(|_| unreachable!("three digits are a size that there is"))
}

/// Counts a time. A full histogram grows as it must, so that no time is out of its range.
pub fn record(full: &mut Full<u64>, ns: u64, count: u64) {
    full.record_n(ns, count).unwrap_or_else(|error| unreachable!("{ns} ns: {error}"));
}

/// The class of a time: its highest bits, and how many are below them. Longer times have higher ones.
fn class(ns: u64) -> u64 {
    let shift = (u64::BITS - ns.leading_zeros()).saturating_sub(EXACT_BITS);
    (u64::from(shift) << EXACT_BITS) | (ns >> shift)
}

/// The shortest time of a class.
fn shortest(class: u64) -> u64 {
    (class & ((1 << EXACT_BITS) - 1)) << (class >> EXACT_BITS)
}

impl Times {
    pub fn add(&mut self, ns: u64) {
        for (class, count) in unpack(&std::mem::take(&mut self.packed)) {
            self.add_times(class, count);
        }
        self.add_times(class(ns), 1);
    }

    /// Takes less room, until something is added.
    pub fn compact(&mut self) {
        let mut all: Vec<(u64, u64)> = self.classes().collect();
        all.sort_unstable();
        let (mut packed, mut last) = (Vec::with_capacity(2 * all.len()), 0);
        for (class, count) in all {
            push(&mut packed, class - std::mem::replace(&mut last, class));
            push(&mut packed, count);
        }
        *self = Times { packed: packed.into(), ..Times::default() };
    }

    /// Every class that occurred with its count, in no order.
    fn classes(&self) -> impl Iterator<Item = (u64, u64)> {
        let slots = self.slots.iter().filter(|slot| **slot != 0);
        let slots = slots.map(|slot| (slot >> COUNT_BITS, slot & ((1 << COUNT_BITS) - 1)));
        slots.chain(unpack(&self.packed))
    }

    pub fn to_full(&self) -> Full<u64> {
        let mut full = full();
        for (class, count) in self.classes() {
            record(&mut full, shortest(class), count);
        }
        full
    }

    fn add_times(&mut self, class: u64, count: u64) {
        if self.used * 4 >= self.slots.len() * 3 {
            let larger = vec![0; (self.slots.len() * 2).max(8)];
            let old = Times { slots: std::mem::replace(&mut self.slots, larger), ..Times::default() };
            self.used = 0;
            old.classes().for_each(|(class, count)| self.add_times(class, count));
        }
        let mask = self.slots.len() - 1;
        let mut at = (class.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize & mask;
        loop {
            let slot = &mut self.slots[at];
            if *slot == 0 {
                *slot = (class << COUNT_BITS) | count;
                self.used += 1;
                return;
            }
            if *slot >> COUNT_BITS == class {
                *slot += count;
                return;
            }
            at = (at + 1) & mask;
        }
    }
}

fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn unpack(bytes: &[u8]) -> impl Iterator<Item = (u64, u64)> {
    let (mut bytes, mut class) = (bytes.iter(), 0);
    let mut next = move || {
        let mut number = 0;
        for place in 0.. {
            let byte = *bytes.next()?;
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                break;
            }
        }
        Some(number)
    };
    std::iter::from_fn(move || {
        class += next()?;
        Some((class, next()?))
    })
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
                if ns % 7 == 0 {
                    let before = few.clone();
                    few.compact();
                    prop_assert_eq!(&few, &before);
                }
            }
            let made = few.to_full();
            prop_assert_eq!(made.len(), all.len());
            for p in [0.0, 0.5, 0.9, 0.99, 0.999, 1.0] {
                prop_assert_eq!(made.value_at_quantile(p), all.value_at_quantile(p));
            }
        }
    }
}
