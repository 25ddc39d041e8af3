//! The state that the real terminal is put into and how it is put back, from any thread and on every way out. Leaves out
//! drawing (`backend`) and SIGKILL, after which nobody can put anything back.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Write};
use std::panic;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::thread::{self, ThreadId};

use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};

/// Alternate screen, bracketed paste, mouse buttons and drags in SGR form, no cursor, a blank screen.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?1000h\x1b[?1002h\x1b[?1006h\x1b[?25l\x1b[0m\x1b[2J\x1b[H";
/// The mouse is left to the terminal, which selects text with it.
pub const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1002l\x1b[?1000l";
/// The reverse, in reverse; also ends a synchronized update that a broken frame left open.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?1003l\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[?2004l\x1b[?1049l\x1b[?25h";
/// What a program may have left on when its relay ends: a soft reset first (origin mode, insert mode, charsets), then, for
/// terminals without one, mouse, paste, focus reports, keypad, arrows, colours, scroll region (inside a cursor save, because
/// it moves the cursor), cursor shape, hidden cursor.
const AFTER_PROGRAM: &[u8] = b"\x1b[?2026l\x1b[!p\x1b[?1l\x1b>\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\
\x1b[?1005l\x1b[?1006l\x1b[?2004l\x1b[?7h\x1b7\x1b[r\x1b8\x1b(B\x0f\x1b[0m\x1b[0 q\x1b[?25h";

/// Who has the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// The shell that started us: its modes, its screen.
    Shell,
    /// The view: raw mode, alternate screen.
    View,
    /// The program, after hand-over: raw mode, and whatever the program writes.
    Program,
}

/// The terminal's two ends and the modes to return to.
pub struct Modes {
    input: File,
    output: File,
    saved: Termios,
    owner: Owner,
    /// The program, as `Owner::Program`, is on the alternate screen.
    alternate: bool,
}

pub type Shared = Arc<Mutex<Modes>>;

/// The terminal that is not the shell's at the moment, for `restore`, and the thread that uses it. One at a time: a
/// process has one terminal.
static ACTIVE: Mutex<Option<(Shared, ThreadId)>> = Mutex::new(None);

/// What panics of other threads said meanwhile, for when the terminal is the shell's again.
static LATER: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// More is not kept: the first ones tell what was wrong.
const LATER_LIMIT: usize = 8;

thread_local! {
    /// Set while a panic of this thread is expected and caught.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

impl Modes {
    /// Reads the modes to return to; changes nothing.
    pub fn new(input: File, output: File) -> io::Result<Modes> {
        let saved = tcgetattr(&input)?;
        Ok(Modes { input, output, saved, owner: Owner::Shell, alternate: false })
    }

    /// Whether the view may draw.
    pub fn is_viewed(&self) -> bool {
        self.owner == Owner::View
    }

    pub fn input(&self) -> io::Result<File> {
        self.input.try_clone()
    }

    /// Writes a frame, and only while the view has the terminal: after a panic has put it back, a late frame must not land
    /// on the shell's screen.
    pub fn write_view(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_as(Owner::View, bytes)
    }

    /// Writes the program's bytes as they are, and remembers which screen they leave the terminal on.
    pub fn write_program(&mut self, bytes: &[u8], alternate: bool) -> io::Result<()> {
        self.alternate = alternate;
        self.write_as(Owner::Program, bytes)
    }

    fn write_as(&mut self, owner: Owner, bytes: &[u8]) -> io::Result<()> {
        if self.owner != owner {
            return Err(io::Error::other("the terminal is another's by now"));
        }
        self.output.write_all(bytes)
    }

    /// Writes a line below what the shell has on its screen, and only while the terminal is the shell's.
    pub fn write_line(&mut self, line: &str) -> io::Result<()> {
        self.write_as(Owner::Shell, format!("{line}\n").as_bytes())
    }

    /// Puts the view's modes on, whatever is on now: after SIGCONT the shell has changed them behind our back.
    pub fn enter(&mut self) -> io::Result<()> {
        self.raw()?;
        self.owner = Owner::View;
        self.output.write_all(ENTER)
    }

    /// Gives the terminal to the program: the view's screen goes, raw mode stays.
    pub fn hand_over(&mut self) -> io::Result<()> {
        self.raw()?;
        if self.owner == Owner::View {
            self.output.write_all(LEAVE)?;
        }
        self.owner = Owner::Program;
        Ok(())
    }

    /// Gives the terminal back to the shell; does nothing the second time. Every step is tried, because a terminal that
    /// hung up refuses them all.
    pub fn leave(&mut self) {
        let undo = match self.owner {
            Owner::Shell => return,
            Owner::View => LEAVE,
            Owner::Program => AFTER_PROGRAM,
        };
        if self.owner == Owner::Program && self.alternate {
            let _ = self.output.write_all(b"\x1b[?1049l");
        }
        self.owner = Owner::Shell;
        let _ = self.output.write_all(undo);
        // Flush: mouse reports that are still in the queue would otherwise be typed into the shell.
        let _ = tcsetattr(&self.input, SetArg::TCSAFLUSH, &self.saved);
        for words in lock(&LATER).drain(..) {
            let _ = writeln!(io::stderr(), "{words}");
        }
    }

    fn raw(&self) -> io::Result<()> {
        let mut raw = self.saved.clone();
        cfmakeraw(&mut raw);
        Ok(tcsetattr(&self.input, SetArg::TCSADRAIN, &raw)?)
    }
}

/// Locks; a panic while it was locked does not make the terminal less in need of restoring.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Names the terminal that `restore` and the panic hook put back.
pub fn activate(modes: &Shared) {
    install_panic_hook();
    *lock(&ACTIVE) = Some((Arc::clone(modes), thread::current().id()));
}

/// Puts the terminal back as it was found, from any thread; does nothing when it already is.
pub fn restore() {
    let active = lock(&ACTIVE).take();
    if let Some((modes, _)) = active {
        lock(&modes).leave();
    }
}

/// Runs `f` and returns `None` if it panics; the terminal stays as it is and nothing is printed. For foreign code that is
/// fed with the program's bytes and can be started afresh.
pub fn guarded<T>(f: impl FnOnce() -> T + panic::UnwindSafe) -> Option<T> {
    install_panic_hook();
    GUARDED.set(true);
    let result = panic::catch_unwind(f);
    GUARDED.set(false);
    result.ok()
}

/// A panic in the thread that has the terminal first puts it back, so that its message can be read, then goes on as
/// before. One in another thread (the tracer's tells the view what broke) must not write over the screen: what it says
/// is kept until the terminal is given back.
fn install_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if GUARDED.get() {
                return;
            }
            let this = thread::current();
            if lock(&ACTIVE).as_ref().is_some_and(|(modes, user)| *user != this.id() && in_use(modes)) {
                let mut later = lock(&LATER);
                if later.len() < LATER_LIMIT {
                    later.push(printable(&format!("thread '{}' {info}", this.name().unwrap_or("unnamed"))));
                }
            } else {
                restore();
                previous(info);
            }
        }));
    });
}

/// Whether the terminal is not the shell's. Whoever holds it locked is about to write to it.
fn in_use(modes: &Shared) -> bool {
    modes.try_lock().map_or(true, |modes| modes.owner != Owner::Shell)
}

/// A panic's message can hold bytes of the program.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
