//! What calls were about: paths, descriptors, addresses. How often, with how many errors, how many bytes were moved, how
//! long it took and how much of that was waiting.
//!
//! A call counts for each path that it names and for each that one of its descriptors is; the bytes that it moved count for
//! the descriptors that it moved them between. Left out: bytes moved by messages in bulk and by io_uring(7), and what
//! mapped memory was read or written.

use std::collections::HashMap;

use super::waits::{Transfer, is_stream, transfer, waits};
use crate::abi::{self, Call, Meaning, Ret, Type};
use crate::model::{CallRow, CallView, Changes, Descriptor, Memory, Outcome, RowKind, Store, TaskId, What};

const AT_FDCWD: i32 = -100;

/// Bytes that calls said they moved, and the calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    pub calls: u64,
    pub errors: u64,
    /// Read from the subject, in bytes.
    pub read: u64,
    /// Written to it, in bytes.
    pub written: u64,
    /// Wall time of the calls whose time is known, in nanoseconds.
    pub total_ns: u64,
}

/// A path, absolute where the directory was known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathStats {
    pub path: Vec<u8>,
    pub moved: Moved,
}

/// One opening: a descriptor with what is behind it, and its duplicates and heirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescriptorStats {
    /// The first task that used it, and the number that it had there.
    pub task: TaskId,
    pub fd: i32,
    /// Row of the call that made it; None if it was open before the first event.
    pub made: Option<u64>,
    /// None if nothing is known of it.
    pub what: Option<What>,
    /// The last that used it, and when: then it was open, whatever it is now.
    pub last: Used,
    pub moved: Moved,
}

/// A descriptor in use: what `Files::descriptor` is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    pub task: TaskId,
    pub fd: i32,
    pub end_ns: u64,
}

/// The other end of sockets, as the kernel has it: a raw socket address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressStats {
    pub address: Vec<u8>,
    pub moved: Moved,
}

/// The tables.
#[derive(Debug, Default, Clone)]
pub struct Subjects {
    paths: Vec<PathStats>,
    descriptors: Vec<DescriptorStats>,
    addresses: Vec<AddressStats>,
    path_index: HashMap<Vec<u8>, u32>,
    descriptor_index: HashMap<Opening, u32>,
    address_index: HashMap<Vec<u8>, u32>,
    blocked_ns: u64,
    /// The same by `TaskId`.
    blocked_of: Vec<u64>,
    read: u64,
    written: u64,
    /// Openings count from the call that makes them, not from the first that uses them.
    unused: bool,
}

/// What tells openings apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Opening {
    /// The row that made it, and which of its descriptors: pipe(2) makes two.
    Made(u64, bool),
    /// It was open before; its process and number.
    Before(i32, i32),
}

/// What one call adds to each of its subjects.
struct Act {
    task: TaskId,
    t_ns: u64,
    failed: bool,
    bytes: u64,
    duration_ns: u64,
}

impl Subjects {
    /// Takes in one append. Call it once for every `Changes`, in order, with the store that gave them.
    pub fn update(&mut self, store: &Store, changes: &Changes) {
        changes.completed.iter().for_each(|&seq| self.add(store, seq));
    }

    /// The tables of some rows. Calls that have not come back do not count.
    pub fn over(store: &Store, rows: impl IntoIterator<Item = u64>) -> Subjects {
        let mut subjects = Subjects::default();
        rows.into_iter().for_each(|seq| subjects.add(store, seq));
        subjects
    }

    /// Tables in which an opening stands as soon as it is made, also if no call ever uses it.
    pub fn with_unused() -> Subjects {
        Subjects { unused: true, ..Subjects::default() }
    }

    /// The place in `descriptors` of a descriptor that a task has at some moment.
    pub fn place_of(&self, store: &Store, used: Used) -> Option<u32> {
        let found = store.files().descriptor(used.task, used.fd, used.end_ns);
        self.descriptor_index.get(&opening(store, used.task, used.fd, found.as_ref())).copied()
    }

    /// The part of `blocked_ns` that one task spent.
    pub fn blocked_ns_of(&self, task: TaskId) -> u64 {
        self.blocked_of.get(task.0 as usize).copied().unwrap_or(0)
    }

    /// Every path, in order of first appearance.
    pub fn paths(&self) -> &[PathStats] {
        &self.paths
    }

    /// Every opening that was used, in order of first use.
    pub fn descriptors(&self) -> &[DescriptorStats] {
        &self.descriptors
    }

    /// Every address of another end, in order of first appearance.
    pub fn addresses(&self) -> &[AddressStats] {
        &self.addresses
    }

    /// Wall time in calls that wait by their nature, or for what is no file; summed over all tasks, in nanoseconds.
    pub fn blocked_ns(&self) -> u64 {
        self.blocked_ns
    }

    /// Bytes that calls took from descriptors, and that they gave to them.
    pub fn bytes(&self) -> (u64, u64) {
        (self.read, self.written)
    }

    /// Takes in one row, once it is complete.
    pub fn add(&mut self, store: &Store, seq: u64) {
        let (Some(row), Some(view)) = (store.row(seq), store.call(seq)) else { return };
        let RowKind::Call(call) = &row.kind else { return };
        if matches!(call.outcome, Some(Outcome::Returned(_) | Outcome::Failed(_))) {
            self.call(store, row.task, row.t_ns, call, &view.view());
        }
    }

    fn call(&mut self, store: &Store, task: TaskId, t_ns: u64, row: &CallRow, view: &CallView<'_>) {
        let Some(declared) = abi::lookup(view.arch, view.nr) else { return };
        let entry = view.entry;
        let behind =
            abi::behind(view.arch, declared, view.args, |addr, len| entry.exact(addr, len).map(<[u8]>::to_vec));
        let (call, args) = behind.map_or((declared, *view.args), |behind| (behind.call, behind.args));
        let call = call.select(&args);
        let transfer = transfer(call.name);
        let bytes = match (view.outcome, transfer) {
            (Some(Outcome::Returned(count)), Some(_)) => count.max(0) as u64,
            _ => 0,
        };
        let duration_ns = row.duration_ns(t_ns).unwrap_or(0);
        let act = Act { task, t_ns, failed: row.errno().is_some(), bytes, duration_ns };
        let mut blocked = waits(call.name, call.variant);
        let mut paths: [Option<u32>; 6] = [None; 6];
        for (index, (arg, raw)) in call.args.iter().zip(args).enumerate() {
            if arg.when.is_some_and(|cond| !cond.holds(&args)) {
                continue;
            }
            let path = match arg.ty {
                Type::Path => self.named(store, &act, view, call, index, &args),
                Type::Num { meaning: Meaning::Fd { .. }, .. } => {
                    let (path, stream) = self.descriptor(store, &act, raw as i32, index, transfer);
                    blocked |= stream && transfer.is_some();
                    path
                }
                Type::Custom { name: "sockaddr", .. } => {
                    self.spoken_to(store, &act, view, call, &args, index);
                    None
                }
                _ => None,
            };
            // The same path twice, as in rename("a", "a"), is one subject.
            if let Some(path) = path.filter(|_| !paths.contains(&path)) {
                paths[index] = Some(path);
                act.count(&mut self.paths[path as usize].moved, index, transfer);
            }
        }
        if blocked {
            self.blocked_ns = self.blocked_ns.saturating_add(duration_ns);
            let place = task.0 as usize;
            if self.blocked_of.len() <= place {
                self.blocked_of.resize(place + 1, 0);
            }
            self.blocked_of[place] = self.blocked_of[place].saturating_add(duration_ns);
        }
        if let (true, Ret::NewFd, Some(Outcome::Returned(fd))) = (self.unused, call.ret, view.outcome) {
            self.opening(store, task, fd as i32, row.t_exit_ns + 1);
        }
        if let Some(Transfer { from, to }) = transfer {
            self.read = self.read.saturating_add(from.map_or(0, |_| bytes));
            self.written = self.written.saturating_add(to.map_or(0, |_| bytes));
        }
    }

    /// The path in an argument.
    fn named(
        &mut self,
        store: &Store,
        act: &Act,
        view: &CallView<'_>,
        call: &Call,
        index: usize,
        args: &[u64; 6],
    ) -> Option<u32> {
        let piece = view.entry.at(pointer(view, args[index]))?;
        let path = until_nul(piece.bytes);
        if path.first() == Some(&b'/') {
            return Some(self.path(path));
        }
        let base = match index.checked_sub(1).map(|before| call.args[before].ty) {
            Some(Type::Num { meaning: Meaning::DirFd, .. }) => args[index - 1] as i32,
            _ => AT_FDCWD,
        };
        // The text of a link is no path yet.
        let link_text = call.name.starts_with("symlink") && index == 0;
        match store.files().resolve(act.task, act.t_ns, base, path.to_vec()).filter(|_| !link_text) {
            Some(whole) => Some(self.path(&whole)),
            None if path.is_empty() || link_text => None,
            None => Some(self.path(path)),
        }
    }

    fn path(&mut self, path: &[u8]) -> u32 {
        if let Some(&index) = self.path_index.get(path) {
            return index;
        }
        let index = self.paths.len() as u32;
        self.paths.push(PathStats { path: path.to_vec(), moved: Moved::default() });
        self.path_index.insert(path.to_vec(), index);
        index
    }

    /// Counts for a descriptor. Its path, if it is a file, and whether it can make callers wait.
    fn descriptor(
        &mut self,
        store: &Store,
        act: &Act,
        fd: i32,
        index: usize,
        transfer: Option<Transfer>,
    ) -> (Option<u32>, bool) {
        if fd < 0 {
            return (None, false);
        }
        let at = self.opening(store, act.task, fd, act.t_ns);
        let found = store.files().descriptor(act.task, fd, act.t_ns);
        let what = found.as_ref().map(|found| found.what);
        act.count(&mut self.descriptors[at as usize].moved, index, transfer);
        if let (Some(peer), Some(_)) = (found.as_ref().and_then(|found| found.peer), transfer) {
            let address = self.address(peer);
            act.count(&mut self.addresses[address].moved, index, transfer);
        }
        let path = match what {
            Some(What::File(path) | What::Link(path)) if path.first() == Some(&b'/') => Some(self.path(path)),
            _ => None,
        };
        (path, what.is_some_and(is_stream))
    }

    /// The place of an opening in the table.
    fn opening(&mut self, store: &Store, task: TaskId, fd: i32, end_ns: u64) -> u32 {
        let found = store.files().descriptor(task, fd, end_ns);
        let next = self.descriptors.len() as u32;
        let at = *self.descriptor_index.entry(opening(store, task, fd, found.as_ref())).or_insert(next);
        let last = Used { task, fd, end_ns };
        match self.descriptors.get_mut(at as usize) {
            Some(known) => known.last = last,
            None => {
                let made = found.as_ref().and_then(made_by);
                let what = found.map(|found| found.what.clone());
                self.descriptors.push(DescriptorStats { task, fd, made, what, last, moved: Moved::default() });
            }
        }
        at
    }

    /// Counts for the address in an argument, if it is another end's: of connect(2), accept(2), sendto(2), recvfrom(2).
    fn spoken_to(&mut self, store: &Store, act: &Act, view: &CallView<'_>, call: &Call, args: &[u64; 6], index: usize) {
        if !matches!(call.name, "connect" | "accept" | "accept4" | "sendto" | "recvfrom") {
            return;
        }
        // A connected socket's address was counted with the descriptor.
        let transfer = transfer(call.name);
        let connected = store.files().descriptor(act.task, args[0] as i32, act.t_ns).is_some_and(|d| d.peer.is_some());
        if connected && transfer.is_some() {
            return;
        }
        let addr = pointer(view, args[index]);
        let gives = matches!(call.name, "connect" | "sendto");
        let len = match gives {
            true => args.get(index + 1).map(|&len| len as u32),
            false => args.get(index + 1).and_then(|&len| number(view.exit, pointer(view, len))),
        };
        let piece = if gives { view.entry.at(addr) } else { view.exit.at(addr) };
        let (Some(piece), Some(len)) = (piece, len) else { return };
        let address = &piece.bytes[..(len as usize).min(piece.bytes.len())];
        // A family alone names nobody.
        if address.len() > 2 {
            let at = self.address(address);
            act.count(&mut self.addresses[at].moved, 0, transfer);
        }
    }

    fn address(&mut self, address: &[u8]) -> usize {
        if let Some(&index) = self.address_index.get(address) {
            return index as usize;
        }
        let index = self.addresses.len();
        self.addresses.push(AddressStats { address: address.to_vec(), moved: Moved::default() });
        self.address_index.insert(address.to_vec(), index as u32);
        index
    }
}

impl Act {
    /// Adds the call to a subject that its argument `index` is about.
    fn count(&self, moved: &mut Moved, index: usize, transfer: Option<Transfer>) {
        moved.calls += 1;
        moved.errors += u64::from(self.failed);
        moved.total_ns = moved.total_ns.saturating_add(self.duration_ns);
        if let Some(Transfer { from, to }) = transfer {
            moved.read = moved.read.saturating_add(if from == Some(index) { self.bytes } else { 0 });
            moved.written = moved.written.saturating_add(if to == Some(index) { self.bytes } else { 0 });
        }
    }
}

/// Row of the call that made what is behind a descriptor.
fn made_by(found: &Descriptor<'_>) -> Option<u64> {
    found.made.or(found.row)
}

fn opening(store: &Store, task: TaskId, fd: i32, found: Option<&Descriptor<'_>>) -> Opening {
    match found.and_then(made_by) {
        Some(row) => Opening::Made(row, found.is_some_and(|found| *found.what == What::PipeEnd { writes: true })),
        None => Opening::Before(store.task(task).map_or(0, |task| task.tgid), fd),
    }
}

fn pointer(view: &CallView<'_>, raw: u64) -> u64 {
    if view.arch.word() == 4 { raw & 0xffff_ffff } else { raw }
}

fn number(memory: Memory<'_>, addr: u64) -> Option<u32> {
    memory.exact(addr, 4)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}
