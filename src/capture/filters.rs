//! The seccomp filters of the program's tasks, kept to tell a filter's errno from the kernel's own. seccomp(2).
//!
//! The kernel runs filters after the entry stop and does not say what they answered: a call that a filter failed looks
//! like one that the kernel failed. So a filter is copied when a task installs it, and asked once more when a call of
//! such a task comes back with an error. A task without filters pays nothing for this. Left out: kills and traps, which
//! the kernel reports by itself (`stops`).

use std::sync::Arc;

use super::tasks::Open;
use super::tracee::SyscallInfo;
use super::worker::Engine;
use super::{installed, memory};
use crate::abi::Arch;
use crate::model::{Marks, Outcome};
use crate::policy::Action;
use crate::policy::bpf::{Data, MAX_INSTRUCTIONS, Program};

/// SECCOMP_SET_MODE_STRICT and SECCOMP_SET_MODE_FILTER of seccomp(2).
const SET_MODE_STRICT: u32 = 0;
const SET_MODE_FILTER: u32 = 1;
/// SECCOMP_MODE_STRICT and SECCOMP_MODE_FILTER of prctl(2).
const MODE_STRICT: u64 = 1;
const MODE_FILTER: u64 = 2;
/// The filter holds for every thread of the process.
const FLAG_TSYNC: u64 = 1;
/// The call returns a descriptor instead of 0.
const FLAG_NEW_LISTENER: u64 = 1 << 3;

/// The filters that hold for a task.
#[derive(Debug, Clone, Default)]
pub struct Filters {
    /// Oldest first; shared with the tasks that inherited them.
    installed: Option<Arc<[Arc<Filter>]>>,
    /// Only read, write, exit and sigreturn are left to it.
    strict: bool,
    /// Those that it had before it was traced are among them, if they could be read at all.
    of_stranger: bool,
    /// What the call that it is in wants to install.
    pending: Option<Pending>,
}

#[derive(Debug, Clone)]
struct Pending {
    strict: bool,
    /// None as well if it could not be read.
    filter: Option<Arc<Filter>>,
    whole_process: bool,
    /// A number above 0 that is returned is a descriptor, and no thread that the filter did not fit.
    returns_descriptor: bool,
}

#[derive(Debug)]
struct Filter {
    program: Program,
    /// It looks at the address of the call.
    reads_ip: bool,
    /// It may answer with an errno of 0: a success that is none.
    may_pretend: bool,
    /// Somebody has, or had, a descriptor that tells what it answers NOTIFY to.
    has_listener: bool,
}

impl Filter {
    fn new(program: Program, has_listener: bool) -> Filter {
        const LOAD_WORD: u16 = 0x20;
        const RETURN_CONSTANT: u16 = 0x06;
        const RETURN_A: u16 = 0x16;
        let code = &program.instructions;
        Filter {
            reads_ip: code.iter().any(|i| i.code == LOAD_WORD && matches!(i.k, 8 | 12)),
            may_pretend: code
                .iter()
                .any(|i| i.code == RETURN_A || i.code == RETURN_CONSTANT && Action::from_ret(i.k) == Action::Errno(0)),
            has_listener,
            program,
        }
    }

    fn lets_through(&self, call: &Data) -> bool {
        let answer = self.program.run(call).map(|(ret, _)| Action::from_ret(ret));
        matches!(answer, Ok(Action::Allow | Action::Log))
    }
}

/// What strict mode allows, of the calls that sysview has programs make: read(2) and write(2).
fn lets_through_strictly(call: &Data) -> bool {
    call.arch == Arch::X86_64.audit() && matches!(call.nr, 0 | 1)
}

impl Filters {
    /// What a new task has of its parent.
    pub fn inherited(&self) -> Filters {
        Filters { pending: None, ..self.clone() }
    }

    /// The filter that the program was started under.
    pub fn enforced(program: &Program) -> Filters {
        let filter = Arc::new(Filter::new(program.clone(), false));
        Filters { installed: Some(Arc::from([filter])), ..Filters::default() }
    }

    /// The filters of a task that had them before it was traced, if the kernel lets us see them: that takes
    /// CAP_SYS_ADMIN, and no filter of our own. ptrace(2), PTRACE_SECCOMP_GET_FILTER.
    pub fn of_stranger(tid: i32) -> Filters {
        // Some of them alone would tell something wrong.
        let programs = installed::read(tid).unwrap_or_default();
        let filter = |bytes: &Vec<u8>| Some(Arc::new(Filter::new(Program::from_bytes(bytes)?, true)));
        let filters: Option<Vec<_>> = programs.iter().map(filter).collect();
        let installed = filters.filter(|all| !all.is_empty()).map(Arc::from);
        Filters { installed, of_stranger: true, ..Filters::default() }
    }

    fn install(&mut self, pending: &Pending) {
        self.strict |= pending.strict;
        if let Some(filter) = &pending.filter {
            let before = self.installed.as_deref().unwrap_or_default();
            self.installed = Some(before.iter().chain([filter]).cloned().collect());
        }
    }

    /// Whether strict mode, which kills by SIGKILL, killed the task at this call.
    pub fn killed(&self, open: &Open) -> bool {
        let allowed = ["read", "write", "exit", "rt_sigreturn", "sigreturn"];
        self.strict && open.call.is_none_or(|call| !allowed.contains(&call.name))
    }

    /// Whether a call would reach the kernel: false as well if not all filters are known. `mode` and `all` are what the
    /// kernel says of the task (Seccomp and Seccomp_filters of proc_pid_status(5)); `own` is how many it has because sysview has
    /// them or gave them.
    pub fn let_through(&self, mode: i32, all: Option<i32>, own: i32, call: &Data) -> bool {
        if mode as u64 == MODE_STRICT {
            return lets_through_strictly(call);
        }
        let installed = self.installed.as_deref().unwrap_or_default();
        let known = installed.len() as i32 + if self.of_stranger { 0 } else { own };
        all == Some(known) && installed.iter().all(|filter| filter.lets_through(call))
    }

    /// The same of what the task is about to install.
    pub fn will_let_through(&self, call: &Data) -> bool {
        self.pending.as_ref().is_none_or(|pending| match &pending.filter {
            Some(filter) => filter.lets_through(call),
            None => pending.strict && lets_through_strictly(call),
        })
    }

    /// Whether a filter, and not the kernel, made this outcome of a call. The strictest answer counts; among equals that
    /// of the filter that was installed last, whose data (the errno) the kernel takes.
    fn made(&self, tid: i32, open: &Open, outcome: Outcome) -> bool {
        let Some(installed) = self.installed.as_deref() else { return false };
        let newest_first = || installed.iter().rev();
        let errno = match outcome {
            Outcome::Failed(errno) => errno,
            Outcome::Returned(0) if newest_first().any(|filter| filter.may_pretend) => 0,
            _ => return false,
        };
        let mut data = Data::of(open.arch, open.nr, &open.args);
        if newest_first().any(|filter| filter.reads_ip) {
            let Ok(info) = SyscallInfo::of(tid) else { return false };
            data.instruction_pointer = info.ip;
        }
        // Less is stricter, as a signed number.
        let action = |ret: u32| (ret & 0xffff_0000) as i32;
        let (mut strictest, mut has_listener) = (Action::Allow.to_ret(), false);
        for filter in newest_first() {
            // The kernel would not have taken a program that does not run.
            let Ok((ret, _)) = filter.program.run(&data) else { return false };
            if action(ret) < action(strictest) {
                (strictest, has_listener) = (ret, filter.has_listener);
            }
        }
        match Action::from_ret(strictest) {
            Action::Errno(answered) => answered == errno,
            // No tracer listens to the program's filters. A supervisor's answer is not the filter's, and may be to go on.
            Action::Trace(_) => i32::from(errno) == libc::ENOSYS,
            Action::Notify => !has_listener && i32::from(errno) == libc::ENOSYS,
            _ => false,
        }
    }
}

impl Pending {
    fn strict() -> Pending {
        Pending { strict: true, filter: None, whole_process: false, returns_descriptor: false }
    }

    fn filter(tid: i32, open: &Open, fprog: u64, flags: u64) -> Pending {
        let returns_descriptor = flags & FLAG_NEW_LISTENER != 0;
        let program = read_program(tid, fprog, open.arch.word());
        Pending {
            strict: false,
            filter: program.map(|program| Arc::new(Filter::new(program, returns_descriptor))),
            whole_process: flags & FLAG_TSYNC != 0,
            returns_descriptor,
        }
    }

    /// Whether the filter holds now. With TSYNC a number above 0 is that of a thread that it did not fit.
    fn succeeded(&self, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Returned(value) => value == 0 || value > 0 && self.returns_descriptor,
            _ => false,
        }
    }
}

/// Copies what `struct sock_fprog` leads to.
fn read_program(tid: i32, fprog: u64, word: usize) -> Option<Program> {
    let mut head = [0; 16];
    let head = &mut head[..2 * word];
    if memory::read(tid, fprog, head) < head.len() {
        return None;
    }
    let count = usize::from(u16::from_ne_bytes([head[0], head[1]]));
    let mut addr = [0; 8];
    addr[..word].copy_from_slice(&head[word..]);
    if count == 0 || count > MAX_INSTRUCTIONS {
        return None;
    }
    let mut code = vec![0; 8 * count];
    let read = memory::read(tid, u64::from_le_bytes(addr), &mut code);
    (read == code.len()).then(|| Program::from_bytes(&code))?
}

impl Engine {
    /// The program's first task is about to call execve under the filter that the user wants to see.
    pub fn keep_enforced(&mut self, tid: i32) {
        let filters = self.tracing.enforce.as_ref().map(Filters::enforced);
        if let (Some(task), Some(filters)) = (self.tasks.get_mut(tid), filters) {
            task.filters = filters;
            self.seccomp = true;
        }
    }

    /// At the entry of seccomp or prctl: copies the filter that the call is about to install.
    pub fn enter_filter(&mut self, tid: i32, open: &Open) {
        let args = &open.args;
        let pending = match open.call.map(|call| call.name) {
            Some("seccomp") => match args[0] as u32 {
                SET_MODE_STRICT => Some(Pending::strict()),
                SET_MODE_FILTER => Some(Pending::filter(tid, open, args[2], args[1])),
                _ => None,
            },
            _ => match args[1] {
                MODE_STRICT => Some(Pending::strict()),
                MODE_FILTER => Some(Pending::filter(tid, open, args[2], 0)),
                _ => None,
            },
        };
        let Some(task) = self.tasks.get_mut(tid) else { return };
        task.filters.pending = pending;
        let filters = task.filters.clone();
        self.before_filter(tid, |call| filters.will_let_through(call), self.clock.now_ns());
    }

    /// At its exit: what it wanted to install holds from now on, if it succeeded.
    pub fn exit_filter(&mut self, tid: i32, open: &Open, outcome: Outcome) {
        let Some(task) = self.tasks.get_mut(tid) else { return };
        let ran = open.change.is_none_or(|change| change.result.is_none());
        let Some(pending) = task.filters.pending.take().filter(|pending| ran && pending.succeeded(outcome)) else {
            return;
        };
        task.filters.install(&pending);
        let (tgid, installed) = (task.tgid, task.filters.installed.clone());
        self.seccomp = true;
        self.stop_at_every_call(tid, open);
        if pending.whole_process {
            // They had at most the filters that this one had.
            for sibling in self.tasks.siblings(tgid, tid) {
                if let Some(task) = self.tasks.get_mut(sibling) {
                    task.filters.installed.clone_from(&installed);
                }
            }
        }
    }

    /// The marks of a call that is over: `Marks::FILTERED` if a filter of the program made the outcome that it had of itself.
    pub fn filter_marks(&self, tid: i32, open: &Open, outcome: Outcome) -> Marks {
        let mut marks = open.marks;
        if !marks.has(Marks::INJECTED) && self.tasks.get(tid).is_some_and(|task| task.filters.made(tid, open, outcome))
        {
            marks.add(Marks::FILTERED);
        }
        marks
    }
}
