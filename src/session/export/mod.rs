//! Exports: the rows of a run in forms that other programs read.
//!
//! `Walk` reads a recording through a store that forgets what is behind, so memory does not grow with the run; each row
//! comes once, a call when it is over. A `Sink` writes rows, from a walk or from a whole store, in either order. Left out:
//! strace's `<unfinished ...>` where calls overlap, which the command line has (`cli::log`).

mod csv;
mod html;
mod jsonl;
mod lines;
pub mod objects;
mod page;
mod parquet;
mod perfetto;
pub(super) mod place;
mod table;
mod walk;

use std::fmt;
use std::io::{self, Write};

pub use walk::{Step, Walk};

use crate::model::Store;
use crate::policy::Judge;
use crate::source::Started;

/// What a run is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Jsonl,
    Csv,
    Strace,
    Parquet,
    Perfetto,
    Html,
}

impl Format {
    pub const ALL: [Format; 6] =
        [Format::Jsonl, Format::Csv, Format::Strace, Format::Parquet, Format::Perfetto, Format::Html];

    pub fn name(self) -> &'static str {
        match self {
            Format::Jsonl => "jsonl",
            Format::Csv => "csv",
            Format::Strace => "strace",
            Format::Parquet => "parquet",
            Format::Perfetto => "perfetto",
            Format::Html => "html",
        }
    }

    pub fn from_name(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }

    /// What file names of this form end in, the usual one first.
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Format::Jsonl => &["jsonl", "ndjson"],
            Format::Csv => &["csv"],
            Format::Strace => &["strace", "log", "txt"],
            Format::Parquet => &["parquet"],
            Format::Perfetto => &["json"],
            Format::Html => &["html", "htm"],
        }
    }

    /// The form that a file's name tells.
    pub fn of_file(name: &str) -> Option<Format> {
        let extension = name.rsplit_once('.')?.1;
        Format::ALL.into_iter().find(|format| format.extensions().contains(&extension))
    }

    /// What it is for, a clause.
    pub fn about(self) -> &'static str {
        match self {
            Format::Jsonl => "an object a line with everything that is known",
            Format::Csv => "a table of decoded columns",
            Format::Strace => "lines as strace prints them",
            Format::Parquet => "the same table for Spark, DuckDB and Polars",
            Format::Perfetto => "a track per task, for ui.perfetto.dev",
            Format::Html => "a report on one page",
        }
    }

    /// A writer of this form.
    ///
    /// # Errors
    /// What begins the file cannot be written.
    pub fn sink(self, out: Out, about: &About) -> io::Result<Box<dyn Sink>> {
        Ok(match self {
            Format::Jsonl => Box::new(jsonl::Jsonl::new(out, about)?),
            Format::Csv => Box::new(csv::Csv::new(out, about)?),
            Format::Parquet => Box::new(parquet::Parquet::new(out, about)?),
            Format::Perfetto => Box::new(perfetto::Perfetto::new(out, about)?),
            Format::Html => Box::new(html::Html::new(out, about)),
            Format::Strace => Box::new(lines::Lines::new(out)),
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where an export goes; to be buffered by whoever makes it.
pub type Out = Box<dyn Write + Send>;

/// What is exported, beside its rows.
#[derive(Debug, Clone)]
pub struct About {
    pub started: Started,
    /// What the recording is called.
    pub name: String,
    /// The filter whose rows these are, as it would be typed; empty: all.
    pub filter: String,
}

/// A store in which a row stands, and the judge of its verdict.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    pub store: &'a Store,
    pub judge: Option<&'a Judge>,
}

/// Takes the rows of a run one by one.
pub trait Sink {
    /// A row that is whole, or that will not become so. Rows that the store does not have are left out.
    ///
    /// # Errors
    /// The output cannot be written.
    fn row(&mut self, seen: Seen<'_>, seq: u64) -> io::Result<()>;

    /// After the last row.
    ///
    /// # Errors
    /// The output cannot be written.
    fn finish(&mut self, seen: Seen<'_>) -> io::Result<()>;
}

/// Bytes of the program as text: UTF-8 without control characters as it is, anything else escaped as in Rust and C.
pub(super) fn plain(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => bytes.escape_ascii().to_string(),
    }
}
