//! Printed numbers: constants by name, modes, devices, descriptors with what is behind them.

use crate::abi::{self, Arch, Meaning};
use crate::decode::printed::{constant, end_of_angles, unquote};

/// The number that a text stands for; None where it is no number, or one that cannot be told for certain.
pub fn scalar(arch: Arch, meaning: Option<Meaning>, text: &str) -> Option<u64> {
    let text = match text.split_once(" /* ") {
        // `0x63 /* SIG_??? */`, `0x80000 /* O_CLOEXEC */`, `0x3 /* SOCK_RAW */|0x800 /* SOCK_NONBLOCK */`.
        Some(_) => &*without_comments(text)?,
        None => text,
    };
    if text == "NULL" {
        return Some(0);
    }
    if let Some(inside) = text.strip_prefix("makedev(").and_then(|text| text.strip_suffix(')')) {
        let (major, minor) = inside.split_once(", ")?;
        let (major, minor) = (plain(major)?, plain(minor)?);
        return Some(minor & 0xff | (major & 0xfff) << 8 | (minor & !0xff) << 12 | (major & !0xfff) << 32);
    }
    if text == "if_nametoindex(\"lo\")" {
        return Some(1);
    }
    text.split('|').map(|word| one(arch, meaning, word)).try_fold(0, |all, one| Some(all | one?))
}

fn without_comments(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(" /* ") {
        out.push_str(before);
        rest = after.split_once(" */")?.1;
    }
    out.push_str(rest);
    Some(out)
}

fn one(arch: Arch, meaning: Option<Meaning>, word: &str) -> Option<u64> {
    if let Some(number) = plain(word) {
        return Some(number);
    }
    match meaning {
        Some(Meaning::Const { name, value, .. }) if name == word => return Some(value),
        Some(Meaning::Enum(set) | Meaning::Flags(set)) => {
            if let Some(value) = set.value(arch, word) {
                return Some(value);
            }
        }
        Some(Meaning::Error) => {
            let errno = abi::errno_number(word.strip_prefix('-')?)?;
            return Some(-i64::from(errno) as u64);
        }
        _ => {}
    }
    constant(arch, word)
}

/// A number without a name.
pub fn plain(text: &str) -> Option<u64> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(hex) = text.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok().filter(|_| digits(hex));
    }
    if let Some(positive) = text.strip_prefix('-') {
        return text.parse::<i64>().ok().filter(|_| digits(positive)).map(|n| n as u64);
    }
    if !digits(text) {
        return None;
    }
    match text.strip_prefix('0') {
        Some(octal) if !octal.is_empty() => u64::from_str_radix(octal, 8).ok(),
        _ => text.parse().ok(),
    }
}

/// A descriptor with what is behind it, `3</etc/passwd>`, as `abi::fetch::descriptor_address` has it; without that the
/// number alone.
pub fn annotation(text: &str) -> Option<(i32, Option<Vec<u8>>)> {
    let start = text.find('<').unwrap_or(text.len());
    let fd = match &text[..start] {
        "AT_FDCWD" => -100,
        digits => plain(digits.split(' ').next()?)? as i32,
    };
    if start == text.len() || text.as_bytes()[start.checked_sub(1)?] == b' ' {
        return Some((fd, None));
    }
    let end = end_of_angles(text.as_bytes(), start)?;
    let (inside, more) = (&text[start + 1..end], &text[end + 1..]);
    let more = if more.starts_with("(deleted)") { "(deleted)" } else { "" };
    let (path, device) = match inside.find('<') {
        Some(at) if inside.starts_with('/') => inside.split_at(at),
        _ => (inside, ""),
    };
    let name = unquote(&format!("\"{path}\"")).filter(|_| path.starts_with('/') || !path.contains(['<', '>']));
    let Some((mut bytes, _)) = name else {
        return Some((fd, Some([b"\0=", inside.as_bytes()].concat())));
    };
    if !device.is_empty() || !more.is_empty() {
        bytes.push(0);
        bytes.extend_from_slice(device.as_bytes());
        bytes.extend_from_slice(more.as_bytes());
    }
    Some((fd, Some(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_every_form() {
        let read = |text| scalar(Arch::X86_64, None, text);
        for (text, number) in [
            ("0", 0),
            ("-1", u64::MAX),
            ("0x1f", 31),
            ("0644", 0o644),
            ("AT_FDCWD", -100_i64 as u64),
            ("O_RDWR|O_CLOEXEC|0x4", 0x80006),
            ("S_IFREG|0644", 0o100644),
            ("makedev(0x1, 0x3)", 0x103),
            ("0x63 /* SIG_??? */", 0x63),
            ("0x3 /* SOCK_RAW */|0x800 /* SOCK_NONBLOCK */", 0x803),
            ("SIGINT", 2),
            ("NULL", 0),
        ] {
            assert_eq!(read(text), Some(number), "{text}");
        }
        for text in
            ["", "0x", "0x1g", "no", "{a=1}", "08", "-", "\"a\"", "1 /* a", "|", "O_RDWR|", "0xfffffffffffffffff"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn descriptors_tell_what_is_behind_them() {
        let read = |text| annotation(text).expect("a descriptor");
        assert_eq!(read("3"), (3, None));
        assert_eq!(read("3</etc/a\\74\\n>"), (3, Some(b"/etc/a<\n".to_vec())));
        assert_eq!(read("0</dev/pts/0<char 136:0>>"), (0, Some(b"/dev/pts/0\0<char 136:0>".to_vec())));
        assert_eq!(read("3</tmp/x>(deleted)"), (3, Some(b"/tmp/x\0(deleted)".to_vec())));
        assert_eq!(read("4<pipe:[12]>"), (4, Some(b"pipe:[12]".to_vec())));
        assert_eq!(read("5<TCP:[1.2.3.4:5->6.7.8.9:80]>"), (5, Some(b"\0=TCP:[1.2.3.4:5->6.7.8.9:80]".to_vec())));
        assert_eq!(read("AT_FDCWD</root>"), (-100, Some(b"/root".to_vec())));
        assert_eq!(read("0 (Timeout)"), (0, None));
        assert_eq!(annotation("{3</a>}"), None);
    }
}
