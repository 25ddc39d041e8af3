//! The real terminal's room on a pseudo-terminal: what a terminal would receive, and which modes it is left in.

use std::io::{Read, Write};
use std::panic::catch_unwind;
use std::sync::MutexGuard;
use std::thread;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::pty::openpty;
use nix::sys::termios::{LocalFlags, tcgetattr};
use ratatui::text::Line;

use super::modes::lock as lock_ignoring_panics;
use super::*;

/// A screen on a new pseudo-terminal, and the end that a terminal emulator would hold.
pub struct Bench {
    pub screen: Screen,
    pub emulator: File,
    pub line: File,
    _alone: MutexGuard<'static, ()>,
}

impl Bench {
    pub fn open() -> Bench {
        // A process has one active terminal, which panics give back; so one test at a time has it.
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = lock_ignoring_panics(&ALONE);
        let pty = openpty(None, None).unwrap();
        fcntl(&pty.master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        let line = File::from(pty.slave);
        let screen = Screen::on(line.try_clone().unwrap(), line.try_clone().unwrap()).unwrap();
        Bench { screen, emulator: pty.master.into(), line, _alone: alone }
    }

    /// What was written to the terminal since the last call.
    pub fn received(&mut self) -> String {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = self.emulator.read(&mut buffer) {
            bytes.extend_from_slice(&buffer[..count]);
        }
        String::from_utf8(bytes).unwrap()
    }

    pub fn is_raw(&self) -> bool {
        !tcgetattr(&self.line).unwrap().local_flags.intersects(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG)
    }
}

#[test]
fn entering_and_leaving_undo_each_other() {
    let mut bench = Bench::open();
    let before = tcgetattr(&bench.line).unwrap();
    bench.screen.enter().unwrap();
    assert!(bench.is_raw());
    let entered = bench.received();
    bench.screen.leave();
    assert_eq!(tcgetattr(&bench.line).unwrap(), before);
    let left = bench.received();
    for mode in ["?1049", "?2004", "?1000", "?1002", "?1006"] {
        assert!(entered.contains(&format!("\x1b[{mode}h")), "{mode} in {entered:?}");
        assert!(left.contains(&format!("\x1b[{mode}l")), "{mode} in {left:?}");
    }
    assert!(entered.contains("\x1b[?25l") && left.contains("\x1b[?25h"));
    bench.screen.leave();
    assert_eq!(bench.received(), "", "the second time does nothing");
}

#[test]
fn dropping_the_screen_gives_the_terminal_back() {
    let bench = Bench::open();
    let Bench { mut screen, line, _alone, .. } = bench;
    let before = tcgetattr(&line).unwrap();
    screen.enter().unwrap();
    assert_ne!(tcgetattr(&line).unwrap(), before);
    drop(screen);
    assert_eq!(tcgetattr(&line).unwrap(), before);
}

#[test]
fn a_panic_gives_the_terminal_back_and_ends_drawing() {
    let mut bench = Bench::open();
    bench.screen.enter().unwrap();
    bench.received();
    assert!(guarded(|| panic!("caught, so the terminal stays")).is_none());
    assert!(bench.is_raw());
    assert!(catch_unwind(|| panic!("this message is part of a test")).is_err());
    assert!(!bench.is_raw());
    assert!(bench.received().contains("\x1b[?1049l"));
    assert!(bench.screen.draw(|frame| frame.render_widget("late", frame.area())).is_err());
    assert_eq!(bench.received(), "", "no late frame on the shell's screen");
}

/// The tracer's thread tells the view by a message; until that is read, the screen is not to be written over.
#[test]
fn a_panic_in_another_thread_leaves_the_view_on() {
    let mut bench = Bench::open();
    bench.screen.enter().unwrap();
    bench.screen.draw(|frame| frame.render_widget("before", frame.area())).unwrap();
    bench.received();
    assert!(thread::spawn(|| panic!("this message is part of a test")).join().is_err());
    assert!(bench.is_raw() && bench.screen.is_on());
    assert_eq!(bench.received(), "");
    bench.screen.draw(|frame| frame.render_widget("behind", frame.area())).unwrap();
    assert!(bench.received().contains("hin"));
}

#[test]
fn a_frame_is_one_synchronized_update_of_what_changed() {
    let mut bench = Bench::open();
    bench.screen.enter().unwrap();
    bench.screen.draw(|frame| frame.render_widget("one", frame.area())).unwrap();
    let first = bench.received();
    assert!(first.contains("one") && first.ends_with("\x1b[?2026l"), "{first:?}");
    assert_eq!(first.matches("\x1b[?2026h").count(), 1);
    bench.screen.draw(|frame| frame.render_widget("one", frame.area())).unwrap();
    assert_eq!(bench.received(), "", "nothing changed");
    let mut with_cursor = |x| {
        bench.screen.draw(|frame| {
            frame.render_widget("one", frame.area());
            frame.set_cursor_position((x, 0));
        })
    };
    with_cursor(2).unwrap();
    with_cursor(2).unwrap();
    assert_eq!(bench.received(), "\x1b[?2026h\x1b[?25h\x1b[1;3H\x1b[?2026l");
    bench.screen.reenter().unwrap();
    bench.screen.draw(|frame| frame.render_widget("one", frame.area())).unwrap();
    assert!(bench.received().contains("one"), "after SIGCONT everything is drawn again");
}

#[test]
fn movements_are_reported_only_on_request() {
    let mut bench = Bench::open();
    bench.screen.enter().unwrap();
    assert!(!bench.received().contains("?1003h"));
    bench.screen.set_motion(true).unwrap();
    bench.screen.set_motion(true).unwrap();
    assert_eq!(bench.received(), "\x1b[?1003h");
    bench.screen.leave();
    assert!(bench.received().contains("\x1b[?1003l"));
}

#[test]
fn a_large_frame_is_written_in_bounded_parts() {
    let mut bench = Bench::open();
    bench.screen.enter().unwrap();
    // The kernel takes a few kilobytes before somebody must read.
    let mut emulator = bench.emulator.try_clone().unwrap();
    let reader = thread::spawn(move || {
        let mut received = Vec::new();
        let mut buffer = [0; 4096];
        while !received.ends_with(b"\x1b[?2026l") || received.len() < 1000 {
            match emulator.read(&mut buffer) {
                Ok(count) => received.extend_from_slice(&buffer[..count]),
                Err(_) => thread::yield_now(),
            }
        }
        received
    });
    bench
        .screen
        .draw(|frame| {
            for position in frame.area().positions() {
                let colour = ratatui::style::Color::Rgb(position.x as u8, position.y as u8, 0);
                frame.buffer_mut()[position].set_symbol("x").set_bg(colour);
            }
        })
        .unwrap();
    let received = String::from_utf8(reader.join().unwrap()).unwrap();
    assert_eq!(received.matches('x').count(), usize::from(bench.screen.size().width * bench.screen.size().height));
}

#[test]
fn no_control_character_leaves_through_a_cell() {
    let mut bench = Bench::open();
    bench.screen.enter().unwrap();
    bench.received();
    bench
        .screen
        .draw(|frame| {
            let buffer = frame.buffer_mut();
            buffer[(0, 2)].set_symbol("\x1b]0;title\x07");
            buffer[(1, 0)].set_symbol("\u{9b}");
            buffer[(2, 0)].set_symbol("a\u{202e}b");
            buffer[(4, 0)].set_symbol("é\u{301}");
            frame.render_widget(Line::raw("next"), ratatui::layout::Rect::new(0, 1, 4, 1));
        })
        .unwrap();
    let received = bench.received();
    assert!(received.contains(" ab") && received.contains("é\u{301}") && received.contains("]0;title"), "{received:?}");
    assert!(!received.contains("\x1b]") && !received.contains(['\x07', '\u{9b}', '\u{202e}']), "{received:?}");
}

#[test]
fn keys_can_be_read_while_the_view_is_on() {
    let mut bench = Bench::open();
    bench.screen.enter().unwrap();
    bench.emulator.write_all(b"\x03").unwrap();
    let mut key = [0];
    bench.screen.input().unwrap().read_exact(&mut key).unwrap();
    assert_eq!(key, *b"\x03", "Ctrl-C is a key, not a signal");
}

#[test]
fn without_a_terminal_there_is_one_sentence() {
    let sentence = NoTerminal(io::Error::from_raw_os_error(nix::libc::ENXIO)).to_string();
    assert_eq!(
        sentence,
        "there is no terminal to draw the view on (/dev/tty: No such device or address); use `sysview log -- COMMAND` for plain text"
    );
}
