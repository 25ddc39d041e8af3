//! What calls do with their time: move bytes, or wait for something that others do. The time of those that wait is time
//! blocked, not time in which the kernel worked.

use crate::model::What;

/// The arguments that are descriptors of which a call takes bytes, or to which it gives them; its result says how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    pub from: Option<usize>,
    pub to: Option<usize>,
}

/// None for a call that moves no bytes, or whose result does not tell how many: sendmmsg(2), recvmmsg(2), io_uring(7).
pub fn transfer(call: &str) -> Option<Transfer> {
    let (from, to) = match call {
        "read" | "readv" | "pread64" | "preadv" | "preadv2" | "recv" | "recvfrom" | "recvmsg" => (Some(0), None),
        "write" | "writev" | "pwrite64" | "pwritev" | "pwritev2" | "send" | "sendto" | "sendmsg" | "vmsplice" => {
            (None, Some(0))
        }
        "sendfile" | "sendfile64" => (Some(1), Some(0)),
        "splice" | "copy_file_range" => (Some(0), Some(2)),
        "tee" => (Some(0), Some(1)),
        _ => return None,
    };
    Some(Transfer { from, to })
}

/// Whether a call waits by its nature, whatever it is given: for time, events, a lock, a child, a peer.
pub fn waits(call: &str, variant: &str) -> bool {
    let name = call.strip_suffix("_time64").unwrap_or(call);
    match name {
        "accept" | "accept4" | "connect" | "recv" | "recvfrom" | "recvmsg" | "recvmmsg" | "send" | "sendto"
        | "sendmsg" | "sendmmsg" => true,
        "poll" | "ppoll" | "select" | "_newselect" | "pselect6" | "epoll_wait" | "epoll_pwait" | "epoll_pwait2" => true,
        "nanosleep" | "clock_nanosleep" | "pause" | "restart_syscall" => true,
        "sigsuspend" | "rt_sigsuspend" | "rt_sigtimedwait" | "wait4" | "waitid" | "waitpid" => true,
        "futex" | "futex_wait" | "futex_waitv" | "flock" => true,
        "semop" | "semtimedop" | "msgrcv" | "msgsnd" | "mq_timedreceive" | "mq_timedsend" => true,
        "io_getevents" | "io_pgetevents" => true,
        // F_SETLKW, F_SETLKW64, F_OFD_SETLKW of fcntl(2).
        _ => variant.contains("SETLKW"),
    }
}

/// Whether reading from it, or writing to it, can wait for others: a pipe, a socket, a terminal, an event. Files do not.
pub fn is_stream(what: &What) -> bool {
    match what {
        What::File(path) | What::Link(path) => {
            !path.starts_with(b"/") && !path.is_empty()
                || path.starts_with(b"/dev/tty")
                || path.starts_with(b"/dev/pts/")
        }
        What::PipeEnd { .. } | What::Socket { .. } | What::Pidfd(_) => true,
        What::Other { call, .. } => *call != "memfd_create",
        What::Received => false,
    }
}
