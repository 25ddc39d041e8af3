//! What a system call does to mappings and descriptors, as far as naming addresses needs it.

use std::sync::{Arc, LazyLock};

use super::Files;
use super::space::{Mapped, Space};
use crate::abi::{Arch, number};
use crate::model::{CallRow, CallView, Outcome, Store};

/// What a call number means here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Op {
    #[default]
    Other,
    /// clone or clone3: its flags say what the child shares.
    Clone,
    /// The path is the argument of this index.
    Open(u8),
    MemfdCreate,
    Close,
    CloseRange,
    Dup,
    Fcntl,
    /// mmap(2); the offset counts in bytes.
    Mmap,
    /// mmap2(2); the offset counts in pages.
    Mmap2,
    /// i386's first mmap, whose six arguments stand in memory.
    MmapInMemory,
    Munmap,
    Mprotect,
    Mremap,
}

const OPS: [(&str, Op); 19] = [
    ("clone", Op::Clone),
    ("clone3", Op::Clone),
    ("open", Op::Open(0)),
    ("creat", Op::Open(0)),
    ("openat", Op::Open(1)),
    ("openat2", Op::Open(1)),
    ("memfd_create", Op::MemfdCreate),
    ("close", Op::Close),
    ("close_range", Op::CloseRange),
    ("dup", Op::Dup),
    ("dup2", Op::Dup),
    ("dup3", Op::Dup),
    ("fcntl", Op::Fcntl),
    ("fcntl64", Op::Fcntl),
    ("mmap2", Op::Mmap2),
    ("munmap", Op::Munmap),
    ("mprotect", Op::Mprotect),
    ("pkey_mprotect", Op::Mprotect),
    ("mremap", Op::Mremap),
];

/// By `Arch as usize`, then by number without x32's bit.
static TABLE: LazyLock<[Vec<Op>; 4]> = LazyLock::new(|| {
    Arch::ALL.map(|arch| {
        let mmap = ("mmap", if arch == Arch::I386 { Op::MmapInMemory } else { Op::Mmap });
        let mut table = Vec::new();
        for (name, op) in OPS.into_iter().chain([mmap]) {
            let Some(nr) = number(arch, name) else { continue };
            let nr = index(arch, nr);
            if table.len() <= nr {
                table.resize(nr + 1, Op::Other);
            }
            table[nr] = op;
        }
        table
    })
});

fn index(arch: Arch, nr: u64) -> usize {
    const X32_BIT: u64 = 0x4000_0000;
    (if arch == Arch::X32 { nr & !X32_BIT } else { nr }) as usize
}

impl Op {
    pub fn of(arch: Arch, nr: u64) -> Op {
        TABLE[arch as usize].get(index(arch, nr)).copied().unwrap_or_default()
    }
}

/// The flags of a clone or clone3, 0 if they are not known.
pub(super) fn clone_flags(store: &Store, seq: u64) -> u64 {
    let Some(call) = store.call(seq) else { return 0 };
    let view = call.view();
    if Some(view.nr) != number(view.arch, "clone3") {
        return view.args[0];
    }
    // struct clone_args begins with its flags.
    let flags = view.entry.exact(view.args[0], 8).and_then(|bytes| bytes.try_into().ok());
    flags.map_or(0, u64::from_le_bytes)
}

/// A change of one task's memory or descriptors.
pub(super) enum Effect {
    Name {
        fd: i32,
        path: Arc<[u8]>,
    },
    Forget {
        first: i32,
        last: i32,
    },
    Map {
        start: u64,
        mapped: Mapped,
    },
    Unmap {
        start: u64,
        end: u64,
    },
    /// Becomes executable; a name is needed only if it has none yet.
    Executable {
        start: u64,
        end: u64,
    },
    Move {
        old: u64,
        old_end: u64,
        new: u64,
        new_end: u64,
    },
}

/// What a finished call changed.
pub(super) fn effect(op: Op, call: &CallRow, view: &CallView<'_>, files: &Files) -> Option<Effect> {
    let Some(Outcome::Returned(result)) = call.outcome else { return None };
    let args = &call.args;
    let pages = |len: u64| len.checked_next_multiple_of(4096);
    let range = |start: u64, len: u64| Some((start, start.checked_add(pages(len)?)?));
    let fd = |arg: u64| arg as i32;
    let new_name = |path: &[u8]| Some(Effect::Name { fd: i32::try_from(result).ok()?, path: path.into() });
    match op {
        Op::Other | Op::Clone => None,
        // Read at the call's entry; what could not be read leaves an empty name, which is better than an old one.
        Op::Open(index) => new_name(text(view, args[usize::from(index)]).unwrap_or_default()),
        Op::MemfdCreate => new_name(&[b"/memfd:", text(view, args[0]).unwrap_or_default()].concat()),
        Op::Close => Some(Effect::Forget { first: fd(args[0]), last: fd(args[0]) }),
        Op::CloseRange => {
            // CLOSE_RANGE_CLOEXEC closes nothing now.
            let last = i32::try_from(args[1] as u32).unwrap_or(i32::MAX);
            (args[2] & 4 == 0).then_some(Effect::Forget { first: fd(args[0]), last })
        }
        Op::Dup => copy(files, fd(args[0]), result),
        // F_DUPFD and F_DUPFD_CLOEXEC.
        Op::Fcntl => matches!(args[1] as u32, 0 | 1030).then(|| copy(files, fd(args[0]), result))?,
        Op::Mmap => map(files, call.arch, result, args),
        Op::Mmap2 => map(files, call.arch, result, &{
            let mut bytes = *args;
            bytes[5] = args[5].checked_mul(4096)?;
            bytes
        }),
        Op::MmapInMemory => {
            let words = view.entry.exact(args[0], 24)?;
            let mut args = [0; 6];
            for (arg, word) in args.iter_mut().zip(words.chunks_exact(4)) {
                *arg = u32::from_le_bytes(word.try_into().ok()?).into();
            }
            map(files, call.arch, result, &args)
        }
        Op::Munmap => range(args[0], args[1]).map(|(start, end)| Effect::Unmap { start, end }),
        Op::Mprotect => {
            let (start, end) = range(args[0], args[1])?;
            (args[2] & PROT_EXEC != 0).then_some(Effect::Executable { start, end })
        }
        Op::Mremap => {
            let (old, old_end) = range(args[0], args[1])?;
            let (new, new_end) = range(address(call.arch, result), args[2])?;
            Some(Effect::Move { old, old_end, new, new_end })
        }
    }
}

const PROT_EXEC: u64 = 4;
const MAP_ANONYMOUS: u64 = 0x20;

fn map(files: &Files, arch: Arch, result: i64, args: &[u64; 6]) -> Option<Effect> {
    let start = address(arch, result);
    let end = start.checked_add(args[1].checked_next_multiple_of(4096)?)?;
    let anonymous = args[3] & MAP_ANONYMOUS != 0;
    if anonymous && args[2] & PROT_EXEC == 0 {
        // Data: nothing calls from there, but it may lie over what was there before.
        return Some(Effect::Unmap { start, end });
    }
    let name = match files.get(&(args[4] as i32)) {
        _ if anonymous => Arc::default(),
        Some(path) if !path.is_empty() => path.clone(),
        // A descriptor that was inherited or received before anyone looked.
        _ => b"[unknown file]".as_slice().into(),
    };
    let offset = if anonymous { 0 } else { args[5] };
    Some(Effect::Map { start, mapped: Mapped { end, offset, name } })
}

/// A result as an address: 32-bit ABIs may sign-extend it.
fn address(arch: Arch, result: i64) -> u64 {
    if arch.word() == 4 { u64::from(result as u32) } else { result as u64 }
}

fn copy(files: &Files, from: i32, result: i64) -> Option<Effect> {
    let fd = i32::try_from(result).ok()?;
    Some(match files.get(&from) {
        Some(path) => Effect::Name { fd, path: path.clone() },
        None => Effect::Forget { first: fd, last: fd },
    })
}

/// A string that was copied at entry, without its NUL.
fn text<'a>(view: &CallView<'a>, addr: u64) -> Option<&'a [u8]> {
    view.entry.at(addr)?.bytes.split(|b| *b == 0).next()
}

impl Effect {
    pub fn apply(self, space: &mut Arc<Space>, files: &mut Arc<Files>) {
        match self {
            Effect::Name { fd, path } => {
                Arc::make_mut(files).insert(fd, path);
            }
            Effect::Forget { first, last } => {
                if first <= last && files.range(first..=last).next().is_some() {
                    Arc::make_mut(files).retain(|fd, _| !(first..=last).contains(fd));
                }
            }
            Effect::Map { start, mapped } => Arc::make_mut(space).insert(start, mapped),
            Effect::Unmap { start, end } => {
                if space.any(start, end) {
                    Arc::make_mut(space).clear(start, end);
                }
            }
            Effect::Executable { start, end } => {
                if !space.any(start, end) {
                    Arc::make_mut(space).insert(start, Mapped { end, offset: 0, name: Arc::default() });
                }
            }
            Effect::Move { old, old_end, new, new_end } => {
                let Some((mapped, offset)) = space.find(old).map(|(mapped, offset)| (mapped.clone(), offset)) else {
                    return;
                };
                let space = Arc::make_mut(space);
                space.clear(old, old_end);
                space.insert(new, Mapped { end: new_end, offset, ..mapped });
            }
        }
    }
}
