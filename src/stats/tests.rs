//! The table against a naive recount of the store, and the cases that are easy to get wrong.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use roaring::RoaringBitmap;

use super::*;
use crate::model::{Batch, Enter, Event, EventKind, Exit, Marks, NewTask, Origin};

fn event(task: u32, t_ns: u64, kind: EventKind) -> Event {
    Event { task: TaskId(task), t_ns, kind }
}

fn enter(arch: Arch, nr: u64) -> EventKind {
    EventKind::Enter(Enter { arch, nr, args: [0; 6], ip: 0, sp: 0, regions: 0..0 })
}

fn exit(outcome: Outcome) -> EventKind {
    EventKind::Exit(Exit { outcome, marks: Marks::NONE, regions: 0..0 })
}

fn new_task(task: u32) -> Event {
    let tid = 100 + task as i32;
    let new = NewTask {
        tid,
        tgid: tid,
        parent: None,
        origin: Origin::Launch,
        comm: b"t".to_vec(),
        ns: Default::default(),
        image: None,
    };
    event(task, 0, EventKind::NewTask(Box::new(new)))
}

fn run(batches: Vec<Vec<Event>>) -> (Store, Histogram) {
    let (mut store, mut histogram) = (Store::new(), Histogram::default());
    for events in batches {
        let changes = store.append(&Batch { events, ..Batch::default() });
        histogram.update(&store, &changes);
    }
    (store, histogram)
}

#[test]
fn a_blocked_call_counts_at_entry_and_its_time_at_exit() {
    let (_, h) = run(vec![vec![new_task(0), event(0, 10, enter(Arch::X86_64, 0))]]);
    let read = h.get(Arch::X86_64, 0).expect("read was entered");
    assert_eq!((read.count, read.finished, read.ongoing(), read.percentile(0.5)), (1, 0, 1, None));

    let (_, h) = run(vec![
        vec![new_task(0), event(0, 10, enter(Arch::X86_64, 0))],
        vec![event(0, 1010, exit(Outcome::Returned(5)))],
    ]);
    let read = h.get(Arch::X86_64, 0).expect("read was entered");
    assert_eq!((read.count, read.finished, read.ongoing(), read.total_ns), (1, 1, 0, 1000));
    assert_eq!((read.min_ns, read.max_ns, read.mean_ns(), read.percentile(0.5)), (1000, 1000, 1000, Some(1000)));
    let task = h.task(TaskId(0)).expect("it made a call");
    assert_eq!((task.calls, task.errors, task.timed, task.total_ns), (1, 0, 1, 1000));
    assert_eq!(task.percentiles([0.5, 0.999]), [Some(1000); 2]);
    assert_eq!(h.task(TaskId(1)), None);
}

#[test]
fn a_call_that_had_to_wait_counts_but_its_time_does_not() {
    let mut store = Store::new();
    let mut events = vec![new_task(0)];
    for (from, to) in [(0, 1_000_000), (2_000_000, 2_000_300)] {
        events.extend([event(0, from, enter(Arch::X86_64, 0)), event(0, to, exit(Outcome::Returned(0)))]);
    }
    let changes = store.append(&Batch { events, ..Batch::default() });
    let mut histogram = Histogram::default();
    histogram.update_timed(&store, &changes, |seq, _| seq != 1);
    let read = histogram.get(Arch::X86_64, 0).expect("read was entered");
    assert_eq!((read.count, read.finished, read.timed(), read.ongoing()), (2, 2, 1, 0));
    assert_eq!((read.total_ns, read.min_ns, read.mean_ns(), read.percentile(0.99)), (300, 300, 300, Some(300)));
    assert_eq!((histogram.total_ns(), histogram.task(TaskId(0)).map_or(0, |task| task.total_ns)), (300, 300));
}

#[test]
fn restart_codes_are_no_errors_and_calls_that_never_return_have_no_time() {
    let (_, h) = run(vec![vec![
        new_task(0),
        event(0, 0, enter(Arch::X86_64, 7)),
        event(0, 5, exit(Outcome::Failed(514))),
        event(0, 6, enter(Arch::X86_64, 7)),
        event(0, 8, exit(Outcome::Failed(4))),
        event(0, 9, enter(Arch::X86_64, 231)),
        event(0, 9, exit(Outcome::NeverReturned)),
    ]]);
    assert_eq!((h.calls(), h.errors(), h.total_ns()), (3, 1, 7));
    assert_eq!(h.errnos(Arch::X86_64, 7), vec![(4, 1)]);
    let exit = h.get(Arch::X86_64, 231).expect("exit_group was entered");
    assert_eq!((exit.count, exit.finished, exit.lost, exit.ongoing()), (1, 0, 1, 0));
}

#[test]
fn the_same_number_of_two_architectures_is_two_calls() {
    let (_, h) = run(vec![vec![
        new_task(0),
        event(0, 0, enter(Arch::X86_64, 3)),
        event(0, 1, exit(Outcome::Returned(0))),
        event(0, 2, enter(Arch::I386, 3)),
        event(0, 3, exit(Outcome::Returned(0))),
        event(0, 4, enter(Arch::X32, X32_BIT | 3)),
        event(0, 5, exit(Outcome::Returned(0))),
        event(0, 6, enter(Arch::X86_64, u64::MAX)),
    ]]);
    assert_eq!(h.rows().len(), 4);
    assert_eq!(h.get(Arch::X32, X32_BIT | 3).map(|r| r.count), Some(1));
    assert_eq!(h.get(Arch::X86_64, u64::MAX).map(|r| r.count), Some(1));
    assert_eq!(h.get(Arch::Aarch64, 3), None);
}

#[test]
fn buckets_are_powers_of_two_and_the_last_one_is_open() {
    assert_eq!([0, 1, 2, 3, 4, 1023, 1024].map(bucket_of), [0, 0, 1, 1, 2, 9, 10]);
    assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    for i in 0..BUCKETS {
        assert_eq!(bucket_of(bucket_floor_ns(i)), i);
    }
}

#[test]
fn every_sort_key_orders_its_column_and_ties_stand_by_name() {
    let mut events = vec![new_task(0)];
    let mut now = 0;
    for (nr, times, ns, failed) in [(0, 3, 10, false), (1, 1, 500, false), (2, 2, 20, true)] {
        for _ in 0..times {
            events.push(event(0, now, enter(Arch::X86_64, nr)));
            now += ns;
            events.push(event(0, now, exit(if failed { Outcome::Failed(2) } else { Outcome::Returned(0) })));
        }
    }
    let (_, h) = run(vec![events]);
    let order = |key| {
        let mut rows: Vec<_> = h.rows().collect();
        let name = |r: &CallStats| Cow::Borrowed(["c", "b", "a"][r.nr as usize]);
        sort(&mut rows, key, name, |r| u64::from(r.nr == 1));
        rows.iter().map(|r| r.nr).collect::<Vec<_>>()
    };
    assert_eq!(order(SortKey::Count), [0, 2, 1]);
    assert_eq!(order(SortKey::Errors), [2, 1, 0]);
    assert_eq!(order(SortKey::Total), [1, 2, 0]);
    assert_eq!(order(SortKey::Mean), [1, 2, 0]);
    assert_eq!(order(SortKey::Max), [1, 2, 0]);
    assert_eq!(order(SortKey::Name), [2, 1, 0]);
    assert_eq!(order(SortKey::Blocked), [1, 2, 0]);
}

#[derive(Debug, Clone)]
enum Step {
    Enter(u64),
    Exit(Outcome),
}

fn step() -> impl Strategy<Value = (u32, u64, Step)> {
    let nr = prop_oneof![8 => 0..6u64, 1 => 1020..1030u64, 1 => Just(u64::MAX)];
    let outcome = prop_oneof![
        4 => (0..100i64).prop_map(Outcome::Returned),
        3 => (1..40u16).prop_map(Outcome::Failed),
        1 => (510..519u16).prop_map(Outcome::Failed),
        1 => Just(Outcome::NeverReturned),
        1 => Just(Outcome::Detached),
    ];
    let step = prop_oneof![nr.prop_map(Step::Enter), outcome.prop_map(Step::Exit)];
    (0..3u32, prop_oneof![0..50u64, 0..5_000_000u64], step)
}

/// The durations, and the counts by errno, of one call.
type Naive = (u64, Vec<u64>, BTreeMap<u16, u64>);

fn recount(store: &Store, rows: impl IntoIterator<Item = u64>) -> HashMap<(Arch, u64), Naive> {
    let mut table: HashMap<(Arch, u64), Naive> = HashMap::new();
    for seq in rows {
        let row = store.row(seq).expect("below len");
        let RowKind::Call(call) = &row.kind else { continue };
        let (count, times, errnos) = table.entry((call.arch, call.nr)).or_default();
        *count += 1;
        times.extend(call.duration_ns(row.t_ns));
        if let Some(errno) = call.errno() {
            *errnos.entry(errno).or_default() += 1;
        }
    }
    table
}

/// The value that a fraction of the sorted ones does not exceed.
fn exact(sorted: &[u64], p: f64) -> Option<u64> {
    let rank = ((sorted.len() as f64 * p).ceil() as usize).max(1);
    sorted.get(rank - 1).copied()
}

/// The same to three digits.
fn close(estimate: Option<u64>, exact: Option<u64>) -> bool {
    match (estimate, exact) {
        (Some(estimate), Some(exact)) => estimate.abs_diff(exact) <= exact / 1000,
        (estimate, exact) => estimate == exact,
    }
}

/// What a random program does.
fn batches(steps: &[(u32, u64, Step)], cut: usize) -> Vec<Vec<Event>> {
    let mut now = 0;
    let mut batches = vec![(0..3).map(new_task).collect::<Vec<_>>()];
    for chunk in steps.chunks(cut) {
        let event = |(task, wait, step): &(u32, u64, Step)| {
            now += wait;
            let kind = match step {
                Step::Enter(nr) => enter(Arch::X86_64, *nr),
                Step::Exit(outcome) => exit(*outcome),
            };
            event(*task, now, kind)
        };
        batches.push(chunk.iter().map(event).collect());
    }
    batches
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_table_of_some_rows_equals_their_naive_recount(
        steps in prop::collection::vec(step(), 0..200),
        chosen in prop::collection::vec(any::<bool>(), 220),
    ) {
        let (store, _) = run(batches(&steps, 7));
        let rows: RoaringBitmap = (0..store.len() as u32).filter(|&seq| chosen[seq as usize]).collect();
        let histogram = Histogram::over(&store, rows.iter().map(u64::from));
        let naive = recount(&store, rows.iter().map(u64::from));
        prop_assert_eq!(histogram.rows().len(), naive.len());
        for (&(arch, nr), (count, times, errnos)) in &naive {
            let row = histogram.get(arch, nr).expect("the call was made");
            prop_assert_eq!((row.count, row.total_ns), (*count, times.iter().sum::<u64>()));
            prop_assert_eq!(row.errors, errnos.values().sum::<u64>());
            let mut sorted = times.clone();
            sorted.sort();
            for p in [0.5, 0.9, 0.99, 0.999] {
                prop_assert!(close(row.percentile(p), exact(&sorted, p)));
            }
        }
        for task in (0..3).map(TaskId) {
            let of_task = |&seq: &u64| store.row(seq).is_some_and(|row| row.task == task);
            let naive = recount(&store, rows.iter().map(u64::from).filter(of_task));
            let Some(found) = histogram.task(task) else {
                prop_assert!(naive.is_empty());
                continue;
            };
            let mut times: Vec<u64> = naive.values().flat_map(|call| call.1.clone()).collect();
            times.sort();
            prop_assert_eq!((found.timed, found.total_ns), (times.len() as u64, times.iter().sum()));
            for (p, told) in [0.5, 0.9, 0.99, 0.999].into_iter().zip(found.percentiles([0.5, 0.9, 0.99, 0.999])) {
                prop_assert!(close(told, exact(&times, p)));
            }
        }
    }

    #[test]
    fn rows_that_come_and_go_leave_the_table_of_those_that_stay(steps in prop::collection::vec(step(), 0..200)) {
        // A filter such as `unfinished`, or `err`, kept up while calls begin and come back.
        let (mut store, mut unfinished, mut failed) = (Store::new(), Histogram::default(), Histogram::default());
        for events in batches(&steps, 3) {
            let before = store.len();
            let changes = store.append(&Batch { events, ..Batch::default() });
            let errno = |seq| matches!(store.row(seq).map(|r| r.kind), Some(RowKind::Call(c)) if c.errno().is_some());
            let open = |seq| matches!(store.row(seq).map(|r| r.kind), Some(RowKind::Call(c)) if c.outcome.is_none());
            for seq in changes.added.clone() {
                if open(seq) {
                    unfinished.add(&store, seq, true);
                }
                if errno(seq) {
                    failed.add(&store, seq, true);
                }
            }
            for &seq in changes.completed.iter().filter(|seq| **seq < before) {
                unfinished.remove_ongoing(&store, seq);
                if errno(seq) {
                    failed.add(&store, seq, true);
                }
            }
        }
        let rows = |wanted: &dyn Fn(&CallRow) -> bool| -> Vec<u64> {
            (0..store.len())
                .filter(|&seq| matches!(store.row(seq).map(|r| r.kind), Some(RowKind::Call(c)) if wanted(&c)))
                .collect()
        };
        for (kept, whole) in [
            (&unfinished, Histogram::over(&store, rows(&|call| call.outcome.is_none()))),
            (&failed, Histogram::over(&store, rows(&|call| call.errno().is_some()))),
        ] {
            prop_assert_eq!(kept.calls(), whole.calls());
            for row in kept.rows().filter(|row| row.count > 0) {
                prop_assert_eq!(Some(row), whole.get(row.arch, row.nr));
            }
        }
    }

    #[test]
    fn the_table_equals_a_naive_recount(steps in prop::collection::vec(step(), 0..200), cut in 1..20usize) {
        let (store, histogram) = run(batches(&steps, cut));
        let naive = recount(&store, 0..store.len());

        prop_assert_eq!(histogram.rows().len(), naive.len());
        for (&(arch, nr), (count, times, errnos)) in &naive {
            let row = histogram.get(arch, nr).expect("the call was made");
            prop_assert_eq!(row.count, *count);
            prop_assert_eq!(row.finished, times.len() as u64);
            prop_assert_eq!(row.total_ns, times.iter().sum::<u64>());
            prop_assert_eq!(row.min_ns, times.iter().min().copied().unwrap_or(0));
            prop_assert_eq!(row.max_ns, times.iter().max().copied().unwrap_or(0));
            prop_assert_eq!(row.errors, errnos.values().sum::<u64>());
            let mut listed = row.errnos();
            listed.sort();
            prop_assert_eq!(listed, errnos.clone().into_iter().collect::<Vec<_>>());
            for (i, &n) in row.buckets().iter().enumerate() {
                prop_assert_eq!(n, times.iter().filter(|&&t| bucket_of(t) == i).count() as u64);
            }
            let mut sorted = times.clone();
            sorted.sort();
            for p in [0.0, 0.25, 0.5, 0.9, 0.99, 0.999, 1.0] {
                prop_assert!(close(row.percentile(p), exact(&sorted, p)), "{p} of {sorted:?}: {:?}", row.percentile(p));
            }
        }
        let calls: u64 = (0..3).map(|t| histogram.task(TaskId(t)).map_or(0, |task| task.calls)).sum();
        let errors: u64 = (0..3).map(|t| histogram.task(TaskId(t)).map_or(0, |task| task.errors)).sum();
        prop_assert_eq!(histogram.calls(), naive.values().map(|n| n.0).sum::<u64>());
        prop_assert_eq!((calls, errors), (histogram.calls(), histogram.errors()));
        prop_assert_eq!(histogram.errors(), naive.values().flat_map(|n| n.2.values()).sum::<u64>());

        let again = Histogram::of(&store);
        for row in histogram.rows() {
            prop_assert_eq!(again.get(row.arch, row.nr), Some(row));
        }
    }
}
