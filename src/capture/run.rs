//! The worker's thread from beginning to end, and the view's end of the line to it.
//!
//! Whatever goes wrong in the thread is told to the view and ends the session; it never becomes a hang. How a session
//! begins is in `launch` and `attach`.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc as std_mpsc;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;

use super::LaunchError;
use super::error::system;
use super::pty::Keyboard;
use super::sys;
use super::wake::{Mailbox, raise};
use super::worker::Engine;
use crate::source::{Command, Control, MESSAGE_QUEUE, Message, Refused, Source};

/// An engine with its first tasks, and the way to type to their terminal if it is ours.
pub type Begun = Result<(Engine, Option<Keyboard>), LaunchError>;

/// Runs a session in a thread of its own. Returns once `begin` has, which is called there.
pub fn start(
    begin: impl FnOnce(mpsc::Sender<Message>, Arc<Mailbox>) -> Begun + Send + 'static,
) -> Result<Source, LaunchError> {
    let (sender, messages) = mpsc::channel(MESSAGE_QUEUE);
    let mailbox = Arc::<Mailbox>::default();
    let (answer, answered) = std_mpsc::channel();
    thread::Builder::new()
        .name("sysview-tracer".into())
        .spawn({
            let mailbox = Arc::clone(&mailbox);
            move || work(move || begin(sender, mailbox), &answer)
        })
        .map_err(|error| system("start the tracing thread", &error))?;
    let (mailbox, keyboard) = answered.recv().unwrap_or_else(|_| {
        Err(LaunchError::system("The tracing thread died before the program started; please report this.".into()))
    })?;
    Ok(Source { messages, control: Box::new(Handle { mailbox, keyboard }) })
}

/// The view's end of the line.
struct Handle {
    mailbox: Arc<Mailbox>,
    keyboard: Option<Keyboard>,
}

impl Control for Handle {
    fn send(&self, command: Command) -> Result<(), Refused> {
        if !self.mailbox.is_open() {
            return Err(Refused::Gone);
        }
        match (command, &self.keyboard) {
            (Command::Kill, _) => raise(&self.mailbox.kill),
            (Command::Detach, _) => raise(&self.mailbox.detach),
            // These two need no tracer.
            (Command::Input(bytes), Some(keyboard)) => return keyboard.type_in(bytes),
            (Command::Resize { rows, cols }, Some(keyboard)) => {
                keyboard.resize(rows, cols);
                return Ok(());
            }
            (Command::Input(_) | Command::Resize { .. }, None) => return Ok(()),
            (command, _) => self.mailbox.put(command)?,
        }
        self.mailbox.kick();
        Ok(())
    }
}

type Answer = std_mpsc::Sender<Result<(Arc<Mailbox>, Option<Keyboard>), LaunchError>>;

fn work(begin: impl FnOnce() -> Begun, answer: &Answer) {
    sys::block_all_signals();
    sys::end_restartable_sequences();
    sys::make_children_waitable();
    match catch_unwind(AssertUnwindSafe(begin)) {
        Ok(Ok((engine, keyboard))) => {
            let _ = answer.send(Ok((Arc::clone(&engine.mailbox), keyboard)));
            conclude(engine, Engine::run);
        }
        Ok(Err(error)) => drop(answer.send(Err(error))),
        // `start` sees the answer's sender go.
        Err(_) => {}
    }
}

/// Runs the session to its end. An error or a panic ends what was launched, lets go what was attached to, and is told.
pub fn conclude(mut engine: Engine, run: impl FnOnce(&mut Engine) -> io::Result<()>) {
    let what = match catch_unwind(AssertUnwindSafe(|| run(&mut engine))) {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(panic) => Some(match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => (*panic.downcast::<&str>().unwrap_or(Box::new("panic"))).to_owned(),
        }),
    };
    if let Some(what) = what {
        let fate = if engine.root == 0 { "the programs were let go" } else { "the program was killed" };
        engine.abandon();
        engine.out.message(Message::Failed(format!("Tracing broke and {fate}: {what}; please report this.")));
    }
    let Engine { mut out, .. } = engine;
    if !out.is_empty() {
        // The end of this thread lets go of every task that it still traces; that must not wait for a view that does not
        // read, and the view is told afterwards. If there is no thread to be had, the rest goes unsaid: programs that go on
        // matter more.
        let tracer = nix::unistd::gettid();
        let _ = thread::Builder::new().name("sysview-rest".into()).spawn(move || {
            while std::fs::exists(format!("/proc/self/task/{tracer}")).unwrap_or(false) {
                thread::sleep(Duration::from_micros(200));
            }
            out.deliver_all();
        });
    }
}
