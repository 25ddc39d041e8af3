//! A seccomp profile from a file that the user named, in the chooser or on the command line.

use crate::config::profile;
use crate::policy::Profile;

/// Reads and parses a profile.
///
/// # Errors
/// One sentence for the user: the file cannot be read, is none, or is no profile (then with line and column).
pub fn load(path: &str) -> Result<Profile, String> {
    if path.is_empty() {
        return Err("Type the path of a seccomp profile, in any form that `sysview profile list` names.".into());
    }
    profile::load(path, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_profile_is_told_without_reading_it() {
        for (path, word) in [("", "Type"), ("/dev/zero", "regular"), ("/", "regular"), ("/no/such", "docker-default")] {
            let sentence = load(path).expect_err(path);
            assert!(sentence.contains(word), "{path}: {sentence}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_told_with_their_place() {
        let file = std::env::temp_dir().join(format!("sysview-profile-{}", std::process::id()));
        std::fs::write(&file, b"{\n\xff}").expect("written");
        let sentence = load(file.to_str().expect("UTF-8")).expect_err("no text");
        std::fs::remove_file(&file).expect("removed");
        assert!(sentence.contains("from byte 2"), "{sentence}");
    }
}
