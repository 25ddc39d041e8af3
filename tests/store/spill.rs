//! A store most of which is on disk: every row reads back as it was, calls that took long are completed, a full disk
//! stops the feed and loses nothing.

use proptest::collection::vec;
use proptest::prelude::*;
use sysview::model::*;

use crate::made::*;
use crate::naive::{self, Disk, Naive};

/// So many rows that most of them are not among the recent ones.
const ROWS: u64 = 100_000;

/// Looks at every row, the newest first, and at what the indexes count.
fn check(store: &Store, naive: &Naive) {
    assert_eq!(store.len(), naive.len());
    for seq in (0..store.len()).rev() {
        assert_eq!(naive::row(store, seq), naive.row(seq), "row {seq}");
    }
    assert!(store.row(store.len()).is_none() && store.call(store.len()).is_none());
    let mut calls = std::collections::HashMap::new();
    for index in (0..store.chunks()).map(|chunk| store.index(chunk).expect("an index")) {
        for (call, rows) in index.calls() {
            *calls.entry(call).or_default() += rows.len();
        }
    }
    assert_eq!(calls, naive.calls());
    assert_eq!(store.lost(), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3, max_shrink_iters: 20, ..ProptestConfig::default() })]

    #[test]
    fn every_row_reads_back_as_it_was(batches in vec(any_batch(300), 40..60), budget in 0u64..2_000_000) {
        let disk = Disk::of(usize::MAX);
        let (mut store, mut naive) = (Store::with_spill(budget, Box::new(disk.clone())), Naive::default());
        for batch in batches.iter().cycle() {
            let completed = naive.append(batch);
            prop_assert_eq!(store.append(batch).completed, completed);
            if store.len() > ROWS || batches.iter().all(Batch::is_empty) {
                break;
            }
        }
        check(&store, &naive);
        prop_assert!(store.is_empty() || store.usage().disk > 0);
    }
}

#[test]
fn calls_that_took_long_are_completed_where_they_are() {
    let disk = Disk::of(usize::MAX);
    let (mut store, mut naive) = (Store::with_spill(0, Box::new(disk.clone())), Naive::default());
    let mut append = |store: &mut Store, batch: &Batch| assert_eq!(store.append(batch).completed, naive.append(batch));
    append(&mut store, &plain_run(4));
    // poll and prctl(PR_SET_NAME), of two tasks, with what was copied at their entry.
    let long = [(TaskId(0), 7, [0x1000, 1, 0, 0, 0, 0]), (TaskId(1), 157, [15, 0x2000, 0, 0, 0, 0])];
    let event = |task, t_ns, kind, memory| batch(vec![(Event { task, t_ns, kind }, memory)]);
    let at = store.len();
    for (task, nr, args) in long {
        let enter = Enter { arch: sysview::abi::Arch::X86_64, nr, args, ip: 1, sp: 2, regions: 0..0 };
        let memory = vec![(0x1000, 8, vec![1; 8], false), (0x2000, 16, b"slow\0".to_vec(), false)];
        append(&mut store, &event(task, 9_000_000_000, EventKind::Enter(enter), memory));
    }
    let mut quick = plain_run(ROWS as u32);
    // Two more tasks make the calls of an hour, and these two wait.
    for event in &mut quick.events {
        event.task.0 += 2;
    }
    append(&mut store, &quick);
    assert!(store.usage().disk > 0);
    let reads = disk.0.lock().expect("unpoisoned").reads;
    for (task, outcome) in [(0, Outcome::Failed(4)), (1, Outcome::Returned(0))] {
        let exit = Exit { outcome, marks: Marks::DELAYED, regions: 0..0 };
        let memory = vec![(0x1000, 8, vec![3; 8], false)];
        append(&mut store, &event(TaskId(task), 3_600_000_000_000, EventKind::Exit(exit), memory));
    }
    assert_eq!(disk.0.lock().expect("unpoisoned").reads, reads, "nothing is read back to complete a call");
    check(&store, &naive);
    let index = store.index(0).expect("an index");
    assert_eq!(index.errno(4).map(|rows| rows.iter().map(u64::from).collect::<Vec<_>>()), Some(vec![at]));
    let task = store.task(TaskId(1)).expect("a task");
    assert_eq!((task.comm_at(at + 1), task.comm_at(at + 2), task.open_call), (&b"demo"[..], &b"slow"[..], None));
}

#[test]
fn a_full_disk_loses_nothing_and_is_asked_again() {
    let disk = Disk::of(100_000);
    let (mut store, mut naive) = (Store::with_spill(0, Box::new(disk.clone())), Naive::default());
    let run = plain_run(20_000);
    let mut refusals = 0;
    while store.len() < ROWS {
        store.append(&run);
        naive.append(&run);
        let held = store.usage().memory;
        while let Some(error) = store.no_room() {
            assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
            refusals += 1;
            assert!(!store.make_room() || refusals > 1, "nothing was freed");
            disk.0.lock().expect("unpoisoned").room += 100_000;
        }
        assert!(store.make_room() && store.usage().memory <= held);
    }
    assert!(refusals > 1, "{refusals}");
    check(&store, &naive);
}

#[test]
fn a_disk_that_does_not_give_back_is_told_and_the_rest_is_there() {
    let disk = Disk::of(usize::MAX);
    let mut store = Store::with_spill(0, Box::new(disk.clone()));
    store.append(&plain_run(ROWS as u32));
    disk.0.lock().expect("unpoisoned").broken = true;
    assert!(store.row(2).is_none() && store.call(2).is_none() && store.row(store.len() - 1).is_some());
    assert_eq!(store.lost().as_deref(), Some("a broken disk"));
}

#[test]
fn a_screen_is_read_back_once() {
    let disk = Disk::of(usize::MAX);
    let mut store = Store::with_spill(0, Box::new(disk.clone()));
    store.append(&plain_run(ROWS as u32));
    for _ in 0..10 {
        (2_000..2_100).for_each(|seq| assert!(store.row(seq).is_some()));
    }
    assert_eq!(disk.0.lock().expect("unpoisoned").reads, 1);
    // What is read back is kept, but not without end.
    let before = store.usage();
    (0..store.len()).for_each(|seq| assert!(store.row(seq).is_some()));
    assert_eq!(store.usage().disk, before.disk);
}

#[test]
fn readers_of_several_threads_share_a_store() {
    fn shared<T: Send + Sync>(_: &T) {}
    let mut store = Store::with_spill(0, Box::new(Disk::of(usize::MAX)));
    store.append(&plain_run(ROWS as u32));
    shared(&store);
    let sum = |store: &Store| (0..store.len()).map(|seq| store.row(seq).expect("a row").t_ns).sum::<u64>();
    let alone = sum(&store);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3).map(|_| scope.spawn(|| sum(&store))).collect();
        readers.into_iter().for_each(|reader| assert_eq!(reader.join().expect("a sum"), alone));
    });
}
