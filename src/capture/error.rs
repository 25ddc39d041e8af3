//! Why a program could not be launched: one sentence for the user, and the exit code that shells use for it.

use std::fmt;

/// One clear sentence: what, where, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchError {
    sentence: String,
    code: i32,
}

impl LaunchError {
    /// The command does not exist.
    pub(super) fn not_found(sentence: String) -> LaunchError {
        LaunchError { sentence, code: 127 }
    }

    /// It exists but cannot be executed.
    pub(super) fn not_executable(sentence: String) -> LaunchError {
        LaunchError { sentence, code: 126 }
    }

    /// The system does not let us trace, or is out of something.
    pub(super) fn system(sentence: String) -> LaunchError {
        LaunchError { sentence, code: 1 }
    }

    /// sysview's exit status: 127 not found, 126 not executable, 1 otherwise.
    pub fn exit_code(&self) -> i32 {
        self.code
    }
}

impl fmt::Display for LaunchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for LaunchError {}
