//! Events: what one stop of the engine becomes. The engine hands over *enter* and *exit* records and nothing above it
//! knows that ptrace exists.

use std::ops::Range;
use std::sync::Arc;

use super::Memory;
use crate::abi::Arch;

/// Our own id of a task (a kernel thread, `tid`), because the kernel reuses its numbers. Counts from 0 in order of
/// appearance; 0 is the first task of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub u32);

/// Events of up to 4,096 stops with the memory that they copied, as one unit of hand-over.
#[derive(Debug, Default, Clone)]
pub struct Batch {
    pub events: Vec<Event>,
    pub regions: Vec<Region>,
    /// The copied bytes of all regions.
    pub bytes: Vec<u8>,
    /// For each event the CPU time that its process had spent in the kernel by then, in nanoseconds. Empty unless that
    /// was asked for: most sessions do not.
    pub system_ns: Vec<u64>,
}

/// One copied piece of the tracee's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// Where it stood in the tracee.
    pub addr: u64,
    /// Length of the object in the tracee, in bytes; larger than `len` when the copy was cut or the memory ended.
    pub true_len: u64,
    /// Offset into `bytes` of the batch or chunk.
    pub start: u32,
    /// Bytes copied.
    pub len: u32,
    /// The memory could not be read to the end of what was asked.
    pub fault: bool,
}

#[derive(Debug, Clone)]
pub struct Event {
    pub task: TaskId,
    /// Nanoseconds on CLOCK_MONOTONIC since the session began.
    pub t_ns: u64,
    pub kind: EventKind,
}

#[derive(Debug, Clone)]
pub enum EventKind {
    /// A task is about to make a call.
    Enter(Enter),
    /// The call that the task had entered is over.
    Exit(Exit),
    /// A signal is about to be delivered.
    Signal(Signal),
    /// The task's thread group stopped (SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU).
    GroupStop { signal: u8 },
    /// An execve succeeded; the address space is new.
    Exec(Box<Exec>),
    /// A task appeared; `Event::task` is the new one.
    NewTask(Box<NewTask>),
    /// A task is gone.
    TaskEnd(TaskEnd),
    /// Tracing made a difference to this task, or ended for a reason that the user should know.
    Warning(Warning),
}

/// Where tracing is not invisible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// A set-user-ID, set-group-ID or file-capability program runs without the privileges that it would have untraced.
    /// execve(2).
    PrivilegesDropped(Dropped),
    /// The view or the disk did not follow for this long, so a task that was attached to is let go rather than frozen.
    HeldTooLong { held_ns: u64 },
    /// From here on the vDSO of every program is in this mode. Times of calls that it answers are off by `error_ns` at most
    /// against those of other tasks, as far as was measured by then; 0 where that means nothing.
    VdsoSwitched { mode: VdsoMode, error_ns: u64 },
    /// The vDSO of the task's process answered so many more calls of this number than have rows.
    VdsoUnlogged { nr: u64, count: u64 },
}

/// How the vDSO of programs is. vdso(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum VdsoMode {
    #[default]
    Natural,
    /// Its functions log what they answer, without a call.
    Shown,
    /// Its functions call the kernel, so that each is a call that is seen.
    Off,
    /// The auxv entry is removed at every exec.
    Absent,
}

impl VdsoMode {
    pub const ALL: [VdsoMode; 4] = [VdsoMode::Natural, VdsoMode::Shown, VdsoMode::Off, VdsoMode::Absent];

    /// The word of the command line and of recordings.
    pub fn name(self) -> &'static str {
        match self {
            VdsoMode::Natural => "natural",
            VdsoMode::Shown => "shown",
            VdsoMode::Off => "off",
            VdsoMode::Absent => "absent",
        }
    }

    pub fn from_name(name: &str) -> Option<VdsoMode> {
        VdsoMode::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

/// Why an execve gave no privileges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// The tracer lacks CAP_SYS_PTRACE.
    Traced,
    /// The task has no_new_privs set, by itself or by a filter of calls that sysview installed.
    NoNewPrivs,
}

/// A system-call entry.
#[derive(Debug, Clone)]
pub struct Enter {
    pub arch: Arch,
    /// As the register held it; with bit 30 on x32.
    pub nr: u64,
    pub args: [u64; 6],
    /// Address after the instruction that made the call.
    pub ip: u64,
    pub sp: u64,
    /// Memory copied at entry: indices into `regions`.
    pub regions: Range<u32>,
}

/// A system-call exit.
#[derive(Debug, Clone)]
pub struct Exit {
    pub outcome: Outcome,
    /// Who had a hand in the outcome besides the kernel.
    pub marks: Marks,
    /// Memory copied at exit: indices into `regions`.
    pub regions: Range<u32>,
}

/// A set of remarks on the end of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Marks(pub u8);

impl Marks {
    pub const NONE: Marks = Marks(0);
    /// sysview changed the call or its result.
    pub const INJECTED: Marks = Marks(1);
    /// sysview made the call wait, at its entry or its exit.
    pub const DELAYED: Marks = Marks(2);
    /// A seccomp filter that the program installed set the errno: the kernel never ran the call.
    pub const FILTERED: Marks = Marks(4);

    /// It was made by a stub of ours in place of a function of the vDSO, which would have answered without a call.
    pub const UNSEEN: Marks = Marks(8);
    /// A function of the vDSO made it, because it could not answer by itself.
    pub const FELL_BACK: Marks = Marks(16);
    /// No call at all: the vDSO answered, and a logger of ours took note. Its entry and its end follow each other at once.
    pub const VDSO: Marks = Marks(32);

    /// How long it took was not measured: another tool saw it and did not tell, or the vDSO's logger left it out.
    pub const UNTIMED: Marks = Marks(64);

    /// Only the remarks on where the call was made.
    pub fn of_place(self) -> Marks {
        Marks(self.0 & (Marks::UNSEEN.0 | Marks::FELL_BACK.0))
    }

    pub fn has(self, mark: Marks) -> bool {
        self.0 & mark.0 != 0
    }

    pub fn add(&mut self, mark: Marks) {
        self.0 |= mark.0;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The result register.
    Returned(i64),
    /// The kernel flagged an error; the positive errno. The kernel-internal restart codes 512 to 516 occur here too
    /// and are no errors to the program.
    Failed(u16),
    /// The task ended, or another thread's execve took its place, before the call came back.
    NeverReturned,
    /// A seccomp filter killed the task at this call, which therefore never ran.
    KilledBySeccomp,
    /// Tracing of this task ended while the call was going on.
    Detached,
}

/// A signal as the kernel describes it: siginfo in the tracee's layout is kept raw.
#[derive(Debug, Clone)]
pub struct Signal {
    pub number: u8,
    pub code: i32,
    pub errno: i32,
    /// What the code gives a meaning to, see `SignalDetail`.
    pub detail: SignalDetail,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignalDetail {
    None,
    /// From kill(2), tgkill(2), raise(3) or sigqueue(3) (then with a value).
    Sender {
        pid: i32,
        uid: u32,
        value: Option<u64>,
    },
    Child {
        pid: i32,
        uid: u32,
        status: i32,
        utime: i64,
        stime: i64,
    },
    Fault {
        addr: u64,
    },
    Timer {
        id: i32,
        overrun: i32,
        value: u64,
    },
    Poll {
        band: i64,
        fd: i32,
    },
    /// A seccomp filter answered TRAP.
    Syscall {
        addr: u64,
        nr: i32,
        audit_arch: u32,
    },
}

/// A new program image.
#[derive(Debug, Clone)]
pub struct Exec {
    pub path: Vec<u8>,
    /// The first 15 bytes of the file's name, as in /proc/PID/comm.
    pub comm: Vec<u8>,
    /// What the vDSO exports, shared between executions of the same kernel image.
    pub vdso: VdsoState,
    /// Executable mappings right after exec, from /proc/PID/maps.
    pub maps: Vec<Mapping>,
    /// Set when a thread that was not the leader called execve: the former leader, whose number (the process's) the
    /// caller has from now on.
    pub former: Option<TaskId>,
    /// Where the task stands and as whom it acts from now on, if /proc was asked.
    pub standing: Option<Box<Standing>>,
}

/// Where a task stands in the file system, as whom it acts, what it has open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub cwd: Vec<u8>,
    pub root: Vec<u8>,
    /// Inode number of its mount namespace. mount_namespaces(7).
    pub mount_ns: Option<u64>,
    pub ids: Ids,
    /// Empty if that was not asked.
    pub descriptors: Vec<OpenDescriptor>,
}

/// A descriptor that is open. proc_pid_fd(5), proc_pid_fdinfo(5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenDescriptor {
    pub fd: i32,
    pub link: Vec<u8>,
    /// execve(2) closes it.
    pub cloexec: bool,
}

/// As whom a task acts. credentials(7), capabilities(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    /// Real, effective, saved, and that of the file system.
    pub uids: [u32; 4],
    pub gids: [u32; 4],
    /// Sets of capabilities, number N at bit N.
    pub inheritable: u64,
    pub permitted: u64,
    pub effective: u64,
    pub bounding: u64,
    pub ambient: u64,
}

/// An executable mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub start: u64,
    pub end: u64,
    /// Offset in the file, in bytes.
    pub offset: u64,
    /// Path or kernel name such as `[vdso]`; empty if anonymous.
    pub name: Vec<u8>,
}

/// What an address space knows of the vDSO.
#[derive(Debug, Clone, Default)]
pub enum VdsoState {
    /// Not looked at, or not readable.
    #[default]
    Unknown,
    /// The kernel gave the program none.
    None,
    Present(Arc<VdsoImage>),
    /// `--vdso absent`: the auxv entry was removed; these symbols would have been there.
    Removed(Arc<VdsoImage>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VdsoImage {
    pub base: u64,
    /// In bytes.
    pub size: u64,
    pub symbols: Vec<VdsoSymbol>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VdsoSymbol {
    /// `__vdso_clock_gettime`
    pub name: String,
    /// Offset from the image's base, in bytes.
    pub offset: u64,
    /// In bytes.
    pub size: u64,
}

#[derive(Debug, Clone)]
pub struct NewTask {
    pub tid: i32,
    pub tgid: i32,
    pub parent: Option<TaskId>,
    pub origin: Origin,
    pub comm: Vec<u8>,
    pub ns: PidNamespace,
    /// What it runs, if it ran before it was attached to; any other task has its parent's image until it calls execve.
    pub image: Option<Box<Exec>>,
}

/// The numbers that a task has in PID namespaces. pid_namespaces(7).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PidNamespace {
    /// Inode number of the task's own PID namespace; 0 if not known.
    pub inode: u64,
    /// The task's tid in each namespace, from sysview's own inwards (`NSpid` of /proc/TID/status); empty if not known.
    pub tids: Vec<i32>,
}

impl PidNamespace {
    /// The number in the innermost one, if there are several.
    pub fn inner_tid(&self) -> Option<i32> {
        if self.tids.len() > 1 { self.tids.last().copied() } else { None }
    }
}

/// How a task came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The command that sysview started.
    Launch,
    Fork,
    Vfork,
    /// clone or clone3 making a process.
    Clone,
    /// clone or clone3 with CLONE_THREAD.
    Thread,
    Attach,
}

impl Origin {
    /// A word for recordings and logs that programs read.
    pub fn name(self) -> &'static str {
        match self {
            Origin::Launch => "launch",
            Origin::Fork => "fork",
            Origin::Vfork => "vfork",
            Origin::Clone => "clone",
            Origin::Thread => "thread",
            Origin::Attach => "attach",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskEnd {
    Exited {
        status: i32,
    },
    Killed {
        signal: u8,
        core: bool,
    },
    /// Another thread of the process called execve and took over the leader's number, or swept this thread away.
    SupersededByExec {
        by: TaskId,
    },
    Detached,
}

/// Appends what a tracer copies to a batch; the batch's only writer.
impl Batch {
    /// An empty batch with room for as much as another one holds, and a little more.
    pub fn with_room_of(other: &Batch) -> Batch {
        fn room(len: usize) -> usize {
            (len + len / 4).next_multiple_of(64)
        }
        Batch {
            events: Vec::with_capacity(room(other.events.len())),
            regions: Vec::with_capacity(room(other.regions.len())),
            bytes: Vec::with_capacity(room(other.bytes.len())),
            system_ns: Vec::with_capacity(other.system_ns.len()),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The regions of an event; none for a range that is not of this batch.
    pub fn regions_of(&self, range: &Range<u32>) -> &[Region] {
        self.regions.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    /// The memory of an event.
    pub fn memory(&self, range: &Range<u32>) -> Memory<'_> {
        Memory { regions: self.regions_of(range), bytes: &self.bytes }
    }

    /// The copied bytes of one region.
    pub fn region_bytes(&self, region: &Region) -> &[u8] {
        &self.bytes[region.start as usize..(region.start + region.len) as usize]
    }
}
