//! Which lines are wanted: calls by name, number or class, by how they ended, and signals. strace's `-e trace=`,
//! `-e status=`, `-e signal=`, `-e quiet=`.
//!
//! Pure: text in, sets out; the error is one sentence. Left out: what a line looks like.

use std::collections::HashSet;

use crate::abi::{self, Arch, X32_BIT};
use crate::model::Outcome;

/// Above every number that a kernel knows.
const NUMBERS: u64 = 1024;

/// strace's classes, each with the tags of `assets/syscalls` that belong to it.
const CLASSES: &[(&str, &[&str])] = &[
    ("%clock", &["clock"]),
    ("%creds", &["creds"]),
    ("%desc", &["desc"]),
    ("%file", &["file"]),
    ("%fstat", &["fstat"]),
    ("%fstatfs", &["fstatfs"]),
    ("%ipc", &["ipc"]),
    ("%lstat", &["lstat"]),
    ("%memory", &["memory"]),
    ("%net", &["network"]),
    ("%network", &["network"]),
    ("%process", &["process"]),
    ("%pure", &["pure"]),
    ("%signal", &["signal"]),
    ("%stat", &["stat"]),
    ("%%stat", &["stat", "lstat", "fstat"]),
    ("%statfs", &["statfs"]),
    ("%%statfs", &["statfs", "fstatfs"]),
    // The older spelling, which strace keeps.
    ("desc", &["desc"]),
    ("file", &["file"]),
    ("ipc", &["ipc"]),
    ("memory", &["memory"]),
    ("network", &["network"]),
    ("process", &["process"]),
    ("signal", &["signal"]),
];

/// A set of calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calls {
    listed: HashSet<(Arch, u64)>,
    /// All but the listed ones.
    inverted: bool,
}

impl Calls {
    pub fn all() -> Calls {
        Calls { listed: HashSet::new(), inverted: true }
    }

    pub fn contains(&self, arch: Arch, nr: u64) -> bool {
        (!self.listed.is_empty() && self.listed.contains(&(arch, nr))) != self.inverted
    }

    /// `openat,read`, `!%file`, `?statx`, `%net@32`, `all`, `none`.
    pub fn parse(text: &str) -> Result<Calls, String> {
        let (inverted, tokens) = inversion(text);
        if tokens == "none" || tokens == "all" {
            return Ok(Calls { listed: HashSet::new(), inverted: inverted != (tokens == "all") });
        }
        let mut listed = HashSet::new();
        for token in tokens.split(',') {
            let (optional, name) = match token.strip_prefix('?') {
                Some(rest) => (true, rest),
                None => (false, token),
            };
            if !add(&mut listed, name)? && !optional {
                return Err(format!(
                    "\"{token}\" is no system call; give names such as openat, numbers, or classes such as %file"
                ));
            }
        }
        Ok(Calls { listed, inverted })
    }
}

/// Adds what a token names; false if it names nothing.
fn add(listed: &mut HashSet<(Arch, u64)>, token: &str) -> Result<bool, String> {
    if token.starts_with('/') {
        return Err(format!("\"{token}\" is a regular expression, which sysview does not take; name calls or a class"));
    }
    let (name, only): (&str, &[Arch]) = match token.rsplit_once('@') {
        Some((name, "64")) => (name, &[Arch::X86_64, Arch::Aarch64]),
        Some((name, "32")) => (name, &[Arch::I386]),
        Some((name, "x32")) => (name, &[Arch::X32]),
        _ => (token, &Arch::ALL),
    };
    let tags = CLASSES.iter().find(|(class, _)| *class == name).map(|(_, tags)| *tags);
    let number = name.parse::<u64>().ok().filter(|_| name.bytes().all(|b| b.is_ascii_digit()));
    let mut found = false;
    for &arch in only {
        let bit = if arch == Arch::X32 { X32_BIT } else { 0 };
        if let Some(tags) = tags {
            found = true;
            let of_class =
                |nr: &u64| abi::lookup(arch, *nr).is_some_and(|call| call.tags.iter().any(|tag| tags.contains(tag)));
            listed.extend((0..NUMBERS).map(|nr| nr | bit).filter(of_class).map(|nr| (arch, nr)));
        } else if let Some(nr) = number {
            if abi::lookup(arch, nr | bit).is_some() {
                found = true;
                listed.insert((arch, nr | bit));
            }
        } else if let Some(nr) = abi::number(arch, name) {
            found = true;
            listed.insert((arch, nr));
        }
    }
    Ok(found)
}

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

/// Lines that are left out, by what they announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet(u64);

impl Quiet {
    const ATTACH: u64 = 1;
    const EXIT: u64 = 2;
    const SUPERSEDED: u64 = 4;

    /// `-q`, `-qq`, `-qqq`.
    pub fn level(count: u8) -> Quiet {
        Quiet([0, Quiet::ATTACH, Quiet::ATTACH | Quiet::EXIT, u64::MAX][usize::from(count.min(3))])
    }

    pub fn attach(self) -> bool {
        self.0 & Quiet::ATTACH != 0
    }

    pub fn exit(self) -> bool {
        self.0 & Quiet::EXIT != 0
    }

    pub fn superseded(self) -> bool {
        self.0 & Quiet::SUPERSEDED != 0
    }

    /// `attach,exit`, `all`, `none`. The names of messages that sysview never prints are taken too.
    pub fn parse(text: &str) -> Result<Quiet, String> {
        let known = "attach, exit, path-resolution, personality or thread-execve";
        let bits = words(text, "kind of message", known, |word| {
            Some(match word {
                "attach" => Quiet::ATTACH,
                "exit" | "exits" => Quiet::EXIT,
                "thread-execve" | "superseded" => Quiet::SUPERSEDED,
                "path-resolution" | "path-resolve" | "personality" => 0,
                _ => return None,
            })
        })?;
        Ok(Quiet(bits))
    }
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

    fn has(set: &str, name: &str) -> bool {
        let nr = abi::number(Arch::X86_64, name).expect(name);
        Calls::parse(set).expect(set).contains(Arch::X86_64, nr)
    }

    #[test]
    fn calls_are_named_numbered_and_classed() {
        assert!(has("openat,read", "read") && !has("openat,read", "write"));
        assert!(!has("!openat,read", "read") && has("!openat,read", "write"));
        assert!(has("257", "openat") && !has("257", "open"));
        assert!(has("%file", "openat") && has("file", "openat") && !has("%file", "read"));
        assert!(has("%%stat", "newfstatat") && has("%net", "connect") && has("%memory,kill", "kill"));
        assert!(has("all", "read") && !has("none", "read") && !has("!all", "read") && has("!none", "read"));
        assert!(has("?nothing_of_this_name,read", "read") && has("?%none_such,read", "read"));
        assert!(has("read@64", "read") && !has("read@32", "read"));
        assert!(!Calls::parse("read").expect("read").contains(Arch::X86_64, 9999));
        assert!(Calls::all().contains(Arch::X86_64, 9999));
    }

    #[test]
    fn names_that_nothing_has_are_told() {
        for bad in ["", "foo", "read,foo", "%foo", "999", "read,", "+0", "/open", "trace=read"] {
            assert!(Calls::parse(bad).is_err(), "{bad}");
        }
        assert!(Calls::parse("foo").is_err_and(|e| e.starts_with("\"foo\" is no system call")));
        for bad in ["", "foo", "0", "65", "INT,,"] {
            assert!(Signals::parse(bad).is_err(), "{bad}");
        }
        assert!(Statuses::parse("good").is_err() && Quiet::parse("loud").is_err());
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
    fn statuses_are_ends_of_calls() {
        let only = Statuses::parse("failed,detached").expect("a set");
        assert!(only.contains(Outcome::Failed(2)) && only.contains(Outcome::Detached));
        assert!(!only.contains(Outcome::Returned(0)) && !only.contains(Outcome::NeverReturned));
        assert!(Statuses::parse("!failed").expect("a set").contains(Outcome::NeverReturned));
        assert_eq!(Quiet::parse("all"), Ok(Quiet::level(3)));
        assert!(Quiet::level(2).exit() && !Quiet::level(1).exit() && Quiet::level(1).attach());
    }
}
