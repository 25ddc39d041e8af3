//! Choosing running processes to trace.

use super::{App, Leave};
use crate::source::Command;
use crate::tui::actions::Id;
use crate::tui::state::layer::Layer;
use crate::tui::state::picker::Picker;
use crate::tui::state::session::Phase;

impl App {
    pub(super) fn pick_processes(&mut self) {
        self.layers.push(Layer::Picker(Picker::default()));
        self.look_at_processes();
    }

    /// Asks for the processes as they are now.
    pub(super) fn look_at_processes(&mut self) {
        let (Some(processes), Some(Layer::Picker(picker))) = (self.options.processes, self.layers.last_mut()) else {
            return;
        };
        let tasks = self.session.store.tasks();
        picker.refresh(&processes(), |pid| tasks.iter().any(|task| task.tgid == pid && task.ended.is_none()));
    }

    pub(super) fn move_in_picker(&mut self, id: Id) {
        let Some(Layer::Picker(picker)) = self.layers.last_mut() else { return };
        picker.move_by(match id {
            Id::Up => -1,
            Id::Down => 1,
            Id::PageUp => -10,
            Id::PageDown => 10,
            _ => 0,
        });
    }

    pub(super) fn mark_process(&mut self) {
        let Some(Layer::Picker(picker)) = self.layers.last_mut() else { return };
        match picker.toggle() {
            Ok(()) => picker.move_by(1),
            Err(sentence) => self.say(sentence),
        }
    }

    /// Attaches to what was chosen; what comes of it is told by the source.
    pub(super) fn attach(&mut self, picker: Picker) {
        let picking = self.session.phase == Phase::Waiting;
        if !self.session.traced() && !picking {
            return self.say("Tracing is over here; start sysview anew to attach to something.");
        }
        match picker.chosen() {
            Ok(pids) if picking => {
                self.picked = Some(pids);
                self.leave = Some(Leave::Quit);
            }
            Ok(pids) => {
                let what = match &pids[..] {
                    [pid] => format!("process {pid}"),
                    pids => format!("{} processes", pids.len()),
                };
                self.outbox.control(Command::Attach(pids));
                self.say(format!("Attaching to {what}."));
            }
            Err(sentence) => {
                self.layers.push(Layer::Picker(picker));
                self.say(sentence);
            }
        }
    }
}
