//! The ptrace engine: launches a program, stops it at every system call, and hands over what it saw as events.
//!
//! One thread, the worker, owns every tracee of a session, because ptrace binds a tracee to the thread that seized it.
//! Between a stop and its resume it copies registers and memory into a batch, and nothing else. The room's layers, from
//! the kernel up: `sys` (raw calls, the only unsafe code), `tracee` (a stop as a value), `memory` and `procfs` (what can
//! be read of a tracee), `wake` and `out` (how the worker is woken, how events leave), `pty` (the program's terminal),
//! `worker` with `stops`, `exec`, `restart` and `leave` (the engine itself), `colocate` with `affinity` and `calibrate` (where
//! tracer and tasks run, and what a stop costs), `vdso` (its functions switched off and on), `launch` with `setup` (fork to first execve), `attach` with `find`
//! (processes that run already), `run` (the worker's thread), `doctor` (whether and why not), `diagnosis` (what the worker does, for
//! whoever looks for a mistake in it).
//! Left out: meaning and text (`abi`, `decode`), and any decision about what is shown.

mod affinity;
mod attach;
mod calibrate;
mod colocate;
mod control;
mod descriptors;
mod diagnosis;
mod doctor;
mod entries;
mod error;
mod exec;
mod filters;
mod find;
mod installed;
mod launch;
mod leave;
mod memory;
mod only;
mod options;
mod out;
mod privileges;
mod procfs;
mod pty;
mod resolve;
mod restart;
mod run;
mod setup;
mod siginfo;
mod standing;
mod status;
mod status_text;
mod stops;
mod sys;
mod tamper;
mod tasks;
mod tracee;
mod turns;
mod untraced;
mod vdso;
mod wake;
mod worker;

pub use attach::{Attach, attach};
pub use doctor::{Diagnosis, Finding, Mark, examine};
pub use error::LaunchError;
pub use find::{Container, find_container, find_processes, processes};
pub use installed::filters_of;
pub use launch::{Launch, Terminal, launch};
pub use only::fits_a_filter;
pub use options::{CoLocate, Descriptors, Kinds, Only, Tracing, VdsoRoom};
pub use resolve::{resolve, resolve_from};
pub use setup::{Identity, Setup, directory};

pub use vdso::{Asked, Means, Rounds, ask, own_vdso, vdso_of};

/// Lets a keyboard's ^C and ^\ pass sysview by while a program runs in the same terminal and process group
/// (`Terminal::Inherit`): the program gets them too, and its end is sysview's end. Call it once, before `launch`.
pub fn leave_interrupts_to_the_program() {
    for signal in [libc::SIGINT, libc::SIGQUIT] {
        // Cannot fail for these two; if it did, ^C would end sysview and with it the program.
        let _ = sys::take_without_effect(signal);
    }
}

/// CPU time that a process has used so far, in user mode and in the kernel, in nanoseconds. proc_pid_stat(5).
pub fn cpu_ns(pid: i32) -> Option<(u64, u64)> {
    procfs::cpu_ns(pid)
}

/// /proc/PID/comm: the name of a process that nobody need trace. None if there is none of that number.
pub fn comm(pid: i32) -> Option<Vec<u8>> {
    procfs::comm(pid)
}

/// Hour, minute and second of the local time zone (`TZ`, /etc/localtime) at `seconds` since the epoch. localtime(3).
pub fn local_time(seconds: i64) -> (u32, u32, u32) {
    sys::local_time(seconds)
}
