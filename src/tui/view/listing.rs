//! A popup that is a long list with a selected line: what stands above and below it stays in view, and only the lines in
//! view are made.

use ratatui::text::Line;

use super::popup::Content;
use crate::tui::app::App;

pub(super) struct Listing {
    pub title: String,
    pub head: Vec<Line<'static>>,
    /// Lines of the list.
    pub count: usize,
    pub selected: usize,
    pub foot: Vec<Line<'static>>,
}

impl Listing {
    /// `line`: a line of the list, and whether it is the selected one.
    pub fn content(self, app: &App, line: impl Fn(usize, bool) -> Line<'static>) -> Content {
        let mut lines = self.head;
        let room = usize::from(app.rows).saturating_sub(2 + lines.len() + self.foot.len()).max(1);
        let selected = self.selected.min(self.count.saturating_sub(1));
        let first = (selected + 1).saturating_sub(room);
        lines.extend((first..self.count).take(room).map(|at| line(at, at == selected)));
        lines.extend(self.foot);
        Content { title: self.title, lines, scroll: 0, cursor: None }
    }
}
