//! The command palette: everything that can be done now, found by its words. Left out: how it looks (`view::palette`) and
//! what is done (`app::palette`).

use super::layer::Input;
use crate::tui::actions::Action;

/// What an entry does.
#[derive(Debug, Clone, Copy)]
pub enum Deed {
    Act(&'static Action),
    /// Puts on a theme of that name.
    Theme(&'static str),
    /// Begins the tour of that index.
    Tour(usize),
}

/// A line of the palette.
#[derive(Debug, Clone)]
pub struct Entry {
    pub deed: Deed,
    /// `next pane`.
    pub name: String,
    /// Where it can be done, as help says; empty: everywhere.
    pub place: &'static str,
    /// The first of its keys; empty: none.
    pub key: String,
    pub help: String,
}

#[derive(Debug, Clone, Default)]
pub struct Palette {
    entries: Vec<Entry>,
    pub typed: Input,
    /// Index among those that fit.
    pub line: usize,
}

/// Two palettes are equal when they show the same.
impl PartialEq for Palette {
    fn eq(&self, other: &Palette) -> bool {
        self.typed == other.typed && self.line == other.line
    }
}

impl Eq for Palette {}

impl Palette {
    pub fn new(entries: Vec<Entry>) -> Palette {
        Palette { entries, ..Palette::default() }
    }

    /// What fits what is typed, the best first: each word stands in the name, the place, the key or the help; a name that
    /// begins so comes before one that only has it within.
    pub fn shown(&self) -> Vec<&Entry> {
        let typed = self.typed.text.to_lowercase();
        let words: Vec<&str> = typed.split_whitespace().collect();
        let mut fitting: Vec<(u8, &Entry)> = self
            .entries
            .iter()
            .filter_map(|entry| {
                let ranks = words.iter().map(|word| rank(entry, word));
                ranks.collect::<Option<Vec<u8>>>().map(|ranks| (ranks.into_iter().max().unwrap_or(0), entry))
            })
            .collect();
        // The order of the list stays among equals.
        fitting.sort_by_key(|(rank, _)| *rank);
        fitting.into_iter().map(|(_, entry)| entry).collect()
    }

    /// Something else is typed: what fits best is selected.
    pub fn typed(&mut self) {
        self.line = 0;
    }

    pub fn move_by(&mut self, lines: isize) {
        let last = self.shown().len().saturating_sub(1);
        self.line = self.line.saturating_add_signed(lines).min(last);
    }
}

/// How well a word fits; None: not at all.
fn rank(entry: &Entry, word: &str) -> Option<u8> {
    let name = entry.name.to_lowercase();
    if name.starts_with(word) {
        Some(0)
    } else if name.split_whitespace().any(|part| part.starts_with(word)) || entry.key.to_lowercase() == word {
        Some(1)
    } else if name.contains(word) || entry.place.to_lowercase().starts_with(word) {
        Some(2)
    } else {
        entry.help.to_lowercase().contains(word).then_some(3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn palette(typed: &str) -> Palette {
        let entry = |name: &str, place, key: &str, help: &str| Entry {
            deed: Deed::Tour(0),
            name: name.into(),
            place,
            key: key.into(),
            help: help.into(),
        };
        let entries = vec![
            entry("clear filter", "", "Esc", "Show every row again."),
            entry("filter", "", "/", "Show only the rows that match a filter."),
            entry("sort next", "Histogram", "o", "Sort by the next column."),
        ];
        let mut palette = Palette::new(entries);
        palette.typed.paste(typed);
        palette
    }

    #[test]
    fn the_best_fit_comes_first() {
        let names = |typed: &str| palette(typed).shown().iter().map(|e| e.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(""), ["clear filter", "filter", "sort next"]);
        assert_eq!(names("FIL"), ["filter", "clear filter"]);
        assert_eq!(names("row show"), ["clear filter", "filter"]);
        assert_eq!(names("hist"), ["sort next"]);
        assert_eq!(names("/"), ["filter"]);
        assert!(names("xyz").is_empty());
    }

    #[test]
    fn the_selection_stays_among_what_fits() {
        let mut palette = palette("fil");
        palette.move_by(5);
        assert_eq!(palette.line, 1);
        palette.move_by(-5);
        assert_eq!(palette.line, 0);
        palette.typed.paste("zzz");
        palette.move_by(1);
        assert_eq!(palette.line, 0);
    }
}
