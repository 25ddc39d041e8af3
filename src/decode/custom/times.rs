//! Pairs of file times, utimensat(2) and utimes(2): two of its nanosecond values are no times.

use crate::abi::Arch;
use crate::decode::Constants;
use crate::decode::time::date;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le};

// linux/stat.h
const UTIME_NOW: i64 = 0x3fff_ffff;
const UTIME_OMIT: i64 = 0x3fff_fffe;

/// `[{tv_sec=1700000000, tv_nsec=5} /* 2023-… */, UTIME_NOW]`; `nanoseconds`: timespec, else timeval.
pub fn pair(ctx: &Ctx<'_>, index: usize, nanoseconds: bool) -> Value {
    let wide = ctx.arch() != Arch::I386 || ctx.call.name.ends_with("time64");
    let word = if wide { 8 } else { 4 };
    let addr = ctx.arg(index);
    // Both or none: half a pair tells nothing.
    let Some(pair) = ctx.read(Side::Entry, addr, 4 * word) else { return Value::address(addr) };
    let signed = |b: &[u8]| if wide { le(b) as i64 } else { i64::from(le(b) as i32) };
    let items = pair
        .chunks_exact(2 * word)
        .map(|b| time(signed(&b[..word]), signed(&b[word..]), nanoseconds, ctx.options.constants));
    Value::Array { items: items.collect(), elided: false }
}

fn time(seconds: i64, fraction: i64, nanoseconds: bool, constants: Constants) -> Value {
    let special = match fraction {
        UTIME_NOW if nanoseconds => Some("UTIME_NOW"),
        UTIME_OMIT if nanoseconds => Some("UTIME_OMIT"),
        _ => None,
    };
    if let (Some(name), Constants::Names) = (special, constants) {
        return Value::Named(name.into());
    }
    let (name, digits, second) = if nanoseconds { ("timespec", 9, "tv_nsec") } else { ("timeval", 6, "tv_usec") };
    let fields = vec![("tv_sec".into(), Value::Signed(seconds)), (second.into(), Value::Unsigned(fraction as u64))];
    let value = Value::structure(name, fields);
    if let Some(name) = special {
        return value.commented(name);
    }
    let in_range = u64::try_from(fraction).ok().filter(|f| *f < 10u64.pow(digits));
    match in_range.and_then(|f| date(seconds, f, digits as usize)) {
        Some(date) => value.commented(date),
        None => value,
    }
}
