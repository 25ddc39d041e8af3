//! Buffers in vectors, messages and socket addresses: readv(2), sendmsg(2), accept(2).

use super::super::plan::{Walk, le_word};
use super::super::{Fetch, limits};
use super::take;
use crate::abi::Dir;

/// `struct sockaddr_storage` of socket(7), bytes.
const ADDRESS: u64 = 128;
/// Of a socket option, bytes; the longest that are common are names and filters' headers.
const OPTION: u64 = 4096;
/// Control data of one message, bytes: net.core.optmem_max is larger, but descriptors and credentials fit.
const CONTROL: u64 = 64 * 1024;

/// The array of pieces and, unless `left` is None, the first `left` bytes of what the pieces name.
pub fn vector<F: Fetch>(walk: &mut Walk<'_, F>, addr: u64, count: u64, left: Option<u64>) {
    let word = walk.arch.word();
    let pieces: Vec<(u64, u64)> = walk
        .elements(addr, count, 2 * word)
        .chunks_exact(2 * word)
        .map(|piece| (le_word(&piece[..word]), le_word(&piece[word..])))
        .collect();
    let Some(mut left) = left else { return };
    for (base, len) in pieces {
        let len = len.min(left);
        walk.bytes(base, len);
        left = if left == u64::MAX { left } else { left - len };
    }
}

/// One message. At entry of a receiving call only the header: its buffers hold nothing yet. `left` limits what is
/// taken of the buffers besides the result.
pub fn msghdr<F: Fetch>(walk: &mut Walk<'_, F>, addr: u64, dir: Dir, left: u64) {
    let word = walk.arch.word();
    let header = walk.object(addr, 7 * word);
    let field = |i: usize, len: usize| le_word(take(header, i * word, len));
    let (name, name_len) = (field(0, word), field(1, 4));
    let (iov, iov_len) = (field(2, word), field(3, word));
    let (control, control_len) = (field(4, word), field(5, word));
    let exit = walk.ret.is_some();
    if dir != Dir::In && !exit {
        return;
    }
    walk.keep(name, name_len.min(ADDRESS) as usize);
    let left = if exit { walk.filled().min(left) } else { left };
    vector(walk, iov, iov_len, Some(left));
    walk.keep(control, control_len.min(CONTROL) as usize);
}

/// Several messages, whose count is the next argument; after the call as many as the result says.
pub fn mmsghdr<F: Fetch>(walk: &mut Walk<'_, F>, addr: u64, index: usize, dir: Dir) {
    let word = walk.arch.word();
    // A header and the length of what was sent or received, padded to the word.
    let stride = 7 * word + word;
    let exit = walk.ret.is_some();
    let count = if exit { walk.filled() } else { walk.count(index + 1) };
    let count = count.min(limits::ELEMENTS);
    let lengths: Vec<u64> =
        walk.elements(addr, count, stride).chunks(stride).map(|one| le_word(take(one, 7 * word, 4))).collect();
    if exit && dir == Dir::In {
        return;
    }
    for (i, filled) in lengths.into_iter().enumerate() {
        let own = addr.wrapping_add((i * stride) as u64);
        one_of_many(walk, own, dir, if exit { filled } else { u64::MAX });
    }
}

/// A message of several: the result counts messages there, so only the message's own length limits its buffers.
fn one_of_many<F: Fetch>(walk: &mut Walk<'_, F>, addr: u64, dir: Dir, left: u64) {
    let result = walk.ret;
    if result.is_some() {
        walk.ret = Some(i64::MAX);
    }
    msghdr(walk, addr, dir, left);
    walk.ret = result;
}

/// An address or an option: its length is the next argument, behind a pointer where the kernel writes.
pub fn sized<F: Fetch>(walk: &mut Walk<'_, F>, addr: u64, index: usize, dir: Dir) {
    let len = if dir == Dir::In {
        walk.count(index + 1)
    } else {
        let at = walk.pointer(index + 1);
        walk.read_u32(at).map_or(0, u64::from)
    };
    let most = if walk.is_address(index) { ADDRESS } else { OPTION };
    // SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF: a program; SO_GET_FILTER counts instructions of 8 bytes.
    let option = (walk.count(1), walk.count(2));
    let program = !walk.is_address(index) && matches!(option, (1, 26 | 51));
    if program && dir == Dir::In {
        return super::program(walk, addr);
    }
    walk.keep(
        addr,
        (if program { len.saturating_mul(8) } else { len }).min(most * if program { 8 } else { 1 }) as usize,
    );
}
