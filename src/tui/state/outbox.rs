//! Commands on their way to the source. Its queue is bounded and may be full, so they wait here: control first, then
//! what was typed. Left out: who makes them.

use crate::source::{Command, Control, Refused};

/// Bytes of input that wait for a program that does not read, before more are refused.
pub const INPUT_LIMIT: usize = 1 << 20;
/// Bytes of input handed over in one command.
const INPUT_CHUNK: usize = 4_096;

#[derive(Debug, Default)]
pub struct Outbox {
    /// Everything but input; of commands that replace each other only the newest.
    control: Vec<Command>,
    input: Vec<u8>,
    gone: bool,
}

impl Outbox {
    pub fn control(&mut self, command: Command) {
        self.control.retain(|waiting| !replaces(&command, waiting));
        if !self.control.contains(&command) {
            self.control.push(command);
        }
    }

    /// Queues bytes for the program's terminal.
    ///
    /// # Errors
    /// The bytes do not fit, and none of them is taken.
    pub fn input(&mut self, bytes: &[u8]) -> Result<(), InputFull> {
        if self.input.len() + bytes.len() > INPUT_LIMIT {
            return Err(InputFull);
        }
        self.input.extend_from_slice(bytes);
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.gone || (self.control.is_empty() && self.input.is_empty())
    }

    /// Hands over what the source takes; the rest waits for the next time.
    pub fn flush(&mut self, target: &dyn Control) {
        while !self.control.is_empty() {
            match target.send(self.control.remove(0)) {
                Ok(()) => {}
                Err(Refused::Full(command)) => return self.control.insert(0, command),
                Err(Refused::Gone) => return self.close(),
            }
        }
        while !self.input.is_empty() {
            let rest = self.input.split_off(self.input.len().min(INPUT_CHUNK));
            match target.send(Command::Input(std::mem::replace(&mut self.input, rest))) {
                Ok(()) => {}
                Err(Refused::Full(Command::Input(mut bytes))) => {
                    bytes.append(&mut self.input);
                    self.input = bytes;
                    return;
                }
                Err(Refused::Full(_) | Refused::Gone) => return self.close(),
            }
        }
    }

    /// Nobody listens any more.
    fn close(&mut self) {
        *self = Outbox { gone: true, ..Outbox::default() };
    }

    /// Everything that waits, in order; for tests that stand in for a source.
    pub fn drain(&mut self) -> Vec<Command> {
        let mut commands = std::mem::take(&mut self.control);
        if !self.input.is_empty() {
            commands.push(Command::Input(std::mem::take(&mut self.input)));
        }
        commands
    }
}

/// Whether the second command no longer matters once the first is given.
fn replaces(new: &Command, old: &Command) -> bool {
    match (new, old) {
        (Command::Resize { .. }, Command::Resize { .. })
        | (Command::Catch(_), Command::Catch(_))
        | (Command::Tamper(_), Command::Tamper(_))
        | (Command::Vdso(_), Command::Vdso(_)) => true,
        (Command::Resume, Command::Hold | Command::Step(_)) | (Command::Hold, Command::Resume) => true,
        (Command::Answer(task, _), Command::Answer(other, _)) => task == other,
        _ => false,
    }
}

/// The program reads nothing and the waiting input has reached `INPUT_LIMIT`.
#[derive(Debug, PartialEq, Eq)]
pub struct InputFull;

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::Mutex;

    use super::*;
    use crate::model::TaskId;
    use crate::source::{Change, Forced};

    /// Takes `room` commands and then no more.
    struct Narrow {
        room: Mutex<usize>,
        taken: Mutex<Vec<Command>>,
    }

    impl Control for Narrow {
        fn send(&self, command: Command) -> Result<(), Refused> {
            let mut room = self.room.lock().unwrap();
            if *room == 0 {
                return Err(Refused::Full(command));
            }
            *room -= 1;
            self.taken.lock().unwrap().push(command);
            Ok(())
        }
    }

    #[test]
    fn a_full_queue_loses_nothing_and_keeps_the_order() {
        let outbox = RefCell::new(Outbox::default());
        let typed: Vec<u8> = (0..10_000u32).map(|i| i as u8).collect();
        outbox.borrow_mut().input(&typed).unwrap();
        outbox.borrow_mut().control(Command::Kill);
        let target = Narrow { room: Mutex::new(0), taken: Mutex::default() };
        for _ in 0..10 {
            *target.room.lock().unwrap() = 1;
            outbox.borrow_mut().flush(&target);
        }
        let taken = target.taken.lock().unwrap();
        assert_eq!(taken[0], Command::Kill, "control goes first");
        let bytes: Vec<u8> = taken[1..]
            .iter()
            .flat_map(|c| match c {
                Command::Input(bytes) => bytes.clone(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(bytes, typed);
        assert!(outbox.borrow().is_empty());
    }

    #[test]
    fn too_much_input_is_refused_whole() {
        let mut outbox = Outbox::default();
        outbox.input(&vec![0; INPUT_LIMIT]).unwrap();
        assert_eq!(outbox.input(b"x"), Err(InputFull));
        assert_eq!(outbox.drain(), [Command::Input(vec![0; INPUT_LIMIT])]);
    }

    #[test]
    fn the_last_word_on_holding_counts() {
        let mut outbox = Outbox::default();
        for command in [Command::Hold, Command::Step(TaskId(1)), Command::Resume, Command::Hold, Command::Hold] {
            outbox.control(command);
        }
        assert_eq!(outbox.drain(), [Command::Hold]);
        let change = |errno| Change { result: Some(Forced::Errno(errno)), ..Change::default() };
        for (task, errno) in [(1, 2), (2, 13), (1, 5)] {
            outbox.control(Command::Answer(TaskId(task), change(errno)));
        }
        let kept = [Command::Answer(TaskId(2), change(13)), Command::Answer(TaskId(1), change(5))];
        assert_eq!(outbox.drain(), kept);
        outbox.control(Command::Catch(Vec::new()));
        outbox.control(Command::Tamper(Vec::new()));
        outbox.control(Command::Catch(Vec::new()));
        assert_eq!(outbox.drain(), [Command::Tamper(Vec::new()), Command::Catch(Vec::new())]);
    }

    #[test]
    fn only_the_newest_size_is_sent() {
        let mut outbox = Outbox::default();
        outbox.control(Command::Resize { rows: 1, cols: 1 });
        outbox.control(Command::Resize { rows: 2, cols: 2 });
        assert_eq!(outbox.drain(), [Command::Resize { rows: 2, cols: 2 }]);
    }
}
