//! What a call is about, as far as its arguments tell: its paths and its descriptors.
//! Left out: paths made absolute, and what a descriptor stands for.

use crate::abi::{self, Arg, Meaning, Ret, Type};
use crate::model::{CallView, Outcome};

/// `AF_UNIX` of `linux/socket.h`, the same on every architecture.
const AF_UNIX: u16 = 1;

/// The paths among a call's arguments, as the program wrote them: names of files, and of sockets that are files
/// (connect and bind). Without what could not be read.
pub fn paths<'a>(view: &CallView<'a>) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let view = *view;
    let socket = abi::lookup(view.arch, view.nr).is_some_and(|call| matches!(call.name, "connect" | "bind"));
    let socket_path = if socket { unix_path(&view, view.args[1]) } else { None };
    let named = arguments(&view).filter(|(arg, _)| matches!(arg.ty, Type::Path));
    let files = named.filter_map(move |(_, addr)| view.entry.at(addr).map(|piece| until_nul(piece.bytes)));
    files.chain(socket_path)
}

/// Whether a call is given this descriptor or returns it as a new one.
pub fn uses_fd(view: &CallView<'_>, fd: i32) -> bool {
    let Some(call) = abi::lookup(view.arch, view.nr).map(|call| call.select(view.args)) else { return false };
    let is_fd = |arg: &Arg| match arg.ty {
        Type::Num { meaning: Meaning::Fd { .. } | Meaning::DirFd, .. } => true,
        // Of a call that is not described, only the names are known.
        _ => !call.described && (arg.name == "dfd" || arg.name.ends_with("fd")),
    };
    let given = arguments(view).any(|(arg, raw)| is_fd(arg) && raw as i32 == fd);
    given || (matches!(call.ret, Ret::NewFd) && view.outcome == Some(Outcome::Returned(i64::from(fd))))
}

/// The arguments that the call has, each with its register's content.
pub(super) fn arguments<'a>(view: &CallView<'a>) -> impl Iterator<Item = (&'static Arg, u64)> + use<'a> {
    let args = view.args;
    let call = abi::lookup(view.arch, view.nr).map(|call| call.select(args));
    let exists = move |arg: &Arg| arg.when.is_none_or(|when| when.holds(args));
    let all = call.map_or(&[][..], |call| call.args);
    all.iter().zip(args).filter(move |(arg, _)| exists(arg)).map(|(arg, &raw)| (arg, raw))
}

/// The path in a `struct sockaddr_un`; none if the address is of another kind, without a name, or of the abstract kind
/// that is no file. unix(7).
fn unix_path<'a>(view: &CallView<'a>, addr: u64) -> Option<&'a [u8]> {
    let (family, path) = view.entry.at(addr)?.bytes.split_first_chunk()?;
    let path = until_nul(path);
    (u16::from_le_bytes(*family) == AF_UNIX && !path.is_empty()).then_some(path)
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&b| b == 0).next().unwrap_or_default()
}
