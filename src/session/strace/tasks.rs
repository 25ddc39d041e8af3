//! Whose a line is, and who made whom: by the numbers that lines begin with, the calls that make tasks, and the tracer's
//! own remarks.
//!
//! A line without a number is of the only task there is; strace writes numbers as soon as there are two.

use std::collections::{HashMap, HashSet, VecDeque};

use super::line::{Body, Line, Whole};
use crate::model::Origin;

/// Stands for the first task until a line tells its number.
pub const FIRST: i32 = 0;

/// What a pass over the lines tells before the events are made.
#[derive(Debug, Default)]
pub struct Survey {
    /// Interrupted lines with the lines on which they go on.
    pub joins: HashMap<usize, usize>,
    resumed: HashSet<usize>,
    open: HashMap<i32, (usize, String)>,
    pub births: HashMap<i32, VecDeque<Birth>>,
    /// The number of the first task, if its lines begin without one.
    pub first: i32,
    /// Numbers that lines begin with, in order.
    seen: Vec<i32>,
    attached: HashSet<i32>,
    /// What the first task was told about itself.
    told: Option<i32>,
    whose: Whose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Birth {
    pub parent: i32,
    pub origin: Origin,
}

/// Tells which task a line is of, from the lines before.
#[derive(Debug, Default, Clone)]
pub struct Whose {
    alive: Vec<i32>,
}

impl Whose {
    pub fn of(&mut self, line: &Line<'_>, first: i32) -> i32 {
        let pid = line.pid.unwrap_or(match self.alive[..] {
            [only] => only,
            _ => first,
        });
        let over = match line.body {
            Body::Exited { .. } | Body::Killed { .. } => Some(pid),
            // The thread goes on under the number of its process.
            Body::Superseded { by } => Some(by),
            _ => None,
        };
        if let Some(over) = over {
            self.alive.retain(|alive| *alive != over);
        } else if !self.alive.contains(&pid) {
            self.alive.push(pid);
        }
        pid
    }
}

impl Survey {
    /// Whether a line is the rest of an interrupted one.
    pub fn is_rest(&self, number: usize) -> bool {
        self.resumed.contains(&number)
    }

    pub fn read(&mut self, number: usize, line: &Line<'_>, own: Option<i32>) {
        match line.body {
            Body::Attached(pid) => {
                self.attached.insert(pid);
                return;
            }
            Body::Detached(_) | Body::Mode { .. } | Body::Remark | Body::Aside | Body::Table | Body::Unreadable(_) => {
                return;
            }
            _ => {}
        }
        let line = Line { pid: line.pid.or(own), ..*line };
        if let Some(pid) = line.pid {
            self.maybe_first(pid);
        }
        let pid = self.whose.of(&line, self.first);
        if line.pid.is_some() && !self.seen.contains(&pid) && self.seen.len() < 1 << 16 {
            self.seen.push(pid);
        }
        match line.body {
            Body::Call(call) => self.call(pid, call.name, call.args, &call),
            Body::Unfinished { name, .. } => {
                self.open.insert(pid, (number, name.to_string()));
            }
            Body::Resumed { name, rest } => {
                if let Some((begun, _)) = self.open.remove(&pid).filter(|(_, open)| open == name) {
                    self.joins.insert(begun, number);
                    self.resumed.insert(number);
                }
                self.call(pid, name, rest.args, &rest);
            }
            Body::Exited { .. } | Body::Killed { .. } => drop(self.open.remove(&pid)),
            Body::Superseded { by } => {
                self.open.remove(&pid);
                if let Some(begun) = self.open.remove(&by) {
                    self.open.insert(pid, begun);
                }
            }
            _ => {}
        }
    }

    /// The first number that is nobody's child is that of the task whose lines had none.
    fn maybe_first(&mut self, pid: i32) {
        let nobodys = self.first == FIRST && !self.births.contains_key(&pid) && !self.attached.contains(&pid);
        if let Some(first) = self.whose.alive.iter_mut().find(|alive| nobodys && **alive == FIRST) {
            *first = pid;
            self.first = pid;
            if let Some(begun) = self.open.remove(&FIRST) {
                self.open.insert(pid, begun);
            }
        }
    }

    fn call(&mut self, pid: i32, name: &str, args: &str, whole: &Whole<'_>) {
        let origin = match name {
            "fork" => Origin::Fork,
            "vfork" => Origin::Vfork,
            "clone" | "clone3" => Origin::Clone,
            "set_tid_address" | "gettid" if pid == FIRST && self.told.is_none() => {
                self.told = leading(whole.result);
                return;
            }
            _ => return,
        };
        if let Some(child) = leading(whole.result).filter(|child| *child > 0) {
            let thread = args.contains("CLONE_THREAD");
            let origin = if thread { Origin::Thread } else { origin };
            self.births.entry(child).or_default().push_back(Birth { parent: pid, origin });
        }
    }

    /// After the last line.
    pub fn finish(&mut self) {
        let is_child = |pid: &i32| self.births.contains_key(pid);
        let unborn: Vec<i32> = self.seen.iter().copied().filter(|pid| !is_child(pid)).collect();
        self.first = match unborn[..] {
            _ if self.first != FIRST => self.first,
            [only] if !self.attached.contains(&only) => only,
            _ => self.told.or(unborn.first().copied()).unwrap_or(FIRST),
        };
        for birth in self.births.values_mut().flatten().filter(|birth| birth.parent == FIRST) {
            birth.parent = self.first;
        }
        self.whose = Whose::default();
        self.open.clear();
    }
}

/// A whole positive number at the beginning of a result.
fn leading(result: &str) -> Option<i32> {
    let end = result.bytes().take_while(u8::is_ascii_digit).count();
    result[..end].parse().ok()
}
