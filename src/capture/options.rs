//! How a session traces, whether it launches its program or attaches to processes that run already.

use std::time::Duration;

use crate::abi::Arch;
use crate::policy::bpf::Program;
use crate::source::{Catchpoint, Tamper, VdsoMode};

#[derive(Debug, Clone)]
pub struct Tracing {
    pub vdso: VdsoMode,
    pub vdso_room: VdsoRoom,
    /// The most that is copied of a buffer, in bytes.
    pub capture_limit: usize,
    /// What is looked up about the descriptors of each call.
    pub descriptors: Descriptors,
    /// Copy the variables of each execve(2), of which otherwise only the number is known.
    pub environments: bool,
    pub co_locate: CoLocate,
    /// Tasks that traced tasks make, threads too, are traced as well.
    pub follow: bool,
    /// `Command::Step` holds all other tasks as well.
    pub step_all: bool,
    /// Hold the program at the end of its first execve.
    pub hold_at_start: bool,
    /// Catchpoints and tampering from the first call on.
    pub catch: Vec<Catchpoint>,
    pub tamper: Vec<Tamper>,
    /// Only these calls are seen.
    pub only: Option<Only>,
    /// A seccomp filter that is installed when the program starts, because that is what the user wants to see.
    pub enforce: Option<Program>,
    /// How long tasks that were attached to may be held by a view or a disk that does not follow.
    pub max_hold: Duration,
    /// Events come with the CPU time of their process, `Batch::system_ns`.
    pub system_times: bool,
    /// What the worker does is told on standard error, see `diagnosis`.
    pub debug: bool,
    /// Measure what tracing costs before the program starts (a few milliseconds).
    pub calibrate: bool,
}

/// Where the code goes that the functions of a vDSO are made to jump to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VdsoRoom {
    /// Behind the image in its last page; where that is too short, as `Page`.
    #[default]
    Padding,
    /// A page near the image, which a task of the program is made to map.
    Page,
}

impl Tracing {
    /// Whether the kernel tells of children: also where they are let go at once, if there is something to put right in them.
    pub fn hears_of_children(&self) -> bool {
        self.follow || matches!(self.vdso, VdsoMode::Shown | VdsoMode::Off)
    }
}

impl Default for Tracing {
    fn default() -> Tracing {
        Tracing {
            vdso: VdsoMode::Natural,
            vdso_room: VdsoRoom::Padding,
            capture_limit: 256,
            descriptors: Descriptors::Numbers,
            environments: false,
            co_locate: CoLocate::Auto,
            follow: true,
            step_all: false,
            hold_at_start: false,
            catch: Vec::new(),
            tamper: Vec::new(),
            only: None,
            enforce: None,
            max_hold: Duration::from_secs(5),
            system_times: false,
            debug: false,
            calibrate: false,
        }
    }
}

/// Whether tracer and tasks are confined to one CPU, which makes stops cheap on virtual machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CoLocate {
    /// While tasks stop often and do not really run in parallel; never for programs that are attached to, whose masks
    /// would stay changed if sysview were killed.
    #[default]
    Auto,
    On,
    Off,
}

/// What is looked up about a descriptor, in /proc, while the call waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Descriptors {
    /// Nothing.
    #[default]
    Numbers,
    /// Of those that calls return: which file it is.
    Opened,
    /// Of all, these.
    Behind(Kinds),
}

/// A set of what there is to say of descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    pub const NONE: Kinds = Kinds(0);
    /// The path that it was opened by, or the kernel's word for what has none.
    pub const PATH: Kinds = Kinds(1);
    /// The ends of a socket.
    pub const SOCKET: Kinds = Kinds(2);
    /// The numbers of a device.
    pub const DEVICE: Kinds = Kinds(4);
    /// The process of a pidfd.
    pub const PIDFD: Kinds = Kinds(8);
    /// The signals of a signalfd.
    pub const SIGNALFD: Kinds = Kinds(16);
    /// What an eventfd counts.
    pub const EVENTFD: Kinds = Kinds(32);
    pub const ALL: Kinds = Kinds(63);

    pub fn and(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    pub fn has(self, kind: Kinds) -> bool {
        self.0 & kind.0 != 0
    }

    pub fn bits(self) -> u8 {
        self.0
    }

    pub fn of_bits(bits: u8) -> Kinds {
        Kinds(bits & Kinds::ALL.0)
    }
}

/// The calls that are seen, if not all are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Only {
    /// In the user's words.
    pub words: String,
    /// By architecture, as the register holds them.
    pub numbers: Vec<(Arch, Vec<u64>)>,
    /// Numbers that no ABI knows are seen as well.
    pub unknown: bool,
    /// Others do not even stop, by a seccomp filter: for programs that are launched, and only if `Tracing::follow`, because
    /// a task under the filter that nobody traces could not make the calls that are seen.
    pub at_full_speed: bool,
}
