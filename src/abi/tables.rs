//! The generated tables and the look-ups in them.
//!
//! Left out: what a value looks like as text. Numbers come from the `syscalls` crate, everything else from `assets/`.

use super::*;

include!(concat!(env!("OUT_DIR"), "/tables.rs"));

/// The declaration of a call number, with or without x32's bit 30; None for a number that the ABI does not know.
pub fn lookup(arch: Arch, nr: u64) -> Option<&'static Call> {
    let nr = if arch == Arch::X32 { nr & !arch::X32_BIT } else { nr };
    BY_NUMBER[arch as usize].get(usize::try_from(nr).ok()?).copied().flatten()
}

/// The declaration of a name on the ABIs that have no declaration of their own.
pub fn by_name(name: &str) -> Option<&'static Call> {
    CALLS.binary_search_by(|call| call.name.cmp(name)).ok().map(|i| CALLS[i])
}

/// The number of a call on an ABI, as the register holds it: with bit 30 on x32.
pub fn number(arch: Arch, name: &str) -> Option<u64> {
    let table = BY_NAME[arch as usize];
    let number = table[table.binary_search_by(|(n, _)| (*n).cmp(name)).ok()?].1;
    Some(u64::from(number) | if arch == Arch::X32 { arch::X32_BIT } else { 0 })
}

/// The base declaration of every call of any ABI, by name. Declarations of one ABI alone are reached by `lookup`.
pub fn calls() -> impl Iterator<Item = &'static Call> {
    CALLS.iter().copied()
}

/// A set of `assets/flags`.
pub fn flag_set(name: &str) -> Option<&'static FlagSet> {
    FLAG_SETS.binary_search_by(|set| set.name.cmp(name)).ok().map(|i| FLAG_SETS[i])
}

/// Every set of `assets/flags`, by name.
pub fn flag_sets() -> impl Iterator<Item = &'static FlagSet> {
    FLAG_SETS.iter().copied()
}

/// A structure of `assets/structs`.
pub fn structure(name: &str) -> Option<&'static Struct> {
    STRUCTS.binary_search_by(|s| s.name.cmp(name)).ok().map(|i| STRUCTS[i])
}

/// Every structure of `assets/structs`, by name.
pub fn structures() -> impl Iterator<Item = &'static Struct> {
    STRUCTS.iter().copied()
}

/// Attributes of netlink messages, of `assets/netlink`.
pub fn attributes(name: &str) -> Option<&'static Attributes> {
    ATTRIBUTES.binary_search_by(|table| table.name.cmp(name)).ok().map(|i| ATTRIBUTES[i])
}

/// Every table of attributes, by name.
pub fn attribute_tables() -> impl Iterator<Item = &'static Attributes> {
    ATTRIBUTES.iter().copied()
}

/// Name and meaning of a positive error number, errno(3); also the kernel-internal restart codes that only a tracer
/// sees. x86 and aarch64 agree.
pub fn errno(number: u16) -> Option<(&'static str, &'static str)> {
    let i = ERRNO.binary_search_by(|(n, ..)| n.cmp(&number)).ok()?;
    Some((ERRNO[i].1, ERRNO[i].2))
}

/// The number of an error's name: `ENOENT` is 2.
pub fn errno_number(name: &str) -> Option<u16> {
    ERRNO.iter().find(|(_, n, _)| *n == name).map(|e| e.0)
}

/// The name of a signal, signal(7): `SIGINT`, and the kernel's real-time signals `SIGRTMIN` (32), `SIGRT_1`, … up to 64.
pub fn signal_name(number: u64) -> Option<&'static str> {
    FLAGS_SIGNAL.name_of(Arch::X86_64, number)
}

/// The number of a signal's name, with or without `SIG`.
pub fn signal_number(name: &str) -> Option<u64> {
    let find = |c: &&Constant| c.name == name || c.name.strip_prefix("SIG") == Some(name);
    FLAGS_SIGNAL.constants(Arch::X86_64).iter().find(find).map(|c| c.value)
}

/// The name of a capability's number, capabilities(7): 21 is `CAP_SYS_ADMIN`.
pub fn capability_name(number: u64) -> Option<&'static str> {
    FLAGS_CAP.name_of(Arch::X86_64, number)
}
