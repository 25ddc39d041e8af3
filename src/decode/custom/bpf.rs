//! bpf(2): what each command reads, as far as the program's structure goes; structures of `assets/structs/bpf`.
//!
//! Left out: what BPF_OBJ_GET_INFO_BY_FD stores, and the elements of maps, whose size no call tells.

use std::borrow::Cow;

use super::bpf_link;
use super::filter::extended_operation;
use super::names::BPF_REGISTER;
use super::sockaddr::interface;
use crate::abi;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le, take};

pub type Fields = Vec<(Cow<'static, str>, Value)>;

/// The kernel takes no structure that is longer than a page.
const PAGE: u64 = 4096;
/// BPF_MAXINSNS of linux/bpf_common.h.
const INSTRUCTIONS: u64 = 4096;
// linux/bpf.h
const F_NUMA_NODE: u64 = 4;
const F_REPLACE: u64 = 4;
const F_ID: u64 = 1 << 5;

/// A command: its structure, the name of the union's member if it has one, and the bytes that are always shown.
struct Command {
    structure: &'static str,
    member: &'static str,
    base: u32,
}

fn command(number: u64) -> Option<Command> {
    let (structure, member, base) = match number {
        0 => ("bpf_map_create", "", 16),
        1 | 21 => ("bpf_map_lookup", "", 24),
        2 => ("bpf_map_update", "", 32),
        3 => ("bpf_map_delete", "", 16),
        4 => ("bpf_map_next", "", 24),
        5 => ("bpf_prog_load", "", 24),
        6 | 7 => ("bpf_obj", "", 12),
        8 | 9 => ("bpf_prog_attach", "", 16),
        10 => ("bpf_prog_test_run", "test", 40),
        11 | 12 | 23 | 31 => ("bpf_get_next_id", "", 8),
        13 => ("bpf_prog_by_id", "", 4),
        14 => ("bpf_map_by_id", "", 8),
        15 => ("bpf_obj_info", "info", 16),
        16 => ("bpf_prog_query", "query", 28),
        17 => ("bpf_raw_tracepoint", "raw_tracepoint", 12),
        18 => ("bpf_btf_load", "", 28),
        19 => ("bpf_btf_by_id", "", 4),
        20 => ("bpf_task_fd_query", "task_fd_query", 48),
        22 => ("bpf_map_freeze", "", 4),
        24 | 25 => ("bpf_map_batch", "batch", 56),
        26 => ("bpf_map_update_batch", "batch", 56),
        27 => ("bpf_map_delete_batch", "batch", 56),
        28 => ("bpf_link_create", "link_create", 16),
        29 => ("bpf_link_update", "link_update", 16),
        30 => ("bpf_link_by_id", "", 4),
        32 => ("bpf_enable_stats", "enable_stats", 4),
        33 => ("bpf_iter_create", "iter_create", 8),
        34 => ("bpf_link_detach", "link_detach", 4),
        35 => ("bpf_prog_bind_map", "prog_bind_map", 12),
        36 => ("bpf_token_create", "token_create", 8),
        37 => ("bpf_prog_stream_read", "prog_stream_read", 20),
        38 => ("bpf_prog_assoc_struct_ops", "prog_assoc_struct_ops", 12),
        _ => return None,
    };
    Some(Command { structure, member, base })
}

/// Argument `index`; the command is the first argument, the size the next one.
pub fn attributes(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let size = ctx.count(index + 1);
    let number = ctx.arg(0) & 0xffff_ffff;
    let (Some(command), true) = (command(number), size <= PAGE && size != 0) else { return Value::address(addr) };
    let Some(layout) = abi::structure(command.structure) else { return Value::address(addr) };
    // Identifiers that the kernel stores stand in the same place.
    let side = match command.structure {
        "bpf_get_next_id" | "bpf_prog_test_run" | "bpf_task_fd_query" if ctx.returned().is_some() => Side::Exit,
        _ => Side::Entry,
    };
    let Some(given) = ctx.read(side, addr, size as usize) else { return Value::address(addr) };
    let own = layout.layout(ctx.arch());
    let known = own.size as usize;
    // What the program does not know is zero to the kernel.
    let mut bytes = given.to_vec();
    bytes.resize(known.max(given.len()), 0);
    let attr = Attr { ctx, bytes: &bytes, size };
    let mut fields: Fields = Vec::new();
    for field in own.fields {
        let at = field.offset as usize;
        let own_bytes = &bytes[at.min(bytes.len())..];
        let reached = field.offset < command.base || u64::from(attr.group(command.structure, field.offset)) < size;
        let zero = take(own_bytes, crate::decode::walk::size_of(&field.ty, ctx.arch())).iter().all(|&b| b == 0);
        if !reached || (field.nonzero && zero) || attr.hidden(field.name, &command) {
            continue;
        }
        let value = attr.special(field.name, at).unwrap_or_else(|| ctx.place(&field.ty, own_bytes));
        // The place of a descriptor may hold a number instead.
        let by_number = field.name == "relative_fd" && attr.number(12, 4) & F_ID != 0;
        match by_number {
            true => fields.push(("relative_id".into(), Value::Unsigned(attr.number(at, 4)))),
            false => fields.push((field.name.into(), value)),
        }
    }
    let last = own.fields.last().map_or(0, |f| f.offset as usize + crate::decode::walk::size_of(&f.ty, ctx.arch()));
    let mut end = last;
    if command.structure == "bpf_link_create" {
        end = bpf_link::linked(&attr, &mut fields);
    }
    let tail = attr.tail(end);
    if !command.member.is_empty() {
        fields = vec![(command.member.into(), Value::structure(command.structure, fields))];
    }
    match tail {
        Some(value) if ctx.options.verbose => fields.push(("extra_data".into(), value)),
        Some(_) => return Value::Struct { name: "bpf_attr", fields, elided: true },
        None => {}
    }
    Value::structure("bpf_attr", fields)
}

/// The structure as the program gave it, what it does not know as zero.
pub struct Attr<'a> {
    pub ctx: &'a Ctx<'a>,
    bytes: &'a [u8],
    pub size: u64,
}

impl Attr<'_> {
    pub fn number(&self, at: usize, len: usize) -> u64 {
        le(take(self.bytes.get(at..).unwrap_or_default(), len))
    }

    /// Fields that came together are shown together: where the first of them stands.
    fn group(&self, structure: &str, offset: u32) -> u32 {
        match (structure, offset) {
            ("bpf_prog_test_run", 40..64) => 40,
            ("bpf_prog_test_run", 64..72) => 64,
            ("bpf_btf_by_id", 8..) => 4,
            _ => offset,
        }
    }

    /// Fields that count only if others say so.
    fn hidden(&self, field: &str, command: &Command) -> bool {
        match (command.structure, field) {
            // Said by those who know of what it counts.
            ("bpf_prog_load", "core_relo_cnt") => self.size <= 128 && self.number(116, 4) == 0,
            ("bpf_map_create", "numa_node") => self.number(16, 4) & F_NUMA_NODE == 0,
            ("bpf_link_update", "old_prog_fd") => self.number(8, 4) & F_REPLACE == 0,
            _ => false,
        }
    }

    /// What pointers lead to, and numbers that hold more than one thing.
    fn special(&self, field: &str, at: usize) -> Option<Value> {
        let ctx = self.ctx;
        let pointer = self.number(at, 8);
        Some(match field {
            "map_name" | "prog_name" => {
                // The last byte that the program gave is the last that counts.
                let room = (self.size as usize).saturating_sub(at).min(16);
                let text = &self.bytes[at..at + room];
                let end = text.iter().position(|&b| b == 0);
                let shown = take(text, end.unwrap_or(room.saturating_sub(1)));
                Value::Str { bytes: shown.to_vec(), true_len: shown.len() as u64, terminated: end.is_some() }
            }
            "map_ifindex" | "prog_ifindex" => interface(self.number(at, 4)),
            "numa_node" if self.number(at, 4) == 0xffff_ffff => Value::Unsigned(0xffff_ffff).commented("NUMA_NO_NODE"),
            "kern_version" => {
                let version = self.number(at, 4);
                let parts = [version >> 16, version >> 8 & 0xff, version & 0xff].map(Value::Unsigned);
                Value::Call { function: "KERNEL_VERSION", args: parts.to_vec() }
            }
            "license" | "name" => ctx.c_string(pointer, ctx.options.string_limit),
            "pathname" => ctx.c_string(pointer, crate::decode::walk::PATH_SHOWN),
            "btf" => ctx.buffer(Side::Entry, pointer, self.number(16, 4)),
            "log_buf" => self.log(pointer, self.number(28, 4)),
            "buf" if ctx.returned().is_some() => ctx.buffer(Side::Exit, pointer, self.number(12, 4)),
            "insns" if ctx.options.verbose => self.instructions(pointer, self.number(4, 4)),
            "prog_ids" => {
                let count = u64::from(u32::MAX) & self.number(24, 4);
                ctx.elements(Side::Exit, pointer, count, 4, |id| Value::Unsigned(le(id)))
            }
            _ => return None,
        })
    }

    /// What the verifier said, whether it liked the program or not; text up to its NUL.
    fn log(&self, addr: u64, size: u64) -> Value {
        let Some((bytes, _)) = self.ctx.buffer_bytes(Side::Exit, addr, size).filter(|_| size != 0) else {
            return Value::address(addr);
        };
        let end = bytes.iter().position(|&b| b == 0);
        let text = take(bytes, end.unwrap_or(bytes.len()));
        Value::Str { bytes: text.to_vec(), true_len: text.len() as u64, terminated: end.is_some() }
    }

    fn instructions(&self, addr: u64, count: u64) -> Value {
        let shown = self.ctx.elements(Side::Entry, addr, count.min(INSTRUCTIONS), 8, |insn| {
            let register = |n: u8| BPF_REGISTER.name(self.ctx.arch(), n.into(), 8);
            Value::structure(
                "bpf_insn",
                vec![
                    ("code".into(), Value::Text(extended_operation(insn[0]).into())),
                    ("dst_reg".into(), register(insn[1] & 0xf)),
                    ("src_reg".into(), register(insn[1] >> 4)),
                    ("off".into(), Value::Signed((le(&insn[2..4]) as i16).into())),
                    ("imm".into(), Value::Hex(le(&insn[4..8]))),
                ],
            )
        });
        match shown {
            Value::Array { items, .. } if count > INSTRUCTIONS => Value::Array { items, elided: true },
            value => value,
        }
    }

    /// Bytes beyond what is known, if one of them is not zero: the kernel would refuse them.
    fn tail(&self, known: usize) -> Option<Value> {
        let rest = self.bytes.get(known..(self.size as usize).max(known))?;
        if rest.iter().all(|&b| b == 0) {
            return None;
        }
        let bytes = Value::HexStr { bytes: rest.to_vec(), true_len: rest.len() as u64 };
        Some(bytes.commented(format!("bytes {known}..{}", self.size - 1)))
    }
}
