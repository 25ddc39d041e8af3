//! The texts of which a profile is made, its own first and then those that it names, as one run of bytes: an offset says
//! which file, line and column is meant.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::error::{Fault, ProfileError, Warning};

/// Larger profiles are none: the biggest known one has under 100 KiB. In bytes, all files together.
pub const LIMIT: usize = 4 << 20;
const MAX_FILES: usize = 64;

#[derive(Debug, Clone, Default)]
pub struct Texts {
    files: Vec<File>,
}

#[derive(Debug, Clone)]
struct File {
    /// Offsets of this file begin here. Between two files one offset is nobody's, so that the end of each has its own.
    start: usize,
    name: String,
    text: Arc<str>,
    /// Where each line begins, found when the first place is asked for.
    lines: OnceLock<Vec<u32>>,
}

/// Where something stands. Lines and columns count from 1; a column is a character, not a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    pub file: &'a str,
    /// The profile's own file, and none that it names.
    pub is_own: bool,
    pub line: usize,
    pub column: usize,
}

impl Texts {
    pub fn of(name: &str, text: &str) -> Texts {
        let mut texts = Texts::default();
        texts.push(name, text);
        texts
    }

    /// Adds a file that stands at `by`, and gives its text and the offset at which that begins.
    pub fn add(&mut self, name: &str, text: &str, by: usize) -> Result<(Arc<str>, usize), Fault> {
        if self.files.len() >= MAX_FILES {
            return Err(Fault::new(by, format!("more than {MAX_FILES} files belong to this profile")));
        }
        if self.files.iter().map(|file| file.text.len()).sum::<usize>() + text.len() > LIMIT {
            return Err(Fault::new(by, "with this file the profile is larger than 4 MiB, and no profile"));
        }
        Ok(self.push(name, text))
    }

    fn push(&mut self, name: &str, text: &str) -> (Arc<str>, usize) {
        let start = self.files.last().map_or(0, |last| last.start + last.text.len() + 1);
        let text: Arc<str> = Arc::from(text);
        self.files.push(File { start, name: name.to_owned(), text: Arc::clone(&text), lines: OnceLock::new() });
        (text, start)
    }

    /// The profile's own text.
    pub fn own(&self) -> Arc<str> {
        self.files.first().map_or_else(|| Arc::from(""), |file| Arc::clone(&file.text))
    }

    pub fn own_str(&self) -> &str {
        self.files.first().map_or("", |file| &file.text)
    }

    fn file(&self, offset: usize) -> Option<&File> {
        let after = self.files.partition_point(|file| file.start <= offset);
        self.files.get(after.checked_sub(1)?)
    }

    pub fn get(&self, span: Range<usize>) -> Option<&str> {
        let file = self.file(span.start)?;
        file.text.get(span.start - file.start..span.end.checked_sub(file.start)?)
    }

    pub fn place(&self, offset: usize) -> Place<'_> {
        let Some(file) = self.file(offset) else { return Place { file: "", is_own: true, line: 1, column: 1 } };
        let (line, column) = file.position(offset - file.start);
        Place { file: &file.name, is_own: file.start == 0, line, column }
    }

    pub fn error(&self, fault: Fault) -> ProfileError {
        let Place { file, line, column, .. } = self.place(fault.offset);
        ProfileError { file: file.to_owned(), line, column, message: fault.message }
    }

    pub fn warning(&self, fault: Fault) -> Warning {
        let Place { file, is_own, line, column } = self.place(fault.offset);
        Warning { file: (!is_own).then(|| file.to_owned()), line, column, message: fault.message }
    }
}

impl File {
    fn position(&self, offset: usize) -> (usize, usize) {
        let lines = self.lines.get_or_init(|| {
            let ends = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at as u32 + 1);
            std::iter::once(0).chain(ends).collect()
        });
        let offset = offset.min(self.text.len());
        let line = lines.partition_point(|start| *start as usize <= offset);
        let start = lines.get(line.saturating_sub(1)).map_or(0, |start| *start as usize);
        // An offset inside a character is that character.
        let column =
            self.text[start..].char_indices().take_while(|(at, c)| start + at + c.len_utf8() <= offset).count();
        (line, column + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_characters() {
        for (text, offset, place) in [
            ("a\nä\"b", 0, (1, 1)),
            ("a\nä\"b", 4, (2, 2)),
            ("a\nä\"b", 3, (2, 1)),
            ("a\n", 2, (2, 1)),
            ("", 0, (1, 1)),
        ] {
            let texts = Texts::of("x", text);
            let found = texts.place(offset);
            assert_eq!((found.line, found.column), place, "{text:?} {offset}");
        }
    }

    #[test]
    fn an_offset_tells_the_file() {
        let mut texts = Texts::of("own", "ab\n");
        let (text, start) = texts.add("other", "cd", 1).expect("a small file");
        assert_eq!((&*text, start), ("cd", 4));
        assert_eq!(texts.place(3), Place { file: "own", is_own: true, line: 2, column: 1 });
        assert_eq!(texts.place(5), Place { file: "other", is_own: false, line: 1, column: 2 });
        assert_eq!((texts.get(0..2), texts.get(4..6)), (Some("ab"), Some("cd")));
        assert_eq!(texts.get(2..5), None);
        assert!(texts.add("large", &" ".repeat(LIMIT), 0).is_err());
    }
}
