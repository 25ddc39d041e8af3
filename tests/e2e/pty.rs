//! A person at a terminal: starts sysview in a pty, types, looks at the screen, waits for what they expect.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use pty_process::blocking::{Command, Pty, open};
use tui_term::vt100::Parser;

/// Nothing here takes longer, even on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub const SYSVIEW: &str = env!("CARGO_BIN_EXE_sysview");

pub struct Session {
    child: Child,
    pty: std::sync::Arc<Pty>,
    output: Receiver<Vec<u8>>,
    parser: Parser,
    /// Everything that was ever written to the terminal.
    pub raw: Vec<u8>,
}

impl Session {
    /// `sysview ARGS` in a terminal of 120 columns and 40 rows.
    pub fn start<S: AsRef<OsStr>>(args: &[S]) -> Session {
        Session::sized(args, 40, 120)
    }

    pub fn sized<S: AsRef<OsStr>>(args: &[S], rows: u16, cols: u16) -> Session {
        let mut command = Command::new(SYSVIEW);
        command = command.args(args);
        Session::spawn(command, rows, cols)
    }

    /// Any command line in the terminal, through a shell: for redirections.
    pub fn shell(script: &str) -> Session {
        let command = Command::new("bash").args(["--norc", "-c", script]).env("SYSVIEW", SYSVIEW);
        Session::spawn(command, 40, 120)
    }

    fn spawn(command: Command, rows: u16, cols: u16) -> Session {
        let (pty, pts) = open().expect("a pty");
        pty.resize(pty_process::Size::new(rows, cols)).expect("resize");
        let child = command
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .env("PS1", "prompt> ")
            .spawn(pts)
            .expect("sysview starts");
        let pty = std::sync::Arc::new(pty);
        let (sender, output) = channel();
        let reader = pty.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = (&*reader).read(&mut buffer) {
                if sender.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        Session { child, pty, output, parser: Parser::new(rows, cols, 0), raw: Vec::new() }
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a pid")
    }

    pub fn keys(&mut self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).expect("typed");
    }

    pub fn resize(&mut self, rows: u16, cols: u16) {
        self.pty.resize(pty_process::Size::new(rows, cols)).expect("resize");
        self.parser.screen_mut().set_size(rows, cols);
    }

    /// The screen as text.
    pub fn screen(&self) -> String {
        self.parser.screen().contents()
    }

    fn pump(&mut self, wait: Duration) {
        if let Ok(bytes) = self.output.recv_timeout(wait) {
            self.raw.extend_from_slice(&bytes);
            self.parser.process(&bytes);
            while let Ok(more) = self.output.try_recv() {
                self.raw.extend_from_slice(&more);
                self.parser.process(&more);
            }
        }
    }

    /// Waits until the screen fulfils a condition.
    #[track_caller]
    pub fn until(&mut self, what: &str, condition: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if condition(&screen) {
                return screen;
            }
            assert!(Instant::now() < deadline, "waited in vain for {what}; the screen:\n{screen}");
            self.pump(Duration::from_millis(20));
        }
    }

    /// Waits until the screen fulfils a condition and keeps fulfilling it while nothing new is drawn: not a half-drawn
    /// frame, in which one line's beginning stands before another's end.
    #[track_caller]
    pub fn until_still(&mut self, what: &str, condition: impl Fn(&str) -> bool) {
        loop {
            self.until(what, &condition);
            let drawn = self.raw.len();
            self.pump(Duration::from_millis(200));
            if self.raw.len() == drawn && condition(&self.screen()) {
                return;
            }
        }
    }

    #[track_caller]
    pub fn until_shows(&mut self, text: &str) -> String {
        self.until(text, |screen| screen.contains(text))
    }

    /// Waits for sysview's end; its exit code (None: killed by a signal).
    #[track_caller]
    pub fn end(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.pump(Duration::from_millis(20));
            if let Some(status) = self.child.try_wait().expect("wait") {
                // What it wrote last may still be on its way.
                self.pump(Duration::from_millis(100));
                return status.code();
            }
            assert!(Instant::now() < deadline, "sysview does not end; the screen:\n{}", self.screen());
        }
    }

    /// After the end: the terminal is as it was.
    #[track_caller]
    pub fn assert_restored(&self) {
        let screen = self.parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen was left on");
        assert!(!screen.bracketed_paste(), "bracketed paste was left on");
        assert!(!screen.hide_cursor(), "the cursor was left hidden");
        assert_eq!(
            screen.mouse_protocol_mode(),
            tui_term::vt100::MouseProtocolMode::None,
            "mouse reporting was left on"
        );
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A failed test leaves sysview running; a finished one is gone, and then this does nothing.
        if self.child.try_wait().ok().flatten().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
