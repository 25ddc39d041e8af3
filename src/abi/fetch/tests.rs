//! The plan against memories made by hand and against garbage: what is asked for, and that it stays bounded.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Fetch, at_entry, at_exit, limits};
use crate::abi::{Arch, by_name, calls, lookup, number};

/// A memory of a few pieces, and a log of what was asked for.
#[derive(Default)]
struct Pieces {
    pieces: BTreeMap<u64, Vec<u8>>,
    log: Vec<(u64, u64)>,
}

impl Pieces {
    fn with(pieces: &[(u64, &[u8])]) -> Pieces {
        Pieces { pieces: pieces.iter().map(|(at, bytes)| (*at, bytes.to_vec())).collect(), log: Vec::new() }
    }

    fn read(&self, addr: u64, len: usize) -> &[u8] {
        let Some((start, bytes)) = self.pieces.range(..=addr).next_back() else { return &[] };
        let Some(rest) = bytes.get((addr - start) as usize..) else { return &[] };
        &rest[..len.min(rest.len())]
    }
}

impl Fetch for Pieces {
    fn bytes(&mut self, addr: u64, len: u64) -> &[u8] {
        self.log.push((addr, len));
        self.read(addr, len.min(256) as usize)
    }

    fn object(&mut self, addr: u64, len: usize) -> &[u8] {
        self.log.push((addr, len as u64));
        self.read(addr, len)
    }

    fn c_string(&mut self, addr: u64, max: usize) -> &[u8] {
        let bytes = self.read(addr, max);
        let len = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
        self.log.push((addr, len as u64));
        self.read(addr, len)
    }
}

fn entry(name: &str, args: [u64; 6], pieces: &[(u64, &[u8])]) -> Vec<(u64, u64)> {
    let mut memory = Pieces::with(pieces);
    at_entry(Arch::X86_64, by_name(name).expect("a call"), &args, 0, &mut memory);
    memory.log
}

fn exit(arch: Arch, name: &str, args: [u64; 6], ret: i64, pieces: &[(u64, &[u8])]) -> Vec<(u64, u64)> {
    let mut memory = Pieces::with(pieces);
    let call = lookup(arch, number(arch, name).expect("a number")).expect("a call");
    at_exit(arch, call, &args, ret, &mut memory);
    memory.log
}

fn words(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

#[test]
fn openat_reads_its_path_at_entry_and_nothing_at_exit() {
    let args = [0xffff_ff9c, 0x1000, 0, 0, 0, 0];
    assert_eq!(entry("openat", args, &[(0x1000, b"/etc/hosts\0")]), [(0x1000, 10)]);
    assert_eq!(exit(Arch::X86_64, "openat", args, 3, &[]), []);
}

#[test]
fn read_copies_what_the_result_says() {
    let args = [3, 0x1000, 4096, 0, 0, 0];
    assert_eq!(entry("read", args, &[]), []);
    assert_eq!(exit(Arch::X86_64, "read", args, 832, &[]), [(0x1000, 832)]);
    assert_eq!(exit(Arch::X86_64, "read", args, 0, &[]), []);
}

#[test]
fn write_asks_for_the_true_length() {
    assert_eq!(entry("write", [1, 0x1000, 100_000, 0, 0, 0], &[]), [(0x1000, 100_000)]);
}

#[test]
fn execve_takes_the_strings_of_argv_and_only_pointers_of_the_environment() {
    let argv = words(&[0x3000, 0x3010, 0]);
    let envp = words(&[0x4000, 0]);
    let pieces: &[(u64, &[u8])] = &[
        (0x1000, b"/bin/ls\0"),
        (0x2000, &argv),
        (0x2800, &envp),
        (0x3000, b"ls\0"),
        (0x3010, b"-l\0"),
        (0x4000, b"A=1\0"),
    ];
    let log = entry("execve", [0x1000, 0x2000, 0x2800, 0, 0, 0], pieces);
    assert!(log.contains(&(0x1000, 7)) && log.contains(&(0x3000, 2)) && log.contains(&(0x3010, 2)));
    assert!(log.iter().all(|(at, _)| *at != 0x4000), "{log:?}");
}

#[test]
fn readv_fills_the_pieces_in_order() {
    let iov = words(&[0x5000, 10, 0x6000, 100]);
    assert_eq!(entry("readv", [3, 0x1000, 2, 0, 0, 0], &[(0x1000, &iov)]), [(0x1000, 32)]);
    let log = exit(Arch::X86_64, "readv", [3, 0x1000, 2, 0, 0, 0], 25, &[(0x1000, &iov)]);
    assert_eq!(log, [(0x1000, 32), (0x5000, 10), (0x6000, 15)]);
}

#[test]
fn i386_pointers_have_four_bytes() {
    let iov: Vec<u8> = [0x5000_u32, 10].iter().flat_map(|v| v.to_le_bytes()).collect();
    let log = exit(Arch::I386, "readv", [3, 0x1000, 1, 0, 0, 0], 7, &[(0x1000, &iov)]);
    assert_eq!(log, [(0x1000, 8), (0x5000, 7)]);
}

#[test]
fn accept_reads_the_address_as_long_as_the_kernel_says() {
    let log = exit(Arch::X86_64, "accept", [3, 0x1000, 0x2000, 0, 0, 0], 4, &[(0x2000, &16_u32.to_le_bytes())]);
    assert!(log.contains(&(0x1000, 16)) && log.contains(&(0x2000, 4)), "{log:?}");
}

#[test]
fn sendmsg_follows_name_buffers_and_control_data() {
    let header = words(&[0x2000, 16, 0x3000, 1, 0x4000, 24, 0]);
    let iov = words(&[0x5000, 5]);
    let log = entry("sendmsg", [3, 0x1000, 0, 0, 0, 0], &[(0x1000, &header), (0x3000, &iov)]);
    assert_eq!(log, [(0x1000, 56), (0x2000, 16), (0x3000, 16), (0x5000, 5), (0x4000, 24)]);
}

#[test]
fn recvmsg_reads_its_buffers_only_after_the_call() {
    let header = words(&[0, 0, 0x3000, 1, 0, 0, 0]);
    let iov = words(&[0x5000, 50]);
    let pieces: &[(u64, &[u8])] = &[(0x1000, &header), (0x3000, &iov)];
    let args = [3, 0x1000, 0, 0, 0, 0];
    assert_eq!(entry("recvmsg", args, pieces), [(0x1000, 56)]);
    assert_eq!(exit(Arch::X86_64, "recvmsg", args, 9, pieces), [(0x1000, 56), (0x3000, 16), (0x5000, 9)]);
}

#[test]
fn a_negative_count_reads_nothing() {
    assert_eq!(entry("bind", [3, 0x1000, 0xffff_ffff, 0, 0, 0], &[]), []);
}

#[test]
fn fcntl_reads_the_lock_of_the_variant_that_the_command_selects() {
    assert_eq!(entry("fcntl", [3, 6, 0x1000, 0, 0, 0], &[]), [(0x1000, 32)]);
    assert_eq!(entry("fcntl", [3, 2, 0x1000, 0, 0, 0], &[]), []);
}

/// Memory that is readable everywhere and full of nonsense, and that counts what it gives.
struct Garbage {
    seed: u64,
    given: usize,
    buffers: usize,
    scratch: Vec<u8>,
}

impl Garbage {
    fn fill(&mut self, addr: u64, len: usize) -> &[u8] {
        let mut state = self.seed ^ addr.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.scratch.clear();
        while self.scratch.len() < len {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Small numbers in between, so that lengths and counts are sometimes plausible.
            let value = if state >> 62 == 0 { (state >> 33) & 0xff } else { state };
            self.scratch.extend(value.to_le_bytes());
        }
        self.scratch.truncate(len);
        &self.scratch
    }
}

impl Fetch for Garbage {
    fn bytes(&mut self, addr: u64, len: u64) -> &[u8] {
        self.buffers += 1;
        self.fill(addr, len.min(256) as usize)
    }

    fn object(&mut self, addr: u64, len: usize) -> &[u8] {
        assert!(len <= limits::OBJECT);
        self.given += len;
        self.fill(addr, len)
    }

    fn c_string(&mut self, addr: u64, max: usize) -> &[u8] {
        let len = (addr as usize).wrapping_mul(31) % (max + 1);
        self.given += len;
        self.fill(addr, len)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn every_call_stays_bounded_whatever_the_memory_says(
        seed in any::<u64>(),
        small in prop::array::uniform6(0_u64..64),
        args in prop::array::uniform6(any::<u64>()),
        mask in any::<u8>(),
        ret in any::<i64>(),
    ) {
        let mut args = args;
        for (i, value) in small.into_iter().enumerate() {
            if mask & 1 << i != 0 {
                args[i] = value;
            }
        }
        for arch in Arch::ALL {
            for call in calls() {
                let mut call_args = vec![(call, args)];
                // Each variant with the constants that select it.
                for variant in call.variants {
                    let mut chosen = args;
                    for (i, arg) in variant.args.iter().enumerate() {
                        if let crate::abi::Type::Num { meaning: crate::abi::Meaning::Const { value, .. }, .. } = arg.ty {
                            chosen[i] = value;
                        }
                    }
                    call_args.push((call, chosen));
                }
                for (call, args) in call_args {
                    for ret in [None, Some(ret), Some(ret & 0xfff)] {
                        let mut memory = Garbage { seed, given: 0, buffers: 0, scratch: Vec::new() };
                        match ret {
                            None => at_entry(arch, call, &args, seed, &mut memory),
                            Some(ret) => at_exit(arch, call, &args, ret, &mut memory),
                        }
                        prop_assert!(memory.given <= limits::TOTAL, "{}: {} bytes", call.name, memory.given);
                        prop_assert!(memory.buffers <= limits::BUFFERS, "{}: {} buffers", call.name, memory.buffers);
                    }
                }
            }
        }
    }
}
