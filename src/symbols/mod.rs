//! From an address to a place with a name: `libc.so.6+0x1147f`, `[vdso]+0xaf0`, `__vdso_clock_gettime+0x12`.
//!
//! Pure: what is mapped where is learned from events alone. An exec brings the executable mappings of the new image;
//! later calls (mmap, munmap, mprotect, mremap) change them, with file names from the calls that made the descriptors.
//! Threads and vforked children share their parent's address space, forked ones begin with a copy.
//! Left out: names of functions in files (that needs the files), and history beyond the images that a task ran: within
//! one image, an address is located by what is mapped now.

mod calls;
mod space;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::model::{CallRow, Changes, Exec, Origin, RowKind, Store, TaskId, VdsoState};
use calls::Op;
use space::{Mapped, Space};

/// A place in the image of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file's name without directories (`libc.so.6`), the kernel's name of a mapping (`[vdso]`, `[stack]`), or the
    /// vDSO function that holds the address (`__vdso_clock_gettime`). Printable ASCII; other bytes are escaped.
    pub name: String,
    /// Bytes from the beginning of `name`: of the file for a file (what `objdump -d` and `addr2line` take for a shared
    /// library whose addresses equal its offsets, and what strace -k prints), of the mapping for a kernel name, of the
    /// function for a function.
    pub offset: u64,
    /// The whole path or kernel name: `/usr/lib/x86_64-linux-gnu/libc.so.6`, `[vdso]`. Escaped as `name` is.
    pub image: String,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{:#x}", self.name, self.offset)
    }
}

/// Paths by descriptor.
type Files = BTreeMap<i32, Arc<[u8]>>;

/// The address spaces of all tasks, as of the last update.
#[derive(Debug, Default)]
pub struct Spaces {
    /// By `TaskId`.
    tasks: Vec<TaskPlace>,
    /// By `TaskId`: the images that the task left by an exec, with the row of that exec.
    left: Vec<Vec<(u64, usize)>>,
    /// Copied only when changed, so that a fork costs nothing. Kept after the tasks' end: their rows are still looked at.
    spaces: Vec<Arc<Space>>,
    files: Vec<Arc<Files>>,
}

/// Where a task's memory and descriptors are kept.
#[derive(Debug, Clone, Copy)]
struct TaskPlace {
    space: usize,
    files: usize,
    /// Flags of the last clone or clone3 that the task made.
    clone_flags: u64,
}

impl Spaces {
    /// Follows what an append changed. Rows that change no mapping cost a look at their number.
    pub fn update(&mut self, store: &Store, changes: &Changes) {
        let mut completed = changes.completed.iter().copied().peekable();
        for seq in changes.added.clone() {
            let Some(row) = store.row(seq) else { break };
            // Places are kept only for tasks that the store knows: an id out of a damaged file must not make many.
            if store.task(row.task).is_none() {
                continue;
            }
            match &row.kind {
                RowKind::Call(call) => {
                    if Op::of(call.arch, call.nr) == Op::Clone {
                        let flags = calls::clone_flags(store, seq);
                        self.place(row.task).clone_flags = flags;
                    }
                }
                RowKind::NewTask(new) => {
                    // What the parent did before counts for the child, what it does after does not.
                    self.complete_until(store, &mut completed, row.t_ns);
                    let parent = new.parent.filter(|parent| store.task(*parent).is_some());
                    // Of a thread that was attached to nobody saw the clone that made it.
                    let joined = new.origin == Origin::Attach && new.tid != new.tgid;
                    let origin = if joined { Origin::Thread } else { new.origin };
                    self.add_task(row.task, parent, origin);
                    if let Some(image) = &new.image {
                        self.exec(seq, row.task, image);
                    }
                }
                RowKind::Exec(exec) => {
                    self.complete_until(store, &mut completed, row.t_ns);
                    self.exec(seq, row.task, exec);
                }
                RowKind::Signal(_) | RowKind::GroupStop { .. } | RowKind::TaskEnd(_) | RowKind::Warning(_) => {}
            }
        }
        self.complete_until(store, &mut completed, u64::MAX);
    }

    /// The place of an address in a task's memory as it is now; None if nothing is known to be mapped there.
    pub fn locate(&self, task: TaskId, address: u64) -> Option<Location> {
        self.find(self.tasks.get(task.0 as usize)?.space, address)
    }

    /// The place of an address in the image that a task ran at a row, which need not be the one that it runs now.
    pub fn locate_at(&self, task: TaskId, seq: u64, address: u64) -> Option<Location> {
        let left = self.left.get(task.0 as usize)?;
        match left.get(left.partition_point(|(exec, _)| *exec <= seq)) {
            Some((_, space)) => self.find(*space, address),
            None => self.locate(task, address),
        }
    }

    fn find(&self, space: usize, address: u64) -> Option<Location> {
        let space = self.spaces.get(space)?;
        if let Some(vdso) = &space.vdso
            && let Some(offset) = address.checked_sub(vdso.base)
            && offset < vdso.size
        {
            let holds = |start: u64, size: u64| start <= offset && offset - start < size;
            let symbol = vdso.symbols.iter().find(|s| holds(s.offset, s.size));
            let (name, start) = symbol.map_or(("[vdso]", 0), |s| (&s.name, s.offset));
            return Some(Location { name: printable(name.as_bytes()), offset: offset - start, image: "[vdso]".into() });
        }
        let (mapped, offset) = space.find(address)?;
        let name: &[u8] = if mapped.name.is_empty() { b"[anonymous]" } else { &mapped.name };
        let short = if name.starts_with(b"/") { name.rsplit(|b| *b == b'/').next().unwrap_or(name) } else { name };
        Some(Location { name: printable(short), offset, image: printable(name) })
    }

    fn complete_until(
        &mut self,
        store: &Store,
        completed: &mut std::iter::Peekable<impl Iterator<Item = u64>>,
        t_ns: u64,
    ) {
        while let Some(seq) = completed.peek().copied() {
            if let Some(row) = store.row(seq)
                && let RowKind::Call(call) = &row.kind
            {
                if call.t_exit_ns > t_ns {
                    return;
                }
                let op = Op::of(call.arch, call.nr);
                if op != Op::Other && op != Op::Clone {
                    self.apply(store, seq, row.task, op, call);
                }
            }
            completed.next();
        }
    }

    fn apply(&mut self, store: &Store, seq: u64, task: TaskId, op: Op, call: &CallRow) {
        let Some(held) = store.call(seq) else { return };
        let TaskPlace { space, files, .. } = *self.place(task);
        let Some(effect) = calls::effect(op, call, &held.view(), &self.files[files]) else { return };
        effect.apply(&mut self.spaces[space], &mut self.files[files]);
    }

    fn exec(&mut self, seq: u64, task: TaskId, exec: &Exec) {
        let mut space = Space::default();
        for map in &exec.maps {
            space.insert(map.start, Mapped { end: map.end, offset: map.offset, name: map.name.as_slice().into() });
        }
        space.vdso = match &exec.vdso {
            VdsoState::Present(image) | VdsoState::Removed(image) => Some(image.clone()),
            VdsoState::Unknown | VdsoState::None => None,
        };
        // The new image stands alone, also where memory or descriptors were shared before (vfork, CLONE_FILES).
        let TaskPlace { files, space: old, .. } = *self.place(task);
        let files = self.files[files].clone();
        self.left[task.0 as usize].push((seq, old));
        let place = self.new_place(Arc::new(space), files);
        *self.place(task) = place;
    }

    fn add_task(&mut self, task: TaskId, parent: Option<TaskId>, origin: Origin) {
        const CLONE_VM: u64 = 0x100;
        const CLONE_FILES: u64 = 0x400;
        let Some(parent) = parent.map(|parent| *self.place(parent)) else {
            let place = self.new_place(Arc::default(), Arc::default());
            *self.place(task) = place;
            return;
        };
        let (shared_space, shared_files) = match origin {
            Origin::Thread => (true, true),
            Origin::Vfork => (true, false),
            Origin::Clone => (parent.clone_flags & CLONE_VM != 0, parent.clone_flags & CLONE_FILES != 0),
            Origin::Fork | Origin::Launch | Origin::Attach => (false, false),
        };
        let mut place = self.new_place(self.spaces[parent.space].clone(), self.files[parent.files].clone());
        if shared_space {
            place.space = parent.space;
        }
        if shared_files {
            place.files = parent.files;
        }
        *self.place(task) = place;
    }

    fn new_place(&mut self, space: Arc<Space>, files: Arc<Files>) -> TaskPlace {
        self.spaces.push(space);
        self.files.push(files);
        TaskPlace { space: self.spaces.len() - 1, files: self.files.len() - 1, clone_flags: 0 }
    }

    /// A task's place; one that nobody announced begins with nothing.
    fn place(&mut self, task: TaskId) -> &mut TaskPlace {
        let index = task.0 as usize;
        while self.tasks.len() <= index {
            let place = self.new_place(Arc::default(), Arc::default());
            self.tasks.push(place);
            self.left.push(Vec::new());
        }
        &mut self.tasks[index]
    }
}

fn printable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte == b' ' || byte.is_ascii_graphic() {
            text.push(byte.into());
        } else {
            text.extend(byte.escape_ascii().map(char::from));
        }
    }
    text
}
