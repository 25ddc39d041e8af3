//! What a filter costs over 10,000,000 rows: by call, task and error (50 ms), by the decoded line (6 s on 2 processors, first
//! matches within 100 ms). Run: `cargo bench --bench filter`, with another number of rows `-- ROWS`.

use std::time::{Duration, Instant};

use sysview::abi::{self, Arch};
use sysview::decode;
use sysview::model::{Batch, Enter, Event, EventKind, Exit, Marks, NewTask, Origin, Outcome, Region, Store, TaskId};
use sysview::query::Filter;
use sysview::tui::state::narrow::{Narrow, RowFilter, Rows};

/// Like the view between two looks at keys.
const SLICE: Duration = Duration::from_millis(4);

const TARGETS: [(&str, &str, Duration); 8] = [
    ("call", "openat", Duration::from_millis(50)),
    ("class", "%file", Duration::from_millis(50)),
    ("task", "pid:103", Duration::from_millis(50)),
    ("errno", "err=ENOENT", Duration::from_millis(50)),
    ("fd", "fd:5", Duration::from_millis(50)),
    ("all of them", "openat err=ENOENT !pid:103 or fd:5 !err", Duration::from_millis(50)),
    ("column", "dur>300ns", Duration::from_secs(6)),
    ("text", "\"etc/passw\"", Duration::from_secs(6)),
];

/// A build's mixture: opens that fail, reads, stats, of some processes.
fn store(rows: u64) -> Store {
    const CALLS: [&str; 8] = ["openat", "read", "fstat", "mmap", "close", "openat", "newfstatat", "write"];
    let numbers = CALLS.map(|name| abi::number(Arch::X86_64, name).expect("a call"));
    let mut store = Store::new();
    let mut batch = Batch::default();
    for task in 0..8u32 {
        let (tid, parent) = (100 + task as i32, task.checked_sub(1).map(TaskId));
        let (comm, ns) = (b"cc1".to_vec(), Default::default());
        let new = NewTask { tid, tgid: tid, parent, origin: Origin::Fork, comm, ns, image: None };
        batch.events.push(Event { task: TaskId(task), t_ns: 0, kind: EventKind::NewTask(Box::new(new)) });
    }
    for i in 0..rows - 8 {
        let path: &[u8] =
            if i % 1_000 == 0 { b"/etc/passwd\0" } else { b"/usr/include/x86_64-linux-gnu/bits/types.h\0" };
        let (start, region) = (batch.bytes.len() as u32, batch.regions.len() as u32);
        batch.bytes.extend_from_slice(path);
        let len = path.len() as u32;
        batch.regions.push(Region { addr: 0x1000, true_len: len.into(), start, len, fault: false });
        let kind = (i % 8) as usize;
        let args = match CALLS[kind] {
            "openat" | "newfstatat" => [-100_i64 as u64, 0x1000, 0, 0, 0, 0],
            _ => [3 + i % 7, 0x1000, 4_096, 0, 0, 0],
        };
        let (task, t_ns) = (TaskId((i / 64 % 8) as u32), i * 1_000);
        let enter = Enter { arch: Arch::X86_64, nr: numbers[kind], args, ip: 0, sp: 0, regions: region..region + 1 };
        batch.events.push(Event { task, t_ns, kind: EventKind::Enter(enter) });
        let outcome = if kind == 5 { Outcome::Failed(2) } else { Outcome::Returned(3) };
        let exit = Exit { outcome, marks: Marks::NONE, regions: 0..0 };
        batch.events.push(Event { task, t_ns: t_ns + i % 400, kind: EventKind::Exit(exit) });
        if batch.events.len() >= 4_096 {
            store.append(&batch);
            (batch.events, batch.regions, batch.bytes) = Default::default();
        }
    }
    store.append(&batch);
    store
}

fn main() {
    let rows = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(10_000_000);
    let began = Instant::now();
    let store = store(rows);
    println!("{} rows stored in {:.1?}", store.len(), began.elapsed());
    let options = decode::Options::default();
    let rows = Rows { store: &store, judge: None, options: &options };
    for (what, text, target) in TARGETS {
        let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut narrow = Narrow::new(RowFilter::Query { filter: Box::new(filter), text: text.into() });
        let began = Instant::now();
        let (mut first, mut longest) = (None, Duration::ZERO);
        while narrow.left(store.len()) > 0 {
            let slice = Instant::now();
            narrow.run(&rows, &|| slice.elapsed() > SLICE);
            longest = longest.max(slice.elapsed());
            if narrow.count_before(store.len()) > 0 {
                first.get_or_insert_with(|| began.elapsed());
            }
        }
        let (took, found) = (began.elapsed(), narrow.count_before(store.len()));
        let verdict = if took <= target { "within" } else { "MISSES" };
        println!(
            "{what:<12} {text:<42} {found:>9} rows in {took:>9.1?} ({verdict} {target:?}), first after {:.1?}, longest slice {longest:.1?}",
            first.unwrap_or(took)
        );
    }
}
