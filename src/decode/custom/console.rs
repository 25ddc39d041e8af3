//! Requests to consoles, ioctl_console(2), whose argument is no pointer, or a pointer to bytes that are no text.

use crate::abi::Dir;
use crate::decode::num::signal_name_or_number;
use crate::decode::value::Value;
use crate::decode::walk::Ctx;

/// Ticks of the speaker's clock in a second.
const CLOCK: u64 = 1_193_182;

/// Ticks as a pitch; None: silence.
fn pitch(ticks: u64) -> Option<u64> {
    CLOCK.checked_div(ticks).filter(|hertz| *hertz != 0)
}

/// KIOCSOUND: a tone until further notice, given by the ticks that one swing lasts.
pub fn sound(ctx: &Ctx<'_>, index: usize) -> Value {
    let ticks = ctx.arg(index);
    Value::Unsigned(ticks).commented(match pitch(ticks) {
        Some(hertz) => format!("{hertz} Hz"),
        None => "off".into(),
    })
}

/// KDMKTONE: the same in the lower half, in the upper for how long.
pub fn tone(ctx: &Ctx<'_>, index: usize) -> Value {
    let (length, ticks) = (ctx.arg(index) >> 16 & 0xffff, ctx.arg(index) & 0xffff);
    let value = match length {
        0 => Value::Unsigned(ticks),
        _ => Value::Text(format!("{length}<<16|{ticks}").into()),
    };
    value.commented(match pitch(ticks).filter(|_| length != 0) {
        Some(hertz) => format!("{hertz} Hz, {length} ms"),
        None => "off".into(),
    })
}

/// KDSIGACCEPT: the signal that a key may send.
pub fn signal(ctx: &Ctx<'_>, index: usize) -> Value {
    match i32::try_from(ctx.arg(index)) {
        Ok(number) => Value::Named(signal_name_or_number(number)),
        Err(_) => Value::Unsigned(ctx.arg(index)),
    }
}

/// Colors, a font or a map of the screen.
pub fn bytes(ctx: &Ctx<'_>, index: usize, dir: Dir, len: u64) -> Value {
    let addr = ctx.arg(index);
    match ctx.side(dir).map(|side| ctx.buffer(side, addr, len)) {
        Some(Value::Str { bytes, true_len, .. }) => Value::HexStr { bytes, true_len },
        _ => Value::address(addr),
    }
}

/// KDADDIO, KDDELIO: a port of the video card.
pub fn port(ctx: &Ctx<'_>, index: usize) -> Value {
    /// GPFIRST and GPLAST of the kernel's drivers/tty/vt/vt_ioctl.c.
    const PORTS: std::ops::RangeInclusive<u64> = 0x3b4..=0x3df;
    let port = ctx.arg(index);
    match Value::Hex(port) {
        value if PORTS.contains(&port) => value.commented(format!("GPFIRST + {}", port - PORTS.start())),
        value => value,
    }
}
