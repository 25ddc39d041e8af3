//! The relay between a pseudo-terminal and a source made of channels.

use std::io::Write;
use std::sync::mpsc as std_mpsc;
use std::time::Instant;

use super::*;
use crate::tui::terminal::tests::Bench;

/// A control with room for so many commands at a time.
struct Room(std_mpsc::SyncSender<Command>);

impl Control for Room {
    fn send(&self, command: Command) -> Result<(), Refused> {
        self.0.try_send(command).map_err(|error| match error {
            std_mpsc::TrySendError::Full(command) => Refused::Full(command),
            std_mpsc::TrySendError::Disconnected(_) => Refused::Gone,
        })
    }
}

/// Runs a relay on `pane`; `program` plays the program's side on a thread of its own.
fn relay<T: Send + 'static>(
    bench: &mut Bench,
    pane: &mut ProgramPane,
    program: impl FnOnce(mpsc::Sender<Message>, std_mpsc::Receiver<Command>, File) -> T + Send + 'static,
) -> (Result<End, Error>, T) {
    bench.screen.enter().unwrap();
    let (messages, receiver) = mpsc::channel(4);
    let (control, commands) = std_mpsc::sync_channel(1);
    let source = Source { messages: receiver, control: Box::new(Room(control)) };
    let emulator = bench.emulator.try_clone().unwrap();
    let program = thread::spawn(move || program(messages, commands, emulator));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result = runtime.block_on(run(source, &mut bench.screen, pane, Vec::new()));
    (result, program.join().unwrap())
}

/// The input that arrives, up to a number of bytes, and the sizes on the way.
fn receive(commands: &std_mpsc::Receiver<Command>, bytes: usize) -> (Vec<u8>, Vec<(u16, u16)>) {
    let (mut input, mut sizes) = (Vec::new(), Vec::new());
    while input.len() < bytes {
        match commands.recv().unwrap() {
            Command::Input(more) => input.extend(more),
            Command::Resize { rows, cols } => sizes.push((rows, cols)),
            other => panic!("unexpected {other:?}"),
        }
    }
    (input, sizes)
}

#[test]
fn bytes_go_through_unchanged_until_the_program_ends() {
    let mut bench = Bench::open();
    let mut pane = ProgramPane::new(5, 20);
    pane.feed("old 漢\r\n\x1b[?2004h$ ".as_bytes());
    let size = bench.screen.size();
    let (result, (input, sizes)) = relay(&mut bench, &mut pane, |messages, commands, mut emulator| {
        messages.blocking_send(Message::Output(b"\x1b]0;mine\x07\x1b[31mred".to_vec())).unwrap();
        emulator.write_all(b"\x03\x1b[A\xff").unwrap();
        let received = receive(&commands, 5);
        messages.blocking_send(Message::Output(b"last".to_vec())).unwrap();
        messages.blocking_send(Message::Ended(End::Exited(3))).unwrap();
        received
    });
    assert_eq!(result.unwrap(), End::Exited(3));
    assert_eq!(input, b"\x03\x1b[A\xff");
    assert_eq!(sizes, [(size.height - 1, size.width), (size.height, size.width)], "the program repaints");
    let received = bench.received();
    let order = ["\x1b[?1049l", "old", "漢", "$", "\x1b[?2004h", "\x1b]0;mine\x07\x1b[31mredlast", "\x1b[?2004l"];
    let mut rest = received.as_str();
    for part in order {
        let at = rest.find(part).unwrap_or_else(|| panic!("{part:?} in {rest:?} of {received:?}"));
        rest = &rest[at + part.len()..];
    }
    assert!(!bench.is_raw(), "the terminal is given back");
}

#[test]
fn a_program_on_the_alternate_screen_stays_there_and_leaves_it() {
    let mut bench = Bench::open();
    let mut pane = ProgramPane::new(5, 20);
    pane.feed(b"$ editor\x1b[?1049h\x1b[?1h\x1b[?1002h\x1b[?1006hfull screen");
    let (result, ()) = relay(&mut bench, &mut pane, |messages, commands, _| {
        messages.blocking_send(Message::Ended(End::Killed { signal: 9, core: false })).unwrap();
        while commands.recv().is_ok() {}
    });
    assert_eq!(result.unwrap(), End::Killed { signal: 9, core: false });
    let received = bench.received();
    let (_, after) = received.split_once("\x1b[?1049l").unwrap();
    let (drawn, left) = after.split_once("\x1b[?1049l").unwrap_or_else(|| panic!("{received:?}"));
    for part in ["editor", "\x1b[?1049h", "full", "\x1b[?1h", "\x1b[?1002h", "\x1b[?1006h"] {
        assert!(drawn.contains(part), "{part:?} in {drawn:?}");
    }
    for part in ["\x1b[?1l", "\x1b[?1002l", "\x1b[?1006l", "\x1b[?25h"] {
        assert!(left.contains(part), "{part:?} in {left:?}");
    }
}

#[test]
fn it_ends_at_once_though_nobody_types() {
    let mut bench = Bench::open();
    let mut pane = ProgramPane::new(5, 20);
    let (_, sent) = relay(&mut bench, &mut pane, |messages, commands, _| {
        messages.blocking_send(Message::Ended(End::Exited(0))).unwrap();
        let sent = Instant::now();
        while commands.recv().is_ok() {}
        sent
    });
    assert!(sent.elapsed() < Duration::from_secs(1), "{:?}", sent.elapsed());
}

#[test]
fn input_waits_for_a_source_without_room() {
    let mut bench = Bench::open();
    let mut pane = ProgramPane::new(5, 20);
    let text: Vec<u8> = (0..20_000u32).map(|n| b'a' + (n % 26) as u8).collect();
    let typed = text.clone();
    let (result, (input, _)) = relay(&mut bench, &mut pane, move |messages, commands, mut emulator| {
        let writer = thread::spawn(move || {
            let mut rest = typed.as_slice();
            while !rest.is_empty() {
                match emulator.write(&rest[..rest.len().min(1000)]) {
                    Ok(count) => rest = &rest[count..],
                    Err(_) => thread::yield_now(),
                }
            }
        });
        let received = receive(&commands, 20_000);
        writer.join().unwrap();
        messages.blocking_send(Message::Ended(End::Exited(0))).unwrap();
        received
    });
    assert!(result.is_ok());
    assert!(input == text, "every byte, in order");
}

#[test]
fn a_broken_source_is_told_in_a_sentence() {
    let mut bench = Bench::open();
    let mut pane = ProgramPane::new(5, 20);
    let (result, ()) = relay(&mut bench, &mut pane, |messages, _commands, _| {
        messages.blocking_send(Message::Failed("the tracer broke".into())).unwrap();
    });
    assert_eq!(result.unwrap_err().to_string(), "the tracer broke");
    let (result, ()) = relay(&mut bench, &mut pane, |_messages, _commands, _| {});
    assert!(matches!(result, Err(Error::Source(_))));
}

#[test]
fn a_program_elsewhere_is_waited_for_and_the_terminal_is_the_shells() {
    let mut bench = Bench::open();
    bench.screen.enter().unwrap();
    assert!(bench.is_raw());
    let (messages, receiver) = mpsc::channel(4);
    let (control, commands) = std_mpsc::sync_channel(1);
    let source = Source { messages: receiver, control: Box::new(Room(control)) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    messages.blocking_send(Message::Ended(End::Exited(5))).unwrap();
    assert_eq!(runtime.block_on(wait(source, &mut bench.screen)).unwrap(), End::Exited(5));
    assert!(commands.try_recv().is_err(), "nothing is asked of the program");
    assert!(!bench.is_raw());
    let received = bench.received();
    let (_, after) = received.split_once("\x1b[?1049l").unwrap();
    assert!(after.contains("goes on in its own terminal") && after.ends_with('\n'), "{after:?}");
}

#[test]
fn a_terminal_that_hangs_up_ends_the_relay() {
    let mut bench = Bench::open();
    let mut pane = ProgramPane::new(5, 20);
    bench.screen.enter().unwrap();
    let (_messages, receiver) = mpsc::channel(4);
    let (control, _commands) = std_mpsc::sync_channel(8);
    let source = Source { messages: receiver, control: Box::new(Room(control)) };
    // The emulator's end closes while the relay waits for keys.
    let emulator = std::mem::replace(&mut bench.emulator, File::open("/dev/null").unwrap());
    let closing = thread::spawn(move || {
        let mut emulator = emulator;
        let mut buffer = [0; 4096];
        // The relay has begun once the program's screen is drawn.
        let mut received = Vec::new();
        while !received.ends_with(b"\x1b[?25h") {
            match emulator.read(&mut buffer) {
                Ok(count) => received.extend_from_slice(&buffer[..count]),
                Err(_) => thread::yield_now(),
            }
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result = runtime.block_on(run(source, &mut bench.screen, &mut pane, Vec::new()));
    closing.join().unwrap();
    assert!(matches!(result, Err(Error::Signalled(nix::libc::SIGHUP))), "{result:?}");
}
