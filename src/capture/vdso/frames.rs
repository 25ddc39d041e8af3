//! Signal handlers that run while the vDSO is switched for the first time: what they return to may be about to change.
//!
//! The kernel keeps the interrupted instruction's address in a frame on the stack. Once the code stands, each signal is seen
//! before its frame is made, and the address is put right then; frames that are older are looked for here. An address in
//! the first five bytes of a function is nothing else: no call returns there. Left out: frames on a stack that a handler on
//! another stack (sigaltstack(2)) has interrupted.

use super::super::{memory, procfs};
use crate::model::Mapping;
use crate::vdso::Patch;

/// As much of a stack as is looked at from its pointer on.
const LOOK: u64 = 1 << 20;

/// Puts the frames right that stand on the stack of a task.
pub fn mend(tid: i32, sp: u64, maps: &[Mapping], patch: &Patch) {
    let Some(stack) = maps.iter().find(|map| (map.start..map.end).contains(&sp)) else { return };
    let from = sp & !7;
    let mut bytes = vec![0; (stack.end - from).min(LOOK) as usize];
    let count = memory::read(tid, from, &mut bytes);
    for (at, to) in found(&bytes[..count], from, patch) {
        // What the task could not write it could not have as a stack.
        let _ = memory::write(tid, at, &to.to_ne_bytes());
    }
}

/// What is mapped, for `mend`.
pub fn maps(tid: i32) -> Vec<Mapping> {
    procfs::maps(tid).into_iter().map(|line| line.mapping).collect()
}

/// The addresses of words that are such addresses, and what they must become.
fn found(bytes: &[u8], from: u64, patch: &Patch) -> Vec<(u64, u64)> {
    let words = bytes.chunks_exact(8).zip((from..).step_by(8));
    let word = |chunk: &[u8]| chunk.try_into().map_or(0, u64::from_ne_bytes);
    words.filter_map(|(chunk, at)| Some((at, patch.moved(word(chunk))?))).collect()
}
