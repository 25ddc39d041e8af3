//! The fetch plan: which bytes of the tracee's memory a call's declaration asks for, at entry and at exit.
//!
//! Pure: memory is a trait, so that the engine, a test and a future in-process recorder share one plan.
//! Nothing is interpreted here beyond what is needed to follow pointers; how many bytes one call can ask for is bounded,
//! whatever its arguments and its memory say (see `limits`).

mod custom;
mod descriptors;
pub mod limits;
mod plan;
mod signal_frame;
#[cfg(test)]
mod tests;

pub use custom::{TEE_SHM_REGISTER_FD, input_request, nodemask_words};
pub use descriptors::{REGISTERS_AT, descriptor_address, descriptor_at, is_no_memory, protocol_address};
pub use signal_frame::{SignalMask, signal_mask};

use super::{Arch, Call};

/// Reads the tracee's memory and keeps what was read. The decoder later finds it by address.
pub trait Fetch {
    /// Copies up to `len` bytes at `addr`, cut to the capture limit; keeps them and returns them, shorter where the
    /// memory ends. The object's true length is kept beside the copy, so that a cut can be marked.
    fn bytes(&mut self, addr: u64, len: u64) -> &[u8];
    /// As `bytes`, but never cut by the capture limit: structures and pointer arrays, whose length the plan bounds.
    fn object(&mut self, addr: u64, len: usize) -> &[u8];
    /// Copies a NUL-terminated string of at most `max` bytes (without the NUL); not cut by the capture limit.
    fn c_string(&mut self, addr: u64, max: usize) -> &[u8];
    /// Whether `descriptor` does anything.
    fn looks_up_descriptors(&self) -> bool {
        false
    }
    /// The same for descriptors that calls return.
    fn looks_up_results(&self) -> bool {
        self.looks_up_descriptors()
    }
    /// Keeps what is behind a descriptor, at `descriptor_address`; nothing if it is not open.
    fn descriptor(&mut self, _fd: i32) {}
    /// Whether the strings of an environment are copied, not only counted: views in full show them.
    fn copies_environments(&self) -> bool {
        false
    }
    /// Keeps the protocol of a descriptor at `protocol_address`, if it is a socket of netlink(7); whether it is one.
    fn netlink(&mut self, _fd: i32) -> bool {
        false
    }
}

/// What the call reads: paths, strings and every `in` and `inout` argument. `call` may be the base declaration or the
/// variant that the arguments select; `sp` is the stack pointer, where sigreturn(2) finds what it restores.
pub fn at_entry(arch: Arch, call: &'static Call, args: &[u64; 6], sp: u64, f: &mut impl Fetch) {
    plan::walk(arch, call, args, None, f);
    if let Some(mask) = signal_mask(arch, call, sp) {
        mask.parts().into_iter().for_each(|(addr, len)| _ = f.object(addr, len));
    }
}

/// What a call wrote although it failed: the time that was left of a sleep, the size that the kernel would take.
pub fn at_failure(arch: Arch, call: &'static Call, args: &[u64; 6], errno: u16, f: &mut impl Fetch) {
    // errno.h, and ERESTART_RESTARTBLOCK, which becomes EINTR.
    const EINTR: u16 = 4;
    const E2BIG: u16 = 7;
    const EFAULT: u16 = 14;
    const EINVAL: u16 = 22;
    const RESTART: u16 = 516;
    const BPF_PROG_LOAD: u32 = 5;
    let wide = if call.name.ends_with("time64") { 16 } else { 2 * plan::kernel_long(arch) };
    let (index, len) = match (call.name, errno) {
        ("nanosleep", EINTR | RESTART) => (1, wide),
        ("clock_nanosleep" | "clock_nanosleep_time64", EINTR | RESTART) => (3, wide),
        ("perf_event_open", E2BIG) => (0, 8),
        ("sched_setattr", E2BIG) => (1, 8),
        ("capget", EINVAL) => (0, 8),
        ("getsockopt", EFAULT) => (4, 4),
        // A driver that refuses controls says which.
        ("ioctl", _) if matches!(args[1] & 0xffff, 0x5647..=0x5649) => (2, (args[1] >> 16 & 0x3fff) as usize),
        // The verifier says why it refused a program.
        ("bpf", _) if args[0] as u32 == BPF_PROG_LOAD => {
            let bytes = f.object(args[1], 40);
            let field = |at: usize, len: usize| plan::le_word(bytes.get(at..at + len).unwrap_or_default());
            let (log, size) = (field(32, 8), field(28, 4));
            if log != 0 && size != 0 {
                f.bytes(log, size);
            }
            return;
        }
        _ => return,
    };
    let addr = if arch.word() == 4 { args[index] & 0xffff_ffff } else { args[index] };
    if addr != 0 {
        f.object(addr, len);
    }
}

/// What the call wrote: every `out` and `inout` argument. `ret` is the result of a call that did not fail.
pub fn at_exit(arch: Arch, call: &'static Call, args: &[u64; 6], ret: i64, f: &mut impl Fetch) {
    plan::walk(arch, call, args, Some(ret), f);
}
