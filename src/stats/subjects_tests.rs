//! What calls were about, in a small story and in any part of it.

use proptest::prelude::*;
use roaring::RoaringBitmap;

use super::Subjects;
use crate::abi::{Arch, number};
use crate::model::{
    Batch, Enter, Event, EventKind, Exit, Marks, NewTask, Origin, Outcome, Region, Store, TaskId, What,
};

const PATH: u64 = 0x1000;
const ADDRESS: &[u8] = &[2, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];

#[derive(Default)]
struct Story {
    batch: Batch,
    now: u64,
}

impl Story {
    fn new() -> Story {
        let mut story = Story::default();
        let new = NewTask {
            tid: 100,
            tgid: 100,
            parent: None,
            origin: Origin::Launch,
            comm: b"t".to_vec(),
            ns: Default::default(),
            image: None,
        };
        story.batch.events.push(Event { task: TaskId(0), t_ns: 0, kind: EventKind::NewTask(Box::new(new)) });
        story
    }

    /// A call of 10 ns whose memory at entry is `given`, and at exit `gets`.
    fn call(&mut self, name: &str, args: [u64; 3], given: &[(u64, &[u8])], outcome: Outcome, gets: &[(u64, &[u8])]) {
        let args = [args[0], args[1], args[2], 0, 0, 0];
        let nr = number(Arch::X86_64, name).expect("a call of x86-64");
        let regions = self.regions(given);
        self.now += 5;
        let enter = Enter { arch: Arch::X86_64, nr, args, ip: 0, sp: 0, regions };
        self.push(EventKind::Enter(enter));
        let regions = self.regions(gets);
        self.now += 10;
        self.push(EventKind::Exit(Exit { outcome, marks: Marks::NONE, regions }));
    }

    fn regions(&mut self, pieces: &[(u64, &[u8])]) -> std::ops::Range<u32> {
        let first = self.batch.regions.len() as u32;
        for (addr, bytes) in pieces {
            let (start, len) = (self.batch.bytes.len() as u32, bytes.len() as u32);
            self.batch.bytes.extend_from_slice(bytes);
            self.batch.regions.push(Region { addr: *addr, true_len: u64::from(len), start, len, fault: false });
        }
        first..self.batch.regions.len() as u32
    }

    fn push(&mut self, kind: EventKind) {
        self.batch.events.push(Event { task: TaskId(0), t_ns: self.now, kind });
    }

    fn store(&self) -> Store {
        let mut store = Store::new();
        store.append(&self.batch);
        store
    }
}

/// Opens, reads by two numbers, fails, pipes, talks.
fn story() -> Store {
    let mut story = Story::new();
    let done = Outcome::Returned;
    story.call("open", [PATH, 0, 0], &[(PATH, b"/etc/hosts\0")], done(3), &[]);
    story.call("read", [3, 0x2000, 100], &[], done(60), &[]);
    story.call("dup", [3, 0, 0], &[], done(4), &[]);
    story.call("read", [4, 0x2000, 100], &[], done(40), &[]);
    story.call("close", [3, 0, 0], &[], done(0), &[]);
    story.call("open", [PATH, 0, 0], &[(PATH, b"/none\0")], Outcome::Failed(2), &[]);
    story.call("pipe", [0x3000, 0, 0], &[], done(0), &[(0x3000, &[3, 0, 0, 0, 5, 0, 0, 0])]);
    story.call("write", [5, 0x2000, 8], &[], done(8), &[]);
    story.call("read", [3, 0x2000, 8], &[], done(8), &[]);
    story.call("socket", [2, 1, 0], &[], done(6), &[]);
    story.call("connect", [6, 0x4000, 16], &[(0x4000, ADDRESS)], done(0), &[]);
    story.call("write", [6, 0x2000, 9], &[], done(9), &[]);
    story.call("read", [0, 0x2000, 9], &[], done(1), &[]);
    story.store()
}

#[test]
fn bytes_belong_to_the_opening_whatever_its_number() {
    let store = story();
    let subjects = Subjects::over(&store, 0..store.len());
    let path = |name: &[u8]| subjects.paths().iter().find(|p| p.path == name).expect("a path").moved;
    let hosts = path(b"/etc/hosts");
    // open, read, dup, read, close.
    assert_eq!((hosts.calls, hosts.errors, hosts.read, hosts.written, hosts.total_ns), (5, 0, 100, 0, 50));
    assert_eq!((path(b"/none").calls, path(b"/none").errors), (1, 1));
    let opening = |fd, wanted: &dyn Fn(&What) -> bool| {
        let mut all = subjects.descriptors().iter();
        all.find(|d| d.fd == fd && d.what.as_ref().is_some_and(wanted)).expect("an opening").moved
    };
    assert_eq!(opening(3, &|what| matches!(what, What::File(_))).read, 100);
    assert_eq!(opening(3, &|what| matches!(what, What::PipeEnd { writes: false })).read, 8);
    assert_eq!(opening(5, &|what| matches!(what, What::PipeEnd { writes: true })).written, 8);
    let before = subjects.descriptors().iter().find(|d| d.fd == 0).expect("stdin");
    assert_eq!((before.made, &before.what, before.moved.read), (None, &None, 1));
    assert_eq!(subjects.bytes(), (60 + 40 + 8 + 1, 8 + 9));
}

#[test]
fn peers_count_what_was_said_to_them_and_waiting_is_told() {
    let store = story();
    let subjects = Subjects::over(&store, 0..store.len());
    let [peer] = subjects.addresses() else { panic!("one address: {:?}", subjects.addresses()) };
    assert_eq!((&peer.address[..], peer.moved.calls, peer.moved.written), (ADDRESS, 2, 9));
    // Both ends of the pipe, connect, the socket.
    assert_eq!(subjects.blocked_ns(), 40);
}

proptest! {
    #[test]
    fn a_part_and_the_rest_are_the_whole(chosen in any::<u32>()) {
        let store = story();
        let part: RoaringBitmap = (0..store.len() as u32).filter(|seq| chosen >> seq & 1 != 0).collect();
        let rest: RoaringBitmap = (0..store.len() as u32).filter(|seq| chosen >> seq & 1 == 0).collect();
        let of = |rows: &RoaringBitmap| Subjects::over(&store, rows.iter().map(u64::from));
        let (part, rest, whole) = (of(&part), of(&rest), Subjects::over(&store, 0..store.len()));
        prop_assert_eq!(part.blocked_ns() + rest.blocked_ns(), whole.blocked_ns());
        for path in whole.paths() {
            let sums = [&part, &rest].map(|s| s.paths().iter().find(|p| p.path == path.path).map(|p| p.moved));
            let sum = |of: fn(&super::Moved) -> u64| sums.iter().flatten().map(of).sum::<u64>();
            prop_assert_eq!(sum(|m| m.calls), path.moved.calls);
            prop_assert_eq!(sum(|m| m.read), path.moved.read);
            prop_assert_eq!(sum(|m| m.total_ns), path.moved.total_ns);
        }
        for opening in whole.descriptors() {
            let same = |s: &Subjects| {
                let key = |d: &super::DescriptorStats| (d.made, d.what.clone());
                s.descriptors().iter().find(|d| key(d) == key(opening)).map_or(0, |d| d.moved.calls)
            };
            prop_assert_eq!(same(&part) + same(&rest), opening.moved.calls);
        }
    }
}
