//! When a difference is too much: `new-calls`, `calls+10%`, `openat:errors+5`, `time+20ms`.

use std::fmt;
use std::str::FromStr;

use super::{Both, Comparison, Count};

/// How thresholds are written, for help.
pub const NAMES: &str = "new-calls, new-errors, new-paths, new-processes, gone-calls, gone-paths, or [CALL:]calls+N, \
    [CALL:]errors+N, [CALL:]time+N with N as in 5, 10% or, of times, 20ms";

/// A limit for what the second run may do beyond the first.
#[derive(Debug, Clone, PartialEq)]
pub enum Threshold {
    NewCalls,
    NewErrors,
    NewPaths,
    NewProcesses,
    GoneCalls,
    GonePaths,
    /// A number that may grow by so much, of one call or of all.
    Growth {
        call: Option<String>,
        of: Measure,
        by: Amount,
    },
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    Calls,
    Errors,
    Time,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// Of the first run's number.
    Percent(f64),
    /// Calls, errors or nanoseconds.
    Absolute(u64),
}

const PLAIN: [(&str, Threshold); 6] = [
    ("new-calls", Threshold::NewCalls),
    ("new-errors", Threshold::NewErrors),
    ("new-paths", Threshold::NewPaths),
    ("new-processes", Threshold::NewProcesses),
    ("gone-calls", Threshold::GoneCalls),
    ("gone-paths", Threshold::GonePaths),
];

const MEASURES: [(&str, Measure); 3] =
    [("calls", Measure::Calls), ("errors", Measure::Errors), ("time", Measure::Time)];

const UNITS: [(&str, f64); 4] = [("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9)];

impl FromStr for Threshold {
    /// A clause.
    type Err = String;

    fn from_str(text: &str) -> Result<Threshold, String> {
        if let Some((_, plain)) = PLAIN.iter().find(|(name, _)| *name == text) {
            return Ok(plain.clone());
        }
        let wrong = || format!("there is no such threshold; write {NAMES}");
        let (what, by) = text.rsplit_once('+').ok_or_else(wrong)?;
        let (call, measure) = match what.split_once(':') {
            Some((call, measure)) if !call.is_empty() => (Some(call.to_owned()), measure),
            Some(_) => return Err(wrong()),
            None => (None, what),
        };
        let of = MEASURES.iter().find(|(name, _)| *name == measure).ok_or_else(wrong)?.1;
        Ok(Threshold::Growth { call, of, by: amount(by, of).ok_or_else(wrong)? })
    }
}

fn amount(text: &str, of: Measure) -> Option<Amount> {
    let number = |text: &str| text.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0 && *n < 1e18);
    if let Some(percent) = text.strip_suffix('%') {
        return Some(Amount::Percent(number(percent)?));
    }
    if of != Measure::Time {
        return text.parse().ok().map(Amount::Absolute);
    }
    let (digits, size) = UNITS.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, *size)))?;
    Some(Amount::Absolute((number(digits)? * size) as u64))
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Threshold::Growth { call, of, by } = self else {
            let name = PLAIN.iter().find(|(_, plain)| plain == self).map_or("", |(name, _)| name);
            return f.write_str(name);
        };
        if let Some(call) = call {
            write!(f, "{call}:")?;
        }
        let name = MEASURES.iter().find(|(_, measure)| measure == of).map_or("", |(name, _)| name);
        match by {
            Amount::Percent(percent) => write!(f, "{name}+{percent}%"),
            Amount::Absolute(ns) if *of == Measure::Time => write!(f, "{name}+{ns}ns"),
            Amount::Absolute(n) => write!(f, "{name}+{n}"),
        }
    }
}

/// Names that a sentence lists before it only counts them.
const LISTED: usize = 8;

impl Threshold {
    /// What passes it, as a clause; None if nothing does.
    pub fn passed(&self, runs: &Comparison) -> Option<String> {
        let calls = |wanted: fn(&Both<Count>) -> bool| {
            runs.calls.iter().filter(move |(_, both)| wanted(both)).map(|(name, _)| name.clone())
        };
        let paths = |wanted: fn(&Both<u64>) -> bool| {
            let found = runs.paths.iter().filter(move |(_, both)| wanted(both));
            found.map(|(path, _)| path.escape_ascii().to_string())
        };
        match self {
            Threshold::NewCalls => list(calls(Both::is_new)),
            Threshold::GoneCalls => list(calls(Both::is_gone)),
            Threshold::NewPaths => list(paths(Both::is_new)),
            Threshold::GonePaths => list(paths(Both::is_gone)),
            Threshold::NewErrors => {
                let new = runs.errors.iter().filter(|(_, both)| both.is_new());
                list(new.map(|((call, errno), _)| format!("{call} {}", super::text::errno_name(*errno))))
            }
            Threshold::NewProcesses => {
                let new = runs.processes.iter().filter(|pair| pair.count.is_new());
                list(new.map(|pair| pair.comm.escape_ascii().to_string()))
            }
            Threshold::Growth { call, of, by } => {
                let both = match call {
                    None => runs.total,
                    Some(name) => runs.calls.iter().find(|(call, _)| call == name).map(|(_, both)| *both)?,
                };
                let number = |count: Option<Count>| match of {
                    Measure::Calls => count.map_or(0, |count| count.calls),
                    Measure::Errors => count.map_or(0, |count| count.errors),
                    Measure::Time => count.map_or(0, |count| count.time_ns),
                };
                let (a, b) = (number(both.a), number(both.b));
                let most = match by {
                    Amount::Percent(percent) => a as f64 * (1.0 + percent / 100.0),
                    Amount::Absolute(more) => a as f64 + *more as f64,
                };
                let shown = |n: u64| if *of == Measure::Time { super::text::time(n) } else { n.to_string() };
                (b as f64 > most).then(|| format!("{} became {}", shown(a), shown(b)))
            }
        }
    }
}

fn list(names: impl Iterator<Item = String>) -> Option<String> {
    let names: Vec<String> = names.collect();
    let listed = names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => None,
        n if n > LISTED => Some(format!("{listed} and {} more", n - LISTED)),
        _ => Some(listed),
    }
}
