//! Recordings: a run of a program as one Arrow IPC stream, written while it happens and replayed as a source.
//!
//! `schema` says what stands in a file. Writing: `Writer` folds events into `rows`, `columns` makes arrays of them.
//! Reading: `frame` takes the stream apart and trusts nothing, `events` makes events of the arrays, `replay` sends
//! them through the same channel as a live run. A failed write is the caller's to report; the trace goes on. `redact`
//! takes contents out of events, for files that others get to see. `spill` is the file of a store that has outgrown its
//! memory, which is no recording: it has no name and ends with us. A view records by a `Recorder`, which has a thread of
//! its own, and reads from the store with `Again` what it had kept already.
//! `export` writes rows in other forms, `compare` puts two runs beside each other, `strace` reads another tool's text.

mod again;
mod arrays;
mod columns;
pub mod compare;
mod context;
mod encode;
mod error;
mod events;
pub mod export;
mod frame;
mod marker;
mod metadata;
mod names;
mod open;
mod pieces;
mod recorder;
mod redact;
mod replay;
mod rows;
mod schema;
mod spill;
mod standing;
pub mod strace;
mod words;
mod write;

pub use again::Again;
pub use error::SessionError;
pub use events::{Item, Reader};
pub use marker::Marker;
pub use open::{open, tells_of_a_run, text};
pub use recorder::{Piece, Recorder};
pub use redact::{Fate, Redaction, Redactor};
pub use replay::replay;
pub use schema::{FORMAT_VERSION, fields};
pub use spill::TemporaryFile;
pub use write::Writer;
