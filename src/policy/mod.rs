//! Sandbox profiles: which calls a candidate profile would block, by which rule, and why.
//!
//! Pure. Left out: AppArmor, other formats than Docker's and OCI's.

use crate::abi::Arch;

/// What a filter answers. seccomp(2), "Filter return values", strictest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    KillProcess,
    KillThread,
    Trap,
    Errno(u16),
    Notify,
    Trace(u16),
    Log,
    Allow,
}

impl Action {
    /// The call does not run. NOTIFY and TRACE are blocked because nobody listens: the kernel answers ENOSYS.
    pub fn blocks(self) -> bool {
        !matches!(self, Action::Allow | Action::Log)
    }
}

/// The judgement on one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub action: Action,
    /// Index of the rule in the profile's own order that decided; None: the default action.
    pub rule: Option<usize>,
    pub certainty: Certainty,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    Exact,
    /// Conflicting conditional rules, whose order libseccomp decides.
    DependsOnLibseccomp,
}

/// Under what circumstances a profile is judged; all of it is shown to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Capabilities of the bounding set, `CAP_CHOWN`, …
    pub capabilities: Vec<String>,
    /// Kernel version and major revision: (6, 18).
    pub kernel: (u32, u32),
    /// The native architecture of the machine.
    pub arch: Arch,
}
