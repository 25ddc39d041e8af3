//! The real thing in small: a child of our own is seized, one call of it is seen at entry and exit, its memory is read.

use std::fs::File;
use std::io::{self, Write};
use std::thread;

use super::here::{self, Tracer};
use crate::capture::sys;
use crate::capture::tracee::{Op, Status, Stop, SyscallInfo};

/// What came of it.
#[derive(Debug, Default)]
pub struct Trial {
    pub refused: Option<Refused>,
    /// The errno of process_vm_readv, if only that was refused: then memory is read word by word.
    pub memory: Option<i32>,
    /// Who traces the child already.
    pub tracer: Option<Tracer>,
}

/// The step that failed, as a clause: "a child cannot be seized".
#[derive(Debug)]
pub struct Refused {
    pub step: &'static str,
    pub errno: i32,
}

/// Known bytes: a forked child has them at the same address.
static KNOWN: [u8; 16] = *b"sysview's trial\n";

/// Runs it in a thread of its own, so that nobody else's children are waited for.
pub fn run() -> Trial {
    let joined = thread::Builder::new().name("sysview-trial".into()).spawn(trace_a_child).map(thread::JoinHandle::join);
    match joined {
        Ok(Ok(trial)) => trial,
        Ok(Err(_)) => failed("the trial broke off", libc::EPROTO),
        Err(error) => failed("a thread cannot be started", errno(&error)),
    }
}

fn failed(step: &'static str, errno: i32) -> Trial {
    Trial { refused: Some(Refused { step, errno }), ..Trial::default() }
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EPROTO)
}

fn trace_a_child() -> Trial {
    sys::make_children_waitable();
    let forked = sys::pipe().and_then(|(go, release)| Ok((sys::fork_caller(&go)?, release)));
    let (child, release) = match forked {
        Ok(forked) => forked,
        Err(error) => return failed("a child cannot be forked", errno(&error)),
    };
    let mut trial = Trial::default();
    if let Err((step, error)) = watch(child, File::from(release), &mut trial) {
        trial.tracer = here::tracer_of(child);
        trial.refused = Some(Refused { step, errno: errno(&error) });
    }
    // If it ended on its own there is nothing to kill and nothing left to wait for.
    let _ = sys::signal_process(child, libc::SIGKILL);
    while let Ok(raw) = sys::wait_for(child) {
        if !matches!(Status::decode(child, raw), Status::Stopped(..)) {
            break;
        }
    }
    trial
}

type Failure = (&'static str, io::Error);

fn watch(child: i32, mut release: File, trial: &mut Trial) -> Result<(), Failure> {
    sys::seize(child, sys::LAUNCH_OPTIONS).map_err(|e| ("a child cannot be seized", e))?;
    sys::interrupt(child).map_err(|e| ("a seized child cannot be stopped", e))?;
    release.write_all(b"g").map_err(|e| ("a child cannot be started", e))?;
    let mut entered = false;
    loop {
        let raw = sys::wait_for(child).map_err(|e| ("a child cannot be waited for", e))?;
        let Status::Stopped(stopped, stop) = Status::decode(child, raw) else {
            return Err(("no system call of a traced child is reported", io::Error::from_raw_os_error(libc::EPROTO)));
        };
        if stop == Stop::Syscall {
            match SyscallInfo::of(child).map_err(|e| ("PTRACE_GET_SYSCALL_INFO is refused", e))?.op {
                Op::Entry { nr, .. } if nr == libc::SYS_getppid as u64 => {
                    entered = true;
                    trial.memory = read_known(child).err().map(|error| errno(&error));
                }
                Op::Exit { .. } if entered => return Ok(()),
                _ => {}
            }
        }
        let signal = if let Stop::Signal(signal) = stop { signal } else { 0 };
        stopped.resume(signal).map_err(|e| ("a stopped child cannot be resumed", e))?;
    }
}

fn read_known(child: i32) -> io::Result<()> {
    let mut read = [0; KNOWN.len()];
    let count = sys::read_memory(child, KNOWN.as_ptr().addr() as u64, &mut read)?;
    if count == read.len() && read == KNOWN { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::EFAULT)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_can_be_traced_where_these_tests_run() {
        let trial = run();
        assert!(trial.refused.is_none(), "{trial:?}");
        assert_eq!(trial.memory, None);
    }
}
