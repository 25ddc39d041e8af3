//! Guided tours as somebody takes them: which one runs, how far each got, how much of the text is scrolled by.
//!
//! Rows are looked at in slices, as for a filter, so that no frame waits for a long recording. Left out: steps and
//! checks (`lesson`), what the keys do (`app::tour`), the box (`view::tour`).

use super::narrow::Rows;
use crate::lesson::{Progress, tours};
use crate::model::Changes;

/// Every tour, begun or not; at most one runs.
#[derive(Debug, Default)]
pub struct Tours {
    running: Option<usize>,
    /// By the number of the tour; missing or None: never begun.
    places: Vec<Option<Place>>,
    /// First line of the step's text in view.
    pub scroll: u16,
}

/// How far one tour got.
#[derive(Debug)]
struct Place {
    progress: Progress,
    /// Rows before this one were looked at for the current step.
    scanned: u64,
}

impl Tours {
    /// Number of the tour that runs.
    pub fn index(&self) -> Option<usize> {
        self.running
    }

    /// The tour that runs.
    pub fn running(&self) -> Option<&Progress> {
        self.progress(self.running?)
    }

    /// How far a tour got; None if it was never begun.
    pub fn progress(&self, index: usize) -> Option<&Progress> {
        self.places.get(index)?.as_ref().map(|place| &place.progress)
    }

    /// The tour to offer first: the one that runs or the first one, unless they are finished.
    pub fn suggested(&self) -> usize {
        let open = |index: &usize| self.progress(*index).is_none_or(|p| !p.finished());
        self.running.into_iter().chain(0..tours().len()).find(open).unwrap_or(0)
    }

    /// Goes on with a tour where it was left; one that is finished or was never begun starts at its first step, and rows
    /// count from `from` on. No such tour: nothing happens.
    pub fn start(&mut self, index: usize, from: u64) {
        let Some(tour) = tours().get(index) else { return };
        self.places.resize_with(tours().len(), || None);
        match &mut self.places[index] {
            // Calls that came back while it did not run were not told.
            Some(place) if !place.progress.finished() => place.scanned = place.progress.look_again(),
            place => *place = Some(Place { progress: Progress::new(tour, from), scanned: from }),
        }
        self.running = Some(index);
        self.scroll = 0;
    }

    pub fn end(&mut self) {
        self.running = None;
    }

    /// To the next step, for which rows count from `from` on; false at the last one.
    pub fn next(&mut self, from: u64) -> bool {
        self.go(from, Progress::next)
    }

    /// One step back; false at the first one.
    pub fn back(&mut self, from: u64) -> bool {
        self.go(from, Progress::back)
    }

    fn go(&mut self, from: u64, step: impl Fn(&mut Progress, u64) -> bool) -> bool {
        let Some(place) = self.place() else { return false };
        if !step(&mut place.progress, from) {
            return false;
        }
        place.scanned = from;
        self.scroll = 0;
        true
    }

    fn place(&mut self) -> Option<&mut Place> {
        self.places.get_mut(self.running?)?.as_mut()
    }

    /// Rows of the current step that were looked at.
    pub fn scanned(&self) -> u64 {
        self.running.and_then(|index| self.places.get(index)?.as_ref()).map_or(0, |place| place.scanned)
    }

    /// Looks at up to `budget` more rows; true while there are more.
    pub fn scan(&mut self, rows: &Rows<'_>, budget: u64) -> bool {
        let stored = rows.store.len();
        let Some(place) = self.place() else { return false };
        if place.progress.met() {
            place.scanned = stored;
            return false;
        }
        let end = stored.min(place.scanned.saturating_add(budget));
        let changes = Changes { added: place.scanned..end, completed: Vec::new() };
        rows.ask(|context| place.progress.update(context, &changes));
        place.scanned = end;
        end < stored && !place.progress.met()
    }

    /// Looks again at calls that came back after they had been looked at. New rows wait for `scan`.
    pub fn revise(&mut self, rows: &Rows<'_>, changes: &Changes) {
        let Some(place) = self.place() else { return };
        let scanned = place.scanned;
        let late = changes.completed.iter().copied().filter(|seq| *seq < scanned).collect();
        let changes = Changes { added: scanned..scanned, completed: late };
        rows.ask(|context| place.progress.update(context, &changes));
    }

    /// Another profile is loaded, so other rows may be what the step waits for.
    pub fn look_again(&mut self) {
        if let Some(place) = self.place() {
            place.scanned = place.progress.look_again();
        }
    }
}
