//! What a frame costs, over short and long traces: it must not grow with the length. Run: `cargo bench --bench frame`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use sysview::abi::Arch;
use sysview::model::{Batch, Enter, Event, EventKind, Exit, Marks, NewTask, Origin, Outcome, Region, TaskId};
use sysview::policy;
use sysview::source::{Machine, Message, Started, VdsoMode};
use sysview::tui::{App, Options};

const AREA: Rect = Rect { x: 0, y: 0, width: 120, height: 40 };

/// A view of a program that has made `rows` calls of twenty kinds.
fn app(rows: u64) -> App {
    let profiles = policy::builtin("docker-default").into_iter().collect();
    let mut app = App::new(Options { profiles, ..Options::default() });
    app.resize(AREA.width, AREA.height);
    app.message(Message::Started(Box::new(Started {
        argv: vec![b"bench".to_vec()],
        machine: Machine { kernel_release: "6.18.0".into(), machine: "x86_64".into(), ..Machine::default() },
        began: std::time::UNIX_EPOCH,
        vdso: VdsoMode::Natural,
        live: true,
        has_terminal: true,
        attached: false,
        only: None,
        floor: None,
    })));
    let task = TaskId(0);
    let new = NewTask {
        tid: 1,
        tgid: 1,
        parent: None,
        origin: Origin::Launch,
        comm: b"bench".to_vec(),
        ns: Default::default(),
        image: None,
    };
    let mut batch = Batch::default();
    batch.events.push(Event { task, t_ns: 0, kind: EventKind::NewTask(Box::new(new)) });
    for i in 0..rows {
        let start = batch.bytes.len() as u32;
        let region = batch.regions.len() as u32;
        batch.bytes.extend_from_slice(b"/etc/passwd\0");
        batch.regions.push(Region { addr: 0x1000, true_len: 12, start, len: 12, fault: false });
        let args = [3, 0x1000, 12, 0, 0, 0];
        let enter = Enter { arch: Arch::X86_64, nr: i % 20, args, ip: 0, sp: 0, regions: region..region + 1 };
        batch.events.push(Event { task, t_ns: i * 1_000, kind: EventKind::Enter(enter) });
        let exit = Exit { outcome: Outcome::Returned(12), marks: Marks::NONE, regions: 0..0 };
        batch.events.push(Event { task, t_ns: i * 1_000 + 500, kind: EventKind::Exit(exit) });
        if batch.events.len() >= 4_096 {
            app.message(Message::Batch(std::mem::take(&mut batch)));
        }
    }
    app.message(Message::Batch(batch));
    app.work(|| false);
    app
}

fn frame(c: &mut Criterion) {
    let mut group = c.benchmark_group("frame");
    group.sample_size(20).measurement_time(Duration::from_secs(3));
    for rows in [10_000, 1_000_000] {
        let mut app = app(rows);
        let mut buffer = Buffer::empty(AREA);
        group.bench_function(BenchmarkId::new("draw", rows), |b| {
            b.iter(|| app.render(AREA, black_box(&mut buffer)));
        });
        let mut now_ms = 0;
        group.bench_function(BenchmarkId::new("tick", rows), |b| {
            b.iter(|| {
                now_ms += 33;
                app.tick(now_ms);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, frame);
criterion_main!(benches);
