//! What makes a function of a vDSO tell its answer where there can be no log: it calls the displaced copy, and then makes a call
//! that does nothing, at whose entry a tracer finds the answer on the stack. x86-64.
//!
//! It needs no memory of its own and no time-stamp counter, and fits behind the image. The call is read(2) of no descriptor: most filters
//! allow it, even strict mode. An answer costs a traced call. Without a tracer it goes on to work, a call slower. Left out:
//! whether the program's filter allows the call (`capture`), and how long the answer took.

use super::displace::Refusal;
use super::patch::displacement;

/// The call that tells: read(-1, NULL, 0), with the number that it has on x86-64.
pub const REPORT_NR: u64 = 0;
/// As the registers hold them at its entry.
pub const REPORT_ARGS: [u64; 6] = [u32::MAX as u64, 0, 0, 0, 0, 0];
/// Bytes on the stack from its pointer on.
pub const REPORT: usize = 40;

/// The code of a reporter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reporter {
    pub bytes: Vec<u8>,
    /// The instruction pointer at the entry of its call.
    pub ip: u64,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    pub args: [u64; 6],
    pub result: i64,
    /// Where the function was called from: the address behind the call.
    pub caller: u64,
    /// What was written: address and length, 0 for nothing.
    pub outputs: [(u64, usize); 2],
}

/// The reporter of the function that answers `call`, for the address `at`.
pub fn reporter(call: &str, at: u64, copy_at: u64) -> Result<Reporter, Refusal> {
    let mut bytes = Vec::new();
    if call == "getrandom" {
        // The question for the size of a state is answered, not told: it is no call's. cmp $-1, %r8; je copy
        bytes.extend([0x49, 0x83, 0xf8, 0xff, 0x0f, 0x84]);
        bytes.extend(displacement(at + 10, copy_at)?);
    }
    // push %rdi; push %rsi; push %rdx, with which the stack is aligned; call copy
    bytes.extend([0x57, 0x56, 0x52, 0xe8]);
    bytes.extend(displacement(at + bytes.len() as u64 + 4, copy_at)?);
    bytes.extend([
        0x50, // push %rax
        0x83, 0xcf, 0xff, // or $-1, %edi
        0x31, 0xf6, // xor %esi, %esi
        0x31, 0xd2, // xor %edx, %edx
        0x31, 0xc0, // xor %eax, %eax
        0x0f, 0x05, // syscall
    ]);
    let ip = at + bytes.len() as u64;
    // pop %rax; pop %rdx; pop %rsi; pop %rdi; ret
    bytes.extend([0x58, 0x5a, 0x5e, 0x5f, 0xc3]);
    Ok(Reporter { bytes, ip })
}

/// What stands on the stack at the entry of the call.
pub fn report(call: &str, stack: &[u8; REPORT]) -> Report {
    let word = |at: usize| u64::from_le_bytes(stack[at..at + 8].try_into().unwrap_or_default());
    let (raw, rdx, rsi, rdi) = (word(0), word(8), word(16), word(24));
    let as_int = i64::from(raw as i32);
    let (args, result, outputs) = match call {
        "time" => ([rdi, 0, 0, 0, 0, 0], raw as i64, [(rdi, 8), (0, 0)]),
        "getcpu" => ([rdi, rsi, rdx, 0, 0, 0], as_int, [(rdi, 4), (rsi, 4)]),
        "getrandom" => ([rdi, rsi, u64::from(rdx as u32), 0, 0, 0], raw as i64, [(0, 0); 2]),
        "gettimeofday" => ([rdi, rsi, 0, 0, 0, 0], as_int, [(rdi, 16), (rsi, 8)]),
        // clock_gettime, clock_getres
        _ => ([u64::from(rdi as u32), rsi, 0, 0, 0, 0], as_int, [(rsi, 16), (0, 0)]),
    };
    let outputs = outputs.map(|(addr, len)| if addr == 0 || result < 0 { (0, 0) } else { (addr, len) });
    Report { args, result, caller: word(32), outputs }
}

#[cfg(test)]
mod tests {
    use iced_x86::{Decoder, DecoderOptions, Mnemonic};

    use super::*;

    const AT: u64 = 0x7fff_0000_1b00;
    const COPY: u64 = 0x7fff_0000_1a40;

    #[test]
    fn it_calls_the_copy_and_puts_back_what_it_changes() {
        for call in ["clock_gettime", "getrandom"] {
            let made = reporter(call, AT, COPY).unwrap();
            let code: Vec<_> = Decoder::with_ip(64, &made.bytes, AT, DecoderOptions::NONE).into_iter().collect();
            let pushes = code.iter().filter(|i| i.mnemonic() == Mnemonic::Push).count();
            let pops = code.iter().filter(|i| i.mnemonic() == Mnemonic::Pop).count();
            assert_eq!((pushes, pops), (4, 4));
            for branch in code.iter().filter(|i| i.near_branch_target() != 0) {
                assert_eq!(branch.near_branch_target(), COPY, "{branch}");
            }
            let syscall = code.iter().find(|i| i.mnemonic() == Mnemonic::Syscall).unwrap();
            assert_eq!(syscall.next_ip(), made.ip);
            assert_eq!(code.iter().any(|i| i.mnemonic() == Mnemonic::Je), call == "getrandom");
            assert_eq!(code.last().map(|i| i.mnemonic()), Some(Mnemonic::Ret));
        }
        assert_eq!(reporter("time", 0x1000, COPY), Err(Refusal::Far));
    }

    #[test]
    fn an_answer_is_read_off_the_stack() {
        let stack = |words: [u64; 5]| -> [u8; REPORT] {
            let bytes: Vec<u8> = words.into_iter().flat_map(u64::to_le_bytes).collect();
            bytes.try_into().unwrap()
        };
        let clock = report("clock_gettime", &stack([0, 9, 0x2000, 0xffff_ffff_0000_0001, 0x4000]));
        assert_eq!((clock.args, clock.result, clock.caller), ([1, 0x2000, 0, 0, 0, 0], 0, 0x4000));
        assert_eq!(clock.outputs, [(0x2000, 16), (0, 0)]);
        let failed = report("clock_gettime", &stack([0xffff_ffea, 0, 0x2000, 1000, 0]));
        assert_eq!((failed.result, failed.outputs), (-22, [(0, 0); 2]));
        let time = report("time", &stack([1_700_000_000, 0, 7, 0, 0]));
        assert_eq!((time.args, time.result, time.outputs), ([0; 6], 1_700_000_000, [(0, 0); 2]));
        let cpu = report("getcpu", &stack([0, 3, 0, 0x2000, 0]));
        assert_eq!((cpu.args, cpu.outputs), ([0x2000, 0, 3, 0, 0, 0], [(0x2000, 4), (0, 0)]));
        let day = report("gettimeofday", &stack([0, 0, 0x3000, 0x2000, 0]));
        assert_eq!(day.outputs, [(0x2000, 16), (0x3000, 8)]);
        let random = report("getrandom", &stack([16, 4, 16, 0x2000, 0]));
        assert_eq!((random.args, random.result, random.outputs), ([0x2000, 16, 4, 0, 0, 0], 16, [(0, 0); 2]));
    }
}
