//! How exactly times are told, and which: strace's values of `--absolute-timestamps`, `--relative-timestamps` and
//! `--syscall-times`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::leader::Clock;

/// The last digit of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl Precision {
    /// A time in seconds, as it is written: `7.019`.
    pub fn of(self, time: Duration) -> Shown {
        Shown { precision: self, time, whole: true }
    }

    /// What stands behind the whole seconds: nothing, or a point and the digits.
    pub fn fraction(self, time: Duration) -> Shown {
        Shown { precision: self, time, whole: false }
    }
}

/// A time that is written without a text of its own in between. What is smaller is cut off.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    precision: Precision,
    time: Duration,
    whole: bool,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.whole {
            write!(f, "{}", self.time.as_secs())?;
        }
        let nanos = self.time.subsec_nanos();
        match self.precision {
            Precision::Seconds => Ok(()),
            Precision::Millis => write!(f, ".{:03}", nanos / 1_000_000),
            Precision::Micros => write!(f, ".{:06}", nanos / 1000),
            Precision::Nanos => write!(f, ".{nanos:09}"),
        }
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Precision, String> {
        match text {
            "s" => Ok(Precision::Seconds),
            "ms" => Ok(Precision::Millis),
            "us" => Ok(Precision::Micros),
            "ns" => Ok(Precision::Nanos),
            _ => Err("write s, ms, us or ns".into()),
        }
    }
}

/// A value of `--absolute-timestamps`: `[[format:]none|time|unix],[[precision:]s|ms|us|ns]`, either part alone too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamps {
    pub clock: Clock,
    pub precision: Precision,
}

impl Timestamps {
    /// `-t`, `-tt`, `-ttt`.
    pub fn level(count: u8) -> Timestamps {
        match count {
            0 => Timestamps { clock: Clock::None, precision: Precision::Seconds },
            1 => Timestamps { clock: Clock::Time, precision: Precision::Seconds },
            2 => Timestamps { clock: Clock::Time, precision: Precision::Micros },
            _ => Timestamps { clock: Clock::Epoch, precision: Precision::Micros },
        }
    }
}

impl FromStr for Timestamps {
    type Err = String;

    fn from_str(text: &str) -> Result<Timestamps, String> {
        let mut stamps = Timestamps { clock: Clock::Time, precision: Precision::Seconds };
        for word in text.split(',') {
            match word.strip_prefix("format:").unwrap_or(word) {
                "none" => stamps.clock = Clock::None,
                "time" => stamps.clock = Clock::Time,
                "unix" => stamps.clock = Clock::Epoch,
                _ => {
                    let known = "write none, time or unix, and s, ms, us or ns, as in unix,ms";
                    stamps.precision = word.strip_prefix("precision:").unwrap_or(word).parse().map_err(|_| known)?;
                }
            }
        }
        Ok(stamps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_have_words_and_may_be_left_out() {
        let parsed = |text: &str| text.parse::<Timestamps>().map(|stamps| (stamps.clock, stamps.precision));
        assert_eq!(parsed("format:unix,precision:us"), Ok((Clock::Epoch, Precision::Micros)));
        assert_eq!(parsed("unix,ns"), Ok((Clock::Epoch, Precision::Nanos)));
        assert_eq!(parsed("ms"), Ok((Clock::Time, Precision::Millis)));
        assert_eq!(parsed("precision:s,none"), Ok((Clock::None, Precision::Seconds)));
        for bad in ["", "iso", "format:us", "precision:unix", "time,"] {
            assert!(parsed(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_smaller_is_cut_off() {
        let shown = |precision: Precision| precision.of(Duration::new(7, 19_999_999)).to_string();
        let all = [Precision::Seconds, Precision::Millis, Precision::Micros, Precision::Nanos];
        assert_eq!(all.map(shown), ["7", "7.019", "7.019999", "7.019999999"]);
    }
}
