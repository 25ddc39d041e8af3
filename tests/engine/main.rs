//! The engine against real programs: real forks and execs, judged by the events that come out.
//!
//! Programs are `sh` and the fixtures in `tests/fixtures`, compiled by the tests with `cc`. Left out: how events look as
//! text.

mod abi;
mod alone;
mod arguments;
mod attach;
mod basics;
mod closed;
mod colocation;
mod control;
mod enforced;
mod filters;
mod fixtures;
mod guest;
mod harness;
mod hold;
mod launching;
mod less;
mod let_go;
mod max_hold;
mod nested;
mod only;
mod privileges;
mod refuse;
mod seccomp;
mod setup;
mod signals;
mod stops;
mod storms;
mod tamper;
mod tasks;
mod terminal;
mod vdso;
mod vdso_fallback;
mod vdso_programs;
mod vdso_shown;
mod vdso_switch;
