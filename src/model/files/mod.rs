//! What descriptors are, where a task stands in the file system and as whom it acts, known from events alone: for every task, at every
//! moment of the session.
//!
//! Each descriptor remembers the row of the call that gave it out, and how often its number was given out. Fed in the
//! order of the events, off the tracer's path; nothing is read from /proc here. What was open before the first event is
//! known if the engine asked /proc (`Exec::standing`). Left out: words (`decode`), and what io_uring does. Operations in its rings
//! (IORING_OP_OPENAT, _SOCKET, _ACCEPT, _CLOSE ...) are no calls and no tracer of calls sees them: the number that one opens is
//! unknown here until /proc tells (`--resolve-paths` asks only for calls), and one that is closed by a ring keeps its old
//! meaning until a call gives it out again. Files that are registered with a ring have no number at all. The ring itself
//! is known as any other descriptor.

mod calls;
mod descriptions;
mod forget;
mod given;
mod ids;
mod table;

pub use calls::shares;
use descriptions::Descriptions;
use table::{TableId, Tables};

use super::TaskId;
use super::event::{Exec, Ids, NewTask};

/// A descriptor at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor<'a> {
    pub what: &'a What,
    /// Row of the call that gave out the number; None if it was open before.
    pub row: Option<u64>,
    /// Row of the call that made what is behind it, if that was another one: duplicates and inherited ones share it.
    pub made: Option<u64>,
    /// How often the number has been given out, this time included; 0 if it was open before.
    pub generation: u32,
    /// execve(2) closes it.
    pub cloexec: bool,
    /// Raw socket addresses: its own and the other end's.
    pub local: Option<&'a [u8]>,
    pub peer: Option<&'a [u8]>,
}

/// What is behind a descriptor, as far as the call tells that made it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum What {
    /// Opened by this path. Where it did not begin with `/` and the directory is known, that stands before it.
    File(Vec<u8>),
    PipeEnd {
        writes: bool,
    },
    /// As given to socket(2).
    Socket {
        family: u32,
        kind: u32,
        protocol: u32,
    },
    /// Another call's result, with its path or name if it was given one.
    Other {
        call: &'static str,
        name: Vec<u8>,
    },
    Pidfd(i32),
    /// A message of unix(7) brought it.
    Received,
    /// The text of a link in /proc/PID/fd.
    Link(Vec<u8>),
}

impl What {
    /// The path or name in it; empty without one.
    fn name(&self) -> &[u8] {
        match self {
            What::File(name) | What::Other { name, .. } | What::Link(name) => name,
            What::PipeEnd { .. } | What::Socket { .. } | What::Pidfd(_) | What::Received => &[],
        }
    }
}

/// A working directory and a root with their times; shared by tasks with CLONE_FS.
#[derive(Debug, Default, Clone)]
struct Place {
    cwd: Vec<(u64, Option<Vec<u8>>)>,
    root: Vec<(u64, Option<Vec<u8>>)>,
}

#[derive(Debug, Default)]
struct Holder {
    tid: i32,
    /// Tables with the times from which they were its own.
    tables: Vec<(u64, TableId)>,
    places: Vec<(u64, usize)>,
    ids: Vec<(u64, Ids)>,
    /// Mount namespaces; None for one whose number is not known.
    mounts: Vec<(u64, Option<u64>)>,
    /// Securebits of capabilities(7), as far as prctl(2) was seen to set them.
    secure: u32,
}

/// All that is known; see the module.
#[derive(Debug, Default)]
pub struct Files {
    tables: Tables,
    descriptions: Descriptions,
    places: Vec<Place>,
    holders: Vec<Holder>,
    /// Some descriptor was made that gives others when it is read.
    reads_descriptors: bool,
}

/// What a new task shares with its maker: flags of clone(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shares {
    pub files: bool,
    pub place: bool,
}

impl Files {
    /// What `fd` is to a task. Arguments are asked with the time of the entry, results with that of the exit plus one:
    /// changes before `end_ns` count.
    pub fn descriptor(&self, task: TaskId, fd: i32, end_ns: u64) -> Option<Descriptor<'_>> {
        let slot = self.tables.get(self.table(task, end_ns)?, fd, end_ns)?;
        let what = self.descriptions.what(slot.description)?;
        let made = self.descriptions.row(slot.description);
        let addresses = self.descriptions.addresses(slot.description);
        let last = |list| since(list, end_ns).map(|(_, address): &(u64, Vec<u8>)| address.as_slice());
        Some(Descriptor {
            what,
            row: slot.row,
            made: made.filter(|row| Some(*row) != slot.row),
            generation: slot.generation,
            cloexec: slot.cloexec,
            local: addresses.and_then(|addresses| last(&addresses.local)),
            peer: addresses.and_then(|addresses| last(&addresses.peer)),
        })
    }

    /// The numbers that a task has open, the `most` smallest, as far as they are known.
    pub fn open_descriptors(&self, task: TaskId, end_ns: u64, most: usize) -> Vec<i32> {
        let Some(table) = self.table(task, end_ns) else { return Vec::new() };
        let open = |fd: &i32| self.tables.get(table, *fd, end_ns).is_some();
        self.tables.numbers(table).into_iter().filter(open).take(most).collect()
    }

    /// Every number of the task's table of which anything is known by now, open or closed, in order.
    pub fn numbers(&self, task: TaskId) -> Vec<i32> {
        let table = self.table(task, u64::MAX);
        table.map(|table| self.tables.numbers(table).into_iter().collect()).unwrap_or_default()
    }

    /// What all this takes in memory, in bytes, as far as it grows with the calls.
    pub fn size(&self) -> usize {
        self.descriptions.size() + self.tables.size()
    }

    /// The working directory of a task, if it is known.
    pub fn cwd(&self, task: TaskId, end_ns: u64) -> Option<&[u8]> {
        latest(&self.place(task, end_ns)?.cwd, end_ns)
    }

    /// The root directory of a task, if it is known.
    pub fn root(&self, task: TaskId, end_ns: u64) -> Option<&[u8]> {
        latest(&self.place(task, end_ns)?.root, end_ns)
    }

    /// A task appears.
    pub fn began(&mut self, task: TaskId, t_ns: u64, new: &NewTask, shares: Shares) {
        let parent = new.parent.map(|parent| (self.table(parent, t_ns + 1), self.place_id(parent, t_ns + 1)));
        let (table, place) = parent.unwrap_or_default();
        let table = match table {
            Some(table) if shares.files => table,
            Some(table) => self.tables.inherit(table, t_ns + 1, false),
            None => self.tables.create(),
        };
        let place = match place {
            Some(place) if shares.place => place,
            from => {
                self.places.push(from.map(|from| self.places[from].clone()).unwrap_or_default());
                self.places.len() - 1
            }
        };
        let index = task.0 as usize;
        if self.holders.len() <= index {
            self.holders.resize_with(index + 1, Holder::default);
        }
        let maker = new.parent.and_then(|parent| self.holders.get(parent.0 as usize));
        let ids = maker.and_then(|maker| maker.ids.last()).map(|(_, ids)| (t_ns, *ids)).into_iter().collect();
        let mounts = maker.and_then(|maker| maker.mounts.last()).map(|(_, inode)| (t_ns, *inode)).into_iter().collect();
        let secure = maker.map_or(0, |maker| maker.secure);
        let (tables, places) = (vec![(t_ns, table)], vec![(t_ns, place)]);
        self.holders[index] = Holder { tid: new.tid, tables, places, ids, mounts, secure };
        if let Some(standing) = new.image.as_ref().and_then(|image| image.standing.as_ref()) {
            self.stands(task, t_ns, standing);
        }
    }

    /// An execve succeeded: the table is the task's own now, without what is close-on-exec.
    pub fn executed(&mut self, task: TaskId, t_ns: u64, exec: &Exec) {
        self.own_table(task, t_ns, true);
        if let Some(standing) = &exec.standing {
            self.stands(task, t_ns, standing);
        }
        let tid = exec.former.and_then(|leader| self.holders.get(leader.0 as usize)).map(|leader| leader.tid);
        if let Some(holder) = self.holders.get_mut(task.0 as usize) {
            holder.secure &= !ids::KEEP_CAPS;
        }
        if let (Some(tid), Some(holder)) = (tid, self.holders.get_mut(task.0 as usize)) {
            holder.tid = tid;
        }
    }

    fn describe(&mut self, what: What, row: Option<u64>) -> u32 {
        self.descriptions.add(what, row)
    }

    fn own_table(&mut self, task: TaskId, t_ns: u64, executed: bool) {
        let Some(from) = self.table(task, t_ns + 1) else { return };
        let table = self.tables.inherit(from, t_ns + 1, executed);
        self.holders[task.0 as usize].tables.push((t_ns, table));
    }

    fn own_place(&mut self, task: TaskId, t_ns: u64) {
        let Some(from) = self.place_id(task, t_ns + 1) else { return };
        self.places.push(self.places[from].clone());
        let made = self.places.len() - 1;
        self.holders[task.0 as usize].places.push((t_ns, made));
    }

    fn table(&self, task: TaskId, end_ns: u64) -> Option<TableId> {
        let tables = &self.holders.get(task.0 as usize)?.tables;
        since(tables, end_ns).or(tables.first()).map(|(_, table)| *table)
    }

    fn place_id(&self, task: TaskId, end_ns: u64) -> Option<usize> {
        let places = &self.holders.get(task.0 as usize)?.places;
        since(places, end_ns).or(places.first()).map(|(_, place)| *place)
    }

    fn place(&self, task: TaskId, end_ns: u64) -> Option<&Place> {
        self.places.get(self.place_id(task, end_ns)?)
    }
}

/// The last of a list before a time.
fn since<T>(list: &[(u64, T)], end_ns: u64) -> Option<&(u64, T)> {
    list.partition_point(|(t_ns, _)| *t_ns < end_ns).checked_sub(1).map(|last| &list[last])
}

fn latest(list: &[(u64, Option<Vec<u8>>)], end_ns: u64) -> Option<&[u8]> {
    since(list, end_ns).and_then(|(_, path)| path.as_deref())
}

#[cfg(test)]
mod tests;
