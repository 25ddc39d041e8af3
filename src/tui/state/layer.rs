//! Popups. They lie on each other in a stack; the top one gets the keys.
//! Left out: how they look (`view::popup`) and what their keys do (`app::popups`).

use super::form::Form;
use super::palette::Palette;
use super::picker::Picker;
use super::points::List;
use crate::patterns::Finding;

/// One popup with what it remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layer {
    /// Every key; scrolled by lines.
    Help(Help),
    /// Everything that can be done, found by its words.
    Palette(Palette),
    /// What of the selected row is copied.
    Copy { line: usize },
    /// What becomes of the running program.
    Quit,
    /// The seccomp profiles to choose from, and a path.
    Chooser(Chooser),
    /// What the vDSO offers.
    Vdso { scroll: u16 },
    /// How the run differs from another.
    Compare { scroll: u16 },
    /// Under which circumstances the profile is judged: the runtime, then the capabilities.
    Policy { line: usize },
    /// What each loaded profile answers to each call.
    Profiles { line: usize },
    /// The rules of the active profile.
    Rules { line: usize },
    /// Where calls exist.
    Places(Places),
    /// The tours to choose from; after them the line that ends the running one.
    Tours { line: usize },
    /// What was remarkable when it was opened.
    Patterns { line: usize, findings: Vec<Finding> },
    /// The columns of the trace.
    Columns { line: usize },
    /// The bookmarks.
    Bookmarks { line: usize },
    /// The catchpoints, or the changes of calls.
    Points { list: List, line: usize },
    /// A filter, a catchpoint or a change being typed, or what becomes of a held call.
    Form(Form),
    /// The processes to attach to.
    Picker(Picker),
    /// The file to record into.
    Record(Input),
    /// A sentence that must not be missed.
    Failure(String),
}

/// The list of keys, and the word that is looked for in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Help {
    /// First line in view.
    pub scroll: u16,
    pub word: Input,
    /// Letters go to the word.
    pub typing: bool,
}

/// The page of calls, architectures and kernels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Places {
    pub line: usize,
    /// The first architecture in view.
    pub column: usize,
    /// Of the calls that the active profile allows, not of those that were made.
    pub allowed: bool,
}

/// The chooser's state: a line of the list, or the path that is typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chooser {
    /// Index in the list of built-in profiles; the line after them is the path.
    pub line: usize,
    pub path: Input,
    /// Why the last choice did not work.
    pub error: Option<String>,
}

/// One line of text being typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input {
    pub text: String,
    pub error: Option<String>,
}

/// Longest text that can be typed, in characters; a PATH_MAX path fits.
const INPUT_LIMIT: usize = 4_096;

impl Input {
    pub fn push(&mut self, c: char) {
        if !c.is_control() && self.text.chars().count() < INPUT_LIMIT {
            self.text.push(c);
            self.error = None;
        }
    }

    /// A pasted text; line ends and other control characters are left out.
    pub fn paste(&mut self, text: &str) {
        text.chars().for_each(|c| self.push(c));
    }

    pub fn erase(&mut self) {
        self.text.pop();
        self.error = None;
    }

    pub fn clear(&mut self) {
        *self = Input::default();
    }
}
