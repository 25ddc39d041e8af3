//! What a call is about, as far as its arguments and the events before it tell: its paths and its descriptors.
//! Left out: paths behind other pointers (execve(2)'s arguments), and what an epoll(7) instance watches.

use crate::abi::{self, Arg, Call, Meaning, Ret, Type};
use crate::model::{CallRow, CallView, Files, Outcome, TaskId, What};

/// `AF_UNIX` of `linux/socket.h`, the same on every architecture.
const AF_UNIX: u16 = 1;
const AT_FDCWD: i32 = -100;

/// The paths among a call's arguments, as the program wrote them: names of files, and of sockets that are files
/// (connect and bind). Without what could not be read.
pub fn paths<'a>(view: &CallView<'a>) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let view = *view;
    let socket = abi::lookup(view.arch, view.nr).is_some_and(|call| matches!(call.name, "connect" | "bind"));
    let socket_path = if socket { view.entry.at(view.args[1]).and_then(|piece| unix_path(piece.bytes)) } else { None };
    let named = arguments(&view).filter(|(arg, _)| matches!(arg.ty, Type::Path));
    let files = named.filter_map(move |(_, addr)| view.entry.at(addr).map(|piece| until_nul(piece.bytes)));
    files.chain(socket_path)
}

/// A call of a row, and what was known of descriptors then.
pub(super) struct Subject<'a> {
    pub files: &'a Files,
    pub task: TaskId,
    pub seq: u64,
    /// Entry; the exit is the call's own.
    pub t_ns: u64,
    pub call: &'a CallRow,
    pub view: CallView<'a>,
}

impl Subject<'_> {
    /// Whether the call is given this descriptor or gives it out.
    pub fn uses_fd(&self, fd: i32) -> bool {
        uses_fd(&self.view, fd) || self.hands_out(fd)
    }

    /// Whether it is given or gives out this use of the number.
    pub fn uses_generation(&self, fd: i32, generation: u32) -> bool {
        let at = |end_ns| self.files.descriptor(self.task, fd, end_ns).is_some_and(|d| d.generation == generation);
        let given = given(&self.view).any(|(_, other)| other == fd) && at(self.t_ns);
        given || (self.call.outcome.is_some() && self.gives(fd) && at(self.call.t_exit_ns + 1))
    }

    /// Whether it is about what row `row` opened, by any number.
    pub fn uses_opened(&self, row: u64) -> bool {
        let at =
            |fd, end_ns| self.files.descriptor(self.task, fd, end_ns).is_some_and(|d| d.made.or(d.row) == Some(row));
        self.seq == row
            || given(&self.view).any(|(_, fd)| at(fd, self.t_ns))
            || returned(&self.view).is_some_and(|fd| at(fd, self.call.t_exit_ns + 1))
    }

    /// Whether any path that the call is about fits: as it was written, from the root where that is known, or behind a
    /// descriptor.
    pub fn any_path(&self, fits: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        paths(&self.view).any(&mut *fits) || self.any_whole_path(fits) || self.any_path_behind(fits)
    }

    fn any_whole_path(&self, fits: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let mut directory = AT_FDCWD;
        for (arg, raw) in arguments(&self.view) {
            match arg.ty {
                Type::Num { meaning: Meaning::DirFd, .. } => directory = raw as i32,
                Type::Path => {
                    let path = self.view.entry.at(raw).map(|piece| until_nul(piece.bytes));
                    let relative = path.filter(|path| path.first() != Some(&b'/'));
                    if let Some((path, base)) = relative.and_then(|path| Some((path, self.directory(directory)?)))
                        && fits(&joined(base, path))
                    {
                        return true;
                    }
                    directory = AT_FDCWD;
                }
                _ => {}
            }
        }
        false
    }

    fn directory(&self, fd: i32) -> Option<&[u8]> {
        match fd {
            AT_FDCWD => self.files.cwd(self.task, self.t_ns),
            _ => match self.files.descriptor(self.task, fd, self.t_ns)?.what {
                What::File(path) | What::Link(path) if path.first() == Some(&b'/') => Some(path),
                _ => None,
            },
        }
    }

    fn any_path_behind(&self, fits: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        given(&self.view).filter(|(arg, _)| !is_directory(arg)).any(|(_, fd)| {
            let Some(descriptor) = self.files.descriptor(self.task, fd, self.t_ns) else { return false };
            let mut socket = || {
                let ends = [descriptor.local, descriptor.peer].into_iter().flatten();
                ends.filter_map(unix_path).any(&mut *fits)
            };
            match descriptor.what {
                What::Socket { .. } => socket(),
                What::File(path) | What::Link(path) => fits(path),
                _ => false,
            }
        })
    }

    fn gives(&self, fd: i32) -> bool {
        returned(&self.view) == Some(fd) || self.hands_out(fd)
    }

    /// Not as its result: pipe(2), socketpair(2), messages of unix(7).
    fn hands_out(&self, fd: i32) -> bool {
        hands_out_others(&self.view)
            && self.call.outcome.is_some()
            && self.files.descriptor(self.task, fd, self.call.t_exit_ns + 1).is_some_and(|d| d.row == Some(self.seq))
    }
}

/// Whether a call is given this descriptor, in a list of poll(2) or a set of select(2) too, or returns it as a new one.
pub fn uses_fd(view: &CallView<'_>, fd: i32) -> bool {
    given(view).any(|(_, other)| other == fd) || returned(view) == Some(fd) || waits_for(view, fd)
}

/// Calls that are given descriptors other than in registers.
const WAIT: [&str; 7] = ["poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64"];

/// Whether the descriptors of a call can be others than those that its registers and its result tell.
pub(super) fn has_hidden(call: &Call) -> bool {
    HAND_OUT.contains(&call.name) || WAIT.contains(&call.name)
}

/// As a `struct pollfd`, which begins with the number, or as a bit of an `fd_set`. The sets of select(2) are of longs, so
/// on a little-endian machine as they are of bytes.
fn waits_for(view: &CallView<'_>, fd: i32) -> bool {
    let Some(call) = selected(view).filter(|call| WAIT.contains(&call.name)) else { return false };
    let bytes = |arg: usize| view.entry.at(view.args[arg]).map(|piece| piece.bytes).unwrap_or_default();
    if call.name.starts_with('p') && call.name.contains("poll") {
        return bytes(0).chunks_exact(8).any(|entry| entry.first_chunk() == Some(&fd.to_le_bytes()));
    }
    let Some(place) = usize::try_from(fd).ok().filter(|_| i64::from(fd) < i64::from(view.args[0] as i32)) else {
        return false;
    };
    (1..=3).any(|arg| bytes(arg).get(place / 8).is_some_and(|byte| byte >> (place % 8) & 1 == 1))
}

/// The descriptors that a call is given, directories included, in the order of its arguments.
pub fn descriptors(view: &CallView<'_>) -> impl Iterator<Item = i32> {
    given(view).map(|(_, fd)| fd)
}

/// Calls that can give out descriptors other than by their result.
pub(super) const HAND_OUT: [&str; 5] = ["pipe", "pipe2", "socketpair", "recvmsg", "socketcall"];

fn hands_out_others(view: &CallView<'_>) -> bool {
    abi::lookup(view.arch, view.nr).is_some_and(|call| HAND_OUT.contains(&call.name))
}

fn selected(view: &CallView<'_>) -> Option<&'static Call> {
    abi::lookup(view.arch, view.nr).map(|call| call.select(view.args))
}

/// The descriptor that a call returned.
fn returned(view: &CallView<'_>) -> Option<i32> {
    match view.outcome {
        Some(Outcome::Returned(fd)) if matches!(selected(view)?.ret, Ret::NewFd) => i32::try_from(fd).ok(),
        _ => None,
    }
}

/// The descriptors that a call is given, directories included.
fn given<'a>(view: &CallView<'a>) -> impl Iterator<Item = (&'static Arg, i32)> + use<'a> {
    let described = selected(view).is_none_or(|call| call.described);
    let is_fd = move |arg: &Arg| match arg.ty {
        Type::Num { meaning: Meaning::Fd { .. } | Meaning::DirFd, .. } => true,
        // Of a call that is not described, only the names are known.
        _ => !described && (arg.name == "dfd" || arg.name.ends_with("fd")),
    };
    arguments(view).filter(move |(arg, _)| is_fd(arg)).map(|(arg, raw)| (arg, raw as i32))
}

fn is_directory(arg: &Arg) -> bool {
    matches!(arg.ty, Type::Num { meaning: Meaning::DirFd, .. })
}

/// The number of bytes that a call moved, if its result is one.
pub fn bytes_moved(call: &CallRow) -> Option<u64> {
    let declared = abi::lookup(call.arch, call.nr)?.select(&call.args);
    match call.outcome {
        Some(Outcome::Returned(bytes)) if matches!(declared.ret, Ret::Size) => u64::try_from(bytes).ok(),
        _ => None,
    }
}

/// The arguments that the call has, each with its register's content.
pub(super) fn arguments<'a>(view: &CallView<'a>) -> impl Iterator<Item = (&'static Arg, u64)> + use<'a> {
    let args = view.args;
    let call = selected(view);
    let exists = move |arg: &Arg| arg.when.is_none_or(|when| when.holds(args));
    let all = call.map_or(&[][..], |call| call.args);
    all.iter().zip(args).filter(move |(arg, _)| exists(arg)).map(|(arg, &raw)| (arg, raw))
}

/// The path in a `struct sockaddr_un`; none if the address is of another kind, without a name, or of the abstract kind
/// that is no file. unix(7).
fn unix_path(address: &[u8]) -> Option<&[u8]> {
    let (family, path) = address.split_first_chunk()?;
    let path = until_nul(path);
    (u16::from_le_bytes(*family) == AF_UNIX && !path.is_empty()).then_some(path)
}

fn joined(base: &[u8], path: &[u8]) -> Vec<u8> {
    let path = path.strip_prefix(b"./").unwrap_or(path);
    let mut whole = base.to_vec();
    if !matches!(path, b"" | b".") {
        if whole.last() != Some(&b'/') {
            whole.push(b'/');
        }
        whole.extend_from_slice(path);
    }
    whole
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&b| b == 0).next().unwrap_or_default()
}
