//! Holding the program and stepping its tasks: what the keys ask of the source, and where the selection goes when a
//! task stops.

use super::App;
use crate::model::TaskId;
use crate::source::{Command, Held, Why};
use crate::tui::format;

impl App {
    /// Holds every task; if any is held, or is to be, lets all go on.
    pub(super) fn hold_or_resume(&mut self) {
        // Whoever looks at a task that waits wants to see how it goes on.
        let watching = self.selected_waiting().is_some();
        let holds = &mut self.session.holds;
        let going_on = holds.active();
        holds.asked = !going_on;
        holds.stepping = None;
        if going_on && watching {
            self.trace.set_follow(true);
        }
        self.outbox.control(if going_on { Command::Resume } else { Command::Hold });
    }

    /// Lets the task of the selected row go on to its next stop.
    pub(super) fn step(&mut self) {
        let Some(task) = self.selected_task() else {
            return self.say("Select a row of the task that is to go one step, then press the key again.");
        };
        let name = self.task_words(task);
        if self.session.store.task(task).is_none_or(|t| t.ended.is_some()) {
            return self.say(format!("{name} has ended; select a row of a task that lives."));
        }
        // What comes is to be seen, even if the view was frozen before.
        self.trace.frozen = None;
        self.session.holds.stepping = Some(task);
        self.outbox.control(Command::Step(task));
    }

    /// A task waits for the user: a step is followed, and a catch is shown unless the user looks at another that waits.
    pub(super) fn held(&mut self, held: Held) {
        let at_another = self.selected_waiting().is_some_and(|task| task != held.task);
        let Some(seq) = self.session.hold(held) else { return };
        if let Why::Caught { id, .. } = held.why {
            self.points.hit(id);
        }
        let stepped = self.session.holds.stepping == Some(held.task);
        if stepped {
            self.session.holds.stepping = None;
        }
        match held.why {
            Why::Caught { .. } if self.trace.frozen.is_none() && !at_another => self.look_at(seq),
            _ if stepped => self.look_at(seq),
            _ => {}
        }
    }

    /// Goes to the row of the next task that is held, in the order of tasks.
    pub(super) fn next_held(&mut self) {
        let after = self.selected_waiting();
        let holds = &self.session.holds;
        let next = holds.tasks().find(|waiting| after.is_some_and(|task| waiting.held.task > task));
        if let Some(seq) = next.or_else(|| holds.tasks().next()).map(|waiting| waiting.seq) {
            self.trace.frozen = None;
            self.look_at(seq);
        }
    }

    /// The task of the selected row.
    pub(in crate::tui) fn selected_task(&self) -> Option<TaskId> {
        self.selected().and_then(|seq| self.session.store.row(seq)).map(|row| row.task)
    }

    /// The task that waits at the selected row.
    fn selected_waiting(&self) -> Option<TaskId> {
        let seq = self.selected()?;
        let task = self.session.store.row(seq)?.task;
        self.session.holds.at_row(task, seq).map(|waiting| waiting.held.task)
    }

    /// `python3 4312`
    pub(in crate::tui) fn task_words(&self, task: TaskId) -> String {
        match self.session.store.task(task) {
            Some(task) if task.comm.is_empty() => format!("Task {}", task.tid),
            Some(task) => format!("{} {}", format::escape(&task.comm), task.tid),
            None => "The task".to_owned(),
        }
    }
}
