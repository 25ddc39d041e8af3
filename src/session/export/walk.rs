//! Reads a recording, or another tool's text, row by row, through a store that forgets the rows behind.

use std::collections::{HashMap, HashSet};
use std::io::Read;

use super::super::strace::Import;
use super::super::{Item, Reader, Redaction, Redactor, SessionError};
use crate::model::{Batch, RowKind, Store, TaskId};
use crate::source::{End, Started};

/// A stretch of a run.
#[derive(Debug, Default)]
pub struct Step {
    /// As they were read, or with their contents masked.
    pub batches: Vec<Batch>,
    /// The rows that became whole by them, in the order in which they did; at last those that never became so.
    pub rows: Vec<u64>,
}

/// What tells of the run.
enum Input<R> {
    Recording(Box<Reader<R>>),
    Text(Box<Import>),
}

impl<R: Read> Input<R> {
    fn read(&mut self) -> Result<Option<Vec<Item>>, SessionError> {
        match self {
            Input::Recording(reader) => reader.read(),
            Input::Text(import) => Ok(import.next_batch().map(|batch| vec![Item::Batch(batch)])),
        }
    }
}

/// A recording on its way through a store.
pub struct Walk<R> {
    input: Input<R>,
    store: Store,
    redactor: Option<Redactor>,
    /// The call that each task is in.
    open: HashMap<TaskId, u64>,
    end: Option<End>,
    over: bool,
}

impl<R: Read> Walk<R> {
    /// # Errors
    /// The file is no recording that can be read; `name` is what errors call it.
    pub fn open(file: R, name: &str, redaction: Option<Redaction>) -> Result<Walk<R>, SessionError> {
        Ok(Walk::through(Input::Recording(Box::new(Reader::open(file, name)?)), redaction))
    }

    /// The same of text.
    pub fn of_text(import: Import, redaction: Option<Redaction>) -> Walk<R> {
        Walk::through(Input::Text(Box::new(import)), redaction)
    }

    fn through(input: Input<R>, redaction: Option<Redaction>) -> Walk<R> {
        let redactor = redaction.map(Redactor::new);
        Walk { input, store: Store::new(), redactor, open: HashMap::new(), end: None, over: false }
    }

    pub fn started(&self) -> &Started {
        match &self.input {
            Input::Recording(reader) => reader.started(),
            Input::Text(import) => import.started(),
        }
    }

    /// What the user should know of a text, once everything was read.
    pub fn notices(&self) -> Vec<String> {
        match &self.input {
            Input::Recording(_) => Vec::new(),
            Input::Text(import) => import.notices(),
        }
    }

    /// Where the rows of the last step stand.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// How the program ended, once that was read.
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// At which byte the file breaks off, once everything was read.
    pub fn cut(&self) -> Option<u64> {
        match &self.input {
            Input::Recording(reader) => reader.cut(),
            Input::Text(_) => None,
        }
    }

    /// Reads on; None at the end. The rows can be asked of the store until the next step.
    ///
    /// # Errors
    /// The file is damaged or cannot be read.
    pub fn step(&mut self) -> Result<Option<Step>, SessionError> {
        if self.over {
            return Ok(None);
        }
        self.store.forget(self.store.len());
        let Some(items) = self.input.read()? else {
            self.over = true;
            let mut rows: Vec<u64> = self.open.drain().map(|(_, seq)| seq).collect();
            rows.sort_unstable();
            return Ok(Some(Step { batches: Vec::new(), rows }));
        };
        let mut step = Step::default();
        for item in items {
            match item {
                Item::Batch(mut batch) => {
                    if let Some(redactor) = &mut self.redactor {
                        redactor.batch(&mut batch);
                    }
                    self.append(&batch, &mut step.rows);
                    step.batches.push(batch);
                }
                Item::Ended(end) => self.end = Some(end),
                _ => {}
            }
        }
        Ok(Some(step))
    }

    fn append(&mut self, batch: &Batch, whole: &mut Vec<u64>) {
        let changes = self.store.append(batch);
        let completed: HashSet<u64> = changes.completed.iter().copied().collect();
        let mut rows: Vec<(u64, u64)> = Vec::with_capacity(changes.completed.len());
        for seq in changes.added.clone() {
            let Some(row) = self.store.row(seq) else { continue };
            if !matches!(row.kind, RowKind::Call(_)) {
                rows.push((row.t_ns, seq));
            } else if !completed.contains(&seq) {
                // A call that was left without an end, in a broken recording, will not get one any more.
                let left = self.open.insert(row.task, seq).filter(|left| !completed.contains(left));
                rows.extend(left.map(|left| (row.t_ns, left)));
            }
        }
        for &seq in &changes.completed {
            let Some(row) = self.store.row(seq) else { continue };
            if self.open.get(&row.task) == Some(&seq) {
                self.open.remove(&row.task);
            }
            if let RowKind::Call(call) = row.kind {
                rows.push((call.t_exit_ns, seq));
            }
        }
        // Stable: of what happened at once, what was there first.
        rows.sort_by_key(|(t_ns, _)| *t_ns);
        whole.extend(rows.into_iter().map(|(_, seq)| seq));
    }
}
