//! Numbers of ioctl(2) that have no name: direction, type, number and size as _IOC of asm-generic/ioctl.h packs them.

use crate::decode::value::Value;

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
