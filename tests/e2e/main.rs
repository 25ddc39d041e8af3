//! The real binary in a real pty: what a person types and sees. Each file is a subject; `pty` is the person.
//!
//! Waits are for conditions, never for time; a failure prints the screen. Needs cc, python3, bash and vim.

mod attach;
mod bad_input;
mod doctor;
mod hold;
mod jsonl;
mod log;
mod log_filter;
mod log_options;
mod oracle;
mod points;
mod programs;
mod pty;
mod quit;
mod record;
mod redirect;
mod schema;
mod seccomp;
mod setup;
mod tour;
mod vdso;
