//! A small made-up run: what a source would say about a python program that starts a shell.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use sysview::abi::Arch;
use sysview::model::*;
use sysview::source::*;

/// Collects events and the memory that they copy.
pub struct Recorder {
    batch: Batch,
    t_ns: u64,
}

impl Recorder {
    pub fn new() -> Recorder {
        Recorder { batch: Batch::default(), t_ns: 0 }
    }

    /// Time passes, in microseconds.
    pub fn after(&mut self, us: u64) -> &mut Recorder {
        self.t_ns += us * 1_000;
        self
    }

    pub fn event(&mut self, task: u32, kind: EventKind) -> &mut Recorder {
        self.batch.events.push(Event { task: TaskId(task), t_ns: self.t_ns, kind });
        self
    }

    pub fn task(&mut self, task: u32, tid: i32, parent: Option<u32>, origin: Origin, comm: &str) -> &mut Recorder {
        let comm = comm.as_bytes().to_vec();
        let new =
            NewTask { tid, tgid: tid, parent: parent.map(TaskId), origin, comm, ns: Default::default(), image: None };
        self.event(task, EventKind::NewTask(Box::new(new)))
    }

    /// A call begins; `memory` is what was copied at entry.
    pub fn enter(&mut self, task: u32, nr: u64, args: [u64; 6], memory: &[(u64, &[u8])]) -> &mut Recorder {
        let regions = self.copy(memory);
        let (ip, sp) = (0x7f00_0012_3456, 0x7ffd_0000_1000);
        self.event(task, EventKind::Enter(Enter { arch: Arch::X86_64, nr, args, ip, sp, regions }))
    }

    pub fn exit(&mut self, task: u32, outcome: Outcome, memory: &[(u64, &[u8])]) -> &mut Recorder {
        let regions = self.copy(memory);
        self.event(task, EventKind::Exit(Exit { outcome, marks: Marks::NONE, regions }))
    }

    /// The end of a call in which somebody besides the kernel had a hand.
    pub fn exit_marked(&mut self, task: u32, outcome: Outcome, marks: Marks) -> &mut Recorder {
        self.event(task, EventKind::Exit(Exit { outcome, marks, regions: 0..0 }))
    }

    fn copy(&mut self, memory: &[(u64, &[u8])]) -> std::ops::Range<u32> {
        let first = self.batch.regions.len() as u32;
        for (addr, bytes) in memory {
            let start = self.batch.bytes.len() as u32;
            self.batch.bytes.extend_from_slice(bytes);
            let len = bytes.len() as u32;
            self.batch.regions.push(Region { addr: *addr, true_len: u64::from(len), start, len, fault: false });
        }
        first..self.batch.regions.len() as u32
    }

    pub fn take(&mut self) -> Message {
        Message::Batch(std::mem::take(&mut self.batch))
    }
}

pub fn started(live: bool) -> Message {
    started_as(live, |_| {})
}

/// As `started`, with something changed.
pub fn started_as(live: bool, change: impl FnOnce(&mut Started)) -> Message {
    let mut started = Started {
        argv: vec![b"python3".to_vec(), b"demo.py".to_vec()],
        machine: Machine {
            kernel_release: "6.18.44-test".into(),
            machine: "x86_64".into(),
            hostname: "box".into(),
            ..Machine::default()
        },
        began: UNIX_EPOCH,
        vdso: VdsoMode::Natural,
        live,
        has_terminal: live,
        attached: false,
        only: None,
        floor: None,
    };
    change(&mut started);
    Message::Started(Box::new(started))
}

fn vdso() -> VdsoState {
    let names = ["clock_gettime", "gettimeofday", "time", "clock_getres", "getcpu", "getrandom"];
    let symbols = names.iter().zip(1u64..).map(|(name, i)| VdsoSymbol {
        name: format!("__vdso_{name}"),
        offset: 0x800 + 0x80 * i,
        size: 0x40,
    });
    VdsoState::Present(Arc::new(VdsoImage { base: 0x7fff_f7fc_1000, size: 8_192, symbols: symbols.collect() }))
}

pub const AT_FDCWD: u64 = -100i64 as u64;
/// Call numbers of x86-64.
pub const READ: u64 = 0;
const WRITE: u64 = 1;
const CLOSE: u64 = 3;
pub const OPENAT: u64 = 257;
const UNSHARE: u64 = 272;
const KEYCTL: u64 = 250;
const MMAP: u64 = 9;
const BRK: u64 = 12;
const CLONE: u64 = 56;
const EXECVE: u64 = 59;

/// Everything up to a shell that blocks in `read`; nothing has ended.
pub fn run() -> Message {
    let mut r = Recorder::new();
    r.task(0, 4_312, None, Origin::Launch, "sysview").after(40);
    r.enter(0, EXECVE, [0x1000, 0, 0, 0, 0, 0], &[(0x1000, b"/usr/bin/python3\0")]).after(310);
    r.event(
        0,
        EventKind::Exec(Box::new(Exec {
            path: b"/usr/bin/python3".to_vec(),
            comm: b"python3".to_vec(),
            vdso: vdso(),
            maps: vec![Mapping {
                start: 0x7f00_0000_0000,
                end: 0x7f00_0020_0000,
                offset: 0,
                name: b"/usr/lib/x86_64-linux-gnu/libc.so.6".to_vec(),
            }],
            former: None,
            standing: None,
        })),
    );
    r.exit(0, Outcome::Returned(0), &[]);
    r.after(12).enter(0, BRK, [0; 6], &[]).after(2).exit(0, Outcome::Returned(0x5555_5555_0000), &[]);
    let path: &[(u64, &[u8])] = &[(0x2000, b"/etc/ld.so.preload\0")];
    r.after(9).enter(0, OPENAT, [AT_FDCWD, 0x2000, 0, 0, 0, 0], path).after(4).exit(0, Outcome::Failed(2), &[]);
    for i in 0..24u64 {
        let name = format!("/usr/lib/python3.13/module_{i:02}.py\0");
        r.after(20).enter(0, OPENAT, [AT_FDCWD, 0x3000, 0o2000000, 0, 0, 0], &[(0x3000, name.as_bytes())]);
        r.after(3 + i).exit(0, if i % 3 == 2 { Outcome::Failed(2) } else { Outcome::Returned(3) }, &[]);
        if i % 3 == 2 {
            continue;
        }
        let text: &[(u64, &[u8])] = &[(0x9000, b"import os\nimport sys\n")];
        r.after(5).enter(0, READ, [3, 0x9000, 4_096, 0, 0, 0], &[]).after(8).exit(0, Outcome::Returned(21), text);
        r.after(1).enter(0, CLOSE, [3, 0, 0, 0, 0, 0], &[]).after(1).exit(0, Outcome::Returned(0), &[]);
    }
    r.after(30).enter(0, MMAP, [0, 8_192, 3, 0x22, u64::MAX, 0], &[]);
    r.after(6).exit(0, Outcome::Returned(0x7f80_0000_0000), &[]);
    r.after(50).enter(0, UNSHARE, [0x1000_0000, 0, 0, 0, 0, 0], &[]).after(7).exit(0, Outcome::Failed(1), &[]);
    r.after(50).enter(0, KEYCTL, [0, -3i64 as u64, 0, 0, 0, 0], &[]).after(7).exit(0, Outcome::Returned(1), &[]);
    r.after(80).enter(0, CLONE, [0x0120_0011, 0, 0, 0, 0, 0], &[]).after(90);
    r.task(1, 4_313, Some(0), Origin::Fork, "python3").exit(0, Outcome::Returned(4_313), &[]);
    r.after(10).enter(1, WRITE, [1, 0x9100, 6, 0, 0, 0], &[(0x9100, b"hello\n")]).after(30);
    r.exit(1, Outcome::Returned(6), &[]);
    let child = SignalDetail::Child { pid: 4_313, uid: 1_000, status: 0, utime: 0, stime: 0 };
    r.after(3).event(1, EventKind::TaskEnd(TaskEnd::Exited { status: 0 }));
    r.event(0, EventKind::Signal(Signal { number: 17, code: 1, errno: 0, detail: child }));
    r.after(4).enter(0, READ, [0, 0x9200, 1_024, 0, 0, 0], &[]);
    r.take()
}
