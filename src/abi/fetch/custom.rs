//! What lies behind each `custom[…]` type: the memory it leads to, by name.
//!
//! A name that is not listed here is shown from the register alone.

use super::plan::Walk;
use super::{Fetch, limits};
use crate::abi::{Dir, structure};

/// The memory of argument `index`, whose type is `custom[name]` with that direction.
pub fn fetch<F: Fetch>(walk: &mut Walk<'_, F>, name: &str, dir: Dir, index: usize) {
    if !walk.wants(dir) {
        return;
    }
    let addr = walk.pointer(index);
    match name {
        "wait_status" => {
            walk.object(addr, 4);
        }
        "iovec" => iovec(walk, addr, index),
        _ => {
            if let Some(layout) = structure(name) {
                walk.object(addr, layout.layout(walk.arch).size as usize);
            }
        }
    }
}

/// The array of pieces, whose count is the next argument, and the pieces; at exit only what the result says was filled.
fn iovec<F: Fetch>(walk: &mut Walk<'_, F>, addr: u64, index: usize) {
    let count = walk.word_arg(index + 1).min(limits::ELEMENTS) as usize;
    let word = walk.arch.word();
    let pieces: Vec<(u64, u64)> = walk
        .object(addr, count * 2 * word)
        .chunks_exact(2 * word)
        .map(|piece| (super::plan::le_word(&piece[..word]), super::plan::le_word(&piece[word..])))
        .collect();
    let mut left = walk.ret.map_or(u64::MAX, |ret| ret.max(0) as u64);
    for (base, len) in pieces {
        let len = len.min(left);
        walk.bytes(base, len);
        left -= len;
    }
}
