//! Requests to cameras and other video devices, linux/videodev2.h: what is asked, and after the call what the driver
//! answered. Formats are in `video_format`, controls in `video_control`. Left out: planes of buffers, events, encoders.

use super::names::{
    OPEN, V4L2_BUFFER_FLAGS, V4L2_BUFFER_TIME, V4L2_BUFFER_TIME_SOURCE, V4L2_BUFFER_TYPE, V4L2_CAPTURE_MODE,
    V4L2_FORMAT_FLAGS, V4L2_FRAME_INTERVAL, V4L2_FRAME_SIZE, V4L2_INPUT_CAPABILITY, V4L2_INPUT_STATUS, V4L2_INPUT_TYPE,
    V4L2_MEMORY, V4L2_PIXEL_FORMAT, V4L2_STANDARD, V4L2_TIME_PER_FRAME, V4L2_TUNER_CAPABILITY, V4L2_TUNER_MODE,
    V4L2_TUNER_SUB, V4L2_TUNER_TYPE,
};
use super::record::Record;
use super::{video_control, video_format};
use crate::decode::num::sign_extend;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side};

/// Names what a structure holds.
pub type Show = fn(&mut Record<'_>);

/// When the parts of a structure are known.
enum Shape {
    /// The program says all of it.
    Asked(Show),
    /// The driver does.
    Answered(Show),
    /// The driver adds to what the program says, in one structure.
    Added(Show, Show),
    /// The driver may answer with other values than the program chose: the part that both say.
    Chosen(Show, Show),
}

/// By the number of a request.
fn shape(number: u64) -> Option<Shape> {
    use Shape::{Added, Answered, Asked, Chosen};
    Some(match number {
        2 => Added(|r| _ = kind(r.unsigned("index", 0, 4), "type", 4), description),
        4 => Added(|r| _ = kind(r, "type", 0), video_format::format),
        10 => Answered(frame_buffer),
        11 => Asked(frame_buffer),
        21 => Added(|r| _ = kind(r, "type", 0), streaming),
        22 => Chosen(|r| _ = kind(r, "type", 0), streaming),
        25 => Added(index, standard),
        26 => Added(index, input),
        29 => Added(index, tuner),
        30 => Chosen(index, tuner),
        58 => Added(|r| _ = kind(r, "type", 0), crop_limits),
        59 => Added(|r| _ = kind(r, "type", 0), |r| rectangle(r, "c", 4)),
        60 => Asked(|r| rectangle(kind(r, "type", 0), "c", 4)),
        74 => Added(|r| pixels(r.unsigned("index", 0, 4), "pixel_format", 4), frame_size),
        75 => Added(
            |r| {
                pixels(r.unsigned("index", 0, 4), "pixel_format", 4);
                r.unsigned("width", 8, 4).unsigned("height", 12, 4);
            },
            frame_interval,
        ),
        _ => return None,
    })
}

/// The argument of a request whose third number is that of `shape` or one of those below.
pub fn request(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let (number, size) = (ctx.arg(1) & 0xff, (ctx.arg(1) >> 16 & 0x3fff) as usize);
    let read = |side: Side| ctx.read(side, addr, size);
    let answer = ctx.returned().and_then(|_| read(Side::Exit)).map(|bytes| Record::new(ctx, bytes));
    if let Some(Shape::Answered(show)) = shape(number) {
        return answer.map_or(Value::address(addr), |mut after| shown(&mut after, show));
    }
    let Some(bytes) = read(Side::Entry) else { return Value::address(addr) };
    let mut before = Record::new(ctx, bytes);
    match (shape(number), number) {
        (Some(Shape::Asked(show)), _) => shown(&mut before, show),
        (Some(Shape::Added(ask, add)), _) => {
            ask(&mut before);
            match answer {
                // Formats of other streams than pictures have no parameters.
                Some(_) if number == 21 && !has_parameters(before.raw(0, 4)) => {}
                Some(mut after) => before.go_on(&mut after, add),
                None => {}
            }
            before.end("")
        }
        (Some(Shape::Chosen(ask, both)), _) => {
            ask(&mut before);
            if number == 22 && !has_parameters(before.raw(0, 4)) {
                return before.end("");
            }
            both(&mut before);
            changed(before.end(""), answer, both)
        }
        (_, 5 | 64) => {
            kind(&mut before, "type", 0);
            let known = video_format::choice(&mut before);
            changed(before.end(""), answer.filter(|_| known), video_format::format)
        }
        (_, 8) => {
            kind(&mut before, "type", 4);
            before.named("memory", 8, 4, V4L2_MEMORY);
            let count = chosen(&before, answer.as_ref(), |r| Value::Unsigned(r.raw(0, 4)));
            before.add("count", count).end("")
        }
        (_, 16) => {
            kind(&mut before, "type", 0).unsigned("index", 4, 4).unsigned("plane", 8, 4).flags("flags", 12, 4, OPEN);
            changed(before.end(""), answer, |r| _ = r.descriptor("fd", 16))
        }
        (_, 9 | 15 | 17) => buffer(before, answer, number == 17),
        (_, 92) => {
            before.unsigned("count", 4, 4).named("memory", 8, 4, V4L2_MEMORY);
            let mut inner = Record::new(ctx, before.from(if ctx.word() == 8 { 16 } else { 12 }));
            kind(&mut inner, "type", 0);
            video_format::choice(&mut inner);
            before.add("format", inner.end("v4l2_format")).end("")
        }
        _ => video_control::request(number, before, addr, answer).unwrap_or(Value::address(addr)),
    }
}

/// What VIDIOC_CREATE_BUFS says beside its result: the number of the first buffer, and how many there are.
pub fn created(ctx: &Ctx<'_>) -> Option<String> {
    // Shown only if what the program asked for was there.
    ctx.read(Side::Entry, ctx.arg(2), (ctx.arg(1) >> 16 & 0x3fff) as usize)?;
    let field = |at: u64| ctx.uint(Side::Exit, ctx.arg(2).wrapping_add(at), 4);
    Some(format!("{{index={}, count={}}}", field(0)?, field(4)?))
}

fn shown(record: &mut Record<'_>, show: Show) -> Value {
    show(record);
    record.end("")
}

/// A value that the driver may have changed.
pub fn chosen(before: &Record<'_>, answer: Option<&Record<'_>>, value: impl Fn(&Record<'_>) -> Value) -> Value {
    let own = value(before);
    match answer.map(value) {
        Some(other) if other != own => Value::Changed(Box::new(own), Box::new(other)),
        _ => own,
    }
}

/// `{asked} => {answered}`.
pub fn changed(before: Value, answer: Option<Record<'_>>, show: Show) -> Value {
    match answer {
        Some(mut after) => Value::Changed(Box::new(before), Box::new(shown(&mut after, show))),
        None => before,
    }
}

pub fn kind<'r, 'a>(r: &'r mut Record<'a>, name: &'static str, at: usize) -> &'r mut Record<'a> {
    r.named(name, at, 4, V4L2_BUFFER_TYPE)
}

fn index(r: &mut Record<'_>) {
    r.unsigned("index", 0, 4);
}

pub fn pixels(r: &mut Record<'_>, name: &'static str, at: usize) {
    let value = video_format::four_letters(r.ctx, r.raw(at, 4), Some(V4L2_PIXEL_FORMAT));
    r.add(name, value);
}

/// One number by another: `1/30`.
fn fraction(r: &mut Record<'_>, name: &'static str, at: usize) {
    let text = format!("{}/{}", r.raw(at, 4), r.raw(at + 4, 4));
    r.add(name, Value::Text(text.into()));
}

pub fn rectangle(r: &mut Record<'_>, name: &'static str, at: usize) {
    let mut inner = Record::new(r.ctx, r.from(at));
    inner.signed("left", 0, 4).signed("top", 4, 4).unsigned("width", 8, 4).unsigned("height", 12, 4);
    r.add(name, inner.end("v4l2_rect"));
}

fn description(r: &mut Record<'_>) {
    r.flags("flags", 8, 4, V4L2_FORMAT_FLAGS).text("description", 12, 32);
    pixels(r, "pixelformat", 44);
}

fn frame_buffer(r: &mut Record<'_>) {
    r.hex("capability", 0, 4).hex("flags", 4, 4).address("base", 8);
}

/// Whether streams of that type have parameters: pictures in, pictures out.
fn has_parameters(kind: u64) -> bool {
    matches!(kind, 1 | 2)
}

fn streaming(r: &mut Record<'_>) {
    let output = r.raw(0, 4) != 1;
    let mut inner = Record::new(r.ctx, r.from(4));
    inner.flags("capability", 0, 4, V4L2_TIME_PER_FRAME);
    inner.flags(if output { "outputmode" } else { "capturemode" }, 4, 4, V4L2_CAPTURE_MODE);
    fraction(&mut inner, "timeperframe", 8);
    inner.hex("extendedmode", 16, 4).unsigned(if output { "writebuffers" } else { "readbuffers" }, 20, 4);
    r.add(if output { "parm.output" } else { "parm.capture" }, inner.end("v4l2_captureparm"));
}

fn input(r: &mut Record<'_>) {
    r.text("name", 4, 32).named("type", 36, 4, V4L2_INPUT_TYPE).hex("audioset", 40, 4).unsigned("tuner", 44, 4);
    r.flags("std", 48, 8, V4L2_STANDARD).flags("status", 56, 4, V4L2_INPUT_STATUS);
    r.flags("capabilities", 60, 4, V4L2_INPUT_CAPABILITY);
}

fn standard(r: &mut Record<'_>) {
    let name = if r.ctx.word() == 8 { 16 } else { 12 };
    r.text("name", name, 24);
    fraction(r, "frameperiod", name + 24);
    r.unsigned("framelines", name + 32, 4);
}

fn tuner(r: &mut Record<'_>) {
    r.text("name", 4, 32).named("type", 36, 4, V4L2_TUNER_TYPE).flags("capability", 40, 4, V4L2_TUNER_CAPABILITY);
    r.unsigned("rangelow", 44, 4).unsigned("rangehigh", 48, 4).flags("rxsubchans", 52, 4, V4L2_TUNER_SUB);
    r.named("audmode", 56, 4, V4L2_TUNER_MODE).signed("signal", 60, 4).signed("afc", 64, 4);
}

fn crop_limits(r: &mut Record<'_>) {
    rectangle(r, "bounds", 4);
    rectangle(r, "defrect", 20);
    fraction(r, "pixelaspect", 36);
}

fn frame_size(r: &mut Record<'_>) {
    const DISCRETE: u64 = 1;
    const STEPWISE: u64 = 3;
    r.named("type", 8, 4, V4L2_FRAME_SIZE);
    let mut inner = Record::new(r.ctx, r.from(12));
    match r.raw(8, 4) {
        DISCRETE => {
            let inner = inner.unsigned("width", 0, 4).unsigned("height", 4, 4).end("v4l2_frmsize_discrete");
            r.add("discrete", inner);
        }
        STEPWISE => {
            inner.unsigned("min_width", 0, 4).unsigned("max_width", 4, 4).unsigned("step_width", 8, 4);
            inner.unsigned("min_height", 12, 4).unsigned("max_height", 16, 4).unsigned("step_height", 20, 4);
            r.add("stepwise", inner.end("v4l2_frmsize_stepwise"));
        }
        _ => {}
    }
}

fn frame_interval(r: &mut Record<'_>) {
    const DISCRETE: u64 = 1;
    const CONTINUOUS: u64 = 2;
    const STEPWISE: u64 = 3;
    r.named("type", 16, 4, V4L2_FRAME_INTERVAL);
    match r.raw(16, 4) {
        DISCRETE => fraction(r, "discrete", 20),
        CONTINUOUS | STEPWISE => {
            let mut inner = Record::new(r.ctx, r.from(20));
            fraction(&mut inner, "min", 0);
            fraction(&mut inner, "max", 8);
            fraction(&mut inner, "step", 16);
            r.add("stepwise", inner.end("v4l2_frmival_stepwise"));
        }
        _ => {}
    }
}

/// Where the fields of `struct v4l2_buffer` stand: its time has the width of the program's, its union that of a pointer.
struct Buffer {
    time: usize,
    /// Of one half of the time, in bytes.
    half: usize,
    memory: usize,
    union: usize,
}

fn buffer_layout(word: usize, size: usize) -> Buffer {
    const TIME_CODE: usize = 16;
    // The fields behind the time and before the union are the same everywhere.
    let half = if word == 8 || size > 68 { 8 } else { 4 };
    // x32 aligns like 64-bit programs do, i386 does not.
    let time = if word == 8 || size == 80 { 24 } else { 20 };
    let memory = time + 2 * half + TIME_CODE + 4;
    Buffer { time, half, memory, union: (memory + 4).next_multiple_of(word) }
}

/// VIDIOC_QUERYBUF, VIDIOC_QBUF and VIDIOC_DQBUF, of which the last is told by the driver which buffer it got.
fn buffer<'a>(mut before: Record<'a>, answer: Option<Record<'a>>, taken: bool) -> Value {
    const MMAP: u64 = 1;
    const USERPTR: u64 = 2;
    kind(&mut before, "type", 4);
    if !taken {
        index(&mut before);
    }
    let Some(mut r) = answer else { return before.end("") };
    let (word, at) = (r.ctx.word(), buffer_layout(r.ctx.word(), r.bytes.len()));
    if taken {
        index(&mut r);
    }
    r.named("memory", at.memory, 4, V4L2_MEMORY);
    match r.raw(at.memory, 4) {
        MMAP => _ = r.hex("m.offset", at.union, 4),
        USERPTR => _ = r.address("m.userptr", at.union),
        _ => {}
    }
    let flags = buffer_flags(&r, 12);
    r.unsigned("length", at.union + word, 4).unsigned("bytesused", 8, 4).add("flags", flags);
    if taken {
        let seconds = Value::Signed(sign_extend(r.raw(at.time, at.half), at.half * 8));
        let micros = Value::Unsigned(r.raw(at.time + at.half, at.half));
        r.add("timestamp", Value::structure("timeval", vec![("tv_sec".into(), seconds), ("tv_usec".into(), micros)]));
    }
    before.go_on(&mut r, |r| _ = r.elide());
    before.end("")
}

/// Flags of a buffer: bits, what clock its time is from, and when that was taken.
fn buffer_flags(r: &Record<'_>, at: usize) -> Value {
    const TIMESTAMP: u64 = 0xe000;
    const SOURCE: u64 = 0x7_0000;
    let (arch, raw) = (r.ctx.arch(), r.raw(at, 4));
    let bits = raw & !(TIMESTAMP | SOURCE);
    let mut text = String::new();
    if bits != 0 {
        V4L2_BUFFER_FLAGS.flags(arch, bits, 32).write(&mut text);
        text.push('|');
    }
    V4L2_BUFFER_TIME.name(arch, raw & TIMESTAMP, 32).write(&mut text);
    text.push('|');
    V4L2_BUFFER_TIME_SOURCE.name(arch, raw & SOURCE, 32).write(&mut text);
    Value::Text(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_laid_out_as_each_abi_has_them() {
        let parts = |word, size| {
            let at = buffer_layout(word, size);
            (at.time, at.half, at.memory, at.union)
        };
        assert_eq!(parts(8, 88), (24, 8, 60, 64), "x86-64");
        assert_eq!(parts(4, 68), (20, 4, 48, 52), "i386");
        assert_eq!(parts(4, 76), (20, 8, 56, 60), "i386 with times of 64 bits");
        assert_eq!(parts(4, 80), (24, 8, 60, 64), "x32");
    }
}
