//! `assets/netlink/*`: attributes of netlink(7) messages, what each is called and what it holds.
//!
//! ```text
//! attrs link IFLA_???             the table's name and the comment of an unknown attribute (`-`: none)
//!   IFLA_MTU = 4: u32             a number or structure, as in `assets/structs`
//!   IFLA_LINKINFO = 18: nest[ifla_info]       attributes in turn, of another table
//!   NDA_PROTOCOL = 12: anyenum[ip_protocol]   a name, however long the number is; anyflags: names of bits
//!   IFLA_IFNAME = 3: str          what has Rust of its own, one of `SPECIALS`
//!   IFLA_WIRELESS = 11            bytes
//! ```

use std::collections::BTreeMap;

use super::Source;
use super::flags::Flags;
use super::scan::{Cursor, Error, lines};
use super::structs::Structs;
use super::types::{self, Type};

/// What `decode` shows by itself, by name.
pub const SPECIALS: &[&str] = &[
    "addr",
    "afspec",
    "be16",
    "be64",
    "bridgeid",
    "bytes",
    "clock",
    "conf4",
    "conf6",
    "ethertype",
    "icmp6",
    "in",
    "in6",
    "kind",
    "linkdata",
    "linkstats",
    "mac",
    "meminfo",
    "protinfo",
    "routerport",
    "slavedata",
    "slavekind",
    "stats6",
    "str",
    "strn",
    "vfbroadcast",
    "vfguid",
    "vfmac",
    "vfvlan",
    "xint",
];

pub enum Content {
    Bytes,
    Value(Type),
    Nested(String),
    /// A set, and whether it names bits.
    Any(String, bool),
    Special(String),
}

pub struct Attribute {
    pub name: String,
    pub value: u16,
    pub content: Content,
}

pub struct Table {
    pub unknown: String,
    pub attributes: Vec<Attribute>,
    place: String,
}

pub type Tables = BTreeMap<String, Table>;

pub fn parse(sources: &[Source], flags: &Flags, structs: &Structs) -> Result<Tables, Error> {
    let mut tables = Tables::new();
    let mut nested: Vec<(String, String)> = Vec::new();
    for source in sources {
        let mut current: Option<String> = None;
        for (line, text) in lines(&source.text) {
            let mut cur = Cursor::new(&source.path, line, text);
            if !text.starts_with(' ') {
                if !cur.eat_word("attrs") {
                    return Err(cur.error("expected `attrs NAME COMMENT` or an indented attribute"));
                }
                let name = cur.word("the table's name")?.to_string();
                let unknown = if cur.rest() == "-" { String::new() } else { cur.rest().to_string() };
                let place = cur.place.clone();
                if let Some(first) = tables.get(&name) {
                    return Err(cur.error(format!("the table `{name}` is already defined at {}", first.place)));
                }
                tables.insert(name.clone(), Table { unknown, attributes: Vec::new(), place });
                current = Some(name);
                continue;
            }
            let attribute = attribute(&mut cur, flags, structs)?;
            if let Content::Nested(name) = &attribute.content {
                nested.push((cur.place.clone(), name.clone()));
            }
            match current.as_ref().and_then(|name| tables.get_mut(name)) {
                Some(table) => table.attributes.push(attribute),
                None => return Err(cur.error("an attribute before the first table")),
            }
        }
    }
    match nested.into_iter().find(|(_, name)| !tables.contains_key(name)) {
        Some((place, name)) => Err(Error { place, message: format!("there is no table `{name}` in assets/netlink") }),
        None => Ok(tables),
    }
}

fn attribute(cur: &mut Cursor<'_>, flags: &Flags, structs: &Structs) -> Result<Attribute, Error> {
    let name = cur.word("an attribute's name")?.to_string();
    cur.expect("=")?;
    let value = cur.number()?;
    let value = u16::try_from(value).map_err(|_| cur.error("an attribute's number has 16 bits"))?;
    let content = if cur.eat(":") { content(cur, flags, structs)? } else { Content::Bytes };
    if !cur.at_end() {
        return Err(cur.error(format!("`{}` is too much", cur.rest())));
    }
    Ok(Attribute { name, value, content })
}

fn content(cur: &mut Cursor<'_>, flags: &Flags, structs: &Structs) -> Result<Content, Error> {
    let bracketed = |cur: &mut Cursor<'_>, what: &str| -> Result<String, Error> {
        cur.expect("[")?;
        let name = cur.word(what)?.to_string();
        cur.expect("]")?;
        Ok(name)
    };
    if cur.eat_word("nest") {
        return Ok(Content::Nested(bracketed(cur, "a table")?));
    }
    for (word, bits) in [("anyenum", false), ("anyflags", true)] {
        if cur.eat_word(word) {
            let set = bracketed(cur, "a flag set")?;
            if !flags.sets.contains_key(&set) {
                return Err(cur.error(format!("there is no flag set `{set}` in assets/flags")));
            }
            return Ok(Content::Any(set, bits));
        }
    }
    let word = cur.peek_word();
    if SPECIALS.contains(&word) {
        return Ok(Content::Special(cur.word("a special")?.to_string()));
    }
    Ok(Content::Value(types::field(cur, flags, &|name| structs.by_name.contains_key(name))?))
}
