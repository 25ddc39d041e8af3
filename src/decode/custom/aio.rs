//! Control blocks of asynchronous I/O, io_submit(2) and io_cancel(2); linux/aio_abi.h.

use super::names::{IOCB_COMMAND, IOCB_FLAG, RWF};
use super::words::io_priority;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le, take};

/// `struct iocb`, bytes: the same on every ABI.
const SIZE: usize = 64;
const PREAD: u64 = 0;
const PWRITE: u64 = 1;
const POLL: u64 = 5;
const PREADV: u64 = 7;
const PWRITEV: u64 = 8;
/// IOCB_FLAG_RESFD and IOCB_FLAG_IOPRIO.
const WITH_EVENT: u64 = 1;
const BY_PRIORITY: u64 = 2;

/// An array of pointers to blocks; their number is the second argument.
pub fn submitted(ctx: &Ctx<'_>, index: usize) -> Value {
    ctx.elements(Side::Entry, ctx.arg(index), ctx.arg(1), ctx.word(), |pointer| block(ctx, le(pointer), true))
}

/// The block of the operation to cancel: only which it is.
pub fn cancelled(ctx: &Ctx<'_>, index: usize) -> Value {
    block(ctx, ctx.arg(index), false)
}

fn block(ctx: &Ctx<'_>, addr: u64, full: bool) -> Value {
    let Some(bytes) = ctx.read(Side::Entry, addr, SIZE) else { return Value::address(addr) };
    let arch = ctx.arch();
    let field = |at: usize, len: usize| le(take(bytes.get(at..).unwrap_or_default(), len));
    let (command, flags) = (field(16, 2), field(56, 4));
    let mut fields = vec![("aio_data".into(), Value::Hex(field(0, 8)))];
    let mut add = |name: &'static str, value: Value| fields.push((name.into(), value));
    if field(8, 4) != 0 {
        add("aio_key", Value::Unsigned(field(8, 4)));
    }
    if field(12, 4) != 0 {
        add("aio_rw_flags", RWF.flags(arch, field(12, 4), 32));
    }
    add(
        "aio_lio_opcode",
        match IOCB_COMMAND.name(arch, command, 16) {
            Value::Unknown { raw, comment } => Value::Unsigned(raw).commented(comment),
            name => name,
        },
    );
    let priority = field(18, 2);
    if flags & BY_PRIORITY != 0 {
        add("aio_reqprio", io_priority(priority));
    } else if priority != 0 {
        add("aio_reqprio", Value::Signed((priority as i16).into()));
    }
    add("aio_fildes", Value::Fd(field(20, 4) as i32));
    if full && matches!(command, PREAD | PWRITE | POLL | PREADV | PWRITEV) {
        let (data, len) = (field(24, 8), field(32, 8));
        let valid = data <= word_limit(ctx) && len <= word_limit(ctx) && len >> (ctx.word() * 8 - 1) == 0;
        match command {
            POLL => add("aio_buf", super::names::POLL.flags(arch, data, 64)),
            PREADV | PWRITEV if valid => {
                let whole = (command == PWRITEV).then_some(u64::MAX);
                add("aio_buf", super::iovec::vector(ctx, data, len, Side::Entry, whole));
            }
            PWRITE if valid => add("aio_buf", ctx.buffer(Side::Entry, data, len)),
            _ if valid => add("aio_buf", Value::address(data)),
            _ => add("aio_buf", Value::Hex(data)),
        }
        if matches!(command, PREAD | PWRITE) || (command != POLL && !valid) {
            add("aio_nbytes", Value::Unsigned(len));
        }
        if command != POLL {
            add("aio_offset", Value::Signed(field(40, 8) as i64));
        }
        if flags != 0 {
            add("aio_flags", IOCB_FLAG.flags(arch, flags, 32));
        }
        let event = field(60, 4);
        if flags & WITH_EVENT != 0 {
            add("aio_resfd", Value::Fd(event as i32));
        } else if event != 0 {
            add("aio_resfd", Value::Hex(event));
        }
    }
    Value::structure("iocb", fields)
}

/// The largest pointer of the ABI.
fn word_limit(ctx: &Ctx<'_>) -> u64 {
    if ctx.word() == 4 { 0xffff_ffff } else { u64::MAX }
}
