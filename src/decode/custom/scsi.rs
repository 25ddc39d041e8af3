//! SG_IO: commands to SCSI devices, in the two forms of scsi/sg.h and linux/bsg.h.

use super::iovec;
use super::names::{BSG_FLAG, BSG_PROTOCOL, BSG_SUBPROTOCOL, SG_DIRECTION, SG_FLAG, SG_INFO};
use super::record::Record;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side};

// scsi/sg.h
const TO_DEVICE: i32 = -2;
const FROM_DEVICE: i32 = -3;
const BOTH_WAYS: i32 = -4;

/// The first four bytes say which form it is.
pub fn request(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    match ctx.uint(Side::Entry, addr, 4) {
        Some(form) if form == u64::from(b'S') => third(ctx, addr),
        Some(form) if form == u64::from(b'Q') => fourth(ctx, addr),
        Some(form) => Value::pointee(Value::Unsigned(form)),
        None => Value::address(addr),
    }
}

/// Bytes, or pieces that hold them.
fn buffer(ctx: &Ctx<'_>, side: Side, addr: u64, len: u64, pieces: u64) -> Value {
    if pieces != 0 {
        return iovec::vector(ctx, addr, pieces, side, Some(len));
    }
    match ctx.buffer(side, addr, len) {
        Value::Str { bytes, true_len, .. } => Value::HexStr { bytes, true_len },
        other => other,
    }
}

/// What is left of a length when so much was not transferred.
fn transferred(len: u64, rest: u64) -> u64 {
    let rest = rest as i32;
    if rest > 0 && rest as u64 <= len { len - rest as u64 } else { len }
}

/// The side on which the kernel's answers are: what a call that failed left alone was copied before it.
fn answers(ctx: &Ctx<'_>) -> Option<Side> {
    ctx.view.outcome.map(|_| if ctx.returned().is_some() { Side::Exit } else { Side::Entry })
}

fn cut(form: &'static str, letter: &'static str, at: u64) -> Value {
    Value::structure("", vec![(form.into(), Value::Named(letter.into())), ("".into(), Value::Address(at))])
}

fn third(ctx: &Ctx<'_>, addr: u64) -> Value {
    let word = ctx.word();
    let size = if word == 8 { 88 } else { 64 };
    let Some(bytes) = ctx.read(Side::Entry, addr, size) else {
        return cut("interface_id", "'S'", addr.wrapping_add(4));
    };
    // After the three pointers, and after the one behind pack_id.
    let (timeout, status) = (16 + 3 * word, (16 + 3 * word + 12).next_multiple_of(word) + word);
    let mut r = Record::new(ctx, bytes);
    let direction = r.raw(4, 4) as i32;
    let pieces = r.raw(10, 2);
    r.add("interface_id", Value::Named("'S'".into())).named("dxfer_direction", 4, 4, SG_DIRECTION);
    r.unsigned("cmd_len", 8, 1);
    r.add("cmdp", buffer(ctx, Side::Entry, r.pointer(16 + word), r.raw(8, 1), 0));
    r.unsigned("mx_sb_len", 9, 1).unsigned("iovec_count", 10, 2).unsigned("dxfer_len", 12, 4);
    r.unsigned("timeout", timeout, 4).flags("flags", timeout + 4, 4, SG_FLAG);
    let sent = matches!(direction, TO_DEVICE | BOTH_WAYS)
        .then(|| buffer(ctx, Side::Entry, r.pointer(16), r.raw(12, 4), pieces));
    let Some((side, bytes)) = answers(ctx).and_then(|side| Some((side, ctx.read(side, addr, size)?))) else {
        r.maybe("dxferp", sent);
        return r.end("sg_io_hdr");
    };
    let after = Record::new(ctx, bytes);
    let len = transferred(after.raw(12, 4), after.raw(status + 8, 4));
    let got = |from: bool| from.then(|| buffer(ctx, side, after.pointer(16), len, after.raw(10, 2)));
    match (sent, direction) {
        (Some(sent), BOTH_WAYS) if len != 0 => {
            r.add("dxferp", Value::Changed(Box::new(sent), Box::new(got(true).unwrap_or(Value::Null))));
        }
        (sent, _) => _ = r.maybe("dxferp", sent.or_else(|| got(direction == FROM_DEVICE))),
    }
    r.bytes = bytes;
    r.hex("status", status, 1).hex("masked_status", status + 1, 1).hex("msg_status", status + 2, 1);
    r.unsigned("sb_len_wr", status + 3, 1);
    r.add("sbp", buffer(ctx, side, r.pointer(16 + 2 * word), r.raw(status + 3, 1), 0));
    r.hex("host_status", status + 4, 2).hex("driver_status", status + 6, 2).signed("resid", status + 8, 4);
    r.unsigned("duration", status + 12, 4).flags("info", status + 16, 4, SG_INFO);
    r.end("sg_io_hdr")
}

fn fourth(ctx: &Ctx<'_>, addr: u64) -> Value {
    const SIZE: usize = 160;
    let Some(bytes) = ctx.read(Side::Entry, addr, SIZE) else { return cut("guard", "'Q'", addr.wrapping_add(4)) };
    let mut r = Record::new(ctx, bytes);
    r.add("guard", Value::Named("'Q'".into()));
    r.named("protocol", 4, 4, BSG_PROTOCOL).named("subprotocol", 8, 4, BSG_SUBPROTOCOL);
    r.unsigned("request_len", 12, 4);
    r.add("request", buffer(ctx, Side::Entry, r.raw(16, 8), r.raw(12, 4), 0));
    r.hex("request_tag", 24, 8).unsigned("request_attr", 32, 4).unsigned("request_priority", 36, 4);
    r.unsigned("request_extra", 40, 4).unsigned("max_response_len", 44, 4).unsigned("dout_iovec_count", 56, 4);
    r.unsigned("dout_xfer_len", 60, 4).unsigned("din_iovec_count", 64, 4).unsigned("din_xfer_len", 68, 4);
    r.add("dout_xferp", buffer(ctx, Side::Entry, r.raw(72, 8), r.raw(60, 4), r.raw(56, 4)));
    r.unsigned("timeout", 88, 4).flags("flags", 92, 4, BSG_FLAG).hex("usr_ptr", 96, 8);
    let Some((side, bytes)) = answers(ctx).and_then(|side| Some((side, ctx.read(side, addr, SIZE)?))) else {
        return r.end("sg_io_v4");
    };
    r.bytes = bytes;
    let received = transferred(r.raw(68, 4), r.raw(136, 4));
    r.unsigned("response_len", 132, 4);
    r.add("response", buffer(ctx, side, r.raw(48, 8), r.raw(132, 4), 0));
    r.add("din_xferp", buffer(ctx, side, r.raw(80, 8), received, r.raw(64, 4)));
    r.hex("driver_status", 108, 4).hex("transport_status", 112, 4).hex("device_status", 116, 4);
    r.unsigned("retry_delay", 120, 4).flags("info", 124, 4, SG_INFO).unsigned("duration", 128, 4);
    r.unsigned("response_len", 132, 4).signed("din_resid", 136, 4).signed("dout_resid", 140, 4);
    r.hex("generated_tag", 144, 8);
    r.end("sg_io_v4")
}
