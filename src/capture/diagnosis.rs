//! `sysview log -d`: what the worker does, a line for each thing, on standard error as it happens. For whoever looks for a
//! mistake in the engine; nothing of it is part of a log. ptrace(2) has the words.
//!
//! Lines begin with the seconds since the session began and, of a status, the task's number:
//! `sysview: 0.001234 4242 stop at a call (status 0x857f)`.

use std::io::{self, Write};

use super::tracee::{Status, Stop};
use crate::model::Batch;
use crate::source::Command;

/// A status that wait4(2) reported. `sleeper`: of the child of ours whose only use is to wake the worker.
pub fn status(now_ns: u64, tid: i32, raw: i32, status: &Status, sleeper: bool) {
    let what = match status {
        _ if sleeper => "kick: look into the mailbox".into(),
        Status::Exited(code) => format!("gone: exited with {code}"),
        Status::Killed { signal, core } => {
            format!("gone: killed by signal {signal}{}", if *core { ", core dumped" } else { "" })
        }
        Status::Stopped(_, stop) => match stop {
            Stop::Syscall => "stop at a call".into(),
            Stop::Signal(signal) => format!("stop before signal {signal}"),
            Stop::Group(signal) => format!("group-stop by signal {signal}"),
            other => format!("event {other:?}").to_lowercase(),
        },
    };
    say(now_ns, &format!("{tid} {what} (status {raw:#x})"));
}

/// A wish of the view's.
pub fn command(now_ns: u64, command: &Command) {
    // A debug form: no bytes of the program are in it, and what was typed is the user's own.
    say(now_ns, &format!("command {command:?}"));
}

/// Events are about to go to the view.
pub fn hand_over(now_ns: u64, batch: &Batch) {
    if !batch.is_empty() {
        let (events, regions, bytes) = (batch.events.len(), batch.regions.len(), batch.bytes.len());
        say(now_ns, &format!("hand over {events} events, {regions} pieces of memory, {bytes} bytes"));
    }
}

fn say(now_ns: u64, what: &str) {
    let (seconds, micros) = (now_ns / 1_000_000_000, now_ns / 1000 % 1_000_000);
    // Whoever closed standard error does not want to know.
    let _ = writeln!(io::stderr(), "sysview: {seconds}.{micros:06} {what}");
}
