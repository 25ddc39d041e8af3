//! Requests to hardware clocks, linux/ptp_clock.h. Each exists twice: the first form ignores what is reserved, the second
//! refuses it unless it is zero.

use std::borrow::Cow;

use super::names::{CLOCK, PTP, PTP_PEROUT, PTP_PIN};
use crate::abi;
use crate::decode::time::date;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le, take};

type Fields = Vec<(Cow<'static, str>, Value)>;

// Numbers of requests.
const PIN_GETFUNC: u64 = 6;
const PIN_GETFUNC2: u64 = 15;
const PIN_SETFUNC2: u64 = 16;
const SYS_OFFSET: u64 = 5;
const SYS_OFFSET2: u64 = 14;
const SECOND_FORM: u64 = 10;
/// PTP_MAX_SAMPLES.
const SAMPLES: u64 = 25;
/// `struct ptp_clock_time`.
const TIME: usize = 16;

fn number(ctx: &Ctx<'_>) -> u64 {
    ctx.arg(1) & 0xff
}

/// `{sec=1, nsec=2}`; with the date if it is one of the real clock.
fn time(ctx: &Ctx<'_>, bytes: &[u8], dated: bool) -> Value {
    let Some(layout) = abi::structure("ptp_clock_time") else { return Value::Hex(le(take(bytes, 8))) };
    let value = ctx.structure(layout, take(bytes, TIME));
    let (seconds, nanoseconds) = (le(take(bytes, 8)) as i64, le(take(bytes.get(8..).unwrap_or_default(), 4)));
    match date(seconds, nanoseconds, 9).filter(|_| dated && nanoseconds < 1_000_000_000) {
        Some(date) => value.commented(date),
        None => value,
    }
}

/// What is reserved, if it is not zero.
fn reserved(bytes: &[u8]) -> Option<(Cow<'static, str>, Value)> {
    bytes.iter().any(|&b| b != 0).then(|| {
        let items = bytes.chunks_exact(4).map(|word| Value::Hex(le(word))).collect();
        ("rsv".into(), Value::Array { items, elided: false })
    })
}

fn unsigned(bytes: &[u8]) -> Value {
    Value::Unsigned(le(take(bytes, 4)))
}

/// PTP_EXTTS_REQUEST: a channel that notes when something happens.
pub fn external(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let Some(bytes) = ctx.read(Side::Entry, addr, 16) else { return Value::address(addr) };
    let mut fields: Fields =
        vec![("index".into(), unsigned(bytes)), ("flags".into(), PTP.flags(ctx.arch(), le(&bytes[4..8]), 32))];
    fields.extend(reserved(&bytes[8..]).filter(|_| number(ctx) >= SECOND_FORM));
    Value::structure("ptp_extts_request", fields)
}

/// PTP_PEROUT_REQUEST: a signal that repeats, from a start or with a phase, perhaps with the time that it is on.
pub fn periodic(ctx: &Ctx<'_>, index: usize) -> Value {
    const DUTY_CYCLE: u64 = 2;
    const PHASE: u64 = 4;
    let addr = ctx.arg(index);
    let Some(bytes) = ctx.read(Side::Entry, addr, 56) else { return Value::address(addr) };
    let flags = le(&bytes[36..40]);
    let phase = flags & PHASE != 0;
    let mut fields: Fields = vec![
        (if phase { "phase" } else { "start" }.into(), time(ctx, bytes, !phase)),
        ("period".into(), time(ctx, &bytes[TIME..], false)),
        ("index".into(), unsigned(&bytes[32..])),
        ("flags".into(), PTP_PEROUT.flags(ctx.arch(), flags, 32)),
    ];
    if flags & DUTY_CYCLE != 0 {
        fields.push(("on".into(), time(ctx, &bytes[40..], false)));
    } else {
        fields.extend(reserved(&bytes[40..]).filter(|_| number(ctx) >= SECOND_FORM));
    }
    Value::structure("ptp_perout_request", fields)
}

/// PTP_PIN_GETFUNC, PTP_PIN_SETFUNC: what a pin is used for.
pub fn pin(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let Some(bytes) = ctx.read(Side::Entry, addr, 96) else { return Value::address(addr) };
    let number = number(ctx);
    let mut fields: Fields = vec![("index".into(), unsigned(&bytes[64..]))];
    let known = match number {
        PIN_GETFUNC | PIN_GETFUNC2 => {
            fields.extend(reserved(&bytes[76..]).filter(|_| number == PIN_GETFUNC2));
            ctx.returned().and_then(|_| ctx.read(Side::Exit, addr, 96))
        }
        _ => Some(bytes),
    };
    if let Some(known) = known {
        if matches!(number, PIN_GETFUNC | PIN_GETFUNC2) {
            let name = known[..64].split(|&b| b == 0).next().unwrap_or_default();
            let name = Value::Str { bytes: name.to_vec(), true_len: name.len() as u64, terminated: true };
            fields.push(("name".into(), name));
        }
        fields.push(("func".into(), PTP_PIN.name(ctx.arch(), le(&known[68..72]), 32)));
        fields.push(("chan".into(), unsigned(&known[72..])));
    }
    fields.extend(reserved(&bytes[76..]).filter(|_| number == PIN_SETFUNC2));
    Value::structure("ptp_pin_desc", fields)
}

/// PTP_SYS_OFFSET, PTP_SYS_OFFSET_EXTENDED: readings of the clock between readings of the system's.
pub fn offsets(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let simple = matches!(number(ctx), SYS_OFFSET | SYS_OFFSET2);
    let readings = if simple { 2 * SAMPLES + 1 } else { 3 * SAMPLES } as usize;
    let Some(bytes) = ctx.read(Side::Entry, addr, 16 + readings * TIME) else { return Value::address(addr) };
    let mut fields: Fields = vec![("n_samples".into(), unsigned(bytes))];
    if simple {
        fields.extend(reserved(&bytes[4..16]));
    } else {
        fields.push(("clockid".into(), CLOCK.name(ctx.arch(), le(&bytes[4..8]), 32)));
        fields.extend(reserved(&bytes[8..16]));
    }
    if ctx.returned().is_some() {
        let samples = ctx.uint(Side::Exit, addr, 4).unwrap_or(0).min(SAMPLES);
        let list = addr.wrapping_add(16);
        let readings = if simple {
            ctx.elements(Side::Exit, list, 2 * samples + 1, TIME, |bytes| time(ctx, bytes, true))
        } else {
            ctx.elements(Side::Exit, list, samples, 3 * TIME, |bytes| {
                let items = bytes.chunks_exact(TIME).map(|bytes| time(ctx, bytes, true)).collect();
                Value::Array { items, elided: false }
            })
        };
        fields.push(("ts".into(), readings));
    }
    Value::structure("ptp_sys_offset", fields)
}

/// PTP_SYS_OFFSET_PRECISE: one reading of all clocks at once.
pub fn precise(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let Some(bytes) = ctx.returned().and_then(|_| ctx.read(Side::Exit, addr, 64)) else { return Value::address(addr) };
    let mut fields: Fields = vec![
        ("device".into(), time(ctx, bytes, true)),
        ("sys_realtime".into(), time(ctx, &bytes[TIME..], true)),
        ("sys_monoraw".into(), time(ctx, &bytes[2 * TIME..], false)),
    ];
    fields.extend(reserved(&bytes[3 * TIME..]));
    Value::structure("ptp_sys_offset_precise", fields)
}
