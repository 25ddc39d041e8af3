//! Calls of i386 that stand for another one: socketcall(2), ipc(2), and the first mmap and select, which take a pointer
//! to their arguments.
//!
//! Left out: `semctl` and `shmat` of ipc(2), whose arguments or results go through memory once more.

use super::{Arch, Call, by_name};

/// What the kernel does in place of the call that was made.
#[derive(Debug, Clone, Copy)]
pub struct Behind {
    /// The name that people know it by; `send` and `recv` have no declaration of their own.
    pub name: &'static str,
    pub call: &'static Call,
    pub args: [u64; 6],
    /// Arguments that exist.
    pub count: usize,
}

/// The call behind a call, if there is one. `read` gives that many bytes of the tracee's memory, or None.
pub fn behind(
    arch: Arch,
    call: &Call,
    args: &[u64; 6],
    mut read: impl FnMut(u64, usize) -> Option<Vec<u8>>,
) -> Option<Behind> {
    if arch != Arch::I386 {
        return None;
    }
    match call.name {
        "mmap" | "select" if call.args.len() == 1 => {
            let real = by_name(call.name)?;
            let count = real.args.len();
            Some(Behind { name: real.name, call: real, args: words(&mut read, args[0], count)?, count })
        }
        "socketcall" => {
            let (name, declared, count) = socket_call(args[0] as u32)?;
            Some(Behind { name, call: by_name(declared)?, args: words(&mut read, args[1], count)?, count })
        }
        "ipc" => {
            let (name, args) = ipc_call(args, &mut read)?;
            let call = by_name(name)?;
            Some(Behind { name, call, args, count: call.args.len() })
        }
        _ => None,
    }
}

fn words(read: &mut impl FnMut(u64, usize) -> Option<Vec<u8>>, addr: u64, count: usize) -> Option<[u64; 6]> {
    let bytes = read(addr & 0xffff_ffff, count * 4)?;
    let mut args = [0; 6];
    args.iter_mut().zip(bytes.chunks_exact(4)).for_each(|(arg, word)| {
        *arg = word.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte));
    });
    (bytes.len() >= count * 4).then_some(args)
}

/// `SYS_*` of linux/net.h: name, declaration, number of arguments.
fn socket_call(number: u32) -> Option<(&'static str, &'static str, usize)> {
    Some(match number {
        1 => ("socket", "socket", 3),
        2 => ("bind", "bind", 3),
        3 => ("connect", "connect", 3),
        4 => ("listen", "listen", 2),
        5 => ("accept", "accept", 3),
        6 => ("getsockname", "getsockname", 3),
        7 => ("getpeername", "getpeername", 3),
        8 => ("socketpair", "socketpair", 4),
        9 => ("send", "sendto", 4),
        10 => ("recv", "recvfrom", 4),
        11 => ("sendto", "sendto", 6),
        12 => ("recvfrom", "recvfrom", 6),
        13 => ("shutdown", "shutdown", 2),
        14 => ("setsockopt", "setsockopt", 5),
        15 => ("getsockopt", "getsockopt", 5),
        16 => ("sendmsg", "sendmsg", 3),
        17 => ("recvmsg", "recvmsg", 3),
        18 => ("accept4", "accept4", 4),
        19 => ("recvmmsg", "recvmmsg", 5),
        20 => ("sendmmsg", "sendmmsg", 4),
        _ => return None,
    })
}

/// Numbers of asm-generic/ipc.h; the upper half of the number is a version.
fn ipc_call(args: &[u64; 6], read: &mut impl FnMut(u64, usize) -> Option<Vec<u8>>) -> Option<(&'static str, [u64; 6])> {
    let [call, first, second, third, ptr, fifth] = *args;
    Some(match (call as u32 & 0xffff, call as u32 >> 16) {
        (1, _) => ("semop", [first, ptr, second, 0, 0, 0]),
        (2, _) => ("semget", [first, second, third, 0, 0, 0]),
        (4, _) => ("semtimedop", [first, ptr, second, fifth, 0, 0]),
        (11, _) => ("msgsnd", [first, ptr, second, third, 0, 0]),
        (12, 0) => {
            let [message, kind, ..] = words(read, ptr, 2)?;
            ("msgrcv", [first, message, second, kind, third, 0])
        }
        (12, _) => ("msgrcv", [first, ptr, second, fifth, third, 0]),
        (13, _) => ("msgget", [first, second, 0, 0, 0, 0]),
        (14, _) => ("msgctl", [first, second, ptr, 0, 0, 0]),
        (22, _) => ("shmdt", [ptr, 0, 0, 0, 0, 0]),
        (23, _) => ("shmget", [first, second, third, 0, 0, 0]),
        (24, _) => ("shmctl", [first, second, ptr, 0, 0, 0]),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{lookup, number};

    #[test]
    fn every_call_that_another_stands_for_is_declared() {
        let call = |name| lookup(Arch::I386, number(Arch::I386, name).expect("a number")).expect("a call");
        let memory = |_: u64, len: usize| Some([7, 0, 0, 0].repeat(len / 4));
        for number in 1..=20 {
            let found = behind(Arch::I386, call("socketcall"), &[number, 0x1000, 0, 0, 0, 0], memory);
            let found = found.unwrap_or_else(|| panic!("socketcall {number}"));
            assert!(found.count <= found.call.args.len() && found.args[found.count - 1] == 7, "{}", found.name);
        }
        for number in [1, 2, 4, 11, 12, 0x1_000c, 13, 14, 22, 23, 24] {
            assert!(behind(Arch::I386, call("ipc"), &[number; 6], memory).is_some(), "ipc {number}");
        }
        assert!(behind(Arch::I386, call("socketcall"), &[1, 0, 0, 0, 0, 0], |_, _| None).is_none());
        assert!(behind(Arch::X86_64, call("socketcall"), &[1; 6], memory).is_none());
    }
}
