//! What one line of the trace costs to decode. Target: a line of the usual mix in a microsecond.

#[path = "../tests/typical/mod.rs"]
mod typical;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sysview::decode::{self, Options};

/// What a printer adds up before it writes.
const BUFFER: usize = 64 << 10;

fn lines(criterion: &mut Criterion) {
    let options = Options::default();
    let samples = typical::samples();
    let mut group = criterion.benchmark_group("line");
    let mut out = String::with_capacity(BUFFER);
    let mut line = |sample: &typical::Sample| {
        if out.len() > BUFFER - 4096 {
            out.clear();
        }
        let view = black_box(sample.view());
        decode::write_call(&mut out, &view, &options);
        out.push_str(" = ");
        decode::write_result(&mut out, &view, &options)
    };
    for (index, sample) in samples.iter().enumerate() {
        group.bench_function(format!("{index} {}", sample.name), |bencher| bencher.iter(|| line(sample)));
    }
    const MIX: usize = 1_000_000;
    group.sample_size(10).throughput(Throughput::Elements(MIX as u64));
    group.bench_function("mix of 1,000,000", |bencher| {
        bencher.iter(|| samples.iter().cycle().take(MIX).filter(|&sample| line(sample)).count());
    });
    group.finish();
}

criterion_group!(benches, lines);
criterion_main!(benches);
