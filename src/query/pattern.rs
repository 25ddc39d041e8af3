//! Regular expressions of filters: `path~"\.so"`, `text~`, `task~`, `cwd~`.
//!
//! They are asked about bytes, as paths are bytes; capitals count unless the expression begins with `(?i)`.

use std::fmt;

use regex::bytes::{Regex, RegexBuilder};

/// Bytes that a compiled expression may take; more is refused, so that no line exhausts memory.
const SIZE_LIMIT: usize = 1 << 20;

/// A regular expression that can be asked. Equal if written in the same way.
#[derive(Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// # Errors
    /// The character at which it cannot be read, from 0, and a clause on what is wrong there.
    pub fn new(text: &str) -> Result<Pattern, (usize, String)> {
        let built = RegexBuilder::new(text).unicode(false).size_limit(SIZE_LIMIT).dfa_size_limit(SIZE_LIMIT).build();
        built.map(Pattern).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => (0, "this regular expression is too large".into()),
            error => syntax(text, &error.to_string()),
        })
    }

    /// An expression that finds just these bytes.
    pub(super) fn literal(text: &str, either_case: bool) -> Pattern {
        let built = RegexBuilder::new(&regex::escape(text)).unicode(false).case_insensitive(either_case).build();
        // Escaped text is a list of characters; what can be typed is far from the limit of the crate.
        Pattern(built.unwrap_or_else(|error| unreachable!("{text:?} as a regular expression: {error}")))
    }

    pub fn is_in(&self, bytes: &[u8]) -> bool {
        self.0.is_match(bytes)
    }

    pub fn text(&self) -> &str {
        self.0.as_str()
    }
}

/// The crate tells of a mistake in lines: the expression, a caret under the mistake, `error: ` and what it is.
fn syntax(text: &str, told: &str) -> (usize, String) {
    const INDENT: usize = 4;
    let caret =
        told.lines().find(|line| line.trim_start().starts_with('^') && line.trim_matches(['^', ' ']).is_empty());
    let column = caret.and_then(|line| line.find('^')).map_or(0, |at| at.saturating_sub(INDENT));
    let why = told.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or("it cannot be read");
    (column.min(text.chars().count()), format!("this is no regular expression: {why}"))
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_have_their_place() {
        for (text, column, word) in [("a(b", 1, "unclosed"), ("*a", 0, "repetition"), ("x[z-a]", 2, "range")] {
            let (at, why) = Pattern::new(text).expect_err(text);
            assert_eq!(at, column, "{text}: {why}");
            assert!(why.contains(word) && !why.contains('\n'), "{text}: {why}");
        }
        assert!(Pattern::new(&"(a{100}){1000}".repeat(10)).is_err_and(|(_, why)| why.contains("too large")));
    }

    #[test]
    fn bytes_are_asked_not_characters() {
        let pattern = Pattern::new(r"\.so(\.|$)").expect("fine");
        assert!(pattern.is_in(b"/lib/libc.so.6") && pattern.is_in(b"\xff.so") && !pattern.is_in(b"/lib/so"));
        assert!(Pattern::new("(?i)ETC").expect("fine").is_in(b"/etc"));
        assert!(Pattern::literal("a.b", true).is_in(b"A.B") && !Pattern::literal("a.b", true).is_in(b"axb"));
        assert!(!Pattern::literal("a.b", false).is_in(b"A.B") && Pattern::literal("", false).is_in(b""));
    }
}
