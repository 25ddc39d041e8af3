//! What a recording costs: writing and reading rows like those of a build, and the size of the file. Run:
//! `cargo bench --bench recording`. `cargo bench --bench recording -- make FILE ROWS` writes such a file and ends, for
//! trying `sysview open` on long ones; `cargo bench --bench recording -- run COMMAND...` runs a program under the engine,
//! five times with what it makes thrown away and five times recorded into a file, and tells how long each took.

use std::ffi::OsString;
use std::fs::File;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use criterion::{Criterion, Throughput};
use sysview::abi::Arch;
use sysview::capture::{self, Launch, Terminal, Tracing};
use sysview::model::{
    Batch, Enter, Event, EventKind, Exec, Exit, Ids, Marks, NewTask, Origin, Outcome, Region, TaskId,
};
use sysview::model::{Standing, VdsoState};
use sysview::session::{Item, Reader, Writer};
use sysview::source::{End, Machine, Message, Started, VdsoMode};

/// Rows of the bench.
const ROWS: u64 = 200_000;
/// Calls between one process and the next, as of a compiler.
const PROCESS: u64 = 1_500;

fn started() -> Started {
    Started {
        argv: vec![b"make".to_vec()],
        machine: Machine { kernel_release: "6.18.0".into(), machine: "x86_64".into(), ..Machine::default() },
        began: std::time::UNIX_EPOCH,
        vdso: VdsoMode::Natural,
        live: true,
        has_terminal: false,
        attached: false,
        only: None,
        floor: None,
    }
}

/// Numbers that look random and are the same each time.
struct Noise(u64);

impl Noise {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// A run of processes that open, read and map files, one after the other.
struct Run {
    noise: Noise,
    t_ns: u64,
    rows: u64,
    tasks: u32,
    batch: Batch,
}

impl Run {
    fn new() -> Run {
        Run { noise: Noise(1), t_ns: 0, rows: 0, tasks: 0, batch: Batch::default() }
    }

    fn event(&mut self, kind: EventKind) {
        self.batch.events.push(Event { task: TaskId(self.tasks - 1), t_ns: self.t_ns, kind });
    }

    fn copy(&mut self, memory: &[(u64, &[u8])]) -> std::ops::Range<u32> {
        let first = self.batch.regions.len() as u32;
        for (addr, bytes) in memory {
            let (start, len) = (self.batch.bytes.len() as u32, bytes.len() as u32);
            self.batch.bytes.extend_from_slice(bytes);
            self.batch.regions.push(Region { addr: *addr, true_len: len.into(), start, len, fault: false });
        }
        first..self.batch.regions.len() as u32
    }

    fn call(&mut self, nr: u64, args: [u64; 6], entry: &[(u64, &[u8])], outcome: Outcome, exit: &[(u64, &[u8])]) {
        self.t_ns += 8_000 + self.noise.next(30_000);
        let regions = self.copy(entry);
        let ip = 0x7f31_0000_0000 + nr * 0x40;
        let sp = 0x7ffd_1234_0000 + self.noise.next(16) * 0x30;
        self.event(EventKind::Enter(Enter { arch: Arch::X86_64, nr, args, ip, sp, regions }));
        self.t_ns += 15_000 + self.noise.next(9_000);
        let regions = self.copy(exit);
        self.event(EventKind::Exit(Exit { outcome, marks: Marks::NONE, regions }));
        self.rows += 1;
    }

    fn process(&mut self) {
        let id = self.tasks;
        self.tasks += 1;
        let tid = 1000 + id as i32;
        let (parent, origin) = ((id > 0).then_some(TaskId(0)), if id > 0 { Origin::Vfork } else { Origin::Launch });
        let new =
            NewTask { tid, tgid: tid, parent, origin, comm: b"cc1".to_vec(), ns: Default::default(), image: None };
        let none =
            Ids { uids: [0; 4], gids: [0; 4], inheritable: 0, permitted: 0, effective: 0, bounding: 0, ambient: 0 };
        let standing = Standing {
            cwd: b"/home/ann/project".to_vec(),
            root: b"/".to_vec(),
            mount_ns: Some(4_026_531_841),
            ids: Ids { uids: [1000; 4], gids: [1000; 4], ..none },
            descriptors: Vec::new(),
        };
        let exec = Exec {
            path: b"/usr/lib/gcc/x86_64-linux-gnu/12/cc1".to_vec(),
            comm: b"cc1".to_vec(),
            vdso: VdsoState::None,
            maps: Vec::new(),
            former: None,
            standing: Some(Box::new(standing)),
        };
        self.event(EventKind::NewTask(Box::new(new)));
        self.event(EventKind::Exec(Box::new(exec)));
        self.rows += 2;
    }

    /// About a file: looked for in one place, found in another, looked at, read and closed.
    fn file(&mut self) {
        let number = self.noise.next(3_000);
        let stack = 0x7ffd_1234_5000;
        let heap = 0x5555_0000_0000 + self.noise.next(4_096) * 16;
        let name = format!("/usr/include/x86_64-linux-gnu/part{}/header{number}.h", number % 37);
        let elsewhere = format!("/usr/local/include/header{number}.h");
        let size = 700 + number * 13;
        let mut stat = [0u8; 144];
        stat[8..16].copy_from_slice(&(number * 7_919).to_le_bytes());
        stat[24..28].copy_from_slice(&0o100_644u32.to_le_bytes());
        stat[48..56].copy_from_slice(&size.to_le_bytes());
        let text: Vec<u8> =
            format!("/* header {number} */\n#ifndef H{number}\n#define H{number}\nint f{number}(int);\n")
                .repeat(4)
                .into_bytes();
        let at = u64::MAX - 99;
        let ok = Outcome::Returned;
        self.call(257, [at, heap, 0x80100, 0, 0, stack], &[(heap, elsewhere.as_bytes())], Outcome::Failed(2), &[]);
        self.call(257, [at, heap, 0x80100, 0, 0, stack], &[(heap, name.as_bytes())], ok(4), &[]);
        self.call(5, [4, stack, stack, 0, 0, 0], &[], ok(0), &[(stack, &stat)]);
        self.call(0, [4, heap + 64, size, 0, 0, 0], &[], ok(size as i64), &[(heap + 64, &text[..text.len().min(256)])]);
        self.call(3, [4, 0, 0, 0, 0, 0], &[], ok(0), &[]);
        if number.is_multiple_of(5) {
            self.call(12, [heap + 0x21000, 0, 0, 0, 0, 0], &[], ok((heap + 0x21000) as i64), &[]);
        }
    }

    /// The next batch as an engine hands it over.
    fn batch(&mut self) -> Batch {
        self.batch = Batch::with_room_of(&self.batch);
        while self.batch.events.len() < 4_080 {
            if self.rows >= u64::from(self.tasks) * PROCESS {
                self.process();
            }
            self.file();
        }
        self.batch.clone()
    }
}

fn batches(rows: u64) -> (Vec<Batch>, u64) {
    let mut run = Run::new();
    let mut batches = Vec::new();
    while run.rows < rows {
        batches.push(run.batch());
    }
    (batches, run.rows)
}

fn write(batches: &[Batch]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &started()).expect("a recording");
    for batch in batches {
        writer.batch(batch).expect("written");
    }
    writer.end(End::Exited(0)).expect("written");
    writer.finish().expect("written")
}

fn read(file: &[u8]) -> usize {
    let mut reader = Reader::open(file, "bench").expect("a recording");
    let mut events = 0;
    while let Some(items) = reader.read().expect("read") {
        events +=
            items.iter().map(|item| if let Item::Batch(batch) = item { batch.events.len() } else { 0 }).sum::<usize>();
    }
    events
}

fn make(path: &str, rows: u64) {
    let mut writer = Writer::create(File::create(path).expect("a file"), &started()).expect("a recording");
    let mut run = Run::new();
    while run.rows < rows {
        writer.batch(&run.batch()).expect("written");
    }
    writer.end(End::Exited(0)).and_then(|()| writer.finish()).expect("written");
    println!("{path}: {} rows", run.rows);
}

/// Seconds of a run under the engine, and rows of its recording if there is one.
fn traced(argv: &[String], file: Option<&Path>) -> (f64, u64) {
    let argv: Vec<OsString> = argv.iter().map(OsString::from).collect();
    let began = Instant::now();
    let program = capture::resolve(&argv[0]).expect("a program");
    let (terminal, tracing) = (Terminal::Inherit, Tracing { environments: true, ..Tracing::default() });
    let launch = Launch { program, argv, terminal, setup: Default::default(), tracing };
    let mut source = capture::launch(launch).expect("launched");
    let (mut writer, mut entries) = (None, 0);
    loop {
        match source.messages.blocking_recv().expect("an end") {
            Message::Started(started) => {
                let file = file.map(|path| File::create(path).expect("a file"));
                writer = file.map(|file| Writer::create(file, &started).expect("a recording"));
            }
            Message::Batch(batch) => {
                entries += batch.events.iter().filter(|event| !matches!(event.kind, EventKind::Exit(_))).count() as u64;
                writer.iter_mut().for_each(|writer| writer.batch(&batch).expect("written"));
            }
            Message::Ended(end) => {
                if let Some(mut writer) = writer.take() {
                    writer.end(end).and_then(|()| writer.finish()).expect("written");
                }
                return (began.elapsed().as_secs_f64(), entries);
            }
            Message::Failed(sentence) => panic!("{sentence}"),
            _ => {}
        }
    }
}

fn run(argv: &[String]) {
    let file = std::env::temp_dir().join(format!("recording-bench-{}", std::process::id()));
    let mut seconds = [Vec::new(), Vec::new()];
    for _ in 0..5 {
        seconds[0].push(traced(argv, None).0);
        let (recorded, rows) = traced(argv, Some(&file));
        seconds[1].push(recorded);
        let bytes = std::fs::metadata(&file).expect("a file").len();
        println!("{rows} rows, {bytes} bytes, {:.2} a row", bytes as f64 / rows as f64);
    }
    std::fs::remove_file(&file).expect("removed");
    let [thrown_away, recorded] = seconds.map(|mut all| {
        all.sort_by(f64::total_cmp);
        println!("{all:.3?}");
        all[all.len() / 2]
    });
    println!("median {thrown_away:.3} s, recorded {recorded:.3} s: {:+.1} %", (recorded / thrown_away - 1.0) * 100.0);
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if let Some(at) = words.iter().position(|word| word == "run") {
        return run(&words[at + 1..]);
    }
    if let Some(at) = words.iter().position(|word| word == "make") {
        let rows = words.get(at + 2).and_then(|rows| rows.parse().ok());
        return make(&words[at + 1], rows.expect("make FILE ROWS"));
    }
    let (batches, rows) = batches(ROWS);
    let file = write(&batches);
    println!("{rows} rows, {} bytes, {:.2} a row", file.len(), file.len() as f64 / rows as f64);
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("recording");
    group.sample_size(10).throughput(Throughput::Elements(rows));
    group.bench_function("write", |b| b.iter(|| black_box(write(&batches))));
    group.bench_function("read", |b| b.iter(|| black_box(read(&file))));
    group.finish();
}
