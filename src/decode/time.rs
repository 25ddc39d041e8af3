//! Seconds since the epoch as a date in UTC, the comment beside a time: `2023-11-14T22:13:20.5+0000`.
//!
//! Always UTC: decoding reads no time zone, so that a recording reads the same everywhere. No leap seconds.

use std::fmt::Write;

/// `1970-01-01T00:00:00+0000`; with `fraction` (value and digits), `.000005` before the zone unless it is zero.
/// None for 0 sharp, which is no date but "not set", and for years that four digits do not hold.
pub fn date(seconds: i64, fraction: u64, digits: usize) -> Option<String> {
    // Years 0 to 9999.
    if seconds == 0 && fraction == 0 || !(-62_167_219_200..=253_402_300_799).contains(&seconds) {
        return None;
    }
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let mut out = String::with_capacity(36);
    // Writing to a String cannot fail.
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
    if fraction != 0 {
        let _ = write!(out, ".{fraction:0digits$}");
    }
    out.push_str("+0000");
    Some(out)
}

/// Days since 1970-01-01 as year, month, day of the proleptic Gregorian calendar. Counting from 1 March makes the
/// leap day the last of its year, so that month lengths follow one formula.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_utc() {
        assert_eq!(date(1_700_000_000, 0, 0).as_deref(), Some("2023-11-14T22:13:20+0000"));
        assert_eq!(date(1_700_000_000, 5, 6).as_deref(), Some("2023-11-14T22:13:20.000005+0000"));
        assert_eq!(date(1_700_000_000, 123_456_789, 9).as_deref(), Some("2023-11-14T22:13:20.123456789+0000"));
        assert_eq!(date(951_782_400, 0, 0).as_deref(), Some("2000-02-29T00:00:00+0000"));
        assert_eq!(date(-1, 0, 0).as_deref(), Some("1969-12-31T23:59:59+0000"));
        assert_eq!(date(0, 0, 0), None);
        assert_eq!(date(i64::MAX, 0, 0), None);
        assert_eq!(date(i64::MIN, 0, 0), None);
    }
}
