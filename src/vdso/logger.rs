//! What makes the functions of a vDSO log their answers: a wrapper for each, which calls the displaced copy and writes a
//! record into a ring in the program's own memory. x86-64.
//!
//! Nothing in it waits for a reader: a ring that nobody reads is written round and round, and its counters go on. Each thread
//! has a ring of its own, found by its thread pointer: so no counter needs a locked instruction, which would take as long as
//! reading the clock, and a thread's records are numbered in the order in which it got its answers. Threads that find no place
//! share one ring, with locked counters. Counters by function are exact, even where records are overwritten. A record's last
//! word to be written is its number, so a reader can tell whole ones. The wrapper touches only registers that a called function may
//! change, and memory of its own; what an answer was written to is read again only if the function said that it succeeded.
//! Left out: mapping the memory and reading it (`capture`), what stands in it (`record`), and threads that run at once with one
//! thread pointer (clone(2) with CLONE_VM and no CLONE_SETTLS): of theirs some may be lost.

use std::ops::Range;

use super::displace::{JUMP, Refusal};
use super::patch::{Entry, Patch, displacement, jump};
use super::record::{FUNCTIONS, HEAD, RECORD, RINGS, SHARED, SLOTS};

const PAGE: u64 = 4096;
/// Bytes of a ring.
const RING: u64 = SLOTS * RECORD as u64;
/// One answer of so many is timed: reading the time-stamp counter takes half as long as answering.
const TIMED: u8 = 8;
/// Places of the table that a thread looks at, from the one that its pointer leads to.
const PROBES: u8 = 4;
/// The most cycles that a record has room for.
const MOST_CYCLES: u32 = (1 << 28) - 1;

/// The wrappers for one place, and where they write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logger {
    pub at: u64,
    /// Less than a page.
    pub code: Vec<u8>,
    /// By the number that records have.
    pub functions: Vec<Logged>,
}

/// A function that logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logged {
    pub call: &'static str,
    pub nr: u64,
    /// The jump to its wrapper.
    pub jump: [u8; JUMP],
}

/// Bytes that a `Logger` takes in memory: a page of code, one of counters, and rings that use memory only where they were written.
pub const ROOM: u64 = 2 * PAGE + RINGS as u64 * RING;

/// The wrappers for the functions of a patch, at a page `at`.
pub fn logger(patch: &Patch, at: u64) -> Result<Logger, Refusal> {
    let mut code = Code { at, bytes: Vec::new() };
    let finder = code.here();
    code.finder();
    let mut functions = Vec::new();
    for (index, entry) in patch.entries.iter().enumerate() {
        code.align();
        let wrapper = code.here();
        code.wrapper(index as u8, entry, finder)?;
        functions.push(Logged { call: entry.call, nr: u64::from(entry.nr), jump: jump(entry.at, wrapper)? });
    }
    if code.bytes.len() as u64 > PAGE || functions.len() > FUNCTIONS {
        return Err(Refusal::Far);
    }
    Ok(Logger { at, code: code.bytes, functions })
}

impl Logger {
    pub fn code_range(&self) -> Range<u64> {
        self.at..self.at + self.code.len() as u64
    }

    /// The heads of all rings.
    pub fn heads(&self) -> Range<u64> {
        self.at + PAGE..self.at + PAGE + (RINGS * HEAD) as u64
    }

    /// Where the record of this number is.
    pub fn slot(&self, ring: usize, number: u64) -> u64 {
        self.at + 2 * PAGE + ring as u64 * RING + number % SLOTS * RECORD as u64
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

    /// Where the heads and the first ring are.
    fn heads(&self) -> u64 {
        self.at + PAGE
    }

    fn rings(&self) -> u64 {
        self.at + 2 * PAGE
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

    /// Called with the thread pointer in %rdi and the first head to try in %r11: returns with the thread's own there, or with
    /// the carry flag set if it gets none. A free head has no owner; a signal handler may claim one in between.
    fn finder(&mut self) {
        self.put(&[
            &[0x48, 0x85, 0xff],             //  0 test %rdi, %rdi
            &[0x74, 0x1f],                   //  3 jz shared
            &[0xb9, PROBES, 0, 0, 0],        //  5 mov $PROBES, %ecx
            &[0x49, 0x3b, 0x3b],             // 10 again: cmp (%r11), %rdi
            &[0x74, 0x17],                   // 13 je own
            &[0x31, 0xc0],                   // 15 xor %eax, %eax
            &[0xf0, 0x49, 0x0f, 0xb1, 0x3b], // 17 lock cmpxchg %rdi, (%r11)
            &[0x74, 0x0e],                   // 22 je own
            &[0x49, 0x83, 0xeb, 0x80],       // 24 sub $-HEAD, %r11
            &[0xff, 0xc9],                   // 28 dec %ecx
            &[0x75, 0xea],                   // 30 jnz again
            &[0xeb, 0x02],                   // 32 jmp shared
            &[0x90, 0x90],                   // 34 nop; nop
            &[0xf9, 0xc3],                   // 36 shared: stc; ret
            &[0xf8, 0xc3],                   // 38 own: clc; ret
        ]);
    }

    fn wrapper(&mut self, index: u8, entry: &Entry, finder: u64) -> Result<(), Refusal> {
        const MASK: [u8; 4] = ((SLOTS - 1) as u32).to_le_bytes();
        const MOST: [u8; 4] = MOST_CYCLES.to_le_bytes();
        let count = 16 + 8 * index;
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
            &[0x49, 0x89, 0xc2],                           // mov %rax, %r10     the result
            &[0xf3, 0x48, 0x0f, 0xae, 0xc7],               // rdfsbase %rdi
            &[0x69, 0xc7, 0xb1, 0x79, 0x37, 0x9e],         // imul $0x9e3779b1, %edi, %eax
            &[0xc1, 0xe8, 32 - super::record::TABLE_BITS], // shr $29, %eax      a place for it
            &[0xc1, 0xe0, HEAD.trailing_zeros() as u8],    // shl $7, %eax
        ]);
        self.relative(&[0x4c, 0x8d, 0x1d], self.heads())?; // lea heads, %r11
        self.put(&[
            &[0x49, 0x01, 0xc3], // add %rax, %r11
            &[0x49, 0x3b, 0x3b], // cmp (%r11), %rdi
        ]);
        // je own; call finder; jnc own
        let shared = {
            let mut shared = Code { at: self.here() + 9, bytes: Vec::new() };
            shared.relative(&[0x4c, 0x8d, 0x1d], self.heads() + (SHARED * HEAD) as u64)?; // lea shared, %r11
            shared.put(&[
                &[0xb9, 0x01, 0x00, 0x00, 0x00],        // mov $1, %ecx
                &[0xf0, 0x49, 0x0f, 0xc1, 0x4b, count], // lock xadd %rcx, count(%r11)
                &[0xb8, 0x01, 0x00, 0x00, 0x00],        // mov $1, %eax
                &[0xf0, 0x49, 0x0f, 0xc1, 0x43, 0x08],  // lock xadd %rax, 8(%r11)
                &[0xeb, 5 + 5 + 5 + 5],                 // jmp numbered
            ]);
            shared.bytes
        };
        self.put(&[&[0x74, 5 + 2 + shared.len() as u8]]);
        self.relative(&[0xe8], finder)?;
        self.put(&[&[0x73, shared.len() as u8], &shared]);
        self.put(&[
            &[0xb9, 0x01, 0x00, 0x00, 0x00],  // own: mov $1, %ecx
            &[0x49, 0x0f, 0xc1, 0x4b, count], // xadd %rcx, count(%r11)
            &[0xb8, 0x01, 0x00, 0x00, 0x00],  // mov $1, %eax
            &[0x49, 0x0f, 0xc1, 0x43, 0x08],  // xadd %rax, 8(%r11)
            &[0x41, 0x58],                    // numbered: pop %r8     the beginning
            &[0x41, 0x89, 0xc1],              // mov %eax, %r9d
        ]);
        self.relative(&[0x48, 0x8d, 0x35], self.heads())?; // lea heads, %rsi
        self.put(&[
            &[0x49, 0x29, 0xf3],                                              // sub %rsi, %r11
            &[0x49, 0xc1, 0xe3, (RING / HEAD as u64).trailing_zeros() as u8], // shl $15, %r11    the ring of this head
        ]);
        self.relative(&[0x48, 0x8d, 0x35], self.rings())?; // lea rings, %rsi
        self.put(&[
            &[0x49, 0x01, 0xf3],                          // add %rsi, %r11
            &[0x25, MASK[0], MASK[1], MASK[2], MASK[3]],  // and $MASK, %eax
            &[0xc1, 0xe0, RECORD.trailing_zeros() as u8], // shl $6, %eax
            &[0x49, 0x01, 0xc3],                          // add %rax, %r11    the slot
            &[0xf6, 0xc1, TIMED - 1],                     // test $7, %cl
            &[0xb9, 0x00, 0x00, 0x00, 0x00],              // mov $0, %ecx      the duration, not measured
        ]);
        let timed: [&[u8]; 7] = [
            &[0x0f, 0x31],                               // rdtsc
            &[0x48, 0xc1, 0xe2, 0x20],                   // shl $32, %rdx
            &[0x48, 0x09, 0xc2],                         // or %rax, %rdx
            &[0x4c, 0x29, 0xc2],                         // sub %r8, %rdx
            &[0xb9, MOST[0], MOST[1], MOST[2], MOST[3]], // mov $MOST, %ecx
            &[0x48, 0x39, 0xca],                         // cmp %rcx, %rdx
            &[0x48, 0x0f, 0x42, 0xca],                   // cmovb %rdx, %rcx   or as much as fits
        ];
        self.skippable(&[], 0x75, &timed); // jnz behind
        self.put(&[
            &[0x81, 0xc9, 0, 0, 0, index << 4], // or $(index << 28), %ecx
            &[0x41, 0x89, 0x4b, 0x04],          // mov %ecx, 4(%r11)
            &[0x4d, 0x89, 0x43, 0x08],          // mov %r8, 8(%r11)
            &[0x49, 0x89, 0x7b, 0x10],          // mov %rdi, 16(%r11)
            &[0x44, 0x89, 0xc8],                // mov %r9d, %eax
            &[0x41, 0x59],                      // pop %r9
            &[0x41, 0x59],                      // pop %r9           the third argument
            &[0x5e],                            // pop %rsi
            &[0x5f],                            // pop %rdi
            &[0x48, 0x8b, 0x0c, 0x24],          // mov (%rsp), %rcx
            &[0x49, 0x89, 0x4b, 0x28],          // mov %rcx, 40(%r11)
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
