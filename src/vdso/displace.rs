//! The first instructions of a function as a copy that runs elsewhere, so that a jump can stand in their place. x86-64.
//!
//! A jump takes five bytes, and only five bytes of a function ever change. The copy holds every instruction that begins in
//! them and a jump back to the first that does not. Left out: where the copy stands, and what the jump leads to (`patch`).

use std::fmt;

use iced_x86::{
    BlockEncoder, BlockEncoderOptions, Code, Decoder, DecoderOptions, FlowControl, Instruction, InstructionBlock,
};

/// The bytes of a jump with a displacement of 32 bits: what is overwritten.
pub const JUMP: usize = 5;
/// Its first byte.
pub const JUMP_OPCODE: u8 = 0xe9;

/// Why a function is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It has fewer bytes than a jump.
    Short,
    /// Bytes that are no instruction.
    Undecodable,
    /// A branch within the function leads into what would be overwritten.
    Target,
    /// A call, a system call or another instruction whose address matters stands there.
    Bound,
    /// The copy would be too far away.
    Far,
    /// The architecture has no such call.
    NoCall,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Short => "it is shorter than a jump",
            Refusal::Undecodable => "its instructions are not understood",
            Refusal::Target => "it jumps back into its own beginning",
            Refusal::Bound => "its beginning cannot run elsewhere",
            Refusal::Far => "there is no room near it",
            Refusal::NoCall => "the architecture has no such call",
        })
    }
}

/// The instructions to be displaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Displaced {
    instructions: Vec<Instruction>,
    /// Where the rest of the function goes on; None if nothing falls through to it.
    rest: Option<u64>,
}

/// A copy made for one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    pub bytes: Vec<u8>,
    /// Of each instruction but the first: its address in the function, and in the copy.
    pub moves: Vec<(u64, u64)>,
}

/// Finds what has to be displaced of a function with these bytes at `ip`, all of it.
pub fn displaced(function: &[u8], ip: u64) -> Result<Displaced, Refusal> {
    if function.len() < JUMP {
        return Err(Refusal::Short);
    }
    let mut decoder = Decoder::with_ip(64, function, ip, DecoderOptions::NONE);
    let mut found = Displaced { instructions: Vec::new(), rest: None };
    while decoder.position() < JUMP {
        let instruction = decoder.decode();
        if instruction.is_invalid() {
            return Err(Refusal::Undecodable);
        }
        found.rest = Some(instruction.next_ip());
        match instruction.flow_control() {
            FlowControl::Next | FlowControl::ConditionalBranch if instruction.code() != Code::Syscall => {}
            FlowControl::UnconditionalBranch | FlowControl::IndirectBranch | FlowControl::Return => {
                // What comes next belongs to nobody, if nobody jumps there: that is looked at below.
                found.rest = None;
                found.instructions.push(instruction);
                break;
            }
            _ => return Err(Refusal::Bound),
        }
        found.instructions.push(instruction);
    }
    let window = ip + 1..ip + JUMP as u64;
    let mut decoder = Decoder::with_ip(64, function, ip, DecoderOptions::NONE);
    while decoder.can_decode() {
        let instruction = decoder.decode();
        if window.contains(&instruction.near_branch_target()) {
            return Err(Refusal::Target);
        }
    }
    Ok(found)
}

impl Displaced {
    /// The copy for the address `at`.
    pub fn copy_at(&self, at: u64) -> Result<Copy, Refusal> {
        let mut copy = Copy { bytes: Vec::new(), moves: Vec::new() };
        let back = match self.rest {
            Some(rest) => Some(Instruction::with_branch(Code::Jmp_rel32_64, rest).map_err(|_| Refusal::Undecodable)?),
            None => None,
        };
        // One by one, so that each one's new address is known even where it becomes a longer one.
        for (index, instruction) in self.instructions.iter().chain(&back).enumerate() {
            let here = at + copy.bytes.len() as u64;
            if index > 0 && index < self.instructions.len() {
                copy.moves.push((instruction.ip(), here));
            }
            let block = InstructionBlock::new(std::slice::from_ref(instruction), here);
            let made = BlockEncoder::encode(64, block, BlockEncoderOptions::NONE).map_err(|_| Refusal::Far)?;
            copy.bytes.extend_from_slice(&made.code_buffer);
        }
        Ok(copy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: u64 = 0x7fff_0000_0800;
    const THERE: u64 = 0x7fff_0000_1a40;

    /// What a processor would do at an address: the instruction with its operands, whatever its encoding.
    fn meaning(bytes: &[u8], ip: u64) -> Vec<(iced_x86::Mnemonic, u64, u64, usize)> {
        let decoder = Decoder::with_ip(64, bytes, ip, DecoderOptions::NONE);
        let target = |i: &Instruction| if i.is_ip_rel_memory_operand() { i.ip_rel_memory_address() } else { 0 };
        decoder.into_iter().map(|i| (i.mnemonic(), i.near_branch_target(), target(&i), i.op_count() as usize)).collect()
    }

    fn copied(function: &[u8]) -> Copy {
        displaced(function, AT).unwrap().copy_at(THERE).unwrap()
    }

    #[test]
    fn plain_instructions_are_copied_and_lead_back() {
        // push rbp; mov rbp, rsp; push r14; ret
        let copy = copied(&[0x55, 0x48, 0x89, 0xe5, 0x41, 0x56, 0xc3]);
        assert_eq!(copy.bytes[..6], [0x55, 0x48, 0x89, 0xe5, 0x41, 0x56]);
        assert_eq!(copy.moves, [(AT + 1, THERE + 1), (AT + 4, THERE + 4)]);
        assert_eq!(meaning(&copy.bytes, THERE).last().map(|m| m.1), Some(AT + 6));
    }

    #[test]
    fn what_is_relative_to_the_instruction_still_means_the_same() {
        // cmp dword [rip - 0x2345], 0x7fffffff (10 bytes); ret
        let function = [0x81, 0x3d, 0xbb, 0xdc, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xc3];
        let copy = copied(&function);
        assert_eq!(meaning(&copy.bytes, THERE)[0], meaning(&function, AT)[0]);
        assert!(copy.moves.is_empty());
        // cmp edi, 0x17; ja +0x67: the short jump becomes a long one
        let function = [[0x83, 0xff, 0x17, 0x77, 0x67].as_slice(), &[0x90; 0x68]].concat();
        let copy = copied(&function);
        assert_eq!(meaning(&copy.bytes, THERE)[1].1, AT + 5 + 0x67);
        assert_eq!(copy.moves, [(AT + 3, THERE + 3)]);
        assert_eq!(meaning(&copy.bytes, THERE)[2].1, AT + 5);
    }

    #[test]
    fn a_function_that_is_one_jump_is_displaced() {
        let copy = copied(&[0xe9, 0x00, 0x01, 0x00, 0x00]);
        assert_eq!(meaning(&copy.bytes, THERE), meaning(&[0xe9, 0x00, 0x01, 0x00, 0x00], AT));
        assert_eq!(copy.bytes.len(), 5);
    }

    #[test]
    fn what_cannot_be_displaced_is_refused_with_the_reason() {
        let refusal = |function: &[u8]| displaced(function, AT).unwrap_err();
        assert_eq!(refusal(&[0x55, 0xc3]), Refusal::Short);
        assert_eq!(refusal(&[0x06, 0x06, 0x06, 0x06, 0x06]), Refusal::Undecodable);
        // mov eax, 1; syscall: is fine, because the call stands behind the five bytes
        assert!(displaced(&[0xb8, 1, 0, 0, 0, 0x0f, 0x05, 0xc3], AT).is_ok());
        assert_eq!(refusal(&[0x31, 0xc0, 0x0f, 0x05, 0xc3]), Refusal::Bound);
        assert_eq!(refusal(&[0xe8, 0, 0, 0, 0, 0xc3]), Refusal::Bound);
        // push rbp; nop × 6; jmp back to the first nop
        assert_eq!(refusal(&[0x55, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0xeb, 0xf8]), Refusal::Target);
        // to the very beginning: it goes to where the jump stands then
        assert!(displaced(&[0x55, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0xeb, 0xf7], AT).is_ok());
        let far = displaced(&[0x48, 0x8d, 0x05, 0, 0, 0, 0], AT).unwrap();
        assert_eq!(far.copy_at(0x1000), Err(Refusal::Far));
    }
}
