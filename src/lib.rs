//! sysview: see every system call that a program makes, live.

#![deny(unsafe_code)]

pub mod abi;
pub mod capture;
pub mod cli;
pub mod decode;
pub mod lesson;
pub mod model;
pub mod policy;
pub mod query;
pub mod session;
pub mod source;
pub mod stats;
pub mod symbols;
pub mod tui;
pub mod vdso;
