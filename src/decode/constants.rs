//! strace's `-X`: constants as numbers, `0x80000`, or as numbers with their names, `0x80000 /* O_CLOEXEC */`. Works on the
//! finished tree, so no decoder knows of it: a name of C has one value on an ABI (`abi::constant`).
//!
//! Left out: names inside of texts that are no lists of constants, such as conditions on a wait status.

use std::borrow::Cow;

use super::escape::hex_quoted;
use super::print::hex;
use super::value::{Decoded, Value};
use crate::abi::{self, Arch};

/// How constants are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Constants {
    /// By name.
    #[default]
    Names,
    /// By number; strace's `-X raw`.
    Numbers,
    /// By number, with the name beside it; strace's `-X verbose`.
    Both,
}

/// Shows the constants of a call as the option says.
pub fn show(call: &mut Decoded, arch: Arch, option: Constants) {
    if option != Constants::Names {
        let style = Style { arch, option };
        for arg in &mut call.args {
            let whole = match &arg.value {
                // Numbers that names do not add up to.
                Value::Call { function: "QCMD", .. } => Some((arg.raw as u32).to_string()),
                Value::Text(text) if text.contains("MAP_") => Some(hexadecimal(arg.raw)),
                Value::Flags { names, .. } if names.iter().any(|name| name.contains("MAP_???")) => {
                    Some(hexadecimal(arg.raw))
                }
                _ => None,
            };
            match whole {
                Some(number) => arg.value = Value::Text(style.shown(number, &arg.value.text()).into()),
                None => value(&mut arg.value, arch, option),
            }
        }
    }
}

/// Shows the constants in a value as the option says.
pub fn value(tree: &mut Value, arch: Arch, option: Constants) {
    if option == Constants::Names {
        return;
    }
    let style = Style { arch, option };
    if let Some(text) = style.leaf(tree) {
        *tree = Value::Text(text.into());
        return;
    }
    match tree {
        Value::Commented(inner, comment) => {
            value(inner, arch, option);
            let name = matches!(**inner, Value::Hex(_) | Value::Unsigned(_) | Value::Text(_));
            // What a number is called, other than what it amounts to: a date, a count.
            if option == Constants::Numbers && (name || comment.starts_with("UTIME_") || comment.ends_with("_???")) {
                *tree = std::mem::replace(inner, Value::Null);
            }
        }
        Value::Changed(before, after) => {
            value(before, arch, option);
            value(after, arch, option);
        }
        Value::Struct { fields, .. } => fields.iter_mut().for_each(|(name, field)| {
            // The name of such a field is in the call that stands for it.
            if let Value::Call { function: "inet_pton", args } = &*field
                && let Some(Value::Text(target)) = args.last()
            {
                *name = target.trim_start_matches('&').to_owned().into();
            }
            value(field, arch, option);
        }),
        Value::Array { items, .. } => items.iter_mut().for_each(|item| value(item, arch, option)),
        Value::Set { items, .. } => {
            for item in items {
                if let Some(number) = signal(item) {
                    *item = style.shown(number.to_string(), item).into();
                }
            }
        }
        _ => {}
    }
}

/// The value of a constant, or of constants with `|` between them and `<<` in them; None where a word is none.
pub fn number(arch: Arch, text: &str) -> Option<u64> {
    text.split('|').map(|word| single(arch, word)).try_fold(0, |all, one| Some(all | one?))
}

fn single(arch: Arch, word: &str) -> Option<u64> {
    const FUTEX_PRIVATE_FLAG: u64 = 0x80;
    if let Some(value) = abi::constant(arch, word) {
        return Some(value);
    }
    if let Some((class, offset)) = word.split_once('+') {
        return Some(single(arch, class)? + single(arch, offset)?);
    }
    if word == "0" {
        return Some(0);
    }
    if let Some(digits) = word.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok();
    }
    if let Some(name) = word.strip_prefix("1<<") {
        return 1u64.checked_shl(u32::try_from(single(arch, name)?).ok()?);
    }
    if let Some(name) = word.strip_suffix("_PRIVATE") {
        return Some(abi::constant(arch, name)? | FUTEX_PRIVATE_FLAG);
    }
    if let Some(name) = word.strip_prefix("__NR_") {
        return abi::number(arch, name);
    }
    abi::signal_number(word).filter(|_| word.starts_with("SIG")).or_else(|| elsewhere(word))
}

/// Constants that are in no set, because they mean something only in one place.
fn elsewhere(word: &str) -> Option<u64> {
    Some(match word {
        "AT_FDCWD" => -100i64 as u64,
        "FAN_NOFD" => -1i64 as u64,
        "PR_SET_PTRACER_ANY" | "SIG_ERR" | "RLIM64_INFINITY" => u64::MAX,
        "RLIM_INFINITY" | "FUTEX_BITSET_MATCH_ANY" | "VMADDR_CID_ANY" => 0xffff_ffff,
        "SIG_DFL" | "VMADDR_CID_HYPERVISOR" => 0,
        "SIG_IGN" | "VMADDR_CID_LOCAL" => 1,
        "VMADDR_CID_HOST" => 2,
        "IOPRIO_CLASS_NONE" => 0,
        "IOPRIO_CLASS_RT" => 1,
        "IOPRIO_CLASS_BE" => 2,
        "IOPRIO_CLASS_IDLE" => 3,
        "SO_GET_FILTER" => 26,
        "IPC_CREAT" => 0x200,
        "IPC_EXCL" => 0x400,
        "IPC_NOWAIT" | "SHM_HUGETLB" => 0x800,
        "SHM_NORESERVE" => 0x1000,
        "_LINUX_CAPABILITY_VERSION_1" => 0x1998_0330,
        "_LINUX_CAPABILITY_VERSION_2" => 0x2007_1026,
        "_LINUX_CAPABILITY_VERSION_3" => 0x2008_0522,
        _ => return None,
    })
}

/// A character as C writes it: `'a'`, `'\\'`, `'\x00'`.
fn letter_of(text: &str) -> u64 {
    match text.as_bytes() {
        [b'\'', b'\\', b'x', _, _, b'\''] => u64::from_str_radix(&text[3..5], 16).unwrap_or_default(),
        [b'\'', b'\\', own, b'\''] | [b'\'', own, b'\''] => u64::from(*own),
        _ => 0,
    }
}

/// A signal by its name without `SIG`, as sets have it.
fn signal(item: &str) -> Option<u64> {
    let is_name = item.starts_with(|first: char| first.is_ascii_uppercase());
    abi::signal_number(item).filter(|_| is_name && !item.starts_with("SIG"))
}

#[derive(Clone, Copy)]
struct Style {
    arch: Arch,
    option: Constants,
}

impl Style {
    /// A number with or without what it is called.
    fn shown(self, number: String, name: &str) -> String {
        match self.option {
            Constants::Both => format!("{number} /* {name} */"),
            _ => number,
        }
    }

    /// What has no values below it.
    fn leaf(self, tree: &Value) -> Option<String> {
        match tree {
            // Names of several drivers for one number.
            Value::Named(name) => match name.split_once(" or ") {
                Some((first, _)) => Some(self.shown(hexadecimal(single(self.arch, first)?), name)),
                None => self.name(name),
            },
            Value::Text(text) | Value::WaitStatus { text, .. } if !text.is_empty() => self.text(text),
            Value::Flags { names, rest, .. } if names.is_empty() && self.option == Constants::Numbers => {
                Some(hexadecimal(*rest))
            }
            Value::Flags { names, rest, unknown } if !names.is_empty() => self.flags(names, *rest, unknown),
            Value::Unknown { raw, .. } if self.option == Constants::Numbers => Some(hexadecimal(*raw)),
            Value::Mode(mode) => {
                let text = tree.text();
                text.starts_with("S_").then(|| self.shown(format!("0{mode:o}"), &text))
            }
            Value::Call { function, args } => self.call(function, args, &tree.text()),
            _ => None,
        }
    }

    fn name(self, name: &str) -> Option<String> {
        if let Some(errno) = abi::errno_number(name.trim_start_matches('-')) {
            let sign = if name.starts_with('-') { "-" } else { "" };
            return Some(self.shown(format!("{sign}{errno}"), name));
        }
        let value = number(self.arch, name)?;
        let digits = match name {
            "AT_FDCWD" | "FAN_NOFD" => (value as i64).to_string(),
            _ if name.starts_with("KEY_SPEC_") || name.starts_with("KEY_REQKEY_DEFL_NO") => (value as i32).to_string(),
            _ if name.ends_with("_INFINITY") || name.starts_with("__NR_") || name.starts_with("SOCK_TXREHASH_") => {
                value.to_string()
            }
            _ if abi::signal_number(name).is_some() => value.to_string(),
            _ => hexadecimal(value),
        };
        Some(self.shown(digits, name))
    }

    /// A class and flags, which are two things: `SOCK_STREAM|SOCK_CLOEXEC`.
    fn flags(self, names: &[Cow<'static, str>], rest: u64, unknown: &'static str) -> Option<String> {
        let (first, last) = (&names[0], &names[names.len() - 1]);
        if first.starts_with("1<<CAP_") {
            return self.capabilities(names, rest);
        }
        if first.starts_with("AT_STATX_") && names.len() > 1 {
            let classes = names.iter().take_while(|name| name.starts_with("AT_STATX_")).count();
            if classes == names.len() && rest == 0 {
                return self.group(names, 0);
            }
            let (classes, others) = (self.group(&names[..classes], 0)?, self.group(&names[classes..], rest)?);
            return Some(format!("{classes}|{others}"));
        }
        if is_class(first) && (names.len() > 1 || rest != 0) {
            let others = match names.len() {
                1 => Value::Flags { names: Vec::new(), rest, unknown: self.unknown(unknown) }.text(),
                _ => self.group(&names[1..], rest)?,
            };
            return Some(format!("{}|{others}", self.name(first)?));
        }
        if names.len() > 1 && abi::signal_number(last).is_some() {
            let others = self.group(&names[..names.len() - 1], rest)?;
            return Some(format!("{others}|{}", self.name(last)?));
        }
        self.group(names, rest)
    }

    /// Two words of the kernel's; the upper one is shown apart.
    fn capabilities(self, names: &[Cow<'static, str>], rest: u64) -> Option<String> {
        const LOW: u64 = 0xffff_ffff;
        let values: Option<Vec<u64>> = names.iter().map(|name| single(self.arch, name)).collect();
        let low = values?.iter().take_while(|value| **value <= LOW).count();
        let halves = [(&names[..low], rest & LOW), (&names[low..], rest & !LOW)];
        let shown = halves.into_iter().filter(|(names, rest)| !names.is_empty() || *rest != 0).map(|(names, rest)| {
            let (value, words) = self.sum(names, rest)?;
            Some(self.shown(hexadecimal(if value > LOW { value >> 32 } else { value }), &words))
        });
        Some(shown.collect::<Option<Vec<String>>>()?.join("|"))
    }

    /// The comment that follows a number without a name.
    fn unknown(self, comment: &'static str) -> &'static str {
        if self.option == Constants::Both { comment } else { "" }
    }

    fn sum(self, names: &[Cow<'static, str>], rest: u64) -> Option<(u64, String)> {
        let value = names.iter().map(|name| single(self.arch, name)).try_fold(rest, |all, one| Some(all | one?))?;
        let words = names.join("|");
        Some((value, if rest == 0 { words } else { format!("{words}|{}", hexadecimal(rest)) }))
    }

    fn group(self, names: &[Cow<'static, str>], rest: u64) -> Option<String> {
        if names.is_empty() {
            return Some(hexadecimal(rest));
        }
        let (value, words) = self.sum(names, rest)?;
        Some(self.shown(hexadecimal(value), &words))
    }

    /// A list of constants that a decoder made a text of.
    fn text(self, text: &str) -> Option<String> {
        if let Some(kilos) = text.strip_suffix("*1024").and_then(|kilos| kilos.parse::<u64>().ok()) {
            return Some(self.shown(kilos.wrapping_mul(1024).to_string(), text));
        }
        if !text.starts_with(|first: char| first.is_ascii_uppercase()) {
            return None;
        }
        if self.option == Constants::Numbers && text.starts_with("V4L2_") {
            // Bits and numbers in one word: none of its parts stands alone.
            let parts = text.split('|').map(|part| part.split(' ').next().unwrap_or_default());
            return parts.map(|part| single(self.arch, part)).try_fold(0, |all, one| Some(all | one?)).map(hexadecimal);
        }
        if text.starts_with("V4L2_CTRL_FLAG_NEXT_") {
            let (flags, id) = text.rsplit_once('|')?;
            let id = self.name(id).unwrap_or_else(|| id.to_owned());
            return Some(format!("{}|{id}", self.shown(hexadecimal(number(self.arch, flags)?), flags)));
        }
        let Some((first, others)) = text.split_once('|') else { return self.name(text) };
        let first = self.name(first)?;
        if others.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(format!("{first}|{others}"));
        }
        let value = number(self.arch, others)?;
        Some(format!("{first}|{}", self.shown(hexadecimal(value), others)))
    }

    /// Numbers that macros and functions of C make.
    fn call(self, function: &str, args: &[Value], text: &str) -> Option<String> {
        let unsigned = |index: usize| match args.get(index)? {
            Value::Hex(n) | Value::Unsigned(n) => Some(*n),
            Value::Named(name) | Value::Text(name) => number(self.arch, name),
            _ => None,
        };
        let quoted = |bytes: &[u8]| {
            let mut out = String::new();
            hex_quoted(&mut out, bytes);
            out
        };
        let number = match function {
            "makedev" => {
                let (major, minor) = (unsigned(0)?, unsigned(1)?);
                let low = minor & 0xff | (major & 0xfff) << 8;
                hexadecimal(low | (minor & !0xff) << 12 | (major & !0xfff) << 32)
            }
            "htons" => quoted(&(unsigned(0)? as u16).to_be_bytes()),
            "htonl" => quoted(&(unsigned(0)? as u32).to_be_bytes()),
            "inet_addr" => {
                let address: std::net::Ipv4Addr = args.first()?.text().trim_matches('"').parse().ok()?;
                quoted(&address.octets())
            }
            "inet_pton" => {
                let address: std::net::Ipv6Addr = args.get(1)?.text().trim_matches('"').parse().ok()?;
                let words = format!("inet_pton(AF_INET6, {})", args.get(1)?.text());
                return Some(self.shown(quoted(&address.octets()), &words));
            }
            "v4l2_fourcc" if self.option == Constants::Numbers => {
                let letters = args.iter().zip([0, 8, 16, 24]);
                hexadecimal(letters.map(|(letter, shift)| letter_of(&letter.text()) << shift).sum())
            }
            "KERNEL_VERSION" => hexadecimal(unsigned(0)? << 16 | unsigned(1)? << 8 | unsigned(2)?),
            "IOPRIO_PRIO_VALUE" => {
                let (mut class, level) = (args.first()?.clone(), unsigned(1)?);
                let number = match &class {
                    Value::Unknown { raw, .. } => *raw,
                    other => single(self.arch, &other.text())?,
                };
                value(&mut class, self.arch, self.option);
                let words = format!("{function}({}, {level})", class.text());
                return Some(self.shown(((number << 13 | level) as i32).to_string(), &words));
            }
            "_IOC" => {
                let direction = match args.first()?.text().as_str() {
                    "_IOC_NONE" => 0,
                    "_IOC_WRITE" => 1,
                    "_IOC_READ" => 2,
                    _ => 3u64,
                };
                hexadecimal(direction << 30 | unsigned(3)? << 16 | unsigned(1)? << 8 | unsigned(2)?)
            }
            _ => return None,
        };
        Some(self.shown(number, text))
    }
}

/// Names of which a value has exactly one, beside flags that strace shows apart from it.
pub fn is_class(name: &str) -> bool {
    const SOCKET_TYPES: [&str; 7] =
        ["SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW", "SOCK_RDM", "SOCK_SEQPACKET", "SOCK_DCCP", "SOCK_PACKET"];
    SOCKET_TYPES.contains(&name) || name == "MS_MGC_VAL"
}

fn hexadecimal(value: u64) -> String {
    let mut out = String::new();
    hex(&mut out, value);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(tree: Value) -> [String; 3] {
        [Constants::Names, Constants::Numbers, Constants::Both].map(|option| {
            let mut tree = tree.clone();
            value(&mut tree, Arch::X86_64, option);
            tree.text()
        })
    }

    fn both(tree: Value) -> String {
        shown(tree)[2].clone()
    }

    fn named(name: &'static str) -> Value {
        Value::Named(name.into())
    }

    fn flags(names: &[&'static str], rest: u64) -> Value {
        Value::Flags { names: names.iter().map(|&name| name.into()).collect(), rest, unknown: "X_???" }
    }

    #[test]
    fn names_become_numbers() {
        assert_eq!(shown(named("O_RDONLY")), ["O_RDONLY", "0", "0 /* O_RDONLY */"]);
        assert_eq!(shown(named("AT_FDCWD")), ["AT_FDCWD", "-100", "-100 /* AT_FDCWD */"]);
        assert_eq!(shown(named("SIGTERM")), ["SIGTERM", "15", "15 /* SIGTERM */"]);
        assert_eq!(both(named("FUTEX_WAKE_PRIVATE")), "0x81 /* FUTEX_WAKE_PRIVATE */");
        assert_eq!(both(named("no such name")), "no such name");
    }

    #[test]
    fn flags_become_one_number_and_classes_another() {
        let open = flags(&["O_RDWR", "O_CLOEXEC"], 0);
        assert_eq!(shown(open), ["O_RDWR|O_CLOEXEC", "0x80002", "0x80002 /* O_RDWR|O_CLOEXEC */"]);
        assert_eq!(both(flags(&["CLONE_NEWNS"], 1)), "0x20001 /* CLONE_NEWNS|0x1 */");
        assert_eq!(shown(flags(&[], 16)), ["0x10 /* X_??? */", "0x10", "0x10 /* X_??? */"]);
        assert_eq!(both(flags(&["SOCK_RAW", "SOCK_NONBLOCK"], 0)), "0x3 /* SOCK_RAW */|0x800 /* SOCK_NONBLOCK */");
        assert_eq!(both(flags(&["CLONE_VM", "SIGCHLD"], 0)), "0x100 /* CLONE_VM */|17 /* SIGCHLD */");
        let unknown = Value::Unknown { raw: 77, comment: "SEEK_???" };
        assert_eq!(shown(unknown), ["0x4d /* SEEK_??? */", "0x4d", "0x4d /* SEEK_??? */"]);
    }

    #[test]
    fn modes_devices_and_addresses_are_numbers_too() {
        assert_eq!(both(Value::Mode(0o100644)), "0100644 /* S_IFREG|0644 */");
        assert_eq!(both(Value::Mode(0o644)), "0644");
        let device = super::super::num::device(0x12_3450_0103);
        assert_eq!(both(device), "0x1234500103 /* makedev(0x1, 0x1234503) */");
        let port = Value::Call { function: "htons", args: vec![Value::Unsigned(80)] };
        assert_eq!(both(port), r#""\x00\x50" /* htons(80) */"#);
        let signals = Value::Set { items: vec!["INT".into(), "RT_2".into()], inverted: true };
        assert_eq!(shown(signals), ["~[INT RT_2]", "~[2 34]", "~[2 /* INT */ 34 /* RT_2 */]"]);
        let descriptors = Value::Set { items: vec!["3".into()], inverted: false };
        assert_eq!(both(descriptors), "[3]");
    }

    #[test]
    fn dates_stay_where_numbers_are_asked_for() {
        assert_eq!(shown(Value::Signed(5).commented("1970"))[1], "5 /* 1970 */");
        assert_eq!(shown(Value::Unsigned(8192).commented("8*1024"))[1], "8192");
    }
}
