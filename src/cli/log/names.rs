//! Names of processes beside their numbers: strace's `-Y`.
//!
//! Of tasks that are traced the names come with the events. Of others /proc is asked when the line is written; strace
//! asks it while the call waits, so a process that ends at once can have a name there and none here. That a process is
//! gone is known from the calls that wait for it, if these are printed.

use std::collections::HashMap;

use crate::abi;
use crate::capture;
use crate::decode::{self, Value};
use crate::model::{CallView, Enter, Memory, NewTask, Outcome, TaskId};

/// Processes that ended and have not been waited for; with more than this, some are forgotten.
const ZOMBIES: usize = 1024;

#[derive(Debug)]
struct Known {
    /// As in the model: sysview's own number first, the one that it knows itself by last.
    numbers: Vec<i32>,
    comm: Vec<u8>,
}

#[derive(Debug, Default)]
pub struct Names {
    wanted: bool,
    tasks: HashMap<TaskId, Known>,
    zombies: HashMap<i32, Vec<u8>>,
}

impl Names {
    pub fn new(wanted: bool) -> Names {
        Names { wanted, ..Names::default() }
    }

    pub fn wanted(&self) -> bool {
        self.wanted
    }

    pub fn began(&mut self, task: TaskId, new: &NewTask) {
        if self.wanted {
            let numbers = if new.ns.tids.is_empty() { vec![new.tid] } else { new.ns.tids.clone() };
            self.zombies.remove(&new.tid);
            self.tasks.insert(task, Known { numbers, comm: new.comm.clone() });
        }
    }

    /// An execve, or prctl(2) with PR_SET_NAME.
    pub fn renamed(&mut self, task: TaskId, comm: &[u8]) {
        if let Some(known) = self.tasks.get_mut(&task) {
            known.comm = comm.to_vec();
        }
    }

    /// A thread that called execve has the numbers of its leader from then on.
    pub fn replaced(&mut self, leader: TaskId, by: TaskId) {
        if let Some(numbers) = self.tasks.remove(&leader).map(|leader| leader.numbers)
            && let Some(known) = self.tasks.get_mut(&by)
        {
            known.numbers = numbers;
        }
    }

    pub fn ended(&mut self, task: TaskId) {
        let Some(known) = self.tasks.remove(&task) else { return };
        if self.zombies.len() >= ZOMBIES {
            self.zombies.clear();
        }
        self.zombies.extend(known.numbers.first().map(|&number| (number, known.comm)));
    }

    /// A call is over: it may have taken a zombie away.
    pub fn note(&mut self, view: &CallView<'_>) {
        const WNOWAIT: u64 = 0x0100_0000;
        let (Some(call), Some(Outcome::Returned(value))) = (abi::lookup(view.arch, view.nr), view.outcome) else {
            return;
        };
        match call.name {
            "wait4" | "waitpid" => {
                i32::try_from(value).ok().and_then(|number| self.zombies.remove(&number));
            }
            "waitid" if view.args[3] & WNOWAIT == 0 => {
                let found =
                    decode::call(view, &decode::Options::default()).args.into_iter().nth(2).map(|arg| arg.value);
                if let Some(Value::Struct { fields, .. }) = found
                    && let Some((_, Value::Pid(number))) = fields.iter().find(|(name, _)| name == "si_pid")
                {
                    i32::try_from(*number).ok().and_then(|number| self.zombies.remove(&number));
                }
            }
            _ => {}
        }
    }

    /// A call begins: it may give the task a name.
    pub fn entered(&mut self, task: TaskId, enter: &Enter, memory: Memory<'_>) {
        if let Some(name) = own_name(enter, memory).filter(|_| self.wanted) {
            self.renamed(task, name);
        }
    }

    /// Of a task that is traced.
    pub fn comm(&self, task: TaskId) -> Option<&[u8]> {
        self.tasks.get(&task).map(|known| known.comm.as_slice())
    }

    /// Of the process that `asker` means by a number. In a PID namespace of its own, only traced ones are found.
    pub fn of(&self, asker: TaskId, number: i32) -> Option<Vec<u8>> {
        if !self.wanted {
            return None;
        }
        let level = self.tasks.get(&asker).map_or(0, |known| known.numbers.len() - 1);
        let found =
            self.tasks.values().find(|known| known.numbers.get(level) == Some(&number)).map(|known| &known.comm);
        match found.or_else(|| self.zombies.get(&number)) {
            Some(comm) => Some(comm.clone()),
            None if level == 0 => capture::comm(number),
            None => None,
        }
    }
}

/// The name that a task gives itself by prctl(2): the call cannot fail with a name that can be read.
pub fn own_name<'a>(enter: &Enter, memory: Memory<'a>) -> Option<&'a [u8]> {
    const PR_SET_NAME: u32 = 15;
    const COMM: usize = 15;
    let is_prctl = || abi::lookup(enter.arch, enter.nr).is_some_and(|call| call.name == "prctl");
    let name = memory.at(enter.args[1]).filter(|_| enter.args[0] as u32 == PR_SET_NAME && is_prctl())?.bytes;
    Some(name[..name.len().min(COMM)].split(|&byte| byte == 0).next().unwrap_or_default())
}
