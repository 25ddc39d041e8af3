//! Attributes of netlink(7) messages: a length, a type, and what the tables of `assets/netlink` say that it holds.

use super::names::Set;
use super::netlink_special as special;
use crate::abi::{Arch, Attributes, Content, Field, Struct, Type};
use crate::decode::num;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le, size_of};

/// `struct nlattr` of linux/netlink.h, bytes.
const HEADER: u64 = 4;
const NESTED: u64 = 0x8000;
const NET_BYTEORDER: u64 = 0x4000;

/// A part of a message: the rest behind a header, or what an attribute holds.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    pub ctx: &'a Ctx<'a>,
    pub side: Side,
    pub addr: u64,
    pub len: u64,
    /// The address family that the message's header names.
    pub family: u64,
}

impl<'a> Message<'a> {
    /// The first `len` bytes, if the part is that long and they were copied.
    pub fn read(&self, len: usize) -> Option<&'a [u8]> {
        if (len as u64) > self.len { None } else { self.ctx.read(self.side, self.addr, len) }
    }

    /// What is left behind `skip` bytes.
    pub fn behind(&self, skip: u64) -> Message<'a> {
        let skip = skip.min(self.len);
        Message { addr: self.addr.wrapping_add(skip), len: self.len - skip, ..*self }
    }

    /// All of it as bytes, each as `\x`.
    pub fn bytes(&self) -> Value {
        match self.ctx.buffer(self.side, self.addr, self.len) {
            Value::Str { bytes, true_len, .. } => Value::HexStr { bytes, true_len },
            other => other,
        }
    }

    /// A structure of the tables; bytes if the part is shorter.
    pub fn structure(&self, layout: &'static Struct) -> Value {
        let size = layout.layout(self.ctx.arch()).size as usize;
        match self.read(size) {
            Some(bytes) => self.ctx.structure(layout, bytes),
            None if size as u64 > self.len => self.bytes(),
            None => Value::Address(self.addr),
        }
    }

    /// The structure that a message begins with, whose first field is its family; then the attributes behind it.
    pub fn header(&self, layout: &'static Struct, table: Option<&'static Attributes>) -> Vec<Value> {
        let ctx = self.ctx;
        let own = layout.layout(ctx.arch());
        let size = u64::from(own.size);
        let Some(first) = self.read(1) else { return vec![Value::Address(self.addr)] };
        if let Some(bytes) = self.read(size as usize) {
            let mut items = vec![ctx.structure(layout, bytes)];
            let rest = Message { family: le(first), ..self.behind(size.next_multiple_of(4)) };
            if let Some(table) = table.filter(|_| rest.len != 0) {
                items.push(list(&rest, table));
            }
            return items;
        }
        let mut fields = Vec::new();
        if let Some(field) = own.fields.first() {
            fields.push((field.name.into(), ctx.place(&field.ty, first)));
        }
        let elided = self.len < size;
        if !elided {
            fields.push(("".into(), Value::Address(self.addr.wrapping_add(1))));
        }
        vec![Value::Struct { name: layout.name, fields, elided }]
    }
}

/// Things that begin with a header of `size` bytes, which says how long each is: one alone, or an array.
pub fn sequence(
    ctx: &Ctx<'_>,
    side: Side,
    (mut addr, mut len): (u64, u64),
    size: u64,
    length: impl Fn(&[u8]) -> u64,
    mut show: impl FnMut(&[u8], u64, u64) -> Value,
) -> Value {
    let mut items = Vec::new();
    loop {
        let several = !items.is_empty();
        if len < size {
            items.push(Message { ctx, side, addr, len, family: 0 }.bytes());
            break;
        }
        let Some(bytes) = ctx.read(side, addr, size as usize) else {
            items.push(if several { Value::Unread(addr) } else { Value::address(addr) });
            break;
        };
        if several && items.len() == ctx.shown(usize::MAX) {
            items.push(Value::Text("...".into()));
            break;
        }
        items.push(show(bytes, addr, len));
        let own = length(bytes);
        let step = own.next_multiple_of(4);
        // A length that is none ends the sequence, for the kernel too.
        if own < size || len <= step {
            break;
        }
        (addr, len) = (addr.wrapping_add(step), len - step);
    }
    match items.len() {
        1 => items.remove(0),
        _ => Value::Array { items, elided: false },
    }
}

/// The attributes of a table.
pub fn list(part: &Message<'_>, table: &'static Attributes) -> Value {
    let mut seen = special::Seen::default();
    each(part, &|kind| name(table, kind), |kind, inner| content(inner, table, kind, &mut seen))
}

/// Attributes whose types are the values of a set, and whose content `show` knows.
pub fn by_set(part: &Message<'_>, set: Set, show: impl FnMut(u64, &Message<'_>) -> Option<Value>) -> Value {
    each(part, &|kind| set.name(part.ctx.arch(), kind, 16), show)
}

fn each(
    part: &Message<'_>,
    name: &dyn Fn(u64) -> Value,
    mut show: impl FnMut(u64, &Message<'_>) -> Option<Value>,
) -> Value {
    let length = |bytes: &[u8]| le(&bytes[..2]);
    sequence(part.ctx, part.side, (part.addr, part.len), HEADER, length, |bytes, at, left| {
        let (own, kind) = (le(&bytes[..2]), le(&bytes[2..4]));
        let plain = kind & !(NESTED | NET_BYTEORDER);
        let mut text = String::new();
        for (bit, word) in [(NESTED, "NLA_F_NESTED|"), (NET_BYTEORDER, "NLA_F_NET_BYTEORDER|")] {
            if kind & bit != 0 {
                text.push_str(word);
            }
        }
        let named = match text.is_empty() {
            true => name(plain),
            false => Value::Text((text + &name(plain).text()).into()),
        };
        let header =
            Value::structure("nlattr", vec![("nla_len".into(), Value::Unsigned(own)), ("nla_type".into(), named)]);
        let own = own.min(left);
        if own <= HEADER {
            return header;
        }
        let inner = Message { addr: at.wrapping_add(HEADER), len: own - HEADER, ..*part };
        let items = match show(plain, &inner).unwrap_or_else(|| inner.bytes()) {
            // Several values, of which none holds the others.
            Value::Call { function: "", args } => [vec![header], args].concat(),
            value => vec![header, value],
        };
        Value::Array { items, elided: false }
    })
}

fn name(table: &'static Attributes, kind: u64) -> Value {
    match table.entries.iter().find(|entry| u64::from(entry.value) == kind) {
        Some(entry) => Value::Named(entry.name.into()),
        None => Value::Unknown { raw: kind, comment: table.unknown },
    }
}

/// What an attribute holds; None if it is not known, or too short for it.
fn content(part: &Message<'_>, table: &'static Attributes, kind: u64, seen: &mut special::Seen) -> Option<Value> {
    let ctx = part.ctx;
    let entry = table.entries.iter().find(|entry| u64::from(entry.value) == kind)?;
    match &entry.content {
        Content::Bytes => None,
        Content::Value(ty) => {
            let size = needed(ty, ctx.arch(), part.len);
            if (size as u64) > part.len {
                return None;
            }
            Some(part.read(size).map_or(Value::Address(part.addr), |bytes| cut(ctx.place(ty, bytes), ty, bytes, ctx)))
        }
        Content::Nested(table) => Some(list(part, table)),
        Content::Any { set, bits } => {
            let len = usize::try_from(part.len).ok().filter(|len| *len <= 8)?;
            Some(match part.read(len) {
                Some(bytes) if *bits => num::flags(ctx.arch(), set, le(bytes), len * 8),
                Some(bytes) => num::enumerated(ctx.arch(), set, le(bytes), len * 8),
                None => Value::Address(part.addr),
            })
        }
        Content::Special(name) => special::decode(part, name, seen),
    }
}

/// How many bytes of an attribute count: all that has a name. What pads a structure at its end may be missing, and the
/// counts of a link grew twice.
fn needed(ty: &Type, arch: Arch, len: u64) -> usize {
    let Type::Struct(layout) = ty else { return size_of(ty, arch) };
    let end = |field: &Field| field.offset as usize + size_of(&field.ty, arch);
    let fields = layout.layout(arch).fields;
    let whole = fields.iter().map(end).max().unwrap_or(0);
    let grown = fields.iter().filter(|field| matches!(field.name, "rx_nohandler" | "rx_otherhost_dropped"));
    let shorter = grown.map(|field| field.offset as usize).filter(|&end| end as u64 <= len).max();
    if len < whole as u64 { shorter.unwrap_or(whole) } else { whole }
}

/// A structure without the fields behind the end of its bytes.
fn cut(value: Value, ty: &Type, bytes: &[u8], ctx: &Ctx<'_>) -> Value {
    match (value, ty) {
        (Value::Struct { name, mut fields, elided }, Type::Struct(layout)) => {
            let own = layout.layout(ctx.arch()).fields;
            fields.retain(|(label, _)| {
                own.iter().any(|field| field.name == label && (field.offset as usize) < bytes.len())
            });
            Value::Struct { name, fields, elided }
        }
        (value, _) => value,
    }
}
