//! The only two ways in which a source of events and a view speak: `Message` to the view, `Command` to the source.
//!
//! A source is the ptrace engine, a recording being replayed or another tool's file; the view does not know which.
//! Queues are bounded: the message queue holds `MESSAGE_QUEUE` messages and a full one holds the program (that is the
//! back-pressure, so no event is lost).

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;

pub use crate::model::VdsoMode;
use crate::model::{Batch, Enter, Exit, Memory, TaskId};

/// Messages in flight before the source waits for the view. A batch has at most 4,096 events.
pub const MESSAGE_QUEUE: usize = 16;

/// From a source to a view, in this order: one `Started`, then batches and output, perhaps `Detached`, then one `Ended` or `Failed`.
#[derive(Debug)]
pub enum Message {
    Started(Box<Started>),
    Batch(Batch),
    /// Bytes that the program wrote to its terminal.
    Output(Vec<u8>),
    /// Tracing stopped at the view's wish; no more events. The program runs on, `Output` may follow, and `Ended` comes
    /// at the program's end.
    Detached,
    /// A task waits for the user, behind the row that it waits at.
    Held(Held),
    /// A task that was held goes on.
    Released(TaskId),
    /// `Command::Vdso` is done.
    Vdso(VdsoMode),
    /// So much of a file has been read, in bytes; tells those who wait for the rest.
    Progress {
        read: u64,
        size: u64,
    },
    /// One sentence for the user about the source itself; events go on or end as they would have. A recording that was
    /// cut short says so here.
    Notice(String),
    /// Nothing follows.
    Ended(End),
    /// The source broke; one sentence for the user. Nothing follows.
    Failed(String),
}

/// What is known at the start.
#[derive(Debug, Clone)]
pub struct Started {
    /// The command line, as bytes: arguments need not be UTF-8.
    pub argv: Vec<Vec<u8>>,
    pub machine: Machine,
    /// Wall clock at `t_ns == 0`.
    pub began: SystemTime,
    pub vdso: VdsoMode,
    /// False for a recording: there is no program to type to, to kill or to hold.
    pub live: bool,
    /// Whether the program's terminal is ours to show (`Message::Output` will come).
    pub has_terminal: bool,
    /// Its processes ran before and will run on: quitting lets them go instead of asking.
    pub attached: bool,
    /// The calls that are seen, in the user's words, if others do not even stop (`-e trace=` with the engine's filter).
    pub only: Option<String>,
    /// None if it was not measured.
    pub floor: Option<Floor>,
}

/// What tracing itself adds to the shortest call between its two stops, as measured at the start on this machine: times
/// near it are the tracer's, not the program's. Nanoseconds, medians.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Floor {
    /// While tracer and task run on two CPUs.
    pub apart_ns: u64,
    /// While both are confined to one CPU.
    pub together_ns: u64,
}

impl Floor {
    /// Which of the two counts for a call is not known; this much of every call is the tracer's.
    pub fn least_ns(self) -> u64 {
        self.apart_ns.min(self.together_ns)
    }

    /// Of a call with nothing else to wait for, no more than this is.
    pub fn most_ns(self) -> u64 {
        self.apart_ns.max(self.together_ns)
    }
}

/// The machine on which the events happened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Machine {
    /// `uname -r`: `6.18.44-…`.
    pub kernel_release: String,
    /// `uname -m`: `x86_64`.
    pub machine: String,
    pub hostname: String,
    /// The effective set of whoever traces, number N at bit N; None if it is not known. capabilities(7).
    pub capabilities: Option<u64>,
    /// The functions of the kernel's vDSO; empty if they are not known. vdso(7).
    pub vdso_symbols: Vec<String>,
}

/// How the traced program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Exited(i32),
    Killed {
        signal: i32,
        core: bool,
    },
    /// A recording is over.
    Replayed,
}

impl End {
    /// sysview's own exit status: the program's, or 128 + the signal's number.
    pub fn exit_code(self) -> i32 {
        match self {
            End::Exited(status) => status,
            End::Killed { signal, .. } => 128 + signal,
            End::Replayed => 0,
        }
    }
}

/// A task that waits for the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    pub task: TaskId,
    pub at: At,
    pub why: Why,
}

/// Where a held task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// About to make the call of its last row; `Command::Answer` can change it.
    Entry,
    /// The call of its last row has come back, and the program has not seen the result yet.
    Exit,
    /// At a signal, an event, or in the middle of its own code.
    Between,
}

/// Why a task is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// `Command::Hold`.
    Asked,
    /// `Command::Step`.
    Stepped,
    /// The catchpoint of this id, for the `hits`th time.
    Caught { id: u32, hits: u64 },
}

/// From a view to a source. A source answers at once even while it is blocked waiting for the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// SIGKILL to every task; where a program was launched, to its tasks, and what was attached to is let go.
    Kill,
    /// Stop tracing; the program runs on. Answered by `Message::Detached`.
    Detach,
    /// Bytes typed to the program's terminal.
    Input(Vec<u8>),
    /// The program's terminal has a new size, in character cells.
    Resize { rows: u16, cols: u16 },
    /// Hold every task: one that computes at once, one that is in a call when the call is over (an interrupted call could
    /// fail in a way that it never would untraced). Each is told by `Message::Held`.
    Hold,
    /// Let every task go on.
    Resume,
    /// Let this task go on to its next entry or exit, and hold it there; one that runs is held there too. Others are left
    /// as they are, unless `Tracing::step_all` holds them as well.
    Step(TaskId),
    /// What becomes of the call at whose entry this task is held (`At::Entry`). It stays held.
    Answer(TaskId, Change),
    /// The calls that hold their task; replaces the list before.
    Catch(Vec<Catchpoint>),
    /// The calls that are changed; replaces the list before, and counting begins anew.
    Tamper(Vec<Tamper>),
    /// Trace these processes too, by PID. What goes wrong is told by a `Message::Notice`.
    Attach(Vec<i32>),
    /// The vDSO of every program, from now on: `Natural`, `Shown` or `Off`. Answered by `Message::Vdso`; programs whose vDSO stays as
    /// it is are told by a `Message::Notice`.
    Vdso(VdsoMode),
}

/// What a test of calls may look at.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    pub task: TaskId,
    pub tid: i32,
    pub tgid: i32,
    pub comm: &'a [u8],
    /// The processes that it comes from, its parent first, as far as they were seen.
    pub ancestors: &'a [i32],
    pub t_ns: u64,
    pub enter: &'a Enter,
    /// The exit and its time; None at entry.
    pub exit: Option<(&'a Exit, u64)>,
    /// Memory copied at entry (regions of `enter`), and at exit (regions of `exit`).
    pub entry_memory: Memory<'a>,
    pub exit_memory: Memory<'a>,
}

/// A question about a call. The source asks it in its own thread at each stop, so it must be quick and must not block.
#[derive(Clone)]
pub struct CallTest(pub Arc<dyn Fn(&Moment<'_>) -> bool + Send + Sync>);

impl fmt::Debug for CallTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallTest(…)")
    }
}

impl PartialEq for CallTest {
    fn eq(&self, other: &CallTest) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for CallTest {}

/// A call that holds its task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catchpoint {
    /// Chosen by the view.
    pub id: u32,
    pub test: CallTest,
    /// Ask when the call is over (its result matters) instead of when it begins.
    pub at_exit: bool,
}

/// A change of some calls. The words are those of strace(1), "Tampering".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tamper {
    /// Asked at entry.
    pub test: CallTest,
    pub when: When,
    pub change: Change,
}

/// Which of the calls that fit, counted from 1 in each task, and each call on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    pub first: u32,
    /// None: there is no last one.
    pub last: Option<u32>,
    /// 0: only the first.
    pub step: u32,
}

impl When {
    pub const ALWAYS: When = When { first: 1, last: None, step: 1 };

    /// Whether the `count`th call is meant.
    pub fn holds(self, count: u32) -> bool {
        let Some(past) = count.checked_sub(self.first) else { return false };
        let in_step = if self.step == 0 { past == 0 } else { past.is_multiple_of(self.step) };
        in_step && self.last.is_none_or(|last| count <= last)
    }
}

/// What is done to a call. All that is set is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Change {
    /// The program gets this instead of the call's own result; unless `call` is set, the call does not run.
    pub result: Option<Forced>,
    /// This call runs instead, with the same arguments; by its number in the task's own architecture.
    pub call: Option<u64>,
    /// The task gets this signal when the call is over.
    pub signal: Option<i32>,
    /// The task waits so long before the call and after it.
    pub delay_enter: Option<Duration>,
    pub delay_exit: Option<Duration>,
}

/// A result that the kernel did not give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forced {
    Errno(u16),
    Value(i64),
    /// As from a filter that traps: the call does not run, the registers are what they were before it, and the task gets
    /// SIGSYS with the siginfo that the kernel would give. seccomp(2), "SECCOMP_RET_TRAP".
    Trap,
}

/// A process that could be attached to, as a picker shows it. Bytes are the program's own: escape them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessInfo {
    pub pid: i32,
    pub comm: Vec<u8>,
    /// The command line; empty for threads of the kernel and for what has ended.
    pub argv: Vec<Vec<u8>>,
    /// The effective user's name, or number where it has none.
    pub user: String,
    /// As ps(1) has it: `R`, `S`, `D`, `T`, `Z`, …
    pub state: char,
    pub threads: u32,
    /// ID of the container that it runs in.
    pub container: Option<String>,
    /// Its number in its own PID namespace, where that is another one.
    pub inner_pid: Option<i32>,
    /// Why it cannot be attached to, as far as that is known without trying: a clause with its remedy.
    pub hindrance: Option<String>,
}

/// The view's end of the line to a source.
pub trait Control: Send {
    /// Hands a command over without blocking. `Err` gives it back when the queue is full (try again later) or the
    /// source is gone.
    fn send(&self, command: Command) -> Result<(), Refused>;
}

/// A command that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    Full(Command),
    Gone,
}

/// A running source.
pub struct Source {
    pub messages: mpsc::Receiver<Message>,
    pub control: Box<dyn Control>,
}
