//! Numbers by what they mean: names, flags, descriptors, modes, devices, times.

use super::signal::signal_name;
use super::time::date;
use super::value::Value;
use crate::abi::{Arch, FlagSet, Meaning, Width};

/// A register or a field, cut to its width.
pub fn number(arch: Arch, width: Width, meaning: Meaning, raw: u64) -> Value {
    let bits = width.bytes(arch) * 8;
    let value = cut(raw, bits);
    match meaning {
        Meaning::Signed => Value::Signed(sign_extend(value, bits)),
        Meaning::Unsigned => Value::Unsigned(value),
        Meaning::Hex => Value::Hex(value),
        Meaning::Pointer => Value::address(value),
        Meaning::Error => error(sign_extend(value, bits)),
        Meaning::Octal => Value::Octal(value),
        Meaning::Mode => Value::Mode(value),
        Meaning::Fd { .. } => Value::Fd(value as i32),
        Meaning::DirFd => dirfd(value as i32),
        Meaning::Pid => Value::Pid(sign_extend(value, bits)),
        Meaning::Uid | Meaning::Gid => id(value, bits),
        Meaning::Interface => interface(value),
        Meaning::Dev => device(value),
        Meaning::Signal => Value::Named(signal_name_or_number(value as i32)),
        Meaning::Time => seconds(sign_extend(value, bits)),
        Meaning::Enum(set) => enumerated(arch, set, value, bits),
        Meaning::Flags(set) => flags(arch, set, value, bits),
        Meaning::Const { name, .. } => Value::Named(name.into()),
    }
}

/// The lowest `bits` of a number.
pub fn cut(raw: u64, bits: usize) -> u64 {
    if bits >= 64 { raw } else { raw & ((1 << bits) - 1) }
}

/// A number of `bits` bits with its sign.
pub fn sign_extend(value: u64, bits: usize) -> i64 {
    let shift = 64usize.saturating_sub(bits) as u32;
    if shift >= 64 { 0 } else { (value << shift) as i64 >> shift }
}

/// The single name of a value, or the number with the set's comment.
pub fn enumerated(arch: Arch, set: &'static FlagSet, value: u64, bits: usize) -> Value {
    // Negative codes are kept in 32 bits; a register may be narrower or wider.
    let found = set.named(arch, value).next();
    match found.or_else(|| set.constants(arch).iter().take(crate::abi::LARGE_SET).find(|c| cut(c.value, bits) == value))
    {
        Some(constant) => Value::Named(constant.name.into()),
        None => Value::Unknown { raw: value, comment: set.unknown },
    }
}

/// The names of all bits, in table order.
pub fn flags(arch: Arch, set: &'static FlagSet, value: u64, bits: usize) -> Value {
    let mut names = Vec::new();
    let left = each_flag(arch, set, value, bits, |name| names.push(name.into()));
    match left.zero {
        Some(name) if value == 0 && names.is_empty() => Value::Named(name.into()),
        _ => Value::Flags { names, rest: left.rest, unknown: set.unknown },
    }
}

/// What the names of flags leave over.
pub struct Left {
    /// Bits without a name.
    pub rest: u64,
    /// The name of a value of zero.
    pub zero: Option<&'static str>,
}

/// Gives the names of all bits, in table order.
pub fn each_flag(
    arch: Arch,
    set: &'static FlagSet,
    value: u64,
    bits: usize,
    mut found: impl FnMut(&'static str),
) -> Left {
    let mut rest = value;
    let mut zero = None;
    let mut field = 0;
    for constant in set.constants(arch) {
        let wanted = cut(constant.value, bits);
        if wanted != constant.value && constant.value >> 32 == 0 {
            // A bit that this width does not have. Negative ones stand for all of its bits.
            continue;
        }
        match constant.mask {
            // One value of an enumerated field: only the first that fits, and it may be 0 (`O_RDONLY`).
            Some(mask) => {
                let mask = cut(mask, bits);
                if mask != 0 && field & mask == 0 && value & mask == wanted {
                    found(constant.name);
                    rest &= !mask;
                    field |= mask;
                }
            }
            None if wanted == 0 => zero = zero.or(Some(constant.name)),
            None if rest & wanted == wanted => {
                found(constant.name);
                rest &= !wanted;
            }
            None => {}
        }
    }
    Left { rest, zero }
}

/// A directory descriptor, openat(2).
pub fn dirfd(fd: i32) -> Value {
    if fd == -100 { Value::Named("AT_FDCWD".into()) } else { Value::Fd(fd) }
}

/// A user or group id; -1 means "leave as it is".
pub fn id(value: u64, bits: usize) -> Value {
    if value == cut(u64::MAX, bits) { Value::Signed(-1) } else { Value::Unsigned(value) }
}

/// A number that is an error if it is negative: `-EFAULT`.
pub fn error(value: i64) -> Value {
    let name = u16::try_from(value.wrapping_neg()).ok().filter(|_| value < 0).and_then(crate::abi::errno);
    match name {
        Some((name, _)) => Value::Named(format!("-{name}").into()),
        None => Value::Signed(value),
    }
}

/// The number of a network interface; only the loopback's never changes.
pub fn interface(index: u64) -> Value {
    const LOOPBACK: u64 = 1;
    match index {
        LOOPBACK => {
            let name = Value::Str { bytes: b"lo".to_vec(), true_len: 2, terminated: true };
            Value::Call { function: "if_nametoindex", args: vec![name] }
        }
        _ => Value::Unsigned(index),
    }
}

/// makedev(3): 12 bits of major and 20 of minor, and both extended to 32 in 64-bit numbers.
pub fn device(dev: u64) -> Value {
    let (major, minor) = major_minor(dev);
    Value::Call { function: "makedev", args: vec![Value::Hex(major), Value::Hex(minor)] }
}

pub fn major_minor(dev: u64) -> (u64, u64) {
    let major = (dev >> 8 & 0xfff) | (dev >> 32 & 0xffff_f000);
    let minor = (dev & 0xff) | (dev >> 12 & 0xffff_ff00);
    (major, minor)
}

/// Seconds since the epoch, with the date.
pub fn seconds(value: i64) -> Value {
    match date(value, 0, 0) {
        Some(date) => Value::Signed(value).commented(date),
        None => Value::Signed(value),
    }
}

/// A signal's name where it has one, else the number: kill(2) takes 0 as "only check".
pub fn signal_name_or_number(number: i32) -> std::borrow::Cow<'static, str> {
    match u8::try_from(number) {
        Ok(n @ 1..=64) => signal_name(n),
        _ => number.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Constant;

    const fn constant(name: &'static str, value: u64, mask: Option<u64>) -> Constant {
        Constant { name, value, mask }
    }

    static OPEN: FlagSet = {
        const C: &[Constant] = &[
            constant("O_RDONLY", 0, Some(3)),
            constant("O_WRONLY", 1, Some(3)),
            constant("O_RDWR", 2, Some(3)),
            constant("O_CREAT", 0x40, None),
            constant("O_TMPFILE", 0x410000, None),
            constant("O_DIRECTORY", 0x10000, None),
        ];
        FlagSet { name: "open", unknown: "O_???", by_arch: [C; 4] }
    };
    static PROT: FlagSet = {
        const C: &[Constant] = &[constant("PROT_NONE", 0, None), constant("PROT_READ", 1, None)];
        FlagSet { name: "prot", unknown: "PROT_???", by_arch: [C; 4] }
    };

    fn text(set: &'static FlagSet, value: u64) -> String {
        flags(Arch::X86_64, set, value, 32).text()
    }

    #[test]
    fn flags_go_in_table_order_and_keep_what_has_no_name() {
        assert_eq!(text(&OPEN, 0), "O_RDONLY");
        assert_eq!(text(&OPEN, 0x42), "O_RDWR|O_CREAT");
        assert_eq!(text(&OPEN, 0x410002), "O_RDWR|O_TMPFILE");
        assert_eq!(text(&OPEN, 0x8001_0000), "O_RDONLY|O_DIRECTORY|0x80000000");
        assert_eq!(text(&OPEN, 3), "0x3 /* O_??? */");
        assert_eq!(text(&PROT, 0), "PROT_NONE");
        assert_eq!(text(&PROT, 1), "PROT_READ");
        assert_eq!(text(&PROT, 0xf0), "0xf0 /* PROT_??? */");
    }

    #[test]
    fn registers_are_cut_to_the_width_of_their_type() {
        let of = |width, meaning, raw| number(Arch::X86_64, width, meaning, raw).text();
        assert_eq!(of(Width::W32, Meaning::Signed, 0xffff_ffff), "-1");
        assert_eq!(of(Width::W32, Meaning::Unsigned, u64::MAX), "4294967295");
        assert_eq!(of(Width::W64, Meaning::Signed, u64::MAX), "-1");
        assert_eq!(of(Width::W32, Meaning::DirFd, 0xffff_ff9c), "AT_FDCWD");
        assert_eq!(of(Width::W32, Meaning::Uid, 0xffff_ffff), "-1");
        assert_eq!(of(Width::W16, Meaning::Uid, 0xffff), "-1");
        assert_eq!(of(Width::W32, Meaning::Dev, 0x103), "makedev(0x1, 0x3)");
        assert_eq!(of(Width::W32, Meaning::Enum(&PROT), 7), "0x7 /* PROT_??? */");
        assert_eq!(of(Width::W64, Meaning::Time, 1_700_000_000), "1700000000 /* 2023-11-14T22:13:20+0000 */");
        assert_eq!(number(Arch::I386, Width::Word, Meaning::Signed, 0xffff_fff6).text(), "-10");
    }
}
