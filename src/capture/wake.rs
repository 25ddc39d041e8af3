//! How the worker, blocked in waitpid, is woken for commands, for the hand-over of a batch and at the view's end.
//!
//! A signal to the worker could arrive just before it blocks and be lost; polling would cost a system call per stop.
//! So the worker traces one more process, which sleeps for ever: a signal sent to it becomes a ptrace-stop, which waits
//! until waitpid looks, and the worker resumes the sleeper without the signal. It appears in no trace.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Wake;
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::LaunchError;
use super::error::{not_permitted, system};
use super::sys;
use super::tracee::Status;
use crate::source::{Command, Refused};

/// Commands that may wait for the worker; more are refused for the moment.
const COMMANDS: usize = 64;

/// Its name in /proc, as `sys::fork_sleeper` sets it.
pub const SLEEPER_NAME: &str = "sysview-waker";

/// What others want of the worker: flags for what can only be wanted once, a queue for the rest.
#[derive(Debug, Default)]
pub struct Mailbox {
    pub kill: AtomicBool,
    pub detach: AtomicBool,
    /// What cannot be a flag, in order.
    commands: Mutex<VecDeque<Command>>,
    /// The sleeper's pid while it may be signalled.
    sleeper: Mutex<Option<i32>>,
    worker: OnceLock<Thread>,
}

impl Mailbox {
    /// To be called by the worker once.
    pub fn belongs_to_this_thread(&self) {
        self.worker.get_or_init(thread::current);
    }

    /// Leaves a command for the worker; kick it afterwards. `Err` gives it back when too many wait.
    pub fn put(&self, command: Command) -> Result<(), Refused> {
        let mut commands = lock(&self.commands);
        if commands.len() >= COMMANDS {
            return Err(Refused::Full(command));
        }
        commands.push_back(command);
        Ok(())
    }

    pub fn next_command(&self) -> Option<Command> {
        lock(&self.commands).pop_front()
    }

    /// Makes the worker look at its flags, whether it waits for the program or for room in the message queue.
    pub fn kick(&self) {
        if let Some(pid) = *lock(&self.sleeper) {
            // It cannot have been reaped: the worker takes the pid out under the lock first.
            let _ = kill(Pid::from_raw(pid), Signal::SIGUSR1);
        }
        if let Some(worker) = self.worker.get() {
            worker.unpark();
        }
    }

    /// Whether the worker still listens.
    pub fn is_open(&self) -> bool {
        lock(&self.sleeper).is_some()
    }
}

impl Wake for Mailbox {
    fn wake(self: Arc<Mailbox>) {
        self.kick();
    }
}

/// A mutex whose holder panicked still guards plain values.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The sleeping process. Belongs to the worker's thread.
#[derive(Debug)]
pub struct Sleeper {
    pid: i32,
    mailbox: Arc<Mailbox>,
}

impl Sleeper {
    /// Forks it and seizes it; the first ptrace request of a session, so a missing permission shows here.
    pub fn start(mailbox: &Arc<Mailbox>) -> Result<Sleeper, LaunchError> {
        let pid = sys::fork_sleeper().map_err(|error| system("fork", &error))?;
        let sleeper = Sleeper { pid, mailbox: Arc::clone(mailbox) };
        sys::seize(pid, libc::PTRACE_O_EXITKILL).map_err(|error| not_permitted(pid, &error))?;
        *lock(&mailbox.sleeper) = Some(pid);
        Ok(sleeper)
    }

    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Takes what waitpid said of it. If somebody killed it, there is a new one afterwards.
    pub fn on_status(&mut self, status: Status) -> io::Result<()> {
        match status {
            Status::Stopped(stopped, _) => stopped.run_untraced(0),
            Status::Exited(_) | Status::Killed { .. } => {
                *lock(&self.mailbox.sleeper) = None;
                self.pid = 0;
                *self = Sleeper::start(&Arc::clone(&self.mailbox)).map_err(io::Error::other)?;
                // A kick may have been lost with the old one: look at everything once.
                self.mailbox.kick();
                Ok(())
            }
        }
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Sleeper {
    /// Ends and reaps it; kicks go nowhere from now on.
    pub fn stop(&mut self) {
        if self.pid == 0 {
            return;
        }
        *lock(&self.mailbox.sleeper) = None;
        let _ = kill(Pid::from_raw(self.pid), Signal::SIGKILL);
        while let Ok(raw) = sys::wait_for(self.pid) {
            if !matches!(Status::decode(self.pid, raw), Status::Stopped(..)) {
                break;
            }
        }
        self.pid = 0;
    }
}

/// Kicks the worker when a deadline passes that the worker itself did not notice because it was blocked.
#[derive(Debug)]
pub struct Ticker {
    shared: Arc<(Mutex<Deadline>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Deadline {
    at: Option<Instant>,
    /// The thread waits without a time limit and must be notified.
    idle: bool,
    over: bool,
}

impl Ticker {
    pub fn start(mailbox: &Arc<Mailbox>) -> io::Result<Ticker> {
        let shared = Arc::<(Mutex<Deadline>, Condvar)>::default();
        let thread = thread::Builder::new().name("sysview-ticker".into()).spawn({
            let (shared, mailbox) = (Arc::clone(&shared), Arc::clone(mailbox));
            move || tick(&shared, &mailbox)
        })?;
        Ok(Ticker { shared, thread: Some(thread) })
    }

    /// Kicks after `delay` unless disarmed before. An armed ticker keeps its earlier deadline.
    pub fn arm(&self, delay: Duration) {
        let (deadline, changed) = &*self.shared;
        let mut deadline = lock(deadline);
        if deadline.at.is_none() {
            deadline.at = Some(Instant::now() + delay);
            if deadline.idle {
                changed.notify_one();
            }
        }
    }

    /// As `arm`, but an armed ticker takes the earlier of both.
    pub fn arm_before(&self, delay: Duration) {
        let (deadline, changed) = &*self.shared;
        let mut deadline = lock(deadline);
        let at = Instant::now() + delay;
        if deadline.at.is_none_or(|armed| at < armed) {
            deadline.at = Some(at);
            // It may be waiting for the later time.
            changed.notify_one();
        }
    }

    pub fn disarm(&self) {
        lock(&self.shared.0).at = None;
    }
}

fn tick((deadline, changed): &(Mutex<Deadline>, Condvar), mailbox: &Mailbox) {
    let mut guard = lock(deadline);
    while !guard.over {
        let now = Instant::now();
        guard = match guard.at {
            None => {
                guard.idle = true;
                let mut woken = changed.wait(guard).unwrap_or_else(PoisonError::into_inner);
                woken.idle = false;
                woken
            }
            Some(at) if at > now => changed.wait_timeout(guard, at - now).unwrap_or_else(PoisonError::into_inner).0,
            Some(_) => {
                guard.at = None;
                drop(guard);
                mailbox.kick();
                lock(deadline)
            }
        };
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        lock(&self.shared.0).over = true;
        self.shared.1.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// For the order in which flags are set and seen: the kick is a system call and a full barrier in practice, but the
/// flags say themselves what they need.
pub fn raise(flag: &AtomicBool) {
    flag.store(true, Ordering::Release);
}

/// Reads a flag and lowers it.
pub fn take(flag: &AtomicBool) -> bool {
    flag.load(Ordering::Relaxed) && flag.swap(false, Ordering::AcqRel)
}
