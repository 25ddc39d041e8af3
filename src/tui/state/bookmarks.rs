//! Rows that the user wants to find again, with names if they got any. Left out: their list on the screen (`view::bookmarks`).

use std::collections::BTreeMap;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bookmarks {
    /// By row; a name may be empty.
    rows: BTreeMap<u64, String>,
}

impl Bookmarks {
    /// Sets one, or takes it away; true if there is one now.
    pub fn toggle(&mut self, seq: u64) -> bool {
        let gone = self.rows.remove(&seq).is_some();
        if !gone {
            self.rows.insert(seq, String::new());
        }
        !gone
    }

    pub fn name(&mut self, seq: u64, name: &str) {
        self.rows.insert(seq, name.to_owned());
    }

    pub fn contains(&self, seq: u64) -> bool {
        self.rows.contains_key(&seq)
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Rows and names, in the order of rows.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &str)> {
        self.rows.iter().map(|(seq, name)| (*seq, name.as_str()))
    }

    /// The one behind a row, or before it.
    pub fn next(&self, seq: u64, forward: bool) -> Option<u64> {
        match forward {
            true => self.rows.range(seq + 1..).next(),
            false => self.rows.range(..seq).next_back(),
        }
        .map(|(seq, _)| *seq)
    }
}
