//! JSON objects, one a line: what `sysview log --format jsonl` writes, of a recording.

use std::io::{self, Write};

use super::objects;
use super::{About, Out, Seen, Sink};
use crate::decode;

pub struct Jsonl {
    out: Out,
    line: String,
    options: decode::Options,
}

impl Jsonl {
    pub fn new(out: Out, about: &About) -> io::Result<Jsonl> {
        let mut sink = Jsonl { out, line: String::new(), options: objects::whole() };
        objects::start(&mut sink.line, &about.started);
        sink.write()?;
        Ok(sink)
    }

    fn write(&mut self) -> io::Result<()> {
        self.out.write_all(self.line.as_bytes())?;
        self.line.clear();
        Ok(())
    }
}

impl Sink for Jsonl {
    fn row(&mut self, seen: Seen<'_>, seq: u64) -> io::Result<()> {
        objects::row(&mut self.line, seen.store, seq, &self.options);
        self.write()
    }

    fn finish(&mut self, _: Seen<'_>) -> io::Result<()> {
        self.out.flush()
    }
}
