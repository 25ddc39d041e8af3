//! What is known of the caller when a row begins: which file a call is about, where the task stands, as whom it acts.
//! Follows the events as the store does, for readers of the file that have no store.

use std::collections::HashMap;

use super::words::Words;
use crate::abi::{self, Meaning, Type};
use crate::model::{
    Batch, CallView, Enter, Event, EventKind, Exec, Exit, Files, Marks, Memory, Origin, Region, TaskId, What, shares,
};

const AT_FDCWD: i32 = -100;

/// Facts beside a row; paths by their numbers among the words of the batch.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Facts {
    pub path: Option<i32>,
    pub cwd: Option<i32>,
    /// The effective one, credentials(7).
    pub uid: Option<u32>,
    /// The effective set.
    pub capabilities: Option<u64>,
    pub mount_ns: Option<u64>,
    pub pid_ns: Option<u64>,
}

/// Paths of the waiting rows.
#[derive(Debug, Default)]
pub(super) struct Paths {
    pub paths: Words,
    pub cwds: Words,
}

/// Follows one run.
#[derive(Debug, Default)]
pub(super) struct Context {
    files: Files,
    open: HashMap<TaskId, Open>,
    /// Inodes of the tasks' PID namespaces, 0 if not known.
    pid_spaces: HashMap<TaskId, u64>,
    calls: u64,
}

/// A call that a task is in; its room is used again for the task's next one.
#[derive(Debug)]
struct Open {
    enter: Enter,
    regions: Vec<Region>,
    bytes: Vec<u8>,
    over: bool,
}

impl Context {
    /// Takes the next event and says what was known when it happened; nothing beside an exit.
    pub fn event(&mut self, batch: &Batch, event: &Event, paths: &mut Paths) -> Facts {
        let (task, t_ns) = (event.task, event.t_ns);
        match &event.kind {
            EventKind::Enter(enter) => {
                let mut facts = self.standing(task, t_ns, paths);
                let path = self.path(task, t_ns, enter, batch.memory(&enter.regions));
                facts.path = path.map(|path| paths.paths.key(&path));
                self.files.entered(task, t_ns, enter);
                self.enter(batch, task, enter);
                facts
            }
            EventKind::Exit(exit) => {
                self.exit(batch, task, t_ns, exit);
                Facts::default()
            }
            EventKind::Exec(exec) => {
                self.files.executed(task, t_ns, exec);
                self.image(task, t_ns, exec, paths)
            }
            EventKind::NewTask(new) => {
                let maker = new.parent.and_then(|parent| self.open.get(&parent)).filter(|open| !open.over);
                let shared = shares(maker.map(Open::view).as_ref(), new.origin == Origin::Thread);
                self.files.began(task, t_ns, new, shared);
                self.pid_spaces.insert(task, new.ns.inode);
                self.standing(task, t_ns + 1, paths)
            }
            EventKind::TaskEnd(_) => {
                self.open.remove(&task);
                self.standing(task, t_ns, paths)
            }
            EventKind::Signal(_) | EventKind::GroupStop { .. } | EventKind::Warning(_) => {
                self.standing(task, t_ns, paths)
            }
        }
    }

    fn standing(&self, task: TaskId, end_ns: u64, paths: &mut Paths) -> Facts {
        let ids = self.files.ids(task, end_ns);
        Facts {
            path: None,
            cwd: self.files.cwd(task, end_ns).map(|cwd| paths.cwds.key(cwd)),
            uid: ids.map(|ids| ids.uids[1]),
            capabilities: ids.map(|ids| ids.effective),
            mount_ns: self.files.mount_namespace(task, end_ns),
            pid_ns: self.pid_spaces.get(&task).copied().filter(|inode| *inode != 0),
        }
    }

    fn image(&self, task: TaskId, t_ns: u64, exec: &Exec, paths: &mut Paths) -> Facts {
        let mut facts = self.standing(task, t_ns + 1, paths);
        facts.path = Some(paths.paths.key(&exec.path));
        facts
    }

    /// The file that a call is about: the first path that it is given, from the root if its directory is known, or what
    /// its first descriptor is of.
    fn path(&self, task: TaskId, t_ns: u64, enter: &Enter, memory: Memory<'_>) -> Option<Vec<u8>> {
        let call = abi::lookup(enter.arch, enter.nr)?.select(&enter.args);
        let mut base = AT_FDCWD;
        for (arg, &raw) in call.args.iter().zip(&enter.args) {
            match arg.ty {
                Type::Num { meaning: Meaning::DirFd, .. } => base = raw as i32,
                Type::Path => {
                    let addr = if enter.arch.word() == 4 { raw & 0xffff_ffff } else { raw };
                    let piece = memory.at(addr)?;
                    let path = piece.bytes.split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
                    return self.files.resolve(task, t_ns, base, path.clone()).or(Some(path));
                }
                Type::Num { meaning: Meaning::Fd { .. }, .. } => {
                    return match self.files.descriptor(task, raw as i32, t_ns)?.what {
                        What::File(path) | What::Link(path) => Some(path.clone()),
                        _ => None,
                    };
                }
                _ => {}
            }
        }
        None
    }

    fn enter(&mut self, batch: &Batch, task: TaskId, enter: &Enter) {
        let open = self.open.entry(task).or_insert_with(|| Open {
            enter: enter.clone(),
            regions: Vec::new(),
            bytes: Vec::new(),
            over: false,
        });
        open.enter.clone_from(enter);
        open.over = false;
        open.regions.clear();
        open.bytes.clear();
        for region in batch.regions_of(&enter.regions) {
            let start = open.bytes.len() as u32;
            open.bytes.extend_from_slice(batch.region_bytes(region));
            open.regions.push(Region { start, ..*region });
        }
    }

    fn exit(&mut self, batch: &Batch, task: TaskId, t_ns: u64, exit: &Exit) {
        self.calls += 1;
        let Some(open) = self.open.get_mut(&task).filter(|open| !open.over) else { return };
        open.over = true;
        let view = CallView { outcome: Some(exit.outcome), exit: batch.memory(&exit.regions), ..open.view() };
        self.files.exited(task, self.calls, t_ns, &view);
    }
}

impl Open {
    fn view(&self) -> CallView<'_> {
        CallView {
            arch: self.enter.arch,
            nr: self.enter.nr,
            args: &self.enter.args,
            ip: self.enter.ip,
            sp: self.enter.sp,
            outcome: None,
            marks: Marks::NONE,
            restarts: None,
            entry: Memory { regions: &self.regions, bytes: &self.bytes },
            exit: Memory::default(),
        }
    }
}
