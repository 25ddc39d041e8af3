//! Numbers and times as people read them, and text cut to a width.
//! Left out: system calls as text (`decode`).

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use unicode_width::UnicodeWidthChar;

use crate::decode;

/// `12,481`
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `3.2k`, `812`, `1.5M`; at most five columns below 10,000 billions. Rounded down, as all of them.
pub fn short_count(n: u64) -> String {
    match n {
        0..=999 => n.to_string(),
        1_000..=9_999 => format!("{}.{}k", n / 1_000, n % 1_000 / 100),
        10_000..=999_999 => format!("{}k", n / 1_000),
        1_000_000..=9_999_999 => format!("{}.{}M", n / 1_000_000, n % 1_000_000 / 100_000),
        10_000_000..=9_999_999_999 => format!("{}M", n / 1_000_000),
        _ => format!("{}G", n / 1_000_000_000),
    }
}

/// A duration in three digits or so, rounded down: `812 ns`, `3.1 us`, `45 ms`, `1.20 s`. Six columns hold all that
/// lasted less than 27 years.
pub fn duration(ns: u64) -> String {
    const S: u64 = 1_000_000_000;
    match ns {
        0..1_000 => format!("{ns} ns"),
        1_000..10_000 => format!("{}.{} us", ns / 1_000, ns % 1_000 / 100),
        10_000..1_000_000 => format!("{} us", ns / 1_000),
        1_000_000..10_000_000 => format!("{}.{} ms", ns / 1_000_000, ns % 1_000_000 / 100_000),
        10_000_000..S => format!("{} ms", ns / 1_000_000),
        _ => match ns / S {
            0..10 => format!("{}.{:02} s", ns / S, ns % S / 10_000_000),
            10..100 => format!("{}.{} s", ns / S, ns % S / 100_000_000),
            s @ 100..10_000 => format!("{s} s"),
            s if s < 10_000 * 3_600 => format!("{} h", s / 3_600),
            s => format!("{} d", s / 86_400),
        },
    }
}

/// A number of bytes in three digits or so, rounded down: `812 B`, `3.1 kB`, `45 MB`.
pub fn amount(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let (mut least, mut unit) = (1_000, 0);
    while bytes / least >= 1_000 {
        least *= 1_000;
        unit += 1;
    }
    match bytes / least {
        n @ 0..10 => format!("{n}.{} {}", bytes % least * 10 / least, UNITS[unit]),
        n => format!("{n} {}", UNITS[unit]),
    }
}

/// Time since the start of the session with microseconds: `6.812104`.
pub fn seconds(ns: u64) -> String {
    format!("{}.{:06}", ns / 1_000_000_000, ns % 1_000_000_000 / 1_000)
}

/// A moment in the name of a file, in UTC: `20231114-221320`.
pub fn stamp(time: SystemTime) -> Option<String> {
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let date = decode::date(i64::try_from(seconds).ok()?, 0, 0)?;
    let (day, time) = date.split_once('T')?;
    Some(format!("{}-{}", day.replace('-', ""), time.split('+').next()?.replace(':', "")))
}

/// `00:07`, `1:02:03`
pub fn clock(ms: u64) -> String {
    let s = ms / 1_000;
    match s / 3_600 {
        0 => format!("{:02}:{:02}", s / 60, s % 60),
        hours => format!("{hours}:{:02}:{:02}", s / 60 % 60, s % 60),
    }
}

/// Bytes of the tracee as printable text: nothing of it can move the cursor or change colours.
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &b in bytes {
        match b {
            b' '..=b'~' => text.push(char::from(b)),
            _ => {
                let _ = write!(text, "\\x{b:02x}");
            }
        }
    }
    text
}

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// The text cut to at most `columns`, with an ellipsis where something is missing.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > columns {
            break;
        }
        out.push(c);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

/// The text cut and filled to exactly `columns`.
pub fn fit(text: &str, columns: usize) -> String {
    let mut out = cut(text, columns);
    out.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(&out))));
    out
}

/// The text cut and filled to exactly `columns`, at the right edge.
pub fn fit_right(text: &str, columns: usize) -> String {
    let short = cut(text, columns);
    let mut out = " ".repeat(columns.saturating_sub(width(&short)));
    out.push_str(&short);
    out
}

/// The text from column `skip` on.
pub fn skip(text: &str, skip: usize) -> &str {
    match text.char_indices().nth(skip) {
        Some((at, _)) => &text[at..],
        None => "",
    }
}

/// The text cut into lines of exactly `columns`, nothing left out: for values in which a space means something.
pub fn chop(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for c in text.chars() {
        if width(&line) + c.width().unwrap_or(0) > columns {
            lines.push(std::mem::take(&mut line));
        }
        line.push(c);
    }
    lines.push(line);
    lines
}

/// Words laid into lines of at most `columns`; a longer word is broken.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for c in word.chars() {
            if width(&line) + c.width().unwrap_or(0) > columns {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// A number of bytes in at most eight columns: `999 B`, `12 KiB`, `1.5 GiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let unit = (bytes.max(1).ilog2() / 10) as usize;
    let tenths = (u128::from(bytes) * 10) >> (10 * unit);
    if unit > 0 && tenths < 100 {
        return format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit]);
    }
    format!("{} {}", tenths / 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_by_the_moment() {
        let time = UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        assert_eq!(stamp(time).as_deref(), Some("20231114-221320"));
        assert_eq!(stamp(UNIX_EPOCH), None);
    }

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(12_481), "12,481");
        assert_eq!(count(1_000_000), "1,000,000");
        assert_eq!(short_count(3_249), "3.2k");
        assert_eq!(duration(812), "812 ns");
        assert_eq!(short_count(9_999), "9.9k");
        assert_eq!(short_count(12_345_678_901), "12G");
        assert_eq!(duration(1_204_000_000), "1.20 s");
        assert_eq!(duration(47_040_000_000), "47.0 s");
        assert_eq!(duration(86_400_000_000_000), "24 h");
        assert_eq!(seconds(6_812_104_999), "6.812104");
        assert_eq!(clock(7_900), "00:07");
        assert_eq!(clock(3_723_000), "1:02:03");
    }

    #[test]
    fn a_duration_of_this_century_takes_six_columns_at_most() {
        for power in 0..18 {
            let tens = 10_u64.pow(power);
            for ns in [tens, tens - 1, tens / 1_000 * 995, tens / 2, tens * 36 / 10 - 1] {
                if ns < 9_999 * 86_400 * 1_000_000_000 {
                    assert!(duration(ns).len() <= 6, "{}", duration(ns));
                }
            }
        }
    }

    #[test]
    fn cutting_never_gives_more_columns_than_asked() {
        for columns in 0..12 {
            assert_eq!(width(&fit("日本語 text", columns)), columns);
            assert!(width(&cut("日本語 text", columns)) <= columns);
        }
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(fit_right("7", 3), "  7");
    }

    #[test]
    fn nothing_of_the_program_stays_a_control_character() {
        assert_eq!(escape(b"a\x1b[31m\x07\xff"), "a\\x1b[31m\\x07\\xff");
    }

    #[test]
    fn wrapping_breaks_long_words_and_keeps_all_text() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
    }

    #[test]
    fn sizes_have_two_digits_at_least() {
        let sizes = [0, 1, 1023, 1024, 1536, 10 << 10, (512 << 20) - 1, 3 << 29, u64::MAX];
        let texts = sizes.map(size);
        assert_eq!(texts, ["0 B", "1 B", "1023 B", "1.0 KiB", "1.5 KiB", "10 KiB", "511 MiB", "1.5 GiB", "15 EiB"]);
    }
}
