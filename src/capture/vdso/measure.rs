//! What the vDSO of this machine saves: its functions and the calls in their place, timed in this very process.
//!
//! Whoever is traced, with its vDSO off or shown, runs the first half of it and so measures what that costs. Times are read
//! from the time-stamp counter, which no mode changes. Left out: other architectures than x86-64.

use std::time::{Duration, Instant};

use super::super::sys;
use super::site;
use crate::abi::{self, Arch};
use crate::model::VdsoImage;
use crate::vdso::{always_calls, call_of, parse_image};

/// What is asked: a word for it, the call, its first arguments. `OUT` stands for a place to write to.
const QUESTIONS: [(&str, &str, [u64; 5]); 9] = [
    ("clock_gettime CLOCK_MONOTONIC", "clock_gettime", [1, OUT, 0, 0, 0]),
    ("clock_gettime CLOCK_REALTIME", "clock_gettime", [0, OUT, 0, 0, 0]),
    ("clock_gettime CLOCK_MONOTONIC_COARSE", "clock_gettime", [6, OUT, 0, 0, 0]),
    ("clock_gettime CLOCK_PROCESS_CPUTIME_ID", "clock_gettime", [2, OUT, 0, 0, 0]),
    ("clock_getres", "clock_getres", [1, OUT, 0, 0, 0]),
    ("gettimeofday", "gettimeofday", [OUT, 0, 0, 0, 0]),
    ("time", "time", [0; 5]),
    ("getcpu", "getcpu", [OUT, 0, 0, 0, 0]),
    ("getrandom of 16 bytes, without a state", "getrandom", [OUT, 16, 0, 0, 0]),
];
const OUT: u64 = u64::MAX;

/// One answer, in nanoseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub what: &'static str,
    pub ns: f64,
    /// The vDSO cannot answer it, and makes the call itself.
    pub falls_back: bool,
}

/// How much is measured: rounds, of which the median counts, and questions in each.
#[derive(Debug, Clone, Copy)]
pub struct Rounds {
    pub rounds: usize,
    pub questions: usize,
}

/// By what means the questions are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// The functions of the vDSO.
    Vdso,
    /// System calls.
    Kernel,
}

/// This process's own vDSO.
pub fn own_vdso() -> Option<(VdsoImage, Vec<u8>)> {
    vdso_of(i32::try_from(std::process::id()).ok()?)
}

/// That of another, and its bytes; None if it has none or cannot be read.
pub fn vdso_of(pid: i32) -> Option<(VdsoImage, Vec<u8>)> {
    let (base, bytes) = site::bytes_of(pid)?;
    Some((parse_image(base, &bytes)?, bytes))
}

/// Asks every question; those that this machine's vDSO has no function for are left out.
pub fn ask(means: Means, how: Rounds) -> Vec<Asked> {
    let Some((image, _)) = own_vdso().filter(|_| cfg!(target_arch = "x86_64")) else { return Vec::new() };
    let mut found = Vec::new();
    let (began, ticks) = (Instant::now(), sys::ticks());
    for (what, call, args) in QUESTIONS {
        let symbol = image.symbols.iter().find(|symbol| call_of(&symbol.name) == Some(call));
        let (Some(symbol), Some(nr)) = (symbol, abi::number(Arch::X86_64, call)) else { continue };
        let function = image.base + symbol.offset;
        let mut out = [0u64; 8];
        let place = out.as_mut_ptr() as u64;
        let args = args.map(|arg| if arg == OUT { place } else { arg });
        let mut rounds: Vec<u64> = Vec::with_capacity(how.rounds);
        for _ in 0..how.rounds {
            let before = sys::ticks();
            for _ in 0..how.questions {
                match means {
                    Means::Vdso => sys::ask_function(function, args),
                    Means::Kernel => sys::ask_kernel(nr, args),
                };
            }
            rounds.push(sys::ticks().wrapping_sub(before));
        }
        rounds.sort_unstable();
        let asked = std::array::from_fn(|index| args.get(index).copied().unwrap_or(0));
        let falls_back = always_calls(call, asked) || call == "getrandom";
        found.push((what, falls_back, rounds[rounds.len() / 2]));
    }
    // Long enough for a rate.
    while began.elapsed() < Duration::from_millis(5) {}
    let rate = began.elapsed().as_nanos() as f64 / sys::ticks().wrapping_sub(ticks).max(1) as f64;
    let ns = |ticks: u64| ticks as f64 * rate / how.questions as f64;
    found.into_iter().map(|(what, falls_back, ticks)| Asked { what, ns: ns(ticks), falls_back }).collect()
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn the_vdso_answers_sooner_than_the_kernel() {
        let how = Rounds { rounds: 11, questions: 100 };
        let (vdso, kernel) = (ask(Means::Vdso, how), ask(Means::Kernel, how));
        assert_eq!(vdso.len(), kernel.len());
        let Some(coarse) = vdso.iter().position(|asked| asked.what.ends_with("COARSE")) else {
            return; // a kernel booted with vdso=0
        };
        assert!(vdso[coarse].ns > 0.0 && vdso[coarse].ns < kernel[coarse].ns, "{vdso:?} {kernel:?}");
    }
}
