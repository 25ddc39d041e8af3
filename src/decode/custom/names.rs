//! The flag sets that decoders look up by name, all in one place so that a test can check that each exists.

use crate::abi::{self, Arch};
use crate::decode::num;
use crate::decode::value::Value;

/// A flag set of `assets/flags`.
#[derive(Debug, Clone, Copy)]
pub struct Set(pub &'static str);

pub const FAMILY: Set = Set("address_family");
pub const NETLINK: Set = Set("netlink_protocol");
pub const IP_PROTOCOL: Set = Set("ip_protocol");
pub const ETHERTYPE: Set = Set("eth_protocol");
pub const PACKET_TYPE: Set = Set("packet_type");
pub const HARDWARE: Set = Set("arp_hardware");
pub const SOCKET_LEVEL: Set = Set("sol");
pub const CONTROL_TYPE: Set = Set("scm");
pub const MESSAGE: Set = Set("msg");
pub const SIGACTION: Set = Set("sigaction");
pub const SOCKET_OPTION: Set = Set("so");
pub const IP: Set = Set("ip");
pub const IPV6: Set = Set("ipv6");
pub const TCP: Set = Set("tcp");
pub const UDP: Set = Set("udp");
pub const PACKET: Set = Set("packet");
pub const NETLINK_OPTION: Set = Set("netlink");
pub const POLL: Set = Set("poll_events");
pub const INTERFACE: Set = Set("iff");
pub const SIGEV: Set = Set("sigev");
pub const EPOLL: Set = Set("epoll_events");
pub const IOCB_COMMAND: Set = Set("iocb_cmd");
pub const KEY_SPEC: Set = Set("key_spec");
pub const CLONE: Set = Set("clone");
pub const CLONE3: Set = Set("clone3");

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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_that_a_decoder_looks_up_exists() {
        let all = [
            FAMILY,
            NETLINK,
            IP_PROTOCOL,
            ETHERTYPE,
            PACKET_TYPE,
            HARDWARE,
            SOCKET_LEVEL,
            CONTROL_TYPE,
            MESSAGE,
            SIGACTION,
            SOCKET_OPTION,
            IP,
            IPV6,
            TCP,
            UDP,
            PACKET,
            NETLINK_OPTION,
            POLL,
            INTERFACE,
            SIGEV,
            EPOLL,
            IOCB_COMMAND,
            KEY_SPEC,
            CLONE,
            CLONE3,
        ];
        let missing: Vec<&str> = all.iter().map(|set| set.0).filter(|name| abi::flag_set(name).is_none()).collect();
        assert!(missing.is_empty(), "no such set in assets/flags: {missing:?}");
    }
}
