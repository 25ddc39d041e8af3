//! What is done on a signal, rt_sigaction(2): the kernel's structure, which is not the C library's.

use super::names::SIGACTION;
use crate::abi::{Arch, Dir};
use crate::decode::num::{cut, sign_extend};
use crate::decode::signal;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, le};

/// `SA_RESTORER` of asm/signal.h: `sa_restorer` is set.
const SA_RESTORER: u64 = 0x0400_0000;

/// Handler, flags, restorer and mask, each a word but the mask's 8 bytes.
pub fn decode(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let word = ctx.word();
    let Some(bytes) = ctx.side(dir).and_then(|side| ctx.read(side, addr, 3 * word + 8)) else {
        return Value::address(addr);
    };
    let field = |i: usize| le(&bytes[i * word..(i + 1) * word]);
    let flags = field(1);
    let mut fields = vec![
        ("sa_handler".into(), handler(sign_extend(field(0), word * 8) as u64, word * 8)),
        ("sa_mask".into(), signal::set(le(&bytes[3 * word..]))),
        ("sa_flags".into(), SIGACTION.flags(ctx.arch(), flags, 32)),
    ];
    if flags & SA_RESTORER != 0 || (ctx.arch() == Arch::Aarch64 && field(2) != 0) {
        fields.push(("sa_restorer".into(), Value::address(field(2))));
    }
    Value::structure("sigaction", fields)
}

/// The first sigaction(2): a mask of one word before the flags.
pub fn old(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let Some(bytes) = ctx.side(dir).and_then(|side| ctx.read(side, addr, 16)) else { return Value::address(addr) };
    let field = |i: usize| le(&bytes[i * 4..(i + 1) * 4]);
    let mut fields = vec![
        ("sa_handler".into(), handler(sign_extend(field(0), 32) as u64, 32)),
        ("sa_mask".into(), signal::old_set(field(1))),
        ("sa_flags".into(), SIGACTION.flags(ctx.arch(), field(2), 32)),
    ];
    if field(2) & SA_RESTORER != 0 {
        fields.push(("sa_restorer".into(), Value::address(field(3))));
    }
    Value::structure("sigaction", fields)
}

/// A handler's address or the three that are none, signal(2).
pub fn handler(value: u64, bits: usize) -> Value {
    match value {
        0 => Value::Named("SIG_DFL".into()),
        1 => Value::Named("SIG_IGN".into()),
        u64::MAX => Value::Named("SIG_ERR".into()),
        _ => Value::Address(cut(value, bits)),
    }
}
