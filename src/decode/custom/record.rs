//! Structures field by field, where what is shown depends on what they hold. Layouts that are always shown the same way
//! stand in `assets/structs` instead.

use std::borrow::Cow;

use super::names::Set;
use crate::decode::num::sign_extend;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, fixed_text, le, take};

/// The bytes of a structure, and the fields of it that were named so far.
pub struct Record<'a> {
    pub ctx: &'a Ctx<'a>,
    pub bytes: &'a [u8],
    fields: Vec<(Cow<'static, str>, Value)>,
    elided: bool,
}

impl<'a> Record<'a> {
    pub fn new(ctx: &'a Ctx<'a>, bytes: &'a [u8]) -> Record<'a> {
        Record { ctx, bytes, fields: Vec::new(), elided: false }
    }

    /// What stands from `at` on; nothing behind the end.
    pub fn from(&self, at: usize) -> &'a [u8] {
        self.bytes.get(at..).unwrap_or_default()
    }

    /// A number of `len` bytes; what lies behind the end counts as zero.
    pub fn raw(&self, at: usize, len: usize) -> u64 {
        le(take(self.from(at), len))
    }

    /// A pointer of the ABI.
    pub fn pointer(&self, at: usize) -> u64 {
        self.raw(at, self.ctx.word())
    }

    pub fn add(&mut self, name: &'static str, value: Value) -> &mut Self {
        self.fields.push((name.into(), value));
        self
    }

    /// A field that is not always there.
    pub fn maybe(&mut self, name: &'static str, value: Option<Value>) -> &mut Self {
        self.fields.extend(value.map(|value| (name.into(), value)));
        self
    }

    pub fn unsigned(&mut self, name: &'static str, at: usize, len: usize) -> &mut Self {
        self.add(name, Value::Unsigned(self.raw(at, len)))
    }

    pub fn signed(&mut self, name: &'static str, at: usize, len: usize) -> &mut Self {
        self.add(name, Value::Signed(sign_extend(self.raw(at, len), len * 8)))
    }

    pub fn hex(&mut self, name: &'static str, at: usize, len: usize) -> &mut Self {
        self.add(name, Value::Hex(self.raw(at, len)))
    }

    /// Hexadecimal, and only if it is not zero: what is reserved.
    pub fn nonzero(&mut self, name: &'static str, at: usize, len: usize) -> &mut Self {
        if self.raw(at, len) == 0 { self } else { self.hex(name, at, len) }
    }

    pub fn address(&mut self, name: &'static str, at: usize) -> &mut Self {
        self.add(name, Value::address(self.pointer(at)))
    }

    pub fn descriptor(&mut self, name: &'static str, at: usize) -> &mut Self {
        self.add(name, Value::Fd(self.raw(at, 4) as i32))
    }

    /// One name of a set.
    pub fn named(&mut self, name: &'static str, at: usize, len: usize, set: Set) -> &mut Self {
        self.add(name, set.name(self.ctx.arch(), self.raw(at, len), len * 8))
    }

    /// The names of the bits of a set.
    pub fn flags(&mut self, name: &'static str, at: usize, len: usize, set: Set) -> &mut Self {
        self.add(name, set.flags(self.ctx.arch(), self.raw(at, len), len * 8))
    }

    /// Text that a field of `len` bytes holds, up to its NUL.
    pub fn text(&mut self, name: &'static str, at: usize, len: usize) -> &mut Self {
        self.add(name, fixed_text(take(self.from(at), len)))
    }

    /// `count` numbers of `len` bytes, all of them.
    pub fn list(
        &mut self,
        name: &'static str,
        at: usize,
        len: usize,
        count: usize,
        show: fn(u64) -> Value,
    ) -> &mut Self {
        let items = take(self.from(at), len * count).chunks(len).map(|item| show(le(item))).collect();
        self.add(name, Value::Array { items, elided: false })
    }

    /// The same, only if they are not all zero: what is reserved.
    pub fn reserved(&mut self, name: &'static str, at: usize, len: usize, count: usize) -> &mut Self {
        if take(self.from(at), len * count).iter().all(|&b| b == 0) {
            return self;
        }
        self.list(name, at, len, count, Value::Hex)
    }

    /// The first `count` of at most `room` elements of `size` bytes, as many as a line shows.
    pub fn some(
        &mut self,
        name: &'static str,
        (at, size, room): (usize, usize, usize),
        count: u64,
        show: impl Fn(&'a [u8]) -> Value,
    ) -> &mut Self {
        let count = usize::try_from(count).unwrap_or(usize::MAX).min(room);
        let shown = self.ctx.shown(count);
        let items = take(self.from(at), size * shown).chunks_exact(size).map(show).collect();
        self.add(name, Value::Array { items, elided: shown < count })
    }

    /// What another record of the same structure names stands behind what this one does.
    pub fn go_on(&mut self, other: &mut Record<'a>, show: impl FnOnce(&mut Record<'a>)) {
        show(other);
        self.fields.append(&mut other.fields);
        self.elided |= other.elided;
    }

    /// What is left out: `...`.
    pub fn elide(&mut self) -> &mut Self {
        self.elided = true;
        self
    }

    /// The structure, of that name in C.
    pub fn end(&mut self, name: &'static str) -> Value {
        Value::Struct { name, fields: std::mem::take(&mut self.fields), elided: self.elided }
    }
}
