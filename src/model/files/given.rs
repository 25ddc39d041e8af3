//! Descriptors that calls give otherwise than as their declared result: through memory, in messages, by requests to devices.
//!
//! Left out: what a call gives to another process (SECCOMP_IOCTL_NOTIF_ADDFD), and requests that sysview does not
//! declare and whose memory is therefore not copied (dma-buf, DRM).

use super::What;
use super::calls::{Made, int, word};

const CLONE_PIDFD: u64 = 0x1000;
const SOL_SOCKET: i32 = 1;

/// A descriptor that a call gave.
#[derive(Debug)]
pub(super) struct Given {
    pub fd: i32,
    pub what: What,
    pub cloexec: bool,
}

/// What a call that returned `value` gave besides a declared result; `source` is what it read from, if that matters
/// (`reads_descriptors`).
pub(super) fn given(made: &Made<'_>, value: i64, source: Option<&'static str>) -> Vec<Given> {
    let other = |fd: i32| Given { fd, what: What::Other { call: made.name, name: Vec::new() }, cloexec: true };
    match made.name {
        "pipe" | "pipe2" => {
            let ends = made.pair(0).into_iter().flatten().zip([false, true]);
            ends.map(|(fd, writes)| Given { fd, what: What::PipeEnd { writes }, cloexec: made.cloexec() }).collect()
        }
        "socketpair" => {
            let ends = made.pair(3).into_iter().flatten();
            ends.map(|fd| Given { fd, what: socket(made), cloexec: made.cloexec() }).collect()
        }
        "recvmsg" => message(made, made.address(1), made.args[2]),
        "recvmmsg" | "recvmmsg_time64" => {
            // struct mmsghdr: the header and a length, padded to the word.
            let stride = 8 * made.arch.word() as u64;
            let count = value.clamp(0, 1024) as u64;
            (0..count).flat_map(|i| message(made, made.address(1).wrapping_add(i * stride), made.args[3])).collect()
        }
        "clone" | "clone3" => {
            pidfd(made, value).map(|fd| Given { what: What::Pidfd(value as i32), ..other(fd) }).into_iter().collect()
        }
        "getsockopt" => {
            const SO_PEERPIDFD: i32 = 77;
            let asked = (made.fd(1), made.fd(2)) == (SOL_SOCKET, SO_PEERPIDFD);
            made.exit_int(made.address(3)).filter(|_| asked).map(other).into_iter().collect()
        }
        "bpf" if BPF.contains(&made.args[0]) => vec![other(value as i32)],
        "seccomp" => {
            // SECCOMP_SET_MODE_FILTER with SECCOMP_FILTER_FLAG_NEW_LISTENER.
            let listens = made.args[0] == 1 && made.args[1] & 8 != 0;
            listens.then(|| other(value as i32)).into_iter().collect()
        }
        "ioctl" => requested(made, value).map(other).into_iter().collect(),
        "read" => match source {
            Some("fanotify_init") => noticed(made, value),
            Some("userfaultfd") => forked(made, value)
                .into_iter()
                .map(|fd| Given { what: What::Other { call: "userfaultfd", name: Vec::new() }, ..other(fd) })
                .collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Whether reading from what this call made brings descriptors.
pub(super) fn reads_descriptors(call: &str) -> bool {
    matches!(call, "fanotify_init" | "userfaultfd")
}

/// Commands of bpf(2) whose result is a descriptor, linux/bpf.h: BPF_MAP_CREATE, BPF_PROG_LOAD, BPF_OBJ_GET,
/// BPF_PROG_GET_FD_BY_ID, BPF_MAP_GET_FD_BY_ID, BPF_RAW_TRACEPOINT_OPEN, BPF_BTF_LOAD, BPF_BTF_GET_FD_BY_ID,
/// BPF_LINK_CREATE, BPF_LINK_GET_FD_BY_ID, BPF_ENABLE_STATS, BPF_ITER_CREATE, BPF_TOKEN_CREATE.
const BPF: [u64; 13] = [0, 5, 7, 13, 14, 17, 18, 19, 28, 30, 32, 33, 36];

pub(super) fn socket(made: &Made<'_>) -> What {
    const KIND: u64 = 0xf;
    What::Socket { family: made.args[0] as u32, kind: (made.args[1] & KIND) as u32, protocol: made.args[2] as u32 }
}

/// CLONE_PIDFD: clone(2) stores it where the parent's number would go, clone3(2) has a field of its own.
fn pidfd(made: &Made<'_>, pid: i64) -> Option<i32> {
    // The child comes back from the call, too.
    if pid == 0 {
        return None;
    }
    let (flags, addr) = match made.name {
        "clone" => (made.args[0], made.address(2)),
        _ => {
            let args = made.entry.exact(made.address(0), 16)?;
            (word(&args[..8]), word(&args[8..]))
        }
    };
    made.exit_int(addr).filter(|_| flags & CLONE_PIDFD != 0)
}

/// The descriptors that a message brought: unix(7), SCM_RIGHTS and SCM_PIDFD.
fn message(made: &Made<'_>, header: u64, flags: u64) -> Vec<Given> {
    const SCM_RIGHTS: i32 = 1;
    const SCM_PIDFD: i32 = 4;
    const MSG_CMSG_CLOEXEC: u64 = 0x4000_0000;
    let size = made.arch.word();
    let field = |index: usize| {
        let addr = header.wrapping_add((index * size) as u64);
        made.exit.exact(addr, size).or_else(|| made.entry.exact(addr, size)).map(word)
    };
    let (Some(control), Some(len)) = (field(4), field(5)) else { return Vec::new() };
    let Some(piece) = made.exit.at(control).filter(|_| control != 0) else { return Vec::new() };
    let mut rest = &piece.bytes[..usize::try_from(len).unwrap_or(usize::MAX).min(piece.bytes.len())];
    let mut found = Vec::new();
    while rest.len() >= size + 8 {
        let length = usize::try_from(word(&rest[..size])).unwrap_or(usize::MAX).clamp(size + 8, rest.len());
        // A pidfd of the sender is close-on-exec always.
        let cloexec = match (int(&rest[size..size + 4]), int(&rest[size + 4..size + 8])) {
            (SOL_SOCKET, SCM_RIGHTS) => Some(flags & MSG_CMSG_CLOEXEC != 0),
            (SOL_SOCKET, SCM_PIDFD) => Some(true),
            _ => None,
        };
        if let Some(cloexec) = cloexec {
            let fds = rest[size + 8..length].chunks_exact(4).map(int);
            found.extend(fds.map(|fd| Given { fd, what: What::Received, cloexec }));
        }
        rest = rest.get(length.next_multiple_of(size)..).unwrap_or_default();
    }
    found
}

/// A request whose declared result is no descriptor but which gives one: in its structure, or as its result.
fn requested(made: &Made<'_>, value: i64) -> Option<i32> {
    let field = |at: u64| made.exit_int(made.address(2).wrapping_add(at));
    match made.call.variant {
        // Only asked whether there is such a device: KVM_CREATE_DEVICE_TEST.
        "KVM_CREATE_DEVICE" if field(8)? & 1 != 0 => None,
        "KVM_CREATE_DEVICE" => field(4),
        "GPIO_GET_LINEHANDLE_IOCTL" => field(360),
        "GPIO_GET_LINEEVENT_IOCTL" => field(44),
        "GPIO_V2_GET_LINE_IOCTL" => field(588),
        "VIDIOC_EXPBUF" => field(16),
        "TEE_IOC_SHM_ALLOC" | "TEE_IOC_SHM_REGISTER" | "TEE_IOC_SHM_REGISTER_FD" => Some(value as i32),
        // Not declared, and known by their numbers: SIOCUNIXFILE, USERFAULTFD_IOC_NEW, KVM_GET_STATS_FD.
        "" if matches!(made.args[1] as u32, 0x89e0 | 0xaa00 | 0xaece) => Some(value as i32),
        _ => None,
    }
}

/// fanotify(7): each event has the file that it is about. Close-on-exec as fanotify_init was told, which is not known here.
fn noticed(made: &Made<'_>, value: i64) -> Vec<Given> {
    const HEADER: usize = 24;
    let Some(piece) = made.exit.at(made.address(1)) else { return Vec::new() };
    let mut rest = &piece.bytes[..usize::try_from(value).unwrap_or(0).min(piece.bytes.len())];
    let mut found = Vec::new();
    while rest.len() >= HEADER {
        let what = What::Other { call: "fanotify", name: Vec::new() };
        found.push(Given { fd: int(&rest[16..20]), what, cloexec: false });
        rest = rest.get((int(&rest[..4]) as usize).max(HEADER)..).unwrap_or_default();
    }
    found
}

/// ioctl_userfaultfd(2), UFFD_EVENT_FORK: a descriptor for the child's memory.
fn forked(made: &Made<'_>, value: i64) -> Vec<i32> {
    const UFFD_EVENT_FORK: u8 = 0x13;
    let Some(piece) = made.exit.at(made.address(1)) else { return Vec::new() };
    let messages = piece.bytes[..usize::try_from(value).unwrap_or(0).min(piece.bytes.len())].chunks_exact(32);
    messages.filter(|message| message[0] == UFFD_EVENT_FORK).map(|message| int(&message[8..12])).collect()
}
