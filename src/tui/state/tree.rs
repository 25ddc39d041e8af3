//! The processes as the user left them: which are shown, which one is selected, scroll.
//! Left out: the processes (`stats::Processes`).

use std::collections::HashMap;

use super::list::ListState;
use crate::stats::{Cpu, Processes};

#[derive(Debug, Default)]
pub struct Tree {
    /// Places in `Processes::all`, in the order of the tree, and how deep each stands. Made anew only when there are other
    /// processes.
    places: Vec<u32>,
    depths: Vec<u16>,
    /// Processes, ended ones, and whether those were left out, as of the last time.
    made_of: (usize, usize, bool),
    pub living_only: bool,
    pub list: ListState<u32>,
    /// First line in view of what is said of the selected process.
    pub foot_top: u16,
    /// CPU time of running processes, as it was last asked for.
    pub cpu: HashMap<u32, Cpu>,
}

impl Tree {
    pub fn update(&mut self, processes: &Processes) {
        let ended = if self.living_only { processes.ended() } else { 0 };
        let now = (processes.all().len(), ended, self.living_only);
        if now == self.made_of {
            return;
        }
        self.made_of = now;
        let before = self.list.at(&self.places);
        let living_only = self.living_only;
        let tree = processes.tree(|process| !living_only || process.ended.is_none());
        (self.places, self.depths) = tree.into_iter().unzip();
        // Another one takes the place of a process that is gone.
        if let (Some(before), None) = (before, self.list.at(&self.places)) {
            self.list.select(&self.places, before);
        }
    }

    pub fn settle(&mut self, height: u16) {
        self.list.settle(&self.places, height);
    }

    pub fn move_by(&mut self, lines: i64) {
        self.list.move_by(&self.places, lines);
        self.foot_top = 0;
    }

    /// Selects a line, if there is one at this place.
    pub fn select(&mut self, line: usize) {
        if line < self.places.len() {
            self.list.select(&self.places, line);
            self.foot_top = 0;
        }
    }

    pub fn places(&self) -> &[u32] {
        &self.places
    }

    /// The lines in view: places in `Processes::all` and depths.
    pub fn view(&self, height: usize) -> impl Iterator<Item = (u32, u16)> {
        let lines = self.places.iter().copied().zip(self.depths.iter().copied());
        lines.skip(self.list.top).take(height)
    }
}
