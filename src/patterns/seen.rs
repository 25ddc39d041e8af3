//! A call as lints see it: cheap to pass, and what costs more is looked up when it is asked for.

use crate::abi::{Call, Meaning, Type};
use crate::model::{self, CallRow, Descriptor, Outcome, Row, RowKind, Store, TaskId};

use super::memory::{Program, Recent, hash, mix};

const AT_FDCWD: i32 = -100;

/// Which ends of a call a lint wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    Nothing,
    /// Those with an errno, interrupted ones included.
    Failures,
    Successes,
    All,
}

/// A process between two execve(2): its number, and how many there were before.
pub type Process = (i32, u32);

/// Tells programs apart that run in the same process one after the other.
#[derive(Debug, Default)]
pub struct Processes {
    programs: Recent<i32, u32>,
}

impl Processes {
    pub fn event(&mut self, store: &Store, row: &Row) {
        if let (RowKind::Exec(_), Some(task)) = (&row.kind, store.task(row.task)) {
            *self.programs.entry(task.tgid) += 1;
        }
    }

    pub fn of(&mut self, seen: &Seen<'_>) -> Process {
        let process = seen.process();
        (process, self.programs.get_mut(process).map_or(0, |programs| *programs))
    }
}

/// A call that came back.
#[derive(Debug)]
pub struct Seen<'a> {
    pub store: &'a Store,
    pub seq: u64,
    pub task: TaskId,
    pub t_ns: u64,
    pub row: &'a CallRow,
    pub call: &'static Call,
    /// None if it is not known, or not the call's own.
    pub duration_ns: Option<u64>,
}

impl Seen<'_> {
    /// The errno, or the kernel's own restart codes 512 to 516.
    pub fn failed(&self) -> Option<u16> {
        match self.row.outcome {
            Some(Outcome::Failed(errno)) => Some(errno),
            _ => None,
        }
    }

    pub fn returned(&self) -> Option<i64> {
        match self.row.outcome {
            Some(Outcome::Returned(value)) => Some(value),
            _ => None,
        }
    }

    pub fn end_ns(&self) -> u64 {
        self.row.t_exit_ns
    }

    /// An argument that is a descriptor.
    pub fn fd(&self, index: usize) -> i32 {
        self.row.args[index] as i32
    }

    /// The number of the process, 0 if nothing is known of the task.
    pub fn process(&self) -> i32 {
        self.store.task(self.task).map_or(0, |task| task.tgid)
    }

    pub fn program(&self) -> Program {
        Program::at(self.store, self.task, self.seq)
    }

    /// What a descriptor was when the call began.
    pub fn descriptor(&self, fd: i32) -> Option<Descriptor<'_>> {
        self.store.files().descriptor(self.task, fd, self.t_ns)
    }

    pub fn memory(&self) -> Option<model::Call<'_>> {
        self.store.call(self.seq)
    }

    /// The argument that is the first path, and the one that is its directory, if there is one.
    fn path_argument(&self) -> Option<(usize, Option<usize>)> {
        let index = self.call.args.iter().position(|arg| matches!(arg.ty, Type::Path))?;
        let before = index
            .checked_sub(1)
            .filter(|&before| matches!(self.call.args[before].ty, Type::Num { meaning: Meaning::DirFd, .. }));
        Some((index, before))
    }

    fn address(&self, index: usize) -> u64 {
        let raw = self.row.args[index];
        if self.row.arch.word() == 4 { raw & 0xffff_ffff } else { raw }
    }

    /// Lets `look` see the first path that the call was given, without its NUL.
    pub fn with_path<R>(&self, look: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let (index, _) = self.path_argument()?;
        let memory = self.memory()?;
        let piece = memory.view().entry.at(self.address(index))?;
        let path = piece.bytes.split(|&byte| byte == 0).next().unwrap_or_default();
        (!path.is_empty()).then(|| look(path))
    }

    /// Tells paths apart, relative ones by their directory too; None without one.
    pub fn path_key(&self) -> Option<u64> {
        let (_, directory) = self.path_argument()?;
        let (relative, key) = self.with_path(|path| (path[0] != b'/', hash(path)))?;
        if !relative {
            return Some(key);
        }
        let base = directory.map_or(AT_FDCWD, |index| self.fd(index));
        let place = match base {
            AT_FDCWD => self.store.files().cwd(self.task, self.t_ns).map_or(1, hash),
            fd => self.descriptor(fd).and_then(|found| found.made.or(found.row)).unwrap_or(u64::from(fd as u32)),
        };
        Some(mix(key, place))
    }

    /// The path from the root as far as its directory is known.
    pub fn whole_path(&self) -> Option<Vec<u8>> {
        let (_, directory) = self.path_argument()?;
        let path = self.with_path(<[u8]>::to_vec)?;
        let base = directory.map_or(AT_FDCWD, |index| self.fd(index));
        Some(self.store.files().resolve(self.task, self.t_ns, base, path.clone()).unwrap_or(path))
    }
}
