//! Requests to trusted execution environments, linux/tee.h: a header that says how long the arguments are and where, and
//! the arguments, which end in a list of parameters.

use super::names::{TEE_LOGIN, TEE_ORIGIN, TEE_PARAMETER, TEE_SHARED};
use super::record::Record;
use crate::decode::num::id;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le};

/// TEE_MAX_ARG_SIZE.
const MOST: u64 = 1024;
/// One parameter, bytes.
const PARAMETER: usize = 32;
const META: u64 = 0x100;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Command {
    OpenSession,
    Invoke,
    Receive,
    Send,
}

impl Command {
    /// How long the arguments before the parameters are, and where in them the number of parameters stands.
    fn shape(self) -> (usize, usize) {
        match self {
            Command::OpenSession => (56, 52),
            Command::Invoke => (24, 20),
            Command::Receive | Command::Send => (8, 4),
        }
    }
}

pub fn request(ctx: &Ctx<'_>, index: usize, command: Command) -> Value {
    let addr = ctx.arg(index);
    let Some(header) = ctx.read(Side::Entry, addr, 16) else { return Value::address(addr) };
    let (at, len) = (le(&header[..8]), le(&header[8..]));
    let (size, counter) = command.shape();
    let arguments = |side: Side| ctx.read(side, at, size).filter(|_| (size as u64..=MOST).contains(&len));
    let fits = |bytes: &&[u8]| size as u64 + le(&bytes[counter..counter + 4]) * PARAMETER as u64 == len;
    let before = match arguments(Side::Entry).filter(fits) {
        Some(bytes) => ask(ctx, command, at, bytes),
        None => Value::Address(at),
    };
    let content = match (&before, ctx.returned()) {
        (Value::Struct { .. }, Some(_)) => {
            let after = arguments(Side::Exit).map(|bytes| answer(ctx, command, at, bytes));
            Value::Changed(Box::new(before), Box::new(after.unwrap_or(Value::Address(at))))
        }
        _ => before,
    };
    let fields = vec![("buf_len".into(), Value::Unsigned(len)), ("buf_ptr".into(), content)];
    Value::structure("tee_ioctl_buf_data", fields)
}

fn ask(ctx: &Ctx<'_>, command: Command, at: u64, bytes: &[u8]) -> Value {
    let mut r = Record::new(ctx, bytes);
    match command {
        Command::OpenSession => {
            r.add("uuid", uuid(&bytes[..16])).named("clnt_login", 32, 4, TEE_LOGIN);
            match r.raw(32, 4) {
                0 | 1 | 4 | 5 => {}
                // Whose rights count: a group.
                2 | 6 => _ = r.add("clnt_uuid", id(le(&bytes[16..20]), 32)),
                _ => _ = r.list("clnt_uuid", 16, 1, 16, Value::Hex),
            }
            r.unsigned("cancel_id", 36, 4);
        }
        Command::Invoke => _ = r.unsigned("func", 0, 4).hex("session", 4, 4).unsigned("cancel_id", 8, 4),
        Command::Receive => _ = r.unsigned("func", 0, 4),
        Command::Send => {}
    }
    parameters(&mut r, Side::Entry, command, at, true);
    r.end("")
}

fn answer(ctx: &Ctx<'_>, command: Command, at: u64, bytes: &[u8]) -> Value {
    let mut r = Record::new(ctx, bytes);
    match command {
        Command::OpenSession => {
            r.hex("session", 40, 4).unsigned("ret", 44, 4).named("ret_origin", 48, 4, TEE_ORIGIN);
        }
        Command::Invoke => _ = r.unsigned("ret", 12, 4).named("ret_origin", 16, 4, TEE_ORIGIN),
        Command::Receive => {}
        Command::Send => _ = r.unsigned("ret", 0, 4),
    }
    parameters(&mut r, Side::Exit, command, at, command == Command::Receive);
    r.end("")
}

/// The list, and before it its length where that is told.
fn parameters(r: &mut Record<'_>, side: Side, command: Command, at: u64, counted: bool) {
    let (size, counter) = command.shape();
    let count = r.raw(counter, 4);
    if counted {
        r.unsigned("num_params", counter, 4);
    }
    let ctx = r.ctx;
    let first = if count == 0 { 0 } else { at.wrapping_add(size as u64) };
    r.add("params", ctx.elements(side, first, count, PARAMETER, |bytes| parameter(ctx, bytes)));
}

fn parameter(ctx: &Ctx<'_>, bytes: &[u8]) -> Value {
    let mut r = Record::new(ctx, bytes);
    let kind = r.raw(0, 8);
    let name = TEE_PARAMETER.name(ctx.arch(), kind & !META, 64);
    let name = match kind & META {
        0 => name,
        _ => Value::Text(format!("{}|TEE_IOCTL_PARAM_ATTR_META", name.text()).into()),
    };
    r.add("attr", name);
    match kind {
        0 => {}
        5..=7 => _ = r.hex("shm_offs", 8, 8).hex("size", 16, 8).unsigned("shm_id", 24, 8),
        _ => _ = r.hex("a", 8, 8).hex("b", 16, 8).hex("c", 24, 8),
    }
    r.end("tee_ioctl_param")
}

/// `deadbeef-cafe-c0de-badc-0dedfacefeed`
pub fn uuid(bytes: &[u8]) -> Value {
    let mut text = String::new();
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    Value::Text(text.into())
}

/// Memory that is shared: what was asked for, and what there is after the call.
pub fn shared(ctx: &Ctx<'_>, addr: u64, form: Shared) -> Value {
    let size = match form {
        Shared::Allocated => 16,
        Shared::Registered => 24,
        Shared::Descriptor => 32,
    };
    let Some(bytes) = ctx.read(Side::Entry, addr, size) else { return Value::address(addr) };
    let mut r = Record::new(ctx, bytes);
    match form {
        Shared::Allocated => r.hex("size", 0, 8).flags("flags", 8, 4, TEE_SHARED),
        Shared::Registered => {
            let own = Value::address(r.raw(0, 8));
            r.add("addr", own).hex("length", 8, 8).flags("flags", 16, 4, TEE_SHARED)
        }
        Shared::Descriptor => r.descriptor("fd", 0).flags("flags", 16, 4, TEE_SHARED),
    };
    let before = r.end("");
    let Some(bytes) = ctx.returned().and_then(|_| ctx.read(Side::Exit, addr, size)) else { return before };
    let mut r = Record::new(ctx, bytes);
    match form {
        Shared::Allocated => r.hex("size", 0, 8).flags("flags", 8, 4, TEE_SHARED).signed("id", 12, 4),
        Shared::Registered => r.hex("length", 8, 8).flags("flags", 16, 4, TEE_SHARED).signed("id", 20, 4),
        Shared::Descriptor => r.hex("size", 8, 8).signed("id", 24, 4),
    };
    Value::Changed(Box::new(before), Box::new(r.end("")))
}

#[derive(Clone, Copy)]
pub enum Shared {
    Allocated,
    Registered,
    Descriptor,
}
