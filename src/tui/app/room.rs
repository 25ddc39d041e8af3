//! When the store has no room: no more events are taken, which holds the program, until there is room again.

use super::App;

impl App {
    /// Whether what the source says can be taken now. While the view is being left it is, so that the end is heard.
    pub fn listens(&self) -> bool {
        self.session.store.no_room().is_none() || self.leaving.is_some()
    }

    /// Looks whether there is room again, and says why not; and what the disk did not give back.
    pub(super) fn look_for_room(&mut self) {
        if !self.session.store.make_room()
            && let Some(error) = self.session.store.no_room()
        {
            let sentence = format!(
                "The program is held: older rows cannot be written to {error}. Make room there; TMPDIR and --memory choose \
                 another place or more memory next time."
            );
            self.say(sentence);
        }
        let lost = self.session.store.lost();
        if lost.is_some() && lost != self.lost {
            let error = lost.as_deref().unwrap_or_default();
            self.say(format!("Some older rows cannot be shown, because reading them back failed: {error}"));
            self.lost = lost;
        }
    }
}
