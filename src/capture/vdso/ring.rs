//! The rings of one log, read from the programs' memory, and the account of what was read.
//!
//! Counts are exact: a head counts by function what its thread was answered, and each of these answers is a row in the end,
//! or is counted as one that has none. Which function's records were written over before they were read is told by the
//! counters. Left out: the telling (`log`).

use super::super::memory;
use crate::vdso::{FUNCTIONS, HEAD, Head, Logger, RECORD, RINGS, Record, SLOTS};

/// Numbers of records that were begun and not ended when they were read; more are given up.
const MOST_LATE: usize = 256;

/// What is read of one ring.
#[derive(Debug, Default, Clone)]
struct Reading {
    head: Head,
    /// Numbers of records that were not whole.
    late: Vec<u64>,
    /// Records that were written over, of whatever function.
    lost: u64,
    /// Of each function's answers, how many were taken or given up.
    settled: [u64; FUNCTIONS],
}

#[derive(Debug)]
pub struct Rings {
    rings: Vec<Reading>,
    /// Answers without a row that were not told yet, by function.
    pub missed: [u64; FUNCTIONS],
}

impl Rings {
    /// From now on; what is in the rings was another's (a fork's copy).
    pub fn new(logger: &Logger, by: i32) -> Rings {
        let heads = read_heads(logger, by);
        let begun = |ring: usize| {
            let head = heads.as_deref().map_or_else(Head::default, |heads| Head::of(heads, ring));
            Reading { head, settled: head.counts, ..Reading::default() }
        };
        Rings { rings: (0..RINGS).map(begun).collect(), missed: [0; FUNCTIONS] }
    }

    /// Takes what is new, through any task that has the memory.
    pub fn take(&mut self, logger: &Logger, by: i32, records: &mut Vec<Record>) {
        let Some(heads) = read_heads(logger, by) else { return };
        for ring in 0..RINGS {
            let head = Head::of(&heads, ring);
            if head != self.rings[ring].head || !self.rings[ring].late.is_empty() {
                self.take_ring(logger, ring, head, by, records);
            }
        }
    }

    fn take_ring(&mut self, logger: &Logger, index: usize, head: Head, by: i32, records: &mut Vec<Record>) {
        let first = records.len();
        let ring = &mut self.rings[index];
        let late = std::mem::take(&mut ring.late);
        // A counter that went back is no counter of ours: the program has written there.
        let from = ring.head.next.min(head.next).max(head.next.saturating_sub(SLOTS));
        ring.lost += from.saturating_sub(ring.head.next);
        ring.head = head;
        let mut bytes = vec![0; (head.next - from) as usize * RECORD];
        let mut done = 0;
        while done < bytes.len() {
            let number = from + (done / RECORD) as u64;
            let len = ((SLOTS - number % SLOTS) as usize * RECORD).min(bytes.len() - done);
            if memory::read(by, logger.slot(index, number), &mut bytes[done..done + len]) != len {
                break;
            }
            done += len;
        }
        // Whatever was written over meanwhile may be two records in one.
        let now = read_heads(logger, by).map_or(u64::MAX, |heads| Head::of(&heads, index).next);
        let stands = |number: u64| number.saturating_add(SLOTS) > now;
        let mut again = late;
        for (number, slot) in (from..).zip(bytes.chunks_exact(RECORD)) {
            match logger.record(index, number, slot) {
                _ if !stands(number) => ring.lost += 1,
                Some(record) => records.push(record),
                None => again.push(number),
            }
        }
        // If one of these is whole by now, then nothing that its task noted later was seen above without it.
        for number in again {
            let mut slot = [0; RECORD];
            let read = memory::read(by, logger.slot(index, number), &mut slot) == RECORD;
            match logger.record(index, number, &slot) {
                Some(record) if read => records.push(record),
                _ if stands(number) && ring.late.len() < MOST_LATE => ring.late.push(number),
                _ => ring.lost += 1,
            }
        }
        // One whose function was given up for lost has been counted.
        let taken = records.split_off(first);
        records.extend(taken.into_iter().filter(|record| {
            let settled = &mut ring.settled[record.function];
            let counts = *settled < head.counts[record.function];
            *settled += u64::from(counts);
            counts
        }));
        self.give_up_lost(index);
    }

    /// Finds out of which functions the lost records were.
    fn give_up_lost(&mut self, index: usize) {
        let ring = &mut self.rings[index];
        while ring.lost > 0 {
            let open = |function: usize| ring.head.counts[function].saturating_sub(ring.settled[function]);
            let Some(most) = (0..FUNCTIONS).max_by_key(|&function| open(function)).filter(|&most| open(most) > 0)
            else {
                break;
            };
            let count = open(most).min(ring.lost);
            ring.lost -= count;
            ring.settled[most] += count;
            self.missed[most] += count;
        }
    }

    /// Nothing more comes: of this thread, or of anybody if that is None. What is not there is given up.
    pub fn finish(&mut self, thread: Option<u64>) {
        for index in 0..RINGS {
            let ring = &mut self.rings[index];
            if thread.is_none_or(|thread| ring.head.owner == thread) {
                ring.late.clear();
                ring.lost = u64::MAX;
                self.give_up_lost(index);
                self.rings[index].lost = 0;
            }
        }
    }

    /// A thread has ended, and its ring can be another's.
    pub fn free(&mut self, logger: &Logger, by: i32, thread: u64) {
        for (ring, reading) in self.rings.iter_mut().enumerate().filter(|(_, reading)| reading.head.owner == thread) {
            reading.head.owner = 0;
            // If that fails, its memory is gone.
            let _ = memory::write(by, logger.heads().start + (ring * HEAD) as u64, &[0; 8]);
        }
    }
}

fn read_heads(logger: &Logger, by: i32) -> Option<Vec<u8>> {
    let heads = logger.heads();
    let mut bytes = vec![0; (heads.end - heads.start) as usize];
    (memory::read(by, heads.start, &mut bytes) == bytes.len()).then_some(bytes)
}

/// Puts records in the order in which their answers were given: within a ring that of their numbers, between rings that of
/// the time-stamp counter.
pub fn order(records: &mut [Record]) {
    let mut latest = [0; RINGS];
    records.sort_by_cached_key(|record| {
        let ended = record.began.wrapping_add(u64::from(record.cycles));
        latest[record.ring] = ended.max(latest[record.ring]);
        latest[record.ring]
    });
}
