//! Runs made event by event.

use crate::abi::{self, Arch};
use crate::model::{
    Batch, Enter, Event, EventKind, Exec, Exit, Marks, NewTask, Origin, Outcome, Region, Signal, SignalDetail,
    Standing, Store, TaskId, VdsoState,
};

/// Builds a run event by event; every event is 1 ms after the last.
#[derive(Default)]
pub struct Run {
    pub batch: Batch,
    now_ns: u64,
}

impl Run {
    pub fn event(&mut self, task: u32, kind: EventKind) {
        self.now_ns += 1_000_000;
        self.batch.events.push(Event { task: TaskId(task), t_ns: self.now_ns, kind });
    }

    pub fn task(&mut self, task: u32, tid: i32, parent: Option<u32>, comm: &str) {
        let new = NewTask {
            tid,
            tgid: tid,
            parent: parent.map(TaskId),
            origin: Origin::Fork,
            comm: comm.as_bytes().to_vec(),
            ns: Default::default(),
            image: None,
        };
        self.event(task, EventKind::NewTask(Box::new(new)));
    }

    pub fn enter(&mut self, task: u32, name: &str, args: [u64; 6], path: Option<(u64, &str)>) {
        let nr = abi::number(Arch::X86_64, name).unwrap_or_else(|| panic!("{name}"));
        let first = self.batch.regions.len() as u32;
        if let Some((addr, path)) = path {
            let (start, len) = (self.batch.bytes.len() as u32, path.len() as u32);
            self.batch.bytes.extend(path.bytes());
            self.batch.regions.push(Region { addr, true_len: len.into(), start, len, fault: false });
        }
        let regions = first..self.batch.regions.len() as u32;
        self.event(task, EventKind::Enter(Enter { arch: Arch::X86_64, nr, args, ip: 0, sp: 0, regions }));
    }

    pub fn exec(&mut self, task: u32, path: &str, standing: Standing) {
        let exec = Exec {
            path: path.into(),
            comm: b"sh".to_vec(),
            vdso: VdsoState::Unknown,
            maps: Vec::new(),
            former: None,
            standing: Some(Box::new(standing)),
        };
        self.event(task, EventKind::Exec(Box::new(exec)));
    }

    /// A call without arguments that returned 0.
    pub fn marked(&mut self, task: u32, name: &str, marks: Marks) {
        self.enter(task, name, [0; 6], None);
        self.event(task, EventKind::Exit(Exit { outcome: Outcome::Returned(0), marks, regions: 0..0 }));
    }

    pub fn exit(&mut self, task: u32, outcome: Outcome) {
        self.event(task, EventKind::Exit(Exit { outcome, marks: Marks::NONE, regions: 0..0 }));
    }
}

pub const CWD: u64 = -100_i64 as u64;

/// Rows: 0 task sh (100), 1 openat of /etc/passwd = 3, 2 openat of lib/x.so fails, 3 read(3) = -1 EAGAIN,
/// 4 task cat (200, of sh), 5 exec of /bin/cat, 6 SIGCHLD, 7 write(1) restarted, 8 close(3) unfinished, 9 an unknown
/// number.
pub fn store() -> Store {
    let mut run = Run::default();
    run.task(0, 100, None, "sh");
    run.enter(0, "openat", [CWD, 0x1000, 0, 0, 0, 0], Some((0x1000, "/etc/passwd")));
    run.exit(0, Outcome::Returned(3));
    run.enter(0, "openat", [CWD, 0x2000, 0x40, 0, 0, 0], Some((0x2000, "lib/x.so")));
    run.now_ns += 4_000_000;
    run.exit(0, Outcome::Failed(2));
    run.enter(0, "read", [3, 0, 77, 0, 0, 0], None);
    run.exit(0, Outcome::Failed(11));
    run.task(1, 200, Some(0), "sh");
    let exec = Exec {
        path: b"/bin/cat".to_vec(),
        comm: b"cat".to_vec(),
        vdso: VdsoState::Unknown,
        maps: Vec::new(),
        former: None,
        standing: None,
    };
    run.event(1, EventKind::Exec(Box::new(exec)));
    let signal = Signal { number: 17, code: 0, errno: 0, detail: SignalDetail::None };
    run.event(0, EventKind::Signal(signal));
    run.enter(1, "write", [1, 0, 0, 0, 0, 0], None);
    run.exit(1, Outcome::Failed(512));
    run.enter(1, "close", [3, 0, 0, 0, 0, 0], None);
    run.event(0, EventKind::Enter(Enter { arch: Arch::X86_64, nr: 0x270f, args: [0; 6], ip: 0, sp: 0, regions: 0..0 }));
    let mut store = Store::new();
    store.append(&run.batch);
    store
}
