//! Requests to general purpose input and output, linux/gpio.h: lines, the values on them, and events.

use super::names::{GPIO_EVENT, GPIO_HANDLE, GPIO_LINE, GPIO_V2};
use super::record::Record;
use crate::abi::Dir;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le};

/// What a structure looks like.
type Show = fn(Record<'_>) -> Value;

/// The size in bytes of a structure, how it looks to who asks, and what the kernel adds.
fn shape(name: &str) -> Option<(usize, Show, Option<Show>)> {
    Some(match name {
        "gpioline_info" => (72, |mut r| r.unsigned("line_offset", 0, 4).end(""), Some(line)),
        "gpiohandle_request" => (364, handle, Some(|mut r| r.descriptor("fd", 360).end(""))),
        "gpioevent_request" => (48, event, Some(|mut r| r.descriptor("fd", 44).end(""))),
        "gpiohandle_data" => (64, |mut r| numbers(&mut r, "values", 0, 64, 1).end(""), None),
        "gpiohandle_config" => {
            let show: Show = |mut r| {
                r.flags("flags", 0, 4, GPIO_HANDLE);
                numbers(&mut r, "default_values", 4, 64, 1).end("")
            };
            (84, show, None)
        }
        "gpio_v2_line_info" => (256, |mut r| r.unsigned("offset", 64, 4).end(""), Some(line_v2)),
        "gpio_v2_line_request" => (592, lines, Some(|mut r| r.descriptor("fd", 588).end(""))),
        "gpio_v2_line_values" => (16, |mut r| r.hex("mask", 8, 8).end(""), Some(|mut r| r.hex("bits", 0, 8).end(""))),
        "gpio_v2_line_config" => (272, config, None),
        _ => return None,
    })
}

pub fn decode(ctx: &Ctx<'_>, name: &'static str, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let Some((size, ask, answer)) = shape(name) else { return Value::address(addr) };
    let side = if answer.is_some() { Some(Side::Entry) } else { ctx.side(dir) };
    let Some(bytes) = side.and_then(|side| ctx.read(side, addr, size)) else { return Value::address(addr) };
    let before = ask(Record::new(ctx, bytes));
    match (answer, ctx.returned()) {
        (Some(show), Some(_)) => {
            let after = ctx.read(Side::Exit, addr, size).map(|bytes| show(Record::new(ctx, bytes)));
            Value::Changed(Box::new(before), Box::new(after.unwrap_or(Value::Address(addr))))
        }
        _ => before,
    }
}

fn numbers<'r, 'a>(
    record: &'r mut Record<'a>,
    name: &'static str,
    at: usize,
    count: u64,
    len: usize,
) -> &'r mut Record<'a> {
    record.some(name, (at, len, 64), count, |bytes| Value::Unsigned(le(bytes)))
}

fn line(mut r: Record<'_>) -> Value {
    r.flags("flags", 4, 4, GPIO_LINE).text("name", 8, 32).text("consumer", 40, 32).end("")
}

fn handle(mut r: Record<'_>) -> Value {
    let count = r.raw(356, 4);
    r.unsigned("lines", 356, 4);
    numbers(&mut r, "lineoffsets", 0, count, 4).flags("flags", 256, 4, GPIO_HANDLE);
    numbers(&mut r, "default_values", 260, count, 1).text("consumer_label", 324, 32).end("")
}

fn event(mut r: Record<'_>) -> Value {
    r.unsigned("lineoffset", 0, 4).flags("handleflags", 4, 4, GPIO_HANDLE).flags("eventflags", 8, 4, GPIO_EVENT);
    r.text("consumer_label", 12, 32).end("")
}

/// One attribute: flags, values, or a time to debounce.
fn attribute(mut r: Record<'_>) -> Value {
    match (r.raw(0, 4), r.raw(4, 4)) {
        (1, 0) => r.flags("flags", 8, 8, GPIO_V2),
        (2, 0) => r.hex("values", 8, 8),
        (3, 0) => r.unsigned("debounce_period_us", 8, 4),
        // What nobody knows is shown as it is.
        _ => r.unsigned("id", 0, 4).nonzero("padding", 4, 4).hex("data", 8, 8),
    };
    r.end("gpio_v2_line_attribute")
}

fn config(mut r: Record<'_>) -> Value {
    let (ctx, count) = (r.ctx, r.raw(8, 4));
    r.flags("flags", 0, 8, GPIO_V2).unsigned("num_attrs", 8, 4).reserved("padding", 12, 4, 5);
    if count != 0 {
        r.some("attrs", (32, 24, 10), count, |bytes| {
            let known = matches!((le(&bytes[..4]), le(&bytes[4..8])), (1..=3, 0));
            let own = attribute(Record::new(ctx, &bytes[..16]));
            let mask = Value::Hex(le(&bytes[16..]));
            match own {
                Value::Struct { name, mut fields, elided } if known => {
                    fields.push(("mask".into(), mask));
                    Value::Struct { name, fields, elided }
                }
                own => Value::structure("", vec![("attr".into(), own), ("mask".into(), mask)]),
            }
        });
    }
    r.end("gpio_v2_line_config")
}

fn line_v2(mut r: Record<'_>) -> Value {
    let (ctx, count) = (r.ctx, r.raw(68, 4));
    r.text("name", 0, 32).text("consumer", 32, 32).flags("flags", 72, 8, GPIO_V2).unsigned("num_attrs", 68, 4);
    if count != 0 {
        r.some("attrs", (80, 16, 10), count, |bytes| attribute(Record::new(ctx, bytes)));
    }
    r.reserved("padding", 240, 4, 4).end("")
}

fn lines(mut r: Record<'_>) -> Value {
    let (ctx, count) = (r.ctx, r.raw(560, 4));
    r.unsigned("num_lines", 560, 4);
    numbers(&mut r, "offsets", 0, count, 4).text("consumer", 256, 32);
    let own = config(Record::new(ctx, r.from(288)));
    r.add("config", own);
    if r.raw(564, 4) != 0 {
        r.unsigned("event_buffer_size", 564, 4);
    }
    r.reserved("padding", 568, 4, 5).end("")
}
