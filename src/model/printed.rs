//! What another tool printed of a call, for calls that are known from its text alone.
//!
//! The text is kept like memory, at addresses that no program has. Registers and memory beside it hold what the text told
//! for certain, so that filters, profiles and statistics work; what is shown is the text. Left out: reading it (`decode`), and making it (`session`).

use super::{CallView, Memory, Region};

/// Above all that is kept of descriptors; see `abi::fetch::descriptor_address`. At entry one byte, whose bit N says that
/// argument register N is not known, and the text up to where the line was interrupted; at exit the rest of it.
pub const PRINTED_ARGUMENTS: u64 = 0x8001_0000_0000_0000;
/// What stood after the `=`, where the result alone does not tell it.
pub const PRINTED_RESULT: u64 = PRINTED_ARGUMENTS + 0x1_0000_0000;

/// The arguments of a call as they were printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Printed<'a> {
    /// Bit N: the content of argument register N is not known.
    pub unknown: u8,
    /// Between the parentheses, before and after the line was interrupted. Any bytes: a recording may hold anything.
    /// Both are empty where registers and memory tell the same.
    pub before: &'a [u8],
    pub after: &'a [u8],
}

impl<'a> Printed<'a> {
    fn of(entry: Memory<'a>, exit: Memory<'a>) -> Option<Printed<'a>> {
        let (unknown, before) = kept(entry, PRINTED_ARGUMENTS)?.split_first()?;
        Some(Printed { unknown: *unknown, before, after: kept(exit, PRINTED_ARGUMENTS).unwrap_or_default() })
    }

    /// Whether there is text to show.
    pub fn has_text(&self) -> bool {
        !self.before.is_empty() || !self.after.is_empty()
    }
}

impl<'a> CallView<'a> {
    /// None for a call that was captured, or whose registers and memory the text told in full.
    pub fn printed(&self) -> Option<Printed<'a>> {
        Printed::of(self.entry, self.exit)
    }

    /// Whether another tool saw the call, and nobody more than its text.
    pub fn is_from_text(&self) -> bool {
        kept(self.entry, PRINTED_ARGUMENTS).is_some()
    }

    /// The result as it was printed.
    pub fn printed_result(&self) -> Option<&'a [u8]> {
        kept(self.exit, PRINTED_RESULT)
    }

    /// Bit N: the content of argument register N is not known.
    pub fn unknown_registers(&self) -> u8 {
        self.printed().map_or(0, |printed| printed.unknown)
    }

    /// Whether the content of an argument register is known.
    pub fn knows(&self, register: usize) -> bool {
        register > 7 || self.unknown_registers() >> register & 1 == 0
    }
}

/// The bytes of the region that begins there.
fn kept(memory: Memory<'_>, addr: u64) -> Option<&[u8]> {
    let region: &Region = memory.regions.iter().find(|region| region.addr == addr)?;
    memory.bytes.get(region.start as usize..)?.get(..region.len as usize)
}
