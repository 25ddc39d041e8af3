//! A list of which one line is selected and some are in view. Left out: what the lines are.

/// Lines are known by a key, so that the selected one stays selected when the order changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListState<K> {
    pub selected: Option<K>,
    /// First line in view.
    pub top: usize,
}

impl<K> Default for ListState<K> {
    fn default() -> ListState<K> {
        ListState { selected: None, top: 0 }
    }
}

impl<K: Copy + PartialEq> ListState<K> {
    /// The place of the selected line.
    pub fn at(&self, keys: &[K]) -> Option<usize> {
        let selected = self.selected?;
        keys.iter().position(|key| *key == selected)
    }

    pub fn select(&mut self, keys: &[K], place: usize) {
        self.selected = keys.get(place.min(keys.len().saturating_sub(1))).copied();
    }

    /// Moves by lines. Nothing is selected at first; any move begins at the top.
    pub fn move_by(&mut self, keys: &[K], lines: i64) {
        let place = self.at(keys).map_or(0, |at| (at as i64).saturating_add(lines).max(0) as usize);
        self.select(keys, place);
    }

    /// Keeps the selection in view.
    pub fn settle(&mut self, keys: &[K], height: u16) {
        let height = usize::from(height.max(1));
        if let Some(at) = self.at(keys) {
            self.top = self.top.clamp((at + 1).saturating_sub(height), at);
        }
        self.top = self.top.min(keys.len().saturating_sub(height));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selected_line_is_kept_and_in_view() {
        let mut list = ListState::default();
        let keys: Vec<u32> = (0..20).collect();
        list.move_by(&keys, 5);
        assert_eq!(list.at(&keys), Some(0));
        list.move_by(&keys, 7);
        list.settle(&keys, 5);
        assert_eq!((list.at(&keys), list.top), (Some(7), 3));
        let turned: Vec<u32> = keys.iter().rev().copied().collect();
        list.settle(&turned, 5);
        assert_eq!((list.at(&turned), list.top), (Some(12), 8));
        list.settle(&keys[..3], 5);
        assert_eq!((list.at(&keys[..3]), list.top), (None, 0));
        list.move_by(&[], -9);
        assert_eq!(list.selected, None);
    }
}
