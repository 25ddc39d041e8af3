//! The arguments and the environment that execve(2) was given, as far as they were copied.
//! Left out: how they look in a line (`custom`).

use std::collections::HashMap;

use crate::model::{CallView, Memory, Region};

/// Strings of one list that are looked at; the kernel allows more.
const LIMIT: usize = 4_096;

/// What a program was started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    pub argv: Strings,
    pub envp: Strings,
}

/// A list of strings. execve(2).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Strings {
    pub all: Vec<Text>,
    /// The list goes on, but that was not copied.
    pub cut: bool,
}

/// One string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// None if only the pointer was copied.
    pub bytes: Option<Vec<u8>>,
    /// It goes on, but that was not copied.
    pub cut: bool,
}

impl Strings {
    /// Every string is there, to its end.
    pub fn whole(&self) -> bool {
        !self.cut && self.all.iter().all(|text| text.bytes.is_some() && !text.cut)
    }
}

/// The arguments alone; None for other calls.
pub fn argv(view: &CallView<'_>) -> Option<Strings> {
    let list = view.args[first_list(view)?];
    let known = |pointer| view.entry.at(pointer).map(|piece| (piece.bytes, piece.true_len));
    Some(strings(view.entry, &known, view.arch.word(), list))
}

/// Arguments and environment; None for other calls.
pub fn started(view: &CallView<'_>) -> Option<Started> {
    let first = first_list(view)?;
    // There can be thousands of strings, each a region.
    let mut regions: HashMap<u64, &Region> = HashMap::new();
    for region in view.entry.regions {
        let known = regions.entry(region.addr).or_insert(region);
        if region.len > known.len {
            *known = region;
        }
    }
    let known = |pointer| {
        let region = regions.get(&pointer)?;
        let start = region.start as usize;
        Some((view.entry.bytes.get(start..start + region.len as usize)?, region.true_len))
    };
    let list = |index: usize| strings(view.entry, &known, view.arch.word(), view.args[index]);
    Some(Started { argv: list(first), envp: list(first + 1) })
}

/// The place of argv among the arguments; the environment comes after it.
fn first_list(view: &CallView<'_>) -> Option<usize> {
    match super::call_name(view.arch, view.nr).as_ref() {
        "execve" => Some(1),
        "execveat" => Some(2),
        _ => None,
    }
}

/// The bytes that were copied from an address, and the length of what stands there.
type Known<'a, 'b> = &'b dyn Fn(u64) -> Option<(&'a [u8], u64)>;

fn strings<'a>(memory: Memory<'a>, known: Known<'a, '_>, word: usize, list: u64) -> Strings {
    let mut found = Strings::default();
    let list = if word == 4 { list & 0xffff_ffff } else { list };
    // NULL is an empty list.
    if list == 0 {
        return found;
    }
    let pointers = memory.at(list).map_or(&[][..], |piece| piece.bytes);
    for pointer in pointers.chunks_exact(word) {
        let pointer = pointer.iter().rev().fold(0u64, |sum, &byte| sum << 8 | u64::from(byte));
        if pointer == 0 {
            return found;
        }
        if found.all.len() == LIMIT {
            break;
        }
        let Some((bytes, true_len)) = known(pointer) else {
            found.all.push(Text { bytes: None, cut: false });
            continue;
        };
        let end = bytes.iter().position(|&byte| byte == 0);
        let cut = end.is_none() && true_len > bytes.len() as u64;
        found.all.push(Text { bytes: Some(bytes[..end.unwrap_or(bytes.len())].to_vec()), cut });
    }
    found.cut = true;
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Arch;
    use crate::model::Marks;

    fn words(pointers: &[u64]) -> Vec<u8> {
        pointers.iter().flat_map(|pointer| pointer.to_le_bytes()).collect()
    }

    fn read(parts: &[(u64, &[u8])], args: [u64; 6]) -> Started {
        let (mut regions, mut bytes) = (Vec::new(), Vec::new());
        for (addr, part) in parts {
            let len = part.len() as u32;
            let start = bytes.len() as u32;
            let true_len = if part.ends_with(b"-l") { u64::from(len) + 5 } else { u64::from(len) };
            regions.push(Region { addr: *addr, true_len, start, len, fault: false });
            bytes.extend_from_slice(part);
        }
        let view = CallView {
            arch: Arch::X86_64,
            nr: 59,
            args: &args,
            ip: 0,
            sp: 0,
            outcome: None,
            marks: Marks::NONE,
            restarts: None,
            entry: Memory { regions: &regions, bytes: &bytes },
            exit: Memory::default(),
        };
        started(&view).expect("an execve")
    }

    fn text(bytes: &str, cut: bool) -> Text {
        Text { bytes: Some(bytes.into()), cut }
    }

    #[test]
    fn lists_are_read_as_far_as_they_were_copied() {
        let argv = words(&[0x100, 0x200, 0]);
        let envp = words(&[0x300, 0x400]);
        let parts: &[(u64, &[u8])] = &[(0x10, &argv), (0x80, &envp), (0x100, b"ls"), (0x200, b"-l"), (0x300, b"A=1\0")];
        let read = read(parts, [0, 0x10, 0x80, 0, 0, 0]);
        assert_eq!(read.argv, Strings { all: vec![text("ls", false), text("-l", true)], cut: false });
        let unread = Text { bytes: None, cut: false };
        assert_eq!(read.envp, Strings { all: vec![text("A=1", false), unread], cut: true });
        assert!(!read.argv.whole() && !read.envp.whole());
    }

    #[test]
    fn nothing_copied_is_no_list_and_null_is_an_empty_one() {
        let read = read(&[], [0, 0x10, 0, 0, 0, 0]);
        assert_eq!((read.argv.cut, read.argv.all.len()), (true, 0));
        assert!(read.envp.whole());
    }
}
