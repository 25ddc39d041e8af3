//! Tasks as events tell of them.

use super::Store;
use crate::model::event::{Event, Exec, NewTask, Origin, PidNamespace, TaskId, VdsoState};
use crate::model::task::Task;

impl Store {
    pub(super) fn add_task(&mut self, event: &Event, new: &NewTask) {
        // Ids count up in order of appearance; a gap would be a bug of the source, filled so that nothing is lost.
        while self.tasks.len() < event.task.0 as usize {
            let id = TaskId(self.tasks.len() as u32);
            self.tasks.push(unknown_task(id));
        }
        let parents = || new.parent.and_then(|p| self.task(p)).map(|t| (t.exe.clone(), t.vdso.clone(), t.maps.clone()));
        let image = new.image.as_ref().map(|image| (image.path.clone(), image.vdso.clone(), image.maps.clone()));
        let (exe, vdso, maps) = image.or_else(parents).unwrap_or_default();
        let task = Task {
            id: event.task,
            tid: new.tid,
            tgid: new.tgid,
            parent: new.parent,
            origin: new.origin,
            comm: new.comm.clone(),
            ns: new.ns.clone(),
            former_comms: Vec::new(),
            exe,
            vdso,
            maps,
            started_ns: event.t_ns,
            ended: None,
            open_call: None,
            latest: None,
            calls: 0,
            errors: 0,
        };
        match self.tasks.get_mut(event.task.0 as usize) {
            Some(slot) => *slot = task,
            None => self.tasks.push(task),
        }
    }

    /// An execve of a task succeeded.
    pub(super) fn execed(&mut self, id: TaskId, exec: &Exec) {
        let leader = exec.former.map(|leader| self.task(leader).map(|leader| leader.ns.clone()));
        let Some(task) = self.tasks.get_mut(id.0 as usize) else { return };
        task.rename(self.len, &exec.comm);
        task.exe.clone_from(&exec.path);
        task.vdso = exec.vdso.clone();
        task.maps.clone_from(&exec.maps);
        if let Some(numbers) = leader {
            task.take_numbers_of(numbers);
        }
    }
}

fn unknown_task(id: TaskId) -> Task {
    Task {
        id,
        tid: 0,
        tgid: 0,
        parent: None,
        origin: Origin::Attach,
        comm: Vec::new(),
        ns: PidNamespace::default(),
        former_comms: Vec::new(),
        exe: Vec::new(),
        vdso: VdsoState::Unknown,
        maps: Vec::new(),
        started_ns: 0,
        ended: None,
        open_call: None,
        latest: None,
        calls: 0,
        errors: 0,
    }
}
