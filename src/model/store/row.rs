//! Rows as they are handed out.

use std::sync::Arc;

use crate::abi::Arch;
use crate::model::event::*;

/// One row of the trace, as it was when it was asked for. `seq` is its index in the store.
#[derive(Debug, Clone)]
pub struct Row {
    pub task: TaskId,
    /// Time of the event, for a call its entry; nanoseconds since the session began.
    pub t_ns: u64,
    pub kind: RowKind,
}

#[derive(Debug, Clone)]
pub enum RowKind {
    Call(CallRow),
    Signal(Signal),
    GroupStop { signal: u8 },
    Exec(Arc<Exec>),
    NewTask(Arc<NewTask>),
    TaskEnd(TaskEnd),
    Warning(Warning),
}

impl RowKind {
    /// The call (of x86-64) whose answers by the vDSO a row counts, because they have no rows of their own.
    pub fn unlogged(&self) -> Option<u64> {
        match self {
            RowKind::Warning(Warning::VdsoUnlogged { nr, .. }) => Some(*nr),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct CallRow {
    pub arch: Arch,
    pub nr: u64,
    pub args: [u64; 6],
    pub ip: u64,
    pub sp: u64,
    /// None while the call goes on.
    pub outcome: Option<Outcome>,
    pub marks: Marks,
    /// Nanoseconds since the session began; meaningless while `outcome` is None.
    pub t_exit_ns: u64,
}

impl CallRow {
    /// Wall time between the two stops, as the tracer saw them; None while the call goes on, if it never returned, or if
    /// nobody measured it.
    pub fn duration_ns(&self, entered_ns: u64) -> Option<u64> {
        match self.outcome {
            _ if self.marks.has(Marks::UNTIMED) => None,
            Some(Outcome::Returned(_) | Outcome::Failed(_)) => Some(self.t_exit_ns.saturating_sub(entered_ns)),
            _ => None,
        }
    }

    /// The errno of a failed call; restart codes are no errors.
    pub fn errno(&self) -> Option<u16> {
        match self.outcome {
            Some(Outcome::Failed(e)) if !(512..=516).contains(&e) => Some(e),
            _ => None,
        }
    }
}
