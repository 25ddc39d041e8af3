//! What one line of the trace costs to decode. Target: a common line in one or two microseconds.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use sysview::abi::{self, Arch};
use sysview::decode::{self, Options};
use sysview::model::{CallView, Memory, Outcome, Region};

struct Sample {
    nr: u64,
    args: [u64; 6],
    outcome: Outcome,
    entry: Option<Region>,
    exit: Option<Region>,
    bytes: Vec<u8>,
}

fn sample(name: &str, args: [u64; 6], result: i64) -> Sample {
    let nr = abi::number(Arch::X86_64, name).expect("a call of x86-64");
    Sample { nr, args, outcome: Outcome::Returned(result), entry: None, exit: None, bytes: Vec::new() }
}

fn region(addr: u64, bytes: &[u8]) -> Option<Region> {
    let len = bytes.len() as u32;
    Some(Region { addr, true_len: len.into(), start: 0, len, fault: false })
}

fn samples() -> Vec<(&'static str, Sample)> {
    let path = b"/lib/x86_64-linux-gnu/libc.so.6".to_vec();
    let elf: Vec<u8> = (0..=255).collect();
    let mut stat = vec![0u8; 144];
    stat[24..28].copy_from_slice(&0o100644u32.to_le_bytes());
    stat[48..56].copy_from_slice(&1_926_232u64.to_le_bytes());
    let args = |list: &[u64]| {
        let mut args = [0; 6];
        args[..list.len()].copy_from_slice(list);
        args
    };
    vec![
        (
            "openat",
            Sample {
                entry: region(0x1000, &path),
                bytes: path,
                ..sample("openat", args(&[u64::MAX - 99, 0x1000, 0x80000]), 3)
            },
        ),
        ("read", Sample { exit: region(0x2000, &elf), bytes: elf, ..sample("read", args(&[3, 0x2000, 832]), 256) }),
        ("mmap", sample("mmap", args(&[0, 8192, 3, 0x22, u64::MAX, 0]), 0x7f31_f277_e000)),
        ("fstat", Sample { exit: region(0x2000, &stat), bytes: stat, ..sample("fstat", args(&[3, 0x2000]), 0) }),
    ]
}

fn lines(criterion: &mut Criterion) {
    let options = Options::default();
    let mut group = criterion.benchmark_group("line");
    for (name, sample) in &samples() {
        let (entry, exit): (Vec<Region>, Vec<Region>) =
            (sample.entry.into_iter().collect(), sample.exit.into_iter().collect());
        let view = CallView {
            arch: Arch::X86_64,
            nr: sample.nr,
            args: &sample.args,
            ip: 0,
            sp: 0,
            outcome: Some(sample.outcome),
            marks: Default::default(),
            restarts: None,
            entry: Memory { regions: &entry, bytes: &sample.bytes },
            exit: Memory { regions: &exit, bytes: &sample.bytes },
        };
        group.bench_function(*name, |bencher| {
            bencher.iter(|| {
                let view = black_box(&view);
                (decode::call_text(view, &options), decode::result_text(view, &options))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, lines);
criterion_main!(benches);
