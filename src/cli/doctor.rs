//! `sysview doctor`: one screen that says whether tracing works here and, if not, why and what to do.

use std::fs::File;

use super::error::CliError;
use super::page::Page;
use crate::capture::{self, Finding, Mark};

/// Exit status 0 if tracing works, 1 if not.
pub fn run() -> Result<i32, CliError> {
    let mut diagnosis = capture::examine();
    diagnosis.findings.push(terminal());
    let mut page = Page::for_stdout();
    for finding in &diagnosis.findings {
        let mark = match finding.mark {
            Mark::Ok => "ok",
            Mark::Note => "note",
            Mark::Fails => "fails",
        };
        let head = format!("{mark:<6} {:<14} ", finding.subject);
        page.entry(&head, &finding.clause());
    }
    let code = if diagnosis.works {
        page.entry("", "Tracing works here.");
        0
    } else {
        let cause = diagnosis.cause().map(Finding::clause).unwrap_or_default();
        page.entry("", &format!("Tracing does not work here: {cause}."));
        1
    };
    page.print("the findings")?;
    Ok(code)
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
