//! The calls that most traces are made of, as raw events: openat, read, write, mmap, fstat, close. For the bench of the
//! line and for the count of what it allocates.

use sysview::abi::{self, Arch};
use sysview::model::{CallView, Memory, Outcome, Region};

/// A call with the memory that was copied for it.
pub struct Sample {
    pub name: &'static str,
    nr: u64,
    args: [u64; 6],
    outcome: Outcome,
    entry: Vec<Region>,
    exit: Vec<Region>,
    bytes: Vec<u8>,
}

impl Sample {
    pub fn view(&self) -> CallView<'_> {
        CallView {
            arch: Arch::X86_64,
            nr: self.nr,
            args: &self.args,
            ip: 0,
            sp: 0,
            outcome: Some(self.outcome),
            marks: Default::default(),
            restarts: None,
            entry: Memory { regions: &self.entry, bytes: &self.bytes },
            exit: Memory { regions: &self.exit, bytes: &self.bytes },
        }
    }

    fn at_entry(mut self, addr: u64, bytes: &[u8]) -> Sample {
        self.entry = copied(addr, bytes);
        self.bytes = bytes.to_vec();
        self
    }

    fn at_exit(mut self, addr: u64, bytes: &[u8]) -> Sample {
        self.exit = copied(addr, bytes);
        self.bytes = bytes.to_vec();
        self
    }
}

fn copied(addr: u64, bytes: &[u8]) -> Vec<Region> {
    let len = bytes.len() as u32;
    vec![Region { addr, true_len: len.into(), start: 0, len, fault: false }]
}

fn sample(name: &'static str, given: &[u64], outcome: Outcome) -> Sample {
    let nr = abi::number(Arch::X86_64, name).expect("a call of x86-64");
    let mut args = [0; 6];
    args[..given.len()].copy_from_slice(given);
    Sample { name, nr, args, outcome, entry: Vec::new(), exit: Vec::new(), bytes: Vec::new() }
}

const AT_FDCWD: u64 = u64::MAX - 99;

/// One of each kind.
pub fn samples() -> Vec<Sample> {
    let elf: Vec<u8> = (0..=255).collect();
    let stat = |mode: u32, size: u64, device: u64| {
        let mut stat = vec![0u8; 144];
        stat[24..28].copy_from_slice(&mode.to_le_bytes());
        stat[40..48].copy_from_slice(&device.to_le_bytes());
        stat[48..56].copy_from_slice(&size.to_le_bytes());
        stat
    };
    let ok = Outcome::Returned;
    vec![
        sample("openat", &[AT_FDCWD, 0x1000, 0x80000], ok(3)).at_entry(0x1000, b"/lib/x86_64-linux-gnu/libc.so.6"),
        sample("openat", &[AT_FDCWD, 0x1000, 0], Outcome::Failed(2)).at_entry(0x1000, b"/etc/ld.so.preload"),
        sample("read", &[3, 0x2000, 832], ok(256)).at_exit(0x2000, &elf),
        sample("write", &[1, 0x2000, 46], ok(46))
            .at_entry(0x2000, b"total 8\ndrwxr-xr-x 2 root root 4096 Nov 25 .\n\n"),
        sample("mmap", &[0, 8192, 3, 0x22, u64::MAX, 0], ok(0x7f31_f277_e000)),
        sample("fstat", &[3, 0x2000], ok(0)).at_exit(0x2000, &stat(0o100644, 1_926_232, 0)),
        sample("fstat", &[1, 0x2000], ok(0)).at_exit(0x2000, &stat(0o20620, 0, 0x8801)),
        sample("close", &[3], ok(0)),
    ]
}
