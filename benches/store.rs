//! What the store costs: events a second into rows, indexes and counts, a screen read back from disk, and bytes an event.
//!
//! The made-up batches are as the engine makes them: paths, structures and buffers, errors, several tasks. With
//! `SYSVIEW_RECORDINGS` (files, with colons between) the bytes of real runs are told; with `SYSVIEW_EVENTS` so many entries
//! and exits go into a store of 512 MiB and the process's own peak is told.

use std::fs::{self, File};
use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group};
use sysview::abi::Arch;
use sysview::model::*;
use sysview::session::{Item, Reader, TemporaryFile};
use sysview::stats::Histogram;

/// Calls that are made up: two events each.
const CALLS: u64 = 200_000;
const TASKS: u64 = 6;

/// Batches of 4,096 events from the call `first` on.
fn batches(first: u64, calls: u64) -> Vec<Batch> {
    let mut all = vec![Batch::default()];
    if first == 0 {
        for id in 0..TASKS as u32 {
            let new = NewTask {
                tid: 100 + id as i32,
                tgid: 100 + id as i32,
                parent: None,
                origin: Origin::Fork,
                comm: b"cc1".to_vec(),
                ns: PidNamespace::default(),
                image: None,
            };
            all[0].events.push(Event { task: TaskId(id), t_ns: 0, kind: EventKind::NewTask(Box::new(new)) });
        }
    }
    for number in first..first + calls {
        if all.last().is_some_and(|batch| batch.events.len() >= 4095) {
            all.push(Batch::default());
        }
        let batch = all.last_mut().expect("never empty");
        call(batch, number);
    }
    all
}

fn call(batch: &mut Batch, number: u64) {
    // Values that jump about as real ones do.
    let noise = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let task = TaskId((number / 3 % TASKS) as u32);
    let path = 0x7f00_1234_0000 + (noise % 64) * 0x40;
    let stack = 0x7ffd_5500_0000 + u64::from(task.0) * 0x10000;
    let name = format!("/usr/lib/gcc/x86_64-linux-gnu/12/include/part{}.h\0", noise % 499);
    let mut buffer = [0; 256];
    buffer.iter_mut().zip(noise..).step_by(3).for_each(|(byte, value)| *byte = (value ^ value >> 7) as u8);
    type Copied<'a> = Option<(u64, &'a [u8])>;
    let (nr, args, entry, exit, outcome): (u64, [u64; 6], Copied<'_>, Copied<'_>, Outcome) = match number % 8 {
        0 => (257, [0xffff_ff9c, path, 0, 0, 0, 0], Some((path, name.as_bytes())), None, Outcome::Failed(2)),
        1 => (257, [0xffff_ff9c, path, 0x80000, 0, 0, 0], Some((path, name.as_bytes())), None, Outcome::Returned(3)),
        2 => (
            262,
            [3, path, stack, 0x1000, 0, 0],
            Some((path, b"\0")),
            Some((stack, &buffer[..144])),
            Outcome::Returned(0),
        ),
        3 => (0, [3, path, 4096, 0, 0, 0], None, Some((path, &buffer)), Outcome::Returned(4096)),
        4 => (0, [3, path, 4096, 0, 0, 0], None, None, Outcome::Returned(0)),
        5 => (3, [3, 0, 0, 0, 0, 0], None, None, Outcome::Returned(0)),
        6 => (
            9,
            [0, noise << 12, 3, 0x22, u64::MAX, 0],
            None,
            None,
            Outcome::Returned((0x7f12_0000 + noise as i64) << 12),
        ),
        _ => (12, [0x5555_0000_0000 + (noise << 12), 0, 0, 0, 0, 0], None, None, Outcome::Returned(0x5555_0000_0000)),
    };
    let t_ns = number * 20_000 + noise % 9_000;
    let regions = copy(batch, entry);
    let enter =
        Enter { arch: Arch::X86_64, nr, args, ip: 0x7f00_0001_147f + nr * 64, sp: stack - 64 * (noise % 8), regions };
    batch.events.push(Event { task, t_ns, kind: EventKind::Enter(enter) });
    let regions = copy(batch, exit);
    let exit = Exit { outcome, marks: Marks::NONE, regions };
    batch.events.push(Event { task, t_ns: t_ns + 1_500 + noise % 700, kind: EventKind::Exit(exit) });
}

fn copy(batch: &mut Batch, copied: Option<(u64, &[u8])>) -> std::ops::Range<u32> {
    let first = batch.regions.len() as u32;
    if let Some((addr, bytes)) = copied {
        let (start, len) = (batch.bytes.len() as u32, bytes.len() as u32);
        batch.bytes.extend(bytes);
        batch.regions.push(Region { addr, true_len: len.into(), start, len, fault: false });
    }
    first..batch.regions.len() as u32
}

fn spilled(budget: u64) -> Store {
    Store::with_spill(budget, Box::new(TemporaryFile::new()))
}

fn store(criterion: &mut Criterion) {
    let batches = batches(0, CALLS);
    let mut group = criterion.benchmark_group("store");
    // Each entry and each exit is an event.
    group.sample_size(10).throughput(Throughput::Elements(2 * CALLS));
    for (name, budget) in [("ingest", None), ("ingest, all to disk", Some(0))] {
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut store = budget.map_or_else(Store::new, spilled);
                let mut histogram = Histogram::default();
                for batch in &batches {
                    let changes = store.append(batch);
                    histogram.update(&store, &changes);
                }
                (store.len(), histogram.calls())
            });
        });
    }
    let mut store = spilled(0);
    for batch in &batches {
        store.append(batch);
    }
    let screens = (store.len() - 65_536) / 4_096 - 1;
    let mut screen = 0;
    group.throughput(Throughput::Elements(1));
    group.bench_function("a screen of 50 rows read back", |b| {
        b.iter(|| {
            // Each time another segment than those that were read lately.
            screen = (screen + 1) % screens;
            let first = screen * 4_096 + 2_000;
            (first..first + 50).for_each(|seq| assert!(black_box(store.call(seq)).is_some()));
        });
    });
    group.finish();
}

/// A field of /proc/self/status in KiB.
fn status(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("readable");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("the field");
    line.trim_start_matches(':').trim().split(' ').next().and_then(|n| n.parse().ok()).expect("a number")
}

fn peak(events: u64) {
    const BUDGET: u64 = 512 << 20;
    let (mut store, mut histogram) = (spilled(BUDGET), Histogram::default());
    let began = Instant::now();
    for first in (0..events / 2).step_by(CALLS as usize) {
        for batch in batches(first, CALLS) {
            let changes = store.append(&batch);
            histogram.update(&store, &changes);
        }
    }
    let (usage, calls) = (store.usage(), histogram.calls());
    println!(
        "{} events ({calls} calls) in {:.1} s with making them up: {} MiB in memory, {} MiB on disk, VmHWM {} MiB, VmRSS {} MiB",
        2 * calls,
        began.elapsed().as_secs_f64(),
        usage.memory >> 20,
        usage.disk >> 20,
        status("VmHWM") >> 10,
        status("VmRSS") >> 10
    );
}

fn recording(path: &str) {
    let mut reader = Reader::open(File::open(path).expect("opens"), path).expect("a recording");
    let before = status("VmRSS");
    let mut store = Store::new();
    let (mut calls, mut events, mut bytes) = (0, 0, 0);
    while let Some(items) = reader.read().expect("readable") {
        for item in items {
            if let Item::Batch(batch) = item {
                calls += batch.events.iter().filter(|event| matches!(event.kind, EventKind::Enter(_))).count() as u64;
                events += batch.events.len() as u64;
                bytes += batch.bytes.len() as u64;
                store.append(&batch);
            }
        }
    }
    let memory = store.usage().memory;
    println!(
        "{path}: {calls} calls of {events} events; {} bytes a row in the store ({} of them copied memory before packing), VmRSS grew by {} bytes a row",
        memory / store.len(),
        bytes / store.len(),
        (status("VmRSS") - before) * 1024 / store.len()
    );
}

criterion_group!(benches, store);

fn main() {
    if let Ok(paths) = std::env::var("SYSVIEW_RECORDINGS") {
        return paths.split(':').for_each(recording);
    }
    if let Ok(events) = std::env::var("SYSVIEW_EVENTS") {
        return peak(events.parse().expect("a number of events"));
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}
