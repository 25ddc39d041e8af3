//! What was observed: events as the engine saw them, ids of our own, and the store of rows that views read.
//!
//! Raw: registers and copied bytes, never text. Left out: meaning (`abi`), words (`decode`), counts (`stats`).

mod event;
mod files;
mod interrupted;
mod names;
mod namespaces;
mod printed;
mod store;
mod task;

pub use event::*;
pub use files::{Descriptor, Files, Shares, What, shares};
pub use interrupted::Interrupted;
pub use printed::*;
pub use store::*;
pub use task::*;
