//! What makes the functions of a vDSO log their answers: a wrapper for each, which calls the displaced copy and writes a
//! record into a ring in the program's own memory. x86-64.
//!
//! Nothing in it waits for a reader: a ring that nobody reads is written round and round, and its counter goes on. Each
//! function has a counter and a ring of its own, so that counts are exact, by function, even where records are overwritten.
//! A record's last word to be written is its number, so a reader can tell whole ones. The wrapper touches only registers
//! that a called function may change, and memory of its own; what an answer was written to is read again only if the
//! function said that it succeeded. Left out: mapping the memory and reading it (`capture`).

use std::ops::Range;

use super::displace::{JUMP, Refusal};
use super::patch::{Entry, Patch, displacement, jump};

/// Bytes of a record.
pub const RECORD: usize = 64;
/// Records of a ring: 16 ms of a million answers a second.
pub const SLOTS: u64 = 1 << 14;
const RING: u64 = SLOTS * RECORD as u64;
const PAGE: u64 = 4096;
/// One answer of so many is timed: reading the time-stamp counter takes half as long as answering.
const TIMED: u8 = 8;
/// Counters stand apart, so that two functions do not wait for one another.
const COUNTER: u64 = 64;

/// The wrappers for one place, and where they write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logger {
    pub at: u64,
    /// Less than a page.
    pub code: Vec<u8>,
    pub rings: Vec<Ring>,
}

/// Of one function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ring {
    pub call: &'static str,
    pub nr: u64,
    /// Address of the five bytes that become a jump, and the jump.
    pub entry: u64,
    pub jump: [u8; JUMP],
    /// Where the first record goes.
    pub slots_at: u64,
}

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// Which function, by its place in `Logger::rings`.
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

/// Bytes that `Logger`s of so many functions take in memory, the page of code first.
pub fn room(functions: usize) -> u64 {
    2 * PAGE + functions as u64 * RING
}

/// The wrappers for the functions of a patch, at a page `at`.
pub fn logger(patch: &Patch, at: u64) -> Result<Logger, Refusal> {
    let mut code = Code { at, bytes: Vec::new() };
    let mut rings = Vec::new();
    for (index, entry) in patch.entries.iter().enumerate() {
        let (counter, slots_at) = (at + PAGE + index as u64 * COUNTER, at + 2 * PAGE + index as u64 * RING);
        code.align();
        let wrapper = code.here();
        code.wrapper(entry, counter, slots_at)?;
        let jump = jump(entry.at, wrapper)?;
        rings.push(Ring { call: entry.call, nr: u64::from(entry.nr), entry: entry.at, jump, slots_at });
    }
    if code.bytes.len() as u64 > PAGE || rings.len() as u64 * COUNTER > PAGE {
        return Err(Refusal::Far);
    }
    Ok(Logger { at, code: code.bytes, rings })
}

impl Logger {
    /// The memory that is written by the program.
    pub fn data(&self) -> Range<u64> {
        self.at + PAGE..self.at + room(self.rings.len())
    }

    pub fn code_range(&self) -> Range<u64> {
        self.at..self.at + self.code.len() as u64
    }

    /// The counters, as they are read at `data().start`.
    pub fn counters_len(&self) -> usize {
        self.rings.len() * COUNTER as usize
    }

    /// One counter of those that were read.
    pub fn counter(bytes: &[u8], ring: usize) -> u64 {
        let at = ring * COUNTER as usize;
        bytes.get(at..at + 8).and_then(|word| word.try_into().ok()).map_or(0, u64::from_le_bytes)
    }

    /// Where the record of this number is.
    pub fn slot(&self, ring: usize, number: u64) -> u64 {
        self.rings[ring].slots_at + number % SLOTS * RECORD as u64
    }

    /// The record in a slot, if it is the whole one of this number.
    pub fn record(&self, ring: usize, number: u64, slot: &[u8]) -> Option<Record> {
        let word = |at: usize| u64::from_le_bytes(slot[at..at + 8].try_into().unwrap_or_default());
        let half = |at: usize| u32::from_le_bytes(slot[at..at + 4].try_into().unwrap_or_default());
        if slot.len() != RECORD || half(0) != (number as u32).wrapping_add(1) {
            return None;
        }
        let mut record = Record {
            ring,
            cycles: half(4),
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
        match self.rings[ring].call {
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

struct Code {
    at: u64,
    bytes: Vec<u8>,
}

impl Code {
    fn here(&self) -> u64 {
        self.at + self.bytes.len() as u64
    }

    fn align(&mut self) {
        const INT3: u8 = 0xcc;
        self.bytes.resize(self.bytes.len().next_multiple_of(16), INT3);
    }

    /// An instruction that ends with the distance to an address.
    fn relative(&mut self, opcode: &[u8], to: u64) -> Result<(), Refusal> {
        let next = self.here() + opcode.len() as u64 + 4;
        self.bytes.extend(opcode);
        self.bytes.extend(displacement(next, to)?);
        Ok(())
    }

    fn put(&mut self, instructions: &[&[u8]]) {
        self.bytes.extend(instructions.iter().copied().flatten());
    }

    /// Instructions that a short jump with this opcode, behind a test, skips.
    fn skippable(&mut self, test: &[u8], jump: u8, instructions: &[&[u8]]) {
        let len: usize = instructions.iter().map(|instruction| instruction.len()).sum();
        self.put(&[test, &[jump, len as u8]]);
        self.put(instructions);
    }

    fn wrapper(&mut self, entry: &Entry, counter: u64, slots_at: u64) -> Result<(), Refusal> {
        const MASK: [u8; 4] = ((SLOTS - 1) as u32).to_le_bytes();
        if entry.call == "getrandom" {
            // The question for the size of a state is answered, not logged: it is no call's.
            self.put(&[&[0x49, 0x83, 0xf8, 0xff]]); //        cmp $-1, %r8
            self.relative(&[0x0f, 0x84], entry.copy_at)?; //  je copy
        }
        self.put(&[
            &[0x57],                   // push %rdi
            &[0x56],                   // push %rsi
            &[0x52],                   // push %rdx
            &[0x52],                   // push %rdx, for the stack's alignment
            &[0x0f, 0x31],             // rdtsc
            &[0x48, 0xc1, 0xe2, 0x20], // shl $32, %rdx
            &[0x48, 0x09, 0xd0],       // or %rdx, %rax
            &[0x48, 0x8b, 0x14, 0x24], // mov (%rsp), %rdx
            &[0x50],                   // push %rax
        ]);
        self.relative(&[0xe8], entry.copy_at)?; // call copy
        self.put(&[
            &[0x49, 0x89, 0xc2], // mov %rax, %r10     the result
            &[0x31, 0xc9],       // xor %ecx, %ecx     the duration, not measured
            &[0x41, 0x58],       // pop %r8            the beginning
        ]);
        self.put(&[&[0xf6, 0x05]]); // testb $7, counter
        self.bytes.extend(displacement(self.here() + 5, counter)?);
        self.put(&[&[TIMED - 1]]);
        let timed: [&[u8]; 7] = [
            &[0x0f, 0x31],                   // rdtsc
            &[0x48, 0xc1, 0xe2, 0x20],       // shl $32, %rdx
            &[0x48, 0x09, 0xc2],             // or %rax, %rdx
            &[0x4c, 0x29, 0xc2],             // sub %r8, %rdx
            &[0xb9, 0xff, 0xff, 0xff, 0xff], // mov $-1, %ecx
            &[0x48, 0x39, 0xca],             // cmp %rcx, %rdx
            &[0x48, 0x0f, 0x42, 0xca],       // cmovb %rdx, %rcx   or as much as fits
        ];
        self.skippable(&[], 0x75, &timed); // jnz behind
        self.put(&[
            &[0x89, 0xca],                   // mov %ecx, %edx
            &[0x41, 0x59],                   // pop %r9
            &[0x41, 0x59],                   // pop %r9           the third argument
            &[0x5e],                         // pop %rsi
            &[0x5f],                         // pop %rdi
            &[0xb8, 0x01, 0x00, 0x00, 0x00], // mov $1, %eax
        ]);
        self.relative(&[0xf0, 0x48, 0x0f, 0xc1, 0x05], counter)?; // lock xadd %rax, counter
        self.put(&[
            &[0x89, 0xc1],                                     // mov %eax, %ecx
            &[0x81, 0xe1, MASK[0], MASK[1], MASK[2], MASK[3]], // and $MASK, %ecx
            &[0x48, 0xc1, 0xe1, 0x06],                         // shl $6, %rcx
        ]);
        self.relative(&[0x4c, 0x8d, 0x1d], slots_at)?; // lea slots, %r11
        self.put(&[
            &[0x49, 0x01, 0xcb],             // add %rcx, %r11
            &[0x41, 0x89, 0x53, 0x04],       // mov %edx, 4(%r11)
            &[0x4d, 0x89, 0x43, 0x08],       // mov %r8, 8(%r11)
            &[0xf3, 0x48, 0x0f, 0xae, 0xc1], // rdfsbase %rcx
            &[0x49, 0x89, 0x4b, 0x10],       // mov %rcx, 16(%r11)
            &[0x48, 0x8b, 0x0c, 0x24],       // mov (%rsp), %rcx
            &[0x49, 0x89, 0x4b, 0x28],       // mov %rcx, 40(%r11)
        ]);
        self.answer(entry.call);
        self.put(&[
            &[0xff, 0xc0],       // inc %eax
            &[0x41, 0x89, 0x03], // mov %eax, (%r11)    whole from here on
            &[0x4c, 0x89, 0xd0], // mov %r10, %rax
            &[0xc3],             // ret
        ]);
        Ok(())
    }

    /// Arguments, result and what was written, by what the function is.
    fn answer(&mut self, call: &str) {
        const JZ: u8 = 0x74;
        const RDI: &[u8] = &[0x49, 0x89, 0x7b, 0x18]; //         mov %rdi, 24(%r11)
        const RSI: &[u8] = &[0x49, 0x89, 0x73, 0x20]; //         mov %rsi, 32(%r11)
        const RESULT: &[u8] = &[0x4d, 0x89, 0x53, 0x30]; //      mov %r10, 48(%r11)
        const TEST_RDI: &[u8] = &[0x48, 0x85, 0xff]; //          test %rdi, %rdi
        const TEST_RSI: &[u8] = &[0x48, 0x85, 0xf6]; //          test %rsi, %rsi
        match call {
            "gettimeofday" => {
                self.put(&[RDI, RSI, &[0x45, 0x89, 0x53, 0x3c]]); // mov %r10d, 60(%r11)
                let copy: [&[u8]; 4] = [
                    &[0x48, 0x8b, 0x0f],       // mov (%rdi), %rcx
                    &[0x49, 0x89, 0x4b, 0x30], // mov %rcx, 48(%r11)
                    &[0x8b, 0x4f, 0x08],       // mov 8(%rdi), %ecx
                    &[0x41, 0x89, 0x4b, 0x38], // mov %ecx, 56(%r11)
                ];
                self.succeeded(TEST_RDI, &copy);
            }
            "time" => self.put(&[RDI, RESULT]),
            "getcpu" => {
                self.put(&[RDI, RSI, &[0x4d, 0x89, 0x4b, 0x38]]); // mov %r9, 56(%r11)
                // mov (%rdi), %ecx; mov %ecx, 48(%r11)
                self.skippable(TEST_RDI, JZ, &[&[0x8b, 0x0f], &[0x41, 0x89, 0x4b, 0x30]]);
                // mov (%rsi), %ecx; mov %ecx, 52(%r11)
                self.skippable(TEST_RSI, JZ, &[&[0x8b, 0x0e], &[0x41, 0x89, 0x4b, 0x34]]);
            }
            "getrandom" => self.put(&[RDI, RSI, RESULT, &[0x45, 0x89, 0x4b, 0x38]]), // mov %r9d, 56(%r11)
            _ => {
                self.put(&[
                    &[0x41, 0x89, 0x7b, 0x18], // mov %edi, 24(%r11)
                    &[0x45, 0x89, 0x53, 0x1c], // mov %r10d, 28(%r11)
                    RSI,
                ]);
                let copy: [&[u8]; 4] = [
                    &[0x48, 0x8b, 0x0e],       // mov (%rsi), %rcx
                    &[0x49, 0x89, 0x4b, 0x30], // mov %rcx, 48(%r11)
                    &[0x48, 0x8b, 0x4e, 0x08], // mov 8(%rsi), %rcx
                    &[0x49, 0x89, 0x4b, 0x38], // mov %rcx, 56(%r11)
                ];
                self.succeeded(TEST_RSI, &copy);
            }
        }
    }

    /// Copies what was written, if the function said 0 and was given a place.
    fn succeeded(&mut self, given: &[u8], copy: &[&[u8]]) {
        const JNZ: u8 = 0x75;
        const JZ: u8 = 0x74;
        let len: usize = copy.iter().map(|instruction| instruction.len()).sum();
        // test %r10d, %r10d; jnz behind; test the pointer; jz behind
        self.put(&[&[0x45, 0x85, 0xd2, JNZ, (given.len() + 2 + len) as u8]]);
        self.skippable(given, JZ, copy);
    }
}
