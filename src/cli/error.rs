//! What went wrong, in one sentence, with the exit status that tells it to a script.

use std::fmt;

/// One sentence for the user and sysview's exit status.
#[derive(Debug)]
pub struct CliError {
    message: String,
    pub code: u8,
}

impl CliError {
    /// sysview could not do its work: exit status 1.
    pub fn failed(message: impl fmt::Display) -> CliError {
        CliError { message: message.to_string(), code: 1 }
    }

    /// The command line or a file named on it is wrong: exit status 2.
    pub fn usage(message: impl fmt::Display) -> CliError {
        CliError { message: message.to_string(), code: 2 }
    }

    pub fn with_code(message: impl fmt::Display, code: i32) -> CliError {
        CliError { message: message.to_string(), code: u8::try_from(code).unwrap_or(1) }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
