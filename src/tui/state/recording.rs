//! A recording of the session into a file: first what the store holds already, then what comes. The store keeps every
//! event, so what the disk does not take in time is taken from there later.

use crate::model::{Batch, Store};
use crate::session::{Again, Marker, Piece, Recorder};
use crate::source::{End, VdsoMode};

/// Rows that are handed over at once.
const ROWS: u64 = 4_096;
/// What the program wrote to its terminal that waits for the disk, in bytes; if more does, it is left out with a word.
const OUTPUT: usize = 8 << 20;

#[derive(Debug)]
pub struct Recording {
    /// As it was typed.
    pub name: String,
    recorder: Recorder,
    /// Where the walk through the store stands; None: everything before now was handed over.
    again: Option<Again>,
    /// Not all of it was seen as it happened.
    began_late: bool,
    /// What was not taken yet.
    waiting: Option<Piece>,
    /// What the program wrote to its terminal since.
    output: Vec<u8>,
    /// Words that belong between the events.
    markers: Vec<Marker>,
    /// How the session ended.
    end: Option<End>,
    /// No more is taken into it.
    stopping: bool,
    closed: bool,
}

impl Recording {
    /// `screen`: what makes a terminal look as the program's does now.
    pub fn new(name: String, recorder: Recorder, screen: Vec<u8>) -> Recording {
        Recording {
            name,
            recorder,
            again: Some(Again::default()),
            began_late: true,
            waiting: None,
            output: screen,
            markers: Vec::new(),
            end: None,
            stopping: false,
            closed: false,
        }
    }

    /// A batch is about to be appended to the store.
    pub fn batch(&mut self, store: &Store, batch: &Batch) {
        if self.stopping || self.again.is_some() {
            return;
        }
        if self.waiting.is_some() || self.recorder.offer(Piece::Batch(batch.clone())).is_err() {
            self.again = Some(Again::from_here(store));
        }
    }

    pub fn output(&mut self, bytes: &[u8]) {
        if self.stopping {
            return;
        }
        self.output.extend_from_slice(bytes);
        if self.output.len() > OUTPUT {
            self.output.clear();
            self.notice("The recording lacks some of what the program wrote to its terminal: the disk did not follow.");
        }
    }

    pub fn notice(&mut self, sentence: &str) {
        self.markers.push(Marker::Notice(sentence.to_owned()));
    }

    pub fn vdso(&mut self, mode: VdsoMode) {
        self.markers.push(Marker::Vdso(mode));
    }

    pub fn end(&mut self, end: End) {
        self.end = Some(end);
        self.stopping = true;
    }

    /// What is in the store by now is still written.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    pub fn stopping(&self) -> bool {
        self.stopping
    }

    /// Hands over what waits, a piece at a time; true if it may be called again at once.
    pub fn work(&mut self, store: &Store, t_ns: u64) -> bool {
        if self.waiting.is_none() {
            self.waiting = self.next(store, t_ns);
        }
        match self.waiting.take().map(|piece| self.recorder.offer(piece)) {
            Some(Ok(())) => true,
            // A full queue: the disk comes first.
            Some(Err(piece)) => {
                self.waiting = Some(piece);
                false
            }
            None => {
                if self.stopping {
                    self.closed = true;
                    self.recorder.close();
                }
                false
            }
        }
    }

    fn next(&mut self, store: &Store, t_ns: u64) -> Option<Piece> {
        while let Some(again) = &mut self.again {
            let batch = again.take(store, ROWS);
            if again.passed() == store.len() {
                self.again = None;
                if self.began_late {
                    self.began_late = false;
                    self.markers.insert(0, Marker::Begun);
                }
            }
            if !batch.is_empty() {
                return Some(Piece::Batch(batch));
            }
        }
        if !self.markers.is_empty() {
            return Some(Piece::Marker(self.markers.remove(0), Some(t_ns)));
        }
        if !self.output.is_empty() {
            return Some(Piece::Output(std::mem::take(&mut self.output)));
        }
        self.end.take().map(Piece::End)
    }

    /// Rows that were handed over of those in the store, while there are more.
    pub fn passed(&self) -> Option<u64> {
        self.again.as_ref().map(Again::passed)
    }

    pub fn written(&self) -> u64 {
        self.recorder.written()
    }

    /// The file is complete, or nothing more is written: why.
    pub fn outcome(&self) -> Option<Result<(), String>> {
        match self.recorder.failure() {
            Some(why) => Some(Err(why)),
            None => (self.closed && self.recorder.is_over()).then_some(Ok(())),
        }
    }

    /// Writes all that is left, however long it takes.
    pub fn finish(mut self, store: &Store, t_ns: u64) -> Result<(), String> {
        self.stopping = true;
        while let Some(piece) = self.waiting.take().or_else(|| self.next(store, t_ns)) {
            self.recorder.give(piece);
        }
        self.recorder.wait();
        self.recorder.failure().map_or(Ok(()), Err)
    }
}
