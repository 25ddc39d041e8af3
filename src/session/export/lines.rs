//! Lines as strace prints them, each call whole on one line behind the number of its task.
//!
//! Left out: `<unfinished ...>` where calls overlap, which needs the entries in order: the command line has it (`cli::log`).

use std::io::{self, Write};

use super::{Out, Seen, Sink};
use crate::decode;
use crate::model::RowKind;

pub struct Lines {
    out: Out,
    options: decode::Options,
}

impl Lines {
    pub fn new(out: Out) -> Lines {
        Lines { out, options: decode::Options { descriptors: false, ..decode::Options::default() } }
    }
}

impl Sink for Lines {
    fn row(&mut self, seen: Seen<'_>, seq: u64) -> io::Result<()> {
        let Some(row) = seen.store.row(seq) else { return Ok(()) };
        // strace has no line for these: the line of the call that made them tells.
        if matches!(row.kind, RowKind::Exec(_) | RowKind::NewTask(_) | RowKind::Warning(_)) {
            return Ok(());
        }
        let tid = seen.store.task(row.task).map_or(0, |task| task.tid);
        match seen.store.call(seq) {
            Some(held) => {
                let view = held.view();
                let text = decode::call_text(&view, &self.options);
                match decode::result_text(&view, &self.options) {
                    // strace's column of results, behind the number of the task.
                    Some(result) => writeln!(self.out, "{tid:<5} {text:<33} = {result}"),
                    None => writeln!(self.out, "{tid:<5} {text}"),
                }
            }
            None => writeln!(self.out, "{tid:<5} {}", decode::row_text(seen.store, seq, &self.options)),
        }
    }

    fn finish(&mut self, _: Seen<'_>) -> io::Result<()> {
        self.out.flush()
    }
}
