//! Structures whose printed form is not simply their fields in order: short forms that show what matters, limits with
//! their own notation, fields that count only in one command.

use std::borrow::Cow;

use super::names::{CONTROL_CHARACTER, SIGEV};
use super::{epoll_event, interface};
use crate::abi::{Field, Layout, Struct};
use crate::decode::num::{sign_extend, signal_name_or_number};
use crate::decode::signal;
use crate::decode::time::date;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, le, size_of, take};

type Fields = Vec<(Cow<'static, str>, Value)>;

/// The structure's own form; None if it has none and its fields are shown in order.
pub fn structure(ctx: &Ctx<'_>, layout: &'static Struct, bytes: &[u8]) -> Option<Value> {
    let full = ctx.options.verbose;
    match layout.name {
        "tms" => Some(ticks(ctx, layout, bytes)),
        "timespec" | "timespec64" | "timeval" => time(ctx, layout, bytes),
        "__old_kernel_stat" if !full => Some(stat(ctx, layout, bytes)),
        "stat" | "stat64" if !full => Some(stat(ctx, layout, bytes)),
        "stat" | "stat64" => Some(full_stat(ctx, layout, bytes)),
        "statx_timestamp" => {
            let value = time(ctx, layout, bytes)?;
            let (seconds, nanoseconds) = (le(take(bytes, 8)) as i64, le(take(bytes.get(8..).unwrap_or_default(), 4)));
            Some(match date(seconds, nanoseconds, 9) {
                Some(date) => value.commented(date),
                None => value,
            })
        }
        "statx" if !full => {
            // The mode and the size only if the kernel says that it filled them in.
            const STATX_TYPE_OR_MODE: u64 = 3;
            const STATX_SIZE: u64 = 0x200;
            let mask = le(take(bytes, 4));
            let mut names = vec!["stx_mask", "stx_attributes"];
            names.extend((mask & STATX_TYPE_OR_MODE != 0).then_some("stx_mode"));
            names.extend((mask & STATX_SIZE != 0).then_some("stx_size"));
            Some(short(ctx, layout, bytes, &names))
        }
        "termio" | "termios" | "termios2" if !full => {
            Some(short(ctx, layout, bytes, &["c_iflag", "c_oflag", "c_cflag", "c_lflag"]))
        }
        "termio" | "termios" | "termios2" => Some(terminal(ctx, layout, bytes)),
        "statfs" | "statfs64" => Some(statfs(ctx, layout, bytes)),
        "rlimit" | "rlimit64" => Some(rlimit(ctx, layout, bytes)),
        "epoll_event" => Some(epoll_event::event(ctx.arch(), bytes)),
        "sched_attr" => Some(sched_attr(ctx, layout, bytes)),
        "loop_info" | "loop_info64" => loop_info(ctx, layout, bytes),
        "open_how" => Some(open_how(ctx, layout, bytes)),
        "flock" | "flock64" => Some(without(ctx, layout, bytes, |field| {
            // Only the commands that ask learn who holds the lock: F_GETLK, F_GETLK64, F_OFD_GETLK.
            field == "l_pid" && !matches!(ctx.arg(1) as u32, 5 | 12 | 36)
        })),
        "sigevent" => Some(sigevent(ctx, layout, bytes)),
        "v4l2_capability" => {
            let device = le(take(bytes.get(88..).unwrap_or_default(), 4));
            let value = without(ctx, layout, bytes, |field| field == "device_caps" && device == 0);
            let Value::Struct { name, mut fields, elided } = value else { return Some(value) };
            let version = le(take(bytes.get(80..).unwrap_or_default(), 4));
            let parts = [version >> 16, version >> 8 & 0xff, version & 0xff].map(Value::Unsigned);
            set(&mut fields, "version", Value::Call { function: "KERNEL_VERSION", args: parts.into() });
            Some(Value::Struct { name, fields, elided })
        }
        // Names that no header of the kernel's interface has stand beside their numbers.
        "smc_diag_fallback" => {
            let Value::Struct { name, mut fields, elided } = without(ctx, layout, bytes, |_| false) else {
                return None;
            };
            for ((_, value), bytes) in fields.iter_mut().zip(bytes.chunks_exact(4)) {
                if let Value::Named(reason) = value {
                    *value = Value::Hex(le(bytes)).commented(std::mem::take(reason));
                }
            }
            Some(Value::Struct { name, fields, elided })
        }
        "smc_diag_conninfo" => {
            let Value::Struct { name, mut fields, elided } = without(ctx, layout, bytes, |_| false) else {
                return None;
            };
            for (_, value) in &mut fields {
                // Two digits, of which none is a zero in front.
                if matches!(value, Value::Hex(0)) {
                    *value = Value::Text("00".into());
                }
            }
            Some(Value::Struct { name, fields, elided })
        }
        "user_desc" => Some(segment(ctx, bytes)),
        "ifreq" => Some(interface::request(ctx, bytes)),
        "io_uring_params" => Some(ring(ctx, layout, bytes)),
        _ => None,
    }
}

fn field(ctx: &Ctx<'_>, field: &'static Field, bytes: &[u8]) -> Value {
    ctx.place(&field.ty, bytes.get(field.offset as usize..).unwrap_or_default())
}

fn named(ctx: &Ctx<'_>, layout: Layout, bytes: &[u8], name: &str) -> Option<(Cow<'static, str>, Value)> {
    let found = layout.fields.iter().find(|f| f.name == name)?;
    Some((found.name.into(), field(ctx, found, bytes)))
}

/// Some fields in an order of their own, and `...`.
fn short(ctx: &Ctx<'_>, layout: &'static Struct, bytes: &[u8], names: &[&str]) -> Value {
    let own = layout.layout(ctx.arch());
    let fields = names.iter().filter_map(|name| named(ctx, own, bytes, name)).collect();
    Value::Struct { name: layout.name, fields, elided: true }
}

/// All fields but those that `hidden` names.
fn without(ctx: &Ctx<'_>, layout: &'static Struct, bytes: &[u8], hidden: impl Fn(&str) -> bool) -> Value {
    let shown = layout.layout(ctx.arch()).fields.iter().filter(|f| !hidden(f.name));
    let fields = shown.map(|f| (f.name.into(), field(ctx, f, bytes))).collect();
    Value::Struct { name: layout.name, fields, elided: false }
}

/// Times in clock ticks.
fn ticks(ctx: &Ctx<'_>, layout: &'static Struct, bytes: &[u8]) -> Value {
    let own = layout.layout(ctx.arch());
    let width = own.size as usize / own.fields.len().max(1);
    let part = |f: &Field| le(take(bytes.get(f.offset as usize..).unwrap_or_default(), width));
    let fields = own.fields.iter().map(|f| (f.name.into(), signal::ticks(part(f)))).collect();
    Value::structure(layout.name, fields)
}

/// The fraction of a second is shown without a sign, so that one that is out of range stands out.
fn time(ctx: &Ctx<'_>, layout: &'static Struct, bytes: &[u8]) -> Option<Value> {
    let own = layout.layout(ctx.arch());
    let [seconds, fraction] = own.fields else { return None };
    let part = |f: &Field| {
        let width = size_of(&f.ty, ctx.arch());
        (le(take(bytes.get(f.offset as usize..).unwrap_or_default(), width)), width)
    };
    let (whole, width) = part(seconds);
    let fields = vec![
        (seconds.name.into(), Value::Signed(sign_extend(whole, width * 8))),
        (fraction.name.into(), Value::Unsigned(part(fraction).0)),
    ];
    Some(Value::structure(layout.name, fields))
}

/// `{st_mode=S_IFREG|0644, st_size=12, ...}`; of a device the number instead of the size.
fn stat(ctx: &Ctx<'_>, layout: &'static Struct, bytes: &[u8]) -> Value {
    short(ctx, layout, bytes, &stat_shown(ctx, layout, bytes))
}

/// The fields of a `stat` that a short view shows.
pub fn stat_shown(ctx: &Ctx<'_>, layout: &'static Struct, bytes: &[u8]) -> [&'static str; 2] {
    let mode = named(ctx, layout.layout(ctx.arch()), bytes, "st_mode");
    let device = matches!(mode, Some((_, Value::Mode(mode))) if matches!(mode & 0o170000, 0o20000 | 0o60000));
    ["st_mode", if device { "st_rdev" } else { "st_size" }]
}

/// Everything, with the size and the device where they mean something, and dates to the nanosecond.
fn full_stat(ctx: &Ctx<'_>, layout: &'static Struct, bytes: &[u8]) -> Value {
    let own = layout.layout(ctx.arch());
    let number = |name: &str| {
        let field = own.fields.iter().find(|f| f.name == name)?;
        let width = size_of(&field.ty, ctx.arch());
        Some(le(take(bytes.get(field.offset as usize..).unwrap_or_default(), width)))
    };
    let device = number("st_mode").is_some_and(|mode| matches!(mode & 0o170000, 0o20000 | 0o60000));
    let what = if device { "st_rdev" } else { "st_size" };
    let names = ["st_dev", "st_ino", "st_mode", "st_nlink", "st_uid", "st_gid", "st_blksize", "st_blocks", what];
    let mut fields: Fields = names.iter().filter_map(|name| named(ctx, own, bytes, name)).collect();
    let times = [("st_atime", "st_atime_nsec"), ("st_mtime", "st_mtime_nsec"), ("st_ctime", "st_ctime_nsec")];
    for (seconds, nanoseconds) in times {
        let (Some(whole), Some(fraction)) = (number(seconds), number(nanoseconds)) else { continue };
        let value = Value::Signed(whole as i64);
        let value = match date(whole as i64, fraction, 9) {
            Some(date) => value.commented(date),
            None => value,
        };
        fields.push((seconds.into(), value));
        fields.push((nanoseconds.into(), Value::Unsigned(fraction)));
    }
    Value::structure(layout.name, fields)
}

/// Settings of a terminal, termios(3), each control character by what it is for.
fn terminal(ctx: &Ctx<'_>, layout: &'static Struct, bytes: &[u8]) -> Value {
    let Value::Struct { name, mut fields, elided } = without(ctx, layout, bytes, |_| false) else {
        return Value::Null;
    };
    for (label, value) in &mut fields {
        if let ("c_cc", Value::Array { items, .. }) = (label.as_ref(), &*value) {
            let named = |(i, item): (usize, &Value)| {
                let index = match CONTROL_CHARACTER.name(ctx.arch(), i as u64, 32) {
                    Value::Named(name) => name,
                    _ => i.to_string().into(),
                };
                Value::Text(format!("[{index}]={}", item.text()).into())
            };
            *value = Value::Array { items: items.iter().enumerate().map(named).collect(), elided: false };
        }
    }
    Value::Struct { name, fields, elided }
}

/// The file system's id is a structure of two numbers that nobody reads as such.
fn statfs(ctx: &Ctx<'_>, layout: &'static Struct, bytes: &[u8]) -> Value {
    // ST_VALID of linux/statfs.h: the kernel filled the flags in.
    const ST_VALID: u64 = 0x20;
    let flags = layout.layout(ctx.arch()).fields.iter().find(|field| field.name == "f_flags");
    let flags = flags.map_or(0, |field| le(take(bytes.get(field.offset as usize..).unwrap_or_default(), 4)));
    let hidden = |name: &str| name == "f_flags" && flags & ST_VALID == 0;
    let Value::Struct { name, mut fields, elided } = without(ctx, layout, bytes, hidden) else {
        return Value::Null;
    };
    for (label, value) in &mut fields {
        if let ("f_fsid", Value::Array { items, .. }) = (label.as_ref(), &*value) {
            let halves = items.iter().map(|half| match half {
                Value::Signed(n) => Value::Hex(*n as u32 as u64),
                other => other.clone(),
            });
            let halves = Value::Array { items: halves.collect(), elided: false };
            *value = Value::structure("fsid", vec![("val".into(), halves)]);
        }
    }
    Value::Struct { name, fields, elided }
}

/// Resource limits, getrlimit(2): kibibytes where that is shorter, a name for "no limit".
fn rlimit(ctx: &Ctx<'_>, layout: &'static Struct, bytes: &[u8]) -> Value {
    let own = layout.layout(ctx.arch());
    let width = own.size as usize / 2;
    let limit = |value: u64| match (value, width) {
        (u64::MAX, 8) => Value::Named("RLIM64_INFINITY".into()),
        (0xffff_ffff, 4) => Value::Named("RLIM_INFINITY".into()),
        (1025.., _) if value.is_multiple_of(1024) => Value::Text(format!("{}*1024", value / 1024).into()),
        _ => Value::Unsigned(value),
    };
    let value = |f: &'static Field| limit(le(take(bytes.get(f.offset as usize..).unwrap_or_default(), width)));
    let fields = own.fields.iter().map(|f| (f.name.into(), value(f))).collect();
    Value::structure(layout.name, fields)
}

/// sched_setattr(2): as many fields as the size says, the policy only if it is to change; after E2BIG how much the kernel
/// would take.
fn sched_attr(ctx: &Ctx<'_>, layout: &'static Struct, bytes: &[u8]) -> Value {
    const FIRST: u64 = 48;
    const KEEP_POLICY: u64 = 8;
    const KEEP_PARAMS: u64 = 0x10;
    const E2BIG: u16 = 7;
    let size = le(take(bytes, 4));
    let set = ctx.call.name == "sched_setattr";
    let reach = if size == 0 && set { FIRST } else { size };
    let refused = matches!(ctx.view.outcome, Some(crate::model::Outcome::Failed(E2BIG)));
    if reach < FIRST {
        let only = |size: u64| Value::structure(layout.name, vec![("size".into(), Value::Unsigned(size))]);
        return match ctx.uint(crate::decode::walk::Side::Exit, ctx.arg(1), 4).filter(|_| refused) {
            Some(known) => Value::Changed(Box::new(only(size)), Box::new(only(known))),
            None => only(size),
        };
    }
    let flags = le(take(bytes.get(8..).unwrap_or_default(), 8));
    let kept = if set { flags & (KEEP_POLICY | KEEP_PARAMS) } else { 0 };
    let value = without(ctx, layout, bytes, |f| {
        (f.starts_with("sched_util") && reach <= FIRST)
            || (f == "sched_policy" && kept != 0)
            || (matches!(f, "sched_nice" | "sched_priority" | "sched_runtime" | "sched_deadline" | "sched_period")
                && kept & KEEP_PARAMS != 0)
    });
    match value {
        Value::Struct { name, fields, .. } => {
            Value::Struct { name, fields, elided: set && reach > layout.layout(ctx.arch()).size.into() }
        }
        value => value,
    }
}

/// A loop device's key is as long as it says, and only there if something is encrypted.
fn loop_info(ctx: &Ctx<'_>, layout: &'static Struct, bytes: &[u8]) -> Option<Value> {
    let own = layout.layout(ctx.arch());
    let number = |name: &str| {
        let field = own.fields.iter().find(|f| f.name == name)?;
        Some(le(take(bytes.get(field.offset as usize..).unwrap_or_default(), 4)))
    };
    let encrypted = number("lo_encrypt_type")? != 0;
    let len = number("lo_encrypt_key_size")?.min(32) as usize;
    let mut fields: Fields = Vec::new();
    let mut elided = false;
    for f in own.fields {
        let at = bytes.get(f.offset as usize..).unwrap_or_default();
        match f.name {
            "lo_encrypt_type" | "lo_encrypt_key_size" | "lo_crypt_name" | "lo_encrypt_key"
                if !encrypted && !ctx.options.verbose => {}
            "lo_encrypt_key" => {
                let key = take(at, len);
                fields.push((
                    f.name.into(),
                    Value::Str { bytes: key.to_vec(), true_len: key.len() as u64, terminated: true },
                ));
            }
            _ if f.verbose && !ctx.options.verbose => elided = true,
            _ => fields.push((f.name.into(), ctx.place(&f.ty, at))),
        }
    }
    Some(Value::Struct { name: layout.name, fields, elided })
}

/// openat2(2): the mode counts only for a file that may be made.
fn open_how(ctx: &Ctx<'_>, layout: &'static Struct, bytes: &[u8]) -> Value {
    const O_CREAT_OR_TMPFILE: u64 = 0x40 | 0x40_0000;
    let (flags, mode) = (le(take(bytes, 8)), le(take(bytes.get(8..).unwrap_or_default(), 8)));
    let unread = mode == 0 && flags & O_CREAT_OR_TMPFILE == 0;
    let value = without(ctx, layout, bytes, |field| field == "mode" && unread);
    let Value::Struct { name, mut fields, elided } = value else { return value };
    set(&mut fields, "mode", Value::Octal(mode));
    Value::Struct { name, fields, elided }
}

fn set(fields: &mut Fields, name: &str, value: Value) {
    if let Some((_, old)) = fields.iter_mut().find(|(label, _)| label == name) {
        *old = value;
    }
}

/// timer_create(2): the value is a union of a number and a pointer.
fn sigevent(ctx: &Ctx<'_>, layout: &'static Struct, bytes: &[u8]) -> Value {
    let word = ctx.word();
    let int = |at: usize| le(take(bytes.get(at..).unwrap_or_default(), 4)) as i32;
    let value = le(take(bytes, word));
    let union =
        vec![("sival_int".into(), Value::Signed(i64::from(value as i32))), ("sival_ptr".into(), Value::address(value))];
    const SIGEV_THREAD_ID: i32 = 4;
    let notify = int(word + 4);
    let mut fields = Vec::new();
    if value != 0 {
        fields.push(("sigev_value".into(), Value::structure("sigval", union)));
    }
    fields.extend([
        // SIGEV_NONE sends no signal; what other kinds do is not known.
        (
            "sigev_signo".into(),
            match notify {
                0 | 2 | SIGEV_THREAD_ID => signal_or_unsigned(int(word)),
                _ => Value::Unsigned(u64::from(int(word) as u32)),
            },
        ),
        ("sigev_notify".into(), SIGEV.name(ctx.arch(), u64::from(notify as u32), 32)),
    ]);
    if notify == SIGEV_THREAD_ID {
        fields.push(("sigev_notify_thread_id".into(), Value::Signed(int(word + 8).into())));
    }
    const SIGEV_THREAD: i32 = 2;
    if notify == SIGEV_THREAD {
        // The union is aligned like a pointer.
        let union = bytes.get((word + 8).next_multiple_of(word)..).unwrap_or_default();
        let pointer = |i: usize| Value::address(le(take(union.get(i * word..).unwrap_or_default(), word)));
        fields.push(("sigev_notify_function".into(), pointer(0)));
        fields.push(("sigev_notify_attributes".into(), pointer(1)));
    }
    Value::structure(layout.name, fields)
}

fn signal_or_unsigned(number: i32) -> Value {
    match u8::try_from(number) {
        Ok(1..=64) => Value::Named(signal_name_or_number(number)),
        _ => Value::Unsigned(u64::from(number as u32)),
    }
}

/// A segment of modify_ldt(2): what the bits of its last word mean. 32-bit programs have no `lm`.
fn segment(ctx: &Ctx<'_>, bytes: &[u8]) -> Value {
    const BITS: [(&str, u64, u64); 7] = [
        ("seg_32bit", 0, 1),
        ("contents", 1, 3),
        ("read_exec_only", 3, 1),
        ("limit_in_pages", 4, 1),
        ("seg_not_present", 5, 1),
        ("useable", 6, 1),
        ("lm", 7, 1),
    ];
    let word = |i: usize| le(take(bytes.get(i * 4..).unwrap_or_default(), 4));
    let eight = |number: u64| match number {
        0 => Value::Text("00000000".into()),
        _ => Value::Text(format!("{number:#08x}").into()),
    };
    let number = match word(0) {
        // Any free one will do.
        0xffff_ffff => Value::Signed(-1),
        number => Value::Unsigned(number),
    };
    let mut fields: Fields =
        vec![("entry_number".into(), number), ("base_addr".into(), eight(word(1))), ("limit".into(), eight(word(2)))];
    let bits = BITS.iter().take(if ctx.word() == 8 { 7 } else { 6 });
    fields.extend(bits.map(|(name, at, mask)| ((*name).into(), Value::Unsigned(word(3) >> at & mask))));
    Value::structure("user_desc", fields)
}

/// io_uring_setup(2): first what the program chose, then what the kernel answered.
fn ring(ctx: &Ctx<'_>, layout: &'static Struct, bytes: &[u8]) -> Value {
    const IORING_SETUP_ATTACH_WQ: u64 = 0x20;
    let own = layout.layout(ctx.arch());
    let mut names = vec!["flags", "sq_thread_cpu", "sq_thread_idle"];
    if le(take(bytes.get(8..).unwrap_or_default(), 4)) & IORING_SETUP_ATTACH_WQ != 0 {
        names.push("wq_fd");
    }
    if ctx.returned().is_some() {
        names.extend(["sq_entries", "cq_entries", "features", "sq_off", "cq_off"]);
    }
    let fields: Fields = names.iter().filter_map(|name| named(ctx, own, bytes, name)).collect();
    Value::structure(layout.name, fields)
}
