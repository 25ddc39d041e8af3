//! Writing what is shown, or all of it, into a file: what is asked before, and what is said at the end. A file that is
//! there already is replaced only after a second Enter.

use std::fs::File;
use std::io::{self, BufWriter};

use super::App;
use crate::query::Filter;
use crate::session::export::{About, Format};
use crate::tui::format;
use crate::tui::state::export::Export;
use crate::tui::state::form::{Field, Form, Purpose};

/// Rows of a slice; a row is decoded, filtered and written in some microseconds.
const SLICE_ROWS: u64 = 256;
/// Buffer of the file, in bytes.
const BUFFER: usize = 256 << 10;

impl App {
    /// Asks what is written and where.
    pub(super) fn ask_export(&mut self) {
        if self.export.is_some() {
            return self.say("An export is being written; wait for its end.");
        }
        if self.session.started.is_none() {
            return self.say("There is nothing to write yet.");
        }
        let shown = self.trace.narrow.is_some();
        let form = Form::export(shown);
        self.open_form(form);
    }

    /// Begins to write what a form says.
    ///
    /// # Errors
    /// Why not, and on which line.
    pub(super) fn begin_export(&mut self, form: &mut Form) -> Result<(), (usize, String)> {
        let texts = form.texts();
        let text = |wanted: Field| texts.iter().find(|(field, _)| *field == wanted).map_or("", |(_, text)| text.trim());
        let path = text(Field::File).to_owned();
        let Some(format) = Format::of_file(&path) else { return Ok(()) };
        let Purpose::Export { replace } = &mut form.purpose else { return Ok(()) };
        let opened = match replace.as_deref() == Some(&path) {
            true => File::create(&path),
            false => File::options().write(true).create_new(true).open(&path),
        };
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                *replace = Some(path.clone());
                let name = format::escape(path.as_bytes());
                return Err((0, format!("{name} is there already; Enter once more replaces it.")));
            }
            Err(error) => return Err((0, format!("It cannot be written: {error}."))),
        };
        let narrow = self.trace.narrow.as_ref().filter(|_| text(Field::Rows) == "shown");
        let filter_text = narrow.map(|narrow| narrow.filter.text().to_owned()).unwrap_or_default();
        let filter = match Filter::parse_with(&filter_text, &self.options.config.filters) {
            Ok(filter) => Some(filter).filter(|filter| !filter.is_empty()),
            Err(error) => return Err((1, format!("The filter cannot be read any more: {error}."))),
        };
        let Some(started) = self.session.started.clone() else { return Ok(()) };
        let about = About { started, name: String::new(), filter: filter_text };
        let out = Box::new(BufWriter::with_capacity(BUFFER, file));
        match format.sink(out, &about) {
            Ok(sink) => self.export = Some(Export::new(sink, filter, self.session.store.len(), path)),
            Err(error) => return Err((0, format!("It cannot be written: {error}."))),
        }
        Ok(())
    }

    /// Writes some more; true while there is more.
    pub(super) fn write_export(&mut self) -> bool {
        let Some(mut export) = self.export.take() else { return false };
        let step = export.step(&self.rows_for_filters(), SLICE_ROWS);
        self.dirty = true;
        let path = format::escape(export.path.as_bytes());
        match step {
            Ok(true) => {
                self.export = Some(export);
                return true;
            }
            Ok(false) => {
                let rows = if export.written == 1 { "row" } else { "rows" };
                self.say(format!("Wrote {} {rows} to {path}.", format::count(export.written)));
            }
            Err(error) => self.say(format!("{path} cannot be written: {error}; what stands there is not whole.")),
        }
        false
    }
}
