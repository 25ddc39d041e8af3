//! Where something stands in a file of TOML: as line and column, also of a character inside of a string.

use std::fmt;
use std::ops::Range;

/// Line and column, both from 1, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    line: usize,
    column: usize,
}

impl Place {
    /// That of a byte.
    pub fn of(text: &str, at: usize) -> Place {
        let before: String = text.char_indices().take_while(|(index, _)| *index < at).map(|(_, c)| c).collect();
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Place { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// The byte at which a character of a string's value is written, for the string whose quotes and content take `span`.
pub fn of_character(text: &str, span: Range<usize>, character: usize) -> usize {
    let written = text.get(span.clone()).unwrap_or_default();
    let escapes = written.starts_with('"');
    let quotes =
        ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| written.starts_with(quotes)).unwrap_or_default();
    let mut at = quotes.len();
    // The line end behind three quotes is not of the value.
    if quotes.len() == 3 {
        at += written[at..].bytes().take_while(|b| matches!(b, b'\r' | b'\n')).take(1).count();
    }
    for _ in 0..character {
        let rest = &written[at..];
        let length = match rest.strip_prefix('\\').filter(|_| escapes).and_then(|rest| rest.chars().next()) {
            Some('x') => 4,
            Some('u') => 6,
            Some('U') => 10,
            Some(_) => 2,
            None => rest.chars().next().map_or(0, char::len_utf8),
        };
        // Never behind the closing quotes, and never inside of a character.
        at = (at + length).min(written.len().saturating_sub(quotes.len()));
        while !written.is_char_boundary(at) {
            at -= 1;
        }
    }
    span.start + at
}
