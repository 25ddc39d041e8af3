//! `--seccomp FILE|NAME`: a built-in profile or a file, read and parsed.

use std::fs;

use super::error::CliError;
use crate::policy::{self, Profile};

/// Larger files are no seccomp profiles: the biggest known one has under 100 KiB.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// A name without a slash that is built in, else a path.
pub fn load(spec: &str) -> Result<Profile, CliError> {
    if let Some(profile) = policy::builtin(spec) {
        return Ok(profile);
    }
    read(spec).map_err(CliError::usage)
}

/// A profile from a file; the error is one sentence.
fn read(path: &str) -> Result<Profile, String> {
    let names = || policy::builtins().iter().map(|b| b.name).collect::<Vec<_>>().join(", ");
    let size = fs::metadata(path)
        .map_err(|e| format!("cannot read the seccomp profile {path}: {e}; give a file or one of: {}", names()))?
        .len();
    if size > MAX_BYTES {
        return Err(format!("the seccomp profile {path} has {size} bytes; no profile is that large"));
    }
    let text = fs::read_to_string(path)
        .map_err(|e| format!("cannot read the seccomp profile {path}: {e}; give a file or one of: {}", names()))?;
    Profile::parse(&text, path).map_err(|e| e.to_string())
}
