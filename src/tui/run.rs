//! The loop: keys, signals, messages and frames, on a tokio runtime of one thread.
//!
//! Keys and signals come first, then frames, then messages one at a time, so a flood of events never makes the view
//! deaf. A frame is drawn at most every `FRAME` and only if something changed. Left out: every decision (`app`).

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use crossterm::event::{self, Event, EventStream};
use futures_util::StreamExt;
use nix::libc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::Options;
use super::app::{App, Leave};
use super::terminal::Screen;
use super::{manual, relay};
use crate::source::{Command, Control, End, Refused, Source};

/// Shortest time between two frames.
const FRAME: Duration = Duration::from_millis(33);
/// Background work in a frame, whatever else waits.
const WORK: Duration = Duration::from_millis(8);
/// Background work between two looks at keys and messages, while none come.
const IDLE_WORK: Duration = Duration::from_millis(4);

/// How long crossterm's reader may take to let go of the terminal.
const LET_GO: Duration = Duration::from_millis(100);
/// The most that is taken over from it, in bytes; what is beyond still waits in the terminal.
const TYPED_AHEAD: usize = 64 * 1024;

/// How the view was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finish {
    /// How the program ended; None: it had not when the view was left.
    pub end: Option<End>,
    /// The program went on without the panes, in this terminal or its own; the view only returned at its end.
    pub handed_over: bool,
    /// The signal that ended the view.
    pub signal: Option<i32>,
    /// The sentence of a source that broke.
    pub failure: Option<String>,
}

/// Why the view could not go on.
#[derive(Debug)]
pub enum Error {
    /// The terminal cannot be set up, read or written.
    Terminal(io::Error),
    /// The relay after hand-over broke.
    Relay(relay::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Terminal(error) => write!(f, "the terminal cannot be used: {error}"),
            Error::Relay(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Terminal(error)
    }
}

/// Shows a source until the user leaves. The terminal is put back on every way out.
///
/// # Errors
/// The terminal cannot be used, or it broke while the program was handed over.
pub fn run(source: Source, mut screen: Screen, options: Options) -> Result<Finish, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    screen.set_mouse(options.mouse);
    screen.enter()?;
    let mut app = App::new(options);
    let result = runtime.block_on(session(source, &mut screen, &mut app));
    screen.leave();
    result
}

/// Lets the user choose running processes, before there is a source; None: left without a choice.
///
/// # Errors
/// The terminal cannot be used.
pub fn pick(screen: &mut Screen, options: Options) -> Result<Option<Vec<i32>>, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    screen.set_mouse(options.mouse);
    screen.enter()?;
    let mut app = App::picking(options);
    // Its sender lives on, so that the source seems to be one that has not begun.
    let (_sender, messages) = mpsc::channel(1);
    let mut source = Source { messages, control: Box::new(Nobody) };
    let result = runtime.block_on(watch(&mut source, screen, &mut app));
    screen.leave();
    let signal = result?;
    Ok(app.picked().filter(|_| signal.is_none()).map(<[i32]>::to_vec))
}

/// The control of a source that does not exist yet.
struct Nobody;

impl Control for Nobody {
    fn send(&self, _: Command) -> Result<(), Refused> {
        Err(Refused::Gone)
    }
}

async fn session(mut source: Source, screen: &mut Screen, app: &mut App) -> Result<Finish, Error> {
    let signal = watch(&mut source, screen, app).await;
    // Also when the terminal is gone: what was to be recorded is kept.
    let unrecorded = app.finish_recording();
    let signal = signal?;
    let mut finish =
        Finish { end: app.session().end(), handed_over: false, signal, failure: app.failure().or(unrecorded) };
    if signal.is_none() && app.leave() == Some(Leave::HandOver) {
        finish.handed_over = true;
        let result = match app.session().has_terminal() {
            true => {
                let typed = typed_ahead(app).await;
                relay::run(source, screen, app.program_mut(), typed).await
            }
            false => relay::wait(source, screen).await,
        };
        match result {
            Ok(end) => finish.end = Some(end),
            Err(relay::Error::Signalled(number)) => finish.signal = Some(number),
            Err(error) => return Err(Error::Relay(error)),
        }
    }
    Ok(finish)
}

/// What was typed for the program while the view was being left: crossterm's reader may have taken it from the terminal
/// already. The stream's thread is given time to see that it is no longer wanted; asking for events before that would
/// take its wake-up away, and it would go on reading the program's keys.
async fn typed_ahead(app: &mut App) -> Vec<u8> {
    tokio::time::sleep(LET_GO).await;
    let mut bytes = Vec::new();
    while bytes.len() < TYPED_AHEAD && matches!(event::poll(Duration::ZERO), Ok(true)) {
        match event::read() {
            Ok(Event::Key(key)) => bytes.extend(app.program_mut().key(key)),
            Ok(Event::Paste(text)) => bytes.extend(app.program_mut().paste(&text)),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    bytes
}

/// Runs the view until it is left; the signal that ended it, if one did.
async fn watch(source: &mut Source, screen: &mut Screen, app: &mut App) -> Result<Option<i32>, Error> {
    let mut signals = Signals::new()?;
    let mut keys = EventStream::new();
    let mut frames = interval(FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let clock = Instant::now();
    let mut listening = true;
    // Rows wait to be looked at by a filter or a profile.
    let mut busy = false;
    let size = screen.size();
    app.resize(size.width, size.height);
    while app.leave().is_none() {
        tokio::select! {
            biased;
            event = signals.next() => match event {
                Wake::Deadly(number) => return Ok(Some(number)),
                Wake::Stop => {
                    give_way(screen, app)?;
                }
                Wake::Continue => {
                    screen.reenter()?;
                    app.redraw();
                }
            },
            event = keys.next() => match event {
                Some(Ok(event)) => handle(app, event),
                Some(Err(error)) => return Err(error.into()),
                // Nobody can press a key any more: as if the terminal had hung up.
                None => return Ok(Some(libc::SIGHUP)),
            },
            _ = frames.tick() => {
                let now_ms = u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX);
                app.tick(now_ms);
                let began = Instant::now();
                busy = !app.work(|| began.elapsed() > WORK);
                if let Some(text) = app.take_clipboard() {
                    screen.copy(&text)?;
                }
                if app.take_suspend() {
                    give_way(screen, app)?;
                }
                if app.take_redraw() {
                    screen.redraw()?;
                }
                if app.dirty() {
                    screen.draw(|frame| {
                        app.render(frame.area(), frame.buffer_mut());
                        if let Some(position) = app.cursor() {
                            frame.set_cursor_position(position);
                        }
                    })?;
                    app.drawn();
                }
            },
            message = source.messages.recv(), if listening && app.listens() => match message {
                Some(message) => {
                    app.message(message);
                    // While messages wait, nothing else would make the runtime look at keys and timers before it has
                    // handed out a hundred of them.
                    tokio::task::yield_now().await;
                }
                None => {
                    listening = false;
                    app.closed();
                }
            },
            // Nothing else is to be done. Keys, signals and frames have come in while this gave way to them.
            () = tokio::task::yield_now(), if busy => {
                let began = Instant::now();
                busy = !app.work(|| began.elapsed() > IDLE_WORK);
            }
        }
        app.outbox().flush(source.control.as_ref());
        if let Some((name, section)) = app.take_manual() {
            // Only one may read the terminal.
            drop(keys);
            screen.leave();
            tokio::time::sleep(LET_GO).await;
            let shown = read_manual(source, app, name, section).await;
            keys = EventStream::new();
            // A ^C there was meant for man.
            signals = Signals::new()?;
            screen.enter()?;
            app.manual_is_left(shown);
        }
    }
    Ok(None)
}

/// Gives the terminal to the shell and stops until it says fg.
fn give_way(screen: &mut Screen, app: &mut App) -> io::Result<()> {
    let held = if app.session().traced() { "; what it traces is held at its next calls" } else { "" };
    if !screen.suspend(&format!("sysview is suspended{held}. fg goes on."))? {
        app.no_shell();
    }
    app.redraw();
    Ok(())
}

/// Shows a manual page; what the source tells meanwhile is taken, so that the program goes on.
async fn read_manual(source: &mut Source, app: &mut App, name: String, section: String) -> Result<(), String> {
    let mut reading = tokio::task::spawn_blocking(move || manual::show(&name, &section));
    let mut listening = true;
    loop {
        tokio::select! {
            shown = &mut reading => return shown.unwrap_or_else(|error| Err(format!("man cannot be started: {error}."))),
            message = source.messages.recv(), if listening && app.listens() => match message {
                Some(message) => app.message(message),
                None => {
                    listening = false;
                    app.closed();
                }
            },
        }
        app.outbox().flush(source.control.as_ref());
    }
}

fn handle(app: &mut App, event: Event) {
    match event {
        Event::Key(key) => app.key(key),
        Event::Mouse(mouse) => app.mouse(mouse),
        Event::Paste(text) => app.paste(&text),
        Event::Resize(cols, rows) => {
            app.resize(cols, rows);
            // Even if the size is the old one again: a terminal that was smaller meanwhile has lost what it showed.
            app.redraw();
        }
        Event::FocusGained | Event::FocusLost => {}
    }
}

/// What a signal asks of the view.
enum Wake {
    Deadly(i32),
    Stop,
    Continue,
}

struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    quit: Signal,
    stop: Signal,
    go_on: Signal,
}

impl Signals {
    fn new() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            // Keys do not make these in raw mode; somebody sent them to sysview itself.
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            stop: signal(SignalKind::from_raw(libc::SIGTSTP))?,
            go_on: signal(SignalKind::from_raw(libc::SIGCONT))?,
        })
    }

    async fn next(&mut self) -> Wake {
        tokio::select! {
            _ = self.terminate.recv() => Wake::Deadly(libc::SIGTERM),
            _ = self.hang_up.recv() => Wake::Deadly(libc::SIGHUP),
            _ = self.interrupt.recv() => Wake::Deadly(libc::SIGINT),
            _ = self.quit.recv() => Wake::Deadly(libc::SIGQUIT),
            _ = self.stop.recv() => Wake::Stop,
            _ = self.go_on.recv() => Wake::Continue,
        }
    }
}
