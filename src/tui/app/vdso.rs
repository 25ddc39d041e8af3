//! The key that switches the vDSO: what it asks of the source, and what it says instead where there is nothing to switch.

use super::App;
use crate::source::{Command, VdsoMode};
use crate::tui::actions::Id;
use crate::tui::state::session::Phase;

impl App {
    /// On to the next mode.
    pub(super) fn switch_vdso(&mut self) {
        let session = &mut self.session;
        if !session.live() || session.phase != Phase::Live {
            let key = self.options.keymap.word(Id::VdsoPage);
            return self.say(format!(
                "The vDSO is switched in programs that run and are traced; {key} shows what theirs offered."
            ));
        }
        let next = match session.vdso_asked {
            VdsoMode::Natural => VdsoMode::Shown,
            VdsoMode::Shown => VdsoMode::Off,
            VdsoMode::Off => VdsoMode::Natural,
            VdsoMode::Absent => {
                return self
                    .say("The vDSO was taken away at the start (--vdso absent); only a new start gives it back.");
            }
        };
        session.vdso_asked = next;
        self.outbox.control(Command::Vdso(next));
    }
}
