//! Which lines are wanted: calls by how they ended, signals, announcements. strace's `-e status=`, `-e signal=`,
//! `-e quiet=`.
//!
//! Pure: text in, sets out; the error is one sentence. Left out: which calls (`query::Calls`), what a line looks like.

use crate::abi;
use crate::capture::Kinds;
use crate::model::Outcome;

/// A set of signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signals(u64);

impl Signals {
    pub const ALL: Signals = Signals(u64::MAX);

    pub fn contains(self, number: u8) -> bool {
        !(1..=64).contains(&number) || self.0 >> (number - 1) & 1 != 0
    }

    /// `SIGINT,usr1,17`, `!CHLD`, `all`, `none`.
    pub fn parse(text: &str) -> Result<Signals, String> {
        let bits = words(text, "signal", "INT, SIGCHLD or 15", |word| {
            let number = match word.parse::<u64>() {
                Ok(number) => number,
                Err(_) => abi::signal_number(&word.to_ascii_uppercase())?,
            };
            (1..=64).contains(&number).then(|| 1 << (number - 1))
        })?;
        Ok(Signals(bits))
    }
}

/// A set of ways in which a call can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statuses(u64);

impl Statuses {
    pub const ALL: Statuses = Statuses(u64::MAX);
    pub const SUCCESSFUL: Statuses = Statuses(1);
    pub const FAILED: Statuses = Statuses(2);
    const UNFINISHED: u64 = 4;
    /// The result could not be read, which does not happen here.
    const UNAVAILABLE: u64 = 8;
    const DETACHED: u64 = 16;

    pub fn contains(self, outcome: Outcome) -> bool {
        let bit = match outcome {
            Outcome::Returned(_) => Statuses::SUCCESSFUL.0,
            Outcome::Failed(_) => Statuses::FAILED.0,
            Outcome::NeverReturned | Outcome::KilledBySeccomp => Statuses::UNFINISHED,
            Outcome::Detached => Statuses::DETACHED,
        };
        self.0 & bit != 0
    }

    /// `successful,failed`, `!failed`, `all`, `none`.
    pub fn parse(text: &str) -> Result<Statuses, String> {
        let known = "successful, failed, unfinished, unavailable or detached";
        let bits = words(text, "status", known, |word| {
            Some(match word {
                "successful" => Statuses::SUCCESSFUL.0,
                "failed" => Statuses::FAILED.0,
                "unfinished" => Statuses::UNFINISHED,
                "unavailable" => Statuses::UNAVAILABLE,
                "detached" => Statuses::DETACHED,
                _ => return None,
            })
        })?;
        Ok(Statuses(bits))
    }
}

/// A set of descriptors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptors {
    listed: Vec<i32>,
    /// All but the listed ones.
    inverted: bool,
}

impl Descriptors {
    pub const NONE: Descriptors = Descriptors { listed: Vec::new(), inverted: false };

    pub fn contains(&self, fd: i32) -> bool {
        self.listed.contains(&fd) != self.inverted
    }

    /// `0,3`, `!1`, `all`, `none`.
    pub fn parse(text: &str) -> Result<Descriptors, String> {
        let (mut inverted, tokens) = inversion(text);
        if tokens == "all" || tokens == "none" {
            inverted ^= tokens == "all";
            return Ok(Descriptors { inverted, ..Descriptors::NONE });
        }
        let number = |token: &str| {
            let number = token.parse().ok().filter(|&fd: &i32| fd >= 0 && !token.starts_with('+'));
            number.ok_or_else(|| format!("\"{token}\" is no descriptor; give numbers such as 0 or 3, or all"))
        };
        // strace overlooks a comma too many.
        let given: Vec<&str> = tokens.split(',').filter(|token| !token.is_empty()).collect();
        if given.is_empty() {
            number("")?;
        }
        Ok(Descriptors { listed: given.into_iter().map(number).collect::<Result<_, _>>()?, inverted })
    }
}

/// Lines that are left out, by what they announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet(u64);

impl Quiet {
    const ATTACH: u64 = 1;
    const EXIT: u64 = 2;
    const SUPERSEDED: u64 = 4;
    const PATH_RESOLUTION: u64 = 8;
    const PERSONALITY: u64 = 16;

    /// `-q`, `-qq`, `-qqq`.
    pub fn level(count: u8) -> Quiet {
        let some = Quiet::ATTACH | Quiet::PERSONALITY;
        Quiet([0, some, some | Quiet::EXIT, u64::MAX][usize::from(count.min(3))])
    }

    pub fn attach(self) -> bool {
        self.0 & Quiet::ATTACH != 0
    }

    pub fn exit(self) -> bool {
        self.0 & Quiet::EXIT != 0
    }

    pub fn path_resolution(self) -> bool {
        self.0 & Quiet::PATH_RESOLUTION != 0
    }

    pub fn personality(self) -> bool {
        self.0 & Quiet::PERSONALITY != 0
    }

    pub fn superseded(self) -> bool {
        self.0 & Quiet::SUPERSEDED != 0
    }

    /// `attach,exit`, `all`, `none`.
    pub fn parse(text: &str) -> Result<Quiet, String> {
        let known = "attach, exit, path-resolution, personality or thread-execve";
        let bits = words(text, "kind of message", known, |word| {
            Some(match word {
                "attach" => Quiet::ATTACH,
                "exit" | "exits" => Quiet::EXIT,
                "thread-execve" | "superseded" => Quiet::SUPERSEDED,
                "path-resolution" | "path-resolve" => Quiet::PATH_RESOLUTION,
                "personality" => Quiet::PERSONALITY,
                _ => return None,
            })
        })?;
        Ok(Quiet(bits))
    }
}

/// What is shown of descriptors: `path,socket`, `!path`, `all`, `none`.
pub fn kinds_of_descriptors(text: &str) -> Result<Kinds, String> {
    let known = "path, socket, dev, pidfd, signalfd or eventfd";
    let bits = words(text, "kind of descriptor", known, |word| {
        let kind = match word {
            "path" => Kinds::PATH,
            "socket" => Kinds::SOCKET,
            "dev" => Kinds::DEVICE,
            "pidfd" => Kinds::PIDFD,
            "signalfd" => Kinds::SIGNALFD,
            "eventfd" => Kinds::EVENTFD,
            _ => return None,
        };
        Some(kind.bits().into())
    })?;
    Ok(Kinds::of_bits(bits as u8))
}

/// A set of words, each of which stands for bits.
fn words(text: &str, what: &str, known: &str, bits_of: impl Fn(&str) -> Option<u64>) -> Result<u64, String> {
    let (inverted, tokens) = inversion(text);
    let mut bits = 0;
    for word in tokens.split(',') {
        bits |= match word {
            "all" => u64::MAX,
            "none" if tokens == "none" => 0,
            word => bits_of(word).ok_or_else(|| format!("\"{word}\" is no {what}; give {known}"))?,
        };
    }
    Ok(if inverted { !bits } else { bits })
}

fn inversion(text: &str) -> (bool, &str) {
    match text.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_nothing_has_are_told() {
        for bad in ["", "foo", "0", "65", "INT,,"] {
            assert!(Signals::parse(bad).is_err(), "{bad}");
        }
        assert!(Statuses::parse("good").is_err() && Quiet::parse("loud").is_err());
    }

    #[test]
    fn kinds_of_descriptors_are_words() {
        let kinds = |text| kinds_of_descriptors(text).expect("a set");
        assert_eq!(kinds("path,pidfd"), Kinds::PATH.and(Kinds::PIDFD));
        assert_eq!((kinds("all"), kinds("none")), (Kinds::ALL, Kinds::NONE));
        assert!(!kinds("!path").has(Kinds::PATH) && kinds("!path").has(Kinds::EVENTFD));
        assert!(kinds_of_descriptors("inode").is_err());
    }

    #[test]
    fn signals_have_names_and_numbers() {
        let set = Signals::parse("SIGINT,chld,10").expect("a set");
        assert!([2, 17, 10].iter().all(|&n| set.contains(n)) && !set.contains(15));
        let set = Signals::parse("!INT").expect("a set");
        assert!(!set.contains(2) && set.contains(64));
        assert!(!Signals::parse("none").expect("none").contains(9));
    }

    #[test]
    fn descriptors_are_numbers() {
        let set = Descriptors::parse("3,,0").expect("a set");
        assert!(set.contains(3) && set.contains(0) && !set.contains(1));
        assert!(!Descriptors::parse("!3").expect("a set").contains(3));
        assert!(
            Descriptors::parse("all").expect("all").contains(9) && Descriptors::parse("none") == Ok(Descriptors::NONE)
        );
        for bad in ["", ",", "-1", "+1", "foo", "all,3", "3-5", "99999999999"] {
            assert!(Descriptors::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn statuses_are_ends_of_calls() {
        let only = Statuses::parse("failed,detached").expect("a set");
        assert!(only.contains(Outcome::Failed(2)) && only.contains(Outcome::Detached));
        assert!(!only.contains(Outcome::Returned(0)) && !only.contains(Outcome::NeverReturned));
        assert!(Statuses::parse("!failed").expect("a set").contains(Outcome::NeverReturned));
        assert_eq!(Quiet::parse("all"), Ok(Quiet::level(3)));
        assert!(Quiet::level(2).exit() && !Quiet::level(1).exit() && Quiet::level(1).attach());
    }
}
