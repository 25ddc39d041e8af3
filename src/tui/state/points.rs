//! The lists of catchpoints and of changes, as the user made them. Left out: their tests of calls (`tui::catch`), what
//! the keys do (`app::points`).

use super::form::{Draft, Field};
use crate::query::{Filter, Saved};
use crate::source::{Catchpoint, Command, Tamper};
use crate::tui::change;

/// Both lists. Numbers are never used twice.
#[derive(Debug, Default)]
pub struct Points {
    pub catches: Vec<Catch>,
    pub tampers: Vec<Tampering>,
    /// What makes the profile hold; of several changes that fit a call the last counts, so these come first.
    pub enforced: Vec<Tamper>,
    last_id: u32,
}

/// A call that holds its task.
#[derive(Debug)]
pub struct Catch {
    pub point: Catchpoint,
    /// As it was typed.
    pub text: String,
    /// For making the test again when another profile is loaded.
    pub filter: Option<Filter>,
    pub on: bool,
    /// Tasks that it has held.
    pub hits: u64,
}

/// A change of calls.
#[derive(Debug)]
pub struct Tampering {
    pub id: u32,
    /// The calls, and what becomes of them.
    pub text: String,
    /// As they were typed; empty for one of the command line, which is written in another way.
    pub texts: Vec<(Field, String)>,
    /// For the source: one, or of the command line one for each call and ABI.
    pub tampers: Vec<Tamper>,
    /// For making the test again when another profile is loaded.
    pub filter: Option<Filter>,
    pub on: bool,
}

/// Which of the lists is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum List {
    #[default]
    Catches,
    Tampers,
}

impl List {
    pub fn other(self) -> List {
        match self {
            List::Catches => List::Tampers,
            List::Tampers => List::Catches,
        }
    }
}

impl Points {
    pub fn new_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }

    /// Takes up a catchpoint that the source has from the start.
    pub fn adopt_catch(&mut self, text: String, point: Catchpoint, saved: &Saved) {
        self.last_id = self.last_id.max(point.id);
        let filter = Filter::parse_with(&text, saved).ok();
        self.catches.push(Catch { point, text, filter, on: true, hits: 0 });
    }

    /// Takes up a change that the source has from the start.
    pub fn adopt_tamper(&mut self, text: String, tampers: Vec<Tamper>) {
        let id = self.new_id();
        self.tampers.push(Tampering { id, text, texts: Vec::new(), tampers, filter: None, on: true });
    }

    /// Adds a catchpoint, or puts it in the place of another.
    pub fn set_catch(&mut self, catch: Catch, instead_of: Option<u32>) {
        match self.catches.iter_mut().find(|old| Some(old.point.id) == instead_of) {
            Some(old) => *old = catch,
            None => self.catches.push(catch),
        }
    }

    pub fn set_tamper(&mut self, tampering: Tampering, instead_of: Option<u32>) {
        match self.tampers.iter_mut().find(|old| Some(old.id) == instead_of) {
            Some(old) => *old = tampering,
            None => self.tampers.push(tampering),
        }
    }

    pub fn len(&self, list: List) -> usize {
        match list {
            List::Catches => self.catches.len(),
            List::Tampers => self.tampers.len(),
        }
    }

    pub fn toggle(&mut self, list: List, line: usize) {
        let on = match list {
            List::Catches => self.catches.get_mut(line).map(|catch| &mut catch.on),
            List::Tampers => self.tampers.get_mut(line).map(|tampering| &mut tampering.on),
        };
        if let Some(on) = on {
            *on = !*on;
        }
    }

    pub fn delete(&mut self, list: List, line: usize) {
        if line < self.len(list) {
            match list {
                List::Catches => drop(self.catches.remove(line)),
                List::Tampers => drop(self.tampers.remove(line)),
            }
        }
    }

    /// A catchpoint has held a task.
    pub fn hit(&mut self, id: u32) {
        if let Some(catch) = self.catches.iter_mut().find(|catch| catch.point.id == id) {
            catch.hits += 1;
        }
    }

    pub fn catch(&self, id: u32) -> Option<&Catch> {
        self.catches.iter().find(|catch| catch.point.id == id)
    }

    /// What the source is to be told of a list.
    pub fn command(&self, list: List) -> Command {
        match list {
            List::Catches => Command::Catch(self.catches.iter().filter(|c| c.on).map(|c| c.point.clone()).collect()),
            List::Tampers => {
                let own = self.tampers.iter().filter(|t| t.on).flat_map(|t| &t.tampers);
                Command::Tamper(self.enforced.iter().chain(own).cloned().collect())
            }
        }
    }
}

/// What is changed, for the list: the calls, what becomes of each, and which of them.
pub fn words(draft: &Draft, calls: &str) -> String {
    format!("{calls}: {}, {}", change::describe(&draft.change), change::which(draft.when))
}
