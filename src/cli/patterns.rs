//! `sysview patterns`: what a recorded run does that is worth a word, as text or as JSON.
//!
//! Left out: what is looked for, and how (`patterns`).

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::error::CliError;
use super::stats::{Format, load};
use crate::decode;
use crate::model::Store;
use crate::patterns::{Finding, Patterns};
use crate::tui::format::{count, cut, wrap};

/// Columns of the text.
const WIDTH: usize = 100;
/// Rows of a finding that are shown in the text.
const ROWS: usize = 3;

/// `sysview patterns FILE`.
#[derive(Debug, Args)]
#[command(override_usage = "sysview patterns [OPTIONS] FILE")]
pub struct PatternsArgs {
    /// A file made by `sysview record`, or text of `strace` or `sysview log`
    #[arg(value_name = "FILE", required_unless_present = "list")]
    pub file: Option<PathBuf>,
    /// A text to read (text), or an object for programs with the rows of each finding (json)
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Say what is looked for, and end
    #[arg(long, conflicts_with = "file")]
    pub list: bool,
}

pub fn run(args: &PatternsArgs) -> Result<i32, CliError> {
    let text = match &args.file {
        Some(file) => {
            let mut patterns = Patterns::default();
            let (store, whole) = load(file, |store, changes| patterns.update(store, changes))?;
            let findings = patterns.findings(&store, whole);
            match args.format {
                Format::Text => text(&findings, &store),
                Format::Json => format!("{:#}\n", json!({ "findings": objects(&findings, &store) })),
            }
        }
        None => list(args.format),
    };
    match io::stdout().lock().write_all(text.as_bytes()) {
        // Nobody reads any more (`| head`).
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::failed(error)),
        _ => Ok(0),
    }
}

fn list(format: Format) -> String {
    let lints = Patterns::lints();
    match format {
        Format::Text => lints.iter().map(|(name, about)| format!("{name:<16}{about}\n")).collect(),
        Format::Json => {
            let lints: Vec<Value> = lints.iter().map(|(name, about)| json!({ "lint": name, "about": about })).collect();
            format!("{:#}\n", json!({ "lints": lints }))
        }
    }
}

fn text(findings: &[Finding], store: &Store) -> String {
    if findings.is_empty() {
        return "nothing that is worth a word\n".into();
    }
    let mut out = String::new();
    for (index, finding) in findings.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let mut paragraph = |indent: &str, text: &str| {
            for line in wrap(text, WIDTH - indent.len()) {
                let _ = writeln!(out, "{indent}{line}");
            }
        };
        let (symbol, times) = (finding.severity.symbol().trim(), finding.times());
        let head = format!("{symbol} {}: {} ({times})", finding.program, finding.title);
        paragraph("", &head);
        paragraph("     ", &finding.why);
        paragraph("     ", &format!("-> {}", finding.advice));
        for &seq in finding.rows.iter().take(ROWS) {
            let line = decode::row_text(store, seq, &decode::Options::default());
            paragraph("     ", &cut(&format!("row {seq}: {line}"), WIDTH - 5));
        }
        let left = finding.count.saturating_sub(ROWS as u64);
        if left > 0 {
            paragraph("     ", &format!("and {} more", count(left)));
        }
    }
    out
}

fn objects(findings: &[Finding], store: &Store) -> Vec<Value> {
    let object = |finding: &Finding| {
        json!({
            "lint": finding.lint,
            "severity": finding.severity.name(),
            "program": finding.program,
            "title": finding.title,
            "why": finding.why,
            "advice": finding.advice,
            "count": finding.count,
            "tid": store.task(finding.task).map(|task| task.tid),
            "rows": finding.rows,
        })
    };
    findings.iter().map(object).collect()
}
