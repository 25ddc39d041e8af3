//! After hand-over: tracing has stopped, the view is closed, and sysview stays only to keep the program's pseudo-terminal
//! alive (closing it would hang the program up). Bytes go through unchanged in both directions until the program ends.
//! A program that runs in another terminal needs none of that: sysview only waits for its end.
//! Leaves out sending `Command::Detach`, and everything that looks at the bytes.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal as Stop, raise};
use ratatui::layout::Size;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::program::ProgramPane;
use super::terminal::Screen;
use crate::source::{Command, Control, End, Message, Refused, Source};

/// Bytes read from the terminal at once.
const READ_BYTES: usize = 4096;
/// Reads that may wait for the source; more stay in the kernel's queue, where typing stops at last.
const READ_QUEUE: usize = 16;
/// How soon a command is offered again to a source whose queue was full.
const RETRY: Duration = Duration::from_millis(5);

/// Why the relay ended before the program did.
#[derive(Debug)]
pub enum Error {
    /// A signal asked sysview to end, or the terminal hung up (SIGHUP). If the program's terminal is ours, it is closed
    /// with it.
    Signalled(i32),
    /// The source broke; one sentence.
    Source(String),
    /// Our own terminal broke.
    Terminal(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Signalled(number) => write!(f, "sysview was ended by signal {number}"),
            Error::Source(sentence) => f.write_str(sentence),
            Error::Terminal(error) => write!(f, "the terminal cannot be used any more: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    /// A terminal that hung up refuses everything with EIO, often before its SIGHUP is noticed.
    fn from(error: io::Error) -> Error {
        match error.raw_os_error() {
            Some(errno) if errno == nix::errno::Errno::EIO as i32 => Error::Signalled(nix::libc::SIGHUP),
            _ => Error::Terminal(error),
        }
    }
}

/// Carries bytes between the terminal and the program until the program ends; then gives the terminal back.
///
/// `pane` is the program's screen so far; it is drawn on the real screen, so that the program can go on where it stands.
/// `typed` is what the caller has read for it already. The caller has stopped reading keys (dropped crossterm's
/// `EventStream`) and runs a tokio runtime with signals and time.
///
/// # Errors
/// A signal asked sysview to end, the source broke, or the terminal did.
pub async fn run(
    mut source: Source,
    screen: &mut Screen,
    pane: &mut ProgramPane,
    typed: Vec<u8>,
) -> Result<End, Error> {
    pane.scroll_to_bottom();
    screen.hand_over(pane)?;
    let result = carry(&mut source, screen, pane, typed).await;
    screen.leave();
    result
}

/// What is said when the program goes on elsewhere.
const WAITING: &str = "sysview: the program goes on in its own terminal, no longer traced; sysview waits for its end. \
    Ctrl-C ends the waiting, not the program.";

/// Waits for the end of a program that has a terminal of its own. Ours goes back to the shell at once, with a sentence
/// that says so, and no key is read: the keyboard's signals end the waiting and nothing else.
///
/// # Errors
/// A signal asked sysview to end (the program runs on), the source broke, or the terminal did.
pub async fn wait(mut source: Source, screen: &mut Screen) -> Result<End, Error> {
    // Before the sentence: whoever reads it may press Ctrl-C at once.
    let mut signals = Signals::new()?;
    let mut stop = signal(SignalKind::from_raw(nix::libc::SIGTSTP))?;
    screen.leave();
    screen.tell(WAITING)?;
    loop {
        tokio::select! {
            message = source.messages.recv() => match message {
                Some(Message::Ended(end)) => return Ok(end),
                Some(Message::Failed(sentence)) => return Err(Error::Source(sentence)),
                Some(_) => {}
                None => return Err(Error::Source(VANISHED.into())),
            },
            event = signals.next() => match event {
                Event::Deadly(number) => return Err(Error::Signalled(number)),
                Event::Resized | Event::Continued => {}
            },
            // The view has taken this signal's own effect away.
            _ = stop.recv() => raise(Stop::SIGSTOP).map_err(io::Error::from)?,
        }
    }
}

/// A source that closes its queue without a last word.
const VANISHED: &str = "the source of events ended without saying how the program did";

async fn carry(source: &mut Source, screen: &mut Screen, pane: &mut ProgramPane, typed: Vec<u8>) -> Result<End, Error> {
    let mut signals = Signals::new()?;
    let mut outbox = Outbox::default();
    if !typed.is_empty() {
        outbox.push(Command::Input(typed));
    }
    // The program draws for the whole terminal now.
    let size = screen.size();
    pane.resize(size.height, size.width);
    outbox.repaint(size);

    let mut keyboard = Keyboard::start(screen.input()?)?;
    loop {
        outbox.deliver(source.control.as_ref());
        tokio::select! {
            // In no order: a program that floods its terminal must not keep keys and signals waiting. `Ended` still comes
            // after all output, because it is the last in the same queue.
            message = source.messages.recv() => match message {
                Some(Message::Output(bytes)) => {
                    // The one place where the program's bytes reach the real terminal as they are, on purpose: from
                    // hand-over on it is the program's terminal. The pane only follows, to know what to undo.
                    pane.feed(&bytes);
                    pane.take_replies();
                    screen.write_program(&bytes, pane.alternate_screen())?;
                }
                Some(Message::Ended(end)) => return Ok(end),
                Some(Message::Failed(sentence)) => return Err(Error::Source(sentence)),
                Some(
                    Message::Started(_)
                    | Message::Batch(_)
                    | Message::Detached
                    | Message::Vdso(_)
                    | Message::Held(_)
                    | Message::Released(_)
                    | Message::Progress { .. }
                    | Message::Notice(_),
                ) => {}
                None => return Err(Error::Source(VANISHED.into())),
            },
            event = signals.next() => match event {
                Event::Deadly(number) => return Err(Error::Signalled(number)),
                Event::Resized => {
                    let size = screen.size();
                    pane.resize(size.height, size.width);
                    outbox.push(Command::Resize { rows: size.height, cols: size.width });
                }
                // The shell had the terminal while we were stopped.
                Event::Continued => {
                    screen.hand_over_again()?;
                    outbox.repaint(screen.size());
                }
            },
            bytes = keyboard.bytes.recv(), if outbox.is_empty() => match bytes {
                Some(bytes) => outbox.push(Command::Input(bytes)),
                None => return Err(Error::Signalled(nix::libc::SIGHUP)),
            },
            () = tokio::time::sleep(RETRY), if !outbox.is_empty() => {}
        }
    }
}

/// Commands that the source had no room for yet, in order. At most one input and a few sizes wait here.
#[derive(Default)]
struct Outbox {
    commands: VecDeque<Command>,
}

impl Outbox {
    fn push(&mut self, command: Command) {
        // Only the last of several sizes in a row matters once the first two (the repaint) are on their way.
        let is_resize = |command: &Command| matches!(command, Command::Resize { .. });
        if self.commands.len() >= 2 && is_resize(&command) && self.commands.back().is_some_and(is_resize) {
            self.commands.pop_back();
        }
        self.commands.push_back(command);
    }

    /// A size that changes twice makes the program repaint even if it had the right one.
    fn repaint(&mut self, size: Size) {
        self.push(Command::Resize { rows: size.height.saturating_sub(1).max(1), cols: size.width });
        self.push(Command::Resize { rows: size.height, cols: size.width });
    }

    fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    fn deliver(&mut self, control: &dyn Control) {
        while let Some(command) = self.commands.pop_front() {
            match control.send(command) {
                Ok(()) => {}
                Err(Refused::Full(command)) => return self.commands.push_front(command),
                // The message queue will tell how it ended.
                Err(Refused::Gone) => return self.commands.clear(),
            }
        }
    }
}

struct Signals {
    terminated: Signal,
    hung_up: Signal,
    interrupted: Signal,
    quit: Signal,
    resized: Signal,
    continued: Signal,
}

impl Signals {
    fn new() -> io::Result<Signals> {
        Ok(Signals {
            terminated: signal(SignalKind::terminate())?,
            hung_up: signal(SignalKind::hangup())?,
            // Keys do not make these in raw mode; somebody sent them to sysview itself.
            interrupted: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            resized: signal(SignalKind::window_change())?,
            continued: signal(SignalKind::from_raw(nix::libc::SIGCONT))?,
        })
    }

    async fn next(&mut self) -> Event {
        tokio::select! {
            _ = self.terminated.recv() => Event::Deadly(nix::libc::SIGTERM),
            _ = self.hung_up.recv() => Event::Deadly(nix::libc::SIGHUP),
            _ = self.interrupted.recv() => Event::Deadly(nix::libc::SIGINT),
            _ = self.quit.recv() => Event::Deadly(nix::libc::SIGQUIT),
            _ = self.resized.recv() => Event::Resized,
            _ = self.continued.recv() => Event::Continued,
        }
    }
}

enum Event {
    /// The number of a signal that ends sysview.
    Deadly(i32),
    Resized,
    Continued,
}

/// Reads the terminal on a thread of its own: a terminal made non-blocking would be so for every process that shares it.
struct Keyboard {
    bytes: mpsc::Receiver<Vec<u8>>,
    /// Closing it ends the thread.
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl Keyboard {
    fn start(mut input: File) -> io::Result<Keyboard> {
        let (sender, bytes) = mpsc::channel(READ_QUEUE);
        let (stop, stopped) = UnixStream::pair()?;
        let read = move || {
            let mut buffer = [0; READ_BYTES];
            while wait_for_input(&input, &stopped) {
                match input.read(&mut buffer) {
                    Ok(0) => return,
                    Ok(count) => {
                        if sender.blocking_send(buffer[..count].to_vec()).is_err() {
                            return;
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(_) => return,
                }
            }
        };
        let thread = thread::Builder::new().name("keyboard".into()).spawn(read)?;
        Ok(Keyboard { bytes, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        // Both of the thread's waits end: the one for input, and the one for room in the queue.
        self.stop.take();
        self.bytes.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Blocks until there is input (true) or the relay is over (false).
fn wait_for_input(input: &File, stopped: &UnixStream) -> bool {
    loop {
        let mut fds = [PollFd::new(input.as_fd(), PollFlags::POLLIN), PollFd::new(stopped.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, PollTimeout::NONE) {
            Err(Errno::EINTR) => {}
            Err(_) => return false,
            Ok(_) => {
                let any = |fd: &PollFd| fd.any().unwrap_or(true);
                return any(&fds[0]) && !any(&fds[1]);
            }
        }
    }
}

#[cfg(test)]
mod tests;
