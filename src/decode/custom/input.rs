//! Requests to input devices, linux/input.h: what a device can do as sets of names, axes, keys, effects of force feedback.

use super::names::{
    FORCE_FEEDBACK, FORCE_FEEDBACK_STATUS, INPUT_ABS, INPUT_EVENT, INPUT_KEY, INPUT_LED, INPUT_MISC, INPUT_PROPERTY,
    INPUT_REL, INPUT_REPEAT, INPUT_SOUND, INPUT_SWITCH, Set,
};
use super::record::Record;
use crate::abi::{Dir, fetch::input_request};
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le, take};

// Numbers of requests, linux/input.h; ranges of them stand for kinds of events and for axes.
const NAME: u64 = 0x06;
const UNIQ: u64 = 0x08;
const MTSLOTS: u64 = 0x0a;
const BIT: u64 = 0x20;
const ABS: u64 = 0x40;
const SET_ABS: u64 = 0xc0;

/// `EVIOCGBIT(EV_KEY, 96)`: requests whose number says how long the answer may be, or which axis is meant.
pub fn request(number: u64, ctx: &Ctx<'_>) -> Option<String> {
    let (reads, own, size) = input_request(number)?;
    let axis = |from: u64| INPUT_ABS.name(ctx.arch(), own - from, 32).text();
    Some(match own {
        NAME if reads => format!("EVIOCGNAME({size})"),
        0x07 if reads => format!("EVIOCGPHYS({size})"),
        UNIQ if reads => format!("EVIOCGUNIQ({size})"),
        0x09 if reads => format!("EVIOCGPROP({size})"),
        MTSLOTS if reads => format!("EVIOCGMTSLOTS({size})"),
        0x18 if reads => format!("EVIOCGKEY({size})"),
        0x19 if reads => format!("EVIOCGLED({size})"),
        0x1a if reads => format!("EVIOCGSND({size})"),
        0x1b if reads => format!("EVIOCGSW({size})"),
        BIT if reads => format!("EVIOCGBIT(0, {size})"),
        BIT..ABS if reads => {
            format!("EVIOCGBIT({}, {size})", INPUT_EVENT.name(ctx.arch(), own - BIT, 32).text())
        }
        ABS..0x80 if reads => format!("EVIOCGABS({})", axis(ABS)),
        SET_ABS..=0xff if !reads => format!("EVIOCSABS({})", axis(SET_ABS)),
        _ => return None,
    })
}

/// The argument of such a request; None if the number is none.
pub fn argument(ctx: &Ctx<'_>, index: usize) -> Option<Value> {
    let (reads, own, size) = input_request(ctx.arg(1) & 0xffff_ffff)?;
    let addr = ctx.arg(index);
    if !reads {
        return (SET_ABS..=0xff).contains(&own).then(|| axis(ctx, Side::Entry, addr, size as usize));
    }
    let known = matches!(own, NAME..=MTSLOTS | 0x18..=0x1b | BIT..0x80);
    let Some(result) = ctx.returned().filter(|_| known) else { return known.then(|| Value::address(addr)) };
    let filled = result.max(0) as u64;
    Some(match own {
        NAME..=UNIQ => ctx.buffer(Side::Exit, addr, filled),
        MTSLOTS => slots(ctx, addr, size / 4),
        ABS.. => axis(ctx, Side::Exit, addr, size as usize),
        _ => match bits_of(own) {
            Some((set, last)) => bits(ctx, addr, filled, set, last),
            // EV_PWR has no names.
            None if own == BIT + 0x16 => ctx
                .int(Side::Exit, addr)
                .map_or_else(|| Value::address(addr), |number| Value::pointee(Value::Signed(number.into()))),
            None => Value::address(addr),
        },
    })
}

/// The names of the bits that a request gives, and the number of the last.
fn bits_of(own: u64) -> Option<(Set, u64)> {
    Some(match own {
        0x09 => (INPUT_PROPERTY, 0x1f),
        0x18 | 0x21 => (INPUT_KEY, 0x2ff),
        0x19 | 0x31 => (INPUT_LED, 0xf),
        0x1a | 0x32 => (INPUT_SOUND, 7),
        0x1b | 0x25 => (INPUT_SWITCH, 0x10),
        0x20 => (INPUT_EVENT, 0x1f),
        0x22 => (INPUT_REL, 0xf),
        0x23 => (INPUT_ABS, 0x3f),
        0x24 => (INPUT_MISC, 7),
        0x34 => (INPUT_REPEAT, 1),
        0x35 => (FORCE_FEEDBACK, 0x7f),
        0x37 => (FORCE_FEEDBACK_STATUS, 1),
        _ => return None,
    })
}

/// The bits that are set in `filled` bytes; short views show the first four.
fn bits(ctx: &Ctx<'_>, addr: u64, filled: u64, set: Set, last: u64) -> Value {
    const SHORT: usize = 4;
    let count = if filled > last / 8 { last } else { filled * 8 };
    let size = (count.div_ceil(8) as usize).next_multiple_of(ctx.word());
    let Some(bytes) = ctx.read(Side::Exit, addr, size).filter(|_| size != 0) else { return Value::address(addr) };
    let on = (0..count).filter(|&bit| bytes[bit as usize / 8] >> (bit % 8) & 1 == 1);
    let mut items: Vec<_> = on.map(|bit| set.name(ctx.arch(), bit, 32).text().into()).collect();
    if !ctx.options.verbose && items.len() > SHORT {
        items.truncate(SHORT);
        items.push("...".into());
    }
    Value::Set { items, inverted: false }
}

fn slots(ctx: &Ctx<'_>, addr: u64, count: u64) -> Value {
    let Some(code) = ctx.uint(Side::Exit, addr, 4).filter(|_| count != 0) else { return Value::address(addr) };
    let code = match INPUT_ABS.name(ctx.arch(), code, 32) {
        Value::Named(name) if name.starts_with("ABS_MT_") => Value::Named(name),
        _ => Value::Unknown { raw: code, comment: "ABS_MT_???" },
    };
    let number = |bytes: &[u8]| Value::Signed(i64::from(le(bytes) as i32));
    let values = ctx.elements(Side::Exit, addr.wrapping_add(4), count - 1, 4, number);
    Value::structure("input_mt_request_layout", vec![("code".into(), code), ("values".into(), values)])
}

/// `struct input_absinfo`, of which a program may know the beginning only.
fn axis(ctx: &Ctx<'_>, side: Side, addr: u64, size: usize) -> Value {
    const OLD: usize = 20;
    const KNOWN: usize = 24;
    let Some(bytes) = ctx.read(side, addr, size.min(KNOWN)).filter(|_| size >= OLD) else {
        return Value::address(addr);
    };
    let mut record = Record::new(ctx, bytes);
    record.unsigned("value", 0, 4).unsigned("minimum", 4, 4);
    if !ctx.options.verbose {
        return record.elide().end("input_absinfo");
    }
    record.unsigned("maximum", 8, 4).unsigned("fuzz", 12, 4).unsigned("flat", 16, 4);
    if size >= KNOWN {
        record.unsigned("resolution", 20, 4);
    }
    if size > OLD && size != KNOWN {
        record.elide();
    }
    record.end("input_absinfo")
}

/// EVIOCGKEYCODE_V2, EVIOCSKEYCODE_V2.
pub fn keymap(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let Some(bytes) = ctx.side(dir).and_then(|side| ctx.read(side, addr, 40)) else { return Value::address(addr) };
    let mut record = Record::new(ctx, bytes);
    record.unsigned("flags", 0, 1).unsigned("len", 1, 1);
    if !ctx.options.verbose {
        return record.elide().end("input_keymap_entry");
    }
    record.unsigned("index", 2, 2).named("keycode", 4, 4, INPUT_KEY).list("scancode", 8, 1, 32, Value::Hex);
    record.end("input_keymap_entry")
}

/// EVIOCGKEYCODE, EVIOCSKEYCODE: a scan code and its key.
pub fn keycode(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let Some(bytes) = ctx.side(dir).and_then(|side| ctx.read(side, addr, 8)) else { return Value::address(addr) };
    let key = INPUT_KEY.name(ctx.arch(), le(&bytes[4..]), 32);
    Value::Array { items: vec![Value::Unsigned(le(take(bytes, 4))), key], elided: false }
}

/// EVIOCSFF: an effect; what it is decides which member of the union counts.
pub fn effect(ctx: &Ctx<'_>, index: usize) -> Value {
    const UNION: usize = 16;
    let addr = ctx.arg(index);
    let Some(bytes) = ctx.read(Side::Entry, addr, if ctx.word() == 8 { 48 } else { 44 }) else {
        return Value::address(addr);
    };
    let mut record = Record::new(ctx, bytes);
    record.named("type", 0, 2, FORCE_FEEDBACK).signed("id", 2, 2).unsigned("direction", 4, 2);
    if !ctx.options.verbose {
        return record.elide().end("ff_effect");
    }
    let part = |at: usize| Record::new(ctx, bytes.get(at..).unwrap_or_default());
    record.add("trigger", part(6).unsigned("button", 0, 2).unsigned("interval", 2, 2).end("ff_trigger"));
    record.add("replay", part(10).unsigned("length", 0, 2).unsigned("delay", 2, 2).end("ff_replay"));
    let envelope = |at: usize| {
        let mut own = part(at);
        own.unsigned("attack_length", 0, 2).unsigned("attack_level", 2, 2).unsigned("fade_length", 4, 2);
        own.hex("fade_level", 6, 2).end("ff_envelope")
    };
    let mut own = part(UNION);
    match record.raw(0, 2) {
        0x50 => {
            own.unsigned("strong_magnitude", 0, 2).unsigned("weak_magnitude", 2, 2);
            record.add("rumble", own.end("ff_rumble_effect"));
        }
        0x51 => {
            own.unsigned("waveform", 0, 2).unsigned("period", 2, 2).signed("magnitude", 4, 2).signed("offset", 6, 2);
            own.unsigned("phase", 8, 2).add("envelope", envelope(UNION + 10));
            own.unsigned("custom_len", 20, 4).address("custom_data", 24);
            record.add("periodic", own.end("ff_periodic_effect"));
        }
        0x52 => {
            own.signed("level", 0, 2).add("envelope", envelope(UNION + 2));
            record.add("constant", own.end("ff_constant_effect"));
        }
        0x57 => {
            own.signed("start_level", 0, 2).signed("end_level", 2, 2).add("envelope", envelope(UNION + 4));
            record.add("ramp", own.end("ff_ramp_effect"));
        }
        _ => {}
    }
    record.end("ff_effect")
}
