//! How the signals that end a program in a terminal end a trace without a screen.
//!
//! A command that sysview started gets the keyboard's signals itself, and with its end sysview ends; SIGTERM and SIGHUP to
//! sysview kill it. Processes that ran before are let go by any of them, and sysview's status is then 128 + the signal's
//! number, as a shell tells it of strace(1).

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::capture;
use crate::source::{Command, Control, End};

pub struct Ending {
    attached: bool,
    by: Option<i32>,
    terminate: Signal,
    hang_up: Signal,
    /// Only for processes that ran before: from a command's they are kept away.
    interrupt: Option<Signal>,
    quit: Option<Signal>,
}

impl Ending {
    /// To be made before the program starts.
    pub fn new(attached: bool) -> io::Result<Ending> {
        let keyboard = |kind: SignalKind| attached.then(|| signal(kind)).transpose();
        if !attached {
            capture::leave_interrupts_to_the_program();
        }
        Ok(Ending {
            attached,
            by: None,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: keyboard(SignalKind::interrupt())?,
            quit: keyboard(SignalKind::quit())?,
        })
    }

    /// Waits for such a signal and passes it on.
    pub async fn asked(&mut self, control: &dyn Control) {
        async fn of(signal: &mut Option<Signal>) {
            match signal {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        }
        let by = tokio::select! {
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.hang_up.recv() => SignalKind::hangup(),
            () = of(&mut self.interrupt) => SignalKind::interrupt(),
            () = of(&mut self.quit) => SignalKind::quit(),
        };
        // A source that is gone has nothing left to end.
        let _ = control.send(if self.attached { Command::Detach } else { Command::Kill });
        self.by = Some(by.as_raw_value());
    }

    /// sysview's exit status.
    pub fn status(&self, end: End) -> i32 {
        match self.by {
            Some(signal) if self.attached => 128 + signal,
            _ => end.exit_code(),
        }
    }
}
