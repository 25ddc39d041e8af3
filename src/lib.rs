//! sysview: see every system call that a program makes, live, in a terminal.
//!
//! # Bird's eye view
//!
//! `sysview -- cmd` answers three questions on one screen: what is the program doing (the trace), what does it do most
//! and what is slow (the histogram), and what would a sandbox stop (the seccomp overlay). A program runs under a ptrace
//! worker; the worker copies registers and bytes at each stop and sends *batches of raw events* over a bounded channel;
//! a view stores them as rows and decodes only what it shows.
//!
//! ```text
//!  tracee -- stop --> capture worker (one std::thread owns every tracee)
//!                       copies registers and the bytes that the signature asks for, resumes at once
//!                       batch -- bounded channel (source::Message) --> model::Store --> stats, policy overlay, query
//!                                                                          |
//!                       decode: only what is shown, matched or printed <---'---> session writer
//!  tui, cli  -- source::Command (kill, detach, input, resize) --> capture worker
//! ```
//!
//! # Map
//!
//! Reading order is dependency order: a room uses only rooms above it (`tests/tidy.rs` checks the arrows).
//!
//! | room | what is in it | what is deliberately not |
//! |---|---|---|
//! | [`abi`] | what is true of Linux: signatures, constants, layouts, errors, explanations, by the event's architecture | state, I/O |
//! | [`model`] | what was observed: events, rows, tasks; what descriptors were when | meaning, text |
//! | [`decode`] | raw event to value tree to text | failure, I/O |
//! | [`source`] | `Message` and `Command`, the two ways in which a source and a view speak | any source |
//! | [`vdso`] | a vDSO image in, its symbols and the code that makes them calls out; the auxiliary vector | touching a program |
//! | [`symbols`] | address to library and offset, from exec and mmap events | reading files |
//! | [`policy`] | seccomp profiles in all their forms, verdicts with their rule, the filter as cBPF, profiles made of recordings | enforcing |
//! | [`stats`] | counts, errors, times per call and task; bytes by descriptor, path, address; of all rows or any | sorting on screen |
//! | [`patterns`] | what programs do that is worth a word, each with the rows that show it; one lint a file | whether it is meant so |
//! | [`query`] | the filter language, asked row by row or by the bitmap | storage, threads |
//! | [`config`] | the user's settings: one file in, its sections read and changed | what a command line says |
//! | [`capture`] | the ptrace engine and the program's terminal; the only room with `unsafe`, in one file | decoding |
//! | [`session`] | recordings: Arrow IPC writer, reader, replay; text of strace as a source; exports, two runs compared | the screen |
//! | [`lesson`] | guided tours: steps and checks on what happened | the screen |
//! | [`tui`] | state, update, panes, keys, themes, the terminal | ptrace: it knows no engine |
//! | [`cli`] | the command line, one file per subcommand; the only room that sees everything | logic of its own |
//!
//! Facts stand in `assets/` as data, one line a call, and `build.rs` turns them into tables; a mistake there is a build
//! error with file and line.
//!
//! # Invariants
//!
//! 1. **Capture raw, decode on view.** Between a stop and its resume: registers, copies of memory, one push. No text is
//!    made there, nothing is written to disk.
//! 2. **decode cannot fail.** Unreadable memory, unknown flags, short buffers and unknown numbers are values.
//! 3. **The view does not know** whether events are live or replayed.
//! 4. `abi model decode policy stats patterns query lesson` read no clock, no file, no environment.
//! 5. **Every queue has a bound**, and beside it stands what happens when it is full. A full event channel holds the
//!    program; no event is lost.
//! 6. Everything shown about a key comes from the one list of actions that implements it.
//! 7. Failing to record never ends a trace; failing to decode one event never hides the next.
//! 8. **Nothing from the program reaches the real terminal unescaped**; only `tui::terminal` (and the relay after a
//!    hand-over, when the terminal is the program's own) writes escape sequences.
//!
//! # Glossary
//!
//! *Tracee*: a task under ptrace. *Task*: a kernel thread, with a `tid`; a process is the tasks of one `tgid`. *Stop*: a
//! tracee waiting for its tracer. *Entry*, *exit*: the two stops of a call. *Group-stop*: job control stopped the
//! process. *Row*: one line of the trace; a call is one row, completed in place. *Region*: a copied piece of the tracee's
//! memory. *Verdict*: what a profile would answer to a call. *Overlay*: the verdicts shown over the trace.
//! *Held*: stopped for the user, by a key, a step or a *catchpoint* (a call that fits a filter). *Floor*: the time that
//! tracing adds to the shortest call. *Source*: where events come from. *Hand over*: stop tracing and leave the terminal to the program.

#![deny(unsafe_code)]

pub mod abi;
pub mod capture;
pub mod cli;
pub mod config;
pub mod decode;
pub mod lesson;
pub mod model;
pub mod patterns;
pub mod policy;
pub mod query;
pub mod session;
pub mod source;
pub mod stats;
pub mod symbols;
pub mod tui;
pub mod vdso;
