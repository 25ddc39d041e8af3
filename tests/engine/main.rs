//! The engine against real programs: real forks and execs, judged by the events that come out.
//!
//! Programs are `sh` and the fixtures `tests/fixtures/tracee.c` and `load.c`, compiled by the tests with `cc`. Left out: how events
//! look as text.

mod alone;
mod basics;
mod closed;
mod colocation;
mod control;
mod filters;
mod fixtures;
mod harness;
mod hold;
mod launching;
mod less;
mod only;
mod privileges;
mod seccomp;
mod setup;
mod signals;
mod tamper;
mod tasks;
mod terminal;
mod vdso;
