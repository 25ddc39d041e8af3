//! `assets/syscalls/*.sys`: one line a call, one file a family.
//!
//! ```text
//! name[@ABI][$VARIANT](arg: type[ if cond], ...) [-> ret]   #tag #tag
//! name(arg, arg)                    only the names are known
//! name[@ABI] = other                the same declaration under another name
//! ```
//!
//! - Types: see `types.rs`. Arguments stand in register order; at most six.
//! - `if flags & A|B`: the argument exists if any bit is set; `if cmd == X`: if the other argument has that value.
//!   `unused`: the register means nothing to the call and is never shown.
//! - Results: `int` (when nothing is said), `size fd+ hex octal pid never time enum[SET] flags[SET]`.
//! - `$VARIANT` is chosen when every `CONSTANT` argument has its value; the first that fits wins, else the base.
//! - `@ABI`: the declaration of that ABI alone (split 64-bit arguments on i386, for instance).
//! - Tags are strace's classes; a variant without any has those of its base. A line that begins with `#` is a comment.

use std::collections::BTreeMap;

use super::Source;
use super::flags::Flags;
use super::scan::{Cursor, Error, lines};
use super::structs::Structs;
use super::types::{self, Len, Meaning, Type, Width};

#[derive(Debug, Clone)]
pub struct Arg {
    pub name: String,
    pub ty: Type,
    pub when: Option<Cond>,
}

#[derive(Debug, Clone, Copy)]
pub enum Cond {
    AnyBit { arg: usize, mask: u64 },
    Equal { arg: usize, value: u64 },
}

#[derive(Debug, Clone)]
pub enum Ret {
    /// A variant without data of `abi::Ret`.
    Plain(&'static str),
    Enum(String),
    Flags(String),
}

#[derive(Debug, Clone)]
pub struct Call {
    pub name: String,
    pub variant: String,
    pub args: Vec<Arg>,
    pub ret: Ret,
    pub tags: Vec<String>,
    pub variants: Vec<Call>,
    pub described: bool,
    pub place: String,
}

/// Base declarations by name and ABI (None: all that have no own).
pub type Calls = BTreeMap<(String, Option<usize>), Call>;

/// strace's classes that tags may name.
const TAGS: [&str; 15] = [
    "file", "desc", "network", "process", "signal", "ipc", "memory", "clock", "creds", "stat", "statfs", "fstat",
    "lstat", "fstatfs", "pure",
];

pub fn parse(sources: &[Source], flags: &Flags, structs: &Structs) -> Result<Calls, Error> {
    let mut calls = Calls::new();
    let mut variants: Vec<((String, Option<usize>), Call)> = Vec::new();
    let mut aliases = Vec::new();
    for source in sources {
        for (line, text) in lines(&source.text) {
            let mut cur = Cursor::new(&source.path, line, text);
            let name = cur.word("a call's name")?.to_string();
            let abi = if cur.eat("@") { Some(cur.abi()?) } else { None };
            let variant = if cur.eat("$") { cur.word("the variant's name")?.to_string() } else { String::new() };
            if cur.eat("=") {
                let target = cur.word("the call that it equals")?.to_string();
                let tags = tags(&mut cur)?;
                aliases.push(((name, abi), target, tags, cur.place));
                continue;
            }
            let call = call(&mut cur, name.clone(), variant, flags, structs)?;
            if !call.variant.is_empty() {
                if let Some((_, first)) =
                    variants.iter().find(|(key, v)| key.0 == name && key.1 == abi && v.variant == call.variant)
                {
                    return Err(cur.error(format!("`{name}${}` is already declared at {}", call.variant, first.place)));
                }
                variants.push(((name, abi), call));
                continue;
            }
            insert(&mut calls, (name, abi), call)?;
        }
    }
    for (key, variant) in variants {
        let Some(base) = calls.get_mut(&key) else {
            let message = format!("`{}${}` has no base declaration", key.0, variant.variant);
            return Err(Error { place: variant.place, message });
        };
        let tags = if variant.tags.is_empty() { base.tags.clone() } else { variant.tags.clone() };
        base.variants.push(Call { tags, ..variant });
    }
    for (key, target, tags, place) in aliases {
        let Some(found) = calls.get(&(target.clone(), None)) else {
            return Err(Error { place, message: format!("`{target}` is not declared") });
        };
        let mut call = Call { name: key.0.clone(), place, ..found.clone() };
        for variant in &mut call.variants {
            variant.name.clone_from(&key.0);
        }
        if !tags.is_empty() {
            call.tags = tags;
        }
        insert(&mut calls, key, call)?;
    }
    Ok(calls)
}

fn insert(calls: &mut Calls, key: (String, Option<usize>), call: Call) -> Result<(), Error> {
    if let Some(first) = calls.get(&key) {
        let message = format!("`{}` is already declared at {}", key.0, first.place);
        return Err(Error { place: call.place, message });
    }
    calls.insert(key, call);
    Ok(())
}

fn call(cur: &mut Cursor<'_>, name: String, variant: String, flags: &Flags, structs: &Structs) -> Result<Call, Error> {
    cur.expect("(")?;
    let mut args: Vec<Arg> = Vec::new();
    let mut conditions: Vec<Option<(String, bool, Vec<String>)>> = Vec::new();
    let mut untyped = 0;
    while !cur.eat(")") {
        if !args.is_empty() {
            cur.expect(",")?;
        }
        let arg = cur.word("an argument's name")?.to_string();
        if args.iter().any(|a| a.name == arg) {
            return Err(cur.error(format!("the argument `{arg}` stands twice")));
        }
        let ty = if cur.eat(":") {
            if cur.eat_word("unused") {
                // A condition on no bit never holds.
                args.push(Arg { name: arg, ty: hex(), when: Some(Cond::AnyBit { arg: 0, mask: 0 }) });
                conditions.push(None);
                continue;
            }
            types::argument(cur, flags, structs)?
        } else {
            untyped += 1;
            hex()
        };
        conditions.push(if cur.eat_word("if") { Some(condition(cur)?) } else { None });
        args.push(Arg { name: arg, ty, when: None });
    }
    if args.len() > 6 {
        return Err(cur.error("a call has at most six arguments"));
    }
    if untyped != 0 && untyped != args.len() {
        return Err(cur.error("either all arguments have a type or none"));
    }
    for (i, condition) in conditions.into_iter().enumerate() {
        if let Some(condition) = condition {
            args[i].when = Some(resolve(cur, &args, condition, flags)?);
        }
    }
    for arg in &args {
        check_lengths(cur, &args, &arg.ty)?;
    }
    let ret = if cur.eat("->") { result(cur, flags)? } else { Ret::Plain("Int") };
    let tags = tags(cur)?;
    let place = cur.place.clone();
    Ok(Call { name, variant, args, ret, tags, variants: Vec::new(), described: untyped == 0, place })
}

fn hex() -> Type {
    Type::Num { width: Width::Word, meaning: Meaning::Plain("Hex") }
}

fn condition(cur: &mut Cursor<'_>) -> Result<(String, bool, Vec<String>), Error> {
    let arg = cur.word("an argument")?.to_string();
    let bits = cur.eat("&");
    if !bits {
        cur.expect("==")?;
    }
    let mut names = vec![cur.word("a constant")?.to_string()];
    while cur.eat("|") {
        names.push(cur.word("a constant")?.to_string());
    }
    Ok((arg, bits, names))
}

fn resolve(
    cur: &Cursor<'_>,
    args: &[Arg],
    condition: (String, bool, Vec<String>),
    flags: &Flags,
) -> Result<Cond, Error> {
    let (name, bits, names) = condition;
    let arg = index(cur, args, &name)?;
    let set = match &args[arg].ty {
        Type::Num { meaning: Meaning::Enum(set) | Meaning::Flags(set), .. } => Some(set.as_str()),
        _ => None,
    };
    let mut value = 0;
    for name in names {
        value |= flags.value(&name, set).map_err(|message| cur.error(message))?;
    }
    Ok(if bits { Cond::AnyBit { arg, mask: value } } else { Cond::Equal { arg, value } })
}

pub fn index(cur: &Cursor<'_>, args: &[Arg], name: &str) -> Result<usize, Error> {
    args.iter().position(|a| a.name == name).ok_or_else(|| cur.error(format!("there is no argument `{name}`")))
}

fn check_lengths(cur: &Cursor<'_>, args: &[Arg], ty: &Type) -> Result<(), Error> {
    match ty {
        Type::Bytes { len: Len::Arg(name) | Len::Deref(name) | Len::RetUpTo(name), .. }
        | Type::Array { len: Len::Arg(name) | Len::Deref(name) | Len::RetUpTo(name), .. }
        | Type::SigSet { size_arg: Some(name), .. } => index(cur, args, name).map(|_| ()),
        _ => Ok(()),
    }
}

fn result(cur: &mut Cursor<'_>, flags: &Flags) -> Result<Ret, Error> {
    let word = cur.word("a result type")?;
    Ok(Ret::Plain(match word {
        "int" | "long" => "Int",
        "size" => "Size",
        "hex" | "ptr" => "Hex",
        "octal" => "Octal",
        "pid" => "Pid",
        "never" => "Never",
        "time" => "Time",
        "fd" => {
            cur.expect("+")?;
            "NewFd"
        }
        "enum" | "flags" => {
            cur.expect("[")?;
            let set = cur.word("a flag set")?.to_string();
            cur.expect("]")?;
            if !flags.sets.contains_key(&set) {
                return Err(cur.error(format!("there is no flag set `{set}` in assets/flags")));
            }
            return Ok(if word == "enum" { Ret::Enum(set) } else { Ret::Flags(set) });
        }
        _ => return Err(cur.error(format!("`{word}` is no result type"))),
    }))
}

fn tags(cur: &mut Cursor<'_>) -> Result<Vec<String>, Error> {
    let mut tags = Vec::new();
    while cur.eat("#") {
        let tag = cur.word("a tag")?;
        if !TAGS.contains(&tag) {
            return Err(cur.error(format!("`{tag}` is no tag; known are {}", TAGS.join(", "))));
        }
        tags.push(tag.into());
    }
    if !cur.at_end() {
        return Err(cur.error(format!("`{}` is left over at the end of the line", cur.rest())));
    }
    Ok(tags)
}
