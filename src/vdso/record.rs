//! What stands in the memory that the wrappers write: heads, of which each has a ring, and the records in the rings. x86-64.
//!
//! A head is its owner's thread pointer, the number of the next record, and how often each function answered. The program
//! can write there too, so nothing is taken for granted. Left out: the code that writes it (`logger`).

use super::logger::Logger;

/// Bytes of a record.
pub const RECORD: usize = 64;
/// Records of a ring: 65 ms of a million answers a second by one thread. A reader that shares a busy CPU waits for tens of them.
pub const SLOTS: u64 = 1 << 16;
/// Bytes of a head.
pub const HEAD: usize = 128;
/// Functions that a head has counters for.
pub const FUNCTIONS: usize = (HEAD - 16) / 8;
/// Threads begin to look for a free head at one of 8; so behind them are three more.
pub const TABLE_BITS: u8 = 3;
/// The ring of those threads that found none, the last.
pub const SHARED: usize = (1 << TABLE_BITS) + 3;
pub const RINGS: usize = SHARED + 1;

/// The head of a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// A thread pointer; 0 if it is free or shared.
    pub owner: u64,
    /// The number of the next record.
    pub next: u64,
    /// How often each function answered, by its place in `Logger::functions`.
    pub counts: [u64; FUNCTIONS],
}

impl Head {
    /// One head of those that were read.
    pub fn of(heads: &[u8], ring: usize) -> Head {
        let word = |index: usize| {
            let at = ring * HEAD + 8 * index;
            heads.get(at..at + 8).and_then(|word| word.try_into().ok()).map_or(0, u64::from_le_bytes)
        };
        Head { owner: word(0), next: word(1), counts: std::array::from_fn(|function| word(2 + function)) }
    }
}

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Which function, by its place in `Logger::functions`.
    pub function: usize,
    /// Which ring it stood in.
    pub ring: usize,
    /// The time-stamp counter at the beginning, and how far it went; 0 if that was not measured.
    pub began: u64,
    pub cycles: u32,
    /// The thread pointer: whose call it was.
    pub thread: u64,
    /// Where the function was called from: the address behind the call.
    pub caller: u64,
    pub args: [u64; 6],
    pub result: i64,
    /// What was written where: address, bytes, how many of them count.
    pub outputs: [(u64, [u8; 16], usize); 2],
}

impl Record {
    const NO_OUTPUT: (u64, [u8; 16], usize) = (0, [0; 16], 0);
}

impl Logger {
    /// The record in a slot, if it is the whole one of this number.
    pub fn record(&self, ring: usize, number: u64, slot: &[u8]) -> Option<Record> {
        let word = |at: usize| u64::from_le_bytes(slot[at..at + 8].try_into().unwrap_or_default());
        let half = |at: usize| u32::from_le_bytes(slot[at..at + 4].try_into().unwrap_or_default());
        if slot.len() != RECORD || half(0) != (number as u32).wrapping_add(1) {
            return None;
        }
        let function = (half(4) >> 28) as usize;
        let call = self.functions.get(function)?.call;
        let mut record = Record {
            function,
            ring,
            cycles: half(4) & 0x0fff_ffff,
            began: word(8),
            thread: word(16),
            caller: word(40),
            args: [word(24), word(32), 0, 0, 0, 0],
            result: 0,
            outputs: [Record::NO_OUTPUT; 2],
        };
        let output = |addr: u64, from: usize, len: usize| {
            let mut bytes = [0; 16];
            bytes[..len].copy_from_slice(&slot[from..from + len]);
            if addr == 0 { Record::NO_OUTPUT } else { (addr, bytes, len) }
        };
        match call {
            "gettimeofday" => {
                record.result = i64::from(half(60) as i32);
                let mut day = output(record.args[0], 48, 16);
                // The result stands in the upper half of the microseconds.
                day.1[12..].fill(0);
                record.outputs[0] = day;
            }
            "time" => {
                record.args[1] = 0;
                record.result = word(48) as i64;
                record.outputs[0] = output(record.args[0], 48, 8);
            }
            "getcpu" => {
                record.args[2] = word(56);
                record.outputs = [output(record.args[0], 48, 4), output(record.args[1], 52, 4)];
            }
            "getrandom" => {
                record.args[2] = u64::from(half(56));
                record.result = word(48) as i64;
            }
            // clock_gettime, clock_getres
            _ => {
                record.args[0] = u64::from(half(24));
                record.result = i64::from(half(28) as i32);
                record.outputs[0] = output(record.args[1], 48, 16);
            }
        }
        if record.result < 0 {
            record.outputs = [Record::NO_OUTPUT; 2];
        }
        Some(record)
    }
}
