//! Sets of calls in strace's words, strace(1), `-e trace=`: names, numbers, classes, regular expressions.
//!
//! Left out: `-e`'s other sets (`cli`), and everything about a call but its number (`plan`).

use regex::bytes::RegexBuilder;

use super::QueryError;
use super::numbers::Numbers;
use crate::abi::{self, Arch};
use crate::policy::nearest;

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

/// What follows an `@`, with the ABIs that it means.
const ABIS: &[(&str, &[Arch])] =
    &[("64", &[Arch::X86_64, Arch::Aarch64]), ("32", &[Arch::I386]), ("x32", &[Arch::X32])];

/// A set of calls. As with strace, every number that no ABI knows belongs to it, whatever the set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calls {
    listed: Numbers,
    /// All but the listed ones.
    inverted: bool,
}

impl Calls {
    pub fn all() -> Calls {
        Calls { listed: Numbers::default(), inverted: true }
    }

    pub fn none() -> Calls {
        Calls { listed: Numbers::default(), inverted: false }
    }

    pub fn contains(&self, arch: Arch, nr: u64) -> bool {
        self.listed.contains(arch, nr) != self.inverted || abi::lookup(arch, nr).is_none()
    }

    /// Every call.
    pub fn is_all(&self) -> bool {
        *self == Calls::all()
    }

    /// The members that have a name, as the register holds them.
    pub fn known(&self) -> impl Iterator<Item = (Arch, u64)> {
        let all = Numbers::collect(|_| true);
        let known: Vec<(Arch, u64)> = all.iter().filter(|&(arch, nr)| self.contains(arch, nr)).collect();
        known.into_iter()
    }

    /// `openat,read`, `!%file`, `?statx`, `%net@32`, `/^open`, `all`, `none`. The column of an error counts from here.
    pub fn parse(text: &str) -> Result<Calls, QueryError> {
        let tokens = text.trim_start_matches('!');
        let inversions = text.len() - tokens.len();
        let inverted = inversions % 2 == 1;
        if tokens == "none" {
            return Ok(Calls { inverted, ..Calls::none() });
        }
        let mut listed = Numbers::default();
        let mut any = false;
        let mut column = inversions;
        for token in tokens.split(',') {
            // strace overlooks a comma too many.
            if !token.is_empty() {
                any = true;
                add(&mut listed, token).map_err(|message| QueryError::new(column, message))?;
            }
            column += token.chars().count() + 1;
        }
        if !any {
            return Err(QueryError::new(inversions, format!("a set of calls is missing here; {EXAMPLES}")));
        }
        // All of a set is all of it, whatever else is listed.
        if tokens.split(',').any(|token| token == "all") {
            return Ok(Calls { listed: Numbers::default(), inverted: !inverted });
        }
        Ok(Calls { listed, inverted })
    }
}

const EXAMPLES: &str = "give names such as openat, numbers, classes such as %file, or /regular expressions";

/// Adds what a token names.
fn add(listed: &mut Numbers, token: &str) -> Result<(), String> {
    let (optional, body) = match token.strip_prefix('?') {
        Some(rest) => (true, rest),
        None => (false, token),
    };
    let (name, archs): (&str, &[Arch]) = match body.rsplit_once('@') {
        Some((name, abi)) => match ABIS.iter().find(|(word, _)| *word == abi) {
            Some((_, archs)) => (name, archs),
            None => return Err(format!("\"@{abi}\" is no ABI; there are @64, @32 and @x32")),
        },
        None => (body, &Arch::ALL),
    };
    if name == "all" || name.is_empty() && optional {
        return Ok(());
    }
    let mut found = false;
    if let Some(pattern) = name.strip_prefix('/') {
        let pattern = RegexBuilder::new(pattern).unicode(false).build().map_err(|_| {
            format!(
                "\"{name}\" is no regular expression; write one as in /^open or /stat(fs)?$, without a slash at its end"
            )
        })?;
        for &arch in archs {
            found |= listed.add(arch, |call| pattern.is_match(call.name.as_bytes()));
        }
    } else if let Some((_, tags)) = CLASSES.iter().find(|(class, _)| *class == name) {
        found = true;
        for &arch in archs {
            listed.add(arch, |call| call.tags.iter().any(|tag| tags.contains(tag)));
        }
    } else if name.bytes().all(|b| b.is_ascii_digit())
        && let Ok(nr) = name.parse::<u64>()
    {
        for &arch in archs.iter().filter(|&&arch| abi::lookup(arch, nr).is_some()) {
            found = true;
            listed.insert(arch, nr);
        }
    } else {
        for (arch, nr) in archs.iter().filter_map(|&arch| Some((arch, abi::number(arch, name)?))) {
            found = true;
            listed.insert(arch, nr);
        }
    }
    if found || optional { Ok(()) } else { Err(unknown(token, name)) }
}

fn unknown(token: &str, name: &str) -> String {
    if name.starts_with('/') {
        return format!("no system call's name fits \"{token}\"");
    }
    let classes = CLASSES.iter().map(|(class, _)| *class).filter(|class| class.starts_with('%'));
    let near =
        if name.starts_with('%') { nearest(name, classes) } else { nearest(name, abi::calls().map(|call| call.name)) };
    match near {
        Some(near) => format!("\"{token}\" is no system call; the nearest valid word is {near}"),
        None => format!("\"{token}\" is no system call; {EXAMPLES}"),
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
        assert!(!has("!openat,read", "read") && has("!openat,read", "write") && has("!!read", "read"));
        assert!(has("257", "openat") && !has("257", "open"));
        assert!(has("%file", "openat") && has("file", "openat") && !has("%file", "read"));
        assert!(has("%%stat", "newfstatat") && has("%net", "connect") && has("%memory,kill", "kill"));
        assert!(has("all", "read") && !has("none", "read") && !has("!all", "read") && has("!none", "read"));
        assert!(has("read,all", "write") && has(",read,", "read"));
        assert!(has("?nothing_of_this_name,read", "read") && has("?%none_such,read", "read") && !has("?", "read"));
        assert!(has("read@64", "read") && !has("read@32", "read"));
        let read = Calls::parse("read").expect("read");
        assert!(read.contains(Arch::X86_64, 9999) && Calls::none().contains(Arch::X86_64, u64::MAX));
        assert!(read.contains(Arch::X32, abi::number(Arch::X32, "read").expect("read")));
    }

    #[test]
    fn names_fit_regular_expressions() {
        assert!(has("/^open", "openat") && !has("/^open", "io_uring_setup") && has("/at$", "openat"));
        assert!(has("/^get(p|pp)id$", "getppid") && has("!/^open", "read") && has("/[[:digit:]]", "pread64"));
        assert!(!has("/read@32", "read") && has("/read@64", "read") && has("?/nothing,read", "read"));
    }

    #[test]
    fn members_are_told_as_the_register_holds_them() {
        let known: Vec<(Arch, u64)> = Calls::parse("read").expect("read").known().collect();
        let read = |&arch: &Arch| abi::number(arch, "read").map(|nr| (arch, nr));
        assert_eq!(known, Arch::ALL.iter().filter_map(read).collect::<Vec<_>>());
        let rest = Calls::parse("!read").expect("rest");
        assert!(rest.known().count() > 1000 && !rest.known().any(|call| known.contains(&call)));
    }

    #[test]
    fn names_that_nothing_has_are_told() {
        for (bad, column, word) in [
            ("", 0, "missing"),
            ("!", 1, "missing"),
            (",", 0, "missing"),
            ("nothing_of_this_name", 0, "\"nothing_of_this_name\" is no system call; give names"),
            ("read,opennat", 5, "nearest valid word is openat"),
            ("!read,getpd", 6, "nearest valid word is getpid"),
            ("%fil", 0, "nearest valid word is %file"),
            ("%foo", 0, "%foo"),
            ("999", 0, "999"),
            ("+0", 0, "+0"),
            ("0x0", 0, "0x0"),
            ("read,none", 5, "none"),
            ("trace=read", 0, "trace=read"),
            ("read@65", 0, "@64"),
            ("/nothing", 0, "fits"),
            ("/(", 0, "regular expression"),
        ] {
            let error = Calls::parse(bad).expect_err(bad);
            assert_eq!(error.column, column, "{bad}: {error}");
            assert!(error.message.contains(word), "{bad}: {error}");
        }
    }
}
