//! What the histogram shows: the counts of all rows, or while the trace is narrowed of those that match.

use super::App;
use super::overlay::Overlays;
use crate::stats::Histogram;
use crate::tui::state::blocked::Blocked;
use crate::tui::state::narrow::Rows;
use crate::tui::state::session::Session;
use crate::tui::state::trace::TraceState;

/// The counts, and how many of these calls the profile would block while its verdicts are shown. Of the fields that it
/// needs, for who changes another one meanwhile.
pub(super) fn shown<'a>(
    session: &'a Session,
    trace: &'a TraceState,
    overlays: &'a Overlays,
) -> (&'a Histogram, Option<&'a Blocked>) {
    let overlay = overlays.shown();
    match &trace.narrow {
        None => (&session.histogram, overlay.map(|overlay| &overlay.blocked)),
        Some(narrow) => (narrow.tally().histogram(), overlay.map(|_| narrow.tally().blocked())),
    }
}

impl App {
    pub(in crate::tui) fn counts(&self) -> &Histogram {
        shown(&self.session, &self.trace, &self.overlays).0
    }

    pub(in crate::tui) fn blocked(&self) -> Option<&Blocked> {
        shown(&self.session, &self.trace, &self.overlays).1
    }

    /// Counts some of the rows that match; true while there is more.
    pub(super) fn count_matches(&mut self) -> bool {
        let session = &self.session;
        let rows = Rows {
            store: &session.store,
            judge: self.overlays.active().map(|o| &o.judge),
            options: &self.options.decode,
        };
        let Some(narrow) = self.trace.narrow.as_mut() else { return false };
        self.dirty |= !narrow.counted();
        narrow.count(&rows, &|seq, call| !session.made_to_wait(seq, call))
    }
}
