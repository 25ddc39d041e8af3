//! What can go wrong with a recording, as one sentence for the user each: what, where, what to do.

use std::fmt;
use std::io;

use super::schema::FORMAT_VERSION;

/// Why a recording could not be written or read.
#[derive(Debug)]
pub enum SessionError {
    /// The file does not begin like a recording.
    NotARecording { file: String },
    /// The file ends before its first event.
    CutAtStart { file: String },
    /// The file was written in another version of the format.
    Version { file: String, found: u32 },
    /// The bytes make no sense; `offset` is where the broken part of the file begins, in bytes.
    Corrupt { file: String, offset: u64, what: String },
    /// The file could not be read.
    Read { file: String, error: io::Error },
    /// The recording could not be written. Nothing more is written after that.
    Write(String),
    /// One event or piece of output is larger than a recording can hold, in bytes; it was left out.
    TooLarge { bytes: usize, limit: usize },
    /// No thread for reading.
    Thread(io::Error),
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SessionError::NotARecording { file } => {
                write!(
                    f,
                    "{file}: this is no recording of sysview, nor text of strace; make one with `sysview record -o FILE -- COMMAND`"
                )
            }
            SessionError::CutAtStart { file } => {
                write!(f, "{file}: the recording was cut off before its first event; record it again")
            }
            SessionError::Version { file, found } if *found > FORMAT_VERSION => write!(
                f,
                "{file}: recorded in format {found} and this sysview reads up to {FORMAT_VERSION}; open it with a newer sysview"
            ),
            SessionError::Version { file, found } => {
                write!(f, "{file}: format {found} was never released; record it again with this sysview")
            }
            SessionError::Corrupt { file, offset, what } => write!(
                f,
                "{file}: the recording is damaged at byte {offset} ({what}); what stands before is intact, copy or record it again for the rest"
            ),
            SessionError::Read { file, error } => write!(f, "{file}: cannot be read: {error}"),
            SessionError::Write(error) => write!(f, "the recording stopped: {error}; make room and record again"),
            SessionError::TooLarge { bytes, limit } => write!(
                f,
                "an event of {bytes} bytes was left out of the recording, which takes {limit} at most; lower --capture"
            ),
            SessionError::Thread(error) => write!(f, "no thread could be started to read the recording: {error}"),
        }
    }
}

impl std::error::Error for SessionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SessionError::Read { error, .. } | SessionError::Thread(error) => Some(error),
            _ => None,
        }
    }
}
