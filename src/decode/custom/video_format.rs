//! Formats of pictures and of other data that video devices give: `struct v4l2_format` of linux/videodev2.h.

use std::borrow::Cow;

use super::names::{
    Set, V4L2_COLORSPACE, V4L2_FIELD, V4L2_META_FORMAT, V4L2_PIXEL_FORMAT, V4L2_RADIO_FORMAT, V4L2_SLICED_FLAGS,
    V4L2_VBI_FLAGS,
};
use super::record::Record;
use super::video::{Show, pixels, rectangle};
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side};

/// `struct v4l2_plane_pix_format`, bytes; and how many planes there may be.
const PLANE: usize = 20;
const PLANES: usize = 8;

/// What the type of a stream makes of the union of formats; None: nothing that is known.
fn shape(kind: u64) -> Option<(&'static str, Show)> {
    Some(match kind {
        1 | 2 => ("fmt.pix", picture),
        3 | 8 => ("fmt.win", |r| _ = window(r)),
        4 | 5 => ("fmt.vbi", blanking),
        6 | 7 => ("fmt.sliced", sliced),
        9 | 10 => ("fmt.pix_mp", planes),
        11 | 12 => ("fmt.sdr", radio),
        13 | 14 => ("fmt.meta", |r| {
            let format = four_letters(r.ctx, r.raw(0, 4), Some(V4L2_META_FORMAT));
            r.add("dataformat", format).unsigned("buffersize", 4, 4);
        }),
        _ => return None,
    })
}

/// The union, which begins where a pointer may stand.
fn union<'a>(r: &Record<'a>) -> Record<'a> {
    Record::new(r.ctx, r.from(4usize.next_multiple_of(r.ctx.word())))
}

/// The format of a `struct v4l2_format`, if its type is known.
pub fn format(r: &mut Record<'_>) {
    if let Some((name, show)) = shape(r.raw(0, 4)) {
        let mut inner = union(r);
        show(&mut inner);
        r.add(name, inner.end("v4l2_format"));
    }
}

/// The same where the program chose; false if what the driver makes of it is not worth showing, as the type is not known
/// or a list that belongs to it was not there.
pub fn choice(r: &mut Record<'_>) -> bool {
    format(r);
    match shape(r.raw(0, 4)) {
        Some(("fmt.win", _)) => window(&mut union(r)),
        known => known.is_some(),
    }
}

/// Four letters, and what they are called.
pub fn four_letters(ctx: &Ctx<'_>, code: u64, set: Option<Set>) -> Value {
    let args = code.to_le_bytes()[..4].iter().map(|&byte| Value::Text(letter(byte))).collect();
    let value = Value::Call { function: "v4l2_fourcc", args };
    match set.map(|set| set.name(ctx.arch(), code, 32)) {
        Some(Value::Named(name)) => value.commented(name),
        _ => value,
    }
}

/// A character as C writes it.
fn letter(byte: u8) -> Cow<'static, str> {
    match byte {
        b'\'' | b'\\' => format!("'\\{}'", byte as char),
        b' '..=b'~' => format!("'{}'", byte as char),
        _ => format!("'\\x{byte:02x}'"),
    }
    .into()
}

fn picture(r: &mut Record<'_>) {
    r.unsigned("width", 0, 4).unsigned("height", 4, 4);
    pixels(r, "pixelformat", 8);
    r.named("field", 12, 4, V4L2_FIELD).unsigned("bytesperline", 16, 4).unsigned("sizeimage", 20, 4);
    r.named("colorspace", 24, 4, V4L2_COLORSPACE);
}

fn planes(r: &mut Record<'_>) {
    let (ctx, count) = (r.ctx, r.raw(180, 1));
    r.unsigned("width", 0, 4).unsigned("height", 4, 4);
    pixels(r, "pixelformat", 8);
    r.named("field", 12, 4, V4L2_FIELD).named("colorspace", 16, 4, V4L2_COLORSPACE);
    r.some("plane_fmt", (20, PLANE, PLANES), count, |bytes| {
        Record::new(ctx, bytes).unsigned("sizeimage", 0, 4).unsigned("bytesperline", 4, 4).end("v4l2_plane_pix_format")
    });
    r.unsigned("num_planes", 180, 1);
}

/// A window over the screen; whether the parts of it that are cut out could be shown.
fn window(r: &mut Record<'_>) -> bool {
    const RECTANGLE: usize = 16;
    let (ctx, word) = (r.ctx, r.ctx.word());
    // Behind the rectangle, the field and the key, aligned: a pointer, a number, a pointer, a byte.
    let clips = 24;
    let (list, count) = (r.pointer(clips), r.raw(clips + word, 4));
    rectangle(r, "w", 0);
    r.named("field", 16, 4, V4L2_FIELD).hex("chromakey", 20, 4);
    let side = if ctx.returned().is_some() && ctx.read(Side::Entry, list, RECTANGLE).is_none() {
        Side::Exit
    } else {
        Side::Entry
    };
    let shown = ctx.elements(side, list, count, (RECTANGLE + word).next_multiple_of(word), |bytes| {
        let mut clip = Record::new(ctx, bytes);
        rectangle(&mut clip, "c", 0);
        clip.end("v4l2_clip")
    });
    let complete =
        matches!(&shown, Value::Array { items, .. } if !matches!(items.last(), None | Some(Value::Unread(_))));
    r.add("clips", shown).unsigned("clipcount", clips + word, 4).address("bitmap", clips + 2 * word);
    if r.raw(clips + 3 * word, 1) != 0 {
        r.hex("global_alpha", clips + 3 * word, 1);
    }
    complete
}

fn blanking(r: &mut Record<'_>) {
    let format = four_letters(r.ctx, r.raw(12, 4), Some(V4L2_PIXEL_FORMAT));
    r.unsigned("sampling_rate", 0, 4).unsigned("offset", 4, 4).unsigned("samples_per_line", 8, 4);
    r.add("sample_format", format);
    r.list("start", 16, 4, 2, |line| Value::Signed(i64::from(line as i32)));
    r.list("count", 24, 4, 2, Value::Unsigned).flags("flags", 32, 4, V4L2_VBI_FLAGS);
}

fn sliced(r: &mut Record<'_>) {
    const LINES: usize = 24;
    let field = |at: usize| {
        let lines = (0..LINES).map(|i| Value::Hex(r.raw(at + 2 * i, 2))).collect();
        Value::Array { items: lines, elided: false }
    };
    let fields = Value::Array { items: vec![field(2), field(2 + 2 * LINES)], elided: false };
    r.flags("service_set", 0, 2, V4L2_SLICED_FLAGS).add("service_lines", fields).unsigned("io_size", 100, 4);
}

fn radio(r: &mut Record<'_>) {
    let format = four_letters(r.ctx, r.raw(0, 4), Some(V4L2_RADIO_FORMAT));
    r.add("pixelformat", format);
    if r.raw(4, 4) != 0 {
        r.unsigned("buffersize", 4, 4);
    }
}
