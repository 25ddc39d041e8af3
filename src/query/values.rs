//! Values of fields: numbers, times, errors, signals, answers of a profile, and the nearest valid word for one that is
//! none.

use super::expr::Answer;
use crate::abi;
use crate::policy;

/// Units of time and their size in nanoseconds, smallest first.
pub(super) const UNITS: [(&str, u64); 4] = [("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)];

/// What a profile can answer, with a word on each.
pub(super) const ANSWERS: [(&str, &str); 6] = [
    ("ERRNO", "the call returns an error"),
    ("KILL", "the program is killed"),
    ("TRAP", "the program gets SIGSYS"),
    ("NOTIFY", "another program is asked"),
    ("TRACE", "a tracer is asked"),
    ("LOG", "permitted, but written to the log"),
];

/// Decimal or, with 0x, hexadecimal; an address above the signed range is taken as the register's 64 bits.
pub(super) fn number(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(digits) if !digits.starts_with('+') => u64::from_str_radix(digits, 16).ok().map(|n| n as i64),
        Some(_) => None,
        None => text.parse().ok(),
    }
}

/// `4096`, `4k`, `1.5M`, `1G`: powers of 1,024.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let size = match unit {
        "" => 1,
        "k" | "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return None,
    };
    multiple(number, size)
}

/// `1.5ms`: a number and its unit.
pub(super) fn duration(text: &str) -> Option<u64> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit_at);
    multiple(number, UNITS.iter().find(|(name, _)| *name == unit)?.1)
}

/// A moment of the session: a duration; without a unit, seconds, as the trace's column shows them.
pub(super) fn moment(text: &str) -> Option<u64> {
    duration(text).or_else(|| multiple(text, 1_000_000_000))
}

fn multiple(number: &str, size: u64) -> Option<u64> {
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(size);
    }
    let value = number.parse::<f64>().ok().filter(|v| v.is_finite() && *v >= 0.0)? * size as f64;
    (value < u64::MAX as f64).then_some(value.round() as u64)
}

pub(super) fn errno(text: &str) -> Option<u16> {
    abi::errno_number(text).or_else(|| text.parse().ok())
}

pub(super) fn signal(text: &str) -> Option<u8> {
    let number = abi::signal_number(text).or_else(|| text.parse().ok())?;
    u8::try_from(number).ok()
}

pub(super) fn answer(text: &str) -> Option<Answer> {
    Some(match text {
        "ERRNO" => Answer::Errno(None),
        "KILL" => Answer::Kill,
        "TRAP" => Answer::Trap,
        "NOTIFY" => Answer::Notify,
        "TRACE" => Answer::Trace,
        "LOG" => Answer::Log,
        name => Answer::Errno(Some(errno(name)?)),
    })
}

pub(super) fn errors() -> impl Iterator<Item = (&'static str, &'static str)> {
    (1..=133).filter_map(abi::errno)
}

pub(super) fn signals() -> impl Iterator<Item = (u64, &'static str)> {
    (1..=64).filter_map(|number| Some((number, abi::signal_name(number)?)))
}

/// `; did you mean ENOENT?`, or else what is said of all.
pub(super) fn or_nearest<'a>(word: &str, valid: impl IntoIterator<Item = &'a str>, otherwise: &str) -> String {
    match policy::nearest(word, valid) {
        Some(near) => format!("; did you mean {near}?"),
        None => format!("; {otherwise}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_moments_are_written_as_people_write_them() {
        assert_eq!([bytes("4096"), bytes("4k"), bytes("1.5M")], [Some(4096), Some(4096), Some(3 << 19)]);
        assert_eq!([bytes("k"), bytes("4kb"), bytes("-1"), bytes("")], [None; 4]);
        assert_eq!(
            [moment("1.5s"), moment("6.8"), moment("20ms")],
            [Some(1_500_000_000), Some(6_800_000_000), Some(20_000_000)]
        );
        assert_eq!([moment("s"), moment(""), moment("1h"), duration("5")], [None; 4]);
    }
}
