//! The column `marker`: what happened to the tracing itself, between the events. Written and read here.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Fields};

use super::arrays::{Wrong, get, text};
use super::columns::structure;
use super::rows::{Row, What};
use super::schema::nullable;
use crate::source::VdsoMode;

pub(super) const NAME: &str = "marker";

/// A word about the tracing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Marker {
    /// The recording was begun here, in the middle of a session: what stands before was taken from what the view had
    /// kept.
    Begun,
    /// A sentence that the user was told.
    Notice(String),
    /// The vDSO of every program was switched.
    Vdso(VdsoMode),
}

pub(super) fn fields() -> Fields {
    nullable(&[("what", DataType::Utf8), ("text", DataType::Utf8)])
}

pub(super) fn column(rows: &[Row]) -> Result<ArrayRef, ArrowError> {
    let words: Vec<Option<(&str, Option<&str>)>> = rows
        .iter()
        .map(|row| match &row.what {
            What::Marker(Marker::Begun) => Some(("begun", None)),
            What::Marker(Marker::Notice(sentence)) => Some(("notice", Some(sentence.as_str()))),
            What::Marker(Marker::Vdso(mode)) => Some(("vdso", Some(mode.name()))),
            _ => None,
        })
        .collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(words.iter().map(|word| word.map(|(what, _)| what)).collect::<StringArray>()),
        Arc::new(words.iter().map(|word| word.and_then(|(_, text)| text)).collect::<StringArray>()),
    ];
    structure(fields(), columns, words.iter().map(Option::is_some).collect())
}

pub(super) fn read(batch: &RecordBatch, row: usize) -> Result<Marker, Wrong> {
    let column = get(batch, NAME)?.as_struct();
    if column.is_null(row) {
        return Err("a marker says nothing");
    }
    let said = text(column.column(1), row);
    Ok(match text(column.column(0), row) {
        Some("begun") => Marker::Begun,
        // It goes to the screen as it is.
        Some("notice") => Marker::Notice(said.ok_or("a marker is incomplete")?.replace(char::is_control, " ")),
        Some("vdso") => Marker::Vdso(said.and_then(VdsoMode::from_name).ok_or("a marker is incomplete")?),
        _ => return Err("a marker is of an unknown kind"),
    })
}
