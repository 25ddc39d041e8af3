//! What is behind a descriptor: the file's path, and on request the numbers of a device, the ends of a socket, the process
//! of a pidfd, the signals of a signalfd, the count of an eventfd. proc_pid_fd(5), proc_pid_net(5).
//!
//! The answer is bytes as `abi::fetch` describes them. Left out: the other end of UNIX sockets, which /proc does not tell.

use std::collections::HashMap;
use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

use super::options::Kinds;
use super::sys;
use crate::abi::{self, Arch};

/// None if the descriptor is not open or the task is gone.
pub fn behind(tid: i32, fd: i32, kinds: Kinds) -> Option<Vec<u8>> {
    const DELETED: &[u8] = b" (deleted)";
    if fd == libc::AT_FDCWD {
        let wanted = kinds.has(Kinds::PATH);
        return wanted.then(|| Some(fs::read_link(format!("/proc/{tid}/cwd")).ok()?.into_os_string().into_vec()))?;
    }
    let place = format!("/proc/{tid}/fd/{fd}");
    let mut path = fs::read_link(&place).ok()?.into_os_string().into_vec();
    // A name can end like that, too.
    if path.ends_with(DELETED) && fs::metadata(&place).is_ok_and(|file| file.nlink() == 0) {
        path.truncate(path.len() - DELETED.len());
        path.extend_from_slice(b"\0(deleted)");
    } else if kinds != Kinds::PATH
        && let Some(more) = details(tid, fd, &place, &path, kinds)
    {
        return Some(more);
    }
    kinds.has(Kinds::PATH).then_some(path)
}

fn details(tid: i32, fd: i32, place: &str, path: &[u8], kinds: Kinds) -> Option<Vec<u8>> {
    let plain = |text: String| Some([b"\0=", text.as_bytes()].concat());
    let info = || fs::read_to_string(format!("/proc/{tid}/fdinfo/{fd}")).ok();
    if let Some(inode) = number_in(path, "socket:[") {
        return if kinds.has(Kinds::SOCKET) { plain(socket(tid, place, inode)?) } else { None };
    }
    match path {
        b"anon_inode:[signalfd]" if kinds.has(Kinds::SIGNALFD) => return plain(signals(field(&info()?, "sigmask:")?)?),
        b"anon_inode:[eventfd]" if kinds.has(Kinds::EVENTFD) => return plain(counter(&info()?)?),
        _ if path == b"anon_inode:[pidfd]" || path.starts_with(b"pidfd:[") => {
            return if kinds.has(Kinds::PIDFD) { plain(format!("pid:{}", field(&info()?, "Pid:")?)) } else { None };
        }
        _ => {}
    }
    let file = fs::metadata(place).ok().filter(|_| path.starts_with(b"/") && kinds.has(Kinds::DEVICE))?;
    let kind = match file.file_type() {
        kind if kind.is_char_device() => "char",
        kind if kind.is_block_device() => "block",
        _ => return None,
    };
    let (major, minor) = (libc::major(file.rdev()), libc::minor(file.rdev()));
    Some([path, format!("\0<{kind} {major}:{minor}>").as_bytes()].concat())
}

/// What stands behind a name in /proc/PID/fdinfo/FD.
fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

/// `signalfd:[USR2 CHLD]`, by a mask in hexadecimal; `~[INT]` if most are in it, as sets of signals are shown everywhere.
fn signals(mask: &str) -> Option<String> {
    let mask = u64::from_str_radix(mask, 16).ok()?;
    let inverted = mask.count_ones() >= 64 * 2 / 3;
    let shown = if inverted { !mask } else { mask };
    let name = |number: u64| abi::signal_name(number).map(|name| name.trim_start_matches("SIG"));
    let names: Vec<&str> = (1..=64).filter(|number| shown >> (number - 1) & 1 != 0).filter_map(name).collect();
    Some(format!("signalfd:{}[{}]", if inverted { "~" } else { "" }, names.join(" ")))
}

/// `{eventfd-count=0x5, eventfd-id=17, eventfd-semaphore=1}`; older kernels tell less.
fn counter(info: &str) -> Option<String> {
    let count = u64::from_str_radix(field(info, "eventfd-count:")?, 16).ok()?;
    let mut out = if count == 0 { "{eventfd-count=0".into() } else { format!("{{eventfd-count={count:#x}") };
    for name in ["eventfd-id", "eventfd-semaphore"] {
        let Some(value) = field(info, &format!("{name}:")) else { break };
        out.push_str(&format!(", {name}={value}"));
    }
    out.push('}');
    Some(out)
}

/// Sockets whose protocols were looked up, by inode: numbers are not used again while the kernel runs.
#[derive(Debug, Default)]
pub struct Netlinks {
    /// None: not one of netlink(7).
    known: HashMap<u64, Option<u8>>,
}

impl Netlinks {
    /// More than that is forgotten and looked up again.
    const MOST: usize = 4096;

    /// The protocol of a descriptor, if it is a netlink socket.
    pub fn protocol(&mut self, tid: i32, fd: i32) -> Option<u8> {
        let mut target = [0; 32];
        let target = sys::link_of_descriptor(tid, fd, &mut target)?;
        let inode = number_in(target, "socket:[")?;
        if let Some(known) = self.known.get(&inode) {
            return *known;
        }
        let table = fs::read(format!("/proc/{tid}/net/netlink")).unwrap_or_default();
        let text = inode.to_string();
        let row = rows(&table).find(|row| row.last() == Some(&text.as_str()));
        let found = row.and_then(|row| row.get(1)?.parse().ok());
        if self.known.len() >= Netlinks::MOST {
            self.known.clear();
        }
        self.known.insert(inode, found);
        found
    }
}

/// The number in `socket:[123]`.
fn number_in(path: &[u8], before: &str) -> Option<u64> {
    std::str::from_utf8(path.strip_prefix(before.as_bytes())?.strip_suffix(b"]")?).ok()?.parse().ok()
}

/// `TCP:[127.0.0.1:80->127.0.0.1:4321]`, `UNIX-STREAM:[123,"/run/x"]`, `RAW:[123]`; None for a kind without a name.
fn socket(tid: i32, place: &str, inode: u64) -> Option<String> {
    let protocol = sys::extended_attribute(place, "system.sockprotoname").ok()?;
    let protocol = String::from_utf8(protocol).ok()?;
    let protocol = protocol.trim_end_matches('\0');
    let table = |name: &str| fs::read(format!("/proc/{tid}/net/{name}")).unwrap_or_default();
    let ends = match protocol {
        "TCP" => internet(&table("tcp"), inode),
        "TCPv6" => internet(&table("tcp6"), inode),
        "UDP" => internet(&table("udp"), inode),
        "UDPv6" => internet(&table("udp6"), inode),
        "UDP-Lite" => internet(&table("udplite"), inode),
        "UDPLITEv6" => internet(&table("udplite6"), inode),
        "NETLINK" => netlink(&table("netlink"), inode),
        "UNIX" | "UNIX-STREAM" => unix(&table("unix"), inode),
        // Of these the name alone is told.
        "PING" | "PINGv6" | "RAW" | "RAWv6" => None,
        _ => return None,
    };
    Some(format!("{protocol}:[{}]", ends.unwrap_or_else(|| inode.to_string())))
}

/// The words of each line of a table.
fn rows(table: &[u8]) -> impl Iterator<Item = Vec<&str>> {
    let text = |line| std::str::from_utf8(line).ok();
    table.split(|&byte| byte == b'\n').filter_map(text).map(|line| line.split_ascii_whitespace().collect())
}

/// /proc/net/tcp and its kin: the local end, and the other one if there is one.
fn internet(table: &[u8], inode: u64) -> Option<String> {
    let inode = inode.to_string();
    let row = rows(table).find(|row| row.get(9) == Some(&inode.as_str()))?;
    let (local, remote) = (end(row.get(1)?)?, end(row.get(2)?)?);
    Some(match remote.ip().is_unspecified() && remote.port() == 0 {
        true => local.to_string(),
        false => format!("{local}->{remote}"),
    })
}

/// `0100007F:1F90`: words of the address in the machine's byte order, and the port.
fn end(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |index: usize| Some(u32::from_str_radix(address.get(index * 8..index * 8 + 8)?, 16).ok()?.to_ne_bytes());
    match address.len() {
        8 => Some((Ipv4Addr::from(word(0)?), port).into()),
        32 => {
            let mut bytes = [0; 16];
            for index in 0..4 {
                bytes[index * 4..index * 4 + 4].copy_from_slice(&word(index)?);
            }
            Some((Ipv6Addr::from(bytes), port).into())
        }
        _ => None,
    }
}

/// /proc/net/netlink: the protocol's name and the port.
fn netlink(table: &[u8], inode: u64) -> Option<String> {
    let inode = inode.to_string();
    let row = rows(table).find(|row| row.last() == Some(&inode.as_str()))?;
    let protocol = row.get(1)?.parse().ok()?;
    let set = abi::flag_set("netlink_protocol")?;
    let name = set.name_of(Arch::X86_64, protocol).and_then(|name| name.strip_prefix("NETLINK_"));
    Some(format!("{}:{}", name.map_or_else(|| protocol.to_string(), str::to_owned), row.get(2)?))
}

/// /proc/net/unix: the inode, and the name if it has one.
fn unix(table: &[u8], inode: u64) -> Option<String> {
    let number = inode.to_string();
    let row = rows(table).find(|row| row.get(6) == Some(&number.as_str()))?;
    let name = row.get(7..).filter(|name| !name.is_empty())?.join(" ");
    Some(match name.strip_prefix('@') {
        Some(name) => format!("{inode},@{name:?}"),
        None => format!("{inode},{name:?}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TCP: &[u8] = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
        0: 0100007F:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1473 1 0 100 0 0 10 0\n   \
        1: 0100007F:1F90 0200007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 99 1 0 100 0 0 10 0\n";
    const TCP6: &[u8] = b"   0: 00000000000000000000000001000000:1F90 00000000000000000000000001000000:0050 01 \
        00000000:00000000 00:00000000 00000000     0        0 7 1 0 100 0 0 10 0\n";

    #[test]
    fn ends_of_sockets_are_found_by_inode() {
        assert_eq!(internet(TCP, 1473).as_deref(), Some("127.0.0.1:2024"));
        assert_eq!(internet(TCP, 99).as_deref(), Some("127.0.0.1:8080->127.0.0.2:80"));
        assert_eq!(internet(TCP6, 7).as_deref(), Some("[::1]:8080->[::1]:80"));
        assert_eq!(internet(TCP, 1), None);
        let table = b"sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode\n0 0 17349 00000000 0 0 0 2 0 44\n0 99 5 0 0 0 0 0 0 45\n";
        assert_eq!(netlink(table, 44).as_deref(), Some("ROUTE:17349"));
        assert_eq!(netlink(table, 45).as_deref(), Some("99:5"));
        let table = b"Num RefCount Protocol Flags Type St Inode Path\n0: 2 0 10000 1 1 8 /run/a b\n0: 2 0 0 2 1 9 @abs\n0: 2 0 0 1 3 10\n";
        assert_eq!(unix(table, 8).as_deref(), Some("8,\"/run/a b\""));
        assert_eq!(unix(table, 9).as_deref(), Some("9,@\"abs\""));
        assert_eq!(unix(table, 10), None);
    }

    #[test]
    fn odd_tables_are_no_answers() {
        for table in [&b""[..], b"\xff\n", b"0: x y 1 2 3 4 5 6 7", b"0: 01:1 01:1 1 2 3 4 5 6 7"] {
            assert_eq!(internet(table, 7), None);
        }
        assert_eq!(number_in(b"socket:[x]", "socket:["), None);
        assert_eq!(number_in(b"socket:[12]", "socket:["), Some(12));
    }
}
