//! The tree of values as strace's text: one walk, into one string.
//!
//! Left out: which values a line has (`line`).

use std::fmt::Write;

use super::constants::is_class;
use super::escape::{hex_quoted, quoted};
use super::value::Value;

impl Value {
    /// The value as strace prints it; printable ASCII.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    /// Appends the value as strace prints it.
    pub fn write(&self, out: &mut String) {
        match self {
            Value::Signed(n) | Value::Pid(n) => signed(out, *n),
            Value::Unsigned(n) => unsigned(out, *n),
            Value::Hex(n) => hex(out, *n),
            Value::Octal(n) => octal(out, *n),
            Value::Null => out.push_str("NULL"),
            Value::Address(addr) => hex(out, *addr),
            Value::Named(name) | Value::Text(name) | Value::WaitStatus { text: name, .. } => out.push_str(name),
            Value::Flags { names, rest, unknown } => flags(out, names, *rest, unknown),
            Value::Unknown { raw, comment } => {
                hex(out, *raw);
                remark(out, comment);
            }
            Value::Unread(addr) => {
                out.push_str("... /* ");
                hex(out, *addr);
                out.push_str(" */");
            }
            Value::Fd(fd) => signed(out, i64::from(*fd)),
            Value::Mode(mode) => file_mode(out, *mode),
            Value::Str { bytes, true_len, terminated } => {
                quoted(out, bytes);
                if *true_len > bytes.len() as u64 || !terminated {
                    out.push_str("...");
                }
            }
            Value::HexStr { bytes, true_len } => {
                hex_quoted(out, bytes);
                if *true_len > bytes.len() as u64 {
                    out.push_str("...");
                }
            }
            Value::Commented(value, comment) => {
                value.write(out);
                remark(out, comment);
            }
            Value::Struct { fields, elided, .. } => structure(out, fields, *elided),
            Value::Array { items, elided } => {
                out.push('[');
                list(out, items, *elided);
                out.push(']');
            }
            Value::Set { items, inverted } => {
                out.push_str(if *inverted { "~[" } else { "[" });
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(' ');
                    }
                    out.push_str(item);
                }
                out.push(']');
            }
            Value::Call { function, args } => {
                out.push_str(function);
                out.push('(');
                list(out, args, false);
                out.push(')');
            }
            Value::Changed(before, after) => {
                before.write(out);
                out.push_str(" => ");
                after.write(out);
            }
        }
    }
}

fn list(out: &mut String, items: &[Value], elided: bool) {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        item.write(out);
    }
    if elided {
        out.push_str(if items.is_empty() { "..." } else { ", ..." });
    }
}

fn structure(out: &mut String, fields: &[(std::borrow::Cow<'static, str>, Value)], elided: bool) {
    out.push('{');
    for (i, (name, value)) in fields.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        if !name.is_empty() {
            out.push_str(name);
            out.push('=');
        }
        value.write(out);
    }
    if elided {
        out.push_str(if fields.is_empty() { "..." } else { ", ..." });
    }
    out.push('}');
}

fn flags(out: &mut String, names: &[std::borrow::Cow<'static, str>], rest: u64, unknown: &str) {
    for (i, name) in names.iter().enumerate() {
        if i > 0 {
            out.push('|');
        }
        out.push_str(name);
    }
    flag_rest(out, names.len(), names.first().map_or("", |name| name), rest, unknown);
}

/// What stands after the names of flags, of which there are so many.
pub fn flag_rest(out: &mut String, count: usize, first: &str, rest: u64, unknown: &str) {
    if count == 0 {
        hex(out, rest);
        if rest != 0 {
            remark(out, unknown);
        }
    } else if rest != 0 {
        out.push('|');
        hex(out, rest);
        if count == 1 && is_class(first) {
            remark(out, unknown);
        }
    }
}

fn remark(out: &mut String, comment: &str) {
    if !comment.is_empty() {
        out.push_str(" /* ");
        out.push_str(comment);
        out.push_str(" */");
    }
}

/// C's `%#lx`: zero has no prefix.
pub fn hex(out: &mut String, n: u64) {
    if n == 0 {
        return out.push('0');
    }
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push_str("0x");
    let count = (64 - n.leading_zeros()).div_ceil(4);
    for i in (0..count).rev() {
        out.push(DIGITS[(n >> (i * 4) & 15) as usize] as char);
    }
}

/// C's `%#03o`.
fn octal(out: &mut String, n: u64) {
    // Writing to a String cannot fail.
    let _ = if n < 0o100 { write!(out, "{n:03o}") } else { write!(out, "0{n:o}") };
}

pub fn unsigned(out: &mut String, mut n: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    for &digit in &digits[at..] {
        out.push(digit as char);
    }
}

pub fn signed(out: &mut String, n: i64) {
    if n < 0 {
        out.push('-');
    }
    unsigned(out, n.unsigned_abs());
}

/// inode(7): the type, the three special bits by name, the permissions in octal.
fn file_mode(out: &mut String, mode: u64) {
    const TYPES: [(u64, &str); 7] = [
        (0o100000, "S_IFREG"),
        (0o140000, "S_IFSOCK"),
        (0o10000, "S_IFIFO"),
        (0o120000, "S_IFLNK"),
        (0o40000, "S_IFDIR"),
        (0o60000, "S_IFBLK"),
        (0o20000, "S_IFCHR"),
    ];
    const SPECIAL: [(u64, &str); 3] = [(0o4000, "S_ISUID|"), (0o2000, "S_ISGID|"), (0o1000, "S_ISVTX|")];
    let Some((kind, name)) = TYPES.iter().find(|(kind, _)| mode & 0o170000 == *kind) else {
        return octal(out, mode);
    };
    out.push_str(name);
    out.push('|');
    for (bit, name) in SPECIAL {
        if mode & bit != 0 {
            out.push_str(name);
        }
    }
    octal(out, mode & !kind & !0o7000);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_c() {
        for n in [0u64, 1, 9, 10, 255, 4096, u64::MAX] {
            let mut text = String::new();
            unsigned(&mut text, n);
            assert_eq!(text, n.to_string());
            text.clear();
            hex(&mut text, n);
            assert_eq!(text, if n == 0 { "0".into() } else { format!("{n:#x}") });
        }
        assert_eq!(Value::Signed(i64::MIN).text(), i64::MIN.to_string());
        assert_eq!(Value::Octal(0).text(), "000");
        assert_eq!(Value::Octal(0o7).text(), "007");
        assert_eq!(Value::Octal(0o22).text(), "022");
        assert_eq!(Value::Octal(0o644).text(), "0644");
    }

    #[test]
    fn modes_name_the_type_and_the_special_bits() {
        assert_eq!(Value::Mode(0o100644).text(), "S_IFREG|0644");
        assert_eq!(Value::Mode(0o41777).text(), "S_IFDIR|S_ISVTX|0777");
        assert_eq!(Value::Mode(0o104755).text(), "S_IFREG|S_ISUID|0755");
        assert_eq!(Value::Mode(0o100000).text(), "S_IFREG|000");
        assert_eq!(Value::Mode(0o4755).text(), "04755");
    }

    #[test]
    fn flags_without_a_name_carry_the_comment() {
        let flags = |names: &[&'static str], rest| Value::Flags {
            names: names.iter().map(|&n| n.into()).collect(),
            rest,
            unknown: "O_???",
        };
        assert_eq!(flags(&[], 0).text(), "0");
        assert_eq!(flags(&[], 0x10).text(), "0x10 /* O_??? */");
        assert_eq!(flags(&["A", "B"], 0).text(), "A|B");
        assert_eq!(flags(&["A"], 0x80).text(), "A|0x80");
    }

    #[test]
    fn containers_nest() {
        let value = Value::Struct {
            name: "x",
            fields: vec![
                ("a".into(), Value::pointee(Value::Changed(Value::Signed(16).into(), Value::Signed(4).into()))),
                ("".into(), Value::Call { function: "htons", args: vec![Value::Unsigned(80)] }),
            ],
            elided: true,
        };
        assert_eq!(value.text(), "{a=[16 => 4], htons(80), ...}");
        assert_eq!(Value::Set { items: vec!["INT".into(), "CHLD".into()], inverted: true }.text(), "~[INT CHLD]");
        assert_eq!(Value::Address(0x1000).commented("24 vars").text(), "0x1000 /* 24 vars */");
        let cut = Value::Str { bytes: b"ab".to_vec(), true_len: 9, terminated: true };
        assert_eq!(cut.text(), "\"ab\"...");
    }
}
