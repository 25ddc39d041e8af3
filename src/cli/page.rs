//! Text for a terminal: words wrapped below a heading, written at once.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use super::error::CliError;

/// Lines of text that grow downwards.
pub struct Page {
    text: String,
    /// In columns.
    width: usize,
}

impl Page {
    pub fn new(width: usize) -> Page {
        Page { text: String::new(), width }
    }

    /// As wide as the terminal; a pipe gets each paragraph on one line.
    pub fn for_stdout() -> Page {
        Page::new(match crossterm::terminal::size() {
            Ok((columns, _)) if io::stdout().is_terminal() => usize::from(columns),
            _ => usize::MAX,
        })
    }

    /// `head` and the words of `text`, which go on below themselves where a line is full.
    pub fn entry(&mut self, head: &str, text: &str) {
        self.text.push_str(head);
        let mut column = head.len();
        for (index, word) in text.split(' ').enumerate() {
            let length = word.chars().count();
            if index > 0 && column.saturating_add(1 + length) > self.width {
                // Writing to a String cannot fail, here and below.
                let _ = write!(self.text, "\n{:1$}", "", head.len());
                column = head.len();
            } else if index > 0 {
                self.text.push(' ');
                column += 1;
            }
            self.text.push_str(word);
            column += length;
        }
        self.text.push('\n');
    }

    /// A line that begins something, behind an empty one.
    pub fn heading(&mut self, title: &str) {
        let _ = writeln!(self.text, "\n{title}");
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Onto standard output. A reader who leaves (`| head`) has read what it wanted.
    pub fn print(&self, what: &str) -> Result<(), CliError> {
        match io::stdout().write_all(self.text().as_bytes()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(CliError::failed(format!("cannot write {what}: {error}")))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_entries_go_on_below_themselves() {
        let wrapped = |width| {
            let mut page = Page::new(width);
            page.entry("ok  x  ", "one two three four");
            page.text().to_owned()
        };
        assert_eq!(wrapped(usize::MAX), "ok  x  one two three four\n");
        assert_eq!(wrapped(15), "ok  x  one two\n       three\n       four\n");
        assert_eq!(wrapped(1).lines().count(), 4);
    }
}
