//! What is wrong with a profile, and where.

use std::fmt;

/// Why a profile cannot be used. Lines and columns count from 1; a column is a character, not a byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileError {
    /// The profile's name: a path, or the name of a built-in one.
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub message: String,
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

impl std::error::Error for ProfileError {}

/// Something in a profile that a container runtime passes over in silence, and that its author probably did not mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    pub line: usize,
    pub column: usize,
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// A complaint at a byte of the text, before it is known which line that is.
#[derive(Debug)]
pub(super) struct Fault {
    pub offset: usize,
    pub message: String,
}

impl Fault {
    pub fn new(offset: usize, message: impl Into<String>) -> Fault {
        Fault { offset, message: message.into() }
    }

    pub fn in_file(self, file: &str, text: &str) -> ProfileError {
        let (line, column) = position(text, self.offset);
        ProfileError { file: file.to_owned(), line, column, message: self.message }
    }

    pub fn into_warning(self, text: &str) -> Warning {
        let (line, column) = position(text, self.offset);
        Warning { line, column, message: self.message }
    }
}

/// Line and column of a byte, both from 1.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::position;

    #[test]
    fn columns_are_characters() {
        assert_eq!(position("a\nä\"b", 0), (1, 1));
        assert_eq!(position("a\nä\"b", 4), (2, 2));
        assert_eq!(position("a\n", 2), (2, 1));
        assert_eq!(position("", 0), (1, 1));
    }
}
