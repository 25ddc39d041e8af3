//! The store through its public door: what rows say, their indexes say too.

#[path = "../session/made.rs"]
mod made;
mod naive;
mod spill;

use made::*;
use proptest::prelude::*;
use roaring::RoaringBitmap;
use sysview::model::*;
use sysview::query;

fn listed(rows: Option<&RoaringBitmap>) -> Vec<u64> {
    rows.into_iter().flatten().map(u64::from).collect()
}

fn rows(store: &Store) -> Vec<String> {
    (0..store.len()).map(|seq| format!("{:?} {:?}", store.row(seq), store.call(seq).as_ref().map(Call::view))).collect()
}

/// Compares the index of the only chunk with what its rows say.
fn check_index(store: &Store) -> Result<(), TestCaseError> {
    prop_assert!(store.index(1).is_none());
    let Some(index) = store.index(0) else {
        prop_assert!(store.is_empty());
        return Ok(());
    };
    let rows = |fits: &dyn Fn(u64, &Row) -> bool| -> Vec<u64> {
        (0..store.len()).filter(|&seq| fits(seq, &store.row(seq).expect("below len"))).collect()
    };
    let call_fits =
        |fits: &dyn Fn(&CallRow) -> bool| rows(&|_, row| matches!(&row.kind, RowKind::Call(call) if fits(call)));
    for (task, found) in index.tasks() {
        prop_assert_eq!(listed(Some(found)), rows(&|_, row| row.task == task));
    }
    for ((arch, nr), found) in index.calls() {
        prop_assert_eq!(listed(Some(found)), call_fits(&|call| (call.arch, call.nr) == (arch, nr)));
    }
    for (errno, found) in index.errnos() {
        prop_assert_eq!(listed(Some(found)), call_fits(&|call| call.outcome == Some(Outcome::Failed(errno))));
    }
    // Nothing is missing either.
    let listed_rows = |all: &mut dyn Iterator<Item = &RoaringBitmap>| all.map(|rows| rows.len()).sum::<u64>();
    prop_assert_eq!(listed_rows(&mut index.tasks().map(|(_, rows)| rows)), store.len());
    prop_assert_eq!(listed_rows(&mut index.calls().map(|(_, rows)| rows)), call_fits(&|_| true).len() as u64);
    let failed = call_fits(&|call| matches!(call.outcome, Some(Outcome::Failed(_))));
    prop_assert_eq!(listed_rows(&mut index.errnos().map(|(_, rows)| rows)), failed.len() as u64);
    for fd in [-100, -1, 0, 1, 2, 3, 4, 7] {
        let uses = |seq, _: &Row| store.call(seq).is_some_and(|call| query::uses_fd(&call.view(), fd));
        prop_assert_eq!(listed(index.descriptor(fd)), rows(&uses), "{}", fd);
    }
    Ok(())
}

/// Arguments and results as descriptors have them, so that some fit.
fn with_small_numbers(mut batch: Batch) -> Batch {
    for event in &mut batch.events {
        match &mut event.kind {
            EventKind::Enter(enter) => {
                for arg in &mut enter.args {
                    *arg = if *arg % 9 == 8 { -100_i64 as u64 } else { *arg % 9 };
                }
            }
            EventKind::Exit(Exit { outcome: Outcome::Returned(value), .. }) => *value %= 8,
            _ => {}
        }
    }
    batch
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn an_index_says_what_the_rows_say(batches in proptest::collection::vec(any_batch(60), 1..4)) {
        let batches: Vec<Batch> = batches.into_iter().map(with_small_numbers).collect();
        let (mut store, mut at_once) = (Store::new(), Store::new());
        for batch in &batches {
            store.append(batch);
            check_index(&store)?;
        }
        // Where a hand-over ends makes no difference.
        at_once.append(&joined(&batches));
        prop_assert_eq!(rows(&store), rows(&at_once));
    }
}

#[test]
fn an_index_of_a_plain_run_says_what_the_rows_say() {
    let mut store = Store::new();
    store.append(&plain_run(3_000));
    check_index(&store).unwrap_or_else(|e| panic!("{e}"));
}
