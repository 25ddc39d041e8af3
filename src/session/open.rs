//! Opens whatever tells of a run, by its content: a recording of sysview's, or strace's text.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::strace::{Import, Text};
use super::{SessionError, replay};
use crate::source::Source;

/// Bytes at the beginning by which a file is told.
const TOLD_BY: u64 = 64 << 10;
/// What a message of an Arrow IPC stream begins with.
const ARROW: [u8; 4] = [0xff; 4];

/// Opens a file, or the files `PATH.PID` of `strace -ff -o PATH`, as a source.
pub fn open(path: &Path) -> Result<Source, SessionError> {
    match text(path)? {
        Some(texts) => Import::new(texts)?.source(),
        None => {
            let file = path.display().to_string();
            let opened = File::open(path).map_err(|error| SessionError::Read { file: file.clone(), error })?;
            // A pipe has no length.
            let size = opened.metadata().ok().filter(|metadata| metadata.is_file()).map(|metadata| metadata.len());
            replay(opened, &file, size)
        }
    }
}

/// Whether a file tells of a run, rather than being something else.
pub fn tells_of_a_run(path: &Path) -> Result<bool, SessionError> {
    let wrong = |error| SessionError::Read { file: path.display().to_string(), error };
    let mut beginning = Vec::new();
    File::open(path).and_then(|file| file.take(ARROW.len() as u64).read_to_end(&mut beginning)).map_err(wrong)?;
    Ok(beginning == ARROW || text(path)?.is_some())
}

/// The texts of a path; None if it is something else.
pub fn text(path: &Path) -> Result<Option<Vec<Text>>, SessionError> {
    let wrong = |error| SessionError::Read { file: path.display().to_string(), error };
    let mut beginning = Vec::new();
    match File::open(path) {
        // What is read here of a pipe is lost, and a recording may come through one.
        Ok(file) if !file.metadata().map_err(wrong)?.is_file() => return Ok(None),
        Ok(file) => file.take(TOLD_BY).read_to_end(&mut beginning).map_err(wrong)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Text::read(path).map(Some).map_err(wrong),
        Err(error) => return Err(wrong(error)),
    };
    if beginning.starts_with(&ARROW) || !Text::is_likely(&beginning) {
        return Ok(None);
    }
    Text::read(path).map(Some).map_err(wrong)
}
