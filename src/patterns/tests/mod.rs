//! The lints on hand-made rows: at the border of each, and where it must stay silent.

mod events;
mod failures;
mod paths;
mod waiting;

use super::{Finding, Patterns, Severity};
use crate::abi::{Arch, number};
use crate::model::*;

const PATH: u64 = 0x1000;
const AT_FDCWD: u64 = -100i64 as u64;
pub const ENOENT: Outcome = Outcome::Failed(2);

/// A run in the making; task 0 is there from the start. Each call takes 10 us, and 10 us pass before the next.
pub struct Story {
    batch: Batch,
    now: u64,
    next: u32,
}

impl Story {
    pub fn new() -> Story {
        let mut story = Story { batch: Batch::default(), now: 0, next: 0 };
        story.task(None, Origin::Launch);
        story
    }

    /// A new task, a process of its own unless it is a thread of its parent.
    pub fn task(&mut self, parent: Option<u32>, origin: Origin) -> u32 {
        let id = self.next;
        self.next += 1;
        let tid = 100 + id as i32;
        let tgid = if origin == Origin::Thread { 100 + parent.expect("a thread has one") as i32 } else { tid };
        let (parent, comm) = (parent.map(TaskId), b"prog".to_vec());
        let new = NewTask { tid, tgid, parent, origin, comm, ns: Default::default(), image: None };
        self.push(id, EventKind::NewTask(Box::new(new)));
        id
    }

    pub fn exec(&mut self, task: u32, comm: &str) {
        let comm = comm.as_bytes().to_vec();
        let path = [b"/bin/", comm.as_slice()].concat();
        let exec = Exec { path, comm, vdso: VdsoState::Unknown, maps: Vec::new(), former: None, standing: None };
        self.push(task, EventKind::Exec(Box::new(exec)));
    }

    pub fn end(&mut self, task: u32, end: TaskEnd) {
        self.push(task, EventKind::TaskEnd(end));
    }

    pub fn signal(&mut self, task: u32, number: u8) {
        self.push(task, EventKind::Signal(Signal { number, code: 0, errno: 0, detail: SignalDetail::None }));
    }

    /// Time passes, in microseconds.
    pub fn wait(&mut self, us: u64) -> &mut Story {
        self.now += us * 1_000;
        self
    }

    pub fn call(&mut self, name: &str, args: &[u64], outcome: Outcome) -> &mut Story {
        self.full(0, name, args, &[], outcome, 10)
    }

    pub fn by(&mut self, task: u32, name: &str, args: &[u64], outcome: Outcome) -> &mut Story {
        self.full(task, name, args, &[], outcome, 10)
    }

    /// A call that takes so many microseconds.
    pub fn slow(&mut self, us: u64, name: &str, args: &[u64], outcome: Outcome) -> &mut Story {
        self.full(0, name, args, &[], outcome, us)
    }

    pub fn open(&mut self, path: &str, outcome: Outcome) -> &mut Story {
        self.open_by(0, path, 0, outcome)
    }

    pub fn open_by(&mut self, task: u32, path: &str, flags: u64, outcome: Outcome) -> &mut Story {
        let path = [path.as_bytes(), b"\0"].concat();
        self.full(task, "openat", &[AT_FDCWD, PATH, flags], &[(PATH, &path)], outcome, 10)
    }

    pub fn stat(&mut self, path: &str, outcome: Outcome) -> &mut Story {
        let path = [path.as_bytes(), b"\0"].concat();
        self.full(0, "newfstatat", &[AT_FDCWD, PATH, 0x2000], &[(PATH, &path)], outcome, 10)
    }

    pub fn connect(&mut self, fd: u64, address: &[u8], outcome: Outcome) -> &mut Story {
        self.full(0, "connect", &[fd, PATH, address.len() as u64], &[(PATH, address)], outcome, 10)
    }

    pub fn full(
        &mut self,
        task: u32,
        name: &str,
        given: &[u64],
        memory: &[(u64, &[u8])],
        outcome: Outcome,
        us: u64,
    ) -> &mut Story {
        let nr = number(Arch::X86_64, name).expect("a call of x86-64");
        let mut args = [0; 6];
        args[..given.len()].copy_from_slice(given);
        let first = self.batch.regions.len() as u32;
        for (addr, bytes) in memory {
            let (start, len) = (self.batch.bytes.len() as u32, bytes.len() as u32);
            self.batch.bytes.extend_from_slice(bytes);
            self.batch.regions.push(Region { addr: *addr, true_len: u64::from(len), start, len, fault: false });
        }
        let regions = first..self.batch.regions.len() as u32;
        self.wait(10);
        self.push(task, EventKind::Enter(Enter { arch: Arch::X86_64, nr, args, ip: 0, sp: 0, regions }));
        self.wait(us);
        self.push(task, EventKind::Exit(Exit { outcome, marks: Marks::NONE, regions: 0..0 }));
        self
    }

    fn push(&mut self, task: u32, kind: EventKind) {
        self.batch.events.push(Event { task: TaskId(task), t_ns: self.now, kind });
    }

    /// What is found, as the name of the lint with its severity and count.
    pub fn found(&self) -> Vec<(&'static str, Severity, u64)> {
        self.findings().iter().map(|finding| (finding.lint, finding.severity, finding.count)).collect()
    }

    pub fn findings(&self) -> Vec<Finding> {
        let (mut store, mut patterns) = (Store::new(), Patterns::default());
        let changes = store.append(&self.batch);
        patterns.update(&store, &changes);
        patterns.findings(&store, true)
    }
}

pub fn returned(value: i64) -> Outcome {
    Outcome::Returned(value)
}

#[test]
fn batches_of_any_size_give_the_same_findings() {
    let mut story = Story::new();
    for i in 0..60 {
        story.call("write", &[1, PATH, 1], returned(1));
        story.open(&format!("/usr/{}/libx.so", i % 3), ENOENT);
    }
    let child = story.task(Some(0), Origin::Fork);
    story.end(child, TaskEnd::Killed { signal: 11, core: false });
    let whole = story.findings();
    let (mut store, mut patterns) = (Store::new(), Patterns::default());
    for event in &story.batch.events {
        let batch = Batch { events: vec![event.clone()], ..story.batch.clone() };
        let changes = store.append(&batch);
        patterns.update(&store, &changes);
    }
    assert_eq!(patterns.findings(&store, true), whole);
    assert!(whole.len() >= 3, "{whole:#?}");
}

#[test]
fn rows_are_a_filter_that_can_be_typed() {
    let mut finding = story_of_one().findings().remove(0);
    finding.rows = vec![9, 4, 5, 6, 12];
    assert_eq!(finding.filter(), "row:4..6 or row:9 or row:12");
}

fn story_of_one() -> Story {
    let mut story = Story::new();
    story.call("read", &[0, 0, 1], Outcome::Failed(14));
    story
}

#[test]
fn a_finding_keeps_some_rows_and_counts_all() {
    let mut story = Story::new();
    for _ in 0..1_000 {
        story.call("read", &[0, 0, 1], Outcome::Failed(14));
    }
    let findings = story.findings();
    assert_eq!((findings[0].count, findings[0].rows.len()), (1_000, 256));
}

#[test]
fn names_from_the_program_are_printable() {
    let mut story = Story::new();
    story.exec(0, "\u{1b}[2J");
    story.call("read", &[0, 0, 1], Outcome::Failed(14));
    assert_eq!(story.findings()[0].program, "\\33[2J");
}

#[test]
fn every_lint_has_a_name_of_its_own_and_says_what_it_looks_for() {
    let lints = Patterns::lints();
    let mut names: Vec<_> = lints.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), lints.len());
    assert!(lints.len() <= 32 && lints.iter().all(|(_, about)| about.len() > 10));
}
