//! Events of one line: the task that it is of, the call that it tells, and ends that are due by then.

use std::cmp::Reverse;

use super::call::{self, Text};
use super::events::{Due, Events, TaskState};
use super::line::{Line, Whole};
use super::memory::Room;
use super::outcome;
use super::tasks::Birth;
use crate::abi::{self, Arch};
use crate::decode::printed::{name_of, pieces, unquote};
use crate::model::{
    Enter, Event, EventKind, Exec, Exit, Marks, NewTask, Origin, Outcome, PidNamespace, Region, TaskEnd, TaskId,
    VdsoState,
};

/// The most bytes of a name, as in /proc/PID/comm.
const COMM: usize = 15;

impl Events {
    /// A call that one line tells.
    pub(super) fn call(&mut self, number: usize, pid: i32, line: &Line<'_>, name: &str, whole: &Whole<'_>) {
        let Some((arch, nr)) = self.number(pid, name, line.nr) else {
            return self.complain(number, "a call that no table has");
        };
        let Some((ended, result)) = outcome::read(whole.result) else {
            return self.complain(number, "a result that is none");
        };
        let text = Text {
            arch,
            nr,
            before: whole.args,
            after: "",
            interrupted: false,
            result: Some(result),
            ended: Some(ended),
            ip: line.ip.unwrap_or(0),
        };
        let made = call::make(&text, &mut self.manners);
        self.enter(pid, &text, made.args, &made.entry);
        let exec = started(name, whole.args, ended.outcome);
        let due = Due { exit: made.exit, exec, ..self.due(pid, ended, whole.took_ns) };
        self.ends(due);
    }

    /// A call whose line was interrupted; `rest` is what a later line tells of it.
    pub(super) fn begun(
        &mut self,
        number: usize,
        pid: i32,
        line: &Line<'_>,
        name: &str,
        (before, detached): (&str, bool),
        rest: Option<&Whole<'_>>,
    ) {
        let Some((arch, nr)) = self.number(pid, name, line.nr) else {
            return self.complain(number, "a call that no table has");
        };
        let ended = rest.and_then(|rest| outcome::read(rest.result));
        if rest.is_some() && ended.is_none() {
            self.complain(number, "a result that is none");
        }
        let text = Text {
            arch,
            nr,
            before,
            after: rest.map_or("", |rest| rest.args),
            interrupted: true,
            result: ended.map(|(_, text)| text),
            ended: ended.map(|(ended, _)| ended),
            ip: line.ip.unwrap_or(0),
        };
        let made = call::make(&text, &mut self.manners);
        self.enter(pid, &text, made.args, &made.entry);
        let Some((ended, _)) = ended else {
            if detached {
                let ended = outcome::Ended { outcome: Outcome::Detached, marks: Marks::NONE };
                let due = self.due(pid, ended, None);
                self.ends(due);
            }
            return;
        };
        let whole = format!("{before}{}", text.after);
        let took_ns = rest.and_then(|rest| rest.took_ns);
        let due = Due { exit: made.exit, exec: started(name, &whole, ended.outcome), ..self.due(pid, ended, took_ns) };
        match took_ns {
            Some(_) => self.ends(due),
            None => {
                if let Some(task) = self.tasks.get_mut(&pid) {
                    task.pending = Some(due);
                }
            }
        }
    }

    /// The rest of an interrupted line: its call is over.
    pub(super) fn resumed(&mut self, pid: i32) {
        let Some(task) = self.tasks.get_mut(&pid) else { return };
        let due = task.due_ns.take();
        if let Some(mut due) = task.pending.take() {
            // Both lines have times, which tell how long it took.
            due.t_ns = self.now_ns;
            due.marks = Marks(due.marks.0 & !Marks::UNTIMED.0);
            if !self.fine {
                due.marks.add(Marks::UNTIMED);
            }
            self.exit(due);
        } else if let Some(t_ns) = due {
            self.flush(t_ns);
        }
    }

    /// What a task did before is over.
    pub(super) fn settle(&mut self, pid: i32) {
        if let Some(t_ns) = self.tasks.get_mut(&pid).and_then(|task| task.due_ns.take()) {
            self.flush(t_ns);
        }
    }

    /// Ends that are due by then.
    pub(super) fn flush(&mut self, t_ns: u64) {
        while self.due.peek().is_some_and(|Reverse(due)| due.t_ns <= t_ns) {
            if let Some(Reverse(due)) = self.due.pop() {
                self.exit(due);
            }
        }
    }

    fn due(&mut self, pid: i32, ended: outcome::Ended, took_ns: Option<u64>) -> Due {
        self.order += 1;
        let mut marks = ended.marks;
        if took_ns.is_none() {
            marks.add(Marks::UNTIMED);
        }
        let t_ns = self.now_ns.saturating_add(took_ns.unwrap_or(0));
        Due { t_ns, order: self.order, pid, outcome: ended.outcome, marks, exit: Room::default(), exec: None }
    }

    fn ends(&mut self, due: Due) {
        if due.t_ns <= self.now_ns {
            return self.exit(due);
        }
        if let Some(task) = self.tasks.get_mut(&due.pid) {
            task.due_ns = Some(due.t_ns);
        }
        self.due.push(Reverse(due));
    }

    fn exit(&mut self, due: Due) {
        self.now_ns = self.now_ns.max(due.t_ns);
        let Some(task) = self.tasks.get_mut(&due.pid) else { return };
        task.due_ns = task.due_ns.filter(|t_ns| *t_ns != due.t_ns);
        task.open = false;
        if let Some(path) = due.exec {
            let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
            task.comm = name[..name.len().min(COMM)].to_vec();
            let (comm, former) = (task.comm.clone(), task.former.take());
            let exec = Exec { path, comm, vdso: VdsoState::Unknown, maps: Vec::new(), former, standing: None };
            self.push(due.pid, EventKind::Exec(Box::new(exec)));
        }
        let regions = self.regions(&due.exit);
        self.push(due.pid, EventKind::Exit(Exit { outcome: due.outcome, marks: due.marks, regions }));
    }

    fn enter(&mut self, pid: i32, text: &Text<'_>, args: [u64; 6], entry: &Room) {
        let regions = self.regions(entry);
        // A call of which the end is nowhere is over when the task makes the next.
        if self.tasks.get(&pid).is_some_and(|task| task.open) {
            self.lost(pid);
        }
        if let Some(task) = self.tasks.get_mut(&pid) {
            task.open = true;
        }
        let enter = Enter { arch: text.arch, nr: text.nr, args, ip: text.ip, sp: 0, regions };
        self.push(pid, EventKind::Enter(enter));
    }

    fn lost(&mut self, pid: i32) {
        if let Some(task) = self.tasks.get_mut(&pid) {
            (task.open, task.pending) = (false, None);
        }
        let exit = Exit { outcome: Outcome::NeverReturned, marks: Marks::NONE, regions: 0..0 };
        self.push(pid, EventKind::Exit(exit));
    }

    fn regions(&mut self, room: &Room) -> std::ops::Range<u32> {
        let (first, shift) = (self.batch.regions.len() as u32, self.batch.bytes.len() as u32);
        self.batch.bytes.extend_from_slice(&room.bytes);
        self.batch.regions.extend(room.regions.iter().map(|r| Region { start: r.start + shift, ..*r }));
        first..self.batch.regions.len() as u32
    }

    pub(super) fn push(&mut self, pid: i32, kind: EventKind) {
        let Some(task) = self.tasks.get(&pid).map(|task| TaskId(task.id)) else { return };
        self.batch.events.push(Event { task, t_ns: self.now_ns, kind });
    }

    /// A task ends, and with it the call that it was in.
    pub(super) fn ended(&mut self, pid: i32, end: TaskEnd) {
        if self.tasks.get(&pid).is_some_and(|task| task.open) {
            self.lost(pid);
        }
        self.push(pid, EventKind::TaskEnd(end));
        if let Some(task) = self.tasks.get_mut(&pid) {
            task.ended = true;
        }
    }

    /// A thread that called execve took over the number of its process.
    pub(super) fn superseded(&mut self, pid: i32, by: i32) {
        self.task(by, None);
        let Some(taker) = self.tasks.get(&by).map(|task| TaskId(task.id)) else { return };
        let leader = self.tasks.get(&pid).map(|task| TaskId(task.id));
        self.ended(pid, TaskEnd::SupersededByExec { by: taker });
        if let Some(mut task) = self.tasks.remove(&by) {
            task.former = leader;
            if let Some(due) = &mut task.pending {
                due.pid = pid;
            }
            self.tasks.insert(pid, task);
        }
    }

    pub(super) fn mode(&mut self, pid: i32, words: &str) {
        let arch = match words {
            "32 bit" => Arch::I386,
            "x32" => Arch::X32,
            _ => Arch::X86_64,
        };
        let pid = if pid == self.survey.first || self.tasks.contains_key(&pid) { pid } else { self.survey.first };
        self.task(pid, None);
        if let Some(task) = self.tasks.get_mut(&pid) {
            task.arch = Some(arch);
        }
    }

    /// Makes the task of a number known.
    pub(super) fn task(&mut self, pid: i32, comm: Option<&str>) {
        if self.tasks.get(&pid).is_some_and(|task| !task.ended) {
            return;
        }
        let birth = self.survey.births.get_mut(&pid).and_then(std::collections::VecDeque::pop_front);
        let parent = birth.and_then(|birth: Birth| self.tasks.get(&birth.parent));
        let origin = match birth {
            Some(birth) => birth.origin,
            None if self.count == 0 && self.launched => Origin::Launch,
            None => Origin::Attach,
        };
        let inherited = parent.map(|parent| parent.comm.clone()).unwrap_or_default();
        let comm = comm.map_or(inherited, |comm| comm.as_bytes().to_vec());
        let tgid = parent.filter(|_| origin == Origin::Thread).map_or(pid, |parent| parent.tgid);
        let (arch, parent) = (parent.and_then(|parent| parent.arch), parent.map(|parent| TaskId(parent.id)));
        let id = self.count;
        self.count += 1;
        self.tasks.insert(pid, TaskState { id, tgid, arch, comm: comm.clone(), ..TaskState::default() });
        let ns = PidNamespace::default();
        let new = NewTask { tid: pid, tgid, parent, origin, comm, ns, image: None };
        self.push(pid, EventKind::NewTask(Box::new(new)));
    }

    /// The architecture and the number of a call: of those that the task may have, the first that has a call of that name.
    fn number(&mut self, pid: i32, name: &str, told: Option<u64>) -> Option<(Arch, u64)> {
        let own = self.tasks.get(&pid).and_then(|task| task.arch).unwrap_or(self.default_arch);
        if let Some(nr) = name.strip_prefix("syscall_0x").and_then(|digits| u64::from_str_radix(digits, 16).ok()) {
            return Some((own, nr));
        }
        let all = || [own, Arch::X86_64, Arch::I386, Arch::Aarch64].into_iter();
        // A number (`-n`) tells the architecture of this one call.
        if let Some(nr) = told {
            let is_it = |arch: &Arch| abi::lookup(*arch, nr).is_some_and(|call| call.name == name);
            if let Some(arch) = all().find(is_it) {
                return Some((arch, nr));
            }
        }
        // What i386 does through socketcall(2) and ipc(2) is printed, and taken, as the call that it is.
        let arch = all().find(|&arch| abi::number(arch, name).is_some())?;
        if arch != own
            && let Some(task) = self.tasks.get_mut(&pid)
        {
            // A name that the architecture does not have tells that it is another.
            task.arch = Some(arch);
        }
        Some((arch, abi::number(arch, name)?))
    }
}

/// The program that an execve started.
fn started(name: &str, args: &str, outcome: Outcome) -> Option<Vec<u8>> {
    let position = match name {
        "execve" => 0,
        "execveat" => 1,
        _ => return None,
    };
    let pieces = pieces(args);
    let call = abi::by_name(name);
    let path = pieces.get(position).map(|piece| name_of(piece, call).1).and_then(unquote)?.0;
    matches!(outcome, Outcome::Returned(0)).then_some(path)
}
