//! `--seccomp FILE|NAME`: a built-in profile, else a file.

use super::error::CliError;
use crate::policy::{self, Profile};
use crate::tui;

pub fn load(spec: &str) -> Result<Profile, CliError> {
    match policy::builtin(spec) {
        Some(profile) => Ok(profile),
        None => tui::profile::load(spec).map_err(CliError::usage),
    }
}
