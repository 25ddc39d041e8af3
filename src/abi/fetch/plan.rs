//! Walks a declaration and asks for the memory that its types lead to.
//!
//! Left out: what lies behind `custom[…]` types, see `custom`.

use super::{Fetch, custom, limits};
use crate::abi::{Arch, Arg, Call, Dir, Len, Type, Width};

/// One stop's walk: the call, the phase and what is left of the budget.
pub struct Walk<'a, F: Fetch> {
    pub arch: Arch,
    pub args: &'a [u64; 6],
    /// The result; None at entry.
    pub ret: Option<i64>,
    f: &'a mut F,
    budget: usize,
    buffers: usize,
}

pub fn walk(arch: Arch, call: &'static Call, args: &[u64; 6], ret: Option<i64>, f: &mut impl Fetch) {
    let call = call.select(args);
    let mut walk = Walk { arch, args, ret, f, budget: limits::TOTAL, buffers: limits::BUFFERS };
    for (index, arg) in call.args.iter().enumerate().take(6) {
        if arg.when.is_none_or(|cond| cond.holds(args)) {
            walk.argument(index, arg);
        }
    }
}

impl<F: Fetch> Walk<'_, F> {
    fn argument(&mut self, index: usize, arg: &Arg) {
        let addr = self.pointer(index);
        let entry = self.ret.is_none();
        match arg.ty {
            Type::Custom { name, dir } => custom::fetch(self, name, dir, index),
            Type::Path if entry => self.c_string(addr, limits::PATH),
            Type::Str if entry => self.c_string(addr, limits::STRING),
            Type::StrVec { env } if entry => self.string_vector(addr, env),
            Type::Bytes { dir, len } if self.wants(dir) => {
                let len = self.length(len, dir);
                self.bytes(addr, len);
            }
            Type::Ptr { dir, to } if self.wants(dir) => {
                self.object(addr, size_of(to, self.arch));
            }
            Type::Array { dir, of, len } if self.wants(dir) => {
                let count = self.length(len, dir).min(limits::ELEMENTS) as usize;
                self.object(addr, count * size_of(of, self.arch));
            }
            Type::SigSet { dir, size_arg } if self.wants(dir) => {
                let size = size_arg.map_or(8, |i| self.word_arg(usize::from(i)).min(128));
                self.object(addr, size as usize);
            }
            _ => {}
        }
    }

    /// Whether an argument of that direction is read in this phase.
    pub fn wants(&self, dir: Dir) -> bool {
        match self.ret {
            None => dir != Dir::Out,
            Some(_) => dir != Dir::In,
        }
    }

    /// An argument as a pointer of the ABI.
    pub fn pointer(&self, index: usize) -> u64 {
        self.word_arg(index)
    }

    /// An argument cut to the ABI's word.
    pub fn word_arg(&self, index: usize) -> u64 {
        let raw = self.args.get(index).copied().unwrap_or(0);
        if self.arch.word() == 4 { raw & 0xffff_ffff } else { raw }
    }

    /// How many elements a length names; never more than the result when the kernel wrote them and says how many.
    pub fn length(&mut self, len: Len, dir: Dir) -> u64 {
        match len {
            Len::Arg(i) => {
                let count = self.word_arg(usize::from(i));
                if dir == Dir::In { count } else { self.written(count) }
            }
            Len::Const(count) => u64::from(count),
            // At entry the result is not known: nothing is there to read.
            Len::Ret => self.ret.unwrap_or(0).max(0) as u64,
            Len::Deref(i) => u64::from(self.read_u32(self.pointer(usize::from(i))).unwrap_or(0)),
        }
    }

    fn written(&self, count: u64) -> u64 {
        count
    }

    pub fn bytes(&mut self, addr: u64, len: u64) {
        if addr != 0 && len != 0 && self.buffers != 0 {
            self.buffers -= 1;
            self.f.bytes(addr, len);
        }
    }

    /// A structure or an array of them; what is returned is shorter where the memory or the budget ends.
    pub fn object(&mut self, addr: u64, len: usize) -> &[u8] {
        let len = len.min(limits::OBJECT).min(self.budget);
        if addr == 0 || len == 0 {
            return &[];
        }
        self.budget -= len;
        self.f.object(addr, len)
    }

    pub fn c_string(&mut self, addr: u64, max: usize) {
        let max = max.min(self.budget);
        if addr != 0 && max != 0 {
            let got = self.f.c_string(addr, max).len();
            self.budget -= (got + 1).min(self.budget);
        }
    }

    pub fn read_u32(&mut self, addr: u64) -> Option<u32> {
        let bytes = self.object(addr, 4);
        Some(u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?))
    }

    /// The pointers of argv or of an environment up to the NULL; of argv the strings too.
    fn string_vector(&mut self, addr: u64, env: bool) {
        let word = self.arch.word();
        let limit = if env { limits::ENVIRONMENT } else { limits::ARGV };
        let mut strings = Vec::new();
        // Piece by piece, because the array may end at the end of a page far below the limit.
        let mut count = 0;
        'pieces: while addr != 0 && count < limit {
            let piece = (limit - count).min(32);
            let at = addr.wrapping_add((count * word) as u64);
            let bytes = self.object(at, piece * word);
            let short = bytes.len() < piece * word;
            for pointer in bytes.chunks_exact(word) {
                match le_word(pointer) {
                    0 => break 'pieces,
                    pointer if !env => strings.push(pointer),
                    _ => {}
                }
            }
            if short {
                break;
            }
            count += piece;
        }
        for string in strings {
            self.c_string(string, limits::STRING);
        }
    }
}

/// A little-endian number of one to eight bytes; all four ABIs are little-endian.
pub fn le_word(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// Size of a value in memory, bytes; 0 for types that are only arguments.
pub fn size_of(ty: &Type, arch: Arch) -> usize {
    match ty {
        Type::Num { width, .. } => Width::bytes(*width, arch),
        Type::Struct(s) => s.layout(arch).size as usize,
        Type::Inline { of, count } => size_of(of, arch) * *count as usize,
        _ => 0,
    }
}
