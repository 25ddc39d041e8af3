//! Resource limits, getrlimit(2): kibibytes where that is shorter, a name for "no limit".

use crate::abi::Dir;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, le};

/// Two numbers of a word each, of 64 bits for prlimit64.
pub fn decode(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let width = if ctx.call.name == "prlimit64" { 8 } else { ctx.word() };
    let Some(bytes) = ctx.side(dir).and_then(|side| ctx.read(side, addr, 2 * width)) else {
        return Value::address(addr);
    };
    let fields = vec![
        ("rlim_cur".into(), limit(le(&bytes[..width]), width)),
        ("rlim_max".into(), limit(le(&bytes[width..]), width)),
    ];
    Value::structure("rlimit", fields)
}

fn limit(value: u64, width: usize) -> Value {
    match (value, width) {
        (u64::MAX, 8) => Value::Named("RLIM64_INFINITY".into()),
        (0xffff_ffff, 4) => Value::Named("RLIM_INFINITY".into()),
        (1025.., _) if value.is_multiple_of(1024) => Value::Text(format!("{}*1024", value / 1024).into()),
        _ => Value::Unsigned(value),
    }
}
