//! Which tasks wait for the user, where, and which times are therefore not the program's.
//!
//! A call that is held at its entry lasts until somebody lets it go, and the source knows only when it ended: its row
//! is remembered, and no time of it is shown as its own. Left out: what the keys do (`app::hold`).

use std::collections::{BTreeMap, HashSet};

use crate::model::TaskId;
use crate::source::{At, Change, Held};

/// The tasks that wait, and what waiting did to times.
#[derive(Debug, Default)]
pub struct Holds {
    tasks: BTreeMap<TaskId, Waiting>,
    /// The user wants every task to be held.
    pub asked: bool,
    /// The task that was stepped last, until it is held again.
    pub stepping: Option<TaskId>,
    /// Rows of the calls that were held at their entry.
    at_entry: HashSet<u64>,
    /// When some task waited, ascending and apart.
    periods: Vec<Period>,
    /// The last period ends with the next event.
    ending: bool,
}

/// One task that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub held: Held,
    /// The row that it waits at.
    pub seq: u64,
    /// What the user wants to become of the call.
    pub answer: Option<Change>,
}

/// Nanoseconds since the session began; the end is not known while it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Period {
    from_ns: u64,
    to_ns: u64,
}

impl Holds {
    /// A task waits at row `seq`, since `t_ns`.
    pub fn hold(&mut self, held: Held, seq: u64, t_ns: u64) {
        if held.at == At::Entry {
            self.at_entry.insert(seq);
        }
        if self.tasks.is_empty() && !self.ending {
            self.periods.push(Period { from_ns: t_ns, to_ns: u64::MAX });
        }
        self.ending = false;
        self.tasks.insert(held.task, Waiting { held, seq, answer: None });
    }

    /// A task is gone.
    pub fn end(&mut self, task: TaskId) {
        self.release(task);
        self.stepping = self.stepping.filter(|stepped| *stepped != task);
    }

    /// A task goes on.
    pub fn release(&mut self, task: TaskId) {
        self.ending |= self.tasks.remove(&task).is_some() && self.tasks.is_empty();
    }

    /// Nobody waits any more: tracing is over.
    pub fn release_all(&mut self) {
        self.ending |= !self.tasks.is_empty();
        self.tasks.clear();
        self.asked = false;
        self.stepping = None;
    }

    /// The next event after somebody went on.
    pub fn event(&mut self, t_ns: u64) {
        if std::mem::take(&mut self.ending)
            && let Some(last) = self.periods.last_mut()
        {
            last.to_ns = t_ns.max(last.from_ns);
        }
    }

    pub fn answered(&mut self, task: TaskId, change: Change) {
        if let Some(waiting) = self.tasks.get_mut(&task) {
            waiting.answer = Some(change);
        }
    }

    pub fn count(&self) -> usize {
        self.tasks.len()
    }

    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Something is held, or is to be.
    pub fn active(&self) -> bool {
        self.asked || self.stepping.is_some() || !self.is_empty()
    }

    pub fn of(&self, task: TaskId) -> Option<&Waiting> {
        self.tasks.get(&task)
    }

    /// The task's waiting, if it waits at this row.
    pub fn at_row(&self, task: TaskId, seq: u64) -> Option<&Waiting> {
        self.of(task).filter(|waiting| waiting.seq == seq)
    }

    pub fn tasks(&self) -> impl Iterator<Item = &Waiting> {
        self.tasks.values()
    }

    /// The call was held at its entry, so the time of its row is no time of the call.
    pub fn was_at_entry(&self, seq: u64) -> bool {
        self.at_entry.contains(&seq)
    }

    /// Some task waited at a moment between the two: a call could have waited for that task.
    pub fn meanwhile(&self, from_ns: u64, to_ns: u64) -> bool {
        let next = self.periods.partition_point(|period| period.to_ns <= from_ns);
        self.periods.get(next).is_some_and(|period| period.from_ns < to_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Why;

    fn held(task: u32, at: At) -> Held {
        Held { task: TaskId(task), at, why: Why::Asked }
    }

    #[test]
    fn a_period_lasts_from_the_first_that_waits_to_the_next_event_after_the_last() {
        let mut holds = Holds::default();
        holds.hold(held(0, At::Entry), 7, 100);
        holds.hold(held(1, At::Exit), 8, 150);
        assert!(holds.meanwhile(120, 130) && holds.meanwhile(0, 101) && !holds.meanwhile(0, 100));
        holds.release(TaskId(0));
        holds.event(200);
        assert!(holds.meanwhile(300, 400), "one still waits");
        holds.release(TaskId(1));
        holds.event(500);
        holds.event(600);
        assert!(holds.meanwhile(499, 510) && !holds.meanwhile(500, 700));
        assert!(holds.was_at_entry(7) && !holds.was_at_entry(8));
        holds.hold(held(1, At::Between), 9, 900);
        assert!(!holds.meanwhile(500, 900) && holds.meanwhile(500, 901));
    }

    #[test]
    fn a_step_is_no_end_of_the_period() {
        let mut holds = Holds::default();
        holds.hold(held(0, At::Entry), 7, 100);
        holds.release(TaskId(0));
        holds.hold(held(0, At::Exit), 7, 180);
        holds.event(200);
        assert!(holds.meanwhile(1_000, 1_001));
        assert_eq!(holds.at_row(TaskId(0), 7).map(|w| w.held.at), Some(At::Exit));
        assert_eq!(holds.at_row(TaskId(0), 6), None);
    }

    #[test]
    fn nobody_waits_when_tracing_is_over() {
        let mut holds = Holds { asked: true, ..Holds::default() };
        holds.hold(held(0, At::Entry), 7, 100);
        holds.release_all();
        assert!(holds.is_empty() && !holds.asked);
        holds.release(TaskId(0));
    }
}
