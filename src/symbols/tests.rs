//! Stores made by hand: what a dynamic loader, a fork and a JIT do.

use super::*;
use crate::abi::{Arch, number};
use crate::model::*;

/// Makes events for a store and follows them.
struct Run {
    store: Store,
    spaces: Spaces,
    batch: Batch,
    t_ns: u64,
}

impl Run {
    fn new() -> Run {
        let mut run = Run { store: Store::new(), spaces: Spaces::default(), batch: Batch::default(), t_ns: 0 };
        run.task(0, None, Origin::Launch);
        run
    }

    fn event(&mut self, task: u32, kind: EventKind) {
        self.t_ns += 10;
        self.batch.events.push(Event { task: TaskId(task), t_ns: self.t_ns, kind });
    }

    fn task(&mut self, task: u32, parent: Option<u32>, origin: Origin) {
        let new = NewTask {
            tid: 1,
            tgid: 1,
            parent: parent.map(TaskId),
            origin,
            comm: Vec::new(),
            ns: Default::default(),
            image: None,
        };
        self.event(task, EventKind::NewTask(Box::new(new)));
    }

    fn exec(&mut self, task: u32, maps: Vec<Mapping>, vdso: VdsoState) {
        let exec = Exec { path: b"/bin/x".to_vec(), comm: b"x".to_vec(), vdso, maps, former: None, standing: None };
        self.event(task, EventKind::Exec(Box::new(exec)));
    }

    fn enter(&mut self, task: u32, arch: Arch, name: &str, args: [u64; 6], memory: &[(u64, &[u8])]) {
        let first = self.batch.regions.len() as u32;
        for (addr, bytes) in memory {
            let start = self.batch.bytes.len() as u32;
            let len = bytes.len() as u32;
            self.batch.bytes.extend(*bytes);
            self.batch.regions.push(Region { addr: *addr, true_len: len.into(), start, len, fault: false });
        }
        let regions = first..self.batch.regions.len() as u32;
        let nr = number(arch, name).unwrap();
        self.event(task, EventKind::Enter(Enter { arch, nr, args, ip: 0, sp: 0, regions }));
    }

    fn exit(&mut self, task: u32, outcome: Outcome) {
        self.event(task, EventKind::Exit(Exit { outcome, marks: Marks::NONE, regions: 0..0 }));
    }

    fn call(&mut self, task: u32, name: &str, args: [u64; 6], result: i64) {
        self.enter(task, Arch::X86_64, name, args, &[]);
        self.exit(task, Outcome::Returned(result));
    }

    fn open(&mut self, task: u32, path: &[u8], fd: i64) {
        self.enter(task, Arch::X86_64, "openat", [u64::MAX - 99, 0x1000, 0, 0, 0, 0], &[(0x1000, path)]);
        self.exit(task, Outcome::Returned(fd));
    }

    /// What the loader does with a library at `base`: all of it, then its text, then its data.
    fn load(&mut self, task: u32, path: &[u8], base: u64) {
        self.open(task, path, 3);
        self.call(task, "mmap", [0, 0x9000, 1, 2, 3, 0], base as i64);
        self.call(task, "mmap", [base + 0x2000, 0x4000, 5, 0x812, 3, 0x2000], base as i64 + 0x2000);
        self.call(task, "mmap", [base + 0x6000, 0x1800, 3, 0x812, 3, 0x5000], base as i64 + 0x6000);
        self.call(task, "mmap", [base + 0x8000, 0x1000, 3, 0x32, u64::MAX, 0], base as i64 + 0x8000);
        self.call(task, "close", [3, 0, 0, 0, 0, 0], 0);
    }

    fn follow(&mut self) {
        let changes = self.store.append(&std::mem::take(&mut self.batch));
        self.spaces.update(&self.store, &changes);
    }

    fn at(&mut self, task: u32, address: u64) -> String {
        self.follow();
        self.spaces.locate(TaskId(task), address).map_or("?".into(), |l| l.to_string())
    }
}

fn image() -> VdsoState {
    let symbols = [("__vdso_gettimeofday", 0x600, 0x40), ("__vdso_clock_gettime", 0xae0, 0x30)];
    let symbols =
        symbols.map(|(name, offset, size)| VdsoSymbol { name: name.into(), offset, size }).into_iter().collect();
    VdsoState::Present(Arc::new(VdsoImage { base: 0x7fff_0000_0000, size: 0x2000, symbols }))
}

fn maps() -> Vec<Mapping> {
    let map = |start, end, offset, name: &str| Mapping { start, end, offset, name: name.into() };
    vec![
        map(0x40_1000, 0x48_0000, 0x1000, "/bin/x"),
        map(0x7fff_0000_0000, 0x7fff_0000_2000, 0, "[vdso]"),
        map(0x7fff_8000_0000, 0x7fff_8002_1000, 0, "[stack]"),
    ]
}

#[test]
fn the_image_after_exec_is_named() {
    let mut run = Run::new();
    assert_eq!(run.at(0, 0x40_1000), "?");
    run.exec(0, maps(), image());
    assert_eq!(run.at(0, 0x40_1010), "x+0x1010");
    assert_eq!(run.spaces.locate(TaskId(0), 0x40_1010).unwrap().image, "/bin/x");
    assert_eq!(run.at(0, 0x7fff_8000_0008), "[stack]+0x8");
    assert_eq!(run.at(0, 0x48_0000), "?");
    assert_eq!(run.at(0, 0x40_0fff), "?");
}

#[test]
fn vdso_functions_are_named_and_what_lies_between_is_not() {
    let mut run = Run::new();
    run.exec(0, maps(), image());
    assert_eq!(run.at(0, 0x7fff_0000_0af2), "__vdso_clock_gettime+0x12");
    assert_eq!(run.at(0, 0x7fff_0000_0640), "[vdso]+0x640");
    assert_eq!(run.at(0, 0x7fff_0000_2000), "?");
    run.exec(0, maps(), VdsoState::Unknown);
    assert_eq!(run.at(0, 0x7fff_0000_0af0), "[vdso]+0xaf0");
}

#[test]
fn a_library_is_named_by_the_file_that_was_opened() {
    let mut run = Run::new();
    run.exec(0, maps(), image());
    run.load(0, b"/usr/lib/libc.so.6\0", 0x7f00_0000_0000);
    assert_eq!(run.at(0, 0x7f00_0000_247f), "libc.so.6+0x247f");
    assert_eq!(run.at(0, 0x7f00_0000_6010), "libc.so.6+0x5010");
    assert_eq!(run.at(0, 0x7f00_0000_8010), "?", "its bss is anonymous");
    run.call(0, "munmap", [0x7f00_0000_0000, 0x9000, 0, 0, 0, 0], 0);
    assert_eq!(run.at(0, 0x7f00_0000_247f), "?");
}

#[test]
fn a_hole_in_a_mapping_leaves_both_ends() {
    let mut run = Run::new();
    run.open(0, b"lib.so", 3);
    run.call(0, "mmap", [0, 0x5000, 5, 2, 3, 0x1000], 0x10000);
    run.call(0, "munmap", [0x12000, 0x1000, 0, 0, 0, 0], 0);
    assert_eq!(run.at(0, 0x11fff), "lib.so+0x2fff");
    assert_eq!(run.at(0, 0x12000), "?");
    assert_eq!(run.at(0, 0x13000), "lib.so+0x4000");
}

#[test]
fn failed_calls_change_nothing() {
    let mut run = Run::new();
    run.exec(0, maps(), image());
    run.enter(0, Arch::X86_64, "munmap", [0x40_1000, 0x1000, 0, 0, 0, 0], &[]);
    run.exit(0, Outcome::Failed(22));
    run.enter(0, Arch::X86_64, "mmap", [0, 0x1000, 5, 2, 9, 0], &[]);
    run.exit(0, Outcome::Failed(9));
    assert_eq!(run.at(0, 0x40_1010), "x+0x1010");
}

#[test]
fn a_fork_copies_and_a_thread_shares() {
    let mut run = Run::new();
    run.exec(0, maps(), image());
    run.open(0, b"/lib/early.so", 4);
    run.task(1, Some(0), Origin::Fork);
    run.task(2, Some(0), Origin::Thread);
    run.load(0, b"/lib/late.so", 0x10_0000);
    run.call(1, "mmap", [0, 0x1000, 5, 2, 4, 0], 0x20_0000);
    assert_eq!(run.at(1, 0x40_1010), "x+0x1010");
    assert_eq!(run.at(1, 0x10_2010), "?", "loaded by the parent after the fork");
    assert_eq!(run.at(1, 0x20_0000), "early.so+0x0", "descriptors are inherited");
    assert_eq!(run.at(2, 0x10_2010), "late.so+0x2010");
    run.exec(1, maps(), image());
    assert_eq!(run.at(1, 0x20_0000), "?");
    assert_eq!(run.at(0, 0x10_2010), "late.so+0x2010");
}

#[test]
fn clone_flags_say_what_is_shared() {
    let mut run = Run::new();
    run.exec(0, maps(), image());
    // CLONE_VM | CLONE_VFORK through clone3, as posix_spawn does it.
    run.enter(0, Arch::X86_64, "clone3", [0x5000, 88, 0, 0, 0, 0], &[(0x5000, &0x4100u64.to_le_bytes())]);
    run.task(1, Some(0), Origin::Clone);
    run.exit(0, Outcome::Returned(2));
    run.enter(0, Arch::X86_64, "clone", [0x0120_0011, 0, 0, 0, 0, 0], &[]);
    run.task(2, Some(0), Origin::Clone);
    run.exit(0, Outcome::Returned(3));
    run.load(0, b"/lib/late.so", 0x10_0000);
    assert_eq!(run.at(1, 0x10_2010), "late.so+0x2010");
    assert_eq!(run.at(2, 0x10_2010), "?");
}

#[test]
fn descriptors_are_followed() {
    let mut run = Run::new();
    let map = |run: &mut Run, fd, at: i64| run.call(0, "mmap", [0, 0x1000, 5, 2, fd, 0], at);
    run.open(0, b"/lib/a.so", 3);
    run.call(0, "dup2", [3, 7, 0, 0, 0, 0], 7);
    run.call(0, "fcntl", [3, 1030, 10, 0, 0, 0], 10);
    run.call(0, "fcntl", [3, 3, 0, 0, 0, 0], 11);
    run.call(0, "close", [3, 0, 0, 0, 0, 0], 0);
    map(&mut run, 7, 0x10000);
    map(&mut run, 10, 0x20000);
    map(&mut run, 11, 0x30000);
    run.call(0, "close_range", [0, u64::from(u32::MAX), 0, 0, 0, 0], 0);
    map(&mut run, 7, 0x40000);
    assert_eq!(run.at(0, 0x10000), "a.so+0x0");
    assert_eq!(run.at(0, 0x20000), "a.so+0x0");
    assert_eq!(run.at(0, 0x30000), "[unknown file]+0x0");
    assert_eq!(run.at(0, 0x40000), "[unknown file]+0x0");
}

#[test]
fn code_made_at_run_time_is_anonymous() {
    let mut run = Run::new();
    run.call(0, "mmap", [0, 0x4000, 0, 0x22, u64::MAX, 0], 0x50000);
    assert_eq!(run.at(0, 0x50010), "?");
    run.call(0, "mprotect", [0x50000, 0x2000, 5, 0, 0, 0], 0);
    assert_eq!(run.at(0, 0x50010), "[anonymous]+0x10");
    run.call(0, "mremap", [0x50000, 0x2000, 0x4000, 1, 0, 0], 0x90000);
    assert_eq!(run.at(0, 0x50010), "?");
    assert_eq!(run.at(0, 0x93010), "[anonymous]+0x3010");
}

#[test]
fn thirty_two_bit_calls_have_their_own_forms() {
    let mut run = Run::new();
    run.enter(0, Arch::I386, "open", [0x100, 0, 0, 0, 0, 0], &[(0x100, b"/lib/i.so")]);
    run.exit(0, Outcome::Returned(3));
    run.enter(0, Arch::I386, "mmap2", [0, 0x1000, 5, 2, 3, 2], &[]);
    run.exit(0, Outcome::Returned(0xf7c0_0000u32 as i32 as i64));
    assert_eq!(run.at(0, 0xf7c0_0004), "i.so+0x2004");
    let words: Vec<u8> = [0u32, 0x1000, 5, 2, 3, 0x3000].iter().flat_map(|w| w.to_le_bytes()).collect();
    run.enter(0, Arch::I386, "mmap", [0x200, 0, 0, 0, 0, 0], &[(0x200, &words)]);
    run.exit(0, Outcome::Returned(0x8000_0000));
    assert_eq!(run.at(0, 0x8000_0004), "i.so+0x3004");
}

#[test]
fn names_are_printable_whatever_the_path() {
    let mut run = Run::new();
    run.open(0, b"/tmp/\x1b[31m\xff.so", 3);
    run.call(0, "mmap", [0, 0x1000, 5, 2, 3, 0], 0x10000);
    assert_eq!(run.at(0, 0x10000), "\\x1b[31m\\xff.so+0x0");
}

#[test]
fn tasks_that_never_appeared_take_no_room() {
    let mut run = Run::new();
    run.call(u32::MAX, "close", [3, 0, 0, 0, 0, 0], 0);
    run.exec(u32::MAX - 1, maps(), image());
    run.task(1, Some(u32::MAX), Origin::Fork);
    assert_eq!(run.at(u32::MAX - 1, 0x40_1010), "?");
    assert_eq!(run.spaces.tasks.len(), 2);
}

#[test]
fn rows_before_an_exec_are_located_in_the_image_that_made_them() {
    let mut run = Run::new();
    run.exec(0, maps(), image());
    run.load(0, b"/lib/first.so", 0x10_0000);
    run.follow();
    let before = run.store.len() - 1;
    run.exec(0, maps(), VdsoState::None);
    run.load(0, b"/lib/second.so", 0x10_0000);
    run.follow();
    let at = |seq, address| run.spaces.locate_at(TaskId(0), seq, address).map(|l| l.to_string());
    assert_eq!(at(before, 0x10_2010).as_deref(), Some("first.so+0x2010"));
    assert_eq!(at(before + 2, 0x10_2010).as_deref(), Some("second.so+0x2010"));
    assert_eq!(at(before, 0x7fff_0000_0af0).as_deref(), Some("__vdso_clock_gettime+0x10"));
    assert_eq!(at(0, 0x40_1010), None, "before the first exec");
}

#[test]
fn absurd_ranges_do_not_panic() {
    let mut run = Run::new();
    for name in ["mmap", "munmap", "mprotect", "mremap", "close_range", "dup", "openat"] {
        for value in [0, 1, 4095, 1 << 31, 1 << 63, u64::MAX - 1, u64::MAX] {
            run.call(0, name, [value, value, value, value, value, value], value as i64);
            run.call(0, name, [value; 6], -1);
        }
    }
    for address in [0, 1 << 31, u64::MAX] {
        run.at(0, address);
    }
    assert_eq!(run.store.len(), 1 + 7 * 7 * 2);
}

#[test]
fn a_process_that_was_attached_to_comes_with_its_image() {
    let mut run = Run { store: Store::new(), spaces: Spaces::default(), batch: Batch::default(), t_ns: 0 };
    let maps = vec![Mapping { start: 0x1000, end: 0x3000, offset: 0x200, name: b"/lib/a.so".to_vec() }];
    let image = Exec {
        path: b"/bin/x".to_vec(),
        comm: b"x".to_vec(),
        vdso: VdsoState::None,
        maps,
        former: None,
        standing: None,
    };
    for (id, tid, image) in [(0, 40, Some(Box::new(image))), (1, 41, None)] {
        let (parent, comm) = ((id > 0).then_some(TaskId(0)), b"x".to_vec());
        let new = NewTask { tid, tgid: 40, parent, origin: Origin::Attach, comm, ns: Default::default(), image };
        run.event(id, EventKind::NewTask(Box::new(new)));
    }
    run.follow();
    for task in run.store.tasks() {
        assert_eq!((task.exe.as_slice(), task.maps.len()), (b"/bin/x".as_slice(), 1));
        let found = run.spaces.locate(task.id, 0x1234).unwrap();
        assert_eq!((found.name.as_str(), found.offset), ("a.so", 0x434));
    }
    // Threads share their memory: what one unmaps is gone for the other.
    run.enter(1, Arch::X86_64, "munmap", [0x1000, 0x2000, 0, 0, 0, 0], &[]);
    run.exit(1, Outcome::Returned(0));
    run.follow();
    assert_eq!(run.spaces.locate(TaskId(0), 0x1234), None);
}
