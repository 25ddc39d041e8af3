//! What is changed about a call, in words: for dialogs, lists and the trace. Left out: how it is typed (`state::form`).

use std::time::Duration;

use crate::abi;
use crate::source::{Change, Forced, When};
use crate::tui::format;

/// `will fail with ENOENT`, for a call that is held at its entry.
pub fn short(change: &Change) -> String {
    match change.result {
        Some(Forced::Errno(errno)) => format!("will fail with {}", errno_name(errno)),
        Some(Forced::Value(value)) => format!("will return {value}"),
        Some(Forced::Trap) => "will be trapped (SIGSYS)".into(),
        None if *change == Change::default() => "about to call".to_owned(),
        None => "will be changed".to_owned(),
    }
}

/// Everything that is done to a call, as clauses whose subject is the call.
pub fn describe(change: &Change) -> String {
    let mut parts = Vec::new();
    if let Some(delay) = change.delay_enter {
        parts.push(format!("waits {} before it begins", time(delay)));
    }
    let instead = change.call.map(|nr| format!("call number {nr} is made instead of it"));
    match (change.result, &instead) {
        (Some(Forced::Errno(errno)), None) => parts.push(format!("fails with {} and is not made", errno_text(errno))),
        (Some(Forced::Value(value)), None) => parts.push(format!("returns {value} and is not made")),
        (Some(Forced::Trap), _) => parts.push("is not made, and traps (SIGSYS)".into()),
        (Some(Forced::Errno(errno)), Some(_)) => parts.push(format!("fails with {}", errno_text(errno))),
        (Some(Forced::Value(value)), Some(_)) => parts.push(format!("returns {value}")),
        (None, None) if parts.is_empty() && change.signal.is_none() && change.delay_exit.is_none() => {
            return "runs as it is".to_owned();
        }
        (None, _) => {}
    }
    parts.extend(instead);
    if let Some(signal) = change.signal {
        parts.push(format!("{} is sent when it is over", signal_name(signal)));
    }
    if let Some(delay) = change.delay_exit {
        parts.push(format!("waits {} after it", time(delay)));
    }
    parts.join(", ")
}

/// `every time`, `from the 3rd time on`.
pub fn which(when: When) -> String {
    let When { first, last, step } = when;
    let every = match step {
        0 => return format!("the {} time", ordinal(first)),
        1 => String::new(),
        step => format!("every {} time ", ordinal(step)),
    };
    match (last, first) {
        (None, 1) if step == 1 => "every time".to_owned(),
        (None, 1) => format!("{every}from the first"),
        (None, first) => format!("{every}from the {} time on", ordinal(first)),
        (Some(last), first) => format!("{every}from the {} to the {} time", ordinal(first), ordinal(last)),
    }
}

fn ordinal(n: u32) -> String {
    let ending = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

fn time(duration: Duration) -> String {
    format::duration(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
}

pub fn errno_name(errno: u16) -> String {
    abi::errno(errno).map_or_else(|| format!("errno {errno}"), |(name, _)| name.to_owned())
}

fn errno_text(errno: u16) -> String {
    abi::errno(errno).map_or_else(|| format!("errno {errno}"), |(name, text)| format!("{name} ({text})"))
}

pub fn signal_name(signal: i32) -> String {
    let name = u64::try_from(signal).ok().and_then(abi::signal_name);
    name.map_or_else(|| format!("signal {signal}"), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_in_the_order_in_which_it_happens() {
        assert_eq!(describe(&Change::default()), "runs as it is");
        let all = Change {
            result: Some(Forced::Errno(2)),
            call: None,
            signal: Some(10),
            delay_enter: Some(Duration::from_millis(500)),
            delay_exit: Some(Duration::from_secs(2)),
        };
        assert_eq!(
            describe(&all),
            "waits 500 ms before it begins, fails with ENOENT (No such file or directory) and is not made, SIGUSR1 is sent \
             when it is over, waits 2.00 s after it"
        );
        let other = Change { call: Some(39), result: Some(Forced::Value(0)), ..Change::default() };
        assert_eq!(describe(&other), "returns 0, call number 39 is made instead of it");
        let signal = Change { signal: Some(15), ..Change::default() };
        assert_eq!(
            (describe(&signal).as_str(), short(&signal).as_str()),
            ("SIGTERM is sent when it is over", "will be changed")
        );
    }

    #[test]
    fn which_calls_are_meant_reads_as_one_says_it() {
        let words = |first, last, step| which(When { first, last, step });
        assert_eq!(which(When::ALWAYS), "every time");
        assert_eq!(words(3, None, 0), "the 3rd time");
        assert_eq!(words(3, None, 1), "from the 3rd time on");
        assert_eq!(words(1, None, 2), "every 2nd time from the first");
        assert_eq!(words(21, None, 12), "every 12th time from the 21st time on");
        assert_eq!(words(2, Some(5), 1), "from the 2nd to the 5th time");
        assert_eq!(words(2, Some(9), 3), "every 3rd time from the 2nd to the 9th time");
    }
}
