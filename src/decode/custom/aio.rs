//! Control blocks of asynchronous I/O, io_submit(2) and io_cancel(2); linux/aio_abi.h.
//!
//! Left out: the vectors of IOCB_CMD_PREADV and IOCB_CMD_PWRITEV, which stay addresses.

use super::names::IOCB_COMMAND;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le, take};

/// `struct iocb`, bytes: the same on every ABI.
const SIZE: usize = 64;
const PWRITE: u64 = 1;
const FSYNC: u64 = 2;
const FDSYNC: u64 = 3;

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
    let field = |at: usize, len: usize| le(take(bytes.get(at..).unwrap_or_default(), len));
    let command = field(16, 2);
    let mut fields = vec![
        ("aio_data".into(), zero_or_hex(field(0, 8))),
        ("aio_lio_opcode".into(), IOCB_COMMAND.name(ctx.arch(), command, 16)),
        ("aio_fildes".into(), Value::Fd(field(20, 4) as i32)),
    ];
    if full && !matches!(command, FSYNC | FDSYNC) {
        let (data, len) = (field(24, 8), field(32, 8));
        let buffer = if command == PWRITE { ctx.buffer(Side::Entry, data, len) } else { Value::address(data) };
        fields.push(("aio_buf".into(), buffer));
        fields.push(("aio_nbytes".into(), Value::Unsigned(len)));
        fields.push(("aio_offset".into(), Value::Signed(field(40, 8) as i64)));
    }
    Value::structure("iocb", fields)
}

fn zero_or_hex(value: u64) -> Value {
    if value == 0 { Value::Unsigned(0) } else { Value::Hex(value) }
}
