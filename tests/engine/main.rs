//! The engine against real programs: real forks and execs, judged by the events that come out.
//!
//! Programs are `sh` and small C fixtures, compiled by the tests with `cc`. Left out: how events look as text.

mod basics;
mod harness;
