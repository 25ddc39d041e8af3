//! What keys do in the popup of circumstances: the runtime and the capabilities under which the profile is judged.

use super::App;
use crate::policy::{Runtime, capabilities};
use crate::tui::actions::Id;
use crate::tui::state::layer::Layer;

/// Lines that a page key goes.
const PAGE: usize = 10;

/// The selected line after a key: the runtime, then one line a capability.
pub(super) fn moved(line: usize, id: Id) -> usize {
    let last = capabilities().len();
    match id {
        Id::Up => line.saturating_sub(1),
        Id::Down => (line + 1).min(last),
        Id::PageUp => line.saturating_sub(PAGE),
        Id::PageDown => (line + PAGE).min(last),
        _ => line,
    }
}

impl App {
    /// Changes what is selected, and judges every call anew.
    pub(super) fn change_circumstances(&mut self, id: Id) {
        let (Some(Layer::Policy { line }), Some(overlay)) = (self.layers.last(), self.overlays.active()) else {
            return;
        };
        let mut changed = self.options.circumstances.clone();
        match line.checked_sub(1).and_then(|at| capabilities().get(at)) {
            Some(capability) => changed.flip(capability, &overlay.context),
            None => {
                let now = overlay.context.runtime_for(overlay.profile.form());
                let at = Runtime::ALL.iter().position(|r| *r == now).unwrap_or(0);
                let count = Runtime::ALL.len();
                let step = if id == Id::Left { count - 1 } else { 1 };
                changed.runtime = Some(Runtime::ALL[(at + step) % count]);
            }
        }
        let before = std::mem::replace(&mut self.options.circumstances, changed);
        if let Err(error) = self.judge_again() {
            self.options.circumstances = before;
            self.say(error.to_string());
        }
    }
}
