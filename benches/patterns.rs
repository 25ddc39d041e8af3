//! What looking for patterns costs a row: all lints together, on recorded runs and on a stream that has much for them.
//!
//! Target: 100 ns a row. The store is filled beforehand; the time is that of `Patterns::update` alone.

use std::hint::black_box;
use std::path::Path;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sysview::abi::Arch;
use sysview::model::*;
use sysview::patterns::Patterns;
use sysview::session;
use sysview::source::Message;

const CALLS: u64 = 50_000;

/// A recorded run: its rows with what each batch changed.
fn recorded(name: &str) -> (Store, Vec<Changes>) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("assets/demo/{name}.sysview"));
    let mut source = session::open(&file).expect("a recording");
    let (mut store, mut changes) = (Store::new(), Vec::new());
    while let Some(message) = source.messages.blocking_recv() {
        if let Message::Batch(batch) = message {
            changes.push(store.append(&batch));
        }
    }
    (store, changes)
}

/// Half look-ups by path that fail or succeed, half small reads, closes and waits: every call is of interest to some lint.
fn made_up() -> (Store, Vec<Changes>) {
    let (mut store, mut changes, mut batch) = (Store::new(), Vec::new(), Batch::default());
    let (comm, ns) = (b"cc1".to_vec(), PidNamespace::default());
    let new = NewTask { tid: 100, tgid: 100, parent: None, origin: Origin::Launch, comm, ns, image: None };
    batch.events.push(Event { task: TaskId(0), t_ns: 0, kind: EventKind::NewTask(Box::new(new)) });
    for number in 0..CALLS {
        let path = format!("/usr/include/{}/part{}.h\0", number % 5, number / 10 % 499);
        let at = 0x7f00_1234_0000;
        let (nr, args, outcome) = match number % 8 {
            0..3 => (257, [0xffff_ff9c, at, 0, 0, 0, 0], Outcome::Failed(2)),
            3 => (257, [0xffff_ff9c, at, 0, 0, 0, 0], Outcome::Returned(3)),
            4 | 5 => (0, [3, at, 16, 0, 0, 0], Outcome::Returned(8)),
            6 => (7, [at, 1, 10, 0, 0, 0], Outcome::Returned(0)),
            _ => (3, [3, 0, 0, 0, 0, 0], Outcome::Returned(0)),
        };
        let first = batch.regions.len() as u32;
        if nr == 257 {
            let (start, len) = (batch.bytes.len() as u32, path.len() as u32);
            batch.bytes.extend_from_slice(path.as_bytes());
            batch.regions.push(Region { addr: at, true_len: u64::from(len), start, len, fault: false });
        }
        let (regions, t_ns) = (first..batch.regions.len() as u32, number * 20_000);
        let enter = Enter { arch: Arch::X86_64, nr, args, ip: 0, sp: 0, regions };
        batch.events.push(Event { task: TaskId(0), t_ns, kind: EventKind::Enter(enter) });
        let exit = Exit { outcome, marks: Marks::NONE, regions: 0..0 };
        batch.events.push(Event { task: TaskId(0), t_ns: t_ns + 10_000, kind: EventKind::Exit(exit) });
        if batch.events.len() >= 4095 {
            changes.push(store.append(&std::mem::take(&mut batch)));
        }
    }
    changes.push(store.append(&batch));
    (store, changes)
}

fn patterns(c: &mut Criterion) {
    let mut group = c.benchmark_group("patterns");
    let recorded = ["python", "build", "server"].map(|name| (name, recorded(name)));
    for (name, (store, changes)) in recorded.into_iter().chain([("made-up", made_up())]) {
        group.throughput(Throughput::Elements(store.len()));
        group.bench_function(name, |b| {
            b.iter_batched(
                Patterns::default,
                |mut patterns| {
                    changes.iter().for_each(|changes| patterns.update(&store, changes));
                    patterns
                },
                BatchSize::LargeInput,
            );
        });
        let mut patterns = Patterns::default();
        changes.iter().for_each(|changes| patterns.update(&store, changes));
        group.throughput(Throughput::Elements(1));
        group.bench_function(format!("{name}, in words"), |b| b.iter(|| black_box(patterns.findings(&store, true))));
    }
    group.finish();
}

criterion_group!(benches, patterns);
criterion_main!(benches);
