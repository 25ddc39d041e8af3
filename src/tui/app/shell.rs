//! Giving way to the shell (Ctrl-z), and drawing anew after something else wrote to the terminal. Left out: how the terminal is given back (`terminal`).

use super::App;

impl App {
    /// The next frame is to be drawn whole: something else wrote to the terminal.
    pub(in crate::tui) fn redraw(&mut self) {
        self.redraw = true;
        self.dirty = true;
    }

    /// Whether `redraw` was asked for since the last call.
    pub(in crate::tui) fn take_redraw(&mut self) -> bool {
        std::mem::take(&mut self.redraw)
    }

    /// There is no shell to come back from.
    pub(in crate::tui) fn no_shell(&mut self) {
        self.say("No shell with job control waits for sysview, so nothing could bring it back; it stays.");
    }

    /// Whether the view is to give way to the shell, once.
    pub fn take_suspend(&mut self) -> bool {
        std::mem::take(&mut self.suspend)
    }
}
