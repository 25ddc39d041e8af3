//! From types to values: follows a declaration through the registers and the copied memory.
//!
//! What was not copied, or could not be read, becomes the address. Left out: types that a declaration cannot describe
//! (`custom`), what one call alone prints in its own way (`special`).

use super::num::number;
use super::value::Value;
use super::{Options, constants, signal};
use crate::abi::{Arch, Call, Dir, Len, Meaning, Struct, Type, Width};
use crate::model::{CallView, Memory, Outcome, Piece};

/// Strings and elements of an argv that one line can hold, whatever the memory says.
const VECTOR_LIMIT: usize = 4096;

/// PATH_MAX of linux/limits.h without the NUL: no line shows more of a path.
pub const PATH_SHOWN: usize = 4095;

/// At which of the two stops a piece of memory was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Entry,
    Exit,
}

/// One call being decoded.
pub struct Ctx<'a> {
    pub view: &'a CallView<'a>,
    /// The variant that the arguments select.
    pub call: &'static Call,
    pub options: &'a Options,
}

impl<'a> Ctx<'a> {
    pub fn arch(&self) -> Arch {
        self.view.arch
    }

    /// Size of a pointer, in bytes.
    pub fn word(&self) -> usize {
        self.view.arch.word()
    }

    /// An argument cut to the ABI's word; 0 where the ABI has no such register.
    pub fn arg(&self, index: usize) -> u64 {
        let raw = self.view.args.get(index).copied().unwrap_or(0);
        if self.word() == 4 { raw & 0xffff_ffff } else { raw }
    }

    /// A count or a size in an argument, cut to the argument's own width: the upper half of a register that holds an
    /// `int` may be anything.
    pub fn count(&self, index: usize) -> u64 {
        let raw = self.arg(index);
        match self.call.args.get(index).map(|arg| arg.ty) {
            Some(Type::Num { width: Width::W32, .. }) => raw & 0xffff_ffff,
            _ => raw,
        }
    }

    /// The result of a call that did not fail.
    pub fn returned(&self) -> Option<i64> {
        match self.view.outcome {
            Some(Outcome::Returned(n)) => Some(n),
            _ => None,
        }
    }

    /// A value that stands outside of the arguments, with its constants as the options say.
    pub fn styled(&self, mut value: Value) -> Value {
        constants::value(&mut value, self.arch(), self.options.constants);
        value
    }

    pub fn memory(&self, side: Side) -> Memory<'a> {
        match side {
            Side::Entry => self.view.entry,
            Side::Exit => self.view.exit,
        }
    }

    /// Exactly `len` copied bytes; None at NULL too.
    pub fn read(&self, side: Side, addr: u64, len: usize) -> Option<&'a [u8]> {
        if addr == 0 { None } else { self.memory(side).exact(addr, len) }
    }

    /// A little-endian number of `len` bytes, at most 8.
    pub fn uint(&self, side: Side, addr: u64, len: usize) -> Option<u64> {
        self.read(side, addr, len).map(le)
    }

    pub fn int(&self, side: Side, addr: u64) -> Option<i32> {
        self.uint(side, addr, 4).map(|n| n as i32)
    }

    /// As many elements of a sequence as a line shows.
    pub fn shown(&self, count: usize) -> usize {
        if self.options.verbose { count } else { count.min(self.options.string_limit) }
    }

    /// The side from which a direction is read: what the kernel wrote is there only if the call did not fail.
    pub fn side(&self, dir: Dir) -> Option<Side> {
        match dir {
            Dir::In => Some(Side::Entry),
            Dir::Out => self.returned().map(|_| Side::Exit),
            Dir::InOut => Some(if self.returned().is_some() { Side::Exit } else { Side::Entry }),
        }
    }

    /// The argument of that index and type.
    pub fn argument(&self, index: usize, ty: &Type) -> Value {
        let raw = self.arg(index);
        match *ty {
            Type::Num { width, meaning } => {
                let width = if self.arch() == Arch::I386 && width == Width::W64 { Width::Word } else { width };
                number(self.arch(), width, meaning, raw)
            }
            Type::Path => self.c_string(raw, PATH_SHOWN),
            Type::Str => self.c_string(raw, self.options.string_limit),
            Type::Bytes { dir, len } => self.bytes(index, dir, len),
            Type::Ptr { dir, to } => self.pointer(raw, dir, to),
            Type::Array { dir, of, len } => self.array(raw, dir, of, len),
            Type::StrVec { env } => self.string_vector(raw, env),
            Type::SigSet { dir, size_arg } => {
                let size = size_arg.map_or(8, |i| self.count(usize::from(i)));
                self.signal_set(raw, dir, size)
            }
            Type::Custom { name, dir } => super::custom::decode(self, name, index, dir),
            Type::Struct(_) | Type::Inline { .. } => Value::address(raw),
        }
    }

    /// A NUL-terminated string; the address if it could not be read to its end.
    pub fn c_string(&self, addr: u64, limit: usize) -> Value {
        self.c_bytes(addr, limit).map_or(Value::address(addr), Bytes::value)
    }

    /// What a line shows of a NUL-terminated string.
    pub fn c_bytes(&self, addr: u64, limit: usize) -> Option<Bytes<'a>> {
        if addr == 0 { None } else { c_bytes_of(self.view.entry.at(addr)?, limit) }
    }

    /// A buffer.
    pub fn bytes(&self, index: usize, dir: Dir, len: Len) -> Value {
        let addr = self.arg(index);
        match self.side(dir) {
            Some(side) => match self.length(len) {
                Some(len) => super::custom::netlink::argument(self, index, side, len)
                    .unwrap_or_else(|| self.buffer(side, addr, len)),
                None => Value::address(addr),
            },
            None => Value::address(addr),
        }
    }

    /// A buffer as `bytes` shows it; None in the second place where it is an address, in the first where it may be more
    /// than text.
    pub fn plain_bytes(&self, index: usize, dir: Dir, len: Len) -> Option<Option<Bytes<'a>>> {
        if super::custom::netlink::may_talk(self, index) {
            return None;
        }
        let found = self.side(dir).and_then(|side| self.buffer_bytes(side, self.arg(index), self.length(len)?));
        Some(found.map(|(bytes, true_len)| Bytes { bytes, true_len, terminated: true }))
    }

    /// `len` bytes at `addr` as a string, cut to the limit.
    pub fn buffer(&self, side: Side, addr: u64, len: u64) -> Value {
        match self.buffer_bytes(side, addr, len) {
            Some((bytes, true_len)) => Value::Str { bytes: bytes.to_vec(), true_len, terminated: true },
            None => Value::address(addr),
        }
    }

    /// What a line shows of `len` bytes at `addr`, and how many there were.
    pub fn buffer_bytes(&self, side: Side, addr: u64, len: u64) -> Option<(&'a [u8], u64)> {
        if addr == 0 {
            return None;
        }
        if len == 0 {
            return Some((&[], 0));
        }
        let piece = self.memory(side).at(addr)?;
        let limit = self.options.string_limit;
        let len_here = usize::try_from(len).unwrap_or(usize::MAX);
        let bytes = take(piece.bytes, len_here.min(limit));
        // A copy that ended in unreadable memory says nothing about what the kernel saw. One byte more than is shown
        // must be there, as in strace.
        let needed = len_here.min(limit.saturating_add(1));
        (piece.bytes.len() >= needed || !piece.fault).then_some((bytes, len))
    }

    /// How many elements a length names; None if it is not known.
    pub fn length(&self, len: Len) -> Option<u64> {
        match len {
            Len::Arg(i) => Some(self.count(usize::from(i))),
            Len::RetUpTo(i) => self.returned().map(|n| (n.max(0) as u64).min(self.count(usize::from(i)))),
            Len::Ret => self.returned().map(|n| n.max(0) as u64),
            Len::Const(count) => Some(u64::from(count)),
            Len::Deref(i) => {
                let addr = self.arg(usize::from(i));
                self.uint(Side::Exit, addr, 4).or_else(|| self.uint(Side::Entry, addr, 4))
            }
        }
    }

    /// What a structure holds beyond the `known` bytes that this version names, if that is not all zero: `???` where it
    /// could not be read. The kernel refuses what it does not know unless it is zero.
    pub fn unknown_tail(&self, addr: u64, known: u64, size: u64) -> Option<Value> {
        // What is beyond a page is not looked at.
        let len = usize::try_from(size.min(4096).checked_sub(known)?).ok().filter(|len| *len != 0)?;
        let Some(bytes) = self.read(Side::Entry, addr.wrapping_add(known), len) else {
            return Some(Value::Text("???".into()));
        };
        if bytes.iter().all(|&b| b == 0) {
            return None;
        }
        let mut text = format!("/* bytes {known}..{} */ ", known + len as u64 - 1);
        Value::HexStr { bytes: bytes.to_vec(), true_len: size - known }.write(&mut text);
        Some(Value::Text(text.into()))
    }

    fn pointer(&self, addr: u64, dir: Dir, to: &'static Type) -> Value {
        let Some(side) = self.side(dir) else { return Value::address(addr) };
        let Some(after) = self.object(side, addr, to) else { return Value::address(addr) };
        let number = matches!(to, Type::Num { .. });
        if dir == Dir::InOut
            && side == Side::Exit
            && number
            && let Some(before) = self.object(Side::Entry, addr, to)
            && before != after
        {
            return Value::pointee(Value::Changed(Box::new(before), Box::new(after)));
        }
        if number { Value::pointee(after) } else { after }
    }

    /// The value at `addr`, if all of it was copied.
    pub fn object(&self, side: Side, addr: u64, ty: &'static Type) -> Option<Value> {
        let bytes = self.read(side, addr, size_of(ty, self.arch()))?;
        Some(self.place(ty, bytes))
    }

    /// A structure of `assets/structs` at `addr`.
    pub fn structure_at(&self, side: Side, addr: u64, layout: &'static Struct) -> Value {
        match self.read(side, addr, layout.layout(self.arch()).size as usize) {
            Some(bytes) => self.structure(layout, bytes),
            None => Value::address(addr),
        }
    }

    /// A value from its bytes.
    pub fn place(&self, ty: &'static Type, bytes: &[u8]) -> Value {
        let arch = self.arch();
        match ty {
            Type::Num { width, meaning } => number(arch, *width, *meaning, le(take(bytes, width.bytes(arch)))),
            Type::Struct(layout) => self.structure(layout, bytes),
            Type::Inline { of, count } => self.inline(of, *count as usize, bytes),
            _ => Value::Hex(le(take(bytes, self.word()))),
        }
    }

    /// A structure from its bytes; fields that only full views show are left out and marked.
    pub fn structure(&self, layout: &'static Struct, bytes: &[u8]) -> Value {
        if let Some(value) = super::custom::shape::structure(self, layout, bytes) {
            return value;
        }
        let mut fields = Vec::new();
        let mut elided = false;
        for field in layout.layout(self.arch()).fields {
            if field.verbose && !self.options.verbose {
                elided = true;
                continue;
            }
            let own = bytes.get(field.offset as usize..).unwrap_or_default();
            if field.nonzero && take(own, size_of(&field.ty, self.arch())).iter().all(|&b| b == 0) {
                continue;
            }
            let value = self.place(&field.ty, own);
            fields.push((field.name.into(), value));
        }
        Value::Struct { name: layout.name, fields, elided }
    }

    /// A fixed array in place; `char[n]` is text up to its NUL, whole whatever the limit of strings, as in strace.
    fn inline(&self, of: &'static Type, count: usize, bytes: &[u8]) -> Value {
        let size = size_of(of, self.arch()).max(1);
        let bytes = take(bytes, size * count);
        if let Type::Num { width: Width::W8, meaning: Meaning::Signed } = of {
            return fixed_text(take(bytes, count));
        }
        let items = bytes.chunks_exact(size).map(|item| self.place(of, item)).collect();
        Value::Array { items, elided: false }
    }

    fn array(&self, addr: u64, dir: Dir, of: &'static Type, len: Len) -> Value {
        let (Some(side), Some(count)) = (self.side(dir), self.length(len)) else { return Value::address(addr) };
        self.elements(side, addr, count, size_of(of, self.arch()), |bytes| self.place(of, bytes))
    }

    /// `count` elements of `size` bytes at `addr`, each made by `make`; the address if none of them was copied.
    pub fn elements(
        &self,
        side: Side,
        addr: u64,
        count: u64,
        size: usize,
        mut make: impl FnMut(&[u8]) -> Value,
    ) -> Value {
        if addr == 0 {
            return Value::Null;
        }
        if count == 0 {
            return Value::Array { items: Vec::new(), elided: false };
        }
        let size = size.max(1);
        let Some(piece) = self.memory(side).at(addr) else { return Value::Address(addr) };
        // An array that would go around the end of the address space is none.
        if count.checked_mul(size as u64).and_then(|len| addr.checked_add(len)).is_none() {
            return Value::Address(addr);
        }
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let copied = (piece.bytes.len() / size).min(count);
        if copied == 0 {
            return Value::Address(addr);
        }
        let shown = self.shown(copied);
        let mut items: Vec<Value> = piece.bytes.chunks_exact(size).take(shown).map(&mut make).collect();
        let unread = shown == copied && copied < count && piece.fault;
        if unread {
            items.push(Value::Unread(addr.wrapping_add((copied * size) as u64)));
        }
        Value::Array { items, elided: shown < count && !unread }
    }

    fn string_vector(&self, addr: u64, env: bool) -> Value {
        if addr == 0 {
            return Value::Null;
        }
        let word = self.word();
        let at = |i: usize| addr.wrapping_add((i * word) as u64);
        let pointers =
            (0..VECTOR_LIMIT).map_while(|i| self.uint(Side::Entry, at(i), word)).take_while(|&pointer| pointer != 0);
        if self.uint(Side::Entry, addr, word).is_none() {
            return Value::Address(addr);
        }
        // Where the array goes on in memory that cannot be read.
        let count = pointers.clone().count();
        let faults = self.view.entry.at(addr).is_some_and(|piece| piece.fault);
        let unread = Some(at(count)).filter(|&end| faults && self.uint(Side::Entry, end, word).is_none());
        // An environment's strings are seldom copied; their number says more than their addresses.
        let copied = |pointer: u64| self.view.entry.at(pointer).is_some();
        if env && !(self.options.verbose && pointers.clone().next().is_none_or(copied)) {
            let plural = if count == 1 { "" } else { "s" };
            let end = if unread.is_some() { ", unterminated" } else { "" };
            return Value::Address(addr).commented(format!("{count} var{plural}{end}"));
        }
        let limit = if self.options.verbose { VECTOR_LIMIT } else { self.options.string_limit };
        let mut items = Vec::new();
        let mut elided = false;
        for pointer in pointers {
            if items.len() >= limit {
                elided = true;
                break;
            }
            items.push(self.c_string(pointer, self.options.string_limit));
        }
        if let Some(end) = unread.filter(|_| !elided) {
            items.push(Value::Unread(end));
        }
        Value::Array { items, elided }
    }

    /// A signal set of `size` bytes; the kernel's have 8.
    pub fn signal_set(&self, addr: u64, dir: Dir, size: u64) -> Value {
        let Some(side) = self.side(dir) else { return Value::address(addr) };
        let word = self.word() as u64;
        match size {
            // rt_sigpending(2) alone gives a part of a set.
            1..=8 if size >= word || self.call.name == "rt_sigpending" => match self.uint(side, addr, size as usize) {
                Some(mask) => signal::set(mask),
                None => Value::address(addr),
            },
            _ => Value::address(addr),
        }
    }
}

/// What a line shows of bytes of the tracee: a `Value::Str` that still stands where it was copied to.
#[derive(Debug, Clone, Copy)]
pub struct Bytes<'a> {
    pub bytes: &'a [u8],
    pub true_len: u64,
    pub terminated: bool,
}

impl Bytes<'_> {
    fn value(self) -> Value {
        Value::Str { bytes: self.bytes.to_vec(), true_len: self.true_len, terminated: self.terminated }
    }
}

/// A string from what was copied; None if its end was not reached because memory ended.
pub fn c_string_of(piece: Piece<'_>, limit: usize) -> Option<Value> {
    c_bytes_of(piece, limit).map(Bytes::value)
}

fn c_bytes_of(piece: Piece<'_>, limit: usize) -> Option<Bytes<'_>> {
    let end = piece.bytes.iter().position(|&b| b == 0);
    // What is shown, and one byte more, may be all that is readable, as in strace.
    if end.is_none() && piece.fault && piece.bytes.len() <= limit {
        return None;
    }
    let text = &piece.bytes[..end.unwrap_or(piece.bytes.len())];
    // Without a NUL the string goes on if there was more than what was copied.
    let terminated = end.is_some() || piece.true_len <= piece.bytes.len() as u64;
    Some(Bytes { bytes: take(text, limit), true_len: text.len() as u64, terminated })
}

/// Text in a field of fixed size: up to its NUL, which the last byte should be.
pub fn fixed_text(field: &[u8]) -> Value {
    let end = field.iter().position(|&b| b == 0);
    let text = take(field, end.unwrap_or(field.len().saturating_sub(1)));
    Value::Str { bytes: text.to_vec(), true_len: text.len() as u64, terminated: end.is_some() }
}

/// A little-endian number of at most 8 bytes; all four ABIs are little-endian.
pub fn le(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// The first `len` bytes, or all there are.
pub fn take(bytes: &[u8], len: usize) -> &[u8] {
    bytes.get(..len).unwrap_or(bytes)
}

/// Size of a value in memory, in bytes; 0 for types that are only arguments.
pub fn size_of(ty: &Type, arch: Arch) -> usize {
    match ty {
        Type::Num { width, .. } => width.bytes(arch),
        Type::Struct(s) => s.layout(arch).size as usize,
        Type::Inline { of, count } => size_of(of, arch) * *count as usize,
        _ => 0,
    }
}

/// Whether a type's value is known only at the exit stop: what the kernel changes is shown as it became.
pub fn known_at_exit(ty: &Type) -> bool {
    // Lists of descriptors to wait for are shown as they were given; what clone3(2) changes stands behind what it got.
    if let Type::Custom { name: "pollfd" | "clone_args", dir: Dir::InOut } = ty {
        return false;
    }
    matches!(
        ty,
        Type::Bytes { dir: Dir::Out | Dir::InOut, .. }
            | Type::Ptr { dir: Dir::Out | Dir::InOut, .. }
            | Type::Array { dir: Dir::Out | Dir::InOut, .. }
            | Type::SigSet { dir: Dir::Out | Dir::InOut, .. }
            | Type::Custom { dir: Dir::Out | Dir::InOut, .. }
    )
}
