//! Requests to btrfs, linux/btrfs.h: what is asked, and after the call what the file system answered. Left out: what its
//! answers point to (paths, inodes, extents).

use super::names::{
    BTRFS_BALANCE, BTRFS_BALANCE_ARGS, BTRFS_BALANCE_STATE, BTRFS_COMPAT_RO, BTRFS_COMPRESS, BTRFS_CSUM, BTRFS_DEFRAG,
    BTRFS_FS_INFO, BTRFS_INCOMPAT, BTRFS_INHERIT, BTRFS_KEY, BTRFS_LIMIT, BTRFS_LOGICAL, BTRFS_OBJECT, BTRFS_QUOTA,
    BTRFS_REPLACE, BTRFS_REPLACE_FROM, BTRFS_REPLACE_RESULT, BTRFS_REPLACE_STATE, BTRFS_SCRUB, BTRFS_SEND, BTRFS_SPACE,
    BTRFS_STATS, BTRFS_SUBVOLUME,
};
use super::record::Record;
use super::tee::uuid;
use crate::abi::Dir;
use crate::decode::num::device;
use crate::decode::time::date;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le};

/// What a structure looks like.
type Show = fn(&mut Record<'_>);

/// By the number of a request: what the program says, and what the file system adds.
fn shape(number: u64) -> Option<(Option<Show>, Option<Show>)> {
    Some(match number {
        16 => (Some(defragment), None),
        17 => (Some(search), Some(found)),
        18 => (Some(lookup), Some(|r| _ = r.text("name", 16, 4080))),
        20 => (Some(|r| _ = r.unsigned("space_slots", 0, 8)), Some(spaces)),
        23 | 24 => (Some(subvolume), Some(|r| _ = r.unsigned("transid", 8, 8))),
        27 => (Some(scrub), Some(scrubbed)),
        29 => (Some(|r| device_id(r, "devid", 0)), Some(scrubbed)),
        30 => (Some(which_device), Some(a_device)),
        31 => (None, Some(file_system)),
        32 => (Some(balance), Some(balanced)),
        34 => (None, Some(balanced)),
        35 => (Some(paths), Some(|r| pointer(r, "fspath", 48))),
        36 => (Some(logical), Some(|r| pointer(r, "inodes", 48))),
        37 => (Some(received), Some(|r| _ = when(r.unsigned("rtransid", 24, 8), "rtime", 48))),
        38 => (Some(send), None),
        40 => (Some(|r| _ = r.named("cmd", 0, 8, BTRFS_QUOTA)), None),
        41 => (Some(|r| _ = r.unsigned("assign", 0, 8).unsigned("src", 8, 8).unsigned("dst", 16, 8)), None),
        42 => (Some(|r| _ = r.unsigned("create", 0, 8).unsigned("qgroupid", 8, 8)), None),
        43 => (None, Some(|r| _ = limit(r.unsigned("qgroupid", 0, 8), 8))),
        44 => (Some(|r| _ = r.unsigned("flags", 0, 8)), None),
        45 => (None, Some(|r| _ = r.unsigned("flags", 0, 8).unsigned("progress", 8, 8))),
        52 => (Some(statistics_of), Some(statistics)),
        53 => (Some(replace), Some(replaced)),
        _ => return None,
    })
}

/// The argument of a request whose third number is that of `shape`.
pub fn request(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let (number, size) = (ctx.arg(1) & 0xff, (ctx.arg(1) >> 16 & 0x3fff) as usize);
    // Pointers and times make some structures shorter in 32-bit programs; only the common layout is taken apart.
    let alike = ctx.word() == 8 || !matches!(number, 37 | 38);
    let Some((ask, answer)) = shape(number).filter(|_| alike) else { return Value::address(addr) };
    let read = |side: Side| ctx.read(side, addr, size);
    let show = |show: Show, bytes: &[u8]| {
        let mut record = Record::new(ctx, bytes);
        show(&mut record);
        record.end("")
    };
    let after = ctx.returned().and(answer);
    match (ask, after) {
        (Some(ask), None) => read(Side::Entry).map_or(Value::address(addr), |bytes| show(ask, bytes)),
        (None, Some(answer)) => read(Side::Exit).map_or(Value::address(addr), |bytes| show(answer, bytes)),
        (None, None) => Value::address(addr),
        (Some(ask), Some(answer)) => match (read(Side::Entry), read(Side::Exit)) {
            (Some(before), Some(after)) => Value::Changed(Box::new(show(ask, before)), Box::new(show(answer, after))),
            _ => Value::address(addr),
        },
    }
}

/// Features of a file system: those it has, or some to set and the bits that count, or those that can be had.
pub fn features(ctx: &Ctx<'_>, index: usize, side: Option<Side>, count: usize) -> Value {
    const SIZE: usize = 24;
    let addr = ctx.arg(index);
    let Some(bytes) = side.and_then(|side| ctx.read(side, addr, count * SIZE)) else { return Value::address(addr) };
    let one = |bytes: &[u8]| {
        let mut record = Record::new(ctx, bytes);
        let compat = match record.raw(0, 8) {
            0 => Value::Unsigned(0),
            raw => Value::Unknown { raw, comment: "BTRFS_FEATURE_COMPAT_???" },
        };
        record.add("compat_flags", compat).flags("compat_ro_flags", 8, 8, BTRFS_COMPAT_RO);
        record.flags("incompat_flags", 16, 8, BTRFS_INCOMPAT).end("btrfs_ioctl_feature_flags")
    };
    match count {
        1 => one(bytes),
        _ => Value::Array { items: bytes.chunks_exact(SIZE).map(one).collect(), elided: false },
    }
}

/// Flags of a subvolume, without the brackets of other numbers.
pub fn subvolume_flags(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let flags = ctx.side(dir).and_then(|side| ctx.uint(side, addr, 8));
    flags.map_or(Value::address(addr), |flags| BTRFS_SUBVOLUME.flags(ctx.arch(), flags, 64))
}

/// A number of which the largest stands for "no end".
fn most(r: &mut Record<'_>, name: &'static str, at: usize) {
    let value = match r.raw(at, 8) {
        u64::MAX => Value::Named("UINT64_MAX".into()),
        number => Value::Unsigned(number),
    };
    r.add(name, value);
}

fn pointer(r: &mut Record<'_>, name: &'static str, at: usize) {
    let value = Value::address(r.raw(at, 8));
    r.add(name, value);
}

fn device_id(r: &mut Record<'_>, name: &'static str, at: usize) {
    let value = device(r.raw(at, 8));
    r.add(name, value);
}

/// A tree or an object of one, by name if it has one.
fn object(r: &mut Record<'_>, name: &'static str, at: usize) {
    let raw = r.raw(at, 8);
    let value = match BTRFS_OBJECT.name(r.ctx.arch(), raw, 64) {
        Value::Named(name) => Value::Named(name),
        _ if raw == u64::MAX => Value::Named("UINT64_MAX".into()),
        _ => Value::Unsigned(raw),
    };
    r.add(name, value);
}

fn key_type(r: &mut Record<'_>, name: &'static str, at: usize) {
    let raw = r.raw(at, 4);
    let value = match BTRFS_KEY.name(r.ctx.arch(), raw, 32) {
        Value::Named(name) => Value::Named(name),
        _ if raw == u64::from(u32::MAX) => Value::Named("UINT32_MAX".into()),
        _ => Value::Unsigned(raw),
    };
    r.add(name, value);
}

fn when<'r, 'a>(r: &'r mut Record<'a>, name: &'static str, at: usize) -> &'r mut Record<'a> {
    let (seconds, nanoseconds) = (r.raw(at, 8), r.raw(at + 8, 4));
    let value = Value::structure(
        "btrfs_ioctl_timespec",
        vec![("sec".into(), Value::Unsigned(seconds)), ("nsec".into(), Value::Unsigned(nanoseconds))],
    );
    let value = match date(seconds as i64, nanoseconds, 9) {
        Some(date) => value.commented(date),
        None => value,
    };
    r.add(name, value)
}

fn defragment(r: &mut Record<'_>) {
    r.unsigned("start", 0, 8);
    most(r, "len", 8);
    r.flags("flags", 16, 8, BTRFS_DEFRAG).unsigned("extent_thresh", 24, 4).named(
        "compress_type",
        28,
        4,
        BTRFS_COMPRESS,
    );
}

/// The key of a search; the second version also says how much room there is for what is found.
fn search(r: &mut Record<'_>) {
    const FIRST_FREE: u64 = 256;
    const SECOND: usize = 112;
    let mut key = Record::new(r.ctx, r.bytes);
    object(&mut key, "tree_id", 0);
    let full = r.ctx.options.verbose;
    if full || r.raw(8, 8) != FIRST_FREE {
        object(&mut key, "min_objectid", 8);
    }
    if full || r.raw(16, 8) != FIRST_FREE.wrapping_neg() {
        object(&mut key, "max_objectid", 16);
    }
    for (name, at) in [("min_offset", 24), ("max_offset", 32), ("min_transid", 40), ("max_transid", 48)] {
        most(&mut key, name, at);
    }
    key_type(&mut key, "min_type", 56);
    key_type(&mut key, "max_type", 60);
    let key = key.unsigned("nr_items", 64, 4).end("btrfs_ioctl_search_key");
    r.add("key", key);
    if r.bytes.len() == SECOND {
        r.unsigned("buf_size", 104, 8);
    }
}

fn found(r: &mut Record<'_>) {
    const SECOND: usize = 112;
    let key = Record::new(r.ctx, r.bytes).unsigned("nr_items", 64, 4).end("btrfs_ioctl_search_key");
    r.add("key", key);
    if r.bytes.len() == SECOND {
        r.unsigned("buf_size", 104, 8);
    }
    r.elide();
}

fn lookup(r: &mut Record<'_>) {
    object(r, "treeid", 0);
    object(r, "objectid", 8);
}

fn spaces(r: &mut Record<'_>) {
    let asked = r.raw(0, 8);
    let count = r.raw(8, 8);
    r.unsigned("total_spaces", 8, 8);
    if asked != 0 || count == 0 {
        r.elide();
    }
}

fn subvolume(r: &mut Record<'_>) {
    const INHERIT: u64 = 4;
    r.descriptor("fd", 0).flags("flags", 16, 8, BTRFS_SUBVOLUME);
    if r.raw(16, 8) & INHERIT != 0 {
        let (ctx, at) = (r.ctx, r.pointer(32));
        let inherit = ctx.read(Side::Entry, at, 72).map(|bytes| {
            let mut own = Record::new(ctx, bytes);
            own.flags("flags", 0, 8, BTRFS_INHERIT).unsigned("num_qgroups", 8, 8).unsigned("num_ref_copies", 16, 8);
            own.unsigned("num_excl_copies", 24, 8);
            limit(&mut own, 32).elide().end("btrfs_qgroup_inherit")
        });
        let size = r.raw(24, 8);
        let inherit = inherit.filter(|_| size != 0).unwrap_or(Value::address(at));
        r.unsigned("size", 24, 8).add("qgroup_inherit", inherit);
    }
    r.text("name", 56, 4040);
}

fn limit<'r, 'a>(r: &'r mut Record<'a>, at: usize) -> &'r mut Record<'a> {
    let mut own = Record::new(r.ctx, r.from(at));
    own.flags("flags", 0, 8, BTRFS_LIMIT).unsigned("max_rfer", 8, 8).unsigned("max_excl", 16, 8);
    let value = own.unsigned("rsv_rfer", 24, 8).unsigned("rsv_excl", 32, 8).end("btrfs_qgroup_limit");
    r.add("lim", value)
}

fn scrub(r: &mut Record<'_>) {
    device_id(r, "devid", 0);
    r.unsigned("start", 8, 8);
    most(r, "end", 16);
    r.flags("flags", 24, 8, BTRFS_SCRUB);
}

fn scrubbed(r: &mut Record<'_>) {
    const COUNTS: [&str; 15] = [
        "data_extents_scrubbed",
        "tree_extents_scrubbed",
        "data_bytes_scrubbed",
        "tree_bytes_scrubbed",
        "read_errors",
        "csum_errors",
        "verify_errors",
        "no_csum",
        "csum_discards",
        "super_errors",
        "malloc_errors",
        "uncorrectable_errors",
        "corrected_errors",
        "last_physical",
        "unverified_errors",
    ];
    let mut own = Record::new(r.ctx, r.from(32));
    for (i, name) in COUNTS.into_iter().enumerate() {
        own.unsigned(name, i * 8, 8);
    }
    let value = own.end("btrfs_scrub_progress");
    r.add("progress", value);
}

fn which_device(r: &mut Record<'_>) {
    device_id(r, "devid", 0);
    identity(r, "uuid", 8);
}

/// A UUID, where there is one.
fn identity(r: &mut Record<'_>, name: &'static str, at: usize) {
    let bytes = &r.from(at)[..16.min(r.from(at).len())];
    if bytes.iter().any(|&byte| byte != 0) {
        r.add(name, uuid(bytes));
    }
}

fn a_device(r: &mut Record<'_>) {
    identity(r, "uuid", 8);
    r.unsigned("bytes_used", 24, 8).unsigned("total_bytes", 32, 8).text("path", 3072, 1024);
}

fn file_system(r: &mut Record<'_>) {
    let flags = r.raw(48, 8);
    r.unsigned("max_id", 0, 8).unsigned("num_devices", 8, 8);
    identity(r, "fsid", 16);
    r.unsigned("nodesize", 32, 4).unsigned("sectorsize", 36, 4).unsigned("clone_alignment", 40, 4);
    if flags & 1 != 0 {
        r.named("csum_type", 44, 2, BTRFS_CSUM).unsigned("csum_size", 46, 2);
    }
    r.flags("flags", 48, 8, BTRFS_FS_INFO);
    if flags & 2 != 0 {
        r.unsigned("generation", 56, 8);
    }
    if flags & 4 != 0 {
        identity(r, "metadata_uuid", 64);
    }
}

fn balance(r: &mut Record<'_>) {
    r.flags("flags", 0, 8, BTRFS_BALANCE);
    parts(r);
}

fn balanced(r: &mut Record<'_>) {
    r.flags("flags", 0, 8, BTRFS_BALANCE).flags("state", 8, 8, BTRFS_BALANCE_STATE);
    parts(r);
}

fn parts(r: &mut Record<'_>) {
    let flags = r.raw(0, 8);
    for (name, bit, at) in [("data", 1, 16), ("meta", 4, 152), ("sys", 2, 288)] {
        if flags & bit == 0 {
            continue;
        }
        let mut own = Record::new(r.ctx, r.from(at));
        own.flags("profiles", 0, 8, BTRFS_SPACE);
        most(&mut own, "usage", 8);
        device_id(&mut own, "devid", 16);
        for (name, at) in [("pstart", 24), ("pend", 32), ("vstart", 40), ("vend", 48), ("target", 56)] {
            most(&mut own, name, at);
        }
        let value = own.flags("flags", 64, 8, BTRFS_BALANCE_ARGS).end("btrfs_balance_args");
        r.add(name, value);
    }
}

fn paths(r: &mut Record<'_>) {
    r.unsigned("inum", 0, 8).unsigned("size", 8, 8);
    pointer(r, "fspath", 48);
}

fn logical(r: &mut Record<'_>) {
    r.unsigned("logical", 0, 8).unsigned("size", 8, 8).reserved("reserved", 16, 8, 3);
    r.flags("flags", 40, 8, BTRFS_LOGICAL);
    pointer(r, "inodes", 48);
}

fn received(r: &mut Record<'_>) {
    identity(r, "uuid", 0);
    when(r.unsigned("stransid", 16, 8), "stime", 32).unsigned("flags", 64, 8);
}

fn send(r: &mut Record<'_>) {
    let (ctx, count) = (r.ctx, r.raw(8, 8));
    let at = r.pointer(16);
    let sources = match ctx.options.verbose {
        true => ctx.elements(Side::Entry, at, count, 8, |bytes| Value::Unsigned(le(bytes))),
        false => Value::address(at),
    };
    r.descriptor("send_fd", 0).unsigned("clone_sources_count", 8, 8).add("clone_sources", sources);
    object(r, "parent_root", 24);
    r.flags("flags", 32, 8, BTRFS_SEND);
}

fn statistics_of(r: &mut Record<'_>) {
    device_id(r, "devid", 0);
    r.unsigned("nr_items", 8, 8).flags("flags", 16, 8, BTRFS_STATS);
}

fn statistics(r: &mut Record<'_>) {
    const NAMES: [&str; 5] = ["WRITE_ERRS", "READ_ERRS", "FLUSH_ERRS", "CORRUPTION_ERRS", "GENERATION_ERRS"];
    let count = r.raw(8, 8).min(121) as usize;
    r.unsigned("nr_items", 8, 8).flags("flags", 16, 8, BTRFS_STATS);
    let item = |i: usize| {
        let name = match NAMES.get(i) {
            Some(name) => format!("BTRFS_DEV_STAT_{name}"),
            None => i.to_string(),
        };
        Value::Text(format!("[{name}]={}", r.raw(24 + i * 8, 8)).into())
    };
    let values = Value::Array { items: (0..count).map(item).collect(), elided: false };
    r.add("values", values);
}

fn replace(r: &mut Record<'_>) {
    const START: u64 = 0;
    r.named("cmd", 0, 8, BTRFS_REPLACE);
    if r.raw(0, 8) == START {
        let mut own = Record::new(r.ctx, r.from(16));
        device_id(&mut own, "srcdevid", 0);
        own.named("cont_reading_from_srcdev_mode", 8, 8, BTRFS_REPLACE_FROM).text("srcdev_name", 16, 1025);
        let value = own.text("tgtdev_name", 1041, 1025).end("btrfs_ioctl_dev_replace_start_params");
        r.add("start", value);
    }
}

fn replaced(r: &mut Record<'_>) {
    const STATUS: u64 = 1;
    r.named("result", 8, 8, BTRFS_REPLACE_RESULT);
    if r.raw(0, 8) == STATUS {
        let mut own = Record::new(r.ctx, r.from(16));
        own.named("replace_state", 0, 8, BTRFS_REPLACE_STATE).unsigned("progress_1000", 8, 8);
        own.unsigned("time_started", 16, 8).unsigned("time_stopped", 24, 8).unsigned("num_write_errors", 32, 8);
        let value = own.unsigned("num_uncorrectable_read_errors", 40, 8).end("btrfs_ioctl_dev_replace_status_params");
        r.add("status", value);
    }
}
