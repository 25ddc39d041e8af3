//! A recording that is written beside a view, by a thread of its own: neither the view nor the program waits for the disk.

use std::fs::File;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{Marker, SessionError, Writer};
use crate::model::Batch;
use crate::source::{End, Started};

/// Pieces that wait for the disk. When that many do, `offer` gives back what does not fit, and the view comes again later
/// with it or, because its store keeps all events, with what it then knows.
const QUEUE: usize = 16;
/// How long nothing may come before what waits is saved.
const QUIET: Duration = Duration::from_secs(1);

/// Something to be written.
#[derive(Debug)]
pub enum Piece {
    Batch(Batch),
    Output(Vec<u8>),
    Marker(Marker, Option<u64>),
    End(End),
}

#[derive(Debug, Default)]
struct Shared {
    written: AtomicU64,
    failed: Mutex<Option<String>>,
}

/// The view's end. Dropped without `close` it still writes what was taken.
#[derive(Debug)]
pub struct Recorder {
    queue: Option<SyncSender<Piece>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Begins a recording in a file.
    ///
    /// # Errors
    /// The beginning cannot be written, or there is no thread.
    pub fn begin(file: File, started: &Started) -> Result<Recorder, SessionError> {
        let writer = Writer::create(file, started)?;
        let (queue, pieces) = sync_channel(QUEUE);
        let shared = Arc::<Shared>::default();
        let told = shared.clone();
        let thread = thread::Builder::new().name("recorder".into()).spawn(move || write_all(writer, &pieces, &told));
        Ok(Recorder { queue: Some(queue), shared, thread: Some(thread.map_err(SessionError::Thread)?) })
    }

    /// Hands a piece over without waiting; gives it back if there is no room. After a failure everything is taken and
    /// nothing is written.
    pub fn offer(&self, piece: Piece) -> Result<(), Piece> {
        match self.queue.as_ref().map(|queue| queue.try_send(piece)) {
            Some(Err(TrySendError::Full(piece))) => Err(piece),
            Some(Ok(()) | Err(TrySendError::Disconnected(_))) | None => Ok(()),
        }
    }

    /// Hands a piece over however long it takes.
    pub fn give(&self, piece: Piece) {
        if let Some(queue) = &self.queue {
            // Refused only after a failure, which is told elsewhere.
            let _ = queue.send(piece);
        }
    }

    /// Bytes written so far.
    pub fn written(&self) -> u64 {
        self.shared.written.load(Ordering::Relaxed)
    }

    /// Why nothing is written any more.
    pub fn failure(&self) -> Option<String> {
        self.shared.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Nothing more comes: the file is completed without further ado.
    pub fn close(&mut self) {
        self.queue = None;
    }

    /// All is written, or given up.
    pub fn is_over(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits until the file is complete.
    pub fn wait(&mut self) {
        self.close();
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            *self.shared.failed.lock().unwrap_or_else(PoisonError::into_inner) =
                Some("the recording stopped: its thread broke".into());
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.wait();
    }
}

fn write_all(writer: Writer<File>, pieces: &Receiver<Piece>, shared: &Shared) {
    if let Err(error) = write(writer, pieces, shared) {
        *shared.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
    }
}

fn write(mut writer: Writer<File>, pieces: &Receiver<Piece>, shared: &Shared) -> Result<(), SessionError> {
    loop {
        let done = match pieces.recv_timeout(QUIET) {
            Ok(Piece::Batch(batch)) => writer.batch(&batch),
            Ok(Piece::Output(bytes)) => writer.output(&bytes, None),
            Ok(Piece::Marker(marker, t_ns)) => writer.marker(marker, t_ns),
            Ok(Piece::End(end)) => writer.end(end),
            Err(RecvTimeoutError::Timeout) => writer.flush(),
            Err(RecvTimeoutError::Disconnected) => break,
        };
        match done {
            // Only that event is missing.
            Ok(()) | Err(SessionError::TooLarge { .. }) => {}
            Err(error) => return Err(error),
        }
        shared.written.store(writer.written(), Ordering::Relaxed);
    }
    writer.flush()?;
    shared.written.store(writer.written(), Ordering::Relaxed);
    writer.finish().map(drop)
}
