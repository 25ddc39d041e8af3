//! A seccomp profile from a file that the user named, in the chooser or on the command line.

use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::policy::{Profile, builtins};

/// Larger files are no seccomp profiles: the biggest known one has under 100 KiB. In bytes.
const LIMIT: u64 = 4 << 20;

/// Reads and parses a profile.
///
/// # Errors
/// One sentence for the user: the file cannot be read, is none, or is no profile (then with line and column).
pub fn load(path: &str) -> Result<Profile, String> {
    if path.is_empty() {
        return Err("Type the path of a seccomp profile (JSON, as Docker and OCI use it).".into());
    }
    let refuse = |what: &dyn Display| {
        let names: Vec<&str> = builtins().iter().map(|b| b.name).collect();
        format!("{path}: {what}; give a profile's file or one of: {}", names.join(", "))
    };
    // A device or a pipe could keep the view waiting for ever.
    if !Path::new(path).metadata().map_err(|e| refuse(&e))?.is_file() {
        return Err(refuse(&"this is no regular file"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| refuse(&e))?;
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(|e| refuse(&e))?;
    if bytes.len() as u64 > LIMIT {
        return Err(refuse(&"this is larger than 4 MiB and no seccomp profile"));
    }
    let text = String::from_utf8(bytes)
        .map_err(|e| refuse(&format!("this is no text, from byte {} on", e.utf8_error().valid_up_to())))?;
    Profile::parse(&text, path).map_err(|e| e.to_string())
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
