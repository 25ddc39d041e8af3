//! What calls were about (`stats::Subjects`), counted from the moment at which somebody looks: what was there before is
//! taken in slice by slice, what comes later as it comes.

use crate::model::{Changes, Store};
use crate::stats::Subjects;

#[derive(Debug, Default)]
pub struct Growing {
    subjects: Option<Subjects>,
    /// Rows before this one count as soon as they are complete.
    scanned: u64,
}

impl Growing {
    /// From now on it is kept up.
    pub fn begin(&mut self) {
        self.subjects.get_or_insert_with(Subjects::with_unused);
    }

    /// The counts so far; None before anybody looked.
    pub fn subjects(&self) -> Option<&Subjects> {
        self.subjects.as_ref()
    }

    /// Takes in one append.
    pub fn update(&mut self, store: &Store, changes: &Changes) {
        let Some(subjects) = &mut self.subjects else { return };
        // What is not scanned yet is complete when it is.
        let late = changes.completed.iter().filter(|&&seq| seq < self.scanned);
        late.for_each(|&seq| subjects.add(store, seq));
    }

    /// Looks at some more rows; true while there are more.
    pub fn scan(&mut self, store: &Store, rows: u64) -> bool {
        let Some(subjects) = &mut self.subjects else { return false };
        let end = store.len().min(self.scanned + rows);
        (self.scanned..end).for_each(|seq| subjects.add(store, seq));
        self.scanned = end;
        end < store.len()
    }

    /// Rows that were not looked at yet.
    pub fn left(&self, store: &Store) -> u64 {
        if self.subjects.is_some() { store.len() - self.scanned } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Arch;
    use crate::model::{Batch, Enter, Event, EventKind, Exit, Marks, Outcome, TaskId};

    fn read(store: &mut Store, growing: &mut Growing, entered: bool, left: bool) {
        let mut events = Vec::new();
        let mut event = |kind| events.push(Event { task: TaskId(0), t_ns: 1, kind });
        if store.is_empty() {
            let ns = Default::default();
            let origin = crate::model::Origin::Launch;
            let new = crate::model::NewTask { tid: 1, tgid: 1, parent: None, origin, comm: vec![], ns, image: None };
            event(EventKind::NewTask(Box::new(new)));
        }
        if entered {
            let args = [3, 0, 100, 0, 0, 0];
            event(EventKind::Enter(Enter { arch: Arch::X86_64, nr: 0, args, ip: 0, sp: 0, regions: 0..0 }));
        }
        if left {
            event(EventKind::Exit(Exit { outcome: Outcome::Returned(10), marks: Marks::NONE, regions: 0..0 }));
        }
        let changes = store.append(&Batch { events, ..Batch::default() });
        growing.update(store, &changes);
    }

    #[test]
    fn every_call_counts_once_whenever_it_comes_back() {
        let (mut store, mut growing) = (Store::new(), Growing::default());
        read(&mut store, &mut growing, true, true);
        read(&mut store, &mut growing, true, false);
        assert!(growing.subjects().is_none() && !growing.scan(&store, 9));
        growing.begin();
        assert!(growing.scan(&store, 2), "one row is left");
        read(&mut store, &mut growing, false, true);
        while growing.scan(&store, 1) {}
        // Entered before it was scanned, back after.
        read(&mut store, &mut growing, true, false);
        growing.scan(&store, 9);
        read(&mut store, &mut growing, false, true);
        read(&mut store, &mut growing, true, true);
        growing.scan(&store, 9);
        assert_eq!(growing.subjects().map(Subjects::bytes), Some((40, 0)));
    }
}
