//! What the user decides while the program runs: hold, step, catch, tamper.

use std::io;

use super::worker::Engine;
use crate::source::Command;

impl Engine {
    pub fn command(&mut self, command: Command, _now: u64) -> io::Result<()> {
        match command {
            Command::Catch(list) => self.tracing.catch = list,
            Command::Tamper(list) => self.tracing.tamper = list,
            _ => {}
        }
        Ok(())
    }
}
