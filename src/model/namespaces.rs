//! Which task a number means: a PID is a number in the namespace of the task that says it. pid_namespaces(7).

use super::event::{PidNamespace, TaskId};
use super::store::Store;
use super::task::Task;

impl Task {
    /// Its numbers, from sysview's namespace inwards; the last is the one that it knows itself by.
    fn numbers(&self) -> &[i32] {
        if self.ns.tids.is_empty() { std::slice::from_ref(&self.tid) } else { &self.ns.tids }
    }

    /// Its number in the PID namespace that it is in, if that is another than sysview's.
    pub fn inner_tid(&self) -> Option<i32> {
        self.ns.inner_tid()
    }

    /// How many namespaces lie around the one that it is in.
    fn level(&self) -> usize {
        self.numbers().len() - 1
    }

    /// A thread that called execve has its leader's numbers from then on.
    pub(super) fn take_numbers_of(&mut self, leader: Option<PidNamespace>) {
        self.tid = self.tgid;
        self.ns = leader.unwrap_or_default();
    }
}

impl Store {
    /// The task that `asker` means by a number that it says or is told at the time `t_ns`: the last that had begun by
    /// then, for numbers are used again. Only tasks in the asker's namespace or in one below have a number there.
    pub fn task_by_tid_in(&self, asker: TaskId, number: i32, t_ns: u64) -> Option<TaskId> {
        let asker = self.task(asker)?;
        let level = asker.level();
        let mut likely = None;
        for task in self.tasks().iter().rev() {
            if task.started_ns > t_ns || task.numbers().get(level) != Some(&number) {
                continue;
            }
            match self.namespace_at(task, level) {
                Some(inode) if inode == asker.ns.inode => return Some(task.id),
                // Another container may have the same number.
                Some(_) if asker.ns.inode != 0 => {}
                _ => likely = likely.or(Some(task.id)),
            }
        }
        likely
    }

    /// The namespace at this level that a task is in or below; None if that is not known.
    fn namespace_at(&self, task: &Task, level: usize) -> Option<u64> {
        let mut task = task;
        while task.level() > level {
            task = self.outside(task)?;
        }
        (task.level() == level && task.ns.inode != 0).then_some(task.ns.inode)
    }

    /// A task in the namespace around that of `task`: whoever made its first process, or the next best of its ancestors.
    fn outside(&self, task: &Task) -> Option<&Task> {
        let is_first = |other: &&Task| {
            other.ns.inode == task.ns.inode && other.started_ns <= task.started_ns && other.numbers().last() == Some(&1)
        };
        let mut inside = self.tasks().iter().rev().find(is_first).unwrap_or(task);
        // A parent began before its child, so this ends.
        while let Some(parent) = inside.parent.and_then(|parent| self.task(parent)).filter(|p| p.id < inside.id) {
            if parent.level() < task.level() {
                return Some(parent);
            }
            inside = parent;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Batch, Event, EventKind, Exec, NewTask, Origin, VdsoState};

    const HOST: u64 = 100;

    struct Made(Store);

    impl Made {
        /// A task that begins at the time `id`.
        fn task(&mut self, id: u32, parent: Option<u32>, inode: u64, tids: &[i32]) {
            let tid = tids.first().copied().unwrap_or(900 + id as i32);
            let new = NewTask {
                tid,
                tgid: if inode == HOST { 1000 } else { tid },
                parent: parent.map(TaskId),
                origin: Origin::Clone,
                comm: Vec::new(),
                ns: PidNamespace { inode, tids: tids.to_vec() },
                image: None,
            };
            self.event(id, id, EventKind::NewTask(Box::new(new)));
        }

        fn event(&mut self, task: u32, t_ns: u32, kind: EventKind) {
            let event = Event { task: TaskId(task), t_ns: u64::from(t_ns), kind };
            self.0.append(&Batch { events: vec![event], ..Batch::default() });
        }

        fn meant(&self, asker: u32, number: i32, t_ns: u64) -> Option<u32> {
            self.0.task_by_tid_in(TaskId(asker), number, t_ns).map(|task| task.0)
        }
    }

    /// Two containers side by side, and one in the first of them.
    fn containers() -> Made {
        let mut made = Made(Store::new());
        made.task(0, None, HOST, &[1000]);
        made.task(1, Some(0), 201, &[1001, 1]);
        made.task(2, Some(0), 202, &[1002, 1]);
        made.task(3, Some(1), 201, &[1003, 2]);
        made.task(4, Some(2), 202, &[1004, 2]);
        made.task(5, Some(3), 301, &[1005, 3, 1]);
        made.task(6, Some(5), 301, &[1006, 4, 2]);
        made
    }

    #[test]
    fn a_number_is_looked_up_in_the_askers_namespace() {
        let made = containers();
        for (asker, number, meant) in [
            (0, 1004, Some(4)),
            (0, 1006, Some(6)),
            (0, 1, None),
            (1, 1, Some(1)),
            (1, 2, Some(3)),
            (2, 2, Some(4)),
            // Tasks of a namespace below have numbers here too, and those of one above have none.
            (1, 4, Some(6)),
            (2, 4, None),
            (5, 1, Some(5)),
            (6, 2, Some(6)),
            (6, 1000, None),
            (9, 1, None),
        ] {
            assert_eq!(made.meant(asker, number, 100), meant, "{number} said by {asker}");
        }
    }

    #[test]
    fn whoever_entered_a_namespace_from_outside_is_in_it() {
        let mut made = containers();
        // As `nsenter` and `runc exec` do it: the parent is on the host.
        made.task(7, Some(0), 301, &[1007, 5, 3]);
        assert_eq!(made.meant(1, 5, 100), Some(7));
        assert_eq!(made.meant(2, 5, 100), None);
        assert_eq!(made.meant(6, 3, 100), Some(7));
    }

    #[test]
    fn numbers_are_used_again_and_the_time_tells() {
        let mut made = containers();
        made.task(7, Some(1), 201, &[2007, 2]);
        assert_eq!(made.meant(1, 2, 6), Some(3));
        assert_eq!(made.meant(1, 2, 7), Some(7));
        assert_eq!(made.meant(1, 2, 2), None);
    }

    #[test]
    fn without_namespaces_the_number_is_the_tid() {
        let mut made = Made(Store::new());
        made.task(0, None, 0, &[]);
        made.task(1, Some(0), 0, &[]);
        assert_eq!(made.meant(0, 901, 100), Some(1));
        assert_eq!(made.meant(0, 902, 100), None);
    }

    #[test]
    fn a_thread_that_called_execve_has_its_leaders_number() {
        let mut made = Made(Store::new());
        made.task(0, None, HOST, &[1000]);
        made.task(1, Some(0), HOST, &[1001]);
        let exec = Exec {
            path: Vec::new(),
            comm: Vec::new(),
            vdso: VdsoState::Unknown,
            maps: Vec::new(),
            former: Some(TaskId(0)),
            standing: None,
        };
        made.event(1, 2, EventKind::Exec(Box::new(exec)));
        assert_eq!(made.meant(1, 1000, 100), Some(1));
        assert_eq!(made.meant(1, 1001, 100), None);
    }
}
