//! A finding: what a lint has to say, in words and with the rows that show it. Left out: how it is drawn.

use crate::model::TaskId;

/// How much a finding asks for attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Usually as it should be; good to understand.
    Note,
    /// Costs time, or can do harm in other circumstances.
    Remark,
    /// Most likely a mistake in the program, or something that did not work.
    Fault,
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Remark => "remark",
            Severity::Fault => "fault",
        }
    }

    /// Two columns that say it without colour.
    pub fn symbol(self) -> &'static str {
        match self {
            Severity::Note => " i",
            Severity::Remark => " !",
            Severity::Fault => "!!",
        }
    }
}

/// Printable: what comes from the program is escaped in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The lint's name: `tiny-io`.
    pub lint: &'static str,
    pub severity: Severity,
    /// The program as the kernel calls it, comm of proc_pid_comm(5).
    pub program: String,
    /// What was seen, after the program's name: `reads a few bytes at a time from /etc/passwd`.
    pub title: String,
    /// Why it matters, or why not.
    pub why: String,
    pub advice: &'static str,
    /// How often it was seen; each has a row, of which the first 256 are kept.
    pub count: u64,
    /// What is counted, in the plural; mostly `times`.
    pub unit: &'static str,
    pub rows: Vec<u64>,
    /// The first task that did so.
    pub task: TaskId,
}

impl Finding {
    /// `once`, `12 times`, `30 failed tries`.
    pub fn times(&self) -> String {
        match (self.count, self.unit) {
            (1, "times") => "once".into(),
            (count, unit) => format!("{count} {unit}"),
        }
    }

    /// The rows as a filter that can be typed: `row:12 or row:14..16`.
    pub fn filter(&self) -> String {
        let mut rows = self.rows.clone();
        rows.sort_unstable();
        rows.dedup();
        let mut spans: Vec<(u64, u64)> = Vec::new();
        for row in rows {
            match spans.last_mut() {
                Some((_, last)) if *last + 1 == row => *last = row,
                _ => spans.push((row, row)),
            }
        }
        let text = |&(first, last): &(u64, u64)| match first == last {
            true => format!("row:{first}"),
            false => format!("row:{first}..{last}"),
        };
        spans.iter().map(text).collect::<Vec<_>>().join(" or ")
    }
}
