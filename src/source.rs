//! The only two ways in which a source of events and a view speak: `Message` to the view, `Command` to the source.
//!
//! A source is the ptrace engine, a recording being replayed or another tool's file; the view does not know which.
//! Queues are bounded: the message queue holds `MESSAGE_QUEUE` messages and a full one holds the program (that is the
//! back-pressure, so no event is lost).

use std::time::SystemTime;

use tokio::sync::mpsc;

use crate::model::Batch;

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
}

/// The machine on which the events happened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Machine {
    /// `uname -r`: `6.18.44-…`.
    pub kernel_release: String,
    /// `uname -m`: `x86_64`.
    pub machine: String,
    pub hostname: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VdsoMode {
    #[default]
    Natural,
    /// The auxv entry is removed at every exec.
    Absent,
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

/// From a view to a source. A source answers at once even while it is blocked waiting for the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// SIGKILL to every task.
    Kill,
    /// Stop tracing; the program runs on. Answered by `Message::Detached`.
    Detach,
    /// Bytes typed to the program's terminal.
    Input(Vec<u8>),
    /// The program's terminal has a new size, in character cells.
    Resize { rows: u16, cols: u16 },
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
