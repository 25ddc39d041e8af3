//! Between a stop and its resume nothing is allocated: memory is asked for batch by batch, however many calls there are.
//!
//! A test binary of its own, because it counts every allocation of the process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use sysview::capture::{Launch, Setup, Terminal, Tracing, launch};
use sysview::source::Message;

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: everything is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps alloc's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps dealloc's contract.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
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

fn traced(program: &str, behaviour: &[&str], calls: u64) -> Run {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let mut source = launch(Launch {
        program: program.into(),
        argv: [&[program], behaviour, &[&calls.to_string()]].concat().into_iter().map(OsString::from).collect(),
        terminal: Terminal::Inherit,
        setup: Setup::default(),
        tracing: Tracing::default(),
    })
    .expect("launch");
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
    run.allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    run
}

#[test]
fn memory_is_asked_for_by_the_batch() {
    let program = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("load-{}", std::process::id()));
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/load.c");
    let compiled = Command::new("cc").args(["-O1", "-pthread", "-o"]).arg(&program).arg(source).status();
    assert!(compiled.is_ok_and(|status| status.success()), "{source} does not compile");
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
