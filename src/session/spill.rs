//! The file of a store that has outgrown its memory: pieces compressed with zstd, in a file without a name, so that
//! nothing is left of it however sysview ends. open(2), O_TMPFILE.
//!
//! It stands in $TMPDIR or else in /var/tmp, which is on a disk where /tmp is often in memory. Left out: what the pieces
//! are (`model::Store`).

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use zstd::bulk::{Compressor, Decompressor};

use crate::model::{Spill, Spilled};

/// Quick rather than small: it must keep up with the program.
const LEVEL: i32 = 1;

/// A file that is made when the first piece is written.
pub struct TemporaryFile {
    dir: PathBuf,
    file: Option<File>,
    end: u64,
    /// Made with the file.
    compressor: Option<Compressor<'static>>,
    compressed: Vec<u8>,
}

impl fmt::Debug for TemporaryFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TemporaryFile").field("dir", &self.dir).field("end", &self.end).finish_non_exhaustive()
    }
}

impl TemporaryFile {
    /// A file in $TMPDIR, or where large temporary files belong; there is none before something is written.
    pub fn new() -> TemporaryFile {
        let named = std::env::var_os("TMPDIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        TemporaryFile::within(named.unwrap_or_else(usual))
    }

    fn within(dir: PathBuf) -> TemporaryFile {
        TemporaryFile { dir, file: None, end: 0, compressor: None, compressed: Vec::new() }
    }

    /// What went wrong, with the directory in which it did.
    fn said(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: {error}", self.dir.display()))
    }
}

impl Default for TemporaryFile {
    fn default() -> TemporaryFile {
        TemporaryFile::new()
    }
}

impl Spill for TemporaryFile {
    fn write(&mut self, piece: &[u8]) -> io::Result<Spilled> {
        self.compressed.resize(zstd::zstd_safe::compress_bound(piece.len()), 0);
        let compressor = match &mut self.compressor {
            Some(compressor) => compressor,
            none => none.insert(Compressor::new(LEVEL)?),
        };
        let len = compressor.compress_to_buffer(piece, &mut self.compressed[..])?;
        let file = match &mut self.file {
            Some(file) => file,
            none => match nameless(&self.dir) {
                Ok(file) => none.insert(file),
                Err(error) => return Err(self.said(&error)),
            },
        };
        // Where the last attempt may have left a part of a piece, this one begins.
        file.write_all_at(&self.compressed[..len], self.end).map_err(|error| self.said(&error))?;
        let spilled = Spilled { offset: self.end, len: len as u32, size: piece.len() as u32 };
        self.end += len as u64;
        Ok(spilled)
    }

    fn read(&self, piece: Spilled) -> io::Result<Vec<u8>> {
        let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let mut compressed = vec![0; piece.len as usize];
        file.read_exact_at(&mut compressed, piece.offset).map_err(|error| self.said(&error))?;
        Decompressor::new()?.decompress(&compressed, piece.size as usize)
    }
}

fn usual() -> PathBuf {
    let large = Path::new("/var/tmp");
    if large.is_dir() { large.to_owned() } else { std::env::temp_dir() }
}

/// A file that no directory has.
fn nameless(dir: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    let made = options.clone().custom_flags((OFlag::O_TMPFILE | OFlag::O_CLOEXEC).bits()).open(dir);
    match made {
        // Not every file system has such files; a kernel before 3.11 takes the flag for O_DIRECTORY.
        Err(error)
            if matches!(
                error.raw_os_error().map(Errno::from_raw),
                Some(Errno::EOPNOTSUPP | Errno::EISDIR | Errno::EINVAL)
            ) =>
        {
            let path = dir.join(format!(".sysview-{}", std::process::id()));
            let file = options.create_new(true).open(&path)?;
            fs::remove_file(&path)?;
            Ok(file)
        }
        made => made,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_back_and_nothing_has_a_name() {
        let dir = std::env::temp_dir().join(format!("sysview-spill-{}", std::process::id()));
        fs::create_dir(&dir).expect("made");
        let mut spill = TemporaryFile::within(dir.clone());
        let pieces: Vec<Vec<u8>> = [0usize, 1, 1000, 400_000].iter().map(|len| vec![*len as u8; *len]).collect();
        let written: Vec<Spilled> = pieces.iter().map(|piece| spill.write(piece).expect("written")).collect();
        assert_eq!(fs::read_dir(&dir).expect("readable").count(), 0);
        for (piece, spilled) in pieces.iter().zip(&written).rev() {
            assert_eq!(&spill.read(*spilled).expect("read"), piece);
        }
        assert!(written[3].len < 1_000, "{written:?}");
        fs::remove_dir(&dir).expect("empty");
    }

    #[test]
    fn what_goes_wrong_is_said_with_the_directory() {
        let mut spill = TemporaryFile::within("/no/such/directory".into());
        let error = spill.write(b"piece").expect_err("no directory");
        assert_eq!(error.to_string(), "/no/such/directory: No such file or directory (os error 2)");
        assert!(spill.read(Spilled { offset: 0, len: 1, size: 1 }).is_err());
    }
}
