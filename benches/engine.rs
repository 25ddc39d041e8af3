//! What tracing costs: a program that does nothing but 20,000 system calls, alone and under the engine.
//!
//! The difference divided by the number of calls is the price of two stops. It depends on the machine far more than on
//! sysview: on a virtual machine a stop wakes a halted processor unless tracer and program share one.

use std::ffi::OsString;
use std::process::Command;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sysview::capture::{Launch, Terminal, Tracing, launch};
use sysview::source::Message;

const CALLS: &str = "20000";

fn tracing(criterion: &mut Criterion) {
    let program = concat!(env!("CARGO_TARGET_TMPDIR"), "/tracee-bench");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tracee.c");
    let compiled = Command::new("cc").args(["-O1", "-pthread", "-o", program, source]).status();
    assert!(compiled.is_ok_and(|status| status.success()), "cc compiles the fixture");
    let mut group = criterion.benchmark_group("getppid");
    group.sample_size(10).throughput(Throughput::Elements(CALLS.parse().expect("a number")));
    group.bench_function("alone", |b| {
        b.iter(|| Command::new(program).args(["getppid", CALLS]).status());
    });
    group.bench_function("traced", |b| {
        b.iter(|| {
            let mut source = launch(Launch {
                program: program.into(),
                argv: [program, "getppid", CALLS].map(OsString::from).to_vec(),
                terminal: Terminal::Inherit,
                setup: Default::default(),
                tracing: Tracing::default(),
            })
            .expect("launch");
            let mut events = 0;
            loop {
                match source.messages.blocking_recv().expect("an end") {
                    Message::Batch(batch) => events += batch.events.len(),
                    Message::Ended(_) => break events,
                    Message::Failed(sentence) => panic!("{sentence}"),
                    _ => {}
                }
            }
        });
    });
    group.finish();
}

criterion_group!(benches, tracing);
criterion_main!(benches);
