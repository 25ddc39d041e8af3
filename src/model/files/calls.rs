//! Which calls change descriptor tables and places in the file system, and how.
//!
//! A call that closes does so when it begins: the kernel gives the number out again before the call has come back. All
//! else happens when a call is over and has succeeded.

use super::given::{Given, given, reads_descriptors, socket};
use super::{Files, What};
use crate::abi::fetch::descriptor_address;
use crate::abi::{self, Arch, Call, Meaning, Ret, Type};
use crate::model::{CallView, Enter, Marks, Memory, Outcome, TaskId};

const AT_FDCWD: i32 = -100;
const O_CLOEXEC: u64 = 0o2000000;
const CLONE_FS: u64 = 0x200;
const CLONE_FILES: u64 = 0x400;
const CLONE_NEWNS: u64 = 0x20000;
const CLOSE_RANGE_UNSHARE: u64 = 2;
const CLOSE_RANGE_CLOEXEC: u64 = 4;
/// asm-generic/ioctls.h.
const FIOCLEX: u32 = 0x5451;
const FIONCLEX: u32 = 0x5450;

/// A call with its arguments, behind i386's socketcall(2) too.
pub(super) struct Made<'a> {
    pub call: &'static Call,
    pub name: &'static str,
    pub args: [u64; 6],
    pub arch: Arch,
    pub entry: Memory<'a>,
    pub exit: Memory<'a>,
}

impl Made<'_> {
    pub fn fd(&self, index: usize) -> i32 {
        self.args[index] as i32
    }

    pub fn address(&self, index: usize) -> u64 {
        if self.arch.word() == 4 { self.args[index] & 0xffff_ffff } else { self.args[index] }
    }

    /// A path or a name that the call was given.
    fn text(&self, index: usize) -> Option<Vec<u8>> {
        let piece = self.entry.at(self.address(index))?;
        Some(piece.bytes.split(|&byte| byte == 0).next().unwrap_or_default().to_vec())
    }

    /// The file that a new descriptor is of, if somebody asked for it while the call waited; see `abi::fetch`.
    fn resolved(&self, fd: i32) -> Option<What> {
        let piece = self.exit.at(descriptor_address(fd))?;
        let path = piece.bytes.split(|&byte| byte == 0).next().unwrap_or_default();
        (path.first() == Some(&b'/')).then(|| What::File(path.to_vec()))
    }

    /// A number that the kernel stored.
    pub fn exit_int(&self, addr: u64) -> Option<i32> {
        self.exit.exact(addr, 4).map(int)
    }

    /// Two of them, as of pipe(2).
    pub fn pair(&self, index: usize) -> Option<[i32; 2]> {
        let bytes = self.exit.exact(self.address(index), 8)?;
        Some([int(&bytes[..4]), int(&bytes[4..])])
    }

    /// Whether execve(2) closes what the call gives: always, as the call's flags say, or never.
    pub fn cloexec(&self) -> bool {
        const PERF_FLAG_FD_CLOEXEC: u64 = 8;
        match self.name {
            "io_uring_setup" | "landlock_create_ruleset" | "mq_open" | "pidfd_getfd" | "pidfd_open" => true,
            "ioctl" => self.call.variant != "TIOCGPTPEER" || self.args[2] & O_CLOEXEC != 0,
            "perf_event_open" => self.args[4] & PERF_FLAG_FD_CLOEXEC != 0,
            "socket" | "socketpair" => self.args[1] & O_CLOEXEC != 0,
            // Its other flags are for the descriptors in its events.
            "fanotify_init" => self.args[0] & 1 != 0,
            "openat2" => self.entry.exact(self.address(2), 8).is_some_and(|how| word(how) & O_CLOEXEC != 0),
            _ => self.call.args.iter().zip(self.args).any(|(arg, raw)| match arg.ty {
                Type::Num { meaning: Meaning::Flags(set), .. } => {
                    let is_it = |name: &str| name.ends_with("_CLOEXEC");
                    let mut constants = set.constants(self.arch).iter();
                    constants.any(|c| is_it(c.name) && c.value != 0 && raw & c.value == c.value)
                }
                _ => false,
            }),
        }
    }
}

pub(super) fn int(bytes: &[u8]) -> i32 {
    let mut all = [0; 4];
    all.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    i32::from_le_bytes(all)
}

pub(super) fn word(bytes: &[u8]) -> u64 {
    let mut all = [0; 8];
    all.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    u64::from_le_bytes(all)
}

impl Files {
    /// A call begins.
    pub fn entered(&mut self, task: TaskId, t_ns: u64, enter: &Enter) {
        let Some(call) = abi::lookup(enter.arch, enter.nr) else { return };
        let Some(table) = self.table(task, t_ns + 1) else { return };
        match call.name {
            "close" => self.tables.close(table, enter.args[0] as i32, t_ns),
            // With flags it closes nothing of others, or nothing at all.
            "close_range" if enter.args[2] as u32 == 0 => {
                self.tables.sweep(table, enter.args[0] as u32, enter.args[1] as u32, t_ns, true);
            }
            _ => {}
        }
    }

    /// A call in row `row` is over.
    pub fn exited(&mut self, task: TaskId, row: u64, t_ns: u64, view: &CallView<'_>) {
        let Some(call) = abi::lookup(view.arch, view.nr) else { return };
        let value = match view.outcome {
            Some(Outcome::Returned(value)) => value,
            // However close(2) fails, the number is free; but here the kernel did not come to it.
            Some(Outcome::Failed(_)) if view.marks.has(Marks::FILTERED) || view.marks.has(Marks::INJECTED) => {
                if let Some(table) = self.table(task, t_ns + 1).filter(|_| call.name == "close") {
                    self.tables.undo_close(table, view.args[0] as i32, t_ns);
                }
                return;
            }
            _ => return,
        };
        let (arch, entry, exit) = (view.arch, view.entry, view.exit);
        let behind = abi::behind(arch, call, view.args, |addr, len| entry.exact(addr, len).map(<[u8]>::to_vec));
        let (call, args) = behind.map_or((call, *view.args), |behind| (behind.call, behind.args));
        let call = call.select(&args);
        let made = Made { call, name: call.name, args, arch, entry, exit };
        self.change(task, row, t_ns, &made, value);
        if matches!(made.name, "capset" | "prctl" | "unshare" | "setns") || made.name.starts_with("set") {
            self.changed_ids(task, t_ns, &made);
        }
    }

    fn change(&mut self, task: TaskId, row: u64, t_ns: u64, made: &Made<'_>, value: i64) {
        const F_DUPFD: u64 = 0;
        const F_SETFD: u64 = 2;
        const F_DUPFD_CLOEXEC: u64 = 1030;
        let Some(table) = self.table(task, t_ns + 1) else { return };
        match made.name {
            "dup" => self.duplicate(task, row, t_ns, made.fd(0), value as i32, false),
            "dup2" if made.fd(0) == made.fd(1) => {}
            "dup2" => self.duplicate(task, row, t_ns, made.fd(0), value as i32, false),
            "dup3" => self.duplicate(task, row, t_ns, made.fd(0), value as i32, made.args[2] & O_CLOEXEC != 0),
            "fcntl" | "fcntl64" => match made.args[1] & 0xffff_ffff {
                F_DUPFD => self.duplicate(task, row, t_ns, made.fd(0), value as i32, false),
                F_DUPFD_CLOEXEC => self.duplicate(task, row, t_ns, made.fd(0), value as i32, true),
                F_SETFD => self.tables.set_cloexec(table, made.fd(0), t_ns, made.args[2] & 1 != 0),
                _ => {}
            },
            "socket" => self.give(task, row, t_ns, value as i32, socket(made), made.cloexec()),
            "accept" | "accept4" => self.accepted(task, row, t_ns, made, value as i32),
            "bind" | "connect" => self.addressed(task, t_ns, made),
            "pidfd_open" => self.give(task, row, t_ns, value as i32, What::Pidfd(made.fd(0)), true),
            "pidfd_getfd" => self.taken(task, row, t_ns, made, value as i32),
            // With a descriptor of its own kind, these change what it is about.
            "signalfd" | "signalfd4" if made.fd(0) >= 0 => {}
            "close_range" if made.args[2] as u32 != 0 => {
                if made.args[2] & CLOSE_RANGE_UNSHARE != 0 {
                    self.own_table(task, t_ns, false);
                }
                let close = made.args[2] & CLOSE_RANGE_CLOEXEC == 0;
                if let Some(own) = self.table(task, t_ns + 1) {
                    self.tables.sweep(own, made.args[0] as u32, made.args[1] as u32, t_ns, close);
                }
            }
            "unshare" => {
                if made.args[0] & CLONE_FILES != 0 {
                    self.own_table(task, t_ns, false);
                }
                if made.args[0] & (CLONE_FS | CLONE_NEWNS) != 0 {
                    self.own_place(task, t_ns);
                }
            }
            // The new mount namespace's root.
            "setns" if made.args[1] & CLONE_NEWNS != 0 => {
                self.moved(task, t_ns, Some(b"/".to_vec()), false);
                self.moved(task, t_ns, Some(b"/".to_vec()), true);
            }
            "ioctl" if matches!(made.args[1] as u32, FIOCLEX | FIONCLEX) => {
                self.tables.set_cloexec(table, made.fd(0), t_ns, made.args[1] as u32 == FIOCLEX);
            }
            // Its result counts the rings that the program registered: IORING_SETUP_REGISTERED_FD_ONLY.
            "io_uring_setup"
                if made
                    .entry
                    .exact(made.address(1).wrapping_add(8), 4)
                    .is_some_and(|flags| int(flags) & 1 << 15 != 0) => {}
            "chdir" | "chroot" => {
                let path = made.text(0).and_then(|path| self.resolve(task, t_ns, AT_FDCWD, path));
                self.moved(task, t_ns, path, made.name == "chroot");
            }
            "pivot_root" => self.pivoted(task, t_ns, made),
            "fchdir" => {
                let path = self.directory(task, t_ns, made.fd(0));
                self.moved(task, t_ns, path, false);
            }
            _ if matches!(made.call.ret, Ret::NewFd) => {
                let what = made.resolved(value as i32).unwrap_or_else(|| self.opened(task, t_ns, made));
                self.reads_descriptors |= reads_descriptors(made.name);
                self.give(task, row, t_ns, value as i32, what, made.cloexec());
            }
            _ => {
                // Only where it can matter, because read(2) is what programs do most.
                let source = self.reads_descriptors.then(|| self.descriptor(task, made.fd(0), t_ns)).flatten();
                let source = match source.map(|source| source.what) {
                    Some(What::Other { call, .. }) => Some(*call),
                    _ => None,
                };
                for Given { fd, what, cloexec } in given(made, value, source) {
                    self.give(task, row, t_ns, fd, what, cloexec);
                }
            }
        }
    }

    fn give(&mut self, task: TaskId, row: u64, t_ns: u64, fd: i32, what: What, cloexec: bool) {
        self.given_out(task, row, t_ns, fd, what, cloexec);
    }

    /// As `give`; the number of what is behind the descriptor.
    fn given_out(&mut self, task: TaskId, row: u64, t_ns: u64, fd: i32, what: What, cloexec: bool) -> Option<u32> {
        let table = self.table(task, t_ns + 1).filter(|_| fd >= 0)?;
        let description = self.describe(what, Some(row));
        self.tables.open(table, fd, t_ns, description, cloexec, Some(row));
        Some(description)
    }

    /// Nothing is known of the new one if nothing is of the old.
    fn duplicate(&mut self, task: TaskId, row: u64, t_ns: u64, from: i32, to: i32, cloexec: bool) {
        let Some(table) = self.table(task, t_ns + 1) else { return };
        match self.tables.get(table, from, t_ns) {
            Some(slot) => self.tables.open(table, to, t_ns, slot.description, cloexec, Some(row)),
            None => self.tables.close(table, to, t_ns),
        }
    }

    /// What open(2) and all others made whose result is a descriptor.
    fn opened(&self, task: TaskId, t_ns: u64, made: &Made<'_>) -> What {
        let index = made.call.args.iter().position(|arg| {
            matches!(arg.ty, Type::Path | Type::Str | Type::Custom { name: "mq_name" | "memfd_name", .. })
        });
        let name = index.and_then(|index| made.text(index)).unwrap_or_default();
        match made.name {
            "open" | "creat" | "openat" | "openat2" => {
                let base = if made.name.starts_with("openat") { made.fd(0) } else { AT_FDCWD };
                What::File(self.resolve(task, t_ns, base, name.clone()).unwrap_or(name))
            }
            _ => What::Other { call: made.name, name },
        }
    }

    fn accepted(&mut self, task: TaskId, row: u64, t_ns: u64, made: &Made<'_>, fd: i32) {
        let Some(table) = self.table(task, t_ns + 1) else { return };
        let slot = self.tables.get(table, made.fd(0), t_ns);
        let listener = slot.map(|slot| slot.description);
        let what = listener.and_then(|listener| self.descriptions.what(listener)).cloned();
        let local = listener.and_then(|listener| self.descriptions.addresses(listener)?.local.last().cloned());
        let what = what.unwrap_or(What::Other { call: made.name, name: Vec::new() });
        let given = self.given_out(task, row, t_ns, fd, what, made.cloexec());
        let len = made.exit.exact(made.address(2), 4).map_or(0, |len| int(len).max(0) as usize);
        let peer = made.exit.at(made.address(1)).map(|piece| piece.bytes[..len.min(piece.bytes.len())].to_vec());
        let Some(given) = given else { return };
        if let Some((_, address)) = local {
            self.descriptions.bound(given, t_ns, address);
        }
        if let Some(address) = peer.filter(|address| address.len() >= 2) {
            self.descriptions.connected(given, t_ns, address);
        }
    }

    fn addressed(&mut self, task: TaskId, t_ns: u64, made: &Made<'_>) {
        let len = made.args[2] as u32 as usize;
        let address = made.entry.at(made.address(1)).map(|piece| piece.bytes[..len.min(piece.bytes.len())].to_vec());
        let Some(address) = address.filter(|address| address.len() >= 2) else { return };
        let slot = self.table(task, t_ns + 1).and_then(|table| self.tables.get(table, made.fd(0), t_ns));
        match slot {
            Some(slot) if made.name == "bind" => self.descriptions.bound(slot.description, t_ns, address),
            Some(slot) => self.descriptions.connected(slot.description, t_ns, address),
            None => {}
        }
    }

    /// pidfd_getfd(2): a duplicate of another process's descriptor.
    fn taken(&mut self, task: TaskId, row: u64, t_ns: u64, made: &Made<'_>, fd: i32) {
        let Some(table) = self.table(task, t_ns + 1) else { return };
        let pid = match self.descriptor(task, made.fd(0), t_ns).map(|pidfd| pidfd.what) {
            Some(What::Pidfd(pid)) => *pid,
            _ => 0,
        };
        let other = self.holders.iter().rposition(|holder| holder.tid == pid && pid > 0);
        let theirs = other.and_then(|other| self.table(TaskId(other as u32), t_ns));
        match theirs.and_then(|theirs| self.tables.get(theirs, made.fd(1), t_ns)) {
            Some(slot) => self.tables.open(table, fd, t_ns, slot.description, true, Some(row)),
            None => self.give(task, row, t_ns, fd, What::Other { call: made.name, name: Vec::new() }, true),
        }
    }

    fn moved(&mut self, task: TaskId, t_ns: u64, path: Option<Vec<u8>>, root: bool) {
        let Some(place) = self.place_id(task, t_ns + 1) else { return };
        let list = if root { &mut self.places[place].root } else { &mut self.places[place].cwd };
        list.push((t_ns, path));
    }

    /// pivot_root(2): what was below the new root is below `/`; the rest is where the old root was put.
    fn pivoted(&mut self, task: TaskId, t_ns: u64, made: &Made<'_>) {
        let absolute = |path: Option<Vec<u8>>| path.and_then(|path| self.resolve(task, t_ns, AT_FDCWD, path));
        let (new, old) = (absolute(made.text(0)), absolute(made.text(1)));
        let below = |path: &[u8], root: &[u8]| -> Option<Vec<u8>> {
            let rest = path.strip_prefix(root)?;
            match rest.first() {
                None => Some(b"/".to_vec()),
                Some(b'/') => Some(rest.to_vec()),
                Some(_) => root.ends_with(b"/").then(|| [b"/", rest].concat()),
            }
        };
        let cwd = match (self.cwd(task, t_ns), &new, &old) {
            // Who stood at the old root stands at the new one.
            (Some(b"/"), ..) => Some(b"/".to_vec()),
            (Some(cwd), Some(new), Some(old)) => below(cwd, new).or_else(|| {
                let old = below(old, new)?;
                Some([old.strip_suffix(b"/").unwrap_or(&old), cwd].concat())
            }),
            _ => None,
        };
        self.moved(task, t_ns, cwd, false);
        self.moved(task, t_ns, Some(b"/".to_vec()), true);
    }

    /// A path from the root, if it is one or its directory is known: that of the descriptor `base`, or for AT_FDCWD the
    /// one that the task is in. path_resolution(7)
    pub fn resolve(&self, task: TaskId, t_ns: u64, base: i32, path: Vec<u8>) -> Option<Vec<u8>> {
        if path.first() == Some(&b'/') {
            return Some(path);
        }
        let mut whole = match base {
            AT_FDCWD => self.cwd(task, t_ns)?.to_vec(),
            _ => self.directory(task, t_ns, base)?,
        };
        let path = path.strip_prefix(b"./").unwrap_or(&path);
        if !matches!(path, b"" | b".") {
            if whole.last() != Some(&b'/') {
                whole.push(b'/');
            }
            whole.extend_from_slice(path);
        }
        Some(whole)
    }

    fn directory(&self, task: TaskId, t_ns: u64, fd: i32) -> Option<Vec<u8>> {
        match self.descriptor(task, fd, t_ns)?.what {
            What::File(path) | What::Link(path) if path.first() == Some(&b'/') => Some(path.clone()),
            _ => None,
        }
    }
}

/// What a task that is made shares, as the call says that is making it; of a thread nothing else is known.
pub fn shares(view: Option<&CallView<'_>>, thread: bool) -> super::Shares {
    let flags = view.and_then(|view| match abi::lookup(view.arch, view.nr)?.name {
        "clone" => Some(view.args[0]),
        "clone3" => view.entry.exact(view.args[0], 8).map(word),
        _ => Some(0),
    });
    match flags {
        Some(flags) => super::Shares { files: flags & CLONE_FILES != 0, place: flags & CLONE_FS != 0 },
        None => super::Shares { files: thread, place: thread },
    }
}
