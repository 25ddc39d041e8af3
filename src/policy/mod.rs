//! Sandbox profiles: which calls a candidate profile would block, by which rule, and why.
//!
//! A [`Profile`] is what a file says. [`Profile::resolve`] reads it under a [`Context`] (capabilities, kernel, machine) and
//! gives a [`Judge`], which answers for one call at a time. A [`Runtime`] says who turns it into a filter: Docker's daemon
//! chooses the rules, runc adds its answer `ENOSYS` for numbers above every one that the profile names, libseccomp makes
//! the program; others leave one or the other out.
//! [`bpf`] compiles a judge into the program that the kernel would run, and runs such programs. seccomp(2).
//!
//! Profiles come in several [`Form`]s: [`read`] takes them in, [`write`] puts a [`Draft`] into any of them, and [`generate`]
//! makes one from recordings.
//!
//! Pure. Left out: AppArmor.

pub mod bpf;
mod builtin;
mod circumstances;
mod condition;
mod context;
mod detour;
mod diff;
mod draft;
mod error;
mod explain;
mod form;
mod generate;
mod json;
mod judge;
mod library;
mod lint;
mod multiplex;
mod names;
mod parse;
pub mod portable;
mod profile;
mod read;
mod resolve;
mod runtime;
mod table;
#[cfg(test)]
mod tests_random;
mod texts;
mod words;
mod write;

use std::fmt;

pub use builtin::{Builtin, builtin, builtins};
pub use circumstances::{Cap, Circumstances};
pub use condition::{Condition, Op};
pub use context::{Context, capabilities, capability};
pub use detour::detour;
pub use diff::{Difference, allowed, diff};
pub use draft::{Draft, DraftRule, merge};
pub use error::{ProfileError, Warning};
pub use explain::{Change, Check, Explanation, Quote, Reason};
pub use form::Form;
pub use generate::{Evidence, Gathered, Seen, Wishes, generate, not_allowed};
pub use judge::Judge;
pub use library::{Alone, Library, Source};
pub use lint::{Finding, check};
pub use profile::{Architectures, Profile, Rule, Selector};
pub use read::{Set, members, sets};
pub use runtime::Runtime;
pub use words::nearest;
pub use write::{Written, write};

/// What a filter answers. seccomp(2), "Filter return values", strictest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    KillProcess,
    KillThread,
    /// SIGSYS.
    Trap,
    /// The call does not run and returns this errno; 0 means it pretends to have succeeded.
    Errno(u16),
    Notify,
    /// The number is a message to a tracer.
    Trace(u16),
    Log,
    Allow,
}

impl Action {
    /// The call does not run. NOTIFY and TRACE are blocked because nobody listens: the kernel answers ENOSYS.
    pub fn blocks(self) -> bool {
        !matches!(self, Action::Allow | Action::Log)
    }

    /// The errno that the program sees, if the call is answered and not the program ended. 0: success is pretended.
    pub fn errno(self) -> Option<u16> {
        match self {
            Action::Errno(errno) => Some(errno),
            Action::Notify | Action::Trace(_) => Some(ENOSYS),
            _ => None,
        }
    }

    /// One letter for narrow columns; a point for a call that runs.
    pub fn symbol(self) -> char {
        match self {
            Action::KillProcess => 'K',
            Action::KillThread => 'k',
            Action::Trap => 'T',
            Action::Errno(_) => 'E',
            Action::Notify => 'N',
            Action::Trace(_) => 't',
            Action::Log => 'L',
            Action::Allow => '·',
        }
    }

    /// What happens to the program, in a sentence.
    pub fn meaning(self) -> String {
        match self {
            Action::KillProcess => "the whole process is killed with SIGSYS".into(),
            Action::KillThread => "the calling thread is killed with SIGSYS".into(),
            Action::Trap => "the call does not run; the program gets SIGSYS".into(),
            Action::Errno(0) => "the call does not run, but the program is told that it succeeded (0)".into(),
            Action::Errno(errno) => format!("the call does not run and fails with {}", errno_name(errno)),
            Action::Notify => "the call waits for a supervisor; with none listening it fails with ENOSYS".into(),
            Action::Trace(_) => "the call is handed to a tracer; with none listening it fails with ENOSYS".into(),
            Action::Log => "the call runs and is written to the audit log".into(),
            Action::Allow => "the call runs".into(),
        }
    }
}

/// The words of a mark: `ERRNO EPERM`, `KILL`, `ALLOW`.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::KillProcess => f.pad("KILL"),
            Action::KillThread => f.pad("KILL_THREAD"),
            Action::Trap => f.pad("TRAP"),
            Action::Errno(errno) => f.pad(&format!("ERRNO {}", errno_name(*errno))),
            Action::Notify => f.pad("NOTIFY"),
            Action::Trace(_) => f.pad("TRACE"),
            Action::Log => f.pad("LOG"),
            Action::Allow => f.pad("ALLOW"),
        }
    }
}

/// The judgement on one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub action: Action,
    /// Index of the rule in the profile's own order that decided; None: the default action, or no rule could apply.
    pub rule: Option<usize>,
    pub certainty: Certainty,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    Exact,
    /// Conflicting conditional rules, whose order libseccomp decides, or rules that it is known to translate wrongly in
    /// some cases (seen with 2.5.4). The action given is the likeliest one, or what the rules say.
    DependsOnLibseccomp,
}

/// The same number on every architecture that sysview knows. errno(3).
const EPERM: u16 = 1;
const ENOSYS: u16 = 38;

fn errno_name(errno: u16) -> String {
    match crate::abi::errno(errno) {
        Some((name, _)) => name.to_owned(),
        None => errno.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_actions() {
        for (action, words, blocks, errno) in [
            (Action::KillProcess, "KILL", true, None),
            (Action::KillThread, "KILL_THREAD", true, None),
            (Action::Trap, "TRAP", true, None),
            (Action::Errno(1), "ERRNO EPERM", true, Some(1)),
            (Action::Errno(0), "ERRNO 0", true, Some(0)),
            (Action::Errno(4000), "ERRNO 4000", true, Some(4000)),
            (Action::Notify, "NOTIFY", true, Some(38)),
            (Action::Trace(7), "TRACE", true, Some(38)),
            (Action::Log, "LOG", false, None),
            (Action::Allow, "ALLOW", false, None),
        ] {
            assert_eq!((action.to_string().as_str(), action.blocks(), action.errno()), (words, blocks, errno));
        }
        assert_eq!(format!("{:>6}", Action::Log), "   LOG");
    }
}
