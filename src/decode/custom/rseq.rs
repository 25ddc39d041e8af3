//! rseq(2): what a thread shares with the kernel to notice that it was interrupted.

use crate::abi::structure;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le};

/// The first size of the structure and its alignment: the kernel takes no less.
const FIRST: u64 = 32;

/// Argument `index`, whose size is the next one.
pub fn decode(ctx: &Ctx<'_>, index: usize) -> Value {
    let (addr, size) = (ctx.arg(index), ctx.count(index + 1));
    let Some(layout) = structure("rseq").filter(|_| size >= FIRST && addr.is_multiple_of(FIRST)) else {
        return Value::address(addr);
    };
    // The byte behind the first size is reserved; a shorter structure has none.
    let mut bytes = [0; FIRST as usize + 1];
    let len = size.min(bytes.len() as u64) as usize;
    let Some(copied) = ctx.read(Side::Entry, addr, len) else { return Value::address(addr) };
    bytes[..len].copy_from_slice(copied);
    let mut value = ctx.structure(layout, &bytes);
    if let Value::Struct { fields, .. } = &mut value {
        for (name, value) in fields {
            match (&**name, &*value) {
                ("rseq_cs", _) => *value = critical_section(ctx, le(&bytes[8..16])),
                ("cpu_id_start" | "cpu_id", Value::Unsigned(cpu)) => *value = processor(*cpu),
                _ => {}
            }
        }
    }
    value
}

fn processor(number: u64) -> Value {
    match number as i32 {
        -1 => Value::Named("RSEQ_CPU_ID_UNINITIALIZED".into()),
        -2 => Value::Named("RSEQ_CPU_ID_REGISTRATION_FAILED".into()),
        _ => Value::Unsigned(number),
    }
}

/// Where a thread begins anew if it was interrupted, and where that is.
fn critical_section(ctx: &Ctx<'_>, raw: u64) -> Value {
    let addr = if ctx.word() == 4 { raw & 0xffff_ffff } else { raw };
    match structure("rseq_cs").map(|layout| ctx.structure_at(Side::Entry, addr, layout)) {
        Some(value @ Value::Struct { .. }) => value.commented(Value::Address(addr).text()),
        _ => Value::address(raw),
    }
}
