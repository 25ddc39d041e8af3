//! Between a stop and its resume nothing is allocated: memory is asked for batch by batch, however many calls there are.
//! And a view that does not read costs time, no memory without bound and no event.
//!
//! A test binary of its own, because it counts every allocation of the process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use sysview::capture::{Launch, Setup, Terminal, Tracing, launch};
use sysview::source::{Message, Source};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
/// Bytes that are allocated now, and the most that were since it was set to that.
static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

fn grown_by(bytes: i64) {
    let live = LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(live, Ordering::Relaxed);
}

// SAFETY: everything is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        grown_by(layout.size() as i64);
        // SAFETY: the caller keeps alloc's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        grown_by(-(layout.size() as i64));
        // SAFETY: the caller keeps dealloc's contract.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        grown_by(size as i64 - layout.size() as i64);
        // SAFETY: the caller keeps realloc's contract.
        unsafe { System.realloc(ptr, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[derive(Debug)]
struct Run {
    events: u64,
    batches: u64,
    allocations: u64,
}

fn start(program: &str, behaviour: &[&str], calls: u64) -> Source {
    launch(Launch {
        program: program.into(),
        argv: [&[program], behaviour, &[&calls.to_string()]].concat().into_iter().map(OsString::from).collect(),
        terminal: Terminal::Inherit,
        setup: Setup::default(),
        tracing: Tracing::default(),
    })
    .expect("launch")
}

fn traced(program: &str, behaviour: &[&str], calls: u64) -> Run {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let source = start(program, behaviour, calls);
    let mut run = read_all(source);
    run.allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    run
}

fn read_all(mut source: Source) -> Run {
    let mut run = Run { events: 0, batches: 0, allocations: 0 };
    loop {
        match source.messages.blocking_recv().expect("an end") {
            Message::Batch(batch) => {
                run.events += batch.events.len() as u64;
                run.batches += 1;
            }
            Message::Ended(_) => break,
            Message::Failed(sentence) => panic!("{sentence}"),
            _ => {}
        }
    }
    run
}

/// The fixture of that name, for this test alone.
fn load(name: &str) -> PathBuf {
    let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/load.c");
    let compiled = Command::new("cc").args(["-O1", "-pthread", "-o"]).arg(&program).arg(source).status();
    assert!(compiled.is_ok_and(|status| status.success()), "{source} does not compile");
    program
}

/// One after the other: both count what the whole process allocates.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn a_view_that_does_not_read_costs_no_event_and_bounded_memory() {
    const CALLS: u64 = 1_000_000;
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let program = load("held");
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let source = start(program.to_str().expect("UTF-8"), &["getppid"], CALLS);
    while source.messages.capacity() > 0 {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    // Now the program is held, and the rest comes through the same room.
    let run = read_all(source);
    assert!(run.events >= 2 * CALLS, "{run:?}");
    let most = PEAK.load(Ordering::Relaxed) - before;
    assert!(most < 64 << 20, "{most} bytes");
    std::fs::remove_file(&program).expect("removed");
}

#[test]
fn memory_is_asked_for_by_the_batch() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let program = load("load");
    let path = program.to_str().expect("UTF-8");
    // Nothing to copy, a buffer, and in two threads at once paths and structures.
    for behaviour in [&["getppid"][..], &["read"], &["threads", "2"]] {
        let few = traced(path, behaviour, 1_000);
        let many = traced(path, behaviour, 200_000);
        assert!(many.events - few.events >= 2 * 199_000, "{few:?} {many:?}");
        // Three buffers a batch, and what the channel, the clock and a look at the CPUs need. What a batch grows by while
        // the first few find their size is in the constant.
        let allowed = 8 * (many.batches - few.batches.min(many.batches)) + 200;
        assert!(many.allocations < few.allocations + allowed, "{behaviour:?}: {few:?} {many:?}");
    }
    std::fs::remove_file(&program).expect("removed");
}
