//! Words of findings: names that come from the program, made printable; times and numbers.

use super::finding::{Finding, Severity};
use super::memory::{Program, Tally};
use crate::decode;
use crate::model::Descriptor;

pub fn printable(bytes: &[u8]) -> String {
    let mut out = String::new();
    decode::escaped(&mut out, bytes);
    out
}

/// What a descriptor was, or its number.
pub fn descriptor(found: Option<&Descriptor<'_>>, fd: i32) -> Vec<u8> {
    match found {
        Some(found) => decode::descriptor_text(found).into_bytes(),
        None => format!("descriptor {fd}").into_bytes(),
    }
}

/// Rounded down: `812 us`, `45 ms`, `1.2 s`.
pub fn time(ns: u64) -> String {
    match ns {
        0..1_000_000 => format!("{} us", ns / 1_000),
        1_000_000..1_000_000_000 => format!("{} ms", ns / 1_000_000),
        _ => format!("{}.{} s", ns / 1_000_000_000, ns / 100_000_000 % 10),
    }
}

/// `1 file`, `3 files`
pub fn many(n: u64, one: &str, more: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {more}") }
}

/// What every finding has in common.
pub struct Words {
    pub lint: &'static str,
    pub severity: Severity,
    pub title: String,
    pub why: String,
    pub advice: &'static str,
}

impl Words {
    pub fn of(self, program: Program, tally: &Tally) -> Finding {
        let Words { lint, severity, title, why, advice } = self;
        Finding {
            lint,
            severity,
            program: printable(program.bytes()),
            title,
            why,
            advice,
            count: tally.count,
            unit: "times",
            rows: tally.rows.clone(),
            task: tally.task,
        }
    }
}
