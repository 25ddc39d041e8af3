//! Controls of video devices, linux/v4l2-controls.h: one, what is known of one, and lists of them with their values.

use super::names::{V4L2_CONTROL, V4L2_CONTROL_CLASS, V4L2_CONTROL_FLAGS, V4L2_CONTROL_NEXT, V4L2_CONTROL_TYPE};
use super::record::Record;
use super::video::{changed, chosen};
use crate::decode::print::hex;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, take};

/// `struct v4l2_ext_control`, bytes: it is packed.
const CONTROL: usize = 20;

/// The argument of a request; None if it is not about controls.
pub fn request<'a>(number: u64, mut before: Record<'a>, addr: u64, answer: Option<Record<'a>>) -> Option<Value> {
    Some(match number {
        27 => {
            let id = named(before.ctx, before.raw(0, 4), false);
            before.add("id", id);
            if let Some(mut after) = answer {
                before.go_on(&mut after, |r| _ = r.signed("value", 4, 4));
            }
            before.end("")
        }
        28 => {
            let id = named(before.ctx, before.raw(0, 4), false);
            before.add("id", id);
            let own = chosen(&before, answer.as_ref(), |r| Value::Signed(i64::from(r.raw(4, 4) as i32)));
            before.add("value", own).end("")
        }
        37 => {
            let id = named(before.ctx, before.raw(0, 4), false);
            before.add("id", id).unsigned("index", 4, 4);
            changed(before.end(""), answer, |r| _ = r.text("name", 8, 32).signed("value", 8, 8))
        }
        36 => description(before, answer, false),
        103 => description(before, answer, true),
        71 => list(before, addr, true),
        72 | 73 => list(before, addr, false),
        _ => return None,
    })
}

/// A control by its name, or as a number in its class; `next`: flags before it ask for the one that follows.
fn named(ctx: &Ctx<'_>, id: u64, next: bool) -> Value {
    const NEXT: u64 = 0xc000_0000;
    /// Of a control in its class.
    const NUMBER: u64 = 0xffff;
    let flags = if next { id & NEXT } else { 0 };
    let id = id & !flags;
    let own = match V4L2_CONTROL.name(ctx.arch(), id, 32) {
        unknown @ Value::Unknown { .. } => match V4L2_CONTROL_CLASS.name(ctx.arch(), id & !NUMBER, 32) {
            Value::Named(class) => {
                let mut text = class.into_owned();
                text.push('+');
                hex(&mut text, id & NUMBER);
                Value::Named(text.into())
            }
            _ => unknown,
        },
        own => own,
    };
    if flags == 0 {
        return own;
    }
    let mut text = V4L2_CONTROL_NEXT.flags(ctx.arch(), flags, 32).text();
    text.push('|');
    own.write(&mut text);
    Value::Text(text.into())
}

/// VIDIOC_QUERYCTRL, VIDIOC_QUERY_EXT_CTRL: what a control is, or the one after it.
fn description<'a>(mut before: Record<'a>, answer: Option<Record<'a>>, wide: bool) -> Value {
    let asked = before.raw(0, 4);
    let id = named(before.ctx, asked, true);
    let Some(mut r) = answer else { return before.add("id", id).end("") };
    let id = match r.raw(0, 4) {
        found if found == asked => id,
        found => Value::Changed(Box::new(id), Box::new(named(r.ctx, found, false))),
    };
    before.add("id", id);
    r.named("type", 4, 4, V4L2_CONTROL_TYPE).text("name", 8, 32);
    match (r.ctx.options.verbose, wide) {
        (false, _) => _ = r.elide(),
        (true, false) => {
            r.signed("minimum", 40, 4).signed("maximum", 44, 4).signed("step", 48, 4).signed("default_value", 52, 4);
            r.flags("flags", 56, 4, V4L2_CONTROL_FLAGS).reserved("reserved", 60, 4, 2);
        }
        (true, true) => {
            let dimensions = r.raw(84, 4);
            r.signed("minimum", 40, 8).signed("maximum", 48, 8).unsigned("step", 56, 8).signed("default_value", 64, 8);
            r.flags("flags", 72, 4, V4L2_CONTROL_FLAGS).unsigned("elem_size", 76, 4).unsigned("elems", 80, 4);
            r.unsigned("nr_of_dims", 84, 4);
            r.some("dims", (88, 4, 4), dimensions, |bytes| Value::Unsigned(crate::decode::walk::le(bytes)));
            r.reserved("reserved", 104, 4, 32);
        }
    }
    before.go_on(&mut r, |_| {});
    before.end("")
}

/// VIDIOC_G_EXT_CTRLS, VIDIOC_S_EXT_CTRLS, VIDIOC_TRY_EXT_CTRLS. A driver that refuses says which control it was.
fn list(mut before: Record<'_>, addr: u64, asks: bool) -> Value {
    let (ctx, count) = (before.ctx, before.raw(4, 4));
    before.named("ctrl_class", 0, 4, V4L2_CONTROL_CLASS).unsigned("count", 4, 4);
    if count == 0 {
        return before.end("");
    }
    let mut after = ctx.read(Side::Exit, addr, before.bytes.len()).map(|bytes| Record::new(ctx, bytes));
    if !asks {
        let complete = controls(&mut before, Side::Entry);
        after = after.filter(|_| complete);
    }
    let Some(mut after) = after else { return before.end("") };
    controls(&mut after, if ctx.returned().is_some() { Side::Exit } else { Side::Entry });
    if ctx.returned().is_none() {
        after.unsigned("error_idx", 8, 4);
    }
    match asks {
        true => {
            before.go_on(&mut after, |_| {});
            before.end("")
        }
        false => changed(before.end(""), Some(after), |_| {}),
    }
}

/// The controls that a header leads to; whether all of them could be read.
fn controls(r: &mut Record<'_>, side: Side) -> bool {
    let (ctx, word) = (r.ctx, r.ctx.word());
    let at = 20usize.next_multiple_of(word);
    let (list, count) = (r.pointer(at), r.raw(4, 4));
    let shown = ctx.elements(side, list, count, CONTROL, |bytes| control(ctx, side, bytes));
    let some = matches!(&shown, Value::Array { items, .. } if !matches!(items.last(), None | Some(Value::Unread(_))));
    r.add("controls", shown);
    some
}

fn control(ctx: &Ctx<'_>, side: Side, bytes: &[u8]) -> Value {
    let mut r = Record::new(ctx, take(bytes, CONTROL));
    r.named("id", 0, 4, V4L2_CONTROL).unsigned("size", 4, 4);
    match r.raw(4, 4) {
        0 => r.signed("value", 12, 4).signed("value64", 12, 8),
        size => r.add("string", ctx.buffer(side, r.pointer(12), size)),
    };
    r.end("v4l2_ext_control")
}
