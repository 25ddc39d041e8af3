//! The seccomp filters under which a process runs already, for the policy room to read. ptrace(2), PTRACE_SECCOMP_GET_FILTER.
//!
//! The process is stopped for the moment that copying takes, as any tracer that attaches does it. Left out: what filters
//! mean, and filters that are installed while a program is traced (`filters`).

use std::io;

use nix::errno::Errno;

use super::sys;

/// The programs of a process's main thread, the one installed last first, eight bytes an instruction; empty if it has none.
///
/// # Errors
/// One sentence for the user: there is no such process, another tracer has it, or the kernel does not show filters.
pub fn filters_of(pid: i32) -> Result<Vec<Vec<u8>>, String> {
    let refuse = |what: String| format!("pid:{pid}: {what}");
    sys::seize(pid, 0).map_err(|error| refuse(unattached(pid, &error)))?;
    let read = stopped(pid).and_then(|signal| {
        let programs = read(pid);
        sys::detach(pid, signal).and(programs)
    });
    let newest_first = |mut programs: Vec<Vec<u8>>| {
        programs.reverse();
        programs
    };
    read.map(newest_first).map_err(|error| {
        refuse(match Errno::from_raw(error.raw_os_error().unwrap_or(0)) {
            Errno::EACCES => {
                "the kernel shows filters only to who has CAP_SYS_ADMIN and no filter of its own; run this as \
                              root, outside of containers"
                    .into()
            }
            Errno::EMEDIUMTYPE => {
                "it runs under a filter that is no classic BPF, which the kernel does not show".into()
            }
            Errno::EIO => "this kernel does not show filters (it is built without CONFIG_CHECKPOINT_RESTORE)".into(),
            _ => format!("cannot read its filters: {error}"),
        })
    })
}

fn unattached(pid: i32, error: &io::Error) -> String {
    match Errno::from_raw(error.raw_os_error().unwrap_or(0)) {
        Errno::ESRCH => "there is no such process; ps(1) lists them".into(),
        _ => format!("cannot attach to it: {error}; `sysview doctor {pid}` tells why"),
    }
}

/// Waits for the stop that was asked for, and gives the signal that the task is to get when it goes on.
fn stopped(pid: i32) -> io::Result<i32> {
    sys::interrupt(pid)?;
    let status = sys::wait_for(pid)?;
    if !libc::WIFSTOPPED(status) {
        return Err(io::Error::from_raw_os_error(libc::ESRCH));
    }
    // A signal that was on its way comes before the stop; an event is the stop itself, or a group-stop.
    Ok(if status >> 16 == libc::PTRACE_EVENT_STOP { 0 } else { libc::WSTOPSIG(status) })
}

/// The programs of a task that is stopped, the one installed first first; empty if it has none.
pub(super) fn read(pid: i32) -> io::Result<Vec<Vec<u8>>> {
    let mut programs = Vec::new();
    loop {
        match sys::seccomp_filter(pid, programs.len()) {
            Ok(program) => programs.push(program),
            // EINVAL: no filter at all. ENOENT: there are no more.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINVAL)) => return Ok(programs),
            Err(error) => return Err(error),
        }
    }
}
