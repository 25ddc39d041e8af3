//! What lies behind each `custom[…]` type: the memory it leads to, by name.
//!
//! An argument of such a type finds what it needs in its neighbours, by position:
//! - `iovec`, `iovec_addresses`, `pollfd`, `mmsghdr`: the count is the next argument;
//! - `sockaddr`, `sockopt`: the length is the next argument, behind a pointer where the kernel writes;
//! - `open_how`, `clone_args`, `landlock_ruleset_attr`, `msgbuf`: the size is the next argument;
//! - `nodemask`: the number of nodes is the next argument, of `nodemask_before` the second;
//! - `iocbs`: the count is the second argument;
//! - `page_states`: the length of the memory is the second argument;
//! - `cpu_set`: the size is the argument before; `fd_set`: the number of descriptors is the first argument;
//! - `epoll_event`, `dirents`: one when read, as many as the result says when written.
//!
//! `timespec`, `timespec64` and `timeval` are timeouts: read, but the kernel may store what is left of them.
//! `stat`, `statx`, `statfs`, `termios`, `rlimit`, `sigaction`, `siginfo`, `sigevent`, `ifreq` and their kin are
//! structures of `assets/structs` by the same name. `clone_flags`, `futex_wake_op`, `ipc_flags`, `key_serial`, `pgoffset`, `socket_protocol`,
//! `sockopt_name` are shown from the register alone.

mod device;
mod drivers;
mod message;

pub use drivers::{TEE_SHM_REGISTER_FD, input_request};

use super::plan::{Walk, le_word};
use super::{Fetch, limits};
use crate::abi::{Arch, Dir, structure};

/// `__NFDBITS` of select(2) in bytes: sets are read in whole words.
const FD_SET_WORD: u64 = 8;
/// Of a byte that mincore(2) fills; larger pages of aarch64 only mean that more is read.
const PAGE: u64 = 4096;
/// `struct iocb` of linux/aio_abi.h, bytes.
const IOCB: usize = 64;
const IOCB_CMD_PWRITE: u64 = 1;
const IOCB_CMD_PREADV: u64 = 7;
const IOCB_CMD_PWRITEV: u64 = 8;
/// MAX_HANDLE_SZ of linux/exportfs.h, bytes.
const HANDLE: usize = 128;
/// BPF_MAXINSNS of linux/bpf_common.h.
const FILTER: usize = 4096;
/// TASK_COMM_LEN of linux/sched.h, bytes.
const COMM: usize = 16;
/// The first size of `struct rseq` of linux/rseq.h, and its alignment.
const RSEQ: u64 = 32;
/// Identifiers of clone3's set_tid: MAX_PID_NS_LEVEL.
const SET_TID: u64 = 32;

/// The memory of argument `index`, whose type is `custom[name]` with that direction.
pub fn fetch<F: Fetch>(walk: &mut Walk<'_, F>, name: &str, dir: Dir, index: usize) {
    let addr = walk.pointer(index);
    if name == "mmsghdr" {
        // sendmmsg's headers are read, but the kernel writes a length into each.
        return message::mmsghdr(walk, addr, index, dir);
    }
    let timeout = matches!(name, "timespec" | "timespec64" | "timeval");
    if name == "iovec" && dir == Dir::Out && walk.ret.is_none() {
        // What the pieces are is known before they are filled, and all there is to show if the call fails.
        let count = walk.count(index + 1);
        return message::vector(walk, addr, count, None);
    }
    if name == "register_set" {
        // Where they go is known before they do; how many there are, only then.
        return device::register_set(walk, addr);
    }
    // The kernel stores the number of the segment that it chose.
    let written = matches!(name, "thread_area");
    if !walk.wants(dir) && !timeout && !written {
        return;
    }
    let exit = walk.ret.is_some();
    match name {
        "clone_flags" | "futex_wake_op" | "ipc_call" | "ipc_flags" | "key_serial" | "pgoffset" | "socket_protocol"
        | "sockopt_name" => {}
        "comm" => walk.keep(addr, COMM),
        "wait_status" => walk.keep(addr, 4),
        "mount_data" => walk.c_string(addr, limits::STRING),
        "iovec" => {
            let left = if exit { walk.filled() } else { u64::MAX };
            let count = walk.count(index + 1);
            message::vector(walk, addr, count, Some(left));
        }
        "iovec_addresses" => {
            let count = walk.count(index + 1);
            message::vector(walk, addr, count, None);
        }
        "msghdr" => message::msghdr(walk, addr, dir, u64::MAX),
        "sockaddr" | "sockopt" => message::sized(walk, addr, index, dir),
        "pollfd" => {
            // The few that are ready may stand behind many that are not.
            let count = walk.count(index + 1).min(limits::OBJECT as u64);
            walk.keep(addr, count as usize * 8);
        }
        "epoll_event" => {
            let count = if exit { walk.filled() } else { 1 };
            let size = structure(name).map_or(12, |s| s.layout(walk.arch).size as usize);
            walk.keep_elements(addr, count, size);
        }
        "dirents" | "dirents_old" => {
            let len = usize::try_from(walk.filled()).unwrap_or(usize::MAX);
            walk.keep(addr, len);
        }
        "key_description" => {
            let len = walk.filled();
            walk.bytes(addr, len);
        }
        "nodemask" => {
            let bits = walk.count(index + 1);
            walk.keep(addr, nodemask_words(walk.arch, bits) * walk.arch.word());
        }
        "nodemask_before" => {
            let bits = walk.count(1);
            walk.keep(addr, nodemask_words(walk.arch, bits) * walk.arch.word());
        }
        "page_states" => {
            let len = walk.count(1);
            walk.keep(addr, len.div_ceil(PAGE).min(limits::ELEMENTS) as usize);
        }
        "directory" => {
            // Its NUL is counted; a result that counts nothing says nothing.
            let len = if walk.filled() == 0 { limits::PATH } else { walk.filled() as usize };
            walk.keep(addr, len.min(limits::PATH));
        }
        "rseq" => rseq(walk, addr, index),
        "thread_area" => walk.keep(addr, 16),
        "iocb" => walk.keep(addr, IOCB),
        "iocbs" => {
            let count = walk.count(1);
            let word = walk.arch.word();
            let blocks: Vec<u64> = walk.elements(addr, count, word).chunks_exact(word).map(le_word).collect();
            for block in blocks {
                let bytes = walk.object(block, IOCB);
                let (command, data, len) =
                    (le_word(take(bytes, 16, 2)), le_word(take(bytes, 24, 8)), le_word(take(bytes, 32, 8)));
                match command {
                    IOCB_CMD_PWRITE => walk.bytes(data, len),
                    IOCB_CMD_PREADV => message::vector(walk, data, len, None),
                    IOCB_CMD_PWRITEV => message::vector(walk, data, len, Some(u64::MAX)),
                    _ => {}
                }
            }
        }
        "fd_set" => {
            let bytes = walk.count(0).min(limits::OBJECT as u64 * 8).div_ceil(8).next_multiple_of(FD_SET_WORD);
            walk.keep(addr, bytes as usize);
        }
        "cpu_set" => {
            let size = if exit { walk.filled() } else { walk.count(index.saturating_sub(1)) };
            walk.keep(addr, size.min(limits::ELEMENTS) as usize);
        }
        "open_how" | "landlock_ruleset_attr" => {
            let size = walk.count(index + 1).min(PAGE) as usize;
            walk.keep(addr, size);
        }
        "clone_args" => clone_args(walk, addr, index),
        "cap_data" => {
            // Since version 2 the three masks have 64 bits, in two halves; the header is the argument before.
            let old = walk.read_u32(walk.pointer(0)) == Some(0x1998_0330);
            walk.keep(addr, if old { 12 } else { 24 });
        }
        "file_handle" => {
            let bytes = walk.read_u32(addr).unwrap_or(0) as usize;
            walk.keep(addr, 8 + bytes.min(HANDLE));
        }
        "sock_fprog" | "socket_filter" => program(walk, addr),
        "pselect6_sigmask" => {
            let word = walk.arch.word();
            let pair = walk.object(addr, 2 * word);
            let (set, size) = (le_word(take(pair, 0, word)), le_word(take(pair, word, word)));
            walk.keep(set, size.min(128) as usize);
        }
        "msgbuf" => {
            let word = walk.arch.word();
            walk.keep(addr, word);
            let len = walk.count(index + 1);
            walk.bytes(addr.wrapping_add(word as u64), len);
        }
        "ifconf" => {
            let word = walk.arch.word();
            let header = walk.object(addr, 2 * word);
            let (len, buffer) = (le_word(take(header, 0, 4)) as usize, le_word(take(header, word, word)));
            if exit {
                walk.keep(buffer, len);
            }
        }
        _ if device::fetch(walk, name, addr) || drivers::fetch(walk, name, addr) => {}
        _ => {
            if let Some(layout) = structure(name) {
                walk.keep_structure(addr, layout);
            }
        }
    }
}

/// rseq(2): the structure, where it has its size and place, and the critical section that it names.
fn rseq<F: Fetch>(walk: &mut Walk<'_, F>, addr: u64, index: usize) {
    const SECTION: usize = 32;
    let size = walk.count(index + 1);
    if size >= RSEQ && addr.is_multiple_of(RSEQ) {
        let word = walk.arch.word();
        let bytes = walk.object(addr, size.min(RSEQ + 1) as usize);
        let section = le_word(take(bytes, 8, word));
        walk.keep(section, SECTION);
    }
}

/// A program of classic BPF: its length, and its instructions of 8 bytes.
fn program<F: Fetch>(walk: &mut Walk<'_, F>, addr: u64) {
    let word = walk.arch.word();
    let header = walk.object(addr, 2 * word);
    let (len, filter) = (le_word(take(header, 0, 2)) as usize, le_word(take(header, word, word)));
    walk.keep(filter, len.min(FILTER) * 8);
}

/// clone3(2): the structure, the numbers asked for, and at exit those that the kernel stored.
fn clone_args<F: Fetch>(walk: &mut Walk<'_, F>, addr: u64, index: usize) {
    const CLONE_PIDFD: u64 = 0x1000;
    const CLONE_PARENT_SETTID: u64 = 0x10_0000;
    let size = walk.count(index + 1).min(PAGE) as usize;
    let bytes = walk.object(addr, size);
    let field = |i: usize| le_word(take(bytes, i * 8, 8));
    let (flags, pidfd, parent_tid, set_tid, set_tid_size) = (field(0), field(1), field(3), field(8), field(9));
    if walk.ret.is_none() {
        walk.keep(set_tid, set_tid_size.min(SET_TID) as usize * 4);
        return;
    }
    for (flag, pointer) in [(CLONE_PIDFD, pidfd), (CLONE_PARENT_SETTID, parent_tid)] {
        if flags & flag != 0 {
            walk.keep(pointer, 4);
        }
    }
}

/// Words that hold a set of memory nodes: the kernel looks at one bit less than `maxnode`, set_mempolicy(2).
pub fn nodemask_words(arch: Arch, maxnode: u64) -> usize {
    let words = maxnode.saturating_sub(1).div_ceil(arch.word() as u64 * 8);
    words.min(limits::ELEMENTS) as usize
}

/// A piece of what was read; shorter where that ends.
fn take(bytes: &[u8], from: usize, len: usize) -> &[u8] {
    let rest = bytes.get(from..).unwrap_or_default();
    &rest[..len.min(rest.len())]
}
