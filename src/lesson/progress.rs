//! How far somebody is in a tour.

use std::collections::HashSet;

use super::{Step, Tour};
use crate::model::{Changes, RowKind};
use crate::query::Context;

/// A place in a tour and what was seen for the current step. Rows count from the moment at which the step was entered,
/// so that doing something again is asked for when the step asks for it.
#[derive(Debug, Clone)]
pub struct Progress {
    tour: &'static Tour,
    step: usize,
    /// Rows that fit the check of the current step.
    seen: u64,
    /// Rows below this were there before the step was entered.
    from: u64,
    /// Calls that were counted while they still went on; they do not count again when they come back. At most one for
    /// each task.
    counted: HashSet<u64>,
    /// By step: done, by its check or by being read.
    done: Vec<bool>,
}

impl Progress {
    /// At the first step. `rows` is the length of the store now.
    pub fn new(tour: &'static Tour, rows: u64) -> Progress {
        let done = vec![false; tour.steps.len()];
        Progress { tour, step: 0, seen: 0, from: rows, counted: HashSet::new(), done }
    }

    pub fn tour(&self) -> &'static Tour {
        self.tour
    }

    /// Number of the current step, from 0.
    pub fn index(&self) -> usize {
        self.step
    }

    pub fn step(&self) -> &'static Step {
        &self.tour.steps[self.step]
    }

    /// Rows seen and rows wanted by the check of the current step; None if the step is only read.
    pub fn seen(&self) -> Option<(u64, u64)> {
        self.step().check.as_ref().map(|check| (self.seen.min(check.count), check.count))
    }

    /// Whether what the current step asks for has happened; true at once for a step that is only read.
    pub fn met(&self) -> bool {
        self.done[self.step] || self.seen().is_none_or(|(seen, wanted)| seen >= wanted)
    }

    /// Whether a step's check was met, or the step read and left.
    pub fn is_done(&self, step: usize) -> bool {
        self.done.get(step).copied().unwrap_or(false) || (step == self.step && self.met())
    }

    /// At the last step, and what it asks for has happened.
    pub fn finished(&self) -> bool {
        self.step + 1 == self.tour.steps.len() && self.met()
    }

    /// Takes in one append. True if the current step's check was met by it.
    pub fn update(&mut self, context: &Context<'_>, changes: &Changes) -> bool {
        let Some(check) = &self.step().check else { return false };
        if self.met() {
            return false;
        }
        for seq in changes.added.clone().filter(|&seq| seq >= self.from) {
            if check.filter.matches(context, seq) {
                self.seen += 1;
                if is_open(context, seq) {
                    self.counted.insert(seq);
                }
            }
        }
        for &seq in &changes.completed {
            // Rows of this append have just been looked at, in the state in which they are now.
            let before = !changes.added.contains(&seq);
            if before && seq >= self.from && !self.counted.remove(&seq) && check.filter.matches(context, seq) {
                self.seen += 1;
            }
        }
        let met = self.seen >= check.count;
        self.done[self.step] |= met;
        met
    }

    /// Forgets what was seen of a step that is not done: another profile was loaded, so verdicts have changed. The rows
    /// from the returned one on are to be given to [`update`](Self::update) again, as added ones.
    pub fn look_again(&mut self) -> u64 {
        self.seen = 0;
        self.counted.clear();
        self.from
    }

    /// To the next step, whether or not this one is done (nobody shall be stuck); false at the last one. `rows` is the
    /// length of the store now.
    pub fn next(&mut self, rows: u64) -> bool {
        self.done[self.step] |= self.step().check.is_none();
        self.go(self.step + 1, rows)
    }

    /// One step back; false at the first one. A step that was done stays done.
    pub fn back(&mut self, rows: u64) -> bool {
        self.step > 0 && self.go(self.step - 1, rows)
    }

    fn go(&mut self, step: usize, rows: u64) -> bool {
        if step >= self.tour.steps.len() {
            return false;
        }
        self.step = step;
        self.seen = 0;
        self.from = rows;
        self.counted.clear();
        true
    }
}

fn is_open(context: &Context<'_>, seq: u64) -> bool {
    matches!(context.store.row(seq).map(|row| row.kind), Some(RowKind::Call(call)) if call.outcome.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{Arch, number};
    use crate::lesson::tour;
    use crate::model::{Batch, Enter, Event, EventKind, Exit, Marks, NewTask, Origin, Outcome, Store, TaskId};
    use crate::policy::{Action, Certainty, Verdict};

    /// A tour of one step that wants two writes, begun or done.
    fn two_writes() -> &'static Tour {
        let text = "title = 't'\nabout = 'a.'\nstart = 's'\n[[step]]\ntitle = 'w'\ntext = ''\n\
                    check = { rows = 'write', count = 2 }";
        Box::leak(Box::new(crate::lesson::tour::read("two", text).expect("well formed")))
    }

    struct Run {
        store: Store,
        progress: Progress,
        now_ns: u64,
    }

    impl Run {
        fn new(id: &str, comm: &str) -> Run {
            Run::of(tour(id).unwrap_or_else(|| panic!("{id}")), comm)
        }

        fn of(tour: &'static Tour, comm: &str) -> Run {
            let mut run = Run { store: Store::new(), progress: Progress::new(tour, 0), now_ns: 0 };
            let comm = comm.as_bytes().to_vec();
            let new = NewTask {
                tid: 7,
                tgid: 7,
                parent: None,
                origin: Origin::Launch,
                comm,
                ns: Default::default(),
                image: None,
            };
            run.take(vec![EventKind::NewTask(Box::new(new))]);
            run
        }

        /// True if the step was met by these events.
        fn take(&mut self, kinds: Vec<EventKind>) -> bool {
            self.now_ns += 2_000_000_000;
            let event = |kind| Event { task: TaskId(0), t_ns: self.now_ns, kind };
            let batch = Batch { events: kinds.into_iter().map(event).collect(), ..Batch::default() };
            let changes = self.store.append(&batch);
            self.progress.update(&Context::new(&self.store), &changes)
        }

        fn to(&mut self, title: &str) {
            while self.progress.step().title != title {
                assert!(self.progress.next(self.store.len()), "no step {title}");
            }
        }
    }

    fn enter(name: &str, first: u64) -> EventKind {
        let nr = number(Arch::X86_64, name).unwrap_or_else(|| panic!("{name}"));
        let args = [first, 0, 0, 0, 0, 0];
        EventKind::Enter(Enter { arch: Arch::X86_64, nr, args, ip: 0, sp: 0, regions: 0..0 })
    }

    fn exit() -> EventKind {
        EventKind::Exit(Exit { outcome: Outcome::Returned(0), marks: Marks::NONE, regions: 0..0 })
    }

    #[test]
    fn a_step_is_met_when_the_call_comes_back_and_only_by_rows_of_its_own_time() {
        let mut run = Run::new("first-steps", "sleep");
        assert!(run.progress.met(), "the first step is only read");
        run.take(vec![enter("clock_nanosleep", 0)]);
        assert!(!run.take(vec![exit()]));
        run.to("Waiting");
        assert!(!run.progress.met(), "what happened before does not count");
        assert_eq!(run.progress.seen(), Some((0, 1)));
        assert!(!run.take(vec![enter("clock_nanosleep", 0)]));
        assert!(run.take(vec![exit()]), "longer than a second");
        assert!(run.progress.met() && !run.progress.finished());
        assert!(!run.take(vec![enter("clock_nanosleep", 0)]), "met once");
    }

    #[test]
    fn a_row_counts_once_even_if_it_fits_before_and_after_it_comes_back() {
        let mut run = Run::of(two_writes(), "uname");
        assert!(!run.take(vec![enter("write", 1)]));
        assert!(!run.take(vec![exit()]));
        assert_eq!(run.progress.seen(), Some((1, 2)));
        assert!(run.take(vec![enter("write", 1), exit()]));
        assert!(run.progress.finished());

        let mut run = Run::new("first-steps", "bash");
        run.to("Where the text comes out");
        assert!(!run.take(vec![enter("write", 1), exit()]), "another program's output");
    }

    #[test]
    fn one_can_go_back_and_forth_and_what_is_done_stays_done() {
        let mut run = Run::new("first-steps", "false");
        assert!(!run.progress.back(0));
        run.to("The end is a question too");
        assert!(run.take(vec![enter("exit_group", 1)]));
        let at = run.progress.index();
        assert!(run.progress.next(run.store.len()) && run.progress.back(run.store.len()));
        assert!(run.progress.index() == at && run.progress.met() && run.progress.is_done(at));
        assert!(!run.progress.is_done(at - 1), "skipped");
        while run.progress.next(run.store.len()) {}
        assert!(run.progress.finished());
    }

    #[test]
    fn a_profile_that_is_loaded_later_is_held_against_what_has_happened() {
        let mut run = Run::new("sandbox", "unshare");
        run.to("The first mark");
        assert!(!run.take(vec![enter("unshare", 0x1000_0000), exit()]));
        let verdict = |_| Some(Verdict { action: Action::Errno(1), rule: None, certainty: Certainty::Exact });
        let context = Context { verdict: Some(&verdict), ..Context::new(&run.store) };
        let changes = Changes { added: run.progress.look_again()..run.store.len(), completed: Vec::new() };
        assert!(run.progress.update(&context, &changes) && run.progress.met());
    }
}
