//! The profile made to hold: by sysview, switched with a key, or by the kernel, whose answers are compared.

use std::sync::Arc;

use super::App;
use crate::model::{Changes, RowKind};
use crate::tui::enforce::tampers;
use crate::tui::state::enforced::{By, Enforced};
use crate::tui::state::points::List;

impl App {
    pub(super) fn switch_enforcing(&mut self) {
        let by_kernel = self.overlays.by_kernel();
        let Some(overlay) = self.overlays.active_mut() else { return };
        match overlay.enforced {
            _ if by_kernel => {
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

    /// The source answers calls as the active profile would, and as no other.
    pub(super) fn enforce(&mut self) {
        if let Some(other) = self.overlays.enforced_mut() {
            other.enforced = None;
        }
        if let Some(overlay) = self.overlays.active_mut() {
            overlay.enforced = Some(Enforced::new(By::Tracer));
        }
        self.enforce_again();
    }

    /// The tracer follows after the profile that holds is judged under other circumstances.
    pub(super) fn enforce_again(&mut self) {
        let Some(overlay) = self.overlays.enforced_mut().filter(|o| o.enforced.is_some_and(|e| e.by == By::Tracer))
        else {
            return;
        };
        self.points.enforced = tampers(&Arc::new(overlay.judge.clone()));
        self.tell_points(List::Tampers);
    }

    /// The program was started under the compiled filter.
    pub(super) fn enforced_by_kernel(&mut self) {
        if let Some(overlay) = self.overlays.active_mut() {
            overlay.enforced = Some(Enforced::new(By::Kernel));
        }
    }

    /// What the kernel did, beside what the overlay says.
    pub(super) fn compare_with_kernel(&mut self, changes: &Changes) {
        let Some(overlay) = self.overlays.enforced_mut() else { return };
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
