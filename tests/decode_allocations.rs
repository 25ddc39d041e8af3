//! The line printer asks for no memory but its output buffer's: the usual calls are written without a tree.
//!
//! A test binary of its own, because it counts every allocation of the process.

mod typical;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

use sysview::decode::{self, Options};

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

#[test]
fn the_usual_lines_take_no_memory_but_the_buffers() {
    let samples = typical::samples();
    let options = Options::default();
    let mut out = String::with_capacity(4096);
    let mut counts = Vec::with_capacity(samples.len());
    for sample in &samples {
        out.clear();
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        for _ in 0..10 {
            decode::write_call(&mut out, &sample.view(), &options);
            out.push_str(" = ");
            assert!(decode::write_result(&mut out, &sample.view(), &options));
        }
        counts.push((sample.name, ALLOCATIONS.load(Ordering::Relaxed) - before));
    }
    assert!(counts.iter().all(|(_, count)| *count == 0), "{counts:?}");
    assert!(out.starts_with("close(3) = 0close(3) = 0"), "{out}");
}
