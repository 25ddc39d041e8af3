//! Which panes are to be seen: focus, hiding, borders.
//! Left out: where they stand (`layout`).

use super::App;
use crate::source::Command;
use crate::tui::actions::Id;
use crate::tui::layout::{Pane, SPLIT_STEP, Shape};
use crate::tui::view;

impl App {
    pub(in crate::tui) fn shape(&self) -> Shape {
        Shape {
            cols: self.cols,
            rows: self.rows,
            focus: self.focus,
            side: self.side,
            zoom: self.zoom,
            program: self.has_program_pane(),
            tour: self.tours.running().map_or(0, |progress| {
                view::tour::height(&self.options.keymap, progress.tour(), progress.index(), self.cols)
            }),
            arrangement: self.arrangement,
        }
    }

    /// Without a terminal of the program's there is nothing to show in its pane; before it is known, it is assumed.
    pub(in crate::tui) fn has_program_pane(&self) -> bool {
        self.session.started.is_none() || self.session.has_terminal()
    }

    /// Computes where the panes stand, and tells the program when its terminal changed its size.
    pub(super) fn relayout(&mut self) {
        self.dirty = true;
        if !self.has_program_pane() {
            for pane in [&mut self.focus, &mut self.side] {
                if *pane == Pane::Program {
                    *pane = Pane::Call;
                }
            }
        }
        let shape = self.shape();
        self.layout = shape.layout();
        let (rows, cols) = shape.program_size();
        if (rows, cols) != self.program.size() {
            let before = self.program.size();
            self.program.resize(rows, cols);
            if self.program.size() != before {
                self.tell_size();
            }
        }
    }

    /// Gives the program's terminal the size of its pane; the kernel tells the program only of changes.
    pub(super) fn tell_size(&mut self) {
        let (rows, cols) = self.program.size();
        if self.session.live() && self.session.has_terminal() {
            self.outbox.control(Command::Resize { rows, cols });
        }
    }

    pub(super) fn focus_on(&mut self, pane: Pane) {
        let before = self.typing();
        self.focus = pane;
        self.arrangement.hidden.remove(pane);
        if pane != Pane::Trace {
            self.side = pane;
        }
        if pane.is_table() {
            self.arrangement.table = pane;
        }
        if before != self.typing() {
            let bytes = self.program.focus(!before);
            self.send_input(&bytes);
        }
        self.relayout();
    }

    /// Goes to the next pane that is not hidden, or to the one before.
    pub(super) fn step_pane(&mut self, step: isize) {
        let hidden =
            |pane: &Pane| self.arrangement.hidden.has(*pane) || *pane == Pane::Program && !self.has_program_pane();
        let order: Vec<Pane> = Pane::ALL.into_iter().filter(|pane| !hidden(pane)).collect();
        let at = order.iter().position(|&p| p == self.focus).unwrap_or(0);
        let next = (at as isize + step).rem_euclid(order.len() as isize) as usize;
        self.focus_on(order[next]);
    }

    /// Hides the pane that has the focus; the trace stays.
    pub(super) fn hide(&mut self) {
        let pane = self.focus;
        if pane == Pane::Trace {
            return;
        }
        self.focus_on(Pane::Trace);
        self.arrangement.hidden.add(pane);
        self.relayout();
        let id = match pane {
            Pane::Trace => Id::FocusTrace,
            Pane::Histogram => Id::FocusHistogram,
            Pane::Processes => Id::FocusProcesses,
            Pane::Files => Id::FocusFiles,
            Pane::Call => Id::FocusCall,
            Pane::Program => Id::FocusProgram,
        };
        if let Some(key) = self.options.keymap.key(id) {
            self.say(format!("The pane \"{}\" is hidden; {key} shows it again.", pane.name()));
        }
    }

    pub(super) fn move_borders(&mut self, id: Id) {
        let split = &mut self.arrangement.split;
        let below = matches!(self.focus, Pane::Call | Pane::Program)
            && [Pane::Call, Pane::Program].iter().all(|&pane| self.layout.area(pane).is_some());
        *split = match id {
            Id::Taller => split.moved(SPLIT_STEP, 0),
            Id::Shorter => split.moved(-SPLIT_STEP, 0),
            Id::Wider if below => split.moved_below(SPLIT_STEP),
            Id::Narrower if below => split.moved_below(-SPLIT_STEP),
            Id::Wider => split.moved(0, SPLIT_STEP),
            _ => split.moved(0, -SPLIT_STEP),
        };
        self.relayout();
    }
}
