//! The type language that declarations and structures share.
//!
//! Numbers: `int uint long ulong size off u8 u16 u32 u64 i8 i16 i32 i64 klong kulong` (`long` is a word; `klong` is the
//! kernel's long, 8 bytes on x32 too), `char` (`char[65]` in a structure is text), `hex hex32 hex64 ptr octal mode filemode`,
//! `errno` (a negative one by its name), `fd fd- dirfd pid uid gid uid16 gid16 ifindex dev dev16 dev64 signal time time64`,
//! `flags[SET] enum[SET]` with the width as a suffix
//! (`flags8 flags16 flags64 flagsw`; none: 32 bits, `w`: a word). `CONSTANT` selects a variant; `A|B` is one value.
//!
//! Pointers: `path str strv envv`; `in T`, `out T`, `inout T` to one value, `in T[LEN]` to several, `in bytes[LEN]`,
//! `in sigset`, `in sigset[SIZE_ARGUMENT]`. `LEN`: an argument's name, `ret` (the result), `ret<=argument`, a number, `*argument` (the number behind
//! that pointer). `custom[NAME]` is the way out into Rust, `in`, `out` or `inout` (none: `in`).

use super::flags::Flags;
use super::scan::{Cursor, Error};
use super::structs::Structs;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    W8,
    W16,
    W32,
    W64,
    Word,
    /// `__kernel_long_t`: 64 bits on all but i386.
    KernelLong,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// A variant without data of `abi::Meaning`.
    Plain(&'static str),
    Fd {
        closes: bool,
    },
    Enum(String),
    Flags(String),
    Const {
        name: String,
        value: u64,
        also: Vec<u64>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dir {
    In,
    Out,
    InOut,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Len {
    /// An argument's name, resolved when the whole call is read.
    Arg(String),
    Ret,
    RetUpTo(String),
    Const(u32),
    Deref(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    Num { width: Width, meaning: Meaning },
    Path,
    Str,
    Bytes { dir: Dir, len: Len },
    Ptr { dir: Dir, to: Box<Type> },
    Array { dir: Dir, of: Box<Type>, len: Len },
    Struct(String),
    Inline { of: Box<Type>, count: u32 },
    StrVec { env: bool },
    SigSet { dir: Dir, size_arg: Option<String> },
    Custom { name: String, dir: Dir },
}

/// The type of an argument.
pub fn argument(cur: &mut Cursor<'_>, flags: &Flags, structs: &Structs) -> Result<Type, Error> {
    for (word, dir) in [("in", Dir::In), ("out", Dir::Out), ("inout", Dir::InOut)] {
        if cur.eat_word(word) {
            return pointee(cur, dir, flags, structs);
        }
    }
    for (word, ty) in [
        ("path", Type::Path),
        ("str", Type::Str),
        ("strv", Type::StrVec { env: false }),
        ("envv", Type::StrVec { env: true }),
    ] {
        if cur.eat_word(word) {
            return Ok(ty);
        }
    }
    let word = cur.peek_word();
    if word == "custom" {
        return pointee(cur, Dir::In, flags, structs);
    }
    if word.starts_with(|c: char| c.is_ascii_uppercase()) || word.contains('.') {
        return constant(cur, flags);
    }
    number(cur, flags)?
        .ok_or_else(|| cur.error(format!("`{word}` is no type; a structure needs `in`, `out` or `inout`")))
}

/// The type of a structure's field, which stands in place.
pub fn field(cur: &mut Cursor<'_>, flags: &Flags, known: &dyn Fn(&str) -> bool) -> Result<Type, Error> {
    let ty = place(cur, flags, known)?;
    if cur.eat("[") {
        let count = cur.number()?;
        cur.expect("]")?;
        let count = u32::try_from(count).map_err(|_| cur.error("an array of that size does not fit a structure"))?;
        return Ok(Type::Inline { of: Box::new(ty), count });
    }
    Ok(ty)
}

fn pointee(cur: &mut Cursor<'_>, dir: Dir, flags: &Flags, structs: &Structs) -> Result<Type, Error> {
    if cur.eat_word("custom") {
        cur.expect("[")?;
        let name = cur.word("the custom type's name")?.to_string();
        cur.expect("]")?;
        return Ok(Type::Custom { name, dir });
    }
    if cur.eat_word("bytes") {
        let len = length(cur)?.ok_or_else(|| cur.error("`bytes` needs a length: `bytes[count]`"))?;
        return Ok(Type::Bytes { dir, len });
    }
    if cur.eat_word("sigset") {
        let size_arg = match length(cur)? {
            None => None,
            Some(Len::Arg(name)) => Some(name),
            Some(_) => return Err(cur.error("`sigset` takes the argument that holds its size")),
        };
        return Ok(Type::SigSet { dir, size_arg });
    }
    let to = place(cur, flags, &|name| structs.by_name.contains_key(name))?;
    Ok(match length(cur)? {
        None => Type::Ptr { dir, to: Box::new(to) },
        Some(len) => Type::Array { dir, of: Box::new(to), len },
    })
}

fn length(cur: &mut Cursor<'_>) -> Result<Option<Len>, Error> {
    if !cur.eat("[") {
        return Ok(None);
    }
    let len = if cur.eat("*") {
        Len::Deref(cur.word("an argument")?.into())
    } else if cur.eat_word("ret") {
        if cur.eat("<=") { Len::RetUpTo(cur.word("an argument")?.into()) } else { Len::Ret }
    } else if cur.peek_word().starts_with(|c: char| c.is_ascii_digit()) {
        let count = cur.number()?;
        Len::Const(u32::try_from(count).map_err(|_| cur.error(format!("{count} is too long an array")))?)
    } else {
        Len::Arg(cur.word("a length")?.into())
    };
    cur.expect("]")?;
    Ok(Some(len))
}

fn place(cur: &mut Cursor<'_>, flags: &Flags, known: &dyn Fn(&str) -> bool) -> Result<Type, Error> {
    if let Some(ty) = number(cur, flags)? {
        return Ok(ty);
    }
    let name = cur.word("a type")?;
    if !known(name) {
        return Err(cur.error(format!("`{name}` is neither a type nor a structure of assets/structs")));
    }
    Ok(Type::Struct(name.into()))
}

fn constant(cur: &mut Cursor<'_>, flags: &Flags) -> Result<Type, Error> {
    let (mut name, mut value, mut also) = (String::new(), 0, Vec::new());
    loop {
        let word = cur.word("a constant")?;
        let own = flags.request(word);
        match own.split_first() {
            Some((first, rest)) => {
                value |= first;
                also.extend(rest);
            }
            None => value |= flags.value(word, None).map_err(|message| cur.error(message))?,
        }
        name.push_str(word.rsplit('.').next().unwrap_or(word));
        if !cur.eat("|") {
            break;
        }
        name.push('|');
    }
    Ok(Type::Num { width: Width::W32, meaning: Meaning::Const { name, value, also } })
}

fn number(cur: &mut Cursor<'_>, flags: &Flags) -> Result<Option<Type>, Error> {
    use Width::*;
    let word = cur.peek_word();
    for kind in ["flags", "enum"] {
        let Some(suffix) = word.strip_prefix(kind) else { continue };
        let width = match suffix {
            "" => W32,
            "8" => W8,
            "16" => W16,
            "64" => W64,
            "w" => Word,
            _ => continue,
        };
        cur.word(kind)?;
        cur.expect("[")?;
        let set = cur.word("a flag set")?.to_string();
        cur.expect("]")?;
        if !flags.sets.contains_key(&set) {
            return Err(cur.error(format!("there is no flag set `{set}` in assets/flags")));
        }
        let meaning = if kind == "flags" { Meaning::Flags(set) } else { Meaning::Enum(set) };
        return Ok(Some(Type::Num { width, meaning }));
    }
    let (width, meaning) = match word {
        "int" | "i32" => (W32, "Signed"),
        "errno" => (W32, "Error"),
        "uint" | "u32" => (W32, "Unsigned"),
        "long" => (Word, "Signed"),
        "ulong" | "size" => (Word, "Unsigned"),
        "klong" => (KernelLong, "Signed"),
        "kulong" => (KernelLong, "Unsigned"),
        "off" | "i64" => (W64, "Signed"),
        "u64" => (W64, "Unsigned"),
        "i8" | "char" => (W8, "Signed"),
        "u8" => (W8, "Unsigned"),
        "i16" => (W16, "Signed"),
        "u16" => (W16, "Unsigned"),
        "hex" => (Word, "Hex"),
        "hex8" => (W8, "Hex"),
        "hex16" => (W16, "Hex"),
        "hex32" => (W32, "Hex"),
        "hex64" => (W64, "Hex"),
        "ptr" => (Word, "Pointer"),
        "ptr64" => (W64, "Pointer"),
        "octal" => (W32, "Octal"),
        "mode" => (W16, "Octal"),
        "filemode" => (W16, "Mode"),
        "filemode32" => (W32, "Mode"),
        "dirfd" => (W32, "DirFd"),
        "pid" => (W32, "Pid"),
        "uid" => (W32, "Uid"),
        "gid" => (W32, "Gid"),
        "ifindex" => (W32, "Interface"),
        "uid16" => (W16, "Uid"),
        "gid16" => (W16, "Gid"),
        "dev" => (W32, "Dev"),
        "dev16" => (W16, "Dev"),
        "dev64" => (W64, "Dev"),
        "signal" => (W32, "Signal"),
        "time" => (KernelLong, "Time"),
        "time64" => (W64, "Time"),
        "fd" => {
            cur.word("fd")?;
            let closes = cur.eat("-");
            return Ok(Some(Type::Num { width: W32, meaning: Meaning::Fd { closes } }));
        }
        _ => return Ok(None),
    };
    cur.word("a type")?;
    Ok(Some(Type::Num { width, meaning: Meaning::Plain(meaning) }))
}
