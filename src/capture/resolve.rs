//! Finds the program that a command names, before anything is forked, so that no failed execve per PATH entry shows.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use super::LaunchError;

/// The file that execvp(3) would run: a name with a slash is a path, any other is looked up in PATH.
pub fn resolve(command: &OsStr) -> Result<PathBuf, LaunchError> {
    resolve_from(Path::new(""), command)
}

/// As after `cd DIRECTORY`.
pub fn resolve_from(directory: &Path, command: &OsStr) -> Result<PathBuf, LaunchError> {
    // glibc's default where PATH is not set.
    let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/bin:/usr/bin"));
    resolve_in(directory, command, &path)
}

fn resolve_in(base: &Path, command: &OsStr, search: &OsStr) -> Result<PathBuf, LaunchError> {
    let shown = command.to_string_lossy();
    let shown = shown.escape_debug();
    if command.is_empty() {
        return Err(LaunchError::not_found("The command is empty; name a program, as in `sysview -- ls -l`.".into()));
    }
    if command.as_bytes().contains(&b'/') {
        let path = PathBuf::from(command);
        return match executable(&base.join(&path)) {
            Verdict::Runs => Ok(path),
            Verdict::Missing => {
                Err(LaunchError::not_found(format!("There is no file {shown}; check the path for a misspelling.")))
            }
            Verdict::Directory => {
                Err(LaunchError::not_executable(format!("{shown} is a directory; name a program in it.")))
            }
            Verdict::Hidden => Err(LaunchError::not_executable(format!(
                "{shown} cannot be reached: permission denied for one of its directories; run sysview as a user who may."
            ))),
            Verdict::Forbidden => Err(LaunchError::not_executable(format!(
                "{shown} is not executable for you; `chmod +x` makes a program or script of yours executable."
            ))),
        };
    }
    let mut forbidden = None;
    for directory in search.as_bytes().split(|&b| b == b':') {
        // An empty entry is the working directory.
        let directory = if directory.is_empty() { Path::new(".") } else { Path::new(OsStr::from_bytes(directory)) };
        let candidate = directory.join(command);
        match executable(&base.join(&candidate)) {
            Verdict::Runs => return Ok(candidate),
            Verdict::Forbidden => forbidden = forbidden.or(Some(candidate)),
            // A directory of PATH that may not be searched says nothing about the command.
            Verdict::Missing | Verdict::Hidden | Verdict::Directory => {}
        }
    }
    Err(match forbidden {
        Some(file) => LaunchError::not_executable(format!(
            "{} is not executable for you; `chmod +x` makes a program or script of yours executable.",
            file.to_string_lossy().escape_debug()
        )),
        None if base.join(command).exists() => LaunchError::not_found(format!(
            "There is no command {shown} in PATH; write ./{shown} for the file in this directory."
        )),
        None => LaunchError::not_found(format!(
            "There is no command {shown} in PATH; check the spelling or give the full path."
        )),
    })
}

enum Verdict {
    Runs,
    Missing,
    /// In a directory that may not be searched.
    Hidden,
    Directory,
    Forbidden,
}

fn executable(path: &Path) -> Verdict {
    match path.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Verdict::Hidden,
        Err(_) => Verdict::Missing,
        Ok(meta) if meta.is_dir() => Verdict::Directory,
        Ok(_) if access(path, AccessFlags::X_OK).is_ok() => Verdict::Runs,
        Ok(_) => Verdict::Forbidden,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_as_a_shell_finds_them() {
        let find =
            |command: &str| resolve_in(Path::new(""), OsStr::new(command), OsStr::new("/nonexistent:/bin:/usr/bin"));
        assert_eq!(find("sh").unwrap(), PathBuf::from("/bin/sh"));
        assert_eq!(find("/bin/sh").unwrap(), PathBuf::from("/bin/sh"));
        assert_eq!(find("no-such-command-here").unwrap_err().exit_code(), 127);
        assert_eq!(find("/no/such/file").unwrap_err().exit_code(), 127);
        assert_eq!(find("/").unwrap_err().exit_code(), 126);
        assert_eq!(find("/etc/passwd").unwrap_err().exit_code(), 126);
        assert_eq!(find("").unwrap_err().exit_code(), 127);
        assert!(find("no\x1bsuch").unwrap_err().to_string().contains("no\\u{1b}such"));
    }
}
