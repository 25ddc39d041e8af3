//! Calls that a signal interrupted and that go on as restart_syscall(2), by task.
//!
//! restart_syscall has no arguments: only what the task did before tells which call it is.

use std::collections::HashMap;

use super::{Enter, Outcome, TaskId};
use crate::abi::{self, Arch};

/// ERESTART_RESTARTBLOCK of include/linux/errno.h: the kernel knows how to go on.
const RESTART_BLOCK: u16 = 516;

/// The last call of each task that can be restarted.
#[derive(Debug, Default)]
pub struct Interrupted {
    by_task: HashMap<TaskId, u64>,
}

impl Interrupted {
    /// Takes the exit of any call.
    pub fn note(&mut self, task: TaskId, arch: Arch, nr: u64, outcome: Outcome) {
        // One that is interrupted again still stands for the call before it.
        if outcome == Outcome::Failed(RESTART_BLOCK) && !is_restart(arch, nr) {
            self.by_task.insert(task, nr);
        }
    }

    /// The number of the call that `enter` restarts; None if it is another call, or nothing was seen of the first.
    pub fn by(&self, task: TaskId, enter: &Enter) -> Option<u64> {
        let nr = self.by_task.get(&task)?;
        is_restart(enter.arch, enter.nr).then_some(*nr)
    }

    /// The task has ended.
    pub fn forget(&mut self, task: TaskId) {
        self.by_task.remove(&task);
    }
}

fn is_restart(arch: Arch, nr: u64) -> bool {
    abi::lookup(arch, nr).is_some_and(|call| call.name == "restart_syscall")
}
