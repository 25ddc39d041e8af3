//! The writer of a recording. Rows wait until a batch is worth its fixed cost. Meanwhile they are saved from time to time,
//! so that a crash loses little: in a file as a batch that is taken back and written again with more rows, elsewhere as
//! batches that stay as small as they are. `flush` saves at once, for a source that has gone quiet.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;

use arrow_schema::ArrowError;

use super::columns::Columns;
use super::encode::{END, Encoder};
use super::metadata::schema;
use super::rows::{Rows, payload};
use super::{Marker, SessionError};
use crate::model::Batch;
use crate::source::{End, Started};

/// Rows of a full batch.
const BATCH_ROWS: usize = 65_536;
/// Copied memory of a full batch, in bytes. With `MAX_EVENT` far under what the reader takes.
const BATCH_PAYLOAD: usize = 24 << 20;
/// The largest single event or piece of output, in bytes. With it a batch stays far under `frame::MAX_UNPACKED`.
pub(super) const MAX_EVENT: usize = 64 << 20;
/// Program time after which rows are saved even if few.
const SAVE_NS: u64 = 1_000_000_000;
/// More of it for every row that is written again: that keeps the work of saving at some 2 % of one CPU.
const SAVE_NS_PER_ROW: u64 = 100_000;

/// Writes one recording.
///
/// After `SessionError::Write` the file ends at its last whole batch, and every later call returns the error again;
/// after `SessionError::TooLarge` only the named event is missing.
pub struct Writer<W: Write> {
    out: W,
    /// Goes back to a byte of the output and forgets what stands behind it; None where that cannot be done.
    take_back: Option<fn(&mut W, u64) -> io::Result<()>>,
    encoder: Encoder,
    columns: Columns,
    rows: Rows,
    /// Bytes of the output that stay.
    kept: u64,
    /// The batch of waiting rows as it was saved last.
    saved: Vec<u8>,
    /// Rows came since then.
    unsaved: bool,
    /// What was saved can stay as it is: it was made small.
    lasting: bool,
    /// Time of the first event since then.
    unsaved_since: Option<u64>,
    failed: Option<String>,
}

impl Writer<File> {
    /// Begins a recording in a file, which is emptied.
    pub fn create(file: File, started: &Started) -> Result<Writer<File>, SessionError> {
        let regular = file.metadata().is_ok_and(|metadata| metadata.is_file());
        let mut writer = Writer::begin(file, started)?;
        if regular {
            writer.take_back = Some(|file, at| {
                file.set_len(at)?;
                file.seek(SeekFrom::Start(at)).map(drop)
            });
        }
        Ok(writer)
    }
}

impl<W: Write> Writer<W> {
    /// Begins a recording in any output, where nothing can be taken back.
    pub fn new(out: W, started: &Started) -> Result<Writer<W>, SessionError> {
        Writer::begin(out, started)
    }

    fn begin(mut out: W, started: &Started) -> Result<Writer<W>, SessionError> {
        let schema = Arc::new(schema(started));
        let columns = Columns::new(schema.clone());
        let mut rows = Rows::default();
        let mut encoder = Encoder::new(schema).map_err(sentence)?;
        let beginning = columns.batch(&rows).and_then(|batch| encoder.beginning(&batch)).map_err(sentence)?;
        out.write_all(&beginning).and_then(|()| out.flush()).map_err(|error| SessionError::Write(error.to_string()))?;
        rows.machine(&started.machine);
        Ok(Writer {
            out,
            take_back: None,
            encoder,
            columns,
            rows,
            kept: beginning.len() as u64,
            saved: Vec::new(),
            unsaved: true,
            lasting: false,
            unsaved_since: None,
            failed: None,
        })
    }

    /// Adds events, in the order in which the engine made them.
    pub fn batch(&mut self, batch: &Batch) -> Result<(), SessionError> {
        self.check()?;
        let mut left_out = None;
        for (index, event) in batch.events.iter().enumerate() {
            let bytes = payload(batch, event);
            if bytes > MAX_EVENT {
                left_out = Some(SessionError::TooLarge { bytes, limit: MAX_EVENT });
                continue;
            }
            self.room_for(bytes)?;
            self.rows.event(batch, index);
            self.unsaved = true;
            let since = *self.unsaved_since.get_or_insert(event.t_ns);
            if event.t_ns.saturating_sub(since) >= SAVE_NS + SAVE_NS_PER_ROW * self.rows.len() as u64 {
                self.save(false)?;
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
        self.unsaved = true;
        Ok(())
    }

    /// Adds a word about the tracing itself, after all events so far.
    pub fn marker(&mut self, marker: Marker, t_ns: Option<u64>) -> Result<(), SessionError> {
        self.check()?;
        self.room_for(0)?;
        self.rows.marker(marker, t_ns);
        self.unsaved = true;
        Ok(())
    }

    /// Adds the end of the program. `finish` still has to be called.
    pub fn end(&mut self, end: End) -> Result<(), SessionError> {
        self.check()?;
        self.room_for(0)?;
        self.rows.ended(end);
        self.unsaved = true;
        Ok(())
    }

    /// Saves the rows that wait.
    pub fn flush(&mut self) -> Result<(), SessionError> {
        self.check()?;
        self.save(false)
    }

    /// Bytes of the output so far.
    pub fn written(&self) -> u64 {
        self.kept + self.saved.len() as u64
    }

    /// Writes what waits and the mark of a whole recording, and gives the output back.
    pub fn finish(mut self) -> Result<W, SessionError> {
        self.check()?;
        self.save(true)?;
        let ended = self.out.write_all(&END).and_then(|()| self.out.flush());
        ended.map_err(|error| SessionError::Write(error.to_string()))?;
        Ok(self.out)
    }

    fn check(&self) -> Result<(), SessionError> {
        match &self.failed {
            Some(error) => Err(SessionError::Write(error.clone())),
            None => Ok(()),
        }
    }

    fn room_for(&mut self, bytes: usize) -> Result<(), SessionError> {
        if self.rows.len() >= BATCH_ROWS || self.rows.payload + bytes > BATCH_PAYLOAD {
            self.save(true)?;
            self.keep();
        }
        Ok(())
    }

    /// Writes the waiting rows, instead of those of them that were saved before. `stays`: no more rows come to them.
    fn save(&mut self, stays: bool) -> Result<(), SessionError> {
        if !self.unsaved && (self.lasting || !stays || self.rows.len() == 0) {
            return Ok(());
        }
        let stays = stays || self.take_back.is_none();
        let batch = self.columns.batch(&self.rows);
        let encoded = batch.and_then(|batch| self.encoder.batch(&batch, stays)).map_err(plain);
        let written = encoded.and_then(|bytes| self.replace(bytes).map_err(|error| error.to_string()));
        self.unsaved = false;
        self.lasting = stays;
        self.unsaved_since = None;
        if self.take_back.is_none() {
            self.keep();
        }
        written.map_err(|error| {
            self.failed = Some(error.clone());
            SessionError::Write(error)
        })
    }

    fn replace(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        if let Some(take_back) = self.take_back.filter(|_| !self.saved.is_empty()) {
            take_back(&mut self.out, self.kept)?;
        }
        let written = self.out.write_all(&bytes).and_then(|()| self.out.flush());
        match (&written, self.take_back) {
            (Ok(()), _) => self.saved = bytes,
            // What was saved before fitted, so it fits again; of the rest nothing is left that nobody could read.
            (Err(_), Some(take_back)) => {
                take_back(&mut self.out, self.kept)?;
                self.out.write_all(&self.saved)?;
            }
            (Err(_), None) => {}
        }
        written
    }

    /// What is saved stays: new rows make a new batch.
    fn keep(&mut self) {
        self.kept += self.saved.len() as u64;
        self.saved = Vec::new();
        self.rows.clear();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Event, EventKind, TaskId};
    use crate::session::{Item, Reader};
    use crate::source::{Machine, VdsoMode};

    /// A file on a disk with little room.
    struct Disk {
        bytes: Vec<u8>,
        room: usize,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.room - self.bytes.len());
            self.bytes.extend_from_slice(&bytes[..taken]);
            if taken == 0 { Err(io::Error::other("No space left on device")) } else { Ok(taken) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn writer(room: usize) -> Writer<Disk> {
        let started = Started {
            argv: Vec::new(),
            machine: Machine::default(),
            began: std::time::UNIX_EPOCH,
            vdso: VdsoMode::Natural,
            live: true,
            has_terminal: false,
            attached: false,
            only: None,
            floor: None,
        };
        let mut writer = Writer::new(Disk { bytes: Vec::new(), room }, &started).expect("begun");
        writer.take_back = Some(|disk, at| {
            disk.bytes.truncate(at as usize);
            Ok(())
        });
        writer
    }

    /// Stops of a task, this far apart.
    fn stops(count: u64, apart_ns: u64) -> Batch {
        let stop = |t_ns| Event { task: TaskId(0), t_ns, kind: EventKind::GroupStop { signal: 19 } };
        Batch { events: (0..count).map(|at| stop(at * apart_ns)).collect(), ..Batch::default() }
    }

    /// Batches of a file, and events in them; whether it is whole.
    fn content(file: &[u8]) -> (usize, usize, bool) {
        let mut reader = Reader::open(file, "file").expect("a recording");
        let (mut batches, mut events) = (0, 0);
        while let Some(items) = reader.read().expect("whole batches") {
            batches += 1;
            events +=
                items.iter().map(|i| if let Item::Batch(batch) = i { batch.events.len() } else { 0 }).sum::<usize>();
        }
        (batches, events, reader.cut().is_none())
    }

    #[test]
    fn what_is_saved_for_a_crash_makes_no_small_batches() {
        let mut writer = writer(1 << 30);
        writer.batch(&stops(1_000, 10_000_000)).expect("written");
        // Most of ten seconds is there should sysview die now, in one batch that has been written over and over.
        let (batches, events, whole) = content(&writer.out.bytes);
        assert!(batches == 1 && (800..1_000).contains(&events) && !whole, "{batches} {events}");
        let disk = writer.finish().expect("finished");
        assert_eq!(content(&disk.bytes), (1, 1_000, true));
    }

    #[test]
    fn a_full_batch_is_written_for_good() {
        let mut writer = writer(1 << 30);
        writer.batch(&stops(BATCH_ROWS as u64 + 10, 1)).expect("written");
        let kept = writer.kept;
        writer.flush().expect("written");
        assert_eq!((writer.kept, content(&writer.out.bytes)), (kept, (2, BATCH_ROWS + 10, false)));
    }

    #[test]
    fn what_was_saved_survives_a_disk_that_fills_up() {
        let mut writer = writer(60_000);
        writer.batch(&stops(100, 1)).expect("written");
        writer.flush().expect("room");
        let error = (0..100).find_map(|_| writer.batch(&stops(5_000, 7_777)).and_then(|()| writer.flush()).err());
        assert!(error.is_some_and(|error| error.to_string().contains("No space left")));
        let (batches, events, _) = content(&writer.out.bytes);
        assert!(batches == 1 && events >= 100, "{batches} {events}");
    }
}
