//! Walks a declaration and asks for the memory that its types lead to.
//!
//! Left out: what lies behind `custom[…]` types, see `custom`.

use super::{Fetch, custom, descriptors, limits};
use crate::abi::{Arch, Arg, Call, Dir, Len, Meaning, Struct, Type, Width, behind};

/// One stop's walk: the call, the phase and what is left of the budget.
pub struct Walk<'a, F: Fetch> {
    pub arch: Arch,
    call: &'static Call,
    args: &'a [u64; 6],
    /// The result; None at entry.
    pub ret: Option<i64>,
    f: &'a mut F,
    budget: usize,
    buffers: usize,
    /// The call's socket is one of netlink(7): its messages are copied whole, because they are structures.
    netlink: bool,
}

pub fn walk(arch: Arch, call: &'static Call, args: &[u64; 6], ret: Option<i64>, f: &mut impl Fetch) {
    let mut budget = limits::TOTAL;
    let inner = behind(arch, call, args, |addr, len| {
        budget -= len;
        Some(f.object(addr, len).to_vec())
    });
    let (call, args) = inner.as_ref().map_or((call, args), |inner| (inner.call, &inner.args));
    let call = call.select(args);
    let netlink = sends_or_receives(call.name) && f.netlink(args[0] as i32);
    let mut walk = Walk { arch, call, args, ret, f, budget, buffers: limits::BUFFERS, netlink };
    for (index, arg) in call.args.iter().enumerate().take(6) {
        if arg.when.is_none_or(|cond| cond.holds(args)) {
            walk.argument(index, arg);
            if walk.f.looks_up_descriptors() {
                descriptors::of_argument(&mut walk, index, arg);
            }
        }
    }
    if walk.f.looks_up_results() {
        descriptors::of_result(&mut walk, call);
    }
}

/// The calls of socket(7) whose buffers hold messages of the socket's protocol.
fn sends_or_receives(name: &str) -> bool {
    matches!(name, "send" | "sendto" | "sendmsg" | "sendmmsg" | "recv" | "recvfrom" | "recvmsg" | "recvmmsg")
        || name == "recvmmsg_time64"
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
                let len = self.length(len);
                self.bytes(addr, len);
            }
            Type::Ptr { dir, to } if self.wants(dir) => {
                self.object(addr, size_of(to, self.arch));
            }
            Type::Array { dir, of, len } if self.wants(dir) => {
                let count = self.length(len);
                self.elements(addr, count, size_of(of, self.arch));
            }
            Type::SigSet { dir, size_arg } if self.wants(dir) => {
                let size = size_arg.map_or(8, |i| self.count(usize::from(i)).min(128));
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
        let raw = self.args.get(index).copied().unwrap_or(0);
        if self.arch.word() == 4 { raw & 0xffff_ffff } else { raw }
    }

    /// A count or a size in an argument, cut to the argument's width: the upper half of a register that holds an `int`
    /// may be anything. Negative ones count nothing.
    pub fn count(&self, index: usize) -> u64 {
        let raw = self.pointer(index);
        match self.call.args.get(index).map(|arg| arg.ty) {
            Some(Type::Num { width: Width::W32, meaning: Meaning::Signed }) => (raw as i32).max(0) as u64,
            Some(Type::Num { width: Width::W32, .. }) => raw & 0xffff_ffff,
            _ => raw,
        }
    }

    /// How many elements or bytes a length names.
    fn length(&mut self, len: Len) -> u64 {
        match len {
            Len::Arg(i) => self.count(usize::from(i)),
            Len::Const(count) => u64::from(count),
            // At entry the result is not known: nothing is there to read.
            Len::Ret => self.filled(),
            Len::RetUpTo(i) => self.filled().min(self.count(usize::from(i))),
            Len::Deref(i) => self.read_u32(self.pointer(usize::from(i))).map_or(0, u64::from),
        }
    }

    /// Whether the argument is a socket address.
    pub fn is_address(&self, index: usize) -> bool {
        self.call.args.get(index).is_some_and(|arg| matches!(arg.ty, Type::Custom { name: "sockaddr", .. }))
    }

    /// The result as a length; 0 at entry.
    pub fn filled(&self) -> u64 {
        self.ret.unwrap_or(0).max(0) as u64
    }

    pub fn descriptor(&mut self, fd: i32) {
        self.f.descriptor(fd);
    }

    pub fn bytes(&mut self, addr: u64, len: u64) {
        if addr != 0 && len != 0 && self.buffers != 0 {
            self.buffers -= 1;
            if self.netlink {
                self.object(addr, usize::try_from(len).unwrap_or(usize::MAX));
            } else {
                self.f.bytes(addr, len);
            }
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

    /// Several elements of one size, at most `limits::ELEMENTS`.
    pub fn elements(&mut self, addr: u64, count: u64, size: usize) -> &[u8] {
        self.object(addr, count.min(limits::ELEMENTS) as usize * size)
    }

    /// As `object`, where the bytes matter to the decoder only.
    pub fn keep(&mut self, addr: u64, len: usize) {
        self.object(addr, len);
    }

    pub fn keep_elements(&mut self, addr: u64, count: u64, size: usize) {
        self.elements(addr, count, size);
    }

    /// A structure of the tables.
    pub fn keep_structure(&mut self, addr: u64, layout: &Struct) {
        self.object(addr, layout.layout(self.arch).size as usize);
    }

    pub fn read_u32(&mut self, addr: u64) -> Option<u32> {
        let bytes = self.object(addr, 4);
        Some(u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?))
    }

    /// The pointers of argv or of an environment up to the NULL; of argv the strings too, of an environment on request.
    fn string_vector(&mut self, addr: u64, env: bool) {
        let word = self.arch.word();
        let limit = if env { limits::ENVIRONMENT } else { limits::ARGV };
        let copies = !env || self.f.copies_environments();
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
                    pointer if copies && strings.len() < limits::ARGV => strings.push(pointer),
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

/// `__kernel_long_t` of asm/posix_types.h, bytes: x32's is that of x86-64.
pub fn kernel_long(arch: Arch) -> usize {
    if arch == Arch::I386 { 4 } else { 8 }
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
