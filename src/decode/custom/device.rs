//! Requests to devices and file systems whose structure alone does not say what is shown: extents and ranges behind a
//! header, partitions, entropy, a label, and structures of which the program fills one part and the kernel another.

use super::names::{FIEMAP, RTC_BSM, RTC_FEATURE, RTC_PARAM, SG_RESET};
use crate::abi::{self, Dir};
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, c_string_of, le, take};

type Fields = Vec<(std::borrow::Cow<'static, str>, Value)>;

/// `struct fiemap` of linux/fiemap.h and one of its extents, bytes.
const FIEMAP_HEADER: usize = 32;
const EXTENT: usize = 56;

/// FS_IOC_FIEMAP: what is asked for, and after the call the extents that were found.
pub fn fiemap(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let Some(bytes) = ctx.read(Side::Entry, addr, FIEMAP_HEADER) else { return Value::address(addr) };
    let field = |at: usize, len: usize| le(take(bytes.get(at..).unwrap_or_default(), len));
    let mut fields: Fields = vec![
        ("fm_start".into(), Value::Unsigned(field(0, 8))),
        ("fm_length".into(), Value::Unsigned(field(8, 8))),
        ("fm_flags".into(), FIEMAP.flags(ctx.arch(), field(16, 4), 32)),
        ("fm_extent_count".into(), Value::Unsigned(field(24, 4))),
    ];
    let before = Value::structure("fiemap", std::mem::take(&mut fields));
    let Some(after) = ctx.returned().and_then(|_| ctx.read(Side::Exit, addr, FIEMAP_HEADER)) else { return before };
    let mapped = le(&after[20..24]);
    let mut fields: Fields = vec![
        ("fm_flags".into(), FIEMAP.flags(ctx.arch(), le(&after[16..20]), 32)),
        ("fm_mapped_extents".into(), Value::Unsigned(mapped)),
    ];
    let extents = match abi::structure("fiemap_extent") {
        Some(layout) if ctx.options.verbose => {
            let first = addr.wrapping_add(FIEMAP_HEADER as u64);
            ctx.elements(Side::Exit, first, mapped, EXTENT, |bytes| ctx.structure(layout, bytes))
        }
        _ => Value::Text("...".into()),
    };
    fields.push((if ctx.options.verbose { "fm_extents".into() } else { "".into() }, extents));
    Value::Changed(Box::new(before), Box::new(Value::structure("fiemap", fields)))
}

/// BLKPG: an operation and the partition that it is about.
pub fn blkpg(ctx: &Ctx<'_>, index: usize) -> Value {
    let (addr, word) = (ctx.arg(index), ctx.word());
    let data_at = 12usize.next_multiple_of(word);
    let Some(bytes) = ctx.read(Side::Entry, addr, data_at + word) else { return Value::address(addr) };
    let int = |at: usize| Value::Signed(i64::from(le(&bytes[at..at + 4]) as i32));
    let data = le(&bytes[data_at..]);
    let partition = match abi::structure("blkpg_partition") {
        Some(layout) => ctx.structure_at(Side::Entry, data, layout),
        None => Value::address(data),
    };
    let fields = vec![
        ("op".into(), super::names::BLKPG.name(ctx.arch(), le(&bytes[..4]), 32)),
        ("flags".into(), int(4)),
        ("datalen".into(), int(8)),
        ("data".into(), partition),
    ];
    Value::structure("blkpg_ioctl_arg", fields)
}

/// BLKTRACESETUP: what to trace, and after the call the name of what it made.
pub fn trace_setup(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let Some(layout) = abi::structure("blk_user_trace_setup") else { return Value::address(addr) };
    let asked = match ctx.structure_at(Side::Entry, addr, layout) {
        Value::Struct { name, mut fields, elided } => {
            fields.remove(0);
            Value::Struct { name, fields, elided }
        }
        value => return value,
    };
    match ctx.returned().map(|_| ctx.structure_at(Side::Exit, addr, layout)) {
        Some(Value::Struct { name, mut fields, elided }) => {
            fields.truncate(1);
            Value::Changed(Box::new(asked), Box::new(Value::Struct { name, fields, elided }))
        }
        _ => asked,
    }
}

/// RNDADDENTROPY: how much entropy, and the bytes that hold it.
pub fn rand_pool_info(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let Some(bytes) = ctx.read(Side::Entry, addr, 8) else { return Value::address(addr) };
    let int = |at: usize| le(&bytes[at..at + 4]) as i32;
    let buf = ctx.buffer(Side::Entry, addr.wrapping_add(8), int(4).max(0) as u64);
    let fields = vec![
        ("entropy_count".into(), Value::Signed(int(0).into())),
        ("buf_size".into(), Value::Signed(int(4).into())),
        ("buf".into(), buf),
    ];
    Value::structure("rand_pool_info", fields)
}

/// A file system's label: at most FSLABEL_MAX bytes.
pub fn label(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let piece = ctx.side(dir).and_then(|side| ctx.memory(side).at(addr)).filter(|_| addr != 0);
    piece.and_then(|piece| c_string_of(piece, 255)).unwrap_or_else(|| Value::address(addr))
}

/// Structures whose first fields the program fills and whose last the kernel: `rest` of them, shown after the call.
pub fn answered(ctx: &Ctx<'_>, name: &'static str, index: usize, rest: usize) -> Value {
    let addr = ctx.arg(index);
    let side = if ctx.returned().is_some() { Side::Exit } else { Side::Entry };
    let Some(layout) = abi::structure(name) else { return Value::address(addr) };
    match ctx.structure_at(side, addr, layout) {
        Value::Struct { name, mut fields, elided } => {
            if side == Side::Entry {
                fields.truncate(fields.len().saturating_sub(rest));
            }
            for (label, value) in &mut fields {
                match (label.as_ref(), &*value) {
                    ("ioctls", Value::Hex(mask)) => *value = uffd_requests(*mask),
                    ("name", _) if name == "ubi_mkvol_req" => {
                        let at = |offset: u64, len| ctx.read(side, addr.wrapping_add(offset), len);
                        if let (Some(len), Some(text)) = (at(18, 2), at(24, 128)) {
                            *value = named_volume(text, le(len) as i16);
                        }
                    }
                    _ => {}
                }
            }
            Value::Struct { name, fields, elided }
        }
        value => value,
    }
}

/// MEMGETREGIONINFO: the program says which region.
pub fn region_info(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let Some(layout) = abi::structure("region_info_user") else { return Value::address(addr) };
    let ask = match ctx.structure_at(Side::Entry, addr, layout) {
        Value::Struct { name, mut fields, elided } => {
            Value::Struct { name, fields: fields.split_off(fields.len().saturating_sub(1)), elided }
        }
        value => return value,
    };
    match ctx.returned().map(|_| ctx.structure_at(Side::Exit, addr, layout)) {
        Some(Value::Struct { name, mut fields, elided }) => {
            fields.pop();
            Value::Changed(Box::new(ask), Box::new(Value::Struct { name, fields, elided }))
        }
        _ => ask,
    }
}

/// `UBI_IOCRNVOL`: new names for some volumes. linux: mtd/ubi-user.h.
pub fn ubi_rename(ctx: &Ctx<'_>, index: usize) -> Value {
    const HEADER: u64 = 16;
    const ENTRY: usize = 136;
    const MOST: u64 = 32;
    let addr = ctx.arg(index);
    let Some(count) = ctx.int(Side::Entry, addr).filter(|_| ctx.read(Side::Entry, addr, 4368).is_some()) else {
        return Value::address(addr);
    };
    let mut entries = Vec::new();
    for i in 0..(count.max(0) as u64).min(MOST) {
        let at = addr.wrapping_add(HEADER + i * ENTRY as u64);
        let Some(bytes) = ctx.read(Side::Entry, at, ENTRY) else { break };
        let len = le(&bytes[4..6]) as i16;
        entries.push(Value::structure(
            "ents",
            vec![
                ("vol_id".into(), Value::Signed(i64::from(le(&bytes[..4]) as i32))),
                ("name_len".into(), Value::Signed(len.into())),
                ("name".into(), named_volume(&bytes[8..], len)),
            ],
        ));
    }
    let fields = vec![
        ("count".into(), Value::Signed(count.into())),
        ("ents".into(), Value::Array { items: entries, elided: false }),
    ];
    Value::structure("ubi_rnvol_req", fields)
}

/// A volume's name, which need not end in NUL within its length.
pub fn named_volume(field: &[u8], len: i16) -> Value {
    let own = take(field, (len.max(0) as usize).min(127));
    let text = own.split(|&b| b == 0).next().unwrap_or_default();
    // The byte after the length should be the NUL.
    let terminated = len > 0 && (text.len() < own.len() || field.get(own.len()) == Some(&0));
    Value::Str { bytes: text.to_vec(), true_len: text.len() as u64, terminated }
}

/// RTC_PARAM_SET and RTC_PARAM_GET: which member of the union counts depends on the parameter.
pub fn rtc_param(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    const SIZE: usize = 24;
    let addr = ctx.arg(index);
    let Some(bytes) = ctx.read(Side::Entry, addr, SIZE) else { return Value::address(addr) };
    let arch = ctx.arch();
    let parameter = le(&bytes[..8]);
    let setting = |bytes: &[u8]| -> (&'static str, Value) {
        let raw = le(&bytes[8..16]);
        match parameter {
            0 => ("uvalue", features(ctx, raw)),
            1 => ("svalue", Value::Signed(raw as i64)),
            2 => ("uvalue", RTC_BSM.name(arch, raw, 64)),
            _ if raw == 0 => ("uvalue", Value::Unsigned(0)),
            _ => ("uvalue", Value::Hex(raw)),
        }
    };
    let mut fields: Fields = vec![("param".into(), RTC_PARAM.name(arch, parameter, 64))];
    if dir == Dir::In {
        let (name, value) = setting(bytes);
        fields.push((name.into(), value));
    }
    fields.push(("index".into(), Value::Unsigned(le(&bytes[16..20]))));
    if le(&bytes[20..24]) != 0 {
        fields.push(("__pad".into(), Value::Hex(le(&bytes[20..24]))));
    }
    let before = Value::structure("rtc_param", fields);
    if dir == Dir::In {
        return before;
    }
    let after = match ctx.returned().and_then(|_| ctx.read(Side::Exit, addr, SIZE)) {
        Some(bytes) => {
            let (name, value) = setting(bytes);
            Value::structure("rtc_param", vec![(name.into(), value)])
        }
        None => Value::Address(addr),
    };
    Value::Changed(Box::new(before), Box::new(after))
}

fn features(ctx: &Ctx<'_>, mask: u64) -> Value {
    let mut names = Vec::new();
    let mut rest = 0;
    for bit in (0..64).filter(|bit| mask >> bit & 1 == 1) {
        match RTC_FEATURE.name(ctx.arch(), bit, 64) {
            Value::Named(name) => names.push(format!("1<<{name}").into()),
            _ => rest |= 1 << bit,
        }
    }
    Value::Flags { names, rest, unknown: "1<<RTC_FEATURE_???" }
}

/// SG_SCSI_RESET: what to reset, and whether to stop there.
pub fn sg_reset(ctx: &Ctx<'_>, index: usize) -> Value {
    const NO_ESCALATE: u64 = 0x100;
    let addr = ctx.arg(index);
    let Some(raw) = ctx.uint(Side::Entry, addr, 4) else { return Value::address(addr) };
    let value = match SG_RESET.name(ctx.arch(), raw & !NO_ESCALATE, 32) {
        Value::Named(name) if raw & NO_ESCALATE != 0 => Value::Text(format!("SG_SCSI_RESET_NO_ESCALATE|{name}").into()),
        Value::Unknown { comment, .. } if raw & NO_ESCALATE != 0 => {
            Value::Text(format!("SG_SCSI_RESET_NO_ESCALATE|{:#x} /* {comment} */", raw & !NO_ESCALATE).into())
        }
        value => value,
    };
    Value::pointee(value)
}

/// HDIO_DRIVE_CMD: four bytes that a disk reads.
pub fn drive_command(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let Some(bytes) = ctx.read(Side::Entry, addr, 4) else { return Value::address(addr) };
    let byte = |i: usize| Value::Unsigned(bytes[i].into());
    let fields = vec![
        ("command".into(), super::names::ATA_COMMAND.name(ctx.arch(), bytes[0].into(), 8)),
        ("sector_number".into(), byte(1)),
        ("feature".into(), byte(2)),
        ("sector_count".into(), byte(3)),
    ];
    Value::structure("hdio_drive_cmd", fields)
}

/// FIDEDUPERANGE: a range of one file and those of others that may share its blocks.
pub fn dedupe(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let Some(bytes) = ctx.read(Side::Entry, addr, 24) else { return Value::address(addr) };
    let count = le(&bytes[16..18]);
    // A short view shows two.
    let most = if ctx.options.verbose { u64::MAX } else { 2 };
    let list = |side: Side, answer: bool| {
        let list = ctx.elements(side, addr.wrapping_add(24), count.min(most), 32, |info| {
            let part = |at: usize, len: usize| le(&info[at..at + len]);
            let fields = if answer {
                vec![
                    ("bytes_deduped".into(), Value::Unsigned(part(16, 8))),
                    ("status".into(), Value::Signed(i64::from(part(24, 4) as i32))),
                ]
            } else {
                vec![
                    ("dest_fd".into(), Value::Signed(part(0, 8) as i64)),
                    ("dest_offset".into(), Value::Unsigned(part(8, 8))),
                ]
            };
            Value::structure("file_dedupe_range_info", fields)
        });
        match list {
            Value::Array { items, elided } => Value::Array { items, elided: elided || count > most },
            value => value,
        }
    };
    let fields = vec![
        ("src_offset".into(), Value::Unsigned(le(&bytes[..8]))),
        ("src_length".into(), Value::Unsigned(le(&bytes[8..16]))),
        ("dest_count".into(), Value::Unsigned(count)),
        ("info".into(), list(Side::Entry, false)),
    ];
    let before = Value::structure("file_dedupe_range", fields);
    if ctx.returned().is_none() {
        return before;
    }
    let after = Value::structure("file_dedupe_range", vec![("info".into(), list(Side::Exit, true))]);
    Value::Changed(Box::new(before), Box::new(after))
}

/// `struct uffdio_api` of linux/userfaultfd.h: features asked for, features and requests that there are.
pub fn uffdio_api(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let Some(bytes) = ctx.read(Side::Entry, addr, 24) else { return Value::address(addr) };
    let features = |raw: u64| super::names::UFFD_FEATURE.flags(ctx.arch(), raw, 64);
    let api = ("api".into(), Value::Hex(le(&bytes[..8])));
    let asked = features(le(&bytes[8..16]));
    match ctx.returned().and_then(|_| ctx.read(Side::Exit, addr, 24)) {
        Some(after) => {
            let answer = Value::Struct {
                name: "",
                fields: vec![("features".into(), features(le(&after[8..16])))],
                elided: false,
            };
            // strace writes the answer without braces of its own: `features=0 => features=…`.
            let text = answer.text();
            let text = text.trim_start_matches('{').trim_end_matches('}').to_string();
            let both = Value::Changed(Box::new(asked), Box::new(Value::Text(text.into())));
            let requests = uffd_requests(le(&after[16..24]));
            Value::structure("uffdio_api", vec![api, ("features".into(), both), ("ioctls".into(), requests)])
        }
        None => Value::structure("uffdio_api", vec![api, ("features".into(), asked)]),
    }
}

/// Requests as bits, `1<<_UFFDIO_WAKE`.
pub fn uffd_requests(mask: u64) -> Value {
    const NAMES: [(u32, &str); 10] = [
        (0x00, "_UFFDIO_REGISTER"),
        (0x01, "_UFFDIO_UNREGISTER"),
        (0x02, "_UFFDIO_WAKE"),
        (0x03, "_UFFDIO_COPY"),
        (0x04, "_UFFDIO_ZEROPAGE"),
        (0x05, "_UFFDIO_MOVE"),
        (0x06, "_UFFDIO_WRITEPROTECT"),
        (0x07, "_UFFDIO_CONTINUE"),
        (0x08, "_UFFDIO_POISON"),
        (0x3f, "_UFFDIO_API"),
    ];
    let mut names = Vec::new();
    let mut rest = mask;
    for (bit, name) in NAMES {
        if mask >> bit & 1 == 1 {
            names.push(format!("1<<{name}").into());
            rest &= !(1 << bit);
        }
    }
    Value::Flags { names, rest, unknown: "1<<_UFFDIO_???" }
}
