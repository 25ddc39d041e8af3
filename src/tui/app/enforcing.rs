//! The profile made to hold: by sysview, switched with a key, or by the kernel, whose answers are compared.

use super::App;
use crate::model::{Changes, RowKind};
use crate::tui::enforce::tampers;
use crate::tui::state::enforced::{By, Enforced};
use crate::tui::state::points::List;

impl App {
    pub(super) fn switch_enforcing(&mut self) {
        let Some(overlay) = &mut self.overlay else { return };
        match overlay.enforced {
            Some(Enforced { by: By::Kernel, .. }) => {
                self.say(
                    "The kernel's filter stays until the program's end; start the program without --enforce kernel.",
                );
            }
            Some(_) => {
                overlay.enforced = None;
                self.points.enforced.clear();
                self.tell_points(List::Tampers);
                self.say("The profile only marks calls again.");
            }
            None => {
                self.enforce();
                self.say(
                    "The profile holds from now on: blocked calls fail, or end the program. E lets them run again.",
                );
            }
        }
    }

    /// The source answers calls as the loaded profile would.
    pub(super) fn enforce(&mut self) {
        let Some(judge) = self.judge() else { return };
        self.points.enforced = tampers(&judge);
        if let Some(overlay) = &mut self.overlay {
            overlay.enforced = Some(Enforced::new(By::Tracer));
        }
        self.tell_points(List::Tampers);
    }

    /// The program was started under the compiled filter.
    pub(super) fn enforced_by_kernel(&mut self) {
        if let Some(overlay) = &mut self.overlay {
            overlay.enforced = Some(Enforced::new(By::Kernel));
        }
    }

    /// What the kernel did, beside what the overlay says.
    pub(super) fn compare_with_kernel(&mut self, changes: &Changes) {
        let Some(overlay) = &mut self.overlay else { return };
        let Some(enforced) = overlay.enforced.as_mut().filter(|e| e.by == By::Kernel) else { return };
        let before = enforced.differences;
        for &seq in &changes.completed {
            if let Some(RowKind::Call(call)) = self.session.store.row(seq).map(|row| row.kind) {
                enforced.compare(seq, &call, overlay.judge.verdict(call.arch, call.nr, &call.args));
            }
        }
        if let (0, Some(first)) = (before, enforced.first) {
            self.say(format!("The kernel answered row {first} otherwise than the overlay says: a mistake of sysview."));
        }
    }
}
