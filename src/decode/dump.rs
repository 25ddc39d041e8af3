//! What was read and written, in full: strace's `-e read=` and `-e write=`, the lines below that of the call.
//!
//! Left out: which descriptors are asked for (`cli`).

use std::fmt::Write;

use crate::abi;
use crate::model::{CallView, Memory, Outcome};

/// Where the bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// Out of the descriptor, into the program's memory.
    Read,
    /// Out of the program's memory, into the descriptor.
    Write,
}

/// How the bytes are described by the arguments.
enum Shape {
    /// Buffer and length.
    Flat,
    /// A list of buffers and their number.
    Vector,
    /// A `struct msghdr`.
    Message,
    /// A list of `struct mmsghdr` and their number.
    Messages,
}

fn shape(name: &str) -> Option<(Transfer, Shape)> {
    use Transfer::{Read, Write};
    Some(match name {
        "read" | "pread64" | "recv" | "recvfrom" | "mq_timedreceive" | "mq_timedreceive_time64" => (Read, Shape::Flat),
        "write" | "pwrite64" | "send" | "sendto" | "mq_timedsend" | "mq_timedsend_time64" => (Write, Shape::Flat),
        "readv" | "preadv" | "preadv2" => (Read, Shape::Vector),
        "writev" | "pwritev" | "pwritev2" | "vmsplice" => (Write, Shape::Vector),
        "recvmsg" => (Read, Shape::Message),
        "sendmsg" => (Write, Shape::Message),
        "recvmmsg" | "recvmmsg_time64" => (Read, Shape::Messages),
        "sendmmsg" => (Write, Shape::Messages),
        _ => return None,
    })
}

/// The dump of a finished call's bytes, if it is one of those that transfer any and its descriptor is `wanted`: whole
/// lines, or nothing. What was to be written is shown even if the call failed.
pub fn dump_text(view: &CallView<'_>, wanted: impl Fn(Transfer, i32) -> bool) -> String {
    let mut out = String::new();
    let Some(call) = abi::lookup(view.arch, view.nr) else { return out };
    let inner = abi::behind(view.arch, call, view.args, |addr, len| view.entry.exact(addr, len).map(<[u8]>::to_vec));
    let (name, args) = inner.map_or((call.name, *view.args), |inner| (inner.name, inner.args));
    let Some((transfer, shape)) = shape(name) else { return out };
    let fd = args[0] as i32;
    let result = match view.outcome {
        Some(Outcome::Returned(count)) => Some(count.max(0) as u64),
        Some(Outcome::Failed(_)) if transfer == Transfer::Write => None,
        _ => return out,
    };
    if fd < 0 || !wanted(transfer, fd) {
        return out;
    }
    let mut dumper = Dumper { view, transfer, out: &mut out };
    let read = (transfer == Transfer::Read).then_some(result).flatten();
    match shape {
        Shape::Flat => dumper.bytes(args[1], read.unwrap_or(args[2])),
        Shape::Vector => dumper.vector(args[1], args[2], read),
        Shape::Message => dumper.message(args[1], read),
        Shape::Messages => dumper.messages(args[1], result.unwrap_or(args[2] & u64::from(u32::MAX))),
    }
    out
}

struct Dumper<'a> {
    view: &'a CallView<'a>,
    transfer: Transfer,
    out: &'a mut String,
}

/// More pieces than a call takes (`IOV_MAX`), whatever a program says.
const PIECES: u64 = 1024;

impl Dumper<'_> {
    /// A number of the call's word size in a structure that the call was given.
    fn word(&self, addr: u64) -> Option<u64> {
        let size = self.view.arch.word();
        let bytes = self.view.exit.exact(addr, size).or_else(|| self.view.entry.exact(addr, size))?;
        Some(bytes.iter().rev().fold(0, |all, &byte| all << 8 | u64::from(byte)))
    }

    fn messages(&mut self, addr: u64, count: u64) {
        let word = self.view.arch.word() as u64;
        // A struct msghdr is seven words; its length follows, and on lp64 a gap.
        let (each, length_at) = (word * 8, word * 7);
        for index in 0..count.min(PIECES) {
            let at = addr.wrapping_add(index * each);
            let Some(pieces) = self.word(at.wrapping_add(word * 3)) else { return };
            // Writing to a String cannot fail, here and below.
            let _ = writeln!(self.out, " = {pieces} buffers in vector {index}");
            let read = match self.transfer {
                Transfer::Read => self.word(at.wrapping_add(length_at)).map(|length| length & u64::from(u32::MAX)),
                Transfer::Write => None,
            };
            self.message(at, read);
        }
    }

    fn message(&mut self, addr: u64, read: Option<u64>) {
        let word = self.view.arch.word() as u64;
        let field = |index: u64| self.word(addr.wrapping_add(index * word));
        if let (Some(list), Some(count)) = (field(2), field(3)) {
            self.vector(list, count, read);
        }
    }

    /// The pieces of a list, up to what the call filled; strace stops at an empty one. Of a list that cannot be read to
    /// its end nothing is shown, as the kernel takes nothing from it.
    fn vector(&mut self, addr: u64, count: u64, filled: Option<u64>) {
        let word = self.view.arch.word() as u64;
        let last = addr.wrapping_add(count.clamp(1, PIECES).wrapping_sub(1) * word * 2);
        if self.word(last.wrapping_add(word)).is_none() {
            return;
        }
        let mut left = filled.unwrap_or(u64::MAX);
        for index in 0..count.min(PIECES) {
            let at = addr.wrapping_add(index * word * 2);
            let (Some(base), Some(length)) = (self.word(at), self.word(at.wrapping_add(word))) else { return };
            let length = length.min(left);
            if length == 0 {
                return;
            }
            left -= length;
            let _ = writeln!(self.out, " * {length} bytes in buffer {index}");
            self.bytes(base, length);
        }
    }

    fn bytes(&mut self, addr: u64, length: u64) {
        let memory: Memory<'_> = match self.transfer {
            Transfer::Read => self.view.exit,
            Transfer::Write => self.view.entry,
        };
        let Some(piece) = memory.at(addr) else { return };
        let have = length.min(piece.bytes.len() as u64);
        if piece.fault && have < length {
            return;
        }
        for (index, row) in piece.bytes[..have as usize].chunks(16).enumerate() {
            line(self.out, index * 16, row);
        }
        if have < length {
            let _ = writeln!(self.out, " | ... and {} more bytes that were not copied", length - have);
        }
    }
}

/// ` | 00010  0a 01 ff 5c 20 6d 6f 72  65 20 6f 66 20 69 74 2c  ...\ more of it, |`
fn line(out: &mut String, offset: usize, row: &[u8]) {
    let _ = write!(out, " | {offset:05x} ");
    for index in 0..16 {
        if index % 8 == 0 {
            out.push(' ');
        }
        let _ = match row.get(index) {
            Some(byte) => write!(out, "{byte:02x} "),
            None => write!(out, "   "),
        };
    }
    out.push(' ');
    out.extend(row.iter().map(|&byte| if (b' '..=b'~').contains(&byte) { char::from(byte) } else { '.' }));
    let _ = writeln!(out, "{:1$} |", "", 16 - row.len());
}
