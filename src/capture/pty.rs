//! The program's terminal: one thread carries its output to the view, another carries what is typed to it.
//!
//! Both queues have a bound. Output waits for the view, and then the terminal's own buffer holds the program; input
//! that the program does not read makes `Command::Input` come back as refused.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::sync::mpsc;

use super::sys;
use crate::source::{Command, Message, Refused};

/// Largest `Message::Output`, in bytes.
const CHUNK: usize = 64 << 10;
/// Pieces of input that wait to be written.
const INPUT_QUEUE: usize = 64;
/// How long the reader sleeps while nobody has the terminal open.
const HUNG_UP_MS: u16 = 100;
/// After the program's end, output is awaited this long if somebody untraced still has the terminal open, and
/// altogether never longer than `DRAIN_MAX`.
const DRAIN_QUIET: Duration = Duration::from_millis(100);
const DRAIN_MAX: Duration = Duration::from_secs(1);

/// What the view's side needs: the way to type and to resize.
#[derive(Debug, Clone)]
pub struct Keyboard {
    master: Arc<OwnedFd>,
    input: SyncSender<Vec<u8>>,
}

impl Keyboard {
    pub fn type_in(&self, bytes: Vec<u8>) -> Result<(), Refused> {
        self.input.try_send(bytes).map_err(|refused| match refused {
            TrySendError::Full(bytes) => Refused::Full(Command::Input(bytes)),
            TrySendError::Disconnected(_) => Refused::Gone,
        })
    }

    pub fn resize(&self, rows: u16, cols: u16) {
        // Fails only for a terminal that is gone, and then the size does not matter.
        let _ = sys::set_window_size(&self.master, rows, cols);
    }
}

/// The worker's side.
#[derive(Debug)]
pub struct Pty {
    master: Arc<OwnedFd>,
    /// Held open so that the terminal outlives a program that closes and reopens it.
    slave: Option<OwnedFd>,
    input: Option<Receiver<Vec<u8>>>,
    /// Closing it ends both threads.
    stop: Option<OwnedFd>,
    stopped: OwnedFd,
    threads: Vec<JoinHandle<()>>,
}

impl Pty {
    pub fn open(rows: u16, cols: u16) -> io::Result<(Pty, Keyboard)> {
        let (master, slave) = sys::open_pty(rows, cols)?;
        let master = Arc::new(master);
        let (stopped, stop) = sys::pipe()?;
        let (sender, input) = sync_channel(INPUT_QUEUE);
        let keyboard = Keyboard { master: Arc::clone(&master), input: sender };
        let pty =
            Pty { master, slave: Some(slave), input: Some(input), stop: Some(stop), stopped, threads: Vec::new() };
        Ok((pty, keyboard))
    }

    pub fn slave(&self) -> Option<&OwnedFd> {
        self.slave.as_ref()
    }

    /// Starts both threads; output goes to `messages` from now on.
    pub fn start(&mut self, messages: mpsc::Sender<Message>) -> io::Result<()> {
        let (master, stopped) = (File::from(self.master.try_clone()?), self.stopped.try_clone()?);
        let reader = thread::Builder::new().name("sysview-output".into());
        self.threads.push(reader.spawn(move || carry_output(master, &stopped, &messages))?);
        if let Some(input) = self.input.take() {
            let (master, stopped) = (File::from(self.master.try_clone()?), self.stopped.try_clone()?);
            let writer = thread::Builder::new().name("sysview-input".into());
            // Not joined: it may wait for the view to drop its end of the queue, and holds nothing that matters.
            writer.spawn(move || carry_input(master, &stopped, &input))?;
        }
        Ok(())
    }

    /// The program is gone: all output that it made is in the channel when this returns (or the view is gone).
    pub fn finish(&mut self) {
        // With our own slave closed the master reports the end as soon as everything was read.
        self.slave = None;
        self.stop = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// What `wait_ready` saw.
struct Ready {
    terminal: bool,
    stopped: bool,
}

fn wait_ready(terminal: &File, stop: Option<&OwnedFd>, interest: PollFlags, timeout: Option<Duration>) -> Ready {
    let mut fds = vec![PollFd::new(terminal.as_fd(), interest)];
    if let Some(stop) = stop {
        fds.push(PollFd::new(stop.as_fd(), PollFlags::POLLIN));
    }
    let timeout = timeout.map_or(PollTimeout::NONE, |t| PollTimeout::try_from(t).unwrap_or(PollTimeout::MAX));
    let _ = poll(&mut fds, timeout);
    let happened = |fd: Option<&PollFd>| fd.and_then(PollFd::any).unwrap_or(false);
    Ready { terminal: happened(fds.first()), stopped: happened(fds.get(1)) }
}

fn carry_output(mut master: File, stop: &OwnedFd, messages: &mpsc::Sender<Message>) {
    let mut buffer = vec![0; CHUNK];
    let mut draining: Option<Instant> = None;
    loop {
        match master.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => {
                if messages.blocking_send(Message::Output(buffer[..count].to_vec())).is_err() {
                    return;
                }
                if draining.is_some_and(|since| since.elapsed() > DRAIN_MAX) {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => match draining {
                Some(_) => {
                    if !wait_ready(&master, None, PollFlags::POLLIN, Some(DRAIN_QUIET)).terminal {
                        return;
                    }
                }
                None => {
                    if wait_ready(&master, Some(stop), PollFlags::POLLIN, None).stopped {
                        draining = Some(Instant::now());
                    }
                }
            },
            // EIO: nobody has the terminal open, and all that was written has been read.
            Err(_) if draining.is_some() => return,
            Err(_) => {
                let mut fds = [PollFd::new(stop.as_fd(), PollFlags::POLLIN)];
                let _ = poll(&mut fds, HUNG_UP_MS);
                if fds[0].any().unwrap_or(false) {
                    draining = Some(Instant::now());
                }
            }
        }
    }
}

fn carry_input(mut master: File, stop: &OwnedFd, input: &Receiver<Vec<u8>>) {
    while let Ok(bytes) = input.recv() {
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            match master.write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if wait_ready(&master, Some(stop), PollFlags::POLLOUT, None).stopped {
                        return;
                    }
                }
                Err(_) => return,
            }
        }
    }
}
