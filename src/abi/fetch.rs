//! The fetch plan: which bytes of the tracee's memory a call's declaration asks for, at entry and at exit.
//!
//! Pure: memory is a trait, so that the engine, a test and a future in-process recorder share one plan.
//! Nothing is interpreted here beyond what is needed to follow pointers.

/// Reads the tracee's memory and keeps what was read. The decoder later finds it by address.
pub trait Fetch {
    /// Copies up to `len` bytes at `addr`, cut to the capture limit; keeps them and returns them, shorter where the
    /// memory ends. The object's true length is kept beside the copy, so that a cut can be marked.
    fn bytes(&mut self, addr: u64, len: u64) -> &[u8];
    /// As `bytes`, but never cut by the capture limit: structures and pointer arrays, whose length the plan bounds.
    fn object(&mut self, addr: u64, len: usize) -> &[u8];
    /// Copies a NUL-terminated string of at most `max` bytes (without the NUL); not cut by the capture limit.
    fn c_string(&mut self, addr: u64, max: usize) -> &[u8];
}
