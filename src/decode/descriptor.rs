//! What a descriptor of a call is and where it came from, from the events before: `/etc/passwd, opened at row 812`.
//!
//! Left out: what /proc tells, strace's `-y` (`behind`).

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV6};

use super::escape::{escaped, quoted};
use crate::abi::{self, Arch, Meaning, Ret, Type};
use crate::model::{CallView, Descriptor, Outcome, RowKind, Store, What};

/// Words for the argument of this name, or for the `result`, of the call in row `seq`; None if it is no descriptor, or one
/// of which nothing is known.
pub fn came_from(store: &Store, seq: u64, label: &str) -> Option<String> {
    const AT_FDCWD: i32 = -100;
    let (row, call) = (store.row(seq)?, store.call(seq)?);
    let view = call.view();
    let RowKind::Call(call) = &row.kind else { return None };
    if label == "result" {
        let descriptor = store.files().descriptor(row.task, new_descriptor(&view)?, call.t_exit_ns + 1)?;
        return descriptor.made.is_some().then(|| from(&descriptor, Some(seq)));
    }
    let fd = argument(&view, label)?;
    if fd == AT_FDCWD {
        return store.files().cwd(row.task, row.t_ns).map(|cwd| format!("now {}", plain(cwd)));
    }
    store.files().descriptor(row.task, fd, row.t_ns).map(|descriptor| from(&descriptor, None))
}

/// The descriptor that a call returned.
pub fn new_descriptor(view: &CallView<'_>) -> Option<i32> {
    match view.outcome {
        Some(Outcome::Returned(fd)) if matches!(abi::lookup(view.arch, view.nr)?.select(view.args).ret, Ret::NewFd) => {
            i32::try_from(fd).ok()
        }
        _ => None,
    }
}

fn argument(view: &CallView<'_>, name: &str) -> Option<i32> {
    let call = abi::lookup(view.arch, view.nr)?.select(view.args);
    let (arg, raw) = call.args.iter().zip(view.args).find(|(arg, _)| arg.name == name)?;
    let is_one = matches!(arg.ty, Type::Num { meaning: Meaning::Fd { .. } | Meaning::DirFd, .. });
    is_one.then_some(*raw as i32)
}

/// `/etc/passwd, opened at row 812`; `seq`: the row that this is said at.
fn from(descriptor: &Descriptor<'_>, seq: Option<u64>) -> String {
    let mut out = descriptor_text(descriptor);
    match (descriptor.made, descriptor.row.filter(|row| Some(*row) != seq)) {
        (None, Some(row)) => out.push_str(&format!(", opened at row {row}")),
        (Some(made), Some(row)) => out.push_str(&format!(", opened at row {made}, this number given at row {row}")),
        (Some(made), None) => out.push_str(&format!(", opened at row {made}")),
        (None, None) if descriptor.row.is_none() => out.push_str(", open from the start"),
        (None, None) => {}
    }
    if descriptor.generation > 1 {
        out.push_str(&format!("; the number's use {}", descriptor.generation));
    }
    out
}

/// What is behind a descriptor, printable ASCII: a path, `read end of a pipe`, `AF_INET SOCK_STREAM socket to 127.0.0.1:80`.
pub fn descriptor_text(descriptor: &Descriptor<'_>) -> String {
    match descriptor.what {
        What::File(path) | What::Link(path) => plain(path),
        What::PipeEnd { writes: false } => "read end of a pipe".into(),
        What::PipeEnd { writes: true } => "write end of a pipe".into(),
        What::Socket { family, kind, .. } => {
            let name = |set: &str, value: u32| {
                let known = abi::flag_set(set).and_then(|set| set.name_of(Arch::X86_64, value.into()));
                known.map_or_else(|| value.to_string(), str::to_owned)
            };
            let mut out = format!("{} {} socket", name("address_family", *family), name("socket_type", *kind));
            for (word, address) in [(" at ", descriptor.local), (" to ", descriptor.peer)] {
                if let Some(address) = address.and_then(address_text) {
                    out.push_str(word);
                    out.push_str(&address);
                }
            }
            out
        }
        What::Other { call, name } if name.is_empty() => format!("what {call} made"),
        What::Other { call, name } => {
            let mut out = format!("what {call} made of ");
            quoted(&mut out, name);
            out
        }
        What::Pidfd(pid) => format!("process {pid}"),
        What::Received => "received in a message".into(),
    }
}

fn plain(bytes: &[u8]) -> String {
    let mut out = String::new();
    escaped(&mut out, bytes);
    out
}

/// `127.0.0.1:80`, `[::1]:80`, `/run/socket`, `@abstract`; None for other families and for names that are none.
pub fn address_text(address: &[u8]) -> Option<String> {
    const AF_UNIX: u16 = 1;
    const AF_INET: u16 = 2;
    const AF_INET6: u16 = 10;
    let family = u16::from_le_bytes(*address.first_chunk()?);
    let port = || Some(u16::from_be_bytes(address.get(2..4)?.try_into().ok()?));
    match family {
        AF_INET => {
            let ip: [u8; 4] = address.get(4..8)?.try_into().ok()?;
            Some(format!("{}:{}", Ipv4Addr::from(ip), port()?))
        }
        AF_INET6 => {
            let ip: [u8; 16] = address.get(8..24)?.try_into().ok()?;
            Some(SocketAddrV6::new(Ipv6Addr::from(ip), port()?, 0, 0).to_string())
        }
        AF_UNIX => match address.get(2..)? {
            [] => None,
            [0, name @ ..] => Some(format!("@{}", plain(name))),
            path => Some(plain(path.split(|&byte| byte == 0).next().unwrap_or_default())),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        assert_eq!(address_text(&[2, 0, 0, 80, 127, 0, 0, 1]).as_deref(), Some("127.0.0.1:80"));
        let mut six = [0; 28];
        (six[0], six[3], six[23]) = (10, 80, 1);
        assert_eq!(address_text(&six).as_deref(), Some("[::1]:80"));
        assert_eq!(address_text(b"\x01\0/run/x\0\0").as_deref(), Some("/run/x"));
        assert_eq!(address_text(b"\x01\0\0a\x1b").as_deref(), Some("@a\\33"));
        for cut in [&b""[..], b"\x02", b"\x02\0\0P\x7f", b"\x01\0", b"\x10\0abc"] {
            assert_eq!(address_text(cut), None);
        }
    }
}
