//! Which descriptors a call is about, so that the fetcher can look up what is behind them while they are open.
//!
//! What it finds is kept like memory, at an address that no program has. Left out: descriptors that sendmmsg(2) and
//! recvmmsg(2) pass on.

use super::plan::{Walk, le_word};
use super::{Fetch, limits};
use crate::abi::{Arg, Call, Dir, Meaning, Ret, Type};

/// Not canonical on any of the architectures: nothing of a program's can stand there.
const BASE: u64 = 0x8000_0000_0000_0000;
/// Twice as much as the longest path and what stands behind it.
const ROOM: u64 = 16384;

/// Where the fetcher keeps the registers that unwinding begins with, where it copies stacks: eight bytes each of rbx, rbp,
/// r12 to r15. The stack is kept where it is.
pub const REGISTERS_AT: u64 = 0xffff_ffff_ffff_f000;

/// Whether something is kept at an address that no program can have copied from.
pub fn is_no_memory(addr: u64) -> bool {
    addr >= BASE
}

/// Where the fetcher keeps what a descriptor is: its path, and behind a zero byte what else there is to say, which is
/// `(deleted)`, `<char 1:3>`, or `=` and a text instead of a path. AT_FDCWD is a descriptor, too.
pub fn descriptor_address(fd: i32) -> u64 {
    BASE + u64::from(fd as u32) * ROOM
}

/// The descriptor that is kept at an address.
pub fn descriptor_at(addr: u64) -> Option<i32> {
    let index = addr.checked_sub(BASE)?;
    index.is_multiple_of(ROOM).then(|| u32::try_from(index / ROOM).ok().map(|fd| fd as i32)).flatten()
}

/// Where the fetcher keeps the protocol of a netlink(7) socket, one byte: behind all that there is of the descriptor.
pub fn protocol_address(fd: i32) -> u64 {
    descriptor_address(fd) + ROOM / 2
}

/// Looks up the descriptors of an argument whose memory is already fetched.
pub fn of_argument<F: Fetch>(walk: &mut Walk<'_, F>, index: usize, arg: &Arg) {
    let entry = walk.ret.is_none();
    match arg.ty {
        Type::Num { meaning: Meaning::Fd { .. } | Meaning::DirFd, .. } if entry => {
            let fd = walk.pointer(index) as i32;
            walk.descriptor(fd);
        }
        Type::Array { dir: Dir::Out, of: Type::Num { meaning: Meaning::Fd { .. }, .. }, .. } if !entry => {
            let addr = walk.pointer(index);
            // pipe(2) and socketpair(2).
            let pair = walk.object(addr, 8).to_vec();
            pair.chunks_exact(4).for_each(|fd| walk.descriptor(le_word(fd) as i32));
        }
        Type::Custom { name: "pollfd", .. } if entry => {
            let (addr, count) = (walk.pointer(index), walk.count(index + 1));
            let list = walk.elements(addr, count, 8).to_vec();
            list.chunks_exact(8).for_each(|poll| walk.descriptor(le_word(&poll[..4]) as i32));
        }
        Type::Custom { name: "fd_set", .. } if entry => {
            let (addr, count) = (walk.pointer(index), walk.count(0).min(limits::ELEMENTS * 8));
            let set = walk.object(addr, count.div_ceil(64) as usize * 8).to_vec();
            let is_set = |fd: &u64| set.get(*fd as usize / 8).is_some_and(|byte| byte >> (fd % 8) & 1 != 0);
            (0..count).filter(is_set).for_each(|fd| walk.descriptor(fd as i32));
        }
        Type::Custom { name: "msghdr", dir } if walk.wants(dir) => passed_on(walk, index),
        _ => {}
    }
}

/// The descriptors in the control messages of a `struct msghdr`: unix(7), SCM_RIGHTS.
fn passed_on<F: Fetch>(walk: &mut Walk<'_, F>, index: usize) {
    const SOL_SOCKET: u64 = 1;
    const SCM_RIGHTS: u64 = 1;
    let word = walk.arch.word();
    let addr = walk.pointer(index);
    let header = walk.object(addr, 7 * word).to_vec();
    let field = |index: usize| header.get(index * word..(index + 1) * word).map_or(0, le_word);
    let control = walk.object(field(4), usize::try_from(field(5)).unwrap_or(0).min(limits::OBJECT)).to_vec();
    let mut rest = &control[..];
    while rest.len() >= word + 8 {
        let length = le_word(&rest[..word]);
        let (level, kind) = (le_word(&rest[word..word + 4]), le_word(&rest[word + 4..word + 8]));
        let length = usize::try_from(length).unwrap_or(usize::MAX).clamp(word + 8, rest.len());
        if (level, kind) == (SOL_SOCKET, SCM_RIGHTS) {
            rest[word + 8..length].chunks_exact(4).for_each(|fd| walk.descriptor(le_word(fd) as i32));
        }
        rest = rest.get(length.next_multiple_of(word)..).unwrap_or_default();
    }
}

/// Looks up the descriptor that a call returned.
pub fn of_result<F: Fetch>(walk: &mut Walk<'_, F>, call: &Call) {
    if let (Ret::NewFd, Some(fd)) = (call.ret, walk.ret) {
        walk.descriptor(fd as i32);
    }
}
