//! Why a program could not be launched: one sentence for the user, and the exit code that shells use for it.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::Path;

use super::launch::Launch;
use super::{doctor, sys};

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

    /// A wish of the command line that cannot be granted.
    pub(super) fn usage(sentence: String) -> LaunchError {
        LaunchError { sentence, code: 2 }
    }

    /// sysview's exit status: 127 not found, 126 not executable, 2 a wrong command line, 1 otherwise.
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

/// The errno's words without Rust's "(os error 2)".
pub(super) fn text(error: &io::Error) -> String {
    error.raw_os_error().map_or_else(|| error.to_string(), errno_text)
}

pub(super) fn errno_text(errno: i32) -> String {
    nix::errno::Errno::from_raw(errno).desc().to_owned()
}

pub(super) fn system(what: &str, error: &io::Error) -> LaunchError {
    LaunchError::system(format!("Cannot {what}: {}.", text(error)))
}

/// Why ptrace of `child`, which still lives, was refused.
pub(super) fn not_permitted(child: i32, error: &io::Error) -> LaunchError {
    match error.raw_os_error() {
        Some(errno @ (libc::EPERM | libc::EACCES | libc::ENOSYS | libc::EIO | libc::EINVAL)) => {
            LaunchError::system(format!("Cannot trace the program: {}.", doctor::why_refused(child, errno)))
        }
        _ => system("trace the program", error),
    }
}

/// A step of the child that failed, and its errno.
pub(super) type Report = (i32, i32);

/// The last report in the pipe, whose other end the child's exec or exit has closed.
pub(super) fn read_report(failures: OwnedFd) -> Option<Report> {
    let mut bytes = Vec::new();
    File::from(failures).read_to_end(&mut bytes).ok()?;
    let last = bytes.chunks_exact(8).next_back()?;
    let number = |at: usize| i32::from_ne_bytes([last[at], last[at + 1], last[at + 2], last[at + 3]]);
    Some((number(0), number(4)))
}

/// Why the child ended before its execve succeeded: it told through the pipe.
pub(super) fn explain(launch: &Launch, report: Option<Report>) -> LaunchError {
    let Some((step, errno)) = report else {
        return LaunchError::system("The program was killed before it could start.".into());
    };
    let error = io::Error::from_raw_os_error(errno);
    let setup = &launch.setup;
    let user = setup.user.as_ref().map(|user| format!(" for user {}", user.name)).unwrap_or_default();
    if step == sys::Step::Identity as i32 {
        return LaunchError::system(format!(
            "Cannot take the identity of the program{user}: {}; root needs CAP_SETUID and CAP_SETGID here, with Docker: \
             docker run --cap-add=SETUID --cap-add=SETGID.",
            text(&error)
        ));
    }
    if step == sys::Step::Directory as i32 {
        let directory = setup.directory.as_deref().unwrap_or(Path::new("")).to_string_lossy();
        return LaunchError::system(format!(
            "The program cannot start in the directory {}: {}{user}.",
            directory.escape_debug(),
            text(&error)
        ));
    }
    if step == sys::Step::Filter as i32 {
        return LaunchError::system(format!(
            "The kernel does not take the filter that lets other calls pass at full speed: {}; with --no-call-filter every call \
             stops the program and only the wanted ones are shown.",
            text(&error)
        ));
    }
    if step == sys::Step::Enforced as i32 {
        return LaunchError::system(format!(
            "The kernel does not take the profile's filter: {}; with --enforce tracer sysview answers in its place.",
            text(&error)
        ));
    }
    if step != sys::Step::Exec as i32 {
        return system("set the program's terminal up", &error);
    }
    let shown = launch.program.to_string_lossy().escape_debug().to_string();
    match errno {
        libc::ENOENT => LaunchError::not_found(format!(
            "Cannot execute {shown}: the interpreter that it names (after #!, or its dynamic loader) does not exist."
        )),
        libc::ENOEXEC => LaunchError::not_executable(format!(
            "{shown} is neither a program for this machine nor a script with a #! line; a shell script runs with `sysview -- sh {shown}`."
        )),
        libc::EACCES => LaunchError::not_executable(format!(
            "{shown} may not be executed: permission denied{user}; it, its interpreter or its file system (noexec) forbids it."
        )),
        libc::ETXTBSY => LaunchError::not_executable(format!(
            "{shown} is open for writing; close the program that writes it and try again."
        )),
        libc::E2BIG => LaunchError::not_executable(format!(
            "The arguments and the environment are too long for the kernel; give {shown} fewer or shorter arguments."
        )),
        _ => LaunchError::not_executable(format!("Cannot execute {shown}: {}.", text(&error))),
    }
}
