//! What tracing itself adds to a call, measured on this machine: the time from entry to exit of a call that does nothing.
//!
//! A forked child calls getppid without end; it is traced as a program is, once with tracer and child on two CPUs and once
//! with both on one. On two by force: left to the scheduler they may happen to share one, and the difference, by which
//! co-location decides, would seem to be nothing. A few milliseconds in all.

use std::fs::File;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::affinity::{Mask, current_cpu};
use super::sys;
use super::tracee::{Op, Status, Stop, SyscallInfo};
use crate::source::Floor;

/// Calls measured at most, and no new one is begun after this time. Where stops are slow a few have to do.
const CALLS: usize = 64;
const PATIENCE: Duration = Duration::from_micros(2500);
/// The first calls after a change pay for it: cold caches, a migration.
const WARM_UP: usize = 4;

/// Measures it on the calling thread, whose affinity is afterwards what it was. `free` holds the CPUs that may be used.
pub fn floor(free: &Mask) -> io::Result<Floor> {
    let before = Mask::of(0);
    let (go, release) = sys::pipe()?;
    let child = sys::fork_caller(&go)?;
    let measured = measure(child, File::from(release), free);
    if let Some(mask) = before {
        mask.set(0);
    }
    // It may have ended by itself: then there is nothing to kill and nothing left to wait for.
    let _ = sys::signal_process(child, libc::SIGKILL);
    while let Ok(raw) = sys::wait_for(child) {
        if !matches!(Status::decode(child, raw), Status::Stopped(..)) {
            break;
        }
    }
    measured
}

fn measure(child: i32, mut release: File, free: &Mask) -> io::Result<Floor> {
    sys::seize(child, sys::LAUNCH_OPTIONS)?;
    sys::interrupt(child)?;
    release.write_all(b"g")?;
    // Where masks cannot be changed they never are, and both are one.
    let confine = |tid: i32, cpu: Option<usize>| cpu.is_some_and(|cpu| Mask::single(cpu).set(tid));
    let here = current_cpu();
    let elsewhere = here.and_then(|here| free.other_than(here));
    let split = confine(0, here) && confine(child, elsewhere);
    let apart_ns = median_call_ns(child)?;
    let together_ns = if split && confine(child, here) { median_call_ns(child)? } else { apart_ns };
    Ok(Floor { apart_ns, together_ns })
}

/// The child is running or stopped somewhere; it is left running towards its next stop.
fn median_call_ns(child: i32) -> io::Result<u64> {
    let began = Instant::now();
    let mut entered = None;
    let mut took_ns = [0; CALLS + WARM_UP];
    let mut calls = 0;
    while calls < took_ns.len() && (calls <= WARM_UP || began.elapsed() < PATIENCE) {
        let raw = sys::wait_for(child)?;
        let now = Instant::now();
        let Status::Stopped(stopped, stop) = Status::decode(child, raw) else {
            return Err(io::Error::from_raw_os_error(libc::ECHILD));
        };
        if stop == Stop::Syscall {
            match SyscallInfo::of(child)?.op {
                Op::Entry { nr, .. } if nr == libc::SYS_getppid as u64 => entered = Some(now),
                Op::Exit { .. } => {
                    if let Some(entered) = entered.take() {
                        took_ns[calls] = now.duration_since(entered).as_nanos() as u64;
                        calls += 1;
                    }
                }
                _ => {}
            }
        }
        stopped.resume(0)?;
    }
    let settled = &mut took_ns[WARM_UP..calls];
    settled.sort_unstable();
    Ok(settled[settled.len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_measured_and_the_thread_keeps_its_cpus() {
        std::thread::spawn(|| {
            sys::make_children_waitable();
            let own = Mask::of(0).expect("a mask");
            let floor = floor(&own).expect("tracing works where these tests run");
            // Two stops cost more than a bare call, and less than a scheduler's tick.
            for ns in [floor.apart_ns, floor.together_ns] {
                assert!((500..100_000_000).contains(&ns), "{floor:?}");
            }
            assert_eq!(Mask::of(0), Some(own));
            assert!(sys::wait_any().is_err(), "the child is gone");
        })
        .join()
        .expect("the thread");
    }
}
