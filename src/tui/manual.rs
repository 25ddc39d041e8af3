//! man(1) in the terminal, while the view is away.

use std::io::ErrorKind;
use std::process::Command;

/// man's exit status for a page that does not exist. man(1).
const NO_PAGE: i32 = 16;

/// Shows a page until it is left.
///
/// # Errors
/// A sentence that says why it could not be shown.
pub fn show(name: &str, section: &str) -> Result<(), String> {
    match Command::new("man").args([section, name]).status() {
        Ok(status) if status.code() == Some(NO_PAGE) => {
            Err(format!("man knows no page {name}({section}); Debian has the kernel's calls in manpages-dev."))
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err("There is no man here; install man-db to read manual pages.".into())
        }
        Err(error) => Err(format!("man cannot be started: {error}.")),
    }
}
