//! Who makes the profile hold, if anybody, and whether the kernel does what the overlay says.

use crate::model::{CallRow, Marks, Outcome};
use crate::policy::{Action, Certainty, Verdict};

/// By whom calls are blocked for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// sysview answers blocked calls at their entry.
    Tracer,
    /// The compiled filter was installed when the program started.
    Kernel,
}

/// A profile that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enforced {
    pub by: By,
    /// Calls that the kernel answered otherwise than the overlay said, and the first one's row.
    pub differences: u64,
    pub first: Option<u64>,
}

impl Enforced {
    pub fn new(by: By) -> Enforced {
        Enforced { by, differences: 0, first: None }
    }

    /// Compares what the kernel made of a call with what the overlay says; true if they differ.
    pub fn compare(&mut self, seq: u64, call: &CallRow, verdict: Verdict) -> bool {
        let Some(outcome) = call.outcome.filter(|_| self.by == By::Kernel) else { return false };
        if verdict.certainty != Certainty::Exact || !differs(call.marks, outcome, verdict.action) {
            return false;
        }
        self.differences += 1;
        self.first.get_or_insert(seq);
        true
    }
}

/// Whether the kernel's answer cannot be this action's. A call that runs may fail in any way by itself.
fn differs(marks: Marks, outcome: Outcome, action: Action) -> bool {
    // What sysview changed, or what never came back, says nothing about the filter.
    if marks.has(Marks::INJECTED) || matches!(outcome, Outcome::NeverReturned | Outcome::Detached) {
        return false;
    }
    match action {
        Action::Allow | Action::Log => outcome == Outcome::KilledBySeccomp || marks.has(Marks::FILTERED),
        Action::Errno(0) => outcome != Outcome::Returned(0),
        Action::Errno(errno) => outcome != Outcome::Failed(errno),
        Action::Notify | Action::Trace(_) => outcome != Outcome::Failed(38),
        Action::KillThread | Action::KillProcess => outcome != Outcome::KilledBySeccomp,
        // The call does not run; its result is what the handler makes it.
        Action::Trap => outcome == Outcome::KilledBySeccomp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_be_is_a_difference() {
        let none = Marks::NONE;
        for (marks, outcome, action, expected) in [
            (none, Outcome::Returned(3), Action::Allow, false),
            (none, Outcome::Failed(1), Action::Allow, false),
            (Marks::FILTERED, Outcome::Failed(1), Action::Allow, true),
            (none, Outcome::KilledBySeccomp, Action::Allow, true),
            (none, Outcome::Failed(1), Action::Errno(1), false),
            (none, Outcome::Failed(2), Action::Errno(1), true),
            (none, Outcome::Returned(0), Action::Errno(1), true),
            (none, Outcome::Returned(0), Action::Errno(0), false),
            (none, Outcome::Failed(38), Action::Notify, false),
            (none, Outcome::KilledBySeccomp, Action::KillProcess, false),
            (none, Outcome::Failed(1), Action::KillThread, true),
            (none, Outcome::NeverReturned, Action::KillThread, false),
            (Marks::INJECTED, Outcome::Returned(0), Action::Errno(1), false),
        ] {
            assert_eq!(differs(marks, outcome, action), expected, "{outcome:?} {action:?}");
        }
    }
}
