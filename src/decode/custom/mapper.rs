//! Requests to the device mapper, linux/dm-ioctl.h: a header that says where in the same memory its lists begin, and the
//! lists. Short views show the header alone.

use super::names::DEVICE_MAPPER;
use super::record::Record;
use crate::decode::num::device;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, c_string_of, le};

/// `struct dm_ioctl` up to its data, bytes.
const HEADER: usize = 305;
/// `struct dm_target_spec`, `struct dm_target_versions` and `struct dm_name_list` before the name, `struct dm_target_msg`.
const SPEC: u32 = 40;
const VERSIONS: u32 = 16;
const NAME: u32 = 12;
const MESSAGE: u32 = 8;
const MAJOR: u64 = 4;

// The numbers of requests.
const REMOVE_ALL: u64 = 1;
const LIST_DEVICES: u64 = 2;
const CREATE: u64 = 3;
const REMOVE: u64 = 4;
const RENAME: u64 = 5;
const SUSPEND: u64 = 6;
const STATUS: u64 = 7;
const WAIT: u64 = 8;
const LOAD: u64 = 9;
const CLEAR: u64 = 10;
const DEPS: u64 = 11;
const TABLE_STATUS: u64 = 12;
const LIST_VERSIONS: u64 = 13;
const TARGET_MESSAGE: u64 = 14;
const SET_GEOMETRY: u64 = 15;
const ARM_POLL: u64 = 16;

const SUSPEND_FLAG: u64 = 2;
const DATA_OUT_FLAG: u64 = 1 << 16;

/// The request before the call and, where it changed, after it.
pub fn request(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let Some(before) = Request::at(ctx, Side::Entry, addr) else { return Value::address(addr) };
    let value = before.value();
    match ctx.returned().and_then(|_| Request::at(ctx, Side::Exit, addr)) {
        Some(after) => Value::Changed(Box::new(value), Box::new(after.value())),
        None => value,
    }
}

struct Request<'a> {
    ctx: &'a Ctx<'a>,
    side: Side,
    addr: u64,
    bytes: &'a [u8],
    number: u64,
    /// Where the lists begin, and where all of it ends, from the header on.
    start: u32,
    size: u32,
    flags: u64,
}

impl<'a> Request<'a> {
    fn at(ctx: &'a Ctx<'a>, side: Side, addr: u64) -> Option<Request<'a>> {
        let bytes = ctx.read(side, addr, HEADER)?;
        let field = |at: usize| le(&bytes[at..at + 4]);
        let (size, start) = (field(12) as u32, field(16) as u32);
        let number = ctx.arg(1) & 0xff;
        (size >= 12).then_some(Request { ctx, side, addr, bytes, number, start, size, flags: field(28) })
    }

    fn asks(&self) -> bool {
        self.side == Side::Entry
    }

    fn value(&self) -> Value {
        let mut record = Record::new(self.ctx, self.bytes);
        record.list("version", 0, 4, 3, Value::Unsigned);
        let mut items = Vec::new();
        if record.raw(0, 4) != MAJOR {
            items.push(remarked(record, "unsupported device mapper ABI version"));
        } else if (self.size as usize) < HEADER {
            record.unsigned("data_size", 12, 4);
            items.push(remarked(record, "data_size too small"));
        } else {
            record.unsigned("data_size", 12, 4);
            self.header(&mut record);
            items.push(record.end("dm_ioctl"));
            self.payload(&mut items);
        }
        Value::Array { items, elided: false }
    }

    fn header(&self, record: &mut Record<'a>) {
        let alone = matches!(self.number, 0 | REMOVE_ALL | CREATE | REMOVE | SUSPEND | STATUS | CLEAR | ARM_POLL);
        if !alone {
            record.unsigned("data_start", 16, 4);
        }
        if !matches!(self.number, REMOVE_ALL | LIST_DEVICES | LIST_VERSIONS) {
            if record.raw(40, 8) != 0 {
                record.add("dev", device(record.raw(40, 8)));
            }
            for (name, at, len) in [("name", 48, 128), ("uuid", 176, 129)] {
                if self.bytes[at] != 0 {
                    record.text(name, at, len);
                }
            }
        }
        match (self.number, self.asks()) {
            (LOAD, true) => _ = record.unsigned("target_count", 20, 4),
            (SUSPEND, true) if self.flags & SUSPEND_FLAG != 0 => {}
            (SUSPEND | RENAME | REMOVE | WAIT, true) => _ = record.unsigned("event_nr", 32, 4),
            (CREATE | RENAME..=TABLE_STATUS | TARGET_MESSAGE, false) => {
                record.unsigned("target_count", 20, 4).unsigned("open_count", 24, 4).unsigned("event_nr", 32, 4);
            }
            _ => {}
        }
        record.flags("flags", 28, 4, DEVICE_MAPPER);
    }

    fn payload(&self, items: &mut Vec<Value>) {
        let nothing = self.start == self.size;
        let count = le(&self.bytes[20..24]);
        let list = match (self.number, self.asks()) {
            (LOAD, true) | (WAIT | TABLE_STATUS, false) if count != 0 => Request::targets,
            (LOAD, true) | (WAIT | TABLE_STATUS, false) => return,
            (DEPS, false) if !nothing => Request::dependencies,
            (LIST_DEVICES, false) if !nothing => Request::devices,
            (LIST_VERSIONS, false) if !nothing => Request::versions,
            (TARGET_MESSAGE, true) if !nothing => Request::message,
            (TARGET_MESSAGE, false) if self.flags & DATA_OUT_FLAG != 0 => Request::text,
            (RENAME | SET_GEOMETRY, true) => Request::text,
            _ => return,
        };
        match self.ctx.options.verbose {
            true => list(self, items),
            false => items.push(Value::Text("...".into())),
        }
    }

    /// A part at an offset, or the reason why there is none.
    fn part(&self, offset: u32, len: u32, what: &str) -> Result<Record<'a>, Value> {
        match offset.checked_add(len) {
            Some(end) if end > offset && end <= self.size => {
                let at = self.addr.wrapping_add(offset.into());
                let bytes = self.ctx.read(self.side, at, len as usize).ok_or(Value::Address(at))?;
                Ok(Record::new(self.ctx, bytes))
            }
            _ => Err(misplaced(what)),
        }
    }

    /// A string that may reach to the end of the data.
    fn string(&self, offset: u32) -> Value {
        let at = self.addr.wrapping_add(offset.into());
        let room = self.size.saturating_sub(offset) as usize;
        if room == 0 {
            return Value::Str { bytes: Vec::new(), true_len: 0, terminated: true };
        }
        let Some(mut piece) = self.ctx.memory(self.side).at(at) else { return Value::Address(at) };
        piece.bytes = &piece.bytes[..piece.bytes.len().min(room)];
        piece.fault &= piece.bytes.len() < room;
        c_string_of(piece, self.ctx.options.string_limit).unwrap_or(Value::Address(at))
    }

    /// Walks a list whose elements say where the next one begins; `each` gives an element and that distance.
    fn walk(
        &self,
        items: &mut Vec<Value>,
        most: u64,
        (len, what): (u32, &str),
        each: impl Fn(Record<'a>, u32) -> (Value, u32),
        from_start: bool,
    ) {
        let (mut offset, mut end) = (self.start, 0);
        for i in 0..most {
            if i != 0 && offset <= end {
                return items.push(misplaced(what));
            }
            end = offset.wrapping_add(len);
            if end > offset && end <= self.size && i as usize >= self.ctx.options.string_limit {
                return items.push(Value::Text("...".into()));
            }
            match self.part(offset, len, what) {
                Ok(record) => {
                    let (value, next) = each(record, offset);
                    items.push(value);
                    match next {
                        0 if most == u64::MAX => return,
                        _ if from_start => offset = self.start.wrapping_add(next),
                        _ => offset = offset.wrapping_add(next),
                    }
                }
                Err(value) => return items.push(value),
            }
        }
    }

    fn targets(&self, items: &mut Vec<Value>) {
        let count = le(&self.bytes[20..24]);
        let each = |mut r: Record<'a>, offset: u32| {
            r.unsigned("sector_start", 0, 8).unsigned("length", 8, 8);
            if !self.asks() {
                r.signed("status", 16, 4);
            }
            r.text("target_type", 24, 16).add("string", self.string(offset + SPEC));
            let next = r.raw(20, 4) as u32;
            (r.end("dm_target_spec"), next)
        };
        self.walk(items, count, (SPEC, "struct dm_target_spec"), each, !self.asks());
    }

    fn dependencies(&self, items: &mut Vec<Value>) {
        const BEFORE: u32 = 8;
        let what = "struct dm_target_deps";
        items.push(match self.part(self.start, BEFORE, what) {
            Ok(r) if r.raw(0, 4) > u64::from((self.size - self.start - BEFORE) / 8) => misplaced(what),
            Ok(mut r) => {
                let first = self.addr.wrapping_add((self.start + BEFORE).into());
                let list = self.ctx.elements(self.side, first, r.raw(0, 4), 8, |bytes| device(le(bytes)));
                r.unsigned("count", 0, 4).add("deps", list).end("dm_target_deps")
            }
            Err(value) => value,
        });
    }

    fn devices(&self, items: &mut Vec<Value>) {
        // Since this version the number of the last event follows the name.
        const WITH_EVENTS: u64 = 37;
        let minor = le(&self.bytes[4..8]);
        let each = |mut r: Record<'a>, offset: u32| {
            let next = r.raw(8, 4) as u32;
            let name = self.string(offset + NAME);
            let own = self.addr.wrapping_add(offset.into());
            let after = match &name {
                Value::Str { true_len, terminated: true, .. } if minor >= WITH_EVENTS => {
                    Some((own + u64::from(NAME) + true_len + 1).next_multiple_of(8))
                }
                _ => None,
            };
            r.add("dev", device(r.raw(0, 8))).add("name", name);
            let event =
                after.filter(|at| at + 4 <= own + u64::from(next)).and_then(|at| self.ctx.uint(self.side, at, 4));
            if let Some(event) = event {
                r.add("event_nr", Value::Unsigned(event));
            }
            (r.end("dm_name_list"), next)
        };
        self.walk(items, u64::MAX, (NAME, "struct dm_name_list"), each, false);
    }

    fn versions(&self, items: &mut Vec<Value>) {
        let each = |mut r: Record<'a>, offset: u32| {
            r.add("name", self.string(offset + VERSIONS)).list("version", 4, 4, 3, Value::Unsigned);
            let next = r.raw(0, 4) as u32;
            (r.end("dm_target_versions"), next)
        };
        self.walk(items, u64::MAX, (VERSIONS, "struct dm_target_versions"), each, false);
    }

    fn message(&self, items: &mut Vec<Value>) {
        items.push(match self.part(self.start, MESSAGE, "struct dm_target_msg") {
            Ok(mut r) => {
                r.unsigned("sector", 0, 8).add("message", self.string(self.start + MESSAGE)).end("dm_target_msg")
            }
            Err(value) => value,
        });
    }

    fn text(&self, items: &mut Vec<Value>) {
        items.push(match self.start <= self.size {
            true => Value::structure("", vec![("string".into(), self.string(self.start))]),
            false => misplaced("string"),
        });
    }
}

fn misplaced(what: &str) -> Value {
    Value::Text("???".into()).commented(format!("misplaced {what}"))
}

/// A structure that is not shown further, with the reason behind its last field.
fn remarked(mut record: Record<'_>, why: &'static str) -> Value {
    match record.end("dm_ioctl") {
        Value::Struct { name, mut fields, elided } => {
            if let Some((_, last)) = fields.last_mut() {
                *last = std::mem::replace(last, Value::Null).commented(why);
            }
            Value::Struct { name, fields, elided }
        }
        value => value,
    }
}
