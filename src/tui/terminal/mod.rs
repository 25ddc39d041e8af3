//! The real terminal: found, entered, drawn on and always put back. Only this room and `relay` write to it. Leaves out
//! reading keys (crossterm's event stream does, from the same terminal that is chosen here) and what is drawn.
//!
//! Keys come from standard input if that is a terminal, else from /dev/tty (crossterm chooses in the same way); the
//! view is drawn on standard output if that is a terminal, else on /dev/tty. So `echo x | sysview -- cat > f` works: what is
//! redirected belongs to the program.

mod backend;
mod handover;
mod modes;

use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};

use nix::sys::signal::{Signal, raise};
use nix::unistd::{getpgid, getppid, getsid};
use ratatui::layout::Size;
use ratatui::{Frame, Terminal};

use super::clipboard;
use super::program::ProgramPane;
use backend::Tty;
use modes::{MOUSE_OFF, Modes, Shared, lock};

pub use modes::{guarded, restore};

/// Why there is no view: one sentence for the user.
#[derive(Debug)]
pub struct NoTerminal(io::Error);

impl fmt::Display for NoTerminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.0.raw_os_error().map(nix::errno::Errno::from_raw) {
            Some(errno) => errno.desc().to_string(),
            None => self.0.to_string(),
        };
        write!(
            f,
            "there is no terminal to draw the view on (/dev/tty: {reason}); use `sysview log -- COMMAND` for plain text"
        )
    }
}

impl std::error::Error for NoTerminal {}

/// The terminal and the view on it. Dropping it gives the terminal back.
pub struct Screen {
    modes: Shared,
    terminal: Terminal<Tty>,
    motion: bool,
    mouse: bool,
}

impl Screen {
    /// Finds the terminal; changes nothing on it yet.
    ///
    /// # Errors
    /// Input or output is redirected and the process has no controlling terminal (tty(4)).
    pub fn open() -> Result<Screen, NoTerminal> {
        let stdin = io::stdin();
        let input = if stdin.is_terminal() { duplicate(stdin) } else { controlling_terminal() };
        let stdout = io::stdout();
        let output = if stdout.is_terminal() { duplicate(stdout) } else { controlling_terminal() };
        Screen::on(input.map_err(NoTerminal)?, output.map_err(NoTerminal)?).map_err(NoTerminal)
    }

    /// On a given terminal: keys come from `input`, frames go to `output`.
    fn on(input: File, output: File) -> io::Result<Screen> {
        let modes = Arc::new(Mutex::new(Modes::new(input, output)?));
        let terminal = Terminal::new(Tty::new(Arc::clone(&modes)))?;
        Ok(Screen { modes, terminal, motion: false, mouse: true })
    }

    /// Raw mode, alternate screen, mouse, bracketed paste, no cursor. From here on the terminal is put back on drop, on a
    /// panic in this thread and by `restore`.
    ///
    /// # Errors
    /// The terminal refuses its modes (termios(3)) or the bytes: it hung up.
    pub fn enter(&mut self) -> io::Result<()> {
        modes::activate(&self.modes);
        lock(&self.modes).enter()?;
        if !self.mouse {
            lock(&self.modes).write_view(MOUSE_OFF)?;
        }
        self.motion = false;
        self.terminal.backend_mut().forget();
        self.terminal.clear()
    }

    /// Gives the terminal back as it was found. The second time does nothing.
    pub fn leave(&mut self) {
        lock(&self.modes).leave();
    }

    /// After `leave`: one line for whoever looks at the terminal, which keeps its own modes.
    pub(super) fn tell(&mut self, line: &str) -> io::Result<()> {
        lock(&self.modes).write_line(line)
    }

    /// After SIGCONT: the shell has had the terminal meanwhile, so everything is set again; the next frame is drawn whole.
    pub fn reenter(&mut self) -> io::Result<()> {
        self.enter()
    }

    /// For SIGTSTP: gives the terminal back, says `line` on it and stops this process; returns true after SIGCONT with the
    /// view on again, or false at once if no shell with job control could ever say fg. The program's own Ctrl-Z never comes
    /// here, it goes to the program's terminal.
    ///
    /// # Errors
    /// The terminal hung up.
    pub fn suspend(&mut self, line: &str) -> io::Result<bool> {
        if orphaned() {
            return Ok(false);
        }
        self.leave();
        self.tell(line)?;
        // SIGSTOP, because our handler has taken SIGTSTP's default away.
        raise(Signal::SIGSTOP)?;
        self.reenter()?;
        Ok(true)
    }

    /// Gives a text to the terminal's clipboard (OSC 52).
    ///
    /// # Errors
    /// As `draw`.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        lock(&self.modes).write_view(clipboard::sequence(text).as_bytes())
    }

    /// Whether mouse buttons are reported from the next `enter` on; else the terminal selects text as ever.
    pub fn set_mouse(&mut self, on: bool) {
        self.mouse = on;
    }

    /// Draws a frame; only what changed is written, as one synchronized update.
    ///
    /// # Errors
    /// The terminal hung up, or was given back.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame)) -> io::Result<()> {
        self.terminal.draw(render)?;
        Ok(())
    }

    /// Asks the terminal to report mouse movements without a pressed button, or not to. Only for a program that wants
    /// them (`ProgramPane::wants_motion`): there are many, and each wakes the view.
    ///
    /// # Errors
    /// As `draw`.
    pub fn set_motion(&mut self, on: bool) -> io::Result<()> {
        if self.motion != on {
            self.motion = on;
            // In many terminals the modes replace one another, so the one for drags is set again.
            lock(&self.modes).write_view(if on { b"\x1b[?1003h" } else { b"\x1b[?1003l\x1b[?1002h" })?;
        }
        Ok(())
    }

    /// Whether the view is on. It is off before `enter`, after `leave`, and after a panic in its thread.
    pub fn is_on(&self) -> bool {
        lock(&self.modes).is_viewed()
    }

    /// The next frame is drawn whole (Ctrl-L).
    pub fn redraw(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    /// Gives the terminal to the program, with the program's screen on it. Raw mode stays, so that every key is the
    /// program's.
    pub(super) fn hand_over(&mut self, pane: &mut ProgramPane) -> io::Result<()> {
        let screen = handover::sequences(pane, self.size())?;
        modes::activate(&self.modes);
        let mut modes = lock(&self.modes);
        modes.hand_over()?;
        modes.write_program(&screen, pane.alternate_screen())
    }

    /// After SIGCONT during a relay: raw mode again. What is on the screen is the program's to repaint.
    pub(super) fn hand_over_again(&mut self) -> io::Result<()> {
        lock(&self.modes).hand_over()
    }

    /// The program's own bytes; `alternate` tells which screen they leave it on.
    pub(super) fn write_program(&mut self, bytes: &[u8], alternate: bool) -> io::Result<()> {
        lock(&self.modes).write_program(bytes, alternate)
    }

    /// Where the keys come from.
    pub(super) fn input(&self) -> io::Result<File> {
        lock(&self.modes).input()
    }

    /// Columns and rows at this moment.
    pub fn size(&self) -> Size {
        backend::size()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Nobody in this session and outside of this process group is its parent, so nobody can continue it once it is stopped
/// (setpgid(2), "orphaned process group").
fn orphaned() -> bool {
    let parent = getppid();
    let same_session = getsid(Some(parent)).is_ok_and(|sid| getsid(None) == Ok(sid));
    !same_session || getpgid(Some(parent)) == getpgid(None)
}

fn duplicate(stream: impl AsFd) -> io::Result<File> {
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

fn controlling_terminal() -> io::Result<File> {
    File::options().read(true).write(true).open("/dev/tty")
}

#[cfg(test)]
pub mod tests;
