//! The writer of a recording. Rows wait until a batch is worth its fixed cost, or a second of the program's time has
//! passed; `flush` writes what waits at once, for a source that has gone quiet.

use std::io::Write;
use std::sync::Arc;

use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow_ipc::{CompressionType, MetadataVersion};
use arrow_schema::ArrowError;

use super::SessionError;
use super::columns::Columns;
use super::rows::{Rows, payload};
use super::schema::schema;
use crate::model::Batch;
use crate::source::{End, Started};

/// Rows of a full batch.
const BATCH_ROWS: usize = 16_384;
/// Copied memory of a full batch, in bytes.
const BATCH_PAYLOAD: usize = 8 << 20;
/// The largest single event or piece of output, in bytes. With it a batch stays far under `frame::MAX_UNPACKED`.
pub(super) const MAX_EVENT: usize = 64 << 20;
/// Program time after which rows are written even if few, so that a crash loses little.
const BATCH_NS: u64 = 1_000_000_000;

/// Writes one recording.
///
/// After `SessionError::Write` the file ends at its last whole batch, and every later call returns the error again;
/// after `SessionError::TooLarge` only the named event is missing.
pub struct Writer<W: Write> {
    stream: StreamWriter<W>,
    columns: Columns,
    rows: Rows,
    /// Time of the first waiting event.
    waiting_since: Option<u64>,
    failed: Option<String>,
}

impl<W: Write> Writer<W> {
    /// Begins a recording: writes the schema with what is known at the start. Wrap a file in a `BufWriter`.
    pub fn new(out: W, started: &Started) -> Result<Writer<W>, SessionError> {
        let schema = Arc::new(schema(started));
        let options = IpcWriteOptions::try_new(8, false, MetadataVersion::V5)
            .and_then(|options| options.try_with_compression(Some(CompressionType::ZSTD)))
            .map_err(sentence)?;
        let stream = StreamWriter::try_new_with_options(out, &schema, options).map_err(sentence)?;
        Ok(Writer { stream, columns: Columns::new(schema), rows: Rows::default(), waiting_since: None, failed: None })
    }

    /// Adds events, in the order in which the engine made them.
    pub fn batch(&mut self, batch: &Batch) -> Result<(), SessionError> {
        self.check()?;
        let mut left_out = None;
        for event in &batch.events {
            let bytes = payload(batch, event);
            if bytes > MAX_EVENT {
                left_out = Some(SessionError::TooLarge { bytes, limit: MAX_EVENT });
                continue;
            }
            self.room_for(bytes)?;
            self.rows.event(batch, event);
            let since = *self.waiting_since.get_or_insert(event.t_ns);
            if event.t_ns.saturating_sub(since) >= BATCH_NS {
                self.write_rows()?;
            }
        }
        left_out.map_or(Ok(()), Err)
    }

    /// Adds bytes that the program wrote to its terminal, after all events so far. `t_ns`: nanoseconds since the
    /// session began, if known.
    pub fn output(&mut self, bytes: &[u8], t_ns: Option<u64>) -> Result<(), SessionError> {
        self.check()?;
        if bytes.len() > MAX_EVENT {
            return Err(SessionError::TooLarge { bytes: bytes.len(), limit: MAX_EVENT });
        }
        self.room_for(bytes.len())?;
        self.rows.output(bytes, t_ns);
        Ok(())
    }

    /// Adds the end of the program. `finish` still has to be called.
    pub fn end(&mut self, end: End) -> Result<(), SessionError> {
        self.check()?;
        self.room_for(0)?;
        self.rows.ended(end);
        Ok(())
    }

    /// Writes the rows that wait.
    pub fn flush(&mut self) -> Result<(), SessionError> {
        self.check()?;
        self.write_rows()?;
        let flushed = self.stream.flush();
        self.note(flushed)
    }

    /// Writes what waits and the mark of a whole recording, and gives the output back.
    pub fn finish(mut self) -> Result<W, SessionError> {
        self.flush()?;
        self.stream.into_inner().map_err(sentence)
    }

    fn check(&self) -> Result<(), SessionError> {
        match &self.failed {
            Some(error) => Err(SessionError::Write(error.clone())),
            None => Ok(()),
        }
    }

    fn room_for(&mut self, bytes: usize) -> Result<(), SessionError> {
        if self.rows.len() >= BATCH_ROWS || self.rows.payload + bytes > BATCH_PAYLOAD {
            self.write_rows()
        } else {
            Ok(())
        }
    }

    fn write_rows(&mut self) -> Result<(), SessionError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let written = self.columns.batch(&self.rows).and_then(|batch| self.stream.write(&batch));
        self.rows.clear();
        self.waiting_since = None;
        self.note(written)
    }

    fn note(&mut self, done: Result<(), ArrowError>) -> Result<(), SessionError> {
        done.map_err(|error| {
            // A batch may have been written in part: anything after it would be garbage.
            let error = plain(error);
            self.failed = Some(error.clone());
            SessionError::Write(error)
        })
    }
}

fn sentence(error: ArrowError) -> SessionError {
    SessionError::Write(plain(error))
}

/// The system's own words, without the layers around them.
fn plain(error: ArrowError) -> String {
    match error {
        ArrowError::IoError(_, error) => error.to_string(),
        other => other.to_string(),
    }
}
