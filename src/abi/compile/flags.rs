//! `assets/flags/*`: named constants.
//!
//! ```text
//! set open O_??? asm-generic/fcntl.h
//!   O_RDONLY = 0 in 3               one value of the enumerated field under the mask 3
//!   O_CREAT = 0x40
//!   O_DIRECT = 0x4000, aarch64 0x10000        another value on one ABI
//!   O_LARGEFILE = 0x8000, aarch64 0x20000
//!   ARCH_ONLY = -, x86_64 1                   absent but on one ABI
//!   "21<<MAP_HUGE_SHIFT" = 0x54000000 in 0xfc000000       a text that is no name
//!   SI_QUEUE = -1                             an int's code: 0xffffffff
//! ```
//!
//! A set's order is the order in which strace prints. The word after the name is the comment of an unknown value (`-`: none), then
//! comes the kernel header that the values are from. A line that begins with `#` is a comment.

use std::collections::BTreeMap;

use super::Source;
use super::scan::{ABIS, Cursor, Error, lines};

pub struct Constant {
    pub name: String,
    /// By ABI; None: does not exist there.
    pub value: [Option<u64>; 4],
    pub mask: Option<u64>,
}

pub struct FlagSet {
    pub unknown: String,
    pub constants: Vec<Constant>,
    place: String,
}

pub struct Flags {
    pub sets: BTreeMap<String, FlagSet>,
}

pub fn parse(sources: &[Source]) -> Result<Flags, Error> {
    let mut sets: BTreeMap<String, FlagSet> = BTreeMap::new();
    for source in sources {
        let mut current: Option<String> = None;
        for (line, text) in lines(&source.text) {
            let mut cur = Cursor::new(&source.path, line, text);
            if !text.starts_with(' ') {
                if !cur.eat_word("set") {
                    return Err(cur.error("expected `set NAME COMMENT HEADER` or an indented constant"));
                }
                let name = cur.word("the set's name")?;
                let mut words = cur.rest().split_whitespace();
                let (Some(unknown), Some(_header)) = (words.next(), words.next()) else {
                    return Err(cur.error("a set needs the comment of an unknown value and its header"));
                };
                if let Some(first) = sets.get(name) {
                    return Err(cur.error(format!("the set `{name}` is already defined at {}", first.place)));
                }
                let place = cur.place.clone();
                let unknown = if unknown == "-" { "" } else { unknown };
                sets.insert(name.into(), FlagSet { unknown: unknown.into(), constants: Vec::new(), place });
                current = Some(name.into());
                continue;
            }
            let Some(set) = current.as_ref().and_then(|name| sets.get_mut(name)) else {
                return Err(cur.error("a constant stands before the first `set`"));
            };
            let constant = constant(&mut cur)?;
            if set.constants.iter().any(|c| c.name == constant.name) {
                return Err(cur.error(format!("`{}` stands twice in its set", constant.name)));
            }
            set.constants.push(constant);
        }
    }
    if let Some((name, set)) = sets.iter().find(|(_, set)| set.constants.is_empty()) {
        return Err(Error { place: set.place.clone(), message: format!("the set `{name}` is empty") });
    }
    Ok(Flags { sets })
}

/// A name, or in quotation marks a text that is none: `"21<<MAP_HUGE_SHIFT"`.
fn name(cur: &mut Cursor<'_>) -> Result<String, Error> {
    if !cur.eat("\"") {
        return Ok(cur.word("a constant's name")?.to_string());
    }
    let end = cur.rest().find('"').ok_or_else(|| cur.error("the quoted name has no end"))?;
    let text = cur.rest()[..end].to_string();
    cur.eat(&text);
    cur.expect("\"")?;
    Ok(text)
}

fn constant(cur: &mut Cursor<'_>) -> Result<Constant, Error> {
    let name = name(cur)?;
    cur.expect("=")?;
    let absent = cur.rest().starts_with("-,") && cur.eat("-");
    let negative = cur.rest().starts_with('-');
    // A negative code stands in 32 bits, where an `int` is compared with it.
    let cut = |value: u64| if negative { value & 0xffff_ffff } else { value };
    let base = if absent { None } else { Some(cut(cur.number()?)) };
    let mut value = [base; 4];
    let mask = if cur.eat_word("in") { Some(cur.number()?) } else { None };
    while cur.eat(",") {
        let abi = cur.abi()?;
        value[abi] = if cur.eat("-") { None } else { Some(cur.number()?) };
    }
    if !cur.at_end() {
        return Err(cur.error(format!("`{}` is left over after the constant", cur.rest())));
    }
    Ok(Constant { name, value, mask })
}

impl Flags {
    /// The value of a name that must be the same on every ABI that has it: of `set`, or of any set. `SET.NAME` picks
    /// a set.
    pub fn value(&self, name: &str, set: Option<&str>) -> Result<u64, String> {
        if let Some(number) = super::scan::Cursor::new("", 0, name).number().ok().filter(|_| !starts_name(name)) {
            return Ok(number);
        }
        let (set, name) = match name.split_once('.') {
            Some((set, name)) => (Some(set), name),
            None => (set, name),
        };
        let in_set = |set: &FlagSet| -> Vec<u64> {
            set.constants.iter().filter(|c| c.name == name).flat_map(|c| c.value.into_iter().flatten()).collect()
        };
        let mut values: Vec<u64> = set.and_then(|set| self.sets.get(set)).map(in_set).unwrap_or_default();
        if values.is_empty() {
            values = self.sets.values().flat_map(in_set).collect();
        }
        values.sort_unstable();
        values.dedup();
        match values[..] {
            [value] => Ok(value),
            [] => Err(format!("`{name}` is in no flag set")),
            _ => Err(format!("`{name}` has several values (of {} ABIs or in several sets)", ABIS.len())),
        }
    }
}

impl Flags {
    /// The values of a request of ioctl(2), of x86-64 first; none if the name is no request.
    pub fn request(&self, name: &str) -> Vec<u64> {
        let found = self.sets.get("ioctl").and_then(|set| set.constants.iter().find(|c| c.name == name));
        let mut values: Vec<u64> = Vec::new();
        for value in found.iter().flat_map(|c| c.value.into_iter().flatten()) {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        values
    }
}

fn starts_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}
