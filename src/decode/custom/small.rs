//! Types of a few lines each: numbers and pointers whose text depends on a sibling argument.

use super::names;
use crate::abi::{self, Dir};
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, PATH_SHOWN, Side, c_string_of, le, take};

/// A task's name, prctl(2): at most 16 bytes with its NUL.
pub fn comm(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let piece = ctx.side(dir).and_then(|side| ctx.memory(side).at(addr)).filter(|_| addr != 0);
    piece.and_then(|piece| c_string_of(piece, ctx.options.string_limit)).unwrap_or_else(|| Value::address(addr))
}

/// What mount(2) hands to the file system: a string if it looks like one.
pub fn mount_data(ctx: &Ctx<'_>, index: usize) -> Value {
    ctx.c_string(ctx.arg(index), ctx.options.string_limit)
}

/// The name of a socket option, whose numbers belong to a level.
pub fn sockopt_name(ctx: &Ctx<'_>, index: usize) -> Value {
    let raw = ctx.arg(index) & 0xffff_ffff;
    let set = match ctx.arg(1) & 0xffff_ffff {
        0 => names::IP,
        // Read, the program that was attached; written, one to attach.
        1 if raw == 26 && ctx.call.name == "getsockopt" => return Value::Named("SO_GET_FILTER".into()),
        1 => names::SOCKET_OPTION,
        6 => names::TCP,
        17 => names::UDP,
        41 => names::IPV6,
        255 => names::RAW,
        263 => names::PACKET,
        270 => names::NETLINK_OPTION,
        _ => return Value::Unsigned(raw),
    };
    set.name(ctx.arch(), raw, 32)
}

/// The numbers of protocols belong to a family, socket(2).
pub fn socket_protocol(ctx: &Ctx<'_>, index: usize) -> Value {
    let raw = ctx.arg(index) & 0xffff_ffff;
    match ctx.arg(0) & 0xffff_ffff {
        2 | 10 => names::IP_PROTOCOL.name(ctx.arch(), raw, 32),
        16 => names::NETLINK.name(ctx.arch(), raw, 32),
        17 => {
            let name = names::ETHERTYPE.name(ctx.arch(), u64::from((raw as u16).swap_bytes()), 16);
            Value::Call { function: "htons", args: vec![name] }
        }
        _ => Value::Unsigned(ctx.arg(index)),
    }
}

/// The last argument of pselect6(2): a structure of a set's address and its size.
pub fn sigmask_and_size(ctx: &Ctx<'_>, index: usize) -> Value {
    let (addr, word) = (ctx.arg(index), ctx.word());
    let Some(bytes) = ctx.read(Side::Entry, addr, 2 * word) else { return Value::address(addr) };
    let size = le(&bytes[word..]);
    let mask = ctx.signal_set(le(&bytes[..word]), Dir::In, size);
    Value::structure("sigset_argpack", vec![("sigmask".into(), mask), ("sigsetsize".into(), Value::Unsigned(size))])
}

/// A message of System V queues, msgop(2): a type and `size` bytes of text.
pub fn msgbuf(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let (addr, word) = (ctx.arg(index), ctx.word());
    let Some(side) = ctx.side(dir) else { return Value::address(addr) };
    let Some(kind) = ctx.uint(side, addr, word) else { return Value::address(addr) };
    // As in strace the whole buffer, also where the message was shorter.
    let text = ctx.buffer(side, addr.wrapping_add(word as u64), ctx.arg(index + 1));
    let kind = Value::Signed(crate::decode::num::sign_extend(kind, word * 8));
    Value::structure("msgbuf", vec![("mtype".into(), kind), ("mtext".into(), text)])
}

/// A file's handle, open_by_handle_at(2): its size, a type, and bytes that only the file system reads.
pub fn file_handle(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let side = ctx.side(dir).unwrap_or(Side::Entry);
    let Some(size) = ctx.uint(side, addr, 4) else { return Value::address(addr) };
    let mut fields = vec![("handle_bytes".into(), Value::Unsigned(size))];
    let known = side == Side::Exit || dir == Dir::In;
    if let Some(kind) = ctx.int(side, addr.wrapping_add(4)).filter(|_| known) {
        fields.push(("handle_type".into(), Value::Signed(kind.into())));
        let at = addr.wrapping_add(8);
        if let Some(piece) = ctx.memory(side).at(at) {
            let bytes = take(piece.bytes, usize::try_from(size.min(128)).unwrap_or(0));
            // MAX_HANDLE_SZ: the rest of a longer one is no handle.
            let true_len = if size > 128 { size } else { bytes.len() as u64 };
            let handle = Value::HexStr { bytes: bytes.to_vec(), true_len };
            fields.push(("f_handle".into(), handle));
        } else if size == 0 {
            fields.push(("f_handle".into(), Value::HexStr { bytes: Vec::new(), true_len: 0 }));
        }
    }
    Value::structure("file_handle", fields)
}

/// Permissions and flags of the calls that make System V objects: `IPC_CREAT|0600`.
pub fn ipc_flags(ctx: &Ctx<'_>, index: usize) -> Value {
    // linux/ipc.h, linux/shm.h
    const COMMON: [(u64, &str); 3] = [(0o1000, "IPC_CREAT"), (0o2000, "IPC_EXCL"), (0o4000, "IPC_NOWAIT")];
    const MEMORY: [(u64, &str); 4] =
        [(0o1000, "IPC_CREAT"), (0o2000, "IPC_EXCL"), (0o4000, "SHM_HUGETLB"), (0o10000, "SHM_NORESERVE")];
    const SHM_HUGE_SHIFT: u64 = 26;
    let flags = ctx.arg(index) & 0xffff_ffff;
    let memory = ctx.call.name == "shmget";
    let known: &[(u64, &str)] = if memory { &MEMORY } else { &COMMON };
    let mut parts: Vec<String> =
        known.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, name)| (*name).to_string()).collect();
    let mut rest = known.iter().fold(flags & !0o777, |rest, (bit, _)| rest & !bit);
    let size = rest >> SHM_HUGE_SHIFT;
    if memory {
        rest &= (1 << SHM_HUGE_SHIFT) - 1;
    }
    let permissions = Value::Octal(flags & 0o777).text();
    if parts.is_empty() && rest != 0 && !memory {
        // Flags without any name stand right before the permissions, in strace too.
        return Value::Text((Value::Hex(rest).text() + &permissions).into());
    }
    if rest != 0 {
        parts.push(Value::Hex(rest).text());
    }
    if memory && size != 0 {
        parts.push(format!("{size}<<SHM_HUGE_SHIFT"));
    }
    parts.push(permissions);
    Value::Text(parts.join("|").into())
}

/// A key's serial number, or a name for one of the task's own keyrings, keyctl(2).
pub fn key_serial(ctx: &Ctx<'_>, index: usize) -> Value {
    let serial = ctx.arg(index) & 0xffff_ffff;
    match names::KEY_SPEC.name(ctx.arch(), serial, 32) {
        named @ Value::Named(_) => named,
        _ => Value::Signed((serial as i32).into()),
    }
}

/// What KEYCTL_DESCRIBE tells: text, whose NUL the result counts.
pub fn key_description(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let len = ctx.returned().filter(|len| *len > 0);
    match (ctx.side(dir), len) {
        (Some(side), Some(len)) if len as u64 <= ctx.arg(index + 1) => ctx.buffer(side, addr, len as u64 - 1),
        _ => Value::address(addr),
    }
}

/// A set of memory nodes, numa(7): the words of the mask.
pub fn nodemask(ctx: &Ctx<'_>, index: usize, dir: Dir, maxnode: u64) -> Value {
    let (addr, word) = (ctx.arg(index), ctx.word());
    let count = crate::abi::fetch::nodemask_words(ctx.arch(), maxnode) as u64;
    match ctx.side(dir) {
        Some(_) if addr != 0 && maxnode == 0 => Value::Array { items: Vec::new(), elided: false },
        Some(side) if count != 0 => ctx.elements(side, addr, count, word, |bytes| {
            let text = match le(bytes) {
                0 => "0".repeat(word * 2),
                mask => format!("{mask:#0width$x}", width = word * 2),
            };
            Value::Text(text.into())
        }),
        _ => Value::address(addr),
    }
}

/// What a ruleset handles, landlock_create_ruleset(2): as many fields as the size has room for.
pub fn ruleset(ctx: &Ctx<'_>, index: usize) -> Value {
    let (addr, size) = (ctx.arg(index), ctx.arg(index + 1));
    let Some(layout) = crate::abi::structure("landlock_ruleset_attr") else { return Value::address(addr) };
    let own = layout.layout(ctx.arch());
    let known = size.min(u64::from(own.size));
    // What is shorter than the first field is none; what follows the end counts as zero.
    let Some(bytes) = ctx.read(Side::Entry, addr, known as usize).filter(|_| size >= 8) else {
        return Value::address(addr);
    };
    let fields = own.fields.iter().filter(|field| u64::from(field.offset) < size);
    let fields = fields.map(|field| {
        let mut own = [0; 8];
        let part = &bytes[field.offset as usize..bytes.len().min(field.offset as usize + 8)];
        own[..part.len()].copy_from_slice(part);
        (field.name.into(), ctx.place(&field.ty, &own))
    });
    Value::Struct { name: layout.name, fields: fields.collect(), elided: size > known }
}

/// A byte for each page, of which the lowest bit tells whether the page is in memory, mincore(2).
pub fn page_states(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let (addr, pages) = (ctx.arg(index), ctx.arg(1).div_ceil(4096));
    match ctx.side(dir) {
        Some(side) => ctx.elements(side, addr, pages, 1, |page| Value::Unsigned(le(page) & 1)),
        None => Value::address(addr),
    }
}

/// How to open, openat2(2), with what is beyond the fields that are known.
pub fn open_how(ctx: &Ctx<'_>, index: usize) -> Value {
    let (addr, size) = (ctx.arg(index), ctx.arg(index + 1));
    let Some(layout) = crate::abi::structure("open_how").filter(|layout| {
        // OPEN_HOW_SIZE_VER0: the kernel takes no less.
        size >= u64::from(layout.layout(ctx.arch()).size)
    }) else {
        return Value::address(addr);
    };
    let known = u64::from(layout.layout(ctx.arch()).size);
    match ctx.structure_at(Side::Entry, addr, layout) {
        Value::Struct { name, mut fields, elided } => {
            fields.extend(ctx.unknown_tail(addr, known, size).map(|tail| ("".into(), tail)));
            Value::Struct { name, fields, elided }
        }
        value => value,
    }
}

/// How to schedule, sched_setattr(2): the structure says its own size.
pub fn sched_attr(ctx: &Ctx<'_>, index: usize) -> Value {
    const FIRST: u64 = 48;
    let addr = ctx.arg(index);
    let (Some(size), Some(layout)) = (ctx.uint(Side::Entry, addr, 4), crate::abi::structure("sched_attr")) else {
        return Value::address(addr);
    };
    let known = u64::from(layout.layout(ctx.arch()).size);
    let len = if size == 0 { FIRST } else { size.min(known) };
    match ctx.read(Side::Entry, addr, len as usize) {
        Some(bytes) => ctx.structure(layout, bytes),
        None => Value::address(addr),
    }
}

/// How a task was scheduled, sched_getattr(2): the kernel stores how much it wrote.
pub fn scheduled(ctx: &Ctx<'_>, index: usize) -> Value {
    let (addr, room) = (ctx.arg(index), ctx.count(index + 1));
    let Some(layout) = abi::structure("sched_attr").filter(|_| room != 0 && ctx.returned().is_some()) else {
        return Value::address(addr);
    };
    match ctx.read(Side::Exit, addr, room.min(layout.layout(ctx.arch()).size.into()) as usize) {
        Some(bytes) => ctx.structure(layout, bytes),
        None => Value::address(addr),
    }
}

/// What a timer or a queue does, sigevent(3type): the kernel reads 64 bytes, but only the first fields mean anything.
pub fn sigevent(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    // The value, two ints, and a union of a task's number with two pointers.
    let len = 8 + 3 * ctx.word();
    match (crate::abi::structure("sigevent"), ctx.read(Side::Entry, addr, len)) {
        (Some(layout), Some(bytes)) => ctx.structure(layout, bytes),
        _ => Value::address(addr),
    }
}

/// modify_ldt(2): a segment, where one is written and has its size; the reading functions fill in something else.
pub fn ldt_entry(ctx: &Ctx<'_>, index: usize) -> Value {
    const READ: u64 = 0;
    const READ_DEFAULT: u64 = 2;
    let (addr, size) = (ctx.arg(index), ctx.arg(index + 1));
    match abi::structure("user_desc") {
        Some(layout) if size == 16 && !matches!(ctx.arg(0) & 0xffff_ffff, READ | READ_DEFAULT) => {
            ctx.structure_at(Side::Entry, addr, layout)
        }
        _ => Value::address(addr),
    }
}

/// set_thread_area(2) and get_thread_area(2): of a failed question only the number.
pub fn thread_area(ctx: &Ctx<'_>, index: usize) -> Value {
    let (addr, asks) = (ctx.arg(index), ctx.call.name == "get_thread_area");
    let Some(layout) = abi::structure("user_desc") else { return Value::address(addr) };
    if !asks || ctx.returned().is_some() {
        return ctx.structure_at(if asks { Side::Exit } else { Side::Entry }, addr, layout);
    }
    match ctx.structure_at(Side::Entry, addr, layout) {
        Value::Struct { name, mut fields, .. } => {
            fields.truncate(1);
            Value::Struct { name, fields, elided: true }
        }
        value => value,
    }
}

/// The directory that getcwd(2) stored, whose NUL the result counts.
pub fn directory(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let Some(len) = ctx.returned() else { return Value::address(addr) };
    let len = usize::try_from(len - 1).unwrap_or(PATH_SHOWN).min(PATH_SHOWN);
    let piece = ctx.memory(Side::Exit).at(addr).filter(|_| addr != 0);
    let Some(bytes) = piece.map(|piece| take(piece.bytes, len + 1)) else { return Value::address(addr) };
    match bytes.iter().position(|&byte| byte == 0) {
        Some(end) => Value::Str { bytes: bytes[..end].to_vec(), true_len: end as u64, terminated: true },
        None if bytes.len() > len => {
            Value::Str { bytes: bytes[..len].to_vec(), true_len: len as u64, terminated: false }
        }
        None => Value::Address(addr),
    }
}

/// The number of a call behind ipc(2), with the version of its structures in the upper half.
pub fn ipc_call(ctx: &Ctx<'_>, index: usize) -> Value {
    let raw = ctx.arg(index) & 0xffff_ffff;
    match raw >> 16 {
        0 => Value::Unsigned(raw),
        version => Value::Text(format!("{version}<<16|{}", raw & 0xffff).into()),
    }
}

/// A name of memfd_create(2): what fits behind `memfd:`, and one byte more, which shows that there was too much.
pub fn memfd_name(ctx: &Ctx<'_>, index: usize) -> Value {
    const MOST: usize = 250;
    let addr = ctx.arg(index);
    match ctx.view.entry.at(addr) {
        Some(piece) if addr != 0 && piece.bytes.len() >= MOST && !piece.bytes[..MOST].contains(&0) => {
            Value::Str { bytes: piece.bytes[..MOST].to_vec(), true_len: MOST as u64 + 1, terminated: false }
        }
        _ => ctx.c_string(addr, MOST),
    }
}
