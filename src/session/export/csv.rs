//! Comma-separated values: RFC 4180, with a first line of names, UTF-8, lines that end in CR LF.

use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use super::table::{self, COLUMNS, Cells};
use super::{About, Out, Seen, Sink};
use crate::decode;

pub struct Csv {
    out: Out,
    began: SystemTime,
    options: decode::Options,
    line: String,
}

impl Csv {
    pub fn new(mut out: Out, about: &About) -> io::Result<Csv> {
        out.write_all(COLUMNS.join(",").as_bytes())?;
        out.write_all(b"\r\n")?;
        Ok(Csv { out, began: about.started.began, options: table::options(), line: String::new() })
    }

    fn put_together(&mut self, cells: &Cells) {
        let line = &mut self.line;
        line.clear();
        line.push_str(&cells.row.to_string());
        let number = |n: Option<u64>| n.map(|n| n.to_string());
        let time = time(self.began, cells.t_ns);
        let head = [Some(cells.kind), Some(time.as_str())];
        let numbers = [Some(cells.t_ns.to_string()), Some(cells.tid.to_string()), Some(cells.pid.to_string())];
        let names = [Some(cells.comm.as_str()), cells.abi, cells.call.as_deref()];
        let value = cells.value.map(|value| value.to_string());
        let duration = number(cells.duration_ns);
        let rest = [
            cells.arg_names.as_deref(),
            cells.path.as_deref(),
            cells.result.as_deref(),
            value.as_deref(),
            cells.errno.as_deref(),
            duration.as_deref(),
            cells.verdict.as_deref(),
            cells.marks.as_deref(),
            cells.text.as_deref(),
        ];
        let args = cells.args.iter().map(Option::as_deref);
        let numbers = numbers.iter().map(Option::as_deref);
        for cell in head.into_iter().chain(numbers).chain(names).chain(args).chain(rest) {
            line.push(',');
            field(line, cell.unwrap_or_default());
        }
        line.push_str("\r\n");
    }
}

impl Sink for Csv {
    fn row(&mut self, seen: Seen<'_>, seq: u64) -> io::Result<()> {
        let Some(cells) = table::cells(seen, seq, &self.options) else { return Ok(()) };
        self.put_together(&cells);
        self.out.write_all(self.line.as_bytes())
    }

    fn finish(&mut self, _: Seen<'_>) -> io::Result<()> {
        self.out.flush()
    }
}

fn field(line: &mut String, text: &str) {
    if !text.bytes().any(|byte| matches!(byte, b'"' | b',' | b'\r' | b'\n')) {
        return line.push_str(text);
    }
    line.push('"');
    line.push_str(&text.replace('"', "\"\""));
    line.push('"');
}

/// `2026-11-25T15:04:05.000000001Z`; RFC 3339.
fn time(began: SystemTime, t_ns: u64) -> String {
    let at = began.duration_since(UNIX_EPOCH).unwrap_or_default() + std::time::Duration::from_nanos(t_ns);
    let (days, second) = (at.as_secs() / 86_400, at.as_secs() % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:09}Z", at.subsec_nanos())
}

/// The date so many days after 1970-01-01, in the Gregorian calendar.
fn date(days: u64) -> (u64, u64, u64) {
    let is_leap = |year: u64| (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    // 400 years are always so many days.
    const CYCLE: u64 = 146_097;
    let (mut year, mut left) = (1970 + 400 * (days / CYCLE), days % CYCLE);
    loop {
        let length = 365 + u64::from(is_leap(year));
        if left < length {
            break;
        }
        left -= length;
        year += 1;
    }
    let lengths = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    (year, month, left + 1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn fields_with_separators_are_quoted() {
        let mut line = String::new();
        for text in ["plain", "a,b", "say \"hi\"", "two\r\nlines", ""] {
            field(&mut line, text);
            line.push(',');
        }
        assert_eq!(line, "plain,\"a,b\",\"say \"\"hi\"\"\",\"two\r\nlines\",,");
    }

    #[test]
    fn times_are_dates() {
        let at = |s, t_ns| time(UNIX_EPOCH + Duration::from_secs(s), t_ns);
        assert_eq!(at(0, 1), "1970-01-01T00:00:00.000000001Z");
        assert_eq!(at(951_827_696, 500_000_000), "2000-02-29T12:34:56.500000000Z");
        assert_eq!(at(4_107_542_400, 0), "2100-03-01T00:00:00.000000000Z");
    }
}
