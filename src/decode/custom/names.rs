//! The flag sets that decoders look up by name, all in one place so that a test can check that each exists.

use crate::abi::{self, Arch};
use crate::decode::num;
use crate::decode::value::Value;

/// A flag set of `assets/flags`.
#[derive(Debug, Clone, Copy)]
pub struct Set(pub &'static str);

pub const FAMILY: Set = Set("af");
pub const NETLINK: Set = Set("netlink_family");
pub const IP_PROTOCOL: Set = Set("ipproto");
pub const ETHERTYPE: Set = Set("ethertype");
pub const PACKET_TYPE: Set = Set("packet_type");
pub const HARDWARE: Set = Set("arphrd");
pub const SOCKET_LEVEL: Set = Set("sol");
pub const CONTROL_TYPE: Set = Set("scm");
pub const MESSAGE: Set = Set("msg");
pub const SIGACTION: Set = Set("sa");
pub const POLL: Set = Set("poll");
pub const EPOLL: Set = Set("epoll_events");
pub const CLONE: Set = Set("clone");
pub const CAPABILITY: Set = Set("cap");

impl Set {
    /// The one name of a value of `bits` bits.
    pub fn name(self, arch: Arch, value: u64, bits: usize) -> Value {
        match abi::flag_set(self.0) {
            Some(set) => num::enumerated(arch, set, value, bits),
            None => Value::Hex(value),
        }
    }

    /// The names of the bits of a value of `bits` bits.
    pub fn flags(self, arch: Arch, value: u64, bits: usize) -> Value {
        match abi::flag_set(self.0) {
            Some(set) => num::flags(arch, set, value, bits),
            None => Value::Hex(value),
        }
    }

    /// A constant of the set.
    pub fn has(self, arch: Arch, value: u64) -> Option<&'static str> {
        abi::flag_set(self.0)?.name_of(arch, value)
    }
}
