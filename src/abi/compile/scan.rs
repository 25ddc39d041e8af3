//! Reading a table: lines with their place, words and punctuation, and the error that names the place.

use std::fmt;

/// The four ABIs, in the order of `Arch::ALL`; tables name them thus.
pub const ABIS: [&str; 4] = ["x86_64", "i386", "x32", "aarch64"];

/// A mistake in a table: `assets/syscalls/file.sys:12: sentence`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub place: String,
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Lines that say something: number, text without the newline. Blank lines and lines that begin with `#` say nothing.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(i, line)| (i + 1, line.trim_end()))
        .filter(|(_, line)| !line.is_empty() && !line.trim_start().starts_with('#'))
}

/// A place in one line.
pub struct Cursor<'a> {
    rest: &'a str,
    pub place: String,
}

impl<'a> Cursor<'a> {
    pub fn new(path: &str, line: usize, text: &'a str) -> Cursor<'a> {
        Cursor { rest: text.trim(), place: format!("{path}:{line}") }
    }

    pub fn error(&self, message: impl Into<String>) -> Error {
        Error { place: self.place.clone(), message: message.into() }
    }

    pub fn rest(&self) -> &'a str {
        self.rest
    }

    pub fn at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes `token` if it comes next.
    pub fn eat(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    pub fn expect(&mut self, token: &str) -> Result<(), Error> {
        if self.eat(token) {
            return Ok(());
        }
        let found = self.rest.split_whitespace().next().unwrap_or("the end of the line");
        Err(self.error(format!("expected `{token}`, found `{found}`")))
    }

    /// A name or number: letters, digits, `_` and `.`; empty if something else comes next.
    pub fn peek_word(&self) -> &'a str {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.'));
        &self.rest[..end.unwrap_or(self.rest.len())]
    }

    pub fn word(&mut self, what: &str) -> Result<&'a str, Error> {
        let word = self.peek_word();
        if word.is_empty() {
            let found = self.rest.split_whitespace().next().unwrap_or("the end of the line");
            return Err(self.error(format!("expected {what}, found `{found}`")));
        }
        self.rest = self.rest[word.len()..].trim_start();
        Ok(word)
    }

    /// Takes the next word if it is this one.
    pub fn eat_word(&mut self, word: &str) -> bool {
        let found = self.peek_word() == word;
        if found {
            self.rest = self.rest[word.len()..].trim_start();
        }
        found
    }

    /// A number: decimal, `0x…`, `0o…`, `1<<4`, with a minus sign in front if need be.
    pub fn number(&mut self) -> Result<u64, Error> {
        let negative = self.eat("-");
        let word = self.word("a number")?;
        let mut value = number(word).ok_or_else(|| self.error(format!("`{word}` is not a number")))?;
        if self.eat("<<") {
            let shift = self.word("a shift")?;
            let by: u32 = shift.parse().map_err(|_| self.error(format!("`{shift}` is not a shift")))?;
            value = value.checked_shl(by).ok_or_else(|| self.error(format!("a shift by {by} leaves nothing")))?;
        }
        Ok(if negative { value.wrapping_neg() } else { value })
    }

    /// One of `ABIS`, as an index.
    pub fn abi(&mut self) -> Result<usize, Error> {
        let word = self.word("an ABI")?;
        ABIS.iter()
            .position(|abi| *abi == word)
            .ok_or_else(|| self.error(format!("`{word}` is no ABI; known are {}", ABIS.join(", "))))
    }
}

fn number(word: &str) -> Option<u64> {
    if let Some(hex) = word.strip_prefix("0x") {
        u64::from_str_radix(hex, 16).ok()
    } else if let Some(octal) = word.strip_prefix("0o") {
        u64::from_str_radix(octal, 8).ok()
    } else {
        word.parse().ok()
    }
}
