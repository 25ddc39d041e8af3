//! Runs filters, after the checks that the kernel makes when one is installed.

use std::fmt;

use super::{Data, Instruction, MAX_INSTRUCTIONS, Program};

/// Why the kernel would refuse a program (EINVAL).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadProgram {
    /// Index of the instruction.
    pub at: usize,
    pub message: &'static str,
}

impl fmt::Display for BadProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "instruction {}: {}", self.at, self.message)
    }
}

impl std::error::Error for BadProgram {}

// Classes, and the parts of a code within them: `linux/bpf_common.h`.
const LD: u16 = 0;
const LDX: u16 = 1;
const ST: u16 = 2;
const STX: u16 = 3;
const ALU: u16 = 4;
const JMP: u16 = 5;
const RET: u16 = 6;
const MISC: u16 = 7;

const IMM: u16 = 0x00;
const ABS: u16 = 0x20;
const MEM: u16 = 0x60;
const LEN: u16 = 0x80;

const X: u16 = 0x08;
const SCRATCH_WORDS: u32 = 16;

impl Program {
    /// The checks of the kernel: known instructions, jumps and memory in range, a return at the end.
    pub fn check(&self) -> Result<(), BadProgram> {
        let bad = |at, message| Err(BadProgram { at, message });
        let len = self.instructions.len();
        if len == 0 || len > MAX_INSTRUCTIONS {
            return bad(len, "a program has 1 to 4096 instructions");
        }
        for (at, i) in self.instructions.iter().enumerate() {
            let remaining = len - at - 1;
            let within = |skip: u32| (skip as usize) < remaining;
            match i.code & 7 {
                LD if i.code == LD | ABS => {
                    if i.k % 4 != 0 || i.k >= 64 {
                        return bad(at, "loads from outside struct seccomp_data");
                    }
                }
                LD | LDX if matches!(i.code & !7, IMM | LEN) => {}
                LD | LDX if i.code & !7 == MEM => {
                    if i.k >= SCRATCH_WORDS {
                        return bad(at, "loads from outside the scratch memory");
                    }
                }
                ST | STX if i.code & !7 == 0 => {
                    if i.k >= SCRATCH_WORDS {
                        return bad(at, "stores outside the scratch memory");
                    }
                }
                ALU => match i.code & 0xf0 {
                    0x30 if i.code & X == 0 && i.k == 0 => return bad(at, "divides by zero"),
                    0x60 | 0x70 if i.code & X == 0 && i.k >= 32 => return bad(at, "shifts by more than 31"),
                    0x00..=0x80 | 0xa0 => {}
                    // The kernel has no modulo here.
                    _ => return bad(at, "unknown arithmetic"),
                },
                JMP if i.code == JMP => {
                    if !within(i.k) {
                        return bad(at, "jumps behind the end");
                    }
                }
                JMP if matches!(i.code & 0xf0, 0x10..=0x40) => {
                    if !within(i.jt.into()) || !within(i.jf.into()) {
                        return bad(at, "jumps behind the end");
                    }
                }
                RET if matches!(i.code & !7, 0 | 0x10) => {}
                MISC if matches!(i.code & !7, 0 | 0x80) => {}
                _ => return bad(at, "unknown instruction"),
            }
        }
        match self.instructions.last() {
            Some(last) if last.code & 7 == RET => Ok(()),
            _ => bad(len - 1, "the last instruction is no return"),
        }
    }

    /// What the program returns, and the index of the instruction that did. Programs always end, for jumps go forward.
    pub fn run(&self, data: &Data) -> Result<(u32, usize), BadProgram> {
        self.run_telling(data, |_| {})
    }

    /// Bit N: on its way to the answer it loads a part of argument N. What it does not load does not matter.
    pub fn arguments_loaded(&self, data: &Data) -> u8 {
        let mut loaded = 0;
        // A program that cannot be run has one answer.
        let _ = self.run_telling(data, |offset| {
            if let Some(within) = offset.checked_sub(16) {
                loaded |= 1u8.checked_shl(within / 8).unwrap_or(0);
            }
        });
        loaded
    }

    fn run_telling(&self, data: &Data, mut loads: impl FnMut(u32)) -> Result<(u32, usize), BadProgram> {
        let (mut a, mut x, mut memory) = (0_u32, 0_u32, [0_u32; SCRATCH_WORDS as usize]);
        let mut at = 0;
        while let Some(&Instruction { code, jt, jf, k }) = self.instructions.get(at) {
            let here = at;
            let bad = |message| BadProgram { at: here, message };
            let slot = k as usize;
            let operand = if code & X != 0 { x } else { k };
            at += 1;
            match (code & 7, code & !7) {
                (LD, ABS) => {
                    loads(k);
                    a = data.word(k).ok_or(bad("loads from outside struct seccomp_data"))?;
                }
                (LD, IMM) => a = k,
                (LD, LEN) => a = 64,
                (LD, MEM) => a = *memory.get(slot).ok_or(bad("loads from outside the scratch memory"))?,
                (LDX, IMM) => x = k,
                (LDX, LEN) => x = 64,
                (LDX, MEM) => x = *memory.get(slot).ok_or(bad("loads from outside the scratch memory"))?,
                (ST, 0) => *memory.get_mut(slot).ok_or(bad("stores outside the scratch memory"))? = a,
                (STX, 0) => *memory.get_mut(slot).ok_or(bad("stores outside the scratch memory"))? = x,
                (ALU, op) => {
                    a = match op & 0xf0 {
                        0x00 => a.wrapping_add(operand),
                        0x10 => a.wrapping_sub(operand),
                        0x20 => a.wrapping_mul(operand),
                        // Division by an X of zero ends the program with 0.
                        0x30 => match a.checked_div(operand) {
                            Some(quotient) => quotient,
                            None => return Ok((0, here)),
                        },
                        0x40 => a | operand,
                        0x50 => a & operand,
                        0x60 => a.wrapping_shl(operand),
                        0x70 => a.wrapping_shr(operand),
                        0x80 => a.wrapping_neg(),
                        0xa0 => a ^ operand,
                        _ => return Err(bad("unknown arithmetic")),
                    }
                }
                (JMP, 0) => at = at.saturating_add(slot),
                (JMP, op) => {
                    let holds = match op & 0xf0 {
                        0x10 => a == operand,
                        0x20 => a > operand,
                        0x30 => a >= operand,
                        0x40 => a & operand != 0,
                        _ => return Err(bad("unknown jump")),
                    };
                    at += usize::from(if holds { jt } else { jf });
                }
                (RET, 0) => return Ok((k, here)),
                (RET, 0x10) => return Ok((a, here)),
                (MISC, 0) => x = a,
                (MISC, 0x80) => a = x,
                _ => return Err(bad("unknown instruction")),
            }
        }
        Err(BadProgram { at, message: "runs behind the end" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(code: &[(u16, u8, u8, u32)]) -> Program {
        let instructions = code.iter().map(|&(code, jt, jf, k)| Instruction { code, jt, jf, k }).collect();
        Program { instructions }
    }

    const DATA: Data =
        Data { nr: 7, arch: 9, instruction_pointer: 0x1_0000_0002, args: [0x3_0000_0004, 0, 0, 0, 0, 5] };

    #[test]
    fn loads_arithmetic_jumps_and_memory() {
        for (code, returned) in [
            (vec![(0x20, 0, 0, 0), (0x16, 0, 0, 0)], 7),
            (vec![(0x20, 0, 0, 12), (0x16, 0, 0, 0)], 1),
            (vec![(0x20, 0, 0, 16), (0x16, 0, 0, 0)], 4),
            (vec![(0x20, 0, 0, 20), (0x16, 0, 0, 0)], 3),
            (vec![(0x20, 0, 0, 56), (0x16, 0, 0, 0)], 5),
            // 6 / 2, kept in memory, plus 40, through X.
            (
                vec![
                    (0, 0, 0, 6),
                    (0x34, 0, 0, 2),
                    (2, 0, 0, 15),
                    (0x61, 0, 0, 15),
                    (0, 0, 0, 40),
                    (0x0c, 0, 0, 0),
                    (0x16, 0, 0, 0),
                ],
                43,
            ),
            // Length, and the wrong branch.
            (vec![(0x80, 0, 0, 0), (0x15, 1, 0, 64), (6, 0, 0, 1), (6, 0, 0, 2)], 2),
            (vec![(0x80, 0, 0, 0), (0x45, 0, 1, 1), (6, 0, 0, 1), (6, 0, 0, 2)], 2),
            (vec![(5, 0, 0, 1), (6, 0, 0, 1), (6, 0, 0, 2)], 2),
            // Division by X of zero.
            (vec![(0, 0, 0, 6), (0x3c, 0, 0, 0), (6, 0, 0, 1)], 0),
        ] {
            let program = program(&code);
            assert_eq!(program.check(), Ok(()), "{code:?}");
            assert_eq!(program.run(&DATA).map(|(ret, _)| ret), Ok(returned), "{code:?}");
            assert_eq!(Program::from_bytes(&program.to_bytes()), Some(program));
        }
        assert_eq!(Program::from_bytes(&[0; 9]), None);
    }

    #[test]
    fn what_the_kernel_refuses() {
        for code in [
            vec![],
            vec![(0x20, 0, 0, 0)],
            vec![(0x20, 0, 0, 64), (6, 0, 0, 0)],
            vec![(0x20, 0, 0, 2), (6, 0, 0, 0)],
            vec![(5, 0, 0, 1), (6, 0, 0, 0)],
            vec![(0x15, 0, 1, 1), (6, 0, 0, 0)],
            vec![(2, 0, 0, 16), (6, 0, 0, 0)],
            vec![(0x34, 0, 0, 0), (6, 0, 0, 0)],
            vec![(0x64, 0, 0, 32), (6, 0, 0, 0)],
            vec![(0x94, 0, 0, 3), (6, 0, 0, 0)],
            vec![(0x28, 0, 0, 0), (6, 0, 0, 0)],
            vec![(0xb1, 0, 0, 0), (6, 0, 0, 0)],
            vec![(6, 0, 0, 0); 4097],
        ] {
            assert!(program(&code).check().is_err(), "{code:?}");
        }
    }
}
