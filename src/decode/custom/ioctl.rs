//! Numbers of ioctl(2) that have no name: direction, type, number and size as _IOC of asm-generic/ioctl.h packs them.

use crate::abi::{self, fetch::TEE_SHM_REGISTER_FD};
use crate::decode::value::Value;
use crate::decode::walk::Ctx;

/// The request by its name, or names where several drivers use one number: `FASTRPC_IOCTL_INIT_ATTACH or RNDZAPENTCNT`.
pub fn request(ctx: &Ctx<'_>, index: usize) -> Value {
    let number = ctx.arg(index) & 0xffff_ffff;
    let own = family(number).or_else(|| super::input::request(number, ctx));
    let mut names: Vec<String> = own.into_iter().collect();
    if let Some(set) = abi::flag_set("ioctl") {
        names.extend(set.named(ctx.arch(), number).map(|constant| constant.name.to_string()));
    }
    // Sound cards' timers have terminals' numbers: who asks a descriptor that can be one asks a terminal.
    if ctx.arg(0) as i32 >= 0 && names.iter().any(|name| name.starts_with("TC")) {
        names.retain(|name| !name.starts_with("SNDCTL_TMR_"));
    }
    if names.is_empty() { command(number) } else { Value::Named(names.join(" or ").into()) }
}

/// Numbers that carry a parameter of their own: a channel of the mixer, or how long the answer may be.
fn family(number: u64) -> Option<String> {
    let (direction, kind, own, size) = (number >> 30, number >> 8 & 0xff, number & 0xff, number >> 16 & 0x3fff);
    const WRITE: u64 = 1;
    const READ: u64 = 2;
    Some(match (kind as u8, direction, own) {
        (b'M', WRITE, _) => format!("MIXER_WRITE({own})"),
        (b'M', READ, _) => format!("MIXER_READ({own})"),
        (b'U', READ, 0x2c) => format!("UI_GET_SYSNAME({size})"),
        (b'j', READ, 0x13) => format!("JSIOCGNAME({size})"),
        (b'k', WRITE, 0) => format!("SPI_IOC_MESSAGE({size})"),
        _ => return None,
    })
}

/// The argument of a request that has no declaration of its own: of families of requests what they lead to, else a word.
pub fn argument(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    if ctx.arg(1) & 0xffff_ffff == TEE_SHM_REGISTER_FD {
        return super::tee::shared(ctx, addr, super::tee::Shared::Descriptor);
    }
    super::input::argument(ctx, index).unwrap_or(Value::Hex(addr))
}

/// `_IOC(_IOC_READ|_IOC_WRITE, 0x54, 0x99, 0x10)`.
pub fn command(number: u64) -> Value {
    let direction = match number >> 30 & 3 {
        0 => "_IOC_NONE",
        1 => "_IOC_WRITE",
        2 => "_IOC_READ",
        _ => "_IOC_READ|_IOC_WRITE",
    };
    let args = vec![
        Value::Named(direction.into()),
        Value::Hex(number >> 8 & 0xff),
        Value::Hex(number & 0xff),
        Value::Hex(number >> 16 & 0x3fff),
    ];
    Value::Call { function: "_IOC", args }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unnamed_numbers_are_taken_apart() {
        assert_eq!(command(0x8004_5499).text(), "_IOC(_IOC_READ, 0x54, 0x99, 0x4)");
        assert_eq!(command(0xc010_5499).text(), "_IOC(_IOC_READ|_IOC_WRITE, 0x54, 0x99, 0x10)");
        assert_eq!(command(0x1234_5678).text(), "_IOC(_IOC_NONE, 0x56, 0x78, 0x1234)");
    }
}
