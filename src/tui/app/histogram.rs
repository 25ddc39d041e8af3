//! What the keys do in the histogram: by what it counts, which picture it shows, and to what a line narrows the trace; and
//! the counting that is done while somebody looks.

use super::App;
use crate::decode;
use crate::model::{CallRow, Changes, Marks, Row};
use crate::stats::SortKey;
use crate::tui::actions::Id;
use crate::tui::layout::Pane;
use crate::tui::state::breakdown::{self, By, Entry, Key, Paths};
use crate::tui::state::narrow::RowFilter;
use crate::tui::state::spectrum::Spectrum;
use crate::tui::state::table::Picture;
use crate::tui::view;

/// Rows that one slice looks at for the pictures and for paths.
const ROWS: usize = 1_024;

impl App {
    /// The lines of the histogram when it counts by anything but calls, as of the last look at keys or work.
    pub(in crate::tui) fn entries(&self) -> &[Entry] {
        &self.table.entries
    }

    /// Puts these lines in order. There may be very many paths, so it is not done with every message.
    pub(super) fn order_entries(&mut self) {
        self.table.entries = match self.table.by {
            By::Call => Vec::new(),
            by => breakdown::entries(by, self.counts(), &self.session.store, &self.table.paths, self.table.sort),
        };
    }

    /// What the selected line is about, or the first one.
    pub(in crate::tui) fn line_key(&self) -> Option<Key> {
        match self.table.by {
            By::Call => {
                let rows = self.ordered_calls();
                let row = self.table.index(&rows).map_or_else(|| rows.first(), |at| rows.get(at))?;
                Some(Key::Call(row.arch, row.nr))
            }
            _ => match &self.table.key {
                Some(key) => Some(key.clone()),
                None => self.entries().first().map(|entry| entry.key.clone()),
            },
        }
    }

    pub(super) fn count_by_next(&mut self) {
        self.table.by = self.table.by.next();
        self.order_entries();
        (self.table.key, self.table.top) = (None, 0);
        if matches!(self.table.sort, SortKey::Mean | SortKey::Max | SortKey::Blocked) && self.table.by != By::Call {
            self.table.sort = SortKey::Total;
        }
    }

    pub(super) fn move_in_entries(&mut self, id: Id) {
        let page = i64::from(view::histogram::rows_in(self, self.layout.inner(Pane::Histogram)).max(2)) - 1;
        let entries = self.entries();
        let at = self.table.key.as_ref().and_then(|key| entries.iter().position(|entry| entry.key == *key));
        let lines = match id {
            _ if at.is_none() => 0,
            Id::Up => -1,
            Id::Down => 1,
            Id::PageUp => -page,
            Id::PageDown => page,
            Id::Top => i64::from(i32::MIN),
            Id::End => i64::from(i32::MAX),
            _ => 0,
        };
        let to = (at.unwrap_or(0) as i64).saturating_add(lines).max(0) as usize;
        self.table.key = entries.get(to.min(entries.len().saturating_sub(1))).map(|entry| entry.key.clone());
    }

    /// Selects a line that was clicked.
    pub(super) fn click_entry(&mut self, line: u16) {
        if let Some(entry) = self.entries().get(self.table.top + usize::from(line)) {
            self.table.key = Some(entry.key.clone());
        }
    }

    /// Keeps the selected line in view.
    pub(super) fn settle_entries(&mut self, height: u16) {
        let entries = &self.table.entries;
        let height = usize::from(height.max(1));
        if let Some(at) = self.table.key.as_ref().and_then(|key| entries.iter().position(|entry| entry.key == *key)) {
            self.table.top = self.table.top.clamp((at + 1).saturating_sub(height), at);
        }
        self.table.top = self.table.top.min(entries.len().saturating_sub(height));
    }

    /// Shows only the rows that the selected line counts.
    pub(super) fn narrow_to_entry(&mut self) {
        if self.table.by == By::Call {
            let Some((arch, nr)) = self.table.selected else {
                return self.say("Select a call first, with the arrow keys.");
            };
            let name = decode::call_name(arch, nr).into_owned();
            return self.narrow_to(RowFilter::Call { arch, nr, name });
        }
        let Some(key) = self.table.key.clone() else { return self.say("Select a line first, with the arrow keys.") };
        let filter = key.filter(&self.session.store);
        let text = filter.to_string();
        self.set_filter(filter, text);
    }

    /// Counts paths and what the picture shows, as far as they are looked at; true while there is more.
    pub(super) fn survey(&mut self) -> bool {
        if self.layout.area(Pane::Histogram).is_none() {
            return false;
        }
        let pictured = self.table.picture != Picture::Times || self.table.by != By::Call;
        let wanted = pictured.then(|| self.line_key()).flatten();
        let (store, narrow) = (&self.session.store, self.trace.narrow.as_ref());
        let mut any = false;
        if self.table.by == By::Path {
            any |= self.table.paths.slice(store, narrow, ROWS);
        }
        if let Some(key) = wanted {
            if self.table.spectrum.as_ref().is_none_or(|spectrum| spectrum.of.as_ref() != Some(&key)) {
                self.table.spectrum = Some(Spectrum::new(Some(key.clone())));
            }
            let Some(mut spectrum) = self.table.spectrum.take() else { return any };
            let mut walk = std::mem::take(&mut spectrum.walk);
            let filter = matches!(key, Key::Path(_)).then(|| key.filter(&self.session.store));
            any |= self.rows_for_filters().ask(|context| {
                let fits = |seq, row: &Row, call: &CallRow| {
                    !call.marks.has(Marks::VDSO)
                        && key.fits(row, call)
                        && filter.as_ref().is_none_or(|filter| filter.matches(context, seq))
                };
                let (store, narrow) = (&self.session.store, self.trace.narrow.as_ref());
                walk.slice(
                    store,
                    narrow,
                    ROWS,
                    |chunk| key.among(store, chunk),
                    |seq, row, call| {
                        if fits(seq, row, call) {
                            // A time that sysview made is not the call's own.
                            let own = !self.session.made_to_wait(seq, call);
                            spectrum.add(row.t_ns, call.duration_ns(row.t_ns).filter(|_| own));
                        }
                    },
                )
            });
            spectrum.walk = walk;
            self.table.spectrum = Some(spectrum);
        }
        self.dirty |= any;
        any
    }

    /// Calls came back that the counting may have passed.
    pub(super) fn revise_survey(&mut self, changes: &Changes) {
        for &seq in &changes.completed {
            self.table.paths.walk.completed(seq);
            self.table.spectrum.iter_mut().for_each(|spectrum| spectrum.walk.completed(seq));
        }
    }

    /// Other rows match: what was counted of them is counted anew.
    pub(super) fn survey_again(&mut self) {
        self.table.paths = Paths::default();
        self.table.spectrum = None;
    }
}
