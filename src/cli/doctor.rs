//! `sysview doctor`: one screen that says whether tracing works here and, if not, why and what to do.

use std::fs::File;
use std::io::{self, IsTerminal, Write};

use super::error::CliError;
use crate::capture::{self, Finding, Mark};

/// Exit status 0 if tracing works, 1 if not.
pub fn run() -> Result<i32, CliError> {
    let mut diagnosis = capture::examine();
    diagnosis.findings.push(terminal());
    // A pipe gets each finding on one line.
    let width = match crossterm::terminal::size() {
        Ok((columns, _)) if io::stdout().is_terminal() => usize::from(columns),
        _ => usize::MAX,
    };
    let mut text = String::new();
    for finding in &diagnosis.findings {
        let mark = match finding.mark {
            Mark::Ok => "ok",
            Mark::Note => "note",
            Mark::Fails => "fails",
        };
        let head = format!("{mark:<6} {:<14} ", finding.subject);
        push_wrapped(&mut text, &head, &finding.clause(), width);
    }
    let code = if diagnosis.works {
        push_wrapped(&mut text, "", "Tracing works here.", width);
        0
    } else {
        let cause = diagnosis.cause().map(Finding::clause).unwrap_or_default();
        push_wrapped(&mut text, "", &format!("Tracing does not work here: {cause}."), width);
        1
    };
    match io::stdout().write_all(text.as_bytes()) {
        // `sysview doctor | head` has read what it wanted; the status still tells.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CliError::failed(format!("cannot write the findings: {error}")))
        }
        _ => Ok(code),
    }
}

/// Appends `head` and the words of `clause`, continued below the clause where a line is full.
fn push_wrapped(text: &mut String, head: &str, clause: &str, width: usize) {
    text.push_str(head);
    let mut column = head.len();
    for (index, word) in clause.split(' ').enumerate() {
        let length = word.chars().count();
        if index > 0 && column.saturating_add(1 + length) > width {
            text.push('\n');
            text.push_str(&" ".repeat(head.len()));
            column = head.len();
        } else if index > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text.push('\n');
}

fn terminal() -> Finding {
    let finding = |mark, fact: String, remedy: Option<&str>| Finding {
        mark,
        subject: "terminal",
        fact,
        remedy: remedy.map(str::to_owned),
    };
    if File::open("/dev/tty").is_err() {
        return finding(Mark::Note, "none: no screen".into(), Some("use `sysview log` or `sysview record`"));
    }
    let variable = |name| std::env::var(name).unwrap_or_default();
    let (term, depth) = (variable("TERM"), variable("COLORTERM"));
    let shown = term.escape_debug();
    let (columns, rows) = match crossterm::terminal::size() {
        Ok(size) => size,
        Err(error) => return finding(Mark::Note, format!("its size cannot be read: {error}"), None),
    };
    let colours = match (variable("NO_COLOR").as_str(), depth.as_str()) {
        ("", "truecolor" | "24bit") => "16 million colours",
        ("", _) if term.contains("256color") => "256 colours",
        ("", _) => "16 colours",
        _ => "no colours (NO_COLOR is set)",
    };
    let fact = format!("{columns}x{rows}, TERM={shown}, {colours}");
    if term.is_empty() || term == "dumb" {
        finding(Mark::Note, fact, Some("set TERM to your terminal's name, for example xterm-256color"))
    } else if columns < 80 || rows < 24 {
        finding(Mark::Note, fact, Some("make it 80x24 or larger to see every pane"))
    } else {
        finding(Mark::Ok, fact, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_findings_go_on_below_themselves() {
        let wrapped = |width| {
            let mut text = String::new();
            push_wrapped(&mut text, "ok  x  ", "one two three four", width);
            text
        };
        assert_eq!(wrapped(usize::MAX), "ok  x  one two three four\n");
        assert_eq!(wrapped(15), "ok  x  one two\n       three\n       four\n");
        assert_eq!(wrapped(1).lines().count(), 4);
    }
}
